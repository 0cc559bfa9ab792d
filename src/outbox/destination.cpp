#include "outbox/destination.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace pasokh::outbox {
namespace {

bool is_public(std::uint32_t a) {  // IPv4, host order
  constexpr std::pair<std::uint32_t, int> inside[] = {
      {0x00000000, 8}, {0x0a000000, 8}, {0x64400000, 10}, {0x7f000000, 8}, {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24},
      {0xc0586300, 24}, {0xc0a80000, 16}, {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 3}};
  return std::none_of(std::begin(inside), std::end(inside), [&](const auto& net) { return (a >> (32 - net.second)) == (net.first >> (32 - net.second)); });
}

std::uint32_t four_bytes(const unsigned char* b) { return (std::uint32_t{b[0]} << 24) | (std::uint32_t{b[1]} << 16) | (std::uint32_t{b[2]} << 8) | b[3]; }

}  // namespace

bool is_public_address(std::string_view address) {
  const std::string text(address);
  std::array<unsigned char, 16> b{};
  if (inet_pton(AF_INET, text.c_str(), b.data()) == 1) return is_public(four_bytes(b.data()));
  if (inet_pton(AF_INET6, text.c_str(), b.data()) != 1) return false;
  const bool zeros10 = std::all_of(b.begin(), b.begin() + 10, [](unsigned char c) { return c == 0; });
  if (zeros10) return false;                                                   // loopback, any, IPv4-mapped and -compatible
  if (b[0] == 0x00 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b) return false;  // 64:ff9b::/96 and /48: through a translator to anywhere
  if (b[0] == 0x20 && b[1] == 0x02) return false;                              // 6to4 holds an IPv4 address
  if (b[0] == 0x20 && b[1] == 0x01 && (b[2] < 2 || (b[2] == 0x0d && b[3] == 0xb8))) return false;  // Teredo, ORCHID…; documentation
  return (b[0] & 0xe0) == 0x20;                                                // 2000::/3, the global unicast space
}

Result<Destination> parse_url(std::string_view url) {
  const auto bad = [&](const char* why) { return trouble("url-bad", "the address is not of the form https://HOST[:PORT]/PATH: " + std::string(why)); };
  Destination to;
  if (url.size() > 2'000) return bad("it is too long");
  if (url.rfind("https://", 0) == 0) url.remove_prefix(8);
  else if (url.rfind("http://", 0) == 0) { url.remove_prefix(7); to.secure = false; to.port = 80; }
  else return bad("it begins neither with https:// nor http://");
  if (std::any_of(url.begin(), url.end(), [](unsigned char c) { return c <= ' ' || c >= 0x7f || c == '\\' || c == '#'; })) return bad("a sign in it is not allowed");
  const auto slash = std::min(url.find_first_of("/?"), url.size());
  std::string_view authority = url.substr(0, slash);
  if (slash < url.size()) to.path = (url[slash] == '?' ? "/" : "") + std::string(url.substr(slash));
  if (authority.find('@') != authority.npos) return bad("it names a user");
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const auto end = authority.find(']');
    if (end == authority.npos) return bad("] is missing");
    to.host = std::string(authority.substr(1, end - 1));
    std::array<unsigned char, 16> room{};
    if (inet_pton(AF_INET6, to.host.c_str(), room.data()) != 1) return bad("the host is no IPv6 address");
    port = authority.substr(end + 1);
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    to.host = std::string(authority.substr(0, colon));
    port = authority.substr(colon);
    std::transform(to.host.begin(), to.host.end(), to.host.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (to.host.empty() || to.host.size() > 253 || to.host.front() == '.' || to.host.find("..") != to.host.npos ||
        to.host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") != to.host.npos)
      return bad("the host is no name");
  }
  if (!port.empty()) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), value);
    if (port.front() != ':' || port.size() < 2 || error != std::errc{} || end != port.data() + port.size() || value == 0 || value > 65535) return bad("the port is no number from 1 to 65535");
    to.port = static_cast<std::uint16_t>(value);
  }
  return to;
}

AllowedHosts::Answer AllowedHosts::allows(std::string_view host) const {
  constexpr std::string_view inside = "private:";
  for (const std::string_view entry : entries) {
    if (entry == host) return Answer::outside;
    if (entry.rfind(inside, 0) == 0 && entry.substr(inside.size()) == host) return Answer::inside;
  }
  return Answer::no;
}

Result<> allowed(const Destination& to, const AllowedHosts& hosts) {
  const auto answer = hosts.allows(to.host);
  if (answer == AllowedHosts::Answer::no) return trouble("host-not-allowed", to.host + " is not among [webhooks] hosts in pasokh.toml");
  if (!to.secure && answer != AllowedHosts::Answer::inside) return trouble("https-only", "numbers of callers leave the house over HTTPS only");
  return Done{};
}

}  // namespace pasokh::outbox
