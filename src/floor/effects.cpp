// What the outside must do because of an event, or because what a leg shall hear or what is recorded has changed.
#include "floor/desk.h"

namespace pasokh::floor {
namespace {

bool is_ours_to_end(EndCause cause) {
  switch (cause) {
    case EndCause::ended_by_us:
    case EndCause::transferred:
    case EndCause::timed_out:
    case EndCause::cancelled: return true;
    case EndCause::hung_up:
    case EndCause::no_answer:
    case EndCause::busy:
    case EndCause::declined:
    case EndCause::unreachable:
    case EndCause::lost:
    case EndCause::failed:
    case EndCause::not_allowed: return false;
  }
  return false;
}

struct Orders {
  const State& state;
  std::vector<Effect>& out;

  void dial(LegId id) {
    if (const Leg* leg = state.find(id)) out.push_back(dial_of(state, *leg));
  }
  void operator()(const CallAnswered& e) { out.push_back(AcceptLeg{e.leg}); }
  void operator()(const CodeDialled& e) {
    out.push_back(AcceptLeg{e.leg});
    out.push_back(Hear{e.leg, state.find(e.leg)->hearing});
  }
  void operator()(const CallOffered& e) { dial(e.leg); }
  void operator()(const LegDialled& e) { dial(e.leg); }
  void operator()(const OfferLapsed& e) { out.push_back(EndLeg{e.leg, e.why == LapseReason::no_answer ? EndCause::no_answer : EndCause::ended_by_us}); }
  void operator()(const OfferWithdrawn& e) { out.push_back(EndLeg{e.leg, EndCause::cancelled}); }
  void operator()(const LegEnded& e) { if (is_ours_to_end(e.cause)) out.push_back(EndLeg{e.leg, e.cause}); }
  void operator()(const RecordingMarked& e) { out.push_back(MarkRecording{e.call, e.capture, e.mark}); }
  void operator()(const AlarmRaised& e) { out.push_back(Alarm{e.code, e.text}); }
  void operator()(const DeviceSet& e) { out.push_back(SettingsChanged{"device", e.user, false}); }
  void operator()(const NumberSet& e) { out.push_back(SettingsChanged{"number", e.digits, false}); }
  void operator()(const TrunkSet& e) { out.push_back(SettingsChanged{"trunk", e.code, false}); }
  void operator()(const QueueSet& e) { out.push_back(SettingsChanged{"queue", e.code, false}); }
  void operator()(const AgentSet& e) { out.push_back(SettingsChanged{"agent", e.code, false}); }
  void operator()(const CentreSet&) { out.push_back(SettingsChanged{"centre", "", false}); }
  void operator()(const DeviceRemoved& e) { out.push_back(SettingsChanged{"device", state.device(e.device).user, true}); }
  void operator()(const NumberRemoved& e) { out.push_back(SettingsChanged{"number", state.numbers[e.number.value - 1].digits, true}); }
  void operator()(const TrunkRemoved& e) { out.push_back(SettingsChanged{"trunk", state.trunks[e.trunk.value - 1].code, true}); }
  void operator()(const QueueRemoved& e) { out.push_back(SettingsChanged{"queue", state.queue(e.queue).code, true}); }
  void operator()(const AgentRemoved& e) { out.push_back(SettingsChanged{"agent", state.agent(e.agent).code, true}); }
  template <class Other> void operator()(const Other&) {}
};

}  // namespace

DialLeg dial_of(const State& state, const Leg& leg) {
  DialLeg dial;
  dial.leg = leg.id;
  dial.call = leg.call;
  if (leg.device) dial.device = leg.device;
  else { dial.trunk = leg.trunk; dial.party = leg.party; dial.number = leg.number; }
  dial.caller = leg.shown;
  dial.answers_itself = leg.role == LegRole::agent;  // click to call
  const Call* call = state.find(leg.call);
  if (call && call->queue) dial.queue = state.queue(call->queue).code;
  if (call && !dial.caller && call->agent) {
    const AgentSettings& by = state.agent(call->agent).settings;
    dial.caller_text = by.number.empty() ? state.agent(call->agent).code : by.number;
  }
  return dial;
}

void effects_of(const State& state, const Event& event, std::vector<Effect>& into) { std::visit(Orders{state, into}, event); }

namespace {

Record record_of(const Call& call) {
  return {call.id, call.capture, call.customer, call.agent_leg ? call.agent_leg : call.outside, call.recording};
}
bool same(const Record& a, const Record& b) { return a.capture == b.capture && a.customer == b.customer && a.agent == b.agent && a.on == b.on; }

void tell_hearing(State& state, LegId id, std::vector<Effect>& into) {
  const Leg* leg = state.find(id);
  if (!leg || leg->state != LegState::up) return;
  Hearing& told = state.told.hearing[id];
  if (told == leg->hearing) return;
  told = leg->hearing;
  into.push_back(Hear{id, leg->hearing});
}

}  // namespace

void effects_of_changes(State& state, std::vector<Effect>& into) {
  for (const CallId id : state.touched) {
    const Call* call = state.find(id);
    if (!call) {
      if (auto told = state.told.record.find(id); told != state.told.record.end()) {
        if (told->second.on) { told->second.on = false; into.push_back(told->second); }
        state.told.record.erase(told);
      }
      continue;
    }
    for (const LegId leg : {call->customer, call->agent_leg, call->outside, call->consult.leg}) tell_hearing(state, leg, into);
    if (!call->capture) continue;
    const Record wanted = record_of(*call);
    auto [told, is_new] = state.told.record.try_emplace(id, wanted);
    if (!is_new && same(told->second, wanted)) continue;
    told->second = wanted;
    into.push_back(wanted);
  }
  state.touched.clear();
}

}  // namespace pasokh::floor
