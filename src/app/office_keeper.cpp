#include "app/office_keeper.h"

#include <chrono>

#include "api/timetables.h"
#include "base/calendar.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "storage/number_calls.h"
#include "storage/office_tasks.h"
#include "storage/opening_hours.h"
#include "storage/report_queries.h"
#include "storage/zone.h"

namespace pasokh::app {
namespace {

constexpr auto round_every = std::chrono::seconds(60);
constexpr std::int64_t night_hour = 2;               // of the centre's clock
constexpr std::string_view nightly_task = "nightly";

}  // namespace

Result<std::unique_ptr<OfficeKeeper>> OfficeKeeper::start(const std::string& dir, const std::string& recordings, switchboard::Centre& centre, std::function<Instant()> now) {
  TRY(office, storage::OfficeDatabase::open(dir));
  return std::unique_ptr<OfficeKeeper>(new OfficeKeeper(dir, recordings, centre, std::move(now), std::move(office)));
}

OfficeKeeper::OfficeKeeper(std::string dir, std::string recordings, switchboard::Centre& centre, std::function<Instant()> now, std::unique_ptr<storage::OfficeDatabase> office)
    : dir_(std::move(dir)), recordings_(std::move(recordings)), centre_(centre), now_(std::move(now)), office_(std::move(office)), thread_([this] { run(); }) {}

OfficeKeeper::~OfficeKeeper() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void OfficeKeeper::run() {
  name_this_thread("office-keeper");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    round();
    lock.lock();
    changed_.wait_for(lock, round_every, [&] { return stopping_; });
  }
}

void OfficeKeeper::round() {
  const Instant now = now_();
  for (const auto& done : {keep_timetables(now), nightly(now)}) {
    if (done || done.error().code == "stopping" || done.error().text == told_trouble_) continue;
    told_trouble_ = done.error().text;  // once, until it is another
    log(LogLevel::error, "office-keeper", {{"code", done.error().code}, {"why", done.error().text}, {"then", "tried again in a minute"}});
  }
}

Result<> OfficeKeeper::keep_timetables(Instant now) {
  TRY(all, office_->read([](storage::Database& db) { return storage::OpeningHours(db).hours(); }));
  if (all.empty()) return Done{};
  TRY(lists, office_->read([](storage::Database& db) { return storage::OpeningHours(db).holidays(); }));
  TRY(reports, storage::Reports::open(dir_));
  TRY(zone, reports.time_zone());
  return api::tell_timetables(all, lists, zone, now, "hours", "", [&](switchboard::Commands commands) { return ask(std::move(commands)); });
}

// After two at night, once a day; at the first round after a start when a night was missed.
Result<> OfficeKeeper::nightly(Instant now) {
  TRY(last, office_->read([](storage::Database& db) { return storage::task_done_at(db, nightly_task); }));
  TRY(reports, storage::Reports::open(dir_));
  TRY(zone_name, reports.time_zone());
  const storage::Zone zone(zone_name);
  const auto night_of = [&](Instant at) { return day_of(zone.local(at) - Duration::hours(night_hour).us); };
  if (last.us != 0 && night_of(last) >= night_of(now)) return Done{};
  TRY_DONE(apply_retention(dir_, recordings_, *office_, now, false, [&](switchboard::Commands commands) { return ask(std::move(commands)); }));
  TRY(journal, storage::JournalReader::open(dir_));
  TRY_DONE(storage::NumberCalls(*office_).catch_up(journal));
  return office_->write([&](storage::Database& db) { return storage::task_done(db, nightly_task, now); });
}

// Waits for the answer, but not longer than the keeper lives.
switchboard::Reply OfficeKeeper::ask(switchboard::Commands commands) {
  struct Waiting { std::mutex mutex; std::condition_variable came; std::optional<switchboard::Reply> reply; };
  auto waiting = std::make_shared<Waiting>();
  centre_.ask(std::move(commands), [waiting](switchboard::Reply reply) {
    std::lock_guard lock(waiting->mutex);
    waiting->reply = std::move(reply);
    waiting->came.notify_all();
  });
  std::unique_lock lock(waiting->mutex);
  while (!waiting->came.wait_for(lock, std::chrono::milliseconds(200), [&] { return waiting->reply.has_value(); })) {
    std::lock_guard own(mutex_);
    if (stopping_) return {false, "stopping", "the server is stopping", {}};
  }
  return *waiting->reply;
}

}  // namespace pasokh::app
