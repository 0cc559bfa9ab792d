// Structured logs: one JSON object a line to standard error (journald keeps it): level, at, text, then the fields.
//   log(LogLevel::warning, "trunk does not answer", {{"trunk", code}, {"caller", masked(number)}});
// `text` is a fixed phrase, without values in it: lines are limited per text (20 in 10 s; the next one let through says how
// many were left out as "left_out"), so that a flood outside never becomes a flood of the disk.
// Never digits typed in a call, passwords, or whole phone numbers: masked() keeps the first four and last two.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pasokh {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
using LogFields = std::vector<std::pair<std::string, std::string>>;

void log(LogLevel level, std::string_view text, const LogFields& fields = {});  // any thread
void set_log_level(LogLevel least);                                             // below: dropped
bool log_level_from(std::string_view name, LogLevel& level);                    // "info" -> LogLevel::info

// Where lines go, newline included; nothing: standard error. For tests.
void set_log_sink(std::function<void(std::string_view line)> sink);

std::string masked(std::string_view number);  // 09121234567 -> 0912*****67; short ones whole in stars

}  // namespace pasokh
