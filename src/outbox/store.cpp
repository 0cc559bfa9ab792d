#include "outbox/store.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/json_text.h"

namespace pasokh::outbox {
namespace {

using storage::Blob;
using storage::Database;
using storage::Statement;
using storage::Tx;

constexpr auto schema = R"sql(
create table if not exists webhook(
  id integer primary key autoincrement,
  url text not null,
  events text not null,
  secret blob not null,
  made_by text not null,
  made_us bigint not null,
  failures integer not null,
  not_before_us bigint not null,
  last_error text not null);
create table if not exists outbox(
  id integer primary key autoincrement,
  webhook bigint not null,
  event text not null,
  body text not null,
  made_us bigint not null,
  attempts integer not null,
  dropped text);
create index if not exists outbox_by_webhook on outbox(webhook, dropped, id);
create table if not exists outbox_position(id integer primary key, seq bigint not null, sum blob not null);
)sql";

constexpr std::string_view insert_webhook =
    "insert into webhook(url, events, secret, made_by, made_us, failures, not_before_us, last_error) values($1, $2, $3, $4, $5, 0, 0, '')";
constexpr std::string_view last_id = "select last_insert_rowid()";
constexpr std::string_view delete_webhook = "delete from webhook where id = $1";
constexpr std::string_view delete_messages = "delete from outbox where webhook = $1";
constexpr std::string_view select_webhooks = "select id, url, events, secret, made_by, made_us, failures, not_before_us, last_error from webhook order by id";
constexpr std::string_view count_waiting = "select count(*) from outbox where webhook = $1 and dropped is null";                              // outbox_by_webhook
constexpr std::string_view select_position = "select seq, sum from outbox_position where id = 1";
constexpr std::string_view upsert_position = "insert into outbox_position(id, seq, sum) values(1, $1, $2) on conflict(id) do update set seq = excluded.seq, sum = excluded.sum";
constexpr std::string_view insert_message = "insert into outbox(webhook, event, body, made_us, attempts) values($1, $2, $3, $4, 0)";
constexpr std::string_view select_next = "select id, webhook, event, body, made_us, attempts from outbox where webhook = $1 and dropped is null order by id limit 1";  // outbox_by_webhook
constexpr std::string_view delete_message = "delete from outbox where id = $1";
constexpr std::string_view count_attempt = "update outbox set attempts = attempts + 1 where id = $1";
constexpr std::string_view drop_message = "update outbox set dropped = $1 where id = $2";
constexpr std::string_view webhook_well = "update webhook set failures = 0, not_before_us = 0, last_error = '' where id = $1";
constexpr std::string_view webhook_ill = "update webhook set failures = failures + 1, not_before_us = $1, last_error = $2 where id = $3";
constexpr std::string_view select_failures = "select failures from webhook where id = $1";
constexpr std::string_view select_lost = "select id, webhook, event, body, made_us, attempts from outbox where webhook = $1 and dropped is not null order by id desc limit 100";  // outbox_by_webhook

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : " ") + item;
  return out;
}
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> list;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    list.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return list;
}
Message message_from(Statement& row) { return {row.integer(0), row.integer(1), std::string(row.text(2)), std::string(row.text(3)), {row.integer(4)}, row.integer(5)}; }

}  // namespace

