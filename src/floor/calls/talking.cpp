// Legs that ring, answer and go; hold; the end of a call.
#include <algorithm>

#include "floor/desk.h"

namespace pasokh::floor {
namespace {

LapseReason lapse_of(EndCause cause) {
  switch (cause) {
    case EndCause::busy: return LapseReason::busy;
    case EndCause::declined: return LapseReason::declined;
    case EndCause::unreachable:
    case EndCause::lost:
    case EndCause::not_allowed: return LapseReason::unreachable;
    case EndCause::hung_up:
    case EndCause::cancelled:
    case EndCause::no_answer:
    case EndCause::ended_by_us:
    case EndCause::transferred:
    case EndCause::failed:
    case EndCause::timed_out: return LapseReason::no_answer;
  }
  return LapseReason::no_answer;
}

Outcome outcome_of_dialling(EndCause cause) {
  switch (cause) {
    case EndCause::busy:
    case EndCause::declined: return Outcome::busy;
    case EndCause::no_answer:
    case EndCause::timed_out: return Outcome::no_answer;
    case EndCause::not_allowed: return Outcome::refused;
    case EndCause::hung_up:
    case EndCause::cancelled:
    case EndCause::ended_by_us:
    case EndCause::transferred: return Outcome::abandoned;
    case EndCause::unreachable:
    case EndCause::lost:
    case EndCause::failed: return Outcome::failed;
  }
  return Outcome::failed;
}

void offer_answered(Desk& desk, const Call& call, const Leg& leg) {
  const CallId id = call.id;
  const AgentId agent = leg.agent;
  const bool given = std::any_of(call.offers.begin(), call.offers.end(), [&](const Offer& o) { return o.agent == agent && o.given; });
  desk.put(OfferAnswered{id, agent, leg.id});
  const std::vector<Offer> others = desk.state.find(id)->offers;  // ring-all: each is independent until this event (complaint 8)
  for (const Offer& other : others) withdraw(desk, id, other, WithdrawReason::answered_elsewhere);
  leave_queue(desk, id, given ? LeftQueue::given : LeftQueue::answered, WithdrawReason::answered_elsewhere);
  record_if_due(desk, id);
}

void customer_gone(Desk& desk, const Call& call, LegId leg, EndCause cause) {
  const CallId id = call.id;
  if (call.direction == Direction::outbound || (call.direction == Direction::internal && !call.queue)) {
    return end_call(desk, id, outcome_of_dialling(cause), cause, leg);
  }
  if (call.waiting) leave_queue(desk, id, LeftQueue::abandoned, WithdrawReason::caller_left);
  end_call(desk, id, call.farewell.empty() ? Outcome::abandoned : Outcome::closed, cause, leg);
}

}  // namespace

void leg_ringing(Desk& desk, const LegRinging& stimulus) {
  const Leg* leg = desk.state.find(stimulus.leg);
  if (!leg || leg->state != LegState::dialling) return;
  if (leg->role == LegRole::offer && !leg->ringing) desk.put(OfferRinging{leg->call, leg->agent, leg->id});
  const Call* call = desk.state.find(leg->call);
  if (!call || call->customer != leg->id) return;
  const Leg* first = desk.state.find(call->agent_leg);
  if (first && first->state == LegState::arriving) desk.effect(RingBack{first->id});
}

void leg_answered(Desk& desk, const LegAnsweredByPeer& stimulus) {
  const Leg* leg = desk.state.find(stimulus.leg);
  if (!leg) return desk.effect(EndLeg{stimulus.leg, EndCause::cancelled});  // crossed with our CANCEL
  if (leg->state != LegState::dialling) return;
  const Call& call = *desk.state.find(leg->call);
  const CallId id = call.id;
  switch (leg->role) {
    case LegRole::offer: return offer_answered(desk, call, *leg);
    case LegRole::consult:
    case LegRole::transfer: return side_party_answered(desk, id, leg->id);
    case LegRole::agent: return dial_wanted(desk, id, leg->id);
    case LegRole::customer:
    case LegRole::outside:
    case LegRole::code: break;
  }
  if (leg->agent && desk.state.agent(leg->agent).state == AgentState::wrap_up) interrupt_wrap_up(desk, leg->agent);
  desk.put(LegAnswered{id, leg->id});
  if (!call.accepted && call.agent_leg) desk.put(CallAnswered{id, call.agent_leg});
}

void leg_gone(Desk& desk, LegId id, EndCause cause) {
  const Leg* leg = desk.state.find(id);
  if (!leg) return;
  if (leg->role == LegRole::code) return desk.put(LegEnded{{}, id, cause});
  const Call& call = *desk.state.find(leg->call);
  if (leg->role == LegRole::offer) {
    const AgentId agent = leg->agent;
    const auto offer = std::find_if(call.offers.begin(), call.offers.end(), [&](const Offer& o) { return o.leg == id; });
    if (cause == EndCause::failed && offer != call.offers.end()) {  // our trouble, not the agent's: the share is given back
      withdraw(desk, call.id, *offer, WithdrawReason::we_failed);
      return desk.put(AgentPaused{agent, "failed", ""});
    }
    return offer_lapses(desk, call.id, agent, lapse_of(cause));
  }
  if (id == call.customer) return customer_gone(desk, call, id, cause);
  if (id == call.agent_leg) return serving_leg_gone(desk, call.id, cause);
  if (id == call.outside) return end_call(desk, call.id, Outcome::answered, cause, id);
  side_party_gone(desk, call.id, id, cause, true);
}

void end_leg(Desk& desk, CallId call, LegId leg, EndCause cause) {
  if (leg && desk.state.find(leg)) desk.put(LegEnded{call, leg, cause});
}

void agent_leaves(Desk& desk, CallId id, AgentId agent_id) {
  const Call& call = *desk.state.find(id);
  const bool served = call.agent == agent_id && call.queue;
  const Duration time = served ? desk.state.queue(call.queue).settings.wrap_up : Duration{};
  const bool leaving = desk.state.agent(agent_id).pause_next == "signing_out";
  if (served) report_falls_due(desk, id, agent_id);
  desk.put(AgentLeftCall{id, agent_id});
  const Agent& agent = desk.state.agent(agent_id);
  if (agent.in_call()) return;
  if (leaving) return sign_out_now(desk, agent_id, "");
  wrap_up(desk, agent_id, id, time);
}

void end_call(Desk& desk, CallId id, Outcome outcome, EndCause cause, LegId gone) {
  const Call& call = *desk.state.find(id);
  if (call.waiting) leave_queue(desk, id, LeftQueue::failed, WithdrawReason::moved);
  if (call.recording) desk.put(RecordingStopped{id, call.capture});
  if (call.transfer.progress_to) desk.effect(TransferProgress{call.transfer.progress_to, true, false});
  std::vector<AgentId> agents;
  if (call.agent) agents.push_back(call.agent);
  if (call.caller_agent) agents.push_back(call.caller_agent);
  for (const LegId leg_id : {call.customer, call.consult.leg})
    if (const Leg* leg = desk.state.find(leg_id); leg && leg->agent && leg->state == LegState::up) agents.push_back(leg->agent);
  const LegId refused = call.accepted ? LegId{} : call.agent_leg;  // an agent's own call that nobody took: its leg rings still
  for (const LegId leg : {call.customer, call.agent_leg, call.outside, call.consult.leg, call.transfer.leg}) {
    if (!leg) continue;
    const Leg* at = desk.state.find(leg);
    const bool refuse = leg == refused && leg != gone && at && at->state == LegState::arriving;
    end_leg(desk, id, leg, leg == gone ? cause : refuse ? EndCause::failed : EndCause::ended_by_us);
    if (refuse) desk.effect(RefuseLeg{leg, cause == EndCause::ended_by_us ? EndCause::failed : cause, std::string(name_of(outcome))});
  }
  for (std::size_t i = 0; i < agents.size(); ++i)
    if (std::find(agents.begin(), agents.begin() + static_cast<std::ptrdiff_t>(i), agents[i]) == agents.begin() + static_cast<std::ptrdiff_t>(i)) agent_leaves(desk, id, agents[i]);
  desk.put(CallEnded{id, desk.state.find(id)->answered ? Outcome::answered : outcome, cause});
}

void hold(Desk& desk, const Hold& stimulus) {
  const AgentId agent = agent_named(desk, stimulus.agent);
  if (desk.refused()) return;
  const Call* call = desk.state.find(desk.state.agent(agent).call);
  if (!call || call->agent != agent || !desk.state.agent(agent).in_call()) return desk.refuse("not-in-call", "Agent " + stimulus.agent + " is not talking to anybody.");
  if (call->consult.leg) return desk.refuse("consult-going-on", "The customer waits already while the agent consults.");
  set_held(desk, call->id, stimulus.hold);
}

void set_held(Desk& desk, CallId id, bool held) {
  const Call& call = *desk.state.find(id);
  if (call.held == held) return;
  const AgentId agent = call.agent;
  if (held) desk.put(CallHeld{id, agent}); else desk.put(CallResumed{id, agent});
  if (call.recording) desk.put(RecordingMarked{id, call.capture, held ? "hold" : "resume"});
}

void held_by_peer(Desk& desk, const LegHeldByPeer& stimulus) {
  const Leg* leg = desk.state.find(stimulus.leg);
  if (!leg || leg->state != LegState::up) return;
  const Call* call = desk.state.find(leg->call);
  if (call && call->agent_leg == leg->id && call->agent) set_held(desk, call->id, stimulus.held);
}

void hang_up(Desk& desk, const HangUp& stimulus) {
  CallId id = stimulus.call;
  if (!id) {
    const AgentId agent = agent_named(desk, stimulus.agent);
    if (desk.refused()) return;
    const Agent& at = desk.state.agent(agent);
    if (at.in_call() || at.state == AgentState::offered) id = at.call;
    if (const Call* call = desk.state.find(id); call && at.state == AgentState::offered) return offer_lapses(desk, id, agent, LapseReason::declined);
    if (const Call* call = desk.state.find(id); call && call->consult.leg) {  // the consulted one, or the one who asked: as if the phone was put down
      const LegId leg = call->agent == agent ? call->agent_leg : call->consult.leg;
      if (leg == call->consult.leg) return side_party_gone(desk, id, leg, EndCause::ended_by_us, false);
      return serving_leg_gone(desk, id, EndCause::ended_by_us);
    }
  }
  if (!desk.state.find(id)) return desk.refuse("call-unknown", "There is no such call now.");
  end_call(desk, id, Outcome::failed, EndCause::ended_by_us);
}

void programme_finished(Desk& desk, const ProgrammeFinished& stimulus) {
  const Leg* leg = desk.state.find(stimulus.leg);
  if (!leg || leg->hearing.programme.id != stimulus.programme) return;
  if (leg->role == LegRole::code) return desk.put(LegEnded{{}, stimulus.leg, EndCause::ended_by_us});
  const Call* call = desk.state.find(leg->call);
  if (call && !call->farewell.empty() && call->customer == leg->id) return farewell_over(desk, call->id);
  if (call && call->notice == Notice::playing && call->customer == leg->id) notice_ended(desk, call->id, true);
}

void notice_ended(Desk& desk, CallId id, bool heard) {
  desk.put(NoticeEnded{id, desk.state.find(id)->customer, heard});
  record_if_due(desk, id);
}

// A recording begins at the later of the agent's answer and the notice's end, so nobody is recorded who was not told.
void record_if_due(Desk& desk, CallId id) {
  const Call& call = *desk.state.find(id);
  if (!call.queue || call.waiting || call.recording || call.capture_failed || call.notice == Notice::playing) return;
  if (!desk.state.queue(call.queue).settings.record || !call.customer || !(call.agent_leg || call.outside)) return;
  desk.put(RecordingStarted{id, CaptureId{desk.state.last.capture + 1}, call.customer, call.agent_leg ? call.agent_leg : call.outside, call.agent});
}

void capture_failed(Desk& desk, const CaptureFailed& stimulus) {
  const Call* call = desk.state.find(stimulus.call);
  if (call && (call->capture != stimulus.capture || call->capture_failed)) return;
  desk.put(RecordingFailed{stimulus.call, stimulus.capture, stimulus.why});
  desk.put(AlarmRaised{"recording-failed", "A recording has stopped: " + stimulus.why + ". Calls go on."});
}

}  // namespace pasokh::floor
