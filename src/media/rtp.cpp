#include "media/rtp.h"

namespace pasokh::media {

bool parse_rtp(std::uint8_t* bytes, std::size_t size, RtpPacket& into) {
  if (size < rtp_header_size || (bytes[0] >> 6) != 2) return false;
  std::size_t start = rtp_header_size + 4u * (bytes[0] & 0x0f);  // CSRC list
  if (bytes[0] & 0x10) {                                         // extension (§5.3.1): 16 bits profile, 16 bits length in words
    if (size < start + 4) return false;
    start += 4 + 4u * get16(bytes + start + 2);
  }
  if (size < start) return false;
  std::size_t length = size - start;
  if (bytes[0] & 0x20) {                                         // padding: the last octet counts itself
    const std::size_t padding = bytes[size - 1];
    if (padding == 0 || padding > length) return false;
    length -= padding;
  }
  into.marker = (bytes[1] & 0x80) != 0;
  into.payload_type = bytes[1] & 0x7f;
  into.sequence = get16(bytes + 2);
  into.timestamp = get32(bytes + 4);
  into.ssrc = get32(bytes + 8);
  into.payload = bytes + start;
  into.size = length;
  return true;
}

void write_rtp_header(std::uint8_t* at, bool marker, std::uint8_t payload_type, std::uint16_t sequence, std::uint32_t timestamp, std::uint32_t ssrc) {
  at[0] = 0x80;
  at[1] = static_cast<std::uint8_t>((marker ? 0x80 : 0) | payload_type);
  put16(at + 2, sequence);
  put32(at + 4, timestamp);
  put32(at + 8, ssrc);
}

}  // namespace pasokh::media
