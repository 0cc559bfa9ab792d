// Server transaction of every other request: RFC 3261 §17.2.2.
#pragma once

#include <string>

#include "sip/transaction.h"

namespace pasokh::sip {

namespace machines { enum class OtherServerMeets : std::uint8_t; }

class OtherServer : public Transaction {
 public:
  OtherServer(Flow remote, Owner whose) : Transaction(Kind::other_server, std::move(remote), whose) {}

  void respond(int status, std::string bytes, bool early, Turn turn);
  void request_again(Turn turn);
  void on_timeout(Turn turn);
  Instant deadline() const override { return give_up_at_; }
  bool is_unanswered() const override { return give_up_at_ == Instant::never(); }

 private:
  void meets(machines::OtherServerMeets) const;

  std::string last_;
  Instant give_up_at_ = Instant::never();    // Timer J
};

}  // namespace pasokh::sip
