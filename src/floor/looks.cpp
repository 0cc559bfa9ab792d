// What others may look at, and what the outside should look like after a restart.
#include "base/json_text.h"
#include "floor/desk.h"
#include "floor/settings/parse.h"

namespace pasokh::floor {
namespace {

template <class Id, class All>
std::string_view code_in(const All& all, Id id, std::string All::value_type::*field) {
  return id && id.value <= all.size() ? std::string_view(all[id.value - 1].*field) : std::string_view();
}

LegWish::State wish_state(LegState state) {
  switch (state) {
    case LegState::arriving: return LegWish::State::arriving;
    case LegState::dialling: return LegWish::State::dialling;
    case LegState::up: break;
  }
  return LegWish::State::up;
}

}  // namespace

std::vector<LegWish> Floor::leg_wishes() const {
  std::vector<LegWish> wishes;
  for (const auto& [id, leg] : state_->legs) {
    LegWish wish{id, leg.call, wish_state(leg.state), {}, leg.hearing};
    if (leg.state == LegState::dialling) wish.dial = dial_of(*state_, leg);
    wishes.push_back(std::move(wish));
  }
  return wishes;
}

std::vector<RecordWish> Floor::record_wishes() const {
  std::vector<RecordWish> wishes;
  for (const auto& [id, call] : state_->calls)
    if (call.recording) wishes.push_back({id, call.capture, call.customer, call.agent_leg ? call.agent_leg : call.outside});
  return wishes;
}

AgentId Floor::agent(std::string_view code) const { return AgentId{find_code(state_->agent_codes, code)}; }
QueueId Floor::queue(std::string_view code) const { return QueueId{find_code(state_->queue_codes, code)}; }
DeviceId Floor::device(std::string_view user) const { return DeviceId{find_code(state_->device_codes, user)}; }
NumberId Floor::number(std::string_view digits) const { return NumberId{find_code(state_->number_codes, digits)}; }
TrunkId Floor::trunk(std::string_view code) const { return TrunkId{find_code(state_->trunk_codes, code)}; }
std::string_view Floor::code(AgentId id) const { return code_in(state_->agents, id, &Agent::code); }
std::string_view Floor::code(QueueId id) const { return code_in(state_->queues, id, &Queue::code); }
std::string_view Floor::code(DeviceId id) const { return code_in(state_->devices, id, &Device::user); }
std::string_view Floor::code(NumberId id) const { return code_in(state_->numbers, id, &Number::digits); }
std::string_view Floor::code(TrunkId id) const { return code_in(state_->trunks, id, &Trunk::code); }

const TrunkSettings* Floor::settings(TrunkId id) const {
  return id && id.value <= state_->trunks.size() && state_->trunks[id.value - 1].exists ? &state_->trunks[id.value - 1].settings : nullptr;
}
const QueueSettings* Floor::settings(QueueId id) const {
  return id && id.value <= state_->queues.size() && state_->queues[id.value - 1].exists ? &state_->queues[id.value - 1].settings : nullptr;
}
const CentreSettings& Floor::centre() const { return state_->centre; }

std::vector<TrunkId> Floor::trunks() const {
  std::vector<TrunkId> ids;
  for (const Trunk& t : state_->trunks) if (t.exists) ids.push_back(t.id);
  return ids;
}
std::vector<DeviceId> Floor::devices() const {
  std::vector<DeviceId> ids;
  for (const Device& d : state_->devices) if (d.exists) ids.push_back(d.id);
  return ids;
}
DeviceKind Floor::kind(DeviceId id) const { return id && id.value <= state_->devices.size() ? state_->device(id).kind : DeviceKind::phone; }
AgentId Floor::usual(DeviceId id) const { return id && id.value <= state_->devices.size() ? state_->device(id).usual : AgentId{}; }
std::string_view Floor::usual_device(AgentId id) const { return id && id.value <= state_->agents.size() ? std::string_view(state_->agent(id).settings.device) : ""; }
LegId Floor::agent_leg(CallId id) const { const Call* call = state_->find(id); return call ? call->agent_leg : LegId{}; }
CallId Floor::call_of(LegId id) const { const Leg* leg = state_->find(id); return leg ? leg->call : CallId{}; }
QueueId Floor::queue_of(CallId id) const { const Call* call = state_->find(id); return call ? call->queue : QueueId{}; }
std::size_t Floor::live_calls() const { return state_->calls.size(); }
std::optional<AgentState> Floor::state(AgentId id) const {
  if (!id || id.value > state_->agents.size() || !state_->agent(id).exists) return std::nullopt;
  return state_->agent(id).state;
}
std::int64_t Floor::balance(AgentId id) const { return state_->roster.balance(id); }

}  // namespace pasokh::floor
