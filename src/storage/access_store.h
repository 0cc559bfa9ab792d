// DIR/centre.db: users, their sessions, tokens for programs, and the audit log. Used by the server and, beside it, by
// `pasokh user`; SQLite's own locking keeps the two apart. Holds only hashes of passwords and tokens.
// Every audit row carries SHA-256(previous sum, row): a row that is changed, removed or put in between is found by verify.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/result.h"
#include "base/time.h"
#include "office/access/access.h"

namespace pasokh::storage {

struct User {
  std::string login;
  access::Role role = access::Role::agent;
  std::string agent;                  // code of the agent that this person is, or empty
  std::string password_hash;          // argon2id, in its own text form
  bool must_change = false;           // the password was given by somebody else
  Instant created, password_changed;
};

// A person's session or a program's token: whoever shows the secret whose SHA-256 is `hash` is `login`.
struct Session {
  std::string hash;                   // 32 bytes
  std::string login;
  std::string token_name;             // empty: a person's session
  access::Role role = access::Role::agent;  // a token's own; a person's is that of the user, as of now
  Instant created, last_used, expires;
  std::string address, program;       // from where; User-Agent
  std::string agent = {};             // a token's: at whose desk it acts, or empty
};

// A person's second factor: the secret is sealed by the master key, recovery codes are kept as their SHA-256.
struct SecondFactor {
  std::string login;
  std::string sealed_secret;
  bool active = false;                // not before its first code was shown
  std::int64_t last_step = 0;         // of the last code that was taken
  std::int64_t recovery_left = 0;
};

struct AuditRow {
  std::uint64_t seq = 0;
  Instant at;
  std::string who, from, what, object, outcome;
  PASOKH_FIELDS(seq, at, who, from, what, object, outcome)
};

class AccessStore {                   // one object, any thread
 public:
  static Result<std::unique_ptr<AccessStore>> open(const std::string& dir);
  virtual ~AccessStore() = default;

  virtual Result<> add(const User&) = 0;                                   // "user-exists"
  virtual Result<> change(const User&) = 0;                                // "user-unknown"
  virtual Result<> remove(std::string_view login) = 0;                     // with sessions and tokens; "user-unknown"
  virtual Result<std::optional<User>> find(std::string_view login) = 0;
  virtual Result<std::vector<User>> users() = 0;                           // by login
  virtual Result<> add_all(const std::vector<User>&) = 0;                  // all or none; those that exist are changed

  virtual Result<> begin_session(const Session&) = 0;
  // the session and its user as they stand now; nothing when expired, ended or unknown
  struct Found { Session session; User user; };
  virtual Result<std::optional<Found>> session(std::string_view hash, Instant now) = 0;
  virtual Result<> touch_session(std::string_view hash, Instant now) = 0;
  virtual Result<bool> end_session(std::string_view hash) = 0;
  virtual Result<std::int64_t> end_sessions(std::string_view login, std::string_view except_hash) = 0;  // persons' only
  virtual Result<std::vector<Session>> sessions(std::string_view login) = 0;
  virtual Result<std::vector<Session>> tokens() = 0;
  virtual Result<bool> end_token(std::string_view name) = 0;

  virtual Result<std::optional<SecondFactor>> second_factor(std::string_view login) = 0;
  // In the place of the one before; `recovery`: hashes, in the place of those before.
  virtual Result<> save_second_factor(const SecondFactor&, const std::vector<std::string>& recovery) = 0;
  virtual Result<bool> remove_second_factor(std::string_view login) = 0;
  // True once only, whoever asks at the same time: the step of a code, a recovery code.
  virtual Result<bool> take_step(std::string_view login, std::int64_t step) = 0;
  virtual Result<bool> take_recovery(std::string_view login, std::string_view hash) = 0;

  // What the throttle of sign-ins must not forget by a restart: the newest of each login, address and outcome count.
  struct SignIn { std::string login, address; Instant at; bool succeeded = false; };
  virtual Result<> note_sign_in(const SignIn&) = 0;                        // a success takes the pair's failures away
  virtual Result<std::vector<SignIn>> sign_ins(Instant now) = 0;           // failures of the last hour, successes of the last 90 days; oldest first

  // Another number whenever sessions, tokens or users may have changed, by us or by another process; cheap.
  virtual std::uint64_t sessions_version() = 0;

  virtual Result<> audit(const AuditRow&) = 0;                             // seq is given here
  virtual Result<std::vector<AuditRow>> audit_rows(std::uint64_t before, int limit) = 0;  // newest first
  virtual Result<std::string> verify_audit() = 0;                          // empty: whole; else the first row that is wrong
};

}  // namespace pasokh::storage
