// One turn of the endpoint: the time it happens at and the place its output goes to.
#pragma once

#include "base/time.h"
#include "sip/endpoint.h"

namespace pasokh::sip {

struct Turn {
  Instant now;
  Out& out;
};

// RFC 3261 §17.1.1.1 and table 4.
inline constexpr Duration t1 = Duration::milliseconds(500);
inline constexpr Duration t2 = Duration::seconds(4);
inline constexpr Duration t4 = Duration::seconds(5);
inline constexpr Duration transaction_life = 64 * t1;  // timers B, D, F, H, J, L, M

}  // namespace pasokh::sip
