// DIR/floor.db: states of the floor at some events of the past, so that any moment can be shown without reading the journal from its
// beginning (the journal keeps only the newest few, for its own start). May be deleted at any time: it fills again while it is used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "storage/database.h"
#include "storage/journal.h"

namespace pasokh::storage {

class FloorStops {                     // one thread at a time
 public:
  static Result<FloorStops> open(const std::string& dir);
  // The newest stop at or before this event, of this journal and no other.
  Result<std::optional<std::pair<std::uint64_t, std::string>>> newest(std::uint64_t at_most, JournalReader& journal);
  Result<> save(std::uint64_t seq, std::string_view sum, std::string_view body);

  static constexpr std::uint64_t every = 100'000;  // events between two stops: a fraction of a second to read
  static constexpr std::int64_t stops_max = 1'000; // then every second one of the older half goes

 private:
  explicit FloorStops(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace pasokh::storage
