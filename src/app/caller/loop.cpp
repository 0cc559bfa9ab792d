#include "app/caller/loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/assert.h"

namespace pasokh::app::caller {

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) { PASOKH_ASSERT(epoll_ >= 0); }
// What timers still hold (calls, their audio) takes its leave of us while it goes: our own maps must be whole by then.
Loop::~Loop() {
  auto timers = std::exchange(timers_, {});
  auto watched = std::exchange(watched_, {});
  timers.clear();
  watched.clear();
  ::close(epoll_);
}

Instant Loop::now() const {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return Instant{static_cast<std::int64_t>(t.tv_sec) * 1'000'000 + t.tv_nsec / 1'000};
}

void Loop::watch(int fd, std::function<void()> readable) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  watched_[fd] = std::move(readable);
}

void Loop::forget(int fd) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  watched_.erase(fd);
}

Loop::TimerId Loop::at(Instant when, std::function<void()> what) {
  const TimerId id{when, next_++};
  timers_.emplace(id, std::move(what));
  return id;
}

void Loop::run() {
  constexpr std::int64_t longest_wait_ms = 200;         // so that stop() from a signal handler is seen soon
  while (!stopping_) {
    std::int64_t wait_ms = longest_wait_ms;
    if (!timers_.empty()) wait_ms = std::clamp<std::int64_t>((timers_.begin()->first.first.us - now().us + 999) / 1'000, 0, longest_wait_ms);
    std::array<epoll_event, 64> events;
    const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(wait_ms));
    for (int i = 0; i < n && !stopping_; ++i) {
      const auto found = watched_.find(events[static_cast<std::size_t>(i)].data.fd);
      if (found == watched_.end()) continue;            // forgotten by one before it
      const auto readable = found->second;              // a copy: it may forget itself
      readable();
    }
    const auto due = now();
    while (!stopping_ && !timers_.empty() && timers_.begin()->first.first <= due) {
      const auto what = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      what();
    }
  }
  stopping_ = false;
}

}  // namespace pasokh::app::caller
