#include "simulate/compare.h"

#include <algorithm>
#include <cstdio>

#include "simulate/auditor.h"
#include "simulate/dice.h"

namespace pasokh::simulate {

DaySums run_day(const Plan& plan) {
  Auditor auditor(plan);
  World world(plan, &auditor);
  world.run();
  auditor.day_over(world.now());
  const floor::QueueSettings& s = plan.queues.front().settings;
  return day_sums(auditor.books(), static_cast<int>(plan.queues.size()), static_cast<int>(plan.agents.size()), {s.service_level, s.short_abandon}, world.now());
}

Plan comparison_centre(std::uint64_t seed, int calls) {
  Plan plan = big_day(seed, 20, calls);
  plan.calls.clear();
  for (int i = 0; i < 16; ++i) plan.calls.push_back(calls / 16);
  plan.talk = Duration::seconds(180);
  plan.queues.push_back(plan.queues.front());
  plan.queues.back().code = "sales";
  plan.queues.back().number = "8001";
  plan.queues.front().weight = 3;
  Dice dice{seed, 3};
  for (std::size_t i = 0; i < plan.agents.size(); ++i) {
    AgentPlan& agent = plan.agents[i];
    agent.settings.queues = {{QueueId{1}, static_cast<std::int32_t>(i)}, {QueueId{2}, static_cast<std::int32_t>(i)}};
    agent.speed_permille = static_cast<int>(600 + dice.below(801));  // the slowest takes more than twice as long as the quickest
    const Duration ends = plan.length() + Duration::minutes(30);
    agent.shifts = {i % 4 == 3 ? Stay{Duration::hours(2), Duration::hours(6)} : Stay{{}, ends}};
    const Duration at = Duration::minutes(130 + dice.below(200));
    agent.breaks = {{at, at + Duration::minutes(20)}};
    agent.ignores_permille = 10;
  }
  return plan;
}

std::vector<Compared> compare(const std::function<Plan(std::uint64_t)>& plan_of, int seeds) {
  std::vector<Compared> all;
  auto run = [&](std::string rule, const std::function<void(Plan&)>& set, bool knows_forced) {
    Compared row;
    row.rule = std::move(rule);
    row.knows_forced = knows_forced;
    row.jain_worst_ppm = 1'000'000;
    for (int seed = 1; seed <= seeds; ++seed) {
      Plan plan = plan_of(static_cast<std::uint64_t>(seed));
      set(plan);
      const DaySums day = run_day(plan);
      row.day.calls += day.calls;
      row.day.answered += day.answered;
      row.day.answered_in_time += day.answered_in_time;
      row.day.abandoned += day.abandoned;
      row.day.mean_wait_ms += day.mean_wait_ms;
      row.day.longest_wait_ms = std::max(row.day.longest_wait_ms, day.longest_wait_ms);
      row.day.jain_ppm += day.jain_ppm;
      row.day.jain_work_ppm += day.jain_work_ppm;
      row.day.most += day.most;
      row.day.least += day.least;
      row.day.occupancy_permille += day.occupancy_permille;
      row.day.forced_permille += day.forced_permille;
      row.jain_worst_ppm = std::min(row.jain_worst_ppm, day.jain_ppm);
      row.spread_worst = std::max(row.spread_worst, day.most - day.least);
    }
    for (std::int64_t* mean : {&row.day.mean_wait_ms, &row.day.jain_ppm, &row.day.jain_work_ppm, &row.day.most, &row.day.least, &row.day.occupancy_permille, &row.day.forced_permille}) *mean /= seeds;
    all.push_back(std::move(row));
  };
  for (const auto strategy : {floor::Strategy::fair_share, floor::Strategy::longest_idle, floor::Strategy::round_robin, floor::Strategy::fixed_order, floor::Strategy::ring_all})
    run(std::string(name_of(strategy)), [&](Plan& plan) { for (QueuePlan& queue : plan.queues) queue.settings.strategy = strategy; }, strategy != floor::Strategy::ring_all);
  for (const auto picker : {Picker::random, Picker::app_queue_leastrecent, Picker::app_queue_rrmemory, Picker::mod_callcenter_longest_idle})
    run(std::string(name_of(picker)), [&](Plan& plan) { plan.picker = picker; }, false);
  return all;
}

std::string markdown(const std::vector<Compared>& rows) {
  std::string out = "| rule | Jain, calls per hour on duty | worst day | most − least | worst day | mean wait | abandoned | occupancy | forced offers |\n|---|---|---|---|---|---|---|---|---|\n";
  char line[320];
  for (const Compared& row : rows) {
    const DaySums& d = row.day;
    char forced[48] = "–";
    if (row.knows_forced) std::snprintf(forced, sizeof forced, "%lld.%lld %%", static_cast<long long>(d.forced_permille / 10), static_cast<long long>(d.forced_permille % 10));
    std::snprintf(line, sizeof line, "| %s | %.4f | %.4f | %lld | %lld | %.1f s | %.1f %% | %.1f %% | %s |\n", row.rule.c_str(), static_cast<double>(d.jain_ppm) / 1e6, static_cast<double>(row.jain_worst_ppm) / 1e6,
                  static_cast<long long>(d.most - d.least), static_cast<long long>(row.spread_worst), static_cast<double>(d.mean_wait_ms) / 1e3,
                  d.calls ? 100.0 * static_cast<double>(d.abandoned) / static_cast<double>(d.calls) : 0.0, static_cast<double>(d.occupancy_permille) / 10, forced);
    out += line;
  }
  return out;
}

}  // namespace pasokh::simulate
