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

namespace pasokh::storage { class JournalReader; }

namespace pasokh::simulate {

struct Replayed {
  std::uint64_t events = 0;              // of the day
  std::uint64_t taken = 0;               // settings and measurements: facts, not decisions
  std::uint64_t decided_alike = 0;       // came out the same, byte for byte
  std::string first_difference;          // empty: none
  bool same_state = false;               // at the day's end
  std::string damaged;                   // not empty: the journal breaks there, within the day; what is before it was used
};

struct History {
  Plan plan;                             // its callers, its agents' hours; seed to be set by who runs it
  std::uint64_t abandons = 0, answers = 0;
  std::vector<std::string> modelled;     // what had to be assumed, in words
  Instant to;                            // the day's end; where the journal is damaged: the last sound event
  std::string damaged;                   // as in Replayed
};

// Trouble "day-empty"; "journal-damaged" when the damage lies before the day.
Result<Replayed> replay_day(const std::string& dir, Instant from, Instant to);
Result<History> history_of(const std::string& dir, Instant from, Instant to);

std::string damaged_range(storage::JournalReader&, std::uint64_t last_sound, const std::string& said);  // "events 5000-5100: missing"
Trouble damaged_before(const std::string& range);        // "journal-damaged"

// What a manager would change: strategy=longest-idle,agents+2,wrap_up=20s,ring=15s,max_wait=300s
struct Change {
  std::optional<floor::Strategy> strategy;
  std::optional<Duration> wrap_up, ring, max_wait;
  int agents = 0;
  bool sets_queues() const { return strategy || wrap_up || ring || max_wait; }
};
Result<Change> parse_change(const std::string& text);    // Trouble "change-unknown", "change-impossible"
Result<> apply(const Change&, Plan&);                    // Trouble "change-impossible": more agents leave than there are
void apply(const Change&, floor::QueueSettings&);
Result<> apply_change(Plan&, const std::string& change); // both

// The first thing that the changed rules decide otherwise than was decided on that day; nothing: they decide all of it alike.
struct Divergence {
  std::uint64_t seq = 0;
  Instant at;
  std::string kind;                      // of the event that stands there
};
Result<std::optional<Divergence>> first_divergence(const std::string& dir, Instant from, Instant to, const Change&);

}  // namespace pasokh::simulate
