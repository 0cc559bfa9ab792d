#include "floor/machines.h"

#include <algorithm>

#include "floor/desk.h"

namespace pasokh::floor::machines {
namespace {

// --- agents, by AgentState

enum class AgentMeets : std::uint8_t {
  sign_in, ready, pause, sign_out, hold, transfer, complete, cancel, given, hang_up, place_call, report_complete, report_released, changed, removed,
  phone_rings, phone_answers, phone_leg_gone, phone_holds, phone_refers, phone_digit, phone_calls, phone_code, device_lost, device_back, wrap_up_over,
};
constexpr const char* agent_states[] = {"signed_out", "ready", "paused", "offered", "talking", "wrap_up"};
constexpr const char* agent_meets[] = {"sign in", "ready", "pause", "sign out", "hold", "transfer", "complete", "cancel", "is given a call", "hang up", "place a call", "report complete", "report released", "settings", "removed",
                                       "phone rings", "phone answers", "phone leg gone", "phone holds", "phone refers", "phone digit", "phone calls", "phone dials *", "device lost", "device back", "wrap-up over"};
constexpr auto not_in_wrap_up = in(AgentState::signed_out, AgentState::ready, AgentState::paused, AgentState::offered, AgentState::talking);
constexpr auto not_talking = in(AgentState::signed_out, AgentState::ready, AgentState::paused, AgentState::offered, AgentState::wrap_up);
constexpr Machine::Never agent_nevers[] = {
    never(AgentMeets::phone_rings, in(AgentState::signed_out), "who leaves lets go of what rings, and who talks leaves at the end of the call: no leg is theirs"),
    never(AgentMeets::phone_answers, in(AgentState::signed_out), "as above"), never(AgentMeets::phone_leg_gone, in(AgentState::signed_out), "as above"),
    never(AgentMeets::phone_holds, not_talking, "a phone holds, sends on or presses digits in what it has answered; who has answered talks"), never(AgentMeets::phone_refers, not_talking, "as above"), never(AgentMeets::phone_digit, not_talking, "as above"),
    never(AgentMeets::phone_calls, in(AgentState::signed_out), "who is signed out sits at no phone"), never(AgentMeets::phone_code, in(AgentState::signed_out), "as above"),
    never(AgentMeets::device_lost, in(AgentState::signed_out), "as above"), never(AgentMeets::device_back, in(AgentState::signed_out), "as above"),
    never(AgentMeets::wrap_up_over, not_in_wrap_up, "the end of a wrap-up takes its time away"),
};

// --- seats: a device, and who sits there

enum class SeatState : std::uint8_t { empty, empty_in_call, empty_lost, taken, taken_in_call, taken_lost };
enum class SeatMeets : std::uint8_t { lost, back, sign_in_here, sign_out_here, code, calls, removed };
constexpr const char* seat_states[] = {"empty", "empty, calls", "empty, lost", "taken", "taken, calls", "taken, lost"};
constexpr const char* seat_meets[] = {"lost", "back", "sign in here", "sign out here", "dials *", "calls", "removed"};
constexpr auto nobody_there = in(SeatState::empty, SeatState::empty_in_call, SeatState::empty_lost);
constexpr Machine::Never seat_nevers[] = {never(SeatMeets::sign_out_here, nobody_there, "nobody sits there")};

// --- calls, by what they are in; first fit

enum class CallState : std::uint8_t { turned_away, waiting, offered, dialling, consulting, transferring, held, talking };
enum class CallMeets : std::uint8_t {
  customer_leaves, offer_rings, offer_answers, offer_gone, agent_leg_gone, outside_gone, side_rings, side_answers, side_gone, party_rings, party_answers,
  held_by_phone, programme_ends, digit, asked_to_hold, asked_to_transfer, asked_to_complete, asked_to_cancel, given, hung_up, refers, replaced, capture_failed, tick,
};
constexpr const char* call_states[] = {"turned away", "waiting", "offered", "dialling", "consulting", "transferring", "held", "talking"};
constexpr const char* call_meets[] = {"customer leaves", "offer rings", "offer answers", "offer gone", "agent leg gone", "outside gone", "side rings", "side answers", "side gone", "party rings", "party answers",
                                      "held by phone", "programme ends", "digit", "hold", "transfer", "complete", "cancel", "given", "hang up", "refer", "replaced", "capture failed", "tick"};
constexpr auto not_offered = in(CallState::turned_away, CallState::waiting, CallState::dialling, CallState::consulting, CallState::transferring, CallState::held, CallState::talking);
constexpr auto unserved = in(CallState::turned_away, CallState::waiting, CallState::offered, CallState::transferring);
constexpr auto no_side = in(CallState::turned_away, CallState::waiting, CallState::offered, CallState::dialling, CallState::held, CallState::talking);
constexpr Machine::Never call_nevers[] = {
    never(CallMeets::offer_rings, not_offered, "a leg is an offer's exactly while its call waits with that offer"), never(CallMeets::offer_answers, not_offered, "as above"), never(CallMeets::offer_gone, not_offered, "as above"),
    never(CallMeets::agent_leg_gone, unserved, "who serves has left before the call waits, is turned away or goes to another"),
    never(CallMeets::outside_gone, in(CallState::turned_away, CallState::waiting, CallState::offered, CallState::transferring, CallState::held, CallState::consulting), "a party outside stands in an agent's place: it talks, and nobody holds, consults or sends on for it"),
    never(CallMeets::side_rings, no_side, "with a party at its side a call is consulting or transferring"), never(CallMeets::side_answers, no_side, "as above"), never(CallMeets::side_gone, no_side, "as above"),
    never(CallMeets::held_by_phone, unserved, "no phone of ours is in the call"),
    never(CallMeets::refers, unserved, "as above"),
    never(CallMeets::asked_to_hold, unserved, "nobody serves it who could ask"), never(CallMeets::asked_to_transfer, unserved, "as above"), never(CallMeets::asked_to_complete, unserved, "as above"), never(CallMeets::asked_to_cancel, unserved, "as above"),
    never(CallMeets::party_rings, in(CallState::turned_away, CallState::talking, CallState::held), "whom an agent calls rings while the call is dialling, or is sent on while it rings"),
    never(CallMeets::party_answers, in(CallState::turned_away, CallState::talking, CallState::held), "as above"),
};

// --- offers

enum class OfferState : std::uint8_t { dialled, ringing };
enum class OfferMeets : std::uint8_t { rings, answers, refused, our_trouble, time_over, caller_leaves, other_answers, agent_pauses, agent_leaves, hung_up_by_agent, device_lost, agent_calls, call_hung_up };
constexpr const char* offer_states[] = {"dialled", "ringing"};
constexpr const char* offer_meets[] = {"rings", "answers", "refused, or gone", "trouble of ours", "ring time over", "caller leaves", "another answers", "agent pauses", "agent signs out", "agent declines", "device lost", "agent calls", "call is ended"};

// --- queues

enum class QueueState : std::uint8_t { empty, all_ringing, some_wait, full };
enum class QueueMeets : std::uint8_t { caller_arrives, caller_leaves, offer_answered, offer_gone, member_comes, member_goes, call_given, transfer_into, settings, removed, tick };
constexpr const char* queue_states[] = {"empty", "all are offered", "some wait", "full"};
constexpr const char* queue_meets[] = {"caller arrives", "caller leaves", "offer answered", "offer gone", "member comes", "member goes", "call given", "transfer into it", "settings", "removed", "tick"};
constexpr Machine::Never queue_nevers[] = {
    never(QueueMeets::caller_leaves, in(QueueState::empty), "nobody is in it"), never(QueueMeets::offer_answered, in(QueueState::empty), "as above"), never(QueueMeets::offer_gone, in(QueueState::empty), "as above"), never(QueueMeets::call_given, in(QueueState::empty), "as above"), never(QueueMeets::tick, in(QueueState::empty), "as above"),
};

CallState state_of(const State& state, const Call& c) {
  if (!c.farewell.empty()) return CallState::turned_away;
  if (c.waiting) return c.offers.empty() ? CallState::waiting : CallState::offered;
  if (c.consult.leg) return CallState::consulting;
  if (c.transfer.leg) return CallState::transferring;
  for (const LegId id : {c.customer, c.agent_leg})
    if (const Leg* leg = state.find(id); !id || (leg && leg->state != LegState::up && id == c.customer)) { if (!(id == c.agent_leg && c.outside)) return CallState::dialling; }
  return c.held ? CallState::held : CallState::talking;
}

SeatState state_of(const Device& d) {
  if (!d.reachable) return d.seated ? SeatState::taken_lost : SeatState::empty_lost;
  if (d.legs > 0) return d.seated ? SeatState::taken_in_call : SeatState::empty_in_call;
  return d.seated ? SeatState::taken : SeatState::empty;
}

QueueState state_of(const State& state, const Queue& q) {
  if (q.line.empty()) return QueueState::empty;
  if (q.line.size() >= static_cast<std::size_t>(q.settings.capacity)) return QueueState::full;
  for (const WaitKey& key : q.line)
    if (const Call* c = state.find(key.call); c && c->offers.empty()) return QueueState::some_wait;
  return QueueState::all_ringing;
}

// What each machine meets in one stimulus.
struct Door {
  const State& state;
  Instant now;

