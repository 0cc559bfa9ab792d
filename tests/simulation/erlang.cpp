// The simulator (real floor, seeded people) where exact answers exist: Erlang C and Erlang A.
//   simulation_erlang DAYS               so many days of 41 hours a case; the exact value must lie in the 99 % interval of their means
//   simulation_erlang --within 1 SECONDS  days until each figure is known to 0.8 % (99 %) or the time is over; then it must be within
//                                         1 % of the exact value, or it is said how precise the time allowed. All four cases take
//                                         about 14 minutes of one core at 2.5 GHz; what needs least comes first.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <unordered_map>
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

// Mean of so many days and half of its 99 % interval, kept as they come (Welford): thousands of days cost nothing to look at.
struct Measured {
  std::size_t days = 0;
  double mean = 0, squares = 0;
  void add(double day) {
    const double off = day - mean;
    mean += off / static_cast<double>(++days);
    squares += off * (day - mean);
  }
  double half() const {                  // normal law: there are 30 days or more
    const double n = static_cast<double>(days);
    return (2.576 + 4.9 / n) * std::sqrt(squares / (n - 1) / n);
  }
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
    waits.add(static_cast<double>(seen.waited) / all);
    abandons.add(static_cast<double>(seen.gave_up) / all);
    asa.add(static_cast<double>(seen.wait_us) / 1e6 / static_cast<double>(seen.answered));
    in_time.add(static_cast<double>(seen.in_time) / all);
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
      const double mean = f.measured->mean, half = f.measured->half(), off = (mean - f.exact) / f.exact * 100;
      const bool precise = half <= f.exact * precise_percent / 100;
      const bool held = within_percent > 0 ? !precise || std::fabs(off) <= within_percent : std::fabs(mean - f.exact) <= half;
      std::printf("%-28s %-17s exact %9.5f   measured %9.5f ± %.5f (99 %%, %zu days)   %+.2f %%%s\n", name, f.says, f.exact, mean, half, f.measured->days, off,
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
  Case c{name, centre, *exact, {}, {}, {}, {}};
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
