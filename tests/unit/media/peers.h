// What the media tests drive: a worker in a process of its own, a control for it, and peers with real sockets on loopback.
#pragma once

#include <doctest/doctest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "media/client.h"
#include "media/rtp.h"
#include "media/transport.h"

namespace pasokh::media::test {

using Octets = std::vector<std::uint8_t>;

template <class T>
T owned(Result<T> result) {           // what cannot be copied, out of its result
  REQUIRE(result);
  return std::move(*result);
}

// Two ports in a row that nobody has, below those that the kernel gives away by itself. Tests of several processes run side by side:
// a name in the abstract namespace of Unix sockets keeps a pair for this process until it ends.
inline std::uint16_t next_port() {
  static std::uint16_t last = static_cast<std::uint16_t>(21000 + getpid() * 2 % 2000);
  for (int tried = 0; tried < 1000; ++tried) {
    last = static_cast<std::uint16_t>(last >= 22998 ? 21000 : last + 2);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "pasokh-test-port-%d", last);
    const int kept = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool free = bind(kept, reinterpret_cast<sockaddr*>(&name), static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<std::size_t>(length))) == 0;
    for (int i = 0; i < 2 && free; ++i) {
      const int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(static_cast<std::uint16_t>(last + i));
      free = bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
      close(probe);
    }
    if (free) return last;
    close(kept);
  }
  FAIL("no ports are free");
  return 0;
}

struct Folder {
  std::string path;
  Folder() {
    std::string name = std::string(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + "/pasokh-media-XXXXXX";  // thousands of small writes
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

struct Packet { RtpPacket rtp; Octets payload; std::int64_t at_us = 0; };

class Peer {                          // one end of an RTP stream
 public:
  std::uint32_t ssrc;
  std::uint16_t sequence = 65530;     // wraps soon
  std::uint32_t timestamp = 0xffffff00u;

  explicit Peer(std::uint32_t own_ssrc = 0x1234, const char* ip = "127.0.0.1") : ssrc(own_ssrc) {
    fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, ip, &address.sin_addr);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~Peer() { close(fd_); }
  Peer(const Peer&) = delete;

  std::uint16_t port = 0;

  void send_raw(std::uint16_t to, const Octets& bytes) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&address), sizeof address) == static_cast<ssize_t>(bytes.size()));
  }
  void send(std::uint16_t to, const Octets& payload, std::uint8_t type = 8, bool marker = false) {
    Octets bytes(rtp_header_size);
    write_rtp_header(bytes.data(), marker, type, sequence, timestamp, ssrc);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    send_raw(to, bytes);
    ++sequence;
    timestamp += static_cast<std::uint32_t>(payload.size());
  }
  std::optional<Octets> receive_raw(int wait_ms = 1000) {
    pollfd waiting{fd_, POLLIN, 0};
    if (poll(&waiting, 1, wait_ms) <= 0) return std::nullopt;
    Octets bytes(2048);
    const ssize_t came = recv(fd_, bytes.data(), bytes.size(), 0);
    REQUIRE(came >= 0);
    bytes.resize(static_cast<std::size_t>(came));
    return bytes;
  }
  std::optional<Packet> receive(int wait_ms = 1000) {
    auto bytes = receive_raw(wait_ms);
    if (!bytes) return std::nullopt;
    Packet packet;
    packet.at_us = monotonic_us();
    REQUIRE(parse_rtp(bytes->data(), bytes->size(), packet.rtp));
    packet.payload.assign(packet.rtp.payload, packet.rtp.payload + packet.rtp.size);
    return packet;
  }
  std::vector<Packet> receive_all(int quiet_ms = 60) {
    std::vector<Packet> packets;
    while (auto packet = receive(quiet_ms)) packets.push_back(std::move(*packet));
    return packets;
  }

 private:
  int fd_ = -1;
};

