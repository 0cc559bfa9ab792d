#include "storage/projection.h"

#include <algorithm>

#include "base/codec.h"

namespace pasokh::storage {

namespace {

namespace f = pasokh::floor;

constexpr const char* put_queue_sql =
    "insert into queue(id, code, service_level, short_abandon, removed) values ($1, $2, $3, $4, 0) on conflict(id) do update set "
    "code = excluded.code, service_level = excluded.service_level, short_abandon = excluded.short_abandon, removed = 0";
constexpr const char* remove_queue_sql = "update queue set removed = 1 where id = $1";
constexpr const char* get_queue_sql = "select service_level, short_abandon from queue where id = $1";
constexpr const char* put_number_sql = "insert into number(id, digits) values ($1, $2) on conflict(id) do update set digits = excluded.digits";
constexpr const char* put_trunk_sql = "insert into trunk(id, code) values ($1, $2) on conflict(id) do update set code = excluded.code";
constexpr const char* put_device_sql = "insert into device(id, code) values ($1, $2) on conflict(id) do update set code = excluded.code";
constexpr const char* put_centre_sql = "insert into centre(id, time_zone) values (1, $1) on conflict(id) do update set time_zone = excluded.time_zone";

constexpr const char* put_agent_sql =
    "insert into agent(id, code, removed, base, base_reason, calls, ringing, wrapping, state_seq) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
    "on conflict(id) do update set code = excluded.code, removed = excluded.removed, base = excluded.base, base_reason = excluded.base_reason, "
    "calls = excluded.calls, ringing = excluded.ringing, wrapping = excluded.wrapping, state_seq = excluded.state_seq";
constexpr const char* get_agent_sql = "select code, removed, base, base_reason, calls, ringing, wrapping, state_seq from agent where id = $1";
constexpr const char* leave_queues_sql = "delete from agent_queue where agent = $1";
constexpr const char* join_queue_sql = "insert into agent_queue(agent, queue) values ($1, $2) on conflict(agent, queue) do nothing";
constexpr const char* put_state_sql =
    "insert into agent_state(seq, agent, state, reason, call, since, until) values ($1, $2, $3, $4, $5, $6, $7) on conflict(seq) do update set until = excluded.until";
constexpr const char* get_state_sql = "select state, reason, call, since from agent_state where seq = $1";

constexpr const char* put_call_sql =
    "insert into call(call, leg, direction, number, dialled, caller, callee, trunk, placed_by, arrived, answered, ended, outcome, cause, "
    "first_queue, last_queue, first_agent, last_agent, hold, offers, transfers) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) "
    "on conflict(call) do update set callee = excluded.callee, answered = excluded.answered, ended = excluded.ended, outcome = excluded.outcome, "
    "cause = excluded.cause, first_queue = excluded.first_queue, last_queue = excluded.last_queue, first_agent = excluded.first_agent, "
    "last_agent = excluded.last_agent, hold = excluded.hold, offers = excluded.offers, transfers = excluded.transfers";
constexpr const char* get_call_sql =
    "select leg, direction, number, dialled, caller, callee, trunk, placed_by, arrived, answered, ended, outcome, cause, first_queue, "
    "last_queue, first_agent, last_agent, hold, offers, transfers from call where call = $1";
constexpr const char* put_visit_sql =
    "insert into queue_visit(call, n, queue, entered, since, \"left\", why, priority, place, threshold, short_abandon) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict(call, n) do update set \"left\" = excluded.\"left\", why = excluded.why";
constexpr const char* get_visits_sql =
    "select queue, entered, since, \"left\", why, priority, place, threshold, short_abandon from queue_visit where call = $1 order by n";
constexpr const char* put_offer_sql =
    "insert into offer(call, n, queue, agent, leg, at, ended, result, why, strategy, free, on_duty, given_by) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
    "on conflict(call, n) do update set ended = excluded.ended, result = excluded.result, why = excluded.why";
constexpr const char* get_offers_sql =
    "select queue, agent, leg, at, ended, result, why, strategy, free, on_duty, given_by from offer where call = $1 order by n";
constexpr const char* put_part_sql =
    "insert into participation(call, n, agent, queue, since, until, hold, held_since, wrap_since, wrap_until, consult) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict(call, n) do update set until = excluded.until, hold = excluded.hold, "
    "held_since = excluded.held_since, wrap_since = excluded.wrap_since, wrap_until = excluded.wrap_until, consult = excluded.consult";
constexpr const char* get_parts_sql =
    "select agent, queue, since, until, hold, held_since, wrap_since, wrap_until, consult from participation where call = $1 order by n";
constexpr const char* put_recording_sql =
    "insert into recording(capture, call, state, started, stopped, duration, sha256, bytes, why, marks) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
    "on conflict(capture) do update set state = excluded.state, stopped = excluded.stopped, duration = excluded.duration, sha256 = excluded.sha256, "
    "bytes = excluded.bytes, why = excluded.why, marks = excluded.marks";
constexpr const char* get_recordings_sql =
    "select capture, state, started, stopped, duration, sha256, bytes, why, marks from recording where call = $1 order by capture";
constexpr const char* put_leg_sql =
    "insert into leg(call, leg, agent, party, packets_in, packets_out, lost, jitter_max, round_trip, codec, role) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
    "on conflict(call, leg) do update set agent = excluded.agent, party = excluded.party, packets_in = excluded.packets_in, packets_out = excluded.packets_out, "
    "lost = excluded.lost, jitter_max = excluded.jitter_max, round_trip = excluded.round_trip, codec = excluded.codec, role = excluded.role";
constexpr const char* get_legs_sql =
    "select leg, agent, party, packets_in, packets_out, lost, jitter_max, round_trip, codec, role from leg where call = $1 order by leg";
constexpr const char* put_events_sql =
    "insert into call_events(call, first, steps) values ($1, $2, $3) on conflict(call, first) do update set steps = excluded.steps";

constexpr Duration keep_ended = Duration::minutes(1);   // what comes after the end (wrap-up, recording) finds the call in memory
constexpr std::size_t keep_calls_max = 20'000;          // then all that have ended go at once

template <class Tag> std::int64_t number(Id<Tag> id) { return static_cast<std::int64_t>(id.value); }
std::optional<std::int64_t> number(std::optional<Instant> at) { return at ? std::optional(at->us) : std::nullopt; }
template <class E> requires std::is_enum_v<E> std::int64_t number(E e) { return static_cast<std::int64_t>(e); }

template <class IdType> IdType id_at(const Statement& row, int column) { return IdType{static_cast<std::uint64_t>(row.integer(column))}; }
std::optional<Instant> time_at(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return Instant{row.integer(column)};
}

std::string joined(const std::vector<CallId>& calls) {
  std::string out;
  for (const CallId call : calls) out += (out.empty() ? "" : ",") + text(call);
  return out;
}
std::vector<CallId> split(std::string_view text) {
  std::vector<CallId> calls;
  std::uint64_t n = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != ',') { n = n * 10 + static_cast<std::uint64_t>(text[i] - '0'); continue; }
    if (n) calls.push_back({n});
    n = 0;
  }
  return calls;
}

