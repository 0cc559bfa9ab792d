#include "storage/report_queries.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <unordered_map>

#include "base/calendar.h"
#include "base/json_text.h"
#include "base/persian.h"
#include "storage/event_words.h"
#include "storage/reports_store.h"
#include "storage/zone.h"

namespace pasokh::storage {

namespace {

namespace f = pasokh::floor;
namespace r = pasokh::office::reports;

constexpr const char* call_columns =
    "call.call, call.direction, call.number, call.dialled, call.caller, call.callee, call.trunk, call.placed_by, call.arrived, call.answered, call.ended, "
    "call.outcome, call.cause, call.first_queue, call.last_queue, call.first_agent, call.last_agent, call.hold, call.offers, call.transfers";
constexpr const char* parts_of_call_sql = "select agent, consult from participation where call = $1 order by n";
constexpr const char* recording_of_call_sql = "select state from recording where call = $1 order by capture desc";   // recording_by_call
constexpr const char* visits_sql =                                                                                   // visit_by_queue
    "select v.call, v.queue, v.entered, v.\"left\", v.why, v.threshold, v.short_abandon from queue q join queue_visit v on v.queue = q.id "
    "where v.entered >= $1 and v.entered < $2";
constexpr const char* parts_sql =                                                                                    // participation_by_agent
    "select p.call, p.agent, p.queue, p.since, p.until, p.hold, p.held_since, p.wrap_since, p.wrap_until, p.consult from agent a "
    "join participation p on p.agent = a.id where p.since >= $1 and p.since < $2";
constexpr const char* offers_sql = "select call, agent, queue, at, result, free, on_duty from offer where at >= $1 and at < $2";  // offer_by_time
constexpr const char* states_sql =                                                                                   // state_by_agent
    "select s.agent, s.state, s.since, s.until from agent a join agent_state s on s.agent = a.id where s.since >= $1 and s.since < $2";
constexpr const char* state_at_sql = "select state, since, until from agent_state where agent = $1 and since < $2 order by since desc, seq desc limit 1";
constexpr const char* events_sql = "select first, steps from call_events where call = $1 order by first";
constexpr const char* legs_sql = "select leg, packets_in, packets_out, lost, jitter_max, round_trip, codec, agent from leg where call = $1 and (packets_in > 0 or packets_out > 0) order by leg";
constexpr const char* recording_columns =
    "recording.capture, recording.state, recording.started, recording.duration, recording.sha256, recording.bytes, recording.why, recording.marks";

constexpr std::size_t intervals_max = 10'000;
constexpr Instant beginning{0}, forever{INT64_MAX / 2};

Instant clock_now() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

template <class IdType> IdType id_at(const Statement& row, int column) { return IdType{static_cast<std::uint64_t>(row.integer(column))}; }
std::optional<Instant> time_at(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return Instant{row.integer(column)};
}

// "0912…", "+98912…", "0098 912…" and "۹۱۲…" are the same to who looks for a number.
std::string bare_number(std::string_view typed) {
  std::string digits = digits_only(typed);
  if (digits.starts_with("0098")) return digits.substr(4);
  if (digits.starts_with("98") && digits.size() >= 12) return digits.substr(2);
  if (digits.starts_with("0") && digits.size() > 1) return digits.substr(1);
  return digits;
}

r::Visit::End visit_end(const Statement& row, int column) {
  if (row.is_null(column)) return r::Visit::End::waiting;
  switch (static_cast<f::LeftQueue>(row.integer(column))) {
    case f::LeftQueue::answered:
    case f::LeftQueue::given: return r::Visit::End::answered;
    case f::LeftQueue::abandoned: return r::Visit::End::abandoned;
    case f::LeftQueue::overflow_queue:
    case f::LeftQueue::overflow_number:
    case f::LeftQueue::waited_out:
    case f::LeftQueue::transferred:
    case f::LeftQueue::queue_removed:
    case f::LeftQueue::failed:
    case f::LeftQueue::full: return r::Visit::End::flowed_out;
  }
  return r::Visit::End::flowed_out;
}

r::Duty::State duty_state(std::int64_t state) {
  switch (static_cast<f::AgentState>(state)) {
    case f::AgentState::signed_out:
    case f::AgentState::paused: return r::Duty::State::paused;
    case f::AgentState::ready: return r::Duty::State::ready;
    case f::AgentState::offered: return r::Duty::State::ringing;
    case f::AgentState::talking: return r::Duty::State::talking;
    case f::AgentState::wrap_up: return r::Duty::State::wrap_up;
  }
  return r::Duty::State::paused;
}

// A select with conditions that come and go; values are always bound.
class Select {
 public:
  explicit Select(std::string head) : sql_(std::move(head)) {}
  void where(std::string_view condition) { add(condition); }
  void where(std::string_view before, std::int64_t value, std::string_view after = "") {
    values_.push_back(value);
    add(std::string(before) + "$" + std::to_string(values_.size()) + std::string(after));
  }
  void tail(std::string_view text) { sql_ += text; }
  template <class F>
  Result<> each(Database& database, F&& row) {
    TRY(statement, database.prepare(sql_));
    for (std::size_t i = 0; i < values_.size(); ++i) statement.bind(static_cast<int>(i + 1), values_[i]);
    return statement.each(row);
  }

