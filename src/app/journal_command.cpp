// pasokh journal verify | export | replay.
#include <cstdio>

#include "app/report_print.h"
#include "base/calendar.h"
#include "floor/floor.h"
#include "storage/chain.h"
#include "storage/journal_file.h"

namespace pasokh::app {

namespace {

int verify(const std::string& dir) {
  auto journal = storage::JournalReader::open(dir);
  if (!journal) return fail(journal.error().text);
  auto verified = journal->verify();
  if (!verified) return fail(verified.error().text);
  if (!verified->damaged.empty()) return fail("the journal is damaged: " + verified->damaged);
  std::printf("%llu events, all as they were written\n", static_cast<unsigned long long>(verified->events));
  return done;
}

Result<Instant> time_option(const std::string& text, const std::string& dir) {
  TRY(typed, parse_time(text));
  if (typed.absolute) return Instant{typed.us};
  TRY(reports, storage::Reports::open(dir));
  TRY(zone, reports.time_zone());
  return storage::Zone(zone).instant(typed.us);
}

int export_range(const Args& args, const std::string& dir) {
  const std::string format_name = args.option("format").value_or("jsonl");
  if (format_name != "jsonl" && format_name != "file") return wrong_usage("journal", "--format is jsonl or file");
  auto journal = storage::JournalReader::open(dir);
  if (!journal) return fail(journal.error().text);
  storage::ExportRange range;
  for (const char* name : {"from", "to"}) {
    const auto given = args.option(name);
    if (!given) continue;
    auto at = time_option(*given, dir);
    if (!at) return wrong_usage("journal", at.error().text);
    const auto seq = journal->first_at_or_after(*at);
    if (*name == 'f') range.first = seq;
    else if (seq == 1) return fail("there are no events before " + *given);
    else range.last = seq - 1;
  }
  const auto out_name = args.option("out");
  std::FILE* out = out_name ? std::fopen(out_name->c_str(), "wb") : stdout;
  if (!out) return fail("cannot write " + *out_name);
  const auto format = format_name == "file" ? storage::JournalFormat::file : storage::JournalFormat::jsonl;
  auto written = storage::export_journal(*journal, range, args.option("redacted").has_value(), format,
                                         [&](std::string_view piece) { return std::fwrite(piece.data(), 1, piece.size(), out) == piece.size(); });
  const bool closed = std::fflush(out) == 0 && (!out_name || std::fclose(out) == 0);
  if (!written) return fail(written.error().text);
  if (!closed) return fail("the file could not be written");
  std::fprintf(stderr, "%llu events\n", static_cast<unsigned long long>(*written));
  return done;
}

std::string digest(const floor::Floor& floor) {
  storage::Chain chain;
  std::string out;
  for (const char c : chain.of_snapshot(0, floor.save())) { char two[3]; std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c)); out += two; }
  return out;
}

struct Replayed {
  floor::Floor floor;
  std::uint64_t events = 0;
  int snapshots_equal = 0;
  std::string differs;               // the first snapshot that replay does not agree with
};

int print(const Replayed& replayed) {
  std::printf("events %llu\nlive calls %zu\nstate %s\n", static_cast<unsigned long long>(replayed.events), replayed.floor.live_calls(), digest(replayed.floor).c_str());
  if (!replayed.differs.empty()) return fail(replayed.differs);
  if (replayed.snapshots_equal) std::printf("%d snapshots equal the replayed state\n", replayed.snapshots_equal);
  return done;
}

// From the first event on, beside a running server or without one; every snapshot on the way must agree.
int replay_data(const std::string& dir) {
  auto journal = storage::JournalReader::open(dir);
  if (!journal) return fail(journal.error().text);
  Replayed replayed;
  const auto end = journal->last_seq();
  std::vector<std::pair<std::uint64_t, std::string>> snapshots;   // oldest first
  for (auto at = end; at > 0;) {
    auto found = journal->snapshot(at);
    if (!found) return fail(found.error().text);
    if (!*found) break;
    at = (*found)->first - 1;
    snapshots.insert(snapshots.begin(), std::move(**found));
  }
  std::size_t next = 0;
  auto read = journal->read(0, end, [&](const storage::Recorded& recorded) {
    replayed.floor.evolve(recorded.event, recorded.at);
    ++replayed.events;
    if (next < snapshots.size() && snapshots[next].first == recorded.seq) {
      auto loaded = floor::Floor::load(snapshots[next].second);
      if (loaded && *loaded == replayed.floor) ++replayed.snapshots_equal;
      else if (replayed.differs.empty()) replayed.differs = "the snapshot at event " + std::to_string(recorded.seq) + " differs from the replayed state";
      ++next;
    }
    return true;
  });
  if (!read) return fail(read.error().text);
  return print(replayed);
}

int replay_file(const std::string& path) {
  auto source = storage::read_journal_file(path);
  if (!source) return fail(source.error().text);
  Replayed replayed;
  if (!source->snapshot.empty()) {
    auto loaded = floor::Floor::load(source->snapshot);
    if (!loaded) return fail(loaded.error().text);
    replayed.floor = std::move(*loaded);
  }
  for (const auto& recorded : source->events) replayed.floor.evolve(recorded.event, recorded.at);
  replayed.events = source->events.size();
  return print(replayed);
}

}  // namespace

int journal_command(const Args& args) {
  const std::string verb = args.words.empty() ? "" : args.words[0];
  const bool takes_file = verb == "replay" && args.words.size() == 2;
  if (verb != "verify" && verb != "export" && verb != "replay") return wrong_usage("journal", "expected verify, export or replay");
  if (args.words.size() > 1 && !takes_file) return wrong_usage("journal", "unexpected \"" + args.words[1] + "\"");
  const std::string dir = data_dir(args);
  if (verb == "verify") return verify(dir);
  if (verb == "export") return export_range(args, dir);
  return takes_file ? replay_file(args.words[1]) : replay_data(dir);
}

}  // namespace pasokh::app