void end_part(PartFact& part, CallFact& call, Instant at) {
  if (part.held_since) {
    part.hold += at - *part.held_since;
    call.hold += at - *part.held_since;
    part.held_since.reset();
  }
  part.until = at;
}

template <class Event>
concept TellsOfACall = requires(const Event& event) { { event.call } -> std::convertible_to<CallId>; };

}  // namespace

struct Projection::Statements {
  Statement put_queue, remove_queue, get_queue, put_number, put_trunk, put_device, put_centre, put_agent, get_agent, leave_queues, join_queue, put_state, get_state, put_call,
      get_call, put_visit, get_visits, put_offer, get_offers, put_part, get_parts, put_recording, get_recordings, put_leg, get_legs, put_events;
};

Projection::Projection(Database& database) : database_(&database), sql_(std::make_shared<Statements>()) {}

Result<Projection> Projection::open(Database& database) {
  Projection projection(database);
  TRY_DONE(projection.prepare());
  return projection;
}

Result<> Projection::prepare() {
  Statements& s = *sql_;
  for (auto [statement, sql] : {std::pair{&s.put_queue, put_queue_sql}, {&s.remove_queue, remove_queue_sql}, {&s.get_queue, get_queue_sql},
                                {&s.put_number, put_number_sql}, {&s.put_trunk, put_trunk_sql}, {&s.put_device, put_device_sql},
                                {&s.put_centre, put_centre_sql}, {&s.put_agent, put_agent_sql}, {&s.get_agent, get_agent_sql},
                                {&s.leave_queues, leave_queues_sql}, {&s.join_queue, join_queue_sql},
                                {&s.put_state, put_state_sql}, {&s.get_state, get_state_sql}, {&s.put_call, put_call_sql}, {&s.get_call, get_call_sql},
                                {&s.put_visit, put_visit_sql}, {&s.get_visits, get_visits_sql}, {&s.put_offer, put_offer_sql},
                                {&s.get_offers, get_offers_sql}, {&s.put_part, put_part_sql}, {&s.get_parts, get_parts_sql},
                                {&s.put_recording, put_recording_sql}, {&s.get_recordings, get_recordings_sql}, {&s.put_leg, put_leg_sql},
                                {&s.get_legs, get_legs_sql}, {&s.put_events, put_events_sql}}) {
    TRY(prepared, database_->prepare(sql));
    *statement = std::move(prepared);
  }
  return Done{};
}