Duration pause_after(std::int64_t failures) {
  constexpr std::int64_t seconds[] = {1, 5, 30, 120, 600, 3'600};
  return Duration::seconds(seconds[std::min<std::int64_t>(std::max<std::int64_t>(failures, 1), 6) - 1]);
}

Result<Store> Store::open(const std::string& dir) {
  const std::string path = dir + "/centre.db";
  auto opened = Database::open(path, Database::Mode::read_write);
  if (!opened) return within("opening " + path, std::move(opened).error());
  ::chmod(path.c_str(), 0600);
  if (auto prepared = opened->run(schema); !prepared) return within("preparing " + path, std::move(prepared).error());
  return Store(std::move(*opened));
}

Result<std::int64_t> Store::add(const Webhook& w) {
  TRY(tx, Tx::begin(database_));
  TRY(statement, database_.prepare(insert_webhook));
  TRY_DONE(statement.run(w.url, joined(w.events), Blob{w.sealed_secret}, w.made_by, w.made.us));
  TRY(id, database_.prepare(last_id));
  TRY(number, id.number());
  TRY_DONE(tx.commit());
  return number.value_or(0);
}

Result<bool> Store::remove(std::int64_t id) {
  TRY(tx, Tx::begin(database_));
  TRY(messages, database_.prepare(delete_messages));
  TRY_DONE(messages.run(id));
  TRY(webhook, database_.prepare(delete_webhook));
  TRY_DONE(webhook.run(id));
  const bool was_there = database_.changes() > 0;
  TRY_DONE(tx.commit());
  return was_there;
}

Result<std::vector<Webhook>> Store::webhooks() {
  std::vector<Webhook> all;
  TRY(statement, database_.prepare(select_webhooks));
  TRY_DONE(statement.each([&](Statement& row) {
    all.push_back({row.integer(0), std::string(row.text(1)), split(row.text(2)), std::string(row.blob(3)), std::string(row.text(4)), {row.integer(5)}, row.integer(6), {row.integer(7)}, std::string(row.text(8))});
  }));
  return all;
}

Result<std::int64_t> Store::waiting(std::int64_t webhook) {
  TRY(statement, database_.prepare(count_waiting));
  TRY(number, statement.number(webhook));
  return number.value_or(0);
}

Result<std::optional<std::pair<std::uint64_t, std::string>>> Store::position() {
  std::optional<std::pair<std::uint64_t, std::string>> found;
  TRY(statement, database_.prepare(select_position));
  TRY_DONE(statement.each([&](Statement& row) { found.emplace(static_cast<std::uint64_t>(row.integer(0)), row.blob(1)); }));
  return found;
}

Result<> Store::insert(const Message& m) {
  TRY(statement, database_.prepare(insert_message));
  return statement.run(m.webhook, m.event, m.body, m.made.us);
}

Result<> Store::put(const std::vector<Message>& messages, std::uint64_t seq, const std::string& sum) {
  TRY(tx, Tx::begin(database_));
  for (const auto& message : messages) TRY_DONE(insert(message));
  TRY(statement, database_.prepare(upsert_position));
  TRY_DONE(statement.run(seq, Blob{sum}));
  return tx.commit();
}
Result<> Store::put(const Message& message) { return insert(message); }

Result<std::optional<Message>> Store::next(std::int64_t webhook) {
  std::optional<Message> found;
  TRY(statement, database_.prepare(select_next));
  TRY_DONE(statement.each([&](Statement& row) { found = message_from(row); }, webhook));
  return found;
}

Result<> Store::told(const Message& message) {
  TRY(tx, Tx::begin(database_));
  TRY(gone, database_.prepare(delete_message));
  TRY_DONE(gone.run(message.id));
  TRY(well, database_.prepare(webhook_well));
  TRY_DONE(well.run(message.webhook));
  return tx.commit();
}

Result<> Store::failed(const Message& message, Instant now, const std::string& why) {
  TRY(tx, Tx::begin(database_));
  TRY(attempt, database_.prepare(count_attempt));
  TRY_DONE(attempt.run(message.id));
  TRY(failures, database_.prepare(select_failures));
  TRY(number, failures.number(message.webhook));
  TRY(ill, database_.prepare(webhook_ill));
  TRY_DONE(ill.run((now + pause_after(number.value_or(0) + 1)).us, why.substr(0, 500), message.webhook));
  return tx.commit();
}

Result<> Store::dropped(const Message& message, const std::string& why) {
  TRY(statement, database_.prepare(drop_message));
  return statement.run(why.substr(0, 500), message.id);
}

std::string message_body(std::string_view event, Instant at, std::string_view seq, std::string_view data) {
  return "{\"event\":" + json_text(std::string(event)) + ",\"at\":" + json_text(at) + (seq.empty() ? "" : ",\"seq\":" + json_text(std::string(seq))) + ",\"data\":" + std::string(data) + "}";
}

Result<> put_event(Database& database, std::string_view event, Instant now, std::string_view data) {
  std::vector<std::int64_t> to;
  TRY(select, database.prepare(select_webhooks));
  TRY_DONE(select.each([&](Statement& row) {
    const auto events = split(row.text(2));
    if (std::find(events.begin(), events.end(), event) != events.end()) to.push_back(row.integer(0));
  }));
  TRY(insert, database.prepare(insert_message));
  for (const auto webhook : to) TRY_DONE(insert.run(webhook, event, message_body(event, now, "", data), now.us));
  return Done{};
}

Result<std::vector<Message>> Store::lost(std::int64_t webhook) {
  std::vector<Message> all;
  TRY(statement, database_.prepare(select_lost));
  TRY_DONE(statement.each([&](Statement& row) { all.push_back(message_from(row)); }, webhook));
  return all;
}

}  // namespace pasokh::outbox
