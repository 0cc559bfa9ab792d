// What a simulated centre is made of: queues, agents, how many call when, and how people behave. Everything is drawn from
// `seed`, a person at a time, so that the same callers with the same patience come whatever the rules are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "floor/stimuli.h"
#include "floor/types.h"
#include "simulate/dice.h"

namespace pasokh::simulate {

struct QueuePlan {
  std::string code, number;
  floor::QueueSettings settings;
  int weight = 1;                           // of the callers
};

struct Stay { Duration from, to; };         // from the day's start

struct AgentPlan {
  std::string code;
  floor::AgentSettings settings;            // queue ids: 1 = the first of Plan::queues
  std::vector<Stay> shifts, breaks;
  int speed_permille = 1'000;               // of the talk time: 1,500 takes half as long again
  int ignores_permille = 0, declines_permille = 0;  // of offers
  Duration answers_after = Duration::seconds(3);
  std::optional<std::uint64_t> stream;      // of chance; nothing: by place in the list. Keeps a story when others leave it (shrink)
};

// A caller whose story is known beforehand (what-if). Without a list callers are drawn.
struct CallerPlan {
  Duration at;                              // from the day's start
  int queue = 0;                            // index
  Duration patience, talk, hold;            // talk below 0: to be drawn
  bool agent_hangs_up = false;
  bool waits_longer = false;                // patience is only known to be more than this
  std::optional<Dice> fate;                 // patience, talk and the rest are drawn from here, as World drew them (shrink)
};

// Rules of other switches, told by supervisors' hands: the queue has no members, and each caller is given to the one whom the
// other rule would ring. nothing: our own routing.
enum class Picker : std::uint8_t { ours, random, app_queue_leastrecent, app_queue_rrmemory, mod_callcenter_longest_idle };

struct Plan {
  std::uint64_t seed = 1;
  Instant start{1'795'579'200'000'000};     // 2026-11-25 04:00 UTC: 07:30 in Tehran
  std::vector<QueuePlan> queues;
  std::vector<AgentPlan> agents;
  Duration interval = Duration::minutes(30);
  std::vector<int> calls;                   // expected in each interval
  std::vector<CallerPlan> callers;          // or these, in order of time
  Duration talk = Duration::seconds(180);
  int talk_shape = 2;
  Duration patience = Duration::seconds(180);
  int agent_hangs_up_permille = 300, redials_permille = 0;
  // per talk
  int holds_permille = 0, blind_to_queue_permille = 0, blind_to_agent_permille = 0, consults_permille = 0;
  // per hour and agent, per mille
  int phone_dies_permille = 0;
  int give_permille = 0;                    // of arrivals: a supervisor gives the longest waiting to whoever is free
  int hot_desk_permille = 0;                // per shift: begins at another desk
  int crash_permyriad = 0;                  // of stimuli: control dies and starts again
  std::int64_t ledger_limit = 3;
  Picker picker = Picker::ours;

  Duration length() const { return interval * static_cast<std::int64_t>(calls.size()); }
};

std::vector<floor::Configure> settings_of(const Plan&);

Plan centre_day(std::uint64_t seed);        // 50 agents, 6,000 calls, 10 hours, one queue, nothing goes wrong but what people do
Plan any_centre(std::uint64_t seed);        // a small centre of any shape, an hour or two, where everything goes wrong
Plan big_day(std::uint64_t seed, int agents, int calls);

}  // namespace pasokh::simulate

namespace pasokh {
template <> inline constexpr std::array enum_names<simulate::Picker>{"ours", "random", "app_queue leastrecent", "app_queue rrmemory", "mod_callcenter longest-idle-agent"};
}  // namespace pasokh
