#include "floor/state.h"

#include <algorithm>

#include "floor/evolve.h"

namespace pasokh::floor {

WaitKey wait_key(const Call& call) { return {call.priority, call.since, call.id}; }

std::uint64_t find_code(const Codes& codes, std::string_view code) {
  auto it = codes.find(code);
  return it == codes.end() ? 0 : it->second;
}

void State::evolve(const Event& event, Instant at) {
  std::visit([&](const auto& alternative) { floor::evolve(*this, alternative, at); }, event);
}

Duty State::duty(const Agent& agent) const {
  auto presence = [&] {
    switch (agent.state) {
      case AgentState::signed_out: return Presence::signed_out;
      case AgentState::paused: return Presence::paused;
      case AgentState::offered: return Presence::offered;
      case AgentState::talking: return Presence::talking;
      case AgentState::wrap_up: return Presence::wrap_up;
      case AgentState::ready: break;
    }
    const Device& seat = device(agent.device);
    return agent.side_leg || seat.legs > 0 || !seat.reachable ? Presence::device_busy : Presence::free;
  };
  return {presence(), agent.idle_since};
}

void State::tell_roster(AgentId id) {
  const Duty now = duty(agent(id));
  roster.set_duty(id, now);
  if (now.presence == Presence::free) freed.insert(id); else freed.erase(id);
}

void State::ensure_roster() {
  if (roster.built()) return;
  std::vector<RosterMember> members;
  members.reserve(agents.size());
  for (const Agent& a : agents) members.push_back({a.exists, a.exists ? duty(a) : Duty{}, &a.settings});
  std::vector<RosterQueue> rows;
  rows.reserve(queues.size());
  for (const Queue& q : queues) rows.push_back({q.exists, &q.settings});
  roster.build(members, rows);
}

void State::roster_is_stale() { roster.forget(); }

// Every state that is not rest has a deadline (complaints 11, 12).
Instant State::due(const Call& call) const {
  Instant at = std::min({call.dial_deadline, call.notice_deadline, call.farewell_deadline});
  for (const Offer& offer : call.offers) at = std::min(at, offer.deadline);
  for (const SideParty* side : {&call.consult, &call.transfer})
    if (side->leg && !side->answered) at = std::min(at, side->deadline);
  if (call.waiting) {
    const QueueSettings& settings = queue(call.queue).settings;
    if (call.offers.empty()) at = std::min(at, call.entered + settings.max_wait);  // while a phone rings, nobody is moved away from it
    if (static_cast<std::size_t>(call.step) < settings.skills.size()) at = std::min(at, call.since + settings.skills[static_cast<std::size_t>(call.step)].after);
    if (settings.announce_every.us > 0 && call.notice != Notice::playing) {
      if (settings.announce_place) at = std::min(at, call.place_told_at + settings.announce_every);
      if (!settings.announcement.empty()) at = std::min(at, call.announced_at + settings.announce_every);
    }
  }
  return at;
}

void State::retime(const Call& call) {
  const Instant at = due(call);
  auto [it, is_new] = call_timer.try_emplace(call.id, at);
  if (!is_new && it->second == at) return;
  if (!is_new) timers.erase({it->second, TimerKind::call, call.id.value});
  it->second = at;
  if (at != Instant::never()) timers.insert({at, TimerKind::call, call.id.value});
}

void State::rebuild_derived() {
  for (const Agent& a : agents) {
    if (!a.exists) continue;
    agent_codes[a.code] = a.id.value;
    if (!a.settings.number.empty()) agent_numbers[a.settings.number] = a.id.value;
    if (a.wrap_up_until != Instant::never()) timers.insert({a.wrap_up_until, TimerKind::agent, a.id.value});
  }
  for (Queue& q : queues) { if (q.exists) queue_codes[q.code] = q.id.value; q.unoffered.resize(q.steps()); }
  for (const Device& d : devices) if (d.exists) device_codes[d.user] = d.id.value;
  for (const Number& n : numbers) if (n.exists) number_codes[n.digits] = n.id.value;
  for (const Trunk& t : trunks) if (t.exists) trunk_codes[t.code] = t.id.value;
  for (const auto& [id, leg] : legs) {
    if (leg.trunk) ++trunks[leg.trunk.value - 1].channels;
    if (leg.deadline != Instant::never()) timers.insert({leg.deadline, TimerKind::leg, id.value});
  }
  for (auto& [id, call] : calls) {
    if (call.waiting) queue(call.queue).line.insert(wait_key(call));
    if (call.unoffered) queue(call.queue).unoffered[static_cast<std::size_t>(call.step)].insert(wait_key(call));
    retime(call);
  }
}

}  // namespace pasokh::floor
