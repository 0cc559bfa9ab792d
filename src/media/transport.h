// The worker's sockets and its one wait. Datagrams are handed over in a buffer that belongs to the transport and may be changed
// in place; send() takes any bytes.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <vector>

#include "media/address.h"
#include "media/rtp.h"

namespace pasokh::media {

// Whose readiness it is. Legs come and go while readiness of the same round is still being worked off, and the kernel gives
// descriptor numbers out again: `turn` tells the owners of one number apart.
struct Token {
  enum class Kind : std::uint8_t { rtp, rtcp, listener, control, tick, sounds, browsers } kind = Kind::rtp;
  std::uint32_t fd = 0, turn = 0;
  std::uint64_t packed() const { return static_cast<std::uint64_t>(turn) << 32 | fd << 3 | static_cast<std::uint32_t>(kind); }
  static Token unpack(std::uint64_t n) { return {static_cast<Kind>(n & 7), static_cast<std::uint32_t>(n) >> 3, static_cast<std::uint32_t>(n >> 32)}; }
};

class TransportUser {
 public:
  virtual void on_datagram(Token, std::uint8_t* bytes, std::size_t size, const Address& from) = 0;
  virtual void on_ready(Token) = 0;   // a stream, a timer or the like
  // A datagram of that owner comes next, or after the next: what it will touch is asked into the cache, while the kernel is busy.
  enum class Ahead : std::uint8_t { two, one, none };
  virtual void on_soon(Token, Ahead) {}

 protected:
  ~TransportUser() = default;
};

class Transport {
 public:
  Transport();
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  bool add(Token, bool writable = false);
  void change(Token, bool writable);
  void remove(Token);
  // One wait, and everything that was ready; `now_us` is set as soon as the wait is over. Rounds begin at least `gather_us`
  // apart unless the last one was full: a busy worker wakes for many datagrams and not for each, an idle one waits for nothing.
  void run_once(TransportUser&, int timeout_ms, std::int64_t& now_us);
  // false: not sent (queue full, no route); UDP promises no more
  bool send(int fd, const std::uint8_t* bytes, std::size_t size, const Address& to);

 private:
  static constexpr std::int64_t gather_us = 500;   // the most that a datagram is held up by it
  void let_gather() const;
  static constexpr int shared_at_once = 64;
  void read_shared(TransportUser&, Token);

  int epoll_;
  std::int64_t round_began_us_ = 0;
  bool full_ = false;
  std::array<epoll_event, 256> ready_;
  alignas(8) std::array<std::uint8_t, 2048> buffer_;
};

std::int64_t monotonic_us();

}  // namespace pasokh::media
