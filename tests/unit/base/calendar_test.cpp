#include "base/calendar.h"

#include <doctest/doctest.h>

#include "base/persian.h"

using namespace pasokh;

namespace {
DayNumber day(int year, int month, int d) { return *day_of_gregorian({year, month, d}); }
std::int64_t typed(std::string_view text) {
  auto time = parse_time(text);
  REQUIRE_MESSAGE(time.has_value(), text);
  return time->us;
}
}  // namespace

TEST_CASE("1 Farvardin of known years, and a day before it (domain.md 2)") {
  const struct { int year; Date first; } known[] = {{1403, {2024, 3, 20}}, {1404, {2025, 3, 21}}, {1405, {2026, 3, 21}}, {1406, {2027, 3, 21}},
                                                    {1358, {1979, 3, 21}}, {1300, {1921, 3, 21}}, {1399, {2020, 3, 20}}, {1400, {2021, 3, 21}}};
  for (const auto& [year, first] : known) {
    CHECK(day_of_jalali({year, 1, 1}) == day_of_gregorian(first));
    CHECK(jalali(*day_of_gregorian(first) - 1) == Date{year - 1, 12, is_jalali_leap(year - 1) ? 30 : 29});
  }
  CHECK(weekday(*day_of_jalali({1405, 1, 1})) == 0);  // a Saturday
  CHECK(weekday(day(2026, 11, 24)) == 3);             // a Tuesday
}

TEST_CASE("the leap years around the one that the 2820-year rule gets wrong: 1399, 1403, 1408, 1412; not 1404 (domain.md, traps)") {
  for (int year = 1396; year <= 1412; ++year) CHECK(is_jalali_leap(year) == (year == 1399 || year == 1403 || year == 1408 || year == 1412));
  CHECK(day_of_jalali({1403, 12, 30}) == day_of_gregorian({2025, 3, 20}));
  CHECK_FALSE(day_of_jalali({1404, 12, 30}));
  int leap = 0;
  for (int year = 1206; year <= 1498; ++year) leap += is_jalali_leap(year);
  CHECK(leap == 71);                                  // the authority's table
}

TEST_CASE("every day of 1178 to 1501 goes there and back, in order, and none beyond is guessed") {
  DayNumber n = *day_of_jalali({1178, 1, 1});
  for (int year = 1178; year <= 1501; ++year)
    for (int month = 1; month <= 12; ++month)
      for (int d = 1; d <= jalali_month_days(year, month); ++d, ++n) {
        REQUIRE(day_of_jalali({year, month, d}) == n);
        REQUIRE(jalali(n) == Date{year, month, d});
        REQUIRE(day_of_gregorian(gregorian(n)) == n);
      }
  CHECK_FALSE(jalali(n));
  CHECK_FALSE(jalali(*day_of_jalali({1178, 1, 1}) - 1));
  CHECK_FALSE(day_of_jalali({1502, 1, 1}));
  CHECK_FALSE(day_of_jalali({1177, 12, 1}));
}

TEST_CASE("times are read in both calendars, with any digits and both separators; a year below 1700 is Jalali") {
  const auto expected = day(2026, 11, 24) * us_per_day;
  CHECK(typed("2026-11-24") == expected);
  CHECK(typed("1405-09-03") == expected);
  CHECK(typed("1405/9/3") == expected);
  CHECK(typed("۱۴۰۵/۰۹/۰۳") == expected);
  CHECK(typed("١٤٠٥-٠٩-٠٣") == expected);
  CHECK(typed("1405-09-03 10:15") == expected + (10 * 60 + 15) * 60'000'000ll);
  CHECK(typed("2026-11-24T07:06:09.123Z") == expected + (7 * 3600 + 6 * 60 + 9) * 1'000'000ll + 123'000);
  CHECK(parse_time("2026-11-24T07:06:09.123Z")->absolute);
  CHECK_FALSE(parse_time("2026-11-24 07:06")->absolute);
  CHECK(typed("2026-11-24T03:30:00+03:30") == expected);
  CHECK(typed("2026-11-23T19:00:00-05:00") == expected);
  CHECK(parse_time("1405-09-03")->calendar == CalendarKind::jalali);
  for (const char* bad : {"", "yesterday", "2026", "2026-13-01", "2026-02-29", "1404-12-30", "1502-01-01", "1405-07-31", "2026-11-24X", "2026-11-24 25:00",
                          "2026-11-24 10:60", "2026-11-24T10:00:00+3", "2026-11/24", "2026-11-24T10:00Zx", "12-31"}) {
    auto time = parse_time(bad);
    CHECK_MESSAGE(!time.has_value(), bad);
    if (!time) CHECK(time.error().code == "bad-time");
  }
}

TEST_CASE("dates are written in both calendars and languages") {
  const auto at = typed("2026-11-24 07:06:09");
  CHECK(date_text(at, CalendarKind::jalali) == "1405-09-03");
  CHECK(date_time_text(at, CalendarKind::gregorian) == "2026-11-24 07:06:09");
  CHECK(long_date_text(at, CalendarKind::jalali, true) == "سه‌شنبه ۳ آذر ۱۴۰۵");
  CHECK(long_date_text(at, CalendarKind::gregorian, false) == "Tuesday 24 November 2026");
  CHECK(date_text(typed("2200-01-01"), CalendarKind::jalali) == "2200-01-01");  // out of range: Gregorian
  CHECK(date_text(-1, CalendarKind::gregorian) == "1969-12-31");
}

TEST_CASE("the search fold brings spellings together that people take for the same (domain.md 4)") {
  CHECK(search_fold("شكايت") == search_fold("شکایت"));
  CHECK(search_fold("می‌خواهم") == "می خواهم");
  CHECK(search_fold("خانۀ ما") == search_fold("خانه ما"));
  CHECK(search_fold("مُحَمَّد") == "محمد");
  CHECK(search_fold("آقاي  رضـايي") == "اقای رضایی");
  CHECK(search_fold(" ۱۲۳ ٤٥ 6 ABC ") == "123 45 6 abc");
  CHECK(search_fold("\xff\xd9") == "\xff\xd9");
  CHECK(digits_only("+۹۸ (۲۱) 88-77") == "98218877");
  CHECK(persian_digits("10:15") == "۱۰:۱۵");
  CHECK(latin_digits("۱۴۰۵") == "1405");
}
