#include <doctest/doctest.h>

#include "office/schedules/schedules.h"

using namespace pasokh;
using namespace pasokh::office::schedules;

namespace {

std::int64_t local(const char* text) { return parse_time(text)->us; }
std::string shown(std::int64_t us) { return date_time_text(us, CalendarKind::jalali).substr(0, 16); }

}  // namespace

// Reports sent by e-mail on a schedule.
TEST_CASE("a daily report is due at its time, and goes about the day before") {
  const When when{.every = Every::day, .minute = 7 * 60 + 30};
  CHECK(shown(slot_at_or_before(when, local("1405-09-03 07:29"))) == "1405-09-02 07:30");
  CHECK(shown(slot_at_or_before(when, local("1405-09-03 07:30"))) == "1405-09-03 07:30");
  CHECK(shown(slot_after(when, local("1405-09-03 07:30"))) == "1405-09-04 07:30");
  const auto period = period_of(when, local("1405-09-03 07:30"));
  CHECK(shown(period.from) == "1405-09-02 00:00");
  CHECK(shown(period.to) == "1405-09-03 00:00");
}

TEST_CASE("a weekly report is due on its day of the Iranian week, and goes about the seven days before") {
  const When when{.every = Every::week, .weekday = office::hours::Weekday::saturday, .minute = 6 * 60};
  const auto slot = slot_at_or_before(when, local("1405-09-03 12:00"));  // a Tuesday
  CHECK(weekday(day_of(slot)) == 0);
  CHECK(shown(slot) == "1405-08-30 06:00");
  CHECK(shown(slot_after(when, slot)) == "1405-09-07 06:00");
  CHECK(shown(period_of(when, slot).from) == "1405-08-23 00:00");
}

TEST_CASE("a monthly report keeps to the Jalali month; a day that the month has not is its last") {
  const When first{.every = Every::month, .day = 1, .minute = 0};
  CHECK(shown(slot_after(first, local("1405-09-03 12:00"))) == "1405-10-01 00:00");
  const auto period = period_of(first, local("1405-10-01 00:00"));
  CHECK(shown(period.from) == "1405-09-01 00:00");
  CHECK(shown(period.to) == "1405-10-01 00:00");
  const When last{.every = Every::month, .day = 31, .minute = 23 * 60};
  CHECK(shown(slot_at_or_before(last, local("1405-12-29 23:30"))) == "1405-12-29 23:00");  // 1405 is no leap year
  CHECK(shown(slot_after(last, local("1405-06-31 23:00"))) == "1405-07-30 23:00");
  CHECK(shown(period_of(first, local("1405-01-01 00:00")).from) == "1404-12-01 00:00");
}
