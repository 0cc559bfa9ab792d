#include "storage/opening_hours.h"

namespace pasokh::storage {
namespace {

using office::hours::HolidayList;
using office::hours::Hours;

constexpr std::string_view hours_sql = "select h.code, h.holidays, s.day, s.from_minute, s.to_minute from opening_hours h left join opening_slot s on s.hours = h.code order by h.code, s.n";
constexpr std::string_view put_hours_sql = "insert into opening_hours(code, holidays) values ($1, $2) on conflict(code) do update set holidays = excluded.holidays";
constexpr std::string_view clear_slots_sql = "delete from opening_slot where hours = $1";
constexpr std::string_view put_slot_sql = "insert into opening_slot(hours, n, day, from_minute, to_minute) values ($1, $2, $3, $4, $5)";
constexpr std::string_view delete_hours_sql = "delete from opening_hours where code = $1";
constexpr std::string_view lists_sql =
    "select l.code, d.calendar, d.year, d.month, d.day, d.name_fa, d.name_en from holiday_list l left join holiday d on d.list = l.code order by l.code, d.n";
constexpr std::string_view put_list_sql = "insert into holiday_list(code) values ($1) on conflict(code) do nothing";
constexpr std::string_view clear_days_sql = "delete from holiday where list = $1";
constexpr std::string_view put_day_sql = "insert into holiday(list, n, calendar, year, month, day, name_fa, name_en) values ($1, $2, $3, $4, $5, $6, $7, $8)";
constexpr std::string_view delete_list_sql = "delete from holiday_list where code = $1";
constexpr std::string_view used_by_sql = "select count(*) from opening_hours where holidays = $1";

template <class T>
std::optional<T> with_code(std::vector<T> all, std::string_view code) {
  for (T& one : all) if (one.code == code) return std::move(one);
  return std::nullopt;
}

}  // namespace

Result<std::vector<Hours>> OpeningHours::hours() {
  std::vector<Hours> all;
  TRY(select, database_.prepare(hours_sql));
  TRY_DONE(select.each([&](Statement& row) {
    if (all.empty() || all.back().code != row.text(0)) all.push_back({std::string(row.text(0)), {}, std::string(row.text(1))});
    if (!row.is_null(2)) all.back().week.push_back({static_cast<office::hours::Weekday>(row.integer(2)), static_cast<int>(row.integer(3)), static_cast<int>(row.integer(4))});
  }));
  return all;
}

Result<std::optional<Hours>> OpeningHours::find(std::string_view code) {
  TRY(all, hours());
  return with_code(std::move(all), code);
}

Result<> OpeningHours::put(const Hours& h) {
  if (!h.holidays.empty()) {
    TRY(list, find_holidays(h.holidays));
    if (!list) return trouble("holidays-unknown", "there is no list of holidays \"" + h.holidays + "\"");
  }
  TRY(put_hours, database_.prepare(put_hours_sql));
  TRY_DONE(put_hours.run(h.code, h.holidays));
  TRY(clear, database_.prepare(clear_slots_sql));
  TRY_DONE(clear.run(h.code));
  TRY(put_slot, database_.prepare(put_slot_sql));
  for (std::size_t n = 0; n < h.week.size(); ++n) TRY_DONE(put_slot.run(h.code, n, static_cast<int>(h.week[n].day), h.week[n].from, h.week[n].to));
  return Done{};
}

Result<> OpeningHours::remove(std::string_view code) {
  TRY(clear, database_.prepare(clear_slots_sql));
  TRY_DONE(clear.run(code));
  TRY(remove, database_.prepare(delete_hours_sql));
  TRY_DONE(remove.run(code));
  if (database_.changes() == 0) return trouble("hours-unknown", "there are no opening hours \"" + std::string(code) + "\"");
  return Done{};
}

Result<std::vector<HolidayList>> OpeningHours::holidays() {
  std::vector<HolidayList> all;
  TRY(select, database_.prepare(lists_sql));
  TRY_DONE(select.each([&](Statement& row) {
    if (all.empty() || all.back().code != row.text(0)) all.push_back({std::string(row.text(0)), {}});
    if (row.is_null(1)) return;
    all.back().days.push_back({static_cast<CalendarKind>(row.integer(1)), row.is_null(2) ? std::nullopt : std::optional(static_cast<int>(row.integer(2))), static_cast<int>(row.integer(3)),
                               static_cast<int>(row.integer(4)), std::string(row.text(5)), std::string(row.text(6))});
  }));
  return all;
}

Result<std::optional<HolidayList>> OpeningHours::find_holidays(std::string_view code) {
  TRY(all, holidays());
  return with_code(std::move(all), code);
}

Result<> OpeningHours::put(const HolidayList& list) {
  TRY(put_list, database_.prepare(put_list_sql));
  TRY_DONE(put_list.run(list.code));
  TRY(clear, database_.prepare(clear_days_sql));
  TRY_DONE(clear.run(list.code));
  TRY(put_day, database_.prepare(put_day_sql));
  for (std::size_t n = 0; n < list.days.size(); ++n) {
    const auto& d = list.days[n];
    TRY_DONE(put_day.run(list.code, n, static_cast<int>(d.calendar), d.year ? std::optional<std::int64_t>(*d.year) : std::nullopt, d.month, d.day, d.name_fa, d.name_en));
  }
  return Done{};
}

Result<> OpeningHours::remove_holidays(std::string_view code) {
  TRY(used, database_.prepare(used_by_sql));
  TRY(users, used.number(code));
  if (users.value_or(0) > 0) return trouble("holidays-in-use", "opening hours use the list \"" + std::string(code) + "\"; change them first");
  TRY(clear, database_.prepare(clear_days_sql));
  TRY_DONE(clear.run(code));
  TRY(remove, database_.prepare(delete_list_sql));
  TRY_DONE(remove.run(code));
  if (database_.changes() == 0) return trouble("holidays-unknown", "there is no list of holidays \"" + std::string(code) + "\"");
  return Done{};
}

}  // namespace pasokh::storage
