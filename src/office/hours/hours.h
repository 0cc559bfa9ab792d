// Opening hours: a week, holidays in either calendar, and the moments that follow from them. Pure: the place's clock is handed in as
// a function. The floor is given moments (floor::Timetable) and knows neither weekdays, nor calendars, nor summer time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/calendar.h"
#include "base/describe.h"
#include "base/result.h"
#include "base/time.h"

namespace pasokh::office::hours {

enum class Weekday : std::uint8_t { saturday, sunday, monday, tuesday, wednesday, thursday, friday };  // the Iranian week; base weekday()

struct Slot {
  Weekday day = Weekday::saturday;
  int from = 0, to = 0;              // minutes of that day; to <= from: past midnight, into the next day; 1440: midnight
  bool operator==(const Slot&) const = default;
};
struct Hours {
  std::string code;
  std::vector<Slot> week;            // no slots at all: closed for good
  std::string holidays;              // code of a list, or empty
  bool operator==(const Hours&) const = default;
};
struct Holiday {
  CalendarKind calendar = CalendarKind::jalali;
  std::optional<int> year;           // nothing: each year
  int month = 1, day = 1;
  std::string name_fa, name_en;
  bool operator==(const Holiday&) const = default;
};
struct HolidayList {
  std::string code;
  std::vector<Holiday> days;
};

inline constexpr std::size_t slots_max = 50, holidays_max = 500;

std::optional<int> minute_of(std::string_view clock);   // "08:00", "24:00"; Persian digits too
std::string clock_of(int minute);
// "1405-01-01" or "--01-01" (each year) of the calendar; "holiday-bad" when there is no such day
Result<Holiday> holiday_from(CalendarKind, std::string_view date);
std::string date_of(const Holiday&);
// "saturday-wednesday 08:00-16:00, thu 08:00-12:00": as the command line writes a week. "hours-bad"
Result<std::vector<Slot>> week_from(std::string_view text);
Result<> check(const Hours&);                           // "hours-bad"

bool is_holiday(const std::vector<Holiday>&, DayNumber);

// The moments from the day `first` on, `days` of them, in order and apart; slots that touch are one. A slot belongs to the day it
// begins on: on a holiday none begins, and one that began the evening before runs on. `moment`: local µs of the place -> instant; a
// slot whose times fall together when clocks are put forward is left out.
using Moment = std::function<Instant(std::int64_t local_us)>;
std::vector<std::pair<Instant, Instant>> openings(const std::vector<Slot>& week, const std::vector<Holiday>& holidays, DayNumber first, int days, const Moment& moment);

// Iran's official holidays that stand still in the solar year (1-4, 12, 13 Farvardin; 14, 15 Khordad; 22 Bahman; 29, 30 Esfand). Those of the
// lunar year are moved by sighting: they are entered as dates each year, never computed.
const std::vector<Holiday>& iran_solar_holidays();

}  // namespace pasokh::office::hours

namespace pasokh {
template <> inline constexpr std::array enum_names<office::hours::Weekday>{"saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday"};
template <> inline constexpr std::array enum_names<CalendarKind>{"jalali", "gregorian"};
}  // namespace pasokh
