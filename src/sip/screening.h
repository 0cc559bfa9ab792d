// The cheap checks of a request before any state is made for it, and the answer owed to those that fail (RFC 3261 §8.2).
#pragma once

#include <optional>
#include <string>
#include <vector>

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

// INVITEs that got a 503 without state. One that comes again (its 503 was lost, or crossed; a duplicate from the network) is refused
// again for 32 s: its caller has been told and may have gone, and a 200 now would ring an agent for nobody. That is remembered in a
// table of fixed size, not per call; where two fall on one place the older is forgotten.
class RefusedCalls {
 public:
  bool remembers(const Message& invite, Instant now) const;
  void remember(const Message& invite, Instant now);

 private:
  struct Refused { std::uint64_t print = 0; Instant at; };
  static constexpr std::size_t places = 4'096;
  std::vector<Refused> refused_;
};

// How many calls from outside may begin (admission limit): a token bucket of half a second, so that the average is kept and calls
// that come together by chance are taken.
class Admission {
 public:
  bool admit(double calls_per_second, Instant now);

 private:
  double tokens_ = 0;
  Instant filled_;
  bool begun_ = false;
};

struct Refusal {
  int status = 400;
  std::string name, value;      // one more header line
};
// What is wrong with this request whatever its state: URI scheme, Max-Forwards, Require, body. Not for ACK and CANCEL.
std::optional<Refusal> fault_of(const Message& request);

}  // namespace pasokh::sip
