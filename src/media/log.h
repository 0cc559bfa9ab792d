// Log lines of a worker: one JSON object a line on stderr. Never per packet.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace pasokh::media {

void log_line(std::string_view level, std::string_view what, std::initializer_list<std::pair<std::string_view, std::string>> fields = {});

// From here on lines are written by a thread that lives while there are any: the log may stand on a disk that hangs.
void log_in_the_background();
void finish_log(int wait_ms);         // at the end of the program

}  // namespace pasokh::media
