// What the floor's offers are told with, in both languages: the rule that chose, and why the others were left out.
#pragma once

#include <span>
#include <string_view>

#include "floor/types.h"

namespace pasokh::floor {

struct Worded {
  std::string_view code;                   // as in the journal
  const char *en, *fa;
};
std::span<const Worded> strategy_words();  // in order of Strategy
std::span<const Worded> excluded_words();  // the keys of OfferReason::excluded; those of Presence first, in its order

const char* strategy_word(Strategy, Language);
std::string_view excluded_word(std::string_view code, Language);  // a code of a later version tells itself

}  // namespace pasokh::floor
