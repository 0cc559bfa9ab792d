// RTCP (RFC 3550 §6): sender and receiver reports for one peer, and what its reports say about our stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "media/reception.h"

namespace pasokh::media {

struct RtcpRead {
  bool valid = false;
  std::optional<std::uint32_t> sender_report;   // middle 32 bits of its NTP timestamp
  struct Block { std::uint32_t ssrc = 0; std::uint8_t fraction_lost = 0; std::int32_t lost = 0; std::uint32_t jitter = 0, last_sr = 0, delay = 0; };
  std::optional<Block> about_us;
};
// A compound packet as §6.1 wants it, checked as in A.2; blocks about other sources than `ours` are passed over.
RtcpRead read_rtcp(const std::uint8_t* bytes, std::size_t size, std::uint32_t ours);

struct RtcpToSend {
  std::uint32_t ssrc = 0;
  bool sent_since = false;                      // sender report, else receiver report
  std::uint64_t ntp = 0;                        // 32.32
  std::uint32_t rtp_timestamp = 0, packets = 0, octets = 0;
  bool heard = false;                           // one report block
  std::uint32_t peer = 0;
  Reception::Report report;
  std::uint32_t last_sr = 0, delay = 0;         // delay in 1/65536 s
  std::string_view canonical_name;              // at most 32 bytes
};
inline constexpr std::size_t largest_rtcp = 128;
std::size_t write_rtcp(std::uint8_t* into, const RtcpToSend&);

// Round trip from a report block (§6.4.1): arrival - last_sr - delay, in µs; nothing when the peer has not seen a report of ours.
std::optional<std::int64_t> round_trip_us(std::uint64_t arrived_ntp, const RtcpRead::Block&);

std::uint64_t ntp_from_unix_us(std::int64_t us);

}  // namespace pasokh::media
