// Threads that may wait: for the centre's answer, for the disk, for a password to be hashed. Each lane has its own, so that
// sign-ins never stand in the way of an agent's button. A full lane refuses at once.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pasokh::api {

class Workers {
 public:
  Workers(int threads, std::size_t waiting_max);
  ~Workers();
  bool post(std::function<void()> work);  // false: too many wait already, or stopped
  void stop();                            // what waits is dropped, what runs is finished

 private:
  void run();
  std::mutex guard_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::size_t waiting_max_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pasokh::api
