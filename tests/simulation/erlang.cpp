// The simulator (real floor, seeded people) where exact answers exist: Erlang C and Erlang A.
//   simulation_erlang DAYS               so many days of 41 hours a case; the exact value must lie in the 99 % interval of their means
//   simulation_erlang --within 1 SECONDS  days until each figure is known to 0.8 % (99 %) or the time is over; then it must be within
//                                         1 % of the exact value, or it is said how precise the time allowed. All four cases took
//                                         131 s of one core at 2.5 GHz (4, 8, 31 and 88; without the control variates below
//                                         ten times as many days are needed); what needs least comes first.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <unordered_map>
#include <utility>
#include <vector>

#include "simulate/erlang.h"
#include "simulate/world.h"

using namespace pasokh;
using namespace pasokh::simulate;

namespace {

constexpr int hours = 41;                // the first is for filling the house and is not counted

class Waits : public Observer {
 public:
  explicit Waits(Instant counts_from, double threshold_s) : from_(counts_from), threshold_{static_cast<std::int64_t>(threshold_s * 1e6)} {}
  void happened(const floor::Stimulus&, Instant) override {}
  void restarted(bool, Instant) override {}
  void told(const std::vector<floor::Event>& events, const std::vector<floor::Effect>&, Instant now, bool) override {
    for (const auto& event : events) {
      if (const auto* queued = std::get_if<floor::CallQueued>(&event)) { if (now >= from_) came_[queued->call] = now; }
      else if (const auto* taken = std::get_if<floor::OfferAnswered>(&event)) leaves(taken->call, now, true);
      else if (const auto* left = std::get_if<floor::CallLeftQueue>(&event)) { if (left->why == floor::LeftQueue::abandoned) leaves(left->call, now, false); }
    }
  }
  std::int64_t all = 0, waited = 0, gave_up = 0, in_time = 0, answered = 0, wait_us = 0;

