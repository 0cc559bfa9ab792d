#include "api/workers.h"

#include "base/thread_name.h"

namespace pasokh::api {

Workers::Workers(int threads, std::size_t waiting_max) : waiting_max_(waiting_max) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

Workers::~Workers() { stop(); }

bool Workers::post(std::function<void()> work) {
  {
    const std::scoped_lock lock(guard_);
    if (stopped_ || waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

void Workers::stop() {
  std::deque<std::function<void()>> dropped;  // destroyed outside the lock: they hold connections
  {
    const std::scoped_lock lock(guard_);
    stopped_ = true;
    dropped.swap(waiting_);
  }
  changed_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void Workers::run() {
  name_this_thread("http-work");
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(guard_);
      changed_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
      if (stopped_) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

}  // namespace pasokh::api
