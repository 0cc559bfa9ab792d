#include <unistd.h>

#include <algorithm>

#include "storage/chain.h"
#include "storage/database.h"
#include "storage/event_record.h"
#include "storage/journal.h"

namespace pasokh::storage {

namespace {

constexpr std::string_view page_damaged = "the file itself is damaged there";

constexpr const char* last_sql = "select max(seq) from event";
constexpr const char* from_sql = "select seq, at, body, sum, kind from event where seq >= $1 order by seq";
constexpr const char* sum_sql = "select sum from event where seq = $1";
constexpr const char* snapshot_sql = "select seq, body, sum from snapshot where seq <= $1 order by seq desc";
constexpr const char* live_sql = "select value from live where kind = $1 and key = $2";
constexpr const char* each_live_sql = "select key, value from live where kind = $1 order by key";
constexpr const char* set_aside_sql = "select min(seq), max(seq) from set_aside group by found_at order by found_at";

template <std::size_t... I>
constexpr auto all_kind_names(std::index_sequence<I...>) {
  return std::array<std::string_view, sizeof...(I)>{std::variant_alternative_t<I, floor::Event>::kind...};
}
constexpr auto kind_names = all_kind_names(std::make_index_sequence<std::variant_size_v<floor::Event>>());

std::string range(std::uint64_t first, std::uint64_t last, std::string_view what) {
  return "events " + std::to_string(first) + "-" + std::to_string(last) + ": " + std::string(what);
}

}  // namespace

std::string_view kind_name(std::size_t kind) { return kind < kind_names.size() ? kind_names[kind] : "?"; }

struct JournalReader::Impl {
  Database database;
  Statement last, from, sum, newest_snapshot, live, each_live;
  Chain chain;

  explicit Impl(Database opened) : database(std::move(opened)) {}

  Result<> prepare() {
    for (auto [statement, sql] : {std::pair{&last, last_sql}, {&from, from_sql}, {&sum, sum_sql}, {&newest_snapshot, snapshot_sql},
                                  {&live, live_sql}, {&each_live, each_live_sql}}) {
      TRY(prepared, database.prepare(sql));
      *statement = std::move(prepared);
    }
    return Done{};
  }

  // Nothing: the event stands as it was written. Else what is wrong with it.
  std::string_view fault(const Statement& row, std::uint64_t expected, const Sum& before, Recorded& into, Sum& sum_of) {
    into.seq = static_cast<std::uint64_t>(row.integer(0));
    if (into.seq != expected) return "missing";
    into.at = {row.integer(1)};
    if (!to_sum(row.blob(3), sum_of)) return "checksum";
    if (chain.next(before, into.seq, into.at.us, row.blob(2)) != sum_of) return "checksum";
    if (!decode_event(row.blob(2), into.event)) return "unreadable (written by a newer version?)";
    if (row.integer(4) != static_cast<std::int64_t>(into.event.index())) return "kind";
    return {};
  }

  bool readable(std::uint64_t seq) { return from.each([](Statement&) { return false; }, seq).has_value(); }

  // Behind a page of the file that cannot be read: the first place from `seq` (which cannot) from which rows come again; `end`: none.
  // Pages hold neighbours, so a damaged range is leapt over in doubling steps, and its end found by halves.
  std::uint64_t next_readable(std::uint64_t seq, std::uint64_t end) {
    std::uint64_t bad = seq, good = seq;
    for (std::uint64_t leap = 1; good < end && !readable(good); leap *= 2) {
      bad = good;
      good = std::min(end, bad + leap);
    }
    while (good - bad > 1) {
      const auto middle = bad + (good - bad) / 2;
      (readable(middle) ? good : bad) = middle;
    }
    return good;
  }

