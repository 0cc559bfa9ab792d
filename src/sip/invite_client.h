// Client transaction of an INVITE: RFC 3261 §17.1.1 with the Accepted state of RFC 6026 §7.2, and its CANCEL (§9.1).
#pragma once

#include <string>

#include "sip/message.h"
#include "sip/transaction.h"

namespace pasokh::sip {

class InviteClient : public Transaction {
 public:
  enum class State : std::uint8_t { calling, proceeding, completed, accepted };
  enum class Verdict : std::uint8_t { absorbed, pass_up };   // pass_up: the owner must hear of this response
  enum class Fired : std::uint8_t { nothing, timed_out };

  InviteClient(Flow remote, Owner whose, std::string request) : Transaction(Kind::invite_client, std::move(remote), whose), request_(std::move(request)) {}

  State state() const { return state_; }
  const std::string& request() const { return request_; }
  bool cancelled() const { return cancelled_; }

  void start(Turn turn, bool early = false);
  Verdict response(const Message& response, Turn turn);
  Fired on_timeout(Turn turn);
  Instant deadline() const override;
  bool is_unanswered() const override { return is_unanswered_client(); }
  bool is_unanswered_client() const override { return state_ == State::calling || state_ == State::proceeding; }
  // §9.1: may go only after a provisional answer; true = send the CANCEL now, else ask take_cancel_due() after a provisional
  bool cancel(Instant now);
  bool take_cancel_due(Instant now);
  void end_by(Instant latest);               // nobody is waited for without end, whatever provisional answers still come
  void give_up();                            // the owner has found another way
  void moved_to(Flow flow, Turn turn);       // the peer's connection was replaced

 private:
  std::string acknowledgement(const Message& response) const;

  State state_ = State::calling;
  std::string request_, ack_;
  bool cancel_wanted_ = false, cancelled_ = false;
  Duration interval_ = t1;
  Instant resend_at_ = Instant::never();     // Timer A
  Instant give_up_at_ = Instant::never();    // Timer B, D or M; 64·T1 after a CANCEL
  Instant latest_ = Instant::never();        // of end_by()
};

// Parts of our own requests, for what must copy them: ACK to a failure (§17.1.1.3), CANCEL (§9.1).
std::string request_like(const std::string& invite, std::string_view method, std::string_view to);

}  // namespace pasokh::sip
