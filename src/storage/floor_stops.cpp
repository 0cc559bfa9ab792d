#include "storage/floor_stops.h"

#include <sys/stat.h>

namespace pasokh::storage {
namespace {

constexpr auto schema = "create table if not exists stop(seq integer primary key, sum blob not null, body blob not null)";
constexpr std::string_view newest_sql = "select seq, sum, body from stop where seq <= $1 order by seq desc";
constexpr std::string_view save_sql = "insert into stop(seq, sum, body) values($1, $2, $3) on conflict(seq) do update set sum = excluded.sum, body = excluded.body";
constexpr std::string_view count_sql = "select count(*) from stop";
constexpr std::string_view thin_sql =
    "delete from stop where seq in (select seq from (select seq, row_number() over (order by seq) as place, count(*) over () as stops from stop) where place % 2 = 0 and place < stops / 2)";

}  // namespace

Result<FloorStops> FloorStops::open(const std::string& dir) {
  const std::string path = dir + "/floor.db";
  auto opened = Database::open(path, Database::Mode::read_write, Database::Sync::normal);
  if (!opened) return within("opening " + path, std::move(opened).error());
  ::chmod(path.c_str(), 0600);
  if (auto prepared = opened->run(schema); !prepared) return within("preparing " + path, std::move(prepared).error());
  return FloorStops(std::move(*opened));
}

Result<std::optional<std::pair<std::uint64_t, std::string>>> FloorStops::newest(std::uint64_t at_most, JournalReader& journal) {
  std::optional<std::pair<std::uint64_t, std::string>> found;
  TRY(statement, database_.prepare(newest_sql));
  TRY_DONE(statement.each([&](Statement& row) {
    const auto seq = static_cast<std::uint64_t>(row.integer(0));
    if (journal.sum_of(seq) != row.blob(1)) return true;  // of another journal: an older one serves
    found.emplace(seq, row.blob(2));
    return false;
  }, static_cast<std::int64_t>(std::min<std::uint64_t>(at_most, INT64_MAX))));
  return found;
}

Result<> FloorStops::save(std::uint64_t seq, std::string_view sum, std::string_view body) {
  TRY(statement, database_.prepare(save_sql));
  TRY_DONE(statement.run(seq, Blob{sum}, Blob{body}));
  TRY(count, database_.prepare(count_sql));
  TRY(stops, count.number());
  if (stops.value_or(0) <= stops_max) return Done{};
  TRY(thin, database_.prepare(thin_sql));
  return thin.run();
}

}  // namespace pasokh::storage
