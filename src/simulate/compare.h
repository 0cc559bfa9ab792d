// The same callers and specialists under different rules of routing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "simulate/books.h"
#include "simulate/plan.h"

namespace pasokh::simulate {

struct Compared {
  std::string rule;
  DaySums day;                                    // means over the seeds
  std::int64_t jain_worst_ppm = 0, spread_worst = 0;
  bool knows_forced = true;
};

DaySums run_day(const Plan&);                     // under the auditor; its findings are lost: the tests look at them
std::vector<Compared> compare(const std::function<Plan(std::uint64_t seed)>&, int seeds);
Plan comparison_centre(std::uint64_t seed, int calls);  // 20 agents of unlike speed, part-timers, breaks, two queues; 8 hours
std::string markdown(const std::vector<Compared>&);

}  // namespace pasokh::simulate