  void agent_meets(AgentId id, AgentMeets what) const {
    if (id && id.value <= state.agents.size()) met(agent, state.agent(id).state, what);
  }
  // A phone may have more lines than the two that the floor follows; a third one is no call of the agent's.
  void phone_meets(const Leg& leg, AgentMeets what) const {
    if (!leg.agent) return;
    const Agent& a = state.agent(leg.agent);
    if (leg.role == LegRole::offer || a.side_leg == leg.id || a.is_on(leg.call)) agent_meets(leg.agent, what);
  }
  AgentId named(const std::string& code) const { return AgentId{find_code(state.agent_codes, code)}; }
  void call_meets(const Call* c, CallMeets what) const { if (c) met(call, state_of(state, *c), what); }
  void seat_meets(DeviceId id, SeatMeets what) const { if (id && id.value <= state.devices.size() && state.device(id).exists) met(seat, state_of(state.device(id)), what); }
  void queue_meets(QueueId id, QueueMeets what) const { if (id && id.value <= state.queues.size() && state.queue(id).exists) met(queue, state_of(state, state.queue(id)), what); }
  void offer_meets(LegId id, OfferMeets what) const { if (const Leg* leg = state.find(id)) met(offer, leg->ringing ? OfferState::ringing : OfferState::dialled, what); }
  void offers_meet(const Call& c, OfferMeets what, LegId but = {}) const { for (const Offer& o : c.offers) if (o.leg != but) offer_meets(o.leg, what); }
  // the offer that rings for this agent
  void own_offer_meets(AgentId id, OfferMeets what) const {
    if (!id || state.agent(id).state != AgentState::offered) return;
    if (const Call* c = state.find(state.agent(id).call)) for (const Offer& o : c->offers) if (o.agent == id) offer_meets(o.leg, what);
  }
  const Call* served_by(AgentId id) const {                       // the call that they can do something with
    const Call* c = id ? state.find(state.agent(id).call) : nullptr;
    return c && c->agent == id && state.agent(id).in_call() ? c : nullptr;
  }
  void member(AgentId id, QueueMeets what) const { if (id) for (const Membership& m : state.agent(id).settings.queues) queue_meets(m.queue, what); }
  void asked(const std::string& code, AgentMeets of_agent, CallMeets of_call) const {
    agent_meets(named(code), of_agent);
    call_meets(served_by(named(code)), of_call);
  }

