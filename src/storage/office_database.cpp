#include "storage/office_database.h"

namespace pasokh::storage {
namespace {

constexpr const char* ledger_sql = "create table if not exists office_migration(number integer primary key)";
constexpr const char* last_sql = "select max(number) from office_migration";
constexpr const char* note_sql = "insert into office_migration(number) values ($1)";

}  // namespace

Result<std::unique_ptr<OfficeDatabase>> OfficeDatabase::open(const std::string& dir) {
  TRY(opened, Database::open(dir + "/centre.db", Database::Mode::read_write));
  std::unique_ptr<OfficeDatabase> office(new OfficeDatabase(std::move(opened)));
  if (auto migrated = office->migrate(); !migrated) return within("opening the office's tables of " + dir + "/centre.db", std::move(migrated).error());
  return office;
}

// All that is missing in one transaction: a program that stops half way leaves the old file.
Result<> OfficeDatabase::migrate() {
  TRY(tx, Tx::begin(database_));
  TRY_DONE(database_.run(ledger_sql));
  TRY(last, database_.prepare(last_sql));
  TRY(found, last.number());
  const std::int64_t done = found.value_or(0);
  const auto& all = office_migrations();
  if (done > all.back().number) return trouble("newer-file", "the file was written by a newer program (its tables are at " + std::to_string(done) + ", ours at " + std::to_string(all.back().number) + ")");
  TRY(note, database_.prepare(note_sql));
  for (const Migration& migration : all) {
    if (migration.number <= done) continue;
    TRY_DONE(database_.run(migration.sql));
    TRY_DONE(note.run(migration.number));
  }
  return tx.commit();
}

}  // namespace pasokh::storage
