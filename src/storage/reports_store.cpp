#include "storage/reports_store.h"

#include <sys/stat.h>

#include <chrono>

#include "base/thread_name.h"
#include "storage/reports_schema.h"

namespace pasokh::storage {

namespace {

constexpr const char* position_sql = "select version, seq, sum, damaged from position where id = 1";
constexpr const char* move_sql =
    "insert into position(id, version, seq, sum, damaged) values (1, $1, $2, $3, $4) "
    "on conflict(id) do update set version = excluded.version, seq = excluded.seq, sum = excluded.sum, damaged = excluded.damaged";

constexpr std::uint64_t events_per_batch = 50'000;
constexpr auto pace = std::chrono::seconds(1);   // what comes within is written together: a batch costs 0.5 ms beside its calls; who asks catches up anyway
constexpr int wal_pages_worth_moving = 4'000;

struct Position {
  std::int64_t version = 0;
  std::uint64_t seq = 0;
  std::string sum, damaged;
};

Result<Position> position(Database& database) {
  Position found;
  TRY(get, database.prepare(position_sql));
  TRY_DONE(get.each([&](Statement& row) { found = {row.integer(0), static_cast<std::uint64_t>(row.integer(1)), std::string(row.blob(2)), std::string(row.text(3))}; }));
  return found;
}

Result<> move_to(Database& database, const Position& to) {
  TRY(move, database.prepare(move_sql));
  return move.run(to.version, to.seq, Blob{to.sum}, to.damaged);
}

// Written by another version of the program: not worth understanding, the journal has it all.
Result<> start_over_if_another_version(Database& database) {
  TRY(tx, Tx::begin(database));
  TRY(has, database.prepare("select count(*) from sqlite_master where type = 'table' and name = 'position'"));
  TRY(there, has.number());
  bool old = false;
  if (there.value_or(0) > 0) {
    TRY(now, position(database));
    old = now.version != 0 && now.version != reports_version;
  }
  if (old)
    for (const char* table : reports_tables) TRY_DONE(database.run(std::string("drop table if exists \"") + table + "\""));
  TRY_DONE(database.run(reports_schema));
  return tx.commit();
}

}  // namespace

Result<ReportsStore> ReportsStore::open(const std::string& dir) {
  TRY(journal, JournalReader::open(dir));
  const std::string path = dir + "/reports.db";
  TRY(database, Database::open(path, Database::Mode::read_write, Database::Sync::normal));
  if (auto ready = start_over_if_another_version(database); !ready) return within("opening " + path, std::move(ready).error());
  TRY(projection, Projection::open(database));
  (void)database.run("pragma wal_autocheckpoint = " + std::to_string(wal_pages_worth_moving));
  ReportsStore store(std::move(database), std::move(journal), std::move(projection));
  return store;
}

// The journal of this folder was put back from a copy, or events were set aside: what was read from them is wrong.
Result<> ReportsStore::start_over_if_another_journal() {
  TRY(now, position(database_));
  if (now.seq == 0 || journal_.sum_of(now.seq) == now.sum) return Done{};
  for (const char* table : reports_tables) TRY_DONE(database_.run(std::string("delete from \"") + table + "\""));
  projection_.forget();
  known_ = UINT64_MAX;
  return Done{};
}

Result<bool> ReportsStore::one_batch(std::uint64_t target) {
  TRY(tx, Tx::begin(database_));
  TRY_DONE(start_over_if_another_journal());
  TRY(now, position(database_));
  if (now.seq >= target) return false;
  if (known_ != now.seq) projection_.forget();
  known_ = UINT64_MAX;                           // until it is committed
  Result<> applied = Done{};
  auto read = journal_.read(now.seq, events_per_batch, [&](const Recorded& recorded) {
    if (recorded.seq > target) return false;
    applied = projection_.apply(recorded);
    now.seq = recorded.seq;
    return applied.has_value();
  });
  if (!applied) return std::move(applied).error();
  if (!read) {
    if (read.error().code != "damaged") return std::move(read).error();
    TRY(sound, journal_.next_sound(now.seq));     // reports go on; journal verify names the range
    if (now.damaged.size() < 1'000) now.damaged += (now.damaged.empty() ? "" : "; ") + read.error().text;
    now.seq = sound - 1;
  }
  TRY_DONE(projection_.flush());
  now.version = reports_version;
  now.sum = journal_.sum_of(now.seq);
  TRY_DONE(move_to(database_, now));
  TRY_DONE(tx.commit());
  known_ = now.seq;
  return now.seq < target;
}

Result<std::uint64_t> ReportsStore::catch_up() {
  const auto target = journal_.last_seq();
  if (known_ == target) return target;
  if (auto now = position(database_); now && now->seq == target && journal_.sum_of(target) == now->sum) return target;  // somebody else has been here
  for (;;) {
    auto more = one_batch(target);
    if (!more) { projection_.forget(); known_ = UINT64_MAX; return within("bringing the reports up to date", std::move(more).error()); }
    if (!*more) return target;
  }
}

// --- Projector

Result<std::unique_ptr<Projector>> Projector::start(const std::string& dir, std::function<void(const Trouble&)> trouble) {
  TRY(store, ReportsStore::open(dir));
  std::unique_ptr<Projector> projector(new Projector(std::move(store), std::move(trouble)));
  projector->thread_ = std::thread([raw = projector.get()] { raw->run(); });
  return projector;
}

void Projector::nudge() {
  if (nudged_.exchange(true, std::memory_order_relaxed)) return;  // it looks soon anyway
  std::lock_guard lock(mutex_);
  wake_.notify_one();
}

void Projector::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Projector::run() {
  name_this_thread("projector");
  for (;;) {
    move_on();
    std::unique_lock lock(mutex_);
    // A pause first, so that what comes in a rush is written together; then until there is something.
    if (wake_.wait_for(lock, pace, [&] { return stopping_; })) break;
    wake_.wait_for(lock, std::chrono::seconds(5), [&] { return stopping_ || nudged_.load(std::memory_order_relaxed); });
    if (stopping_) break;
    nudged_.store(false, std::memory_order_relaxed);
  }
  move_on();
}

void Projector::move_on() {
  auto done = store_.catch_up();
  if (done) { position_.store(*done, std::memory_order_relaxed); told_.clear(); return; }
  if (trouble_ && told_ != done.error().code) trouble_(done.error());
  told_ = done.error().code;
}

}  // namespace pasokh::storage
