// A real day under other rules or other staffing, beside the day as it was: the figures with intervals over seeds, and who gained
// and who lost by it. The same callers come with the same patience in both; the n-th seed of one is paired with the n-th of the other.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/describe.h"
#include "simulate/books.h"
#include "simulate/history.h"

namespace pasokh::simulate {

// The mean, and the 95 % interval in which the mean of endlessly many seeds lies (Student's t).
struct Spread {
  std::int64_t mean = 0, low = 0, high = 0;
  bool operator==(const Spread&) const = default;
  PASOKH_FIELDS(mean, low, high)
};
Spread spread_of(const std::vector<std::int64_t>& values);

// Formulas as in office/reports/metrics.h (T: each queue's service_level), computed here from what people lived through.
template <class Number> struct DayTable {
  Number calls{}, answered{}, abandoned{}, short_abandoned{}, flowed_out{};
  Number service_level_strict_permille{}, service_level_ignoring_permille{}, service_level_lenient_permille{}, service_level_answered_permille{};
  Number asa_ms{}, longest_wait_ms{}, abandonment_permille{}, occupancy_permille{};
  Number jain_calls_ppm{}, jain_work_ppm{}, most_minus_least{};
  bool operator==(const DayTable&) const = default;
  PASOKH_FIELDS(calls, answered, abandoned, short_abandoned, flowed_out, service_level_strict_permille, service_level_ignoring_permille, service_level_lenient_permille,
                service_level_answered_permille, asa_ms, longest_wait_ms, abandonment_permille, occupancy_permille, jain_calls_ppm, jain_work_ppm, most_minus_least)
};
using DayFigures = DayTable<std::int64_t>;
DayFigures day_figures(const Books&, const Plan&, Instant now);

struct AgentShift {                      // an agent's day, means over the seeds
  std::string agent;
  std::int64_t calls_was_milli = 0, calls_now_milli = 0;   // handled calls × 1,000
  std::int64_t work_was_ms = 0, work_now_ms = 0;           // talk, hold and wrap-up
  bool is_new = false, is_gone = false;
  PASOKH_FIELDS(agent, calls_was_milli, calls_now_milli, work_was_ms, work_now_ms, is_new, is_gone)
};
struct WaitBand {                        // callers whose wait was in the band, means over the seeds × 1,000
  std::string band;                      // "0-10 s", …, "gave up"
  std::int64_t was_milli = 0, now_milli = 0;
  PASOKH_FIELDS(band, was_milli, now_milli)
};
struct CallersMoved {                    // the same caller on both days, means over the seeds × 1,000
  std::int64_t shorter_milli = 0, alike_milli = 0, longer_milli = 0;          // by more than five seconds: less is how fast somebody reached for the phone
  std::int64_t reached_milli = 0, lost_milli = 0;                             // gave up before, answered now; the reverse
  PASOKH_FIELDS(shorter_milli, alike_milli, longer_milli, reached_milli, lost_milli)
};

struct WhatIf {
  int seeds = 0;
  DayTable<Spread> unchanged, changed;
  std::vector<AgentShift> agents;        // who gained most calls first
  std::vector<WaitBand> bands;
  CallersMoved callers;
};
WhatIf what_if(const Plan& unchanged, const Plan& changed, int seeds);

}  // namespace pasokh::simulate
