#include <algorithm>

#include "floor/evolve.h"

namespace pasokh::floor {
namespace {

void changed(State& state, Call& call) {
  settle_hearing(state, call);
  state.retime(call);
  state.touched.insert(call.id);
}

// Who sits at the leg talks in its call now; on a further line when they talk already.
void talks(State& state, const Leg& leg, Instant at) {
  Agent& agent = state.agent(leg.agent);
  if (agent.side_leg == leg.id) agent.side_leg = {};
  if (agent.in_call() && agent.call != leg.call) return agent.add_line(leg.call);
  agent.call = leg.call;
  enter(state, agent, AgentState::talking, at);
}

// The leg takes the agent's place in the call.
void take_place(State& state, Call& call, Leg& leg, Instant at) {
  call.held = false;
  call.answered = true;
  if (!leg.agent) {
    leg.role = LegRole::outside;
    call.outside = leg.id;
    return;
  }
  leg.role = LegRole::agent;
  call.agent = leg.agent;
  call.agent_leg = leg.id;
  talks(state, leg, at);
}

}  // namespace

void add_leg(State& state, Leg leg) {
  state.last.leg = std::max(state.last.leg, leg.id.value % 2 == 0 ? leg.id.value : 0);  // odd ones are the telephone side's
  if (leg.device && leg.role != LegRole::offer) {
    Device& device = state.device(leg.device);
    ++device.legs;
    if (device.seated) state.tell_roster(device.seated);
  }
  if (leg.trunk) ++state.trunks[leg.trunk.value - 1].channels;
  state.legs.insert_or_assign(leg.id, std::move(leg));
}

void drop_leg(State& state, LegId id) {
  auto it = state.legs.find(id);
  if (it == state.legs.end()) return;
  const Leg leg = std::move(it->second);
  state.legs.erase(it);
  state.told.hearing.erase(id);
  if (leg.deadline != Instant::never()) state.timers.erase({leg.deadline, TimerKind::leg, id.value});
  if (leg.trunk) --state.trunks[leg.trunk.value - 1].channels;
  if (leg.agent && state.agent(leg.agent).side_leg == id) {
    state.agent(leg.agent).side_leg = {};
    state.tell_roster(leg.agent);
  }
  if (leg.device && leg.role != LegRole::offer) {
    Device& device = state.device(leg.device);
    --device.legs;
    if (device.seated) state.tell_roster(device.seated);
  }
}

void evolve(State& state, const LegDialled& event, Instant) {
  Call& call = *state.find(event.call);
  Leg leg;
  if (Leg* known = state.find(event.leg)) {  // click to call: CallArrived named the agent's leg already
    leg = *known;
    drop_leg(state, event.leg);
  }
  leg.id = event.leg;
  leg.call = event.call;
  leg.role = event.purpose;
  leg.state = LegState::dialling;
  leg.agent = event.to_agent;
  leg.device = event.device;
  leg.trunk = event.device ? TrunkId{} : event.trunk;
  leg.party = event.party;
  leg.number = event.number;
  // whoever is rung sees the customer; a customer whom an agent calls sees the agent (effects.cpp), not the number of their own
  const bool is_called = event.purpose == LegRole::outside && call.direction == Direction::outbound;
  if (event.purpose != LegRole::agent && !is_called) leg.shown = call.caller;
  add_leg(state, leg);
  const SideParty side{event.leg, event.by, event.to_agent, event.deadline, false, {}};
  switch (event.purpose) {
    case LegRole::consult: call.consult = side; break;
    case LegRole::transfer: call.transfer = side; break;
    case LegRole::agent:  // click to call: the device rings first; trunk and party are those of the number to be dialled next
      call.agent_leg = event.leg;
      call.dial_deadline = event.deadline;
      call.wanted = event.party;
      call.wanted_trunk = event.trunk;
      break;
    case LegRole::outside:
    case LegRole::customer:
    case LegRole::offer:
    case LegRole::code: call.customer = event.leg; call.dial_deadline = event.deadline; break;
  }
  if (event.to_agent && event.purpose != LegRole::agent) {
    state.agent(event.to_agent).side_leg = event.leg;
    state.tell_roster(event.to_agent);
  }
  changed(state, call);
}

void evolve(State& state, const LegAnswered& event, Instant at) {
  Call& call = *state.find(event.call);
  Leg* leg = state.find(event.leg);
  if (!leg) return;
  leg->state = LegState::up;
  if (event.leg == call.consult.leg) {
    call.consult.answered = true;
    call.consult.deadline = Instant::never();
    if (leg->agent) talks(state, *leg, at);
  } else if (event.leg == call.transfer.leg) {
    call.transfer = {};
    take_place(state, call, *leg, at);
  } else if (event.leg == call.customer) {
    call.answered = true;
    call.dial_deadline = Instant::never();
    if (leg->agent) talks(state, *leg, at);  // an internal call: who was called talks too
  } else if (event.leg == call.agent_leg) {
    call.dial_deadline = Instant::never();
    call.accepted = true;
  }
  changed(state, call);
}

void evolve(State& state, const LegEnded& event, Instant) {
  drop_leg(state, event.leg);
  Call* call = state.find(event.call);
  if (!call) return;
  if (call->customer == event.leg) call->customer = {};
  if (call->agent_leg == event.leg) call->agent_leg = {};
  if (call->outside == event.leg) call->outside = {};
  if (call->consult.leg == event.leg) call->consult = {};
  if (call->transfer.leg == event.leg) call->transfer = {};
  changed(state, *call);
}

void evolve(State&, const ConsultStarted&, Instant) {}  // LegDialled has made the leg

void evolve(State& state, const ConsultEnded& event, Instant) {
  Call& call = *state.find(event.call);
  call.consult = {};
  changed(state, call);
}

void evolve(State& state, const CallTransferred& event, Instant at) {
  Call& call = *state.find(event.call);
  call.held = false;
  if (event.to_leg && event.to_leg == call.consult.leg) {
    const bool answered = call.consult.answered;
    if (answered) {
      call.consult = {};
      if (Leg* leg = state.find(event.to_leg)) take_place(state, call, *leg, at);
    } else {  // the agent let go while it still rang: it goes on as a blind transfer
      call.transfer = call.consult;
      call.consult = {};
      if (Leg* leg = state.find(event.to_leg)) leg->role = LegRole::transfer;
    }
  }
  changed(state, call);
}

void evolve(State& state, const CodeDialled& event, Instant) {
  Leg leg;
  leg.id = event.leg;
  leg.role = LegRole::code;
  leg.state = LegState::up;
  leg.device = event.device;
  leg.deadline = event.deadline;
  leg.hearing.programme = {ProgrammeId{++state.last.programme}, {{"tone", event.accepted ? "confirm" : "refuse", 0}}, false, Language::fa};
  state.timers.insert({event.deadline, TimerKind::leg, event.leg.value});
  add_leg(state, leg);
}

// `leg` (in `from`) becomes the partner of call's customer; `from` ends by its own events, which follow.
void evolve(State& state, const CallsJoined& event, Instant at) {
  Call& call = *state.find(event.call);
  Call& from = *state.find(event.from);
  Leg* leg = state.find(event.leg);
  if (!leg) return;
  for (LegId* place : {&from.customer, &from.outside, &from.agent_leg}) if (*place == event.leg) *place = {};
  leg->call = event.call;
  if (leg->agent) { state.agent(leg->agent).rename_line(event.from, event.call); if (from.agent == leg->agent) from.agent = {}; }
  take_place(state, call, *leg, at);
  changed(state, call);
  changed(state, from);
}

void evolve(State& state, const LegReplaced& event, Instant) {
  if (state.find(event.by)) return;
  auto node = state.legs.extract(event.leg);
  if (!node) return;
  if (const AgentId agent = node.mapped().agent; agent && state.agent(agent).side_leg == event.leg) state.agent(agent).side_leg = event.by;
  node.key() = event.by;
  node.mapped().id = event.by;
  state.legs.insert(std::move(node));
  auto rename = [&](LegId& leg) { if (leg == event.leg) leg = event.by; };
  if (auto told = state.told.hearing.extract(event.leg)) state.told.hearing[event.by] = std::move(told.mapped());
  Call* call = state.find(event.call);
  if (!call) return;
  for (LegId* leg : {&call->customer, &call->agent_leg, &call->outside, &call->consult.leg, &call->consult.progress_to, &call->transfer.leg, &call->transfer.progress_to}) rename(*leg);
  for (auto& offer : call->offers) rename(offer.leg);
  changed(state, *call);  // whoever heard the old leg hears the new one
}

}  // namespace pasokh::floor
