#include "storage/alarms.h"

namespace pasokh::storage {
namespace {

constexpr std::string_view columns = "select id, code, queue, object, cause, since_us, until_us, limit_value, value, worst, seen_by, seen_us from alarm ";
constexpr std::string_view insert_sql =
    "insert into alarm(code, queue, object, cause, since_us, limit_value, value, worst, seen_by) values ($1, $2, $3, $4, $5, $6, $7, $8, '') returning id";
constexpr std::string_view worsen_sql = "update alarm set value = $1, worst = $2 where id = $3";
constexpr std::string_view over_sql = "update alarm set until_us = $1 where id = $2 and until_us is null";
constexpr std::string_view seen_sql = "update alarm set seen_by = $1, seen_us = $2 where id = $3 and seen_us is null";
constexpr std::string_view forget_sql = "delete from alarm where until_us < $1";
constexpr std::string_view get_setting_sql = "select json from office_setting where name = $1";
constexpr std::string_view put_setting_sql = "insert into office_setting(name, json) values ($1, $2) on conflict(name) do update set json = excluded.json";

std::optional<std::int64_t> number_at(const Statement& row, int column) { return row.is_null(column) ? std::nullopt : std::optional(row.integer(column)); }
std::optional<Instant> time_at(const Statement& row, int column) { return row.is_null(column) ? std::nullopt : std::optional(Instant{row.integer(column)}); }

Alarm alarm_from(const Statement& row) {
  return {.id = row.integer(0), .code = std::string(row.text(1)), .queue = std::string(row.text(2)), .object = std::string(row.text(3)), .cause = std::string(row.text(4)),
          .since = {row.integer(5)}, .until = time_at(row, 6), .limit = number_at(row, 7), .value = number_at(row, 8), .worst = number_at(row, 9),
          .seen_by = std::string(row.text(10)), .seen_at = time_at(row, 11)};
}

}  // namespace

Result<std::int64_t> Alarms::raise(const Alarm& a) {
  TRY(insert, database_.prepare(insert_sql));
  TRY(id, insert.number(a.code, a.queue, a.object, a.cause, a.since.us, a.limit, a.value, a.worst));
  return id.value_or(0);
}

Result<> Alarms::worsen(std::int64_t id, std::int64_t value, std::int64_t worst) {
  TRY(update, database_.prepare(worsen_sql));
  return update.run(value, worst, id);
}

Result<> Alarms::over(std::int64_t id, Instant until) {
  TRY(update, database_.prepare(over_sql));
  return update.run(until.us, id);
}

Result<> Alarms::seen(std::int64_t id, std::string_view who, Instant now) {
  TRY(update, database_.prepare(seen_sql));
  return update.run(who, now.us, id);
}

Result<std::optional<Alarm>> Alarms::find(std::int64_t id) {
  std::optional<Alarm> found;
  TRY(select, database_.prepare(std::string(columns) + "where id = $1"));
  TRY_DONE(select.each([&](Statement& row) { found = alarm_from(row); }, id));
  return found;
}

Result<std::vector<Alarm>> Alarms::open() {
  std::vector<Alarm> all;
  TRY(select, database_.prepare(std::string(columns) + "where until_us is null order by id"));  // alarm_open
  TRY_DONE(select.each([&](Statement& row) { all.push_back(alarm_from(row)); }));
  return all;
}

Result<std::vector<Alarm>> Alarms::list(const Asked& asked) {
  std::string sql = std::string(columns) + "where id < $1 and since_us < $2 and (until_us is null or until_us >= $3)";
  if (asked.open_only) sql += " and until_us is null";
  if (!asked.queue.empty()) sql += " and queue = $4";                                            // alarm_by_queue
  sql += asked.queue.empty() ? " order by id desc limit $4" : " order by id desc limit $5";
  const std::int64_t from = asked.from ? asked.from->us : INT64_MIN, to = asked.to ? asked.to->us : INT64_MAX;
  std::vector<Alarm> all;
  TRY(select, database_.prepare(sql));
  const auto take = [&](Statement& row) { all.push_back(alarm_from(row)); };
  if (asked.queue.empty()) TRY_DONE(select.each(take, asked.before, to, from, asked.limit));
  else TRY_DONE(select.each(take, asked.before, to, from, asked.queue, asked.limit));
  return all;
}

Result<> Alarms::forget(Instant older) {
  TRY(remove, database_.prepare(forget_sql));
  return remove.run(older.us);
}

Result<std::optional<std::string>> office_setting(Database& database, std::string_view name) {
  std::optional<std::string> found;
  TRY(select, database.prepare(get_setting_sql));
  TRY_DONE(select.each([&](Statement& row) { found = std::string(row.text(0)); }, name));
  return found;
}

Result<> put_office_setting(Database& database, std::string_view name, std::string_view json) {
  TRY(put, database.prepare(put_setting_sql));
  return put.run(name, json);
}

}  // namespace pasokh::storage
