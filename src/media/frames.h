// Frames of the wire between control and worker: [u32 length, little endian][bytes of base/codec.h].
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/codec.h"

namespace pasokh::media {

inline constexpr std::size_t largest_frame = 1 << 20;

template <class Message>
void append_frame(std::string& out, const Message& message) {
  const std::string body = to_bytes(message);
  const auto size = static_cast<std::uint32_t>(body.size());
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(size >> shift));
  out += body;
}

enum class Taken : std::uint8_t { message, unknown, nothing, broken };  // unknown: a whole frame of a newer speaker, skipped; broken: no frame can be this long

// Takes the next whole frame off the front of `in`, starting at `from`, which it moves on.
template <class Message>
Taken take_frame(std::string_view in, std::size_t& from, Message& message) {
  if (in.size() - from < 4) return Taken::nothing;
  std::uint32_t size = 0;
  for (int i = 3; i >= 0; --i) size = size << 8 | static_cast<unsigned char>(in[from + static_cast<std::size_t>(i)]);
  if (size > largest_frame) return Taken::broken;
  if (in.size() - from - 4 < size) return Taken::nothing;
  auto read = from_bytes<Message>(in.substr(from + 4, size));
  from += 4 + size;
  if (!read) return Taken::unknown;
  message = std::move(*read);
  return Taken::message;
}

}  // namespace pasokh::media
