// How fast the simulator runs: days of a centre of 50 agents and 6,000 calls, one big day, and a journal replayed. The last line
// is a JSON object for `make bench`. Argument: how many days (default 5); or `scale`: what a call costs with more and more agents.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "simulate/world.h"

using namespace pasokh;
using namespace pasokh::simulate;

namespace {

double cpu_seconds() {
  struct rusage used {};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

long resident_kib() {
  struct rusage used {};
  ::getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss;
}

// The morning of ever larger centres, the same load on each agent. People and floor are one program: an upper bound of the floor.
int scale() {
  std::printf("%8s %9s %12s %14s %16s %14s\n", "agents", "calls", "calls/s real", "CPU us a call", "CPU s an hour", "KiB an agent");
  long before = resident_kib();
  for (const int agents : {200, 1'000, 5'000, 20'000}) {
    Plan plan = big_day(1, agents, agents * 120);
    plan.calls.resize(6);                // three hours, 27 % of the day's calls
    std::int64_t calls = 0;
    for (const int n : plan.calls) calls += n;
    const double began = cpu_seconds(), hours = static_cast<double>(plan.length().us) / 3.6e9;
    World world(std::move(plan));
    world.run();
    const double spent = cpu_seconds() - began;
    const long now = resident_kib();
    std::printf("%8d %9lld %12.1f %14.1f %16.2f %14.1f\n", agents, static_cast<long long>(calls), static_cast<double>(calls) / hours / 3'600, spent * 1e6 / static_cast<double>(calls), spent / hours, static_cast<double>(now - before) / agents);
    std::fflush(stdout);
    before = now;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "scale") == 0) return scale();
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
