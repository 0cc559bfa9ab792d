#include "media/transport.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "base/assert.h"

namespace pasokh::media {

namespace {

// Straight to the kernel: in a process of several threads the library's function looks each time whether this one is being cancelled.
ssize_t receive(int fd, void* into, std::size_t size, sockaddr* from, socklen_t* from_size) {
  return syscall(SYS_recvfrom, fd, into, size, MSG_DONTWAIT, from, from_size);
}

}  // namespace

std::int64_t monotonic_us() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1'000;
}

Transport::Transport() : epoll_(epoll_create1(EPOLL_CLOEXEC)) { PASOKH_ASSERT(epoll_ >= 0); }
Transport::~Transport() { close(epoll_); }

bool Transport::add(Token token, bool writable) {
  epoll_event event{writable ? EPOLLIN | EPOLLOUT : EPOLLIN, {.u64 = token.packed()}};
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, static_cast<int>(token.fd), &event) == 0;
}

void Transport::change(Token token, bool writable) {
  epoll_event event{writable ? EPOLLIN | EPOLLOUT : EPOLLIN, {.u64 = token.packed()}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, static_cast<int>(token.fd), &event);
}

void Transport::remove(Token token) { epoll_ctl(epoll_, EPOLL_CTL_DEL, static_cast<int>(token.fd), nullptr); }

void Transport::let_gather() const {
  const std::int64_t until_us = round_began_us_ + gather_us;
  if (full_ || monotonic_us() >= until_us) return;
  const timespec until{until_us / 1'000'000, until_us % 1'000'000 * 1'000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);   // a signal may end it early: no harm
}

void Transport::run_once(TransportUser& user, int timeout_ms, std::int64_t& now_us) {
  let_gather();
  const int count = epoll_wait(epoll_, ready_.data(), static_cast<int>(ready_.size()), timeout_ms);
  now_us = monotonic_us();
  round_began_us_ = now_us;
  full_ = count == static_cast<int>(ready_.size());
  const auto token_of = [&](int i) { return Token::unpack(ready_[static_cast<std::size_t>(i)].data.u64); };
  for (int i = 0; i < count; ++i) {
    const Token token = token_of(i);
    if (i + 2 < count) user.on_soon(token_of(i + 2), TransportUser::Ahead::two);
    if (i + 1 < count) user.on_soon(token_of(i + 1), TransportUser::Ahead::one);
    user.on_soon(token, TransportUser::Ahead::none);
    if (token.kind == Token::Kind::browsers) { read_shared(user, token); continue; }
    if (token.kind != Token::Kind::rtp && token.kind != Token::Kind::rtcp) { user.on_ready(token); continue; }
    // one datagram a round and socket: no leg can crowd out the others
    Address from;
    socklen_t size = Address::capacity();
    const ssize_t came = receive(static_cast<int>(token.fd), buffer_.data(), buffer_.size(), from.get(), &size);
    if (came > 0) user.on_datagram(token, buffer_.data(), static_cast<std::size_t>(came), from);
  }
}

// Many legs stand behind this one: as many datagrams a round as they may have sent since the last.
void Transport::read_shared(TransportUser& user, Token token) {
  for (int i = 0; i < shared_at_once; ++i) {
    Address from;
    socklen_t size = Address::capacity();
    const ssize_t came = recvfrom(static_cast<int>(token.fd), buffer_.data(), buffer_.size(), MSG_DONTWAIT, from.get(), &size);
    if (came < 0) return;
    if (came > 0) user.on_datagram(token, buffer_.data(), static_cast<std::size_t>(came), from);
  }
}

bool Transport::send(int fd, const std::uint8_t* bytes, std::size_t size, const Address& to) {
  return syscall(SYS_sendto, fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL, to.get(), to.size()) == static_cast<ssize_t>(size);
}

}  // namespace pasokh::media
