// How fast the simulator with telephones runs: days of a centre of 50 agents and 6,000 calls, without faults. The last line is a JSON
// object for `make bench`. Argument: how many days (default 3).
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "simulate/sip_world.h"

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
  const int days = argc > 1 ? std::atoi(argv[1]) : 3;
  const double began = cpu_seconds();
  std::uint64_t calls = 0, talks = 0, datagrams = 0, events = 0;
  for (int day = 1; day <= days; ++day) {
    SipWorld world(sip_centre_day(static_cast<std::uint64_t>(day)));
    world.run();
    calls += world.calls();
    talks += world.talks();
    datagrams += world.datagrams();
    events += world.control().events();
  }
  const double per_minute = days / (cpu_seconds() - began) * 60;
  std::printf("centre days with telephones: %.1f a minute of one core; a day: %llu calls, %llu talks, %llu messages, %llu events\n", per_minute, static_cast<unsigned long long>(calls / static_cast<std::uint64_t>(days)),
              static_cast<unsigned long long>(talks / static_cast<std::uint64_t>(days)), static_cast<unsigned long long>(datagrams / static_cast<std::uint64_t>(days)), static_cast<unsigned long long>(events / static_cast<std::uint64_t>(days)));
  std::printf("{\"centre_days_per_minute_sip\":{\"value\":%.1f,\"unit\":\"days/min\"}}\n", per_minute);
}
