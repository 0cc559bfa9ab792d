#include "api/openapi.h"

#include <algorithm>
#include <set>

#include "base/json_text.h"

namespace pasokh::api {
namespace {

std::string quoted(std::string_view text) { return json_text(std::string(text)); }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string parameters(const Route& route) {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view in, std::string_view says) {
    out += std::string(out.empty() ? "" : ",") + "{\"name\":" + quoted(name) + ",\"in\":" + quoted(in) + (says.empty() ? "" : ",\"description\":" + quoted(says)) +
           ",\"required\":" + (in == "path" ? "true" : "false") + ",\"schema\":{\"type\":\"string\"}}";
  };
  for (std::size_t at = route.path.find('{'); at != route.path.npos; at = route.path.find('{', at + 1))
    add(route.path.substr(at + 1, route.path.find('}', at) - at - 1), "path", {});
  for (const auto& parameter : route.query) add(parameter.name, "query", parameter.says);
  return "[" + out + "]";
}

std::string answer(const Route& route, Components& components) {
  const std::string schema = route.answer_schema_of ? route.answer_schema_of(components) : std::string(route.answer_schema);
  const bool has_body = !schema.empty() || route.answer_type != "application/json";
  if (!has_body) return "\"204\":{\"description\":" + quoted(route.answer_says) + "}";
  const std::string_view status = route.operation == "sign_in" ? "201" : "200";
  return quoted(status) + ":{\"description\":" + quoted(route.answer_says) + ",\"content\":{" + quoted(route.answer_type) + ":{\"schema\":" +
         (schema.empty() ? "{\"type\":\"string\"}" : schema) + "}}}";
}

// one answer per status, naming the codes that come with it
std::string refusals(const Route& route) {
  std::map<int, std::set<std::string_view>> by_status;
  const auto add = [&](std::string_view code) { by_status[status_of(code)].insert(code); };
  for (const auto code : route.faults) add(code);
  if (route.permission != access::Permission::anyone)
    for (const auto code : {"sign-in-needed", "not-allowed", "password-change-needed", "cross-site"}) add(code);
  for (const auto code : {"bad-request", "slow-down", "busy", "trouble"}) add(code);
  if (route.body_schema)
    for (const auto code : {"not-json", "bad-body", "body-too-large", "not-json-type"}) add(code);
  if (!route.query.empty()) add("bad-query");
  if (route.asks_centre) by_status[409].insert("a code of the centre's");
  std::string out;
  for (const auto& [status, codes] : by_status) {
    std::string says;
    for (const auto code : codes) says += (says.empty() ? "" : ", ") + std::string(code);
    out += ",\"" + std::to_string(status) + "\":{\"description\":" + quoted(says) + ",\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Refusal\"}}}}";
  }
  return out;
}

std::string operation(const Route& route, Components& components) {
  std::string out = "{\"operationId\":" + quoted(route.operation) + ",\"summary\":" + quoted(route.says) + ",\"x-permission\":" + quoted(name_of(route.permission)) +
                    ",\"parameters\":" + parameters(route);
  if (route.body_schema) out += ",\"requestBody\":{\"content\":{\"application/json\":{\"schema\":" + route.body_schema(components) + "}}}";
  if (route.permission == access::Permission::anyone) out += ",\"security\":[]";
  return out + ",\"responses\":{" + answer(route, components) + refusals(route) + "}}";
}

}  // namespace

// One line an operation and a type, so that a change shows as a line.
std::string openapi(const std::vector<Route>& routes) {
  Components components;
  components["Refusal"] = R"({"type":"object","properties":{"code":{"type":"string"},"message":{"type":"string"},"message_fa":{"type":"string"}},"required":["code","message","message_fa"]})";
  std::map<std::string, std::string> paths;
  for (const Route& route : routes) {
    std::string& path = paths[std::string(route.path)];
    path += (path.empty() ? "" : ",\n") + quoted(lower(route.method)) + ":" + operation(route, components);
  }
  std::string out = R"({"openapi":"3.1.0","info":{"title":"Pasokh","version":"1","description":"The contact centre's API. Ids are texts, times RFC 3339 UTC, lengths milliseconds.","license":{"name":"Apache-2.0","identifier":"Apache-2.0"}},"security":[{"token":[]},{"cookie":[]}],"paths":{)";
  bool first = true;
  for (const auto& [path, text] : paths) { out += (first ? "\n" : ",\n") + quoted(path) + ":{\n" + text + "}"; first = false; }
  out += R"(},"components":{"securitySchemes":{"token":{"type":"http","scheme":"bearer"},"cookie":{"type":"apiKey","in":"cookie","name":"pasokh_session"}},"schemas":{)";
  first = true;
  for (const auto& [name, schema] : components) { out += (first ? "\n" : ",\n") + quoted(name) + ":" + schema; first = false; }
  return out + "}}}";
}

}  // namespace pasokh::api
