#include "simulate/shrink.h"

#include <algorithm>
#include <map>
#include <utility>

namespace pasokh::simulate {
namespace {

using namespace floor;

// --- leaving things out

class Shrinker {
 public:
  Shrinker(Shrunk& best, const Fails& fails, std::size_t most_runs) : best_(best), fails_(fails), most_runs_(most_runs) {}

  void run() {
    for (bool shorter = true; shorter && best_.runs < most_runs_;) {
      shorter = end_at_failure();
      shorter = fewer_callers() || shorter;
      shorter = fewer_agents() || shorter;
      shorter = fewer_faults() || shorter;
      shorter = fewer_queues() || shorter;
    }
  }

 private:
  bool keeps(Plan plan) {
    if (best_.runs >= most_runs_) return false;
    ++best_.runs;
    const auto failure = fails_(plan);
    if (!failure || failure->check != best_.failure.check) return false;
    best_.plan = std::move(plan);
    best_.failure = *failure;
    return true;
  }

  bool end_at_failure() {
    Plan plan = best_.plan;
    const Duration ends = best_.failure.at - plan.start;
    std::erase_if(plan.callers, [&](const CallerPlan& c) { return c.at > ends; });
    return plan.callers.size() < best_.plan.callers.size() && keeps(std::move(plan));
  }

  bool fewer_callers() {  // ddmin: ever smaller pieces are left out
    bool any = false;
    for (std::size_t piece = std::max<std::size_t>(1, best_.plan.callers.size() / 2);; piece = piece / 2) {
      for (std::size_t from = 0; from < best_.plan.callers.size() && best_.plan.callers.size() > 1;) {
        Plan plan = best_.plan;
        const auto begin = plan.callers.begin() + static_cast<std::ptrdiff_t>(from);
        plan.callers.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(piece, plan.callers.size() - from)));
        if (!plan.callers.empty() && keeps(std::move(plan))) any = true; else from += piece;
      }
      if (piece <= 1) return any;
    }
  }

  bool fewer_agents() {
    bool any = false;
    for (std::size_t at = best_.plan.agents.size(); at-- > 0 && best_.plan.agents.size() > 1;) {
      Plan plan = best_.plan;
      plan.agents.erase(plan.agents.begin() + static_cast<std::ptrdiff_t>(at));
      any = keeps(std::move(plan)) || any;
    }
    return any;
  }

  bool fewer_faults() {
    bool any = false;
    for (int Plan::*fault : {&Plan::crash_permyriad, &Plan::phone_dies_permille, &Plan::hot_desk_permille, &Plan::give_permille, &Plan::redials_permille, &Plan::holds_permille, &Plan::blind_to_queue_permille,
                             &Plan::blind_to_agent_permille, &Plan::consults_permille, &Plan::agent_hangs_up_permille}) {
      if (best_.plan.*fault == 0) continue;
      Plan plan = best_.plan;
      plan.*fault = 0;
      any = keeps(std::move(plan)) || any;
    }
    for (std::size_t a = 0; a < best_.plan.agents.size(); ++a)
      any = simpler(best_.plan.agents[a].breaks.size() + static_cast<std::size_t>(best_.plan.agents[a].ignores_permille + best_.plan.agents[a].declines_permille) > 0, [a](Plan& plan) {
        plan.agents[a].breaks.clear();
        plan.agents[a].ignores_permille = plan.agents[a].declines_permille = 0;
      }) || any;
    for (std::size_t q = 0; q < best_.plan.queues.size(); ++q) {
      const QueueSettings now = best_.plan.queues[q].settings;
      any = simpler(now.notice || now.record || now.announce_place, [q](Plan& plan) { QueueSettings& s = plan.queues[q].settings; s.notice = s.record = s.announce_place = false; }) || any;
      any = simpler(!now.skills.empty(), [q](Plan& plan) { plan.queues[q].settings.skills.clear(); }) || any;
      any = simpler(!now.overflow_queue.empty(), [q](Plan& plan) { plan.queues[q].settings.overflow_queue.clear(); }) || any;
      any = simpler(now.wrap_up.us > 0, [q](Plan& plan) { plan.queues[q].settings.wrap_up = {}; }) || any;
      any = simpler(now.priority != 0, [q](Plan& plan) { plan.queues[q].settings.priority = 0; }) || any;
    }
    return any;
  }
  template <class How> bool simpler(bool applies, How how) {
    if (!applies) return false;
    Plan plan = best_.plan;
    how(plan);
    return keeps(std::move(plan));
  }

  bool fewer_queues() {  // one into which nobody calls any more
    bool any = false;
    for (std::size_t q = best_.plan.queues.size(); q-- > 0 && best_.plan.queues.size() > 1;) {
      Plan plan = best_.plan;
      if (std::any_of(plan.callers.begin(), plan.callers.end(), [&](const CallerPlan& c) { return c.queue == static_cast<int>(q); })) continue;
      for (QueuePlan& queue : plan.queues) if (queue.settings.overflow_queue == plan.queues[q].code) queue.settings.overflow_queue.clear();
      plan.queues.erase(plan.queues.begin() + static_cast<std::ptrdiff_t>(q));
      for (CallerPlan& caller : plan.callers) caller.queue -= caller.queue > static_cast<int>(q);
      for (AgentPlan& agent : plan.agents) {
        std::erase_if(agent.settings.queues, [&](const Membership& m) { return m.queue.value == q + 1; });
        for (Membership& m : agent.settings.queues) if (m.queue.value > q + 1) m.queue = QueueId{m.queue.value - 1};
      }
      any = keeps(std::move(plan)) || any;
    }
    return any;
  }

