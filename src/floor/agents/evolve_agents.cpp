#include <vector>

#include "floor/evolve.h"

namespace pasokh::floor {

// The idle clock runs only on duty: a break keeps what was earned before it and adds nothing (design §6, complaint 16).
void enter(State& state, Agent& agent, AgentState next, Instant at) {
  const bool was_on_duty = agent.on_duty();
  if (agent.state != next) agent.since = at;
  if (agent.state == AgentState::paused && next == AgentState::talking && agent.pause_next.empty()) agent.pause_next = agent.pause_reason;  // an own call in a break: the break goes on after it
  if (agent.state == AgentState::wrap_up && next != AgentState::wrap_up) {  // one timer per agent, gone with its state (complaint 34)
    state.timers.erase({agent.wrap_up_until, TimerKind::agent, agent.id.value});
    agent.wrap_up_until = Instant::never();
  }
  agent.state = next;
  if (was_on_duty && !agent.on_duty()) agent.idle_earned = at - agent.idle_since;
  if (!was_on_duty && agent.on_duty()) agent.idle_since = at - agent.idle_earned;
  state.tell_roster(agent.id);
}

void evolve(State& state, const AgentSignedIn& event, Instant at) {
  Agent& agent = state.agent(event.agent);
  if (agent.device) state.device(agent.device).seated = {};
  agent.device = event.device;
  state.device(event.device).seated = event.agent;
  if (agent.signed_in()) { state.tell_roster(event.agent); return; }
  agent.pause_reason = "signed_in";
  agent.pause_next.clear();
  enter(state, agent, AgentState::paused, at);
}

void evolve(State& state, const AgentSignedOut& event, Instant at) {
  Agent& agent = state.agent(event.agent);
  if (agent.device) state.device(agent.device).seated = {};
  agent.device = {};
  agent.pause_reason.clear();
  agent.pause_next.clear();
  enter(state, agent, AgentState::signed_out, at);
}

void evolve(State& state, const AgentReady& event, Instant at) {
  Agent& agent = state.agent(event.agent);
  agent.pause_next.clear();
  if (agent.state != AgentState::paused) return;  // in a call: only the wish to pause is taken back
  agent.pause_reason.clear();
  enter(state, agent, AgentState::ready, at);
}

void evolve(State& state, const AgentPaused& event, Instant at) {
  Agent& agent = state.agent(event.agent);
  if (agent.state == AgentState::talking || agent.state == AgentState::wrap_up) {
    agent.pause_next = event.reason;
    return;
  }
  agent.pause_reason = event.reason;
  enter(state, agent, AgentState::paused, at);
}

void evolve(State& state, const WrapUpStarted& event, Instant at) {
  Agent& agent = state.agent(event.agent);
  agent.wrap_up_until = event.until;
  agent.call = event.call;
  if (agent.state == AgentState::paused) agent.pause_next = agent.pause_reason;  // asked for during the call: after the wrap-up
  state.timers.insert({event.until, TimerKind::agent, agent.id.value});
  enter(state, agent, AgentState::wrap_up, at);
}

namespace {

// The end of a call or of its wrap-up: a pause that was asked for meanwhile holds from here.
void rest(State& state, Agent& agent, Instant at) {
  agent.next_line();
  if (agent.call) { enter(state, agent, AgentState::talking, at); return; }
  if (agent.pause_next.empty()) { enter(state, agent, AgentState::ready, at); return; }
  agent.pause_reason = std::move(agent.pause_next);
  agent.pause_next.clear();
  enter(state, agent, AgentState::paused, at);
}

}  // namespace

void evolve(State& state, const WrapUpEnded& event, Instant at) {
  Agent& agent = state.agent(event.agent);
  agent.idle_since = at;
  rest(state, agent, at);
}

void evolve(State& state, const CallReportDue& event, Instant) { state.agent(event.agent).reports_due.push_back(event.call); }

void evolve(State& state, const CallReportCompleted& event, Instant) {
  std::erase(state.agent(event.agent).reports_due, event.call);
  if (Call* call = state.find(event.call)) call->reported.push_back(event.agent);
}

void evolve(State& state, const CallReportWaived& event, Instant) { std::erase(state.agent(event.agent).reports_due, event.call); }

void evolve(State& state, const CallReportOverdue& event, Instant) {
  Agent& agent = state.agent(event.agent);
  state.timers.erase({agent.wrap_up_until, TimerKind::agent, agent.id.value});
  agent.wrap_up_until = Instant::never();
}

void evolve(State& state, const AgentLeftCall& event, Instant at) {
  Agent& agent = state.agent(event.agent);
  if (Call* call = state.find(event.call)) {
    if (call->agent == event.agent) { call->agent = {}; call->agent_leg = {}; call->held = false; }
    if (call->caller_agent == event.agent) call->caller_agent = {};
    settle_hearing(state, *call);
    state.touched.insert(event.call);
  }
  if (agent.call != event.call) return agent.drop_line(event.call);
  if (agent.state == AgentState::wrap_up) return;
  agent.idle_since = at;
  rest(state, agent, at);
}

void evolve(State& state, const DeviceReached& event, Instant) {
  Device& device = state.device(event.device);
  device.reachable = true;
  if (device.seated) state.tell_roster(device.seated);
}

void evolve(State& state, const DeviceLost& event, Instant) {
  Device& device = state.device(event.device);
  device.reachable = false;
  if (device.seated) state.tell_roster(device.seated);
}

void evolve(State& state, const LedgerCut& event, Instant) { state.roster.add(event.agent, event.by); }

}  // namespace pasokh::floor
