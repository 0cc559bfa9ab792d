#include "storage/office_tasks.h"

namespace pasokh::storage {
namespace {

constexpr std::string_view get_sql = "select done_at from office_task where name = $1";
constexpr std::string_view put_sql = "insert into office_task(name, done_at) values ($1, $2) on conflict(name) do update set done_at = excluded.done_at";

}  // namespace

Result<Instant> task_done_at(Database& database, std::string_view task) {
  TRY(get, database.prepare(get_sql));
  TRY(at, get.number(task));
  return Instant{at.value_or(0)};
}

Result<> task_done(Database& database, std::string_view task, Instant now) {
  TRY(put, database.prepare(put_sql));
  return put.run(task, now.us);
}

}  // namespace pasokh::storage
