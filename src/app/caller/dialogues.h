// What the demo's customers and specialists say to each other: short conversations, spoken once by espeak-ng and kept in DIR/demo.
#pragma once

#include <string>
#include <vector>

#include "app/caller/audio.h"
#include "base/result.h"

namespace pasokh::app::caller {

struct Dialogue { Samples customer, specialist; };      // of one length, speaking in turn; to be played over and over

// Without espeak-ng the voices hum in turn instead; `warning` says so.
Result<std::vector<Dialogue>> prepare_dialogues(const std::string& folder, std::string& warning);

}  // namespace pasokh::app::caller
