#include "media/programme.h"

#include <algorithm>
#include <cstring>

namespace pasokh::media {

std::size_t Programme::length(const Step& step) const {
  if (!step.sound) return step.silence;
  return step.sound->state == Sound::State::ready ? step.sound->alaw.size() : 0;
}

const Programme::Step* Programme::playable() {
  while (at_ < steps_.size()) {
    const Step& step = steps_[at_];
    if (step.sound && step.sound->state == Sound::State::loading) return &step;
    if (position_ < length(step)) return &step;
    position_ = 0;
    const bool again = repeat_last_ && at_ + 1 == steps_.size() && length(step) > 0;
    if (!again) ++at_;
  }
  return nullptr;
}

Programme::Filled Programme::fill(std::uint8_t* alaw, std::size_t count) {
  std::size_t filled = 0;
  while (filled < count) {
    const Step* step = playable();
    if (!step || (step->sound && step->sound->state == Sound::State::loading)) {
      if (filled == 0) return step ? Filled::waiting : Filled::done;
      std::memset(alaw + filled, alaw_silence, count - filled);  // the last frame is made whole
      return Filled::frame;
    }
    const std::size_t taken = std::min(count - filled, length(*step) - position_);
    if (step->sound) std::memcpy(alaw + filled, step->sound->alaw.data() + position_, taken);
    else std::memset(alaw + filled, alaw_silence, taken);
    filled += taken;
    position_ += taken;
  }
  return Filled::frame;
}

}  // namespace pasokh::media
