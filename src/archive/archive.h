// Recordings: a capture (what both sides sent, undecoded) becomes a finished file: stereo Opus in Ogg, customer left, agent
// right, both sides on one line of real time, sealed under the recording's own key.
//
// The finished file: a plain header of 48 bytes (magic, version, chunk size, salt), then AES-256-GCM chunks of 64 KiB. Key of
// the file = HKDF-SHA256(recording key, salt), so that finishing the same capture twice never repeats a nonce; nonce = chunk
// number; header, chunk number and the "last" flag are authenticated, so a cut, swapped or changed chunk does not open.
// Sealed content: the Ogg file, then the details (peaks, marks, figures), then a footer of 24 bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace pasokh::archive {

struct Mark {
  std::string name;                  // as written into the capture ("hold", "resume", …), or ours: "gap", "damaged"
  Duration at;                       // from the beginning of the recording
  Duration length;                   // of a gap; 0 for a moment
  bool operator==(const Mark&) const = default;
  PASOKH_FIELDS(name, at, length)
};

struct Finished {
  Duration duration;
  std::string sha256;                // of the plain Ogg file, hex
  std::int64_t bytes = 0;            // of the plain Ogg file
  std::vector<std::uint8_t> peaks;   // left, right, left, right…: one pair per 50 ms, 0…255
  bool empty = false;                // neither side sent any audio; then there is no file
  std::int64_t gaps_ms = 0;          // time of which nothing was captured though a side was sending (worker died, damage, long loss)
  std::int64_t lost_packets = 0;     // of both sides; silence stands in their place
  std::vector<Mark> marks;           // at most marks_max
  Instant started;                   // real time of the first sample
  std::int64_t late_packets = 0;     // came too late to be placed
  std::string damaged;               // first range of the capture that did not open; "" = none
  PASOKH_FIELDS(duration, sha256, bytes, peaks, empty, gaps_ms, lost_packets, marks, started, late_packets, damaged)
};

inline constexpr std::size_t marks_max = 1'000;
inline constexpr Duration peak_step = Duration::milliseconds(50);

struct FinishOptions {
  CallId call;
  CaptureId capture;
  std::int32_t bitrate = 24'000;     // bit/s, both channels together
  std::int32_t complexity = 3;       // Opus 0…10; docs/adr/0005-recordings.md has the measurement
};

// Reads the capture, writes `out_file` whole (a .part file, synced, renamed) or not at all. The capture is left alone.
// Memory is bounded whatever the length of the call. An empty capture gives Finished{empty} and no file.
Result<Finished> finish(const std::string& capture_file, std::string_view key, const std::string& out_file, const FinishOptions& options);

// A finished recording, opened for reading. Any thread may read; reads do not disturb each other.
class Recording {
 public:
  static Result<Recording> open(const std::string& file, std::string_view key);
  Recording(Recording&&) noexcept;
  Recording& operator=(Recording&&) noexcept;
  ~Recording();
  std::int64_t bytes() const;                                              // of the plain Ogg file, for Content-Length
  const Finished& details() const;
  Result<std::string> read(std::int64_t from, std::int64_t to) const;      // plain bytes [from, to), cut to the size
 private:
  struct Impl;
  explicit Recording(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// By the ending of `to`: .opus or .ogg (the plain Ogg file), .wav (PCM16 stereo 8 kHz). Checks the SHA-256 on the way.
Result<> export_recording(const std::string& file, std::string_view key, const std::string& to);

}  // namespace pasokh::archive
