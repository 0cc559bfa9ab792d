// When a browser's leg shall speak Opus instead of G.711. Loss of 2 % over 5 s in either direction, and in two measurements of them: what
// is lost singly is given back by forward error correction, while a network that is gone for a moment is not helped by it. There is no way back
// within the call: loss at a seat comes and goes, each change is heard, and Opus on a good line costs CPU only (docs/adr/0009).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "media/wire.h"

namespace pasokh::switchboard {

class LossWatch {
 public:
  static constexpr std::int64_t permille = 20, packets = 250;      // 5 s of 20 ms
  static constexpr std::size_t most_opus_legs = 100;               // a worker: a third of its one thread (docs/scale.md)

  // With each measurement of the worker; true: the loss is steady, one way or the other.
  bool look(const media::LegStatistics& now) {
    const bool up = up_.add(now.lost, now.packets_in + now.lost);
    return down_.add(now.lost_on_way, now.sent_when_told) || up;
  }

 private:
  class Way {
   public:
    // both count from the leg's beginning in its worker
    bool add(std::int64_t lost, std::int64_t expected) {
      const Share share{lost - lost_, expected - expected_};
      const bool anew = !begun_ || share.lost < 0 || share.expected < 0;   // another worker counts from nothing; late packets are lost no more
      lost_ = lost;
      expected_ = expected;
      begun_ = true;
      if (anew) { recent_.clear(); return false; }
      if (share.expected == 0) return false;     // on hold, or the browser has not reported
      recent_.push_back(share);
      while (recent_.size() > 2 && sum().expected - recent_.front().expected >= packets) recent_.pop_front();
      const auto lossy = std::count_if(recent_.begin(), recent_.end(), [](const Share& each) { return each.is_lossy(); });
      return lossy >= 2 && sum().expected >= packets && sum().is_lossy();
    }

   private:
    struct Share {
      std::int64_t lost = 0, expected = 0;
      bool is_lossy() const { return lost * 1000 >= permille * expected; }
    };
    Share sum() const {
      Share all;
      for (const Share& each : recent_) { all.lost += each.lost; all.expected += each.expected; }
      return all;
    }
    std::deque<Share> recent_;
    std::int64_t lost_ = 0, expected_ = 0;
    bool begun_ = false;
  };
  Way up_, down_;
};

}  // namespace pasokh::switchboard
