#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "api/openapi.h"
#include "fake_centre.h"

using namespace pasokh;
using namespace pasokh::api;

namespace {

std::string example_target(const Route& route) {
  std::string out(route.path);
  for (std::size_t at = out.find('{'); at != out.npos; at = out.find('{', at)) {
    const std::string name = out.substr(at + 1, out.find('}', at) - at - 1);
    out.replace(at, name.size() + 2, name == "code" ? "a02" : "7");
  }
  return out;
}

}  // namespace

// threats: authorization, "generated test: each route x each role". The table of access.cpp is the only truth; here it meets the door.
TEST_CASE("every route answers every role as the table of permissions says, and strangers with 401") {
  Desk desk;
  std::map<std::string, std::string> tokens;
  for (const auto role : enum_names<access::Role>) tokens[std::string(role)] = desk.token_of(std::string(role));
  for (const Route& route : all_routes()) {
    CAPTURE(route.operation);
    if (route.operation == "sign_in") continue;  // speaks of the login, not of a session
    if (route.permission == access::Permission::anyone) {
      const Response open = desk.send(std::string(route.method), example_target(route));
      const bool by_link = route.path.find("{token}") != route.path.npos;     // the link is the key, and "7" is none
      if (by_link) CHECK(open.status == 410);
      else CHECK((open.status < 400 || fault_code(open) == "authority-unknown"));  // no certificate was made in this folder
      continue;
    }
    CHECK(desk.send(std::string(route.method), example_target(route)).status == 401);
    for (const auto name : enum_names<access::Role>) {
      CAPTURE(name);
      access::Role role{};
      REQUIRE(from_name(name, role));
      std::string& token = tokens[std::string(name)];
      const Response response = desk.send(std::string(route.method), example_target(route), token);
      const bool let_in = fault_code(response) != "not-allowed" && response.status != 401;
      CHECK(let_in == access::allows(role, route.permission));
      if (!*desk.access->session(token_hash(token), desk.now)) token = desk.token_of(std::string(name));
    }
  }
  CHECK(desk.undeclared.empty());
}

TEST_CASE("an agent neither sees others nor changes settings; who grants roles cannot listen, who listens grants none") {
  using access::Permission;
  for (const auto permission : {Permission::see_floor, Permission::direct_floor, Permission::hear_recordings, Permission::change_settings, Permission::manage_users,
                                Permission::see_audit, Permission::see_reports, Permission::see_settings})
    CHECK_FALSE(access::allows(access::Role::agent, permission));
  CHECK_FALSE(access::allows(access::Role::administrator, Permission::hear_recordings));
  CHECK_FALSE(access::allows(access::Role::supervisor, Permission::manage_users));
}

// ASVS 8.2.2 (IDOR): the role may do it, but only to its own.
TEST_CASE("an agent acts for the own seat only; a supervisor for any") {
  Desk desk;
  const std::string agent = desk.token_of("agent"), supervisor = desk.token_of("supervisor");
  CHECK(desk.send("POST", "/v1/agents/a01/pause", agent, R"({"reason":"lunch"})").status == 200);
  CHECK(desk.centre.last().settings.at("reason") == "lunch");
  CHECK(desk.centre.last().by == "agent");
  const auto before = desk.centre.commands.size();
  CHECK(fault_code(desk.send("POST", "/v1/agents/a02/pause", agent)) == "not-yours");
  CHECK(desk.centre.commands.size() == before);
  CHECK(desk.send("POST", "/v1/agents/a02/pause", supervisor).status == 200);
}

TEST_CASE("an agent's desk holds the own state and the own calls, nobody else's") {
  Desk desk;
  const Response response = desk.send("GET", "/v1/desk", desk.token_of("agent"));
  CHECK(response.status == 200);
  CHECK(response.body == R"({"agent":{"agent":"a01","state":"ready"},"calls":[{"call":"7","agent":"a01","caller":"0912"}]})");
}

TEST_CASE("settings become commands: durations, lists and booleans as the command line would write them") {
  Desk desk;
  const std::string admin = desk.token_of("administrator");
  CHECK(desk.send("PATCH", "/v1/queues/support", admin, R"({"wrap_up":"5s","ring":15000,"record":false,"strategy":"ring-all"})").status == 200);
  const auto command = desk.centre.last();
  CHECK(command.noun == "queue");
  CHECK(command.verb == "set");
  CHECK(command.target == "support");
  CHECK(command.settings == std::map<std::string, std::string>{{"wrap_up", "5000ms"}, {"ring", "15000ms"}, {"record", "false"}, {"strategy", "ring-all"}});
  CHECK(desk.send("PUT", "/v1/agents/a09", admin, R"({"queues":["support","sales"],"number":"109"})").status == 200);
  CHECK(desk.centre.last().verb == "add");
  CHECK(desk.centre.last().settings.at("queues") == "support,sales");
  CHECK(desk.send("PUT", "/v1/agents/a01", admin, R"({"number":"109"})").status == 200);  // there already: changed
  CHECK(desk.centre.last().verb == "set");
}

TEST_CASE("a body that does not fit is refused by the place of the mistake, with the nearest name") {
  Desk desk;
  const std::string admin = desk.token_of("administrator");
  const auto refused = [&](const std::string& body) { return desk.send("PATCH", "/v1/queues/support", admin, body); };
  CHECK(refused(R"({"wrapup":"5s"})").body.find("/wrapup: unknown; did you mean wrap_up?") != std::string::npos);
  CHECK(refused(R"({"ring":"soon"})").body.find("/ring: expected milliseconds") != std::string::npos);
  CHECK(refused(R"({"priority":2.5})").body.find("/priority: expected a whole number") != std::string::npos);
  CHECK(refused(R"({"priority":99999999999})").status == 422);
  CHECK(refused(R"([])").status == 422);
  CHECK(fault_code(refused("{\"ring\":")) == "not-json");
  CHECK(fault_code(refused(std::string(100, '[') + std::string(100, ']'))) == "not-json");  // too deep
  CHECK(fault_code(desk.send("PATCH", "/v1/queues/support", admin, "{}", {{"content-type", "text/plain"}})) == "not-json-type");
}

