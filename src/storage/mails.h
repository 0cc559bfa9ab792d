// Mail that is to be sent, and what became of it, in centre.db: one row per recipient. Put in the transaction of what it tells; sent by
// outbox/mailer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "storage/database.h"

namespace pasokh::storage {

struct Mail {
  std::int64_t id = 0;
  std::string kind, about;                         // "report" and "7@SLOT", "alarm" and "12 raised": with the recipient, never twice
  std::string recipient, subject, text;
  std::string file_name, file_type, file;          // empty: nothing is attached; gone once it is sent
  Instant made;
  std::int64_t attempts = 0;
  Instant not_before;
  std::optional<Instant> sent_at, given_up_at;     // none of both: it waits
  std::string error;                               // the last try's
};

class Mails {
 public:
  explicit Mails(Database& database) : database_(database) {}
  Result<> put(const Mail&);                       // nothing is done when it was put before
  Result<std::optional<Mail>> next(Instant now);   // whole; the one that has been due for longest
  Result<std::optional<Instant>> next_due();       // nothing: none waits
  Result<> tried(std::int64_t id);                 // before each try
  Result<> sent(std::int64_t id, Instant now);
  Result<> failed(std::int64_t id, Instant not_before, std::string_view error);
  Result<> given_up(std::int64_t id, Instant now, std::string_view error);
  // Those without their files, newest first; kind and about empty: all.
  Result<std::vector<Mail>> list(std::string_view kind, std::string_view about, std::int64_t limit);
  Result<bool> remove(std::int64_t id);            // one that waits
  Result<bool> again(std::int64_t id, Instant now);  // one that waits, or was given up: at once
  // How it goes with sending: tries in a row that failed, of the mail that waits for longest, and why.
  struct Health { std::int64_t attempts = 0; std::string error; };
  Result<Health> health();
  Result<> forget(Instant older);                  // those sent or given up before

 private:
  Database& database_;
};

}  // namespace pasokh::storage
