// Queues, agents, devices, numbers, trunks, the centre: what rules use. Every change is a command to the centre and journalled.
#include <deque>

#include "api/import.h"
#include "api/routes.h"
#include "api/services.h"

namespace pasokh::api {
namespace {

using access::Permission;
using switchboard::Command;

struct QueueSettings {
  static constexpr auto schema_name = "QueueSettings";
  std::optional<std::string> strategy;       // fair-share, longest-idle, round-robin, ring-all, fixed-order
  std::optional<std::int32_t> priority;
  std::optional<Duration> ring, wrap_up;
  std::optional<std::int32_t> capacity;
  std::optional<Duration> max_wait;
  std::optional<std::string> overflow_queue, overflow_number, skills;
  std::optional<Duration> service_level, short_abandon;
  std::optional<bool> record, notice;
  std::optional<std::string> music;
  std::optional<std::string> greeting, announcement;  // a prompt's name: on entering; each announce_every, between the music
  std::optional<bool> announce_place;
  std::optional<Duration> announce_every;
  std::optional<std::string> language, name;
  std::optional<std::string> report;         // none, optional, required
  std::optional<std::string> guidance_fa, guidance_en;  // Markdown, shown beside a call
  std::optional<std::int32_t> retention_days;  // 0: recordings are kept for ever
  std::optional<std::string> alarm_longest_wait, alarm_waiting, alarm_service_level, alarm_service_level_30, alarm_free_agents, alarm_abandoned, alarm_after;
  PASOKH_FIELDS(strategy, priority, ring, wrap_up, capacity, max_wait, overflow_queue, overflow_number, skills, service_level, short_abandon,
                record, notice, music, greeting, announcement, announce_place, announce_every, language, name, report, guidance_fa, guidance_en, retention_days,
                alarm_longest_wait, alarm_waiting, alarm_service_level, alarm_service_level_30, alarm_free_agents, alarm_abandoned, alarm_after)
};
struct AgentSettings {
  static constexpr auto schema_name = "AgentSettings";
  std::optional<std::string> name, number;
  std::optional<std::vector<std::string>> queues, skills;
  std::optional<std::string> device;
  PASOKH_FIELDS(name, number, queues, skills, device)
};
struct DeviceSettings {
  static constexpr auto schema_name = "DeviceSettings";
  std::optional<std::string> password, agent, name;
  std::optional<std::string> kind;           // phone (SIP) or browser; it never changes
  PASOKH_FIELDS(password, agent, name, kind)
};
struct NumberSettings {
  static constexpr auto schema_name = "NumberSettings";
  std::optional<std::string> queue, language, name;
  std::optional<std::string> hours, closed;  // code; a prompt, queue:CODE or number:DIGITS
  std::optional<bool> emergency;
  PASOKH_FIELDS(queue, language, name, hours, closed, emergency)
};
using TrunkSettings = std::map<std::string, std::string>;   // what a trunk has is told by `pasokh trunk --help`
struct CentreSettings {
  static constexpr auto schema_name = "CentreSettings";
  std::optional<std::int64_t> ledger_limit;
  std::optional<std::string> time_zone, outbound;
  std::optional<std::int32_t> max_calls;
  std::optional<std::string> alarm_longest_wait, alarm_waiting, alarm_service_level, alarm_service_level_30, alarm_free_agents, alarm_abandoned, alarm_after;
  PASOKH_FIELDS(ledger_limit, time_zone, outbound, max_calls, alarm_longest_wait, alarm_waiting, alarm_service_level, alarm_service_level_30, alarm_free_agents, alarm_abandoned, alarm_after)
};
struct Imported {
  static constexpr auto schema_name = "Imported";
  std::int64_t settings = 0;
  PASOKH_FIELDS(settings)
};

// --- described fields -> settings as text, as the command line would write them
std::string text_of(const std::string& v) { return v; }
std::string text_of(bool v) { return v ? "true" : "false"; }
std::string text_of(std::int32_t v) { return std::to_string(v); }
std::string text_of(std::int64_t v) { return std::to_string(v); }
std::string text_of(Duration v) { return std::to_string(v.ms()) + "ms"; }
std::string text_of(const std::vector<std::string>& v) {
  std::string out;
  for (const auto& item : v) out += (out.empty() ? "" : ",") + item;
  return out;
}

std::map<std::string, std::string> settings_from(const TrunkSettings& body) { return body; }

template <Described Body>
std::map<std::string, std::string> settings_from(const Body& body) {
  std::map<std::string, std::string> settings;
  constexpr auto names = field_names<Body>();
  std::size_t i = 0;
  const auto one = [&](const auto& field) {
    const auto name = names[i++];
    if (field) settings[std::string(name)] = text_of(*field);
  };
  std::apply([&](const auto&... field) { (one(field), ...); }, body.tie());
  return settings;
}

// --- one noun's rows
constexpr std::string_view list_schema = R"({"type":"array","items":{"type":"object","additionalProperties":true}})";
constexpr std::string_view object_schema = R"({"type":"object","additionalProperties":true})";

std::string_view keep(std::string text) {  // rows point at their words for ever
  static std::deque<std::string> kept;
  return kept.emplace_back(std::move(text));
}

template <class Body, auto noun>
struct Noun {
  static std::string name() { return noun; }

