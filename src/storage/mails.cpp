#include "storage/mails.h"

namespace pasokh::storage {
namespace {

constexpr std::string_view columns = "select id, kind, about, recipient, subject, text, file_name, file_type, made_us, attempts, not_before_us, sent_us, given_up_us, error";
constexpr std::string_view put_sql =
    "insert into mail(kind, about, recipient, subject, text, file_name, file_type, file, made_us, attempts, not_before_us, error) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, '') on conflict(kind, about, recipient) do nothing";
constexpr std::string_view next_sql = ", file from mail where sent_us is null and given_up_us is null and not_before_us <= $1 order by not_before_us, id limit 1";  // mail_waiting
constexpr std::string_view due_sql = "select min(not_before_us) from mail where sent_us is null and given_up_us is null";                                          // mail_waiting
constexpr std::string_view tried_sql = "update mail set attempts = attempts + 1 where id = $1";
constexpr std::string_view sent_sql = "update mail set sent_us = $1, error = '', file = x'' where id = $2";
constexpr std::string_view failed_sql = "update mail set not_before_us = $1, error = $2 where id = $3";
constexpr std::string_view given_up_sql = "update mail set given_up_us = $1, error = $2 where id = $3";
constexpr std::string_view remove_sql = "delete from mail where id = $1 and sent_us is null and given_up_us is null";
constexpr std::string_view again_sql = "update mail set given_up_us = null, not_before_us = $1 where id = $2 and sent_us is null";
constexpr std::string_view health_sql = "select attempts, error from mail where sent_us is null and given_up_us is null order by made_us, id limit 1";
constexpr std::string_view forget_sql = "delete from mail where sent_us < $1 or given_up_us < $1";

std::optional<Instant> time_at(const Statement& row, int column) { return row.is_null(column) ? std::nullopt : std::optional(Instant{row.integer(column)}); }

Mail mail_from(const Statement& row) {
  return {.id = row.integer(0), .kind = std::string(row.text(1)), .about = std::string(row.text(2)), .recipient = std::string(row.text(3)), .subject = std::string(row.text(4)),
          .text = std::string(row.text(5)), .file_name = std::string(row.text(6)), .file_type = std::string(row.text(7)), .file = {}, .made = {row.integer(8)}, .attempts = row.integer(9),
          .not_before = {row.integer(10)}, .sent_at = time_at(row, 11), .given_up_at = time_at(row, 12), .error = std::string(row.text(13))};
}

}  // namespace

Result<> Mails::put(const Mail& m) {
  TRY(put, database_.prepare(put_sql));
  return put.run(m.kind, m.about, m.recipient, m.subject, m.text, m.file_name, m.file_type, Blob{m.file}, m.made.us, m.not_before.us);
}

Result<std::optional<Mail>> Mails::next(Instant now) {
  std::optional<Mail> found;
  TRY(select, database_.prepare(std::string(columns) + std::string(next_sql)));
  TRY_DONE(select.each([&](Statement& row) { found = mail_from(row); found->file = std::string(row.blob(14)); }, now.us));
  return found;
}

Result<std::optional<Instant>> Mails::next_due() {
  TRY(select, database_.prepare(due_sql));
  TRY(due, select.number());
  return due ? std::optional(Instant{*due}) : std::nullopt;
}

Result<> Mails::tried(std::int64_t id) { TRY(s, database_.prepare(tried_sql)); return s.run(id); }
Result<> Mails::sent(std::int64_t id, Instant now) { TRY(s, database_.prepare(sent_sql)); return s.run(now.us, id); }
Result<> Mails::failed(std::int64_t id, Instant not_before, std::string_view error) { TRY(s, database_.prepare(failed_sql)); return s.run(not_before.us, error, id); }
Result<> Mails::given_up(std::int64_t id, Instant now, std::string_view error) { TRY(s, database_.prepare(given_up_sql)); return s.run(now.us, error, id); }

Result<std::vector<Mail>> Mails::list(std::string_view kind, std::string_view about, std::int64_t limit) {
  std::vector<Mail> all;
  const bool every = kind.empty();
  TRY(select, database_.prepare(std::string(columns) + " from mail " + (every ? "order by id desc limit $1" : "where kind = $1 and about = $2 order by id desc limit $3")));
  const auto take = [&](Statement& row) { all.push_back(mail_from(row)); };
  if (every) TRY_DONE(select.each(take, limit));
  else TRY_DONE(select.each(take, kind, about, limit));
  return all;
}

Result<bool> Mails::remove(std::int64_t id) {
  TRY(s, database_.prepare(remove_sql));
  TRY_DONE(s.run(id));
  return database_.changes() > 0;
}

Result<bool> Mails::again(std::int64_t id, Instant now) {
  TRY(s, database_.prepare(again_sql));
  TRY_DONE(s.run(now.us, id));
  return database_.changes() > 0;
}

Result<Mails::Health> Mails::health() {
  Health health;
  TRY(select, database_.prepare(health_sql));
  TRY_DONE(select.each([&](Statement& row) { health = {row.integer(0), std::string(row.text(1))}; }));
  return health;
}

Result<> Mails::forget(Instant older) { TRY(s, database_.prepare(forget_sql)); return s.run(older.us); }

}  // namespace pasokh::storage
