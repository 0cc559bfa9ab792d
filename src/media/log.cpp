#include "media/log.h"

#include <time.h>
#include <unistd.h>

#include "base/json_text.h"

namespace pasokh::media {

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
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());  // one write: lines never mix
}

}  // namespace pasokh::media
