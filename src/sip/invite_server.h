// Server transaction of an INVITE: RFC 3261 §17.2.1 with the Accepted state of RFC 6026 §7.1.
// 2xx are repeated by the leg, not here (§13.3.1.4).
#pragma once

#include <optional>
#include <string>

#include "sip/transaction.h"

namespace pasokh::sip {

class InviteServer : public Transaction {
 public:
  enum class State : std::uint8_t { proceeding, completed, confirmed, accepted };
  enum class Fired : std::uint8_t { nothing, ack_never_came };

  InviteServer(Flow remote, Owner whose) : Transaction(Kind::invite_server, std::move(remote), whose) {}

  State state() const { return state_; }
  bool answered() const { return state_ != State::proceeding; }

  void respond(int status, std::string bytes, bool early, Turn turn);
  void request_again(Turn turn);
  void acknowledged(Turn turn);              // ACK to a failure; the ACK to a 2xx is another transaction and goes to the leg
  void remember(std::string provisional) { last_ = std::move(provisional); }  // after a restart: told again when asked again
  void expect_no_more(Instant now);          // after a restart: the 2xx went out in an earlier life
  Fired on_timeout(Turn turn);
  Instant deadline() const override;
  bool is_unanswered() const override { return state_ == State::proceeding; }

 private:
  State state_ = State::proceeding;
  std::string last_;
  Duration interval_ = t1;
  Instant resend_at_ = Instant::never();     // Timer G
  Instant give_up_at_ = Instant::never();    // Timer H, I or L
};

}  // namespace pasokh::sip
