#include "floor/board.h"

#include <algorithm>

#include "floor/state.h"

namespace pasokh::floor {
namespace {

void touch_call(const State& state, CallId id, Touched& touched) {
  const Call* call = state.find(id);
  if (!call) return;
  if (call->queue) touched.queues.insert(call->queue);
  for (const AgentId agent : {call->agent, call->caller_agent, call->consult.by, call->consult.to_agent, call->transfer.by, call->transfer.to_agent})
    if (agent) touched.agents.insert(agent);
  for (const Offer& offer : call->offers) touched.agents.insert(offer.agent);
}

struct Toucher {
  const State& state;
  Touched& touched;
  void operator()(AgentId id) const { if (id) touched.agents.insert(id); }
  void operator()(QueueId id) const { if (id) touched.queues.insert(id); }
  void operator()(CallId id) const { touch_call(state, id, touched); }
  void operator()(LegId id) const {
    if (const Leg* leg = state.find(id)) {
      touch_call(state, leg->call, touched);
      if (leg->agent) touched.agents.insert(leg->agent);
    }
  }
  void operator()(DeviceId id) const {
    if (id && id.value <= state.devices.size() && state.device(id).seated) touched.agents.insert(state.device(id).seated);
  }
  template <class T>
  void operator()(const T&) const {}
};

std::string_view state_of(const State& state, const Call& call) {
  if (call.waiting) return call.offers.empty() ? "waiting" : "offered";
  if (call.held) return "held";
  if (call.consult.leg) return "consulting";
  if (call.transfer.leg) return "transferring";
  const Leg* customer = state.find(call.customer);
  return customer && customer->state == LegState::up && (call.agent_leg || call.outside) ? "talking" : "dialling";
}

CallLook look_at(const State& state, const Call& call) {
  CallLook look{.call = call.id, .direction = call.direction, .state = state_of(state, call), .caller = call.caller, .called = call.wanted, .arrived = call.arrived, .since = call.since,
                .recording = call.recording, .held = call.held};
  if (call.number) look.number = state.numbers[call.number.value - 1].digits;
  if (call.queue) look.queue = state.queue(call.queue).code;
  if (call.agent) look.agent = state.agent(call.agent).code;
  look.consulting = bool(call.consult.leg);
  look.consult_answered = call.consult.answered;
  if (call.consult.to_agent) look.consult_agent = state.agent(call.consult.to_agent).code;
  return look;
}

}  // namespace

std::size_t agents_ever(const Floor& floor) { return floor.inspect().agents.size(); }
std::size_t queues_ever(const Floor& floor) { return floor.inspect().queues.size(); }

std::optional<AgentLook> look(const Floor& floor, AgentId id) {
  const State& state = floor.inspect();
  if (!id || id.value > state.agents.size() || !state.agent(id).exists) return std::nullopt;
  const Agent& a = state.agent(id);
  AgentLook look{.code = a.code, .state = a.state, .reason = a.state == AgentState::paused ? a.pause_reason : a.pause_next, .since = a.since, .call = a.call};
  if (a.device) look.device = state.device(a.device).user;
  if (const Call* call = state.find(a.call)) look.call_queue = call->queue;
  for (const Membership& m : a.settings.queues)
    if (state.queue(m.queue).exists) look.queues.push_back(m.queue);
  look.balance = state.roster.balance(id);
  if (!a.reports_due.empty()) look.report_due = a.reports_due.front();
  return look;
}

std::optional<QueueLook> look(const Floor& floor, QueueId id) {
  const State& state = floor.inspect();
  if (!id || id.value > state.queues.size() || !state.queue(id).exists) return std::nullopt;
  const Queue& q = state.queue(id);
  QueueLook look{.code = q.code, .waiting = static_cast<std::int64_t>(q.line.size())};
  for (const WaitKey& key : q.line) look.longest_since = std::min(look.longest_since.value_or(key.since), key.since);
  return look;
}

std::vector<WaitingLook> line(const Floor& floor, QueueId id, std::size_t most) {
  const State& state = floor.inspect();
  std::vector<WaitingLook> all;
  if (!id || id.value > state.queues.size()) return all;
  std::int32_t position = 0;
  for (const WaitKey& key : state.queue(id).line) {
    if (all.size() >= most) break;
    const Call* call = state.find(key.call);
    if (call) all.push_back({key.call, call->caller, key.since, key.priority, ++position, !call->offers.empty()});
  }
  return all;
}

std::vector<CallLook> calls_of(const Floor& floor, AgentId id) {
  const State& state = floor.inspect();
  std::vector<CallLook> all;
  if (!id || id.value > state.agents.size() || !state.agent(id).exists) return all;
  const Agent& agent = state.agent(id);
  const Leg* side = state.find(agent.side_leg);
  std::vector<CallId> on{agent.call, agent.second_call};
  on.insert(on.end(), agent.further_calls.begin(), agent.further_calls.end());
  if (side) on.push_back(side->call);
  for (const CallId call : on)
    if (const Call* found = state.find(call); found && std::none_of(all.begin(), all.end(), [&](const CallLook& c) { return c.call == call; })) all.push_back(look_at(state, *found));
  return all;
}

void touch(const Floor& floor, const Event& event, Touched& touched) {
  const Toucher toucher{floor.inspect(), touched};
  std::visit([&](const auto& e) { std::apply([&](const auto&... field) { (toucher(field), ...); }, e.tie()); }, event);
}

}  // namespace pasokh::floor
