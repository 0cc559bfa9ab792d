// Client transaction of every other request: RFC 3261 §17.1.2.
#pragma once

#include <string>

#include "sip/message.h"
#include "sip/transaction.h"

namespace pasokh::sip {

class OtherClient : public Transaction {
 public:
  enum class State : std::uint8_t { trying, proceeding, completed };
  enum class Verdict : std::uint8_t { absorbed, pass_up };
  enum class Fired : std::uint8_t { nothing, timed_out };

  OtherClient(Flow remote, Owner whose, std::string request) : Transaction(Kind::other_client, std::move(remote), whose), request_(std::move(request)) {}

  State state() const { return state_; }
  const std::string& request() const { return request_; }

  void start(Turn turn, bool early);
  Verdict response(const Message& response, Turn turn);
  Fired on_timeout(Turn turn);
  Instant deadline() const override;
  bool is_unanswered() const override { return is_unanswered_client(); }
  bool is_unanswered_client() const override { return state_ != State::completed; }
  void give_up();                            // the owner has found another way
  void moved_to(Flow flow, Turn turn);

 private:
  State state_ = State::trying;
  std::string request_;
  Duration interval_ = t1;
  Instant resend_at_ = Instant::never();     // Timer E
  Instant give_up_at_ = Instant::never();    // Timer F or K
};

}  // namespace pasokh::sip
