#include "media/reception.h"

#include <algorithm>

#include "media/rtp.h"

namespace pasokh::media {
namespace {
constexpr int max_dropout = 3000;    // A.1: a larger step ahead is another start, not loss
constexpr int max_misorder = 100;
constexpr std::int64_t timestamp_leap = 8000;  // a transit that steps by a second is a new clock, not jitter
}  // namespace

Reception::Place Reception::on_packet(std::uint32_t ssrc, std::uint16_t sequence) {
  if (!started_ || ssrc != ssrc_) { restart(ssrc, sequence); return Place::restart; }
  const int step = sequence_distance(static_cast<std::uint16_t>(highest_), sequence);
  if (step > 0 && step < max_dropout) {
    highest_ += step;
    seen_ = step < 64 ? (seen_ << step) | 1 : 1;
    ++received_;
    return Place::next;
  }
  if (step > 0 || step <= -max_misorder) { restart(ssrc, sequence); return Place::restart; }
  const int back = -step;
  if (back < 64) {
    const std::uint64_t bit = std::uint64_t{1} << back;
    if (seen_ & bit) return Place::duplicate;
    seen_ |= bit;
  }
  if (highest_ - back < base_) base_ = highest_ - back;  // came before the one we began with
  ++received_;
  ++reordered_;
  return Place::late;
}

void Reception::restart(std::uint32_t ssrc, std::uint16_t sequence) {
  if (started_) {
    expected_before_ += expected();
    received_before_ += received_;
  }
  started_ = true;
  timed_ = false;
  ssrc_ = ssrc;
  base_ = highest_ = 0x10000 + sequence;  // one cycle up, so that a late packet never goes below zero
  seen_ = 1;
  received_ = 1;
}

void Reception::on_audio(std::uint32_t timestamp, std::int64_t arrived_us) {
  const auto arrived = static_cast<std::uint32_t>(arrived_us * samples_per_ms / 1000);
  const std::uint32_t transit = arrived - timestamp;
  if (timed_) {
    const std::int64_t step = std::abs(static_cast<std::int64_t>(timestamp_distance(transit_, transit)));
    if (step < timestamp_leap) {
      jitter_16_ += static_cast<std::uint32_t>(step) - ((jitter_16_ + 8) >> 4);
      jitter_us_max_ = std::max<std::int64_t>(jitter_us_max_, static_cast<std::int64_t>(jitter_16_) * 1000 / (16 * samples_per_ms));
    }
  }
  timed_ = true;
  transit_ = transit;
}

std::int64_t Reception::lost() const {
  if (!started_) return 0;
  return std::max<std::int64_t>(0, expected_before_ + expected() - received());
}

Reception::Report Reception::take_report() {
  Report report;
  if (!started_) return report;
  const std::int64_t all_expected = expected_before_ + expected();
  const std::int64_t interval = all_expected - reported_expected_, came = received() - reported_received_;
  reported_expected_ = all_expected;
  reported_received_ = received();
  const std::int64_t missing = interval - came;
  if (interval > 0 && missing > 0) report.fraction_lost = static_cast<std::uint8_t>(std::min<std::int64_t>(255, (missing << 8) / interval));
  report.cumulative_lost = static_cast<std::int32_t>(std::clamp<std::int64_t>(expected() - received_, -0x800000, 0x7fffff));
  report.highest = static_cast<std::uint32_t>(highest_ - 0x10000);
  report.jitter = jitter_16_ >> 4;
  return report;
}

}  // namespace pasokh::media
