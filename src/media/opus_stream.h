// Opus on a browser's leg (RFC 6716, RFC 7587): what it says becomes G.711 and what it hears is made of G.711, so that the rest of
// the worker knows one sound only. Against loss, both ways: each packet also bears the sound before it (in-band FEC). Mono, 8 kHz,
// frames of 20 ms; made when a leg first needs it (18 KB to hear, 43 KB to speak).
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "media/rtp.h"
#include "media/wire.h"

struct OpusDecoder;
struct OpusEncoder;

namespace pasokh::media {

// Decodes in the order of arrival. A hole is filled when the packet after it comes: the frame right before it from what it bears
// of it, those before by guessing; so a lost frame comes 20 ms late, which the jitter buffer at the other end takes for jitter.
class OpusReceiver {
 public:
  struct Frame {                       // in the numbers of a G.711 stream
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;
    std::size_t count = 0;
    std::array<std::int16_t, 60 * samples_per_ms> samples;
  };
  struct Figures { std::int64_t packets = 0, recovered = 0, concealed = 0, refused = 0; };

  OpusReceiver();
  bool active() const { return active_; }
  void start(const RtpPacket& first);  // the browser speaks Opus from here on …
  void stop() { active_ = false; }     // … and no longer
  // Not for late packets: their place has been filled.
  template <class Emit>
  void take(const RtpPacket& packet, Emit&& emit) {
    Frame frame;
    for (int before = open(packet); before >= 0; --before) {
      fill(packet, before, frame);
      if (frame.count > 0) emit(frame);
    }
  }
  std::uint32_t at_8khz(std::uint32_t timestamp);  // RFC 7587 §4.1: its clock is 48 kHz
  const Figures& figures() const { return figures_; }

 private:
  struct Free { void operator()(OpusDecoder*) const; };
  int open(const RtpPacket&);          // how many missing frames are made up for
  void fill(const RtpPacket&, int before, Frame&);
  int guess(Frame&) const;

  std::unique_ptr<OpusDecoder, Free> decoder_;
  Figures figures_;
  bool active_ = false;
  std::uint16_t next_sequence_ = 0;
  std::uint32_t base_48khz_ = 0, base_8khz_ = 0;
  int usual_ = 20 * samples_per_ms;    // samples a packet
};

// Encodes what would have been sent as G.711. Its timestamps begin where those of G.711 were and run six times as fast.
class OpusSender {
 public:
  static constexpr std::size_t largest = 240;      // a frame of 20 ms at 24 kbit/s has 60 octets

  explicit OpusSender(std::uint32_t timestamp_now);
  // header: a G.711 packet, count octets behind it. Writes the packet to send; 0: there is none.
  std::size_t encode(const std::uint8_t* header, std::size_t count, Codec law, std::uint8_t payload_type, std::uint8_t* packet);
  std::uint32_t at_48khz(std::uint32_t timestamp) const { return base_ + (timestamp - base_) * 6; }
  // what the browser reported; the encoder gives so much room to FEC
  void expect_loss(std::int64_t lost, std::int64_t of);
  std::int64_t packets() const { return packets_; }

 private:
  struct Free { void operator()(OpusEncoder*) const; };
  std::unique_ptr<OpusEncoder, Free> encoder_;
  std::uint32_t base_;
  std::int64_t packets_ = 0;
  std::int64_t loss_permille_ = -1;    // smoothed; -1: nothing was reported yet
};

// Does the packet bear the frame before it (RFC 6716 §4.2.4)? Of packets with one frame only; others: no.
bool bears_the_frame_before(const std::uint8_t* opus, std::size_t size);

}  // namespace pasokh::media