  void operator()(const LegArrived& s) const {
    if (state.find(s.leg)) return;
    if (s.device && s.device.value <= state.devices.size() && state.device(s.device).exists) {
      const bool code = !s.dialled.empty() && s.dialled.front() == '*';
      const AgentId seated = state.device(s.device).seated;
      seat_meets(s.device, code ? SeatMeets::code : SeatMeets::calls);
      agent_meets(seated, code ? AgentMeets::phone_code : AgentMeets::phone_calls);
      if (!code) own_offer_meets(seated, OfferMeets::agent_calls);
    }
    if (const NumberId number{find_code(state.number_codes, s.dialled)}) queue_meets(QueueId{find_code(state.queue_codes, state.numbers[number.value - 1].settings.queue)}, QueueMeets::caller_arrives);
  }
  void operator()(const LegRinging& s) const {
    const Leg* leg = state.find(s.leg);
    if (!leg || leg->state != LegState::dialling) return;
    phone_meets(*leg, AgentMeets::phone_rings);
    const Call* c = state.find(leg->call);
    if (leg->role == LegRole::offer) { offer_meets(leg->id, OfferMeets::rings); call_meets(c, CallMeets::offer_rings); }
    else call_meets(c, leg->role == LegRole::consult || leg->role == LegRole::transfer ? CallMeets::side_rings : CallMeets::party_rings);
  }
  void operator()(const LegAnsweredByPeer& s) const {
    const Leg* leg = state.find(s.leg);
    if (!leg || leg->state != LegState::dialling) return;
    phone_meets(*leg, AgentMeets::phone_answers);
    const Call* c = state.find(leg->call);
    if (leg->role != LegRole::offer) return call_meets(c, leg->role == LegRole::consult || leg->role == LegRole::transfer ? CallMeets::side_answers : CallMeets::party_answers);
    offer_meets(leg->id, OfferMeets::answers);
    call_meets(c, CallMeets::offer_answers);
    if (c) offers_meet(*c, OfferMeets::other_answers, leg->id), queue_meets(c->queue, QueueMeets::offer_answered);
  }
  void operator()(const LegGone& s) const {
    const Leg* leg = state.find(s.leg);
    if (!leg || leg->role == LegRole::code) return;
    phone_meets(*leg, AgentMeets::phone_leg_gone);
    const Call* c = state.find(leg->call);
    if (!c) return;
    if (leg->role == LegRole::offer) {
      offer_meets(leg->id, s.cause == EndCause::failed ? OfferMeets::our_trouble : OfferMeets::refused);
      queue_meets(c->queue, QueueMeets::offer_gone);
      return call_meets(c, CallMeets::offer_gone);
    }
    if (s.leg == c->customer) {
      call_meets(c, CallMeets::customer_leaves);
      if (c->waiting) { offers_meet(*c, OfferMeets::caller_leaves); queue_meets(c->queue, QueueMeets::caller_leaves); }
      return;
    }
    call_meets(c, s.leg == c->agent_leg ? CallMeets::agent_leg_gone : s.leg == c->outside ? CallMeets::outside_gone : CallMeets::side_gone);
  }
  void operator()(const LegHeldByPeer& s) const {
    const Leg* leg = state.find(s.leg);
    if (!leg || leg->state != LegState::up || leg->role == LegRole::code) return;
    phone_meets(*leg, AgentMeets::phone_holds);
    if (const Call* c = state.find(leg->call); c && c->agent_leg == leg->id) call_meets(c, CallMeets::held_by_phone);
  }
  void operator()(const DigitPressed& s) const {
    const Leg* leg = state.find(s.leg);
    if (!leg || leg->state != LegState::up) return;
    phone_meets(*leg, AgentMeets::phone_digit);
    call_meets(state.find(leg->call), CallMeets::digit);
  }
  void operator()(const ProgrammeFinished& s) const { if (const Leg* leg = state.find(s.leg); leg && leg->state == LegState::up) call_meets(state.find(leg->call), CallMeets::programme_ends); }
  void operator()(const TransferAsked& s) const {
    const Leg* leg = state.find(s.leg);
    if (!leg || leg->state != LegState::up || leg->role == LegRole::code) return;
    phone_meets(*leg, AgentMeets::phone_refers);
    if (const Call* c = state.find(leg->call); c && c->agent_leg == leg->id) call_meets(c, CallMeets::refers);
  }
  void operator()(const LegReplacedByPeer& s) const { if (const Leg* leg = state.find(s.leg); leg && leg->state == LegState::up && !state.find(s.by)) call_meets(state.find(leg->call), CallMeets::replaced); }
  void operator()(const DeviceReachable& s) const {
    if (!s.device || s.device.value > state.devices.size() || !state.device(s.device).exists) return;
    const Device& device = state.device(s.device);
    seat_meets(s.device, s.reachable ? SeatMeets::back : SeatMeets::lost);
    agent_meets(device.seated, s.reachable ? AgentMeets::device_back : AgentMeets::device_lost);
    if (!s.reachable) own_offer_meets(device.seated, OfferMeets::device_lost);
  }
  void operator()(const CaptureFailed& s) const { call_meets(state.find(s.call), CallMeets::capture_failed); }
  void operator()(const SignIn& s) const {
    const AgentId id = named(s.agent);
    agent_meets(id, AgentMeets::sign_in);
    if (!id) return;
    const Agent& a = state.agent(id);
    const DeviceId device{find_code(state.device_codes, !s.device.empty() ? s.device : a.settings.device)};
    seat_meets(device, SeatMeets::sign_in_here);
    member(id, QueueMeets::member_comes);
    if (a.device && a.device != device) own_offer_meets(id, OfferMeets::agent_leaves);
  }
  void operator()(const SetReady& s) const { agent_meets(named(s.agent), AgentMeets::ready); member(named(s.agent), QueueMeets::member_comes); }
  void operator()(const SetPaused& s) const {
    const AgentId id = named(s.agent);
    agent_meets(id, AgentMeets::pause);
    member(id, QueueMeets::member_goes);
    own_offer_meets(id, OfferMeets::agent_pauses);
  }
  void operator()(const SignOut& s) const {
    const AgentId id = named(s.agent);
    agent_meets(id, AgentMeets::sign_out);
    if (!id) return;
    if (state.agent(id).signed_in()) seat_meets(state.agent(id).device, SeatMeets::sign_out_here);
    member(id, QueueMeets::member_goes);
    own_offer_meets(id, OfferMeets::agent_leaves);
  }
  void operator()(const Hold& s) const { asked(s.agent, AgentMeets::hold, CallMeets::asked_to_hold); }
  void operator()(const Transfer& s) const {
    asked(s.agent, AgentMeets::transfer, CallMeets::asked_to_transfer);
    if (served_by(named(s.agent)) && !s.to_queue.empty()) queue_meets(QueueId{find_code(state.queue_codes, s.to_queue)}, QueueMeets::transfer_into);
  }
  void operator()(const CompleteTransfer& s) const { asked(s.agent, AgentMeets::complete, CallMeets::asked_to_complete); }
  void operator()(const CancelConsult& s) const { asked(s.agent, AgentMeets::cancel, CallMeets::asked_to_cancel); }
  void operator()(const GiveCall& s) const {
    agent_meets(named(s.agent), AgentMeets::given);
    const Call* c = state.find(s.call);
    call_meets(c, CallMeets::given);
    if (c && c->waiting) queue_meets(c->queue, QueueMeets::call_given);
  }
  void operator()(const HangUp& s) const {
    const AgentId id = s.call ? AgentId{} : named(s.agent);
    agent_meets(id, AgentMeets::hang_up);
    own_offer_meets(id, OfferMeets::hung_up_by_agent);
    const Call* c = s.call ? state.find(s.call) : id && state.agent(id).in_call() ? state.find(state.agent(id).call) : nullptr;
    call_meets(c, CallMeets::hung_up);
    if (c) offers_meet(*c, OfferMeets::call_hung_up);
  }
  void operator()(const PlaceCall& s) const { agent_meets(named(s.agent), AgentMeets::place_call); }
  void operator()(const Configure& s) const {
    const bool removed = s.verb == "remove";
    if (s.verb == "add") return;
    if (s.noun == "agent") agent_meets(named(s.code), removed ? AgentMeets::removed : AgentMeets::changed);
    if (s.noun == "queue") queue_meets(QueueId{find_code(state.queue_codes, s.code)}, removed ? QueueMeets::removed : QueueMeets::settings);
    if (s.noun == "device" && removed) seat_meets(DeviceId{find_code(state.device_codes, s.code)}, SeatMeets::removed);
  }
  void operator()(const CompleteReport& s) const { agent_meets(named(s.agent), AgentMeets::report_complete); }
  void operator()(const ReleaseReport& s) const { agent_meets(named(s.agent), AgentMeets::report_released); }
  void operator()(const Tick&) const {
    for (auto at = state.timers.begin(); at != state.timers.end() && at->at <= now; ++at) {
      if (at->kind == TimerKind::agent) agent_meets(AgentId{at->id}, AgentMeets::wrap_up_over);
      if (at->kind != TimerKind::call) continue;
      const Call* c = state.find(CallId{at->id});
      call_meets(c, CallMeets::tick);
      if (!c) continue;
      for (const Offer& o : c->offers) if (o.deadline <= now) offer_meets(o.leg, OfferMeets::time_over);
      if (c->waiting) queue_meets(c->queue, QueueMeets::tick);
    }
  }
  void operator()(const Restarted&) const {}
};

}  // namespace

constinit const Machine agent{"agent", agent_states, agent_meets, agent_nevers};
constinit const Machine seat{"seat", seat_states, seat_meets, seat_nevers};
constinit const Machine call{"call", call_states, call_meets, call_nevers};
constinit const Machine offer{"offer", offer_states, offer_meets, {}};
constinit const Machine queue{"queue", queue_states, queue_meets, queue_nevers};

std::span<const Machine* const> all() {
  static constexpr const Machine* machines[] = {&agent, &seat, &call, &offer, &queue};
  return machines;
}

void tell(const State& state, const Stimulus& stimulus, Instant now) { std::visit(Door{state, now}, stimulus); }

}  // namespace pasokh::floor::machines
