// What an agent dials at a phone. Each is answered by a tone: confirm or refuse.
//   *11         the device's usual agent signs in here      *11<number>  the agent with that number does (hot desking)
//   *12         sign out      *13  ready (signs in when needed)      *14[reason]  pause; the digits are the reason
//   *15         end the wrap-up now
#include "floor/desk.h"

namespace pasokh::floor {
namespace {

AgentId usual_agent(const State& state, const Device& device) {
  if (device.seated) return device.seated;
  return device.usual && state.agent(device.usual).exists ? device.usual : AgentId{};
}

void obey(Desk& desk, DeviceId device_id, const std::string& dialled) {
  State& state = desk.state;
  const Device& device = state.device(device_id);
  const std::string code = dialled.substr(0, 3), rest = dialled.size() > 3 ? dialled.substr(3) : "";
  const std::string by = device.user;
  if (code == "*11") {
    const AgentId agent = rest.empty() ? usual_agent(state, device) : AgentId{find_code(state.agent_numbers, rest)};
    if (!agent) return desk.refuse("agent-unknown", "Nobody has that number.");
    return sit_down(desk, agent, device_id, by);
  }
  const AgentId agent = code == "*13" ? usual_agent(state, device) : device.seated;
  if (!agent) return desk.refuse("nobody-signed-in", "Nobody is signed in at this device.");
  const std::string name = state.agent(agent).code;
  if (code == "*12") return sign_out(desk, {name, by});
  if (code == "*13") return sit_down(desk, agent, device_id, by);
  if (code == "*14") return set_paused(desk, {name, rest, by});
  if (code == "*15") return end_wrap_up_early(desk, agent);
  desk.refuse("code-unknown", "That star code means nothing here.");
}

}  // namespace

void star_code(Desk& desk, const LegArrived& stimulus) {
  obey(desk, stimulus.device, stimulus.dialled);
  const bool accepted = !desk.refused();
  desk.turn.refused.reset();  // the tone tells the agent
  desk.put(CodeDialled{stimulus.leg, stimulus.device, accepted, desk.now + code_limit});
}

}  // namespace pasokh::floor
