// A queue: a view of the one global line of callers. The line is ordered by promise (design §6).
#pragma once

#include <set>

#include "floor/types.h"

namespace pasokh::floor {

// Earlier in the line: higher priority, then earlier first arrival, then the smaller id.
struct WaitKey {
  std::int32_t priority = 0;
  Instant since;
  CallId call;
  bool operator==(const WaitKey&) const = default;
  bool operator<(const WaitKey& other) const {
    if (priority != other.priority) return priority > other.priority;
    if (since != other.since) return since < other.since;
    return call < other.call;
  }
};
using Line = std::set<WaitKey>;

struct Queue {
  QueueId id;
  bool exists = false;
  std::string code;
  QueueSettings settings;
  AgentId last_taken;            // round-robin's memory
  PASOKH_FIELDS(id, exists, code, settings, last_taken)

  // derived from the calls
  Line line;                     // everyone who waits here, ringing included
  std::vector<Line> unoffered;   // by skill step: who waits without an offer
  std::size_t steps() const { return settings.skills.size() + 1; }  // step 0: nobody needs anything yet
};

struct Number {
  NumberId id;
  bool exists = false;
  std::string digits;
  NumberSettings settings;
  PASOKH_FIELDS(id, exists, digits, settings)
};
struct Trunk {
  TrunkId id;
  bool exists = false;
  std::string code;
  TrunkSettings settings;
  PASOKH_FIELDS(id, exists, code, settings)

  std::int32_t channels = 0;     // derived: live legs
};

// The step that a caller has reached after waiting so long.
inline std::int32_t step_at(const QueueSettings& settings, Duration waited) {
  std::int32_t step = 0;
  for (const auto& s : settings.skills) {
    if (s.after > waited) break;
    ++step;
  }
  return step;
}
inline const std::vector<SkillLevel>& needs_at(const QueueSettings& settings, std::int32_t step) {
  static const std::vector<SkillLevel> nothing;
  return step == 0 ? nothing : settings.skills[static_cast<std::size_t>(step) - 1].needs;
}

}  // namespace pasokh::floor
