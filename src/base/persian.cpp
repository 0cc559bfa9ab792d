#include "base/persian.h"

namespace pasokh {

namespace {

struct Character {
  char32_t code;
  std::size_t bytes;
};

// Enough of UTF-8: a byte that begins nothing is a character of its own.
Character next(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const unsigned char c = byte(0);
  if (c >= 0xc2 && c <= 0xdf && follows(1)) return {static_cast<char32_t>((c & 0x1f) << 6 | (byte(1) & 0x3f)), 2};
  if (c >= 0xe0 && c <= 0xef && follows(1) && follows(2))
    return {static_cast<char32_t>((c & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f)), 3};
  return {c, 1};
}

int digit(char32_t c) {
  if (c >= U'0' && c <= U'9') return static_cast<int>(c - U'0');
  if (c >= U'۰' && c <= U'۹') return static_cast<int>(c - U'۰');
  if (c >= U'٠' && c <= U'٩') return static_cast<int>(c - U'٠');
  return -1;
}

// nullptr: as it is; "": dropped
const char* folded(char32_t c) {
  switch (c) {
    case U'ي': case U'ى': case U'ے': case U'ئ': return "ی";
    case U'ك': return "ک";
    case U'ة': case U'ۀ': case U'ہ': return "ه";
    case U'أ': case U'إ': case U'ٱ': case U'آ': return "ا";
    case U'ؤ': return "و";
    case 0x200c: return " ";                       // ZWNJ: می‌خواهم is found as می خواهم
    case 0x0640: case 0x0654: case 0x0670:         // tatweel, hamza above, superscript alef
    case 0x200d: case 0x200e: case 0x200f:         // ZWJ, direction marks
    case 0x2066: case 0x2067: case 0x2068: case 0x2069:
    case 0x202a: case 0x202b: case 0x202c: case 0x202d: case 0x202e: return "";
    default: return c >= 0x064b && c <= 0x0652 ? "" : nullptr;
  }
}

}  // namespace

std::string latin_digits(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [code, bytes] = next(text);
    if (const int d = digit(code); d >= 0) out += static_cast<char>('0' + d);
    else out.append(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return out;
}

std::string persian_digits(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 2);
  for (const char c : text) {
    if (c >= '0' && c <= '9') { out += '\xDB'; out += static_cast<char>(0xB0 + (c - '0')); }  // U+06F0…
    else out += c;
  }
  return out;
}

std::string digits_only(std::string_view text) {
  std::string out;
  for (const char c : latin_digits(text))
    if (c >= '0' && c <= '9') out += c;
  return out;
}

std::string search_fold(std::string_view text) {
  std::string out;
  auto space = [&] { if (!out.empty() && out.back() != ' ') out += ' '; };
  while (!text.empty()) {
    const auto [code, bytes] = next(text);
    const std::string_view as_is = text.substr(0, bytes);
    text.remove_prefix(bytes);
    if (const int d = digit(code); d >= 0) { out += static_cast<char>('0' + d); continue; }
    if (code == U' ' || code == U'\t' || code == U'\n' || code == 0xa0) { space(); continue; }
    if (code >= U'A' && code <= U'Z') { out += static_cast<char>(code + 32); continue; }
    const char* to = folded(code);
    if (!to) out.append(as_is);
    else if (*to == ' ') space();
    else out += to;
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace pasokh
