// Small socket helpers of the loop: addresses to and from the kernel's form, the machine's own addresses and networks.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sip/address.h"

namespace pasokh::switchboard {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
std::optional<SocketAddress> to_socket_address(const sip::Address&);
sip::Address from_socket_address(const sockaddr_storage&);

Result<int> bind_udp(const sip::Address&);      // non-blocking, 4 MiB buffers
Result<int> listen_tcp(const sip::Address&);
Result<int> listen_unix(const std::string& path);  // replaces a stale file; mode 0600

struct Interfaces {
  std::vector<std::string> addresses;           // loopback last
  std::vector<std::string> networks;            // CIDR
};
Interfaces own_interfaces();
std::string source_address_towards(const std::string& remote_ip);  // what the kernel would use; "" when there is no route

}  // namespace pasokh::switchboard
