// One thread's loop for test calls: sockets by epoll, and timers. Nothing of the server's own loop, so that the test caller
// is a peer and not a mirror.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/time.h"

namespace pasokh::app::caller {

class Loop {
 public:
  using TimerId = std::pair<Instant, std::uint64_t>;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Instant now() const;                                  // monotonic; not the time of day
  void watch(int fd, std::function<void()> readable);
  void forget(int fd);
  TimerId at(Instant, std::function<void()>);           // on this thread, later, never from within at()
  TimerId after(Duration wait, std::function<void()> what) { return at(now() + wait, std::move(what)); }
  void cancel(TimerId id) { timers_.erase(id); }

  void run();                                           // until stop()
  void stop() { stopping_ = true; }                     // from any thread or signal handler

 private:
  int epoll_;
  std::uint64_t next_ = 1;
  std::map<TimerId, std::function<void()>> timers_;
  std::unordered_map<int, std::function<void()>> watched_;
  std::atomic<bool> stopping_{false};
};

}  // namespace pasokh::app::caller
