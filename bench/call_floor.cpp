// bench_call_floor RATE SECONDS DIR: what a queued call must cost at least: its datagrams, parsed, and its journal rows, committed
// (SQLite, WAL, synchronous=FULL), without any telephony in between. Prints CPU µs per call of the loop alone.
//
// A queued call, both legs, at the one that stands between: 7 messages come (INVITE, ACK, BYE of one side; 180, 200, 200 of the
// other; ACK or 200 for the rest) and 7 go; 30 events are journalled, committed once 10 are there or the oldest waits 10 ms.
#include <arpa/inet.h>
#include <poll.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "sip/message.h"

namespace {

constexpr int messages_per_call = 7, events_per_call = 30, group = 10;
constexpr std::int64_t gather_ns = 10'000'000;

std::int64_t nanoseconds(clockid_t clock) {
  timespec at{};
  clock_gettime(clock, &at);
  return at.tv_sec * 1'000'000'000LL + at.tv_nsec;
}

int loopback_socket(std::uint16_t port, sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  const int buffer = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) { std::perror("bind"); std::exit(1); }
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return fd;
}

std::string message() {
  const std::string sdp = "v=0\r\no=c 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n";
  return "INVITE sip:8000@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:45000;branch=z9hG4bK-1-1-0\r\nMax-Forwards: 70\r\n"
         "From: \"customer\" <sip:customer@127.0.0.1:45000>;tag=1c1\r\nTo: <sip:8000@127.0.0.1:5060>\r\nCall-ID: 1-1@127.0.0.1\r\nCSeq: 1 INVITE\r\n"
         "Contact: <sip:customer@127.0.0.1:45000>\r\nContent-Type: application/sdp\r\nContent-Length: " + std::to_string(sdp.size()) + "\r\n\r\n" + sdp;
}

// The other side: paced, its seven messages of a call spread over 200 ms.
[[noreturn]] void send_calls(const sockaddr_in& to, double rate, double seconds) {
  sockaddr_in own{};
  const int fd = loopback_socket(0, own);
  const auto bytes = message();
  char drain[65536];
  const auto begin = nanoseconds(CLOCK_MONOTONIC);
  const auto total = static_cast<std::int64_t>(rate * seconds) * messages_per_call;
  for (std::int64_t sent = 0; sent < total; ++sent) {
    const auto due = begin + static_cast<std::int64_t>(static_cast<double>(sent) / (rate * messages_per_call) * 1e9);
    while (nanoseconds(CLOCK_MONOTONIC) < due) {
      const timespec nap{0, 200'000};
      nanosleep(&nap, nullptr);
    }
    sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    while (recv(fd, drain, sizeof drain, MSG_DONTWAIT) > 0) {}
  }
  _exit(0);
}

class Rows {
 public:
  explicit Rows(const std::string& file) {
    if (sqlite3_open(file.c_str(), &database_) != SQLITE_OK) { std::fprintf(stderr, "%s\n", sqlite3_errmsg(database_)); std::exit(1); }
    for (const char* sql : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE event(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL)"})
      sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
    sqlite3_prepare_v2(database_, "INSERT INTO event(at, body) VALUES(?, ?)", -1, &insert_, nullptr);
  }
  ~Rows() { sqlite3_finalize(insert_); sqlite3_close(database_); }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  void add(int events, std::int64_t now) {
    if (waiting_ == 0) oldest_ = now;
    waiting_ += events;
    if (waiting_ >= group && now - last_ >= gather_ns) commit(now);
  }
  bool due(std::int64_t now) const { return waiting_ > 0 && now - oldest_ >= gather_ns; }
  void commit(std::int64_t now) {
    sqlite3_exec(database_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
    for (; waiting_ > 0; --waiting_) {
      sqlite3_bind_int64(insert_, 1, now);
      sqlite3_bind_blob(insert_, 2, body_.data(), static_cast<int>(body_.size()), SQLITE_STATIC);
      sqlite3_step(insert_);
      sqlite3_reset(insert_);
    }
    sqlite3_exec(database_, "COMMIT", nullptr, nullptr, nullptr);
    last_ = now;
  }

 private:
  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  std::string body_ = std::string(100, 'e');
  int waiting_ = 0;
  std::int64_t oldest_ = 0, last_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fputs("usage: bench_call_floor RATE SECONDS DIR\n", stderr), 2;
  const double rate = std::atof(argv[1]), seconds = std::atof(argv[2]);
  sockaddr_in address{};
  const int fd = loopback_socket(0, address);
  const pid_t sender = fork();
  if (sender == 0) send_calls(address, rate, seconds);
  Rows rows(std::string(argv[3]) + "/floor.db");

  const auto before = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
  const auto answer = message();
  std::uint64_t messages = 0, events = 0;
  char buffer[65536];
  for (bool over = false; !over;) {
    pollfd wait{fd, POLLIN, 0};
    if (poll(&wait, 1, 10) == 0 && waitpid(sender, nullptr, WNOHANG) == sender) over = true;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    for (ssize_t n; (n = recvfrom(fd, buffer, sizeof buffer, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size)) > 0;) {
      const auto parsed = pasokh::sip::Message::parse(std::string(buffer, static_cast<std::size_t>(n)));
      if (!parsed) return 1;
      ++messages;
      sendto(fd, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
      const auto wanted = messages * events_per_call / messages_per_call;
      rows.add(static_cast<int>(wanted - events), nanoseconds(CLOCK_MONOTONIC));
      events = wanted;
    }
    const auto now = nanoseconds(CLOCK_MONOTONIC);
    if (rows.due(now) || over) rows.commit(now);
  }
  const double cpu_us = static_cast<double>(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - before) / 1e3;
  std::printf("%.1f\n", cpu_us / (static_cast<double>(messages) / messages_per_call));
}
