// What came in from one peer (RFC 3550 §6.4.1, A.1, A.3, A.8): order, loss, jitter. Totals go on over a change of source.
#pragma once

#include <cstdint>

namespace pasokh::media {

class Reception {
 public:
  enum class Place : std::uint8_t { next, late, duplicate, restart };  // restart: first packet, another SSRC, or a leap in sequence
  Place on_packet(std::uint32_t ssrc, std::uint16_t sequence);
  void on_audio(std::uint32_t timestamp, std::int64_t arrived_us);     // jitter, from audio alone: events repeat their timestamp

  std::uint32_t ssrc() const { return ssrc_; }
  bool started() const { return started_; }
  std::int64_t received() const { return received_before_ + received_; }
  std::int64_t lost() const;
  std::int64_t reordered() const { return reordered_; }
  std::int64_t jitter_us() const { return (jitter_16_ >> 4) * 1000 / 8; }
  std::int64_t jitter_us_max() const { return jitter_us_max_; }

  struct Report {                    // the fields of a report block; taking it starts the next interval
    std::uint8_t fraction_lost = 0;
    std::int32_t cumulative_lost = 0;
    std::uint32_t highest = 0, jitter = 0;
  };
  Report take_report();

 private:
  void restart(std::uint32_t ssrc, std::uint16_t sequence);
  std::int64_t expected() const { return highest_ - base_ + 1; }

  bool started_ = false, timed_ = false;
  std::uint32_t ssrc_ = 0;
  std::int64_t base_ = 0, highest_ = 0;      // extended sequence numbers
  std::uint64_t seen_ = 0;                   // bit n: highest - n has come
  std::int64_t received_ = 0, received_before_ = 0, expected_before_ = 0, reordered_ = 0;
  std::int64_t reported_expected_ = 0, reported_received_ = 0;
  std::uint32_t transit_ = 0, jitter_16_ = 0;  // jitter in samples × 16 (A.8)
  std::int64_t jitter_us_max_ = 0;
};

}  // namespace pasokh::media
