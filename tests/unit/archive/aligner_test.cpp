#include <doctest/doctest.h>

#include "archive/aligner.h"
#include "synthetic_call.h"

using namespace pasokh;
using namespace pasokh::archive;
using namespace pasokh::archive::test;

namespace {

struct Heard {
  ClickEar left, right;
  Duration duration;
  std::int64_t lost = 0, late = 0, gaps_ms = 0;
  std::vector<Mark> marks;
};

Heard align(const SyntheticCall& call) {
  Heard heard;
  Aligner aligner([&](const std::int16_t* stereo, std::size_t frames) {
    for (std::size_t i = 0; i < frames; ++i) { heard.left.hear(stereo[2 * i]); heard.right.hear(stereo[2 * i + 1]); }
  });
  call.play([&](const media::CaptureRecord& record) { aligner.add(record); });
  aligner.finish();
  heard.duration = aligner.duration();
  heard.lost = aligner.lost_packets();
  heard.late = aligner.late_packets();
  heard.gaps_ms = aligner.gaps_ms();
  heard.marks = aligner.marks();
  return heard;
}

void check_clicks(const Heard& heard, const std::vector<double>& clicks, double allowed_ms) {
  for (const auto* ear : {&heard.left, &heard.right}) {
    const auto errors = ear->against(clicks);
    CAPTURE(errors.found);
    CHECK(errors.missed <= clicks.size() / 20 + 1);  // one packet in a hundred was lost, clicks with it
    CHECK(errors.worst_ms <= allowed_ms);
  }
  // to each other: whatever is heard on both sides within 200 ms belongs together
  CHECK(heard.left.against(heard.right.heard).worst_ms <= allowed_ms);
}

media::CaptureRecord packet(std::int64_t ms, std::uint16_t sequence, std::uint32_t timestamp, std::string_view bytes, bool agent = false, std::uint32_t ssrc = 7) {
  media::CaptureRecord record;
  record.arrived_us = 1'000'000'000 + ms * 1'000;
  record.agent = agent;
  record.payload = 0;
  record.sequence = sequence;
  record.timestamp = timestamp;
  record.ssrc = ssrc;
  record.bytes = bytes;
  return record;
}

}  // namespace

