#include "media/digits.h"

#include <spandsp.h>

#include <algorithm>
#include <array>

#include "media/g711.h"

namespace pasokh::media {
namespace {

constexpr std::string_view digits_by_event = "0123456789*#ABCD";   // RFC 4733 table 3
constexpr std::int64_t event_lost_us = 200'000;                    // longer than any interval between the packets of one event
constexpr std::uint32_t segment_full = 0xffff;                     // §2.5.1.3: a longer event goes on in another segment

constexpr std::int32_t late = 80'000;                              // samples: a late packet of an event that is over

constexpr std::int64_t packet_interval_us = 20'000, pause_us = 80'000;
constexpr std::uint32_t packet_samples = 160;
constexpr int tone_packets = 5, end_packets = 3;                   // 100 ms
constexpr std::uint8_t volume = 10;                                // -10 dBm0
constexpr std::size_t most_waiting = 64;

}  // namespace

std::optional<std::uint8_t> event_of(char digit) {
  if (digit >= 'a' && digit <= 'd') digit = static_cast<char>(digit - 'a' + 'A');
  const auto at = digits_by_event.find(digit);
  if (at == digits_by_event.npos) return std::nullopt;
  return static_cast<std::uint8_t>(at);
}

char digit_of(std::uint8_t event) { return event < digits_by_event.size() ? digits_by_event[event] : '\0'; }

std::optional<Digit> EventReceiver::on_packet(const std::uint8_t* payload, std::size_t size, std::uint32_t timestamp, std::int64_t now_us) {
  if (size < 4) return std::nullopt;
  const std::uint8_t event = payload[0];
  const bool end = (payload[1] & 0x80) != 0;
  const std::uint32_t duration = get16(payload + 2);
  if (digit_of(event) == 0) return std::nullopt;    // flash, tones: not digits
  std::optional<Digit> before;
  const bool next_segment = under_way_ && event == event_ && timestamp == timestamp_ + segment_full;
  if (next_segment) {
    segments_ += segment_full;
    timestamp_ = timestamp;
    duration_ = 0;
  } else if (!any_ || timestamp != timestamp_) {
    if (any_ && timestamp_distance(timestamp, timestamp_) > 0 && timestamp_distance(timestamp, timestamp_) < late) return std::nullopt;
    before = finish();
    any_ = under_way_ = true;
    event_ = event;
    timestamp_ = timestamp;
    duration_ = segments_ = 0;
  } else if (!under_way_) {
    return std::nullopt;                            // the end, told again
  }
  duration_ = std::max(duration_, duration);
  last_us_ = now_us;
  if (!end) return before;
  if (!before) return finish();
  return before;                                    // its own end is told again, or on_time() finds it
}

std::optional<Digit> EventReceiver::on_time(std::int64_t now_us) {
  if (!under_way_ || now_us - last_us_ < event_lost_us) return std::nullopt;
  return finish();
}

std::optional<Digit> EventReceiver::finish() {
  if (!under_way_) return std::nullopt;
  under_way_ = false;
  return Digit{digit_of(event_), static_cast<std::int32_t>((segments_ + duration_) / samples_per_ms)};
}

void EventSender::add(std::string_view digits) {
  if (next_ == waiting_.size()) { waiting_.clear(); next_ = 0; }
  for (const char digit : digits)
    if (event_of(digit) && waiting_.size() - next_ < most_waiting) waiting_.push_back(digit);
}

std::size_t EventSender::packet_due(std::uint8_t* packet, Outgoing& out, std::uint8_t payload_type, std::int64_t now_us) {
  if (packets_ == 0) {
    if (now_us < pause_until_us_) return 0;
    pause_until_us_ = 0;
    if (next_ == waiting_.size()) return 0;
    timestamp_ = out.open_event(now_us);
    due_us_ = now_us;
  }
  if (now_us < due_us_) return 0;
  const bool first = packets_ == 0, end = packets_ >= tone_packets;
  const auto duration = static_cast<std::uint32_t>(std::min(packets_ + 1, tone_packets)) * packet_samples;
  out.header_event(packet, timestamp_, first, payload_type, now_us);
  std::uint8_t* event = packet + rtp_header_size;
  event[0] = *event_of(waiting_[next_]);
  event[1] = static_cast<std::uint8_t>((end ? 0x80 : 0) | volume);
  put16(event + 2, static_cast<std::uint16_t>(duration));
  due_us_ += packet_interval_us;
  if (++packets_ == tone_packets + end_packets) {
    packets_ = 0;
    ++next_;
    pause_until_us_ = now_us + pause_us;
  }
  return rtp_header_size + 4;
}

struct InBandDetector::State {
  dtmf_rx_state_t* receiver = nullptr;
  std::int64_t samples = 0, began = 0;
  char digit = 0;
  std::optional<Digit> ended;

  static void on_change(void* self, int code, int, int) {
    auto& state = *static_cast<State*>(self);
    if (state.digit) state.ended = Digit{state.digit, static_cast<std::int32_t>((state.samples - state.began) / samples_per_ms)};
    state.digit = static_cast<char>(code);
    state.began = state.samples;
  }
};

InBandDetector::InBandDetector() : state_(std::make_unique<State>()) {
  state_->receiver = dtmf_rx_init(nullptr, nullptr, nullptr);
  if (state_->receiver) dtmf_rx_set_realtime_callback(state_->receiver, &State::on_change, state_.get());
}

InBandDetector::~InBandDetector() {
  if (state_->receiver) dtmf_rx_free(state_->receiver);
}

std::optional<Digit> InBandDetector::on_audio(const std::uint8_t* octets, std::size_t count, bool is_alaw) {
  if (!state_->receiver) return std::nullopt;
  state_->ended.reset();
  std::array<std::int16_t, 102> linear;  // one block of the detector's Goertzel filters
  while (count > 0) {
    const std::size_t taken = std::min(count, linear.size());
    for (std::size_t i = 0; i < taken; ++i) linear[i] = is_alaw ? alaw_to_linear(octets[i]) : ulaw_to_linear(octets[i]);
    state_->samples += static_cast<std::int64_t>(taken);
    dtmf_rx(state_->receiver, linear.data(), static_cast<int>(taken));
    octets += taken;
    count -= taken;
  }
  return state_->ended;
}

}  // namespace pasokh::media
