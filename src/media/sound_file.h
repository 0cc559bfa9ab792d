// Files of sound, read whole into A-law at 8 kHz: WAV (PCM16, A-law, µ-law; any rate; mono or stereo) and Opus in Ogg.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pasokh::media {

inline constexpr std::size_t longest_sound = 70u * 60 * 8000;   // 70 minutes, 34 MB as A-law

Result<std::vector<std::uint8_t>> read_sound(const std::string& path);
Result<std::vector<std::uint8_t>> sound_from_wav(std::string_view bytes);

}  // namespace pasokh::media
