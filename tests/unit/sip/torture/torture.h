// One message of a torture text and what the codec owes to it.
#pragma once

#include <string>
#include <string_view>

struct TortureMessage {
  std::string_view name, section;
  std::string bytes;
  int status = 0;              // of the codec's refusal; 0: taken (whatever else is wrong is judged above the codec)
  bool answerable = true;      // of a refusal
};

// Written with LF; sent with CRLF.
inline std::string wire(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}
