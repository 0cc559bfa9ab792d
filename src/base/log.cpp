#include "base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>

#include "base/json_text.h"

namespace pasokh {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int lines_per_window = 20;
constexpr auto window = std::chrono::seconds(10);
constexpr std::size_t texts_max = 1'000;  // phrases are fixed, so this is never reached; then the counts start anew
constexpr std::size_t value_bytes_max = 500;
constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warning", "error"};

struct Window {
  Clock::time_point began;
  int lines = 0;
  std::int64_t left_out = 0;
};

std::atomic<LogLevel> least_level{LogLevel::info};
std::mutex guard;  // the windows and the sink
std::map<std::string, Window, std::less<>> windows;
std::function<void(std::string_view)> sink;

// nothing: leave this line out; otherwise how many were left out before it
bool let_through(std::string_view text, std::int64_t& left_out) {
  const auto now = Clock::now();
  if (windows.size() > texts_max) windows.clear();
  auto found = windows.find(text);
  if (found == windows.end()) found = windows.emplace(std::string(text), Window{now}).first;
  Window& w = found->second;
  left_out = 0;
  if (now - w.began >= window) {
    left_out = w.left_out;
    w = Window{now};
  }
  if (w.lines >= lines_per_window) { ++w.left_out; return false; }
  ++w.lines;
  return true;
}

void write_all(std::string_view line) {
  while (!line.empty()) {
    const auto n = ::write(STDERR_FILENO, line.data(), line.size());
    if (n <= 0) return;  // nobody listens: a log must never stop the work
    line.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

void set_log_level(LogLevel least) { least_level = least; }

bool log_level_from(std::string_view name, LogLevel& level) {
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (level_names[i] == name) { level = static_cast<LogLevel>(i); return true; }
  return false;
}

void set_log_sink(std::function<void(std::string_view)> to) {
  const std::scoped_lock lock(guard);
  sink = std::move(to);
  windows.clear();
}

void log(LogLevel level, std::string_view text, const LogFields& fields) {
  if (level < least_level.load()) return;
  const std::scoped_lock lock(guard);
  std::int64_t left_out = 0;
  if (!let_through(text, left_out)) return;
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch());
  std::string line = "{\"level\":";
  append_json_string(line, level_names[static_cast<std::size_t>(level)]);
  line += ",\"at\":";
  append_json_string(line, rfc3339(Instant{now.count()}));
  line += ",\"text\":";
  append_json_string(line, text);
  for (const auto& [name, value] : fields) {
    line += ',';
    append_json_string(line, name);
    line += ':';
    append_json_string(line, std::string_view(value).substr(0, value_bytes_max));
  }
  if (left_out > 0) line += ",\"left_out\":" + std::to_string(left_out);
  line += "}\n";
  if (sink) sink(line); else write_all(line);
}

std::string masked(std::string_view number) {
  constexpr std::size_t first = 4, last = 2;
  if (number.size() <= first + last + 1) return std::string(number.size(), '*');
  return std::string(number.substr(0, first)) + std::string(number.size() - first - last, '*') +
         std::string(number.substr(number.size() - last));
}

}  // namespace pasokh
