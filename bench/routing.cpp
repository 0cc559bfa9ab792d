// routing_decision_us_p99 (10,000 agents × 500 queues × 20 skills; each agent in 5 queues, one queue with all of them):
// one decision as the floor takes it, crediting included: a caller is queued or an agent becomes free, an offer is decided and
// evolved. Measured around Floor::handle of the stimulus, so the figure holds what the switchboard pays. Prints one JSON line.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "floor/floor.h"

using namespace pasokh;
using namespace pasokh::floor;

namespace {

constexpr int agents = 10'000, queues = 500, skills = 20, decisions = 20'000;

struct Dice {  // splitmix64: the same run everywhere
  std::uint64_t state = 42;
  std::uint64_t next() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  int below(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }
};

double cpu_us() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

struct Figures { double p50 = 0, p99 = 0, set_up_ms = 0; };

class Centre {
 public:
  explicit Centre(const std::string& strategy) {
    configure("trunk", "carrier", {});
    for (int q = 0; q < queues; ++q) {
      std::map<std::string, std::string> settings{{"strategy", strategy}, {"notice", "no"}, {"record", "no"}, {"announce_place", "no"}, {"wrap_up", "0s"}};
      if (q > 0) settings["skills"] = "0s=s" + std::to_string(q % skills) + ":3,30s=s" + std::to_string(q % skills) + ":1,60s=";
      configure("queue", "q" + std::to_string(q), settings);
      configure("number", std::to_string(10000 + q), {{"queue", "q" + std::to_string(q)}});
    }
    for (int a = 0; a < agents; ++a) {
      std::map<std::string, int> in{{"q0", 0}};
      while (in.size() < 5) in.emplace("q" + std::to_string(1 + dice_.below(queues - 1)), 0);
      std::string list, can;
      for (const auto& [code, order] : in) list += (list.empty() ? "" : ",") + code;
      for (int s = 0; s < skills; ++s) if (dice_.below(2)) can += (can.empty() ? "" : ",") + ("s" + std::to_string(s)) + ":" + std::to_string(1 + dice_.below(10));
      const std::string n = std::to_string(a);
      configure("device", "d" + n, {});
      configure("agent", "a" + n, {{"queues", list}, {"skills", can}, {"device", "d" + n}});
      tell(DeviceReachable{floor_.device("d" + n), true});
    }
    for (int a = 0; a < agents; ++a) if (dice_.below(10) < 8) tell(SignIn{"a" + std::to_string(a), "", "bench"});
  }

  // Half the calls go to the queue of all, half to any other. Calls are answered at once and last until `talking` is full, so
  // that about half of the agents are busy.
  std::vector<double> run() {
    std::vector<double> spent;
    for (int i = 0; i < decisions; ++i) {
      const LegId customer{next_leg_};
      next_leg_ += 2;
      const std::string number = std::to_string(10000 + (dice_.below(2) ? 0 : 1 + dice_.below(queues - 1)));
      now_.us += 1000;
      const double before = cpu_us();
      Turn turn = floor_.handle(LegArrived{customer, floor_.trunk("carrier"), {}, number, PartyId{1}, {}}, now_);
      const double after = cpu_us();
      for (const Event& event : turn.events) {
        const auto* offer = std::get_if<CallOffered>(&event);
        if (!offer) continue;
        spent.push_back(after - before);
        const LegId leg = offer->leg;
        tell(LegAnsweredByPeer{leg});
        break;
      }
      talking_.push_back(customer);
      if (talking_.size() < 4000) continue;
      const auto which = static_cast<std::size_t>(dice_.below(static_cast<int>(talking_.size())));
      std::swap(talking_[which], talking_.back());
      tell(LegGone{talking_.back(), EndCause::hung_up});
      talking_.pop_back();
    }
    return spent;
  }

 private:
  void configure(std::string noun, std::string code, std::map<std::string, std::string> settings) {
    Turn turn = tell(Configure{std::move(noun), "add", std::move(code), std::move(settings), "bench"});
    if (turn.refused) { std::fprintf(stderr, "%s\n", turn.refused->text.c_str()); std::exit(1); }
  }
  Turn tell(const Stimulus& stimulus) { now_.us += 10; return floor_.handle(stimulus, now_); }

  Floor floor_;
  Dice dice_;
  Instant now_{1'774'051'200'000'000};
  std::uint64_t next_leg_ = 1;
  std::vector<LegId> talking_;
};

Figures measure(const std::string& strategy) {
  const double start = cpu_us();
  Centre centre(strategy);
  Figures figures;
  figures.set_up_ms = (cpu_us() - start) / 1000;
  std::vector<double> spent = centre.run();
  spent.erase(spent.begin(), spent.begin() + static_cast<std::ptrdiff_t>(spent.size() / 2));  // warm, and about half of the agents busy
  // The median of the p99 of ten stretches: a neighbour on the machine spoils some of them, never most.
  std::vector<double> p99;
  const std::size_t stretch = spent.size() / 10;
  for (std::size_t i = 0; i + stretch <= spent.size(); i += stretch) {
    const auto first = spent.begin() + static_cast<std::ptrdiff_t>(i), last = first + static_cast<std::ptrdiff_t>(stretch);
    std::sort(first, last);
    p99.push_back(*(first + static_cast<std::ptrdiff_t>(stretch * 99 / 100)));
  }
  std::sort(p99.begin(), p99.end());
  std::sort(spent.begin(), spent.end());
  figures.p50 = spent[spent.size() / 2];
  figures.p99 = p99[p99.size() / 2];
  return figures;
}

}  // namespace

int main() {
  const Figures fair = measure("fair-share"), idle = measure("longest-idle");
  std::printf("{\"routing_decision_us_p99\": %.2f, \"fair_share_us_p99\": %.2f, \"fair_share_us_p50\": %.2f, \"longest_idle_us_p99\": %.2f, "
              "\"longest_idle_us_p50\": %.2f, \"settings_10000_agents_ms\": %.0f}\n",
              std::max(fair.p99, idle.p99), fair.p99, fair.p50, idle.p99, idle.p50, fair.set_up_ms);
}
