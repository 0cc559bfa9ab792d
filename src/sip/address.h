// Transport addresses and flows, as values. IPv4 and IPv6.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/describe.h"

namespace pasokh::sip {

struct Address {
  std::string ip;            // textual, without brackets; "" = none
  std::uint16_t port = 0;
  auto operator<=>(const Address&) const = default;
  PASOKH_FIELDS(ip, port)
};
std::string text(const Address&);                       // "127.0.0.1:5060", "[::1]:5060"
std::optional<Address> parse_address(std::string_view);  // with a port
bool in_network(std::string_view ip, std::string_view cidr);  // false for bad text; ::ffff:a.b.c.d counts as a.b.c.d
std::string plain_ip(std::string_view ip);              // ::ffff:a.b.c.d as a.b.c.d, all else as it is

enum class Transport : std::uint8_t { udp, tcp };

// Where a message came from or goes to. TCP: `connection` names an open connection; 0 asks the I/O side to open one to
// `remote` (it answers with Endpoint::connected or connection_lost).
struct Flow {
  Transport transport = Transport::udp;
  Address remote;
  std::uint64_t connection = 0;
  auto operator<=>(const Flow&) const = default;
  PASOKH_FIELDS(transport, remote, connection)
};

}  // namespace pasokh::sip

namespace pasokh {
template <> inline constexpr std::array enum_names<sip::Transport>{"udp", "tcp"};
}
