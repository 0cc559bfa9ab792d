// What each leg of a call hears follows from the state of the call alone. A programme keeps its id while it stays the same, so
// that nothing starts anew for the ear.
#include "floor/evolve.h"

namespace pasokh::floor {
namespace {

void silence(Leg& leg) {
  leg.hearing = {};
  leg.tune.clear();
}

void hear(Leg& leg, LegId other) {
  leg.hearing = {other, {}};
  leg.tune.clear();
}

void play(State& state, Leg& leg, std::string tune, std::int32_t version, std::vector<ProgrammeItem> items, bool repeat, Language language) {
  if (leg.tune == tune && leg.tune_version == version) return;
  leg.tune = std::move(tune);
  leg.tune_version = version;
  if (items.empty()) { leg.hearing = {}; return; }
  leg.hearing = {LegId{}, {ProgrammeId{++state.last.programme}, std::move(items), repeat, language}};
}

bool is_up(const State& state, LegId id) {
  const Leg* leg = id ? state.find(id) : nullptr;
  return leg && leg->state == LegState::up;
}

std::string music_of(const State& state, const Call& call) { return call.queue ? state.queue(call.queue).settings.music : "default"; }

void play_music(State& state, Leg& leg, const Call& call) {
  const std::string music = music_of(state, call);
  if (music == "none") play(state, leg, "no music", 0, {}, false, call.language);
  else play(state, leg, "music", 0, {{"music", music, 0}}, true, call.language);
}

void play_queue(State& state, Leg& leg, const Call& call) {
  const std::string music = music_of(state, call);
  const QueueSettings& settings = state.queue(call.queue).settings;
  std::vector<ProgrammeItem> items;
  if (call.greeting && !settings.greeting.empty()) items.push_back({"prompt", settings.greeting, 0});
  if (call.place_told > 0) items.push_back({"place", "", call.place_told});
  if (call.announcing && !settings.announcement.empty()) items.push_back({"prompt", settings.announcement, 0});
  if (music != "none") items.push_back({"music", music, 0});
  play(state, leg, "queue", call.programme_version, std::move(items), music != "none", call.language);
}

void play_ringback(State& state, Leg& leg, const Call& call) { play(state, leg, "ringback", 0, {{"tone", "ringback", 0}}, true, call.language); }

// Whom the customer talks to, if anyone.
LegId partner(const State& state, const Call& call) {
  if (is_up(state, call.agent_leg)) return call.agent_leg;
  if (is_up(state, call.outside)) return call.outside;
  return {};
}

void play_notice(State& state, Leg& leg, const Call& call) { play(state, leg, "notice", 0, {{"prompt", "notice", 0}}, false, call.language); }

void settle_customer(State& state, Leg& leg, const Call& call) {
  const LegId with = partner(state, call);
  if (!call.farewell.empty()) play(state, leg, "farewell", 0, {{"prompt", call.farewell, 0}}, false, call.language);
  else if (call.notice == Notice::playing) play_notice(state, leg, call);
  else if (call.waiting) play_queue(state, leg, call);
  else if (call.held || call.consult.leg) play_music(state, leg, call);
  else if (with) hear(leg, with);
  else if (call.transfer.leg) play_ringback(state, leg, call);
  else silence(leg);
}

void settle_partner(State& state, Leg& leg, const Call& call) {
  const bool serves = leg.id == call.agent_leg;
  if (serves && call.consult.leg) {
    if (call.consult.answered) hear(leg, call.consult.leg);
    else play_ringback(state, leg, call);
  } else if (call.held) silence(leg);
  // The law wants the notice heard to its end, so whoever answers early waits for it with the customer: both hear it, neither
  // speaks into nothing, and both are joined in the moment in which it ends. Mixed into a talk that has begun it would be talked over.
  else if (call.notice == Notice::playing) play_notice(state, leg, call);
  else if (is_up(state, call.customer)) hear(leg, call.customer);
  else play_ringback(state, leg, call);  // an outbound or internal call that rings
}

}  // namespace

void settle_hearing(State& state, Call& call) {
  if (Leg* leg = state.find(call.customer); leg && leg->state == LegState::up) settle_customer(state, *leg, call);
  if (Leg* leg = state.find(call.agent_leg); leg && leg->state == LegState::up) settle_partner(state, *leg, call);
  if (Leg* leg = state.find(call.outside); leg && leg->state == LegState::up) settle_partner(state, *leg, call);
  if (Leg* leg = state.find(call.consult.leg); leg && leg->state == LegState::up) {
    if (is_up(state, call.agent_leg)) hear(*leg, call.agent_leg); else silence(*leg);
  }
}

}  // namespace pasokh::floor
