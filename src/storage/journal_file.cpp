#include "storage/journal_file.h"

#include <fstream>
#include <iterator>

#include "base/codec.h"
#include "base/json_text.h"
#include "storage/chain.h"
#include "storage/event_record.h"

namespace pasokh::storage {

namespace {

constexpr std::string_view magic = "PASOKHJ1";

// The binary form: magic, then one of these after the other, each with its length (PASOKH_FIELDS does that).
struct FileHead {
  std::uint64_t first = 0, last = 0, snapshot_seq = 0;
  std::string before, snapshot;
  PASOKH_FIELDS(first, last, snapshot_seq, before, snapshot)
};
struct FileEvent {
  std::uint64_t seq = 0;
  Instant at;
  std::string body, sum;
  PASOKH_FIELDS(seq, at, body, sum)
};
struct FileParty {
  std::string key, text;
  PASOKH_FIELDS(key, text)
};

std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) { out += digits[static_cast<unsigned char>(c) >> 4]; out += digits[c & 15]; }
  return out;
}

std::string unhex(std::string_view text) {
  auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) out += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  return out;
}

// Lines that we wrote ourselves: a field is found by its name, its value ends at the next quote or comma. Not a JSON parser.
std::string_view field(std::string_view line, std::string_view name) {
  const std::string mark = "\"" + std::string(name) + "\":";
  const auto at = line.rfind(mark);       // the last: text of an event may hold anything, "body" and "sum" come after it
  if (at == line.npos) return {};
  auto rest = line.substr(at + mark.size());
  if (rest.starts_with('"')) { rest.remove_prefix(1); return rest.substr(0, rest.find('"')); }
  return rest.substr(0, rest.find_first_of(",}"));
}
std::uint64_t number(std::string_view text) {
  std::uint64_t n = 0;
  for (const char c : text) if (c >= '0' && c <= '9') n = n * 10 + static_cast<std::uint64_t>(c - '0');
  return n;
}

class Printer {
 public:
  Printer(JournalFormat format, const std::function<bool(std::string_view)>& out) : format_(format), out_(out) {}

  bool head(const FileHead& head) {
    if (format_ == JournalFormat::file) return out_(magic) && put(head);
    std::string line = "{\"journal\":1,\"first\":" + std::to_string(head.first) + ",\"last\":" + std::to_string(head.last) + ",\"before\":\"" + hex(head.before) + "\"}\n";
    if (!head.snapshot.empty()) line += "{\"snapshot\":" + std::to_string(head.snapshot_seq) + ",\"body\":\"" + hex(head.snapshot) + "\"}\n";
    return out_(line);
  }
  bool event(const JournalReader::Raw& raw) {
    if (format_ == JournalFormat::file) return put(FileEvent{raw.seq, raw.at, std::string(raw.body), std::string(raw.sum)});
    floor::Event event;
    const bool readable = decode_event(raw.body, event);
    std::string line = "{\"seq\":" + std::to_string(raw.seq) + ",\"at\":\"" + rfc3339(raw.at) + "\",\"kind\":";
    append_json_string(line, readable ? kind_name(event.index()) : "?");
    line += ",\"event\":" + (readable ? json_text(event) : std::string("null"));
    line += ",\"us\":" + std::to_string(raw.at.us) + ",\"body\":\"" + hex(raw.body) + "\",\"sum\":\"" + hex(raw.sum) + "\"}\n";
    return out_(line);
  }
  bool party(std::string_view key, std::string_view text) {
    if (format_ == JournalFormat::file) return put(FileParty{std::string(key), std::string(text)});
    std::string line = "{\"party\":";
    append_json_string(line, key);
    line += ",\"text\":";
    append_json_string(line, text);
    return out_(line + "}\n");
  }
  bool last() { return format_ != JournalFormat::file || put(FileEvent{}); }  // seq 0: only parties follow

 private:
  template <class T> bool put(const T& value) { Writer w; encode(w, value); return out_(w.bytes); }
  const JournalFormat format_;
  const std::function<bool(std::string_view)>& out_;
};

