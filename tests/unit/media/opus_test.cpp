// Opus on a browser's leg: loss is made up for, both ways; what is no Opus harms nothing. F1; RFC 6716, RFC 7587. The leg itself is driven
// without a socket: relay, SRTP and the rest are in browser_test.cpp.
#include <opus.h>

#include <algorithm>
#include <cmath>

#include "media/g711.h"
#include "media/opus_stream.h"
#include "peers.h"

using namespace pasokh;
using namespace pasokh::media;
using namespace pasokh::media::test;

namespace {

using Samples = std::vector<std::int16_t>;
constexpr std::size_t frame = 160;

// Like speech to an encoder, which gives FEC to nothing else: syllables of noise between 250 and 900 Hz, which cannot be guessed.
std::vector<double> smoothed(const std::vector<double>& in, std::size_t over) {
  std::vector<double> out(in.size());
  for (std::size_t i = 0; i < in.size(); ++i)
    for (std::size_t k = 0; k < over && k <= i; ++k) out[i] += in[i - k] / static_cast<double>(over);
  return out;
}
Samples voice(std::size_t frames) {
  std::vector<double> noise;
  std::uint32_t seed = 7;
  for (std::size_t i = 0; i < frames * frame; ++i) noise.push_back(static_cast<double>(static_cast<std::int32_t>(seed = seed * 1664525u + 1013904223u)) / 65536.0);
  for (int i = 0; i < 3; ++i) noise = smoothed(noise, 6);
  const auto low = smoothed(noise, 33);
  Samples out;
  for (std::size_t i = 0; i < noise.size(); ++i) {
    const double loud = std::max(0.0, std::sin(2 * M_PI * 2.5 * static_cast<double>(i) / 8000));
    out.push_back(static_cast<std::int16_t>(std::clamp(3 * loud * (noise[i] - low[i >= 1 ? i - 1 : 0]), -30'000.0, 30'000.0)));
  }
  return out;
}
bool is_loud(const Samples& said, std::size_t from, std::size_t count) {
  double power = 0;
  for (std::size_t i = from; i < from + count; ++i) power += said[i] * static_cast<double>(said[i]);
  return power / static_cast<double>(count) > 1e6;
}

// How alike two pieces are, 1: the same but for loudness. The later one may lie up to 8 ms behind (the codec's delay).
double likeness(const Samples& heard, const Samples& said, std::size_t from, std::size_t count) {
  double best = 0;
  for (std::size_t behind = 0; behind <= 80 && behind <= from; ++behind) {
    double both = 0, one = 1, other = 1;
    for (std::size_t i = from; i < from + count; ++i) {
      const double a = heard[i], b = said[i - behind];
      both += a * b;
      one += a * a;
      other += b * b;
    }
    best = std::max(best, both / std::sqrt(one * other));
  }
  return best;
}

struct Sent { Octets bytes; RtpPacket rtp; };

Sent packet_of(const Octets& payload, std::uint16_t sequence, std::uint32_t timestamp) {
  Sent sent;
  sent.bytes.assign(rtp_header_size, 0);
  write_rtp_header(sent.bytes.data(), false, 111, sequence, timestamp, 5);
  sent.bytes.insert(sent.bytes.end(), payload.begin(), payload.end());
  REQUIRE(parse_rtp(sent.bytes.data(), sent.bytes.size(), sent.rtp));
  sent.rtp.payload = sent.bytes.data() + rtp_header_size;
  return sent;
}

// what a leg that hears this voice sends to its browser
std::vector<Octets> spoken(const Samples& said, OpusSender& sender, Codec law = Codec::pcma) {
  std::vector<Octets> packets;
  for (std::size_t i = 0; i < said.size() / frame; ++i) {
    std::array<std::uint8_t, rtp_header_size + frame> g711;
    write_rtp_header(g711.data(), false, 8, static_cast<std::uint16_t>(100 + i), static_cast<std::uint32_t>(1000 + i * frame), 5);
    for (std::size_t k = 0; k < frame; ++k) g711[rtp_header_size + k] = law == Codec::pcma ? linear_to_alaw(said[i * frame + k]) : linear_to_ulaw(said[i * frame + k]);
    std::array<std::uint8_t, rtp_header_size + OpusSender::largest> packet;
    const auto size = sender.encode(g711.data(), frame, law, 111, packet.data());
    REQUIRE(size > rtp_header_size);
    packets.emplace_back(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return packets;
}

struct Heard {
  OpusReceiver receiver;
  Samples samples;                               // by the timestamps, from the first on
  std::vector<std::uint16_t> sequences;

  void take(Octets bytes) {
    RtpPacket packet;
    REQUIRE(parse_rtp(bytes.data(), bytes.size(), packet));
    if (!receiver.active()) receiver.start(packet);
    if (!first) first = packet.timestamp;
    receiver.take(packet, [&](const OpusReceiver::Frame& each) {
      const std::size_t at = each.timestamp - *first;
      REQUIRE(at < 1'000'000);
      if (samples.size() < at + each.count) samples.resize(at + each.count);
      std::copy(each.samples.begin(), each.samples.begin() + static_cast<std::ptrdiff_t>(each.count), samples.begin() + static_cast<std::ptrdiff_t>(at));
      sequences.push_back(each.sequence);
    });
  }
  std::optional<std::uint32_t> first;
};

}  // namespace

TEST_CASE("RFC 7587 §4: 48 kHz timestamps that begin where those of G.711 were, the number of the feed, the voice itself") {
  for (const auto law : {Codec::pcma, Codec::pcmu}) {
    const auto said = voice(100);
    OpusSender sender(840);                      // one frame ago
    Heard heard;
    std::uint32_t timestamp = 0;
    std::uint16_t sequence = 99;
    for (const auto& bytes : spoken(said, sender, law)) {
      auto copy = bytes;
      RtpPacket packet;
      REQUIRE(parse_rtp(copy.data(), copy.size(), packet));
      CHECK(packet.payload_type == 111);
      CHECK(packet.sequence == ++sequence);
      if (timestamp) CHECK(packet.timestamp == timestamp + 960);
      else CHECK(packet.timestamp == 840 + 960);
      timestamp = packet.timestamp;
      CHECK(packet.size <= 100);                 // 40 kbit/s at most for a frame; 160 octets are G.711
      heard.take(bytes);
    }
    REQUIRE(heard.samples.size() == said.size());
    for (std::size_t i = 10; i < 90; ++i)
      if (is_loud(said, i * frame, frame)) CHECK(likeness(heard.samples, said, i * frame, frame) > 0.9);
    CHECK(sender.packets() == 100);
    CHECK(heard.receiver.figures().concealed == 0);
  }
}

TEST_CASE("F1: a frame that is lost singly comes back from the packet after it, under its own number and in its own place") {
  const auto said = voice(400);
  OpusSender sender(0);
  sender.expect_loss(10, 100);
  Heard heard;
  const auto packets = spoken(said, sender);
  for (std::size_t i = 0; i < packets.size(); ++i)
    if (i % 10 != 5) heard.take(packets[i]);
  REQUIRE(heard.samples.size() == said.size());
  for (std::size_t i = 1; i < heard.sequences.size(); ++i) CHECK(heard.sequences[i] == static_cast<std::uint16_t>(heard.sequences[i - 1] + 1));
  const auto& figures = heard.receiver.figures();
  CHECK(figures.packets == 360);
  CHECK(figures.recovered + figures.concealed == 40);
  std::size_t loud = 0, good = 0;
  for (std::size_t i = 5; i < 400; i += 10) {
    if (!is_loud(said, i * frame, frame)) continue;
    ++loud;
    good += likeness(heard.samples, said, i * frame, frame) > 0.7 ? 1 : 0;
  }
  CHECK(loud >= 10);
  CHECK(good + 1 >= loud);                       // a guess has nothing to do with what was said
  CHECK(figures.recovered >= static_cast<std::int64_t>(loud));
}

TEST_CASE("two frames lost together: the first is guessed, the second comes back; after a long hole there is only the one before it") {
  const auto said = voice(200);
  OpusSender sender(0);
  sender.expect_loss(10, 100);
  const auto packets = spoken(said, sender);
  const auto bears = [&](std::size_t i) { return bears_the_frame_before(packets[i].data() + rtp_header_size, packets[i].size() - rtp_header_size); };
  std::size_t first = 40, second = 120;          // in the middle of a syllable
  while (!bears(first) || !is_loud(said, (first - 1) * frame, frame)) ++first;
  while (!bears(second)) ++second;
  Heard heard;
  for (std::size_t i = 0; i < 200; ++i)
    if (i != first - 1 && i != first - 2 && (i < second - 30 || i >= second)) heard.take(packets[i]);
  CHECK(heard.receiver.figures().recovered == 2);
  CHECK(heard.receiver.figures().concealed == 1);
  CHECK(heard.sequences.size() == 200 - 30 + 1);
  CHECK(heard.sequences[first - 2] == 100 + first - 2);  // 100 was the first of all
  CHECK(heard.sequences[first - 1] == 100 + first - 1);
  CHECK(likeness(heard.samples, said, (first - 1) * frame, frame) > 0.7);
  CHECK(heard.sequences[second - 30] == 100 + second - 1);
}

TEST_CASE("RFC 6716 §4.2.4: speech bears the frame before it from the first packet on, and so it stays whatever the browser reports") {
  const auto said = voice(300);
  for (const std::int64_t lost : {-1, 0, 5, 20, 90}) {
    OpusSender sender(0);
    if (lost >= 0) sender.expect_loss(lost, 100);
    const auto packets = spoken(said, sender);
    std::size_t with_fec = 0, loud = 0;
    for (std::size_t i = 5; i < packets.size(); ++i) {
      if (!is_loud(said, (i - 1) * frame, frame)) continue;
      ++loud;
      with_fec += bears_the_frame_before(packets[i].data() + rtp_header_size, packets[i].size() - rtp_header_size) ? 1 : 0;
    }
    CHECK(loud > 80);
    CHECK(with_fec * 10 >= loud * 9);
  }
}

TEST_CASE("hostile payloads are counted and made up for; never more than 60 ms come out of a packet") {
  const auto said = voice(60);
  OpusSender sender(0);
  const auto packets = spoken(said, sender);
  Heard heard;
  for (std::size_t i = 0; i < 20; ++i) heard.take(packets[i]);
  std::uint16_t sequence = 120;
  std::uint32_t timestamp = 20 * 960;
  std::uint32_t seed = 3;
  const auto next = [&](const Octets& payload) {
    auto sent = packet_of(payload, sequence++, timestamp);
    timestamp += 960;
    std::size_t samples = 0;
    heard.receiver.take(sent.rtp, [&](const OpusReceiver::Frame& each) { samples += each.count; });
    CHECK(samples <= 60 * 8);
    return samples;
  };
  for (int i = 0; i < 3'000; ++i) {
    Octets nonsense(1 + (seed >> 8) % 1'200);
    for (auto& octet : nonsense) octet = static_cast<std::uint8_t>((seed = seed * 1664525u + 1013904223u) >> 24);
    next(nonsense);
  }
  const auto refused = heard.receiver.figures().refused;
  CHECK(refused > 0);
  CHECK(next({0x0b}) == frame);                  // code 3 without its count of frames (RFC 6716 §3.2.5): not Opus
  CHECK(heard.receiver.figures().refused == refused + 1);
  CHECK(next({0x0b, 0x06, 1, 1, 1, 1, 1, 1}) == frame);  // six frames of 20 ms are 120 ms
  CHECK(heard.receiver.figures().refused == refused + 2);
  int loudest = 0;                               // and the voice is there again
  for (std::size_t i = 20; i < 60; ++i) {
    auto sent = packet_of(Octets(packets[i].begin() + rtp_header_size, packets[i].end()), sequence++, timestamp);
    timestamp += 960;
    heard.receiver.take(sent.rtp, [&](const OpusReceiver::Frame& each) {
      for (std::size_t k = 0; k < each.count; ++k) loudest = std::max<int>(loudest, each.samples[k]);
    });
  }
  CHECK(loudest > 1'000);
  CHECK(heard.receiver.figures().refused == refused + 2);
}

TEST_CASE("a browser that is silent for a while (DTX) leaves out time, not numbers: nothing is made up for") {
  const auto said = voice(40);
  OpusSender sender(0);
  const auto packets = spoken(said, sender);
  Heard heard;
  std::uint16_t sequence = 7;
  std::vector<std::uint32_t> timestamps;
  const auto hear = [&](const Octets& payload, std::uint32_t timestamp) {
    auto sent = packet_of(payload, sequence++, timestamp);
    if (!heard.receiver.active()) heard.receiver.start(sent.rtp);
    heard.receiver.take(sent.rtp, [&](const OpusReceiver::Frame& each) { timestamps.push_back(each.timestamp); });
  };
  for (std::uint32_t i = 0; i < 20; ++i) hear(Octets(packets[i].begin() + rtp_header_size, packets[i].end()), 0xfffffff0u + i * 960);
  hear({0x08}, 0xfffffff0u + 20 * 960);          // one octet: no sound
  for (std::uint32_t i = 20; i < 40; ++i) hear(Octets(packets[i].begin() + rtp_header_size, packets[i].end()), 0xfffffff0u + (i + 40) * 960);
  REQUIRE(timestamps.size() == 41);
  CHECK(heard.receiver.figures().concealed == 0);
  CHECK(timestamps[20] - timestamps[0] == 20 * frame);
  CHECK(timestamps[21] - timestamps[20] == 40 * frame);
}

TEST_CASE("the clock of 48 kHz goes round each day, that of 8 kHz does not notice") {
  OpusReceiver receiver;
  auto first = packet_of({0x08, 0}, 0, 0xff000000u);
  receiver.start(first.rtp);
  std::uint32_t before = receiver.at_8khz(0xff000000u), timestamp = 0xff000000u;
  for (int hour = 0; hour < 60; ++hour) {
    timestamp += 48'000u * 3'600;
    const auto now = receiver.at_8khz(timestamp);
    CHECK(now - before == 8'000u * 3'600);
    before = now;
  }
}
