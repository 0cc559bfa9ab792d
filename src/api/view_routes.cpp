// Saved views: how a person likes to see a report or a list, kept under a name of theirs. The console alone knows what stands in one.
#include "api/routes.h"
#include "api/services.h"
#include "storage/saved_views.h"

namespace pasokh::api {
namespace {

using access::Permission;
using storage::SavedViews;

constexpr std::string_view object_schema = R"({"type":"object","additionalProperties":true})";
constexpr std::size_t view_max = 16 << 10, name_max = 100;

Result<JsonText> list(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY(all, office->read([&](storage::Database& db) { return SavedViews(db).of(call.who().login); }));
  std::string json;
  for (const auto& [name, view] : all) json += (json.empty() ? "" : ",") + json_text(name) + ":" + view;
  return JsonText{"{" + json + "}"};
}

Result<JsonText> get(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY(view, office->read([&](storage::Database& db) { return SavedViews(db).find(call.who().login, call.at("name")); }));
  if (!view) return trouble("view-unknown", "");
  return JsonText{*view};
}

Result<JsonText> put(Call& call, const Nothing&) {
  const auto parsed = Json::parse(call.request.body);
  if (!parsed || parsed->root().kind() != JsonView::Kind::object) return trouble("bad-body", "/: expected an object");
  if (call.at("name").empty() || call.at("name").size() > name_max) return trouble("bad-body", "a view's name has 1 to 100 bytes");
  const std::string json = parsed->root().written();
  TRY(office, call.services.office());
  TRY_DONE(office->write([&](storage::Database& db) { return SavedViews(db).put(call.who().login, call.at("name"), json, call.now); }));
  return JsonText{json};
}

Result<Nothing> remove(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY_DONE(office->write([&](storage::Database& db) { return SavedViews(db).remove(call.who().login, call.at("name")); }));
  return Nothing{};
}

// What `pasokh doctor` finds, for the page that shows the system's health.
Result<JsonText> doctor(Call& call, const Nothing&) {
  const auto& look = call.services.hooks().doctor;
  if (!look) return trouble("busy", "");
  return JsonText{look()};
}

}  // namespace

std::vector<Route> view_routes() {
  constexpr std::string_view findings_schema =
      R"({"type":"array","items":{"type":"object","properties":{"check":{"type":"string"},"verdict":{"type":"string","enum":["ok","warning","problem"]},"found":{"type":"string"},"means":{"type":"string"},"advice":{"type":"string"},"found_fa":{"type":"string"},"means_fa":{"type":"string"},"advice_fa":{"type":"string"}},"required":["check","verdict","found","means","advice","found_fa","means_fa","advice_fa"]}})";
  std::vector<Route> rows;
  rows.push_back(route<Nothing, JsonText>({.operation = "view_list", .method = "GET", .path = "/v1/views", .says = "The own saved views, by name", .permission = Permission::signed_in, .answer_schema = object_schema}, list));
  rows.push_back(route<Nothing, JsonText>({.operation = "view_get", .method = "GET", .path = "/v1/views/{name}", .says = "One of the own views", .permission = Permission::signed_in, .faults = {"view-unknown"}, .answer_schema = object_schema}, get));
  rows.push_back(route<Nothing, JsonText>({.operation = "view_put", .method = "PUT", .path = "/v1/views/{name}", .says = "Keep a view: any object, at most 16 KiB; at most 100 of a person", .permission = Permission::signed_in, .faults = {"views-full"}, .body_max = view_max, .answer_schema = object_schema}, put));
  rows.back().body_schema = [](Components&) { return std::string(object_schema); };
  rows.push_back(route<Nothing, Nothing>({.operation = "view_remove", .method = "DELETE", .path = "/v1/views/{name}", .says = "Remove one of the own views", .permission = Permission::signed_in, .faults = {"view-unknown"}}, remove));
  rows.push_back(route<Nothing, JsonText>({.operation = "doctor", .method = "GET", .path = "/v1/doctor", .says = "What `pasokh doctor` finds on this machine, but for the test call, in English and Persian; what is typed as it is stands in backticks", .permission = Permission::see_settings, .lane = Lane::reading, .answer_schema = findings_schema}, doctor));
  return rows;
}

}  // namespace pasokh::api