 private:
  void add(std::string_view condition) {
    sql_ += first_ ? " where " : " and ";
    sql_ += condition;
    first_ = false;
  }
  std::string sql_;
  std::vector<std::int64_t> values_;
  bool first_ = true;
};

struct Codes {
  std::map<std::uint64_t, std::string> agents, queues, numbers, trunks;
  static std::string in(const std::map<std::uint64_t, std::string>& codes, std::uint64_t id) {
    auto it = codes.find(id);
    return it == codes.end() ? std::string() : it->second;
  }
  static std::uint64_t id_of(const std::map<std::uint64_t, std::string>& codes, std::string_view code) {
    std::uint64_t found = 0;  // a code given again after a removal: the newest
    for (const auto& [id, text] : codes)
      if (text == code) found = id;
    return found;
  }
};

bool is_among(const ReportFilter& filter, CallId call) { return !filter.among || std::binary_search(filter.among->begin(), filter.among->end(), call); }
bool lasts(const ReportFilter& filter, std::int64_t ms) { return ms >= filter.min_duration.ms() && (filter.max_duration.us == 0 || ms <= filter.max_duration.ms()); }

// One agent's facts in an interval.
struct OfAgent {
  std::vector<r::OfferFact> offers;
  std::vector<r::Handling> handlings;
  std::vector<r::Duty> duties;
};
using ByAgent = std::map<std::uint64_t, OfAgent>;  // in order of id

r::Evenness evenness_of(const ByAgent& agents, Instant from, Instant to) {
  std::vector<r::AgentFigures> figures;
  for (const auto& [id, facts] : agents) figures.push_back(r::agent_figures(facts.offers, facts.handlings, facts.duties, from, to));
  return r::evenness(figures);
}

}  // namespace

struct Reports::Impl {
  ReportsStore store;
  Statement parts_of_call, recording_of_call;

  // of the question being answered
  Codes codes;
  Instant now;
  QueueId queue;
  AgentId agent;
  std::string number;
  std::unordered_map<std::uint64_t, std::string> parties;

  explicit Impl(ReportsStore opened) : store(std::move(opened)) {}
  Database& db() { return store.database(); }

  Result<> begin(const ReportFilter& filter) {
    TRY_DONE(store.catch_up());
    codes = {};
    parties.clear();
    for (auto [into, sql] : {std::pair{&codes.agents, "select id, code from agent"}, {&codes.queues, "select id, code from queue"},
                             {&codes.numbers, "select id, digits from number"}, {&codes.trunks, "select id, code from trunk"}}) {
      TRY(all, db().prepare(sql));
      TRY_DONE(all.each([to = into](Statement& row) { to->emplace(static_cast<std::uint64_t>(row.integer(0)), std::string(row.text(1))); }));
    }
    now = filter.now.value_or(clock_now());
    queue = {Codes::id_of(codes.queues, filter.queue)};
    if (!filter.queue.empty() && !queue) return trouble("queue-unknown", "there is no queue \"" + filter.queue + "\"");
    agent = {Codes::id_of(codes.agents, filter.agent)};
    if (!filter.agent.empty() && !agent) return trouble("agent-unknown", "there is no agent \"" + filter.agent + "\"");
    number = bare_number(filter.number);
    return Done{};
  }

  // "number\nname", as it stands in the erasable row; empty when withheld or erased
  const std::string& party(PartyId id) {
    auto [found, is_new] = parties.try_emplace(id.value);
    if (is_new && id) found->second = store.journal().live(LiveKind::party, text(id)).value_or("");
    return found->second;
  }
  std::string party_number(PartyId id) { const auto& p = party(id); return p.substr(0, p.find('\n')); }
  std::string party_name(PartyId id) { const auto& p = party(id); const auto cut = p.find('\n'); return cut == p.npos ? "" : p.substr(cut + 1); }

