// Tables of DIR/centre.db: where to tell what, what is still to be told, and up to where the journal has been looked through. The place in
// the journal moves in the transaction that writes the messages: none is forgotten and none is written twice, whenever we die.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "storage/database.h"

namespace pasokh::outbox {

struct Webhook {
  std::int64_t id = 0;
  std::string url;
  std::vector<std::string> events;     // "call.ended"…
  std::string sealed_secret;
  std::string made_by;
  Instant made;
  // how it goes
  std::int64_t failures = 0;           // in a row
  Instant not_before;                  // the next try
  std::string last_error;
};

struct Message {
  std::int64_t id = 0, webhook = 0;
  std::string event, body;             // body: JSON, as it is sent
  Instant made;
  std::int64_t attempts = 0;
};

class Store {                          // one thread at a time
 public:
  static Result<Store> open(const std::string& dir);

  Result<std::int64_t> add(const Webhook&);
  Result<bool> remove(std::int64_t id);                       // with what waits for it
  Result<std::vector<Webhook>> webhooks();
  Result<std::int64_t> waiting(std::int64_t webhook);

  Result<std::optional<std::pair<std::uint64_t, std::string>>> position();   // seq, sum of the journal
  Result<> put(const std::vector<Message>&, std::uint64_t seq, const std::string& sum);  // messages and position, or neither
  Result<> put(const Message&);

  Result<std::optional<Message>> next(std::int64_t webhook);  // the oldest of those that wait
  Result<> told(const Message&);
  Result<> failed(const Message&, Instant now, const std::string& why);     // later again
  Result<> dropped(const Message&, const std::string& why);   // tried for long enough
  Result<std::vector<Message>> lost(std::int64_t webhook);    // the newest of those dropped

 private:
  explicit Store(storage::Database database) : database_(std::move(database)) {}
  Result<> insert(const Message&);
  storage::Database database_;
};

// What does not stand in the journal, put for whoever asked for it in a transaction that the caller has begun on DIR/centre.db: told if
// and only if that is committed.
Result<> put_event(storage::Database&, std::string_view event, Instant now, std::string_view data);
// {"event":…,"at":…,"seq":…,"data":…}; seq empty: not in the journal
std::string message_body(std::string_view event, Instant at, std::string_view seq, std::string_view data);

// 1 s, 5 s, 30 s, 2 min, 10 min, then each hour; given up after a day.
Duration pause_after(std::int64_t failures);
inline constexpr Duration given_up_after = Duration::hours(24);

}  // namespace pasokh::outbox
