#include "api/timetables.h"

#include "storage/zone.h"

namespace pasokh::api {
namespace {

constexpr DayNumber step_days = 28;
constexpr int window_days = 1 + step_days + 62;   // yesterday's slots may run past midnight; at least two months are always known

DayNumber window_begins(DayNumber today) { return today - today % step_days - 1; }

}  // namespace

TimetableOf timetable(const office::hours::Hours& hours, const std::vector<office::hours::Holiday>& holidays, const std::string& time_zone, Instant now) {
  const storage::Zone zone(time_zone);
  const DayNumber first = window_begins(day_of(zone.local(now)));
  const auto moment = [&](std::int64_t local_us) { return zone.instant(local_us); };
  TimetableOf out;
  for (const auto& [from, to] : office::hours::openings(hours.week, holidays, first, window_days, moment))
    out.openings += (out.openings.empty() ? "" : ",") + std::to_string(from.us) + "-" + std::to_string(to.us);
  out.known_until = std::to_string(zone.instant((first + window_days) * us_per_day).us);
  return out;
}

Result<> tell_timetables(const std::vector<office::hours::Hours>& all, const std::vector<office::hours::HolidayList>& lists, const std::string& time_zone, Instant now, const std::string& by,
                         const std::string& only, const Asking& ask) {
  switchboard::Commands commands;
  for (const auto& hours : all) {
    if (!only.empty() && hours.code != only) continue;
    std::vector<office::hours::Holiday> holidays;
    for (const auto& list : lists) if (list.code == hours.holidays) holidays = list.days;
    const auto times = timetable(hours, holidays, time_zone, now);
    commands.push_back({.noun = "hours", .verb = "set", .target = hours.code, .settings = {{"openings", times.openings}, {"known_until", times.known_until}}, .by = by});
  }
  if (commands.empty()) return Done{};
  const auto reply = ask(std::move(commands));
  if (!reply.ok) return trouble(reply.code, reply.text);
  return Done{};
}

}  // namespace pasokh::api