TEST_CASE("the centre's refusals keep their code and get a fitting status") {
  Desk desk;
  const std::string admin = desk.token_of("administrator");
  const Response missing = desk.send("PATCH", "/v1/queues/nowhere", admin, R"({"priority":1})");
  CHECK(missing.status == 404);
  CHECK(fault_code(missing) == "queue-unknown");
  CHECK(desk.send("GET", "/v1/queues/nowhere", admin).status == 404);
  CHECK(desk.send("GET", "/v1/queues/support", admin).body == R"({"queue":"support","waiting":0})");
}

TEST_CASE("an import over HTTP adds what is missing and changes what is there; its errors name the place") {
  Desk desk;
  in_journal(desk, {floor::QueueSet{{1}, "support", {}}});
  const std::string admin = desk.token_of("administrator");
  const Response done = desk.send("POST", "/v1/import", admin, R"({"queues":[{"code":"support","priority":3},{"code":"sales"}],"centre":{"max_calls":500}})");
  CHECK(done.status == 200);
  const auto& commands = desk.centre.commands;
  REQUIRE(commands.size() >= 3);
  CHECK(commands[commands.size() - 3].verb == "set");
  CHECK(commands[commands.size() - 2].verb == "add");
  CHECK(commands.back().noun == "centre");
  CHECK(desk.send("POST", "/v1/import", admin, R"({"agents":[{"code":"x","queues":[1]}]})").body.find("/agents/0/queues/0") != std::string::npos);
  CHECK(desk.send("POST", "/v1/import", admin, R"({"agent":[]})").body.find("did you mean \\\"agents\\\"") != std::string::npos);
}

TEST_CASE("addresses: unknown ones, wrong methods, bad encodings and hostile paths are refused, never served") {
  Desk desk;
  CHECK(desk.send("GET", "/nowhere").status == 404);
  CHECK(desk.send("GET", "/v1/queues/%zz").status == 400);
  CHECK(desk.send("GET", "/v1/queues/a%00b").status == 400);
  CHECK(desk.send("GET", "/../../etc/passwd").status == 404);
  CHECK(desk.send("GET", "/%2e%2e/etc/passwd").status == 404);
  CHECK(desk.send("GET", "/health?a=1&a=2").status == 400);
  CHECK(desk.send("GET", "/" + std::string(5'000, 'a')).status == 400);
  const Response wrong = desk.send("DELETE", "/health");
  CHECK(wrong.status == 405);
  CHECK(wrong.headers.front().second == "GET");
}

TEST_CASE("metrics are open to this machine and to the administrator, closed to strangers") {
  Desk desk;
  CHECK(desk.send("GET", "/metrics").status == 401);
  CHECK(desk.send("GET", "/metrics", {}, {}, {}, "127.0.0.1").status == 200);
  CHECK(desk.send("GET", "/metrics", desk.token_of("administrator")).status == 200);
  CHECK(desk.send("GET", "/metrics", desk.token_of("agent")).status == 403);
}

TEST_CASE("health is open to all, but only this machine learns how much there is to do") {
  Desk desk;
  CHECK(desk.send("GET", "/health").body == R"({"status":"ok"})");
  CHECK(desk.send("GET", "/health", {}, {}, {}, "127.0.0.1").body.find("\"calls\"") != std::string::npos);
}

// threats: API 20/s per user, 200/s per address
TEST_CASE("requests are limited per address and per user, and one user's flood leaves others alone") {
  Desk desk({200, 20});
  const std::string agent = desk.token_of("agent"), supervisor = desk.token_of("supervisor");
  int served = 0;
  for (int i = 0; i < 100; ++i) served += desk.send("GET", "/v1/me", agent).status == 200 ? 1 : 0;
  CHECK(served == 40);  // a burst of two seconds' worth
  CHECK(desk.send("GET", "/v1/me", supervisor, {}, {}, "192.0.2.8").status == 200);
  desk.now = desk.now + Duration::seconds(1);
  CHECK(desk.send("GET", "/v1/me", agent).status == 200);
  served = 0;
  for (int i = 0; i < 1'000; ++i) served += desk.send("GET", "/health", {}, {}, {}, "192.0.2.9").status == 200 ? 1 : 0;
  CHECK(served == 400);
}

// The API is a contract: a change of it is a diff that someone reads.
TEST_CASE("docs/api/openapi.json is what the routes emit") {
  const std::string emitted = openapi(all_routes()) + "\n";
  if (std::getenv("PASOKH_WRITE_OPENAPI")) std::ofstream("docs/api/openapi.json") << emitted;
  std::ifstream in("docs/api/openapi.json");
  std::ostringstream kept;
  kept << in.rdbuf();
  CHECK_MESSAGE(kept.str() == emitted, "run: PASOKH_WRITE_OPENAPI=1 build/test_api -tc='docs/api*'");
  CHECK(Json::parse(emitted));
  std::set<std::string_view> operations;
  for (const Route& route : all_routes()) {
    CHECK_MESSAGE(operations.insert(route.operation).second, route.operation);
    for (const auto code : route.faults) CHECK_MESSAGE((fault(code) || route.asks_centre), code);
  }
}
