// A real day out of a journal: decided once more under the same rules (it must come out the same), and turned into a plan that
// can be run under others.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "floor/floor.h"
#include "simulate/books.h"
#include "simulate/plan.h"

namespace pasokh::simulate {

struct Replayed {
  std::uint64_t events = 0;              // of the day
  std::uint64_t taken = 0;               // settings and measurements: facts, not decisions
  std::uint64_t decided_alike = 0;       // came out the same, byte for byte
  std::string first_difference;          // empty: none
  bool same_state = false;               // at the day's end
};

struct History {
  Plan plan;                             // its callers, its agents' hours; seed to be set by who runs it
  std::uint64_t abandons = 0, answers = 0;
  std::vector<std::string> modelled;     // what had to be assumed, in words
};

// Trouble "day-empty", "journal-damaged".
Result<Replayed> replay_day(const std::string& dir, Instant from, Instant to);
Result<History> history_of(const std::string& dir, Instant from, Instant to);

// strategy=longest-idle,agents+2,wrap_up=20s,ring=15s; Trouble "change-unknown", "change-impossible".
Result<> apply_change(Plan&, const std::string& change);

}  // namespace pasokh::simulate
