// Alarms in centre.db: what was raised, when it was over, who has seen it. What raises one: office/alarms.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "storage/database.h"

namespace pasokh::storage {

struct Alarm {
  std::int64_t id = 0;
  std::string code, queue, object, cause;          // queue empty: of the system
  Instant since;
  std::optional<Instant> until;                    // nothing: it stands
  std::optional<std::int64_t> limit, value, worst; // ms, counts or permille
  std::string seen_by;
  std::optional<Instant> seen_at;
};

class Alarms {
 public:
  explicit Alarms(Database& database) : database_(database) {}
  Result<std::int64_t> raise(const Alarm&);        // gives the id
  Result<> worsen(std::int64_t id, std::int64_t value, std::int64_t worst);
  Result<> over(std::int64_t id, Instant until);
  Result<> seen(std::int64_t id, std::string_view who, Instant now);
  Result<std::optional<Alarm>> find(std::int64_t id);
  Result<std::vector<Alarm>> open();               // oldest first
  struct Asked {
    bool open_only = false;
    std::string queue;                             // empty: all
    std::optional<Instant> from, to;               // stood in [from, to)
    std::int64_t before = INT64_MAX;               // page: id below
    std::int64_t limit = 100;
  };
  Result<std::vector<Alarm>> list(const Asked&);   // newest first
  Result<> forget(Instant older);                  // those over before

 private:
  Database& database_;
};

// Settings of the office that no rule of the floor asks for: a name and a JSON object. Nothing: never set.
Result<std::optional<std::string>> office_setting(Database&, std::string_view name);
Result<> put_office_setting(Database&, std::string_view name, std::string_view json);

}  // namespace pasokh::storage
