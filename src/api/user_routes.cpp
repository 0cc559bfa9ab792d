// People who sign in, and the audit log.
#include <algorithm>

#include "api/routes.h"
#include "api/secrets.h"
#include "api/services.h"

namespace pasokh::api {
namespace {

using access::Permission;
using access::Role;
using storage::User;

struct UserView {
  static constexpr auto schema_name = "User";
  std::string login;
  Role role = Role::agent;
  std::string agent;
  bool must_change_password = false;
  Instant created;
  PASOKH_FIELDS(login, role, agent, must_change_password, created)
};
struct NewUser {
  static constexpr auto schema_name = "NewUser";
  std::string login;
  Role role = Role::agent;
  std::optional<std::string> agent;
  PASOKH_FIELDS(login, role, agent)
};
struct UserChange {
  static constexpr auto schema_name = "UserChange";
  std::optional<Role> role;
  std::optional<std::string> agent;
  PASOKH_FIELDS(role, agent)
};
struct PasswordGiven {
  static constexpr auto schema_name = "PasswordGiven";
  std::string login, password;
  PASOKH_FIELDS(login, password)
};
struct SessionsEnded {
  static constexpr auto schema_name = "Ended";
  std::int64_t sessions = 0;
  PASOKH_FIELDS(sessions)
};
struct Audit {
  static constexpr auto schema_name = "AuditRow";
  std::string seq;
  Instant at;
  std::string who, from, what, object, outcome;
  PASOKH_FIELDS(seq, at, who, from, what, object, outcome)
};

UserView view(const User& u) { return {u.login, u.role, u.agent, u.must_change, u.created}; }

Result<User> existing(Call& call) {
  TRY(found, call.services.access().find(call.at("login")));
  if (!found) return trouble("user-unknown", "");
  return std::move(*found);
}

Result<> another_administrator(Call& call, const std::string& login) {
  TRY(users, call.services.access().users());
  if (std::any_of(users.begin(), users.end(), [&](const User& u) { return u.role == Role::administrator && u.login != login; })) return Done{};
  return trouble("last-administrator", "");
}

Result<std::string> give_password(Call& call, User& user) {
  const std::string password = random_password();
  user.password_hash = hash_password(password);
  if (user.password_hash.empty()) return trouble("busy", "");
  user.must_change = true;
  user.password_changed = call.now;
  return password;
}

Result<std::vector<UserView>> list_users(Call& call, const Nothing&) {
  TRY(users, call.services.access().users());
  std::vector<UserView> views;
  for (const auto& user : users) views.push_back(view(user));
  return views;
}

Result<PasswordGiven> add_user(Call& call, const NewUser& body) {
  if (!access::is_login(body.login)) return trouble("login-bad", "");
  User user{.login = body.login, .role = body.role, .agent = body.agent.value_or(""), .password_hash = {}, .created = call.now, .password_changed = call.now};
  TRY(password, give_password(call, user));
  TRY_DONE(call.services.access().add(user));
  return PasswordGiven{user.login, password};
}

Result<UserView> change_user(Call& call, const UserChange& body) {
  TRY(user, existing(call));
  if (body.role && *body.role != user.role) {
    if (user.login == call.who().login) return trouble("not-to-yourself", "");
    if (user.role == Role::administrator) TRY_DONE(another_administrator(call, user.login));
    user.role = *body.role;
  }
  if (body.agent) user.agent = *body.agent;
  TRY_DONE(call.services.access().change(user));
  return view(user);
}

Result<Nothing> remove_user(Call& call, const Nothing&) {
  TRY(user, existing(call));
  if (user.role == Role::administrator) TRY_DONE(another_administrator(call, user.login));
  TRY_DONE(call.services.access().remove(user.login));
  return Nothing{};
}

Result<PasswordGiven> reset_password(Call& call, const Nothing&) {
  TRY(user, existing(call));
  TRY(password, give_password(call, user));
  TRY_DONE(call.services.access().change(user));
  TRY(ended, call.services.access().end_sessions(user.login, ""));
  (void)ended;
  return PasswordGiven{user.login, password};
}

// For a lost phone; the person signs in by password alone until a new one is set up.
Result<Nothing> remove_second_factor(Call& call, const Nothing&) {
  TRY(user, existing(call));
  TRY(removed, call.services.access().remove_second_factor(user.login));
  if (!removed) return trouble("second-factor-unknown", "");
  TRY(ended, call.services.access().end_sessions(user.login, ""));
  (void)ended;
  return Nothing{};
}

Result<SessionsEnded> end_sessions(Call& call, const Nothing&) {
  TRY(user, existing(call));
  TRY(ended, call.services.access().end_sessions(user.login, ""));
  return SessionsEnded{ended};
}

Result<std::vector<Audit>> audit_log(Call& call, const Nothing&) {
  std::uint64_t before = INT64_MAX;
  if (const auto asked = call.asked("before"); !asked.empty()) {
    if (asked.size() > 18 || asked.find_first_not_of("0123456789") != asked.npos) return trouble("bad-query", "before: expected the seq of a row");
    before = std::stoull(asked);
  }
  TRY(rows, call.services.access().audit_rows(before, 200));
  std::vector<Audit> views;
  for (const auto& r : rows) views.push_back({std::to_string(r.seq), r.at, r.who, r.from, r.what, r.object, r.outcome});
  return views;
}

}  // namespace

std::vector<Route> user_routes() {
  std::vector<Route> rows;
  rows.push_back(route<Nothing, std::vector<UserView>>({.operation = "user_list", .method = "GET", .path = "/v1/users", .says = "People who sign in",
      .permission = Permission::manage_users}, list_users));
  rows.push_back(route<NewUser, PasswordGiven>({.operation = "user_add", .method = "POST", .path = "/v1/users",
      .says = "Let a person in; the password is told only now and must be changed at the first sign-in",
      .permission = Permission::manage_users, .faults = {"user-exists", "login-bad"}, .lane = Lane::hashing}, add_user));
  rows.push_back(route<UserChange, UserView>({.operation = "user_change", .method = "PATCH", .path = "/v1/users/{login}", .says = "Change a person's role or agent",
      .permission = Permission::manage_users, .faults = {"user-unknown", "last-administrator", "not-to-yourself"}}, change_user));
  rows.push_back(route<Nothing, Nothing>({.operation = "user_remove", .method = "DELETE", .path = "/v1/users/{login}", .says = "Remove a person; sessions end",
      .permission = Permission::manage_users, .faults = {"user-unknown", "last-administrator"}}, remove_user));
  rows.push_back(route<Nothing, PasswordGiven>({.operation = "user_reset_password", .method = "POST", .path = "/v1/users/{login}/password",
      .says = "Give a new password; it is told only now, sessions end", .permission = Permission::manage_users, .faults = {"user-unknown"}, .lane = Lane::hashing},
      reset_password));
  rows.push_back(route<Nothing, Nothing>({.operation = "user_remove_second_factor", .method = "DELETE", .path = "/v1/users/{login}/second-factor",
      .says = "Take a person's second factor away (a lost phone); sessions end", .permission = Permission::manage_users, .faults = {"user-unknown", "second-factor-unknown"}}, remove_second_factor));
  rows.push_back(route<Nothing, SessionsEnded>({.operation = "user_end_sessions", .method = "DELETE", .path = "/v1/users/{login}/sessions", .says = "End all sessions of a person",
      .permission = Permission::manage_users, .faults = {"user-unknown"}}, end_sessions));
  rows.push_back(route<Nothing, std::vector<Audit>>({.operation = "audit_list", .method = "GET", .path = "/v1/audit", .says = "The audit log, newest first, 200 rows a page",
      .permission = Permission::see_audit, .query = {{"before", "seq of the last row of the page before"}}}, audit_log));
  return rows;
}

}  // namespace pasokh::api
