#include "storage/access_store.h"

#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>
#include <mutex>

#include "base/codec.h"
#include "storage/database.h"

namespace pasokh::storage {
namespace {

constexpr auto schema = R"sql(
create table if not exists users(
  login text primary key,
  role integer not null,
  agent text not null,
  password_hash text not null,
  must_change integer not null,
  created_us bigint not null,
  password_changed_us bigint not null);
create table if not exists sessions(
  hash blob primary key,
  login text not null,
  token_name text not null,
  role integer not null,
  created_us bigint not null,
  last_used_us bigint not null,
  expires_us bigint not null,
  address text not null,
  program text not null);
create index if not exists sessions_by_login on sessions(login);
create table if not exists second_factor(
  login text primary key,
  secret blob not null,
  active integer not null,
  last_step bigint not null);
create table if not exists recovery_code(
  login text not null,
  hash blob not null,
  primary key(login, hash));
create table if not exists token_agent(token_name text primary key, agent text not null);
create table if not exists sign_in(id integer primary key autoincrement, login text not null, address text not null, at_us bigint not null, succeeded integer not null);
create index if not exists sign_in_by_pair on sign_in(login, address, succeeded);
create index if not exists sign_in_by_time on sign_in(succeeded, at_us);
create table if not exists audit(
  seq integer primary key,
  at_us bigint not null,
  who text not null,
  came_from text not null,
  what text not null,
  object text not null,
  outcome text not null,
  sum blob not null);
)sql";

constexpr std::string_view insert_user =
    "insert into users(login, role, agent, password_hash, must_change, created_us, password_changed_us) values($1, $2, $3, $4, $5, $6, $7)";
constexpr std::string_view upsert_user =
    "insert into users(login, role, agent, password_hash, must_change, created_us, password_changed_us) values($1, $2, $3, $4, $5, $6, $7) "
    "on conflict(login) do update set role = excluded.role, agent = excluded.agent, password_hash = excluded.password_hash, "
    "must_change = excluded.must_change, password_changed_us = excluded.password_changed_us";
constexpr std::string_view update_user =
    "update users set role = $1, agent = $2, password_hash = $3, must_change = $4, password_changed_us = $5 where login = $6";
constexpr std::string_view delete_user = "delete from users where login = $1";
constexpr std::string_view delete_sessions_of_user = "delete from sessions where login = $1";
constexpr std::string_view select_user =
    "select login, role, agent, password_hash, must_change, created_us, password_changed_us from users where login = $1";
constexpr std::string_view select_users =
    "select login, role, agent, password_hash, must_change, created_us, password_changed_us from users order by login";
constexpr std::string_view insert_session =
    "insert into sessions(hash, login, token_name, role, created_us, last_used_us, expires_us, address, program) "
    "values($1, $2, $3, $4, $5, $6, $7, $8, $9)";
constexpr std::string_view delete_expired_sessions = "delete from sessions where login = $1 and expires_us <= $2";  // sessions_by_login
constexpr std::string_view session_columns =
    "select hash, login, token_name, role, created_us, last_used_us, expires_us, address, program from sessions ";
constexpr std::string_view touch = "update sessions set last_used_us = $1 where hash = $2";
constexpr std::string_view delete_session = "delete from sessions where hash = $1";
constexpr std::string_view delete_other_sessions = "delete from sessions where login = $1 and token_name = '' and hash <> $2";  // sessions_by_login
constexpr std::string_view delete_token = "delete from sessions where token_name = $1 and token_name <> ''";
constexpr std::string_view insert_token_agent = "insert into token_agent(token_name, agent) values($1, $2) on conflict(token_name) do update set agent = excluded.agent";
constexpr std::string_view select_token_agent = "select agent from token_agent where token_name = $1";
constexpr std::string_view delete_token_agent = "delete from token_agent where token_name = $1";
constexpr std::string_view delete_sign_ins = "delete from sign_in where login = $1 and address = $2";                            // sign_in_by_pair
constexpr std::string_view insert_sign_in = "insert into sign_in(login, address, at_us, succeeded) values($1, $2, $3, $4)";
constexpr std::string_view delete_old_failures = "delete from sign_in where succeeded = 0 and at_us < $1";                       // sign_in_by_time
constexpr std::string_view delete_old_successes = "delete from sign_in where succeeded = 1 and at_us < $1";                      // sign_in_by_time
constexpr std::string_view select_sign_ins = "select login, address, at_us, succeeded from sign_in order by id desc limit 20000";
constexpr Duration failures_kept = Duration::hours(1), successes_kept = Duration::hours(24 * 90);
constexpr std::string_view select_second_factor =
    "select login, secret, active, last_step, (select count(*) from recovery_code r where r.login = second_factor.login) from second_factor where login = $1";
constexpr std::string_view upsert_second_factor =
    "insert into second_factor(login, secret, active, last_step) values($1, $2, $3, $4) "
    "on conflict(login) do update set secret = excluded.secret, active = excluded.active, last_step = excluded.last_step";
constexpr std::string_view delete_second_factor = "delete from second_factor where login = $1";
constexpr std::string_view delete_recovery_codes = "delete from recovery_code where login = $1";
constexpr std::string_view insert_recovery_code = "insert into recovery_code(login, hash) values($1, $2)";
constexpr std::string_view delete_recovery_code = "delete from recovery_code where login = $1 and hash = $2";
constexpr std::string_view advance_step = "update second_factor set last_step = $1 where login = $2 and last_step < $1";
constexpr std::string_view last_audit = "select seq, sum from audit order by seq desc limit 1";
constexpr std::string_view insert_audit =
    "insert into audit(seq, at_us, who, came_from, what, object, outcome, sum) values($1, $2, $3, $4, $5, $6, $7, $8)";
constexpr std::string_view select_audit =
    "select seq, at_us, who, came_from, what, object, outcome, sum from audit where seq < $1 order by seq desc limit $2";
constexpr std::string_view select_audit_upwards =
    "select seq, at_us, who, came_from, what, object, outcome, sum from audit order by seq";

User user_from(Statement& row) {
  return User{.login = std::string(row.text(0)), .role = static_cast<access::Role>(row.integer(1)), .agent = std::string(row.text(2)),
              .password_hash = std::string(row.text(3)), .must_change = row.integer(4) != 0, .created = {row.integer(5)},
              .password_changed = {row.integer(6)}};
}

Session session_from(Statement& row) {
  return Session{.hash = std::string(row.blob(0)), .login = std::string(row.text(1)), .token_name = std::string(row.text(2)),
                 .role = static_cast<access::Role>(row.integer(3)), .created = {row.integer(4)}, .last_used = {row.integer(5)},
                 .expires = {row.integer(6)}, .address = std::string(row.text(7)), .program = std::string(row.text(8))};
}

AuditRow audit_from(Statement& row) {
  return AuditRow{.seq = static_cast<std::uint64_t>(row.integer(0)), .at = {row.integer(1)}, .who = std::string(row.text(2)),
                  .from = std::string(row.text(3)), .what = std::string(row.text(4)), .object = std::string(row.text(5)),
                  .outcome = std::string(row.text(6))};
}

std::string chained(std::string_view previous, const AuditRow& row) {
  const std::string bytes = std::string(previous) + to_bytes(row);
  unsigned char sum[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), sum);
  return std::string(reinterpret_cast<const char*>(sum), sizeof sum);
}

