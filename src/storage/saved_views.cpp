#include "storage/saved_views.h"

#include <algorithm>

namespace pasokh::storage {
namespace {

constexpr std::string_view of_sql = "select name, json from saved_view where login = $1 order by name";
constexpr std::string_view put_sql =
    "insert into saved_view(login, name, json, changed_at) values ($1, $2, $3, $4) on conflict(login, name) do update set json = excluded.json, changed_at = excluded.changed_at";
constexpr std::string_view delete_sql = "delete from saved_view where login = $1 and name = $2";

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> SavedViews::of(std::string_view login) {
  std::vector<std::pair<std::string, std::string>> all;
  TRY(select, database_.prepare(of_sql));
  TRY_DONE(select.each([&](Statement& row) { all.emplace_back(row.text(0), row.text(1)); }, login));
  return all;
}

Result<std::optional<std::string>> SavedViews::find(std::string_view login, std::string_view name) {
  TRY(all, of(login));
  for (auto& [its_name, json] : all) if (its_name == name) return std::optional(std::move(json));
  return std::optional<std::string>();
}

Result<> SavedViews::put(std::string_view login, std::string_view name, std::string_view json, Instant now) {
  TRY(all, of(login));
  const bool there = std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.first == name; });
  if (!there && all.size() >= of_one_max) return trouble("views-full", "a person keeps at most 100 views");
  TRY(put, database_.prepare(put_sql));
  return put.run(login, name, json, now.us);
}

Result<> SavedViews::remove(std::string_view login, std::string_view name) {
  TRY(remove, database_.prepare(delete_sql));
  TRY_DONE(remove.run(login, name));
  if (database_.changes() == 0) return trouble("view-unknown", "there is no view of this name");
  return Done{};
}

}  // namespace pasokh::storage
