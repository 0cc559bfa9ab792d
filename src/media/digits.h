// Digits: RFC 4733 telephone-events in and out, and DTMF heard in the audio itself.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "media/outgoing.h"

namespace pasokh::media {

struct Digit {
  char digit = 0;                    // 0-9 * # A-D
  std::int32_t duration_ms = 0;
};

// Many packets tell one event; each is reported once, when it has ended (§2.5.1.2-4).
class EventReceiver {
 public:
  std::optional<Digit> on_packet(const std::uint8_t* payload, std::size_t size, std::uint32_t timestamp, std::int64_t now_us);
  std::optional<Digit> on_time(std::int64_t now_us);  // all three end packets may have been lost
  bool under_way() const { return under_way_; }

 private:
  std::optional<Digit> finish();

  bool under_way_ = false, any_ = false;
  std::uint8_t event_ = 0;
  std::uint32_t timestamp_ = 0, duration_ = 0, segments_ = 0;
  std::int64_t last_us_ = 0;
};

// Digits on their way to a peer, a packet each 20 ms, the end three times (§2.5.1.4).
class EventSender {
 public:
  void add(std::string_view digits);  // beyond 64 waiting ones are dropped; what is no digit is left out
  bool active() const { return next_ < waiting_.size() || packets_ > 0 || pause_until_us_ > 0; }
  bool speaking() const { return packets_ > 0; }  // the audio gives way
  // writes one packet into `packet` (16 bytes at least) and returns its size when one is due
  std::size_t packet_due(std::uint8_t* packet, Outgoing&, std::uint8_t payload_type, std::int64_t now_us);

 private:
  std::string waiting_;
  std::size_t next_ = 0;
  int packets_ = 0;
  std::uint32_t timestamp_ = 0;
  std::int64_t due_us_ = 0, pause_until_us_ = 0;
};

std::optional<std::uint8_t> event_of(char digit);
char digit_of(std::uint8_t event);    // 0: not a digit

// Off the fast path: only for legs whose peer cannot send events.
class InBandDetector {
 public:
  InBandDetector();
  ~InBandDetector();
  InBandDetector(const InBandDetector&) = delete;
  InBandDetector& operator=(const InBandDetector&) = delete;
  // at most one digit ends within a packet
  std::optional<Digit> on_audio(const std::uint8_t* octets, std::size_t count, bool is_alaw);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pasokh::media