class Store final : public AccessStore {
 public:
  explicit Store(Database database) : database_(std::move(database)) {}

  Result<> prepare() { return database_.run(schema); }

  Result<> add(const User& user) override {
    const std::scoped_lock lock(guard_);
    ++own_changes_;
    auto added = put(insert_user, user);
    if (!added && added.error().code == "exists") return trouble("user-exists", "there is a user " + user.login + " already");
    return added;
  }

  Result<> change(const User& u) override {
    const std::scoped_lock lock(guard_);
    ++own_changes_;
    TRY(statement, database_.prepare(update_user));
    TRY_DONE(statement.run(static_cast<int>(u.role), u.agent, u.password_hash, u.must_change ? 1 : 0, u.password_changed.us, u.login));
    if (database_.changes() == 0) return unknown(u.login);
    return Done{};
  }

  Result<> remove(std::string_view login) override {
    const std::scoped_lock lock(guard_);
    ++own_changes_;
    TRY(tx, Tx::begin(database_));
    TRY(of_user, database_.prepare(delete_sessions_of_user));
    TRY_DONE(of_user.run(login));
    for (const auto sql : {delete_second_factor, delete_recovery_codes}) {
      TRY(of_factor, database_.prepare(sql));
      TRY_DONE(of_factor.run(login));
    }
    TRY(statement, database_.prepare(delete_user));
    TRY_DONE(statement.run(login));
    if (database_.changes() == 0) return unknown(login);
    return tx.commit();
  }

