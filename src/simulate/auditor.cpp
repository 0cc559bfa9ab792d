#include "simulate/auditor.h"

#include <algorithm>
#include <utility>

namespace pasokh::simulate {

using namespace floor;

namespace {

constexpr std::int64_t one_call = 1 << 24;          // floor/events.h: keys of fair-share are in 1/2^24 call
constexpr Duration side_ring = Duration::seconds(60);
std::size_t at(int i) { return static_cast<std::size_t>(i); }
int index_of(std::uint64_t id) { return static_cast<int>(id) - 1; }

}  // namespace

Auditor::Auditor(const Plan& plan, Duration late) : plan_(plan), late_(late) {
  const auto n = plan.agents.size();
  people_.resize(n);
  reachable_.assign(n, false);
  sits_.assign(n, -1);
  at_phone_.resize(n);
  busy_with_.resize(n);
  last_taken_.assign(plan.queues.size(), 0);
}

int Auditor::agent_named(const std::string& code) const {
  for (std::size_t i = 0; i < plan_.agents.size(); ++i)
    if (plan_.agents[i].code == code) return static_cast<int>(i);
  return -1;
}

// --- what people did and what reached them

void Auditor::happened(const Stimulus& stimulus, Instant now) {
  now_ = now;
  last_ = stimulus;
  cause_to_rest_.clear();
  sits_down_now_ = false;
  auto will = [&](const std::string& code, Person::Will what) { if (const int a = agent_named(code); a >= 0) person(a).will = what; };
  if (const auto* s = std::get_if<LegArrived>(&stimulus)) {
    lines_[s->leg] = {};
    touched_legs_.insert(s->leg);
    if (s->device && !s->dialled.starts_with("*")) {
      const int desk = index_of(s->device.value);
      lines_[s->leg] = {false, true, desk, {}, false};
      at_phone_[at(desk)].insert(s->leg);
      if (sits_[at(desk)] >= 0) cause_to_rest_.insert(sits_[at(desk)]);  // who dials while the phone rings has declined
    }
    if (s->device && s->dialled.starts_with("*")) {          // a star code: who sits there, or who has named themselves, has said it
      const int desk = index_of(s->device.value);
      const std::string code = s->dialled.substr(0, 3), number = s->dialled.size() > 3 ? s->dialled.substr(3) : "";
      int a = sits_[at(desk)] >= 0 ? sits_[at(desk)] : desk;
      for (std::size_t i = 0; code == "*11" && i < plan_.agents.size(); ++i) if (plan_.agents[i].settings.number == number) a = static_cast<int>(i);
      if (code == "*11" || code == "*13") { sits_down_now_ = person(a).state == State::signed_out; person(a).will = Person::Will::work; }
      if (code == "*14" && sits_[at(desk)] >= 0) person(a).will = Person::Will::rest;
      if (code == "*12" && sits_[at(desk)] >= 0) person(a).will = Person::Will::away;
    }
  } else if (const auto* answered = std::get_if<LegAnsweredByPeer>(&stimulus)) {
    if (auto line = lines_.find(answered->leg); line != lines_.end()) line->second.up = true;
  } else if (const auto* gone = std::get_if<LegGone>(&stimulus)) {
    touched_legs_.insert(gone->leg);
    if (auto line = lines_.find(gone->leg); line != lines_.end()) {
      if (const int desk = line->second.desk; desk >= 0) {
        if (sits_[at(desk)] >= 0) cause_to_rest_.insert(sits_[at(desk)]);
        at_phone_[at(desk)].erase(gone->leg);
      }
      lines_.erase(line);
    }
  } else if (const auto* in = std::get_if<SignIn>(&stimulus)) {
    will(in->agent, Person::Will::work);
  } else if (const auto* ready = std::get_if<SetReady>(&stimulus)) {
    const int a = agent_named(ready->agent);
    sits_down_now_ = a >= 0 && person(a).state == State::signed_out;
    will(ready->agent, Person::Will::work);
  } else if (const auto* paused = std::get_if<SetPaused>(&stimulus)) {
    will(paused->agent, Person::Will::rest);
  } else if (const auto* out = std::get_if<SignOut>(&stimulus)) {
    will(out->agent, Person::Will::away);
  } else if (const auto* device = std::get_if<DeviceReachable>(&stimulus)) {
    const int desk = index_of(device->device.value);
    reachable_[at(desk)] = device->reachable;
    if (!device->reachable && sits_[at(desk)] >= 0) cause_to_rest_.insert(sits_[at(desk)]);
  }
}

void Auditor::arrives(const Effect& effect) {
  auto ends = [&](LegId leg) {
    touched_legs_.insert(leg);
    const auto line = lines_.find(leg);
    if (line == lines_.end()) return;
    if (line->second.desk >= 0) at_phone_[at(line->second.desk)].erase(leg);
    lines_.erase(line);
  };
  if (const auto* accept = std::get_if<AcceptLeg>(&effect)) {
    if (auto line = lines_.find(accept->leg); line != lines_.end()) line->second.up = true;
  } else if (const auto* refuse = std::get_if<RefuseLeg>(&effect)) {
    ends(refuse->leg);
  } else if (const auto* end = std::get_if<EndLeg>(&effect)) {
    ends(end->leg);
  } else if (const auto* dial = std::get_if<DialLeg>(&effect)) {
    touched_legs_.insert(dial->leg);
    if (lines_.contains(dial->leg)) return;
    const int desk = dial->device ? index_of(dial->device.value) : -1;
    lines_[dial->leg] = {false, false, desk, {}, false};
    if (const auto* placed = std::get_if<PlaceCall>(&last_); placed && desk >= 0 && sits_[at(desk)] == agent_named(placed->agent)) lines_[dial->leg].dials = true;
    if (desk < 0) return;
    if (!at_phone_[at(desk)].empty()) find("two-at-a-phone", "phone " + std::to_string(desk) + " rings while it has a call");
    at_phone_[at(desk)].insert(dial->leg);
  } else if (const auto* hear = std::get_if<Hear>(&effect)) {
    if (auto line = lines_.find(hear->leg); line != lines_.end()) {
      line->second.hears = hear->hearing.leg;
      line->second.plays = !hear->hearing.programme.items.empty();
    }
  }
}

void Auditor::restarted(bool same_state, Instant now) {
  now_ = now;
  if (!same_state) find("restart-differs", "the state after a restart is not the state before");
}

// --- the auditor's own notions

bool Auditor::phone_is_free(int agent) const {
  const int desk = people_[at(agent)].desk;
  return desk >= 0 && reachable_[at(desk)] && busy_with_[at(desk)].empty();
}

std::int32_t Auditor::step_at(int q, Duration waited) const {
  std::int32_t step = 0;
  for (const SkillStep& s : queue(q).skills) step += s.after <= waited;
  return step;
}

namespace {

bool has_skills(const AgentSettings& agent, const QueueSettings& queue, std::int32_t step) {
  if (step == 0) return true;
  for (const SkillLevel& need : queue.skills[at(step - 1)].needs) {
    bool has = false;
    for (const SkillLevel& skill : agent.skills) has = has || (skill.skill == need.skill && skill.level >= need.level);
    if (!has) return false;
  }
  return true;
}

bool is_member(const AgentSettings& agent, int queue) {
  for (const Membership& m : agent.queues) if (index_of(m.queue.value) == queue) return true;
  return false;
}

}  // namespace

bool Auditor::may_take(int agent, const Caller& caller) const {
  const AgentSettings& s = plan_.agents[at(agent)].settings;
  return plan_.picker == Picker::ours && is_member(s, caller.queue) && has_skills(s, queue(caller.queue), caller.step);
}

void Auditor::charge(int q, std::int32_t step, int taker, int sign) {
  std::vector<int> on_duty;
  for (int a = 0; a < static_cast<int>(people_.size()); ++a) {
    const AgentSettings& s = plan_.agents[at(a)].settings;
    if (plan_.picker == Picker::ours && people_[at(a)].on_duty() && is_member(s, q) && has_skills(s, queue(q), step)) on_duty.push_back(a);
  }
  if (on_duty.empty()) return;
  const auto n = static_cast<std::int64_t>(on_duty.size());
  const std::int64_t share = one_call / n;
  for (const int a : on_duty) person(a).balance += sign * share;
  person(taker).balance -= sign * share * n;
}

// Whoever is free and may take the call, best first, with the key that the reason must show.
std::vector<std::pair<int, std::int64_t>> Auditor::ranking(const Caller& caller, std::int32_t* on_duty) const {
  const Strategy strategy = queue(caller.queue).strategy;
  const auto n = static_cast<std::int64_t>(people_.size());
  struct Row { std::int64_t key, shown; Instant idle; int agent; };
  std::vector<Row> rows;
  *on_duty = 0;
  for (int a = 0; a < n; ++a) {
    if (!may_take(a, caller)) continue;
    const Person& p = people_[at(a)];
    *on_duty += p.on_duty();
    if (!is_free(a)) continue;
    Row row{0, 0, p.idle_since, a};
    switch (strategy) {
      case Strategy::fair_share:
      case Strategy::ring_all: row.key = -p.balance; row.shown = p.balance; break;
      case Strategy::longest_idle: row.key = p.idle_since.us; row.shown = (now_ - p.idle_since).us; row.idle = {}; break;
      case Strategy::round_robin: row.key = row.shown = (a + 1 - last_taken_[at(caller.queue)] + n - 1) % n + 1; row.idle = {}; break;
      case Strategy::fixed_order:
        for (const Membership& m : plan_.agents[at(a)].settings.queues) if (index_of(m.queue.value) == caller.queue) row.key = row.shown = m.order;
        row.idle = {};
        break;
    }
    rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key != b.key ? a.key < b.key : a.idle != b.idle ? a.idle < b.idle : a.agent < b.agent; });
  std::stable_partition(rows.begin(), rows.end(), [&](const Row& r) { return std::find(caller.asked.begin(), caller.asked.end(), r.agent) == caller.asked.end(); });
  std::vector<std::pair<int, std::int64_t>> out;
  for (const Row& row : rows) out.emplace_back(row.agent, row.shown);
  return out;
}