 private:
  void leaves(CallId call, Instant now, bool was_answered) {
    const auto came = came_.find(call);
    if (came == came_.end()) return;
    const Duration wait = now - came->second - (was_answered ? simulated_reach : Duration{});
    came_.erase(came);
    ++all;
    waited += wait.us > 0;
    if (!was_answered) { ++gave_up; return; }
    ++answered;
    wait_us += wait.us;
    in_time += wait <= threshold_;
  }
  Instant from_;
  Duration threshold_;
  std::unordered_map<CallId, Instant> came_;
};

// Control variates. The day's own callers, with their own talks, are also sent into a house with an agent for everybody (M/M/inf), where
// the number in talk is Poisson with the offered work as its mean: what it does on average is known exactly, and a day on which more of
// them than there are agents talk at once there is a day on which callers wait here. So each figure is regressed on how far the day was
// from those known means, and the intercept is what a day without any such luck would have given (Lavenberg and Welch, Management
// Science 27, 1981). No figure of the simulator's enters the controls, only arrivals and talks as they were drawn.
constexpr std::size_t controls = 5;
using Luck = std::array<double, controls>;

double poisson_mean_of(double mean, int agents, double (*of)(double over)) {
  double sum = 0, p = std::exp(-mean);
  for (int k = 0; k < 20 * agents; p *= mean / ++k) sum += p * of(k - agents);
  return sum;
}
constexpr std::array<double (*)(double), controls> looks{[](double over) { return over; },
                                                         [](double over) { return over >= 0 ? 1.0 : 0.0; },
                                                         [](double over) { return over > 0 ? over : 0.0; },
                                                         [](double over) { return over > 0 ? over * over : 0.0; },
                                                         [](double over) { return over > -4 ? 1.0 : 0.0; }};

Luck luck_of(const std::vector<CallerPlan>& callers, const Plan& plan, const ErlangCase& centre, Duration from, Duration to) {
  std::vector<std::pair<Duration, int>> steps;             // of the number in talk
  for (const CallerPlan& caller : callers) {
    Dice fate = *caller.fate;                              // as the world draws it
    fate.exponential(plan.patience);
    const Duration talk = fate.erlang(plan.talk_shape, plan.talk) + simulated_reach;
    steps.emplace_back(caller.at, +1);
    steps.emplace_back(caller.at + talk, -1);
  }
  std::sort(steps.begin(), steps.end());
  Luck sum{};
  Duration since = from;
  int talking = 0;
  for (const auto& [at, step] : steps) {
    const Duration until = std::clamp(at, since, to);
    for (std::size_t i = 0; i < controls; ++i) sum[i] += looks[i](talking - centre.agents) * static_cast<double>((until - since).us);
    since = until;
    talking += step;
  }
  const double work = centre.calls_per_hour * centre.talk_s / 3'600;
  for (std::size_t i = 0; i < controls; ++i) sum[i] = sum[i] / static_cast<double>((to - from).us) - poisson_mean_of(work, centre.agents, looks[i]);
  return sum;
}

// Least squares of so many days on a constant and the luck; kept as sums, so that thousands of days cost nothing to look at.
class Measured {
 public:
  explicit Measured(double around = 0) : around_(around) {}
  void add(double day, const Luck& luck) {
    std::array<double, size> row{1};
    std::copy(luck.begin(), luck.end(), row.begin() + 1);
    const double y = day - around_;
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < size; ++j) xx_[i][j] += row[i] * row[j];
      xy_[i] += row[i] * y;
    }
    yy_ += y * y;
    ++days;
  }
  std::size_t days = 0;
  double mean() const { return around_ + solved().first[0]; }
  double half() const {                  // of the 99 % interval; nearly normal: there are 30 days or more
    const auto [b, corner] = solved();
    double rest = yy_;
    for (std::size_t i = 0; i < size; ++i) rest -= b[i] * xy_[i];
    const double free = static_cast<double>(days - size);
    return (2.576 + 4.9 / free) * std::sqrt(std::max(0.0, rest) / free * corner);
  }
  double plain_half() const {            // without the controls
    const double n = static_cast<double>(days), off = xy_[0] / n;
    return (2.576 + 4.9 / n) * std::sqrt((yy_ - n * off * off) / (n - 1) / n);
  }

 private:
  static constexpr std::size_t size = controls + 1;
  // the coefficients, and the first element of the inverse of the sums of squares (Gauss-Jordan)
  std::pair<std::array<double, size>, double> solved() const {
    auto m = xx_;
    auto b = xy_;
    std::array<double, size> unit{1};
    for (std::size_t i = 0; i < size; ++i) {
      std::size_t best = i;
      for (std::size_t k = i + 1; k < size; ++k) if (std::fabs(m[k][i]) > std::fabs(m[best][i])) best = k;
      std::swap(m[i], m[best]);
      std::swap(b[i], b[best]);
      std::swap(unit[i], unit[best]);
      for (std::size_t k = 0; k < size; ++k) {
        if (k == i) continue;
        const double times = m[k][i] / m[i][i];
        for (std::size_t j = i; j < size; ++j) m[k][j] -= times * m[i][j];
        b[k] -= times * b[i];
        unit[k] -= times * unit[i];
      }
    }
    for (std::size_t i = 0; i < size; ++i) b[i] /= m[i][i];
    return {b, unit[0] / m[0][0]};
  }
  double around_;
  std::array<std::array<double, size>, size> xx_{};
  std::array<double, size> xy_{};
  double yy_ = 0;
};

constexpr double precise_percent = 0.8;

struct Asked { int days = 30; double within_percent = 0, seconds = 0; };

struct Case {
  const char* name;
  ErlangCase centre;
  ErlangFigures exact;
  Measured waits, abandons, asa, in_time;