  Result<std::optional<User>> find(std::string_view login) override {
    const std::scoped_lock lock(guard_);
    return find_locked(login);
  }

  Result<std::vector<User>> users() override {
    const std::scoped_lock lock(guard_);
    std::vector<User> all;
    TRY(statement, database_.prepare(select_users));
    TRY_DONE(statement.each([&](Statement& row) { all.push_back(user_from(row)); }));
    return all;
  }

  Result<> add_all(const std::vector<User>& users) override {
    const std::scoped_lock lock(guard_);
    ++own_changes_;
    TRY(tx, Tx::begin(database_));
    for (const auto& user : users) TRY_DONE(put(upsert_user, user));
    return tx.commit();
  }

  Result<> begin_session(const Session& s) override {
    const std::scoped_lock lock(guard_);
    TRY(tx, Tx::begin(database_));
    TRY(expired, database_.prepare(delete_expired_sessions));
    TRY_DONE(expired.run(s.login, s.created.us));
    TRY(statement, database_.prepare(insert_session));
    TRY_DONE(statement.run(Blob{s.hash}, s.login, s.token_name, static_cast<int>(s.role), s.created.us, s.last_used.us, s.expires.us, s.address,
                           s.program));
    if (!s.token_name.empty() && !s.agent.empty()) {
      TRY(agent, database_.prepare(insert_token_agent));
      TRY_DONE(agent.run(s.token_name, s.agent));
    }
    return tx.commit();
  }

  Result<std::optional<Found>> session(std::string_view hash, Instant now) override {
    const std::scoped_lock lock(guard_);
    std::optional<Session> session;
    TRY(statement, database_.prepare(std::string(session_columns) + "where hash = $1"));
    TRY_DONE(statement.each([&](Statement& row) { session = session_from(row); }, Blob{hash}));
    if (!session || session->expires <= now) return std::optional<Found>();
    TRY_DONE(add_agent(*session));
    TRY(user, find_locked(session->login));
    if (!user) return std::optional<Found>();
    return std::optional<Found>(Found{std::move(*session), std::move(*user)});
  }

  Result<> touch_session(std::string_view hash, Instant now) override {
    const std::scoped_lock lock(guard_);
    TRY(statement, database_.prepare(touch));
    return statement.run(now.us, Blob{hash});
  }

  Result<bool> end_session(std::string_view hash) override {
    const std::scoped_lock lock(guard_);
    ++own_changes_;
    TRY(statement, database_.prepare(delete_session));
    TRY_DONE(statement.run(Blob{hash}));
    return database_.changes() > 0;
  }

  Result<std::int64_t> end_sessions(std::string_view login, std::string_view except_hash) override {
    const std::scoped_lock lock(guard_);
    ++own_changes_;
    TRY(statement, database_.prepare(delete_other_sessions));
    TRY_DONE(statement.run(login, Blob{except_hash}));
    return database_.changes();
  }

  Result<std::vector<Session>> sessions(std::string_view login) override {
    return list("where login = $1 and token_name = '' order by created_us", login);
  }
  Result<std::vector<Session>> tokens() override {
    TRY(all, list("where token_name <> $1 order by token_name", ""));
    const std::scoped_lock lock(guard_);
    for (auto& token : all) TRY_DONE(add_agent(token));
    return all;
  }

