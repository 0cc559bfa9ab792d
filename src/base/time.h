// Instant: microseconds since 1970-01-01 UTC, from a clock that never steps back (see switchboard/clock.h).
// The pure modules get `now` handed in; they have no clock. Duration: microseconds.
#pragma once

#include <compare>
#include <cstdint>

namespace pasokh {

struct Duration {
  std::int64_t us = 0;

  static constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000}; }
  static constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000}; }
  static constexpr Duration minutes(std::int64_t n) { return {n * 60'000'000}; }
  static constexpr Duration hours(std::int64_t n) { return {n * 3'600'000'000}; }
  constexpr std::int64_t ms() const { return us / 1'000; }
  constexpr auto operator<=>(const Duration&) const = default;
};

struct Instant {
  std::int64_t us = 0;

  static constexpr Instant never() { return {INT64_MAX}; }
  constexpr auto operator<=>(const Instant&) const = default;
};

constexpr Duration operator+(Duration a, Duration b) { return {a.us + b.us}; }
constexpr Duration operator-(Duration a, Duration b) { return {a.us - b.us}; }
constexpr Duration operator*(Duration a, std::int64_t n) { return {a.us * n}; }
constexpr Duration operator*(std::int64_t n, Duration a) { return a * n; }
constexpr Duration operator/(Duration a, std::int64_t n) { return {a.us / n}; }
constexpr Instant operator+(Instant a, Duration b) { return a == Instant::never() ? a : Instant{a.us + b.us}; }
constexpr Instant operator-(Instant a, Duration b) { return {a.us - b.us}; }
constexpr Duration operator-(Instant a, Instant b) { return {a.us - b.us}; }
constexpr Duration& operator+=(Duration& a, Duration b) { a.us += b.us; return a; }

}  // namespace pasokh
