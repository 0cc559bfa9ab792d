// Chance from a seed: integers only, so that the same seed is the same run on every compiler and machine.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace pasokh::simulate {

class Dice {  // splitmix64
 public:
  // `stream` keeps the fates of different people apart: who draws more does not change what another draws.
  explicit Dice(std::uint64_t seed, std::uint64_t stream = 0) : state_(seed) { state_ ^= next() + stream * 0x9e3779b97f4a7c15ull; }

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>((next() >> 32) * static_cast<std::uint64_t>(n) >> 32); }  // n < 2^32
  bool permille(std::int64_t n) { return below(1'000) < n; }
  Duration between(Duration low, Duration high) { return low + Duration::milliseconds(below((high - low).ms() + 1)); }
  Duration exponential(Duration mean) { return {mean.us / 64 * minus_log(static_cast<std::uint32_t>(next() >> 32)) >> 18}; }
  Duration erlang(int shape, Duration mean) {  // the larger the shape, the more alike
    Duration sum;
    for (int i = 0; i < shape; ++i) sum += exponential(mean / shape);
    return sum;
  }

 private:
  // -ln((u + 1) / 2^32) in 2^-24, by repeated squaring.
  static std::int64_t minus_log(std::uint32_t u) {
    std::uint64_t x = static_cast<std::uint64_t>(u) + 1;
    std::int64_t whole = 0;
    while (x < (std::uint64_t{1} << 32)) { x <<= 1; ++whole; }
    std::int64_t fraction = 0;
    x >>= 1;  // in [2^31, 2^32): 1 to 2
    for (int bit = 0; bit < 24; ++bit) {
      x = (x * x) >> 31;
      fraction <<= 1;
      if (x >= (std::uint64_t{1} << 32)) { x >>= 1; fraction |= 1; }
    }
    return ((whole << 24) - fraction) * 11'629'080 >> 24;  // ln 2 = 11,629,080 / 2^24
  }

  std::uint64_t state_;
};

}  // namespace pasokh::simulate
