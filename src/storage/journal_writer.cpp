#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/assert.h"
#include "base/thread_name.h"
#include "storage/chain.h"
#include "storage/data_lock.h"
#include "storage/database.h"
#include "storage/event_record.h"
#include "storage/journal.h"
#include "storage/journal_schema.h"
#include "storage/reserve.h"

namespace pasokh::storage {

namespace {

constexpr const char* insert_event_sql = "insert into event(seq, at, kind, body, sum) values ($1, $2, $3, $4, $5)";
constexpr const char* upsert_live_sql =
    "insert into live(kind, key, value) values ($1, $2, $3) on conflict(kind, key) do update set value = excluded.value";
constexpr const char* delete_live_sql = "delete from live where kind = $1 and key = $2";
constexpr const char* insert_snapshot_sql =
    "insert into snapshot(seq, body, sum) values ($1, $2, $3) on conflict(seq) do update set body = excluded.body, sum = excluded.sum";
constexpr const char* prune_snapshots_sql =
    "delete from snapshot where seq not in (select seq from snapshot order by seq desc limit $1)";
constexpr const char* each_live_sql = "select kind, key, value from live order by kind, key";
constexpr const char* name_kind_sql = "insert into event_kind(kind, name) values ($1, $2) on conflict(kind) do nothing";
constexpr const char* set_aside_sql =
    "insert into set_aside(found_at, seq, at, kind, body, sum) select $1, seq, at, kind, body, sum from event where seq >= $2";
constexpr const char* delete_from_sql = "delete from event where seq >= $1";

constexpr auto retry_after = std::chrono::milliseconds(100);
constexpr auto give_up_after = std::chrono::seconds(5);   // close() does not wait longer for a full disk
constexpr auto tidy_every = std::chrono::milliseconds(500);
constexpr int wal_pages_worth_moving = 1'000;             // 4 MiB: below, an idle moment is waited for
constexpr int wal_pages_max = 16'000;                     // 64 MiB: above, the journal thread stops for a checkpoint of its own
constexpr std::size_t batches_per_commit_max = 4'096;

std::int64_t clock_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

class SqliteJournal final : public JournalWriter {
 public:
  static Result<std::unique_ptr<JournalWriter>> open(const std::string& dir, const JournalLimits& limits);
  ~SqliteJournal() override { close(); }

  const JournalOpened& opened() const override { return opened_; }
  Result<> each_live(const std::function<void(LiveKind, std::string_view, std::string_view)>& use) override {
    TRY(all, database_.prepare(each_live_sql));
    return all.each([&](Statement& row) { use(static_cast<LiveKind>(row.integer(0)), row.text(1), row.blob(2)); });
  }
  void start(std::function<void(std::uint64_t, const Trouble*)> committed) override;
  void submit(Batch batch) override;
  std::int64_t free_bytes() const override { return free_bytes_.load(std::memory_order_relaxed); }
  void close() override;

 private:
  SqliteJournal(std::string dir, const JournalLimits& limits, DataLock lock, std::unique_ptr<Reserve> reserve, Database database)
      : dir_(std::move(dir)), limits_(limits), lock_(std::move(lock)), reserve_(std::move(reserve)), database_(std::move(database)) {}

  Result<> prepare();
  Result<> look_at_what_is_there();
  Result<> set_aside(std::uint64_t from);

  void run();                                  // the journal thread
  void commit_waiting(std::vector<Batch>& taken);
  Result<> commit(const std::vector<Batch>& batches);
  Result<> write_events(const Batch& batch);
  Result<> write_rows(const std::vector<Batch>& batches);
  Result<> write_snapshot(const std::vector<Batch>& batches);
  void tidy();                                 // the tidy thread: checkpoints, free space

  const std::string dir_;
  const JournalLimits limits_;
  DataLock lock_;
  std::unique_ptr<Reserve> reserve_;
  Database database_;
  Statement insert_event_, upsert_live_, delete_live_, insert_snapshot_, prune_snapshots_;
  Chain chain_;
  JournalOpened opened_;

  // of the journal thread, once started
  Sum last_sum_{};
  std::uint64_t last_seq_ = 0;
  Writer body_;
  std::vector<const RowChange*> rows_;
  std::function<void(std::uint64_t, const Trouble*)> committed_;

