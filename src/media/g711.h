// G.711 (ITU-T G.711): A-law and µ-law to and from 16-bit linear, and A-law <-> µ-law by table.
#pragma once

#include <array>
#include <cstdint>

namespace pasokh::media {

std::int16_t alaw_to_linear(std::uint8_t);
std::int16_t ulaw_to_linear(std::uint8_t);
std::uint8_t linear_to_alaw(std::int16_t);
std::uint8_t linear_to_ulaw(std::int16_t);
const std::array<std::uint8_t, 256>& alaw_to_ulaw();
const std::array<std::uint8_t, 256>& ulaw_to_alaw();

}  // namespace pasokh::media
