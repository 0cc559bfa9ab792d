// The hot path: a packet in, checked once, to whoever hears the leg. No lock, no allocation, no log line, one system call to
// receive and one for each listener. Also what is paced by the worker's tick: programmes and digits.
#pragma once

#include "media/leg.h"

namespace pasokh::media {

// What the relay tells the outside; the worker sends it to control.
class RelayEvents {
 public:
  virtual void heard_first(Leg&) = 0;
  virtual void heard_digit(Leg&, Digit) = 0;
  virtual void programme_done(Leg&) = 0;

 protected:
  ~RelayEvents() = default;
};

class Captures;

class Relay {
 public:
  Relay(Transport& transport, Captures& captures, RelayEvents& events) : transport_(transport), captures_(captures), events_(events) {}

  void on_rtp(Leg&, std::uint8_t* bytes, std::size_t size, const Address& from, std::int64_t now_us);
  // frames of programmes and digits that are due; call it each tick for legs with is_paced()
  void on_tick(Leg&, std::int64_t now_us);
  static bool is_paced(const Leg& leg) { return leg.programme_active || leg.event_sender.active(); }

  std::int64_t packets() const { return packets_; }

 private:
  void take_opus(Leg&, const RtpPacket&, bool late, std::int64_t now_us);
  void take_sound(Leg&, RtpPacket&, bool late, std::int64_t now_us);
  void pass_audio(Leg& from, Leg& to, RtpPacket&, bool late, std::int64_t now_us);
  void pass_reframed(Leg& from, Leg& to, const RtpPacket&, std::int64_t now_us);
  void pass_event(Leg& from, Leg& to, const RtpPacket&, bool late, std::int64_t now_us);
  void leave_out(Leg& from);
  void play(Leg&, std::int64_t now_us);
  void send_digits(Leg&, std::int64_t now_us);
  void send_audio(Leg&, const std::uint8_t* packet, std::size_t count);
  void send_event(Leg&, std::uint8_t* packet, std::size_t size);
  void send(Leg&, const std::uint8_t* packet, std::size_t size);

  Transport& transport_;
  Captures& captures_;
  RelayEvents& events_;
  std::int64_t packets_ = 0;
};

}  // namespace pasokh::media
