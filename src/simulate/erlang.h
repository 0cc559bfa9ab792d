// The two exact models that every planner knows, and a centre of the simulator that keeps their assumptions: Poisson arrivals,
// exponential talks (and patience), one queue, agents alike. The simulator is held to them (tests/simulation/erlang.cpp).
//   Erlang C  M/M/n     A. K. Erlang 1917; formulas as in G. Koole, Call Center Optimization (2013), ch. 4
//   Erlang A  M/M/n+M   C. Palm 1957; O. Garnett, A. Mandelbaum, M. Reiman, Designing a Call Center with Impatient Customers, M&SOM 4 (2002)
#pragma once

#include <optional>

#include "base/result.h"
#include "simulate/plan.h"

namespace pasokh::simulate {

struct ErlangCase {
  double calls_per_hour = 0;
  int agents = 0;
  double talk_s = 0;
  std::optional<double> patience_s;      // nothing: they wait for ever (Erlang C)
  double threshold_s = 20;               // of the service level
};
struct ErlangFigures {
  double waits = 0;                      // share of callers who wait at all
  double abandons = 0;                   // share who give up
  double asa_s = 0;                      // mean wait of those answered
  double in_time = 0;                    // share of all callers answered within the threshold
  double occupancy = 0;
};

double erlang_b(double offered, int agents);             // share that would be blocked without a queue
// Trouble "overloaded": Erlang C with as much work as agents, or more, has no steady state.
Result<ErlangFigures> erlang(const ErlangCase&);

// From offer to answer when a phone is picked up at once: part of every simulated wait, and of every agent's time.
constexpr Duration simulated_reach = Duration::milliseconds(40);
Plan erlang_centre(const ErlangCase&, std::uint64_t seed, int hours);

}  // namespace pasokh::simulate
