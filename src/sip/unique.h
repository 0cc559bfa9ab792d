// Tags, branches and Call-IDs that are unique (epoch and counter) and not guessable (a MAC under the installation's secret),
// without a random generator, so that a run can be repeated. RFC 3261 §19.3 asks for 32 bits of randomness: the MAC has 64.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sip/mac.h"

namespace pasokh::sip {

class Unique {
 public:
  Unique(std::string_view secret, std::uint64_t epoch) : mac_(secret), epoch_(epoch) {}

  std::string tag(std::string_view call_id);   // bound to its Call-ID: a tag of ours can be known again without a table
  std::string passing_tag();                   // of an answer that makes no dialog: 32 bits (§19.3), never taken for one of ours
  std::string branch();                        // with the magic cookie
  std::string branch_for(std::string_view purpose) const;  // the same for the same purpose
  std::string call_id(std::string_view host);
  std::uint64_t number() { return ++counter_; }
  // the epoch in which we made this tag for this call; nothing when we did not
  std::optional<std::uint64_t> epoch_of_tag(std::string_view tag, std::string_view call_id) const;
  // a repeatable draw from 0 … range-1, for jitter
  std::uint64_t draw(std::string_view purpose, std::uint64_t range);
  const Mac& mac() const { return mac_; }

 private:
  Mac mac_;
  std::uint64_t epoch_;
  std::uint64_t counter_ = 0;
};

}  // namespace pasokh::sip
