#include <algorithm>

#include "floor/evolve.h"

namespace pasokh::floor {
namespace {

void changed(State& state, Call& call) {
  settle_hearing(state, call);
  state.retime(call);
  state.touched.insert(call.id);
}

Offer take_offer(Call& call, AgentId agent) {
  auto it = std::find_if(call.offers.begin(), call.offers.end(), [&](const Offer& o) { return o.agent == agent; });
  if (it == call.offers.end()) return {};
  Offer offer = *it;
  call.offers.erase(it);
  return offer;
}

void free_from_offer(State& state, Agent& agent, CallId call, Instant at) {
  if (agent.state != AgentState::offered || agent.call != call) return;
  agent.call = {};
  enter(state, agent, AgentState::ready, at);
}

}  // namespace

void stand_in_line(State& state, Call& call) {
  if (call.unoffered) return;
  call.unoffered = true;
  Queue& queue = state.queue(call.queue);
  if (queue.unoffered.size() < queue.steps()) queue.unoffered.resize(queue.steps());
  queue.unoffered[static_cast<std::size_t>(call.step)].insert(wait_key(call));
  state.fresh.insert(wait_key(call));
}

void leave_line(State& state, Call& call) {
  if (!call.unoffered) return;
  call.unoffered = false;
  state.queue(call.queue).unoffered[static_cast<std::size_t>(call.step)].erase(wait_key(call));
  state.fresh.erase(wait_key(call));
}

void evolve(State& state, const CallArrived& event, Instant at) {
  state.last.call = std::max(state.last.call, event.call.value);
  Call& call = state.calls[event.call];
  call.id = event.call;
  call.direction = event.direction;
  call.language = event.language;
  call.caller = event.caller;
  call.number = event.number;
  call.trunk = event.trunk;
  call.device = event.device;
  call.arrived = call.since = at;
  Leg leg;
  leg.id = event.leg;
  leg.call = event.call;
  leg.role = event.direction == Direction::inbound ? LegRole::customer : LegRole::agent;
  leg.agent = event.agent;
  leg.device = event.device;
  leg.trunk = event.direction == Direction::inbound ? event.trunk : TrunkId{};
  (event.direction == Direction::inbound ? call.customer : call.agent_leg) = event.leg;
  add_leg(state, leg);
  if (event.agent) {
    call.agent = event.agent;
    Agent& agent = state.agent(event.agent);
    if (agent.in_call()) agent.add_line(event.call);
    else { agent.call = event.call; enter(state, agent, AgentState::talking, at); }
  }
  changed(state, call);
}

void evolve(State& state, const CallAnswered& event, Instant) {
  Call& call = *state.find(event.call);
  call.accepted = true;
  if (Leg* leg = state.find(event.leg)) leg->state = LegState::up;
  changed(state, call);
}

void evolve(State& state, const CallQueued& event, Instant at) {
  Call& call = *state.find(event.call);
  if (!call.customer) {  // a device of ours called the queue: who sits there is the customer now
    call.customer = call.agent_leg;
    call.caller_agent = call.agent;
    call.agent = {};
    call.agent_leg = {};
    if (Leg* leg = state.find(call.customer)) leg->role = LegRole::customer;
  }
  Queue& queue = state.queue(event.queue);
  call.waiting = true;
  call.held = false;
  call.queue = event.queue;
  call.priority = event.priority;
  call.since = event.since;
  call.entered = at;
  call.step = step_at(queue.settings, at - call.since);
  call.asked.clear();
  if (queue.settings.record && queue.settings.notice && call.notice == Notice::none && !call.recording) {
    call.notice = Notice::playing;
    call.notice_deadline = at + notice_limit;
  }
  call.place_told = queue.settings.announce_place ? event.place : 0;
  call.place_told_at = call.announced_at = at;
  call.greeting = true;
  call.announcing = false;
  ++call.programme_version;
  queue.line.insert(wait_key(call));
  stand_in_line(state, call);
  changed(state, call);
}

void evolve(State& state, const CallLeftQueue& event, Instant) {
  Call& call = *state.find(event.call);
  leave_line(state, call);
  state.queue(call.queue).line.erase(wait_key(call));
  call.waiting = false;
  if (event.why == LeftQueue::overflow_queue) call.overflowed.push_back(event.queue);
  changed(state, call);
}

void evolve(State& state, const CallOffered& event, Instant at) {
  Call& call = *state.find(event.call);
  Agent& agent = state.agent(event.agent);
  state.last.leg = std::max(state.last.leg, event.leg.value);
  leave_line(state, call);
  call.offers.push_back({event.agent, event.device, event.leg, event.deadline, event.reason.skill_step, !event.reason.given_by.empty()});
  if (std::find(call.asked.begin(), call.asked.end(), event.agent) != call.asked.end()) call.asked.clear();  // all were asked: a new round
  call.asked.push_back(event.agent);
  state.queue(event.queue).last_taken = event.agent;
  agent.call = event.call;
  enter(state, agent, AgentState::offered, at);
  Leg leg;
  leg.id = event.leg;
  leg.call = event.call;
  leg.role = LegRole::offer;
  leg.state = LegState::dialling;
  leg.agent = event.agent;
  leg.device = event.device;
  leg.shown = call.caller;
  add_leg(state, leg);
  state.ensure_roster();
  state.roster.charge(state.roster.pool(event.queue, event.reason.skill_step), event.agent, +1);
  changed(state, call);
}

void evolve(State& state, const OfferRinging& event, Instant) {
  if (Leg* leg = state.find(event.leg)) leg->ringing = true;
}

void evolve(State& state, const OfferAnswered& event, Instant at) {
  Call& call = *state.find(event.call);
  take_offer(call, event.agent);
  call.agent = event.agent;
  call.agent_leg = event.leg;
  call.answered = true;
  call.held = false;
  Agent& agent = state.agent(event.agent);
  enter(state, agent, AgentState::talking, at);
  if (Leg* leg = state.find(event.leg)) {
    leg->role = LegRole::agent;
    leg->state = LegState::up;
    if (leg->device) ++state.device(leg->device).legs;
  }
  changed(state, call);
}

void evolve(State& state, const OfferLapsed& event, Instant at) {
  Call& call = *state.find(event.call);
  take_offer(call, event.agent);
  drop_leg(state, event.leg);
  Agent& agent = state.agent(event.agent);
  agent.idle_since = at;  // an unanswered offer moves the fairness clock (complaint 2)
  free_from_offer(state, agent, event.call, at);
  if (call.waiting && call.offers.empty()) stand_in_line(state, call);
  changed(state, call);
}

void evolve(State& state, const OfferWithdrawn& event, Instant at) {
  Call& call = *state.find(event.call);
  const Offer offer = take_offer(call, event.agent);
  drop_leg(state, event.leg);
  if (event.why != WithdrawReason::agent_left) {  // design §6: the agent did nothing wrong, the share is given back
    state.ensure_roster();
    state.roster.charge(state.roster.pool(call.queue, std::min<std::int32_t>(offer.step, static_cast<std::int32_t>(state.queue(call.queue).steps()) - 1)), event.agent, -1);
  }
  free_from_offer(state, state.agent(event.agent), event.call, at);
  if (call.waiting && call.offers.empty()) stand_in_line(state, call);
  changed(state, call);
}

void evolve(State& state, const CallHeld& event, Instant) {
  Call& call = *state.find(event.call);
  call.held = true;
  changed(state, call);
}

void evolve(State& state, const CallResumed& event, Instant) {
  Call& call = *state.find(event.call);
  call.held = false;
  changed(state, call);
}

void evolve(State& state, const CallEnded& event, Instant) {
  Call& call = *state.find(event.call);
  for (auto it = call.offers.begin(); it != call.offers.end(); ++it) drop_leg(state, it->leg);
  for (const LegId leg : {call.customer, call.agent_leg, call.outside, call.consult.leg, call.transfer.leg}) drop_leg(state, leg);
  if (auto it = state.call_timer.find(event.call); it != state.call_timer.end()) {
    state.timers.erase({it->second, TimerKind::call, event.call.value});
    state.call_timer.erase(it);
  }
  state.touched.insert(event.call);
  state.calls.erase(event.call);
}

void evolve(State& state, const NoticeEnded& event, Instant) {
  Call& call = *state.find(event.call);
  call.notice = Notice::ended;
  call.notice_deadline = Instant::never();
  changed(state, call);
}

void evolve(State& state, const PlaceAnnounced& event, Instant at) {
  Call& call = *state.find(event.call);
  call.place_told = event.place;
  call.place_told_at = at;
  call.greeting = call.announcing = false;
  ++call.programme_version;
  changed(state, call);
}

void evolve(State& state, const Announced& event, Instant at) {
  Call& call = *state.find(event.call);
  if (call.place_told_at != at) call.place_told = 0;  // told long ago, and may be another one now
  call.announced_at = at;
  call.greeting = false;
  call.announcing = true;
  ++call.programme_version;
  changed(state, call);
}

void evolve(State& state, const SkillsRelaxed& event, Instant) {
  Call& call = *state.find(event.call);
  const bool stood = call.unoffered;
  leave_line(state, call);
  call.step = event.step;
  if (stood) stand_in_line(state, call);
  changed(state, call);
}

void evolve(State& state, const RecordingStarted& event, Instant) {
  Call& call = *state.find(event.call);
  state.last.capture = std::max(state.last.capture, event.capture.value);
  call.capture = event.capture;
  call.recording = true;
  changed(state, call);
}

void evolve(State& state, const RecordingStopped& event, Instant) {
  Call* call = state.find(event.call);
  if (!call) return;
  call->recording = false;
  changed(state, *call);
}

void evolve(State& state, const RecordingFailed& event, Instant) {
  Call* call = state.find(event.call);  // the finisher may say so long after the call
  if (!call || call->capture != event.capture) return;
  call->recording = false;
  call->capture_failed = true;
  changed(state, *call);
}

void evolve(State& state, const CallTurnedAway& event, Instant) {
  Call& call = *state.find(event.call);
  call.farewell = event.prompt;
  call.farewell_deadline = event.deadline;
  changed(state, call);
}

void evolve(State&, const RecordingErased&, Instant) {}
void evolve(State&, const RecordingMarked&, Instant) {}
void evolve(State&, const RecordingFinished&, Instant) {}
void evolve(State&, const LegMeasured&, Instant) {}
void evolve(State&, const AlarmRaised&, Instant) {}

}  // namespace pasokh::floor
