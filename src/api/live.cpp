#include "api/live.h"

#include <algorithm>

namespace pasokh::api {

bool LiveOutbox::put(LiveFrame frame) {
  const std::size_t size = frame.text->size();
  if (frame.topic == LiveTopic::none) {
    kept_bytes_ += size;
    waiting_.push_back(std::move(frame));
    return kept_bytes_ <= kept_bytes_max;
  }
  if (frame.snapshot) lagging(frame.topic) = asked_[static_cast<std::size_t>(frame.topic)] = false;
  else if (lagging(frame.topic)) return true;   // the snapshot that comes will hold it
  if (!frame.snapshot && delta_bytes_ + size > topic_bytes_max) {
    std::erase_if(waiting_, [&](const LiveFrame& f) {
      if (f.topic != frame.topic) return false;
      if (!f.snapshot) delta_bytes_ -= f.text->size();
      return true;
    });
    lagging(frame.topic) = true;
    return true;
  }
  if (!frame.snapshot) delta_bytes_ += size;
  waiting_.push_back(std::move(frame));
  return true;
}

std::shared_ptr<const std::string> LiveOutbox::next() {
  if (waiting_.empty()) return nullptr;
  LiveFrame frame = std::move(waiting_.front());
  waiting_.pop_front();
  if (frame.topic == LiveTopic::none) kept_bytes_ -= frame.text->size();
  else if (!frame.snapshot) delta_bytes_ -= frame.text->size();
  return std::move(frame.text);
}

LiveTopic LiveOutbox::starved() {
  if (!waiting_.empty()) return LiveTopic::none;
  for (const auto topic : {LiveTopic::floor, LiveTopic::desk}) {
    bool& asked = asked_[static_cast<std::size_t>(topic)];
    if (!lagging(topic) || asked) continue;
    asked = true;
    return topic;
  }
  return LiveTopic::none;
}

bool LiveRate::take(Instant now) {
  const double seconds = at_ == Instant{} ? 0 : static_cast<double>(std::max<std::int64_t>(0, (now - at_).us)) / 1e6;
  left_ = std::min(2 * per_second, left_ + seconds * per_second);
  at_ = now;
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

}  // namespace pasokh::api
