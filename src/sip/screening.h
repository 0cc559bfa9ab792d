// The cheap checks of a request before any state is made for it, and the answer owed to those that fail (RFC 3261 §8.2).
#pragma once

#include <optional>
#include <string>

#include "sip/bounded.h"
#include "sip/core.h"

namespace pasokh::sip {

// Requests per second of each source that we do not know: a token bucket, in a table with a fixed number of places.
class SourceRates {
 public:
  bool allow(const std::string& ip, double per_second, Instant now);

 private:
  struct Bucket { double tokens = 0; Instant filled; bool used = false; };
  Bounded<Bucket> buckets_{4'096};
};

struct Refusal {
  int status = 400;
  std::string name, value;      // one more header line
};
// What is wrong with this request whatever its state: URI scheme, Max-Forwards, Require, body. Not for ACK and CANCEL.
std::optional<Refusal> fault_of(const Message& request);

}  // namespace pasokh::sip
