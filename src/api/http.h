// A request and its answer as routes see them: plain values, no network library.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pasokh::api {

struct Request {
  std::string method, target;                              // target: path and query as they came
  std::map<std::string, std::string> headers;              // names in lower case
  std::string body;
  std::string address;                                     // of the peer
  bool from_loopback = false;
  bool secure = false;                                     // came over TLS

  std::string_view header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
};

// Something too large for the memory: read piece by piece while it is sent.
struct Content {
  std::int64_t size = 0;
  std::function<Result<std::string>(std::int64_t from, std::int64_t to)> read;  // [from, to)
};

struct LiveOpening;                                         // api/live.h

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<Content> content;                        // instead of body; the server answers Range
  bool close = false;
  std::shared_ptr<const LiveOpening> live;                 // status 101: the connection becomes a live socket
};

std::string percent_decoded(std::string_view text);        // "" when it is not well formed or holds a NUL
bool split_query(std::string_view query, std::map<std::string, std::string>& into);  // false: not well formed, or a name twice
// The cookie of a person's session. Over TLS its prefix keeps other hosts, paths and plain HTTP from setting it (RFC 6265bis §4.1.3.2).
std::string_view session_cookie(bool secure);
// True when the page that sent this was served by us: its Origin is the host that was asked (RFC 6454 §7).
bool same_origin(const Request& request);

std::string cookie(std::string_view header, std::string_view name);

}  // namespace pasokh::api
