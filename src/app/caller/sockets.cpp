#include "app/caller/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/assert.h"

namespace pasokh::app::caller {

namespace {

struct Name { sockaddr_storage storage{}; socklen_t length = 0; };

std::optional<Name> name_of(const sip::Address& address) {
  Name name;
  auto& v4 = reinterpret_cast<sockaddr_in&>(name.storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(name.storage);
  if (::inet_pton(AF_INET, address.ip.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    name.length = sizeof v4;
  } else if (::inet_pton(AF_INET6, address.ip.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    name.length = sizeof v6;
  } else {
    return std::nullopt;
  }
  return name;
}

sip::Address address_of(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return {text, ntohs(v4.sin_port)};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return {text, ntohs(v6.sin6_port)};
}

Trouble socket_trouble(const std::string& doing) { return trouble("network", doing + ": " + std::strerror(errno)); }

}  // namespace

Result<int> udp_socket(const sip::Address& bind_to) {
  const auto name = name_of(bind_to);
  if (!name) return trouble("address", bind_to.ip + " is not an IP address");
  const int fd = ::socket(name->storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return socket_trouble("opening a UDP socket");
  const int room = 1 << 20;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&name->storage), name->length) != 0) {
    auto failed = socket_trouble("binding UDP " + sip::text(bind_to));
    ::close(fd);
    return failed;
  }
  return fd;
}

sip::Address local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length);
  return address_of(storage);
}

Result<std::string> local_ip_towards(const sip::Address& peer) {
  const auto name = name_of(peer);
  if (!name) return trouble("address", peer.ip + " is not an IP address");
  const int fd = ::socket(name->storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return socket_trouble("opening a UDP socket");
  const bool reached = ::connect(fd, reinterpret_cast<const sockaddr*>(&name->storage), name->length) == 0;
  auto failed = reached ? Trouble{} : socket_trouble("no way to " + sip::text(peer));
  const auto ip = local_address(fd).ip;
  ::close(fd);
  if (!reached) return failed;
  return ip;
}

bool send_datagram(int fd, const sip::Address& to, std::string_view bytes) {
  const auto name = name_of(to);
  return name && ::sendto(fd, bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&name->storage), name->length) == static_cast<ssize_t>(bytes.size());
}

std::string receive_datagram(int fd, sip::Address& from) {
  thread_local std::string bytes(65'536, '\0');
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ssize_t n = 0;
  do {
    n = ::recvfrom(fd, bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&storage), &length);
  } while (n < 0 && (errno == EINTR || errno == ECONNREFUSED));
  if (n <= 0) return {};
  from = address_of(storage);
  return bytes.substr(0, static_cast<std::size_t>(n));
}

Result<sip::Address> resolve(const std::string& host_and_port, std::uint16_t default_port) {
  if (auto address = sip::parse_address(host_and_port)) return *address;
  auto host = host_and_port;
  auto port = default_port;
  if (const auto colon = host.rfind(':'); colon != host.npos && host.find(':') == colon) {
    const auto [end, error] = std::from_chars(host.data() + colon + 1, host.data() + host.size(), port);
    if (error != std::errc{} || end != host.data() + host.size() || port == 0) return trouble("address", host_and_port + ": expected HOST:PORT");
    host.resize(colon);
  }
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_DGRAM;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  if (error != 0) return trouble("address", host + ": " + ::gai_strerror(error));
  sockaddr_storage storage{};
  std::memcpy(&storage, found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return sip::Address{address_of(storage).ip, port};
}

std::uint64_t random_number() {
  std::uint64_t value = 0;
  PASOKH_ASSERT(::getrandom(&value, sizeof value, 0) == sizeof value);
  return value;
}

std::string random_token() {
  static constexpr char digits[] = "0123456789abcdef";
  std::string token;
  for (auto [value, i] = std::pair{random_number(), 0}; i < 16; ++i, value >>= 4) token += digits[value & 15];
  return token;
}

}  // namespace pasokh::app::caller
