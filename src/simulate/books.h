// What the simulated people lived through, written down by themselves: who waited how long, who was rung, who talked when.
// The figures of a day come from here by arithmetic of its own; storage and office/reports are held to them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace pasokh::simulate {

struct Waited {
  CallId call;
  int queue = 0;                       // index
  Instant from;
  std::optional<Instant> to;
  enum class End : std::uint8_t { waits, answered, gave_up, moved } end = End::waits;
};
struct Talked {
  CallId call;
  int agent = 0, queue = -1;           // queue -1: not through a queue (a colleague passed the call on)
  Instant from;
  std::optional<Instant> to, held_from, wrap_from, wrap_to;
  Duration hold;
  bool only_asked = false;             // a consult that did not take the call
};
struct Rung {
  int agent = 0, queue = 0;
  Instant at;
  std::int32_t free = 0;
  enum class End : std::uint8_t { rings, answered, let_ring, taken_back } end = End::rings;
};
struct Spent {                         // an agent's time
  int agent = 0;
  Instant from, to;
  enum class As : std::uint8_t { ready, paused, rung, talking, wrap_up } as = As::ready;
};

struct Books {
  std::vector<Waited> waits;
  std::vector<Talked> talks;
  std::vector<Rung> rings;
  std::vector<Spent> times;
};

struct QueueSums {
  std::int64_t entered = 0, answered = 0, answered_in_time = 0, abandoned = 0, short_abandoned = 0, moved = 0;
  Duration wait_answered, wait_longest, talk, hold, wrap_up;
  std::int64_t handled = 0;
};
struct AgentSums {
  std::int64_t rung = 0, answered = 0, let_ring = 0, taken_back = 0, handled = 0, forced = 0;
  Duration ready, paused, ringing, talking, wrapping, talk, hold, wrap_up;
  Duration on_duty() const { return ready + ringing + talking + wrapping; }
};
struct Thresholds { Duration service_level, short_abandon; };

QueueSums queue_sums(const Books&, int queue, Thresholds, Instant now);
AgentSums agent_sums(const Books&, int agent, Instant now);

// A day in a line.
struct DaySums {
  std::int64_t calls = 0, answered = 0, answered_in_time = 0, abandoned = 0, moved = 0;
  std::int64_t mean_wait_ms = 0, longest_wait_ms = 0;   // of those answered; of all
  std::int64_t jain_ppm = 0, most = 0, least = 0, occupancy_permille = 0;
  std::int64_t jain_work_ppm = 0;
  std::int64_t forced_permille = 0;    // offers made with one agent free
};
DaySums day_sums(const Books&, int queues, int agents, Thresholds, Instant now);

}  // namespace pasokh::simulate
