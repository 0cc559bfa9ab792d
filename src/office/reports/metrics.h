// Every figure of the reports is defined here, once: what counts (a predicate), how it is summed, and the formula that is
// printed under the table in both languages, with where the definition comes from. Storage reads facts, this file judges
// them, the command line and the HTTP API only print.
//
// Conventions, also printed:
//   - A queue visit belongs to the interval in which the caller entered the queue, whenever it ended.
//   - Handling (talk, hold, wrap-up) belongs to the interval in which the agent's part began, whole.
//   - Time on duty and occupancy are cut at the borders of the interval.
//   - A call that passes two queues is one call and two visits; talk belongs to the agent who talked, not to the call.
//   - Short abandons (waited less than the queue's short_abandon) are shown apart and left out of offered and abandoned.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/ids.h"
#include "base/time.h"

namespace pasokh::office::reports {

// --- facts, as the read models tell them

struct Visit {                       // a caller in one queue
  CallId call;
  QueueId queue;
  Instant entered;
  std::optional<Instant> left;       // nothing: still waiting
  enum class End : std::uint8_t { waiting, answered, abandoned, flowed_out } end = End::waiting;  // flowed_out: overflow, waited out, transferred, failed
  Duration threshold;                // T: the queue's service_level
  Duration short_abandon;            // the queue's short_abandon
  Duration wait(Instant now) const { return left.value_or(now) - entered; }
};

struct Handling {                    // one agent's part in one call
  CallId call;
  AgentId agent;
  QueueId queue;                     // through which the agent got it; 0: outbound, internal or direct
  Instant from;
  std::optional<Instant> to;         // nothing: still talking
  Duration hold;                     // of that time, the customer on hold
  Duration wrap_up;                  // after it
};

struct Duty {                        // an agent's state for a while
  AgentId agent;
  Instant from;
  std::optional<Instant> to;
  enum class State : std::uint8_t { ready, paused, ringing, talking, wrap_up } state = State::ready;
  bool on_duty() const { return state != State::paused; }  // may be given calls, or is busy with one
};

struct OfferFact {                   // a call offered to an agent
  CallId call;
  AgentId agent;
  QueueId queue;
  Instant at;
  enum class End : std::uint8_t { pending, answered, lapsed, withdrawn } end = End::pending;
  std::int32_t free = 0, on_duty = 0;  // as decided at that moment
};

// --- which calls a figure is made of

enum class Metric : std::uint8_t {
  entered, offered, answered, abandoned, short_abandoned, flowed_out, waiting,
  answered_in_time, abandoned_in_time,
  service_level_strict, service_level_ignoring, service_level_lenient, service_level_answered,
  abandonment_rate, asa, wait_longest, aht, talk, hold, wrap_up, handled,
  occupancy, jain_calls, jain_work, most_minus_least, forced, lapsed,
};

struct MetricText {
  Metric metric;
  std::string_view name;             // as in --calls NAME, CSV heads and JSON
  std::string_view title_en, title_fa;
  std::string_view formula_en, formula_fa;
  std::string_view source;           // who defines it so
};
std::span<const MetricText> all_metrics();
const MetricText& text_of(Metric);
std::optional<Metric> metric_named(std::string_view);

// True when the visit is one of those that the figure counts (for a ratio: its denominator; for the in-time part use the
// *_in_time metrics). `now` judges those still waiting.
bool counts(Metric, const Visit&, Instant now);

// --- figures

struct Share {                       // a ratio that keeps its parts; permille is -1 when there is nothing to divide by
  std::int64_t part = 0, whole = 0, permille = -1;
  bool operator==(const Share&) const = default;
  PASOKH_FIELDS(part, whole, permille)
};
Share share(std::int64_t part, std::int64_t whole);  // rounded half up

struct QueueFigures {
  std::int64_t entered = 0, offered = 0, answered = 0, abandoned = 0, short_abandoned = 0, flowed_out = 0, waiting = 0;
  std::int64_t answered_in_time = 0, abandoned_in_time = 0;
  Share service_level_strict;        // abandons count against
  Share service_level_ignoring;      // abandons within T ignored
  Share service_level_lenient;       // abandons within T count as met
  Share service_level_answered;      // answered calls only
  Share abandonment_rate;
  std::int64_t asa_ms = 0, wait_longest_ms = 0, wait_abandoned_ms = 0;  // means, but for the longest
  std::int64_t handled = 0, talk_ms = 0, hold_ms = 0, wrap_up_ms = 0;   // sums; talk without hold
  std::int64_t aht_ms = 0, att_ms = 0, aht_hold_ms = 0, aht_wrap_up_ms = 0;  // means per handled: all; talk; hold; wrap-up
  bool operator==(const QueueFigures&) const = default;
  PASOKH_FIELDS(entered, offered, answered, abandoned, short_abandoned, flowed_out, waiting, answered_in_time, abandoned_in_time,
                service_level_strict, service_level_ignoring, service_level_lenient, service_level_answered, abandonment_rate,
                asa_ms, wait_longest_ms, wait_abandoned_ms, handled, talk_ms, hold_ms, wrap_up_ms, aht_ms, att_ms, aht_hold_ms,
                aht_wrap_up_ms)
};
QueueFigures queue_figures(std::span<const Visit>, std::span<const Handling>, Instant now);

struct AgentFigures {
  std::int64_t offers = 0, answered = 0, lapsed = 0, withdrawn = 0, forced = 0;
  std::int64_t handled = 0, talk_ms = 0, hold_ms = 0, wrap_up_ms = 0, aht_ms = 0;
  std::int64_t on_duty_ms = 0, ready_ms = 0, paused_ms = 0, ringing_ms = 0;
  Share occupancy;
  std::int64_t calls_per_hour_milli = 0;  // handled calls per hour on duty, × 1,000
  bool operator==(const AgentFigures&) const = default;
  PASOKH_FIELDS(offers, answered, lapsed, withdrawn, forced, handled, talk_ms, hold_ms, wrap_up_ms, aht_ms, on_duty_ms, ready_ms,
                paused_ms, ringing_ms, occupancy, calls_per_hour_milli)
};
// of one agent; times on duty are cut to [from, to)
AgentFigures agent_figures(std::span<const OfferFact>, std::span<const Handling>, std::span<const Duty>, Instant from, Instant to);

// Evenness over the agents who were on duty: 1,000,000 is perfectly even, 1,000,000/n is one agent doing it all.
struct Evenness {
  std::int64_t agents = 0;           // on duty at all in the interval
  std::int64_t jain_calls_ppm = -1;  // over handled calls per hour on duty; -1: nothing to judge
  std::int64_t jain_work_ppm = -1;   // over talk + hold + wrap-up per hour on duty
  std::int64_t most_calls = 0, least_calls = 0, most_minus_least = 0;  // plain counts of handled calls
  Share forced;                      // offers made while only one agent was free, of all offers
  bool operator==(const Evenness&) const = default;
  PASOKH_FIELDS(agents, jain_calls_ppm, jain_work_ppm, most_calls, least_calls, most_minus_least, forced)
};
// `agents` in order of id, so that sums come out the same everywhere.
Evenness evenness(std::span<const AgentFigures> agents);

}  // namespace pasokh::office::reports

namespace pasokh {
template <> inline constexpr std::array enum_names<office::reports::Visit::End>{"waiting", "answered", "abandoned", "flowed_out"};
template <> inline constexpr std::array enum_names<office::reports::OfferFact::End>{"pending", "answered", "lapsed", "withdrawn"};
template <> inline constexpr std::array enum_names<office::reports::Duty::State>{"ready", "paused", "ringing", "talking", "wrap_up"};
}  // namespace pasokh
