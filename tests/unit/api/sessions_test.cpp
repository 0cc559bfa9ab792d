#include <doctest/doctest.h>

#include "fake_centre.h"
#include "office/access/one_time_code.h"
#include "office/access/sign_in_throttle.h"

using namespace pasokh;
using namespace pasokh::api;

namespace {

std::string field(const Response& response, const std::string& name) {
  const std::string lead = "\"" + name + "\":\"";
  const auto at = response.body.find(lead);
  if (at == std::string::npos) return {};
  return response.body.substr(at + lead.size(), response.body.find('"', at + lead.size()) - at - lead.size());
}

std::string header(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

std::string credentials(const std::string& login, const std::string& password, bool with_cookie = false) {
  return R"({"login":")" + login + R"(","password":")" + password + R"(","cookie":)" + (with_cookie ? "true" : "false") + "}";
}

}  // namespace

TEST_CASE("signing in gives a token that opens, and signing out closes it at once") {
  Desk desk;
  const Response in = desk.send("POST", "/v1/sessions", {}, credentials("supervisor", "correct horse battery"));
  REQUIRE(in.status == 201);
  const std::string token = field(in, "token");
  CHECK(token.size() == 43);
  CHECK(field(in, "role") == "supervisor");
  CHECK(desk.send("GET", "/v1/me", token).status == 200);
  CHECK(desk.send("DELETE", "/v1/sessions/current", token).status == 204);
  CHECK(desk.send("GET", "/v1/me", token).status == 401);
}

TEST_CASE("a wrong password and an unknown login look the same") {
  Desk desk;
  const Response wrong = desk.send("POST", "/v1/sessions", {}, credentials("supervisor", "wrong horse battery"));
  const Response unknown = desk.send("POST", "/v1/sessions", {}, credentials("nobody", "wrong horse battery"));
  CHECK(wrong.status == 401);
  CHECK(wrong.body == unknown.body);
}

TEST_CASE("the database holds neither password nor token") {
  Desk desk;
  const std::string token = field(desk.send("POST", "/v1/sessions", {}, credentials("agent", "correct horse battery")), "token");
  REQUIRE_FALSE(token.empty());
  const auto user = *desk.access->find("agent");
  CHECK(user->password_hash.rfind("$argon2id$v=19$m=65536,t=2,p=1$", 0) == 0);
  const auto sessions = *desk.access->sessions("agent");
  REQUIRE(sessions.size() == 1);
  CHECK(sessions[0].hash == token_hash(token));
  CHECK(sessions[0].hash.find(token) == std::string::npos);
}

// threats: "login 5/min per account and 20/min per address with growing delay, never a lock that a stranger can cause"
TEST_CASE("guessing one account gets slower and slower, and the right password works after the wait") {
  Desk desk;
  for (int i = 0; i < 3; ++i) CHECK(desk.send("POST", "/v1/sessions", {}, credentials("agent", "wrong")).status == 401);
  const Response slowed = desk.send("POST", "/v1/sessions", {}, credentials("agent", "correct horse battery"));
  CHECK(slowed.status == 429);
  CHECK(header(slowed, "Retry-After") == "1");
  desk.now = desk.now + Duration::seconds(2);
  CHECK(desk.send("POST", "/v1/sessions", {}, credentials("agent", "correct horse battery")).status == 201);
}

TEST_CASE("the delay doubles up to a minute") {
  access::SignInThrottle throttle;
  Instant now{0};
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 12; ++i) {
    throttle.failed("sara", "192.0.2.1", now);
    waits.push_back(throttle.wait("sara", "192.0.2.1", now).us / 1'000'000);
    now = now + Duration::minutes(2);
  }
  CHECK(waits == std::vector<std::int64_t>{0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60});
}

TEST_CASE("a stranger's guessing does not lock the owner out of an address that was used before") {
  access::SignInThrottle throttle;
  Instant now{0};
  throttle.succeeded("sara", "10.0.0.5", now);
  for (int i = 0; i < 50; ++i) throttle.failed("sara", "203.0.113." + std::to_string(i), now);
  CHECK(throttle.wait("sara", "10.0.0.5", now) == Duration{});
  CHECK(throttle.wait("sara", "203.0.113.200", now) > Duration{});
  CHECK(throttle.wait("sara", "203.0.113.200", now + Duration::minutes(2)) == Duration{});  // slowed, never locked
}

