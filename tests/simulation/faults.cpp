// Does the auditor bite? Each fault below is switched on between people, floor and reports, one at a time, in centres in which
// the auditor finds nothing without it; each must be found. tests/simulation/faults.md is printed by `simulation_faults --list`.
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "simulate/auditor.h"
#include "simulate/report_check.h"
#include "simulate/shrink.h"

using namespace pasokh;
using namespace pasokh::simulate;
using namespace pasokh::floor;

namespace {

struct Fault {
  const char* name;
  const char* says;
  Tampering world;
  ReportTampering reports;
  bool restarts = false;     // seen only when control dies
};

using Change = std::function<bool(Event&)>;  // true: it applied

template <class E> Tampering change(std::function<bool(E&)> how) {
  return {[how](Turn& turn, Instant) { for (Event& event : turn.events) if (auto* e = std::get_if<E>(&event)) how(*e); }, {}, {}};
}
template <class E> bool always(const E&) { return true; }
template <class E> Tampering drop(bool (*which)(const E&) = always<E>) {
  return {[which](Turn& turn, Instant) { std::erase_if(turn.events, [&](const Event& event) { const auto* e = std::get_if<E>(&event); return e && which(*e); }); }, {}, {}};
}
template <class E> Tampering twice() {
  return {[](Turn& turn, Instant) {
    for (std::size_t i = 0; i < turn.events.size(); ++i)
      if (std::holds_alternative<E>(turn.events[i])) { const Event copy = turn.events[i]; turn.events.insert(turn.events.begin() + static_cast<std::ptrdiff_t>(++i), copy); }
  }, {}, {}};
}
template <class E> Tampering change_order(std::function<bool(E&)> how) {
  return {[how](Turn& turn, Instant) { for (Effect& effect : turn.effects) if (auto* e = std::get_if<E>(&effect)) how(*e); }, {}, {}};
}
template <class E> Tampering drop_order(bool (*which)(const E&) = always<E>) {
  return {[which](Turn& turn, Instant) { std::erase_if(turn.effects, [&](const Effect& effect) { const auto* e = std::get_if<E>(&effect); return e && which(*e); }); }, {}, {}};
}
// only the nth time, so that the world goes on much as before
template <class E> std::function<bool(E&)> once_in(int n, std::function<void(E&)> how) {
  return [n, how, count = 0](E& e) mutable { if (++count % n != 0) return false; how(e); return true; };
}
ReportTampering in_queues(std::function<void(office::reports::QueueFigures&)> how) {
  return {{}, [how](std::vector<storage::QueueRow>& rows) { if (!rows.empty()) how(rows.front().figures); }, {}};
}
ReportTampering in_agents(std::function<void(office::reports::AgentFigures&)> how) {
  return {{}, {}, [how](storage::AgentsAnswer& answer) { if (!answer.agents.empty()) how(answer.agents.front().figures); }};
}
template <class E> ReportTampering in_journal(std::function<void(Recorded&, E&)> how) {
  return {[how](Recorded& recorded) { if (auto* e = std::get_if<E>(&recorded.event)) how(recorded, *e); }, {}, {}};
}

std::vector<Fault> faults() {
  std::vector<Fault> all;
  auto add = [&](const char* name, const char* says, Tampering world) { all.push_back({name, says, std::move(world), {}, false}); };
  auto add_report = [&](const char* name, const char* says, ReportTampering reports) { all.push_back({name, says, {}, std::move(reports), false}); };

  add("queued-lost", "a caller is answered and stands in no line", drop<CallQueued>());
  add("queued-twice", "a caller stands in the line twice", twice<CallQueued>());
  add("place-lost", "a caller who comes back loses the time of arrival", change<CallQueued>([](CallQueued& e) { e.since = e.since + Duration::seconds(1); return true; }));
  add("priority-wrong", "a caller gets another priority than the queue's", change<CallQueued>([](CallQueued& e) { ++e.priority; return true; }));
  add("place-off-by-one", "the caller is told one place too many", change<CallQueued>([](CallQueued& e) { ++e.place; return true; }));
  add("place-again-off-by-one", "told again, one place too many", change<PlaceAnnounced>([](PlaceAnnounced& e) { ++e.place; return true; }));
  add("arrived-twice", "one INVITE makes two calls", twice<CallArrived>());
  add("arrived-other", "the call is another's", change<CallArrived>([](CallArrived& e) { ++e.caller.value; return true; }));
  add("offer-lost", "a phone rings and no offer is written", drop<CallOffered>());
  add("offer-other-agent", "the journal names another agent than the one who is rung", change<CallOffered>([](CallOffered& e) { e.agent.value = e.agent.value == 1 ? 2 : 1; return true; }));
  add("offer-other-caller", "two callers are swapped", change<CallOffered>([last = CallId{}](CallOffered& e) mutable { const CallId mine = e.call; if (last) e.call = last; last = mine; return true; }));
  add("offer-deadline", "the offer rings a second too long", change<CallOffered>([](CallOffered& e) { e.deadline = e.deadline + Duration::seconds(1); return true; }));
  add("reason-key", "the key in the reason is off by one", change<CallOffered>([](CallOffered& e) { if (!e.reason.first.empty()) ++e.reason.first.front().key; return true; }));
  add("reason-free", "the reason counts one free agent too many", change<CallOffered>([](CallOffered& e) { ++e.reason.free; return true; }));
  add("reason-on-duty", "the reason counts one on duty too few", change<CallOffered>([](CallOffered& e) { --e.reason.on_duty; return true; }));
  add("reason-order", "first and second of the ranking are swapped", change<CallOffered>([](CallOffered& e) { if (e.reason.first.size() > 1) std::swap(e.reason.first[0], e.reason.first[1]); return true; }));
  add("reason-short", "the ranking loses its last", change<CallOffered>([](CallOffered& e) { if (e.reason.first.size() > 1) e.reason.first.pop_back(); return true; }));
  add("offer-as-given", "an offer is written down as a supervisor's", change<CallOffered>([](CallOffered& e) { e.reason.given_by = "boss"; return true; }));
  add("answered-lost", "an answer is not written", drop<OfferAnswered>());
  add("answered-other", "the answer is another agent's", change<OfferAnswered>([](OfferAnswered& e) { e.agent.value = e.agent.value == 1 ? 2 : 1; return true; }));
  add("lapsed-lost", "an unanswered offer is not written", drop<OfferLapsed>());
  add("lapse-forgiven", "an agent who let it ring is not set aside", drop<AgentPaused>([](const AgentPaused& e) { return e.by.empty(); }));
  add("withdrawn-lost", "an offer that was taken back stays", drop<OfferWithdrawn>());
  add("share-not-returned", "an offer taken back is not returned to the ledger", change<OfferWithdrawn>([](OfferWithdrawn& e) { e.why = WithdrawReason::agent_left; return true; }));
  add("wrap-up-lost", "no wrap-up after the call", drop<WrapUpStarted>());
  add("wrap-up-long", "the wrap-up is a second too long", change<WrapUpStarted>([](WrapUpStarted& e) { e.until = e.until + Duration::seconds(1); return true; }));
  add("wrap-up-for-ever", "the end of the wrap-up is not written", drop<WrapUpEnded>());
  add("pause-ignored", "an agent's break is not written", drop<AgentPaused>([](const AgentPaused& e) { return !e.by.empty(); }));
  add("ready-ignored", "an agent comes back and is not ready", drop<AgentReady>());
  add("sign-out-ignored", "an agent has gone home and is on duty", drop<AgentSignedOut>());
  add("ended-lost", "a call never ends", drop<CallEnded>());
  add("ended-twice", "a call ends twice", twice<CallEnded>());
  add("outcome-answered", "an abandoned call is called answered", change<CallEnded>([](CallEnded& e) { if (e.outcome == Outcome::abandoned) e.outcome = Outcome::answered; return true; }));
  add("outcome-abandoned", "an answered call is called abandoned", change<CallEnded>([](CallEnded& e) { if (e.outcome == Outcome::answered) e.outcome = Outcome::abandoned; return true; }));
  add("left-queue-lost", "who was answered still waits", drop<CallLeftQueue>());
  add("left-queue-abandoned", "answered callers are counted as abandoned", change<CallLeftQueue>([](CallLeftQueue& e) { if (e.why == LeftQueue::answered) e.why = LeftQueue::abandoned; return true; }));
  add("left-queue-answered", "abandoned callers are counted as answered", change<CallLeftQueue>([](CallLeftQueue& e) { if (e.why == LeftQueue::abandoned) e.why = LeftQueue::answered; return true; }));
  add("ledger-cut-lost", "a cut of the ledger is not written", drop<LedgerCut>());
  add("ledger-cut-off", "a cut is one unit too large", change<LedgerCut>([](LedgerCut& e) { ++e.by; return true; }));
  add("left-call-lost", "the end of an agent's part is not written", drop<AgentLeftCall>());
  add("held-lost", "a hold is not written", drop<CallHeld>());
  add("resumed-lost", "the end of a hold is not written", drop<CallResumed>());
  add("recording-not-started", "a call is not recorded", drop<RecordingStarted>());
  add("recording-not-stopped", "a recording goes on after the call", drop<RecordingStopped>());
  add("skills-not-relaxed", "the skills that a call needs stay as strict", drop<SkillsRelaxed>());
  add("skills-relaxed-too-far", "a step of the skills is left out", change<SkillsRelaxed>([](SkillsRelaxed& e) { ++e.step; return true; }));
  add("order-reversed", "the events of a turn stand in reverse order", {[](Turn& turn, Instant) { if (turn.events.size() > 2) std::reverse(turn.events.begin(), turn.events.end()); }, {}, {}});
  add("nothing-rings", "an offer is written and the phone does not ring", drop_order<DialLeg>());
  add("wrong-phone-rings", "the neighbour's phone rings", change_order<DialLeg>([](DialLeg& e) { if (e.device) e.device.value = e.device.value == 1 ? 2 : 1; return true; }));
  add("rings-on", "a phone rings on after the offer", drop_order<EndLeg>());
  add("not-accepted", "a caller is never answered", drop_order<AcceptLeg>());
  add("silence", "a caller waits in silence", drop_order<Hear>());
  add("hears-another", "a caller hears another's agent", change_order<Hear>(once_in<Hear>(7, [](Hear& e) { if (e.hearing.leg) e.hearing.leg.value += 2; })));
  add("woken-late", "deadlines are served five seconds late", {{}, [](Instant due) { return due == Instant::never() ? due : due + Duration::seconds(5); }, {}});
  add("hang-up-lost", "nobody tells the floor that the caller has hung up", {{}, {}, [n = 0](const Stimulus& s) mutable { const auto* gone = std::get_if<LegGone>(&s); return gone && gone->leg.value % 2 == 1 && ++n % 5 == 0; }});
  add("sign-out-lost", "nobody tells the floor that the agent has gone home", {{}, {}, [](const Stimulus& s) { return std::holds_alternative<SignOut>(s); }});
  all.push_back({"restart-forgets", "a restart forgets that a phone rings", drop<OfferRinging>(), {}, true});
  all.push_back({"restart-forgets-programme", "a restart forgets that the notice was heard", drop<NoticeEnded>([](const NoticeEnded&) { return true; }), {}, true});

  add_report("figure-answered", "answered is one too many", in_queues([](auto& f) { ++f.answered; }));
  add_report("figure-entered", "one caller is counted twice", in_queues([](auto& f) { ++f.entered; }));
  add_report("figure-abandoned", "short abandons are counted as abandons", in_queues([](auto& f) { f.abandoned += f.short_abandoned + 1; }));
  add_report("figure-in-time", "answered in time is one too few", in_queues([](auto& f) { --f.answered_in_time; }));
  add_report("figure-asa", "the mean wait is a second off", in_queues([](auto& f) { f.asa_ms += 1'000; }));
  add_report("figure-longest", "the longest wait is a second off", in_queues([](auto& f) { f.wait_longest_ms -= 1'000; }));
  add_report("figure-talk", "hold is counted as talk", in_queues([](auto& f) { f.talk_ms += f.hold_ms + 1; }));
  add_report("figure-wrap-up", "wrap-up is a second off", in_queues([](auto& f) { f.wrap_up_ms += 1'000; }));
  add_report("figure-agent-calls", "an agent's call is counted for another", in_agents([](auto& f) { ++f.handled; }));
  add_report("figure-agent-ready", "an agent's ready time is a second off", in_agents([](auto& f) { f.ready_ms -= 1'000; }));
  add_report("figure-agent-paused", "an agent's break is a second off", in_agents([](auto& f) { f.paused_ms += 1'000; }));
  add_report("figure-forced", "a forced offer is not counted", in_agents([](auto& f) { --f.forced; }));
  add_report("figure-spread", "most minus least is one off", {{}, {}, [](storage::AgentsAnswer& answer) { ++answer.evenness.most_minus_least; }});
  add_report("journal-answer-late", "an answer is journalled a second late", in_journal<OfferAnswered>([](Recorded& r, OfferAnswered&) { r.at = r.at + Duration::seconds(1); }));
  add_report("journal-queue-early", "a caller's arrival in the queue is journalled a second early", in_journal<CallQueued>([](Recorded& r, CallQueued&) { r.at = r.at - Duration::seconds(1); }));
  add_report("journal-other-agent", "an answer is journalled for another agent", in_journal<OfferAnswered>([n = 0](Recorded&, OfferAnswered& e) mutable { if (++n == 3) e.agent.value = e.agent.value == 1 ? 2 : 1; }));
  return all;
}

std::string temporary_folder() {
  char path[] = "/tmp/pasokh-simulation-XXXXXX";
  return ::mkdtemp(path) ? path : "";
}

struct Run { std::vector<Finding> findings; };

Run run(std::uint64_t seed, const Tampering& tampering, const ReportTampering& reports, bool restarts, bool with_reports) {
  Plan plan = any_centre(seed);
  if (!restarts) plan.crash_permyriad = 0;  // else every fault in the journal is found at the next restart
  Auditor auditor(plan);
  World world(plan, &auditor, tampering);
  if (with_reports) world.keep_journal();
  world.run();
  auditor.day_over(world.now());
  Run done{auditor.findings()};
  if (!with_reports) return done;
  const std::string dir = temporary_folder();
  auto checked = check_reports(plan, auditor.books(), world.journal(), world.now(), dir, reports);
  std::filesystem::remove_all(dir);
  if (!checked) done.findings.push_back({"reports", world.now(), checked.error().text});
  else done.findings.insert(done.findings.end(), checked->begin(), checked->end());
  return done;
}

// A failing seed of a fault, made short and printed as a scenario. The real floor has no such fault: the scenario passes there.
int shrink_fault(const Fault& fault, const char* file) {
  const Fails fails = [&](const Plan& plan) -> std::optional<Failure> {
    Auditor auditor(plan);
    World world(plan, &auditor, fault.world);
    world.run();
    auditor.day_over(world.now());
    if (auditor.findings().empty()) return {};
    return Failure{auditor.findings().front().check, auditor.findings().front().at};
  };
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Plan plan = any_centre(seed);
    plan.crash_permyriad = 0;
    const auto shrunk = shrink(plan, fails);
    if (!shrunk) continue;
    std::fprintf(stderr, "seed %llu, %s: %zu callers and %zu agents became %zu and %zu in %zu runs\n", static_cast<unsigned long long>(seed), shrunk->failure.check.c_str(), shrunk->callers_before, shrunk->agents_before,
                 shrunk->plan.callers.size(), shrunk->plan.agents.size(), shrunk->runs);
    const std::string text = scenario_text(shrunk->plan, fault.world, shrunk->failure.at, "# The auditor: " + shrunk->failure.check + ". Fault: " + fault.says + "\n");
    std::FILE* out = file ? std::fopen(file, "w") : stdout;
    if (!out) return 2;
    std::fputs(text.c_str(), out);
    if (file) std::fclose(out);
    return shrunk->plan.callers.size() <= 6 && shrunk->plan.agents.size() <= 4 ? 0 : 1;
  }
  std::fprintf(stderr, "not found by any seed\n");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto all = faults();
  if (argc > 2 && std::strcmp(argv[1], "--shrink") == 0) {
    for (const Fault& fault : all) if (std::strcmp(argv[2], fault.name) == 0) return shrink_fault(fault, argc > 3 ? argv[3] : nullptr);
    return 2;
  }
  if (argc > 1 && std::strcmp(argv[1], "--list") == 0) {
    std::printf("# Deliberate faults\n\nSwitched on one at a time by `build/simulation_faults`; each is found by the auditor. Printed by `build/simulation_faults --list`.\n\n| fault | what goes wrong |\n|---|---|\n");
    for (const Fault& fault : all) std::printf("| %s | %s |\n", fault.name, fault.says);
    return 0;
  }
  constexpr std::uint64_t seeds = 12;
  int wrong = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    for (const Finding& finding : run(seed, {}, {}, true, seed <= 6).findings) { ++wrong; std::printf("seed %llu without any fault: %s: %s\n", static_cast<unsigned long long>(seed), finding.check.c_str(), finding.text.c_str()); }
  int found = 0;
  for (const Fault& fault : all) {
    if (argc > 1 && std::strcmp(argv[1], fault.name) != 0) continue;
    const bool reports = fault.reports.journal || fault.reports.queues || fault.reports.agents;
    std::string by;
    for (std::uint64_t seed = 1; seed <= seeds && by.empty(); ++seed) {
      const Run done = run(seed, fault.world, fault.reports, fault.restarts, reports);
      if (!done.findings.empty()) by = "seed " + std::to_string(seed) + ", " + done.findings.front().check + ": " + done.findings.front().text;
    }
    std::printf("%-26s %s\n", fault.name, by.empty() ? "NOT FOUND" : by.c_str());
    if (by.empty()) ++wrong; else ++found;
  }
  std::printf("%d of %zu faults found\n", found, all.size());
  return wrong == 0 ? 0 : 1;
}
