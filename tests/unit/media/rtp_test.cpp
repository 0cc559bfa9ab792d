// RTP and RTCP by the letter of RFC 3550.
#include <doctest/doctest.h>

#include <vector>

#include "media/outgoing.h"
#include "media/reception.h"
#include "media/reframer.h"
#include "media/rtcp.h"
#include "media/rtp.h"

using namespace pasokh::media;
using Place = Reception::Place;

namespace {
std::vector<std::uint8_t> rtp(std::uint8_t first, std::size_t size) {
  std::vector<std::uint8_t> bytes(size, 0x11);
  write_rtp_header(bytes.data(), true, 8, 0xffff, 0x80000001, 7);
  bytes[0] = first;
  return bytes;
}
}  // namespace

TEST_CASE("a header that was written is read back (5.1)") {
  auto bytes = rtp(0x80, 172);
  RtpPacket packet;
  REQUIRE(parse_rtp(bytes.data(), bytes.size(), packet));
  CHECK(packet.marker);
  CHECK(packet.payload_type == 8);
  CHECK(packet.sequence == 0xffff);
  CHECK(packet.timestamp == 0x80000001);
  CHECK(packet.ssrc == 7);
  CHECK(packet.size == 160);
}

TEST_CASE("contributing sources, extension and padding are passed over; lengths that contradict each other are refused") {
  RtpPacket packet;
  auto with_sources = rtp(0x82, 12 + 8 + 10);
  REQUIRE(parse_rtp(with_sources.data(), with_sources.size(), packet));
  CHECK(packet.size == 10);
  auto extended = rtp(0x90, 12 + 4 + 8 + 10);
  put16(extended.data() + 14, 2);
  REQUIRE(parse_rtp(extended.data(), extended.size(), packet));
  CHECK(packet.size == 10);
  put16(extended.data() + 14, 6);
  CHECK_FALSE(parse_rtp(extended.data(), extended.size(), packet));
  auto padded = rtp(0xa0, 12 + 10);
  padded.back() = 4;
  REQUIRE(parse_rtp(padded.data(), padded.size(), packet));
  CHECK(packet.size == 6);
  padded.back() = 11;
  CHECK_FALSE(parse_rtp(padded.data(), padded.size(), packet));
  padded.back() = 0;
  CHECK_FALSE(parse_rtp(padded.data(), padded.size(), packet));
  CHECK_FALSE(parse_rtp(padded.data(), 11, packet));
  auto other_version = rtp(0x40, 20);
  CHECK_FALSE(parse_rtp(other_version.data(), other_version.size(), packet));
}

TEST_CASE("numbers are compared on the circle") {
  CHECK(sequence_distance(65535, 0) == 1);
  CHECK(sequence_distance(0, 65535) == -1);
  CHECK(sequence_distance(10, 10 + 0x7fff) == 0x7fff);
  CHECK(timestamp_distance(0xffffffff, 159) == 160);
}

TEST_CASE("loss is counted over the wrap of the sequence, and what comes late is not lost (A.1, A.3)") {
  Reception reception;
  std::uint16_t sequence = 65500;
  for (int i = 0; i < 200; ++i, ++sequence) {
    if (i == 30 || i == 36 || i == 100) continue;  // 36 is the wrap itself
    reception.on_packet(1, sequence);
  }
  CHECK(reception.received() == 197);
  CHECK(reception.lost() == 3);
  CHECK(reception.on_packet(1, static_cast<std::uint16_t>(sequence - 3)) == Place::duplicate);
  CHECK(reception.on_packet(1, static_cast<std::uint16_t>(65500 + 100)) == Place::late);
  CHECK(reception.lost() == 2);
  CHECK(reception.reordered() == 1);
}

TEST_CASE("millions of packets over many wraps: every loss is counted once") {
  Reception reception;
  std::uint32_t random = 1, dropped = 0;
  for (std::uint32_t i = 0; i < 3'000'000; ++i) {
    random = random * 1664525u + 1013904223u;
    const bool last = i + 1 == 3'000'000;
    if (!last && i > 0 && (random >> 24) == 0) { ++dropped; continue; }
    reception.on_packet(1, static_cast<std::uint16_t>(i));
  }
  CHECK(reception.lost() == dropped);
  CHECK(reception.received() == 3'000'000 - dropped);
}

TEST_CASE("another SSRC or a leap begins anew and is not counted as loss; the sums stay") {
  Reception reception;
  for (std::uint16_t i = 0; i < 10; ++i) reception.on_packet(1, i);
  CHECK(reception.on_packet(2, 40000) == Place::restart);
  CHECK(reception.on_packet(2, 40001) == Place::next);
  CHECK(reception.on_packet(2, 10) == Place::restart);
  CHECK(reception.received() == 13);
  CHECK(reception.lost() == 0);
}

