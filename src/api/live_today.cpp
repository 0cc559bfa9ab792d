#include "api/live_today.h"

#include <chrono>
#include <optional>

#include "base/log.h"
#include "base/thread_name.h"
#include "storage/zone.h"

namespace pasokh::api {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto asked_every = std::chrono::seconds(5);
constexpr int rest_factor = 10;                        // a centre whose day takes long to add up is asked less often

constexpr std::int64_t day_us = 86'400'000'000;

}  // namespace

Result<Today> figures_of_day(storage::Reports& reports, Instant now) {
  TRY(zone_name, reports.time_zone());
  const storage::Zone zone(zone_name);
  const std::int64_t local = zone.local(now);
  const storage::ReportFilter filter{.from = zone.instant(local - local % day_us), .to = now + Duration{1}, .now = now};
  Today today;
  TRY(queues, reports.queues(filter));
  for (auto& row : queues) today.queues.emplace(row.queue, row.figures);
  TRY(agents, reports.agents(filter));
  for (auto& row : agents.agents) today.agents.emplace(row.agent, row.figures);
  today.evenness = agents.evenness;
  return today;
}

LiveToday::LiveToday(std::string dir, std::function<Instant()> now, std::function<void(Today)> told)
    : dir_(std::move(dir)), now_(std::move(now)), told_(std::move(told)), thread_([this] { run(); }) {}

void LiveToday::want(bool wanted) {
  {
    const std::scoped_lock lock(guard_);
    if (wanted_ == wanted) return;
    wanted_ = wanted;
  }
  changed_.notify_one();
}

void LiveToday::stop() {
  {
    const std::scoped_lock lock(guard_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void LiveToday::run() {
  name_this_thread("live-today");
  std::optional<storage::Reports> reports;
  for (;;) {
    {
      std::unique_lock lock(guard_);
      changed_.wait(lock, [this] { return wanted_ || stopping_; });
      if (stopping_) return;
    }
    const auto began = Clock::now();
    Result<Today> today = trouble("", "");
    if (!reports) {
      if (auto opened = storage::Reports::open(dir_)) reports.emplace(std::move(*opened));
      else today = std::move(opened).error();
    }
    if (reports) today = figures_of_day(*reports, now_());
    if (today) told_(std::move(*today));
    else log(LogLevel::warning, "today's figures cannot be read", {{"cause", today.error().text}});
    const auto rest = std::max<Clock::duration>(asked_every, rest_factor * (Clock::now() - began));
    std::unique_lock lock(guard_);
    changed_.wait_for(lock, rest, [this] { return stopping_; });
    if (stopping_) return;
  }
}

}  // namespace pasokh::api
