#include "api/report_clock.h"

#include <algorithm>
#include <chrono>

#include "api/exported.h"
#include "api/report_filter.h"
#include "base/log.h"
#include "base/persian.h"
#include "outbox/mail_text.h"
#include "storage/mails.h"
#include "storage/saved_views.h"

namespace pasokh::api {
namespace {

using storage::Database;
using storage::Mails;
using storage::Schedules;

constexpr Duration looked_every = Duration::seconds(20), tried_again_after = Duration::minutes(1);
constexpr std::size_t recipients_max = 20, file_bytes_max = 20 << 20;
constexpr std::int64_t rows_max = 50'000;

struct Named { std::string_view operation, fa, en; };
Named named(ReportKind kind) {
  switch (kind) {
    case ReportKind::calls: return {"report_calls", "تماس‌ها", "Calls"};
    case ReportKind::queues: return {"report_queues", "صف‌ها", "Queues"};
    case ReportKind::agents: return {"report_agents", "کارشناسان", "Agents"};
    case ReportKind::intervals: return {"report_intervals", "بازه‌ها", "Intervals"};
  }
  return {};
}

bool is_parameter(std::string_view name) {
  for (const std::string_view known : {"queue", "agent", "number", "outcome", "direction", "min_seconds", "by", "metric"}) if (known == name) return true;
  return false;
}

struct What { ReportKind kind = ReportKind::queues; std::map<std::string, std::string> query; };

// The page's own fields of a view are its business.
Result<What> what_of_view(std::string_view json, const std::string& name) {
  What what;
  bool told = false;
  TRY(parsed, Json::parse(json));
  for (const auto& [key, value] : parsed.root().members()) {
    if ((key == "report" || key == "kind") && value.kind() == JsonView::Kind::text) told = from_name(value.text(), what.kind);
    if (key == "query" && value.kind() == JsonView::Kind::object)
      for (const auto& [parameter, text] : value.members())
        if (is_parameter(parameter) && text.kind() == JsonView::Kind::text && !text.text().empty()) what.query[std::string(parameter)] = text.text();
  }
  if (!told) return trouble("schedule-bad", "the view \"" + name + "\" does not say which report it is");
  return what;
}

Result<What> what_of(Services& services, const storage::Schedule& schedule, const ScheduleBody& body) {
  What what;
  if (body.view && !body.view->empty()) {
    TRY(office, services.office());
    TRY(view, office->read([&](Database& db) { return storage::SavedViews(db).find(schedule.made_by, *body.view); }));
    if (!view) return trouble("schedule-bad", "there is no view \"" + *body.view + "\" of " + schedule.made_by + " any more");
    TRY(told, what_of_view(*view, *body.view));
    what = std::move(told);
  } else if (!from_name(body.report.value_or(""), what.kind)) {
    return trouble("schedule-bad", "/report: expected calls, queues, agents or intervals");
  }
  for (const auto& [key, value] : body.query.value_or(std::map<std::string, std::string>())) what.query[key] = value;
  return what;
}

// Whoever set it up must still be somebody who may see reports.
Result<> still_allowed(Services& services, const std::string& who) {
  constexpr std::string_view token = "token:";
  if (who.starts_with(token)) {
    TRY(tokens, services.access().tokens());
    for (const auto& one : tokens)
      if (one.token_name == who.substr(token.size()) && access::allows(one.role, access::Permission::see_reports)) return Done{};
  } else {
    TRY(user, services.access().find(who));
    if (user && access::allows(user->role, access::Permission::see_reports)) return Done{};
  }
  return trouble("schedule-bad", who + " may not see reports any more");
}

Result<std::string> answer(Call& call, ReportKind kind) {
  TRY(reports, call.services.reports());
  TRY(filter, filter_from(call, *reports.operator->()));
  filter.limit = kind == ReportKind::calls ? rows_max : 0;
  switch (kind) {
    case ReportKind::calls: { TRY(rows, reports->calls(filter)); return json_text(rows); }
    case ReportKind::queues: { TRY(rows, reports->queues(filter)); return json_text(rows); }
    case ReportKind::agents: { TRY(rows, reports->agents(filter)); return json_text(rows); }
    case ReportKind::intervals: {
      storage::IntervalBy by = storage::IntervalBy::hour;
      if (const auto asked = call.asked("by"); !asked.empty() && !from_name(asked, by)) return trouble("schedule-bad", "by: expected 15min, hour, day or month");
      TRY(rows, reports->intervals(filter, by));
      return json_text(rows);
    }
  }
  return std::string();
}

// "1405-09-02", or "1405-08-25 – 1405-09-01" with the last day included
std::string days_text(const office::schedules::Period& period, bool persian) {
  const auto kind = persian ? CalendarKind::jalali : CalendarKind::gregorian;
  std::string text = date_text(period.from, kind);
  if (period.to - period.from > us_per_day) text += " – " + date_text(period.to - 1, kind);
  return persian ? persian_digits(text) : text;
}

struct File { std::string name, type, bytes; };
Result<File> file_of(Services& services, const ScheduleBody& body, What what, const office::schedules::Period& period, const storage::Zone& zone) {
  what.query["from"] = rfc3339(zone.instant(period.from));
  what.query["to"] = rfc3339(zone.instant(period.to));
  what.query["lang"] = std::string(name_of(body.language));
  const Request request;
  const std::map<std::string, std::string> path;
  Call call{.request = request, .services = services, .path = path, .query = what.query, .caller = std::nullopt, .now = services.now()};
  TRY(json, answer(call, what.kind));
  const Named name = named(what.kind);
  TRY(response, as_file(call, json, std::string(name_of(body.format)), name.operation, name.fa, name.en));
  if (response.body.size() > file_bytes_max) return trouble("schedule-bad", "the file has more than 20 MiB; ask for a shorter period or for fewer calls");
  return File{std::string(name_of(what.kind)) + "-" + date_text(period.from, body.language == floor::Language::fa ? CalendarKind::jalali : CalendarKind::gregorian) + "." + std::string(name_of(body.format)),
              response.type, std::move(response.body)};
}

bool is_ours(const Trouble& t) { return t.code != "schedule-bad" && !t.code.ends_with("-unknown") && t.code != "bad-query" && t.code != "not-a-list"; }

}  // namespace

Result<office::schedules::When> check(const ScheduleBody& body) {
  const auto bad = [](const std::string& what) { return trouble("schedule-bad", what); };
  if (body.name.empty() || body.name.size() > 200) return bad("/name: expected 1 to 200 bytes");
  if (body.view && !body.view->empty()) {
    if (body.report && !body.report->empty()) return bad("/view: either a view or a report");
  } else {
    ReportKind kind{};
    if (!from_name(body.report.value_or(""), kind)) return bad("/report: expected calls, queues, agents or intervals");
  }
  for (const auto& [key, value] : body.query.value_or(std::map<std::string, std::string>()))
    if (!is_parameter(key) || value.size() > 200) return bad("/query/" + key + ": expected queue, agent, number, outcome, direction, min_seconds, by or metric");
  if (body.recipients.empty() || body.recipients.size() > recipients_max) return bad("/recipients: expected 1 to 20");
  for (const auto& to : body.recipients) if (!outbox::is_mail_address(to)) return bad("/recipients: \"" + to + "\" is no mail address");
  const auto minute = office::hours::minute_of(body.at);
  if (!minute || *minute >= 24 * 60) return bad("/at: expected a time like 07:30");
  const int day = body.day.value_or(1);
  if (day < 1 || day > 31) return bad("/day: expected 1 to 31");
  return office::schedules::When{body.every, body.weekday.value_or(office::hours::Weekday::saturday), day, *minute};
}

Result<ScheduleBody> schedule_body(std::string_view json) {
  ScheduleBody body;
  TRY(parsed, Json::parse(json));
  if (const std::string wrong = read_json(parsed.root(), body); !wrong.empty()) return trouble("damaged", "a schedule: " + wrong);
  return body;
}

std::string ReportClock::about(std::int64_t schedule, Instant slot) { return std::to_string(schedule) + "@" + rfc3339(slot); }

Result<> ReportClock::make(Services& services, const storage::Schedule& schedule, const ScheduleBody& body, const storage::Zone& zone, std::int64_t slot, bool besides) {
  TRY(when, check(body));
  TRY_DONE(still_allowed(services, schedule.made_by));
  TRY(what, what_of(services, schedule, body));
  const auto period = office::schedules::period_of(when, slot);
  TRY(file, file_of(services, body, std::move(what), period, zone));
  const bool persian = body.language == floor::Language::fa;
  const Instant now = services.now(), slot_at = besides ? now : zone.instant(slot);
  const std::string days = days_text(period, persian);
  const std::string text = persian ? "گزارش «" + body.name + "» برای " + days + " پیوست است.\n\nاین گزارش را " + schedule.made_by + " در پاسخ تنظیم کرده است.\n"
                                   : "The report \"" + body.name + "\" for " + days + " is attached.\n\nIt was set up in Pasokh by " + schedule.made_by + ".\n";
  TRY(office, services.office());
  return office->write([&](Database& db) -> Result<> {
    for (const auto& to : body.recipients)
      TRY_DONE(Mails(db).put({.kind = "report", .about = about(schedule.id, slot_at), .recipient = to, .subject = body.name + ": " + days, .text = text, .file_name = file.name, .file_type = file.type,
                              .file = file.bytes, .made = now, .not_before = now, .sent_at = {}, .given_up_at = {}, .error = {}}));
    return besides ? Result<>(Done{}) : Schedules(db).done(schedule.id, slot_at, now, "");
  });
}

// --- the thread

ReportClock::ReportClock(Services& services) : services_(services), thread_([this] { run(); }) {}

void ReportClock::nudge() {
  {
    const std::scoped_lock lock(guard_);
    nudged_ = true;
  }
  changed_.notify_all();
}

void ReportClock::stop() {
  {
    const std::scoped_lock lock(guard_);
    if (stopping_) return;
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ReportClock::run() {
  std::unique_lock lock(guard_);
  changed_.wait_for(lock, std::chrono::seconds(2), [&] { return stopping_; });  // calls first, after a start
  while (!stopping_) {
    lock.unlock();
    const Instant now = services_.now();
    const auto next = round(now);
    lock.lock();
    const Duration rest = next ? std::clamp(*next - now, Duration::milliseconds(50), looked_every) : looked_every;
    changed_.wait_for(lock, std::chrono::microseconds(rest.us), [&] { return nudged_ || stopping_; });
    nudged_ = false;
  }
}

std::optional<Instant> ReportClock::round(Instant now) {
  std::optional<Instant> next;
  const auto looked = [&]() -> Result<> {
    TRY(office, services_.office());
    TRY(all, office->read([](Database& db) { return Schedules(db).all(); }));
    if (all.empty()) return Done{};
    TRY(reports, services_.reports());
    TRY(zone_name, reports->time_zone());
    const storage::Zone zone(zone_name);
    for (const auto& schedule : all) tend(schedule, zone, now, next);
    return Done{};
  }();
  if (!looked && looked.error().text != told_trouble_) {
    told_trouble_ = looked.error().text;
    log(LogLevel::error, "scheduled reports cannot be looked at", {{"cause", looked.error().text}});
  }
  return next;
}

void ReportClock::tend(const storage::Schedule& schedule, const storage::Zone& zone, Instant now, std::optional<Instant>& next) {
  const auto body = schedule_body(schedule.body);
  const auto when = body ? check(*body) : Result<office::schedules::When>(body.error());
  if (!when || !body->active.value_or(true)) return;
  const std::int64_t local = zone.local(now), slot = office::schedules::slot_at_or_before(*when, local);
  const auto sooner = [&](Instant at) { if (!next || at < *next) next = at; };
  sooner(zone.instant(office::schedules::slot_after(*when, local)));
  if (zone.instant(slot) <= schedule.slot) return;
  if (!schedule.error.empty() && schedule.tried && now - *schedule.tried < tried_again_after) return sooner(*schedule.tried + tried_again_after);
  const auto made = make(services_, schedule, *body, zone, slot, false);
  if (made) {
    if (auto* mailer = services_.mailer()) mailer->nudge();
    return;
  }
  log(LogLevel::error, "a scheduled report could not be made", {{"schedule", std::to_string(schedule.id)}, {"cause", made.error().text}});
  const auto office = services_.office();
  if (!office) return;
  const auto noted = (*office)->write([&](Database& db) {
    return is_ours(made.error()) ? Schedules(db).troubled(schedule.id, now, made.error().text) : Schedules(db).done(schedule.id, zone.instant(slot), now, made.error().text);
  });
  if (!noted) log(LogLevel::error, "… and that could not be noted", {{"cause", noted.error().text}});
  if (is_ours(made.error())) sooner(now + tried_again_after);
}

}  // namespace pasokh::api
