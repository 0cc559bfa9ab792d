// RTP ports of one media worker: pairs (RTP, RTCP), given out in a circle so that a port rests long before it comes again.
#pragma once

#include <cstdint>
#include <vector>

namespace pasokh::switchboard {

class PortPool {
 public:
  PortPool(std::uint16_t low, std::uint16_t high) : low_(static_cast<std::uint16_t>(low + (low & 1))) {
    if (high > low_) used_.assign((high - low_ + 1) / 2, false);
  }
  std::uint16_t take() {  // 0: all are in use
    for (std::size_t tried = 0; tried < used_.size(); ++tried) {
      const std::size_t i = next_;
      next_ = (next_ + 1) % used_.size();
      if (!used_[i]) { used_[i] = true; ++in_use_; return static_cast<std::uint16_t>(low_ + 2 * i); }
    }
    return 0;
  }
  void keep(std::uint16_t port) { if (owns(port) && !used_[index(port)]) { used_[index(port)] = true; ++in_use_; } }
  void give_back(std::uint16_t port) { if (owns(port) && used_[index(port)]) { used_[index(port)] = false; --in_use_; } }
  bool owns(std::uint16_t port) const { return port >= low_ && index(port) < used_.size(); }
  std::size_t in_use() const { return in_use_; }

 private:
  std::size_t index(std::uint16_t port) const { return static_cast<std::size_t>(port - low_) / 2; }
  std::uint16_t low_;
  std::vector<bool> used_;
  std::size_t next_ = 0, in_use_ = 0;
};

}  // namespace pasokh::switchboard
