#include "office/hours/hours.h"

#include <algorithm>
#include <charconv>

#include "base/persian.h"

namespace pasokh::office::hours {
namespace {

constexpr int day_minutes = 24 * 60;

bool read_int(std::string_view text, int low, int high, int& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size() && into >= low && into <= high;
}

std::optional<Weekday> weekday_named(std::string_view name) {
  if (name.size() < 3) return std::nullopt;
  for (std::size_t i = 0; i < enum_names<Weekday>.size(); ++i)
    if (std::string_view(enum_names<Weekday>[i]).starts_with(name)) return static_cast<Weekday>(i);
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// "sat-wed 08:00-16:00"
bool read_days(std::string_view part, std::vector<Slot>& into) {
  const auto space = part.rfind(' ');
  if (space == part.npos) return false;
  const std::string_view days = trimmed(part.substr(0, space)), clocks = part.substr(space + 1);
  const auto between_days = days.find('-'), between_clocks = clocks.find('-');
  if (between_clocks == clocks.npos) return false;
  const auto first = weekday_named(days.substr(0, between_days)), last = between_days == days.npos ? first : weekday_named(days.substr(between_days + 1));
  const auto from = minute_of(clocks.substr(0, between_clocks)), to = minute_of(clocks.substr(between_clocks + 1));
  if (!first || !last || !from || !to) return false;
  for (int day = static_cast<int>(*first);; day = (day + 1) % 7) {
    into.push_back({static_cast<Weekday>(day), *from, *to});
    if (day == static_cast<int>(*last)) return true;
  }
}

Holiday yearly(int month, int day, std::string fa, std::string en) { return {CalendarKind::jalali, std::nullopt, month, day, std::move(fa), std::move(en)}; }

}  // namespace

std::optional<int> minute_of(std::string_view clock) {
  const std::string text = latin_digits(clock);
  const auto colon = text.find(':');
  int hour = 0, minute = 0;
  if (colon == text.npos || text.size() - colon != 3) return std::nullopt;
  if (!read_int(std::string_view(text).substr(0, colon), 0, 24, hour) || !read_int(std::string_view(text).substr(colon + 1), 0, 59, minute)) return std::nullopt;
  const int all = hour * 60 + minute;
  return all <= day_minutes ? std::optional(all) : std::nullopt;
}

std::string clock_of(int minute) {
  const auto two = [](int n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
  return two(minute / 60) + ":" + two(minute % 60);
}

Result<Holiday> holiday_from(CalendarKind calendar, std::string_view date) {
  const auto bad = [&] { return trouble("holiday-bad", "\"" + std::string(date) + "\" is no day of the " + std::string(name_of(calendar)) + " calendar; expected YYYY-MM-DD, or --MM-DD for each year"); };
  const std::string text = latin_digits(date);
  std::string_view rest = text;
  Holiday out{.calendar = calendar, .year = {}, .name_fa = {}, .name_en = {}};
  if (rest.starts_with("--")) rest.remove_prefix(2);
  else {
    int year = 0;
    if (rest.size() < 5 || rest[4] != '-' || !read_int(rest.substr(0, 4), 1, 9999, year)) return bad();
    out.year = year;
    rest.remove_prefix(5);
  }
  if (rest.size() != 5 || rest[2] != '-' || !read_int(rest.substr(0, 2), 1, 12, out.month) || !read_int(rest.substr(3), 1, 31, out.day)) return bad();
  const Date example{out.year.value_or(calendar == CalendarKind::jalali ? 1403 : 2024), out.month, out.day};  // leap years: 30 Esfand, 29 February
  if (!(calendar == CalendarKind::jalali ? day_of_jalali(example) : day_of_gregorian(example))) return bad();
  return out;
}

std::string date_of(const Holiday& h) {
  const auto two = [](int n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
  std::string year = h.year ? std::to_string(*h.year) : std::string("-");
  while (h.year && year.size() < 4) year.insert(0, "0");
  return year + "-" + two(h.month) + "-" + two(h.day);
}

Result<std::vector<Slot>> week_from(std::string_view text) {
  std::vector<Slot> week;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const auto part = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!part.empty() && !read_days(part, week)) return trouble("hours-bad", "\"" + std::string(part) + "\" is not understood; expected like: saturday-wednesday 08:00-16:00, thursday 08:00-12:00");
  }
  return week;
}

Result<> check(const Hours& hours) {
  if (hours.week.size() > slots_max) return trouble("hours-bad", "at most 50 times in a week");
  for (const Slot& s : hours.week)
    if (s.from < 0 || s.from >= day_minutes || s.to < 0 || s.to > day_minutes || s.from == s.to) return trouble("hours-bad", clock_of(s.from) + "-" + clock_of(s.to) + " is no time of a day");
  return Done{};
}

bool is_holiday(const std::vector<Holiday>& holidays, DayNumber day) {
  const auto in_jalali = jalali(day);
  const Date in_gregorian = gregorian(day);
  return std::any_of(holidays.begin(), holidays.end(), [&](const Holiday& h) {
    if (h.calendar == CalendarKind::jalali && !in_jalali) return false;
    const Date& d = h.calendar == CalendarKind::jalali ? *in_jalali : in_gregorian;
    return h.month == d.month && h.day == d.day && (!h.year || *h.year == d.year);
  });
}

std::vector<std::pair<Instant, Instant>> openings(const std::vector<Slot>& week, const std::vector<Holiday>& holidays, DayNumber first, int days, const Moment& moment) {
  std::vector<std::pair<Instant, Instant>> all;
  for (DayNumber day = first; day < first + days; ++day) {
    if (is_holiday(holidays, day)) continue;
    for (const Slot& slot : week) {
      if (static_cast<int>(slot.day) != weekday(day)) continue;
      const auto at = [&](int minute) { return moment(day * us_per_day + Duration::minutes(minute).us); };
      const Instant from = at(slot.from), to = at(slot.to <= slot.from ? slot.to + day_minutes : slot.to);
      if (from < to) all.emplace_back(from, to);
    }
  }
  std::sort(all.begin(), all.end());
  std::vector<std::pair<Instant, Instant>> apart;
  for (const auto& one : all) {
    if (!apart.empty() && one.first <= apart.back().second) apart.back().second = std::max(apart.back().second, one.second);
    else apart.push_back(one);
  }
  return apart;
}

const std::vector<Holiday>& iran_solar_holidays() {
  static const std::vector<Holiday> all{
      yearly(1, 1, "نوروز", "Nowruz"), yearly(1, 2, "نوروز", "Nowruz"), yearly(1, 3, "نوروز", "Nowruz"), yearly(1, 4, "نوروز", "Nowruz"),
      yearly(1, 12, "روز جمهوری اسلامی", "Islamic Republic Day"), yearly(1, 13, "روز طبیعت", "Nature Day"),
      yearly(3, 14, "رحلت امام خمینی", "Passing of Imam Khomeini"), yearly(3, 15, "قیام ۱۵ خرداد", "Uprising of 15 Khordad"),
      yearly(11, 22, "پیروزی انقلاب اسلامی", "Victory of the Revolution"),
      yearly(12, 29, "ملی شدن صنعت نفت", "Nationalisation of oil"), yearly(12, 30, "آخرین روز سال کبیسه", "Last day of a leap year")};
  return all;
}

}  // namespace pasokh::office::hours
