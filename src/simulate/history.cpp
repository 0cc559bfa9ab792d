#include "simulate/history.h"

#include <algorithm>
#include <cstdlib>

#include "storage/journal.h"

namespace pasokh::simulate {
namespace {

using namespace floor;

struct CallerSeen {
  std::string queue;
  Instant at;
  std::optional<Instant> offered, answered;
  bool gave_up = false, agent_hung_up = false;
  LegId leg;
  Duration wait, talk, hold;
  std::optional<Instant> held;
};
struct AgentSeen {
  std::string code;
  AgentSettings settings;
  bool exists = false;
  std::vector<Stay> shifts, breaks;
  std::optional<Instant> here_since, rests_since;
  std::int64_t offers = 0, ignored = 0, declined = 0, answers = 0;
  Duration answering;
};

struct Reading {
  Instant from, to;
  std::map<std::uint64_t, std::pair<std::string, QueueSettings>> queues;
  std::map<std::uint64_t, AgentSeen> agents;
  std::map<std::string, std::string> numbers;              // digits -> queue
  CentreSettings centre;
  std::map<CallId, CallerSeen> callers;                    // of the day
  std::map<std::pair<CallId, AgentId>, Instant> rung;
  Instant now;

  bool in_day() const { return now >= from; }
  Duration since_start(Instant at) const { return std::max(at, from) - from; }
  AgentSeen& agent(AgentId id) { return agents[id.value]; }
  CallerSeen* caller(CallId id) { auto found = callers.find(id); return found == callers.end() ? nullptr : &found->second; }

