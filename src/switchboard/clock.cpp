#include "switchboard/clock.h"

#include <time.h>

#include <cstdlib>
#include <fstream>

namespace pasokh::switchboard {
namespace {

std::int64_t read_us(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000;
}

std::string read_boot_id() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id;
}

}  // namespace

Clock::Clock(const std::string& anchor, Instant not_before) : boot_id_(read_boot_id()) {
  const auto space = anchor.find(' ');
  const auto boot = read_us(CLOCK_BOOTTIME);
  if (space != anchor.npos && anchor.substr(0, space) == boot_id_ && !boot_id_.empty()) {
    offset_us_ = std::strtoll(anchor.c_str() + space + 1, nullptr, 10);
  } else {
    offset_us_ = read_us(CLOCK_REALTIME) - boot;
  }
  if (boot + offset_us_ < not_before.us) offset_us_ = not_before.us + 1 - boot;  // the wall clock was set back: never repeat an instant
}

Instant Clock::now() const { return {read_us(CLOCK_BOOTTIME) + offset_us_}; }
std::string Clock::anchor() const { return boot_id_ + " " + std::to_string(offset_us_); }
Duration Clock::wall_drift() const { return {read_us(CLOCK_REALTIME) - now().us}; }

}  // namespace pasokh::switchboard
