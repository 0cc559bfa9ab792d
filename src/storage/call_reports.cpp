#include "storage/call_reports.h"

#include <algorithm>

#include "base/persian.h"
#include "office/contacts/contacts.h"
#include "storage/question.h"

namespace pasokh::storage {
namespace {

using Report = CallReports::Report;
using Disposition = CallReports::Disposition;

constexpr std::string_view disposition_columns = "select code, name_fa, name_en, queue, follow_up, active from disposition ";
constexpr std::string_view put_disposition_sql =
    "insert into disposition(code, name_fa, name_en, queue, follow_up, active) values ($1, $2, $3, $4, $5, $6) on conflict(code) do update set "
    "name_fa = excluded.name_fa, name_en = excluded.name_en, queue = excluded.queue, follow_up = excluded.follow_up, active = excluded.active";
constexpr std::string_view is_used_sql = "select 1 from call_report where disposition = $1 limit 1";
constexpr std::string_view delete_disposition_sql = "delete from disposition where code = $1";
constexpr std::string_view retire_disposition_sql = "update disposition set active = 0 where code = $1";

constexpr std::string_view columns =
    "select call, agent, queue, number_key, disposition, note, next_step, contact, follow_up_at, done_at, done_by, written_at from call_report ";
constexpr std::string_view put_sql =
    "insert into call_report(call, agent, queue, number_key, disposition, note, next_step, contact, follow_up_at, done_at, done_by, written_at) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict(call, agent) do update set queue = excluded.queue, number_key = excluded.number_key, "
    "disposition = excluded.disposition, note = excluded.note, next_step = excluded.next_step, contact = excluded.contact, follow_up_at = excluded.follow_up_at, "
    "done_at = excluded.done_at, done_by = excluded.done_by, written_at = excluded.written_at returning id";
constexpr std::string_view delete_search_sql = "delete from call_report_search where rowid = $1";
constexpr std::string_view insert_search_sql = "insert into call_report_search(rowid, text) values ($1, $2)";
constexpr std::string_view done_sql = "update call_report set done_at = $1, done_by = $2 where call = $3 and agent = $4 and follow_up_at is not null and done_at is null";
constexpr std::string_view ids_of_contact_sql = "select id from call_report where contact = $1";                              // call_report_by_contact
constexpr std::string_view forget_sql = "update call_report set note = '', next_step = '', number_key = '', contact = 0 where contact = $1";
constexpr std::string_view detach_sql = "update call_report set contact = 0 where contact = $1";

std::optional<Instant> time_at(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return Instant{row.integer(column)};
}
std::optional<std::int64_t> us(const std::optional<Instant>& at) { return at ? std::optional(at->us) : std::nullopt; }

Report report_from(const Statement& row) {
  return {.call = {static_cast<std::uint64_t>(row.integer(0))}, .agent = std::string(row.text(1)), .queue = std::string(row.text(2)), .number = std::string(row.text(3)),
          .disposition = std::string(row.text(4)), .note = std::string(row.text(5)), .next_step = std::string(row.text(6)), .contact = row.integer(7),
          .follow_up_at = time_at(row, 8), .done_at = time_at(row, 9), .done_by = std::string(row.text(10)), .written_at = {row.integer(11)}};
}

Disposition disposition_from(const Statement& row) {
  return {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3)), row.integer(4) != 0, row.integer(5) != 0};
}

std::string found_by(const Report& report) {
  std::string out = search_fold(report.note + "\n" + report.next_step);
  std::erase(out, ' ');
  return out;
}

}  // namespace

Result<std::vector<Disposition>> CallReports::dispositions() {
  std::vector<Disposition> all;
  TRY(select, database_.prepare(std::string(disposition_columns) + "order by code"));
  TRY_DONE(select.each([&](Statement& row) { all.push_back(disposition_from(row)); }));
  return all;
}

Result<std::optional<Disposition>> CallReports::disposition(std::string_view code) {
  std::optional<Disposition> found;
  TRY(select, database_.prepare(std::string(disposition_columns) + "where code = $1"));
  TRY_DONE(select.each([&](Statement& row) { found = disposition_from(row); }, code));
  return found;
}

Result<> CallReports::put(const Disposition& d) {
  TRY(put, database_.prepare(put_disposition_sql));
  return put.run(d.code, d.name_fa, d.name_en, d.queue, d.follow_up ? 1 : 0, d.active ? 1 : 0);
}