Result<> Projection::apply(const Recorded& recorded) {
  seq_ = recorded.seq;
  at_ = recorded.at;
  return std::visit([&](const auto& event) -> Result<> {
    if constexpr (TellsOfACall<std::decay_t<decltype(event)>>) {
      if (event.call) {
        TRY(live, call(event.call));
        live->events.push_back(seq_);
      }
    }
    return on(event);
  }, recorded.event);
}

void Projection::forget() {
  calls_.clear();
  touched_.clear();
  agents_.clear();
  touched_agents_.clear();
  states_.clear();
  queues_.clear();
}

// --- settings: seldom, written at once

Result<> Projection::on(const f::QueueSet& e) {
  queues_[e.queue] = {e.settings.service_level, e.settings.short_abandon};
  return sql_->put_queue.run(number(e.queue), e.code, e.settings.service_level.us, e.settings.short_abandon.us);
}
Result<> Projection::on(const f::QueueRemoved& e) { return sql_->remove_queue.run(number(e.queue)); }
Result<> Projection::on(const f::NumberSet& e) { return sql_->put_number.run(number(e.number), e.digits); }
Result<> Projection::on(const f::TrunkSet& e) { return sql_->put_trunk.run(number(e.trunk), e.code); }
Result<> Projection::on(const f::DeviceSet& e) { return sql_->put_device.run(number(e.device), e.user); }
Result<> Projection::on(const f::CentreSet& e) { return sql_->put_centre.run(e.settings.time_zone); }
Result<> Projection::on(const f::AgentSet& e) {
  TRY(live, agent(e.agent));
  live->code = e.code;
  live->removed = false;
  TRY_DONE(sql_->leave_queues.run(number(e.agent)));
  for (const f::Membership& in : e.settings.queues) TRY_DONE(sql_->join_queue.run(number(e.agent), number(in.queue)));
  return Done{};
}
Result<> Projection::on(const f::AgentRemoved& e) {
  TRY(live, agent(e.agent));
  live->removed = true;
  live->base = f::AgentState::signed_out;
  return show(*live);
}

// --- agents

Result<> Projection::on(const f::AgentSignedIn& e) {
  TRY(live, agent(e.agent));
  if (live->base != f::AgentState::signed_out) return Done{};  // another desk, the same duty
  live->base = f::AgentState::paused;
  live->base_reason = "signed_in";
  return show(*live);
}
Result<> Projection::on(const f::AgentSignedOut& e) {
  TRY(live, agent(e.agent));
  live->base = f::AgentState::signed_out;
  live->base_reason.clear();
  return show(*live);
}
Result<> Projection::on(const f::AgentReady& e) {
  TRY(live, agent(e.agent));
  live->base = f::AgentState::ready;
  live->base_reason.clear();
  return show(*live);
}
Result<> Projection::on(const f::AgentPaused& e) {
  TRY(live, agent(e.agent));
  live->base = f::AgentState::paused;
  live->base_reason = e.reason;
  return show(*live);
}
Result<> Projection::on(const f::WrapUpStarted& e) {
  TRY(live, agent(e.agent));
  std::erase(live->calls, e.call);
  live->wrapping = e.call;
  TRY(of, call(e.call));
  for (std::size_t i = of->parts.all.size(); i-- > 0;)
    if (of->parts.all[i].agent == e.agent) { of->parts.change(i).wrap_since = at_; break; }
  return show(*live);
}
Result<> Projection::on(const f::WrapUpEnded& e) {
  TRY(live, agent(e.agent));
  const CallId wrapped = e.call ? e.call : live->wrapping;
  live->wrapping = {};
  if (!wrapped) return show(*live);
  TRY(of, call(wrapped));
  for (std::size_t i = of->parts.all.size(); i-- > 0;)
    if (of->parts.all[i].agent == e.agent && of->parts.all[i].wrap_since) { of->parts.change(i).wrap_until = at_; break; }
  return show(*live);
}

Result<> Projection::join_call(AgentId who, CallId id) {
  TRY(live, agent(who));
  if (live->ringing == id) live->ringing = {};
  live->wrapping = {};
  if (std::find(live->calls.begin(), live->calls.end(), id) == live->calls.end()) live->calls.push_back(id);
  return show(*live);
}

// --- calls

