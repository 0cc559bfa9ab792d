// WAV files of PCM16, as far as prompts, exports and the test caller need them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pasokh::archive {

struct Wav { std::uint32_t rate = 8'000; std::uint16_t channels = 1; std::vector<std::int16_t> samples; };  // interleaved

std::string wav_header(std::uint32_t rate, std::uint16_t channels, std::uint64_t data_bytes);
Result<Wav> read_wav(const std::string& path);                    // PCM16, A-law, µ-law; at most 64 MB
Result<> write_wav(const std::string& path, const Wav&);          // whole or not at all
std::vector<std::int16_t> mono_at(const Wav&, std::uint32_t rate);  // channels mixed, resampled

}  // namespace pasokh::archive