Result<> CallReports::remove_disposition(std::string_view code) {
  TRY(used, database_.prepare(is_used_sql));
  TRY(is_used, used.number(code));
  TRY(change, database_.prepare(is_used ? retire_disposition_sql : delete_disposition_sql));
  TRY_DONE(change.run(code));
  if (database_.changes() == 0) return trouble("disposition-unknown", "there is no disposition \"" + std::string(code) + "\"");
  return Done{};
}

Result<std::optional<Report>> CallReports::find(CallId call, std::string_view agent) {
  std::optional<Report> found;
  TRY(select, database_.prepare(std::string(columns) + "where call = $1 and ($2 = '' or agent = $2) order by written_at desc limit 1"));
  TRY_DONE(select.each([&](Statement& row) { found = report_from(row); }, static_cast<std::int64_t>(call.value), agent));
  return found;
}

Result<> CallReports::save(const Report& r) {
  TRY(put, database_.prepare(put_sql));
  TRY(id, put.number(static_cast<std::int64_t>(r.call.value), r.agent, r.queue, r.number, r.disposition, r.note, r.next_step, r.contact, us(r.follow_up_at), us(r.done_at),
                     r.done_by, r.written_at.us));
  TRY(clear, database_.prepare(delete_search_sql));
  TRY_DONE(clear.run(id));
  TRY(insert, database_.prepare(insert_search_sql));
  return insert.run(id, found_by(r));
}

Result<std::vector<Report>> CallReports::list(const Asked& asked) {
  Question question(std::string(columns) + "where written_at < ");                  // call_report_by_time, _by_agent
  question.add("", std::min(asked.before, asked.to.value_or(Instant::never())).us);
  if (asked.from) question.add(" and written_at >= ", asked.from->us);
  if (!asked.agent.empty()) question.add(" and agent = ", asked.agent);
  if (!asked.disposition.empty()) question.add(" and disposition = ", asked.disposition);
  if (!asked.number_key.empty()) question.add(" and number_key = ", asked.number_key);
  if (asked.contact) question.add(" and contact = ", asked.contact);
  question.add_words("id", "call_report_search", office::contacts::words_of_search(asked.text));
  question.add(" order by written_at desc, id desc limit ", asked.limit);
  std::vector<Report> found;
  TRY_DONE(question.each(database_, [&](Statement& row) { found.push_back(report_from(row)); }));
  return found;
}

Result<std::vector<CallId>> CallReports::calls_with(std::string_view disposition, std::string_view text) {
  Question question("select distinct call from call_report where 1 = 1");
  if (!disposition.empty()) question.add(" and disposition = ", std::string(disposition));  // call_report_by_disposition
  question.add_words("id", "call_report_search", office::contacts::words_of_search(text));
  question.add(" order by call desc limit 20000");
  std::vector<CallId> calls;
  TRY_DONE(question.each(database_, [&](Statement& row) { calls.push_back({static_cast<std::uint64_t>(row.integer(0))}); }));
  return calls;
}

Result<std::vector<Report>> CallReports::follow_ups(std::string_view agent, Instant until, std::int64_t limit) {
  std::vector<Report> found;
  TRY(select, database_.prepare(std::string(columns) + "where follow_up_at is not null and done_at is null and follow_up_at < $1 and ($2 = '' or agent = $2) "
                                                       "order by follow_up_at, id limit $3"));  // follow_up_open
  TRY_DONE(select.each([&](Statement& row) { found.push_back(report_from(row)); }, until.us, agent, limit));
  return found;
}

Result<> CallReports::follow_up_done(CallId call, std::string_view agent, std::string_view by, Instant now) {
  TRY(done, database_.prepare(done_sql));
  TRY_DONE(done.run(now.us, by, static_cast<std::int64_t>(call.value), agent));
  if (database_.changes() == 0) return trouble("follow-up-unknown", "call " + text(call) + " has no open follow-up of this agent");
  return Done{};
}

Result<std::int64_t> CallReports::forget(std::int64_t contact) {
  std::vector<std::int64_t> ids;
  TRY(select, database_.prepare(ids_of_contact_sql));
  TRY_DONE(select.each([&](Statement& row) { ids.push_back(row.integer(0)); }, contact));
  TRY(clear, database_.prepare(delete_search_sql));
  for (const std::int64_t id : ids) TRY_DONE(clear.run(id));
  TRY(forget, database_.prepare(forget_sql));
  TRY_DONE(forget.run(contact));
  return static_cast<std::int64_t>(ids.size());
}

Result<> CallReports::detach(std::int64_t contact) {
  TRY(detach, database_.prepare(detach_sql));
  return detach.run(contact);
}

}  // namespace pasokh::storage
