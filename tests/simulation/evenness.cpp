// docs/evenness.md, claim by claim.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "simulate/auditor.h"

using namespace pasokh;
using namespace pasokh::simulate;

namespace {

int wrong = 0;
void claim(bool holds, const char* what, std::uint64_t seed) {
  if (holds) return;
  ++wrong;
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), what);
}

Plan calm(std::uint64_t seed, int agents) {
  Plan plan = big_day(seed, agents, 2'000);
  plan.ledger_limit = 1'000;  // the bound itself is looked at, not the cut
  for (AgentPlan& agent : plan.agents) {
    agent.ignores_permille = 0;
    agent.breaks.clear();
    agent.speed_permille = 1'000;
    agent.answers_after = {};
  }
  return plan;
}

// (a) always: no call is given while a free colleague on duty for it is owed more. All faults, skills, part-timers.
std::uint64_t never_unfair_to_the_free(std::uint64_t seed) {
  Plan plan = any_centre(seed);
  for (QueuePlan& queue : plan.queues) queue.settings.strategy = floor::Strategy::fair_share;
  Auditor auditor(plan);
  World world(plan, &auditor);
  world.run();
  auditor.day_over(world.now());
  for (const Finding& finding : auditor.findings()) std::printf("%s: %s\n", finding.check.c_str(), finding.text.c_str());
  claim(auditor.findings().empty(), "(a) a free colleague was owed more, or another finding", seed);
  return auditor.offers();
}

// (b) equal handling times and an unchanging D: after every offer the counts differ by at most one.
void counts_differ_by_one(std::uint64_t seed) {
  Dice dice{seed, 77};
  const int agents = static_cast<int>(2 + dice.below(20));
  Plan plan = calm(seed, agents);
  const Duration talk = Duration::seconds(30 + dice.below(120));
  Duration at = Duration::seconds(60);
  for (int i = 0; i < 600; ++i) {
    at += dice.exponential(talk * (700 + dice.below(700)) / (1'000 * agents));  // from idle to overload
    plan.callers.push_back({at, 0, Duration::hours(9), talk, {}, false});
  }
  Auditor auditor(plan);
  World world(plan, &auditor);
  world.run();
  std::vector<std::int64_t> counts(static_cast<std::size_t>(agents));
  bool holds = auditor.findings().empty();
  for (const Rung& rung : auditor.books().rings) {
    ++counts[static_cast<std::size_t>(rung.agent)];
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    holds = holds && *most - *least <= 1;
  }
  claim(holds, "(b) counts differ by more than one", seed);
}

// (c) while whoever is owed most is free: |balance| <= (n - 1) / 2. Callers come one at a time; duty sets differ by skill, shift and break.
std::int64_t within_the_carpool_bound(std::uint64_t seed) {
  Dice dice{seed, 78};
  const int agents = static_cast<int>(2 + dice.below(10));
  Plan plan = calm(seed, agents);
  plan.queues.front().settings.wrap_up = Duration::seconds(1);
  plan.queues.front().settings.skills = {{Duration{}, {{"tech", 5}}}};
  plan.queues.push_back(plan.queues.front());
  plan.queues.back().code = "everybody";
  plan.queues.back().number = "8001";
  plan.queues.back().settings.skills.clear();
  for (AgentPlan& agent : plan.agents) {
    agent.settings.queues.push_back({QueueId{2}, 0});
    agent.settings.skills = {{"tech", static_cast<std::int32_t>(1 + dice.below(10))}};
    for (Duration t = Duration::minutes(10); t < plan.length(); t += dice.between(Duration::minutes(10), Duration::hours(2)))
      if (agent.breaks.empty() || agent.breaks.back().to < t) agent.breaks.push_back({t, t + dice.between(Duration::minutes(1), Duration::minutes(40))});
  }
  for (Duration at = Duration::minutes(1); at < plan.length(); at += Duration::seconds(12 + dice.below(10)))
    plan.callers.push_back({at, static_cast<int>(dice.below(2)), Duration::seconds(5), Duration::seconds(3), {}, false});
  Auditor auditor(plan);
  World world(plan, &auditor);
  world.run();
  const std::int64_t one_call = 1 << 24;
  claim(auditor.findings().empty(), "(c) another finding", seed);
  claim(auditor.widest_balance() <= (agents - 1) * one_call / 2 + static_cast<std::int64_t>(plan.callers.size()), "(c) a balance beyond (n - 1) / 2", seed);
  return auditor.widest_balance() * 1'000 / one_call * 2 / (agents - 1);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 60;
  std::uint64_t offers = 0;
  std::int64_t widest = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    offers += never_unfair_to_the_free(seed);
    counts_differ_by_one(seed);
    widest = std::max(widest, within_the_carpool_bound(seed));
  }
  std::printf("%llu seeds: (a) %llu offers; (b) 600 calls each; (c) the widest balance was %.3f of the bound; %d broken\n", static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(offers),
              static_cast<double>(widest) / 1'000, wrong);
  return wrong == 0 ? 0 : 1;
}