  Result<bool> end_token(std::string_view name) override {
    const std::scoped_lock lock(guard_);
    ++own_changes_;
    TRY(agent, database_.prepare(delete_token_agent));
    TRY_DONE(agent.run(name));
    TRY(statement, database_.prepare(delete_token));
    TRY_DONE(statement.run(name));
    return database_.changes() > 0;
  }

  Result<> note_sign_in(const SignIn& s) override {
    const std::scoped_lock lock(guard_);
    TRY(tx, Tx::begin(database_));
    if (s.succeeded) {
      TRY(gone, database_.prepare(delete_sign_ins));
      TRY_DONE(gone.run(s.login, s.address));
    }
    TRY(old_failures, database_.prepare(delete_old_failures));
    TRY_DONE(old_failures.run((s.at - failures_kept).us));
    TRY(old_successes, database_.prepare(delete_old_successes));
    TRY_DONE(old_successes.run((s.at - successes_kept).us));
    TRY(insert, database_.prepare(insert_sign_in));
    TRY_DONE(insert.run(s.login.substr(0, 100), s.address, s.at.us, s.succeeded ? 1 : 0));
    return tx.commit();
  }

  Result<std::vector<SignIn>> sign_ins(Instant now) override {
    const std::scoped_lock lock(guard_);
    std::vector<SignIn> all;
    TRY(statement, database_.prepare(select_sign_ins));
    TRY_DONE(statement.each([&](Statement& row) {
      SignIn one{std::string(row.text(0)), std::string(row.text(1)), {row.integer(2)}, row.integer(3) != 0};
      if (now - one.at < (one.succeeded ? successes_kept : failures_kept)) all.push_back(std::move(one));
    }));
    std::reverse(all.begin(), all.end());
    return all;
  }

  Result<std::optional<SecondFactor>> second_factor(std::string_view login) override {
    const std::scoped_lock lock(guard_);
    std::optional<SecondFactor> found;
    TRY(statement, database_.prepare(select_second_factor));
    TRY_DONE(statement.each([&](Statement& row) {
      found = SecondFactor{std::string(row.text(0)), std::string(row.blob(1)), row.integer(2) != 0, row.integer(3), row.integer(4)};
    }, login));
    return found;
  }

  Result<> save_second_factor(const SecondFactor& f, const std::vector<std::string>& recovery) override {
    const std::scoped_lock lock(guard_);
    TRY(tx, Tx::begin(database_));
    TRY(factor, database_.prepare(upsert_second_factor));
    TRY_DONE(factor.run(f.login, Blob{f.sealed_secret}, f.active ? 1 : 0, f.last_step));
    TRY(gone, database_.prepare(delete_recovery_codes));
    TRY_DONE(gone.run(f.login));
    TRY(code, database_.prepare(insert_recovery_code));
    for (const auto& hash : recovery) TRY_DONE(code.run(f.login, Blob{hash}));
    return tx.commit();
  }

  Result<bool> remove_second_factor(std::string_view login) override {
    const std::scoped_lock lock(guard_);
    TRY(tx, Tx::begin(database_));
    TRY(codes, database_.prepare(delete_recovery_codes));
    TRY_DONE(codes.run(login));
    TRY(factor, database_.prepare(delete_second_factor));
    TRY_DONE(factor.run(login));
    const bool was_there = database_.changes() > 0;
    TRY_DONE(tx.commit());
    return was_there;
  }

  Result<bool> take_step(std::string_view login, std::int64_t step) override {
    const std::scoped_lock lock(guard_);
    TRY(statement, database_.prepare(advance_step));
    TRY_DONE(statement.run(step, login));
    return database_.changes() > 0;
  }

  Result<bool> take_recovery(std::string_view login, std::string_view hash) override {
    const std::scoped_lock lock(guard_);
    TRY(statement, database_.prepare(delete_recovery_code));
    TRY_DONE(statement.run(login, Blob{hash}));
    return database_.changes() > 0;
  }

