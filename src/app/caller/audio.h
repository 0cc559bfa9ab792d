// The audio side of one test call: sends G.711 every 20 ms, measures and keeps what it hears, keypad digits both ways (RFC 4733).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/caller/loop.h"
#include "base/result.h"
#include "sip/address.h"

namespace pasokh::app::caller {

using Samples = std::shared_ptr<const std::vector<std::int16_t>>;   // mono, 8 kHz

struct AudioFigures {
  std::int64_t sent = 0, received = 0, lost = 0, largest_gap_ms = 0;
  double jitter_ms = 0;                                 // RFC 3550 §6.4.1
  std::string digits;                                   // heard
};

class Audio {
 public:
  explicit Audio(Loop& loop) : loop_(loop) {}
  ~Audio();
  Audio(const Audio&) = delete;
  Audio& operator=(const Audio&) = delete;

  Result<> open(const std::string& local_ip);           // an even port of the system's choice
  std::uint16_t port() const { return port_; }
  // Where and how to send; takes effect at the next packet. Sending starts with the first call.
  struct Plan { sip::Address remote; std::uint8_t payload = 8; int digits_payload = -1; bool send = true; };
  void set_plan(const Plan&);
  const Plan& plan() const { return plan_; }

  void play(Samples, bool repeat, std::function<void()> played_out = {});   // from the next packet on; silence afterwards
  void send_digits(const std::string& digits);
  void keep_heard(std::size_t samples_max) { heard_max_ = samples_max; }
  const std::vector<std::int16_t>& heard() const { return heard_; }
  const AudioFigures& figures() const { return figures_; }
  std::function<void(char)> on_digit;

 private:
  void send_packet();
  bool send_digit_packet();
  void send_bytes(std::uint8_t payload, bool marker, std::uint32_t timestamp, std::string_view body);
  void receive();
  void take(std::string_view datagram);
  void measure(std::uint16_t sequence, std::uint32_t timestamp, std::uint32_t ssrc);
  void keep(std::uint8_t payload, std::uint32_t timestamp, std::string_view body);

  Loop& loop_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  Plan plan_;
  // sending
  bool sending_ = false;
  Instant next_send_;
  Loop::TimerId timer_{};
  std::uint16_t sequence_ = 0;
  std::uint32_t timestamp_ = 0, ssrc_ = 0;
  bool talking_before_ = false;
  Samples playing_;
  std::size_t played_ = 0;
  bool repeat_ = false;
  std::function<void()> played_out_;
  struct Digit { std::uint8_t event; int packet = 0; std::uint32_t timestamp = 0; };
  std::deque<Digit> digits_;
  // hearing
  AudioFigures figures_;
  std::uint32_t heard_ssrc_ = 0, first_timestamp_ = 0, last_digit_timestamp_ = 0;
  bool heard_any_ = false, digit_any_ = false;
  std::int64_t first_place_ = 0, highest_ = 0, expected_before_ = 0, base_ = 0, transit_ = 0;
  double jitter_ = 0;                                   // samples
  Instant first_heard_, last_heard_;
  std::size_t heard_max_ = 0;
  std::vector<std::int16_t> heard_;
};

}  // namespace pasokh::app::caller
