// The desk where decisions are taken: one stimulus, one turn. A rule puts events; each is evolved at once, and its effects are
// written down in the same order. Rules live with their noun (calls/, agents/, routing/, settings/).
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "floor/state.h"

namespace pasokh::floor {

struct Desk {
  State& state;
  Turn& turn;
  Instant now;

  void put(Event event);                               // evolve, write down, order effects
  void effect(Effect e) { turn.effects.push_back(std::move(e)); }
  void refuse(std::string code, std::string text) { if (!turn.refused) turn.refused = Trouble{std::move(code), std::move(text)}; }
  bool refused() const { return turn.refused.has_value(); }
  LegId next_leg() const { return LegId{(state.last.leg / 2 + 1) * 2}; }  // even: ours
};

// --- calls/arrival.cpp, outbound.cpp
void arrive(Desk&, const LegArrived&);
void place_call(Desk&, const PlaceCall&);
void call_from_device(Desk&, const LegArrived&, AgentId seated);
struct Way { TrunkId trunk; bool allowed = false; };
Way way_outside(const State&, std::string_view digits);  // as the outbound plan allows; emergency numbers always
// --- calls/closing.cpp
void enter_by_number(Desk&, CallId, const NumberSettings&, QueueId);  // its queue when it is open; else as the number says
void farewell_over(Desk&, CallId);
// --- calls/waiting.cpp
bool is_overloaded(const State&);
void dial_wanted(Desk&, CallId, LegId answered);        // click to call: the agent's phone is up, now the number
void enqueue(Desk&, CallId, QueueId, Instant since);   // or overflows, or ends: queue_full
void waiting_due(Desk&, CallId);                       // step, announcement, maximum wait
void tell_places(Desk&, QueueId);                      // those in front who moved up
void leave_queue(Desk&, CallId, LeftQueue why, WithdrawReason);  // offers are withdrawn first
void overflow_or_end(Desk&, CallId, Outcome);
// --- calls/talking.cpp
void leg_ringing(Desk&, const LegRinging&);
void leg_answered(Desk&, const LegAnsweredByPeer&);
void leg_gone(Desk&, LegId, EndCause);
void hold(Desk&, const Hold&);
void held_by_peer(Desk&, const LegHeldByPeer&);
void set_held(Desk&, CallId, bool held);
void notice_ended(Desk&, CallId, bool heard);
void hang_up(Desk&, const HangUp&);
void programme_finished(Desk&, const ProgrammeFinished&);
void end_call(Desk&, CallId, Outcome, EndCause, LegId gone = {});  // gone: the leg that has ended by itself
void end_leg(Desk&, CallId, LegId, EndCause);
void agent_leaves(Desk&, CallId, AgentId);             // their part is over; wrap-up, or the pause they asked for
void capture_failed(Desk&, const CaptureFailed&);
void record_if_due(Desk&, CallId);
// --- calls/transfer.cpp
void transfer(Desk&, const Transfer&);
void complete_transfer(Desk&, const CompleteTransfer&);
void cancel_consult(Desk&, const CancelConsult&);
void transfer_asked(Desk&, const TransferAsked&);
void join_calls(Desk&, CallId, const TransferAsked&);
void side_party_answered(Desk&, CallId, LegId);
void side_party_gone(Desk&, CallId, LegId, EndCause, bool by_itself);
void serving_leg_gone(Desk&, CallId, EndCause);        // the agent hung up or vanished
// --- agents/
void sign_in(Desk&, const SignIn&);
void set_ready(Desk&, const SetReady&);
void set_paused(Desk&, const SetPaused&);
void sign_out(Desk&, const SignOut&);
void sit_down(Desk&, AgentId, DeviceId, const std::string& by);
void end_wrap_up_early(Desk&, AgentId);                // asked for by the agent: not while a report is due
void interrupt_wrap_up(Desk&, AgentId);                // another call comes between: a report that is due stays due
void sign_out_now(Desk&, AgentId, const std::string& by);
void device_reachable(Desk&, const DeviceReachable&);
void wrap_up_due(Desk&, AgentId);
void star_code(Desk&, const LegArrived&);
// --- agents/reports.cpp
void report_falls_due(Desk&, CallId, AgentId);         // their part in a call of a queue that wants reports is over
void wrap_up(Desk&, AgentId, CallId, Duration);        // …then the time after the call, and what still stands in the way
void complete_report(Desk&, const CompleteReport&);
void release_report(Desk&, const ReleaseReport&);
bool owes_report(const State&, AgentId);
AgentId agent_named(Desk&, const std::string& code);   // refuses when unknown
// --- routing/
void route(Desk&);
void offer_lapses(Desk&, CallId, AgentId, LapseReason);
void lapse_into_pause(Desk&, CallId, AgentId, const std::string& reason, const std::string& by);  // declined by pausing
void withdraw(Desk&, CallId, const Offer&, WithdrawReason);
void give_call(Desk&, const GiveCall&);
void cut_ledger(Desk&, AgentId);
// --- settings/
void configure(Desk&, const Configure&);

DialLeg dial_of(const State&, const Leg&);
void effects_of(const State&, const Event&, std::vector<Effect>& into);  // after evolve
void effects_of_changes(State&, std::vector<Effect>& into);              // hearing and recording that changed in this turn

}  // namespace pasokh::floor
