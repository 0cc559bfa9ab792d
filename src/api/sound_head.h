// What the first bytes of an upload tell: whether it can be a sound at all, and how long it would last. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace pasokh::api {

inline constexpr std::size_t sound_head_bytes = 64;
// "" when it may go on, "not-audio" or "prompt-long". `whole`: how much is announced to come, 0 when that is not said.
std::string_view sound_head_fault(std::string_view head, std::uint64_t whole);

inline constexpr std::uint64_t prompt_seconds_max = 600;

}  // namespace pasokh::api
