// Alarms: what stands, what was, who has seen it, and who is sent mail. They are raised by app/alarm_keeper.
#include <algorithm>

#include "api/alarms.h"
#include "api/office_bodies.h"
#include "api/routes.h"
#include "api/services.h"
#include "office/alarms/alarms.h"
#include "outbox/mail_text.h"

namespace pasokh::api {
namespace {

using access::Permission;
using storage::Alarms;
using storage::Database;

constexpr std::string_view mail_setting = "alarm_mail";
constexpr std::size_t recipients_max = 20;

Result<std::vector<AlarmView>> list(Call& call, const Nothing&) {
  Alarms::Asked asked{.open_only = call.asked("open") == "true", .queue = call.asked("queue")};
  TRY(from, time_of(call.services, call.asked("from"), "from"));
  TRY(to, time_of(call.services, call.asked("to"), "to"));
  TRY(limit, limit_of(call, 100, 1'000));
  asked.from = from;
  asked.to = to;
  asked.limit = limit;
  if (const auto before = call.asked("before"); !before.empty()) {
    if (id_of(before) == 0) return trouble("bad-query", "before: expected the id of an alarm");
    asked.before = id_of(before);
  }
  TRY(office, call.services.office());
  TRY(rows, office->read([&](Database& db) { return Alarms(db).list(asked); }));
  std::vector<AlarmView> views;
  for (const auto& row : rows) views.push_back(alarm_view(row));
  return views;
}

Result<AlarmView> seen(Call& call, const Nothing&) {
  const auto id = id_of(call.at("alarm"));
  TRY(office, call.services.office());
  TRY(row, office->write([&](Database& db) -> Result<std::optional<storage::Alarm>> {
    TRY_DONE(Alarms(db).seen(id, call.who().login, call.now));
    return Alarms(db).find(id);
  }));
  if (!row) return trouble("alarm-unknown", "");
  return alarm_view(*row);
}

Result<AlarmMail> get_mail(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  return office->read([](Database& db) { return alarm_mail(db); });
}

Result<AlarmMail> put_mail(Call& call, const AlarmMail& body) {
  if (body.recipients.size() > recipients_max) return trouble("bad-body", "/recipients: at most 20");
  for (const auto& to : body.recipients)
    if (!outbox::is_mail_address(to)) return trouble("bad-body", "/recipients: \"" + to + "\" is no mail address");
  if (body.codes)
    for (const auto& code : *body.codes)
      if (!office::alarms::is_code(code)) return trouble("bad-body", "/codes: there is no alarm \"" + code + "\"");
  TRY(office, call.services.office());
  TRY_DONE(office->write([&](Database& db) { return storage::put_office_setting(db, mail_setting, json_text(body)); }));
  return body;
}

}  // namespace

AlarmView alarm_view(const storage::Alarm& a) {
  const office::alarms::Told told{a.code, a.queue, a.object, a.cause, a.limit, a.worst};
  const auto if_any = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
  return {std::to_string(a.id), a.code, office::alarms::code_named(a.code) ? "queue" : "system", if_any(a.queue), if_any(a.object), office::alarms::words(told, false), office::alarms::words(told, true),
          a.since, a.until, a.limit, a.value, a.worst, if_any(a.seen_by), a.seen_at};
}

bool AlarmMail::wants(std::string_view code) const { return !codes || codes->empty() || std::find(codes->begin(), codes->end(), code) != codes->end(); }

Result<AlarmMail> alarm_mail(Database& database) {
  AlarmMail mail;
  TRY(text, storage::office_setting(database, mail_setting));
  if (!text) return mail;
  TRY(json, Json::parse(*text));
  if (const std::string wrong = read_json(json.root(), mail); !wrong.empty()) return trouble("damaged", "the setting alarm_mail: " + wrong);
  return mail;
}

std::vector<Route> alarm_routes() {
  std::vector<Route> rows;
  rows.push_back(route<Nothing, std::vector<AlarmView>>({.operation = "alarm_list", .method = "GET", .path = "/v1/alarms",
      .says = "Alarms, newest first: queues past a threshold (settings alarm_… of queue and centre), and the system's. threshold, value and worst are ms, counts or permille; until is absent while it stands",
      .permission = Permission::see_floor, .query = {{"open", "true: only those that stand"}, {"queue", "code of a queue"}, {"from", "that stood then or later"}, {"to", "that began before"},
      {"before", "id of the last alarm of the page before"}, {"limit", "rows a page, at most 1000; default 100"}}}, list));
  rows.push_back(route<Nothing, AlarmView>({.operation = "alarm_seen", .method = "POST", .path = "/v1/alarms/{alarm}/seen", .says = "Say that somebody looks after it; the first one counts",
      .permission = Permission::direct_floor, .faults = {"alarm-unknown"}}, seen));
  rows.push_back(route<Nothing, AlarmMail>({.operation = "alarm_mail_get", .method = "GET", .path = "/v1/alarm-mail", .says = "Who is sent mail when an alarm is raised and when it is over",
      .permission = Permission::see_settings}, get_mail));
  rows.push_back(route<AlarmMail, AlarmMail>({.operation = "alarm_mail_put", .method = "PUT", .path = "/v1/alarm-mail", .says = "Who is sent mail about alarms: at most 20 addresses; codes: only about these",
      .permission = Permission::change_settings}, put_mail));
  return rows;
}

}  // namespace pasokh::api
