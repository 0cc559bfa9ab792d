// Signing in and out, own sessions, own password, tokens for programs.
#include "api/routes.h"
#include "api/secrets.h"
#include "api/services.h"
#include "base/log.h"
#include "office/access/one_time_code.h"

namespace pasokh::api {
namespace {

using access::Permission;
using storage::Session;

constexpr Duration session_length = Duration::hours(12), token_length_max = Duration::hours(24 * 400);

struct SignIn {
  static constexpr auto schema_name = "SignIn";
  std::string login, password;
  std::optional<std::string> code;     // of the second factor: six digits, or a recovery code
  std::optional<bool> cookie;          // true: the token is set as a cookie and not told
  PASOKH_FIELDS(login, password, cookie, code)
};
struct SignedIn {
  static constexpr auto schema_name = "SignedIn";
  std::optional<std::string> token;
  std::string login;
  access::Role role = access::Role::agent;
  std::string agent;
  bool must_change_password = false;
  Instant expires;
  PASOKH_FIELDS(token, login, role, agent, must_change_password, expires)
};
struct Me {
  static constexpr auto schema_name = "Me";
  std::string login;
  access::Role role = access::Role::agent;
  std::string agent;
  bool must_change_password = false;
  bool second_factor = false;
  std::vector<access::Permission> permissions;
  PASOKH_FIELDS(login, role, agent, must_change_password, second_factor, permissions)
};
struct FactorMade {
  static constexpr auto schema_name = "FactorMade";
  std::string secret, uri;             // base 32, and as authenticators read it from a QR code; told only now
  PASOKH_FIELDS(secret, uri)
};
struct FactorCode {
  static constexpr auto schema_name = "FactorCode";
  std::string code;
  PASOKH_FIELDS(code)
};
struct RecoveryCodes {
  static constexpr auto schema_name = "RecoveryCodes";
  std::vector<std::string> recovery;   // each opens once, in the place of a code; told only now
  PASOKH_FIELDS(recovery)
};
struct PasswordShown {
  static constexpr auto schema_name = "PasswordShown";
  std::string password;
  PASOKH_FIELDS(password)
};
struct SessionView {
  static constexpr auto schema_name = "Session";
  std::string id;                      // the first 16 hex digits of the token's hash: names it, opens nothing
  bool current = false;
  Instant created, last_used, expires;
  std::string address, program;
  PASOKH_FIELDS(id, current, created, last_used, expires, address, program)
};
struct Ended {
  static constexpr auto schema_name = "Ended";
  std::int64_t sessions = 0;
  PASOKH_FIELDS(sessions)
};
struct ChangePassword {
  static constexpr auto schema_name = "ChangePassword";
  std::string present, wanted;
  PASOKH_FIELDS(present, wanted)
};
struct NewToken {
  static constexpr auto schema_name = "NewToken";
  std::string name;
  access::Role role = access::Role::planner;
  std::optional<std::int32_t> days;    // how long it holds; default 365
  std::optional<std::string> agent;    // role agent: whose desk it acts at (click to call)
  PASOKH_FIELDS(name, role, days, agent)
};
struct TokenMade {
  static constexpr auto schema_name = "TokenMade";
  std::string name, token;
  Instant expires;
  PASOKH_FIELDS(name, token, expires)
};
struct TokenView {
  static constexpr auto schema_name = "Token";
  std::string name;
  access::Role role = access::Role::agent;
  std::string made_by;
  Instant created, last_used, expires;
  std::optional<std::string> agent;
  PASOKH_FIELDS(name, role, made_by, created, last_used, expires, agent)
};

std::string short_id(const Session& session) { return hex(std::string_view(session.hash).substr(0, 8)); }

void note(Call& call, const std::string& who, const std::string& what, const std::string& object, const std::string& outcome) {
  auto written = call.services.access().audit({.at = call.now, .who = who, .from = call.request.address, .what = what, .object = object, .outcome = outcome});
  if (!written) log(LogLevel::error, "the audit log cannot be written", {{"cause", written.error().text}});
}

// A hash that no password matches: an unknown login costs as much time as a known one.
const std::string& nobody() {
  static const std::string hash = hash_password(new_token());
  return hash;
}

std::string cookie_line(const Request& request, const std::string& token, Duration length) {
  return std::string(session_cookie(request.secure)) + "=" + token + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(length.us / 1'000'000) + (request.secure ? "; Secure" : "");
}

Whole slow_down(Duration wait) {
  Response slow = refusal("slow-down");
  slow.headers.emplace_back("Retry-After", std::to_string((wait.us + 999'999) / 1'000'000));
  return {std::move(slow)};
}

std::string purpose_of(const std::string& login) { return "second factor of " + login; }

// The code of the second factor, or one of the recovery codes; each is taken once.
Result<bool> code_opens(Call& call, const storage::SecondFactor& factor, const std::string& code) {
  TRY(master, call.services.master_key());
  TRY(secret, master.open_secret(purpose_of(factor.login), factor.sealed_secret));
  if (const auto step = access::matching_step(secret, code, call.now, factor.last_step)) return call.services.access().take_step(factor.login, *step);
  const std::string plain = access::plain_recovery_code(code);
  if (plain.size() < 10) return false;
  TRY(taken, call.services.access().take_recovery(factor.login, token_hash("recovery " + plain)));
  if (taken) note(call, factor.login, "recovery_code_used", std::to_string(factor.recovery_left - 1) + " left", "done");
  return taken;
}

Result<Whole> sign_in(Call& call, const SignIn& body) {
  auto& access = call.services.access();
  const std::string& address = call.request.address;
  const Duration wait = call.services.with_throttle([&](auto& throttle) { return throttle.wait(body.login, address, call.now); });
  if (wait > Duration{}) return slow_down(wait);
  TRY(user, access.find(body.login));
  const bool matches = password_matches(body.password, user ? user->password_hash : nobody()) && user.has_value();
  if (!matches) {
    call.services.note_sign_in(body.login, address, false, call.now);
    note(call, access::is_login(body.login) ? body.login : "(not a login)", "sign_in", "", "sign-in-failed");
    log(LogLevel::warning, "a sign-in failed", {{"address", address}});
    return Whole{refusal("sign-in-failed")};
  }
  TRY(factor, access.second_factor(user->login));
  if (factor && factor->active) {
    bool opens = false;
    if (body.code) {
      TRY(taken, code_opens(call, *factor, *body.code));
      opens = taken;
    }
    if (!opens) {
      if (body.code) {  // a code is guessed in a million tries: as slow as passwords
        call.services.note_sign_in(body.login, address, false, call.now);
        note(call, user->login, "sign_in", "", "second-factor");
      }
      return Whole{refusal("second-factor")};
    }
  }
  call.services.note_sign_in(body.login, address, true, call.now);
  const std::string token = new_token();
  const Instant expires = call.now + session_length;
  TRY_DONE(access.begin_session({.hash = token_hash(token), .login = user->login, .token_name = {}, .role = user->role, .created = call.now,
                                 .last_used = call.now, .expires = expires, .address = address,
                                 .program = std::string(call.request.header("user-agent").substr(0, 200))}));
  note(call, user->login, "sign_in", "", "done");
  const bool as_cookie = body.cookie.value_or(false);
  SignedIn view{.token = as_cookie ? std::nullopt : std::optional(token), .login = user->login, .role = user->role, .agent = user->agent,
                .must_change_password = user->must_change, .expires = expires};
  Whole whole{{.status = 201, .body = json_text(view)}};
  if (as_cookie)
    whole.response.headers.emplace_back("Set-Cookie", cookie_line(call.request, token, session_length));
  return whole;
}

Result<Me> me(Call& call, const Nothing&) {
  const Caller& who = call.who();
  Me view{who.login, who.role, who.agent, who.must_change_password, false, access::permissions_of(who.role)};
  if (!who.is_program) {
    TRY(factor, call.services.access().second_factor(who.login));
    view.second_factor = factor && factor->active;
  }
  return view;
}

Result<FactorMade> make_factor(Call& call, const Nothing&) {
  if (call.who().is_program) return trouble("not-allowed", "");
  auto& access = call.services.access();
  TRY(present, access.second_factor(call.who().login));
  if (present && present->active) return trouble("second-factor-exists", "");
  TRY(master, call.services.master_key());
  const std::string secret = random_secret(access::one_time_secret_bytes);
  TRY_DONE(access.save_second_factor({.login = call.who().login, .sealed_secret = master.seal_secret(purpose_of(call.who().login), secret)}, {}));
  return FactorMade{access::base32(secret), access::one_time_uri(call.who().login, secret)};
}

Result<RecoveryCodes> activate_factor(Call& call, const FactorCode& body) {
  auto& access = call.services.access();
  const std::string& login = call.who().login;
  TRY(factor, access.second_factor(login));
  if (!factor) return trouble("second-factor-unknown", "");
  if (factor->active) return trouble("second-factor-exists", "");
  TRY(opens, code_opens(call, *factor, body.code));
  if (!opens) return trouble("code-wrong", "");
  const auto codes = access::recovery_codes_from(random_secret(access::recovery_random_bytes));
  std::vector<std::string> hashes;
  for (const auto& code : codes) hashes.push_back(token_hash("recovery " + access::plain_recovery_code(code)));
  TRY(shown, access.second_factor(login));  // its step is taken: the code that was just shown is not one to sign in with
  if (!shown) return trouble("second-factor-unknown", "");
  factor = std::move(shown);
  factor->active = true;
  TRY_DONE(access.save_second_factor(*factor, hashes));
  return RecoveryCodes{codes};
}

// A stolen session must not become a way to guess the password.
Result<> own_password(Call& call, const storage::User& user, const std::string& password) {
  const std::string key = "password:" + user.login;
  if (call.services.with_throttle([&](auto& throttle) { return throttle.wait(key, call.request.address, call.now); }) > Duration{}) return trouble("slow-down", "");
  if (password_matches(password, user.password_hash)) return Done{};
  call.services.note_sign_in(key, call.request.address, false, call.now);
  return trouble("password-wrong", "");
}

Result<Nothing> remove_factor(Call& call, const PasswordShown& body) {
  if (call.who().is_program) return trouble("not-allowed", "");
  TRY(user, call.services.access().find(call.who().login));
  if (!user) return trouble("user-unknown", "");
  TRY_DONE(own_password(call, *user, body.password));
  TRY(removed, call.services.access().remove_second_factor(user->login));
  if (!removed) return trouble("second-factor-unknown", "");
  return Nothing{};
}

Result<std::vector<SessionView>> own_sessions(Call& call, const Nothing&) {
  TRY(sessions, call.services.access().sessions(call.who().login));
  std::vector<SessionView> views;
  for (const auto& s : sessions) views.push_back({short_id(s), s.hash == call.who().session, s.created, s.last_used, s.expires, s.address, s.program});
  return views;
}

Result<Nothing> sign_out(Call& call, const Nothing&) {
  TRY(ended, call.services.access().end_session(call.who().session));
  (void)ended;
  call.answer_headers.emplace_back("Set-Cookie", cookie_line(call.request, "", {}));
  return Nothing{};
}

Result<Nothing> end_session(Call& call, const Nothing&) {
  TRY(sessions, call.services.access().sessions(call.who().login));
  for (const auto& s : sessions)
    if (short_id(s) == call.at("session")) {
      TRY(ended, call.services.access().end_session(s.hash));
      (void)ended;
      return Nothing{};
    }
  return trouble("session-unknown", "");
}

Result<Ended> sign_out_everywhere(Call& call, const Nothing&) {
  TRY(ended, call.services.access().end_sessions(call.who().login, ""));
  return Ended{ended};
}

Result<Nothing> change_password(Call& call, const ChangePassword& body) {
  auto& access = call.services.access();
  if (call.who().is_program) return trouble("not-allowed", "");
  TRY(user, access.find(call.who().login));
  if (!user) return trouble("user-unknown", "");
  TRY_DONE(own_password(call, *user, body.present));
  if (const auto fault = access::password_fault(body.wanted, user->login)) return trouble(std::string(*fault), "");
  if (body.wanted == body.present) return trouble("password-too-common", "The new password is the old one.");
  user->password_hash = hash_password(body.wanted);
  if (user->password_hash.empty()) return trouble("busy", "");
  user->must_change = false;
  user->password_changed = call.now;
  TRY_DONE(access.change(*user));
  TRY(ended, access.end_sessions(user->login, call.who().session));  // whoever else holds a session of ours is out
  (void)ended;
  return Nothing{};
}

Result<TokenMade> make_token(Call& call, const NewToken& body) {
  if (!access::is_login(body.name)) return trouble("login-bad", "");
  auto& access = call.services.access();
  TRY(tokens, access.tokens());
  for (const auto& token : tokens)
    if (token.token_name == body.name) return trouble("token-exists", "");
  if (body.agent && !body.agent->empty() && body.role != access::Role::agent) return trouble("bad-body", "/agent: only a token of role agent acts at a desk");
  const Duration length = std::min(Duration::hours(24) * std::max(1, body.days.value_or(365)), token_length_max);
  const std::string token = new_token();
  TRY_DONE(access.begin_session({.hash = token_hash(token), .login = call.who().login, .token_name = body.name, .role = body.role, .created = call.now,
                                 .last_used = call.now, .expires = call.now + length, .address = call.request.address, .program = {}, .agent = body.agent.value_or("")}));
  return TokenMade{body.name, token, call.now + length};
}

Result<std::vector<TokenView>> list_tokens(Call& call, const Nothing&) {
  TRY(tokens, call.services.access().tokens());
  std::vector<TokenView> views;
  for (const auto& t : tokens) views.push_back({t.token_name, t.role, t.login, t.created, t.last_used, t.expires, t.agent.empty() ? std::nullopt : std::optional(t.agent)});
  return views;
}

Result<Nothing> end_token(Call& call, const Nothing&) {
  TRY(ended, call.services.access().end_token(call.at("name")));
  if (!ended) return trouble("token-unknown", "");
  return Nothing{};
}

}  // namespace

std::vector<Route> session_routes() {
  std::vector<Route> rows;
  rows.push_back(route<SignIn, Whole>({.operation = "sign_in", .method = "POST", .path = "/v1/sessions",
      .says = "Sign in. The token goes into `Authorization: Bearer`, or, with cookie true, into a cookie; requests that change something and come "
              "with the cookie need the header X-Pasokh.",
      .faults = {"sign-in-failed", "second-factor"}, .lane = Lane::hashing, .audited_by_itself = true, .answer_says = "Signed in"}, sign_in));
  rows.back().answer_schema_of = [](Components& c) { return schema_of<SignedIn>(c); };
  rows.push_back(route<Nothing, Me>({.operation = "me", .method = "GET", .path = "/v1/me", .says = "Who is signed in",
      .permission = Permission::signed_in, .before_password_change = true}, me));
  rows.push_back(route<Nothing, std::vector<SessionView>>({.operation = "session_list", .method = "GET", .path = "/v1/sessions", .says = "Own sessions",
      .permission = Permission::signed_in}, own_sessions));
  rows.push_back(route<Nothing, Nothing>({.operation = "sign_out", .method = "DELETE", .path = "/v1/sessions/current", .says = "Sign out",
      .permission = Permission::signed_in, .before_password_change = true}, sign_out));
  rows.push_back(route<Nothing, Nothing>({.operation = "session_end", .method = "DELETE", .path = "/v1/sessions/{session}", .says = "End one of the own sessions",
      .permission = Permission::signed_in, .faults = {"session-unknown"}, .before_password_change = true}, end_session));
  rows.push_back(route<Nothing, Ended>({.operation = "sign_out_everywhere", .method = "DELETE", .path = "/v1/sessions", .says = "End all own sessions, this one too",
      .permission = Permission::signed_in, .before_password_change = true}, sign_out_everywhere));
  rows.push_back(route<ChangePassword, Nothing>({.operation = "password_change", .method = "POST", .path = "/v1/password", .says = "Change the own password; other sessions end",
      .permission = Permission::signed_in,
      .faults = {"password-wrong", "password-too-short", "password-too-long", "password-too-common", "password-holds-login", "user-unknown"},
      .lane = Lane::hashing, .before_password_change = true}, change_password));
  rows.push_back(route<Nothing, FactorMade>({.operation = "second_factor_make", .method = "POST", .path = "/v1/second-factor",
      .says = "A secret for an authenticator application (RFC 6238); holds from its first code on", .permission = Permission::signed_in, .faults = {"second-factor-exists"}}, make_factor));
  rows.push_back(route<FactorCode, RecoveryCodes>({.operation = "second_factor_activate", .method = "PUT", .path = "/v1/second-factor",
      .says = "From now on a code is asked at each sign-in; ten recovery codes for a lost phone", .permission = Permission::signed_in,
      .faults = {"second-factor-unknown", "second-factor-exists", "code-wrong"}}, activate_factor));
  rows.push_back(route<PasswordShown, Nothing>({.operation = "second_factor_remove", .method = "DELETE", .path = "/v1/second-factor", .says = "No code is asked any more",
      .permission = Permission::signed_in, .faults = {"second-factor-unknown", "password-wrong", "user-unknown"}, .lane = Lane::hashing}, remove_factor));
  rows.push_back(route<Nothing, std::vector<TokenView>>({.operation = "token_list", .method = "GET", .path = "/v1/tokens", .says = "Tokens of programs",
      .permission = Permission::make_tokens}, list_tokens));
  rows.push_back(route<NewToken, TokenMade>({.operation = "token_make", .method = "POST", .path = "/v1/tokens", .says = "Make a token for a program; it is told only now",
      .permission = Permission::make_tokens, .faults = {"token-exists", "login-bad"}}, make_token));
  rows.push_back(route<Nothing, Nothing>({.operation = "token_end", .method = "DELETE", .path = "/v1/tokens/{name}", .says = "End a token",
      .permission = Permission::make_tokens, .faults = {"token-unknown"}}, end_token));
  return rows;
}

}  // namespace pasokh::api
