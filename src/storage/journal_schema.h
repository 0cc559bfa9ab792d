// The tables of journal.db. DDL is the only SQL that is not shared with PostgreSQL (there: bigint, bytea).
#pragma once

namespace pasokh::storage {

inline constexpr const char* journal_schema = R"(
create table if not exists event(
  seq integer primary key,        -- from 1, no gaps
  at bigint not null,             -- microseconds UTC
  kind bigint not null,           -- index in floor::Event; event_kind has the name
  body blob not null,
  sum blob not null);
create table if not exists event_kind(kind bigint primary key, name text not null);
create table if not exists snapshot(seq integer primary key, body blob not null, sum blob not null);
create table if not exists live(kind bigint not null, key text not null, value blob not null, primary key(kind, key)) without rowid;
-- events that a start found damaged, and all after them: kept as evidence, never read as facts
create table if not exists set_aside(found_at bigint not null, seq bigint not null, at bigint, kind bigint, body blob, sum blob);
)";

}  // namespace pasokh::storage
