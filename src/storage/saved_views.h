// Saved views of people in centre.db: a JSON object under a login and a name.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "storage/database.h"

namespace pasokh::storage {

class SavedViews {
 public:
  explicit SavedViews(Database& database) : database_(database) {}
  Result<std::vector<std::pair<std::string, std::string>>> of(std::string_view login);   // name, JSON; by name
  Result<std::optional<std::string>> find(std::string_view login, std::string_view name);
  Result<> put(std::string_view login, std::string_view name, std::string_view json, Instant now);  // "views-full"
  Result<> remove(std::string_view login, std::string_view name);                        // "view-unknown"

  static constexpr std::size_t of_one_max = 100;

 private:
  Database& database_;
};

}  // namespace pasokh::storage
