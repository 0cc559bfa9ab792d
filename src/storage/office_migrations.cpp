// The office's tables, change by change. A migration that has been released is never edited: what is to be different comes as the
// next number. Times are microseconds UTC, agents and queues stand by their code, calls by their id.
#include "office/call_reports/call_reports.h"
#include "storage/office_database.h"

namespace pasokh::storage {
namespace {

constexpr const char* contacts_1 = R"sql(
create table contact(
  id integer primary key autoincrement,
  name text not null, organisation text not null, note text not null,
  sort_key text not null, changed_at bigint not null);
create index contact_by_name on contact(sort_key, id);
create table contact_number(
  contact bigint not null, n bigint not null, number text not null, label text not null, key text not null,
  primary key(contact, n)) without rowid;
create index contact_number_by_key on contact_number(key, contact);
create virtual table contact_search using fts5(text, tokenize='trigram');  -- rowid: the contact
-- which calls a number had; made from the journal, may be deleted and is made again (number_calls.cpp)
create table number_call(key text not null, call bigint not null, primary key(key, call)) without rowid;
create table number_call_position(id integer primary key, seq bigint not null, sum blob not null);
)sql";

constexpr const char* call_reports_1 = R"sql(
create table disposition(
  code text primary key, name_fa text not null, name_en text not null, queue text not null, follow_up bigint not null, active bigint not null) without rowid;
create table call_report(
  id integer primary key autoincrement,
  call bigint not null, agent text not null, queue text not null, number_key text not null, disposition text not null,
  note text not null, next_step text not null, contact bigint not null,
  follow_up_at bigint, done_at bigint, done_by text not null, written_at bigint not null,
  unique(call, agent));
create index call_report_by_agent on call_report(agent, written_at);
create index call_report_by_time on call_report(written_at);
create index call_report_by_contact on call_report(contact);
create index call_report_by_disposition on call_report(disposition, call);
create index call_report_by_number on call_report(number_key);
create index follow_up_open on call_report(follow_up_at) where follow_up_at is not null and done_at is null;
create virtual table call_report_search using fts5(text, tokenize='trigram');  -- rowid: the report
)sql";

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

std::string dispositions_1() {
  std::string sql;
  for (const auto& d : office::call_reports::common_dispositions())
    sql += "insert into disposition(code, name_fa, name_en, queue, follow_up, active) values (" + quoted(d.code) + ", " + quoted(d.name_fa) + ", " + quoted(d.name_en) + ", '', " +
           (d.follow_up ? "1" : "0") + ", 1);\n";
  return sql;
}

constexpr const char* hours_2 = R"sql(
create table opening_hours(code text primary key, holidays text not null) without rowid;
create table opening_slot(hours text not null, n bigint not null, day bigint not null, from_minute bigint not null, to_minute bigint not null, primary key(hours, n)) without rowid;  -- day: 0 is Saturday
create table holiday_list(code text primary key) without rowid;
create table holiday(list text not null, n bigint not null, calendar bigint not null, year bigint, month bigint not null, day bigint not null,
  name_fa text not null, name_en text not null, primary key(list, n)) without rowid;  -- year null: each year
)sql";

constexpr const char* recordings_3 = R"sql(
create table recording_hold(call integer primary key, reason text not null, by_whom text not null, at bigint not null);
create table recording_comment(id integer primary key autoincrement, call bigint not null, at_ms bigint not null, text text not null, by_whom text not null, at bigint not null);
create index recording_comment_by_call on recording_comment(call, at_ms, id);
create table office_task(name text primary key, done_at bigint not null) without rowid;
)sql";

constexpr const char* views_4 = "create table saved_view(login text not null, name text not null, json text not null, changed_at bigint not null, primary key(login, name)) without rowid;";

// until_us null: it stands. The text of the cause only; words are made when it is shown.
constexpr const char* alarms_5 = R"sql(
create table alarm(
  id integer primary key autoincrement,
  code text not null, queue text not null, object text not null, cause text not null,
  since_us bigint not null, until_us bigint, limit_value bigint, value bigint, worst bigint, seen_by text not null, seen_us bigint);
create index alarm_by_queue on alarm(queue, id);
create index alarm_open on alarm(id) where until_us is null;
create table office_setting(name text primary key, json text not null) without rowid;
-- one mail to one recipient; never two for the same thing (a slot of a schedule, a turn of an alarm)
create table mail(
  id integer primary key autoincrement,
  kind text not null, about text not null, recipient text not null, subject text not null, text text not null,
  file_name text not null, file_type text not null, file blob not null,
  made_us bigint not null, attempts bigint not null, not_before_us bigint not null, sent_us bigint, given_up_us bigint, error text not null);
create unique index mail_once on mail(kind, about, recipient);
create index mail_waiting on mail(not_before_us, id) where sent_us is null and given_up_us is null;
)sql";

// body: JSON as api/schedule_routes reads it. slot_us: the newest slot that was dealt with
constexpr const char* schedules_6 = R"sql(
create table report_schedule(
  id integer primary key autoincrement,
  made_by text not null, body text not null, made_us bigint not null, slot_us bigint not null, error text not null, tried_us bigint);
)sql";

constexpr const char* provisioning_7 = R"sql(
create table provisioning(
  id integer primary key autoincrement,
  hash blob not null unique, device text not null, transport text not null, made_by text not null,
  made_us bigint not null, expires_us bigint not null, opened_us bigint, opened_from text not null);
create index provisioning_by_device on provisioning(device, id);
)sql";

}  // namespace

const std::vector<Migration>& office_migrations() {
  static const std::vector<Migration> all{{1, std::string(contacts_1) + call_reports_1 + dispositions_1()}, {2, hours_2}, {3, recordings_3}, {4, views_4}, {5, alarms_5}, {6, schedules_6}, {7, provisioning_7}};
  return all;
}

}  // namespace pasokh::storage
