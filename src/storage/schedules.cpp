#include "storage/schedules.h"

namespace pasokh::storage {
namespace {

constexpr std::string_view columns = "select id, made_by, body, made_us, slot_us, error, tried_us from report_schedule ";
constexpr std::string_view count_sql = "select count(*) from report_schedule";
constexpr std::string_view insert_sql = "insert into report_schedule(made_by, body, made_us, slot_us, error) values ($1, $2, $3, $4, '') returning id";
constexpr std::string_view change_sql = "update report_schedule set body = $1, slot_us = $2, error = '' where id = $3";
constexpr std::string_view delete_sql = "delete from report_schedule where id = $1";
constexpr std::string_view done_sql = "update report_schedule set slot_us = $1, tried_us = $2, error = $3 where id = $4";
constexpr std::string_view troubled_sql = "update report_schedule set tried_us = $1, error = $2 where id = $3";

Schedule schedule_from(const Statement& row) {
  return {row.integer(0), std::string(row.text(1)), std::string(row.text(2)), {row.integer(3)}, {row.integer(4)}, std::string(row.text(5)),
          row.is_null(6) ? std::nullopt : std::optional(Instant{row.integer(6)})};
}

}  // namespace

Result<std::int64_t> Schedules::add(const Schedule& s) {
  TRY(count, database_.prepare(count_sql));
  TRY(there, count.number());
  if (there.value_or(0) >= static_cast<std::int64_t>(all_max)) return trouble("schedules-full", "");
  TRY(insert, database_.prepare(insert_sql));
  TRY(id, insert.number(s.made_by, s.body, s.made.us, s.slot.us));
  return id.value_or(0);
}

Result<bool> Schedules::change(std::int64_t id, std::string_view body, Instant now) {
  TRY(update, database_.prepare(change_sql));
  TRY_DONE(update.run(body, now.us, id));
  return database_.changes() > 0;
}

Result<bool> Schedules::remove(std::int64_t id) {
  TRY(remove, database_.prepare(delete_sql));
  TRY_DONE(remove.run(id));
  return database_.changes() > 0;
}

Result<std::optional<Schedule>> Schedules::find(std::int64_t id) {
  std::optional<Schedule> found;
  TRY(select, database_.prepare(std::string(columns) + "where id = $1"));
  TRY_DONE(select.each([&](Statement& row) { found = schedule_from(row); }, id));
  return found;
}

Result<std::vector<Schedule>> Schedules::all() {
  std::vector<Schedule> all;
  TRY(select, database_.prepare(std::string(columns) + "order by id"));
  TRY_DONE(select.each([&](Statement& row) { all.push_back(schedule_from(row)); }));
  return all;
}

Result<> Schedules::done(std::int64_t id, Instant slot, Instant now, std::string_view error) { TRY(s, database_.prepare(done_sql)); return s.run(slot.us, now.us, error, id); }
Result<> Schedules::troubled(std::int64_t id, Instant now, std::string_view error) { TRY(s, database_.prepare(troubled_sql)); return s.run(now.us, error, id); }

}  // namespace pasokh::storage
