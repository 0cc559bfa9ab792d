// A place's wall clock, from the system's time zone database (summers of old years included: Tehran had summer time until
// 1401). An unknown name, or a machine without the database, is UTC and says so.
#pragma once

#include <string>

#include "base/time.h"

namespace pasokh::storage {

class Zone {
 public:
  explicit Zone(const std::string& name = "UTC");
  std::int64_t local(Instant at) const;            // microseconds since 1970-01-01 00:00 on that wall
  Instant instant(std::int64_t local_us) const;    // a time that comes twice: the first; one that never comes: the next that does
  bool known() const { return known_; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  const void* zone_ = nullptr;                     // date::time_zone, lives as long as the process
  bool known_ = true;
};

}  // namespace pasokh::storage