Result<> Projection::on(const f::CallArrived& e) {
  TRY(live, call(e.call));
  CallFact& fact = live->fact;
  fact.leg = e.leg;
  fact.direction = e.direction;
  fact.number = e.number;
  fact.dialled = e.dialled;
  fact.caller = e.caller;
  fact.trunk = e.trunk;
  fact.placed_by = e.agent;
  fact.arrived = at_;
  live->dirty = true;
  live->legs.add({e.leg, e.agent, e.caller});
  if (!e.agent) return Done{};
  fact.first_agent = fact.last_agent = e.agent;
  return join_call(e.agent, e.call);
}

Result<> Projection::on(const f::CallQueued& e) {
  TRY(limit, limits(e.queue));
  TRY(live, call(e.call));
  if (!live->fact.first_queue) live->fact.first_queue = e.queue;
  live->fact.last_queue = e.queue;
  live->dirty = true;
  live->visits.add({e.queue, at_, e.since, {}, {}, e.priority, e.place, limit.threshold, limit.short_abandon});
  if (live->fact.placed_by == live->fact.last_agent && live->fact.placed_by) {  // a colleague calls the queue: a customer for once
    live->fact.first_agent = live->fact.last_agent = {};
  }
  return Done{};
}

Result<> Projection::on(const f::CallLeftQueue& e) {
  TRY(live, call(e.call));
  for (std::size_t i = live->visits.all.size(); i-- > 0;) {
    if (live->visits.all[i].left) continue;
    VisitFact& visit = live->visits.change(i);
    visit.left = at_;
    visit.why = e.why;
    break;
  }
  return Done{};
}

Result<> Projection::on(const f::CallOffered& e) {
  TRY(live, call(e.call));
  ++live->fact.offers;
  live->dirty = true;
  live->offers.add({e.queue, e.agent, e.leg, at_, {}, OfferResult::pending, {}, e.reason.strategy, e.reason.free, e.reason.on_duty, e.reason.given_by});
  LegFact leg{e.leg, e.agent};
  leg.role = f::LegRole::offer;
  live->legs.add(std::move(leg));
  TRY(who, agent(e.agent));
  who->ringing = e.call;
  return show(*who);
}

Result<> Projection::end_offer(CallId id, AgentId who, OfferResult result, std::optional<std::int64_t> why) {
  TRY(live, call(id));
  for (std::size_t i = live->offers.all.size(); i-- > 0;) {
    if (live->offers.all[i].agent != who || live->offers.all[i].ended) continue;
    OfferedFact& offer = live->offers.change(i);
    offer.ended = at_;
    offer.result = result;
    offer.why = why;
    break;
  }
  if (result == OfferResult::answered) return Done{};
  TRY(free, agent(who));
  if (free->ringing == id) free->ringing = {};
  return show(*free);
}

void Projection::begin_part(LiveCall& live, AgentId who, QueueId queue, bool consult) {
  for (const PartFact& part : live.parts.all)
    if (part.agent == who && !part.until) return;
  live.parts.add({who, queue, at_, {}, {}, {}, {}, {}, consult});
  if (!live.fact.first_agent) live.fact.first_agent = who;
  if (!consult) live.fact.last_agent = who;
  live.dirty = true;
}

Result<> Projection::on(const f::OfferAnswered& e) {
  TRY_DONE(end_offer(e.call, e.agent, OfferResult::answered, {}));
  TRY(live, call(e.call));
  QueueId queue = live->fact.last_queue;
  for (const OfferedFact& offer : live->offers.all)
    if (offer.agent == e.agent) queue = offer.queue;
  if (!live->fact.answered) live->fact.answered = at_;
  begin_part(*live, e.agent, queue, false);
  return join_call(e.agent, e.call);
}
Result<> Projection::on(const f::OfferLapsed& e) { return end_offer(e.call, e.agent, OfferResult::lapsed, number(e.why)); }
Result<> Projection::on(const f::OfferWithdrawn& e) { return end_offer(e.call, e.agent, OfferResult::withdrawn, number(e.why)); }

Result<> Projection::on(const f::CallHeld& e) {
  TRY(live, call(e.call));
  for (std::size_t i = live->parts.all.size(); i-- > 0;) {
    const PartFact& part = live->parts.all[i];
    if (part.agent == e.agent && !part.until && !part.held_since) { live->parts.change(i).held_since = at_; break; }
  }
  return Done{};
}
Result<> Projection::on(const f::CallResumed& e) {
  TRY(live, call(e.call));
  for (std::size_t i = live->parts.all.size(); i-- > 0;) {
    if (live->parts.all[i].agent != e.agent || !live->parts.all[i].held_since) continue;
    PartFact& part = live->parts.change(i);
    part.hold += at_ - *part.held_since;
    live->fact.hold += at_ - *part.held_since;
    part.held_since.reset();
    live->dirty = true;
    break;
  }
  return Done{};
}