  Shrunk& best_;
  const Fails& fails_;
  std::size_t most_runs_;
};

// --- telling the story

std::string clock_text(Duration since_start) {
  const std::int64_t us = since_start.us + 9ll * 3'600'000'000;
  char text[32];
  const std::int64_t s = us / 1'000'000, part = us % 1'000'000;
  int length = std::snprintf(text, sizeof text, "%02lld:%02lld:%02lld", static_cast<long long>(s / 3'600), static_cast<long long>(s / 60 % 60), static_cast<long long>(s % 60));
  if (part != 0) length += std::snprintf(text + length, sizeof text - static_cast<std::size_t>(length), ".%06lld", static_cast<long long>(part));
  std::string out(text, static_cast<std::size_t>(length));
  if (part != 0) while (out.back() == '0') out.pop_back();
  return out;
}

class Storyteller : public Observer {
 public:
  Storyteller(const Plan& plan, Tampering& tampering, Instant until) : plan_(plan), until_(until) {
    if (tampering.loses) tampering.loses = [this, loses = tampering.loses](const Stimulus& stimulus) { return lost_ = loses(stimulus); };
    for (std::size_t a = 0; a < plan.agents.size(); ++a) sits_.push_back(a);
    settings();
  }

  void happened(const Stimulus& stimulus, Instant now) override {
    lost_ = false;
    said_ = now > until_ ? std::string{} : std::visit([&](const auto& s) { return words(s); }, stimulus);
    ticks_ = std::holds_alternative<Tick>(stimulus);
  }
  void told(const std::vector<Event>& events, const std::vector<Effect>&, Instant now, bool) override {
    if (now > until_) return;
    for (const Event& event : events) std::visit([&](const auto& e) { learn(e); }, event);
    if (lost_ || (said_.empty() && !ticks_)) return;
    if (!ticks_ || !expected_.empty()) line(now, ticks_ ? "(time passes)" : said_);
    expected_.clear();
    said_.clear();
    ticks_ = false;
  }
  void restarted(bool, Instant) override {}

  std::string text() const { return settings_ + story_; }

 private:
  void settings() {
    for (const Configure& c : settings_of(plan_)) {
      if (c.noun == "centre") settings_ += "centre  " + words_of(c) + "\n";
      if (c.noun == "queue" && c.verb == "add") settings_ += "queue   " + c.code + words_of(c) + "\n";
      if (c.noun == "queue" && c.verb == "set") story_ += "09:00:00  set queue " + c.code + words_of(c) + "\n";
      if (c.noun == "agent") settings_ += "agent   " + c.code + words_of(c) + "\n";
    }
  }
  static std::string words_of(const Configure& c) {
    std::string out;
    for (const auto& [key, value] : c.settings) if (!value.empty() && key != "device") out += " " + key + "=" + value;
    return out;
  }

  void line(Instant now, const std::string& what) {
    std::string expectations;
    for (const auto& [subject, text] : expected_) expectations += (expectations.empty() ? "  -> " : "; ") + text;
    story_ += clock_text(now - plan_.start) + "  " + what + expectations + "\n";
  }

  // --- what people do, in the words of the scenario language; empty: nothing that the language tells
  std::string words(const LegArrived& s) {
    who_[s.leg] = "c" + std::to_string(s.caller.value);
    for (const QueuePlan& queue : plan_.queues) if (queue.number == s.dialled) return who_[s.leg] + " calls " + queue.code;
    return {};
  }
  std::string words(const LegGone& s) {
    const std::string who = name(s.leg);
    if (who.empty()) return {};
    switch (s.cause) {
      case EndCause::hung_up: return who + " hangs up";
      case EndCause::declined: return who + " declines";
      case EndCause::busy: return who + " is busy";
      case EndCause::unreachable: return who + " is unreachable";
      default: return who + " is cut off";
    }
  }
  std::string words(const LegAnsweredByPeer& s) { return named(s.leg, " answers"); }
  std::string words(const LegRinging& s) { return named(s.leg, " rings"); }
  std::string words(const ProgrammeFinished& s) { return named(s.leg, is_customer(s.leg) ? " has heard the notice" : " has heard it"); }
  std::string words(const SignIn& s) {
    const std::size_t desk = desk_of(s.device), own = agent_named(s.agent);
    if (desk < sits_.size()) sits_[desk] = own;
    return s.agent + " signs in" + (desk == own || desk >= sits_.size() ? "" : " at " + plan_.agents[desk].code);
  }
  std::string words(const SetReady& s) { return s.agent + " is ready"; }
  std::string words(const SetPaused& s) { return s.agent + " pauses " + s.reason; }
  std::string words(const SignOut& s) { return s.agent + " signs out"; }
  std::string words(const Hold& s) { return s.agent + (s.hold ? " holds" : " resumes"); }
  std::string words(const Transfer& s) { return s.agent + (s.how == TransferKind::consult ? " consults " : " transfers to ") + (s.to_agent.empty() ? s.to_queue : s.to_agent); }
  std::string words(const CompleteTransfer& s) { return s.agent + " completes"; }
  std::string words(const CancelConsult& s) { return s.agent + " cancels"; }
  std::string words(const GiveCall& s) { const auto who = caller_.find(s.call); return who == caller_.end() ? std::string{} : "boss gives " + who->second + " to " + s.agent; }
  std::string words(const DeviceReachable& s) {
    if (!begun_) { begun_ = s.device.value == plan_.agents.size(); return {}; }  // the runner connects every phone by itself
    return plan_.agents[s.device.value - 1].code + (s.reachable ? " phone returns" : " phone goes");
  }
  std::string words(const Restarted&) { return "restart"; }
  template <class Other> std::string words(const Other&) { return {}; }

  // --- what became of it: the last word on each is expected
  void learn(const CallArrived& e) { if (e.direction == Direction::inbound) caller_[e.call] = "c" + std::to_string(e.caller.value); }
  void learn(const CallOffered& e) { who_[e.leg] = code(e.agent); expect(code(e.agent), code(e.agent) + " is offered " + caller_[e.call]); }
  void learn(const LegDialled& e) { if (e.to_agent) who_[e.leg] = code(e.to_agent); }
  void learn(const OfferAnswered& e) { expect(code(e.agent), code(e.agent) + " is talking"); }
  void learn(const AgentReady& e) { if (begun_) expect(code(e.agent), code(e.agent) + " is ready"); }
  void learn(const AgentPaused& e) { expect(code(e.agent), code(e.agent) + " is paused (" + e.reason + ")"); }
  void learn(const AgentSignedOut& e) { expect(code(e.agent), code(e.agent) + " is signed out"); }
  void learn(const WrapUpStarted& e) { expect(code(e.agent), code(e.agent) + " wraps up"); }
  void learn(const OfferLapsed& e) { expected_.erase(code(e.agent)); }
  void learn(const CallEnded& e) { if (const auto who = caller_.find(e.call); who != caller_.end()) expect(who->second, who->second + " ended " + std::string(name_of(e.outcome))); }
  template <class Other> void learn(const Other&) {}
  void expect(const std::string& subject, std::string text) { expected_[subject] = std::move(text); }

  bool is_customer(LegId leg) const { const auto found = who_.find(leg); return found != who_.end() && found->second[0] == 'c' && leg.value % 2 == 1; }
  std::string name(LegId leg) const { const auto found = who_.find(leg); return found == who_.end() ? std::string{} : found->second; }
  std::string named(LegId leg, const char* does) const { const std::string who = name(leg); return who.empty() ? who : who + does; }
  std::string code(AgentId agent) const { return agent.value >= 1 && agent.value <= plan_.agents.size() ? plan_.agents[agent.value - 1].code : "?"; }
  std::size_t agent_named(const std::string& wanted) const { return static_cast<std::size_t>(std::find_if(plan_.agents.begin(), plan_.agents.end(), [&](const AgentPlan& a) { return a.code == wanted; }) - plan_.agents.begin()); }
  std::size_t desk_of(const std::string& device) const { return static_cast<std::size_t>(std::find_if(plan_.agents.begin(), plan_.agents.end(), [&](const AgentPlan& a) { return a.settings.device == device; }) - plan_.agents.begin()); }

  const Plan& plan_;
  Instant until_;
  std::string settings_, story_, said_;
  bool ticks_ = false, lost_ = false, begun_ = false;
  std::map<LegId, std::string> who_;
  std::map<CallId, std::string> caller_;
  std::map<std::string, std::string> expected_;
  std::vector<std::size_t> sits_;
};

}  // namespace

Plan written_out(const Plan& plan) {
  Plan out = plan;
  for (std::size_t a = 0; a < out.agents.size(); ++a) if (!out.agents[a].stream) out.agents[a].stream = a;
  if (!out.callers.empty()) return out;
  World world(plan);
  world.run();
  out.callers = world.drawn();
  return out;
}

std::optional<Shrunk> shrink(const Plan& plan, const Fails& fails, std::size_t most_runs) {
  Shrunk best;
  best.plan = written_out(plan);
  const auto failure = fails(best.plan);
  if (!failure) return {};
  best.failure = *failure;
  best.callers_before = best.plan.callers.size();
  best.agents_before = best.plan.agents.size();
  Shrinker(best, fails, most_runs).run();
  return best;
}

std::string scenario_text(const Plan& plan, const Tampering& tampering, Instant until, const std::string& heading) {
  Tampering heard = tampering;
  Storyteller teller(plan, heard, until);
  World world(plan, &teller, heard);
  world.run();
  return heading + teller.text();
}

}  // namespace pasokh::simulate
