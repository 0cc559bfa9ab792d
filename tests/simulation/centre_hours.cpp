// As many simulated centre-hours as fit into the seconds given, everything going wrong in them, under the auditor's eyes.
//   simulation SECONDS [FIRST_SEED]     a failing seed is printed with the command that shows it again
//   simulation --seed N [events]        one centre, every finding (and every event)
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/json_text.h"
#include "simulate/auditor.h"

using namespace pasokh;
using namespace pasokh::simulate;

namespace {

struct Told { std::uint64_t stimuli = 0, events = 0, restarts = 0, offers = 0, calls = 0; Duration hours; };

class Telling : public Auditor {  // prints what the auditor is shown
 public:
  Telling(const Plan& plan, bool aloud) : Auditor(plan), start_(plan.start), aloud_(aloud) {}
  void told(const std::vector<floor::Event>& events, const std::vector<floor::Effect>& effects, Instant now, bool settled) override {
    if (aloud_)
      for (const auto& event : events) std::visit([&](const auto& e) { std::printf("%.3f %s %s\n", static_cast<double>((now - start_).us) / 1e6, e.kind, json_text(e).c_str()); }, event);
    Auditor::told(events, effects, now, settled);
  }

 private:
  Instant start_;
  bool aloud_;
};

bool run(std::uint64_t seed, Told& told, bool aloud = false) {
  const Plan plan = any_centre(seed);
  Telling auditor(plan, aloud);
  World world(plan, &auditor);
  world.run();
  auditor.day_over(world.now());
  told.stimuli += world.stimuli();
  told.events += world.events();
  told.restarts += world.restarts();
  told.offers += auditor.offers();
  told.calls += auditor.books().waits.size();
  told.hours += plan.length();
  for (const Finding& finding : auditor.findings())
    std::printf("seed %llu, second %.3f: %s: %s\n", static_cast<unsigned long long>(seed), static_cast<double>((finding.at - plan.start).us) / 1e6, finding.check.c_str(), finding.text.c_str());
  return auditor.findings().empty();
}

}  // namespace

int main(int argc, char** argv) {
  Told told;
  if (argc > 2 && std::strcmp(argv[1], "--seed") == 0) return run(std::strtoull(argv[2], nullptr, 10), told, argc > 3) ? 0 : 1;
  const double seconds = argc > 1 ? std::atof(argv[1]) : 60;
  std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1, failed = 0;
  const auto began = std::chrono::steady_clock::now();
  const std::uint64_t first = seed;
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() < seconds && failed < 5) {
    if (!run(seed, told)) { ++failed; std::printf("seed %llu FAILED; again: build/simulation --seed %llu\n", static_cast<unsigned long long>(seed), static_cast<unsigned long long>(seed)); }
    ++seed;
  }
  std::printf("%llu centres, %.0f centre-hours, %llu calls into queues, %llu offers, %llu stimuli, %llu events, %llu restarts; %llu failed\n", static_cast<unsigned long long>(seed - first), static_cast<double>(told.hours.us) / 3.6e9,
              static_cast<unsigned long long>(told.calls), static_cast<unsigned long long>(told.offers), static_cast<unsigned long long>(told.stimuli), static_cast<unsigned long long>(told.events), static_cast<unsigned long long>(told.restarts), static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
