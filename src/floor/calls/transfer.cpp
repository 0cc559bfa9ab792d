// Blind and consult transfers, by API and by the phone's own REFER. Whatever fails, the customer goes back to a person or into
// the line, never nowhere.
#include "floor/desk.h"

namespace pasokh::floor {
namespace {

struct Target {
  AgentId agent;
  QueueId queue;
  TrunkId trunk;
  PartyId party;
};

bool can_ring(const State& state, AgentId id) {
  const Agent& agent = state.agent(id);
  return agent.signed_in() && !agent.in_call() && agent.state != AgentState::offered && !agent.side_leg && state.device(agent.device).reachable &&
         state.device(agent.device).legs == 0;
}

void dial_target(Desk& desk, CallId id, AgentId by, const Target& target, LegRole purpose) {
  const DeviceId device = target.agent ? desk.state.agent(target.agent).device : DeviceId{};
  desk.put(LegDialled{id, desk.next_leg(), by, target.agent, device, target.agent ? TrunkId{} : target.trunk, target.party, "", purpose, desk.now + dial_limit});
}

// The customer goes back to the head of the line that the call came from; without one the call ends.
void back_to_line(Desk& desk, CallId id, EndCause cause) {
  const Call& call = *desk.state.find(id);
  if (call.queue && call.direction != Direction::outbound && desk.state.queue(call.queue).exists) return enqueue(desk, id, call.queue, call.since);
  end_call(desk, id, Outcome::failed, cause);
}

void let_agent_go(Desk& desk, CallId id, AgentId agent, EndCause cause) {
  const LegId leg = desk.state.find(id)->agent_leg;
  end_leg(desk, id, leg, cause);
  agent_leaves(desk, id, agent);
}

void blind(Desk& desk, CallId id, const Target& target, EndCause how_leg_ends) {
  const AgentId from = desk.state.find(id)->agent;
  desk.put(CallTransferred{id, from, TransferKind::blind, target.agent, target.queue, {}});
  if (from) let_agent_go(desk, id, from, how_leg_ends);
  else end_leg(desk, id, desk.state.find(id)->agent_leg, how_leg_ends);
  if (target.queue) return enqueue(desk, id, target.queue, desk.state.find(id)->arrived);
  dial_target(desk, id, from, target, LegRole::transfer);
}

void consult(Desk& desk, CallId id, const Target& target) {
  const AgentId from = desk.state.find(id)->agent;
  if (desk.state.find(id)->held) set_held(desk, id, false);
  desk.put(ConsultStarted{id, from, desk.next_leg(), target.queue});
  dial_target(desk, id, from, target, LegRole::consult);
  if (desk.state.find(id)->recording) desk.put(RecordingMarked{id, desk.state.find(id)->capture, "hold"});
}

// A consult with a queue rings the best of its agents who is free.
AgentId best_of(State& state, QueueId queue) {
  state.ensure_roster();
  std::vector<Candidate> ranking;
  state.roster.best(state.roster.pool(queue, 0), state.queue(queue).settings.strategy, state.queue(queue).last_taken, 1, ranking);
  return ranking.empty() ? AgentId{} : ranking.front().agent;
}

// Our digits, as dialled at a phone: a colleague, a queue, or outside.
Target target_of(const State& state, const std::string& dialled, PartyId party) {
  if (const AgentId agent{find_code(state.agent_numbers, dialled)}) return {agent, {}, {}, {}};
  if (const NumberId number{find_code(state.number_codes, dialled)})
    return {{}, QueueId{find_code(state.queue_codes, state.numbers[number.value - 1].settings.queue)}, {}, {}};
  const Way way = way_outside(state, dialled);
  return way.allowed ? Target{{}, {}, way.trunk, party} : Target{};
}

Target target_asked(Desk& desk, const Transfer& stimulus) {
  const State& state = desk.state;
  if (!stimulus.to_agent.empty()) return {agent_named(desk, stimulus.to_agent), {}, {}, {}};
  if (!stimulus.to_queue.empty()) {
    const QueueId queue{find_code(state.queue_codes, stimulus.to_queue)};
    if (!queue) desk.refuse("queue-unknown", "There is no queue \"" + stimulus.to_queue + "\".");
    return {{}, queue, {}, {}};
  }
  const Target target = target_of(state, stimulus.to_number, stimulus.party);
  if (!target.agent && !target.queue && !target.trunk) desk.refuse("number-not-allowed", "The outbound plan does not allow this number.");
  return target;
}

Call* call_served_by(Desk& desk, const std::string& code, AgentId& agent) {
  agent = agent_named(desk, code);
  if (desk.refused()) return nullptr;
  Call* call = desk.state.find(desk.state.agent(agent).call);
  if (!desk.state.agent(agent).in_call() || !call || call->agent != agent || !call->customer) {
    desk.refuse("not-in-call", "Agent " + code + " is not talking to anybody.");
    return nullptr;
  }
  return call;
}

void consult_over(Desk& desk, CallId id, LegId leg, EndCause cause) {
  const Call& call = *desk.state.find(id);
  const AgentId by = call.agent, consulted = desk.state.find(leg) ? desk.state.find(leg)->agent : AgentId{};
  const bool talked = call.consult.answered;
  end_leg(desk, id, leg, cause);
  desk.put(ConsultEnded{id, by, leg});
  if (consulted && talked) agent_leaves(desk, id, consulted);
  if (desk.state.find(id)->recording) desk.put(RecordingMarked{id, desk.state.find(id)->capture, "resume"});
}

void complete(Desk& desk, CallId id, EndCause how_leg_ends) {
  const Call& call = *desk.state.find(id);
  const AgentId from = call.agent;
  const LegId leg = call.agent_leg, to = call.consult.leg;
  const AgentId to_agent = desk.state.find(to)->agent;
  const bool answered = call.consult.answered;
  end_leg(desk, id, leg, how_leg_ends);
  if (from) agent_leaves(desk, id, from);
  desk.put(CallTransferred{id, from, TransferKind::consult, to_agent, {}, to});
  if (!answered) return;
  if (desk.state.find(id)->recording) desk.put(RecordingMarked{id, desk.state.find(id)->capture, "resume"});
  record_if_due(desk, id);
}

}  // namespace

void transfer(Desk& desk, const Transfer& stimulus) {
  AgentId agent;
  const Call* call = call_served_by(desk, stimulus.agent, agent);
  if (!call) return;
  if (call->consult.leg) return desk.refuse("consult-going-on", "A consult is going on: complete or cancel it first.");
  const CallId id = call->id;
  Target target = target_asked(desk, stimulus);
  if (desk.refused()) return;
  if (stimulus.how == TransferKind::consult && target.queue) {
    target.agent = best_of(desk.state, target.queue);
    if (!target.agent) return desk.refuse("nobody-free", "Nobody of that queue is free now.");
  }
  if (target.agent == agent) return desk.refuse("same-agent", "An agent cannot transfer a call to themselves.");
  if (target.agent && !can_ring(desk.state, target.agent)) return desk.refuse("agent-not-free", "That agent cannot take a call now.");
  if (stimulus.how == TransferKind::consult) return consult(desk, id, target);
  blind(desk, id, target, EndCause::transferred);
}

void complete_transfer(Desk& desk, const CompleteTransfer& stimulus) {
  AgentId agent;
  const Call* call = call_served_by(desk, stimulus.agent, agent);
  if (!call) return;
  if (!call->consult.leg) return desk.refuse("no-consult", "There is no consult to complete.");
  complete(desk, call->id, EndCause::transferred);
}

void cancel_consult(Desk& desk, const CancelConsult& stimulus) {
  AgentId agent;
  const Call* call = call_served_by(desk, stimulus.agent, agent);
  if (!call) return;
  if (!call->consult.leg) return desk.refuse("no-consult", "There is no consult to cancel.");
  consult_over(desk, call->id, call->consult.leg, EndCause::cancelled);
}

void side_party_answered(Desk& desk, CallId id, LegId leg) {
  const LegId progress = desk.state.find(id)->transfer.leg == leg ? desk.state.find(id)->transfer.progress_to : LegId{};
  if (const Leg* answered = desk.state.find(leg); answered->agent && desk.state.agent(answered->agent).state == AgentState::wrap_up) interrupt_wrap_up(desk, answered->agent);
  desk.put(LegAnswered{id, leg});
  if (progress) desk.effect(TransferProgress{progress, true, true});
  record_if_due(desk, id);
}

void side_party_gone(Desk& desk, CallId id, LegId leg, EndCause cause, bool by_itself) {
  const Call& call = *desk.state.find(id);
  const EndCause ends = by_itself ? cause : EndCause::timed_out;
  if (call.consult.leg == leg) return consult_over(desk, id, leg, ends);
  if (call.transfer.leg != leg) return end_leg(desk, id, leg, ends);
  const LegId progress = call.transfer.progress_to;
  const bool was_overflow = !call.transfer.by && !call.answered;
  end_leg(desk, id, leg, ends);
  if (progress) desk.effect(TransferProgress{progress, true, false});
  if (was_overflow) return end_call(desk, id, call.queue ? Outcome::waited_out : Outcome::closed, cause);  // no queue: sent on by a closed number
  back_to_line(desk, id, cause);
}

// Hanging up during a consult hands the customer over; a phone that vanishes gives the caller back to the line (D5).
void serving_leg_gone(Desk& desk, CallId id, EndCause cause) {
  const Call& call = *desk.state.find(id);
  const LegId leg = call.agent_leg;
  const AgentId agent = call.agent;
  if (call.consult.leg) return complete(desk, id, cause);
  const bool vanished = cause == EndCause::lost || cause == EndCause::unreachable || cause == EndCause::failed;
  if (vanished && call.queue && call.customer && call.direction != Direction::outbound) {
    end_leg(desk, id, leg, cause);
    if (agent) agent_leaves(desk, id, agent);
    return back_to_line(desk, id, cause);
  }
  const Outcome outcome = call.direction == Direction::inbound ? Outcome::failed : Outcome::abandoned;
  end_call(desk, id, outcome, cause, leg);
}

void transfer_asked(Desk& desk, const TransferAsked& stimulus) {
  State& state = desk.state;
  auto fail = [&] { desk.effect(TransferProgress{stimulus.leg, true, false}); };
  const Leg* leg = state.find(stimulus.leg);
  const Call* call = leg ? state.find(leg->call) : nullptr;
  if (!call || call->agent_leg != stimulus.leg || !call->customer || call->consult.leg) return fail();
  const CallId id = call->id;
  if (stimulus.replaces) return join_calls(desk, id, stimulus);
  const Target target = target_of(state, stimulus.dialled, stimulus.party);
  if (!target.agent && !target.queue && !target.trunk) return fail();
  if (target.agent && (target.agent == call->agent || !can_ring(state, target.agent))) return fail();
  desk.effect(TransferProgress{stimulus.leg, false, false});
  desk.effect(TransferProgress{stimulus.leg, true, true});  // the switch has it; the phone may let go
  blind(desk, id, target, EndCause::transferred);
}

// RFC 5589 §7: the phone has talked to `replaces` on its second line and now joins both.
void join_calls(Desk& desk, CallId id, const TransferAsked& stimulus) {
  State& state = desk.state;
  const Leg* leg = state.find(stimulus.leg);
  const Leg* second = state.find(stimulus.replaces);
  const Call* from = second ? state.find(second->call) : nullptr;
  const Call* call = state.find(id);
  const LegId other = !from || from->id == id ? LegId{} : from->agent_leg == stimulus.replaces ? from->customer : from->agent_leg;
  const Leg* other_leg = state.find(other);
  const bool same_phone = second && leg->device && second->device == leg->device;
  if (!same_phone || !other_leg || other_leg->state != LegState::up || from->waiting || from->consult.leg || from->transfer.leg) return desk.effect(TransferProgress{stimulus.leg, true, false});
  const CallId from_id = from->id;
  const AgentId agent = call->agent, to_agent = other_leg->agent;
  const LegId own = call->agent_leg;
  desk.effect(TransferProgress{stimulus.leg, true, true});
  end_leg(desk, id, own, EndCause::transferred);
  if (agent) agent_leaves(desk, id, agent);
  desk.put(CallTransferred{id, agent, TransferKind::consult, to_agent, {}, other});
  desk.put(CallsJoined{id, from_id, agent, other, to_agent});
  end_call(desk, from_id, Outcome::answered, EndCause::transferred);
  const Duration time = state.find(id)->queue ? state.queue(state.find(id)->queue).settings.wrap_up : Duration{};
  if (agent && state.agent(agent).signed_in() && !state.agent(agent).in_call() && state.agent(agent).state != AgentState::wrap_up)
    wrap_up(desk, agent, id, time);  // the second line kept them talking until here
  record_if_due(desk, id);
}

}  // namespace pasokh::floor
