// The WebSocket of RFC 6455 for one live connection. Only for the files that see Beast.
#pragma once

#include <boost/beast/http.hpp>
#include <memory>

#include "api/live_hub.h"
#include "api/web_stream.h"

namespace pasokh::api {

// Answers the upgrade and serves the connection until either side ends it.
void begin_live(WebStream stream, boost::beast::http::request<boost::beast::http::string_body> request, std::shared_ptr<const LiveOpening> opening, LiveHub& hub,
                std::function<Instant()> now);

}  // namespace pasokh::api
