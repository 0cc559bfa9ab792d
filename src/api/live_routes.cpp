// The door to the live WebSocket. What goes over it: live_hub.h.
#include "api/live.h"
#include "api/routes.h"

namespace pasokh::api {
namespace {

// A browser opens WebSockets for any site's page and sends our cookie with it: only a page of ours may (cross-site WebSocket
// hijacking; ASVS 5.0 4.4.2). A token in Authorization cannot be sent by a page, so it needs no origin.
Result<Whole> live(Call& call, const Nothing&) {
  const bool upgrade = call.request.header("sec-websocket-key").size() > 0 && call.request.method == "GET";
  if (!upgrade) {
    Response needed = refusal("upgrade-needed");
    needed.headers = {{"Upgrade", "websocket"}};
    return Whole{std::move(needed)};
  }
  if (call.request.header("authorization").empty() && !same_origin(call.request)) return Whole{refusal("cross-site")};
  Response response{.status = 101, .type = {}};
  response.live = std::make_shared<const LiveOpening>(LiveOpening{call.who()});
  return Whole{std::move(response)};
}

}  // namespace

std::vector<Route> live_routes() {
  std::vector<Route> rows;
  rows.push_back(route<Nothing, Whole>({.operation = "live", .method = "GET", .path = "/v1/live",
      .says = "WebSocket (RFC 6455): JSON text frames. Subscribe to `floor` or `desk` for a snapshot and then deltas; frames whose type begins with `phone.` belong to the "
              "browser phone. With the cookie, the Origin must be ours. At most 64 KiB a frame, 50 frames a second, 8 sockets a session; the server pings each 15 s.",
      .permission = access::Permission::signed_in, .faults = {"upgrade-needed"}, .answer_says = "The WebSocket's frames", .answer_type = "application/json",
      .answer_schema = R"({"type":"object","additionalProperties":true})"}, live));
  return rows;
}

}  // namespace pasokh::api