Result<> Projection::on(const f::LegDialled& e) {
  TRY(live, call(e.call));
  if (e.party && !live->fact.callee) { live->fact.callee = e.party; live->dirty = true; }
  std::size_t i = 0;
  while (i < live->legs.all.size() && live->legs.all[i].leg != e.leg) ++i;
  LegFact& leg = i < live->legs.all.size() ? live->legs.change(i) : live->legs.add({e.leg});
  leg.agent = e.to_agent;
  leg.party = e.party;
  leg.role = e.purpose;
  return Done{};
}

// A dialled leg answers: outbound and internal calls begin to talk; a consulted or transferred-to colleague joins.
Result<> Projection::on(const f::LegAnswered& e) {
  TRY(live, call(e.call));
  if (e.leg == live->fact.leg) return Done{};  // click to call: the agent's own phone
  const auto leg = std::find_if(live->legs.all.begin(), live->legs.all.end(), [&](const LegFact& l) { return l.leg == e.leg; });
  if (leg == live->legs.all.end()) return Done{};
  for (const OfferedFact& offer : live->offers.all)
    if (offer.leg == e.leg) return Done{};      // OfferAnswered tells that
  const AgentId who = leg->agent;
  const bool first = !live->fact.answered;
  if (first) { live->fact.answered = at_; live->dirty = true; }
  if (first && live->fact.placed_by && live->visits.all.empty()) {
    begin_part(*live, live->fact.placed_by, {}, false);
    live->fact.last_agent = live->fact.placed_by;
  }
  if (!who) return Done{};
  begin_part(*live, who, {}, leg->role == f::LegRole::consult);
  return join_call(who, e.call);
}

// The phone's own attended transfer: `to_agent`, so far in `from`, has `call` now.
Result<> Projection::on(const f::CallsJoined& e) {
  TRY(live, call(e.call));
  ++live->fact.transfers;
  live->dirty = true;
  if (!e.to_agent) return Done{};
  begin_part(*live, e.to_agent, {}, false);
  TRY(from, call(e.from));
  from->events.push_back(seq_);
  for (std::size_t i = 0; i < from->parts.all.size(); ++i)
    if (from->parts.all[i].agent == e.to_agent && !from->parts.all[i].until) { end_part(from->parts.change(i), from->fact, at_); from->dirty = true; }
  TRY(who, agent(e.to_agent));
  std::erase(who->calls, e.from);
  return join_call(e.to_agent, e.call);
}

Result<> Projection::on(const f::CallTransferred& e) {
  TRY(live, call(e.call));
  ++live->fact.transfers;
  live->dirty = true;
  for (std::size_t i = 0; i < live->legs.all.size(); ++i)    // a colleague whose phone still rings: the answer makes the part a real one
    if (live->legs.all[i].leg == e.to_leg && live->legs.all[i].role == f::LegRole::consult) live->legs.change(i).role = f::LegRole::transfer;
  if (!e.to_agent) return Done{};
  for (std::size_t i = live->parts.all.size(); i-- > 0;) {  // a consulted colleague has the call now
    if (live->parts.all[i].agent != e.to_agent || live->parts.all[i].until) continue;
    live->parts.change(i).consult = false;
    live->fact.last_agent = e.to_agent;
    break;
  }
  return Done{};
}

Result<> Projection::on(const f::AgentLeftCall& e) {
  TRY(live, call(e.call));
  for (std::size_t i = 0; i < live->parts.all.size(); ++i)
    if (live->parts.all[i].agent == e.agent && !live->parts.all[i].until) {
      end_part(live->parts.change(i), live->fact, at_);
      live->dirty = true;
    }
  TRY(who, agent(e.agent));
  std::erase(who->calls, e.call);
  return show(*who);
}

Result<> Projection::on(const f::CallEnded& e) {
  TRY(live, call(e.call));
  for (std::size_t i = 0; i < live->parts.all.size(); ++i)
    if (!live->parts.all[i].until) end_part(live->parts.change(i), live->fact, at_);
  live->fact.ended = at_;
  live->fact.outcome = e.outcome;
  live->fact.cause = e.cause;
  live->dirty = true;
  return Done{};
}

// --- recordings and measurements

namespace {
template <class Rows>
RecordingFact* find_capture(Rows& recordings, CaptureId capture) {
  for (std::size_t i = 0; i < recordings.all.size(); ++i)
    if (recordings.all[i].capture == capture) return &recordings.change(i);
  return nullptr;
}
}  // namespace