// The idle clock runs on duty only.
void Auditor::become(int agent, State next) {
  Person& p = person(agent);
  touched_agents_.insert(agent);
  if (p.state == next) return;
  const bool was = p.on_duty();
  if (p.state != State::signed_out && now_ > p.since) {
    Spent::As as = Spent::As::ready;
    switch (p.state) {
      case State::signed_out:
      case State::ready: break;
      case State::paused: as = Spent::As::paused; break;
      case State::offered: as = Spent::As::rung; break;
      case State::talking: as = Spent::As::talking; break;
      case State::wrap_up: as = Spent::As::wrap_up; break;
    }
    books_.times.push_back({agent, p.since, now_, as});
  }
  p.since = now_;
  p.state = next;
  if (was && !p.on_duty()) p.idle_earned = now_ - p.idle_since;
  if (!was && p.on_duty()) p.idle_since = now_ - p.idle_earned;
}

void Auditor::rest(int agent) {
  Person& p = person(agent);
  p.call = std::exchange(p.second, CallId{});
  if (p.call) return become(agent, State::talking);
  if (p.rests_after.empty()) return become(agent, State::ready);
  p.rests_after.clear();
  become(agent, State::paused);
}

void Auditor::stand(CallId id) {
  const Caller& c = callers_.at(id);
  if (c.waits && c.rung.empty()) line_.insert(place_of(id));
}
void Auditor::step_out(CallId id) { line_.erase(place_of(id)); }

void Auditor::drop_claim(LegId leg) {
  touched_legs_.insert(leg);
  ringing_until_.erase(leg);
  const auto claim = claimed_.find(leg);
  if (claim == claimed_.end()) return;
  if (claim->second.desk >= 0) busy_with_[at(claim->second.desk)].erase(leg);
  claimed_.erase(claim);
}

