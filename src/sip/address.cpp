#include "sip/address.h"

#include <arpa/inet.h>

#include <cstring>

#include "sip/grammar.h"

namespace pasokh::sip {

namespace {

struct Bits {
  std::array<unsigned char, 16> bytes{};
  int length = 0;  // 32 or 128; 0: no address
};

Bits bits(std::string_view ip) {
  Bits out;
  const std::string terminated(ip);
  if (terminated.find('\0') != terminated.npos) return out;
  if (inet_pton(AF_INET, terminated.c_str(), out.bytes.data()) == 1) {
    out.length = 32;
  } else if (inet_pton(AF_INET6, terminated.c_str(), out.bytes.data()) == 1) {
    constexpr unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (std::memcmp(out.bytes.data(), mapped, 12) != 0) { out.length = 128; return out; }
    std::memmove(out.bytes.data(), out.bytes.data() + 12, 4);  // ::ffff:a.b.c.d is a.b.c.d, whichever socket it came by
    out.length = 32;
  }
  return out;
}

}  // namespace

std::string text(const Address& address) {
  const bool bracketed = address.ip.find(':') != address.ip.npos;
  return (bracketed ? '[' + address.ip + ']' : address.ip) + ':' + std::to_string(address.port);
}

std::optional<Address> parse_address(std::string_view text) {
  grammar::Cursor cursor(text);
  std::string_view host;
  std::uint16_t port = 0;
  if (!grammar::scan_host_port(cursor, host, port, false) || !cursor.at_end() || port == 0) return std::nullopt;
  if (!grammar::is_ipv4(host) && !grammar::is_ipv6(host)) return std::nullopt;
  return Address{std::string(host), port};
}

std::string plain_ip(std::string_view ip) {
  const auto address = bits(ip);
  if (address.length != 32 || ip.find(':') == ip.npos) return std::string(ip);
  char out[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, address.bytes.data(), out, sizeof out);
}

bool in_network(std::string_view ip, std::string_view cidr) {
  const auto slash = cidr.find('/');
  const auto address = bits(ip), network = bits(cidr.substr(0, slash));
  if (address.length == 0 || address.length != network.length) return false;
  auto prefix = static_cast<std::uint64_t>(network.length);
  if (slash != cidr.npos) {
    auto given = grammar::number(cidr.substr(slash + 1), prefix);
    if (!given) return false;
    prefix = *given;
  }
  const auto whole = static_cast<std::size_t>(prefix / 8);
  if (std::memcmp(address.bytes.data(), network.bytes.data(), whole) != 0) return false;
  const auto left = static_cast<unsigned>(prefix % 8);
  return left == 0 || ((address.bytes[whole] ^ network.bytes[whole]) >> (8 - left)) == 0;
}

}  // namespace pasokh::sip
