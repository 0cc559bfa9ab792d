// Opening hours through real clocks: Tehran, which has had no summer time since 1401, and Berlin, which has.
#include <doctest/doctest.h>

#include "api/timetables.h"
#include "base/calendar.h"
#include "storage/zone.h"

using namespace pasokh;
using namespace pasokh::api;

namespace {

office::hours::Hours hours(const char* week) { return {"office", *office::hours::week_from(week), ""}; }
Instant at(const char* utc) { return {parse_time(utc)->us}; }
bool opens(const TimetableOf& t, const char* from, const char* to) { return ("," + t.openings + ",").find("," + std::to_string(at(from).us) + "-" + std::to_string(at(to).us) + ",") != std::string::npos; }

}  // namespace

TEST_CASE("eight o'clock in Tehran is 04:30 UTC the whole year") {
  const auto spring = timetable(hours("sat-fri 08:00-16:00"), {}, "Asia/Tehran", at("2026-03-20T00:00:00Z"));
  for (const auto& [from, to] : {std::pair{"2026-03-20T04:30:00Z", "2026-03-20T12:30:00Z"}, {"2026-03-22T04:30:00Z", "2026-03-22T12:30:00Z"}, {"2026-04-30T04:30:00Z", "2026-04-30T12:30:00Z"}}) {
    CAPTURE(from);
    CHECK(opens(spring, from, to));
  }
}

TEST_CASE("eight o'clock in Berlin moves with the clocks, and a night shift over the change is an hour shorter or longer") {
  const auto spring = timetable(hours("sat-fri 08:00-16:00"), {}, "Europe/Berlin", at("2026-03-20T00:00:00Z"));
  CHECK(opens(spring, "2026-03-28T07:00:00Z", "2026-03-28T15:00:00Z"));
  CHECK(opens(spring, "2026-03-29T06:00:00Z", "2026-03-29T14:00:00Z"));       // clocks went forward that night
  const auto nights = timetable(hours("saturday 22:00-06:00"), {}, "Europe/Berlin", at("2026-03-20T00:00:00Z"));
  CHECK(opens(nights, "2026-03-28T21:00:00Z", "2026-03-29T04:00:00Z"));       // seven hours
  const auto autumn = timetable(hours("saturday 22:00-06:00"), {}, "Europe/Berlin", at("2026-10-20T00:00:00Z"));
  CHECK(opens(autumn, "2026-10-24T20:00:00Z", "2026-10-25T05:00:00Z"));       // nine
  const auto gone = timetable(hours("sunday 02:10-02:50"), {}, "Europe/Berlin", at("2026-03-20T00:00:00Z"));
  CHECK_FALSE(opens(gone, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"));   // a time that never came: no opening at all
  CHECK(opens(gone, "2026-04-05T00:10:00Z", "2026-04-05T00:50:00Z"));
}

TEST_CASE("at least two months are always known, and what has not changed comes out the same for four weeks") {
  const auto first = timetable(hours("sat-fri 08:00-16:00"), {}, "Asia/Tehran", at("2026-11-24T10:00:00Z"));
  int changes = 0;
  std::string last = first.known_until;
  for (int day = 0; day < 84; ++day) {
    const Instant now = at("2026-11-24T10:00:00Z") + Duration::hours(24 * day);
    const auto t = timetable(hours("sat-fri 08:00-16:00"), {}, "Asia/Tehran", now);
    CHECK(std::stoll(t.known_until) - now.us >= Duration::hours(24 * 61).us);
    changes += t.known_until != last;
    last = t.known_until;
  }
  CHECK(changes == 3);
}