  std::mutex mutex_;
  std::condition_variable wake_, wake_tidy_;
  std::deque<Batch> waiting_;
  bool closing_ = false, stop_tidy_ = false;
  std::atomic<int> wal_pages_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::int64_t> free_bytes_{0};
  std::thread journal_, tidy_;
};

// --- opening

Result<Database> open_database(const std::string& dir, Reserve& reserve) {
  for (;;) {
    auto opened = Database::open(dir + "/journal.db", Database::Mode::read_write, Database::Sync::full);
    if (opened) {
      auto made = opened->run(journal_schema);
      if (made) return opened;
      opened = std::move(made).error();
    }
    // A disk that filled up while we were down must not keep the centre from starting: the reserve is for this too.
    if (opened.error().code != "disk-full" || !reserve.give_up_a_piece()) return within("opening the journal", std::move(opened).error());
  }
}

Result<std::unique_ptr<JournalWriter>> SqliteJournal::open(const std::string& dir, const JournalLimits& limits) {
  std::error_code ignored;
  std::filesystem::create_directories(dir, ignored);
  TRY(lock, DataLock::take(dir));
  auto reserve = std::make_unique<Reserve>(dir, limits.reserve_bytes);
  TRY(database, open_database(dir, *reserve));
  std::unique_ptr<SqliteJournal> writer(new SqliteJournal(dir, limits, std::move(lock), std::move(reserve), std::move(database)));
  if (auto prepared = writer->prepare(); !prepared) return within("opening the journal", std::move(prepared).error());
  if (auto looked = writer->look_at_what_is_there(); !looked) return within("opening the journal", std::move(looked).error());
  return std::unique_ptr<JournalWriter>(std::move(writer));
}

Result<> SqliteJournal::prepare() {
  for (auto [statement, sql] : {std::pair{&insert_event_, insert_event_sql}, {&upsert_live_, upsert_live_sql},
                                {&delete_live_, delete_live_sql}, {&insert_snapshot_, insert_snapshot_sql},
                                {&prune_snapshots_, prune_snapshots_sql}}) {
    TRY(prepared, database_.prepare(sql));
    *statement = std::move(prepared);
  }
  TRY(named, database_.prepare("select count(*) from event_kind"));
  TRY(names, named.number());
  if (names.value_or(0) < static_cast<std::int64_t>(std::variant_size_v<floor::Event>)) {
    TRY(tx, Tx::begin(database_));
    TRY(name, database_.prepare(name_kind_sql));
    for (std::size_t kind = 0; kind < std::variant_size_v<floor::Event>; ++kind) TRY_DONE(name.run(kind, kind_name(kind)));
    TRY_DONE(tx.commit());
  }
  free_bytes_ = reserve_->free_bytes();
  database_.watch_wal(wal_pages_);
  return Done{};
}

// The newest sound snapshot, and the chain from there to the end. What lies before it is verify's business: a start must
// not take longer because the centre is old.
Result<> SqliteJournal::look_at_what_is_there() {
  TRY(reader, JournalReader::open(dir_));
  opened_.last_seq = reader.last_seq();
  TRY(snapshot, reader.snapshot(opened_.last_seq));
  if (snapshot) { opened_.snapshot_seq = snapshot->first; opened_.snapshot = std::move(snapshot->second); }
  std::uint64_t sound = opened_.snapshot_seq;
  auto checked = reader.read(opened_.snapshot_seq, UINT64_MAX, [&](const Recorded& recorded) {
    sound = recorded.seq;
    opened_.last_at = recorded.at;
    return true;
  });
  if (!checked && checked.error().code != "damaged") return checked;
  if (!checked || sound < opened_.last_seq) {
    opened_.damaged = "events " + std::to_string(sound + 1) + "-" + std::to_string(opened_.last_seq) + ": set aside (" +
                      (checked ? std::string("missing") : checked.error().text) + ")";
    TRY_DONE(set_aside(sound + 1));
    opened_.last_seq = sound;
  }
  last_seq_ = sound;
  if (sound == 0) return Done{};
  TRY(last, database_.prepare("select at, sum from event where seq = $1"));
  return last.each([&](Statement& row) { opened_.last_at = {row.integer(0)}; (void)to_sum(row.blob(1), last_sum_); }, sound);
}

Result<> SqliteJournal::set_aside(std::uint64_t from) {
  TRY(tx, Tx::begin(database_));
  TRY(copy, database_.prepare(set_aside_sql));
  TRY_DONE(copy.run(clock_us(), from));
  TRY(remove, database_.prepare(delete_from_sql));
  TRY_DONE(remove.run(from));
  return tx.commit();
}

// --- running

void SqliteJournal::start(std::function<void(std::uint64_t, const Trouble*)> committed) {
  PASOKH_ASSERT(!journal_.joinable());
  committed_ = std::move(committed);
  journal_ = std::thread([this] { run(); });
  tidy_ = std::thread([this] { tidy(); });
}

void SqliteJournal::submit(Batch batch) {
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(batch));
  }
  wake_.notify_one();
}

void SqliteJournal::close() {
  if (!journal_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    closing_ = stop_tidy_ = true;
  }
  wake_.notify_one();
  wake_tidy_.notify_one();
  journal_.join();
  tidy_.join();
  (void)database_.checkpoint();
}

void SqliteJournal::run() {
  name_this_thread("journal");
  std::vector<Batch> taken;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const auto n = std::min(waiting_.size(), batches_per_commit_max);
      taken.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.begin() + static_cast<std::ptrdiff_t>(n)));
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n));
    }
    commit_waiting(taken);
    if (wal_pages_.load(std::memory_order_relaxed) > wal_pages_max) (void)database_.checkpoint();
  }
}

