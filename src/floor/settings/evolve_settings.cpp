#include <algorithm>

#include "floor/evolve.h"

namespace pasokh::floor {
namespace {

template <class Noun, class Id>
Noun& place(std::vector<Noun>& all, Id id, std::uint64_t& last) {
  if (all.size() < id.value) all.resize(id.value);
  last = std::max(last, id.value);
  Noun& noun = all[id.value - 1];
  noun.id = id;
  noun.exists = true;
  return noun;
}

}  // namespace

void evolve(State& state, const QueueSet& event, Instant at) {
  const bool is_new = event.queue.value > state.last.queue;
  Queue& queue = place(state.queues, event.queue, state.last.queue);
  const bool routes_anew = is_new || queue.settings.strategy != event.settings.strategy || queue.settings.skills != event.settings.skills;
  queue.code = event.code;
  state.queue_codes[event.code] = event.queue.value;
  if (routes_anew) {
    for (const WaitKey& key : queue.line) leave_line(state, *state.find(key.call));
    state.roster_is_stale();
  }
  queue.settings = event.settings;
  queue.unoffered.resize(queue.steps());
  for (const WaitKey& key : queue.line) {
    Call& call = *state.find(key.call);
    if (routes_anew) {
      call.step = step_at(queue.settings, at - call.since);
      if (call.offers.empty()) stand_in_line(state, call);
    }
    state.retime(call);
  }
}

void evolve(State& state, const QueueRemoved& event, Instant) {
  Queue& queue = state.queue(event.queue);
  queue.exists = false;
  state.queue_codes.erase(queue.code);
  state.roster_is_stale();
}

void evolve(State& state, const AgentSet& event, Instant) {
  const bool is_new = event.agent.value > state.last.agent;
  Agent& agent = place(state.agents, event.agent, state.last.agent);
  if (is_new || agent.settings.queues != event.settings.queues || agent.settings.skills != event.settings.skills) state.roster_is_stale();
  if (!agent.settings.number.empty()) state.agent_numbers.erase(agent.settings.number);
  agent.code = event.code;
  agent.settings = event.settings;
  state.agent_codes[event.code] = event.agent.value;
  if (!event.settings.number.empty()) state.agent_numbers[event.settings.number] = event.agent.value;
  state.tell_roster(event.agent);
}

void evolve(State& state, const AgentRemoved& event, Instant at) {
  Agent& agent = state.agent(event.agent);
  enter(state, agent, AgentState::signed_out, at);
  if (agent.device) state.device(agent.device).seated = {};
  agent.device = {};
  agent.exists = false;
  state.agent_codes.erase(agent.code);
  if (!agent.settings.number.empty()) state.agent_numbers.erase(agent.settings.number);
  state.roster_is_stale();
}

void evolve(State& state, const DeviceSet& event, Instant) {
  Device& device = place(state.devices, event.device, state.last.device);
  device.user = event.user;
  device.usual = event.usual;
  device.kind = event.is;
  state.device_codes[event.user] = event.device.value;
}

void evolve(State& state, const DeviceRemoved& event, Instant) {
  Device& device = state.device(event.device);
  device.exists = false;
  state.device_codes.erase(device.user);
}

void evolve(State& state, const NumberSet& event, Instant) {
  Number& number = place(state.numbers, event.number, state.last.number);
  number.digits = event.digits;
  number.settings = event.settings;
  state.number_codes[event.digits] = event.number.value;
}

void evolve(State& state, const NumberRemoved& event, Instant) {
  Number& number = state.numbers[event.number.value - 1];
  number.exists = false;
  state.number_codes.erase(number.digits);
}

void evolve(State& state, const TrunkSet& event, Instant) {
  Trunk& trunk = place(state.trunks, event.trunk, state.last.trunk);
  trunk.code = event.code;
  trunk.settings = event.settings;
  state.trunk_codes[event.code] = event.trunk.value;
}

void evolve(State& state, const TrunkRemoved& event, Instant) {
  Trunk& trunk = state.trunks[event.trunk.value - 1];
  trunk.exists = false;
  state.trunk_codes.erase(trunk.code);
}

void evolve(State& state, const CentreSet& event, Instant) { state.centre = event.settings; }

void evolve(State& state, const HoursSet& event, Instant) { state.hours[event.code] = event.timetable; }
void evolve(State& state, const HoursRemoved& event, Instant) { state.hours.erase(event.code); }

}  // namespace pasokh::floor
