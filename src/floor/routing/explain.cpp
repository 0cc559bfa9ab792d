// "Why me?": an offer in words, from the state just before it was decided.
#include <algorithm>

#include "floor/state.h"

namespace pasokh::floor {

std::string Floor::explain(const CallOffered&, Instant, Language, bool) const { return {}; }

}  // namespace pasokh::floor