// Tries until the batches are durable, or until close() has waited long enough.
void SqliteJournal::commit_waiting(std::vector<Batch>& taken) {
  std::string told;
  std::optional<std::chrono::steady_clock::time_point> give_up;
  for (;;) {
    auto done = commit(taken);
    if (done) break;
    if (reserve_->give_up_a_piece()) {
      free_bytes_ = reserve_->free_bytes();
      continue;
    }
    auto failed = trouble(done.error().code == "disk-full" ? "disk-full" : "disk", done.error().text);
    if (told != failed.code) committed_(taken.front().ticket, &failed);
    told = failed.code;
    std::unique_lock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (closing_ && !give_up) give_up = now + give_up_after;
    if (give_up && now >= *give_up) { waiting_.clear(); return; }
    lock.unlock();
    std::this_thread::sleep_for(retry_after);
  }
  commits_.fetch_add(1, std::memory_order_relaxed);
  for (const Batch& batch : taken) committed_(batch.ticket, nullptr);
}

Result<> SqliteJournal::commit(const std::vector<Batch>& batches) {
  const auto seq_before = last_seq_;
  const auto sum_before = last_sum_;
  auto written = [&]() -> Result<> {
    TRY(tx, Tx::begin(database_));
    for (const Batch& batch : batches) TRY_DONE(write_events(batch));
    TRY_DONE(write_rows(batches));
    TRY_DONE(write_snapshot(batches));
    return tx.commit();
  }();
  if (!written) { last_seq_ = seq_before; last_sum_ = sum_before; }
  return written;
}

Result<> SqliteJournal::write_events(const Batch& batch) {
  for (const Recorded& recorded : batch.events) {
    PASOKH_ASSERT(recorded.seq == last_seq_ + 1);
    body_.bytes.clear();
    encode_event(body_, recorded.event);
    const Sum sum = chain_.next(last_sum_, recorded.seq, recorded.at.us, body_.bytes);
    TRY_DONE(insert_event_.run(recorded.seq, recorded.at.us, recorded.event.index(), Blob{body_.bytes}, Blob{view(sum)}));
    last_seq_ = recorded.seq;
    last_sum_ = sum;
  }
  return Done{};
}

// The last write of a key wins; sorted, so that neighbours in the table are written together.
Result<> SqliteJournal::write_rows(const std::vector<Batch>& batches) {
  rows_.clear();
  for (const Batch& batch : batches)
    for (const RowChange& row : batch.rows) rows_.push_back(&row);
  auto before = [](const RowChange* a, const RowChange* b) { return a->kind != b->kind ? a->kind < b->kind : a->key < b->key; };
  std::stable_sort(rows_.begin(), rows_.end(), before);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const RowChange& row = *rows_[i];
    if (i + 1 < rows_.size() && rows_[i + 1]->kind == row.kind && rows_[i + 1]->key == row.key) continue;
    if (row.value) TRY_DONE(upsert_live_.run(static_cast<std::int64_t>(row.kind), row.key, Blob{*row.value}));
    else TRY_DONE(delete_live_.run(static_cast<std::int64_t>(row.kind), row.key));
  }
  return Done{};
}

Result<> SqliteJournal::write_snapshot(const std::vector<Batch>& batches) {
  const Batch* newest = nullptr;
  std::uint64_t seq = 0, last = last_seq_;
  for (auto batch = batches.rbegin(); batch != batches.rend(); ++batch) {  // the state after this batch's last event
    if (!batch->snapshot.empty()) { newest = &*batch; seq = last; break; }
    last -= batch->events.size();
  }
  if (!newest || seq == 0) return Done{};
  const Sum sum = chain_.of_snapshot(seq, newest->snapshot);
  TRY_DONE(insert_snapshot_.run(seq, Blob{newest->snapshot}, Blob{view(sum)}));
  return prune_snapshots_.run(limits_.keep_snapshots);
}

// Moves the WAL into the file beside the running commits, on a connection of its own, when it has grown or nothing happens:
// commits never wait for it. Only past wal_pages_max (readers or a flood held it up) does the journal thread do it itself.
void SqliteJournal::tidy() {
  name_this_thread("journal-tidy");
  auto own = Database::open(dir_ + "/journal.db", Database::Mode::read_write, Database::Sync::full);
  std::uint64_t seen = 0;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (wake_tidy_.wait_for(lock, tidy_every, [&] { return stop_tidy_; })) return;
    }
    reserve_->refill();
    free_bytes_ = reserve_->free_bytes();
    const auto commits = commits_.load(std::memory_order_relaxed);
    const int pages = wal_pages_.load(std::memory_order_relaxed);
    const bool idle = commits == seen;
    seen = commits;
    if (own && (pages >= wal_pages_worth_moving || (idle && pages > 0))) {
      (void)own->checkpoint();
      if (idle) wal_pages_.store(0, std::memory_order_relaxed);  // until the next commit tells
    }
  }
}

}  // namespace

Result<std::unique_ptr<JournalWriter>> JournalWriter::open(const std::string& dir, const JournalLimits& limits) {
  return SqliteJournal::open(dir, limits);
}

}  // namespace pasokh::storage
