// One POST to another system, blocking, at most some seconds. No redirects, no proxies, no cookies; the answer's body is not read.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "outbox/destination.h"

namespace pasokh::outbox {

using Headers = std::vector<std::pair<std::string, std::string>>;
// The status, 200…599. Trouble "unreachable", "address-inside", "tls", "no-answer" with why.
Result<int> post(const Destination&, const AllowedHosts&, const Headers&, const std::string& body, int within_ms = 10'000);

std::string signature(std::string_view secret, std::int64_t unix_seconds, std::string_view body);  // "t=…,v1=hex of HMAC-SHA256(secret, "t.body")"

}  // namespace pasokh::outbox
