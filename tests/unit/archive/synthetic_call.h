// A call as a worker would have captured it, from a known truth: clicks at known moments of real time, sent by two phones with
// wrong clocks through a bad network. Seeded; records come in the order of arrival.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "media/capture.h"
#include "media/g711.h"

namespace pasokh::archive::test {

struct Random {                        // the same on every compiler
  std::uint64_t state;
  std::uint64_t next() { state ^= state << 13; state ^= state >> 7; state ^= state << 17; return state; }
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(n)); }
  bool one_in(std::int64_t n) { return n > 0 && below(n) == 0; }
};

struct Pause {                         // the phone sends nothing from `from_s` to `to_s`
  double from_s, to_s;
  enum After { goes_on, frozen, new_stream } after = goes_on;  // its timestamps meanwhile; or another SSRC afterwards
};

struct Party {
  double skew_ppm = 0;                 // > 0: its clock runs fast
  std::int64_t jitter_us = 30'000;     // uniform from 0
  std::int64_t lost_one_in = 100, doubled_one_in = 200;
  std::int64_t samples = 160;          // per packet
  std::uint8_t payload = 8;
  std::vector<Pause> pauses;
  double delay_from_s = 1e18;          // from then on…
  std::int64_t delay_us = 0;           // …the way is so much longer
};

struct SyntheticCall {
  double length_s = 60, click_every_s = 5, first_click_s = 2.5;
  Party customer, agent;
  std::uint64_t seed = 1;
  std::int64_t epoch_us = 1'790'000'000'000'000;
  std::vector<std::pair<double, std::string>> marks;

  std::vector<double> clicks() const {
    std::vector<double> at;
    for (double t = first_click_s; t < length_s - 1; t += click_every_s) at.push_back(t);
    return at;
  }

  // The sound at a moment of real time: 4 ms of a loud 1 kHz tone at each click, else a murmur.
  std::int16_t sound(double t) const {
    const double since = std::fmod(t - first_click_s + 10 * click_every_s, click_every_s);
    if (t >= first_click_s - 1e-9 && since < 0.004) return static_cast<std::int16_t>(24'000 * std::cos(2 * M_PI * 1'000 * since));
    return static_cast<std::int16_t>(300 * std::sin(2 * M_PI * 200 * t));
  }

  void play(const std::function<void(const media::CaptureRecord&)>& sink) const {
    struct Packet { std::int64_t arrived_us; bool agent; double first_s; std::uint16_t sequence; std::uint32_t timestamp, ssrc; };
    std::vector<Packet> packets;
    for (const bool is_agent : {false, true}) {
      const auto& party = is_agent ? agent : customer;
      Random random{seed * 7919 + (is_agent ? 104'729u : 15'485'863u)};
      const double sample_s = 1.0 / (8'000 * (1 + party.skew_ppm * 1e-6));
      auto sequence = static_cast<std::uint16_t>(random.next());
      auto base = static_cast<std::uint32_t>(random.next()), ssrc = static_cast<std::uint32_t>(random.next());
      std::size_t pause = 0;
      bool paused = false;
      for (std::int64_t sample = 0;; sample += party.samples) {
        const double t = static_cast<double>(sample) * sample_s;
        if (t > length_s) break;
        if (pause < party.pauses.size() && t >= party.pauses[pause].to_s) {
          if (party.pauses[pause].after == Pause::new_stream) { base = static_cast<std::uint32_t>(random.next()); ssrc = static_cast<std::uint32_t>(random.next()); sequence = static_cast<std::uint16_t>(random.next()); }
          ++pause;
          paused = false;
        }
        if (pause < party.pauses.size() && t >= party.pauses[pause].from_s) paused = true;
        if (paused) {
          if (party.pauses[pause].after == Pause::frozen) base -= static_cast<std::uint32_t>(party.samples);
          continue;
        }
        ++sequence;
        const auto late = party.jitter_us > 0 ? random.below(party.jitter_us) : 0;
        const auto way = t >= party.delay_from_s ? party.delay_us : 0;
        const bool lost = random.one_in(party.lost_one_in), doubled = random.one_in(party.doubled_one_in);
        // sent when its last sample is known; a packet of 20 ms counts as sent at its first (aligner.h)
        const double sent_s = static_cast<double>(sample + party.samples - 160) * sample_s;
        Packet packet{epoch_us + static_cast<std::int64_t>(sent_s * 1e6) + late + way, is_agent, t, sequence, base + static_cast<std::uint32_t>(sample), ssrc};
        if (!lost) packets.push_back(packet);
        if (!lost && doubled) { packet.arrived_us += 5'000; packets.push_back(packet); }
      }
    }
    std::stable_sort(packets.begin(), packets.end(), [](const Packet& a, const Packet& b) { return a.arrived_us < b.arrived_us; });
    media::CaptureRecord record;
    record.kind = media::CaptureRecord::Kind::epoch;
    record.arrived_us = epoch_us;
    sink(record);
    auto mark = marks.begin();
    std::string bytes;
    for (const auto& packet : packets) {
      for (; mark != marks.end() && epoch_us + static_cast<std::int64_t>(mark->first * 1e6) <= packet.arrived_us; ++mark) {
        media::CaptureRecord said;
        said.kind = media::CaptureRecord::Kind::mark;
        said.arrived_us = epoch_us + static_cast<std::int64_t>(mark->first * 1e6);
        said.bytes = mark->second;
        sink(said);
      }
      const auto& party = packet.agent ? agent : customer;
      const double sample_s = 1.0 / (8'000 * (1 + party.skew_ppm * 1e-6));
      bytes.clear();
      for (std::int64_t i = 0; i < party.samples; ++i) {
        const auto linear = sound(packet.first_s + static_cast<double>(i) * sample_s);
        bytes += static_cast<char>(party.payload == 8 ? media::linear_to_alaw(linear) : media::linear_to_ulaw(linear));
      }
      record.kind = media::CaptureRecord::Kind::audio;
      record.arrived_us = packet.arrived_us;
      record.agent = packet.agent;
      record.payload = party.payload;
      record.sequence = packet.sequence;
      record.timestamp = packet.timestamp;
      record.ssrc = packet.ssrc;
      record.bytes = bytes;
      sink(record);
    }
  }
};

// Hears the clicks of one channel again: moments at which a loud stretch begins, in seconds from the recording's beginning.
class ClickEar {
 public:
  explicit ClickEar(int threshold = 10'000) : threshold_(threshold) {}
  void hear(std::int16_t sample) {
    if (std::abs(static_cast<int>(sample)) > threshold_) {
      if (at_ - last_loud_ > 800) heard.push_back(static_cast<double>(at_) / 8'000);
      last_loud_ = at_;
    }
    ++at_;
  }
  std::vector<double> heard;
  // distance of each expected click from the nearest one heard, ms; not heard within 200 ms: left out
  struct Errors { double worst_ms = 0; std::size_t found = 0, missed = 0; };
  Errors against(const std::vector<double>& expected, double shift_s = 0) const {
    Errors errors;
    for (const double t : expected) {
      const auto near = std::min_element(heard.begin(), heard.end(), [&](double a, double b) { return std::abs(a - t - shift_s) < std::abs(b - t - shift_s); });
      if (near == heard.end() || std::abs(*near - t - shift_s) > 0.2) { ++errors.missed; continue; }
      ++errors.found;
      errors.worst_ms = std::max(errors.worst_ms, std::abs(*near - t - shift_s) * 1'000);
    }
    return errors;
  }
 private:
  int threshold_;
  std::int64_t at_ = 0, last_loud_ = -100'000;
};

}  // namespace pasokh::archive::test