  std::uint64_t sessions_version() override {
    const std::scoped_lock lock(guard_);
    std::uint64_t others = 0;
    if (auto statement = database_.prepare("pragma data_version"))
      if (const auto version = statement->number(); version && *version) others = static_cast<std::uint64_t>(**version);
    return (others << 32) + own_changes_ + 1;
  }

  Result<> audit(const AuditRow& given) override {
    const std::scoped_lock lock(guard_);
    TRY(tx, Tx::begin(database_));
    AuditRow row = given;
    std::string previous;
    row.seq = 1;
    TRY(last, database_.prepare(last_audit));
    TRY_DONE(last.each([&](Statement& found) { row.seq = static_cast<std::uint64_t>(found.integer(0)) + 1; previous = found.blob(1); }));
    const std::string sum = chained(previous, row);
    TRY(statement, database_.prepare(insert_audit));
    TRY_DONE(statement.run(row.seq, row.at.us, row.who, row.from, row.what, row.object, row.outcome, Blob{sum}));
    return tx.commit();
  }

  Result<std::vector<AuditRow>> audit_rows(std::uint64_t before, int limit) override {
    const std::scoped_lock lock(guard_);
    std::vector<AuditRow> rows;
    TRY(statement, database_.prepare(select_audit));
    TRY_DONE(statement.each([&](Statement& row) { rows.push_back(audit_from(row)); }, before, limit));
    return rows;
  }

  Result<std::string> verify_audit() override {
    const std::scoped_lock lock(guard_);
    std::string previous, wrong;
    std::uint64_t expected = 1;
    TRY(statement, database_.prepare(select_audit_upwards));
    TRY_DONE(statement.each([&](Statement& found) {
      const AuditRow row = audit_from(found);
      const std::string sum(found.blob(7));
      if (row.seq != expected) wrong = "audit row " + std::to_string(expected) + " is missing";
      else if (chained(previous, row) != sum) wrong = "audit row " + std::to_string(row.seq) + " was changed";
      previous = sum;
      ++expected;
      return wrong.empty();
    }));
    return wrong;
  }

 private:
  Result<> add_agent(Session& session) {  // with the lock
    if (session.token_name.empty()) return Done{};
    TRY(statement, database_.prepare(select_token_agent));
    return statement.each([&](Statement& row) { session.agent = std::string(row.text(0)); }, session.token_name);
  }

  static Trouble unknown(std::string_view login) { return trouble("user-unknown", "there is no user " + std::string(login)); }

  Result<> put(std::string_view sql, const User& u) {
    TRY(statement, database_.prepare(sql));
    return statement.run(u.login, static_cast<int>(u.role), u.agent, u.password_hash, u.must_change ? 1 : 0, u.created.us, u.password_changed.us);
  }

  Result<std::optional<User>> find_locked(std::string_view login) {
    std::optional<User> found;
    TRY(statement, database_.prepare(select_user));
    TRY_DONE(statement.each([&](Statement& row) { found = user_from(row); }, login));
    return found;
  }

  Result<std::vector<Session>> list(const std::string& where, std::string_view value) {
    const std::scoped_lock lock(guard_);
    std::vector<Session> all;
    TRY(statement, database_.prepare(std::string(session_columns) + where));
    TRY_DONE(statement.each([&](Statement& row) { all.push_back(session_from(row)); }, value));
    return all;
  }

  std::mutex guard_;
  Database database_;
  std::uint64_t own_changes_ = 0;                       // data_version (sqlite.org/pragma.html) tells of others' only
};

}  // namespace

Result<std::unique_ptr<AccessStore>> AccessStore::open(const std::string& dir) {
  const std::string path = dir + "/centre.db";
  auto database = Database::open(path, Database::Mode::read_write);
  if (!database) return within("opening " + path, std::move(database).error());
  auto store = std::make_unique<Store>(std::move(*database));
  if (auto prepared = store->prepare(); !prepared) return within("preparing " + path, std::move(prepared).error());
  return std::unique_ptr<AccessStore>(std::move(store));
}

}  // namespace pasokh::storage