Result<ReplaySource> check(const FileHead& head, std::vector<FileEvent> events) {
  ReplaySource source{head.snapshot_seq, head.snapshot, {}};
  Chain chain;
  Sum before{}, sum{};
  if (!head.before.empty() && !to_sum(head.before, before)) return trouble("damaged", "the head of the file is damaged");
  std::uint64_t expected = head.first;
  for (FileEvent& event : events) {
    Recorded recorded{event.seq, event.at, {}};
    const bool sound = event.seq == expected && to_sum(event.sum, sum) && chain.next(before, event.seq, event.at.us, event.body) == sum &&
                       decode_event(event.body, recorded.event);
    if (!sound) return trouble("damaged", "event " + std::to_string(expected) + " of the file is damaged");
    before = sum;
    ++expected;
    source.events.push_back(std::move(recorded));
  }
  if (expected != head.last + 1) return trouble("damaged", "the file ends before event " + std::to_string(head.last));
  return source;
}

Result<ReplaySource> from_binary(std::string_view bytes) {
  Reader reader(bytes);
  FileHead head;
  decode(reader, head);
  std::vector<FileEvent> events;
  for (std::uint64_t seq = head.first; seq <= head.last && !reader.failed() && !reader.at_end(); ++seq) decode(reader, events.emplace_back());
  return check(head, std::move(events));
}

Result<ReplaySource> from_lines(std::string_view bytes) {
  FileHead head;
  std::vector<FileEvent> events;
  while (!bytes.empty()) {
    const auto line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
    if (line.starts_with("{\"journal\"")) {
      head.first = number(field(line, "first"));
      head.last = number(field(line, "last"));
      head.before = unhex(field(line, "before"));
    } else if (line.starts_with("{\"snapshot\"")) {
      head.snapshot_seq = number(field(line, "snapshot"));
      head.snapshot = unhex(field(line, "body"));
    } else if (line.starts_with("{\"seq\"")) {
      events.push_back({number(line.substr(6, line.find(',') - 6)), {static_cast<std::int64_t>(number(field(line, "us")))}, unhex(field(line, "body")), unhex(field(line, "sum"))});
    }
  }
  return check(head, std::move(events));
}

}  // namespace

Result<std::uint64_t> export_journal(JournalReader& journal, ExportRange range, bool redacted, JournalFormat format,
                                     const std::function<bool(std::string_view)>& out) {
  const auto no_room = trouble("disk", "the file could not be written");
  const auto last = journal.last_seq();
  if (range.last == 0 || range.last > last) range.last = last;
  FileHead head;
  if (range.first > 1) {                 // an incident begins with the state before it: the newest snapshot, and what follows it
    TRY(snapshot, journal.snapshot(range.first - 1));
    if (snapshot) { head.snapshot_seq = snapshot->first; head.snapshot = std::move(snapshot->second); range.first = head.snapshot_seq + 1; }
    else range.first = 1;
  }
  head.first = range.first;
  head.last = range.last;
  head.before = journal.sum_of(range.first - 1);
  Printer print(format, out);
  if (!print.head(head)) return no_room;
  std::uint64_t written = 0;
  bool room = true;
  TRY_DONE(journal.read_raw(range.first - 1, [&](const JournalReader::Raw& raw) {
    if (raw.seq > range.last) return false;
    ++written;
    return room = print.event(raw);
  }));
  if (!room || !print.last()) return no_room;
  if (redacted) return written;
  TRY_DONE(journal.each_live(LiveKind::party, [&](std::string_view key, std::string_view text) { room = room && print.party(key, text); }));
  if (!room) return no_room;
  return written;
}

Result<ReplaySource> read_journal_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return trouble("no-file", "cannot read " + path);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  if (bytes.starts_with(magic)) return from_binary(std::string_view(bytes).substr(magic.size()));
  if (bytes.starts_with("{\"journal\":1,")) return from_lines(bytes);
  return trouble("not-a-journal", path + " is not a journal export");
}

}  // namespace pasokh::storage