Result<> Projection::on(const f::RecordingStarted& e) {
  TRY(live, call(e.call));
  if (RecordingFact* again = find_capture(live->recordings, e.capture)) {  // switched on again, or with another agent: the same capture
    again->state = "capturing";
    again->stopped.reset();
    return Done{};
  }
  RecordingFact fact;
  fact.capture = e.capture;
  fact.started = at_;
  live->recordings.add(std::move(fact));
  return Done{};
}
Result<> Projection::on(const f::RecordingStopped& e) {
  TRY(live, call(e.call));
  RecordingFact* fact = find_capture(live->recordings, e.capture);
  if (!fact || fact->state != "capturing") return Done{};
  fact->state = "stopped";
  fact->stopped = at_;
  fact->duration = at_ - fact->started;
  return Done{};
}
Result<> Projection::on(const f::RecordingMarked& e) {
  TRY(live, call(e.call));
  RecordingFact* fact = find_capture(live->recordings, e.capture);
  if (!fact) return Done{};
  fact->marks += (fact->marks.empty() ? "" : " ") + e.mark + "@" + std::to_string((at_ - fact->started).ms());
  return Done{};
}
Result<> Projection::on(const f::RecordingFinished& e) {
  TRY(live, call(e.call));
  RecordingFact* fact = find_capture(live->recordings, e.capture);
  if (!fact) return Done{};
  fact->state = e.empty ? "empty" : "finished";
  fact->duration = e.duration;
  fact->sha256 = e.sha256;
  fact->bytes = e.bytes;
  return Done{};
}
Result<> Projection::on(const f::RecordingFailed& e) {
  TRY(live, call(e.call));
  RecordingFact* fact = find_capture(live->recordings, e.capture);
  if (!fact) return Done{};
  fact->state = "failed";
  fact->why = e.why;
  return Done{};
}
// The call and its figures stay; only what was said is gone.
Result<> Projection::on(const f::RecordingErased& e) {
  TRY(live, call(e.call));
  RecordingFact* fact = find_capture(live->recordings, e.capture);
  if (!fact) return Done{};
  fact->state = "erased";
  fact->why = e.why;
  return Done{};
}
Result<> Projection::on(const f::LegMeasured& e) {
  TRY(live, call(e.call));
  auto measured = [&](LegFact& leg) {
    leg.packets_in = e.packets_in;
    leg.packets_out = e.packets_out;
    leg.lost = e.lost;
    leg.jitter_us_max = e.jitter_us_max;
    leg.round_trip_us = e.round_trip_us;
    leg.codec = e.codec;
  };
  for (std::size_t i = 0; i < live->legs.all.size(); ++i)
    if (live->legs.all[i].leg == e.leg) { measured(live->legs.change(i)); return Done{}; }
  measured(live->legs.add({e.leg}));
  return Done{};
}

// --- memory

Result<Projection::LiveCall*> Projection::call(CallId id) {
  auto [found, is_new] = calls_.try_emplace(id);
  LiveCall& live = found->second;
  if (is_new) {
    live.fact.call = id;
    auto there = read_back(live, id);
    if (!there) { calls_.erase(found); return std::move(there).error(); }
  }
  if (!live.listed) { live.listed = true; touched_.push_back(id); }
  return &live;
}

