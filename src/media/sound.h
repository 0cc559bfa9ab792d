// A sound as the worker plays it: A-law at 8 kHz. Made once for each file and shared by all legs that play it.
#pragma once

#include <cstdint>
#include <vector>

namespace pasokh::media {

struct Sound {
  enum class State : std::uint8_t { loading, ready, broken } state = State::loading;
  std::vector<std::uint8_t> alaw;
};

inline constexpr std::uint8_t alaw_silence = 0xd5;

}  // namespace pasokh::media
