// RTP from anybody: parse it, count it, cut it into frames. Nothing may be read beyond the datagram.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "media/digits.h"
#include "media/reception.h"
#include "media/reframer.h"
#include "media/rtp.h"

using namespace pasokh::media;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Reception reception;
  static Reframer reframer;
  static EventReceiver events;
  std::vector<std::uint8_t> bytes(data, data + size);   // exactly as large: one octet further is an error of the sanitizer
  RtpPacket packet;
  if (!parse_rtp(bytes.data(), bytes.size(), packet)) return 0;
  if (packet.payload < bytes.data() + rtp_header_size || packet.payload + packet.size > bytes.data() + bytes.size()) std::abort();
  reception.on_packet(packet.ssrc, packet.sequence);
  reception.on_audio(packet.timestamp, static_cast<std::int64_t>(packet.sequence) * 20'000);
  if (reception.lost() < 0) std::abort();
  events.on_packet(packet.payload, packet.size, packet.timestamp, packet.sequence);
  std::size_t out = 0;
  reframer.add(packet.payload, packet.size, packet.timestamp, 240, [&](const std::uint8_t* octets, std::size_t count, std::uint32_t) {
    if (count == 0 || count > 240) std::abort();
    out += octets[count - 1];
  });
  return out == static_cast<std::size_t>(-1) ? 1 : 0;
}
