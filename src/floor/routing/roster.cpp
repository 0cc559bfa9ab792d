#include "floor/routing/roster.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "base/assert.h"

namespace pasokh::floor {
namespace {

constexpr std::size_t eager_limit = 512;   // members up to which credits are written one by one
constexpr std::int32_t block_size = 64;

bool skilled(const AgentSettings& settings, const std::vector<SkillLevel>& needs) {
  return std::all_of(needs.begin(), needs.end(), [&](const SkillLevel& need) {
    return std::any_of(settings.skills.begin(), settings.skills.end(), [&](const SkillLevel& has) { return has.skill == need.skill && has.level >= need.level; });
  });
}

std::size_t index(Presence p) { return static_cast<std::size_t>(p); }

}  // namespace

void Roster::build(const std::vector<RosterMember>& members, const std::vector<RosterQueue>& queues) {
  const auto n = static_cast<std::int32_t>(members.size());
  balances_.resize(members.size());
  pools_.clear(); classes_.clear(); blocks_.clear(); first_pool_.clear();
  places_.assign(members.size(), {});

  for (std::size_t q = 0; q < queues.size(); ++q) {
    first_pool_.push_back(static_cast<PoolIndex>(pools_.size()));
    const auto steps = queues[q].exists ? queues[q].settings->skills.size() + 1 : 1;
    for (std::size_t step = 0; step < steps; ++step) {
      Pool& pool = pools_.emplace_back();
      pool.queue = QueueId{q + 1};
      pool.step = static_cast<std::int32_t>(step);
      if (!queues[q].exists) continue;
      pool.fixed = queues[q].settings->strategy == Strategy::fixed_order;
      pool.ordered = pool.fixed || queues[q].settings->strategy == Strategy::round_robin;
    }
  }
  for (std::size_t a = 0; a < members.size(); ++a) {
    if (!members[a].exists) continue;
    for (const Membership& m : members[a].settings->queues) {
      if (!m.queue || m.queue.value > queues.size() || !queues[m.queue.value - 1].exists) continue;
      const QueueSettings& settings = *queues[m.queue.value - 1].settings;
      static const std::vector<SkillLevel> nothing;
      for (std::size_t step = 0; step <= settings.skills.size(); ++step) {
        if (!skilled(*members[a].settings, step == 0 ? nothing : settings.skills[step - 1].needs)) continue;
        const PoolIndex p = pool(m.queue, static_cast<std::int32_t>(step));
        places_[a].push_back({m.queue, static_cast<std::int32_t>(step), p, m.order});
        Pool& entered = pools_[static_cast<std::size_t>(p)];
        ++entered.count.members;
        ++entered.count.by_presence[index(members[a].duty.presence)];
      }
    }
  }
  for (Pool& p : pools_) p.large = static_cast<std::size_t>(p.count.members) > eager_limit;

  // Classes: agents by the list of their large pools.
  std::map<std::vector<PoolIndex>, std::vector<std::int32_t>> by_signature;
  for (std::int32_t a = 0; a < n; ++a) {
    std::vector<PoolIndex> signature;
    for (const PoolPlace& place : places_[static_cast<std::size_t>(a)])
      if (pools_[static_cast<std::size_t>(place.pool)].large) signature.push_back(place.pool);
    std::sort(signature.begin(), signature.end());
    by_signature[std::move(signature)].push_back(a);
  }
  const auto size = members.size();
  owed_.assign(size, 0); idle_since_.assign(size, 0); presence_.assign(size, Presence::signed_out);
  agent_of_.assign(size, 0); class_of_.assign(size, 0); block_of_.assign(size, 0); slot_of_.assign(size, 0);
  std::int32_t slot = 0;
  for (const auto& [signature, agents] : by_signature) {
    const auto c = static_cast<std::int32_t>(classes_.size());
    Class& made = classes_.emplace_back();
    made.begin = slot;
    made.first_block = static_cast<std::int32_t>(blocks_.size());
    for (const PoolIndex p : signature) pools_[static_cast<std::size_t>(p)].classes.push_back(c);
    for (const std::int32_t a : agents) {
      if ((slot - made.begin) % block_size == 0) { Block& b = blocks_.emplace_back(); b.begin = b.end = slot; b.owner = c; }
      const auto s = static_cast<std::size_t>(slot);
      agent_of_[s] = a;
      class_of_[s] = c;
      block_of_[s] = static_cast<std::int32_t>(blocks_.size()) - 1;
      slot_of_[static_cast<std::size_t>(a)] = slot;
      owed_[s] = balances_[static_cast<std::size_t>(a)];
      presence_[s] = members[static_cast<std::size_t>(a)].duty.presence;
      idle_since_[s] = members[static_cast<std::size_t>(a)].duty.idle_since.us;
      blocks_.back().end = ++slot;
    }
    made.end = slot;
    made.end_block = static_cast<std::int32_t>(blocks_.size());
  }
  for (std::int32_t a = 0; a < n; ++a) {
    const std::int32_t s = slot_of_[static_cast<std::size_t>(a)];
    for (const PoolPlace& place : places_[static_cast<std::size_t>(a)]) {
      Pool& p = pools_[static_cast<std::size_t>(place.pool)];
      if (!p.large) p.slots.push_back(s);
      if (p.ordered && presence_[static_cast<std::size_t>(s)] == Presence::free) p.in_order.insert({p.fixed ? place.order : 0, a});
    }
  }
  built_ = true;
}

void Roster::forget() {
  if (!built_) return;
  balances_ = balances(places_.size());
  built_ = false;
}

std::int64_t Roster::effective(std::int32_t slot) const {
  const auto s = static_cast<std::size_t>(slot);
  return owed_[s] + (is_on_duty(presence_[s]) ? classes_[static_cast<std::size_t>(class_of_[s])].offset : 0);
}

std::int64_t Roster::balance(AgentId agent) const {
  const std::size_t a = agent.value - 1;
  if (!built_) return a < balances_.size() ? balances_[a] : 0;
  return a < slot_of_.size() ? effective(slot_of_[a]) : 0;
}

std::vector<std::int64_t> Roster::balances(std::size_t agents) const {
  std::vector<std::int64_t> all(agents);
  for (std::size_t a = 0; a < agents; ++a) all[a] = balance(AgentId{a + 1});
  return all;
}

void Roster::set_balances(std::vector<std::int64_t> balances) {
  built_ = false;
  balances_ = std::move(balances);
}

void Roster::add(AgentId agent, std::int64_t amount) {
  const std::size_t a = agent.value - 1;
  if (!built_) {
    if (a >= balances_.size()) balances_.resize(a + 1);
    balances_[a] += amount;
    return;
  }
  owed_[static_cast<std::size_t>(slot_of_[a])] += amount;
  if (amount > 0) rose(slot_of_[a]); else fell(slot_of_[a]);
}

void Roster::rose(std::int32_t slot) {
  if (presence_[static_cast<std::size_t>(slot)] != Presence::free) return;
  Block& block = block_at(slot);
  if (block.owed_known && (block.best_owed < 0 || owed_before_in_block(slot, block.best_owed))) block.best_owed = slot;
  if (block.idle_known && (block.best_idle < 0 || idle_before(slot, block.best_idle))) block.best_idle = slot;
}

void Roster::fell(std::int32_t slot) {
  Block& block = block_at(slot);
  if (block.best_owed == slot) block.owed_known = false;
  if (block.best_idle == slot) block.idle_known = false;
}

Duty Roster::duty(AgentId agent) const {
  const auto s = static_cast<std::size_t>(slot_of_[agent.value - 1]);
  return {presence_[s], Instant{idle_since_[s]}};
}

void Roster::set_duty(AgentId agent, const Duty& duty) {
  if (!built_) return;
  const std::size_t a = agent.value - 1;
  const std::int32_t slot = slot_of_[a];
  const auto s = static_cast<std::size_t>(slot);
  const Presence was = presence_[s];
  if (was == duty.presence && idle_since_[s] == duty.idle_since.us) return;
  const std::int64_t kept = effective(slot);
  presence_[s] = duty.presence;
  idle_since_[s] = duty.idle_since.us;
  owed_[s] += kept - effective(slot);  // going on or off duty: what was earned stays, what comes meanwhile does not count
  fell(slot);
  rose(slot);
  if (was == duty.presence) return;
  for (const PoolPlace& place : places_[a]) {
    Pool& p = pools_[static_cast<std::size_t>(place.pool)];
    --p.count.by_presence[index(was)];
    ++p.count.by_presence[index(duty.presence)];
    if (!p.ordered) continue;
    const std::pair key{std::int64_t{p.fixed ? place.order : 0}, static_cast<std::int32_t>(a)};
    if (was == Presence::free) p.in_order.erase(key);
    if (duty.presence == Presence::free) p.in_order.insert(key);
  }
}

bool Roster::has(PoolIndex pool, AgentId agent) const {
  const auto& places = places_[agent.value - 1];
  return std::any_of(places.begin(), places.end(), [&](const PoolPlace& place) { return place.pool == pool; });
}

// --- the ledger

void Roster::credit(Pool& pool, std::int64_t amount) {
  if (pool.large) {
    for (const std::int32_t c : pool.classes) classes_[static_cast<std::size_t>(c)].offset += amount;
    return;
  }
  for (const std::int32_t slot : pool.slots) {
    const auto s = static_cast<std::size_t>(slot);
    if (!is_on_duty(presence_[s])) continue;
    owed_[s] += amount;
    if (presence_[s] == Presence::free) { if (amount > 0) rose(slot); else fell(slot); }
  }
}

void Roster::charge(PoolIndex index_of_pool, AgentId taker, int sign) {
  Pool& pool = pools_[static_cast<std::size_t>(index_of_pool)];
  const std::int64_t on_duty = pool.count.on_duty();
  if (on_duty == 0) return;  // nobody would be credited, so nobody is debited: the sum stays
  const std::int64_t share = one_call / on_duty;
  const std::int64_t debit = share * on_duty;  // the remainder stays with the taker
  credit(pool, sign * share);
  add(taker, -sign * debit);
}

// --- ranking

bool Roster::owed_before(std::int32_t a, std::int32_t b) const {
  const std::int64_t x = effective(a), y = effective(b);
  return x != y ? x > y : idle_before(a, b);
}

bool Roster::owed_before_in_block(std::int32_t a, std::int32_t b) const {  // one class, one offset
  const std::int64_t x = owed_[static_cast<std::size_t>(a)], y = owed_[static_cast<std::size_t>(b)];
  return x != y ? x > y : idle_before(a, b);
}

bool Roster::idle_before(std::int32_t a, std::int32_t b) const {
  const auto i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
  return idle_since_[i] != idle_since_[j] ? idle_since_[i] < idle_since_[j] : agent_of_[i] < agent_of_[j];
}

void Roster::refresh(Block& block, bool owed) {
  std::int32_t best = -1;
  for (std::int32_t slot = block.begin; slot < block.end; ++slot) {
    if (presence_[static_cast<std::size_t>(slot)] != Presence::free) continue;
    if (best < 0 || (owed ? owed_before_in_block(slot, best) : idle_before(slot, best))) best = slot;
  }
  if (owed) { block.best_owed = best; block.owed_known = true; }
  else { block.best_idle = best; block.idle_known = true; }
}

template <bool owed>
void Roster::consider(std::int32_t slot, std::size_t most, std::vector<std::int32_t>& into) const {
  auto before = [&](std::int32_t a, std::int32_t b) { return owed ? owed_before(a, b) : idle_before(a, b); };
  if (into.size() == most && !before(slot, into.back())) return;
  if (into.size() == most) into.pop_back();
  auto at = into.end();
  while (at != into.begin() && before(slot, *(at - 1))) --at;
  into.insert(at, slot);
}

template <bool owed>
void Roster::best_of_slots(const Pool& pool, std::size_t most, std::vector<std::int32_t>& into) {
  if (!pool.large) {
    for (const std::int32_t slot : pool.slots)
      if (presence_[static_cast<std::size_t>(slot)] == Presence::free) consider<owed>(slot, most, into);
    return;
  }
  // The best `most` slots lie in the `most` blocks whose best slots are best.
  scratch_blocks_.clear();
  for (const std::int32_t c : pool.classes) {
    const Class& in = classes_[static_cast<std::size_t>(c)];
    for (std::int32_t b = in.first_block; b < in.end_block; ++b) {
      Block& block = blocks_[static_cast<std::size_t>(b)];
      if (!(owed ? block.owed_known : block.idle_known)) refresh(block, owed);
      const std::int32_t best = owed ? block.best_owed : block.best_idle;
      if (best >= 0) consider<owed>(best, most, scratch_blocks_);
    }
  }
  for (const std::int32_t best : scratch_blocks_) {
    const Block& block = blocks_[static_cast<std::size_t>(block_of_[static_cast<std::size_t>(best)])];
    for (std::int32_t slot = block.begin; slot < block.end; ++slot)
      if (presence_[static_cast<std::size_t>(slot)] == Presence::free) consider<owed>(slot, most, into);
  }
}

void Roster::best_in_order(const Pool& pool, AgentId pointer, std::size_t most, std::vector<std::int32_t>& into) const {
  const auto& line = pool.in_order;
  // round-robin: the first behind the one who was taken last, then round; id - 1 is the index, so `pointer` is the next one
  auto it = pool.fixed ? line.begin() : line.lower_bound({0, static_cast<std::int32_t>(pointer.value)});
  for (std::size_t n = 0; n < line.size() && into.size() < most; ++n, ++it) {
    if (it == line.end()) it = line.begin();
    into.push_back(slot_of_[static_cast<std::size_t>(it->second)]);
  }
}

std::int64_t Roster::order_of(const Pool& pool, std::int32_t slot) const {
  for (const PoolPlace& place : places_[static_cast<std::size_t>(agent_of_[static_cast<std::size_t>(slot)])])
    if (place.queue == pool.queue) return place.order;
  return 0;
}

Candidate Roster::candidate(const Pool& pool, Strategy strategy, AgentId pointer, std::int32_t slot) const {
  const auto s = static_cast<std::size_t>(slot);
  Candidate c{AgentId{static_cast<std::uint64_t>(agent_of_[s]) + 1}, 0, Instant{idle_since_[s]}};
  switch (strategy) {
    case Strategy::fair_share:
    case Strategy::ring_all: c.key = effective(slot); break;
    case Strategy::longest_idle: c.key = idle_since_[s]; break;
    case Strategy::fixed_order: c.key = order_of(pool, slot); break;
    case Strategy::round_robin: {
      const auto round = static_cast<std::int64_t>(places_.size());
      c.key = (static_cast<std::int64_t>(c.agent.value) - static_cast<std::int64_t>(pointer.value) + round - 1) % round + 1;
      break;
    }
  }
  return c;
}

void Roster::best(PoolIndex index_of_pool, Strategy strategy, AgentId pointer, std::size_t most, std::vector<Candidate>& into) {
  Pool& pool = pools_[static_cast<std::size_t>(index_of_pool)];
  into.clear();
  if (pool.count.free() == 0) return;
  scratch_.clear();
  switch (strategy) {
    case Strategy::fair_share:
    case Strategy::ring_all: best_of_slots<true>(pool, most, scratch_); break;
    case Strategy::longest_idle: best_of_slots<false>(pool, most, scratch_); break;
    case Strategy::round_robin:
    case Strategy::fixed_order: best_in_order(pool, pointer, most, scratch_); break;
  }
  for (const std::int32_t slot : scratch_) into.push_back(candidate(pool, strategy, pointer, slot));
}

std::vector<std::pair<Candidate, Presence>> Roster::everyone(PoolIndex index_of_pool, Strategy strategy, AgentId pointer) const {
  const Pool& pool = pools_[static_cast<std::size_t>(index_of_pool)];
  std::vector<std::pair<Candidate, Presence>> all;
  auto take = [&](std::int32_t slot) { all.emplace_back(candidate(pool, strategy, pointer, slot), presence_[static_cast<std::size_t>(slot)]); };
  for (const std::int32_t slot : pool.slots) take(slot);
  for (const std::int32_t c : pool.classes)
    for (std::int32_t slot = classes_[static_cast<std::size_t>(c)].begin; slot < classes_[static_cast<std::size_t>(c)].end; ++slot) take(slot);
  const bool largest_first = strategy == Strategy::fair_share || strategy == Strategy::ring_all;
  std::sort(all.begin(), all.end(), [&](const auto& a, const auto& b) {
    if (a.first.key != b.first.key) return largest_first ? a.first.key > b.first.key : a.first.key < b.first.key;
    if (largest_first && a.first.idle_since != b.first.idle_since) return a.first.idle_since < b.first.idle_since;
    return a.first.agent < b.first.agent;
  });
  return all;
}

}  // namespace pasokh::floor