  static Result<JsonText> list(Call& call, const Nothing&) {
    TRY(json, call.services.ask_one({.noun = name(), .verb = "list", .by = call.who().login}));
    return JsonText{std::move(json)};
  }

  static Result<JsonText> one(Call& call, const Nothing&) {
    TRY(json, call.services.ask_one({.noun = name(), .verb = "list", .by = call.who().login}));
    TRY(parsed, Json::parse(json));
    if (parsed.root().kind() == JsonView::Kind::list)
      for (const JsonView item : parsed.root().items())
        if (item.kind() == JsonView::Kind::object)
          for (const auto& [key, value] : item.members())
            if (key == name() && value.kind() == JsonView::Kind::text && value.text() == call.at("code"))
              return JsonText{item.written()};
    return trouble(name() + "-unknown", "");
  }

  // PUT: added when it is missing, changed when it is there.
  static Result<JsonText> put(Call& call, const Body& body) {
    Command command{.noun = name(), .verb = "add", .target = call.at("code"), .settings = settings_from(body), .by = call.who().login};
    auto added = call.services.ask_one(command);
    if (added) return JsonText{std::move(*added)};
    if (added.error().code != name() + "-exists" && added.error().code != "exists") return std::move(added).error();
    if (command.settings.empty()) return JsonText{"{}"};
    command.verb = "set";
    TRY(json, call.services.ask_one(command));
    return JsonText{std::move(json)};
  }

  static Result<JsonText> change(Call& call, const Body& body) {
    TRY(json, call.services.ask_one({.noun = name(), .verb = "set", .target = call.at("code"), .settings = settings_from(body), .by = call.who().login}));
    return JsonText{std::move(json)};
  }

  static Result<Nothing> remove(Call& call, const Nothing&) {
    TRY(json, call.services.ask_one({.noun = name(), .verb = "remove", .target = call.at("code"), .settings = {}, .by = call.who().login}));
    (void)json;
    return Nothing{};
  }

