// The whole state of the floor. What is saved stands in PASOKH_FIELDS; the rest is derived and can be rebuilt from it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "floor/agents/agent.h"
#include "floor/calls/call.h"
#include "floor/floor.h"
#include "floor/queues/queue.h"
#include "floor/routing/roster.h"

namespace pasokh::floor {

using Codes = std::map<std::string, std::uint64_t, std::less<>>;  // code -> id

// The last id given out, per kind. Even leg ids are ours, odd ones are the telephone side's.
struct Counters {
  std::uint64_t agent = 0, queue = 0, device = 0, number = 0, trunk = 0, call = 0, leg = 0, programme = 0, capture = 0;
  PASOKH_FIELDS(agent, queue, device, number, trunk, call, leg, programme, capture)
};

enum class TimerKind : std::uint8_t { call, agent, leg };
struct Timer {
  Instant at;
  TimerKind kind = TimerKind::call;
  std::uint64_t id = 0;
  auto operator<=>(const Timer&) const = default;
};

// What the outside has been told last, so that only changes go out.
struct Told {
  std::map<LegId, Hearing> hearing;      // forgotten with the leg
  std::map<CallId, Record> record;
};

struct Floor::State {
  std::vector<Agent> agents;     // [id - 1]; removed ones stay, `exists` false
  std::vector<Queue> queues;
  std::vector<Device> devices;
  std::vector<Number> numbers;
  std::vector<Trunk> trunks;
  CentreSettings centre;
  std::map<CallId, Call> calls;
  std::map<LegId, Leg> legs;
  Counters last;
  std::map<std::string, Timetable> hours;  // opening hours by code

  // derived
  Roster roster;                 // who may take what, and the ledger
  Codes agent_codes, agent_numbers, queue_codes, device_codes, number_codes, trunk_codes;
  std::set<Timer> timers;
  std::map<CallId, Instant> call_timer;  // what stands in `timers` for a call
  std::set<AgentId> freed;       // to be looked at by routing
  Line fresh;                    // callers to be looked at by routing
  std::set<CallId> touched;      // calls whose hearing or recording may have changed
  Told told;

  Agent& agent(AgentId id) { return agents[id.value - 1]; }
  const Agent& agent(AgentId id) const { return agents[id.value - 1]; }
  Queue& queue(QueueId id) { return queues[id.value - 1]; }
  const Queue& queue(QueueId id) const { return queues[id.value - 1]; }
  Device& device(DeviceId id) { return devices[id.value - 1]; }
  const Device& device(DeviceId id) const { return devices[id.value - 1]; }
  Call* find(CallId id) { auto it = calls.find(id); return it == calls.end() ? nullptr : &it->second; }
  const Call* find(CallId id) const { auto it = calls.find(id); return it == calls.end() ? nullptr : &it->second; }
  Leg* find(LegId id) { auto it = legs.find(id); return it == legs.end() ? nullptr : &it->second; }
  const Leg* find(LegId id) const { auto it = legs.find(id); return it == legs.end() ? nullptr : &it->second; }

  void evolve(const Event& event, Instant at);
  Duty duty(const Agent&) const;             // what the roster must know of an agent
  void tell_roster(AgentId);
  void ensure_roster();                      // built when routing needs it
  void roster_is_stale();                    // settings changed: the balances are kept, the rest is rebuilt
  void retime(const Call&);                  // its next deadline
  Instant due(const Call&) const;
  void rebuild_derived();                    // after load
};

using State = Floor::State;

WaitKey wait_key(const Call&);
std::uint64_t find_code(const Codes&, std::string_view);

}  // namespace pasokh::floor