// A worker process, as `pasokh media` runs it.
class WorkerProcess {
 public:
  explicit WorkerProcess(const std::string& folder, Duration orphan_after = Duration::seconds(60), const std::string& memory = "/dev/shm") : socket_(folder + "/worker.sock") {
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      WorkerOptions options;
      options.socket = socket_;
      options.bind_ip = "127.0.0.1";
      options.orphan_after = orphan_after;
      options.memory = memory;
      _exit(run_worker(options));
    }
  }
  ~WorkerProcess() {
    if (pid_ > 0) kill_now();
  }
  void kill_now() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  // its exit status, or -1 when it is still there after that time
  int wait_for_end(int ms) {
    for (; ms > 0; ms -= 10) {
      int status = 0;
      if (waitpid(pid_, &status, WNOHANG) == pid_) { pid_ = 0; return WIFEXITED(status) ? WEXITSTATUS(status) : 256; }
      usleep(10'000);
    }
    return -1;
  }
  const std::string& socket_path() const { return socket_; }
  pid_t pid() const { return pid_; }

 private:
  std::string socket_;
  pid_t pid_;
};

class Control {
 public:
  explicit Control(const std::string& socket, std::uint32_t version = wire_version) {
    bool connected = false;
    for (int i = 0; i < 300 && !connected; ++i) {
      connected = client.connect(socket).has_value();
      if (!connected) usleep(10'000);
    }
    REQUIRE(connected);
    tell(HelloControl{version, "test"});
    const auto answer = wait<HelloWorker>();
    REQUIRE(answer);
    hello = *answer;
  }
  template <class Message>
  void tell(const Message& message) {
    client.send(message);
    REQUIRE(client.flush());
  }
  // the next message of that kind; others stay for later
  template <class Message>
  std::optional<Message> wait(int wait_ms = 3000, const std::function<bool(const Message&)>& is_it = {}) {
    const std::int64_t until = monotonic_us() + wait_ms * 1000;
    for (;;) {
      for (auto it = seen.begin(); it != seen.end(); ++it)
        if (const auto* found = std::get_if<Message>(&*it); found && (!is_it || is_it(*found))) {
          Message message = *found;
          seen.erase(it);
          return message;
        }
      const std::int64_t left = until - monotonic_us();
      if (left <= 0) return std::nullopt;
      pollfd waiting{client.fd(), POLLIN, 0};
      poll(&waiting, 1, static_cast<int>(left / 1000 + 1));
      if (!client.receive(seen) && seen.empty()) return std::nullopt;
    }
  }
  // everything ordered before has been done when this returns
  WorkerStatistics statistics() {
    tell(StatisticsAsked{});
    const auto told = wait<WorkerStatistics>();
    REQUIRE(told);
    return *told;
  }
  // once `settled` holds: datagrams and orders come on different sockets, so neither waits for the other
  LegStatistics statistics(LegId leg, const std::function<bool(const LegStatistics&)>& settled) {
    LegStatistics last;
    for (int i = 0; i < 200; ++i) {
      last = statistics(leg);
      if (settled(last)) break;
      usleep(5'000);
    }
    return last;
  }
  LegStatistics statistics(LegId leg) {
    for (const auto& each : statistics().each)
      if (each.leg == leg) return each;
    FAIL("no such leg");
    return {};
  }

  WorkerClient client;
  HelloWorker hello;
  std::vector<FromWorker> seen;
};

inline LegWanted leg_for(std::uint64_t id, std::uint16_t port, const Peer& peer, std::uint64_t hears = 0) {
  LegWanted wanted;
  wanted.leg = {id};
  wanted.call = {1};
  wanted.port = port;
  wanted.remote_ip = "127.0.0.1";
  wanted.remote_port = peer.port;
  wanted.media_version = 1;
  wanted.hears = {hears};
  wanted.dtmf_payload = 101;
  return wanted;
}

// deterministic octets that differ from packet to packet
inline Octets speech(std::uint32_t seed, std::size_t count = 160) {
  Octets octets(count);
  for (auto& octet : octets) {
    seed = seed * 1664525u + 1013904223u;
    octet = static_cast<std::uint8_t>(seed >> 24);
  }
  return octets;
}

}  // namespace pasokh::media::test
