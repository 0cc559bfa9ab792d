#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/codec.h"
#include "simulate/history.h"
#include "simulate/report_check.h"

using namespace pasokh;
using namespace pasokh::simulate;

namespace {

struct Folder {
  std::string path;
  Folder() { char name[] = "/tmp/pasokh-simulate-XXXXXX"; path = ::mkdtemp(name); }
  ~Folder() { std::filesystem::remove_all(path); }
};

std::uint64_t print_of(const std::vector<Recorded>& journal) {  // FNV-1a
  std::uint64_t print = 0xcbf29ce484222325ull;
  for (const Recorded& recorded : journal) {
    Writer writer;
    encode(writer, recorded.event);
    for (const char c : writer.bytes) print = (print ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
    print = (print ^ static_cast<std::uint64_t>(recorded.at.us)) * 0x100000001b3ull;
  }
  return print;
}

}  // namespace

TEST_CASE("the dice fall the same on every compiler") {
  Dice dice{42, 7};
  CHECK(dice.next() == Dice{42, 7}.next());
  std::int64_t sum = 0;
  for (int i = 0; i < 100'000; ++i) sum += dice.exponential(Duration::seconds(10)).us;
  CHECK(sum / 100'000 > 9'900'000);
  CHECK(sum / 100'000 < 10'100'000);
}

TEST_CASE("the same seed is the same run, byte for byte, and another seed another") {
  auto run = [](std::uint64_t seed) { World world(any_centre(seed)); world.keep_journal(); world.run(); return print_of(world.journal()); };
  CHECK(run(5) == run(5));
  CHECK(run(5) != run(6));
}

TEST_CASE("a day decided once more under the same rules comes out the same") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    Folder folder;
    Plan plan = any_centre(seed);
    plan.crash_permyriad = 0;
    World world(plan);
    world.keep_journal();
    world.run();
    REQUIRE(write_journal(folder.path, world.journal()));
    const auto replayed = replay_day(folder.path, plan.start, world.now() + Duration::seconds(1));
    REQUIRE(replayed);
    CHECK(replayed->first_difference == "");
    CHECK(replayed->taken + replayed->decided_alike == replayed->events);
    CHECK(replayed->same_state);
  }
}

TEST_CASE("a day without calls, an unknown change and an impossible one are each a clear word") {
  Folder folder;
  Plan plan = any_centre(1);
  World world(plan);
  world.keep_journal();
  world.run();
  REQUIRE(write_journal(folder.path, world.journal()));
  CHECK(replay_day(folder.path, plan.start + Duration::hours(48), plan.start + Duration::hours(72)).error().code == "day-empty");
  CHECK(history_of(folder.path, plan.start + Duration::hours(48), plan.start + Duration::hours(72)).error().code == "day-empty");
  auto history = history_of(folder.path, plan.start, plan.start + Duration::hours(2));
  REQUIRE(history);
  CHECK(history->plan.callers.size() > 10);
  CHECK(history->plan.agents.size() == plan.agents.size());
  CHECK(apply_change(history->plan, "colour=red").error().code == "change-unknown");
  CHECK(apply_change(history->plan, "strategy=loudest").error().code == "change-impossible");
  CHECK(apply_change(history->plan, "agents-999").error().code == "change-impossible");
  CHECK(apply_change(history->plan, "strategy=longest-idle,agents+2,wrap_up=5s"));
  CHECK(history->plan.agents.size() == plan.agents.size() + 2);
  CHECK(history->plan.queues.front().settings.strategy == floor::Strategy::longest_idle);
}
