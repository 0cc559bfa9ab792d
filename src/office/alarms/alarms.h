// When somebody is told that it goes badly: thresholds of queues, judged over time, and the words. Pure: `now` and figures are handed in.
//  - raised: the figure has been past its threshold for `after` without a break; `since` is when that began;
//  - over: the figure has been well again for `after`, past a margin (hysteresis), so that a figure at its border does not ring each minute;
//  - shares are judged from 10 calls on: one abandoned call of one is no news.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/time.h"

namespace pasokh::office::alarms {

enum class Code : std::uint8_t { longest_wait, waiting, service_level, service_level_30, free_agents, abandoned };
inline constexpr std::size_t codes = 6;
std::string_view name_of(Code);                       // "longest-wait"…
std::optional<Code> code_named(std::string_view);

struct Limits {                                       // nothing: not watched
  std::optional<std::int64_t> longest_wait_ms, waiting, service_level, service_level_30, free_agents, abandoned;  // shares in permille
  std::int64_t after_ms = 10'000;
  std::optional<std::int64_t> of(Code) const;
};

struct Share { std::int64_t part = 0, whole = 0; };   // calls
struct Figures {
  std::int64_t waiting = 0, longest_wait_ms = 0, ready = 0, on_duty = 0;
  std::optional<Share> service_level, service_level_30, abandoned;   // nothing: not known (yet)
};
inline constexpr std::int64_t calls_needed = 10;      // below, a share says nothing

enum class Verdict : std::uint8_t { well, between, badly };  // between: neither raises nor ends
struct Judged { Verdict verdict = Verdict::well; std::optional<std::int64_t> value; };
Judged judge(Code, std::int64_t limit, const Figures&);
bool is_worse(Code, std::int64_t a, std::int64_t b);  // a is worse than b

struct Watched { Limits limits; Figures figures; };

enum class Turn : std::uint8_t { raised, worse, over };
inline constexpr Duration worse_told_every = Duration::seconds(10);

// What changed. `worst`: the worst value while it stood.
struct Change {
  std::string queue;
  Code code = Code::waiting;
  Turn turn = Turn::raised;
  Instant since, until;                               // until: when over
  std::int64_t limit = 0, value = 0, worst = 0;
};

class Watch {
 public:
  // It stood when we were ended: it goes on standing until its figure is well again.
  void stands(const std::string& queue, Code, Instant since, std::int64_t limit, std::int64_t worst);
  // All queues that are watched, as they are now. What is not among them any more is over.
  std::vector<Change> look(const std::map<std::string, Watched>& queues, Instant now);

 private:
  struct State {
    bool stands = false;
    std::optional<Instant> turning;                   // since when the figure has been on the other side
    Instant since, told;
    std::int64_t limit = 0, value = 0, worst = 0;
    bool worse = false;                               // than what was told last
  };
  using Key = std::pair<std::string, Code>;
  std::optional<Change> step(const Key&, State&, const Limits&, std::int64_t limit, const Judged&, Instant now);
  std::map<Key, State> states_;
};

// --- words, for one who must act. `code` also of the system's alarms: disk-low, trunk-down, …
struct Told {
  std::string code, queue, object, cause;
  std::optional<std::int64_t> limit, value;
};
std::string words(const Told&, bool persian);
bool is_code(std::string_view code);                  // of a queue or of the system
const std::vector<std::string_view>& system_codes();

}  // namespace pasokh::office::alarms
