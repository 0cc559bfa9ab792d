// The Jalali (solar Hijri) and Gregorian calendars, as day numbers. No time zone here: a local time is microseconds since
// 1970-01-01 00:00 on the wall of some place; who knows the place turns it into an Instant.
//
// Jalali years 1178-1501 only. There the 33-year rule (25·y + 11) mod 33 < 8 gives the same leap years as the equinox at
// 52.5° E and as the authority's table (1206-1498, 71 leap years). It first fails at 1502 (1503 is leap instead), and the
// 2820-year rule, still found in libraries, already failed at 1403/1404: outside the range we refuse rather than guess.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace pasokh {

using DayNumber = std::int64_t;            // days since 1970-01-01

enum class CalendarKind : std::uint8_t { jalali, gregorian };

struct Date {
  int year = 0, month = 1, day = 1;
  bool operator==(const Date&) const = default;
};

inline constexpr int jalali_first_year = 1178, jalali_last_year = 1501;
inline constexpr int jalali_years_end = 1700;   // a smaller year in text is Jalali

constexpr bool is_jalali_leap(int year) { return (25 * year + 11) % 33 < 8; }
constexpr int jalali_month_days(int year, int month) { return month <= 6 ? 31 : month <= 11 ? 30 : is_jalali_leap(year) ? 30 : 29; }

// nothing when there is no such day (30 Esfand of a common year) or the year is out of range
std::optional<DayNumber> day_of_jalali(const Date&);
std::optional<DayNumber> day_of_gregorian(const Date&);
std::optional<Date> jalali(DayNumber);     // nothing outside the range
Date gregorian(DayNumber);
int weekday(DayNumber);                    // 0 = Saturday … 6 = Friday, as the Iranian week

// What a person typed as a time: "2026-11-24", "1405-09-03", "1405/9/3 10:15", "2026-11-24T07:06:09.123Z", "…+03:30", with
// Latin, Persian or Arabic digits.
struct TypedTime {
  bool absolute = false;                   // with Z or an offset: `us` is an Instant's; else local
  std::int64_t us = 0;
  CalendarKind calendar = CalendarKind::gregorian;
};
Result<TypedTime> parse_time(std::string_view text);  // Trouble "bad-time" says what was expected

// local microseconds -> "1405-09-03 10:15:09"; Latin digits. A day out of the Jalali range is written as Gregorian.
std::string date_text(std::int64_t local_us, CalendarKind);        // "1405-09-03"
std::string date_time_text(std::int64_t local_us, CalendarKind);
// "سه‌شنبه ۳ آذر ۱۴۰۵" | "Tuesday 24 November 2026"
std::string long_date_text(std::int64_t local_us, CalendarKind, bool persian);

constexpr std::int64_t us_per_day = 86'400'000'000;
constexpr DayNumber day_of(std::int64_t local_us) { return (local_us >= 0 ? local_us : local_us - us_per_day + 1) / us_per_day; }

}  // namespace pasokh