  static void add_rows(std::vector<Route>& rows, const std::string& plural, Permission see) {
    const std::string path = "/v1/" + plural;
    const auto missing = keep(name() + "-unknown");
    rows.push_back(route<Nothing, JsonText>({.operation = keep(name() + "_list"), .method = "GET", .path = keep(path), .says = keep("All " + plural + ", as they stand now"),
        .permission = see, .asks_centre = true, .answer_schema = list_schema}, list));
    rows.push_back(route<Nothing, JsonText>({.operation = keep(name() + "_get"), .method = "GET", .path = keep(path + "/{code}"), .says = keep("One of the " + plural),
        .permission = see, .faults = {missing}, .asks_centre = true, .answer_schema = object_schema}, one));
    rows.push_back(route<Body, JsonText>({.operation = keep(name() + "_put"), .method = "PUT", .path = keep(path + "/{code}"),
        .says = keep("Add one of the " + plural + ", or change the fields given when it is there"), .permission = Permission::change_settings, .asks_centre = true,
        .answer_schema = object_schema}, put));
    rows.push_back(route<Body, JsonText>({.operation = keep(name() + "_change"), .method = "PATCH", .path = keep(path + "/{code}"), .says = keep("Change the fields given of one of the " + plural),
        .permission = Permission::change_settings, .faults = {missing}, .asks_centre = true, .answer_schema = object_schema}, change));
    rows.push_back(route<Nothing, Nothing>({.operation = keep(name() + "_remove"), .method = "DELETE", .path = keep(path + "/{code}"), .says = keep("Remove one of the " + plural),
        .permission = Permission::change_settings, .faults = {missing}, .asks_centre = true}, remove));
  }
};

constexpr const char queue[] = "queue", agent[] = "agent", device[] = "device", number[] = "number", trunk[] = "trunk";

Result<JsonText> centre_get(Call& call, const Nothing&) {
  TRY(json, call.services.ask_one({.noun = "centre", .verb = "list", .target = {}, .settings = {}, .by = call.who().login}));
  return JsonText{std::move(json)};
}

Result<JsonText> centre_change(Call& call, const CentreSettings& body) {
  TRY(json, call.services.ask_one({.noun = "centre", .verb = "set", .target = {}, .settings = settings_from(body), .by = call.who().login}));
  return JsonText{std::move(json)};
}

// The body is the file of `pasokh import`; users are not taken here: their passwords belong into POST /v1/users.
Result<Imported> run_import(Call& call, const Nothing&) {
  TRY(import, read_import(call.request.body, call.who().login));
  if (!import.users.empty()) return trouble("import", "/users: people are added by POST /v1/users");
  for (const auto& noun : import_nouns(import)) {
    TRY(json, call.services.ask_one({.noun = noun, .verb = "list", .target = {}, .settings = {}, .by = call.who().login}));
    settle_import(import, noun, json);
  }
  TRY_DONE(rehearse_import(call.services.dir(), import, call.now));
  const auto reply = import.commands.empty() ? switchboard::Reply{} : call.services.ask(import.commands);
  if (!reply.ok) return refused_import(import, reply);
  return Imported{static_cast<std::int64_t>(import.commands.size())};
}

}  // namespace

std::vector<Route> settings_routes() {
  std::vector<Route> rows;
  Noun<QueueSettings, queue>::add_rows(rows, "queues", Permission::see_floor);
  Noun<AgentSettings, agent>::add_rows(rows, "agents", Permission::see_floor);
  Noun<DeviceSettings, device>::add_rows(rows, "devices", Permission::see_settings);
  Noun<NumberSettings, number>::add_rows(rows, "numbers", Permission::see_settings);
  Noun<TrunkSettings, trunk>::add_rows(rows, "trunks", Permission::see_settings);
  rows.push_back(route<Nothing, JsonText>({.operation = "centre_get", .method = "GET", .path = "/v1/centre", .says = "Settings of the whole centre",
      .permission = Permission::see_settings, .asks_centre = true, .answer_schema = object_schema}, centre_get));
  rows.push_back(route<CentreSettings, JsonText>({.operation = "centre_change", .method = "PATCH", .path = "/v1/centre", .says = "Change settings of the whole centre",
      .permission = Permission::change_settings, .asks_centre = true, .answer_schema = object_schema}, centre_change));
  rows.push_back(route<Nothing, Imported>({.operation = "import", .method = "POST", .path = "/v1/import",
      .says = "Many settings at once: the JSON file of `pasokh import`, without users. What is there is changed, what is missing is added. All of it is tried on a copy first: when one is refused, nothing is done.",
      .permission = Permission::change_settings, .faults = {"import"}, .lane = Lane::reading, .asks_centre = true, .body_max = 16 << 20}, run_import));
  rows.back().body_schema = [](Components&) { return std::string(object_schema); };
  return rows;
}

}  // namespace pasokh::api
