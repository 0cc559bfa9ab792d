// One RTP stream of ours towards a peer: our own SSRC, one run of sequence numbers and timestamps whatever feeds it (another
// leg, a programme, digits). When the feed changes, numbers go on where they were and the timestamp moves by the time that
// passed (RFC 3550 §5.1); the first packet bears the marker (RFC 3551 §4.1).
#pragma once

#include <algorithm>
#include <cstdint>

#include "media/rtp.h"

namespace pasokh::media {

class Outgoing {
 public:
  using Feed = std::uint64_t;        // 0: none; 1: frames made here; else a leg's stream (Leg::feed())
  static constexpr Feed own_frames = 1;

  void begin(std::uint32_t ssrc, std::uint16_t sequence, std::uint32_t timestamp) {
    ssrc_ = ssrc;
    next_sequence_ = sequence;
    next_timestamp_ = timestamp;
  }

  // Follow `feed`, whose next packet has these numbers.
  void follow(Feed feed, std::uint16_t sequence, std::uint32_t timestamp, std::int64_t now_us) {
    if (feed == feed_) return;
    feed_ = feed;
    catch_up(now_us);
    sequence_offset_ = static_cast<std::uint16_t>(next_sequence_ - sequence);
    timestamp_offset_ = next_timestamp_ - timestamp;
    first_ = sequence;
    marker_ = true;
  }
  // a packet of the feed is not passed on: close the gap in the numbers, or the peer would count it as lost
  void leave_out(Feed feed) { if (feed == feed_) --sequence_offset_; }
  bool is_before_feed(std::uint16_t sequence) const { return sequence_distance(first_, sequence) < 0; }

  // Header for a packet that keeps its number in the feed (loss and order are seen through us) …
  void header_as_fed(std::uint8_t* at, const RtpPacket& packet, std::uint8_t payload_type, std::uint32_t samples, std::int64_t now_us) {
    const auto sequence = static_cast<std::uint16_t>(packet.sequence + sequence_offset_);
    const std::uint32_t timestamp = packet.timestamp + timestamp_offset_;
    write_rtp_header(at, packet.marker || marker_, payload_type, sequence, timestamp, ssrc_);
    if (samples == 0) note_event(timestamp);
    const int ahead = sequence_distance(next_sequence_, sequence);
    gaps_ += ahead >= 0 ? ahead : -1;
    if (ahead >= 0) {
      next_sequence_ = static_cast<std::uint16_t>(sequence + 1);
      next_timestamp_ = timestamp + samples;
      sent_us_ = now_us;
    }
    sent(samples);
  }
  // … for one that takes the next number at a timestamp of the feed (re-framed) …
  void header_renumbered(std::uint8_t* at, std::uint32_t feed_timestamp, bool marker, std::uint8_t payload_type, std::uint32_t samples, std::int64_t now_us) {
    header(at, feed_timestamp + timestamp_offset_, marker, payload_type, samples, now_us);
  }
  // … and for a frame of our own, right after the one before.
  void header_own(std::uint8_t* at, std::uint8_t payload_type, std::uint32_t samples, std::int64_t now_us) {
    if (feed_ != own_frames) {
      feed_ = own_frames;
      catch_up(now_us);
      marker_ = true;
    }
    header(at, next_timestamp_, false, payload_type, samples, now_us);
  }
  // An event (RFC 4733) of our own: all its packets bear one timestamp, taken by open_event().
  std::uint32_t open_event(std::int64_t now_us) {
    feed_ = 0;
    catch_up(now_us);
    if (any_event_ && next_timestamp_ == event_timestamp_) next_timestamp_ += static_cast<std::uint32_t>(last_frame());  // two events are told apart by it alone
    return next_timestamp_;
  }
  void header_event(std::uint8_t* at, std::uint32_t timestamp, bool marker, std::uint8_t payload_type, std::int64_t now_us) {
    header(at, timestamp, marker, payload_type, 0, now_us);
  }

  std::uint32_t ssrc() const { return ssrc_; }
  std::int64_t packets() const { return packets_; }
  std::int64_t octets() const { return octets_; }
  std::int64_t gaps() const { return gaps_; }   // numbers that the feed left out: the peer counts them as lost, but not on its way
  std::uint32_t timestamp_at(std::int64_t now_us) const {
    return next_timestamp_ + static_cast<std::uint32_t>(sent_us_ == 0 ? 0 : (now_us - sent_us_) * samples_per_ms / 1000);
  }

 private:
  void header(std::uint8_t* at, std::uint32_t timestamp, bool marker, std::uint8_t payload_type, std::uint32_t samples, std::int64_t now_us) {
    write_rtp_header(at, marker || marker_, payload_type, next_sequence_++, timestamp, ssrc_);
    next_timestamp_ = timestamp + samples;
    sent_us_ = now_us;
    if (samples == 0) note_event(timestamp);
    sent(samples);
  }
  void note_event(std::uint32_t timestamp) {
    any_event_ = true;
    event_timestamp_ = timestamp;
  }
  void sent(std::uint32_t samples) { marker_ = false; ++packets_; octets_ += samples; }
  // the frame last sent covers up to next_timestamp_; what passed beyond it was silence
  void catch_up(std::int64_t now_us) {
    if (sent_us_ == 0) return;
    const auto passed = static_cast<std::int32_t>((now_us - sent_us_) * samples_per_ms / 1000) - last_frame();
    if (passed > 0) next_timestamp_ += static_cast<std::uint32_t>(passed);
    sent_us_ = now_us;
  }
  static constexpr std::int32_t last_frame() { return 20 * static_cast<std::int32_t>(samples_per_ms); }

  std::uint32_t ssrc_ = 0, next_timestamp_ = 0, timestamp_offset_ = 0;
  std::uint16_t next_sequence_ = 0, sequence_offset_ = 0, first_ = 0;
  bool marker_ = true, any_event_ = false;
  std::uint32_t event_timestamp_ = 0;
  Feed feed_ = 0;
  std::int64_t sent_us_ = 0, packets_ = 0, octets_ = 0, gaps_ = 0;
};

}  // namespace pasokh::media
