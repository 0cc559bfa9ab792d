// Reports of calls (B5), dispositions, follow-ups (B6). An agent writes and sees the own ones; who sees reports sees all. A complete
// report is told to the floor, which may be holding the agent back for it.
#include <algorithm>

#include "api/office_bodies.h"
#include "api/routes.h"
#include "api/services.h"
#include "office/contacts/contacts.h"
#include "storage/call_reports.h"
#include "storage/contacts.h"

namespace pasokh::api {
namespace {

using access::Permission;
using office::call_reports::CallReport;
using office::call_reports::Disposition;
using storage::CallReports;
using storage::Database;

struct DispositionBody {
  static constexpr auto schema_name = "DispositionBody";
  std::optional<std::string> name_fa, name_en, queue;
  std::optional<bool> follow_up, active;
  PASOKH_FIELDS(name_fa, name_en, queue, follow_up, active)
};
struct DispositionView {
  static constexpr auto schema_name = "Disposition";
  std::string code, name_fa, name_en, queue;
  bool follow_up = false, active = true;
  PASOKH_FIELDS(code, name_fa, name_en, queue, follow_up, active)
};
struct ReportBody {
  static constexpr auto schema_name = "CallReportBody";
  std::optional<std::string> disposition, note, contact, next_step, follow_up_at, agent;
  PASOKH_FIELDS(disposition, note, contact, next_step, follow_up_at, agent)
};
struct ReportView {
  static constexpr auto schema_name = "CallReport";
  CallId call;
  std::string agent, queue, disposition, note;
  std::optional<std::string> contact;
  std::string next_step;
  std::optional<Instant> follow_up_at, done_at;
  std::string done_by;
  std::optional<Instant> written_at;
  bool complete = false;
  PASOKH_FIELDS(call, agent, queue, disposition, note, contact, next_step, follow_up_at, done_at, done_by, written_at, complete)
};

DispositionView view(const Disposition& d) { return {d.code, d.name_fa, d.name_en, d.queue, d.follow_up, d.active}; }

ReportView view(const CallReport& r, const std::optional<Disposition>& chosen) {
  return {r.call, r.agent, r.queue, r.disposition, r.note, r.contact ? std::optional(std::to_string(r.contact)) : std::nullopt, r.next_step, r.follow_up_at, r.done_at, r.done_by,
          r.written_at.us ? std::optional(r.written_at) : std::nullopt, is_complete(r, chosen)};
}

Result<std::vector<ReportView>> views(Services& services, const std::vector<CallReport>& reports) {
  TRY(office, services.office());
  TRY(known, office->read([](Database& db) { return CallReports(db).dispositions(); }));
  std::vector<ReportView> all;
  for (const CallReport& r : reports) {
    std::optional<Disposition> chosen;
    for (const Disposition& d : known) if (d.code == r.disposition) chosen = d;
    all.push_back(view(r, chosen));
  }
  return all;
}

// --- dispositions

Result<std::vector<DispositionView>> dispositions(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY(all, office->read([](Database& db) { return CallReports(db).dispositions(); }));
  std::vector<DispositionView> out;
  for (const Disposition& d : all) out.push_back(view(d));
  return out;
}

Result<DispositionView> put_disposition(Call& call, const DispositionBody& body) {
  TRY(office, call.services.office());
  TRY(kept, office->write([&](Database& db) -> Result<Disposition> {
    CallReports reports(db);
    TRY(before, reports.disposition(call.at("code")));
    Disposition d = before.value_or(Disposition{.code = call.at("code"), .name_fa = {}, .name_en = {}, .queue = {}});
    if (body.name_fa) d.name_fa = *body.name_fa;
    if (body.name_en) d.name_en = *body.name_en;
    if (body.queue) d.queue = *body.queue;
    if (body.follow_up) d.follow_up = *body.follow_up;
    if (body.active) d.active = *body.active;
    TRY_DONE(office::call_reports::check(d));
    TRY_DONE(reports.put(d));
    return d;
  }));
  return view(kept);
}

Result<Nothing> remove_disposition(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY_DONE(office->write([&](Database& db) { return CallReports(db).remove_disposition(call.at("code")); }));
  return Nothing{};
}

// --- reports

// Whose report is meant: the own one; for others who may, the agent named, else nobody in particular.
Result<std::string> whose(const Call& call, const std::string& named) {
  if (named.empty()) return sees_everybodys(call.who()) && call.who().agent.empty() ? std::string() : call.who().agent;
  if (named != call.who().agent && !sees_everybodys(call.who())) return trouble("not-yours", "");
  return named;
}

Result<std::vector<ReportView>> list(Call& call, const Nothing&) {
  std::string agent = call.asked("agent");
  if (!sees_everybodys(call.who())) {
    if (!agent.empty() && agent != call.who().agent) return trouble("not-yours", "");
    agent = call.who().agent;
    if (agent.empty()) return std::vector<ReportView>{};
  }
  CallReports::Asked asked{.agent = agent, .disposition = call.asked("disposition"), .text = call.asked("text"),
                           .number_key = office::contacts::number_key(call.asked("number")), .contact = id_of(call.asked("contact"))};
  TRY(limit, limit_of(call, 100, 1'000));
  TRY(from, time_of(call.services, call.asked("from"), "from"));
  TRY(to, time_of(call.services, call.asked("to"), "to"));
  TRY(before, time_of(call.services, call.asked("before"), "before"));
  asked.limit = limit;
  asked.from = from;
  asked.to = to;
  asked.before = before.value_or(Instant::never());
  TRY(office, call.services.office());
  TRY(found, office->read([&](Database& db) { return CallReports(db).list(asked); }));
  return views(call.services, found);
}

Result<storage::CallRow> the_call(Call& call, CallId id) {
  TRY(reports, call.services.reports());
  return reports->call_row(id);
}

bool took_part(const storage::CallRow& row, const std::string& agent) {
  return !agent.empty() && std::find(row.agents.begin(), row.agents.end(), agent) != row.agents.end();
}

Result<ReportView> get(Call& call, const Nothing&) {
  TRY(id, call_of_path(call));
  TRY(agent, whose(call, call.asked("agent")));
  TRY(row, the_call(call, id));
  if (!sees_everybodys(call.who()) && !took_part(row, agent)) return trouble("not-yours", "");
  TRY(office, call.services.office());
  TRY(found, office->read([&](Database& db) { return CallReports(db).find(id, agent); }));
  const CallReport report = found.value_or(CallReport{.call = id, .agent = agent, .queue = row.queue});  // not yet written
  TRY(all, views(call.services, {report}));
  return all.front();
}

Result<CallReport> taken(Call& call, const ReportBody& body, CallReport report) {
  if (body.disposition) report.disposition = *body.disposition;
  if (body.note) report.note = *body.note;
  if (body.next_step) report.next_step = *body.next_step;
  if (body.contact) report.contact = id_of(*body.contact);
  if (body.follow_up_at) {
    TRY(at, time_of(call.services, *body.follow_up_at, "/follow_up_at", "bad-body"));
    if (at != report.follow_up_at) { report.done_at.reset(); report.done_by.clear(); }
    report.follow_up_at = at;
  }
  report.written_at = call.now;
  return report;
}

// The customer's number: who called, or who was called.
std::string customer_number(const storage::CallRow& row) { return office::contacts::number_key(row.direction == floor::Direction::outbound ? row.number : row.caller); }

Result<ReportView> put(Call& call, const ReportBody& body) {
  TRY(id, call_of_path(call));
  TRY(agent, whose(call, body.agent.value_or("")));
  TRY(row, the_call(call, id));
  if (!took_part(row, agent)) return trouble("not-yours", "");
  TRY(office, call.services.office());
  TRY(kept, office->read([&](Database& db) { return CallReports(db).find(id, agent); }));
  CallReport before = kept.value_or(CallReport{.call = id, .agent = agent});
  before.queue = row.queue;
  before.number = customer_number(row);
  TRY(report, taken(call, body, before));
  TRY(chosen, office->write([&](Database& db) -> Result<std::optional<Disposition>> {
    CallReports reports(db);
    TRY(disposition, reports.disposition(report.disposition));
    TRY_DONE(office::call_reports::check(report, disposition, kept, call.now));
    if (report.contact) {
      TRY(contact, storage::Contacts(db).find(report.contact));
      if (!contact) return trouble("contact-unknown", "");
    }
    TRY_DONE(reports.save(report));
    return disposition;
  }));
  // Kept first, told second: whoever is cut off between the two saves again, and nothing is lost or counted twice.
  if (is_complete(report, chosen))
    TRY_DONE(call.services.ask_one({.noun = "agent", .verb = "report", .target = agent, .settings = {{"call", text(id)}}, .by = call.who().login}));
  return view(report, chosen);
}

// --- follow-ups

Result<std::vector<ReportView>> follow_ups(Call& call, const Nothing&) {
  std::string agent = call.asked("agent");
  if (!sees_everybodys(call.who())) {
    if (!agent.empty() && agent != call.who().agent) return trouble("not-yours", "");
    agent = call.who().agent;
    if (agent.empty()) return std::vector<ReportView>{};
  }
  TRY(limit, limit_of(call, 100, 1'000));
  TRY(until, time_of(call.services, call.asked("until"), "until"));
  TRY(office, call.services.office());
  TRY(found, office->read([&](Database& db) { return CallReports(db).follow_ups(agent, until.value_or(Instant::never()), limit); }));
  return views(call.services, found);
}

Result<Nothing> follow_up_done(Call& call, const Nothing&) {
  TRY(id, call_of_path(call, "follow-up-unknown"));
  TRY(agent, whose(call, call.asked("agent")));
  TRY(office, call.services.office());
  TRY_DONE(office->write([&](Database& db) -> Result<> {
    CallReports reports(db);
    std::string of = agent;
    if (of.empty()) {                        // whoever sees all and names nobody: the last report of the call
      TRY(last, reports.find(id, ""));
      if (last) of = last->agent;
    }
    return reports.follow_up_done(id, of, call.who().login, call.now);
  }));
  return Nothing{};
}

Result<JsonText> release(Call& call, const Nothing&) {
  TRY(json, call.services.ask_one({.noun = "agent", .verb = "release", .target = call.at("code"), .settings = {}, .by = call.who().login}));
  return JsonText{std::move(json)};
}

}  // namespace

std::vector<Route> call_report_routes() {
  constexpr std::string_view object_schema = R"({"type":"object","additionalProperties":true})";
  const Parameter agent{"agent", "code of an agent; agents see their own only"};
  std::vector<Route> rows;
  rows.push_back(route<Nothing, std::vector<DispositionView>>({.operation = "disposition_list", .method = "GET", .path = "/v1/dispositions", .says = "How calls end, in the words of the trade; retired ones too",
      .permission = Permission::work_on_records}, dispositions));
  rows.push_back(route<DispositionBody, DispositionView>({.operation = "disposition_put", .method = "PUT", .path = "/v1/dispositions/{code}", .says = "Add a disposition, or change the fields given when it is there",
      .permission = Permission::change_settings, .faults = {"disposition-bad"}}, put_disposition));
  rows.push_back(route<Nothing, Nothing>({.operation = "disposition_remove", .method = "DELETE", .path = "/v1/dispositions/{code}", .says = "Remove a disposition; one that reports name is retired instead",
      .permission = Permission::change_settings, .faults = {"disposition-unknown"}}, remove_disposition));
  rows.push_back(route<Nothing, std::vector<ReportView>>({.operation = "call_report_list", .method = "GET", .path = "/v1/call-reports", .says = "Reports of calls, newest first",
      .permission = Permission::work_on_records, .faults = {"not-yours"}, .query = {agent, {"from", "written from; RFC 3339 or a date of either calendar"}, {"to", "as from; not included"}, {"disposition", "its code"},
      {"text", "words of note and next step, whatever the spelling"}, {"number", "the customer's"}, {"contact", "its id"}, {"before", "page: written before"}, {"limit", "at most 1000; default 100"}}, .lane = Lane::reading}, list));
  rows.push_back(route<Nothing, ReportView>({.operation = "call_report_get", .method = "GET", .path = "/v1/call-reports/{call}", .says = "The report of a call: the own one; for who sees all, the last written or that of the agent named",
      .permission = Permission::work_on_records, .faults = {"call-unknown", "not-yours"}, .query = {agent}}, get));
  rows.push_back(route<ReportBody, ReportView>({.operation = "call_report_put", .method = "PUT", .path = "/v1/call-reports/{call}",
      .says = "Write the report of a call, or change the fields given. Complete with a disposition (and a date when that asks for one); a complete report ends the wait for it.",
      .permission = Permission::work_on_records, .faults = {"call-unknown", "not-yours", "report-long", "disposition-wrong", "follow-up-time", "contact-unknown"}, .asks_centre = true}, put));
  rows.push_back(route<Nothing, std::vector<ReportView>>({.operation = "follow_up_list", .method = "GET", .path = "/v1/follow-ups", .says = "What must still be done, soonest first",
      .permission = Permission::work_on_records, .faults = {"not-yours"}, .query = {agent, {"until", "due before; RFC 3339 or a date of either calendar"}, {"limit", "at most 1000; default 100"}}}, follow_ups));
  rows.push_back(route<Nothing, Nothing>({.operation = "follow_up_done", .method = "POST", .path = "/v1/follow-ups/{call}/done", .says = "It has been done",
      .permission = Permission::work_on_records, .faults = {"follow-up-unknown", "not-yours"}, .query = {agent}}, follow_up_done));
  rows.push_back(route<Nothing, JsonText>({.operation = "agent_release", .method = "POST", .path = "/v1/agents/{code}/release", .says = "Let an agent go on without the reports that are due",
      .permission = Permission::direct_floor, .faults = {"agent-unknown"}, .asks_centre = true, .answer_schema = object_schema}, release));
  return rows;
}

}  // namespace pasokh::api
