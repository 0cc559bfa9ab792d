// A programme under way on one leg: its items one after the other, cut into frames of A-law.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "media/sound.h"

namespace pasokh::media {

class Programme {
 public:
  struct Step {
    std::shared_ptr<const Sound> sound;  // none: silence of
    std::size_t silence = 0;             // samples
  };
  Programme() = default;
  Programme(std::vector<Step> steps, bool repeat_last) : steps_(std::move(steps)), repeat_last_(repeat_last) {}

  enum class Filled : std::uint8_t { frame, waiting, done };  // waiting: the next sound is still being read
  Filled fill(std::uint8_t* alaw, std::size_t count);

 private:
  const Step* playable();              // the step to go on with: skips broken and finished ones
  std::size_t length(const Step&) const;

  std::vector<Step> steps_;
  bool repeat_last_ = false;
  std::size_t at_ = 0, position_ = 0;
};

}  // namespace pasokh::media