  Result<Sum> sum_at(std::uint64_t seq) {
    Sum found{};
    if (seq == 0) return found;
    bool there = false;
    TRY_DONE(sum.each([&](Statement& row) { there = to_sum(row.blob(0), found); return false; }, seq));
    if (!there) return trouble("damaged", range(seq, seq, "missing"));
    return found;
  }
};

Result<JournalReader> JournalReader::open(const std::string& dir) {
  const std::string path = dir + "/journal.db";
  if (::access(path.c_str(), F_OK) != 0)
    return trouble("no-centre", "there is no centre in " + dir + " (no journal.db); make one with: pasokh init " + dir);
  TRY(database, Database::open(path, Database::Mode::read_only));
  auto impl = std::make_unique<Impl>(std::move(database));
  if (auto prepared = impl->prepare(); !prepared) return within("reading " + path, std::move(prepared).error());
  return JournalReader(std::move(impl));
}

JournalReader::JournalReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JournalReader::JournalReader(JournalReader&&) noexcept = default;
JournalReader& JournalReader::operator=(JournalReader&&) noexcept = default;
JournalReader::~JournalReader() = default;

std::uint64_t JournalReader::last_seq() {
  auto last = impl_->last.number();
  return last ? static_cast<std::uint64_t>(last->value_or(0)) : 0;
}

Result<> JournalReader::read(std::uint64_t after, std::uint64_t limit, const std::function<bool(const Recorded&)>& use) {
  TRY(before, impl_->sum_at(after));
  Recorded recorded;
  std::uint64_t expected = after + 1;
  std::string damaged;
  auto done = impl_->from.each([&](Statement& row) {
    if (limit-- == 0) return false;
    Sum now;
    if (auto fault = impl_->fault(row, expected, before, recorded, now); !fault.empty()) {
      damaged = range(expected, expected, fault);
      return false;
    }
    before = now;
    ++expected;
    return use(recorded);
  }, after + 1);
  if (!done && done.error().code == "damaged") damaged = range(expected, expected, page_damaged);
  else if (!done) return done;
  if (!damaged.empty()) return trouble("damaged", damaged);
  return Done{};
}

std::string JournalReader::sum_of(std::uint64_t seq) {
  std::string found;
  (void)impl_->sum.each([&](Statement& row) { found = row.blob(0); return false; }, seq);
  return found;
}

Result<std::uint64_t> JournalReader::next_sound(std::uint64_t after) {
  const std::uint64_t end = std::max(last_seq(), after) + 1;
  std::uint64_t previous = after, sound = 0;
  Recorded recorded;
  for (;;) {
    std::optional<Sum> before;
    auto done = impl_->from.each([&](Statement& row) {
      const auto seq = static_cast<std::uint64_t>(row.integer(0));
      Sum now{};
      if (before && seq == previous + 1 && impl_->fault(row, seq, *before, recorded, now).empty()) { sound = seq; return false; }
      if (to_sum(row.blob(3), now)) before = now; else before.reset();
      previous = seq;
      return true;
    }, previous + 1);
    if (done) return sound ? sound : end;
    if (done.error().code != "damaged") return std::move(done).error();
    const auto readable = impl_->next_readable(previous + 1, end);
    if (readable >= end) return end;
    previous = readable - 1;
  }
}

Result<> JournalReader::read_raw(std::uint64_t after, const std::function<bool(const Raw&)>& use) {
  return impl_->from.each([&](Statement& row) { return use({static_cast<std::uint64_t>(row.integer(0)), {row.integer(1)}, row.blob(2), row.blob(3)}); }, after + 1);
}

std::uint64_t JournalReader::first_at_or_after(Instant at) {
  std::uint64_t low = 1, high = last_seq() + 1;  // by halves: there is no index on time, and none is needed
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    std::int64_t there = INT64_MAX;
    (void)impl_->from.each([&](Statement& row) { there = row.integer(1); return false; }, middle);
    if (there < at.us) low = middle + 1; else high = middle;
  }
  return low;
}

Result<> JournalReader::read_these(const std::vector<std::uint64_t>& seqs, const std::function<bool(const Recorded&)>& use) {
  for (std::size_t i = 0; i < seqs.size();) {
    std::size_t n = 1;  // neighbours are read in one go
    while (i + n < seqs.size() && seqs[i + n] == seqs[i] + n) ++n;
    bool more = true;
    auto done = read(seqs[i] - 1, n, [&](const Recorded& recorded) { return more = use(recorded); });
    if (!done && done.error().code != "damaged") return done;
    if (!more) break;
    i += n;
  }
  return Done{};
}

