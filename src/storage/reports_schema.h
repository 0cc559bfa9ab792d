// The tables of reports.db: plain facts, one noun a table, for our own reports and for anyone's SQL. All times are
// microseconds UTC, all numbers of people are party ids (their text stands in the journal's erasable rows).
// Another reports_version means: drop everything and read the journal again.
#pragma once

namespace pasokh::storage {

inline constexpr int reports_version = 1;

inline constexpr const char* reports_schema = R"(
create table if not exists position(id integer primary key, version bigint not null, seq bigint not null, sum blob not null, damaged text not null);

create table if not exists queue(id integer primary key, code text not null, service_level bigint not null, short_abandon bigint not null, removed bigint not null);
create table if not exists agent(id integer primary key, code text not null, removed bigint not null,
  base bigint not null, base_reason text not null, calls text not null, ringing bigint not null, wrapping bigint not null, state_seq bigint not null);
create table if not exists agent_queue(agent bigint not null, queue bigint not null, primary key(agent, queue)) without rowid;  -- memberships now
create table if not exists number(id integer primary key, digits text not null);
create table if not exists trunk(id integer primary key, code text not null);
create table if not exists device(id integer primary key, code text not null);
create table if not exists centre(id integer primary key, time_zone text not null);

create table if not exists call(call integer primary key, leg bigint not null, direction bigint not null,
  number bigint not null, dialled text not null, caller bigint not null, callee bigint not null, trunk bigint not null, placed_by bigint not null,
  arrived bigint not null, answered bigint, ended bigint, outcome bigint not null, cause bigint not null,
  first_queue bigint not null, last_queue bigint not null, first_agent bigint not null, last_agent bigint not null,
  hold bigint not null, offers bigint not null, transfers bigint not null);
create index if not exists call_by_arrival on call(arrived);

-- one row each time the call enters a queue; the thresholds are those in force then
create table if not exists queue_visit(call bigint not null, n bigint not null, queue bigint not null, entered bigint not null, since bigint not null,
  "left" bigint, why bigint, priority bigint not null, place bigint not null, threshold bigint not null, short_abandon bigint not null, primary key(call, n)) without rowid;
create index if not exists visit_by_queue on queue_visit(queue, entered);

create table if not exists offer(call bigint not null, n bigint not null, queue bigint not null, agent bigint not null, leg bigint not null, at bigint not null,
  ended bigint, result bigint not null, why bigint, strategy bigint not null, free bigint not null, on_duty bigint not null, given_by text not null, primary key(call, n)) without rowid;
create index if not exists offer_by_time on offer(at);

-- an agent's part in a call: talk belongs here, so that a transfer does not give one agent the other's minutes
create table if not exists participation(call bigint not null, n bigint not null, agent bigint not null, queue bigint not null, since bigint not null, until bigint,
  hold bigint not null, held_since bigint, wrap_since bigint, wrap_until bigint, consult bigint not null, primary key(call, n)) without rowid;
create index if not exists participation_by_agent on participation(agent, since);

-- signed-out time is where no row is
create table if not exists agent_state(seq integer primary key, agent bigint not null, state bigint not null, reason text not null, call bigint not null, since bigint not null, until bigint);
create index if not exists state_by_agent on agent_state(agent, since);

create table if not exists recording(capture integer primary key, call bigint not null, state text not null, started bigint not null, stopped bigint,
  duration bigint not null, sha256 text not null, bytes bigint not null, why text not null, marks text not null);
create index if not exists recording_by_call on recording(call);
create index if not exists recording_by_start on recording(started);

create table if not exists leg(call bigint not null, leg bigint not null, agent bigint not null, party bigint not null,
  packets_in bigint not null, packets_out bigint not null, lost bigint not null, jitter_max bigint not null, round_trip bigint not null, codec text not null, role bigint not null, primary key(call, leg)) without rowid;

-- which events tell of a call: numbers from `first` on, each as the distance from the one before (varints)
create table if not exists call_events(call bigint not null, first bigint not null, steps blob not null, primary key(call, first)) without rowid;
)";

inline constexpr const char* reports_tables[] = {"position", "queue", "agent", "agent_queue", "number", "trunk", "device", "centre", "call", "queue_visit", "offer",
                                                 "participation", "agent_state", "recording", "leg", "call_events"};

}  // namespace pasokh::storage
