// Reports that are sent by themselves. Whoever sees reports keeps own schedules; whoever changes settings sees and changes all.
#include "api/office_bodies.h"
#include "api/report_clock.h"
#include "api/routes.h"
#include "api/services.h"
#include "storage/mails.h"

namespace pasokh::api {
namespace {

using access::Permission;
using storage::Database;
using storage::Schedule;
using storage::Schedules;

struct LastSlot {
  static constexpr auto schema_name = "ScheduleLast";
  Instant slot, at;
  std::string state;                   // waiting, sent, given-up or failed (no file could be made)
  std::optional<std::string> error;
  PASOKH_FIELDS(slot, at, state, error)
};
struct ScheduleView {
  static constexpr auto schema_name = "ReportSchedule";
  std::string id, made_by, name;
  std::optional<std::string> report;
  std::optional<std::map<std::string, std::string>> query;
  std::optional<std::string> view;
  office::schedules::Every every = office::schedules::Every::day;
  std::optional<office::hours::Weekday> weekday;
  std::optional<std::int32_t> day;
  std::string at;
  std::vector<std::string> recipients;
  FileFormat format = FileFormat::xlsx;
  floor::Language language = floor::Language::fa;
  bool active = true;
  std::optional<Instant> next_at;
  std::optional<LastSlot> last;
  PASOKH_FIELDS(id, made_by, name, report, query, view, every, weekday, day, at, recipients, format, language, active, next_at, last)
};

bool may_change(const Caller& caller, const Schedule& schedule) { return schedule.made_by == caller.login || access::allows(caller.role, Permission::change_settings); }

// How the newest slot went: the worst of its mails.
Result<std::optional<LastSlot>> last_of(Database& db, const Schedule& schedule) {
  if (!schedule.tried) return std::optional<LastSlot>();
  LastSlot last{schedule.slot, *schedule.tried, "failed", schedule.error};
  if (!schedule.error.empty()) return std::optional(last);
  TRY(mails, storage::Mails(db).list("report", ReportClock::about(schedule.id, schedule.slot), 100));
  last.state = "sent";
  last.error.reset();
  for (const auto& mail : mails) {
    if (mail.given_up_at) last.state = "given-up";
    else if (!mail.sent_at && last.state != "given-up") last.state = "waiting";
    else continue;
    if (!mail.error.empty()) last.error = mail.error;
  }
  return std::optional(last);
}

Result<ScheduleView> view(Call& call, Database& db, const Schedule& schedule, const storage::Zone& zone) {
  TRY(body, schedule_body(schedule.body));
  TRY(last, last_of(db, schedule));
  ScheduleView out{std::to_string(schedule.id), schedule.made_by, body.name, body.report, body.query, body.view, body.every, body.weekday, body.day, body.at, body.recipients, body.format, body.language,
                   body.active.value_or(true), {}, std::move(last)};
  if (const auto when = check(body); when && out.active) out.next_at = zone.instant(office::schedules::slot_after(*when, zone.local(call.now)));
  return out;
}

Result<storage::Zone> zone_of(Call& call) {
  TRY(reports, call.services.reports());
  TRY(name, reports->time_zone());
  return storage::Zone(name);
}

Result<std::vector<ScheduleView>> list(Call& call, const Nothing&) {
  TRY(zone, zone_of(call));
  TRY(office, call.services.office());
  return office->read([&](Database& db) -> Result<std::vector<ScheduleView>> {
    TRY(all, Schedules(db).all());
    std::vector<ScheduleView> views;
    for (const auto& schedule : all) {
      if (!may_change(call.who(), schedule)) continue;
      TRY(one, view(call, db, schedule, zone));
      views.push_back(std::move(one));
    }
    return views;
  });
}

Result<Schedule> existing(Call& call, Database& db) {
  TRY(found, Schedules(db).find(id_of(call.at("schedule"))));
  if (!found || !may_change(call.who(), *found)) return trouble("schedule-unknown", "");
  return std::move(*found);
}

Result<ScheduleView> one(Call& call, const Nothing&) {
  TRY(zone, zone_of(call));
  TRY(office, call.services.office());
  return office->read([&](Database& db) -> Result<ScheduleView> {
    TRY(schedule, existing(call, db));
    return view(call, db, schedule, zone);
  });
}

Result<ScheduleView> add(Call& call, const ScheduleBody& body) {
  TRY_DONE(check(body));
  TRY(zone, zone_of(call));
  TRY(office, call.services.office());
  TRY(made, office->write([&](Database& db) -> Result<ScheduleView> {
    Schedule schedule{.made_by = call.who().login, .body = json_text(body), .made = call.now, .slot = call.now, .error = {}, .tried = {}};
    TRY(id, Schedules(db).add(schedule));
    schedule.id = id;
    return view(call, db, schedule, zone);
  }));
  call.services.schedules_changed();
  return made;
}

Result<ScheduleView> change(Call& call, const ScheduleBody& body) {
  TRY_DONE(check(body));
  TRY(zone, zone_of(call));
  TRY(office, call.services.office());
  TRY(changed, office->write([&](Database& db) -> Result<ScheduleView> {
    TRY(schedule, existing(call, db));
    TRY_DONE(Schedules(db).change(schedule.id, json_text(body), call.now));
    TRY(now, existing(call, db));
    return view(call, db, now, zone);
  }));
  call.services.schedules_changed();
  return changed;
}

Result<Nothing> remove(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY_DONE(office->write([&](Database& db) -> Result<bool> {
    TRY(schedule, existing(call, db));
    return Schedules(db).remove(schedule.id);
  }));
  return Nothing{};
}

// The newest period, now and besides: its mail is another one than that of the clock.
Result<Nothing> send(Call& call, const Nothing&) {
  TRY(zone, zone_of(call));
  TRY(office, call.services.office());
  TRY(schedule, office->read([&](Database& db) { return existing(call, db); }));
  TRY(body, schedule_body(schedule.body));
  TRY(when, check(body));
  TRY_DONE(ReportClock::make(call.services, schedule, body, zone, office::schedules::slot_at_or_before(when, zone.local(call.now)), true));
  if (auto* mailer = call.services.mailer()) mailer->nudge();
  return Nothing{};
}

}  // namespace

std::vector<Route> schedule_routes() {
  std::vector<Route> rows;
  const auto row = [](std::string_view operation, std::string_view method, std::string_view path, std::string_view says, std::vector<std::string_view> faults) {
    return Row{.operation = operation, .method = method, .path = path, .says = says, .permission = Permission::see_reports, .faults = std::move(faults), .lane = Lane::reading};
  };
  constexpr std::string_view all = "/v1/report-schedules", each = "/v1/report-schedules/{schedule}";
  rows.push_back(route<Nothing, std::vector<ScheduleView>>(row("schedule_list", "GET", all, "Reports that are sent by mail by themselves: the own ones, or all for whoever changes settings", {}), list));
  rows.push_back(route<ScheduleBody, ScheduleView>(row("schedule_add", "POST", all,
      "Send a report by mail each day, week or Jalali month at a time of the centre's clock; it is about the whole day, seven days or month before", {"schedule-bad", "schedules-full"}), add));
  rows.push_back(route<Nothing, ScheduleView>(row("schedule_get", "GET", each, "One of them, and how its newest mail went", {"schedule-unknown"}), one));
  rows.push_back(route<ScheduleBody, ScheduleView>(row("schedule_put", "PUT", each, "Change it; times that are past are not made up for", {"schedule-unknown", "schedule-bad"}), change));
  rows.push_back(route<Nothing, Nothing>(row("schedule_remove", "DELETE", each, "Send it no more; mail that waits is still sent", {"schedule-unknown"}), remove));
  rows.push_back(route<Nothing, Nothing>(row("schedule_send", "POST", "/v1/report-schedules/{schedule}/send", "Send the newest one now, besides", {"schedule-unknown", "schedule-bad", "queue-unknown", "agent-unknown"}), send));
  return rows;
}

}  // namespace pasokh::api
