// As many simulated centre-hours as fit into the seconds given, everything going wrong in them, under the auditor's eyes.
//   simulation SECONDS [FIRST_SEED]     a failing seed is printed with the command that shows it again
//   simulation --seed N [events]        one centre, every finding (and every event)
//   simulation --seed N --shrink [FILE] the failing story made short, as a scenario for tests/scenario
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/json_text.h"
#include "simulate/auditor.h"
#include "simulate/coverage.h"
#include "simulate/seed.h"
#include "simulate/shrink.h"

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

int shrink_seed(std::uint64_t seed, const char* file) {
  const auto shrunk = shrink(any_centre(seed), [](const Plan& plan) -> std::optional<Failure> {
    Auditor auditor(plan);
    World world(plan, &auditor);
    world.run();
    auditor.day_over(world.now());
    if (auditor.findings().empty()) return {};
    return Failure{auditor.findings().front().check, auditor.findings().front().at};
  });
  if (!shrunk) { std::fprintf(stderr, "seed %llu does not fail\n", static_cast<unsigned long long>(seed)); return 1; }
  std::fprintf(stderr, "%zu callers and %zu agents became %zu and %zu in %zu runs\n", shrunk->callers_before, shrunk->agents_before, shrunk->plan.callers.size(), shrunk->plan.agents.size(), shrunk->runs);
  const std::string text = scenario_text(shrunk->plan, {}, shrunk->failure.at, "# Seed " + seed_text(seed) + ", made short. The auditor: " + shrunk->failure.check +
                                         ".\n# The lines say what the floor did; put right the one where it goes wrong, then this fails until the floor is mended.\n");
  std::FILE* out = file ? std::fopen(file, "w") : stdout;
  if (!out) { std::perror(file); return 1; }
  std::fputs(text.c_str(), out);
  if (file) std::fclose(out);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Coverage seen;  // what the state machines rule out is asserted
  seen.listen();
  Told told;
  if (argc > 2 && std::strcmp(argv[1], "--seed") == 0) {
    const auto seed = parse_seed(argv[2]);
    if (!seed) { std::fprintf(stderr, "%s\n", seed.error().text.c_str()); return 2; }
    if (argc > 3 && std::strcmp(argv[3], "--shrink") == 0) return shrink_seed(*seed, argc > 4 ? argv[4] : nullptr);
    return run(*seed, told, argc > 3) ? 0 : 1;
  }
  const double seconds = argc > 1 ? std::atof(argv[1]) : 60;
  std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1, failed = 0;
  const auto began = std::chrono::steady_clock::now();
  const std::uint64_t first = seed;
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() < seconds && failed < 5) {
    if (!run(seed, told)) { ++failed; std::printf("seed %llu FAILED; again: build/simulation --seed %s; made short: the same with --shrink\n", static_cast<unsigned long long>(seed), seed_text(seed).c_str()); }
    ++seed;
  }
  std::printf("%llu centres, %.0f centre-hours, %llu calls into queues, %llu offers, %llu stimuli, %llu events, %llu restarts; %llu failed\n", static_cast<unsigned long long>(seed - first), static_cast<double>(told.hours.us) / 3.6e9,
              static_cast<unsigned long long>(told.calls), static_cast<unsigned long long>(told.offers), static_cast<unsigned long long>(told.stimuli), static_cast<unsigned long long>(told.events), static_cast<unsigned long long>(told.restarts), static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
