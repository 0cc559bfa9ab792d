// Mail: whether it is sent, what waits, what became of the rest. Sending is the outbox's business.
#include "api/office_bodies.h"
#include "api/routes.h"
#include "api/services.h"
#include "outbox/mail_text.h"
#include "storage/mails.h"

namespace pasokh::api {
namespace {

using access::Permission;
using storage::Database;
using storage::Mails;

struct MailSettings {
  static constexpr auto schema_name = "MailSettings";
  bool on = false;
  std::string host;
  std::int32_t port = 0;
  outbox::MailSecurity security = outbox::MailSecurity::starttls;
  std::string from;
  PASOKH_FIELDS(on, host, port, security, from)
};
struct MailTest {
  static constexpr auto schema_name = "MailTest";
  std::string to;
  PASOKH_FIELDS(to)
};
struct MailView {
  static constexpr auto schema_name = "Mail";
  std::string id, sort, about;         // sort is told as `kind`: report, alarm or test
  std::vector<std::string> to;
  std::string subject;
  Instant made;
  std::string state;                   // waiting, sent or given-up
  std::int64_t attempts = 0;
  std::optional<Instant> next_try, sent_at;
  std::optional<std::string> error;
  static constexpr std::string_view field_list = "id, kind, about, to, subject, made, state, attempts, next_try, sent_at, error";
  auto tie() { return std::tie(id, sort, about, to, subject, made, state, attempts, next_try, sent_at, error); }
  auto tie() const { return std::tie(id, sort, about, to, subject, made, state, attempts, next_try, sent_at, error); }
};

MailView view(const storage::Mail& m) {
  const bool waits = !m.sent_at && !m.given_up_at;
  return {std::to_string(m.id), m.kind, m.about, {m.recipient}, m.subject, m.made, m.sent_at ? "sent" : waits ? "waiting" : "given-up", m.attempts, waits ? std::optional(m.not_before) : std::nullopt, m.sent_at,
          m.error.empty() ? std::nullopt : std::optional(m.error)};
}

Result<MailSettings> settings(Call& call, const Nothing&) {
  const auto* mailer = call.services.mailer();
  if (!mailer) return MailSettings{};
  const auto& server = mailer->server();
  return MailSettings{server.on(), server.host, server.port, server.security, server.from};
}

Result<Nothing> test(Call& call, const MailTest& body) {
  if (!outbox::is_mail_address(body.to)) return trouble("bad-body", "/to: expected a mail address");
  auto* mailer = call.services.mailer();
  if (!mailer) return trouble("mail-off", "");
  TRY_DONE(mailer->test(body.to));
  return Nothing{};
}

Result<std::vector<MailView>> list(Call& call, const Nothing&) {
  TRY(limit, limit_of(call, 100, 1'000));
  TRY(office, call.services.office());
  TRY(rows, office->read([&](Database& db) { return Mails(db).list("", "", limit); }));
  std::vector<MailView> views;
  for (const auto& row : rows) views.push_back(view(row));
  return views;
}

Result<Nothing> changed(Call& call, Result<bool> (Mails::*change)(std::int64_t)) {
  TRY(office, call.services.office());
  TRY(done, office->write([&](Database& db) { Mails mails(db); return (mails.*change)(id_of(call.at("mail"))); }));
  if (!done) return trouble("mail-unknown", "");
  return Nothing{};
}
Result<Nothing> remove(Call& call, const Nothing&) { return changed(call, &Mails::remove); }

Result<Nothing> again(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY(done, office->write([&](Database& db) { return Mails(db).again(id_of(call.at("mail")), call.now); }));
  if (!done) return trouble("mail-unknown", "");
  if (auto* mailer = call.services.mailer()) mailer->nudge();
  return Nothing{};
}

}  // namespace

std::vector<Route> mail_routes() {
  std::vector<Route> rows;
  rows.push_back(route<Nothing, MailSettings>({.operation = "mail_settings", .method = "GET", .path = "/v1/mail", .says = "Whether mail is sent, and through which server ([mail] in pasokh.toml)",
      .permission = Permission::see_settings}, settings));
  rows.push_back(route<MailTest, Nothing>({.operation = "mail_test", .method = "POST", .path = "/v1/mail/test", .says = "Send a test mail at once; done when the mail server has taken it, else its own words",
      .permission = Permission::change_settings, .faults = {"mail-off", "mail-failed", "mail-refused"}, .lane = Lane::reading}, test));
  rows.push_back(route<Nothing, std::vector<MailView>>({.operation = "mail_list", .method = "GET", .path = "/v1/mails", .says = "Mail that waits, was sent, or was given up, newest first; one row a recipient",
      .permission = Permission::see_settings, .query = {{"limit", "rows, at most 1000; default 100"}}}, list));
  rows.push_back(route<Nothing, Nothing>({.operation = "mail_remove", .method = "DELETE", .path = "/v1/mails/{mail}", .says = "Do not send one that waits", .permission = Permission::change_settings,
      .faults = {"mail-unknown"}}, remove));
  rows.push_back(route<Nothing, Nothing>({.operation = "mail_retry", .method = "POST", .path = "/v1/mails/{mail}/retry", .says = "Try one that waits, or was given up, at once", .permission = Permission::change_settings,
      .faults = {"mail-unknown"}}, again));
  return rows;
}

}  // namespace pasokh::api
