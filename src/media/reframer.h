// Cuts the audio of one feed into frames of another length (ptime 20 to 30, say). Works on octets of either law.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "media/rtp.h"

namespace pasokh::media {

class Reframer {
 public:
  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }

  // emit(octets, count, timestamp of the first): whole frames, and a short one where the feed has a hole
  template <class Emit>
  void add(const std::uint8_t* octets, std::size_t count, std::uint32_t timestamp, std::size_t frame, Emit&& emit) {
    if (size_ > 0) {
      const std::int32_t hole = timestamp_distance(timestamp_ + static_cast<std::uint32_t>(size_), timestamp);
      if (hole < 0 && hole > -8000) return;      // late: its place has been sent
      if (hole != 0) { emit(held_.data(), size_, timestamp_); size_ = 0; }
    }
    if (size_ == 0) timestamp_ = timestamp;
    while (size_ + count >= frame) {
      const std::size_t taken = frame - size_;
      std::memcpy(held_.data() + size_, octets, taken);
      emit(held_.data(), frame, timestamp_);
      timestamp_ += static_cast<std::uint32_t>(frame);
      octets += taken;
      count -= taken;
      size_ = 0;
    }
    std::memcpy(held_.data() + size_, octets, count);
    size_ += count;
  }

 private:
  static constexpr std::size_t longest_frame = 60 * samples_per_ms;
  std::array<std::uint8_t, longest_frame> held_;
  std::size_t size_ = 0;
  std::uint32_t timestamp_ = 0;
};

}  // namespace pasokh::media
