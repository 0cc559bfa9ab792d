// What a browser's leg that speaks Opus costs its worker beside one of G.711 (docs/scale.md): 20 ms of speech each way, in process time.
// Prints one JSON object. usage: bench_opus_leg [seconds of speech=60]
#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "media/g711.h"
#include "media/opus_stream.h"

using namespace pasokh::media;

namespace {

constexpr std::size_t frame = 160;

double cpu_us() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// syllables of noise: the encoder works as hard as with speech
std::vector<std::uint8_t> speech(std::size_t frames) {
  std::vector<std::uint8_t> octets;
  std::uint32_t seed = 7;
  double value = 0, low = 0;
  for (std::size_t i = 0; i < frames * frame; ++i) {
    value += (static_cast<double>(static_cast<std::int32_t>(seed = seed * 1664525u + 1013904223u)) / 65536.0 - value) / 4;
    low += (value - low) / 30;
    const double loud = std::max(0.0, std::sin(2 * M_PI * 2.5 * static_cast<double>(i) / 8000));
    octets.push_back(linear_to_alaw(static_cast<std::int16_t>(std::clamp(loud * (value - low), -30'000.0, 30'000.0))));
  }
  return octets;
}

}  // namespace

int main(int count, char** words) {
  const std::size_t frames = 50u * static_cast<std::size_t>(count > 1 ? std::max(1, std::atoi(words[1])) : 60);
  const auto said = speech(frames);
  OpusSender sender(0);
  sender.expect_loss(9, 100);
  std::vector<std::vector<std::uint8_t>> packets;
  const double began = cpu_us();
  for (std::size_t i = 0; i < frames; ++i) {
    std::array<std::uint8_t, rtp_header_size + frame> g711;
    write_rtp_header(g711.data(), false, 8, static_cast<std::uint16_t>(i), static_cast<std::uint32_t>(i * frame), 1);
    std::copy_n(said.begin() + static_cast<std::ptrdiff_t>(i * frame), frame, g711.begin() + rtp_header_size);
    std::array<std::uint8_t, rtp_header_size + OpusSender::largest> packet;
    const auto size = sender.encode(g711.data(), frame, Codec::pcma, 111, packet.data());
    packets.emplace_back(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
  }
  const double spoken = cpu_us();
  OpusReceiver receiver;
  std::size_t octets = 0, heard = 0;
  for (std::size_t i = 0; i < frames; ++i) {
    octets += packets[i].size() - rtp_header_size;
    if (i % 11 == 5) continue;                   // 9 % are lost and made up for
    RtpPacket packet;
    if (!parse_rtp(packets[i].data(), packets[i].size(), packet)) return 1;
    if (!receiver.active()) receiver.start(packet);
    receiver.take(packet, [&](const OpusReceiver::Frame& each) {
      for (std::size_t k = 0; k < each.count; ++k) heard += linear_to_alaw(each.samples[k]) & 1;
    });
  }
  const double end = cpu_us();
  const double speaking = (spoken - began) / static_cast<double>(frames), hearing = (end - spoken) / static_cast<double>(frames);
  std::printf("{\"opus_speak_us_per_frame\":%.1f,\"opus_hear_us_per_frame\":%.1f,\"opus_leg_core_permille\":%.2f,\"opus_kbit_per_second\":%.1f,\"heard\":%zu}\n", speaking, hearing,
              (speaking + hearing) * 50 / 1000, static_cast<double>(octets) * 8 * 50 / static_cast<double>(frames) / 1000, heard);
  return 0;
}
