// Puts what both sides of a call sent on one line of real time: records of a capture in, stereo samples at 8 kHz out.
//
// A packet's place is its RTP timestamp plus an offset. The offset is what separates the sender's clock from ours plus the
// shortest way through the network: the smallest (arrival − timestamp) of the seconds around the packet. That rides out jitter,
// reordering and loss, and follows clock skew: the audio is stretched or shrunk by one sample per packet (at ±200 ppm about
// three samples in two seconds). A step that stays (path changed, timestamp frozen during hold, stream replaced) is taken at once.
// Where nothing came, there is silence. A packet is sent when its last sample is known, so a packet of 60 ms began 40 ms earlier
// than one of 20 ms that came at the same moment: delays are taken at the packet's end, and 20 ms count as none.
//
// Memory: `look_ahead` of packets and a few seconds of samples, whatever the length of the call. Pure: no clock, no I/O.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "archive/archive.h"
#include "media/capture.h"

namespace pasokh::archive {

inline constexpr std::int64_t sample_rate = 8'000;

// `frames` pairs, interleaved left (customer), right (agent).
using PcmSink = std::function<void(const std::int16_t* stereo, std::size_t frames)>;

class Aligner {
 public:
  explicit Aligner(PcmSink sink);
  void add(const media::CaptureRecord&);      // in the order of arrival
  void finish();                              // once: everything that is held goes out

  bool empty() const { return !has_audio_; }
  Instant started() const { return Instant{start_us_}; }
  Duration duration() const { return Duration{written_ * 1'000'000 / sample_rate}; }
  std::int64_t lost_packets() const;
  std::int64_t late_packets() const { return late_; }
  std::int64_t gaps_ms() const;
  std::vector<Mark> marks() const;            // in order of time, at most marks_max

 private:
  struct Held {                               // a packet that waits for the packets after it
    std::int64_t arrived_us = 0;
    std::int64_t timestamp = 0;               // extended to 64 bits, samples
    std::int64_t delay = 0;                   // arrival − timestamp of the end (+ 20 ms), samples
    std::uint64_t run = 0;
    std::uint8_t payload = 8;
    std::string bytes;
  };
  struct Seen { std::int64_t arrived_us, delay; };
  struct Stream {                             // one SSRC of one side
    std::uint32_t ssrc = 0;
    bool heard = false;
    std::int64_t used_us = 0;                 // last arrival
    // sequence numbers, extended (RFC 3550 §A.1)
    std::int64_t sequence = 0, first_sequence = 0, received = 0, expected_before = 0;
    std::array<std::int64_t, 64> recent;      // to tell duplicates
    // timestamps, extended; a run is a stretch of one unbroken timestamp line
    bool has_audio = false;
    std::int64_t timestamp = 0, run_delay_min = 0;
    std::uint64_t run = 0;
    // placing
    std::deque<Held> held;
    std::deque<Seen> past;                    // placed packets of the run, not older than `look_ahead`
    std::uint64_t placed_run = 0;
    bool placed = false;
    std::int64_t shift = 0;                   // timestamp + shift = place
  };
  struct Side { std::vector<Stream> streams; };

  Stream& stream_of(Side&, const media::CaptureRecord&);
  bool count_sequence(Stream&, const media::CaptureRecord&);   // false: a duplicate
  void add_audio(Stream&, const media::CaptureRecord&);
  void note_gap(std::int64_t from_us, std::int64_t to_us);
  std::vector<Mark> gaps() const;
  std::int64_t samples_since_start(std::int64_t at_us) const;
  void release(std::int64_t until_us);
  static std::int64_t offset_of_first(Stream&);
  void place_first(int side, Stream&);
  void put(int side, std::int64_t place, const std::int16_t* samples, std::int64_t n);
  void write_until(std::int64_t place);

  PcmSink sink_;
  bool started_ = false, has_audio_ = false;
  std::int64_t start_us_ = 0, newest_us_ = 0;
  std::array<Side, 2> sides_;
  std::array<std::vector<std::int16_t>, 2> ring_;
  std::int64_t written_ = 0, furthest_ = 0;   // places; what lies before `written_` went to the sink
  std::int64_t late_ = 0, lost_of_gone_ = 0;
  std::vector<Mark> marks_;
  struct Gap { std::int64_t from_us, to_us; };
  std::vector<Gap> gaps_;
};

}  // namespace pasokh::archive
