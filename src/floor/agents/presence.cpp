// Signing in and out, ready and paused, and the device on the desk. One agent, one seat, any device.
#include "floor/desk.h"

namespace pasokh::floor {
namespace {

const std::string signing_out = "signing_out";

bool busy(const Agent& agent) { return agent.state == AgentState::talking; }

// An offer that rings while the agent leaves or pauses: it stays taken.
void let_go_of_offer(Desk& desk, AgentId id, WithdrawReason why) {
  const Agent& agent = desk.state.agent(id);
  if (agent.state != AgentState::offered) return;
  const Call* call = desk.state.find(agent.call);
  if (!call) return;
  for (const Offer& offer : call->offers)
    if (offer.agent == id) return withdraw(desk, call->id, Offer(offer), why);
}

// A consult, transfer or internal call that rings at a phone which the agent leaves: it ends as declined.
void let_go_of_side_leg(Desk& desk, AgentId id) {
  const LegId leg = desk.state.agent(id).side_leg;
  if (!leg) return;
  desk.effect(EndLeg{leg, EndCause::declined});
  leg_gone(desk, leg, EndCause::declined);
}

void end_wrap_up(Desk& desk, AgentId id) {
  const Agent& agent = desk.state.agent(id);
  if (agent.state == AgentState::wrap_up) desk.put(WrapUpEnded{id, agent.call});
}

void refuse_owing(Desk& desk, const Agent& agent) {
  desk.refuse("report-due", "The report of call " + text(agent.reports_due.front()) + " comes first; a supervisor can let agent " + agent.code + " go on without it.");
}

void become_ready(Desk& desk, AgentId id, const std::string& by) {
  const Agent& agent = desk.state.agent(id);
  if (owes_report(desk.state, id) && agent.state == AgentState::wrap_up) return refuse_owing(desk, agent);
  if (owes_report(desk.state, id) && agent.state == AgentState::paused) return desk.put(AgentPaused{id, "report_due", ""});  // owed since the last sign-out
  end_wrap_up(desk, id);
  if (agent.state != AgentState::paused && agent.pause_next.empty()) return;
  const bool reachable = desk.state.device(agent.device).reachable;
  if (reachable || busy(agent)) desk.put(AgentReady{id, by});
  else desk.put(AgentPaused{id, "unreachable", ""});  // ready as soon as the phone is there
  cut_ledger(desk, id);
}

}  // namespace

AgentId agent_named(Desk& desk, const std::string& code) {
  const AgentId id{find_code(desk.state.agent_codes, code)};
  if (!id) desk.refuse("agent-unknown", "There is no agent \"" + code + "\".");
  return id;
}

void sit_down(Desk& desk, AgentId id, DeviceId device_id, const std::string& by) {
  State& state = desk.state;
  const Agent& agent = state.agent(id);
  const Device& device = state.device(device_id);
  if (agent.device == device_id) return become_ready(desk, id, by);
  if (busy(agent)) return desk.refuse("agent-in-call", "Agent " + agent.code + " is in a call on another device.");
  if (device.seated && device.seated != id) {
    const Agent& other = state.agent(device.seated);
    if (busy(other)) return desk.refuse("device-in-use", "Agent " + other.code + " is in a call on device " + device.user + ".");
    const AgentId leaves = device.seated;
    sign_out_now(desk, leaves, by);
  }
  let_go_of_offer(desk, id, WithdrawReason::agent_left);
  let_go_of_side_leg(desk, id);
  desk.put(AgentSignedIn{id, device_id, by});
  become_ready(desk, id, by);
}

void sign_in(Desk& desk, const SignIn& stimulus) {
  const AgentId id = agent_named(desk, stimulus.agent);
  if (desk.refused()) return;
  const Agent& agent = desk.state.agent(id);
  std::string user = stimulus.device;
  if (user.empty() && agent.signed_in()) user = desk.state.device(agent.device).user;
  if (user.empty()) user = agent.settings.device;
  const DeviceId device{find_code(desk.state.device_codes, user)};
  if (!device) return desk.refuse("device-unknown", user.empty() ? "Agent " + stimulus.agent + " has no usual device; name one." : "There is no device \"" + user + "\".");
  sit_down(desk, id, device, stimulus.by);
}

void set_ready(Desk& desk, const SetReady& stimulus) { sign_in(desk, SignIn{stimulus.agent, "", stimulus.by}); }

void set_paused(Desk& desk, const SetPaused& stimulus) {
  const AgentId id = agent_named(desk, stimulus.agent);
  if (desk.refused()) return;
  const Agent& agent = desk.state.agent(id);
  if (!agent.signed_in()) return desk.refuse("agent-signed-out", "Agent " + stimulus.agent + " is signed out.");
  const std::string reason = stimulus.reason.empty() ? "break" : stimulus.reason;
  if (agent.state == AgentState::offered) {
    const CallId call = agent.call;
    return lapse_into_pause(desk, call, id, reason, stimulus.by);
  }
  if (agent.state == AgentState::wrap_up && !owes_report(desk.state, id)) end_wrap_up(desk, id);  // else: from the report on
  desk.put(AgentPaused{id, reason, stimulus.by});
  cut_ledger(desk, id);
}

void sign_out_now(Desk& desk, AgentId id, const std::string& by) {
  let_go_of_offer(desk, id, WithdrawReason::agent_left);
  let_go_of_side_leg(desk, id);
  end_wrap_up(desk, id);
  if (desk.state.agent(id).signed_in()) desk.put(AgentSignedOut{id, by});
  cut_ledger(desk, id);
}

void sign_out(Desk& desk, const SignOut& stimulus) {
  const AgentId id = agent_named(desk, stimulus.agent);
  if (desk.refused()) return;
  if (busy(desk.state.agent(id))) return desk.put(AgentPaused{id, signing_out, stimulus.by});  // holds from the end of the call
  sign_out_now(desk, id, stimulus.by);
}

void device_reachable(Desk& desk, const DeviceReachable& stimulus) {
  State& state = desk.state;
  if (!stimulus.device || stimulus.device.value > state.devices.size()) return;
  const Device& device = state.device(stimulus.device);
  if (!device.exists || device.reachable == stimulus.reachable) return;
  const AgentId seated = device.seated;
  if (stimulus.reachable) {
    desk.put(DeviceReached{stimulus.device});
    // What we did because the phone was gone, we take back when it returns; what a person did stays.
    if (seated && state.agent(seated).state == AgentState::paused && state.agent(seated).pause_reason == "unreachable") desk.put(AgentReady{seated, ""});
    else if (seated && state.agent(seated).pause_next == "unreachable") desk.put(AgentReady{seated, ""});
    return;
  }
  desk.put(DeviceLost{stimulus.device});
  if (!seated) return;
  const Agent& agent = state.agent(seated);
  if (agent.state == AgentState::offered) return offer_lapses(desk, agent.call, seated, LapseReason::unreachable);
  if (agent.state == AgentState::ready || ((busy(agent) || agent.state == AgentState::wrap_up) && agent.pause_next.empty())) desk.put(AgentPaused{seated, "unreachable", ""});
}

void end_wrap_up_early(Desk& desk, AgentId id) {
  if (desk.state.agent(id).state != AgentState::wrap_up) return desk.refuse("not-in-wrap-up", "There is no wrap-up to end.");
  if (owes_report(desk.state, id)) return refuse_owing(desk, desk.state.agent(id));
  interrupt_wrap_up(desk, id);
}

void interrupt_wrap_up(Desk& desk, AgentId id) {
  end_wrap_up(desk, id);
  cut_ledger(desk, id);
}

void wrap_up_due(Desk& desk, AgentId id) {
  const Agent& agent = desk.state.agent(id);
  if (agent.state != AgentState::wrap_up || agent.wrap_up_until > desk.now) return;
  if (owes_report(desk.state, id)) return desk.put(CallReportOverdue{agent.reports_due.front(), id});
  desk.put(WrapUpEnded{id, agent.call});
  cut_ledger(desk, id);
}

}  // namespace pasokh::floor
