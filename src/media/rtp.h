// RTP (RFC 3550 §5.1): the header, and arithmetic on numbers that wrap. A packet is parsed once, in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace pasokh::media {

inline constexpr std::size_t rtp_header_size = 12;
inline constexpr std::size_t longest_packet = 1500;
inline constexpr std::uint32_t samples_per_ms = 8;  // G.711 and telephone-event/8000

struct RtpPacket {
  bool marker = false;
  std::uint8_t payload_type = 0;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0, ssrc = 0;
  std::uint8_t* payload = nullptr;     // at least rtp_header_size bytes stand in front of it in the same buffer
  std::size_t size = 0;                // payload bytes, padding taken off
};

// false: not RTP version 2, or its lengths contradict each other
bool parse_rtp(std::uint8_t* bytes, std::size_t size, RtpPacket& into);
// 12 bytes at `at`: no CSRC, no extension, no padding
void write_rtp_header(std::uint8_t* at, bool marker, std::uint8_t payload_type, std::uint16_t sequence, std::uint32_t timestamp, std::uint32_t ssrc);

// how far b is ahead of a on the circle; negative: behind
constexpr std::int16_t sequence_distance(std::uint16_t a, std::uint16_t b) { return static_cast<std::int16_t>(b - a); }
constexpr std::int32_t timestamp_distance(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(b - a); }

inline std::uint16_t get16(const std::uint8_t* at) { return static_cast<std::uint16_t>(at[0] << 8 | at[1]); }
inline std::uint32_t get32(const std::uint8_t* at) { std::uint32_t n; std::memcpy(&n, at, 4); return __builtin_bswap32(n); }
inline void put16(std::uint8_t* at, std::uint16_t n) { n = __builtin_bswap16(n); std::memcpy(at, &n, 2); }
inline void put32(std::uint8_t* at, std::uint32_t n) { n = __builtin_bswap32(n); std::memcpy(at, &n, 4); }

}  // namespace pasokh::media
