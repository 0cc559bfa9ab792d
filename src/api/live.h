// Live connections (GET /v1/live) as the rest of the house sees them: who is there, what they are told. No network library.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "api/route.h"

namespace pasokh::api {

using ConnectionId = std::uint64_t;

struct LiveOpening { Caller caller; };          // the gate has let them in

enum class LiveTopic : std::uint8_t { none, floor, desk };

struct LiveFrame {
  std::shared_ptr<const std::string> text;      // one JSON object; shared by all who get it
  LiveTopic topic = LiveTopic::none;            // none: must not be lost
  bool snapshot = false;
};

enum class LiveEnd : std::uint8_t { signed_out, going_away, too_fast, not_understood, too_many, too_slow };

// One socket. All functions from any thread; none waits.
class LivePeer {
 public:
  virtual ~LivePeer() = default;
  virtual void push(LiveFrame frame) = 0;
  virtual void end(LiveEnd why) = 0;            // what was pushed before still goes out
};

// What waits to be written to one socket. A reader that is too slow for a topic gets no endless queue: what is waiting of the topic is
// dropped, and once the rest is out, one fresh snapshot tells all. What belongs to no topic is kept, or the socket ends.
class LiveOutbox {
 public:
  bool put(LiveFrame frame);                    // false: too much that must not be lost waits; the socket is to be ended
  std::shared_ptr<const std::string> next();    // nullptr: nothing waits
  LiveTopic starved();                          // the next topic that wants a snapshot, once nothing waits; none: no topic
  bool empty() const { return waiting_.empty(); }

  static constexpr std::size_t topic_bytes_max = 256 << 10, kept_bytes_max = 1 << 20;

 private:
  bool& lagging(LiveTopic topic) { return lagging_[static_cast<std::size_t>(topic)]; }
  std::deque<LiveFrame> waiting_;
  std::size_t delta_bytes_ = 0, kept_bytes_ = 0;  // snapshots are not counted: they may be larger than the limit
  bool lagging_[3] = {}, asked_[3] = {};
};

// How often a client may speak: so many messages a second kept up, twice as many at once.
class LiveRate {
 public:
  bool take(Instant now);
  static constexpr double per_second = 50;

 private:
  double left_ = 2 * per_second;
  Instant at_;
};

}  // namespace pasokh::api
