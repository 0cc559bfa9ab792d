#include "media/rtcp.h"

#include <cstring>

#include "media/rtp.h"

namespace pasokh::media {
namespace {

constexpr std::uint8_t sender_report = 200, receiver_report = 201, source_description = 202;
constexpr std::size_t block_size = 24, sender_info = 20;
constexpr std::uint8_t canonical_name_item = 1;

RtcpRead::Block block_at(const std::uint8_t* at) {
  RtcpRead::Block block;
  block.ssrc = get32(at);
  block.fraction_lost = at[4];
  const std::uint32_t lost = static_cast<std::uint32_t>(at[5]) << 16 | static_cast<std::uint32_t>(at[6]) << 8 | at[7];
  block.lost = static_cast<std::int32_t>(lost << 8) >> 8;  // 24 bits, signed
  block.jitter = get32(at + 12);
  block.last_sr = get32(at + 16);
  block.delay = get32(at + 20);
  return block;
}

std::uint8_t* write_block(std::uint8_t* at, const RtcpToSend& told) {
  put32(at, told.peer);
  put32(at + 4, static_cast<std::uint32_t>(told.report.fraction_lost) << 24 | (static_cast<std::uint32_t>(told.report.cumulative_lost) & 0xffffff));
  put32(at + 8, told.report.highest);
  put32(at + 12, told.report.jitter);
  put32(at + 16, told.last_sr);
  put32(at + 20, told.delay);
  return at + block_size;
}

void write_head(std::uint8_t* at, std::uint8_t count, std::uint8_t type, const std::uint8_t* end) {
  at[0] = static_cast<std::uint8_t>(0x80 | count);
  at[1] = type;
  put16(at + 2, static_cast<std::uint16_t>((end - at) / 4 - 1));
}

}  // namespace

RtcpRead read_rtcp(const std::uint8_t* bytes, std::size_t size, std::uint32_t ours) {
  RtcpRead read;
  // A.2: version 2, no padding on the first, which is a report
  if (size < 8 || (bytes[0] & 0xe0) != 0x80 || (bytes[1] != sender_report && bytes[1] != receiver_report)) return read;
  std::size_t at = 0;
  while (at < size) {
    if (size - at < 4 || (bytes[at] >> 6) != 2) return RtcpRead();
    const std::size_t length = 4u * (get16(bytes + at + 2) + 1u);
    if (length > size - at) return RtcpRead();
    const std::uint8_t type = bytes[at + 1];
    if (type == sender_report || type == receiver_report) {
      std::size_t block = at + 8 + (type == sender_report ? sender_info : 0);
      if (block > at + length) return RtcpRead();
      if (type == sender_report) read.sender_report = get32(bytes + at + 10);
      for (int left = bytes[at] & 0x1f; left > 0; --left, block += block_size) {
        if (block + block_size > at + length) return RtcpRead();
        const auto about = block_at(bytes + block);
        if (about.ssrc == ours) read.about_us = about;
      }
    }
    at += length;
  }
  read.valid = true;
  return read;
}

std::size_t write_rtcp(std::uint8_t* into, const RtcpToSend& told) {
  std::uint8_t* at = into;
  put32(at + 4, told.ssrc);
  std::uint8_t* end = at + 8;
  if (told.sent_since) {
    put32(end, static_cast<std::uint32_t>(told.ntp >> 32));
    put32(end + 4, static_cast<std::uint32_t>(told.ntp));
    put32(end + 8, told.rtp_timestamp);
    put32(end + 12, told.packets);
    put32(end + 16, told.octets);
    end += sender_info;
  }
  if (told.heard) end = write_block(end, told);
  write_head(at, told.heard ? 1 : 0, told.sent_since ? sender_report : receiver_report, end);
  at = end;
  put32(at + 4, told.ssrc);                     // SDES with the CNAME, as §6.1 demands of each compound packet
  end = at + 8;
  *end++ = canonical_name_item;
  const std::string_view name = told.canonical_name.substr(0, 32);
  *end++ = static_cast<std::uint8_t>(name.size());
  std::memcpy(end, name.data(), name.size());
  end += name.size();
  do *end++ = 0; while ((end - at) % 4 != 0);   // the list ends with a null and fills up to a word
  write_head(at, 1, source_description, end);
  return static_cast<std::size_t>(end - into);
}

std::optional<std::int64_t> round_trip_us(std::uint64_t arrived_ntp, const RtcpRead::Block& block) {
  if (block.last_sr == 0) return std::nullopt;
  const auto arrived = static_cast<std::uint32_t>(arrived_ntp >> 16);
  const auto trip = static_cast<std::int32_t>(arrived - block.last_sr - block.delay);  // 1/65536 s
  if (trip < 0 || trip > 60 * 65536) return std::nullopt;                              // clocks that step, or an invention
  return static_cast<std::int64_t>(trip) * 1'000'000 / 65536;
}

std::uint64_t ntp_from_unix_us(std::int64_t us) {
  constexpr std::int64_t from_1900 = 2'208'988'800;
  const auto seconds = static_cast<std::uint64_t>(us / 1'000'000 + from_1900);
  return seconds << 32 | (static_cast<std::uint64_t>(us % 1'000'000) << 32) / 1'000'000;
}

}  // namespace pasokh::media
