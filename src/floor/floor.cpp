#include "floor/floor.h"

#include "base/codec.h"
#include "floor/desk.h"
#include "floor/machines.h"

namespace pasokh::floor {
namespace {

// Deadlines that have passed, earliest first; each rule looks again whether its own has.
void call_due(Desk& desk, CallId id) {
  State& state = desk.state;
  const Call& call = *state.find(id);
  for (const Offer& offer : call.offers)
    if (offer.deadline <= desk.now) return offer_lapses(desk, id, offer.agent, LapseReason::no_answer);
  for (const SideParty* side : {&call.consult, &call.transfer})
    if (side->leg && !side->answered && side->deadline <= desk.now) return side_party_gone(desk, id, side->leg, EndCause::no_answer, false);
  if (call.dial_deadline <= desk.now) return end_call(desk, id, Outcome::no_answer, EndCause::timed_out);
  if (call.notice_deadline <= desk.now) return notice_ended(desk, id, false);
  if (call.farewell_deadline <= desk.now) return farewell_over(desk, id);
  waiting_due(desk, id);
}

void tick(Desk& desk) {
  State& state = desk.state;
  while (!state.timers.empty() && state.timers.begin()->at <= desk.now) {
    const Timer timer = *state.timers.begin();
    const std::size_t events = desk.turn.events.size();
    switch (timer.kind) {
      case TimerKind::call: call_due(desk, CallId{timer.id}); break;
      case TimerKind::agent: wrap_up_due(desk, AgentId{timer.id}); break;
      case TimerKind::leg: desk.put(LegEnded{{}, LegId{timer.id}, EndCause::timed_out}); break;
    }
    if (desk.turn.events.size() > events) continue;
    state.timers.erase(timer);  // a bug of ours: a deadline that changes nothing would never let go; calls matter more
    desk.put(AlarmRaised{"deadline-stuck", "A deadline of kind " + std::to_string(static_cast<int>(timer.kind)) + " for " + std::to_string(timer.id) + " changed nothing. Calls go on; please report this."});
  }
}

struct Reception {
  Desk& desk;
  void operator()(const LegArrived& s) { arrive(desk, s); }
  void operator()(const LegRinging& s) { leg_ringing(desk, s); }
  void operator()(const LegAnsweredByPeer& s) { leg_answered(desk, s); }
  void operator()(const LegGone& s) { leg_gone(desk, s.leg, s.cause); }
  void operator()(const LegHeldByPeer& s) { held_by_peer(desk, s); }
  void operator()(const DigitPressed&) {}  // queues ask nothing; nothing that plays is blocked or stopped by a digit
  void operator()(const ProgrammeFinished& s) { programme_finished(desk, s); }
  void operator()(const TransferAsked& s) { transfer_asked(desk, s); }
  void operator()(const LegReplacedByPeer& s) {
    if (const Leg* leg = desk.state.find(s.leg); leg && leg->state == LegState::up && leg->role != LegRole::code && !desk.state.find(s.by)) desk.put(LegReplaced{leg->call, s.leg, s.by});
  }
  void operator()(const DeviceReachable& s) { device_reachable(desk, s); }
  void operator()(const CaptureFailed& s) { capture_failed(desk, s); }
  void operator()(const SignIn& s) { sign_in(desk, s); }
  void operator()(const SetReady& s) { set_ready(desk, s); }
  void operator()(const SetPaused& s) { set_paused(desk, s); }
  void operator()(const SignOut& s) { sign_out(desk, s); }
  void operator()(const Hold& s) { hold(desk, s); }
  void operator()(const Transfer& s) { transfer(desk, s); }
  void operator()(const CompleteTransfer& s) { complete_transfer(desk, s); }
  void operator()(const CancelConsult& s) { cancel_consult(desk, s); }
  void operator()(const GiveCall& s) { give_call(desk, s); }
  void operator()(const HangUp& s) { hang_up(desk, s); }
  void operator()(const PlaceCall& s) { place_call(desk, s); }
  void operator()(const Configure& s) { configure(desk, s); }
  void operator()(const CompleteReport& s) { complete_report(desk, s); }
  void operator()(const ReleaseReport& s) { release_report(desk, s); }
  void operator()(const Tick&) { tick(desk); }
  void operator()(const Restarted&) { tick(desk); }
};

void nothing_pending(State& state) {
  std::vector<Effect> ignored;
  effects_of_changes(state, ignored);
  state.freed.clear();
  state.fresh.clear();
}

constexpr std::uint32_t snapshot_version = 2;  // 2: opening hours at the end

}  // namespace

Floor::Floor() : state_(std::make_unique<State>()) {}
Floor::~Floor() = default;
Floor::Floor(Floor&&) noexcept = default;
Floor& Floor::operator=(Floor&&) noexcept = default;

Turn Floor::handle(const Stimulus& stimulus, Instant now) {
  if (met_listener) machines::tell(*state_, stimulus, now);
  Turn turn;
  Desk desk{*state_, turn, now};
  std::visit(Reception{desk}, stimulus);
  route(desk);
  effects_of_changes(*state_, turn.effects);
  return turn;
}

void Floor::evolve(const Event& event, Instant at) {
  state_->evolve(event, at);
  nothing_pending(*state_);
}

Instant Floor::deadline() const { return state_->timers.empty() ? Instant::never() : state_->timers.begin()->at; }

std::string Floor::save() const {
  const State& s = *state_;
  Writer w;
  encode(w, snapshot_version);
  encode(w, s.agents);
  encode(w, s.queues);
  encode(w, s.devices);
  encode(w, s.numbers);
  encode(w, s.trunks);
  encode(w, s.centre);
  encode(w, s.calls);
  encode(w, s.legs);
  encode(w, s.last);
  encode(w, s.roster.balances(s.agents.size()));
  encode(w, s.hours);
  return std::move(w.bytes);
}

Result<Floor> Floor::load(std::string_view snapshot) {
  Floor floor;
  State& s = *floor.state_;
  Reader r(snapshot);
  std::uint32_t version = 0;
  std::vector<std::int64_t> balances;
  decode(r, version);
  if (r.failed() || version < 1 || version > snapshot_version) return trouble("snapshot-unreadable", "The snapshot is damaged or of a newer program; the journal is replayed instead.");
  decode(r, s.agents);
  decode(r, s.queues);
  decode(r, s.devices);
  decode(r, s.numbers);
  decode(r, s.trunks);
  decode(r, s.centre);
  decode(r, s.calls);
  decode(r, s.legs);
  decode(r, s.last);
  decode(r, balances);
  if (version >= 2) decode(r, s.hours);
  if (r.failed() || !r.at_end()) return trouble("snapshot-unreadable", "The snapshot is damaged; the journal is replayed instead.");
  s.roster.set_balances(std::move(balances));
  s.rebuild_derived();
  for (const auto& [id, call] : s.calls) s.touched.insert(id);
  nothing_pending(s);
  return floor;
}

bool Floor::operator==(const Floor& other) const { return save() == other.save(); }

}  // namespace pasokh::floor