TEST_CASE("an address that tries many accounts is held after twenty failures in a minute") {
  access::SignInThrottle throttle;
  Instant now{0};
  for (int i = 0; i < 20; ++i) throttle.failed("user" + std::to_string(i), "203.0.113.9", now);
  CHECK(throttle.wait("sara", "203.0.113.9", now) == Duration::minutes(1));
  CHECK(throttle.wait("sara", "203.0.113.10", now) == Duration{});
}

TEST_CASE("the throttle's memory is bounded under a flood of names and addresses, and known addresses survive it") {
  access::SignInThrottle throttle;
  throttle.succeeded("sara", "10.0.0.5", Instant{0});
  for (int i = 0; i < 60'000; ++i) throttle.failed("u" + std::to_string(i), "2001:db8::" + std::to_string(i), Instant{i});
  for (int i = 0; i < 6; ++i) throttle.failed("sara", "203.0.113." + std::to_string(i), Instant{60'000});
  CHECK(throttle.wait("sara", "10.0.0.5", Instant{60'000}) == Duration{});
  CHECK(throttle.wait("sara", "203.0.113.77", Instant{60'000}) > Duration{});
}

TEST_CASE("signing out everywhere ends every session of the person, and nobody else's") {
  Desk desk;
  const std::string one = desk.token_of("agent"), two = desk.token_of("agent"), other = desk.token_of("coach");
  const Response ended = desk.send("DELETE", "/v1/sessions", one);
  CHECK(ended.body == R"({"sessions":2})");
  CHECK(desk.send("GET", "/v1/me", one).status == 401);
  CHECK(desk.send("GET", "/v1/me", two).status == 401);
  CHECK(desk.send("GET", "/v1/me", other).status == 200);
}

TEST_CASE("a given password must be changed before anything else works; then other sessions are out") {
  Desk desk;
  auto user = **desk.access->find("supervisor");
  user.must_change = true;
  REQUIRE(desk.access->change(user));
  const std::string token = desk.token_of("supervisor"), stolen = desk.token_of("supervisor");
  CHECK(fault_code(desk.send("GET", "/v1/queues", token)) == "password-change-needed");
  CHECK(desk.send("GET", "/v1/me", token).status == 200);
  const auto change = [&](const std::string& present, const std::string& wanted) {
    return desk.send("POST", "/v1/password", token, R"({"present":")" + present + R"(","wanted":")" + wanted + R"("})");
  };
  CHECK(fault_code(change("not it at all", "a fine new sentence")) == "password-wrong");
  CHECK(fault_code(change("correct horse battery", "short")) == "password-too-short");
  CHECK(fault_code(change("correct horse battery", "password1234")) == "password-too-common");
  CHECK(fault_code(change("correct horse battery", "my supervisor pass")) == "password-holds-login");
  CHECK(change("correct horse battery", "یک جملهٔ بلند و تازه").status == 204);
  CHECK(desk.send("GET", "/v1/queues", token).status == 200);
  CHECK(desk.send("GET", "/v1/me", stolen).status == 401);
  CHECK(desk.undeclared.empty());
}

// ASVS 7.3.1-2
TEST_CASE("sessions end after twelve hours, and those of the powerful after a quarter of an hour of silence") {
  Desk desk;
  const std::string agent = desk.token_of("agent"), admin = desk.token_of("administrator"), busy = desk.token_of("supervisor");
  for (int i = 0; i < 3; ++i) {
    desk.now = desk.now + Duration::minutes(10);
    CHECK(desk.send("GET", "/v1/me", busy).status == 200);
  }
  CHECK(desk.send("GET", "/v1/me", admin).status == 401);
  CHECK(desk.send("GET", "/v1/me", agent).status == 200);
  desk.now = desk.now + Duration::hours(12);
  CHECK(desk.send("GET", "/v1/me", agent).status == 401);
}

// ASVS 3.3.1-4, 3.5.1-3
TEST_CASE("the cookie is out of scripts' reach, and changes that come with it must come from our own page") {
  Desk desk;
  const Response in = desk.send("POST", "/v1/sessions", {}, credentials("agent", "correct horse battery", true));
  const std::string set = header(in, "Set-Cookie");
  CHECK(set.find("HttpOnly") != std::string::npos);
  CHECK(set.find("SameSite=Strict") != std::string::npos);
  CHECK(field(in, "token").empty());
  const std::string cookie = set.substr(0, set.find(';'));
  const auto pause = [&](std::map<std::string, std::string> headers) {
    headers["cookie"] = "other=1; " + cookie;
    headers["host"] = "pasokh.example:8080";
    return desk.send("POST", "/v1/agents/a01/pause", {}, {}, headers);
  };
  CHECK(desk.send("GET", "/v1/me", {}, {}, {{"cookie", cookie}}).status == 200);
  CHECK(fault_code(pause({})) == "cross-site");
  CHECK(fault_code(pause({{"x-pasokh", "1"}})) == "cross-site");
  CHECK(fault_code(pause({{"x-pasokh", "1"}, {"origin", "http://evil.example"}})) == "cross-site");
  CHECK(fault_code(pause({{"x-pasokh", "1"}, {"origin", "null"}})) == "cross-site");
  CHECK(fault_code(pause({{"x-pasokh", "1"}, {"origin", "http://pasokh.example:8080"}, {"sec-fetch-site", "cross-site"}})) == "cross-site");
  CHECK(pause({{"x-pasokh", "1"}, {"origin", "http://pasokh.example:8080"}}).status == 200);
}

TEST_CASE("a program's token works with its own role, is listed without its secret, and ends when it is ended") {
  Desk desk;
  const std::string admin = desk.token_of("administrator");
  const Response made = desk.send("POST", "/v1/tokens", admin, R"({"name":"wallboard","role":"supervisor"})");
  const std::string token = field(made, "token");
  REQUIRE(token.size() == 43);
  CHECK(desk.send("GET", "/v1/queues", token).status == 200);
  CHECK(desk.centre.last().by == "token:wallboard");
  CHECK(fault_code(desk.send("GET", "/v1/users", token)) == "not-allowed");
  CHECK(fault_code(desk.send("POST", "/v1/tokens", admin, R"({"name":"wallboard","role":"agent"})")) == "token-exists");
  CHECK(desk.send("GET", "/v1/tokens", admin).body.find(token) == std::string::npos);
  CHECK(desk.send("DELETE", "/v1/tokens/wallboard", admin).status == 204);
  CHECK(desk.send("GET", "/v1/queues", token).status == 401);
}

TEST_CASE("people: added with a password told once, the last administrator stays, nobody changes the own role") {
  Desk desk;
  const std::string admin = desk.token_of("administrator");
  const Response added = desk.send("POST", "/v1/users", admin, R"({"login":"sara","role":"agent","agent":"a02"})");
  CHECK(field(added, "password").size() == 20);
  CHECK(fault_code(desk.send("POST", "/v1/users", admin, R"({"login":"sara","role":"agent"})")) == "user-exists");
  CHECK(fault_code(desk.send("POST", "/v1/users", admin, R"({"login":"Not A Login","role":"agent"})")) == "login-bad");
  CHECK(fault_code(desk.send("DELETE", "/v1/users/administrator", admin)) == "last-administrator");
  CHECK(fault_code(desk.send("PATCH", "/v1/users/administrator", admin, R"({"role":"supervisor"})")) == "not-to-yourself");
  CHECK(desk.send("PATCH", "/v1/users/sara", admin, R"({"role":"coach"})").body.find("\"coach\"") != std::string::npos);
  const std::string sara = desk.token_of("sara");
  CHECK(desk.send("POST", "/v1/users/sara/password", admin).status == 200);
  CHECK(desk.send("GET", "/v1/me", sara).status == 401);
  CHECK(desk.send("DELETE", "/v1/users/sara", admin).status == 204);
  CHECK(desk.undeclared.empty());
}

// ASVS 16.3.1-4
TEST_CASE("the audit log tells sign-ins, changes and refusals, each row chained to the one before") {
  Desk desk;
  (void)desk.send("POST", "/v1/sessions", {}, credentials("agent", "wrong"));
  (void)desk.send("PATCH", "/v1/queues/support", desk.token_of("administrator"), R"({"priority":1})");
  (void)desk.send("GET", "/v1/users", desk.token_of("agent"));
  const auto rows = *desk.access->audit_rows(INT64_MAX, 10);
  REQUIRE(rows.size() == 3);
  CHECK(rows[2].what == "sign_in");
  CHECK(rows[2].outcome == "sign-in-failed");
  CHECK(rows[1].what == "queue_change");
  CHECK(rows[1].object == "code=support");
  CHECK(rows[0].outcome == "not-allowed");
  CHECK(desk.access->verify_audit()->empty());
}

// ASVS 5.0 6.3.3, 6.5.1; RFC 6238 §5.2.
TEST_CASE("a second factor is asked once it is active; a code opens once, a recovery code once, and guessing is slow") {
  Desk desk;
  const std::string token = desk.token_of("supervisor");
  const auto sign_in = [&](const std::string& code, const std::string& address = "192.0.2.7") {
    return desk.send("POST", "/v1/sessions", {}, R"({"login":"supervisor","password":"correct horse battery")" + (code.empty() ? "" : R"(,"code":")" + code + "\"") + "}", {}, address);
  };
  const Response made = desk.send("POST", "/v1/second-factor", token);
  REQUIRE(made.status == 200);
  CHECK(made.body.find("otpauth://totp/Pasokh:supervisor?secret=") != std::string::npos);
  CHECK(sign_in("").status == 201);  // not active yet

  const auto stored = *desk.access->second_factor("supervisor");
  REQUIRE(stored);
  auto master = archive::MasterKey::load_or_create(desk.folder.path);
  REQUIRE(master);
  const std::string secret = *master->open_secret("second factor of supervisor", stored->sealed_secret);
  CHECK(stored->sealed_secret.find(secret) == std::string::npos);
  CHECK_FALSE(master->open_secret("second factor of agent", stored->sealed_secret));
  const auto code_at = [&](Instant at) { return access::one_time_code(secret, static_cast<std::uint64_t>(access::one_time_step(at))); };

  CHECK(fault_code(desk.send("PUT", "/v1/second-factor", token, R"({"code":"000000"})")) == "code-wrong");
  const std::string first = code_at(desk.now);
  const Response active = desk.send("PUT", "/v1/second-factor", token, R"({"code":")" + first + "\"}");
  REQUIRE(active.status == 200);
  const std::string recovery = active.body.substr(active.body.find("[\"") + 2, 11);
  CHECK(desk.send("GET", "/v1/me", token).body.find(R"("second_factor":true,"permissions":["anyone","signed_in")") != std::string::npos);

  CHECK(fault_code(sign_in("")) == "second-factor");
  CHECK(sign_in("").status == 401);
  CHECK(fault_code(sign_in(first)) == "second-factor");  // shown once already
  desk.now = desk.now + Duration::seconds(30);
  CHECK(sign_in(code_at(desk.now)).status == 201);
  CHECK(fault_code(sign_in(code_at(desk.now))) == "second-factor");
  CHECK(sign_in(recovery).status == 201);
  CHECK(fault_code(sign_in(recovery)) == "second-factor");
  CHECK(desk.access->second_factor("supervisor").value()->recovery_left == 9);

  for (int i = 0; i < 4; ++i) (void)sign_in("123456", "198.51.100.9");
  CHECK(fault_code(sign_in(code_at(desk.now + Duration::seconds(30)), "198.51.100.9")) == "slow-down");
  desk.now = desk.now + Duration::minutes(5);
  CHECK(fault_code(desk.send("DELETE", "/v1/second-factor", token, R"({"password":"wrong password"})")) == "password-wrong");
  CHECK(desk.send("DELETE", "/v1/second-factor", token, R"({"password":"correct horse battery"})").status == 204);
  CHECK(sign_in("").status == 201);
  CHECK(desk.undeclared.empty());
  bool told = false;
  const auto rows = desk.access->audit_rows(INT64_MAX, 100);
  REQUIRE(rows);
  for (const auto& row : *rows) told = told || row.what == "recovery_code_used";
  CHECK(told);
  CHECK(desk.access->verify_audit()->empty());
}

TEST_CASE("an administrator takes a lost second factor away; nobody else does") {
  Desk desk;
  const std::string agent = desk.token_of("agent"), administrator = desk.token_of("administrator");
  REQUIRE(desk.send("POST", "/v1/second-factor", agent).status == 200);
  CHECK(fault_code(desk.send("DELETE", "/v1/users/agent/second-factor", desk.token_of("supervisor"))) == "not-allowed");
  CHECK(desk.send("DELETE", "/v1/users/agent/second-factor", administrator).status == 204);
  CHECK(fault_code(desk.send("DELETE", "/v1/users/agent/second-factor", administrator)) == "second-factor-unknown");
  CHECK(desk.send("GET", "/v1/me", agent).status == 401);  // sessions have ended
}
