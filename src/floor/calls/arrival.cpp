// A new INVITE: from a trunk to a number of ours, or from a device.
#include "floor/desk.h"
#include "floor/settings/parse.h"

namespace pasokh::floor {
namespace {

void turn_away(Desk& desk, const CallArrived& arrived, Outcome outcome, EndCause cause, std::string why) {
  desk.put(arrived);
  desk.put(CallEnded{arrived.call, outcome, cause});
  desk.effect(RefuseLeg{arrived.leg, cause, std::move(why)});
}

bool trunk_is_full(const State& state, TrunkId id) {
  if (!id) return false;
  const Trunk& trunk = state.trunks[id.value - 1];
  return trunk.settings.max_channels > 0 && trunk.channels >= trunk.settings.max_channels;
}

}  // namespace

bool is_overloaded(const State& state) { return state.centre.max_calls > 0 && state.calls.size() >= static_cast<std::size_t>(state.centre.max_calls); }

void arrive(Desk& desk, const LegArrived& stimulus) {
  State& state = desk.state;
  if (state.find(stimulus.leg)) return;
  if (stimulus.device && stimulus.device.value <= state.devices.size() && state.device(stimulus.device).exists) {
    if (!stimulus.dialled.empty() && stimulus.dialled.front() == '*') return star_code(desk, stimulus);
    return call_from_device(desk, stimulus, state.device(stimulus.device).seated);
  }
  const NumberId number{find_code(state.number_codes, stimulus.dialled)};
  const bool from_trunk = stimulus.trunk && stimulus.trunk.value <= state.trunks.size() && state.trunks[stimulus.trunk.value - 1].exists;
  if (!from_trunk && !number) return desk.effect(RefuseLeg{stimulus.leg, EndCause::not_allowed, "unknown_number"});

  // a number that is none of ours stands in the report too, so that somebody can see what is missing; other text a stranger's INVITE brings does not
  CallArrived arrived{CallId{state.last.call + 1}, stimulus.leg, Direction::inbound, number, is_digits(stimulus.dialled) ? stimulus.dialled : "", stimulus.caller,
                      from_trunk ? stimulus.trunk : TrunkId{}, {}, {}, Language::fa};
  if (!number) return turn_away(desk, arrived, Outcome::unknown_number, EndCause::not_allowed, "unknown_number");
  const NumberSettings& settings = state.numbers[number.value - 1].settings;
  arrived.language = settings.language;
  const QueueId queue{find_code(state.queue_codes, settings.queue)};
  if (is_overloaded(state)) return turn_away(desk, arrived, Outcome::refused, EndCause::failed, "overload");
  if (trunk_is_full(state, arrived.trunk)) return turn_away(desk, arrived, Outcome::refused, EndCause::busy, "trunk_full");
  if (!queue) return turn_away(desk, arrived, Outcome::refused, EndCause::not_allowed, "number_without_queue");
  desk.put(arrived);
  enter_by_number(desk, arrived.call, settings, queue);
}

}  // namespace pasokh::floor
