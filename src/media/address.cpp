#include "media/address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace pasokh::media {

std::optional<Address> Address::parse(std::string_view ip, std::uint16_t port, int family) {
  Address address;
  const std::string text(ip);
  if (family == AF_INET) {
    address.storage_.v4.sin_family = AF_INET;
    if (inet_pton(AF_INET, text.c_str(), &address.storage_.v4.sin_addr) != 1) return std::nullopt;
  } else {
    address.storage_.v6.sin6_family = AF_INET6;
    const std::string mapped = text.find(':') == text.npos ? "::ffff:" + text : text;
    if (inet_pton(AF_INET6, mapped.c_str(), &address.storage_.v6.sin6_addr) != 1) return std::nullopt;
  }
  return address.with_port(port);
}

bool Address::can_be_a_peer() const {
  if (!known()) return false;
  if (family() == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&storage_.v6.sin6_addr))
    return !IN6_IS_ADDR_UNSPECIFIED(&storage_.v6.sin6_addr) && !IN6_IS_ADDR_MULTICAST(&storage_.v6.sin6_addr);
  std::uint32_t host;
  if (family() == AF_INET) host = ntohl(storage_.v4.sin_addr.s_addr);
  else { std::memcpy(&host, &storage_.v6.sin6_addr.s6_addr[12], 4); host = ntohl(host); }
  return (host >> 24) != 0 && (host >> 28) < 14;  // not 0.0.0.0/8, not 224.0.0.0/3
}

std::string Address::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) inet_ntop(AF_INET, &storage_.v4.sin_addr, text, sizeof text);
  else if (family() == AF_INET6) inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text, sizeof text);
  std::string_view view = text;
  if (view.starts_with("::ffff:") && view.find('.') != view.npos) view.remove_prefix(7);
  return std::string(view);
}

std::string Address::text() const {
  const std::string name = host();
  return (name.find(':') == name.npos ? name : "[" + name + "]") + ":" + std::to_string(port());
}

std::optional<Network> Network::parse(std::string_view cidr, int family) {
  const auto slash = cidr.find('/');
  auto base = Address::parse(cidr.substr(0, slash), 0, family);
  if (!base) return std::nullopt;
  const bool mapped = family == AF_INET6 && cidr.find(':') == cidr.npos;
  const int most = family == AF_INET || mapped ? 32 : 128;
  int bits = most;
  if (slash != cidr.npos) {
    const auto digits = cidr.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc{} || end != digits.data() + digits.size() || bits < 0 || bits > most) return std::nullopt;
  }
  Network network;
  network.base_ = *base;
  network.bits_ = mapped ? bits + 96 : bits;
  return network;
}

bool Network::contains(const Address& address) const {
  if (address.family() != base_.family()) return false;
  const std::uint8_t *ours, *theirs;
  if (base_.family() == AF_INET) {
    ours = reinterpret_cast<const std::uint8_t*>(&reinterpret_cast<const sockaddr_in*>(base_.get())->sin_addr);
    theirs = reinterpret_cast<const std::uint8_t*>(&reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr);
  } else {
    ours = reinterpret_cast<const sockaddr_in6*>(base_.get())->sin6_addr.s6_addr;
    theirs = reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr.s6_addr;
  }
  const int whole = bits_ / 8, rest = bits_ % 8;
  if (std::memcmp(ours, theirs, static_cast<std::size_t>(whole)) != 0) return false;
  return rest == 0 || ((ours[whole] ^ theirs[whole]) >> (8 - rest)) == 0;
}

}  // namespace pasokh::media
