// The office's part of DIR/centre.db: contacts, reports of calls, hours, holds, views… Its tables are made and changed by numbered
// migrations (office_migrations.cpp) that are never edited, only added to; a file of any older program opens with this one, and a
// file of a newer program is refused. The noun's SQL stands with the noun (contacts.cpp, call_reports.cpp …): a repository is
// handed the database inside `read` or `write` and the time, and opens and asks for neither.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/database.h"

namespace pasokh::storage {

struct Migration {
  int number;
  std::string sql;                   // or statements made by the program (values that ship with it)
};
const std::vector<Migration>& office_migrations();

class OfficeDatabase {               // one object, any thread: one at a time
 public:
  static Result<std::unique_ptr<OfficeDatabase>> open(const std::string& dir);

  // f(Database&) -> Result<…>
  template <class F>
  auto read(F&& f) -> decltype(f(std::declval<Database&>())) {
    const std::scoped_lock lock(guard_);
    return f(database_);
  }
  // the same in one transaction, which is rolled back when f refuses
  template <class F>
  auto write(F&& f) -> decltype(f(std::declval<Database&>())) {
    const std::scoped_lock lock(guard_);
    TRY(tx, Tx::begin(database_));
    auto result = f(database_);
    if (result) TRY_DONE(tx.commit());
    return result;
  }

 private:
  explicit OfficeDatabase(Database database) : database_(std::move(database)) {}
  Result<> migrate();

  std::mutex guard_;
  Database database_;
};

}  // namespace pasokh::storage
