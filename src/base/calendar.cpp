#include "base/calendar.h"

#include <array>
#include <cstdio>

#include "base/persian.h"

namespace pasokh {

namespace {

constexpr std::int64_t epoch_julian_day = 2'440'588;   // 1970-01-01
constexpr std::int64_t persian_epoch = 1'948'320;      // 1 Farvardin 1, Julian day

constexpr DayNumber first_of_year(int year) { return persian_epoch + 365 * (year - 1) + (8 * year + 21) / 33 - epoch_julian_day; }
constexpr int days_before(int month) { return month <= 7 ? 31 * (month - 1) : 30 * (month - 1) + 6; }

static_assert(first_of_year(1403) == 19'802, "1 Farvardin 1403 = 2024-03-20");
static_assert(first_of_year(1405) == 20'533, "1 Farvardin 1405 = 2026-03-21");
static_assert(is_jalali_leap(1399) && is_jalali_leap(1403) && !is_jalali_leap(1404) && is_jalali_leap(1408));

constexpr int gregorian_month_days(int year, int month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) ? 29 : days[month - 1];
}

constexpr std::array<const char*, 12> jalali_months_fa{"فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"};
constexpr std::array<const char*, 12> jalali_months_en{"Farvardin", "Ordibehesht", "Khordad", "Tir", "Mordad", "Shahrivar", "Mehr", "Aban", "Azar", "Dey", "Bahman", "Esfand"};
constexpr std::array<const char*, 12> months_fa{"ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن", "ژوئیه", "اوت", "سپتامبر", "اکتبر", "نوامبر", "دسامبر"};
constexpr std::array<const char*, 12> months_en{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};
constexpr std::array<const char*, 7> days_fa{"شنبه", "یکشنبه", "دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه"};
constexpr std::array<const char*, 7> days_en{"Saturday", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday"};

// A reader of "1405-09-03T10:15:09.123+03:30", one piece after the other.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }
  bool take(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == any_of.npos) return false;
    taken_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  char taken() const { return taken_; }
  std::optional<int> number(std::size_t most) {
    int n = 0;
    std::size_t i = 0;
    for (; i < most && i < rest_.size() && rest_[i] >= '0' && rest_[i] <= '9'; ++i) n = n * 10 + (rest_[i] - '0');
    if (i == 0) return std::nullopt;
    rest_.remove_prefix(i);
    return n;
  }
  std::int64_t fraction_us() {
    std::int64_t us = 0, unit = 100'000;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      us += (rest_.front() - '0') * unit;
      unit /= 10;
      rest_.remove_prefix(1);
    }
    return us;
  }

 private:
  std::string_view rest_;
  char taken_ = 0;
};

Trouble bad_time(std::string_view text, std::string_view why) {
  return trouble("bad-time", "\"" + std::string(text) + "\" is not a time (" + std::string(why) +
                                 "); write 2026-11-24, 1405-09-03, \"1405-09-03 10:15\" or 2026-11-24T07:06:09Z");
}

}  // namespace

std::optional<DayNumber> day_of_jalali(const Date& date) {
  if (date.year < jalali_first_year || date.year > jalali_last_year || date.month < 1 || date.month > 12) return std::nullopt;
  if (date.day < 1 || date.day > jalali_month_days(date.year, date.month)) return std::nullopt;
  return first_of_year(date.year) + days_before(date.month) + date.day - 1;
}

std::optional<DayNumber> day_of_gregorian(const Date& date) {
  if (date.year < 1 || date.year > 9999 || date.month < 1 || date.month > 12) return std::nullopt;
  if (date.day < 1 || date.day > gregorian_month_days(date.year, date.month)) return std::nullopt;
  const int year = date.month <= 2 ? date.year - 1 : date.year;  // Howard Hinnant, "chrono-compatible low-level date algorithms"
  const int era = year / 400, of_era = year - era * 400;
  const int of_year = (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
  return std::int64_t{era} * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

std::optional<Date> jalali(DayNumber day) {
  if (day < first_of_year(jalali_first_year) || day >= first_of_year(jalali_last_year + 1)) return std::nullopt;
  int year = static_cast<int>((day + epoch_julian_day - persian_epoch) * 33 / 12'053) + 1;  // 33 years have 12,053 days: right or one off
  while (first_of_year(year) > day) --year;
  while (first_of_year(year + 1) <= day) ++year;
  const int of_year = static_cast<int>(day - first_of_year(year));
  const int month = of_year < 186 ? of_year / 31 + 1 : (of_year - 186) / 30 + 7;
  return Date{year, month, of_year - days_before(month) + 1};
}

Date gregorian(DayNumber day) {
  day += 719'468;
  const std::int64_t era = (day >= 0 ? day : day - 146'096) / 146'097;
  const auto of_era = static_cast<int>(day - era * 146'097);
  const int year = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const int of_year = of_era - (365 * year + year / 4 - year / 100);
  const int month = (5 * of_year + 2) / 153;
  return {static_cast<int>(year + era * 400) + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9, of_year - (153 * month + 2) / 5 + 1};
}

int weekday(DayNumber day) { return static_cast<int>(((day + 5) % 7 + 7) % 7); }  // 1970-01-01 was a Thursday

Result<TypedTime> parse_time(std::string_view typed) {
  const std::string text = latin_digits(typed);
  Scanner scan(text);
  TypedTime time;
  Date date;
  auto year = scan.number(4);
  if (!year || !scan.take("-/")) return bad_time(typed, "no date");
  const char separator[] = {scan.taken(), 0};
  auto month = scan.number(2);
  if (!month || !scan.take(separator)) return bad_time(typed, "no month");
  auto day = scan.number(2);
  if (!day) return bad_time(typed, "no day");
  date = {*year, *month, *day};
  time.calendar = date.year < jalali_years_end ? CalendarKind::jalali : CalendarKind::gregorian;
  const auto number = time.calendar == CalendarKind::jalali ? day_of_jalali(date) : day_of_gregorian(date);
  if (!number) return bad_time(typed, time.calendar == CalendarKind::jalali ? "no such day in the Jalali calendar" : "no such day in the Gregorian calendar");
  time.us = *number * us_per_day;
  if (scan.at_end()) return time;

  if (!scan.take("Tt ")) return bad_time(typed, "unexpected text after the date");
  auto hour = scan.number(2);
  if (!hour || !scan.take(":")) return bad_time(typed, "no hour and minute");
  auto minute = scan.number(2);
  if (!minute) return bad_time(typed, "no minute");
  int second = 0;
  if (scan.take(":")) {
    auto seconds = scan.number(2);
    if (!seconds) return bad_time(typed, "no second");
    second = *seconds;
  }
  if (*hour > 23 || *minute > 59 || second > 60) return bad_time(typed, "no such time of day");
  time.us += (std::int64_t{*hour} * 3600 + *minute * 60 + second) * 1'000'000;
  if (scan.take(".,")) time.us += scan.fraction_us();
  if (scan.at_end()) return time;

  time.absolute = true;
  if (scan.take("Zz")) return scan.at_end() ? Result<TypedTime>(time) : bad_time(typed, "unexpected text at the end");
  if (!scan.take("+-")) return bad_time(typed, "unexpected text after the time");
  const int sign = scan.taken() == '-' ? -1 : 1;
  auto hours = scan.number(2);
  if (!hours || !scan.take(":")) return bad_time(typed, "no offset");
  auto minutes = scan.number(2);
  if (!minutes || !scan.at_end() || *hours > 23 || *minutes > 59) return bad_time(typed, "no offset");
  time.us -= sign * (std::int64_t{*hours} * 60 + *minutes) * 60'000'000;
  return time;
}

std::string date_text(std::int64_t local_us, CalendarKind kind) {
  const DayNumber day = day_of(local_us);
  const auto in_jalali = kind == CalendarKind::jalali ? jalali(day) : std::nullopt;
  const Date date = in_jalali ? *in_jalali : gregorian(day);
  char out[48];
  std::snprintf(out, sizeof out, "%04d-%02d-%02d", date.year, date.month, date.day);
  return out;
}

std::string date_time_text(std::int64_t local_us, CalendarKind kind) {
  const auto seconds = static_cast<int>((local_us - day_of(local_us) * us_per_day) / 1'000'000);
  char out[48];
  std::snprintf(out, sizeof out, " %02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return date_text(local_us, kind) + out;
}

std::string long_date_text(std::int64_t local_us, CalendarKind kind, bool persian) {
  const DayNumber day = day_of(local_us);
  const auto in_jalali = kind == CalendarKind::jalali ? jalali(day) : std::nullopt;
  const Date date = in_jalali ? *in_jalali : gregorian(day);
  const auto month = static_cast<std::size_t>(date.month - 1);
  const auto of_week = static_cast<std::size_t>(weekday(day));
  const char* month_name = in_jalali ? (persian ? jalali_months_fa : jalali_months_en)[month] : (persian ? months_fa : months_en)[month];
  const std::string text = std::string((persian ? days_fa : days_en)[of_week]) + " " + std::to_string(date.day) + " " + month_name + " " + std::to_string(date.year);
  return persian ? persian_digits(text) : text;
}

}  // namespace pasokh
