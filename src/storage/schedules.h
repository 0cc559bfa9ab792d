// Reports that are sent by themselves, in centre.db. What stands in a body, and when it is due: api/report_clock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "storage/database.h"

namespace pasokh::storage {

struct Schedule {
  std::int64_t id = 0;
  std::string made_by, body;                       // JSON
  Instant made, slot;                              // slot: the newest that was dealt with; at first: when it was made
  std::string error;                               // why the report of that slot could not be made
  std::optional<Instant> tried;
};

class Schedules {
 public:
  explicit Schedules(Database& database) : database_(database) {}
  Result<std::int64_t> add(const Schedule&);       // gives the id; "schedules-full"
  Result<bool> change(std::int64_t id, std::string_view body, Instant now);  // slots up to now are past
  Result<bool> remove(std::int64_t id);
  Result<std::optional<Schedule>> find(std::int64_t id);
  Result<std::vector<Schedule>> all();
  Result<> done(std::int64_t id, Instant slot, Instant now, std::string_view error);  // error empty: the mail is written
  Result<> troubled(std::int64_t id, Instant now, std::string_view error);            // the slot is tried again

  static constexpr std::size_t all_max = 500;

 private:
  Database& database_;
};

}  // namespace pasokh::storage
