#include "api/json_read.h"

#include <charconv>

namespace pasokh::api {

bool duration_from(std::string_view text, Duration& out) {
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0 || number > 1'000'000'000) return false;
  const std::string_view unit = text.substr(static_cast<std::size_t>(rest - text.data()));
  if (unit == "ms") out = Duration::milliseconds(number);
  else if (unit == "s") out = Duration::seconds(number);
  else if (unit == "m") out = Duration::minutes(number);
  else if (unit == "h") out = Duration::hours(number);
  else return false;
  return true;
}

}  // namespace pasokh::api
