// How fast the simulator runs: days of a centre of 50 agents and 6,000 calls, one big day, and a journal replayed. The last line
// is a JSON object for `make bench`. Argument: how many days (default 5).
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "simulate/world.h"

using namespace pasokh;
using namespace pasokh::simulate;

namespace {

double cpu_seconds() {
  struct rusage used {};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

}  // namespace

int main(int argc, char** argv) {
  const int days = argc > 1 ? std::atoi(argv[1]) : 5;
  double began = cpu_seconds();
  std::uint64_t events = 0;
  for (int day = 1; day <= days; ++day) {
    World world(centre_day(static_cast<std::uint64_t>(day)));
    world.run();
    events += world.events();
  }
  const double per_minute = days / (cpu_seconds() - began) * 60;
  std::printf("centre days: %.1f a minute of one core, %llu events a day\n", per_minute, static_cast<unsigned long long>(events / static_cast<std::uint64_t>(days)));

  World kept(centre_day(1));
  kept.keep_journal();
  kept.run();
  began = cpu_seconds();
  floor::Floor replayed;
  for (const auto& recorded : kept.journal()) replayed.evolve(recorded.event, recorded.at);
  const double replay = static_cast<double>(kept.journal().size()) / (cpu_seconds() - began);
  if (!(replayed == kept.floor())) { std::fprintf(stderr, "the replay is another state\n"); return 1; }
  std::printf("replay: %.0f events/s\n", replay);

  began = cpu_seconds();
  World big(big_day(1, 5'000, 600'000));
  big.run();
  const double big_seconds = cpu_seconds() - began;
  std::printf("big day: %.1f s, %llu stimuli, %llu events\n", big_seconds, static_cast<unsigned long long>(big.stimuli()), static_cast<unsigned long long>(big.events()));
  std::printf("{\"centre_days_per_minute_floor\":{\"value\":%.1f,\"unit\":\"days/min\"},\"big_day_seconds\":{\"value\":%.1f,\"unit\":\"s\"},\"journal_replay_events_per_second\":{\"value\":%.0f,\"unit\":\"events/s\"}}\n", per_minute, big_seconds, replay);
}