Talked* Auditor::talk_of(CallId call, int agent) {
  for (std::size_t i = books_.talks.size(); i-- > 0 && i + 2'000 > books_.talks.size();)
    if (books_.talks[i].call == call && books_.talks[i].agent == agent) return &books_.talks[i];
  return nullptr;
}

void Auditor::close_talk(CallId call, int agent) {
  Talked* talk = talk_of(call, agent);
  if (!talk || talk->to) return;
  if (talk->held_from) talk->hold += now_ - *talk->held_from;
  talk->held_from.reset();
  talk->to = now_;
}

// --- the journal, held against all that

struct Auditor::Reader {
  Auditor& my;

  Caller* caller(CallId id) {
    const auto found = my.callers_.find(id);
    if (found == my.callers_.end()) { my.find("call-unknown", "an event tells of call " + text(id) + ", which does not live"); return nullptr; }
    my.touched_calls_.insert(id);
    return &found->second;
  }
  template <class S> const S* last() const { return std::get_if<S>(&my.last_); }
  bool asked_by(int agent) const {  // the agent has just said something
    auto is = [&](const std::string& code) { return my.agent_named(code) == agent; };
    if (const auto* s = last<SetReady>()) return is(s->agent) || my.sits_down_now_;  // also whoever sat there
    if (const auto* s = last<SetPaused>()) return is(s->agent);
    if (const auto* s = last<SignOut>()) return is(s->agent);
    if (last<SignIn>()) return true;  // also whoever sat there
    if (const auto* s = last<LegArrived>()) return s->device && s->dialled.starts_with("*");
    return false;
  }
  bool uses_phone(int agent) const {  // the agent's own call comes between
    if (const auto* s = last<PlaceCall>()) return my.agent_named(s->agent) == agent;
    const auto* s = last<LegArrived>();
    return s && s->device && my.person(agent).desk == index_of(s->device.value);
  }
  bool wants_report(const Caller& c) const { return c.queue >= 0 && my.queue(c.queue).report == ReportRule::required; }
  bool customer_left(const Caller& c) const { const auto* s = last<LegGone>(); return s && s->leg == c.leg; }

  void operator()(const QueueSet& e) { if (e.code != my.plan_.queues[at(index_of(e.queue.value))].code) my.find("settings", "queue " + e.code + " has another's number"); }
  void operator()(const AgentSet& e) { if (e.code != my.name(index_of(e.agent.value))) my.find("settings", "agent " + e.code + " has another's number"); }

  void operator()(const AgentSignedIn& e) {
    const int a = index_of(e.agent.value), desk = index_of(e.device.value);
    if (!asked_by(a)) my.find("presence-unasked", my.name(a) + " signed in unasked");
    if (my.person(a).desk >= 0) my.sits_[at(my.person(a).desk)] = -1;
    my.person(a).desk = desk;
    my.sits_[at(desk)] = a;
    if (my.person(a).state == State::signed_out) { my.person(a).rests_after.clear(); my.become(a, State::paused); }
  }
  void operator()(const AgentSignedOut& e) {
    const int a = index_of(e.agent.value);
    if (my.person(a).will != Person::Will::away && !last<SignIn>() && !last<SetReady>() && !last<LegArrived>()) my.find("presence-unasked", my.name(a) + " signed out unasked");
    if (my.person(a).desk >= 0) my.sits_[at(my.person(a).desk)] = -1;
    my.person(a).desk = -1;
    my.person(a).rests_after.clear();
    my.become(a, State::signed_out);
  }
  void operator()(const AgentReady& e) {
    const int a = index_of(e.agent.value);
    if (my.person(a).will != Person::Will::work) my.find("presence-unasked", my.name(a) + " became ready in a break");
    if (my.person(a).state == State::paused && !my.person(a).owes.empty()) my.find("report-skipped", my.name(a) + " became ready and owes a report");
    my.person(a).rests_after.clear();
    if (my.person(a).state == State::paused) my.become(a, State::ready);
  }
  void operator()(const AgentPaused& e) {
    const int a = index_of(e.agent.value);
    Person& p = my.person(a);
    const bool unreachable = p.desk >= 0 && !my.reachable_[at(p.desk)];
    const bool owing = e.reason == "report_due" && !p.owes.empty();
    if (e.by.empty() ? !my.cause_to_rest_.contains(a) && !unreachable && !owing : !asked_by(a)) my.find("presence-unasked", my.name(a) + " was set aside without a cause: " + e.reason);
    if (p.state == State::talking || p.state == State::wrap_up) { p.rests_after = e.reason; return; }
    my.become(a, State::paused);
  }
  void operator()(const WrapUpStarted& e) {
    const int a = index_of(e.agent.value);
    Person& p = my.person(a);
    const auto call = my.callers_.find(e.call);
    // who did not serve the caller has none, but a report that is owed keeps the next call away all the same
    const Duration wrap_up = call == my.callers_.end() || call->second.queue < 0 || !my.owes_wrap_up_.contains(a) ? Duration{} : my.queue(call->second.queue).wrap_up;
    if (e.until != my.now_ + wrap_up || (wrap_up.us == 0 && p.owes.empty())) my.find("wrap-up-length", "the wrap-up of " + my.name(a) + " is not as the queue says");
    if (p.state == State::paused) p.rests_after = "asked for";
    p.wrap_until = e.until;
    p.call = e.call;
    my.owes_wrap_up_.erase(a);
    my.become(a, State::wrap_up);
    if (Talked* talk = my.talk_of(e.call, a)) talk->wrap_from = my.now_;
  }
  void operator()(const WrapUpEnded& e) {
    const int a = index_of(e.agent.value);
    Person& p = my.person(a);
    if (p.state != State::wrap_up) my.find("wrap-up-length", my.name(a) + " ends a wrap-up that was none");
    const bool comes_between = uses_phone(a) || last<LegAnsweredByPeer>();
    if (!p.owes.empty() && !comes_between && !last<SignOut>() && !last<SignIn>() && !last<LegArrived>() && !my.sits_down_now_) my.find("report-skipped", my.name(a) + " goes on and owes a report");
    if (my.now_ < p.wrap_until && p.wrap_until != Instant::never() && !asked_by(a) && !comes_between) my.find("wrap-up-length", "the wrap-up of " + my.name(a) + " was cut short");
    if (Talked* talk = my.talk_of(e.call, a)) talk->wrap_to = my.now_;
    p.idle_since = my.now_;
    my.rest(a);
  }
  void operator()(const AgentLeftCall& e) {
    const int a = index_of(e.agent.value);
    Person& p = my.person(a);
    Caller* c = caller(e.call);
    my.close_talk(e.call, a);
    if (c && c->caller_agent == a) c->caller_agent = -1;
    if (c && c->agent == a) {
      if (c->queue >= 0 && my.queue(c->queue).wrap_up.us > 0) my.owes_wrap_up_.insert(a);
      const auto has = [&](const auto& list, const auto& what) { return std::find(list.begin(), list.end(), what) != list.end(); };
      if (wants_report(*c) && !has(c->reported, a) && !has(p.owes, e.call)) my.find("report-lost", my.name(a) + " owes no report of call " + text(e.call));
      c->agent = -1;
      c->agent_leg = {};
      c->held = false;
    }
    if (p.second == e.call) { p.second = {}; return; }
    if (p.call != e.call || p.state == State::wrap_up) return;
    p.idle_since = my.now_;
    my.rest(a);
  }

  void operator()(const CallReportDue& e) {
    Caller* c = caller(e.call);
    Person& p = my.person(index_of(e.agent.value));
    if (c && (!wants_report(*c) || c->agent != index_of(e.agent.value))) my.find("report-invented", my.name(index_of(e.agent.value)) + " is to report call " + text(e.call));
    p.owes.push_back(e.call);
  }
  void operator()(const CallReportCompleted& e) {
    const int a = index_of(e.agent.value);
    const auto* s = last<CompleteReport>();
    if (!s || my.agent_named(s->agent) != a || s->call != e.call) my.find("report-invented", my.name(a) + " has written no report of call " + text(e.call));
    std::erase(my.person(a).owes, e.call);
    if (const auto live = my.callers_.find(e.call); live != my.callers_.end()) live->second.reported.push_back(a);
  }
  void operator()(const CallReportWaived& e) {
    const int a = index_of(e.agent.value);
    const auto* s = last<ReleaseReport>();
    if (!s || my.agent_named(s->agent) != a || s->by != e.by) my.find("report-invented", "nobody has released " + my.name(a));
    std::erase(my.person(a).owes, e.call);
  }
  void operator()(const CallReportOverdue& e) {
    Person& p = my.person(index_of(e.agent.value));
    if (p.state != State::wrap_up || my.now_ < p.wrap_until || p.owes.empty()) my.find("report-overdue", my.name(index_of(e.agent.value)) + " is told overdue");
    p.wrap_until = Instant::never();
  }

  void takes_phone(CallId id, int a) {
    Person& p = my.person(a);
    if (p.state == State::talking && p.call != id) { p.second = id; return; }
    p.call = id;
    if (p.state == State::paused && p.rests_after.empty()) p.rests_after = "the break goes on";
    my.become(a, State::talking);
  }
  void operator()(const CallArrived& e) {
    const auto* s = last<LegArrived>();
    const auto* placed = last<PlaceCall>();
    const bool own = e.direction != Direction::inbound;
    const int a = e.agent ? index_of(e.agent.value) : -1, desk = e.device ? index_of(e.device.value) : -1;
    if (own ? !(s && s->leg == e.leg && s->device == e.device && (desk < 0 || my.sits_[at(desk)] == a)) && !(placed && my.agent_named(placed->agent) == a)
            : !s || s->leg != e.leg || s->dialled != e.dialled || s->caller != e.caller) my.find("call-invented", "call " + text(e.call) + " begins without anybody calling");
    if (my.callers_.contains(e.call) || my.over_.contains(e.call)) my.find("call-twice", "call " + text(e.call) + " begins twice");
    if (my.callers_.contains(e.call)) my.step_out(e.call);
    Caller c;
    c.leg = e.leg;
    c.arrived = my.now_;
    c.direction = e.direction;
    if (own) {
      c.leg = {};
      c.agent_leg = e.leg;
      c.agent = c.placed_by = a;
    }
    my.callers_[e.call] = c;
    my.claimed_[e.leg] = {e.call, desk, a, false, Instant::never()};
    if (own && desk >= 0) my.busy_with_[at(desk)].insert(e.leg);
    if (a >= 0) takes_phone(e.call, a);
    my.touched_legs_.insert(e.leg);
    my.touched_calls_.insert(e.call);
  }
  std::int32_t place_in(int q, CallId id) const {
    std::int32_t place = 1;
    for (const auto& [other, c] : my.callers_) place += other != id && c.waits && c.queue == q && my.place_of(other) < my.place_of(id);
    return place;
  }
  void operator()(const CallQueued& e) {
    Caller* c = caller(e.call);
    if (!c) return;
    const int q = index_of(e.queue.value);
    if (c->waits) {
      my.find("in-two-lines", "call " + text(e.call) + " waits twice");
      my.step_out(e.call);
    }
    if (e.since != c->arrived) my.find("place-lost", "call " + text(e.call) + " has lost the time of its arrival");
    if (e.priority != my.queue(q).priority) my.find("priority", "call " + text(e.call) + " has not the queue's priority");
    if (const auto* s = last<LegArrived>(); s && c->queue < 0 && s->dialled != my.plan_.queues[at(q)].number) my.find("wrong-queue", "call " + text(e.call) + " stands in a queue that it has not called");
    if (c->is_own() && !c->leg) {  // a colleague is the caller for once
      c->leg = std::exchange(c->agent_leg, LegId{});
      c->caller_agent = std::exchange(c->agent, -1);
      c->legs.erase(c->leg);
    }
    c->queue = q;
    my.step_out(e.call);
    c->priority = e.priority;
    c->since = e.since;
    c->entered = my.now_;
    c->waits = true;
    c->held = false;
    c->asked.clear();
    c->step = my.step_at(q, my.now_ - c->since);
    if (my.queue(q).record && my.queue(q).notice && !c->told_notice && !c->recording) c->notice = c->told_notice = true;
    if (my.callers_.size() < 300 && e.place != place_in(q, e.call)) my.find("place-announced", "call " + text(e.call) + " is told place " + std::to_string(e.place));
    my.stand(e.call);
    my.books_.waits.push_back({e.call, q, my.now_, {}, Waited::End::waits});
  }
  void operator()(const CallLeftQueue& e) {
    Caller* c = caller(e.call);
    if (!c) return;
    if (!c->waits || index_of(e.queue.value) != c->queue) my.find("left-another-line", "call " + text(e.call) + " leaves a line in which it does not stand");
    const bool answered = e.why == LeftQueue::answered || e.why == LeftQueue::given;
    if (answered && c->agent < 0) my.find("answered-by-nobody", "call " + text(e.call) + " left the line as answered");
    if ((e.why == LeftQueue::abandoned) != customer_left(*c)) my.find("abandon-wrong", "call " + text(e.call) + ": who left, the caller or we?");
    if (e.why == LeftQueue::full && c->talked) my.find("sent-away", "call " + text(e.call) + " was talked to and then found no room");
    if (c->queue < 0) return;
    if (e.why == LeftQueue::waited_out && my.now_ - c->entered < my.queue(c->queue).max_wait) my.find("deadline", "call " + text(e.call) + " was sent away early");
    my.step_out(e.call);
    c->waits = false;
    for (std::size_t i = my.books_.waits.size(); i-- > 0;) {
      Waited& w = my.books_.waits[i];
      if (w.call != e.call || w.to) continue;
      w.to = my.now_;
      w.end = answered ? Waited::End::answered : customer_left(*c) ? Waited::End::gave_up : Waited::End::moved;
      break;
    }
  }

  void check_choice(const CallOffered& e, const Caller& c, int a) {
    for (auto place = my.line_.begin(); place != my.line_.end() && *place < my.place_of(e.call); ++place)
      if (my.may_take(a, my.callers_.at(place->call))) { my.find("order-of-service", "call " + text(place->call) + " waits longer than call " + text(e.call) + " and " + my.name(a) + " may take both"); break; }
    if (!my.may_take(a, c)) my.find("not-eligible", my.name(a) + " may not take call " + text(e.call));
    std::int32_t on_duty = 0;
    const auto rows = my.ranking(c, &on_duty);
    const bool ring_all = my.queue(c.queue).strategy == Strategy::ring_all;
    if (!ring_all && (rows.empty() || rows.front().first != a)) my.find("wrong-choice", my.name(a) + " was rung for call " + text(e.call) + ", not " + (rows.empty() ? "nobody" : my.name(rows.front().first)));
    if (ring_all && !c.rung.empty()) return;  // the reason was written once, for all of them
    if (!ring_all && my.queue(c.queue).strategy == Strategy::fair_share)
      for (const auto& [other, owed] : rows)
        if (owed > my.person(a).balance && std::find(c.asked.begin(), c.asked.end(), other) == c.asked.end() && std::find(c.asked.begin(), c.asked.end(), a) == c.asked.end()) { my.find("evenness", my.name(other) + " is free and owed more than " + my.name(a)); break; }
    const OfferReason& reason = e.reason;
    bool told = reason.strategy == my.queue(c.queue).strategy && reason.free == static_cast<std::int32_t>(rows.size()) && reason.on_duty == on_duty && reason.skill_step == c.step &&
                reason.first.size() == std::min<std::size_t>(5, rows.size()) && (ring_all || (!reason.first.empty() && reason.first.front().agent == e.agent));
    for (std::size_t i = 0; told && i < reason.first.size(); ++i) told = index_of(reason.first[i].agent.value) == rows[i].first && reason.first[i].key == rows[i].second;
    if (!told) my.find("reason", "the stored reason does not explain the offer of call " + text(e.call) + " to " + my.name(a));
  }
  void operator()(const CallOffered& e) {
    Caller* c = caller(e.call);
    if (!c) return;
    const int a = index_of(e.agent.value);
    Person& p = my.person(a);
    const bool given = !e.reason.given_by.empty();
    if (!c->waits) my.find("offered-not-waiting", "call " + text(e.call) + " is offered and does not wait");
    if (c->queue < 0) return;
    if (!p.owes.empty()) my.find("report-before-next", my.name(a) + " owes a report and is rung");
    if (p.will != Person::Will::work || !p.on_duty()) my.find("paused-agent-offered", my.name(a) + " does not work and is rung");
    else if (!my.is_free(a)) my.find("agent-two-calls", my.name(a) + " is not free and is rung");
    if (!given) check_choice(e, *c, a);
    if (given && !last<GiveCall>()) my.find("wrong-choice", "nobody has given call " + text(e.call));
    if (index_of(e.device.value) != p.desk) my.find("wrong-phone", my.name(a) + " does not sit at the phone that rings");
    if (e.deadline != my.now_ + my.queue(c->queue).ring) my.find("deadline", "an offer rings not as long as the queue says");
    std::int32_t on_duty = 0;
    my.books_.rings.push_back({a, c->queue, my.now_, given || !c->rung.empty() ? e.reason.free : static_cast<std::int32_t>(my.ranking(*c, &on_duty).size()), Rung::End::rings});
    my.step_out(e.call);
    c->rung.push_back(a);
    c->rung_step[a] = e.reason.skill_step;
    if (std::find(c->asked.begin(), c->asked.end(), a) != c->asked.end()) c->asked.clear();
    c->asked.push_back(a);
    my.last_taken_[at(c->queue)] = a + 1;
    p.call = e.call;
    p.offer_until = my.now_ + my.queue(c->queue).ring;
    my.claimed_[e.leg] = {e.call, -1, a, true, Instant::never()};
    my.touched_legs_.insert(e.leg);
    c->legs.insert(e.leg);
    my.become(a, State::offered);
    my.charge(c->queue, c->step, a, +1);
    my.widest_ = std::max(my.widest_, std::abs(p.balance));
  }
  void end_ring(CallId id, Caller& c, int a, Rung::End end) {
    if (std::erase(c.rung, a) == 0) my.find("offer-unknown", "call " + text(id) + " was not offered to " + my.name(a));
    for (std::size_t i = my.books_.rings.size(); i-- > 0;)
      if (my.books_.rings[i].agent == a && my.books_.rings[i].end == Rung::End::rings) { my.books_.rings[i].end = end; break; }
  }
  void operator()(const OfferAnswered& e) {
    Caller* c = caller(e.call);
    if (!c) return;
    const int a = index_of(e.agent.value);
    const auto* s = last<LegAnsweredByPeer>();
    if (!s || s->leg != e.leg) my.find("answer-invented", my.name(a) + " has not answered call " + text(e.call));
    end_ring(e.call, *c, a, Rung::End::answered);
    c->talked = true;
    c->agent = a;
    c->agent_leg = e.leg;
    if (auto claim = my.claimed_.find(e.leg); claim != my.claimed_.end()) {
      claim->second.is_offer = false;
      claim->second.desk = my.person(a).desk;
      if (claim->second.desk >= 0) my.busy_with_[at(claim->second.desk)].insert(e.leg);
    }
    my.become(a, State::talking);
    my.books_.talks.push_back({e.call, a, c->queue, my.now_, {}, {}, {}, {}, {}, false});
  }
  void free_from_ring(CallId id, int a) {
    Person& p = my.person(a);
    if (p.state != State::offered || p.call != id) return;
    p.call = {};
    my.become(a, State::ready);
  }
  void operator()(const OfferLapsed& e) {
    Caller* c = caller(e.call);
    if (!c) return;
    const int a = index_of(e.agent.value);
    end_ring(e.call, *c, a, Rung::End::let_ring);
    if (e.why == LapseReason::no_answer && last<Tick>() && my.now_ < my.person(a).offer_until) my.find("deadline", "an offer to " + my.name(a) + " lapsed early");
    my.cause_to_rest_.insert(a);
    my.person(a).idle_since = my.now_;
    my.drop_claim(e.leg);
    c->legs.erase(e.leg);
    free_from_ring(e.call, a);
    my.stand(e.call);
  }
  void operator()(const OfferWithdrawn& e) {
    Caller* c = caller(e.call);
    if (!c) return;
    const int a = index_of(e.agent.value);
    end_ring(e.call, *c, a, Rung::End::taken_back);
    if (e.why == WithdrawReason::caller_left && !customer_left(*c)) my.find("abandon-wrong", "an offer of call " + text(e.call) + " was taken back though the caller waits");
    if (e.why == WithdrawReason::we_failed) my.cause_to_rest_.insert(a);
    my.drop_claim(e.leg);
    c->legs.erase(e.leg);
    if (e.why != WithdrawReason::agent_left && c->queue >= 0) my.charge(c->queue, c->rung_step[a], a, -1);
    free_from_ring(e.call, a);
    my.stand(e.call);
  }
  void operator()(const LedgerCut& e) {
    const int a = index_of(e.agent.value);
    Person& p = my.person(a);
    const std::int64_t limit = my.plan_.ledger_limit * one_call;
    const std::int64_t after = p.balance + e.by;
    if (std::abs(p.balance) <= limit || after != (p.balance > 0 ? limit : -limit)) my.find("ledger-cut", "the balance of " + my.name(a) + " was cut wrongly");
    p.balance = after;
  }

  void operator()(const CallHeld& e) {
    Caller* c = caller(e.call);
    if (!c) return;
    const auto* s = last<Hold>();
    const auto* by_phone = last<LegHeldByPeer>();
    if (!(s && s->hold) && !(by_phone && by_phone->held)) my.find("hold", "call " + text(e.call) + " was put on hold by nobody");
    c->held = true;
    if (Talked* talk = my.talk_of(e.call, index_of(e.agent.value))) talk->held_from = my.now_;
  }
  void operator()(const CallResumed& e) {
    Caller* c = caller(e.call);
    if (!c) return;
    if (!c->held) my.find("hold", "call " + text(e.call) + " was not on hold");
    c->held = false;
    if (Talked* talk = my.talk_of(e.call, index_of(e.agent.value)); talk && talk->held_from) {
      talk->hold += my.now_ - *talk->held_from;
      talk->held_from.reset();
    }
  }

  void operator()(const LegDialled& e) {
    Caller* c = caller(e.call);
    if (!c) return;
    const int desk = e.device ? index_of(e.device.value) : -1;
    if (e.deadline != my.now_ + side_ring) my.find("deadline", "a leg of call " + text(e.call) + " rings not as long as it should");
    my.claimed_[e.leg] = {e.call, desk, e.to_agent ? index_of(e.to_agent.value) : -1, false, e.deadline};
    my.ringing_until_[e.leg] = e.deadline;
    if (desk >= 0) my.busy_with_[at(desk)].insert(e.leg);
    my.touched_legs_.insert(e.leg);
    if (e.purpose == LegRole::agent) { if (c->agent_leg != e.leg) my.find("call-invented", "another phone rings for the own call " + text(e.call)); return; }
    c->legs.insert(e.leg);
    (e.purpose == LegRole::consult ? c->consult_leg : e.purpose == LegRole::transfer ? c->transfer_leg : c->leg) = e.leg;
  }
  void joins(CallId id, Caller& c, int a, bool only_asks) {
    if (a < 0) return;
    takes_phone(id, a);
    Talked* talk = my.talk_of(id, a);
    if (!talk || talk->to) my.books_.talks.push_back({id, a, -1, my.now_, {}, {}, {}, {}, {}, only_asks});
    (void)c;
  }
  void operator()(const LegAnswered& e) {
    Caller* c = caller(e.call);
    if (!c) return;
    const auto* s = last<LegAnsweredByPeer>();
    if (!s || s->leg != e.leg) my.find("answer-invented", "leg " + text(e.leg) + " has not been answered");
    my.ringing_until_.erase(e.leg);
    const auto claim = my.claimed_.find(e.leg);
    const int a = claim == my.claimed_.end() ? -1 : claim->second.agent;
    if (e.leg == c->leg) {                     // an own call is taken: both talk
      const bool first = !std::exchange(c->talked, true);
      if (first && c->placed_by >= 0 && c->queue < 0) my.books_.talks.push_back({e.call, c->placed_by, -1, my.now_, {}, {}, {}, {}, {}, false});
      joins(e.call, *c, a, false);
    }
    if (e.leg == c->consult_leg) { c->consult_up = true; joins(e.call, *c, a, true); }
    if (e.leg == c->transfer_leg) {
      c->transfer_leg = {};
      c->talked = true;
      c->agent = a;
      c->agent_leg = e.leg;
      joins(e.call, *c, a, false);
    }
  }
  void operator()(const CodeDialled& e) {
    const int desk = index_of(e.device.value);
    my.claimed_[e.leg] = {CallId{}, desk, -1, false, Instant::never()};
    my.busy_with_[at(desk)].insert(e.leg);
    my.touched_legs_.insert(e.leg);
  }
  void operator()(const CallTurnedAway& e) { if (Caller* c = caller(e.call)) c->turned_away = true; }
  void operator()(const LegEnded& e) {
    my.drop_claim(e.leg);
    if (!e.call) return;                       // a star code's
    Caller* c = caller(e.call);
    if (!c) return;
    c->legs.erase(e.leg);
    if (c->agent_leg == e.leg) c->agent_leg = {};
    if (c->consult_leg == e.leg) { c->consult_leg = {}; c->consult_up = false; }
    if (c->transfer_leg == e.leg) c->transfer_leg = {};
  }
  void operator()(const ConsultEnded& e) {
    if (Caller* c = caller(e.call)) { c->consult_leg = {}; c->consult_up = false; }
  }
  void operator()(const CallTransferred& e) {
    Caller* c = caller(e.call);
    if (!c) return;
    c->held = false;
    if (!e.to_leg || e.to_leg != c->consult_leg) return;
    const int a = index_of(e.to_agent.value);
    if (!c->consult_up) { c->transfer_leg = c->consult_leg; c->consult_leg = {}; return; }
    c->consult_leg = {};
    c->consult_up = false;
    c->agent = a;
    c->agent_leg = e.to_leg;
    if (Talked* talk = my.talk_of(e.call, a)) talk->only_asked = false;
  }
  void operator()(const CallsJoined& e) {
    Caller* c = caller(e.call);
    Caller* from = caller(e.from);
    if (!c || !from) return;
    const auto* s = last<TransferAsked>();
    if (!s || !s->replaces) my.find("joined-unasked", "call " + text(e.from) + " was joined to call " + text(e.call));
    const int a = e.to_agent ? index_of(e.to_agent.value) : -1;
    from->legs.erase(e.leg);
    if (from->leg == e.leg) from->leg = {};
    if (from->agent_leg == e.leg) { from->agent_leg = {}; from->agent = -1; }
    c->legs.insert(e.leg);
    if (const auto claim = my.claimed_.find(e.leg); claim != my.claimed_.end()) claim->second.call = e.call;
    c->held = false;
    c->agent = a;
    c->agent_leg = e.leg;
    if (a < 0) return;
    if (my.person(a).call == e.from) my.person(a).call = e.call;
    my.close_talk(e.from, a);
    my.books_.talks.push_back({e.call, a, -1, my.now_, {}, {}, {}, {}, {}, false});
  }
  void operator()(const CallEnded& e) {
    Caller* c = caller(e.call);
    if (!c) return;
    if (c->waits) my.find("ended-in-line", "call " + text(e.call) + " ended while it waited");
    if (!c->rung.empty()) my.find("ended-in-line", "call " + text(e.call) + " ended while phones ring for it");
    if ((e.outcome == Outcome::answered) != c->talked) my.find("outcome", "call " + text(e.call) + " ended as " + std::string(name_of(e.outcome)) + (c->talked ? " and talked" : " and never talked"));
    else if (c->turned_away != (e.outcome == Outcome::closed)) my.find("outcome", "call " + text(e.call) + " ended as " + std::string(name_of(e.outcome)));
    else if (!c->talked && c->is_own() && c->queue < 0) {  // of their own calls: given up, or not taken
      const auto* gone = last<LegGone>();
      if (gone && gone->leg == c->agent_leg && e.outcome != Outcome::abandoned) my.find("outcome", "the own call " + text(e.call) + " was given up and ended as " + std::string(name_of(e.outcome)));
      if (last<Tick>() && e.outcome != Outcome::no_answer) my.find("outcome", "the own call " + text(e.call) + " rang in vain and ended as " + std::string(name_of(e.outcome)));
    }
    else if (!c->talked && !c->turned_away && (e.outcome == Outcome::abandoned) != customer_left(*c)) my.find("outcome", "call " + text(e.call) + " ended as " + std::string(name_of(e.outcome)));
    if (c->recording) my.find("recording", "call " + text(e.call) + " ended and is recorded still");
    for (int a = 0; a < static_cast<int>(my.people_.size()); ++a)
      if (Talked* talk = my.person(a).call == e.call ? my.talk_of(e.call, a) : nullptr; talk && !talk->to) my.find("left-talking", my.name(a) + " talks in call " + text(e.call) + ", which has ended");
    my.step_out(e.call);
    my.drop_claim(c->leg);
    for (const LegId leg : std::set<LegId>(c->legs)) my.drop_claim(leg);
    my.callers_.erase(e.call);
    my.over_.insert(e.call);
  }
  void operator()(const RecordingStarted& e) { if (Caller* c = caller(e.call)) c->recording = true; }
  void operator()(const RecordingStopped& e) { if (Caller* c = caller(e.call)) c->recording = false; }
  void operator()(const NoticeEnded& e) { if (Caller* c = caller(e.call)) c->notice = false; }
  void operator()(const PlaceAnnounced& e) {
    Caller* c = caller(e.call);
    if (c && c->queue >= 0 && my.callers_.size() < 300 && e.place != place_in(c->queue, e.call)) my.find("place-announced", "call " + text(e.call) + " is told place " + std::to_string(e.place));
  }
  void operator()(const SkillsRelaxed& e) {
    Caller* c = caller(e.call);
    if (!c || c->queue < 0) return;
    my.step_out(e.call);
    if (e.step != my.step_at(c->queue, my.now_ - c->since)) my.find("skill-step", "call " + text(e.call) + " asks for the wrong skills");
    c->step = std::min(e.step, static_cast<std::int32_t>(my.queue(c->queue).skills.size()));
    my.stand(e.call);
  }
  void operator()(const AlarmRaised& e) { my.find("alarm", e.code + ": " + e.text); }
  template <class Other> void operator()(const Other&) {}
};

void Auditor::told(const std::vector<Event>& events, const std::vector<Effect>& effects, Instant now, bool settled) {
  now_ = now;
  for (const Effect& effect : effects) arrives(effect);
  Reader reader{*this};
  for (const Event& event : events) std::visit(reader, event);
  if (settled) look_around();
}

// --- what must hold whenever nothing moves

void Auditor::look_around() {
  for (const LegId leg : touched_legs_) {
    const bool lives = lines_.contains(leg), claimed = claimed_.contains(leg);
    if (lives && !claimed) find("leg-left-over", "leg " + text(leg) + " lives and the journal has ended it");
    if (!lives && claimed) find("leg-lost", "leg " + text(leg) + " is gone and the journal has it");
  }
  for (const CallId call : touched_calls_) look_at_call(call);
  for (const int agent : touched_agents_) look_at_agent(agent);
  for (const int agent : owes_wrap_up_)
    if (person(agent).state == State::ready || person(agent).state == State::paused) find("wrap-up-lost", name(agent) + " has left a call and got no wrap-up");
  touched_legs_.clear();
  touched_calls_.clear();
  touched_agents_.clear();
  owes_wrap_up_.clear();
  if (const auto* gone = std::get_if<LegGone>(&last_))
    for (const auto& [id, c] : callers_) if (c.leg == gone->leg) find("call-without-caller", "call " + text(id) + " goes on without its caller");
  look_at_deadlines();
  look_for_idle_pair();
}

void Auditor::look_at_call(CallId id) {
  const auto found = callers_.find(id);
  if (found == callers_.end()) return;
  const Caller& c = found->second;
  const auto customer = lines_.find(c.leg);
  const std::string call = "call " + text(id);
  if (customer == lines_.end()) return;
  if (!customer->second.up) { if (c.waits) find("hearing", call + " waits and was never answered"); return; }
  const bool talks = !c.waits && c.agent_leg && !c.held && !c.consult_leg;
  if (c.turned_away) { if (!customer->second.plays) find("hearing", call + " is turned away and told nothing"); return; }
  if (!c.waits && !c.agent_leg && !c.transfer_leg && !c.consult_leg) find("nobody-cares", call + " waits in no line and talks to nobody");
  if (c.waits || c.held || c.consult_leg || c.notice) {
    if (!customer->second.plays) find("hearing", call + " waits in silence");
  } else if (talks && customer->second.hears != c.agent_leg) find("hearing", call + " does not hear its agent");
  const auto agent = lines_.find(c.agent_leg);
  if (talks && agent != lines_.end() && (c.notice ? !agent->second.plays : agent->second.hears != c.leg)) find("hearing", "the agent of " + call + (c.notice ? " does not hear the notice" : " does not hear the caller"));
  if (c.consult_up && agent != lines_.end() && agent->second.hears != c.consult_leg) find("hearing", "the agent of " + call + " does not hear the colleague");
  if (!c.waits && c.agent_leg && !c.notice && c.queue >= 0 && queue(c.queue).record != c.recording) find("recording", call + (c.recording ? " is recorded and should not be" : " is not recorded"));
}

void Auditor::look_at_agent(int agent) {
  const Person& p = people_[at(agent)];
  if (p.desk < 0) return;
  const auto& legs = at_phone_[at(p.desk)];
  const bool up = std::any_of(legs.begin(), legs.end(), [&](LegId leg) { return lines_.at(leg).up || lines_.at(leg).dials; });
  if (p.state == State::talking && !up) find("agent-state", name(agent) + " talks with a phone that is on the hook");
  if (p.state == State::ready && up) find("agent-state", name(agent) + " is called ready and talks");
  if (p.state == State::offered && legs.empty()) find("agent-state", name(agent) + " is offered a call and nothing rings");
  if (p.state == State::ready && p.will != Person::Will::work) find("agent-state", name(agent) + " is called ready and has said otherwise");
}

void Auditor::look_at_deadlines() {
  const Duration late = std::holds_alternative<Tick>(last_) ? Duration{} : late_;
  for (int a = 0; a < static_cast<int>(people_.size()); ++a) {
    const Person& p = people_[at(a)];
    if (p.state == State::offered && p.offer_until + late <= now_) find("deadline", name(a) + " is rung past the time");
    if (p.state == State::wrap_up && p.wrap_until + late <= now_) find("deadline", name(a) + " wraps up past the time");
  }
  for (const auto& [leg, until] : ringing_until_)
    if (until + late <= now_) find("deadline", "leg " + text(leg) + " rings past the time");
  if (!std::holds_alternative<Tick>(last_)) return;
  for (const Place& place : line_) {
    const Caller& c = callers_.at(place.call);
    if (now_ - c.entered >= queue(c.queue).max_wait) find("deadline", "call " + text(place.call) + " waits past the time");
    if (c.step != step_at(c.queue, now_ - c.since)) find("skill-step", "call " + text(place.call) + " asks for skills past their time");
  }
}

void Auditor::look_for_idle_pair() {
  if (line_.empty()) return;
  for (int a = 0; a < static_cast<int>(people_.size()); ++a) {
    if (!is_free(a)) continue;
    for (const Place& place : line_)
      if (may_take(a, callers_.at(place.call))) return find("idle-pair", "call " + text(place.call) + " waits and " + name(a) + " is free");
  }
}

void Auditor::day_over(Instant now) {
  now_ = now;
  for (const auto& [id, c] : callers_) find("call-lost", "call " + text(id) + " never ended");
  for (const auto& [leg, line] : lines_) { find("leg-left-over", "leg " + text(leg) + " is up at night"); break; }
  for (int a = 0; a < static_cast<int>(people_.size()); ++a) {
    const State state = person(a).state;
    if (state == State::signed_out) continue;
    become(a, State::signed_out);  // closes the books
  }
}

}  // namespace pasokh::simulate