  CallRow call_row(const Statement& row, int at = 0);
  void narrow(Select& select, const ReportFilter& filter);
  bool has_number(const CallRow& row) const {
    return number.empty() || bare_number(row.caller).find(number) != std::string::npos || bare_number(row.number).find(number) != std::string::npos;
  }
  Result<std::optional<std::set<std::uint64_t>>> behind(const ReportFilter& filter);
  Result<std::vector<CallRow>> calls(const ReportFilter& filter);
  using Measured = std::map<LegId, f::LegMeasured>;
  Result<std::vector<TimelineRow>> timeline(CallId call, f::Language language, Measured& measured);
  Result<std::vector<ArchiveRow>> archive(const ReportFilter& filter, CallId of);

  Instant from(const ReportFilter& filter) const { return filter.from.value_or(beginning); }
  Instant to(const ReportFilter& filter) const { return filter.to.value_or(forever); }
  Result<std::vector<r::Visit>> visits(Instant from, Instant to);
  Result<std::vector<r::Handling>> handlings(Instant from, Instant to);
  Result<std::vector<r::OfferFact>> offers(Instant from, Instant to);
  Result<std::vector<r::Duty>> duties(Instant from, Instant to);
  Result<std::set<std::pair<std::uint64_t, std::uint64_t>>> members();  // (queue, agent)
  Result<std::pair<Instant, Instant>> span(const ReportFilter& filter);
};

Result<Reports> Reports::open(const std::string& dir) {
  TRY(store, ReportsStore::open(dir));
  auto impl = std::make_unique<Impl>(std::move(store));
  for (auto [statement, sql] : {std::pair{&impl->parts_of_call, parts_of_call_sql}, {&impl->recording_of_call, recording_of_call_sql}}) {
    TRY(prepared, impl->db().prepare(sql));
    *statement = std::move(prepared);
  }
  return Reports(std::move(impl));
}
Reports::Reports(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reports::Reports(Reports&&) noexcept = default;
Reports& Reports::operator=(Reports&&) noexcept = default;
Reports::~Reports() = default;

Result<std::uint64_t> Reports::catch_up() { return impl_->store.catch_up(); }

Result<std::string> Reports::time_zone() {
  TRY_DONE(impl_->store.catch_up());
  std::string name = f::CentreSettings{}.time_zone;
  TRY(get, impl_->db().prepare("select time_zone from centre where id = 1"));
  TRY_DONE(get.each([&](Statement& row) { name = row.text(0); }));
  return name;
}

// --- calls

CallRow Reports::Impl::call_row(const Statement& s, int at) {
  CallRow row;
  row.call = id_at<CallId>(s, at);
  row.direction = static_cast<f::Direction>(s.integer(at + 1));
  const auto dialled_number = id_at<NumberId>(s, at + 2);
  const auto caller = id_at<PartyId>(s, at + 4), callee = id_at<PartyId>(s, at + 5);
  const auto placed_by = id_at<AgentId>(s, at + 7);
  row.caller = caller ? party_number(caller) : Codes::in(codes.agents, placed_by.value);
  row.caller_name = caller ? party_name(caller) : "";
  if (dialled_number) row.number = Codes::in(codes.numbers, dialled_number.value);
  if (row.number.empty() && row.direction == f::Direction::outbound && callee) row.number = party_number(callee);
  if (row.number.empty()) row.number = s.text(at + 3);
  row.trunk = Codes::in(codes.trunks, static_cast<std::uint64_t>(s.integer(at + 6)));
  row.arrived = {s.integer(at + 8)};
  row.answered = time_at(s, at + 9);
  row.ended = time_at(s, at + 10);
  row.outcome = static_cast<f::Outcome>(s.integer(at + 11));
  row.cause = static_cast<f::EndCause>(s.integer(at + 12));
  row.first_queue = Codes::in(codes.queues, static_cast<std::uint64_t>(s.integer(at + 13)));
  row.queue = Codes::in(codes.queues, static_cast<std::uint64_t>(s.integer(at + 14)));
  row.first_agent = Codes::in(codes.agents, static_cast<std::uint64_t>(s.integer(at + 15)));
  row.agent = Codes::in(codes.agents, static_cast<std::uint64_t>(s.integer(at + 16)));
  row.hold_ms = Duration{s.integer(at + 17)}.ms();
  row.offers = s.integer(at + 18);
  row.transfers = s.integer(at + 19);
  const Instant end = row.ended.value_or(now);
  row.wait_ms = (row.answered.value_or(end) - row.arrived).ms();
  if (row.answered) row.talk_ms = (end - *row.answered).ms();
  const auto call = static_cast<std::int64_t>(row.call.value);
  (void)parts_of_call.each([&](Statement& part) { row.agents.push_back(Codes::in(codes.agents, static_cast<std::uint64_t>(part.integer(0)))); }, call);
  (void)recording_of_call.each([&](Statement& recording) { row.recording = recording.text(0); return false; }, call);
  return row;
}

void Reports::Impl::narrow(Select& select, const ReportFilter& filter) {
  if (filter.from && !filter.metric) select.where("call.arrived >= ", filter.from->us);
  if (filter.to && !filter.metric) select.where("call.arrived < ", filter.to->us);
  if (queue) select.where("call.call in (select call from queue_visit where queue = ", static_cast<std::int64_t>(queue.value), ")");
  if (agent) select.where("call.call in (select call from participation where agent = ", static_cast<std::int64_t>(agent.value), ")");
  if (filter.outcome) select.where("call.outcome = ", static_cast<std::int64_t>(*filter.outcome));
  if (filter.direction) select.where("call.direction = ", static_cast<std::int64_t>(*filter.direction));
  if (filter.before) select.where("call.call < ", static_cast<std::int64_t>(filter.before.value));
}

// The calls that a figure is made of; nothing when no figure is asked about.
Result<std::optional<std::set<std::uint64_t>>> Reports::Impl::behind(const ReportFilter& filter) {
  std::optional<std::set<std::uint64_t>> ids;
  if (!filter.metric) return ids;
  ids.emplace();
  auto add = [&](CallId call, QueueId in, AgentId by) {
    if ((!queue || in == queue) && (!agent || by == agent)) ids->insert(call.value);
  };
  switch (*filter.metric) {
    case r::Metric::lapsed:
    case r::Metric::forced: {
      TRY(all, offers(from(filter), to(filter)));
      for (const auto& o : all)
        if (*filter.metric == r::Metric::lapsed ? o.end == r::OfferFact::End::lapsed : o.free == 1) add(o.call, o.queue, o.agent);
      break;
    }
    case r::Metric::handled:
    case r::Metric::aht:
    case r::Metric::talk:
    case r::Metric::hold:
    case r::Metric::wrap_up:
    case r::Metric::occupancy:
    case r::Metric::jain_calls:
    case r::Metric::jain_work:
    case r::Metric::most_minus_least: {
      TRY(all, handlings(from(filter), to(filter)));
      for (const auto& h : all) add(h.call, h.queue, h.agent);
      break;
    }
    default: {
      TRY(all, visits(from(filter), to(filter)));
      for (const auto& v : all)
        if (r::counts(*filter.metric, v, now)) add(v.call, v.queue, agent);
      break;
    }
  }
  return ids;
}

Result<std::vector<CallRow>> Reports::Impl::calls(const ReportFilter& filter) {
  TRY(wanted, behind(filter));
  Select select(std::string("select ") + call_columns + " from call");
  narrow(select, filter);
  select.tail(filter.limit > 0 ? " order by call.call desc" : " order by call.call");
  std::vector<CallRow> rows;
  TRY_DONE(select.each(db(), [&](Statement& statement) {
    if (wanted && !wanted->contains(static_cast<std::uint64_t>(statement.integer(0)))) return true;
    if (!is_among(filter, id_at<CallId>(statement, 0))) return true;
    CallRow row = call_row(statement);
    if (!has_number(row) || !lasts(filter, row.talk_ms)) return true;
    rows.push_back(std::move(row));
    return filter.limit == 0 || static_cast<std::int64_t>(rows.size()) < filter.limit;
  }));
  return rows;
}

Result<std::vector<CallRow>> Reports::calls(const ReportFilter& filter) {
  TRY_DONE(impl_->begin(filter));
  return impl_->calls(filter);
}

Result<std::vector<TimelineRow>> Reports::Impl::timeline(CallId call, f::Language language, Measured& measured) {
  std::vector<std::uint64_t> seqs;
  TRY(get, db().prepare(events_sql));
  TRY_DONE(get.each([&](Statement& row) {
    auto seq = static_cast<std::uint64_t>(row.integer(0));
    Reader steps(row.blob(1));
    while (!steps.at_end() && !steps.failed()) seqs.push_back(seq += steps.varint());
  }, static_cast<std::int64_t>(call.value)));
  // What people call them, the code behind it: two may have the same name.
  const auto named = [&](std::string_view kind, std::string code) {
    const std::string name = store.journal().live(LiveKind::person_name, std::string(kind) + code).value_or("");
    return name.empty() || name == code ? code : name + " (" + code + ")";
  };
  const Names names{[&](AgentId id) { return named("agent:", Codes::in(codes.agents, id.value)); }, [&](QueueId id) { return named("queue:", Codes::in(codes.queues, id.value)); },
                    [&](NumberId id) { return Codes::in(codes.numbers, id.value); }, [&](PartyId id) { return party_number(id); }};
  std::vector<TimelineRow> rows;
  TRY_DONE(store.journal().read_these(seqs, [&](const Recorded& recorded) {
    const std::string kind(std::visit([](const auto& e) { return std::string_view(std::decay_t<decltype(e)>::kind); }, recorded.event));
    if (const auto* leg = std::get_if<f::LegMeasured>(&recorded.event)) measured.insert_or_assign(leg->leg, *leg);
    rows.push_back({recorded.seq, recorded.at, kind, words(recorded.event, names, language), json_text(recorded.event)});
    return true;
  }));
  return rows;
}

Result<CallRow> Reports::call_row(CallId call, std::optional<Instant> now) {
  ReportFilter filter;
  filter.now = now;
  TRY_DONE(impl_->begin(filter));
  std::optional<CallRow> found;
  Select select(std::string("select ") + call_columns + " from call");
  select.where("call.call = ", static_cast<std::int64_t>(call.value));
  TRY_DONE(select.each(impl_->db(), [&](Statement& row) { found = impl_->call_row(row); }));
  if (!found) return trouble("call-unknown", "there is no call " + text(call));
  return *found;
}

Result<CallDetail> Reports::call(CallId call, f::Language language, std::optional<Instant> now) {
  ReportFilter filter;
  filter.now = now;
  TRY_DONE(impl_->begin(filter));
  CallDetail detail;
  bool there = false;
  Select select(std::string("select ") + call_columns + " from call");
  select.where("call.call = ", static_cast<std::int64_t>(call.value));
  TRY_DONE(select.each(impl_->db(), [&](Statement& row) { detail.call = impl_->call_row(row); there = true; }));
  if (!there) return trouble("call-unknown", "there is no call " + text(call));
  Impl::Measured measured;
  TRY(timeline, impl_->timeline(call, language, measured));
  detail.timeline = std::move(timeline);
  TRY(legs, impl_->db().prepare(legs_sql));
  TRY_DONE(legs.each([&](Statement& row) {
    LegQualityRow leg{id_at<LegId>(row, 0), row.integer(1), row.integer(2), row.integer(3), row.integer(4), row.integer(5), std::string(row.text(6))};
    leg.agent = Codes::in(impl_->codes.agents, static_cast<std::uint64_t>(row.integer(7)));
    if (const auto seen = measured.find(leg.leg); seen != measured.end()) {  // what the other side saw stands in the journal alone
      leg.lost_by_peer = seen->second.lost_by_peer;
      leg.peer_loss_permille = seen->second.peer_loss_permille;
      leg.peer_jitter_us = seen->second.peer_jitter_us;
      leg.peer_round_trip_us = seen->second.peer_round_trip_us;
    }
    detail.legs.push_back(std::move(leg));
  }, static_cast<std::int64_t>(call.value)));
  return detail;
}

// --- facts for the figures

Result<std::vector<r::Visit>> Reports::Impl::visits(Instant begin, Instant end) {
  std::vector<r::Visit> all;
  TRY(get, db().prepare(visits_sql));
  TRY_DONE(get.each([&](Statement& row) {
    r::Visit v{id_at<CallId>(row, 0), id_at<QueueId>(row, 1), {row.integer(2)}, time_at(row, 3), visit_end(row, 4), {row.integer(5)}, {row.integer(6)}};
    if (v.left && *v.left > now) {  // judged as of then: still waiting
      v.left.reset();
      v.end = r::Visit::End::waiting;
    }
    all.push_back(v);
  }, begin.us, end.us));
  return all;
}

// Consulted colleagues are not counted as handling the call.
Result<std::vector<r::Handling>> Reports::Impl::handlings(Instant begin, Instant end) {
  std::vector<r::Handling> all;
  TRY(get, db().prepare(parts_sql));
  TRY_DONE(get.each([&](Statement& row) {
    if (row.integer(9) != 0) return;
    r::Handling h{id_at<CallId>(row, 0), id_at<AgentId>(row, 1), id_at<QueueId>(row, 2), {row.integer(3)}, time_at(row, 4), {row.integer(5)}, {}};
    if (auto held = time_at(row, 6)) h.hold += now - *held;
    if (auto wrapping = time_at(row, 7)) h.wrap_up = time_at(row, 8).value_or(now) - *wrapping;
    if (!h.to || *h.to > now) {
      h.to = now;
      h.wrap_up = {};
    } else if (*h.to + h.wrap_up > now) {
      h.wrap_up = std::max(Duration{}, now - *h.to);
    }
    all.push_back(h);
  }, begin.us, end.us));
  return all;
}

Result<std::vector<r::OfferFact>> Reports::Impl::offers(Instant begin, Instant end) {
  std::vector<r::OfferFact> all;
  TRY(get, db().prepare(offers_sql));
  TRY_DONE(get.each([&](Statement& row) {
    all.push_back({id_at<CallId>(row, 0), id_at<AgentId>(row, 1), id_at<QueueId>(row, 2), {row.integer(3)}, static_cast<r::OfferFact::End>(row.integer(4)),
                   static_cast<std::int32_t>(row.integer(5)), static_cast<std::int32_t>(row.integer(6))});
  }, begin.us, end.us));
  return all;
}

// Also the state that each agent was in when the interval began.
Result<std::vector<r::Duty>> Reports::Impl::duties(Instant begin, Instant end) {
  std::vector<r::Duty> all;
  TRY(before, db().prepare(state_at_sql));
  for (const auto& [id, code] : codes.agents)
    TRY_DONE(before.each([&, id = id](Statement& row) {
      const auto until = time_at(row, 2);
      if (!until || *until > begin) all.push_back({AgentId{id}, {row.integer(1)}, until, duty_state(row.integer(0))});
    }, id, begin.us));
  TRY(get, db().prepare(states_sql));
  TRY_DONE(get.each([&](Statement& row) { all.push_back({id_at<AgentId>(row, 0), {row.integer(2)}, time_at(row, 3), duty_state(row.integer(1))}); }, begin.us, end.us));
  for (auto& duty : all)
    if (!duty.to || *duty.to > now) duty.to = now;
  return all;
}

Result<std::set<std::pair<std::uint64_t, std::uint64_t>>> Reports::Impl::members() {
  std::set<std::pair<std::uint64_t, std::uint64_t>> all;
  TRY(get, db().prepare("select queue, agent from agent_queue"));
  TRY_DONE(get.each([&](Statement& row) { all.emplace(static_cast<std::uint64_t>(row.integer(0)), static_cast<std::uint64_t>(row.integer(1))); }));
  return all;
}

// --- figures

Result<std::vector<QueueRow>> Reports::queues(const ReportFilter& filter) {
  TRY_DONE(impl_->begin(filter));
  const Instant from = impl_->from(filter), to = impl_->to(filter), duty_to = std::min(to, impl_->now);
  TRY(visits, impl_->visits(from, to));
  TRY(handlings, impl_->handlings(from, to));
  TRY(offers, impl_->offers(from, to));
  TRY(duties, impl_->duties(from, duty_to));
  TRY(members, impl_->members());

  struct OfQueue {
    std::vector<r::Visit> visits;
    std::vector<r::Handling> handlings;
    ByAgent agents;
  };
  std::map<std::uint64_t, OfQueue> by_queue;
  auto wanted = [&](AgentId agent) { return !impl_->agent || agent == impl_->agent; };
  for (const auto& v : visits) by_queue[v.queue.value].visits.push_back(v);
  for (const auto& h : handlings)
    if (h.queue && wanted(h.agent)) { by_queue[h.queue.value].handlings.push_back(h); by_queue[h.queue.value].agents[h.agent.value].handlings.push_back(h); }
  for (const auto& o : offers)
    if (wanted(o.agent)) by_queue[o.queue.value].agents[o.agent.value].offers.push_back(o);
  for (const auto& [queue, agent] : members)
    if (wanted({agent})) (void)by_queue[queue].agents[agent];
  std::map<std::uint64_t, std::vector<r::Duty>> duties_of;
  for (const auto& d : duties) duties_of[d.agent.value].push_back(d);
  for (auto& [queue, of] : by_queue)
    for (auto& [agent, facts] : of.agents) facts.duties = duties_of[agent];

  std::vector<QueueRow> rows;
  TRY(get, impl_->db().prepare("select id, code, service_level, short_abandon, removed from queue order by code, id"));
  TRY_DONE(get.each([&](Statement& row) {
    const auto id = static_cast<std::uint64_t>(row.integer(0));
    const OfQueue& of = by_queue[id];
    if (impl_->queue && impl_->queue.value != id) return;
    if (row.integer(4) != 0 && of.visits.empty()) return;   // removed, and nothing to tell
    QueueRow q;
    q.queue = row.text(1);
    q.service_level_ms = Duration{row.integer(2)}.ms();
    q.short_abandon_ms = Duration{row.integer(3)}.ms();
    q.figures = r::queue_figures(of.visits, of.handlings, impl_->now);
    q.evenness = evenness_of(of.agents, from, duty_to);
    rows.push_back(std::move(q));
  }));
  return rows;
}

Result<AgentsAnswer> Reports::agents(const ReportFilter& filter) {
  TRY_DONE(impl_->begin(filter));
  const Instant from = impl_->from(filter), to = impl_->to(filter), duty_to = std::min(to, impl_->now);
  TRY(handlings, impl_->handlings(from, to));
  TRY(offers, impl_->offers(from, to));
  TRY(duties, impl_->duties(from, duty_to));
  TRY(members, impl_->members());
  const QueueId queue = impl_->queue;
  ByAgent by_agent;
  for (const auto& o : offers)
    if (!queue || o.queue == queue) by_agent[o.agent.value].offers.push_back(o);
  for (const auto& h : handlings)
    if (!queue || h.queue == queue) by_agent[h.agent.value].handlings.push_back(h);
  for (const auto& d : duties)
    if (!queue || by_agent.contains(d.agent.value) || members.contains({queue.value, d.agent.value})) by_agent[d.agent.value].duties.push_back(d);

  AgentsAnswer answer;
  TRY(get, impl_->db().prepare("select id, code, removed from agent order by code, id"));
  TRY_DONE(get.each([&](Statement& row) {
    const auto id = static_cast<std::uint64_t>(row.integer(0));
    if (impl_->agent && impl_->agent.value != id) return;
    const auto found = by_agent.find(id);
    if (found == by_agent.end() && (row.integer(2) != 0 || (queue && !members.contains({queue.value, id})))) return;
    const OfAgent none, &of = found == by_agent.end() ? none : found->second;
    answer.agents.push_back({std::string(row.text(1)), r::agent_figures(of.offers, of.handlings, of.duties, from, duty_to)});
  }));
  answer.evenness = evenness_of(by_agent, from, duty_to);
  return answer;
}

// From and to of the question, or else of what there is.
Result<std::pair<Instant, Instant>> Reports::Impl::span(const ReportFilter& filter) {
  TRY(first, db().prepare("select min(arrived) from call"));
  TRY(oldest, first.number());
  return std::pair{filter.from.value_or(Instant{oldest.value_or(now.us)}), filter.to.value_or(now)};
}

namespace {

std::int64_t local_start(std::int64_t local, IntervalBy by) {
  const DayNumber day = day_of(local);
  auto floor_to = [&](std::int64_t us) { return local - ((local % us) + us) % us; };
  switch (by) {
    case IntervalBy::quarter: return floor_to(us_per_day / 96);
    case IntervalBy::hour: return floor_to(us_per_day / 24);
    case IntervalBy::day: return day * us_per_day;
    case IntervalBy::month: {
      const auto date = jalali(day);
      return (date ? day - date->day + 1 : day) * us_per_day;
    }
  }
  return local;
}

std::int64_t next_start(std::int64_t local, IntervalBy by) {
  switch (by) {
    case IntervalBy::quarter: return local + us_per_day / 96;
    case IntervalBy::hour: return local + us_per_day / 24;
    case IntervalBy::day: return local + us_per_day;
    case IntervalBy::month: {
      const auto date = jalali(day_of(local));
      return local + (date ? jalali_month_days(date->year, date->month) : 30) * us_per_day;
    }
  }
  return local + us_per_day;
}

std::string label(std::int64_t local, IntervalBy by) {
  const std::string date = date_text(local, CalendarKind::jalali);
  switch (by) {
    case IntervalBy::quarter:
    case IntervalBy::hour: return date_time_text(local, CalendarKind::jalali).substr(0, date.size() + 6);
    case IntervalBy::day: return date;
    case IntervalBy::month: return date.substr(0, 7);
  }
  return date;
}

}  // namespace

Result<std::vector<IntervalRow>> Reports::intervals(const ReportFilter& filter, IntervalBy by) {
  TRY_DONE(impl_->begin(filter));
  TRY(zone_name, time_zone());
  const Zone zone(zone_name);
  TRY(range, impl_->span(filter));
  const auto [from, to] = range;
  std::vector<IntervalRow> rows;
  if (from >= to) return rows;
  // The first and the last row are cut to what was asked for, so that sums over the rows are sums over the range.
  for (std::int64_t local = local_start(zone.local(from), by); zone.instant(local) < to; local = next_start(local, by)) {
    IntervalRow row;
    row.from = std::max(zone.instant(local), from);
    row.to = std::min(zone.instant(next_start(local, by)), to);
    row.label = label(local, by);
    if (row.from >= row.to) continue;                     // an hour that the clock jumped over
    if (rows.size() == intervals_max) return trouble("too-many-intervals", "more than " + std::to_string(intervals_max) + " rows; ask for a shorter time or longer intervals");
    rows.push_back(std::move(row));
  }

  TRY(visits, impl_->visits(from, to));
  TRY(handlings, impl_->handlings(from, to));
  TRY(offers, impl_->offers(from, to));
  TRY(duties, impl_->duties(from, std::min(to, impl_->now)));
  TRY(members, impl_->members());
  struct OfInterval {
    std::vector<r::Visit> visits;
    std::vector<r::Handling> handlings;
    ByAgent agents;
  };
  std::vector<OfInterval> of(rows.size());
  auto index = [&](Instant at) {
    const auto after = std::upper_bound(rows.begin(), rows.end(), at, [](Instant t, const IntervalRow& row) { return t < row.from; });
    return static_cast<std::size_t>(after - rows.begin()) - 1;
  };
  auto wanted = [&](QueueId queue, AgentId agent) { return (!impl_->queue || queue == impl_->queue) && (!impl_->agent || agent == impl_->agent); };
  for (const auto& v : visits)
    if (wanted(v.queue, impl_->agent)) of[index(v.entered)].visits.push_back(v);
  for (const auto& h : handlings)
    if (wanted(h.queue, h.agent)) { of[index(h.from)].handlings.push_back(h); of[index(h.from)].agents[h.agent.value].handlings.push_back(h); }
  for (const auto& o : offers)
    if (wanted(o.queue, o.agent)) of[index(o.at)].agents[o.agent.value].offers.push_back(o);
  for (const auto& d : duties) {
    if (!wanted(impl_->queue, d.agent) || (impl_->queue && !members.contains({impl_->queue.value, d.agent.value}))) continue;
    for (std::size_t i = index(std::max(d.from, from)); i < rows.size() && rows[i].from < d.to.value_or(to); ++i) of[i].agents[d.agent.value].duties.push_back(d);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].figures = r::queue_figures(of[i].visits, of[i].handlings, impl_->now);
    rows[i].evenness = evenness_of(of[i].agents, rows[i].from, std::min(rows[i].to, impl_->now));
  }
  if (!filter.from || !filter.to)                         // nobody asked for the empty ones
    std::erase_if(rows, [](const IntervalRow& row) { return row.figures.entered == 0 && row.figures.handled == 0; });
  return rows;
}

// --- archive

Result<std::vector<ArchiveRow>> Reports::Impl::archive(const ReportFilter& filter, CallId of) {
  Select select(std::string("select ") + recording_columns + ", " + call_columns + " from recording join call on call.call = recording.call");
  if (of) select.where("recording.call = ", static_cast<std::int64_t>(of.value));
  narrow(select, filter);
  select.tail(filter.limit > 0 ? " order by recording.capture desc" : " order by recording.capture");
  std::vector<ArchiveRow> rows;
  TRY_DONE(select.each(db(), [&](Statement& s) {
    ArchiveRow row;
    row.capture = id_at<CaptureId>(s, 0);
    row.state = s.text(1);
    row.started = {s.integer(2)};
    row.duration_ms = row.state == "capturing" ? (now - row.started).ms() : Duration{s.integer(3)}.ms();
    row.sha256 = s.text(4);
    row.bytes = s.integer(5);
    row.why = s.text(6);
    for (std::string_view marks = s.text(7); !marks.empty();) {
      const auto cut = std::min(marks.find(' '), marks.size());
      row.marks.emplace_back(marks.substr(0, cut));
      marks.remove_prefix(std::min(cut + 1, marks.size()));
    }
    if (!is_among(filter, id_at<CallId>(s, 8))) return true;
    const CallRow call = call_row(s, 8);
    if (!has_number(call) || !lasts(filter, row.duration_ms)) return true;
    row.call = call.call;
    row.caller = call.caller;
    row.number = call.number;
    row.queue = call.queue;
    row.agent = call.agent;
    row.outcome = call.outcome;
    rows.push_back(std::move(row));
    return filter.limit == 0 || static_cast<std::int64_t>(rows.size()) < filter.limit;
  }));
  return rows;
}

Result<std::vector<ArchiveRow>> Reports::archive(const ReportFilter& filter) {
  TRY_DONE(impl_->begin(filter));
  return impl_->archive(filter, {});
}

Result<std::vector<KeptRecording>> Reports::finished_before(const std::string& queue, Instant cutoff) {
  ReportFilter filter;
  filter.queue = queue;
  TRY_DONE(impl_->begin(filter));
  std::vector<KeptRecording> rows;
  TRY(select, impl_->db().prepare("select recording.capture, recording.call from recording join call on call.call = recording.call "
                                  "where recording.started < $1 and recording.state = 'finished' and call.last_queue = $2 order by recording.started"));  // recording_by_start
  TRY_DONE(select.each([&](Statement& row) { rows.push_back({id_at<CaptureId>(row, 0), id_at<CallId>(row, 1)}); }, cutoff.us, static_cast<std::int64_t>(impl_->queue.value)));
  return rows;
}

Result<std::optional<ArchiveRow>> Reports::recording(CallId call) {
  TRY_DONE(impl_->begin({}));
  TRY(rows, impl_->archive({}, call));
  if (rows.empty()) return std::optional<ArchiveRow>();
  return std::optional<ArchiveRow>(std::move(rows.back()));
}

}  // namespace pasokh::storage
