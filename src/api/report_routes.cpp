// Reports over what was: calls and one call's story, queues, agents, intervals, and what each figure means.
#include <charconv>

#include "api/explain.h"
#include "api/exported.h"
#include "api/report_filter.h"
#include "api/routes.h"
#include "api/services.h"
#include "floor/events.h"

namespace pasokh::api {
namespace {

using access::Permission;
using storage::CallRow;

struct MetricView {
  static constexpr auto schema_name = "Metric";
  std::string name, title, title_fa, formula, formula_fa, source;
  PASOKH_FIELDS(name, title, title_fa, formula, formula_fa, source)
};

Result<CallId> call_id(const Call& call) {
  const std::string text = call.at("call");
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) return trouble("call-unknown", "");
  return CallId{value};
}

Result<std::vector<CallRow>> calls(Call& call, const Nothing&) {
  TRY(reports, call.services.reports());
  TRY(filter, filter_from(call, *reports.operator->()));
  return reports->calls(filter);
}

// An agent's own past calls, whatever else is asked.
Result<std::vector<CallRow>> own_calls(Call& call, const Nothing&) {
  if (call.who().agent.empty()) return trouble("agent-unknown", "This person is not an agent.");
  TRY(reports, call.services.reports());
  TRY(filter, filter_from(call, *reports.operator->()));
  filter.agent = call.who().agent;
  return reports->calls(filter);
}

Result<storage::CallDetail> one_call(Call& call, const Nothing&) {
  TRY(id, call_id(call));
  TRY(reports, call.services.reports());
  return reports->call(id, language_of(call));
}

Result<std::vector<OfferExplained>> explain(Call& call, const Nothing&) {
  TRY(id, call_id(call));
  std::vector<std::uint64_t> offers;
  {
    TRY(reports, call.services.reports());
    TRY(detail, reports->call(id, language_of(call)));
    for (const auto& row : detail.timeline)
      if (row.event == floor::CallOffered::kind) offers.push_back(row.seq);
  }
  return explain_offers(call.services.dir(), offers, language_of(call), call.asked("all") == "true");
}

Result<std::vector<storage::QueueRow>> queues(Call& call, const Nothing&) {
  TRY(reports, call.services.reports());
  TRY(filter, filter_from(call, *reports.operator->()));
  return reports->queues(filter);
}

Result<storage::AgentsAnswer> agents(Call& call, const Nothing&) {
  TRY(reports, call.services.reports());
  TRY(filter, filter_from(call, *reports.operator->()));
  return reports->agents(filter);
}

Result<std::vector<storage::IntervalRow>> intervals(Call& call, const Nothing&) {
  storage::IntervalBy by = storage::IntervalBy::hour;
  if (const std::string asked = call.asked("by"); !asked.empty() && !from_name(asked, by)) return trouble("bad-query", "by: expected 15min, hour, day or month");
  TRY(reports, call.services.reports());
  TRY(filter, filter_from(call, *reports.operator->()));
  return reports->intervals(filter, by);
}

Result<std::vector<MetricView>> metrics(Call&, const Nothing&) {
  std::vector<MetricView> views;
  for (const auto& m : office::reports::all_metrics())
    views.push_back({std::string(m.name), std::string(m.title_en), std::string(m.title_fa), std::string(m.formula_en), std::string(m.formula_fa), std::string(m.source)});
  return views;
}

std::vector<Parameter> with(std::vector<Parameter> all, Parameter one) {
  all.push_back(one);
  return all;
}

Row report(std::string_view operation, std::string_view path, std::string_view says, std::vector<Parameter> query) {
  return {.operation = operation, .method = "GET", .path = path, .says = says, .permission = Permission::see_reports,
          .faults = {"queue-unknown", "agent-unknown"}, .query = std::move(query), .lane = Lane::reading};
}

}  // namespace

std::vector<Route> report_routes() {
  const Parameter lang{"lang", "fa or en; default fa"};
  std::vector<Route> rows;
  rows.push_back(exported(route<Nothing, std::vector<CallRow>>(report("report_calls", "/v1/reports/calls", "Calls, newest first", filter_parameters()), calls), "تماس‌ها", "Calls"));
  Row own = report("desk_calls", "/v1/desk/calls", "An agent's own past calls, newest first", filter_parameters());
  own.permission = Permission::work_own_calls;
  rows.push_back(route<Nothing, std::vector<CallRow>>(own, own_calls));
  Row story = report("report_call", "/v1/reports/calls/{call}", "One call: its row, its whole story, the quality of its legs", {lang});
  story.faults = {"call-unknown"};
  rows.push_back(route<Nothing, storage::CallDetail>(story, one_call));
  Row why = report("call_explain", "/v1/calls/{call}/explain", "Why each offer of a call went to whom it went", {lang, {"all", "true: the whole ranking"}});
  why.faults = {"call-unknown"};
  why.permission = Permission::explain_offers;
  rows.push_back(route<Nothing, std::vector<OfferExplained>>(why, explain));
  rows.push_back(exported(route<Nothing, std::vector<storage::QueueRow>>(report("report_queues", "/v1/reports/queues", "Figures by queue", filter_parameters()), queues), "صف‌ها", "Queues"));
  rows.push_back(exported(route<Nothing, storage::AgentsAnswer>(report("report_agents", "/v1/reports/agents", "Figures by agent, and how even the work was", filter_parameters()), agents), "کارشناسان", "Agents"));
  rows.push_back(exported(route<Nothing, std::vector<storage::IntervalRow>>(
      report("report_intervals", "/v1/reports/intervals", "Figures by interval", with(filter_parameters(), {"by", "15min, hour, day or month; days and months are Jalali"})), intervals), "بازه‌ها", "Intervals"));
  rows.push_back(route<Nothing, std::vector<MetricView>>(report("report_metrics", "/v1/reports/metrics", "What each figure means, and who defines it so", {}), metrics));
  return rows;
}

}  // namespace pasokh::api
