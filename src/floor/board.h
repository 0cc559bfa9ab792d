// Single rows of the floor for whoever shows it live, and what an event may have changed in them. A follower of the journal
// (its own Floor, evolved by the same events) uses these to send only the rows that changed; see api/live_floor.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "floor/floor.h"

namespace pasokh::floor {

struct AgentLook {
  std::string code;
  AgentState state = AgentState::signed_out;
  std::string reason;              // of the pause; otherwise of the pause that begins after the call
  Instant since;                   // of the state
  CallId call;
  QueueId call_queue;              // through which the call came
  std::string device;              // where they sit
  std::vector<QueueId> queues;     // memberships
  std::int64_t balance = 0;        // in 1/2^24 call
  CallId report_due;               // the first call whose report they owe
  bool operator==(const AgentLook&) const = default;
};
struct QueueLook {
  std::string code;
  std::int64_t waiting = 0;        // ringing included
  std::optional<Instant> longest_since;
  bool operator==(const QueueLook&) const = default;
};
struct WaitingLook {
  CallId call;
  PartyId caller;
  Instant since;
  std::int32_t priority = 0, position = 0;  // position: 1 is next
  bool offered = false;            // a phone rings for it
  bool operator==(const WaitingLook&) const = default;
};
// A call as one of its agents sees it.
struct CallLook {
  CallId call;
  Direction direction = Direction::inbound;
  std::string_view state;          // as in `list call`
  PartyId caller, called;          // called: outbound
  std::string number, queue, agent;
  Instant arrived, since;
  bool recording = false, held = false;
  std::string consult_agent;       // the colleague who is asked
  bool consult_answered = false, consulting = false;
  bool operator==(const CallLook&) const = default;
};

std::size_t agents_ever(const Floor&);   // ids go from 1 to this
std::size_t queues_ever(const Floor&);
std::optional<AgentLook> look(const Floor&, AgentId);  // nothing: removed, or never was
std::optional<QueueLook> look(const Floor&, QueueId);
std::vector<WaitingLook> line(const Floor&, QueueId, std::size_t most);  // in order
std::vector<CallLook> calls_of(const Floor&, AgentId);
inline constexpr std::int64_t balance_of_one_call = 1 << 24;

// Rows that are to be looked at again.
struct Touched {
  std::set<AgentId> agents;
  std::set<QueueId> queues;
};
// What the event names, and who is in the calls that it names. To be asked before the floor evolves by the event and after it:
// an event that ends a call no longer finds who was in it.
void touch(const Floor&, const Event&, Touched&);

}  // namespace pasokh::floor
