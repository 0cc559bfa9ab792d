// What waits for one live socket, and how often it may speak.
#include <doctest/doctest.h>

#include "api/live.h"

using namespace pasokh;
using namespace pasokh::api;

namespace {

LiveFrame frame(std::size_t size, LiveTopic topic, bool snapshot = false) { return {std::make_shared<const std::string>(size, 'x'), topic, snapshot}; }

}  // namespace

TEST_CASE("a slow reader loses the deltas of the topic, keeps what belongs to none, and is given one snapshot when it has caught up") {
  LiveOutbox out;
  CHECK(out.put(frame(1000, LiveTopic::none)));
  for (int i = 0; i < 1000; ++i) CHECK(out.put(frame(1000, LiveTopic::floor)));
  CHECK(out.put(frame(500, LiveTopic::desk)));
  std::size_t written = 0, frames = 0;
  CHECK(out.starved() == LiveTopic::none);  // not while something waits
  while (auto next = out.next()) { written += next->size(); ++frames; }
  CHECK(frames == 2);
  CHECK(written == 1500);
  CHECK(out.starved() == LiveTopic::floor);
  CHECK(out.starved() == LiveTopic::none);  // asked once
  CHECK(out.put(frame(10, LiveTopic::floor)));
  CHECK(out.empty());                       // the snapshot will hold it
  CHECK(out.put(frame(2 << 20, LiveTopic::floor, true)));  // a snapshot may be larger than the limit
  CHECK(out.put(frame(10, LiveTopic::floor)));
  CHECK(out.next()->size() == 2u << 20);
  CHECK(out.next()->size() == 10);
  CHECK(out.starved() == LiveTopic::none);
}

TEST_CASE("a socket that lets more than a megabyte of what must not be lost wait is ended") {
  LiveOutbox out;
  CHECK(out.put(frame(LiveOutbox::kept_bytes_max, LiveTopic::none)));
  CHECK_FALSE(out.put(frame(1, LiveTopic::none)));
}

TEST_CASE("a client may send a hundred messages at once, and fifty a second for ever") {
  LiveRate rate;
  Instant now{1'000'000};
  int taken = 0;
  while (rate.take(now)) ++taken;
  CHECK(taken == 100);
  now = now + Duration::seconds(1);
  taken = 0;
  while (rate.take(now)) ++taken;
  CHECK(taken == 50);
}