// A3: both channels aligned to each other and to real time within 20 ms over an hour. PCM stage; the same
// call goes through Opus, shorter, in finish_test.cpp.
TEST_CASE("clicks of an hour stay within 20 ms of real time and of each other, with skew, loss, jitter and holds") {
  SyntheticCall call;
  call.length_s = 3'600;
  call.click_every_s = 7;
  call.customer = {.skew_ppm = 100, .pauses = {{600, 640, Pause::goes_on}, {1'500, 1'560, Pause::frozen}}};
  call.agent = {.skew_ppm = -100, .pauses = {{601, 639, Pause::frozen}, {2'400, 2'700, Pause::new_stream}, {3'000, 3'010, Pause::goes_on}}};
  call.marks = {{600, "hold"}, {640, "resume"}};
  const auto heard = align(call);

  auto clicks_left = call.clicks(), clicks_right = clicks_left;
  std::erase_if(clicks_left, [](double t) { return (t > 599.9 && t < 640.1) || (t > 1'499.9 && t < 1'560.1); });
  std::erase_if(clicks_right, [](double t) { return (t > 600.9 && t < 639.1) || (t > 2'399.9 && t < 2'700.1) || (t > 2'999.9 && t < 3'010.1); });
  const auto left = heard.left.against(clicks_left), right = heard.right.against(clicks_right);
  CHECK(left.worst_ms <= 20);
  CHECK(right.worst_ms <= 20);
  CHECK(left.missed <= clicks_left.size() / 40);
  CHECK(right.missed <= clicks_right.size() / 40);
  CHECK(heard.left.against(heard.right.heard).worst_ms <= 20);
  CHECK(std::abs(heard.duration.ms() - 3'600'000) < 100);
  CHECK(heard.lost > 2'500);  // 1 % of 2 × 180,000, less the holds
  CHECK(heard.lost < 4'500);
  CHECK(heard.late == 0);
  REQUIRE(heard.marks.size() == 2);
  CHECK(heard.marks[0].name == "hold");
  CHECK(std::abs(heard.marks[0].at.ms() - 600'000) < 30);
  MESSAGE("worst: left " << left.worst_ms << " ms, right " << right.worst_ms << " ms, each other " << heard.left.against(heard.right.heard).worst_ms << " ms");
}

TEST_CASE("a clock 200 ppm wrong on either side is followed") {
  for (const double skew : {200.0, -200.0}) {
    SyntheticCall call;
    call.length_s = 900;
    call.customer.skew_ppm = skew;
    call.agent.skew_ppm = -skew;
    check_clicks(align(call), call.clicks(), 10);
  }
}

TEST_CASE("packets of 10, 30 and 60 ms are placed alike, in A-law and µ-law") {
  for (const std::int64_t samples : {80, 240, 480}) {
    SyntheticCall call;
    call.customer.samples = samples;
    call.customer.payload = 0;
    call.customer.lost_one_in = call.agent.lost_one_in = 0;
    check_clicks(align(call), call.clicks(), 10);
  }
}

TEST_CASE("a way that becomes 150 ms longer in mid-call is followed from there on, and not before") {
  SyntheticCall call;
  call.length_s = 60;
  call.customer.delay_from_s = 30;
  call.customer.delay_us = 150'000;
  const auto heard = align(call);
  auto before = call.clicks(), after = before;
  std::erase_if(before, [](double t) { return t > 30; });
  std::erase_if(after, [](double t) { return t < 30; });
  CHECK(heard.left.against(before).worst_ms <= 20);
  CHECK(heard.left.against(after, 0.15).worst_ms <= 20);
  CHECK(heard.left.against(after, 0.15).found + 1 >= after.size());
}

TEST_CASE("a stall of one second and the burst after it do not move the audio") {
  const std::string loud(160, '\0');  // µ-law 0x00: the loudest
  ClickEar ear;
  Aligner aligner([&](const std::int16_t* stereo, std::size_t frames) { for (std::size_t i = 0; i < frames; ++i) ear.hear(stereo[2 * i]); });
  const std::string quiet(160, '\xff');
  for (int k = 0; k < 500; ++k) {
    const auto sent = 20 * k;
    const auto arrived = sent >= 4'000 && sent < 5'000 ? 5'000 : sent;  // held back, then all at once
    aligner.add(packet(arrived, static_cast<std::uint16_t>(k), static_cast<std::uint32_t>(160 * k), k % 100 == 25 ? loud : quiet));
  }
  aligner.finish();
  CHECK(ear.heard.size() == 5);
  CHECK(ear.against({0.54, 2.54, 4.54, 6.54, 8.54}).worst_ms <= 1);  // 40 ms of room before the first packet
}

TEST_CASE("lost packets leave silence of their length and nothing moves") {
  std::vector<std::int16_t> out;
  Aligner aligner([&](const std::int16_t* stereo, std::size_t frames) { for (std::size_t i = 0; i < frames; ++i) out.push_back(stereo[2 * i]); });
  const std::string loud(160, '\0');
  for (int k = 0; k < 100; ++k)
    if (k != 50 && k != 51) aligner.add(packet(20 * k, static_cast<std::uint16_t>(65'500 + k), static_cast<std::uint32_t>(160 * k - 8'000), loud));  // both wrap
  aligner.finish();
  const auto silent = std::count(out.begin() + 320, out.end(), 0);
  CHECK(silent == 320);
  CHECK(out[320 + 50 * 160] == 0);
  CHECK(out[320 + 50 * 160 - 1] != 0);
  CHECK(out[320 + 52 * 160] != 0);
  CHECK(aligner.lost_packets() == 2);
  CHECK(aligner.gaps_ms() == 0);      // too short to be marked
}

TEST_CASE("packets in the wrong order and twice give the same audio as in order") {
  const auto run = [](bool disturbed) {
    std::vector<std::int16_t> out;
    Aligner aligner([&](const std::int16_t* stereo, std::size_t frames) { out.insert(out.end(), stereo, stereo + 2 * frames); });
    std::vector<std::pair<int, int>> arrivals;  // ms, packet
    for (int k = 0; k < 198; ++k) arrivals.emplace_back(20 * k + (disturbed && k % 7 == 3 ? 45 : 0), k);
    std::sort(arrivals.begin(), arrivals.end());
    for (const auto& [ms, k] : arrivals) {
      const std::string bytes(160, static_cast<char>(k));
      const auto record = packet(ms, static_cast<std::uint16_t>(k), static_cast<std::uint32_t>(160 * k), bytes);
      aligner.add(record);
      if (disturbed) aligner.add(record);
    }
    aligner.finish();
    return out;
  };
  CHECK(run(true) == run(false));
}

// "kill -9 of a media worker: … the recording has the gap marked."
TEST_CASE("a worker's death is a gap, marked once though both sides missed it") {
  const std::string bytes(160, '\0');
  Aligner aligner([](const std::int16_t*, std::size_t) {});
  for (int k = 0; k < 500; ++k) {
    if (k == 250) {
      auto epoch = packet(5'300, 0, 0, {});
      epoch.kind = media::CaptureRecord::Kind::epoch;
      aligner.add(epoch);
    }
    if (k >= 200 && k < 275) continue;  // 4.0 s to 5.5 s never reached a disk
    for (const bool agent : {false, true}) aligner.add(packet(20 * k, static_cast<std::uint16_t>(k), static_cast<std::uint32_t>(160 * k), bytes, agent, agent ? 8 : 7));
  }
  aligner.finish();
  const auto marks = aligner.marks();
  REQUIRE(marks.size() == 1);
  CHECK(marks[0].name == "gap");
  CHECK(std::abs(marks[0].at.ms() - 4'040) <= 40);
  CHECK(std::abs(marks[0].length.ms() - 1'500) <= 40);
  CHECK(aligner.gaps_ms() == marks[0].length.ms());
  CHECK(aligner.lost_packets() == 150);
}

TEST_CASE("keypad events keep their sequence numbers: they are not counted as lost") {
  const std::string bytes(160, '\0');
  Aligner aligner([](const std::int16_t*, std::size_t) {});
  for (int k = 0; k < 100; ++k) {
    auto record = packet(20 * k, static_cast<std::uint16_t>(k), static_cast<std::uint32_t>(160 * k), bytes);
    if (k >= 40 && k < 50) { record.kind = media::CaptureRecord::Kind::event; record.payload = 101; record.timestamp = 160 * 40; record.bytes = std::string_view("\x05\x0a\x03\x20", 4); }
    aligner.add(record);
  }
  aligner.finish();
  CHECK(aligner.lost_packets() == 0);
}

TEST_CASE("a capture without audio is empty, and wild numbers neither crash nor fill the disk") {
  Aligner none([](const std::int16_t*, std::size_t) {});
  none.finish();
  CHECK(none.empty());

  std::int64_t frames = 0;
  Aligner wild([&](const std::int16_t*, std::size_t n) { frames += static_cast<std::int64_t>(n); });
  Random random{42};
  const std::string bytes(1'500, '\x55');
  std::int64_t ms = 0;
  for (int k = 0; k < 20'000; ++k) {
    ms += random.below(40) - 10;
    wild.add(packet(ms, static_cast<std::uint16_t>(random.next()), static_cast<std::uint32_t>(random.next()), std::string_view(bytes).substr(0, static_cast<std::size_t>(random.below(1'500))), random.one_in(2), static_cast<std::uint32_t>(random.below(9))));
  }
  wild.add(packet(INT64_MAX / 2'000, 1, 1, bytes));  // a clock gone mad
  wild.finish();
  CHECK(frames < 8 * (ms + 30'000));
}
