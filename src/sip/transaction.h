// What the four state machines of RFC 3261 §17 share: a key, where the peer is, whose it is, and one deadline.
#pragma once

#include <cstdint>
#include <string>

#include "sip/address.h"
#include "sip/timers.h"
#include "sip/turn.h"

namespace pasokh::sip {

// Who is told what becomes of a client transaction.
struct Owner {
  enum class Kind : std::uint8_t { nobody, leg, trunk_register, trunk_options } kind = Kind::nobody;
  std::uint64_t id = 0;
};

class Transaction {
 public:
  enum class Kind : std::uint8_t { invite_server, other_server, invite_client, other_client };

  virtual ~Transaction() = default;

  const Kind kind;
  std::string key;      // set by the table
  Flow peer;
  Owner owner;
  Timer timer;

  virtual Instant deadline() const = 0;
  virtual bool is_unanswered_client() const { return false; }
  virtual bool is_unanswered() const = 0;    // else it only waits for what may come again
  bool counted = false;                      // by the table, among the unanswered
  bool finished() const { return finished_; }
  std::uint64_t repeated = 0;  // messages sent again

 protected:
  Transaction(Kind which, Flow remote, Owner whose) : kind(which), peer(std::move(remote)), owner(whose), timer(Wakes::transaction, this) {}
  bool reliable() const { return peer.transport == Transport::tcp; }
  void finish() { finished_ = true; }

 private:
  bool finished_ = false;
};

}  // namespace pasokh::sip