Result<bool> Projection::read_back(LiveCall& live, CallId id) {
  Statements& s = *sql_;
  CallFact& c = live.fact;
  bool there = false;
  TRY_DONE(s.get_call.each([&](Statement& r) {
    there = true;
    c.leg = id_at<LegId>(r, 0);
    c.direction = static_cast<f::Direction>(r.integer(1));
    c.number = id_at<NumberId>(r, 2);
    c.dialled = r.text(3);
    c.caller = id_at<PartyId>(r, 4);
    c.callee = id_at<PartyId>(r, 5);
    c.trunk = id_at<TrunkId>(r, 6);
    c.placed_by = id_at<AgentId>(r, 7);
    c.arrived = {r.integer(8)};
    c.answered = time_at(r, 9);
    c.ended = time_at(r, 10);
    c.outcome = static_cast<f::Outcome>(r.integer(11));
    c.cause = static_cast<f::EndCause>(r.integer(12));
    c.first_queue = id_at<QueueId>(r, 13);
    c.last_queue = id_at<QueueId>(r, 14);
    c.first_agent = id_at<AgentId>(r, 15);
    c.last_agent = id_at<AgentId>(r, 16);
    c.hold = {r.integer(17)};
    c.offers = r.integer(18);
    c.transfers = r.integer(19);
  }, number(id)));
  if (!there) return false;
  TRY_DONE(s.get_visits.each([&](Statement& r) {
    VisitFact v{id_at<QueueId>(r, 0), {r.integer(1)}, {r.integer(2)}, time_at(r, 3), {}, static_cast<std::int32_t>(r.integer(5)),
                static_cast<std::int32_t>(r.integer(6)), {r.integer(7)}, {r.integer(8)}};
    if (!r.is_null(4)) v.why = static_cast<f::LeftQueue>(r.integer(4));
    live.visits.all.push_back(v);
  }, number(id)));
  TRY_DONE(s.get_offers.each([&](Statement& r) {
    OfferedFact o{id_at<QueueId>(r, 0), id_at<AgentId>(r, 1), id_at<LegId>(r, 2), {r.integer(3)}, time_at(r, 4),
                  static_cast<OfferResult>(r.integer(5)), {}, static_cast<f::Strategy>(r.integer(7)), static_cast<std::int32_t>(r.integer(8)),
                  static_cast<std::int32_t>(r.integer(9)), std::string(r.text(10))};
    if (!r.is_null(6)) o.why = r.integer(6);
    live.offers.all.push_back(std::move(o));
  }, number(id)));
  TRY_DONE(s.get_parts.each([&](Statement& r) {
    live.parts.all.push_back({id_at<AgentId>(r, 0), id_at<QueueId>(r, 1), {r.integer(2)}, time_at(r, 3), time_at(r, 5), time_at(r, 6), time_at(r, 7),
                              {r.integer(4)}, r.integer(8) != 0});
  }, number(id)));
  TRY_DONE(s.get_recordings.each([&](Statement& r) {
    live.recordings.all.push_back({id_at<CaptureId>(r, 0), std::string(r.text(1)), {r.integer(2)}, time_at(r, 3), {r.integer(4)}, std::string(r.text(5)),
                                   r.integer(6), std::string(r.text(7)), std::string(r.text(8))});
  }, number(id)));
  TRY_DONE(s.get_legs.each([&](Statement& r) {
    live.legs.all.push_back({id_at<LegId>(r, 0), id_at<AgentId>(r, 1), id_at<PartyId>(r, 2), r.integer(3), r.integer(4), r.integer(5), r.integer(6),
                             r.integer(7), std::string(r.text(8)), static_cast<f::LegRole>(r.integer(9))});
  }, number(id)));
  return true;
}

Result<Projection::LiveAgent*> Projection::agent(AgentId id) {
  auto [found, is_new] = agents_.try_emplace(id);
  LiveAgent& live = found->second;
  if (is_new) {
    live.agent = id;
    TRY_DONE(sql_->get_agent.each([&](Statement& r) {
      live.code = r.text(0);
      live.removed = r.integer(1) != 0;
      live.base = static_cast<f::AgentState>(r.integer(2));
      live.base_reason = r.text(3);
      live.calls = split(r.text(4));
      live.ringing = id_at<CallId>(r, 5);
      live.wrapping = id_at<CallId>(r, 6);
      live.state_seq = static_cast<std::uint64_t>(r.integer(7));
    }, number(id)));
    if (live.state_seq)
      TRY_DONE(sql_->get_state.each([&](Statement& r) {
        live.shown = static_cast<f::AgentState>(r.integer(0));
        live.shown_reason = r.text(1);
        live.shown_call = id_at<CallId>(r, 2);
        live.since = {r.integer(3)};
      }, live.state_seq));
  }
  if (!live.dirty) { live.dirty = true; touched_agents_.push_back(id); }
  return &live;
}

Result<> Projection::show(LiveAgent& live) {
  f::AgentState state = live.base;
  std::string reason = live.base_reason;
  CallId of;
  if (!live.calls.empty()) { state = f::AgentState::talking; of = live.calls.front(); }
  else if (live.wrapping) { state = f::AgentState::wrap_up; of = live.wrapping; }
  else if (live.ringing && live.base == f::AgentState::ready) { state = f::AgentState::offered; of = live.ringing; }
  if (of) reason.clear();
  if (state == live.shown && reason == live.shown_reason && of == live.shown_call) return Done{};
  if (live.state_seq) states_[live.state_seq] = {live.state_seq, live.agent, live.shown, live.shown_reason, live.shown_call, live.since, at_};
  live.shown = state;
  live.shown_reason = std::move(reason);
  live.shown_call = of;
  live.since = at_;
  live.state_seq = 0;
  if (state == f::AgentState::signed_out) return Done{};
  live.state_seq = seq_;
  states_[seq_] = {seq_, live.agent, state, live.shown_reason, of, at_, {}};
  return Done{};
}

