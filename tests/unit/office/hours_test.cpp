#include <doctest/doctest.h>

#include "office/hours/hours.h"

using namespace pasokh;
using namespace pasokh::office::hours;

namespace {

// A place 3.5 h ahead of UTC all year, as Tehran since 1401.
Instant tehran(std::int64_t local) { return {local - Duration::minutes(210).us}; }
DayNumber day(int y, int m, int d) { return *day_of_jalali({y, m, d}); }
std::vector<Slot> week(const char* text) { auto read = week_from(text); REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().text)); return *read; }
Holiday holiday(CalendarKind kind, const char* date) { auto read = holiday_from(kind, date); REQUIRE(read.has_value()); return *read; }

}  // namespace

TEST_CASE("a week is read as people write it, and what is no time is refused") {
  CHECK(week("saturday-wednesday 08:00-16:00, thu 08:00-12:00").size() == 6);
  CHECK(week("fri-sat ۲۲:۰۰-06:00") == std::vector<Slot>{{Weekday::friday, 1320, 360}, {Weekday::saturday, 1320, 360}});
  CHECK(week("").empty());
  for (const char* bad : {"saturday", "sat 8-16", "xyz 08:00-16:00", "sat 08:00", "sat 25:00-26:00", "sat 08:60-09:00", "s 08:00-09:00"}) {
    CAPTURE(bad);
    CHECK_FALSE(week_from(bad).has_value());
  }
  CHECK(check({"x", week("sat 00:00-24:00"), ""}).has_value());
  CHECK_FALSE(check({"x", week("sat 08:00-08:00"), ""}).has_value());
}

TEST_CASE("the moments of a week: each minute of opening and closing, in order, slots that touch are one") {
  // 1405-09-07 is a Saturday
  const auto all = openings(week("saturday 13:00-17:00, saturday 08:00-12:00, saturday 12:00-12:30"), {}, day(1405, 9, 7), 7, tehran);
  REQUIRE(all.size() == 2);
  CHECK(all[0].first == tehran(day(1405, 9, 7) * us_per_day + Duration::hours(8).us));
  CHECK(all[0].second == tehran(day(1405, 9, 7) * us_per_day + Duration::minutes(12 * 60 + 30).us));
  CHECK(all[1].first == tehran(day(1405, 9, 7) * us_per_day + Duration::hours(13).us));
  const auto always = openings(week("saturday-friday 00:00-24:00"), {}, day(1405, 9, 7), 7, tehran);
  REQUIRE(always.size() == 1);
  CHECK(always[0].second - always[0].first == Duration::hours(7 * 24));
}

TEST_CASE("holidays close the day they fall on: each year or once, in either calendar; a night shift that began before runs on") {
  const auto days = [&](const std::vector<Holiday>& holidays, int y, int m, int d) { return openings(week("sat-fri 08:00-16:00"), holidays, day(y, m, d), 1, tehran).size(); };
  const std::vector<Holiday> nowruz{holiday(CalendarKind::jalali, "--01-01")};
  CHECK(days(nowruz, 1405, 1, 1) == 0);
  CHECK(days(nowruz, 1406, 1, 1) == 0);
  CHECK(days(nowruz, 1405, 1, 2) == 1);
  const std::vector<Holiday> ashura{holiday(CalendarKind::jalali, "1405-04-05")};
  CHECK(days(ashura, 1405, 4, 5) == 0);
  CHECK(days(ashura, 1406, 4, 5) == 1);
  const std::vector<Holiday> christmas{holiday(CalendarKind::gregorian, "--12-25")};   // 1405-10-04
  CHECK(days(christmas, 1405, 10, 4) == 0);
  CHECK(days(christmas, 1405, 10, 5) == 1);
  const auto night = openings(week("sat-fri 22:00-06:00"), {holiday(CalendarKind::jalali, "1405-09-08")}, day(1405, 9, 7), 2, tehran);
  REQUIRE(night.size() == 1);   // began on the 7th, ends on the holiday; none begins on it
  CHECK(night[0].second == tehran(day(1405, 9, 8) * us_per_day + Duration::hours(6).us));
}

TEST_CASE("a holiday is a day that exists: 30 Esfand only of leap years, each year meaning each leap year") {
  CHECK_FALSE(holiday_from(CalendarKind::jalali, "1404-12-30").has_value());
  CHECK(holiday_from(CalendarKind::jalali, "1403-12-30").has_value());
  CHECK(holiday_from(CalendarKind::jalali, "--12-30").has_value());
  CHECK_FALSE(holiday_from(CalendarKind::jalali, "--07-31").has_value());
  CHECK_FALSE(holiday_from(CalendarKind::gregorian, "2026-02-29").has_value());
  CHECK_FALSE(holiday_from(CalendarKind::gregorian, "yesterday").has_value());
  CHECK(date_of(holiday(CalendarKind::jalali, "۱۴۰۵-۰۱-۰۱")) == "1405-01-01");
  CHECK(date_of(holiday(CalendarKind::jalali, "--01-13")) == "--01-13");
}

TEST_CASE("the template holds Iran's fixed holidays of the solar year, named in both languages") {
  CHECK(iran_solar_holidays().size() == 11);
  for (const Holiday& h : iran_solar_holidays()) {
    CHECK_FALSE(h.name_fa.empty());
    CHECK_FALSE(h.name_en.empty());
    CHECK(holiday_from(h.calendar, date_of(h)).has_value());
  }
  CHECK(is_holiday(iran_solar_holidays(), day(1405, 11, 22)));
  CHECK_FALSE(is_holiday(iran_solar_holidays(), day(1405, 2, 11)));  // workers' day: only some have it
}
