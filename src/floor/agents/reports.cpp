// The report of a call (B5): where a queue wants one, its agent takes no further call before it is complete. The time after the
// call runs as ever; when it is over and the report is not, the agent stays in wrap-up and the supervisor sees why. Nobody is
// kept from going home: a report that is owed waits for the next sign-in. Whether a report is complete judges office/call_reports.
#include <algorithm>

#include "floor/desk.h"

namespace pasokh::floor {
namespace {

bool holds(const std::vector<CallId>& calls, CallId call) { return std::find(calls.begin(), calls.end(), call) != calls.end(); }

// Nothing stands in the way any more: on with the work that had to wait for it.
void go_on(Desk& desk, AgentId id) {
  const Agent& agent = desk.state.agent(id);
  if (owes_report(desk.state, id)) return;
  if (agent.state == AgentState::wrap_up && agent.wrap_up_until == Instant::never()) desk.put(WrapUpEnded{id, agent.call});
  else if (agent.state == AgentState::paused && agent.pause_reason == "report_due") {
    if (desk.state.device(agent.device).reachable) desk.put(AgentReady{id, ""});
    else desk.put(AgentPaused{id, "unreachable", ""});
  } else return;
  cut_ledger(desk, id);
}

}  // namespace

bool owes_report(const State& state, AgentId id) { return !state.agent(id).reports_due.empty(); }

void report_falls_due(Desk& desk, CallId id, AgentId agent) {
  const Call& call = *desk.state.find(id);
  if (!call.queue || desk.state.queue(call.queue).settings.report != ReportRule::required) return;
  const bool written = std::find(call.reported.begin(), call.reported.end(), agent) != call.reported.end();
  if (!written && !holds(desk.state.agent(agent).reports_due, id)) desk.put(CallReportDue{id, agent});
}

void wrap_up(Desk& desk, AgentId id, CallId call, Duration time) {
  const bool owes = owes_report(desk.state, id);
  if (time.us <= 0 && !owes) return cut_ledger(desk, id);
  desk.put(WrapUpStarted{id, call, desk.now + time});
  if (time.us <= 0) desk.put(CallReportOverdue{desk.state.agent(id).reports_due.front(), id});
}

void complete_report(Desk& desk, const CompleteReport& stimulus) {
  const AgentId id = agent_named(desk, stimulus.agent);
  if (desk.refused()) return;
  const Call* call = desk.state.find(stimulus.call);
  const bool serves = call && call->agent == id && std::find(call->reported.begin(), call->reported.end(), id) == call->reported.end();
  if (!serves && !holds(desk.state.agent(id).reports_due, stimulus.call)) return;  // nobody waits for it; saved again, perhaps
  desk.put(CallReportCompleted{stimulus.call, id});
  go_on(desk, id);
}

void release_report(Desk& desk, const ReleaseReport& stimulus) {
  const AgentId id = agent_named(desk, stimulus.agent);
  if (desk.refused()) return;
  if (!owes_report(desk.state, id)) return desk.refuse("no-report-due", "Agent " + stimulus.agent + " owes no report.");
  const std::vector<CallId> due = desk.state.agent(id).reports_due;
  for (const CallId call : due) desk.put(CallReportWaived{call, id, stimulus.by});
  go_on(desk, id);
}

}  // namespace pasokh::floor