  void operator()(const QueueSet& e) { queues[e.queue.value] = {e.code, e.settings}; }
  void operator()(const QueueRemoved& e) { queues.erase(e.queue.value); }
  void operator()(const AgentSet& e) { auto& a = agent(e.agent); a.code = e.code; a.settings = e.settings; a.exists = true; }
  void operator()(const AgentRemoved& e) { agent(e.agent).exists = false; }
  void operator()(const CentreSet& e) { centre = e.settings; }
  void operator()(const NumberSet& e) { numbers[e.digits] = e.settings.queue; }
  void operator()(const AgentSignedIn& e) { if (!agent(e.agent).here_since) agent(e.agent).here_since = now; }
  void operator()(const AgentSignedOut& e) {
    AgentSeen& a = agent(e.agent);
    rested(a);
    if (a.here_since && in_day()) a.shifts.push_back({since_start(*a.here_since), since_start(now)});
    a.here_since.reset();
  }
  void operator()(const AgentPaused& e) { AgentSeen& a = agent(e.agent); if (!e.by.empty() && e.reason != "signing_out" && !a.rests_since) a.rests_since = now; }
  void operator()(const AgentReady& e) { rested(agent(e.agent)); }
  void rested(AgentSeen& a) {
    if (a.rests_since && in_day()) a.breaks.push_back({since_start(*a.rests_since), since_start(now)});
    a.rests_since.reset();
  }
  void operator()(const CallArrived& e) {
    if (!in_day() || e.direction != Direction::inbound) return;
    CallerSeen c;
    c.at = now;
    c.leg = e.leg;
    callers.emplace(e.call, c);
  }
  void operator()(const CallQueued& e) { if (auto* c = caller(e.call); c && c->queue.empty()) c->queue = queues[e.queue.value].first; }
  void operator()(const CallOffered& e) { if (in_day()) { ++agent(e.agent).offers; rung[{e.call, e.agent}] = now; } }
  void operator()(const OfferLapsed& e) { if (in_day()) ++(e.why == LapseReason::no_answer ? agent(e.agent).ignored : agent(e.agent).declined); }
  void operator()(const OfferAnswered& e) {
    AgentSeen& a = agent(e.agent);
    if (const auto began = rung.find({e.call, e.agent}); began != rung.end()) { ++a.answers; a.answering += now - began->second; }
    if (auto* c = caller(e.call); c && !c->answered) { c->answered = now; c->wait = now - c->at; }
  }
  void operator()(const CallLeftQueue& e) { if (auto* c = caller(e.call); c && e.why == LeftQueue::abandoned && !c->answered) { c->gave_up = true; c->wait = now - c->at; } }
  void operator()(const CallHeld& e) { if (auto* c = caller(e.call)) c->held = now; }
  void operator()(const CallResumed& e) { if (auto* c = caller(e.call); c && c->held) { c->hold += now - *c->held; c->held.reset(); } }
  void operator()(const LegEnded& e) { if (auto* c = caller(e.call); c && e.cause == EndCause::hung_up && e.leg != c->leg) c->agent_hung_up = true; }
  void operator()(const CallEnded& e) {
    auto* c = caller(e.call);
    if (!c) return;
    if (c->answered) c->talk = now - *c->answered;
  }
  template <class Other> void operator()(const Other&) {}
};

std::int64_t permille(std::int64_t part, std::int64_t whole) { return whole == 0 ? 0 : part * 1'000 / whole; }

}  // namespace

Result<History> history_of(const std::string& dir, Instant from, Instant to) {
  TRY(reader, storage::JournalReader::open(dir));
  Reading reading;
  reading.from = from;
  reading.to = to;
  History history;
  history.to = to;
  std::uint64_t last = 0;
  const auto read = reader.read(0, UINT64_MAX, [&](const storage::Recorded& recorded) {
    if (recorded.at >= to) return false;
    reading.now = recorded.at;
    last = recorded.seq;
    std::visit(reading, recorded.event);
    return true;
  });
  if (!read) {
    if (read.error().code != "damaged") return read.error();
    const std::string range = damaged_range(reader, last, read.error().text);
    if (reading.now < from) return damaged_before(range);
    history.damaged = range;
    history.to = reading.now;
  }
  reading.now = history.to;
  std::erase_if(reading.callers, [](const auto& entry) { return entry.second.queue.empty(); });
  if (reading.callers.empty()) return trouble("day-empty", "Nobody called a queue on that day.");

  Plan& plan = history.plan;
  plan.start = from;
  plan.interval = Duration::minutes(30);
  plan.calls.assign(static_cast<std::size_t>((to - from).us / plan.interval.us), 0);
  plan.ledger_limit = reading.centre.ledger_limit;
  std::map<std::uint64_t, QueueId> queue_of;
  std::map<std::string, int> index_of;
  for (const auto& [id, queue] : reading.queues) {
    std::string number = "8" + std::to_string(1'000 + plan.queues.size());
    for (const auto& [digits, code] : reading.numbers) if (code == queue.first) number = digits;
    index_of[queue.first] = static_cast<int>(plan.queues.size());
    plan.queues.push_back({queue.first, number, queue.second, 1});
    queue_of[id] = QueueId{plan.queues.size()};
  }
  for (auto& [id, seen] : reading.agents) {
    if (seen.here_since) reading(AgentSignedOut{AgentId{id}, ""});
    if (!seen.exists || seen.shifts.empty()) continue;
    AgentPlan agent;
    agent.code = seen.code;
    agent.settings = seen.settings;
    std::erase_if(agent.settings.queues, [&](const Membership& m) { return !queue_of.contains(m.queue.value); });
    for (Membership& m : agent.settings.queues) m.queue = queue_of[m.queue.value];
    agent.settings.device = std::to_string(10'001 + plan.agents.size());
    agent.settings.number = std::to_string(501 + plan.agents.size());
    agent.shifts = seen.shifts;
    agent.breaks = seen.breaks;
    agent.ignores_permille = static_cast<int>(permille(seen.ignored, seen.offers));
    agent.declines_permille = static_cast<int>(permille(seen.declined, seen.offers));
    if (seen.answers > 0) agent.answers_after = seen.answering / seen.answers;
    plan.agents.push_back(std::move(agent));
  }
  if (plan.agents.empty()) return trouble("day-empty", "Nobody was signed in on that day.");

  // How long those would have waited who were answered is not known: with a constant rate of giving up, the rate seen is
  // abandons per second waited (the estimate that Erlang A uses), and it goes on from where the real wait ended.
  Duration waited, talked;
  for (const auto& [id, c] : reading.callers) {
    waited += c.wait;
    history.abandons += c.gave_up;
    history.answers += c.answered.has_value();
    talked += c.talk;
  }
  plan.patience = history.abandons > 0 ? Duration{waited.us / static_cast<std::int64_t>(history.abandons)} : Duration::hours(1);
  plan.talk = history.answers > 0 ? Duration{talked.us / static_cast<std::int64_t>(history.answers)} : Duration::seconds(180);
  for (const auto& [id, c] : reading.callers) {
    CallerPlan caller{c.at - from, index_of[c.queue], c.wait, c.talk, c.hold, c.agent_hung_up, false, {}};
    caller.waits_longer = !c.gave_up;
    if (!c.answered) caller.talk = Duration{-1};
    plan.callers.push_back(caller);
  }
  std::stable_sort(plan.callers.begin(), plan.callers.end(), [](const CallerPlan& a, const CallerPlan& b) { return a.at < b.at; });
  history.modelled = {"callers who were answered would have waited on with the day's rate of giving up (mean " + std::to_string(plan.patience.us / 1'000'000) + " s)",
                      "callers who gave up would have talked as long as the others on average (" + std::to_string(plan.talk.us / 1'000'000) + " s)",
                      "agents answer after their own mean time and let it ring as often as on that day; transfers and redialling are left out"};
  return history;
}

Result<Change> parse_change(const std::string& text) {
  if (text.empty()) return trouble("change-unknown", "a change is meant, like strategy=longest-idle,agents+2");
  Change change;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string part = text.substr(at, end - at);
    at = end + 1;
    char* rest = nullptr;
    if (part.rfind("agents+", 0) == 0 || part.rfind("agents-", 0) == 0) {
      const long n = std::strtol(part.c_str() + 7, &rest, 10);
      if (n < 1 || n > 1'000 || *rest != 0) return trouble("change-impossible", "\"" + part + "\": from 1 to 1000 agents may come or go.");
      change.agents += static_cast<int>(part[6] == '-' ? -n : n);
      continue;
    }
    const std::size_t equals = part.find('=');
    const std::string key = part.substr(0, equals), value = equals == part.npos ? "" : part.substr(equals + 1);
    if (key == "strategy") {
      floor::Strategy strategy{};
      if (!from_name(value, strategy)) return trouble("change-impossible", "\"" + part + "\": fair-share, longest-idle, round-robin, ring-all or fixed-order.");
      change.strategy = strategy;
      continue;
    }
    std::optional<Duration>* time = key == "wrap_up" ? &change.wrap_up : key == "ring" ? &change.ring : key == "max_wait" ? &change.max_wait : nullptr;
    if (!time) return trouble("change-unknown", "\"" + part + "\" cannot be changed here; strategy=…, wrap_up=…s, ring=…s, max_wait=…s, agents+N and agents-N can.");
    const long seconds = std::strtol(value.c_str(), &rest, 10);
    const bool whole = !value.empty() && (*rest == 0 || std::string(rest) == "s");
    if (!whole || seconds < (key == "wrap_up" ? 0 : 1) || seconds > 86'400) return trouble("change-impossible", "\"" + part + "\": whole seconds are meant, like " + key + "=20s.");
    *time = Duration::seconds(seconds);
  }
  return change;
}

void apply(const Change& change, floor::QueueSettings& settings) {
  if (change.strategy) settings.strategy = *change.strategy;
  if (change.wrap_up) settings.wrap_up = *change.wrap_up;
  if (change.ring) settings.ring = *change.ring;
  if (change.max_wait) settings.max_wait = *change.max_wait;
}

Result<> apply(const Change& change, Plan& plan) {
  const auto count = plan.agents.size();
  if (change.agents < 0 && static_cast<std::size_t>(-change.agents) >= count)
    return trouble("change-impossible", "\"agents" + std::to_string(change.agents) + "\": " + std::to_string(count) + " agents were there on that day, and one must be left.");
  if (change.agents < 0) plan.agents.resize(count - static_cast<std::size_t>(-change.agents));
  for (int i = 0; i < change.agents; ++i) {  // like one of those who are there, with the same hours
    AgentPlan agent = plan.agents[static_cast<std::size_t>(i) % count];
    agent.code = "added" + std::to_string(i + 1);
    agent.settings.device = std::to_string(10'001 + plan.agents.size());
    agent.settings.number = std::to_string(501 + plan.agents.size());
    plan.agents.push_back(std::move(agent));
  }
  for (QueuePlan& queue : plan.queues) apply(change, queue.settings);
  return Done{};
}

Result<> apply_change(Plan& plan, const std::string& text) {
  TRY(change, parse_change(text));
  return apply(change, plan);
}

// From the first event that cannot be used to the one before the next sound one; or to the end, when the file itself cannot be read.
std::string damaged_range(storage::JournalReader& reader, std::uint64_t last_sound, const std::string& said) {
  const auto next = reader.next_sound(last_sound);
  const std::uint64_t until = next ? *next - 1 : reader.last_seq();
  const bool names_events = said.starts_with("events ");
  return "events " + std::to_string(last_sound + 1) + "-" + std::to_string(std::max(until, last_sound + 1)) + ": " +
         (names_events ? said.substr(said.find(": ") + 2) : "the file itself is damaged there");
}

Trouble damaged_before(const std::string& range) {
  return trouble("journal-damaged", "The journal is damaged (" + range + ") before that day; nothing of the day can be used. See: pasokh journal verify");
}

}  // namespace pasokh::simulate
