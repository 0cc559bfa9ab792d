// The live floor: agents' states and what they do with their calls; live calls, for whoever directs the floor.
#include "api/live_today.h"
#include "api/routes.h"
#include "api/services.h"
#include "base/calendar.h"
#include "base/persian.h"
#include "storage/zone.h"

namespace pasokh::api {
namespace {

using access::Permission;
using switchboard::Command;

struct SitDown {
  static constexpr auto schema_name = "SitDown";
  std::optional<std::string> device;         // default: the agent's usual one
  PASOKH_FIELDS(device)
};
struct Pause {
  static constexpr auto schema_name = "Pause";
  std::optional<std::string> reason;
  PASOKH_FIELDS(reason)
};
struct WhereTo {                             // exactly one
  static constexpr auto schema_name = "WhereTo";
  std::optional<std::string> agent, queue, number;
  PASOKH_FIELDS(agent, queue, number)
};
struct Dial {
  static constexpr auto schema_name = "Dial";
  std::string number;
  PASOKH_FIELDS(number)
};
struct Give {
  static constexpr auto schema_name = "Give";
  std::string agent;
  PASOKH_FIELDS(agent)
};

constexpr std::string_view object_schema = R"({"type":"object","additionalProperties":true})";
constexpr std::string_view list_schema = R"({"type":"array","items":{"type":"object","additionalProperties":true}})";

Result<JsonText> agent_does(Call& call, std::string verb, std::map<std::string, std::string> settings) {
  const std::string agent = call.at("code");
  if (!may_work_as(call.who(), agent)) return trouble("not-yours", "");
  TRY(json, call.services.ask_one({.noun = "agent", .verb = std::move(verb), .target = agent, .settings = std::move(settings), .by = call.who().login}));
  return JsonText{std::move(json)};
}

Result<JsonText> ready(Call& call, const SitDown& body) {
  return agent_does(call, "ready", body.device ? std::map<std::string, std::string>{{"device", *body.device}} : std::map<std::string, std::string>{});
}
Result<JsonText> pause(Call& call, const Pause& body) {
  return agent_does(call, "pause", body.reason ? std::map<std::string, std::string>{{"reason", *body.reason}} : std::map<std::string, std::string>{});
}
// As it is dialled here: a number of this country in its national form, another country's behind 00.
std::string dialled(std::string_view written) {
  const std::string digits = digits_only(written);
  if (written.find('+') == std::string_view::npos) return digits.starts_with("0098") ? "0" + digits.substr(4) : digits;
  return digits.starts_with("98") ? "0" + digits.substr(2) : "00" + digits;
}

Result<JsonText> dial(Call& call, const Dial& body) { return agent_does(call, "dial", {{"number", body.number.starts_with('+') ? dialled(body.number) : body.number}}); }

// For programs that act at one agent's desk (a token with an agent), and the agent's own page.
Result<JsonText> desk_dial(Call& call, const Dial& body) {
  const std::string& agent = call.who().agent;
  if (agent.empty()) return trouble("agent-unknown", "This person or token is not an agent.");
  TRY(json, call.services.ask_one({.noun = "agent", .verb = "dial", .target = agent, .settings = {{"number", dialled(body.number)}}, .by = call.who().login}));
  return JsonText{std::move(json)};
}

Result<JsonText> send_on(Call& call, const WhereTo& to, const char* verb) {
  std::map<std::string, std::string> settings;
  if (to.agent) settings["agent"] = *to.agent;
  if (to.queue) settings["queue"] = *to.queue;
  if (to.number) settings["number"] = *to.number;
  if (settings.size() != 1) return trouble("bad-body", "expected exactly one of agent, queue and number");
  return agent_does(call, verb, std::move(settings));
}
Result<JsonText> transfer(Call& call, const WhereTo& to) { return send_on(call, to, "transfer"); }
Result<JsonText> consult(Call& call, const WhereTo& to) { return send_on(call, to, "consult"); }
Result<JsonText> out(Call& call, const Nothing&) { return agent_does(call, "out", {}); }
Result<JsonText> hold(Call& call, const Nothing&) { return agent_does(call, "hold", {}); }
Result<JsonText> resume(Call& call, const Nothing&) { return agent_does(call, "resume", {}); }
Result<JsonText> complete(Call& call, const Nothing&) { return agent_does(call, "complete", {}); }
Result<JsonText> cancel(Call& call, const Nothing&) { return agent_does(call, "cancel", {}); }
Result<JsonText> hang_up(Call& call, const Nothing&) { return agent_does(call, "hangup", {}); }

// The rows of a list whose `field` is `value`.
Result<std::string> rows_where(const std::string& list, std::string_view field, std::string_view value) {
  TRY(parsed, Json::parse(list));
  std::string out = "[";
  if (parsed.root().kind() == JsonView::Kind::list)
    for (const JsonView item : parsed.root().items())
      if (item.kind() == JsonView::Kind::object)
        for (const auto& [key, member] : item.members())
          if (key == field && member.kind() == JsonView::Kind::text && member.text() == value) out += (out.size() > 1 ? "," : "") + item.written();
  return out + "]";
}

// An agent sees the own state and the own calls, nobody else's.
Result<JsonText> own_desk(Call& call, const Nothing&) {
  const std::string& agent = call.who().agent;
  if (agent.empty()) return trouble("agent-unknown", "This person is not an agent.");
  TRY(agents, call.services.ask_one({.noun = "agent", .verb = "list", .target = {}, .settings = {}, .by = call.who().login}));
  TRY(calls, call.services.ask_one({.noun = "call", .verb = "list", .target = {}, .settings = {}, .by = call.who().login}));
  TRY(own, rows_where(agents, "agent", agent));
  TRY(own_calls, rows_where(calls, "agent", agent));
  return JsonText{"{\"agent\":" + (own.size() > 2 ? own.substr(1, own.size() - 2) : std::string("null")) + ",\"calls\":" + own_calls + "}"};
}

std::string text_in(const JsonView& row, std::string_view field) {
  for (const auto& [key, member] : row.members())
    if (key == field && member.kind() == JsonView::Kind::text) return std::string(member.text());
  return {};
}

struct Colleague { std::string code, name, state; PASOKH_FIELDS(code, name, state) };
struct NamedQueue { std::string code, name; PASOKH_FIELDS(code, name) };
struct Colleagues { std::vector<Colleague> agents; std::vector<NamedQueue> queues; PASOKH_FIELDS(agents, queues) };

// Whom an agent may pass a call to: names and states, no figures.
Result<Colleagues> colleagues(Call& call, const Nothing&) {
  Colleagues found;
  TRY(agents, call.services.ask_one({.noun = "agent", .verb = "list", .target = {}, .settings = {}, .by = call.who().login}));
  TRY(queues, call.services.ask_one({.noun = "queue", .verb = "list", .target = {}, .settings = {}, .by = call.who().login}));
  TRY(parsed_agents, Json::parse(agents));
  for (const JsonView row : parsed_agents.root().items()) found.agents.push_back({text_in(row, "agent"), text_in(row, "name"), text_in(row, "state")});
  TRY(parsed_queues, Json::parse(queues));
  for (const JsonView row : parsed_queues.root().items()) found.queues.push_back({text_in(row, "queue"), text_in(row, "name")});
  return found;
}

struct Guidance { std::string code, name, guidance_fa, guidance_en, report; PASOKH_FIELDS(code, name, guidance_fa, guidance_en, report) };

// What an agent needs to know of a queue beside a call: its guidance, and whether a report is owed.
Result<Guidance> guidance(Call& call, const Nothing&) {
  TRY(queues, call.services.ask_one({.noun = "queue", .verb = "list", .target = {}, .settings = {}, .by = call.who().login}));
  TRY(parsed, Json::parse(queues));
  for (const JsonView row : parsed.root().items())
    if (text_in(row, "queue") == call.at("code"))
      return Guidance{text_in(row, "queue"), text_in(row, "name"), text_in(row, "guidance_fa"), text_in(row, "guidance_en"), text_in(row, "report")};
  return trouble("queue-unknown", "There is no queue \"" + call.at("code") + "\".");
}

Result<JsonText> live_calls(Call& call, const Nothing&) {
  TRY(json, call.services.ask_one({.noun = "call", .verb = "list", .target = {}, .settings = {}, .by = call.who().login}));
  return JsonText{std::move(json)};
}
Result<JsonText> give(Call& call, const Give& body) {
  TRY(json, call.services.ask_one({.noun = "call", .verb = "give", .target = call.at("call"), .settings = {{"agent", body.agent}}, .by = call.who().login}));
  return JsonText{std::move(json)};
}
Result<JsonText> end_call(Call& call, const Nothing&) {
  TRY(json, call.services.ask_one({.noun = "call", .verb = "hangup", .target = call.at("call"), .settings = {}, .by = call.who().login}));
  return JsonText{std::move(json)};
}

// The whole wallboard as it was at a moment: the journal is followed up to there, away from the switchboard.
Result<JsonText> floor_then(Call& call, const Nothing&) {
  TRY(reports, call.services.reports());
  Instant at = call.now;
  if (const std::string asked = call.asked("at"); !asked.empty()) {
    const auto typed = parse_time(asked);
    if (!typed) return trouble("bad-query", "at: expected a time like 2026-11-24T07:06:09Z, or of either calendar like 1405-09-03 10:15");
    TRY(zone, reports->time_zone());
    at = typed->absolute ? Instant{typed->us} : storage::Zone(zone).instant(typed->us);
    at = std::min(call.now, at + Duration{999});  // times are told in milliseconds: the whole of that one is meant
  }
  TRY(then, LiveFloor::open_at(call.services.dir(), at));
  TRY(today, figures_of_day(*reports.operator->(), at));
  then.set_today(std::move(today));
  return JsonText{"{\"at\":" + json_text(at) + ",\"seq\":\"" + std::to_string(then.seq()) + "\",\"data\":" + then.data() + "}"};
}

Row act(std::string_view operation, std::string_view path, std::string_view says) {
  return {.operation = operation, .method = "POST", .path = path, .says = says, .permission = Permission::work_own_calls, .faults = {"not-yours", "agent-unknown"},
          .asks_centre = true, .answer_schema = object_schema};
}

}  // namespace

bool may_work_as(const Caller& caller, const std::string& agent) {
  return (!caller.agent.empty() && caller.agent == agent) || access::allows(caller.role, Permission::direct_floor);
}

std::vector<Route> floor_routes() {
  std::vector<Route> rows;
  rows.push_back(route<Nothing, JsonText>({.operation = "desk", .method = "GET", .path = "/v1/desk", .says = "The own state and the own live calls of an agent",
      .permission = Permission::work_own_calls, .faults = {"agent-unknown"}, .asks_centre = true, .answer_schema = object_schema}, own_desk));
  rows.push_back(route<Nothing, Colleagues>({.operation = "desk_colleagues", .method = "GET", .path = "/v1/desk/colleagues", .says = "Whom a call may be passed to: agents with their state, queues",
      .permission = Permission::work_own_calls, .asks_centre = true}, colleagues));
  rows.push_back(route<Nothing, Guidance>({.operation = "desk_queue", .method = "GET", .path = "/v1/desk/queues/{code}", .says = "A queue as its agents need it beside a call",
      .permission = Permission::work_own_calls, .faults = {"queue-unknown"}, .asks_centre = true}, guidance));
  rows.push_back(route<SitDown, JsonText>(act("agent_ready", "/v1/agents/{code}/ready", "Sign in where needed and take calls"), ready));
  rows.push_back(route<Pause, JsonText>(act("agent_pause", "/v1/agents/{code}/pause", "Take no calls for a while"), pause));
  rows.push_back(route<Nothing, JsonText>(act("agent_out", "/v1/agents/{code}/out", "Sign out"), out));
  rows.push_back(route<Nothing, JsonText>(act("agent_hold", "/v1/agents/{code}/hold", "Put the customer on hold"), hold));
  rows.push_back(route<Nothing, JsonText>(act("agent_resume", "/v1/agents/{code}/resume", "Take the customer back from hold"), resume));
  rows.push_back(route<WhereTo, JsonText>(act("agent_transfer", "/v1/agents/{code}/transfer", "Pass the call on without asking first"), transfer));
  rows.push_back(route<WhereTo, JsonText>(act("agent_consult", "/v1/agents/{code}/consult", "Talk to the other side first, the customer waiting"), consult));
  rows.push_back(route<Nothing, JsonText>(act("agent_complete", "/v1/agents/{code}/complete", "Join customer and consulted side, and leave"), complete));
  rows.push_back(route<Nothing, JsonText>(act("agent_cancel", "/v1/agents/{code}/cancel", "End the consultation, back to the customer"), cancel));
  rows.push_back(route<Dial, JsonText>(act("agent_dial", "/v1/agents/{code}/dial", "Call a number: the agent's phone rings first"), dial));
  rows.push_back(route<Dial, JsonText>(act("desk_dial", "/v1/desk/dial", "Click to call: the own phone rings, then the number is called. However the number is written; as the outbound plan allows"), desk_dial));
  rows.push_back(route<Nothing, JsonText>(act("agent_hangup", "/v1/agents/{code}/hangup", "End the call that the agent is in"), hang_up));
  rows.push_back(route<Nothing, JsonText>({.operation = "call_list", .method = "GET", .path = "/v1/calls", .says = "Live calls", .permission = Permission::see_floor,
      .asks_centre = true, .answer_schema = list_schema}, live_calls));
  rows.push_back(route<Nothing, JsonText>({.operation = "floor", .method = "GET", .path = "/v1/floor",
      .says = "The wallboard at any moment of any day: the rows of the live topic `floor` as they were then", .permission = Permission::see_floor,
      .query = {{"at", "RFC 3339, or a time of either calendar in the centre's zone; default: now"}}, .lane = Lane::reading, .answer_schema = object_schema}, floor_then));
  rows.push_back(route<Give, JsonText>({.operation = "call_give", .method = "POST", .path = "/v1/calls/{call}/give", .says = "Give a waiting caller to a chosen agent",
      .permission = Permission::direct_floor, .faults = {"call-unknown", "agent-unknown"}, .asks_centre = true, .answer_schema = object_schema}, give));
  rows.push_back(route<Nothing, JsonText>({.operation = "call_hangup", .method = "POST", .path = "/v1/calls/{call}/hangup", .says = "End a call",
      .permission = Permission::direct_floor, .faults = {"call-unknown"}, .asks_centre = true, .answer_schema = object_schema}, end_call));
  return rows;
}

}  // namespace pasokh::api
