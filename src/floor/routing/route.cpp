// Routing: pairs free agents with waiting callers until no pair is left that may be made (work conservation, design §6).
#include <algorithm>

#include "floor/desk.h"

namespace pasokh::floor {
namespace {

constexpr std::size_t told_of_ranking = 5;

// The earliest caller in the one global line whom this agent may take. An agent is in few pools, whatever the centre's size.
CallId first_for(const State& state, AgentId agent) {
  const WaitKey* best = nullptr;
  for (const Roster::PoolPlace& place : state.roster.places_of(agent)) {
    const Queue& queue = state.queue(place.queue);
    const auto step = static_cast<std::size_t>(place.step);
    if (step >= queue.unoffered.size() || queue.unoffered[step].empty()) continue;
    const WaitKey& head = *queue.unoffered[step].begin();
    if (!best || head < *best) best = &head;
  }
  return best ? best->call : CallId{};
}

// Within one call nobody is asked twice before everyone who is free has been asked once (complaint 3).
void put_asked_last(std::vector<Candidate>& ranking, const std::vector<AgentId>& asked) {
  if (asked.empty()) return;
  std::stable_partition(ranking.begin(), ranking.end(), [&](const Candidate& c) { return std::find(asked.begin(), asked.end(), c.agent) == asked.end(); });
}

OfferReason reason_of(const State& state, const Queue& queue, std::int32_t step, const std::vector<Candidate>& ranking, Instant now) {
  OfferReason reason;
  reason.strategy = queue.settings.strategy;
  reason.skill_step = step;
  const PoolCount& able = state.roster.count(state.roster.pool(queue.id, step));
  const PoolCount& all = state.roster.count(state.roster.pool(queue.id, 0));
  reason.free = able.free();
  reason.on_duty = able.on_duty();
  for (std::size_t p = 0; p < presences; ++p)
    if (p != static_cast<std::size_t>(Presence::free) && able.by_presence[p] > 0) reason.excluded.emplace(presence_names[p], able.by_presence[p]);
  if (all.members > able.members) reason.excluded.emplace("skill", all.members - able.members);
  for (std::size_t i = 0; i < ranking.size() && i < told_of_ranking; ++i) {
    reason.first.push_back(ranking[i]);
    if (reason.strategy == Strategy::longest_idle) reason.first.back().key = (now - ranking[i].idle_since).us;
  }
  return reason;
}

void offer(Desk& desk, CallId id, const Candidate& taker, const OfferReason& reason) {
  const Call& call = *desk.state.find(id);
  const Agent& agent = desk.state.agent(taker.agent);
  desk.put(CallOffered{id, call.queue, taker.agent, agent.device, desk.next_leg(), desk.now + desk.state.queue(call.queue).settings.ring, reason});
  cut_ledger(desk, taker.agent);
}

// Offers the caller to the best of those free. False: nobody is.
bool offer_to_best(Desk& desk, CallId id) {
  State& state = desk.state;
  const Call& call = *state.find(id);
  const Queue& queue = state.queue(call.queue);
  const auto pool = state.roster.pool(call.queue, call.step);
  const bool ring_all = queue.settings.strategy == Strategy::ring_all;
  std::vector<Candidate> ranking;
  state.roster.best(pool, queue.settings.strategy, queue.last_taken, (ring_all ? static_cast<std::size_t>(ring_all_limit) : told_of_ranking) + call.asked.size(), ranking);
  if (ranking.empty()) return false;
  put_asked_last(ranking, call.asked);
  const OfferReason reason = reason_of(state, queue, call.step, ranking, desk.now);
  if (!ring_all) { offer(desk, id, ranking.front(), reason); return true; }
  for (std::size_t i = 0; i < ranking.size() && i < static_cast<std::size_t>(ring_all_limit); ++i) offer(desk, id, ranking[i], reason);
  return true;
}

void lapse(Desk& desk, CallId id, AgentId agent, LapseReason why, const std::string& pause, const std::string& by) {
  const Call* call = desk.state.find(id);
  if (!call) return;
  const auto offer = std::find_if(call->offers.begin(), call->offers.end(), [&](const Offer& o) { return o.agent == agent; });
  if (offer == call->offers.end()) return;  // crossed with the answer, which came first
  desk.put(OfferLapsed{id, agent, offer->leg, why});
  desk.put(AgentPaused{agent, pause, by});  // D5: the next caller does not meet the same silent phone
}

}  // namespace

// Always the earliest caller first, over all who became free and all who began to wait in this turn: the best for a later caller
// may be one whom an earlier caller needs. Those who were free before cannot take anyone who waited before, so nobody else is
// looked at.
void route(Desk& desk) {
  State& state = desk.state;
  if (state.freed.empty() && state.fresh.empty()) return;
  state.ensure_roster();
  std::set<std::pair<WaitKey, AgentId>> wanted;  // what each of the freed would take
  auto look = [&](AgentId agent) {
    if (state.roster.duty(agent).presence != Presence::free) return;
    if (const Call* call = state.find(first_for(state, agent))) wanted.emplace(wait_key(*call), agent);
  };
  for (;;) {
    while (!state.freed.empty()) {
      const AgentId agent = *state.freed.begin();
      state.freed.erase(state.freed.begin());
      look(agent);
    }
    if (wanted.empty() && state.fresh.empty()) return;
    const bool from_freed = !wanted.empty() && (state.fresh.empty() || !(*state.fresh.begin() < wanted.begin()->first));
    if (!from_freed) {
      const WaitKey key = *state.fresh.begin();
      if (!offer_to_best(desk, key.call)) state.fresh.erase(key);
      continue;
    }
    const auto [key, agent] = *wanted.begin();
    const Call* call = state.find(key.call);
    if (state.roster.duty(agent).presence == Presence::free && call && call->unoffered) offer_to_best(desk, key.call);
    wanted.erase(wanted.begin());
    look(agent);
  }
}

void withdraw(Desk& desk, CallId call, const Offer& offer, WithdrawReason why) { desk.put(OfferWithdrawn{call, offer.agent, offer.leg, why}); }

void offer_lapses(Desk& desk, CallId id, AgentId agent, LapseReason why) { lapse(desk, id, agent, why, std::string(name_of(why)), ""); }

void lapse_into_pause(Desk& desk, CallId id, AgentId agent, const std::string& reason, const std::string& by) { lapse(desk, id, agent, LapseReason::declined, reason, by); }

// The limit is applied when an agent's own state moves, so that an offer never costs a walk over all who are credited.
void cut_ledger(Desk& desk, AgentId agent) {
  const std::int64_t limit = desk.state.centre.ledger_limit * one_call;
  const std::int64_t balance = desk.state.roster.balance(agent);
  if (balance > limit) desk.put(LedgerCut{agent, limit - balance});
  if (balance < -limit) desk.put(LedgerCut{agent, -limit - balance});
}

void give_call(Desk& desk, const GiveCall& stimulus) {
  State& state = desk.state;
  const AgentId agent = agent_named(desk, stimulus.agent);
  if (desk.refused()) return;
  const Call* call = state.find(stimulus.call);
  if (!call || !call->waiting) return desk.refuse("call-not-waiting", "The call does not wait in a queue (any more).");
  if (state.duty(state.agent(agent)).presence != Presence::free) return desk.refuse("agent-not-free", "Agent " + stimulus.agent + " is not free now.");
  const std::vector<Offer> offers = call->offers;
  for (const Offer& o : offers) withdraw(desk, call->id, o, WithdrawReason::moved);
  state.ensure_roster();
  const Queue& queue = state.queue(call->queue);
  OfferReason reason = reason_of(state, queue, call->step, {}, desk.now);
  reason.first.push_back({agent, state.roster.balance(agent), state.agent(agent).idle_since});
  reason.given_by = stimulus.by.empty() ? "supervisor" : stimulus.by;
  offer(desk, stimulus.call, reason.first.front(), reason);
}

}  // namespace pasokh::floor