Result<std::optional<std::pair<std::uint64_t, std::string>>> JournalReader::snapshot(std::uint64_t at_most) {
  std::optional<std::pair<std::uint64_t, std::string>> found;
  const auto limit = static_cast<std::int64_t>(std::min<std::uint64_t>(at_most, INT64_MAX));
  TRY_DONE(impl_->newest_snapshot.each([&](Statement& row) {
    const auto seq = static_cast<std::uint64_t>(row.integer(0));
    const auto body = row.blob(1);
    if (row.blob(2) != view(impl_->chain.of_snapshot(seq, body))) return true;  // damaged: an older one serves
    found.emplace(seq, body);
    return false;
  }, limit));
  return found;
}

std::optional<std::string> JournalReader::live(LiveKind kind, std::string_view key) {
  std::optional<std::string> found;
  (void)impl_->live.each([&](Statement& row) { found.emplace(row.blob(0)); return false; }, static_cast<std::int64_t>(kind), key);
  return found;
}

Result<> JournalReader::each_live(LiveKind kind, const std::function<void(std::string_view, std::string_view)>& use) {
  return impl_->each_live.each([&](Statement& row) { use(row.text(0), row.blob(1)); }, static_cast<std::int64_t>(kind));
}

Result<JournalReader::Verified> JournalReader::verify() {
  Verified verified;
  auto add = [&](const std::string& what) { verified.damaged += (verified.damaged.empty() ? "" : "; ") + what; };

  // The file itself first: a page that lies about its cells would hide events from the walk below.
  auto check = impl_->database.prepare("pragma integrity_check(3)");
  if (!check) { add("file: " + check.error().text); return verified; }
  auto checked = check->each([&](Statement& row) { if (row.text(0) != "ok") add("file: " + std::string(row.text(0))); });
  if (!checked) add("file: " + checked.error().text);

  Sum before{};
  Recorded recorded;
  std::uint64_t expected = 1, bad_from = 0, bad_to = 0;
  std::string bad_why;
  auto end_bad = [&] { if (bad_from) add(range(bad_from, bad_to, bad_why)); bad_from = 0; };
  auto bad = [&](std::uint64_t first, std::uint64_t last, std::string_view why) {
    if (bad_from && bad_to + 1 == first) { bad_to = last; return; }
    end_bad();
    bad_from = first; bad_to = last; bad_why = why;
  };
  bool unreadable = false;                                          // between `expected` and the next row
  auto walk = [&](Statement& row) {
    const auto seq = static_cast<std::uint64_t>(row.integer(0));
    Sum now{};
    if (seq < expected) add("file: event " + std::to_string(seq) + " out of order");
    else if (seq > expected) bad(expected, seq - 1, unreadable ? page_damaged : "missing");  // and what stood before `seq` is gone: it cannot be judged
    else if (auto fault = impl_->fault(row, seq, before, recorded, now); !fault.empty()) bad(seq, seq, fault);
    (void)to_sum(row.blob(3), now);
    before = now;
    expected = seq + 1;
    unreadable = false;
    ++verified.events;
  };
  const std::uint64_t end = last_seq() + 1;
  auto walked = impl_->from.each(walk, 0);
  while (!walked && walked.error().code == "damaged") {
    const auto next = impl_->next_readable(expected, end);
    unreadable = next < end;
    if (!unreadable) bad(expected, std::max(expected, end - 1), page_damaged);
    walked = unreadable ? impl_->from.each(walk, next) : Result<>(Done{});
  }
  if (!walked) bad(expected, expected, walked.error().text);
  end_bad();

  auto snapshots = impl_->database.prepare("select seq, body, sum from snapshot order by seq");
  if (snapshots)
    checked = snapshots->each([&](Statement& row) {
      const auto seq = static_cast<std::uint64_t>(row.integer(0));
      if (row.blob(2) != view(impl_->chain.of_snapshot(seq, row.blob(1)))) add("snapshot " + std::to_string(seq) + ": checksum");
      if (seq >= expected) add(range(expected, seq, "missing (a snapshot tells of them)"));
    });
  if (!snapshots) add("snapshots: " + snapshots.error().text);
  else if (!checked) add("snapshots: " + checked.error().text);

  auto aside = impl_->database.prepare(set_aside_sql);
  if (aside) (void)aside->each([&](Statement& row) {
    add(range(static_cast<std::uint64_t>(row.integer(0)), static_cast<std::uint64_t>(row.integer(1)), "damaged, set aside at a start"));
  });
  return verified;
}

}  // namespace pasokh::storage
