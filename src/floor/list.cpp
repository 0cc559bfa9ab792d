// `list`: the live state as JSON, one object a row.
#include "base/json_text.h"
#include "floor/desk.h"
#include "floor/settings/parse.h"

namespace pasokh::floor {
namespace {

class Rows {
 public:
  Rows& row() { out_ += first_row_ ? "{" : ",{"; first_row_ = false; first_field_ = true; return *this; }
  template <class T>
  Rows& field(std::string_view name, const T& value) {
    if (!first_field_) out_ += ',';
    first_field_ = false;
    append_json_string(out_, name);
    out_ += ':';
    append_json(out_, value);
    return *this;
  }
  void end() { out_ += '}'; }
  std::string done() { return "[" + out_ + "]"; }

 private:
  std::string out_;
  bool first_row_ = true, first_field_ = true;
};

std::string_view code_of(const State& state, AgentId id) { return id ? std::string_view(state.agent(id).code) : ""; }
std::string_view code_of(const State& state, QueueId id) { return id ? std::string_view(state.queue(id).code) : ""; }

void add_alarms(Rows& rows, const AlarmSettings& a) {
  rows.field("alarm_longest_wait", a.longest_wait).field("alarm_waiting", a.waiting).field("alarm_service_level", a.service_level).field("alarm_service_level_30", a.service_level_30);
  rows.field("alarm_free_agents", a.free_agents).field("alarm_abandoned", a.abandoned).field("alarm_after", a.after);
}

// A queue's thresholds with the centre's in the place of those it has not, as numbers; nothing: none.
struct AlarmLimits {
  std::optional<std::int64_t> longest_wait_ms, waiting, service_level, service_level_30, free_agents, abandoned;  // shares in permille
  std::int64_t after_ms = 10'000;
  PASOKH_FIELDS(longest_wait_ms, waiting, service_level, service_level_30, free_agents, abandoned, after_ms)
  bool any() const { return longest_wait_ms || waiting || service_level || service_level_30 || free_agents || abandoned; }
};
AlarmLimits limits_of(const AlarmSettings& queue, const AlarmSettings& centre) {
  const auto given = [&](std::string AlarmSettings::*field) { const std::string& own = queue.*field; return own.empty() ? centre.*field : own; };
  const auto count = [&](std::string AlarmSettings::*field, std::int64_t factor) -> std::optional<std::int64_t> {
    std::int64_t n = 0;
    return parse_int(given(field), 0, 1'000'000, n) ? std::optional(n * factor) : std::nullopt;
  };
  AlarmLimits limits;
  Duration d;
  if (parse_duration(given(&AlarmSettings::longest_wait), d)) limits.longest_wait_ms = d.ms();
  if (parse_duration(given(&AlarmSettings::after), d)) limits.after_ms = d.ms();
  limits.waiting = count(&AlarmSettings::waiting, 1);
  limits.free_agents = count(&AlarmSettings::free_agents, 1);
  limits.service_level = count(&AlarmSettings::service_level, 10);
  limits.service_level_30 = count(&AlarmSettings::service_level_30, 10);
  limits.abandoned = count(&AlarmSettings::abandoned, 10);
  return limits;
}

// Queues that somebody wants to be told about, as they stand; what office/alarms judges by.
std::string list_alarms(const State& state, Instant now) {
  struct Watched { AlarmLimits limits; std::int64_t ready = 0, on_duty = 0; };
  std::vector<Watched> watched(state.queues.size());
  bool any = false;
  for (std::size_t i = 0; i < state.queues.size(); ++i) {
    if (!state.queues[i].exists) continue;
    watched[i].limits = limits_of(state.queues[i].settings.alarms, state.centre.alarms);
    any = any || watched[i].limits.any();
  }
  Rows rows;
  if (!any) return rows.done();
  for (const Agent& agent : state.agents) {
    if (!agent.exists || agent.state == AgentState::signed_out || agent.state == AgentState::paused) continue;
    for (const Membership& m : agent.settings.queues) {
      ++watched[m.queue.value - 1].on_duty;
      if (agent.state == AgentState::ready) ++watched[m.queue.value - 1].ready;
    }
  }
  for (std::size_t i = 0; i < state.queues.size(); ++i) {
    const Queue& queue = state.queues[i];
    if (!queue.exists || !watched[i].limits.any()) continue;
    Duration longest;
    for (const WaitKey& key : queue.line) longest = std::max(longest, now - key.since);
    rows.row().field("queue", queue.code).field("waiting", static_cast<std::int64_t>(queue.line.size())).field("longest_wait_ms", longest.ms());
    rows.field("ready", watched[i].ready).field("on_duty", watched[i].on_duty).field("limits", watched[i].limits).end();
  }
  return rows.done();
}

std::string list_agents(const State& state) {
  Rows rows;
  for (const Agent& a : state.agents) {
    if (!a.exists) continue;
    std::vector<std::string> queues;
    for (const Membership& m : a.settings.queues) if (state.queue(m.queue).exists) queues.push_back(state.queue(m.queue).code);
    rows.row().field("agent", a.code).field("state", a.state).field("reason", a.state == AgentState::paused ? a.pause_reason : a.pause_next);
    rows.field("since", a.since).field("device", a.device ? state.device(a.device).user : a.settings.device).field("number", a.settings.number);
    rows.field("queues", queues).field("skills", text_of(a.settings.skills)).field("call", a.call ? text(a.call) : "");
    rows.field("idle_since", a.idle_since).field("balance_millicalls", state.roster.balance(a.id) * 1000 / one_call);
    rows.field("report_due", !a.reports_due.empty()).field("reports_due", a.reports_due).end();
  }
  return rows.done();
}

std::string list_queues(const State& state, Instant now) {
  Rows rows;
  for (const Queue& q : state.queues) {
    if (!q.exists) continue;
    const QueueSettings& s = q.settings;
    Duration longest;
    for (const WaitKey& key : q.line) longest = std::max(longest, now - key.since);
    rows.row().field("queue", q.code).field("strategy", s.strategy).field("waiting", static_cast<std::int64_t>(q.line.size())).field("longest_wait_ms", longest);
    rows.field("priority", s.priority).field("ring", text_of(s.ring)).field("wrap_up", text_of(s.wrap_up)).field("capacity", s.capacity).field("max_wait", text_of(s.max_wait));
    rows.field("overflow_queue", s.overflow_queue).field("overflow_number", s.overflow_number).field("skills", text_of(s.skills));
    rows.field("service_level", text_of(s.service_level)).field("short_abandon", text_of(s.short_abandon)).field("record", s.record).field("notice", s.notice);
    rows.field("music", s.music).field("announce_place", s.announce_place).field("announce_every", text_of(s.announce_every)).field("greeting", s.greeting).field("announcement", s.announcement).field("language", s.language);
    rows.field("report", s.report).field("guidance_fa", s.guidance_fa).field("guidance_en", s.guidance_en).field("retention_days", s.retention_days);
    add_alarms(rows, s.alarms);
    rows.end();
  }
  return rows.done();
}

std::string_view state_of(const State& state, const Call& call) {
  if (call.waiting) return call.offers.empty() ? "waiting" : "offered";
  if (call.held) return "held";
  if (call.consult.leg) return "consulting";
  if (call.transfer.leg) return "transferring";
  const Leg* customer = state.find(call.customer);
  return customer && customer->state == LegState::up && (call.agent_leg || call.outside) ? "talking" : "dialling";
}

std::string list_calls(const State& state, Instant now) {
  Rows rows;
  for (const auto& [id, c] : state.calls) {
    rows.row().field("call", id).field("caller_party", c.caller).field("direction", c.direction);
    rows.field("number", c.number ? state.numbers[c.number.value - 1].digits : std::string()).field("queue", code_of(state, c.queue)).field("agent", code_of(state, c.agent));
    rows.field("state", state_of(state, c)).field("arrived", c.arrived).field("since", c.since).field("age_ms", now - c.arrived).field("answered", c.answered);
    rows.field("recording", c.recording).end();
  }
  return rows.done();
}

std::string list_devices(const State& state) {
  Rows rows;
  for (const Device& d : state.devices)
    if (d.exists) rows.row().field("device", d.user).field("kind", std::string(name_of(d.kind))).field("agent", code_of(state, d.usual)).field("seated", code_of(state, d.seated)).field("reachable", d.reachable).field("in_call", d.legs > 0).end();
  return rows.done();
}

std::string list_numbers(const State& state) {
  Rows rows;
  for (const Number& n : state.numbers)
    if (n.exists) rows.row().field("number", n.digits).field("queue", n.settings.queue).field("language", n.settings.language).field("hours", n.settings.hours).field("closed", n.settings.closed).field("emergency", n.settings.emergency).end();
  return rows.done();
}

std::string list_hours(const State& state) {
  Rows rows;
  for (const auto& [code, timetable] : state.hours) rows.row().field("hours", code).field("openings", static_cast<std::int64_t>(timetable.openings.size())).field("known_until", timetable.known_until).end();
  return rows.done();
}

std::string list_trunks(const State& state) {
  Rows rows;
  for (const Trunk& t : state.trunks) {
    if (!t.exists) continue;
    rows.row().field("trunk", t.code).field("max_channels", t.settings.max_channels).field("channels", t.channels).field("settings", t.settings.other).end();
  }
  return rows.done();
}

std::string list_centre(const State& state) {
  Rows rows;
  rows.row().field("ledger_limit", state.centre.ledger_limit).field("time_zone", state.centre.time_zone).field("outbound", text_of(state.centre.outbound));
  rows.field("max_calls", state.centre.max_calls).field("live_calls", static_cast<std::int64_t>(state.calls.size()));
  add_alarms(rows, state.centre.alarms);
  rows.end();
  return rows.done();
}

}  // namespace

std::string Floor::list(std::string_view noun, Instant now) const {
  if (noun == "agent") return list_agents(*state_);
  if (noun == "queue") return list_queues(*state_, now);
  if (noun == "call") return list_calls(*state_, now);
  if (noun == "device") return list_devices(*state_);
  if (noun == "number") return list_numbers(*state_);
  if (noun == "trunk") return list_trunks(*state_);
  if (noun == "hours") return list_hours(*state_);
  if (noun == "centre") return list_centre(*state_);
  if (noun == "alarm") return list_alarms(*state_, now);
  return "[]";
}

}  // namespace pasokh::floor
