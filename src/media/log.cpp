#include "media/log.h"

#include <time.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/json_text.h"

namespace pasokh::media {
namespace {

constexpr std::size_t most_waiting = 1000;         // beyond, lines are left out and counted

void write_line(const std::string& line) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());  // one write: lines never mix
}

class Background {
 public:
  bool on = false;                                 // set before there is a second thread

  void add(std::string line) {
    {
      const std::lock_guard lock(mutex_);
      if (lines_.size() == most_waiting) { ++left_out_; return; }
      lines_.push_back(std::move(line));
      if (working_) return;
      working_ = true;
    }
    try {
      std::thread([this] { work(); }).detach();
    } catch (const std::system_error&) {
      work();                                      // no thread to be had: better a late packet than no word of it
    }
  }
  void finish(int wait_ms) {
    std::unique_lock lock(mutex_);
    done_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return !working_; });
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (!lines_.empty()) {
      std::vector<std::string> lines;
      lines.swap(lines_);
      const auto left_out = std::exchange(left_out_, 0);
      lock.unlock();
      for (const auto& line : lines) write_line(line);
      if (left_out > 0) write_line("{\"level\":\"warning\",\"module\":\"media\",\"says\":\"the log's disk is slow, lines were left out\",\"lines\":\"" + std::to_string(left_out) + "\"}\n");
      lock.lock();
    }
    working_ = false;
    done_.notify_all();
  }

  std::mutex mutex_;                               // guards the rest
  std::condition_variable done_;
  std::vector<std::string> lines_;
  std::size_t left_out_ = 0;
  bool working_ = false;
};

Background& background() {
  static auto* const it = new Background;          // its thread may be the last one
  return *it;
}

}  // namespace

void log_in_the_background() { background().on = true; }
void finish_log(int wait_ms) { background().finish(wait_ms); }

void log_line(std::string_view level, std::string_view what, std::initializer_list<std::pair<std::string_view, std::string>> fields) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  std::string line = "{\"at\":\"" + rfc3339({now.tv_sec * 1'000'000 + now.tv_nsec / 1'000}) + "\",\"level\":\"" + std::string(level) + "\",\"module\":\"media\",\"says\":";
  append_json_string(line, what);
  for (const auto& [name, value] : fields) {
    line += ',';
    append_json_string(line, name);
    line += ':';
    append_json_string(line, value);
  }
  line += "}\n";
  if (background().on) background().add(std::move(line));
  else write_line(line);
}

}  // namespace pasokh::media
