// Where a webhook may go (threats §3, SSRF; ASVS 5.0 1.3.6): only to hosts that the machine's administrator named, over HTTPS, and never
// to an address inside, unless the host is named as private. A name is looked up once, and that very address is connected to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pasokh::outbox {

struct Destination {
  bool secure = true;
  std::string host;                  // lower case; an IPv6 address without brackets
  std::uint16_t port = 443;
  std::string path = "/";            // with the query
};
// Strict: scheme, host, port, path. No user, no fragment, no escapes in the host. Trouble "url-bad".
Result<Destination> parse_url(std::string_view url);

// One entry a host, "crm.example.ir"; "private:10.0.0.5" also when it stands in a private network or on this machine, and then also
// over plain HTTP.
struct AllowedHosts {
  std::vector<std::string> entries;
  enum class Answer : std::uint8_t { no, outside, inside };
  Answer allows(std::string_view host) const;
};
// Trouble "host-not-allowed", "https-only".
Result<> allowed(const Destination&, const AllowedHosts&);

// Unicast in the public internet: not private, shared, loopback, link-local, multicast, documentation, reserved, nor an IPv4 address of
// those kinds inside an IPv6 one (RFC 6890, 4291, 6052, 3056, 4380).
bool is_public_address(std::string_view address);

}  // namespace pasokh::outbox
