// Log lines of a worker: one JSON object a line on stderr. Never per packet.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace pasokh::media {

void log_line(std::string_view level, std::string_view what, std::initializer_list<std::pair<std::string_view, std::string>> fields = {});

}  // namespace pasokh::media
