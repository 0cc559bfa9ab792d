#include "simulate/erlang.h"

#include <cmath>
#include <vector>

namespace pasokh::simulate {
namespace {

constexpr double small = 1e-14;          // tails below it are left out

ErlangFigures erlang_c(const ErlangCase& c, double offered) {
  const double n = c.agents, blocked = erlang_b(offered, c.agents);
  const double waits = n * blocked / (n - offered * (1 - blocked));
  ErlangFigures f;
  f.waits = waits;
  f.asa_s = waits * c.talk_s / (n - offered);
  f.in_time = 1 - waits * std::exp(-(n - offered) * c.threshold_s / c.talk_s);
  f.occupancy = offered / n;
  return f;
}

// The queue as a birth-death chain: calls come at `come`; with k in the house min(k, n) talks end, and k - n give up.
struct Chain {
  double come, ends, gives_up;           // per second; ends: of all agents together when all are busy
  int agents;
  std::vector<double> before;            // stationary share of k in the house, k = 0 … n - 1
  std::vector<double> waiting;           // of n + j in the house, j = 0 …
};

void settle(Chain& chain, double talk_s) {
  // from k = n - 1 downwards and from n upwards, so that no step overflows; then to a sum of 1
  chain.before.assign(static_cast<std::size_t>(chain.agents), 0);
  double weight = 1, sum = 0;
  for (int k = chain.agents - 1; k >= 0; --k) {
    chain.before[static_cast<std::size_t>(k)] = weight;
    sum += weight;
    weight *= k / talk_s / chain.come;
  }
  weight = chain.come / chain.ends;
  for (int j = 0; weight > small || chain.come > chain.ends + j * chain.gives_up; ++j) {
    chain.waiting.push_back(weight);
    sum += weight;
    weight *= chain.come / (chain.ends + (j + 1) * chain.gives_up);
  }
  for (double& share : chain.before) share /= sum;
  for (double& share : chain.waiting) share /= sum;
}

// Who comes when n + j are in the house has j ahead. Each moment somebody ahead leaves (rate ends + j · gives_up), or the caller
// gives up. Share answered, and their mean wait, by first steps.
void follow_waiting(const Chain& chain, ErlangFigures& f) {
  double served = 0, waited = 0, mean_part = 0;
  for (std::size_t j = 0; j < chain.waiting.size(); ++j) {
    const double ahead = chain.ends + static_cast<double>(j) * chain.gives_up, all = ahead + chain.gives_up;
    const double answered = chain.ends / all;            // telescopes: of those with j ahead
    mean_part = answered / all + (j == 0 ? 0 : ahead / all * mean_part);
    served += chain.waiting[j] * answered;
    waited += chain.waiting[j] * mean_part;
  }
  double at_once = 0;
  for (const double share : chain.before) at_once += share;
  f.waits = 1 - at_once;
  f.abandons = 1 - at_once - served;
  f.asa_s = waited / (at_once + served);
}

// Share of all callers answered within t: the same steps in time, by uniformization (Poisson many jumps at one rate).
double answered_within(const Chain& chain, double t) {
  double at_once = 0;
  for (const double share : chain.before) at_once += share;
  std::vector<double> place = chain.waiting;             // by number ahead
  const double rate = chain.ends + static_cast<double>(place.size()) * chain.gives_up;
  const double jumps = rate * t;
  double answered = 0, in_time = 0, log_weight = -jumps;  // Poisson weight of m jumps
  const int most = static_cast<int>(jumps + 12 * std::sqrt(jumps) + 60);
  for (int m = 0; m <= most; ++m) {
    in_time += std::exp(log_weight) * answered;
    double reached = 0;
    for (std::size_t j = 0; j < place.size(); ++j) {
      const double steps = (chain.ends + static_cast<double>(j) * chain.gives_up) / rate, leaves = chain.gives_up / rate;
      const double moves = place[j] * steps;
      if (j == 0) reached = moves; else place[j - 1] += moves;
      place[j] -= moves + place[j] * leaves;
    }
    answered += reached;
    log_weight += std::log(jumps) - std::log(m + 1.0);
  }
  return at_once + in_time;
}

}  // namespace

double erlang_b(double offered, int agents) {
  double inverse = 1;                    // 1 / B(0)
  for (int n = 1; n <= agents; ++n) inverse = 1 + inverse * n / offered;
  return 1 / inverse;
}

Result<ErlangFigures> erlang(const ErlangCase& c) {
  const double offered = c.calls_per_hour * c.talk_s / 3'600;
  if (!c.patience_s) {
    if (offered >= c.agents) return trouble("overloaded", "with as much work as agents, and callers who never give up, the line grows without end");
    return erlang_c(c, offered);
  }
  Chain chain{c.calls_per_hour / 3'600, c.agents / c.talk_s, 1 / *c.patience_s, c.agents, {}, {}};
  settle(chain, c.talk_s);
  ErlangFigures f;
  follow_waiting(chain, f);
  f.in_time = answered_within(chain, c.threshold_s);
  f.occupancy = offered * (1 - f.abandons) / c.agents;
  return f;
}

Plan erlang_centre(const ErlangCase& c, std::uint64_t seed, int hours) {
  Plan plan;
  plan.seed = seed;
  QueuePlan queue{"support", "8000", {}, 1};
  queue.settings.notice = queue.settings.record = queue.settings.announce_place = false;
  queue.settings.wrap_up = {};
  queue.settings.capacity = 100'000;
  queue.settings.max_wait = Duration::hours(24);
  plan.queues.push_back(std::move(queue));
  plan.interval = Duration::hours(1);
  plan.calls.assign(static_cast<std::size_t>(hours), static_cast<int>(c.calls_per_hour));
  plan.talk = Duration{static_cast<std::int64_t>(c.talk_s * 1e6)} - simulated_reach;
  plan.talk_shape = 1;
  plan.patience = c.patience_s ? Duration{static_cast<std::int64_t>(*c.patience_s * 1e6)} : Duration::hours(400);  // as long as the dice can draw
  for (int n = 0; n < c.agents; ++n) {
    AgentPlan agent;
    agent.code = "a" + std::to_string(n + 1);
    agent.settings.device = std::to_string(10'001 + n);
    agent.settings.number = std::to_string(501 + n);
    agent.settings.queues = {{QueueId{1}, 0}};
    agent.shifts = {{{}, plan.length() + Duration::hours(10)}};
    agent.answers_after = {};
    plan.agents.push_back(std::move(agent));
  }
  return plan;
}

}  // namespace pasokh::simulate
