// Calls that our own devices make: to a colleague, into a queue, or outside as the outbound plan allows.
#include <algorithm>
#include <array>

#include "floor/desk.h"

namespace pasokh::floor {
namespace {

// Iran: police, ambulance, fire, and (112) the emergency number of mobile networks. Never forbidden.
constexpr std::array<std::string_view, 4> emergency{"110", "112", "115", "125"};

bool is_emergency(std::string_view digits) { return std::find(emergency.begin(), emergency.end(), digits) != emergency.end(); }

bool has_channel(const Trunk& trunk) { return trunk.exists && (trunk.settings.max_channels == 0 || trunk.channels < trunk.settings.max_channels); }

bool is_dialable(std::string_view digits) {
  return !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) { return (c >= '0' && c <= '9') || c == '+'; });
}

CallArrived own_call(Desk& desk, LegId leg, Direction direction, DeviceId device, AgentId agent, PartyId party) {
  return {CallId{desk.state.last.call + 1}, leg, direction, {}, "", party, {}, device, agent, Language::fa};
}

void ring_colleague(Desk& desk, const CallArrived& arrived, AgentId colleague) {
  const Agent& other = desk.state.agent(colleague);
  const bool can_ring = other.signed_in() && colleague != arrived.agent && !other.in_call() && other.state != AgentState::offered && !other.side_leg &&
                        desk.state.device(other.device).legs == 0 && desk.state.device(other.device).reachable;
  desk.put(arrived);
  if (!can_ring) return end_call(desk, arrived.call, Outcome::busy, EndCause::busy);
  desk.put(LegDialled{arrived.call, desk.next_leg(), arrived.agent, colleague, desk.state.agent(colleague).device, {}, {}, "", LegRole::outside, desk.now + dial_limit});
}

void dial_outside(Desk& desk, const CallArrived& arrived, const Way& way, PartyId party) {
  desk.put(arrived);
  desk.put(LegDialled{arrived.call, desk.next_leg(), arrived.agent, {}, {}, way.trunk, party, "", LegRole::outside, desk.now + dial_limit});
}

}  // namespace

Way way_outside(const State& state, std::string_view digits) {
  if (!is_dialable(digits)) return {};
  for (const OutboundRule& rule : state.centre.outbound) {
    const TrunkId trunk{find_code(state.trunk_codes, rule.trunk)};
    const auto size = static_cast<std::int32_t>(digits.size());
    if (!trunk || digits.substr(0, rule.prefix.size()) != rule.prefix || size < rule.min_digits || size > rule.max_digits) continue;
    if (has_channel(state.trunks[trunk.value - 1])) return {trunk, true};
  }
  if (!is_emergency(digits)) return {};
  for (const Trunk& trunk : state.trunks) if (has_channel(trunk)) return {trunk.id, true};
  for (const Trunk& trunk : state.trunks) if (trunk.exists) return {trunk.id, true};  // full: the carrier may still take it
  return {};
}

void call_from_device(Desk& desk, const LegArrived& stimulus, AgentId seated) {
  State& state = desk.state;
  const Way way = way_outside(state, stimulus.dialled);
  const AgentId colleague{find_code(state.agent_numbers, stimulus.dialled)};
  const NumberId number{find_code(state.number_codes, stimulus.dialled)};
  const QueueId queue{number ? find_code(state.queue_codes, state.numbers[number.value - 1].settings.queue) : 0};
  if (is_overloaded(state) && !is_emergency(stimulus.dialled)) return desk.effect(RefuseLeg{stimulus.leg, EndCause::failed, "overload"});
  if (!colleague && !queue && !way.allowed) return desk.effect(RefuseLeg{stimulus.leg, EndCause::not_allowed, "not_in_outbound_plan"});
  if (seated && state.agent(seated).state == AgentState::offered) offer_lapses(desk, state.agent(seated).call, seated, LapseReason::busy);
  if (seated && state.agent(seated).state == AgentState::wrap_up) interrupt_wrap_up(desk, seated);

  CallArrived arrived = own_call(desk, stimulus.leg, colleague || queue ? Direction::internal : Direction::outbound, stimulus.device, seated, colleague || queue ? stimulus.caller : stimulus.party);
  if (colleague) {
    arrived.dialled = stimulus.dialled;
    return ring_colleague(desk, arrived, colleague);
  }
  if (!queue) return dial_outside(desk, arrived, way, stimulus.party);
  arrived.number = number;
  arrived.dialled = stimulus.dialled;
  arrived.language = state.numbers[number.value - 1].settings.language;
  desk.put(arrived);
  enqueue(desk, arrived.call, queue, desk.now);
}

void place_call(Desk& desk, const PlaceCall& stimulus) {
  State& state = desk.state;
  const AgentId id = agent_named(desk, stimulus.agent);
  if (desk.refused()) return;
  const Agent& agent = state.agent(id);
  if (!agent.signed_in()) return desk.refuse("agent-signed-out", "Agent " + stimulus.agent + " is signed out.");
  if (agent.in_call() || agent.state == AgentState::offered || agent.side_leg) return desk.refuse("agent-in-call", "Agent " + stimulus.agent + " is in a call.");
  if (!state.device(agent.device).reachable) return desk.refuse("device-unreachable", "The phone of agent " + stimulus.agent + " is not connected.");
  const Way way = way_outside(state, stimulus.number);
  if (!way.allowed) return desk.refuse("number-not-allowed", "The outbound plan does not allow this number.");
  if (agent.state == AgentState::wrap_up) interrupt_wrap_up(desk, id);
  const LegId leg = desk.next_leg();
  const CallArrived arrived = own_call(desk, leg, Direction::outbound, agent.device, id, stimulus.party);
  desk.put(arrived);
  desk.put(LegDialled{arrived.call, leg, id, id, agent.device, way.trunk, stimulus.party, "", LegRole::agent, desk.now + dial_limit});
  desk.turn.reply = "{\"call\":\"" + text(arrived.call) + "\"}";
}

void dial_wanted(Desk& desk, CallId id, LegId answered) {
  desk.put(LegAnswered{id, answered});
  const Call& call = *desk.state.find(id);
  if (call.customer) return;
  desk.put(LegDialled{id, desk.next_leg(), call.agent, {}, {}, call.wanted_trunk, call.wanted, "", LegRole::outside, desk.now + dial_limit});
}

}  // namespace pasokh::floor
