// Who may take which call, who of them is free, and what each is owed: the ledger of design §6, kept so that one decision
// and its crediting cost microseconds at 10,000 agents.
//
// A *pool* is the agents who may take a queue's calls at one step of its skills. Offers debit the taker by one call and credit
// every pool member on duty by an equal part, in units of 1/2^24 call. A small pool (≤ eager_limit members) writes the credit to
// each member. A large pool adds it to one running total: agents are laid out in *classes*, those with the same set of large
// pools, so a class lies wholly inside or outside of every large pool and its members' order among themselves does not change.
// Within a class, slots stand in *blocks* of 64 that remember their best slot until one of their members changes.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "floor/events.h"
#include "floor/types.h"

namespace pasokh::floor {

inline constexpr std::int64_t one_call = 1 << 24;

// An agent as routing sees them. Only `free` can take a call; all but signed_out and paused are on duty (D).
enum class Presence : std::uint8_t { signed_out, paused, free, offered, talking, wrap_up, device_busy };
inline constexpr std::size_t presences = 7;
inline constexpr std::array<const char*, presences> presence_names{"signed_out", "paused", "free", "offered", "talking", "wrap_up", "device_busy"};
inline constexpr bool is_on_duty(Presence p) { return p != Presence::signed_out && p != Presence::paused; }

struct Duty {
  Presence presence = Presence::signed_out;
  Instant idle_since;
};

struct RosterMember {                      // input of build(), one per agent id, in order
  bool exists = false;
  Duty duty;
  const AgentSettings* settings = nullptr;
};
struct RosterQueue {                       // one per queue id, in order
  bool exists = false;
  const QueueSettings* settings = nullptr;
};

struct PoolCount {
  std::int32_t members = 0;
  std::array<std::int32_t, presences> by_presence{};
  std::int32_t free() const { return by_presence[static_cast<std::size_t>(Presence::free)]; }
  std::int32_t on_duty() const { return members - by_presence[0] - by_presence[1]; }
};

class Roster {
 public:
  using PoolIndex = std::int32_t;
  struct PoolPlace { QueueId queue; std::int32_t step; PoolIndex pool; std::int32_t order; };

  bool built() const { return built_; }
  void build(const std::vector<RosterMember>&, const std::vector<RosterQueue>&);
  void forget();                           // keeps the balances alone

  void set_duty(AgentId, const Duty&);     // no effect before build()
  Duty duty(AgentId) const;

  // --- pools
  PoolIndex pool(QueueId queue, std::int32_t step) const { return first_pool_[queue.value - 1] + step; }
  const PoolCount& count(PoolIndex pool) const { return pools_[static_cast<std::size_t>(pool)].count; }
  const std::vector<PoolPlace>& places_of(AgentId agent) const { return places_[agent.value - 1]; }
  bool has(PoolIndex pool, AgentId agent) const;

  // The best `most` free members, best first. pointer: round-robin's memory.
  void best(PoolIndex pool, Strategy, AgentId pointer, std::size_t most, std::vector<Candidate>& into);
  // Every member, free or not, best first (for explain).
  std::vector<std::pair<Candidate, Presence>> everyone(PoolIndex pool, Strategy, AgentId pointer) const;

  // --- the ledger
  std::int64_t balance(AgentId) const;
  void add(AgentId, std::int64_t amount);               // a cut, a correction
  void charge(PoolIndex pool, AgentId taker, int sign);  // +1: an offer, -1: an offer reversed
  std::vector<std::int64_t> balances(std::size_t agents) const;
  void set_balances(std::vector<std::int64_t>);

 private:
  struct Pool {
    QueueId queue;
    std::int32_t step = 0;
    bool large = false;
    PoolCount count;
    std::vector<std::int32_t> slots;       // small pools: their members
    std::vector<std::int32_t> classes;     // large pools
    bool ordered = false;                  // round-robin, fixed order: free members in order
    bool fixed = false;
    std::set<std::pair<std::int64_t, std::int32_t>> in_order;  // (order or 0, agent index)
  };
  struct Class { std::int32_t begin = 0, end = 0, first_block = 0, end_block = 0; std::int64_t offset = 0; };
  struct Block { std::int32_t begin = 0, end = 0, owner = 0; std::int32_t best_owed = -1, best_idle = -1; bool owed_known = false, idle_known = false; };

  bool owed_before(std::int32_t a, std::int32_t b) const;
  bool idle_before(std::int32_t a, std::int32_t b) const;
  std::int64_t effective(std::int32_t slot) const;
  std::int64_t order_of(const Pool&, std::int32_t slot) const;
  Candidate candidate(const Pool&, Strategy, AgentId pointer, std::int32_t slot) const;
  void refresh(Block&, bool owed);
  template <bool owed> void best_of_slots(const Pool&, std::size_t most, std::vector<std::int32_t>& into);
  template <bool owed> void consider(std::int32_t slot, std::size_t most, std::vector<std::int32_t>& into) const;
  void best_in_order(const Pool&, AgentId pointer, std::size_t most, std::vector<std::int32_t>& into) const;
  void credit(Pool&, std::int64_t amount);
  Block& block_at(std::int32_t slot) { return blocks_[static_cast<std::size_t>(block_of_[static_cast<std::size_t>(slot)])]; }
  bool owed_before_in_block(std::int32_t a, std::int32_t b) const;
  void rose(std::int32_t slot);            // it is owed more, or has become free: it may be the best of its block now
  void fell(std::int32_t slot);            // it is owed less, or is free no more: if it was the best, the block is looked through anew

  bool built_ = false;
  std::vector<std::int64_t> balances_;     // by agent, when not built
  // by slot
  std::vector<std::int64_t> owed_;         // balance, without the class's offset while on duty
  std::vector<std::int64_t> idle_since_;
  std::vector<Presence> presence_;
  std::vector<std::int32_t> agent_of_;     // index = id - 1
  std::vector<std::int32_t> class_of_, block_of_;
  // by agent
  std::vector<std::int32_t> slot_of_;
  std::vector<std::vector<PoolPlace>> places_;

  std::vector<Pool> pools_;
  std::vector<PoolIndex> first_pool_;      // by queue
  std::vector<Class> classes_;
  std::vector<Block> blocks_;
  std::vector<std::int32_t> scratch_, scratch_blocks_;
};

}  // namespace pasokh::floor