Result<Projection::QueueLimits> Projection::limits(QueueId id) {
  auto [found, is_new] = queues_.try_emplace(id);
  QueueLimits& of_queue = found->second;
  if (is_new) TRY_DONE(sql_->get_queue.each([&](Statement& r) { of_queue = {{r.integer(0)}, {r.integer(1)}}; }, number(id)));
  return of_queue;
}

// --- writing

Result<> Projection::flush() {
  Statements& s = *sql_;
  std::sort(touched_.begin(), touched_.end());  // in order of their keys: neighbours share a page
  for (const CallId id : touched_) {
    LiveCall& live = calls_[id];
    TRY_DONE(write(live));
    live.listed = false;
  }
  for (auto& [seq, row] : states_) TRY_DONE(write_state(row));
  std::sort(touched_agents_.begin(), touched_agents_.end());
  for (const AgentId id : touched_agents_) {
    LiveAgent& a = agents_[id];
    a.dirty = false;
    TRY_DONE(s.put_agent.run(number(id), a.code, a.removed ? 1 : 0, number(a.base), a.base_reason, joined(a.calls), number(a.ringing), number(a.wrapping), a.state_seq));
  }
  const bool too_many = calls_.size() > keep_calls_max;
  std::vector<CallId> gone;
  for (auto& [id, live] : calls_)
    if (live.fact.ended && (too_many || at_ - *live.fact.ended > keep_ended)) gone.push_back(id);
  for (const CallId id : gone) calls_.erase(id);
  touched_.clear();
  touched_agents_.clear();
  states_.clear();
  return Done{};
}

Result<> Projection::write_state(const StateRow& row) {
  return sql_->put_state.run(row.seq, number(row.agent), number(row.state), row.reason, number(row.call), row.since.us, number(row.until));
}

Result<> Projection::write(LiveCall& live) {
  Statements& s = *sql_;
  const CallFact& c = live.fact;
  const auto id = number(c.call);
  if (live.dirty)
    TRY_DONE(s.put_call.run(id, number(c.leg), number(c.direction), number(c.number), c.dialled, number(c.caller), number(c.callee), number(c.trunk),
                            number(c.placed_by), c.arrived.us, number(c.answered), number(c.ended), number(c.outcome), number(c.cause), number(c.first_queue),
                            number(c.last_queue), number(c.first_agent), number(c.last_agent), c.hold.us, c.offers, c.transfers));
  live.dirty = false;
  auto each = [](auto& rows, auto&& put) -> Result<> {
    std::sort(rows.changed.begin(), rows.changed.end());
    rows.changed.erase(std::unique(rows.changed.begin(), rows.changed.end()), rows.changed.end());
    for (const std::size_t i : rows.changed) TRY_DONE(put(i, rows.all[i]));
    rows.changed.clear();
    return Done{};
  };
  TRY_DONE(each(live.visits, [&](std::size_t i, const VisitFact& v) {
    return s.put_visit.run(id, i, number(v.queue), v.entered.us, v.since.us, number(v.left), v.why ? std::optional(number(*v.why)) : std::nullopt, v.priority, v.place,
                           v.threshold.us, v.short_abandon.us);
  }));
  TRY_DONE(each(live.offers, [&](std::size_t i, const OfferedFact& o) {
    return s.put_offer.run(id, i, number(o.queue), number(o.agent), number(o.leg), o.at.us, number(o.ended), number(o.result), o.why, number(o.strategy), o.free,
                           o.on_duty, o.given_by);
  }));
  TRY_DONE(each(live.parts, [&](std::size_t i, const PartFact& p) {
    return s.put_part.run(id, i, number(p.agent), number(p.queue), p.since.us, number(p.until), p.hold.us, number(p.held_since), number(p.wrap_since),
                          number(p.wrap_until), p.consult ? 1 : 0);
  }));
  TRY_DONE(each(live.recordings, [&](std::size_t, const RecordingFact& r) {
    return s.put_recording.run(number(r.capture), id, r.state, r.started.us, number(r.stopped), r.duration.us, r.sha256, r.bytes, r.why, r.marks);
  }));
  TRY_DONE(each(live.legs, [&](std::size_t, const LegFact& l) {
    return s.put_leg.run(id, number(l.leg), number(l.agent), number(l.party), l.packets_in, l.packets_out, l.lost, l.jitter_us_max, l.round_trip_us, l.codec, number(l.role));
  }));
  if (live.events.empty()) return Done{};
  pasokh::Writer steps;
  std::uint64_t before = live.events.front();
  for (const std::uint64_t seq : live.events) { steps.varint(seq - before); before = seq; }
  auto put = s.put_events.run(id, live.events.front(), Blob{steps.bytes});
  live.events.clear();
  return put;
}

}  // namespace pasokh::storage
