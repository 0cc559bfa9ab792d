// "Why me?": the offers of a call, each with the ranking as it stood, rebuilt from the journal and told in words.
#pragma once

#include <string>
#include <vector>

#include "base/describe.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "floor/types.h"

namespace pasokh::api {

struct OfferExplained {
  static constexpr auto schema_name = "OfferExplained";
  std::string seq;                 // of the offer in the journal
  Instant at;
  std::string agent, text;
  PASOKH_FIELDS(seq, at, agent, text)
};

// offers: where the offers stand in the journal, rising. all: the whole ranking, not only its head.
Result<std::vector<OfferExplained>> explain_offers(const std::string& dir, const std::vector<std::uint64_t>& offers, floor::Language language, bool all);

}  // namespace pasokh::api