TEST_CASE("jitter follows A.8: a steady stream has none, one that alternates by 10 ms settles at 10 ms") {
  Reception steady, uneven;
  for (int i = 0; i < 1000; ++i) {
    steady.on_packet(1, static_cast<std::uint16_t>(i));
    steady.on_audio(static_cast<std::uint32_t>(i * 160), i * 20'000);
    uneven.on_packet(1, static_cast<std::uint16_t>(i));
    uneven.on_audio(static_cast<std::uint32_t>(i * 160), i * 20'000 + (i % 2) * 10'000);
  }
  CHECK(steady.jitter_us_max() == 0);
  CHECK(uneven.jitter_us_max() > 9'000);
  CHECK(uneven.jitter_us_max() <= 10'500);
}

TEST_CASE("a receiver report tells the fraction of the interval and the sum (6.4.1)") {
  Reception reception;
  for (std::uint16_t i = 0; i < 100; ++i)
    if (i % 4 != 1) reception.on_packet(1, i);
  auto report = reception.take_report();
  CHECK(report.fraction_lost == 64);  // 25/100 of 256
  CHECK(report.cumulative_lost == 25);
  CHECK(report.highest == 99);
  for (std::uint16_t i = 100; i < 200; ++i) reception.on_packet(1, i);
  report = reception.take_report();
  CHECK(report.fraction_lost == 0);
  CHECK(report.cumulative_lost == 25);
}

TEST_CASE("a report that was written is read back, with its CNAME and the negative loss of duplicates") {
  RtcpToSend told;
  told.ssrc = 77;
  told.sent_since = true;
  told.ntp = 0x1111222233334444;
  told.heard = true;
  told.peer = 88;
  told.report = {12, -3, 0x10020, 40};
  told.last_sr = 5;
  told.delay = 6;
  told.canonical_name = "0123456789abcdef";
  std::uint8_t bytes[largest_rtcp];
  const std::size_t size = write_rtcp(bytes, told);
  CHECK(size % 4 == 0);
  const auto read = read_rtcp(bytes, size, 88);
  REQUIRE(read.valid);
  REQUIRE(read.about_us);
  CHECK(*read.sender_report == 0x22223333);
  CHECK(read.about_us->lost == -3);
  CHECK(read.about_us->fraction_lost == 12);
  CHECK(read.about_us->last_sr == 5);
  CHECK_FALSE(read_rtcp(bytes, size, 89).about_us);
  for (std::size_t cut = 0; cut < size; ++cut) {
    const auto part = read_rtcp(bytes, cut, 88);
    if (part.valid) CHECK(cut == 52);  // the sender report alone is whole
  }
}

TEST_CASE("the round trip is arrival less last report less delay (6.4.1)") {
  RtcpRead::Block block;
  block.last_sr = 0x00010000;   // 1 s
  block.delay = 0x8000;         // 0.5 s
  const std::uint64_t arrived = static_cast<std::uint64_t>(0x0001c000) << 16;  // 1.75 s
  CHECK(*round_trip_us(arrived, block) == 250'000);
  block.last_sr = 0;
  CHECK_FALSE(round_trip_us(arrived, block));
}

TEST_CASE("frames of 20 ms become frames of 30 and back without an octet lost or doubled") {
  std::vector<std::uint8_t> in, thirty, back;
  Reframer to_thirty, to_twenty;
  std::uint32_t timestamp = 0xffffff60;
  for (int i = 0; i < 60; ++i, timestamp += 160) {
    std::vector<std::uint8_t> frame(160);
    for (std::size_t j = 0; j < 160; ++j) frame[j] = static_cast<std::uint8_t>(i * 7 + static_cast<int>(j));
    in.insert(in.end(), frame.begin(), frame.end());
    to_thirty.add(frame.data(), 160, timestamp, 240, [&](const std::uint8_t* octets, std::size_t count, std::uint32_t at) {
      CHECK(count == 240);
      thirty.insert(thirty.end(), octets, octets + count);
      to_twenty.add(octets, count, at, 160, [&](const std::uint8_t* o, std::size_t n, std::uint32_t) { back.insert(back.end(), o, o + n); });
    });
  }
  CHECK(thirty == in);
  CHECK(back == in);
}

TEST_CASE("a hole in the feed stays a hole: what was held goes out short, at its own time") {
  Reframer reframer;
  std::vector<std::pair<std::size_t, std::uint32_t>> out;
  const auto emit = [&](const std::uint8_t*, std::size_t count, std::uint32_t at) { out.emplace_back(count, at); };
  const std::vector<std::uint8_t> frame(160);
  reframer.add(frame.data(), 160, 0, 240, emit);
  reframer.add(frame.data(), 160, 320, 240, emit);   // 160 is missing
  reframer.add(frame.data(), 160, 160, 240, emit);   // late: dropped
  reframer.add(frame.data(), 160, 480, 240, emit);
  CHECK(out == std::vector<std::pair<std::size_t, std::uint32_t>>{{160, 0}, {240, 320}});
}

TEST_CASE("when the feed changes, numbers go on and the timestamp moves by the time that passed") {
  Outgoing out;
  out.begin(5, 65535, 1000);
  std::uint8_t header[rtp_header_size + 160];
  RtpPacket first, second, sent;
  first.sequence = 9;
  first.timestamp = 500;
  out.follow(16, 9, 500, 1'000'000);
  out.header_as_fed(header, first, 8, 160, 1'000'000);
  REQUIRE(parse_rtp(header, sizeof header, sent));
  CHECK(sent.sequence == 65535);
  CHECK(sent.timestamp == 1000);
  CHECK(sent.marker);
  second.sequence = 30000;
  second.timestamp = 77;
  out.follow(32, 30000, 77, 1'100'000);   // 100 ms later from another leg
  out.header_as_fed(header, second, 8, 160, 1'100'000);
  REQUIRE(parse_rtp(header, sizeof header, sent));
  CHECK(sent.sequence == 0);
  CHECK(sent.timestamp == 1000 + 800);
  CHECK(sent.marker);
  out.header_own(header, 8, 160, 1'120'000);
  REQUIRE(parse_rtp(header, sizeof header, sent));
  CHECK(sent.sequence == 1);
  CHECK(sent.timestamp == 1000 + 960);
}
