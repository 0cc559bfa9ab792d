#include "switchboard/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace pasokh::switchboard {
namespace {

Trouble bind_trouble(const char* what, const sip::Address& address, int error) {
  if (error == EADDRINUSE)
    return trouble("port-taken", std::string(what) + " " + text(address) + " is taken by another program: end it, or choose another port: [sip] listen in pasokh.toml");
  if (error == EADDRNOTAVAIL)
    return trouble("address-unknown", std::string(what) + " " + text(address) + ": this machine has no such address");
  return trouble("bind", std::string(what) + " " + text(address) + ": " + std::strerror(error));
}

void set_buffer(int fd, int option, int bytes) { setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof bytes); }

// [::] means every address, IPv4 ones too, whatever the system's default is.
void take_both_families(int fd, const sip::Address& address) {
  const int off = 0;
  if (address.ip == "::") setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
}

int prefix_length(const sockaddr* mask) {
  const auto* bytes = mask->sa_family == AF_INET ? reinterpret_cast<const unsigned char*>(&reinterpret_cast<const sockaddr_in*>(mask)->sin_addr)
                                                 : reinterpret_cast<const unsigned char*>(&reinterpret_cast<const sockaddr_in6*>(mask)->sin6_addr);
  int bits = 0;
  for (int i = 0; i < (mask->sa_family == AF_INET ? 4 : 16); ++i) bits += __builtin_popcount(bytes[i]);
  return bits;
}

}  // namespace

std::optional<SocketAddress> to_socket_address(const sip::Address& address) {
  SocketAddress out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (inet_pton(AF_INET, address.ip.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    out.length = sizeof *v4;
  } else if (inet_pton(AF_INET6, address.ip.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    out.length = sizeof *v6;
  } else {
    return std::nullopt;
  }
  return out;
}

sip::Address from_socket_address(const sockaddr_storage& storage) {
  char buffer[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &v4.sin_addr, buffer, sizeof buffer);
    return {buffer, ntohs(v4.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &v6.sin6_addr, buffer, sizeof buffer);
    return {sip::plain_ip(buffer), ntohs(v6.sin6_port)};
  }
  return {};
}

Result<int> bind_udp(const sip::Address& address) {
  const auto where = to_socket_address(address);
  if (!where) return trouble("address-bad", "\"" + address.ip + "\" is no IP address");
  const int fd = socket(where->storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return bind_trouble("SIP UDP", address, errno);
  take_both_families(fd, address);
  set_buffer(fd, SO_RCVBUF, 4 << 20);
  set_buffer(fd, SO_SNDBUF, 4 << 20);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
  setsockopt(fd, SOL_IP, IP_RECVERR, &one, sizeof one);  // that nobody listens there (ICMP) is told, with whom it was for: LoopImpl::read_refusals
  if (where->storage.ss_family == AF_INET6) setsockopt(fd, SOL_IPV6, IPV6_RECVERR, &one, sizeof one);
  if (bind(fd, where->get(), where->length) != 0) {
    const int error = errno;
    close(fd);
    return bind_trouble("SIP UDP", address, error);
  }
  return fd;
}

Result<int> listen_tcp(const sip::Address& address) {
  const auto where = to_socket_address(address);
  if (!where) return trouble("address-bad", "\"" + address.ip + "\" is no IP address");
  const int fd = socket(where->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return bind_trouble("SIP TCP", address, errno);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  take_both_families(fd, address);
  if (bind(fd, where->get(), where->length) != 0 || listen(fd, 1024) != 0) {
    const int error = errno;
    close(fd);
    return bind_trouble("SIP TCP", address, error);
  }
  return fd;
}

Result<int> listen_unix(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return trouble("path-long", path + ": longer than a socket's name may be (" + std::to_string(sizeof name.sun_path - 1) + " bytes); use a shorter data folder");
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  unlink(path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 || listen(fd, 64) != 0) {
    const int error = errno;
    if (fd >= 0) close(fd);
    return trouble("bind", path + ": " + std::strerror(error));
  }
  chmod(path.c_str(), 0600);
  return fd;
}

Interfaces own_interfaces() {
  Interfaces out;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return out;
  std::vector<std::string> loopback;
  for (auto* i = list; i; i = i->ifa_next) {
    if (!i->ifa_addr || !(i->ifa_flags & IFF_UP)) continue;
    if (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, i->ifa_addr, i->ifa_addr->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    const auto ip = from_socket_address(storage).ip;
    ((i->ifa_flags & IFF_LOOPBACK) ? loopback : out.addresses).push_back(ip);
    if (i->ifa_netmask) out.networks.push_back(ip + "/" + std::to_string(prefix_length(i->ifa_netmask)));
  }
  freeifaddrs(list);
  out.addresses.insert(out.addresses.end(), loopback.begin(), loopback.end());
  return out;
}

std::string source_address_towards(const std::string& remote_ip) {
  const auto where = to_socket_address({remote_ip, 9});
  if (!where) return {};
  const int fd = socket(where->storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {};
  std::string ip;
  sockaddr_storage local{};
  socklen_t length = sizeof local;
  if (connect(fd, where->get(), where->length) == 0 && getsockname(fd, reinterpret_cast<sockaddr*>(&local), &length) == 0) ip = from_socket_address(local).ip;
  close(fd);
  return ip;
}

}  // namespace pasokh::switchboard
