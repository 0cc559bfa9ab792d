// When a report is due by itself, and over which period it goes. Pure, in local microseconds of the centre's wall (base/calendar.h).
#pragma once

#include <cstdint>

#include "base/calendar.h"
#include "office/hours/hours.h"

namespace pasokh::office::schedules {

enum class Every : std::uint8_t { day, week, month };  // month: Jalali

struct When {
  Every every = Every::day;
  hours::Weekday weekday = hours::Weekday::saturday;   // week
  int day = 1;                                         // month: 1-31; a day that the month has not is its last
  int minute = 7 * 60;                                 // of the day, 0-1439
};

// The newest moment at or before, and the first after `local_us` at which it is due.
std::int64_t slot_at_or_before(const When&, std::int64_t local_us);
std::int64_t slot_after(const When&, std::int64_t local_us);

// What a report of that slot is about: the whole day, the seven days, the Jalali month before the slot's day. [from, to), at midnight.
struct Period { std::int64_t from = 0, to = 0; };
Period period_of(const When&, std::int64_t slot);

}  // namespace pasokh::office::schedules

namespace pasokh {
template <> inline constexpr std::array enum_names<office::schedules::Every>{"day", "week", "month"};
}  // namespace pasokh
