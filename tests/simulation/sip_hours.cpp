// Centre-hours with telephones: the real switchboard, floor, SIP and recovery between simulated phones on a bad network, a bad disk,
// and kills, under the auditors' eyes (src/simulate/sip_auditor.h).
//   simulation_sip HOURS [FIRST_SEED]     a failing seed is printed with the command that shows it again
//   simulation_sip --seed N@PRINT [calm] [trace]  one centre, every finding; trace: every message at our door
//   simulation_sip --golden [FILE]          fingerprints of fixed seeds: printed, or held against the file. The same on every compiler.
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json_text.h"
#include "base/codec.h"
#include "simulate/coverage.h"
#include "simulate/report_check.h"
#include "simulate/seed.h"
#include "simulate/sip_auditor.h"

using namespace pasokh;
using namespace pasokh::simulate;

namespace {

struct Told { std::uint64_t calls = 0, talks = 0, rings = 0, datagrams = 0, lost = 0, deaths = 0, compared = 0, events = 0; Duration hours; };

double second_of(Instant at, const Plan& plan) { return static_cast<double>((at - plan.start).us) / 1e6; }

class Telling : public SipAuditor {
 public:
  Telling(const SipPlan& plan, bool aloud) : SipAuditor(plan), plan_(plan.people), aloud_(aloud) {}
  void look(SipWorld& world) { world_ = &world; watch(world); }
  void sent_by_us(int peer, std::string_view bytes) override { say("<-", peer, bytes); SipAuditor::sent_by_us(peer, bytes); }
  void reached_us(int peer, std::string_view bytes) override { say("->", peer, bytes); SipAuditor::reached_us(peer, bytes); }
  void durable(const std::vector<Handled>& all) override {
    if (aloud_) for (const auto& handled : all) for (const auto& event : handled.events)
      std::visit([&](const auto& e) { std::printf("%10.3f    %s %s\n", second_of(handled.now, plan_), e.kind, json_text(e).c_str()); }, event);
    SipAuditor::durable(all);
  }
  void agent_did(int agent, const std::string& verb, bool done) override {
    if (aloud_) std::printf("%10.3f    agent %d %s%s\n", second_of(world_->now(), plan_), agent, verb.c_str(), done ? ": done" : "");
    SipAuditor::agent_did(agent, verb, done);
  }
  void noticed(int peer, const PeerCall& call, Notice notice, int status) override {
    if (aloud_) std::printf("%10.3f    peer %d call %llu (%s) notices %d %d\n", second_of(world_->now(), plan_), peer, static_cast<unsigned long long>(call.id), call.shown.c_str(), static_cast<int>(notice), status);
    SipAuditor::noticed(peer, call, notice, status);
  }

