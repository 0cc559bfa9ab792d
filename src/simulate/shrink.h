// A failing centre made short: fewer callers, agents, queues and faults, as long as the same check fails (delta debugging over the
// plan: A. Zeller, R. Hildebrandt, Simplifying and Isolating Failure-Inducing Input, IEEE TSE 28 (2002)); and told as a scenario test.
#pragma once

#include <functional>
#include <string>

#include "simulate/plan.h"
#include "simulate/world.h"

namespace pasokh::simulate {

// Runs a plan; the name of the check that failed first and when, or nothing.
struct Failure { std::string check; Instant at; };
using Fails = std::function<std::optional<Failure>(const Plan&)>;

struct Shrunk {
  Plan plan;
  Failure failure;
  std::size_t callers_before = 0, agents_before = 0, runs = 0;
};

Plan written_out(const Plan&);                          // the drawn callers as a list: the same story, and each can be left out
std::optional<Shrunk> shrink(const Plan&, const Fails&, std::size_t most_runs = 3'000);  // nothing: it does not fail

// What the people of this plan do, up to `until`, in the language of tests/scenario; what the floor made of it as expectations.
std::string scenario_text(const Plan&, const Tampering&, Instant until, const std::string& heading);

}  // namespace pasokh::simulate
