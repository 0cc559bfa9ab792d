#include "office/schedules/schedules.h"

#include <algorithm>

namespace pasokh::office::schedules {
namespace {

constexpr std::int64_t minute_us = 60'000'000;

bool is_due_on(const When& when, DayNumber day) {
  switch (when.every) {
    case Every::day: return true;
    case Every::week: return weekday(day) == static_cast<int>(when.weekday);
    case Every::month: {
      const auto date = jalali(day);
      return date && date->day == std::min(when.day, jalali_month_days(date->year, date->month));
    }
  }
  return false;
}

std::int64_t moment(const When& when, DayNumber day) { return day * us_per_day + when.minute * minute_us; }

DayNumber first_of_month(DayNumber day) {
  const auto date = jalali(day);
  return date ? day - (date->day - 1) : day;
}

constexpr int days_looked_at = 63;  // two months hold each kind of slot

}  // namespace

std::int64_t slot_at_or_before(const When& when, std::int64_t local_us) {
  const DayNumber today = day_of(local_us);
  for (int back = 0; back < days_looked_at; ++back)
    if (is_due_on(when, today - back) && moment(when, today - back) <= local_us) return moment(when, today - back);
  return moment(when, today - days_looked_at);      // out of the Jalali calendar's range
}

std::int64_t slot_after(const When& when, std::int64_t local_us) {
  const DayNumber today = day_of(local_us);
  for (int on = 0; on < days_looked_at; ++on)
    if (is_due_on(when, today + on) && moment(when, today + on) > local_us) return moment(when, today + on);
  return moment(when, today + days_looked_at);
}

Period period_of(const When& when, std::int64_t slot) {
  const DayNumber day = day_of(slot);
  switch (when.every) {
    case Every::day: return {(day - 1) * us_per_day, day * us_per_day};
    case Every::week: return {(day - 7) * us_per_day, day * us_per_day};
    case Every::month: {
      const DayNumber first = first_of_month(day);
      return {first_of_month(first - 1) * us_per_day, first * us_per_day};
    }
  }
  return {};
}

}  // namespace pasokh::office::schedules
