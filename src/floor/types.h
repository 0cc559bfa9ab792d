// The vocabulary of the live floor: closed lists and settings. Settings are state: they change only by events.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/ids.h"
#include "base/time.h"

namespace pasokh::floor {

enum class Strategy : std::uint8_t { fair_share, longest_idle, round_robin, ring_all, fixed_order };
enum class AgentState : std::uint8_t { signed_out, ready, paused, offered, talking, wrap_up };
enum class DeviceKind : std::uint8_t { phone, browser };  // a SIP phone; a page of the console
enum class Direction : std::uint8_t { inbound, outbound, internal };
enum class Language : std::uint8_t { fa, en };
enum class ReportRule : std::uint8_t { none, optional, required };  // the report of a call: whether an agent must write it

// How a call ended, decided once, in the core. Closed list; printed by `pasokh report calls --help`.
enum class Outcome : std::uint8_t {
  in_progress,
  answered,        // an agent (or, outbound, the other side) talked
  abandoned,       // the caller left while waiting
  queue_full,      // refused: capacity reached and no overflow
  waited_out,      // maximum wait reached and no overflow
  refused,         // not allowed, nobody to take it, or overload
  unknown_number,
  no_answer,       // outbound: the other side did not answer
  busy,            // outbound
  failed,          // trouble on our side or the network's
  closed,          // outside the number's hours, or its emergency switch was on: told so, never in a queue
};

// Why an offer ended without an answer, and why a leg ended.
enum class LapseReason : std::uint8_t { no_answer, declined, busy, unreachable };
enum class WithdrawReason : std::uint8_t { caller_left, answered_elsewhere, agent_left, we_failed, moved };
enum class EndCause : std::uint8_t { hung_up, cancelled, no_answer, busy, declined, unreachable, lost, ended_by_us, transferred, failed, not_allowed, timed_out };
enum class LeftQueue : std::uint8_t { answered, abandoned, overflow_queue, overflow_number, waited_out, given, transferred, queue_removed, failed, full };
enum class TransferKind : std::uint8_t { blind, consult };

// What a leg is in its call. customer: the one the call is about; agent: who serves it; offer: a phone that rings for a
// queued call; consult: the party that the agent asks while the customer waits; transfer: the party that a blind transfer or
// an overflow rings; outside: a party in the agent's place, or whom an agent called; code: a star code's own leg.
enum class LegRole : std::uint8_t { customer, agent, offer, consult, transfer, outside, code };

struct SkillLevel {
  std::string skill;
  std::int32_t level = 1;  // 1…10
  bool operator==(const SkillLevel&) const = default;
  PASOKH_FIELDS(skill, level)
};

// From `after` waiting on, the call needs these levels (an empty list: anyone of the queue). Steps are sorted by `after`.
struct SkillStep {
  Duration after;
  std::vector<SkillLevel> needs;
  bool operator==(const SkillStep&) const = default;
  PASOKH_FIELDS(after, needs)
};

// From when on somebody is told that it goes badly (office/alarms judges, outside). Texts as they were set: of a queue "" is as the
// centre's, "off" none; of the centre both are none. Carried only: no rule of the floor asks for them.
struct AlarmSettings {
  std::string longest_wait;               // a duration
  std::string waiting;                    // so many callers or more
  std::string service_level, service_level_30;  // below so many per cent, today and in the last half hour
  std::string free_agents;                // so few are ready, or fewer
  std::string abandoned;                  // so many per cent of today, or more
  std::string after;                      // a duration: must last so long, and be better so long; "": 10 s
  bool operator==(const AlarmSettings&) const = default;
  PASOKH_FIELDS(longest_wait, waiting, service_level, service_level_30, free_agents, abandoned, after)
};

struct QueueSettings {
  Strategy strategy = Strategy::fair_share;
  std::int32_t priority = 0;              // higher goes first, over all queues
  Duration ring = Duration::seconds(20);  // an offer unanswered for so long lapses
  Duration wrap_up = Duration::seconds(10);
  std::int32_t capacity = 1000;           // callers waiting; the next one overflows or is refused
  Duration max_wait = Duration::seconds(3600);
  std::string overflow_queue;             // code of a queue, or empty
  std::string overflow_number;            // outside number (outbound plan applies), or empty
  std::vector<SkillStep> skills;
  Duration service_level = Duration::seconds(20);  // threshold T of the reports
  Duration short_abandon = Duration::seconds(5);
  bool record = true;
  bool notice = true;                     // spoken notice before recording
  std::string music = "default";          // file in DIR/prompts, "default", or "none"
  bool announce_place = true;             // "you are second in the queue"
  Duration announce_every = Duration::seconds(60);
  Language language = Language::fa;
  ReportRule report = ReportRule::optional;  // required: no next call until the report of the last is complete (B5)
  std::string guidance_fa, guidance_en;   // what the agent's desk shows beside a call; carried only
  std::int32_t retention_days = 0;        // finished recordings are erased after so many days; 0: kept for ever
  AlarmSettings alarms;
  std::string greeting;                   // prompt that a caller hears on entering; empty: none
  std::string announcement;               // prompt that is played between the music, each announce_every, after the place; empty: none
  bool operator==(const QueueSettings&) const = default;
  PASOKH_FIELDS(strategy, priority, ring, wrap_up, capacity, max_wait, overflow_queue, overflow_number, skills, service_level,
                short_abandon, record, notice, music, announce_place, announce_every, language, report, guidance_fa, guidance_en, retention_days, alarms,
                greeting, announcement)
};

struct Membership {
  QueueId queue;
  std::int32_t order = 0;  // fixed order: lower rings first
  bool operator==(const Membership&) const = default;
  PASOKH_FIELDS(queue, order)
};

struct AgentSettings {
  std::string number;              // typed at a phone to sign in there (hot desking): digits
  std::vector<Membership> queues;
  std::vector<SkillLevel> skills;
  std::string device;              // usual device (its user), may be empty
  bool operator==(const AgentSettings&) const = default;
  PASOKH_FIELDS(number, queues, skills, device)
};

struct NumberSettings {
  std::string queue;               // code
  Language language = Language::fa;
  std::string hours;               // code of opening hours; empty: always open
  std::string closed;              // outside them: a prompt's name (empty: "closed"), queue:CODE, or number:DIGITS
  bool emergency = false;          // whatever the hours: the emergency announcement, then the end
  bool operator==(const NumberSettings&) const = default;
  PASOKH_FIELDS(queue, language, hours, closed, emergency)
};

// When a number is open, as moments: worked out beforehand from weekly hours, holidays and the place's clock (office/hours), so
// that no rule here knows of weekdays, calendars or summer time, and a replay decides as the day itself did.
struct Opening {
  Instant from, to;                // [from, to)
  bool operator==(const Opening&) const = default;
  PASOKH_FIELDS(from, to)
};
struct Timetable {
  std::vector<Opening> openings;   // in order, apart; at most 5,000
  Instant known_until;             // beyond: nothing is known, and who calls is let in
  bool operator==(const Timetable&) const = default;
  PASOKH_FIELDS(openings, known_until)
};

// What the floor needs of a trunk; everything else (addresses, rewriting, codecs…) it only carries for `sip`.
struct TrunkSettings {
  std::int32_t max_channels = 0;   // 0: no limit
  std::map<std::string, std::string> other;
  bool operator==(const TrunkSettings&) const = default;
  PASOKH_FIELDS(max_channels, other)
};

// One rule of the outbound plan: numbers that start with `prefix` may be called, through `trunk`.
struct OutboundRule {
  std::string prefix;
  std::string trunk;               // code
  std::int32_t min_digits = 3, max_digits = 15;
  bool operator==(const OutboundRule&) const = default;
  PASOKH_FIELDS(prefix, trunk, min_digits, max_digits)
};

struct CentreSettings {
  std::int64_t ledger_limit = 3;   // balances stay within ± so many calls
  std::string time_zone = "Asia/Tehran";
  std::vector<OutboundRule> outbound;  // empty: nothing may be called outside
  std::int32_t max_calls = 0;      // admission limit, live calls; 0: none
  AlarmSettings alarms;            // of the queues that have none of their own
  bool operator==(const CentreSettings&) const = default;
  PASOKH_FIELDS(ledger_limit, time_zone, outbound, max_calls, alarms)
};

}  // namespace pasokh::floor

