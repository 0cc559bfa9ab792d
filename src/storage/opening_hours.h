// Opening hours and lists of holidays in centre.db. What they mean: office/hours.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "office/hours/hours.h"
#include "storage/database.h"

namespace pasokh::storage {

class OpeningHours {
 public:
  explicit OpeningHours(Database& database) : database_(database) {}

  Result<std::vector<office::hours::Hours>> hours();                         // by code
  Result<std::optional<office::hours::Hours>> find(std::string_view code);
  Result<> put(const office::hours::Hours&);                                 // "holidays-unknown" when it names none that is there
  Result<> remove(std::string_view code);                                    // "hours-unknown"

  Result<std::vector<office::hours::HolidayList>> holidays();                // by code
  Result<std::optional<office::hours::HolidayList>> find_holidays(std::string_view code);
  Result<> put(const office::hours::HolidayList&);
  Result<> remove_holidays(std::string_view code);                           // "holidays-unknown", "holidays-in-use"

 private:
  Database& database_;
};

}  // namespace pasokh::storage
