// `pasokh token …`, `pasokh webhook …`, `pasokh mail …`: what programs may do here, what other systems are told, what goes out by mail.
// They work on the folder; a running server sees changes at once.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "api/secrets.h"
#include "api/webhooks.h"
#include "app/args.h"
#include "app/configuration.h"
#include "app/print.h"
#include "archive/keys.h"
#include "base/json_text.h"
#include "outbox/mail_text.h"
#include "outbox/outbox.h"
#include "outbox/store.h"
#include "storage/access_store.h"
#include "storage/mails.h"
#include "storage/office_database.h"

namespace pasokh::app {
namespace {

constexpr Duration token_length_max = Duration::hours(24 * 400);

Instant wall_now() { return {std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()}; }

Result<> audit(storage::AccessStore& store, const std::string& what, const std::string& object) {
  return store.audit({.at = wall_now(), .who = "cli", .from = "local", .what = what, .object = object, .outcome = "done"});
}

template <class Rows>
Result<> print_rows(const Rows& rows, Format format) {
  TRY(text, print_list(json_text(rows), format));
  std::fputs(text.c_str(), stdout);
  return Done{};
}

int ended(const char* noun, const Result<>& ran) {
  if (ran) return done;
  return ran.error().code == "usage" ? wrong_usage(noun, ran.error().text) : fail(ran.error().text);
}

Result<std::string> only_word(const Args& args, const std::string& what) {
  if (args.words.size() < 2) return trouble("usage", "which? expected: " + what);
  if (args.words.size() > 2) return trouble("usage", "\"" + args.words[2] + "\" is too much");
  return args.words[1];
}

// --- tokens

struct TokenRow {
  std::string name;
  access::Role role;
  std::string agent, made_by;
  Instant created, last_used, expires;
  PASOKH_FIELDS(name, role, agent, made_by, created, last_used, expires)
};

Result<> list_tokens(storage::AccessStore& store, Format format) {
  TRY(tokens, store.tokens());
  std::vector<TokenRow> rows;
  for (const auto& t : tokens) rows.push_back({t.token_name, t.role, t.agent, t.login, t.created, t.last_used, t.expires});
  return print_rows(rows, format);
}

// A token belongs to a person, with whom it goes: the first administrator, where nobody is named.
Result<std::string> owner(storage::AccessStore& store, const std::string& asked) {
  TRY(users, store.users());
  for (const auto& user : users)
    if (asked.empty() ? user.role == access::Role::administrator : user.login == asked) return user.login;
  return trouble("user-unknown", asked.empty() ? "there is no administrator" : "there is no user " + asked);
}

Result<> add_token(storage::AccessStore& store, const Args& args) {
  if (args.words.size() < 2 || !access::is_login(args.words[1])) return trouble("usage", "a token's name is 1 to 64 of a-z 0-9 . _ -; expected: token add NAME role=ROLE [agent=CODE] [days=N] [of=LOGIN]");
  const std::string& name = args.words[1];
  storage::Session token{.token_name = name, .role = access::Role::planner, .created = wall_now()};
  std::string of;
  std::int64_t days = 365;
  TRY(settings, settings_from(args.words, 2));
  for (const auto& [key, value] : settings) {
    if (key == "role") { if (!from_name(value, token.role)) return trouble("usage", "unknown role \"" + value + "\"; expected agent, supervisor, coach, planner, hiring or administrator"); }
    else if (key == "agent") token.agent = value;
    else if (key == "of") of = value;
    else if (key == "days" && !value.empty() && value.size() < 4 && value.find_first_not_of("0123456789") == value.npos) days = std::max<std::int64_t>(1, std::stoll(value));
    else return trouble("usage", "\"" + key + "=" + value + "\" is not understood; expected role=ROLE, agent=CODE, days=1…400 or of=LOGIN");
  }
  if (!token.agent.empty() && token.role != access::Role::agent) return trouble("usage", "agent= goes with role=agent: the token acts at that agent's desk");
  TRY(tokens, store.tokens());
  if (std::any_of(tokens.begin(), tokens.end(), [&](const auto& t) { return t.token_name == name; })) return trouble("token-exists", "there is a token " + name + " already");
  TRY(login, owner(store, of));
  const std::string secret = api::new_token();
  token.hash = api::token_hash(secret);
  token.login = login;
  token.last_used = token.created;
  token.expires = token.created + std::min(Duration::hours(24) * days, token_length_max);
  token.address = "local";
  TRY_DONE(store.begin_session(token));
  TRY_DONE(audit(store, "token add", name));
  std::printf("token %s\n%s\nIt is shown only now.\n", name.c_str(), secret.c_str());
  return Done{};
}

Result<> remove_token(storage::AccessStore& store, const Args& args) {
  TRY(name, only_word(args, "token remove NAME"));
  TRY(gone, store.end_token(name));
  if (!gone) return trouble("token-unknown", "there is no token " + name);
  return audit(store, "token remove", name);
}

// --- webhooks

struct WebhookRow {
  std::string id, url, events, made_by;
  std::int64_t waiting, failures;
  std::string last_error;
  PASOKH_FIELDS(id, url, events, made_by, waiting, failures, last_error)
};

Result<> list_webhooks(outbox::Store& store, Format format) {
  TRY(hooks, store.webhooks());
  std::vector<WebhookRow> rows;
  for (const auto& hook : hooks) {
    std::string events;
    for (const auto& event : hook.events) events += (events.empty() ? "" : " ") + event;
    TRY(waiting, store.waiting(hook.id));
    rows.push_back({std::to_string(hook.id), hook.url, events, hook.made_by, waiting, hook.failures, hook.last_error});
  }
  return print_rows(rows, format);
}

Result<> add_webhook(outbox::Store& store, const std::string& dir, const Args& args) {
  const auto& known = outbox::event_names();
  std::string names;
  for (const auto& name : known) names += (names.empty() ? "" : ", ") + name;
  if (args.words.size() < 3) return trouble("usage", "expected: webhook add URL EVENT…; events are " + names);
  const std::vector<std::string> events(args.words.begin() + 2, args.words.end());
  for (const auto& event : events)
    if (std::find(known.begin(), known.end(), event) == known.end()) return trouble("usage", "there is no event \"" + event + "\"; there are " + names);
  TRY(configuration, read_configuration(dir));
  TRY(to, outbox::parse_url(args.words[1]));
  TRY_DONE(outbox::allowed(to, {configuration.webhook_hosts}));
  TRY(master, archive::MasterKey::load_or_create(dir));
  const Instant now = wall_now();
  const std::string secret = "whsec_" + api::new_token();
  TRY(id, store.add({.url = args.words[1], .events = events, .sealed_secret = master.seal_secret(api::webhook_purpose(now.us), secret), .made_by = "cli", .made = now, .not_before = {}, .last_error = {}}));
  std::printf("webhook %lld\nsecret %s\nIt is shown only now.\n", static_cast<long long>(id), secret.c_str());
  return Done{};
}

Result<> remove_webhook(outbox::Store& store, const Args& args) {
  TRY(text, only_word(args, "webhook remove ID"));
  if (text.empty() || text.size() > 15 || text.find_first_not_of("0123456789") != text.npos) return trouble("usage", "\"" + text + "\" is not the id of a webhook");
  TRY(removed, store.remove(std::stoll(text)));
  return removed ? Result<>(Done{}) : trouble("webhook-unknown", "there is no webhook " + text);
}

// --- mail

struct MailRow {
  std::string id, about, to, subject, state;
  Instant made;
  std::int64_t attempts;
  std::string error;
  PASOKH_FIELDS(id, about, to, subject, state, made, attempts, error)
};

Result<> list_mail(const std::string& dir, Format format) {
  TRY(office, storage::OfficeDatabase::open(dir));
  TRY(mails, office->read([](storage::Database& db) { return storage::Mails(db).list("", "", 200); }));
  std::vector<MailRow> rows;
  for (const auto& m : mails) rows.push_back({std::to_string(m.id), m.kind + " " + m.about, m.recipient, m.subject, m.sent_at ? "sent" : m.given_up_at ? "given-up" : "waiting", m.made, m.attempts, m.error});
  return print_rows(rows, format);
}

Result<> test_mail(const std::string& dir, const Args& args) {
  TRY(to, only_word(args, "mail test ADDRESS"));
  if (!outbox::is_mail_address(to)) return trouble("usage", "\"" + to + "\" is no mail address");
  TRY(configuration, read_configuration(dir));
  if (!configuration.mail.on()) return trouble("mail-off", "no mail server is named in " + dir + "/pasokh.toml ([mail] host)");
  const Instant now = wall_now();
  const std::string& from = configuration.mail.from;
  TRY_DONE(outbox::send_mail(configuration.mail, to, outbox::mail_text({.from = from, .to = to, .subject = "Pasokh: test / پاسخ: آزمایش", .text = "This mail shows that Pasokh can send mail.\n\nاین نامه نشان می‌دهد که پاسخ می‌تواند نامه بفرستد.\n",
      .file_name = {}, .file_type = {}, .file = {}, .message_id = "test." + std::to_string(now.us) + ".pasokh" + from.substr(from.find('@')), .at = now})));
  std::printf("%s:%d has taken the mail to %s\n", configuration.mail.host.c_str(), configuration.mail.port, to.c_str());
  return Done{};
}

Result<std::pair<std::string, Format>> verb_of(const Args& args, std::initializer_list<const char*> known) {
  TRY(format, format_from(args.option("format").value_or("table")));
  const std::string verb = args.words.empty() ? "" : args.words[0];
  std::string all;
  for (const char* one : known) {
    if (verb == one) return std::pair(verb, format);
    all += (all.empty() ? "" : ", ") + std::string(one);
  }
  return trouble("usage", verb.empty() ? "what shall be done? One of: " + all : "unknown verb \"" + verb + "\"; expected one of " + all);
}

}  // namespace

int token_command(const Args& args) {
  const auto verb = verb_of(args, {"add", "list", "remove"});
  if (!verb) return wrong_usage("token", verb.error().text);
  const std::string dir = data_dir(args);
  if (auto centre = centre_stands_in(dir); !centre) return fail(centre.error().text);
  auto store = storage::AccessStore::open(dir);
  if (!store) return fail(store.error().text);
  return ended("token", verb->first == "add" ? add_token(**store, args) : verb->first == "list" ? list_tokens(**store, verb->second) : remove_token(**store, args));
}

int webhook_command(const Args& args) {
  const auto verb = verb_of(args, {"add", "list", "remove"});
  if (!verb) return wrong_usage("webhook", verb.error().text);
  const std::string dir = data_dir(args);
  if (auto centre = centre_stands_in(dir); !centre) return fail(centre.error().text);
  auto store = outbox::Store::open(dir);
  if (!store) return fail(store.error().text);
  return ended("webhook", verb->first == "add" ? add_webhook(*store, dir, args) : verb->first == "list" ? list_webhooks(*store, verb->second) : remove_webhook(*store, args));
}

int mail_command(const Args& args) {
  const auto verb = verb_of(args, {"test", "list"});
  if (!verb) return wrong_usage("mail", verb.error().text);
  const std::string dir = data_dir(args);
  if (auto centre = centre_stands_in(dir); !centre) return fail(centre.error().text);
  return ended("mail", verb->first == "test" ? test_mail(dir, args) : list_mail(dir, verb->second));
}

}  // namespace pasokh::app
