// Questions to the read models. Each first catches up with the journal, so an answer contains every event that was durable
// when it was asked; with or without a running server. One Reports belongs to one thread at a time; api threads take one each.
// Numbers and names of people are joined in from the journal's erasable rows when asked: an erased person shows empty.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "floor/types.h"
#include "office/reports/metrics.h"

namespace pasokh::storage {

// Which calls. Everything is optional; several are "and". Texts that name nothing known: Trouble "queue-unknown", "agent-unknown".
struct ReportFilter {
  std::optional<Instant> from, to;     // by arrival (calls), entry (queues), overlap (duty); `to` exclusive
  std::string queue, agent;            // codes
  std::string number;                  // part of the calling or the dialled number, any digits and spelling
  std::optional<floor::Outcome> outcome;
  std::optional<floor::Direction> direction;
  Duration min_duration;               // archive: of the recording; calls: of the talk
  std::optional<office::reports::Metric> metric;  // calls behind a figure of `queues` (with queue, from, to as there)
  std::optional<Instant> now;          // who still waits or talks is judged as of then (nothing: the clock)
  std::optional<std::vector<CallId>> among;  // only these, sorted upwards (found elsewhere: by disposition, by words of a note)
  Duration max_duration;               // 0: any; of the recording (archive) or the talk (calls)
  CallId before;                       // page: calls older than this one (0: from the newest); lists come newest first…
  std::int64_t limit = 0;              // …when limited (0: all, oldest first)
};

struct CallRow {
  CallId call;
  std::string caller, number, queue, agent;   // queue and agent: the last of each; codes
  floor::Outcome outcome = floor::Outcome::in_progress;
  Instant arrived;
  std::int64_t wait_ms = 0, talk_ms = 0;
  floor::Direction direction = floor::Direction::inbound;
  std::optional<Instant> answered, ended;
  std::string caller_name, first_queue, first_agent;
  std::vector<std::string> agents;            // everyone who talked, in order
  std::int64_t hold_ms = 0, offers = 0, transfers = 0;
  std::string trunk;
  floor::EndCause cause = floor::EndCause::hung_up;  // once ended
  std::string recording;                      // state of the last capture, or empty
  PASOKH_FIELDS(call, caller, number, queue, agent, outcome, arrived, wait_ms, talk_ms, direction, answered, ended, caller_name,
                first_queue, first_agent, agents, hold_ms, offers, transfers, trunk, cause, recording)
};

struct TimelineRow {
  std::uint64_t seq = 0;
  Instant at;
  std::string event;                          // "CallQueued"
  std::string text;                           // in words, in the language asked for
  std::string json;                           // the event as it is
  PASOKH_FIELDS(seq, at, event, text, json)
};
struct LegQualityRow {
  LegId leg;
  std::int64_t packets_in = 0, packets_out = 0, lost = 0, jitter_us_max = 0, round_trip_us = 0;
  std::string codec;
  std::int64_t lost_by_peer = 0;              // of our packets, as the other side's RTCP says
  std::int64_t peer_loss_permille = 0, peer_jitter_us = 0, peer_round_trip_us = 0;  // the worst that a browser showed its agent; 0: not a browser
  std::string agent;                          // whose leg; empty: the customer's, or another outside party's
  PASOKH_FIELDS(leg, packets_in, packets_out, lost, jitter_us_max, round_trip_us, codec, lost_by_peer, peer_loss_permille, peer_jitter_us, peer_round_trip_us, agent)
};
struct CallDetail {
  CallRow call;
  std::vector<TimelineRow> timeline;
  std::vector<LegQualityRow> legs;
  PASOKH_FIELDS(call, timeline, legs)
};

struct QueueRow {
  std::string queue;
  std::int64_t service_level_ms = 0, short_abandon_ms = 0;  // the thresholds now set
  office::reports::QueueFigures figures;
  office::reports::Evenness evenness;         // of its agents, over calls of this queue
  PASOKH_FIELDS(queue, service_level_ms, short_abandon_ms, figures, evenness)
};
struct AgentRow {
  std::string agent;
  office::reports::AgentFigures figures;
  PASOKH_FIELDS(agent, figures)
};
struct AgentsAnswer {
  std::vector<AgentRow> agents;
  office::reports::Evenness evenness;
  PASOKH_FIELDS(agents, evenness)
};
enum class IntervalBy : std::uint8_t { quarter, hour, day, month };   // day and month: of the Jalali calendar, in the centre's zone
struct IntervalRow {
  Instant from, to;
  std::string label;                          // "1405-09-03 10:15", "1405-09-03", "1405-09"
  office::reports::QueueFigures figures;
  office::reports::Evenness evenness;
  PASOKH_FIELDS(from, to, label, figures, evenness)
};

struct ArchiveRow {
  CaptureId capture;
  CallId call;
  std::string state;                          // capturing | stopped | finished | failed | empty | erased
  std::int64_t duration_ms = 0;
  std::string caller, number, queue, agent;
  floor::Outcome outcome = floor::Outcome::in_progress;
  Instant started;
  std::string sha256;
  std::int64_t bytes = 0;
  std::string why;                            // of a failure
  std::vector<std::string> marks;             // "hold@12500" (ms from the start), …
  PASOKH_FIELDS(capture, call, state, duration_ms, caller, number, queue, agent, outcome, started, sha256, bytes, why, marks)
};

struct KeptRecording {
  CaptureId capture;
  CallId call;
};

class Reports {
 public:
  static Result<Reports> open(const std::string& dir);
  Reports(Reports&&) noexcept;
  Reports& operator=(Reports&&) noexcept;
  ~Reports();

  Result<std::vector<CallRow>> calls(const ReportFilter&);
  Result<CallDetail> call(CallId, floor::Language, std::optional<Instant> now = {});  // Trouble "call-unknown"
  Result<CallRow> call_row(CallId, std::optional<Instant> now = {});  // Trouble "call-unknown"
  Result<std::vector<QueueRow>> queues(const ReportFilter&);
  Result<AgentsAnswer> agents(const ReportFilter&);
  Result<std::vector<IntervalRow>> intervals(const ReportFilter&, IntervalBy);
  Result<std::vector<ArchiveRow>> archive(const ReportFilter&);
  Result<std::optional<ArchiveRow>> recording(CallId);       // the last capture of a call

  // Finished ones (not erased) of calls whose last queue this was, begun before `cutoff`; oldest first.
  Result<std::vector<KeptRecording>> finished_before(const std::string& queue, Instant cutoff);

  Result<std::string> time_zone();                           // of the centre: "Asia/Tehran"
  // Moves the read models up to the journal's end; every question does it first.
  Result<std::uint64_t> catch_up();

 private:
  struct Impl;
  explicit Reports(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pasokh::storage

namespace pasokh {
template <> inline constexpr std::array enum_names<storage::IntervalBy>{"15min", "hour", "day", "month"};
}  // namespace pasokh