 private:
  void say(const char* way, int peer, std::string_view bytes) {
    if (!aloud_) return;
    auto header = [&](std::string_view name) {
      const auto at = bytes.find(name);
      return at == bytes.npos ? std::string() : std::string(bytes.substr(at, bytes.find("\r\n", at) - at));
    };
    std::printf("%10.3f %s %d %s | %s | %s | %s\n", second_of(world_->now(), plan_), way, peer, std::string(bytes.substr(0, bytes.find("\r\n"))).c_str(), header("Call-ID").c_str(), header("CSeq").c_str(), header("From").c_str());
  }
  Plan plan_;
  bool aloud_;
  SipWorld* world_ = nullptr;
};

int golden(const char* file) {
  std::string now;
  char line[80];
  for (const std::uint64_t seed : {1, 2, 3, 5, 8, 13}) {
    SipWorld world(any_sip_centre(seed));
    world.run();
    std::snprintf(line, sizeof line, "telephones %llu %016llx\n", static_cast<unsigned long long>(seed), static_cast<unsigned long long>(world.print()));
    now += line;
  }
  for (const std::uint64_t seed : {1, 2, 3, 5, 8, 13}) {
    World world(any_centre(seed));
    world.keep_journal();
    world.run();
    std::uint64_t print = 0xcbf29ce484222325ull;
    for (const Recorded& recorded : world.journal()) {
      Writer writer;
      encode(writer, recorded.event);
      for (const char c : writer.bytes) print = (print ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
      print = (print ^ static_cast<std::uint64_t>(recorded.at.us)) * 0x100000001b3ull;
    }
    std::snprintf(line, sizeof line, "floor %llu %016llx\n", static_cast<unsigned long long>(seed), static_cast<unsigned long long>(print));
    now += line;
  }
  if (!file) { std::fputs(now.c_str(), stdout); return 0; }
  std::ifstream in(file);
  std::stringstream kept;
  kept << in.rdbuf();
  if (kept.str() == now) return 0;
  std::printf("the fingerprints are others than in %s. If a rule has changed on purpose, run  build/simulation_sip --golden > %s\n%s", file, file, now.c_str());
  return 1;
}

bool run(std::uint64_t seed, const SipPlan& plan, Told& told, bool aloud, bool reports) {
  Telling auditor(plan, aloud);
  SipWorld world(plan, &auditor);
  auditor.look(world);
  if (reports) world.control().keep_journal();
  world.run();
  auditor.day_over();
  std::vector<Finding> findings = auditor.findings();
  if (reports) {
    std::string dir = std::string(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + "/pasokh-sip-hours-XXXXXX";  // its syncs tell nothing here
    std::vector<Recorded> journal;
    for (const auto& recorded : world.control().journal()) journal.push_back({recorded.at, recorded.event});
    auto checked = check_reports(plan.people, auditor.books_auditor().books(), std::move(journal), world.control().clock(), ::mkdtemp(dir.data()));
    std::filesystem::remove_all(dir);
    if (!checked) findings.push_back({"reports", world.now(), checked.error().text});
    else findings.insert(findings.end(), checked->begin(), checked->end());
  }
  told.calls += world.calls();
  told.talks += world.talks();
  told.rings += auditor.rings();
  told.datagrams += world.datagrams();
  told.lost += world.lost();
  told.deaths += world.control().deaths();
  told.compared += auditor.restarts();
  told.events += world.control().events();
  told.hours += plan.people.length();
  for (const Finding& finding : findings)
    std::printf("seed %llu, second %.3f: %s: %s\n", static_cast<unsigned long long>(seed), second_of(finding.at, plan.people), finding.check.c_str(), finding.text.c_str());
  if (aloud) for (const auto& line : world.control().log()) std::printf("log: %s\n", line.c_str());
  if (aloud) std::printf("print %016llx\n", static_cast<unsigned long long>(world.print()));
  return findings.empty();
}

}  // namespace

int main(int argc, char** argv) {
  Coverage seen;  // what the state machines rule out is asserted
  seen.listen();
  Told told;
  const auto has = [&](const char* word) { for (int i = 1; i < argc; ++i) if (std::strcmp(argv[i], word) == 0) return true; return false; };
  if (argc > 2 && std::strcmp(argv[1], "--seed") == 0) {
    const auto given = parse_sip_seed(argv[2]);
    if (!given) { std::fprintf(stderr, "%s\n", given.error().text.c_str()); return 2; }
    const std::uint64_t seed = *given;
    return run(seed, has("calm") ? calm_sip_centre(seed) : any_sip_centre(seed), told, has("trace"), true) ? 0 : 1;
  }
  if (argc > 1 && std::strcmp(argv[1], "--golden") == 0) return golden(argc > 2 ? argv[2] : nullptr);
  const auto hours = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 120;
  const auto first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  std::uint64_t failed = 0, seed = first;
  for (; seed < first + hours && failed < 5; ++seed) {
    const bool calm = seed % 6 == 0;
    if (run(seed, calm ? calm_sip_centre(seed) : any_sip_centre(seed), told, false, seed % 10 == 0)) continue;
    ++failed;
    std::printf("seed %llu FAILED; again: build/simulation_sip --seed %s%s\n", static_cast<unsigned long long>(seed), sip_seed_text(seed).c_str(), calm ? " calm" : "");
  }
  const auto n = [](std::uint64_t v) { return static_cast<unsigned long long>(v); };
  std::printf("%llu centres, %.0f centre-hours with telephones: %llu calls, %llu rings, %llu talks, %llu datagrams (%llu lost), %llu events, %llu kills of control (%llu compared); %llu failed\n", n(seed - first),
              static_cast<double>(told.hours.us) / 3.6e9, n(told.calls), n(told.rings), n(told.talks), n(told.datagrams), n(told.lost), n(told.events), n(told.deaths), n(told.compared), n(failed));
  return failed == 0 ? 0 : 1;
}
