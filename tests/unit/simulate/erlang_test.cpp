// The exact models, against published values and identities. (The simulator against them: tests/simulation/erlang.cpp)
#include <doctest/doctest.h>

#include <cmath>

#include "simulate/erlang.h"

using namespace pasokh;
using namespace pasokh::simulate;

namespace {
ErlangFigures figures(const ErlangCase& c) { auto f = erlang(c); REQUIRE(f); return *f; }
}  // namespace

TEST_CASE("Erlang C: 100 calls in half an hour of 180 s, 14 agents: 17.4 % wait, 88.8 % within 20 s, 7.8 s on average") {
  const ErlangFigures f = figures({200, 14, 180, {}, 20});
  CHECK(f.waits == doctest::Approx(0.1741).epsilon(0.001));
  CHECK(f.in_time == doctest::Approx(0.8884).epsilon(0.001));
  CHECK(f.asa_s == doctest::Approx(7.84).epsilon(0.002));
  CHECK(f.occupancy == doctest::Approx(10.0 / 14));
}

TEST_CASE("Erlang B: 10 erlangs on 10 lines block 21.46 %") { CHECK(erlang_b(10, 10) == doctest::Approx(0.21458).epsilon(0.0001)); }

TEST_CASE("Erlang A with patience as long as a talk is M/M/∞: who waits is the tail of a Poisson law") {
  const ErlangFigures f = figures({200, 12, 180, 180, 20});
  double below = 0, term = std::exp(-10.0);
  for (int k = 0; k < 12; ++k) { below += term; term *= 10.0 / (k + 1); }
  CHECK(f.waits == doctest::Approx(1 - below).epsilon(1e-9));
}

TEST_CASE("Erlang A with endless patience is Erlang C, and holds work in balance with any") {
  const ErlangFigures a = figures({200, 12, 180, 1e9, 20}), c = figures({200, 12, 180, {}, 20});
  CHECK(a.waits == doctest::Approx(c.waits).epsilon(1e-5));
  CHECK(a.asa_s == doctest::Approx(c.asa_s).epsilon(1e-5));
  CHECK(a.in_time == doctest::Approx(c.in_time).epsilon(1e-5));
  // Little's law twice: who gives up leaves at rate θ · (mean number waiting), so P(abandon) = θ · E[wait of all]
  const ErlangFigures crowded = figures({300, 10, 180, 120, 20});
  CHECK(crowded.abandons > 0.3);
  CHECK(crowded.occupancy > 0.95);
  CHECK(crowded.occupancy < 1);
}

TEST_CASE("the service level of Erlang A grows from who is answered at once to who is answered at all") {
  const ErlangCase c{220, 10, 180, 90, 0.000'001};
  ErlangCase late = c;
  late.threshold_s = 3'000;
  const ErlangFigures at_once = figures(c), at_all = figures(late);
  CHECK(at_once.in_time == doctest::Approx(1 - at_once.waits).epsilon(1e-6));
  CHECK(at_all.in_time == doctest::Approx(1 - at_all.abandons).epsilon(1e-9));
}

TEST_CASE("Erlang C has no answer for more work than agents") { CHECK(erlang({400, 20, 180, {}, 20}).error().code == "overloaded"); }