  void add_day(std::uint64_t seed) {
    const Plan plan = erlang_centre(centre, seed, hours);
    Waits seen(plan.start + Duration::hours(1), centre.threshold_s);
    World world(plan, &seen);
    world.run();
    const double all = static_cast<double>(seen.all);
    const Luck luck = luck_of(world.drawn(), plan, centre, Duration::hours(1), plan.length());
    waits.add(static_cast<double>(seen.waited) / all, luck);
    abandons.add(static_cast<double>(seen.gave_up) / all, luck);
    asa.add(static_cast<double>(seen.wait_us) / 1e6 / static_cast<double>(seen.answered), luck);
    in_time.add(static_cast<double>(seen.in_time) / all, luck);
  }
  struct Figure { const char* says; const Measured* measured; double exact; };
  std::vector<Figure> figures() const {
    std::vector<Figure> all{{"who waits", &waits, exact.waits}, {"ASA, seconds", &asa, exact.asa_s}, {"answered in time", &in_time, exact.in_time}};
    if (centre.patience_s) all.push_back({"who gives up", &abandons, exact.abandons});
    return all;
  }
  bool is_precise() const {
    for (const Figure& f : figures()) if (f.measured->half() > f.exact * precise_percent / 100) return false;
    return true;
  }
  bool judge(double within_percent) const {
    bool good = true;
    for (const Figure& f : figures()) {
      const double mean = f.measured->mean(), half = f.measured->half(), off = (mean - f.exact) / f.exact * 100;
      const bool precise = half <= f.exact * precise_percent / 100;
      const bool held = within_percent > 0 ? !precise || std::fabs(off) <= within_percent : std::fabs(mean - f.exact) <= half;
      std::printf("%-28s %-17s exact %9.5f   measured %9.5f ± %.5f (99 %%, %zu days; without controls ± %.5f)   %+.2f %%%s\n", name, f.says, f.exact, mean, half, f.measured->days, f.measured->plain_half(), off,
                  !held ? "   NOT HELD" : within_percent > 0 && !precise ? "   more time would tell" : "");
      good = good && held;
    }
    return good;
  }
};

using Clock = std::chrono::steady_clock;

bool check(const char* name, const ErlangCase& centre, const Asked& asked, Clock::time_point began) {
  const auto exact = erlang(centre);
  if (!exact) { std::printf("%s: %s\n", name, exact.error().text.c_str()); return false; }
  Case c{name, centre, *exact, Measured(exact->waits), Measured(exact->abandons), Measured(exact->asa_s), Measured(exact->in_time)};
  const std::clock_t cpu = std::clock();
  auto in_time = [&] { return std::chrono::duration<double>(Clock::now() - began).count() < asked.seconds; };
  for (int day = 1; day <= asked.days || (asked.within_percent > 0 && in_time() && !c.is_precise()); ++day) c.add_day(static_cast<std::uint64_t>(day));
  const bool good = c.judge(asked.within_percent);
  std::printf("%-28s %zu days took %.0f s of CPU\n", name, c.waits.days, static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
  std::fflush(stdout);
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  Asked asked;
  if (argc == 4 && std::strcmp(argv[1], "--within") == 0) asked = {30, std::atof(argv[2]), std::atof(argv[3])};
  else if (argc == 2) asked.days = std::atoi(argv[1]);
  if (argc == 3 || argc > 4 || asked.days < 30) { std::fprintf(stderr, "usage: simulation_erlang DAYS (30 or more) | --within PERCENT SECONDS\n"); return 2; }
  const auto began = Clock::now();
  bool good = check("Erlang A, 10 agents at 110 %", {220, 10, 180, 120.0, 20}, asked, began);
  good = check("Erlang A, 30 agents at 95 %", {570, 30, 180, 60.0, 20}, asked, began) && good;
  good = check("Erlang C, 10 agents at 70 %", {140, 10, 180, {}, 20}, asked, began) && good;
  good = check("Erlang C, 30 agents at 80 %", {480, 30, 180, {}, 20}, asked, began) && good;
  return good ? 0 : 1;
}
