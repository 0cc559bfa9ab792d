#include <doctest/doctest.h>

#include <filesystem>

#include "storage/floor_stops.h"

using namespace pasokh;
using namespace pasokh::storage;

TEST_CASE("a stop is found for the events after it, is of no use to another journal, and old ones are thinned") {
  char pattern[] = "/tmp/pasokh-test-XXXXXX";
  const std::string dir = mkdtemp(pattern);
  {
    auto writer = JournalWriter::open(dir, {.reserve_bytes = 1 << 20});
    REQUIRE(writer);
    (*writer)->start([](std::uint64_t, const Trouble*) {});
    Batch batch;
    batch.ticket = 1;
    for (std::uint64_t seq = 1; seq <= 40; ++seq) batch.events.push_back({seq, Instant{static_cast<std::int64_t>(seq)}, floor::AgentReady{AgentId{1}, "test"}});
    (*writer)->submit(std::move(batch));
    (*writer)->close();
  }
  auto journal = JournalReader::open(dir);
  auto stops = FloorStops::open(dir);
  REQUIRE(journal);
  REQUIRE(stops);
  CHECK_FALSE(*stops->newest(40, *journal));
  REQUIRE(stops->save(10, journal->sum_of(10), "ten"));
  REQUIRE(stops->save(20, journal->sum_of(20), "twenty"));
  REQUIRE(stops->save(30, "sixteen other bytes", "of another journal"));
  CHECK((*stops->newest(40, *journal))->second == "twenty");
  CHECK((*stops->newest(19, *journal))->second == "ten");
  CHECK_FALSE(*stops->newest(9, *journal));
  for (std::int64_t i = 0; i < FloorStops::stops_max; ++i) REQUIRE(stops->save(static_cast<std::uint64_t>(100 + i), "x", "y"));
  CHECK((*stops->newest(15, *journal))->second == "ten");  // the oldest stays
  std::filesystem::remove_all(dir);
}