namespace pasokh {
template <> inline constexpr std::array enum_names<floor::Strategy>{"fair-share", "longest-idle", "round-robin", "ring-all", "fixed-order"};
template <> inline constexpr std::array enum_names<floor::AgentState>{"signed_out", "ready", "paused", "offered", "talking", "wrap_up"};
template <> inline constexpr std::array enum_names<floor::DeviceKind>{"phone", "browser"};
template <> inline constexpr std::array enum_names<floor::Direction>{"inbound", "outbound", "internal"};
template <> inline constexpr std::array enum_names<floor::Language>{"fa", "en"};
template <> inline constexpr std::array enum_names<floor::Outcome>{"in_progress", "answered", "abandoned", "queue_full", "waited_out", "refused", "unknown_number", "no_answer", "busy", "failed", "closed"};
template <> inline constexpr std::array enum_names<floor::ReportRule>{"none", "optional", "required"};
template <> inline constexpr std::array enum_names<floor::LapseReason>{"no_answer", "declined", "busy", "unreachable"};
template <> inline constexpr std::array enum_names<floor::WithdrawReason>{"caller_left", "answered_elsewhere", "agent_left", "we_failed", "moved"};
template <> inline constexpr std::array enum_names<floor::EndCause>{"hung_up", "cancelled", "no_answer", "busy", "declined", "unreachable", "lost", "ended_by_us", "transferred", "failed", "not_allowed", "timed_out"};
template <> inline constexpr std::array enum_names<floor::LeftQueue>{"answered", "abandoned", "overflow_queue", "overflow_number", "waited_out", "given", "transferred", "queue_removed", "failed", "full"};
template <> inline constexpr std::array enum_names<floor::TransferKind>{"blind", "consult"};
}  // namespace pasokh
