#include "simulate/what_if.h"

#include <algorithm>
#include <cmath>

#include "simulate/auditor.h"

namespace pasokh::simulate {
namespace {

constexpr std::int64_t bands_to_ms[] = {10'000, 20'000, 60'000, 180'000, INT64_MAX};
constexpr const char* band_names[] = {"0-10 s", "10-20 s", "20-60 s", "1-3 min", "over 3 min", "gave up"};
constexpr std::int64_t alike_within_ms = 5'000;
constexpr std::size_t gave_up_band = std::size(bands_to_ms);

// t of 95 % on both sides; beyond 30 degrees of freedom the normal value with its first correction is right to 0.1 %.
double student(std::size_t freedom) {
  constexpr double t[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
                          2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  return freedom <= std::size(t) ? t[freedom - 1] : 1.960 + 2.4 / static_cast<double>(freedom);
}

struct Fate { Duration wait; bool gave_up = false, known = false; };  // a caller's, over all queues

class Witness : public Auditor {         // knows in addition which caller each call was
 public:
  explicit Witness(const Plan& plan) : Auditor(plan) {}
  void told(const std::vector<floor::Event>& events, const std::vector<floor::Effect>& effects, Instant now, bool settled) override {
    for (const auto& event : events)
      if (const auto* came = std::get_if<floor::CallArrived>(&event); came && came->direction == floor::Direction::inbound) caller_of_[came->call] = came->caller.value;
    Auditor::told(events, effects, now, settled);
  }
  // by place in Plan::callers
  std::vector<Fate> fates(std::size_t count, Instant now) const {
    std::vector<Fate> all(count);
    for (const Waited& w : books().waits) {
      const auto who = caller_of_.find(w.call);
      if (who == caller_of_.end() || who->second == 0 || who->second > count) continue;
      Fate& fate = all[who->second - 1];
      fate.known = true;
      fate.wait += w.to.value_or(now) - w.from;
      fate.gave_up = w.end == Waited::End::gave_up;
    }
    return all;
  }

 private:
  std::map<CallId, std::uint64_t> caller_of_;
};

struct Lived {
  DayFigures figures;
  std::vector<AgentSums> agents;
  std::vector<Fate> fates;
};

Lived live(const Plan& plan) {
  Witness witness(plan);
  World world(plan, &witness);
  world.run();
  witness.day_over(world.now());
  Lived lived;
  lived.figures = day_figures(witness.books(), plan, world.now());
  for (std::size_t a = 0; a < plan.agents.size(); ++a) lived.agents.push_back(agent_sums(witness.books(), static_cast<int>(a), world.now()));
  lived.fates = witness.fates(plan.callers.size(), world.now());
  return lived;
}

std::size_t band_of(const Fate& fate) {
  if (fate.gave_up) return gave_up_band;
  return static_cast<std::size_t>(std::find_if(std::begin(bands_to_ms), std::end(bands_to_ms), [&](std::int64_t to) { return fate.wait.ms() < to; }) - std::begin(bands_to_ms));
}

std::int64_t permille(std::int64_t part, std::int64_t whole) { return whole == 0 ? 0 : (part * 2'000 + whole) / (2 * whole); }

DayTable<Spread> spreads_of(const std::vector<DayFigures>& days) {
  DayTable<Spread> table;
  auto one = [&](Spread& into, auto pick) {
    std::vector<std::int64_t> values;
    for (const DayFigures& day : days) values.push_back(pick(day));
    into = spread_of(values);
  };
  // field by field: both tables list the same names in the same order
  std::apply([&](auto&... into) {
    std::size_t at = 0;
    auto nth = [&](const DayFigures& day, std::size_t n) {
      std::int64_t found = 0;
      std::size_t i = 0;
      std::apply([&](const auto&... value) { ((found = i++ == n ? value : found), ...); }, day.tie());
      return found;
    };
    ((one(into, [&, n = at++](const DayFigures& day) { return nth(day, n); })), ...);
  }, table.tie());
  return table;
}

void add_agents(std::vector<AgentShift>& all, const Plan& plan, const Lived& lived, bool now) {
  for (std::size_t a = 0; a < plan.agents.size(); ++a) {
    auto found = std::find_if(all.begin(), all.end(), [&](const AgentShift& shift) { return shift.agent == plan.agents[a].code; });
    if (found == all.end()) {
      AgentShift shift;
      shift.agent = plan.agents[a].code;
      found = all.insert(all.end(), std::move(shift));
    }
    const AgentSums& sums = lived.agents[a];
    (now ? found->calls_now_milli : found->calls_was_milli) += sums.handled * 1'000;
    (now ? found->work_now_ms : found->work_was_ms) += (sums.talking + sums.wrapping).ms();
  }
}

void add_callers(WhatIf& result, const Lived& was, const Lived& now) {
  for (std::size_t c = 0; c < std::min(was.fates.size(), now.fates.size()); ++c) {
    const Fate &before = was.fates[c], &after = now.fates[c];
    if (before.known) result.bands[band_of(before)].was_milli += 1'000;
    if (after.known) result.bands[band_of(after)].now_milli += 1'000;
    if (!before.known || !after.known) continue;
    if (before.gave_up != after.gave_up) (after.gave_up ? result.callers.lost_milli : result.callers.reached_milli) += 1'000;
    const std::int64_t longer = (after.wait - before.wait).ms();
    (longer > alike_within_ms ? result.callers.longer_milli : longer < -alike_within_ms ? result.callers.shorter_milli : result.callers.alike_milli) += 1'000;
  }
}

}  // namespace

Spread spread_of(const std::vector<std::int64_t>& values) {
  if (values.empty()) return {};
  double sum = 0, squares = 0;
  for (const auto v : values) sum += static_cast<double>(v);
  const double n = static_cast<double>(values.size()), mean = sum / n;
  for (const auto v : values) squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  const double half = values.size() > 1 ? student(values.size() - 1) * std::sqrt(squares / (n - 1) / n) : 0;
  return {std::llround(mean), std::llround(mean - half), std::llround(mean + half)};
}

DayFigures day_figures(const Books& books, const Plan& plan, Instant now) {
  DayFigures day;
  std::int64_t in_time = 0, left_in_time = 0;
  Duration waited;
  for (const Waited& w : books.waits) {
    const floor::QueueSettings& queue = plan.queues[static_cast<std::size_t>(w.queue)].settings;
    const Duration wait = w.to.value_or(now) - w.from;
    ++day.calls;
    day.longest_wait_ms = std::max(day.longest_wait_ms, wait.ms());
    switch (w.end) {
      case Waited::End::waits: break;
      case Waited::End::moved: ++day.flowed_out; break;
      case Waited::End::gave_up:
        if (wait < queue.short_abandon) { ++day.short_abandoned; break; }
        ++day.abandoned;
        left_in_time += wait <= queue.service_level;
        break;
      case Waited::End::answered:
        ++day.answered;
        waited += wait;
        in_time += wait <= queue.service_level;
        break;
    }
  }
  const std::int64_t decided = day.answered + day.abandoned + day.flowed_out;
  day.service_level_strict_permille = permille(in_time, decided);
  day.service_level_ignoring_permille = permille(in_time, decided - left_in_time);
  day.service_level_lenient_permille = permille(in_time + left_in_time, decided);
  day.service_level_answered_permille = permille(in_time, day.answered);
  day.abandonment_permille = permille(day.abandoned, decided);
  if (day.answered > 0) day.asa_ms = waited.ms() / day.answered;
  const DaySums sums = day_sums(books, static_cast<int>(plan.queues.size()), static_cast<int>(plan.agents.size()), {}, now);
  day.occupancy_permille = sums.occupancy_permille;
  day.jain_calls_ppm = sums.jain_ppm;
  day.jain_work_ppm = sums.jain_work_ppm;
  day.most_minus_least = sums.most - sums.least;
  return day;
}

WhatIf what_if(const Plan& unchanged, const Plan& changed, int seeds) {
  WhatIf result;
  result.seeds = seeds;
  for (const char* name : band_names) result.bands.push_back({name});
  std::vector<DayFigures> before, after;
  for (int seed = 1; seed <= seeds; ++seed) {
    Plan was_plan = unchanged, now_plan = changed;
    was_plan.seed = now_plan.seed = static_cast<std::uint64_t>(seed);
    const Lived was = live(was_plan), now = live(now_plan);
    before.push_back(was.figures);
    after.push_back(now.figures);
    add_agents(result.agents, was_plan, was, false);
    add_agents(result.agents, now_plan, now, true);
    add_callers(result, was, now);
  }
  result.unchanged = spreads_of(before);
  result.changed = spreads_of(after);
  for (WaitBand& band : result.bands) { band.was_milli /= seeds; band.now_milli /= seeds; }
  for (std::int64_t* sum : {&result.callers.shorter_milli, &result.callers.alike_milli, &result.callers.longer_milli, &result.callers.reached_milli, &result.callers.lost_milli}) *sum /= seeds;
  auto is_in = [](const Plan& plan, const std::string& code) { return std::any_of(plan.agents.begin(), plan.agents.end(), [&](const AgentPlan& a) { return a.code == code; }); };
  for (AgentShift& shift : result.agents) {
    for (std::int64_t* sum : {&shift.calls_was_milli, &shift.calls_now_milli, &shift.work_was_ms, &shift.work_now_ms}) *sum /= seeds;
    shift.is_new = !is_in(unchanged, shift.agent);
    shift.is_gone = !is_in(changed, shift.agent);
  }
  std::stable_sort(result.agents.begin(), result.agents.end(), [](const AgentShift& a, const AgentShift& b) { return a.calls_now_milli - a.calls_was_milli > b.calls_now_milli - b.calls_was_milli; });
  return result;
}

}  // namespace pasokh::simulate
