// Health, metrics, the API's own description, and the first page.
#include "api/openapi.h"
#include "api/pages/start_page.h"
#include "api/router.h"
#include "api/routes.h"
#include "api/services.h"

namespace pasokh::api {
namespace {

using access::Permission;

// Anyone may know that it runs; how much it has to do is told on this machine or to who may see metrics.
Result<Whole> health(Call& call, const Nothing&) {
  auto told = call.services.ask_one({.noun = "centre", .verb = "health", .target = {}, .settings = {}, .by = "health"});
  if (!told) return Whole{{.status = 503, .body = R"({"status":"unavailable"})"}};
  const bool ok = told->rfind(R"({"status":"ok")", 0) == 0;
  const bool inner = call.request.from_loopback || (call.caller && access::allows(call.caller->role, Permission::see_metrics));
  return Whole{{.status = ok ? 200 : 503, .body = inner ? *told : ok ? R"({"status":"ok"})" : R"({"status":"degraded"})"}};
}

Result<Whole> metrics(Call& call, const Nothing&) {
  std::string text = call.services.hooks().metrics ? call.services.hooks().metrics() : std::string();
  text += call.services.http_metrics();
  return Whole{{.type = "text/plain; version=0.0.4; charset=utf-8", .body = std::move(text)}};
}

Result<Whole> description(Call&, const Nothing&) {
  static const std::string text = openapi(all_routes());
  return Whole{{.body = text}};
}

template <const Page& (*page)()>
Result<Whole> static_page(Call&, const Nothing&) {
  return Whole{{.type = page().type, .body = page().text}};
}

}  // namespace

std::vector<Route> system_routes() {
  std::vector<Route> rows;
  rows.push_back(route<Nothing, Whole>({.operation = "health", .method = "GET", .path = "/health", .says = "Does the centre take calls? 200 and status ok, else 503",
      .asks_centre = true, .answer_schema = R"({"type":"object","properties":{"status":{"type":"string"}},"required":["status"],"additionalProperties":true})"}, health));
  rows.push_back(route<Nothing, Whole>({.operation = "metrics", .method = "GET", .path = "/metrics", .says = "Figures for Prometheus; from this machine without sign-in",
      .permission = Permission::see_metrics, .loopback_free = true, .answer_type = "text/plain"}, metrics));
  rows.push_back(route<Nothing, Whole>({.operation = "openapi", .method = "GET", .path = "/openapi.json", .says = "This description",
      .answer_schema = R"({"type":"object","additionalProperties":true})"}, description));
  rows.push_back(route<Nothing, Whole>({.operation = "start_page", .method = "GET", .path = "/", .says = "A first look at the centre in the browser", .answer_type = "text/html"},
      static_page<start_html>));
  rows.push_back(route<Nothing, Whole>({.operation = "start_script", .method = "GET", .path = "/start.js", .says = "The first page's script", .answer_type = "text/javascript"},
      static_page<start_script>));
  rows.push_back(route<Nothing, Whole>({.operation = "start_style", .method = "GET", .path = "/start.css", .says = "The first page's style", .answer_type = "text/css"},
      static_page<start_style>));
  return rows;
}

}  // namespace pasokh::api
