#include "app/user_command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "api/secrets.h"
#include "base/json_text.h"

namespace pasokh::app {
namespace {

using storage::AccessStore;
using storage::User;

Instant wall_now() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

struct UserRow {
  std::string login;
  access::Role role;
  std::string agent;
  bool must_change_password;
  Instant created;
  PASOKH_FIELDS(login, role, agent, must_change_password, created)
};

Result<> list(AccessStore& store, Format format) {
  TRY(users, store.users());
  std::vector<UserRow> rows;
  for (const auto& user : users) rows.push_back({user.login, user.role, user.agent, user.must_change, user.created});
  TRY(text, print_list(json_text(rows), format));
  std::fputs(text.c_str(), stdout);
  return Done{};
}

Result<> give_password(User& user, std::string& password) {
  password = api::random_password();
  user.password_hash = api::hash_password(password);
  if (user.password_hash.empty()) return trouble("memory", "not enough memory to hash a password (64 MiB are needed)");
  user.must_change = true;
  user.password_changed = wall_now();
  return Done{};
}

void show_password(const std::string& login, const std::string& password, Format format) {
  if (format == Format::json) {
    std::string out = "{\"login\":";
    append_json_string(out, login);
    out += ",\"password\":";
    append_json_string(out, password);
    std::printf("%s}\n", out.c_str());
  } else {
    std::printf("user %s\npassword %s\nIt is shown only now, and must be changed at the first sign-in.\n", login.c_str(), password.c_str());
  }
}

Result<User> existing(AccessStore& store, const std::string& login) {
  TRY(found, store.find(login));
  if (!found) return trouble("user-unknown", "there is no user " + login);
  return std::move(*found);
}

// The last administrator can neither be removed nor become something else: nobody could then let anyone in.
Result<> keep_one_administrator(AccessStore& store, const std::string& login) {
  TRY(users, store.users());
  const bool another = std::any_of(users.begin(), users.end(), [&](const User& u) { return u.role == access::Role::administrator && u.login != login; });
  if (!another) return trouble("last-administrator", login + " is the only administrator; make another one first");
  return Done{};
}

Result<> audit(AccessStore& store, const std::string& what, const std::string& login) {
  return store.audit({.at = wall_now(), .who = "cli", .from = "local", .what = what, .object = login, .outcome = "done"});
}

Result<> add(AccessStore& store, const Args& args, Format format) {
  User user{.login = args.words[1], .created = wall_now()};
  if (!access::is_login(user.login)) return trouble("usage", "a login is 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit");
  TRY(settings, settings_from(args.words, 2));
  TRY_DONE(apply_user_settings(user, settings));
  std::string password;
  TRY_DONE(give_password(user, password));
  TRY_DONE(store.add(user));
  TRY_DONE(audit(store, "user add", user.login));
  show_password(user.login, password, format);
  return Done{};
}

Result<> set(AccessStore& store, const Args& args) {
  TRY(settings, settings_from(args.words, 2));
  if (settings.empty()) return trouble("usage", "nothing to set; expected role=… or agent=…");
  TRY(user, existing(store, args.words[1]));
  const auto before = user.role;
  TRY_DONE(apply_user_settings(user, settings));
  if (before == access::Role::administrator && user.role != before) TRY_DONE(keep_one_administrator(store, user.login));
  TRY_DONE(store.change(user));
  return audit(store, "user set", user.login);
}

Result<> remove(AccessStore& store, const Args& args) {
  TRY(user, existing(store, args.words[1]));
  if (user.role == access::Role::administrator) TRY_DONE(keep_one_administrator(store, user.login));
  TRY_DONE(store.remove(user.login));
  return audit(store, "user remove", user.login);
}

Result<> reset_password(AccessStore& store, const Args& args, Format format) {
  TRY(user, existing(store, args.words[1]));
  std::string password;
  TRY_DONE(give_password(user, password));
  TRY_DONE(store.change(user));
  TRY(ended, store.end_sessions(user.login, ""));
  (void)ended;
  TRY_DONE(audit(store, "user reset-password", user.login));
  show_password(user.login, password, format);
  return Done{};
}

// For a lost phone; the person signs in by password alone until a new one is set up.
Result<> reset_second_factor(AccessStore& store, const Args& args) {
  TRY(user, existing(store, args.words[1]));
  TRY(removed, store.remove_second_factor(user.login));
  if (!removed) return trouble("second-factor-unknown", user.login + " has no second factor");
  TRY(ended, store.end_sessions(user.login, ""));
  (void)ended;
  return audit(store, "user reset-second-factor", user.login);
}

}  // namespace

Result<> apply_user_settings(User& user, const std::map<std::string, std::string>& settings) {
  for (const auto& [key, value] : settings) {
    if (key == "role") {
      if (!from_name(value, user.role))
        return trouble("usage", "unknown role \"" + value + "\"; expected agent, supervisor, coach, planner, hiring or administrator");
    } else if (key == "agent") {
      user.agent = value;
    } else {
      return trouble("usage", "unknown setting \"" + key + "\"; expected role or agent");
    }
  }
  return Done{};
}

int user_command(const Args& args, Format format) {
  const std::string verb = args.words.empty() ? "" : args.words[0];
  const bool known = verb == "add" || verb == "set" || verb == "remove" || verb == "reset-password" || verb == "reset-second-factor";
  if (verb != "list" && !known) return wrong_usage("user", verb.empty() ? "what shall be done? One of: add, set, remove, list, reset-password, reset-second-factor" : "unknown verb \"" + verb + "\"; expected add, set, remove, list, reset-password or reset-second-factor");
  if (known && args.words.size() < 2) return wrong_usage("user", "whose? expected: pasokh user " + verb + " LOGIN");
  if ((verb == "list" && args.words.size() > 1) || ((verb == "remove" || verb.starts_with("reset-")) && args.words.size() > 2))
    return wrong_usage("user", "\"" + args.words.back() + "\" is too much");
  const std::string dir = data_dir(args);
  if (auto centre = centre_stands_in(dir); !centre) return fail(centre.error().text);
  auto store = AccessStore::open(dir);
  if (!store) return fail(store.error().text);
  Result<> ran = verb == "list"     ? list(**store, format)
                 : verb == "add"    ? add(**store, args, format)
                 : verb == "set"    ? set(**store, args)
                 : verb == "remove" ? remove(**store, args)
                 : verb == "reset-second-factor" ? reset_second_factor(**store, args)
                                    : reset_password(**store, args, format);
  if (ran) return done;
  return ran.error().code == "usage" ? wrong_usage("user", ran.error().text) : fail(ran.error().text);
}

}  // namespace pasokh::app
