// A transport address in the form that sockets take, and a network to check one against. IPv4 and IPv6.
// Sockets of one worker are all of one family; on an IPv6 socket IPv4 peers stand as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2).
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pasokh::media {

class Address {
 public:
  Address() { storage_.v6 = {}; }
  // nothing when the text is no address of that family (AF_INET6 takes IPv4 too, mapped)
  static std::optional<Address> parse(std::string_view ip, std::uint16_t port, int family);

  bool known() const { return port() != 0; }
  std::uint16_t port() const { return ntohs(storage_.v4.sin_port); }  // at the same place in both families
  int family() const { return storage_.v4.sin_family; }
  Address with_port(std::uint16_t port) const { Address copy = *this; copy.storage_.v4.sin_port = htons(port); return copy; }
  bool same_host(const Address& other) const {
    if (family() != other.family()) return false;
    if (family() == AF_INET) return storage_.v4.sin_addr.s_addr == other.storage_.v4.sin_addr.s_addr;
    return IN6_ARE_ADDR_EQUAL(&storage_.v6.sin6_addr, &other.storage_.v6.sin6_addr);
  }
  bool operator==(const Address& other) const { return storage_.v4.sin_port == other.storage_.v4.sin_port && same_host(other); }
  // 0.0.0.0, multicast and broadcast can be nobody's address: nothing is ever sent there
  bool can_be_a_peer() const;
  std::string text() const;     // 192.0.2.1:4000, [2001:db8::1]:4000
  std::string host() const;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage_); }
  socklen_t size() const { return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }
  static constexpr socklen_t capacity() { return sizeof(sockaddr_in6); }

 private:
  union {
    sockaddr_in v4;
    sockaddr_in6 v6;
  } storage_;
};

class Network {
 public:
  static std::optional<Network> parse(std::string_view cidr, int family);  // "10.0.0.0/8", "2001:db8::/32", or one address
  bool contains(const Address&) const;

 private:
  Address base_;
  int bits_ = 0;
};

}  // namespace pasokh::media
