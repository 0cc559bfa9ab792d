#include "sip/invite_server.h"
#include "sip/machines.h"

#include <algorithm>

namespace pasokh::sip {

using Meets = machines::InviteServerMeets;

void InviteServer::respond(int status, std::string bytes, bool early, Turn turn) {
  met(machines::invite_server, state_, status < 200 ? Meets::told_provisional : status < 300 ? Meets::told_success : Meets::told_failure);
  if (state_ != State::proceeding) return;                           // crossed with a CANCEL: 487 is out (§9.2)
  turn.out.send(peer, bytes, early);
  if (status < 200) { last_ = std::move(bytes); return; }
  if (status < 300) {
    state_ = State::accepted;
    last_.clear();
    give_up_at_ = turn.now + transaction_life;                       // Timer L
    return;
  }
  state_ = State::completed;
  last_ = std::move(bytes);
  give_up_at_ = turn.now + transaction_life;                         // Timer H
  if (!reliable()) resend_at_ = turn.now + interval_;                // Timer G
}

void InviteServer::request_again(Turn turn) {
  met(machines::invite_server, state_, Meets::request_again);
  if (state_ == State::accepted || state_ == State::confirmed || last_.empty()) return;  // RFC 6026 §7.1
  ++repeated;
  turn.out.send(peer, last_, true);
}

void InviteServer::acknowledged(Turn turn) {
  met(machines::invite_server, state_, Meets::ack);
  if (state_ != State::completed) return;
  state_ = State::confirmed;
  resend_at_ = Instant::never();
  give_up_at_ = reliable() ? turn.now : turn.now + t4;               // Timer I
  if (reliable()) finish();
}

void InviteServer::expect_no_more(Instant now) {
  state_ = State::accepted;
  give_up_at_ = now + transaction_life;
}

InviteServer::Fired InviteServer::on_timeout(Turn turn) {
  met(machines::invite_server, state_, give_up_at_ <= turn.now ? Meets::end_time : Meets::resend_time);
  if (give_up_at_ <= turn.now) {
    finish();
    return state_ == State::completed ? Fired::ack_never_came : Fired::nothing;  // §17.2.1: the user must be told
  }
  if (resend_at_ <= turn.now) {
    ++repeated;
    turn.out.send(peer, last_, true);
    interval_ = std::min(2 * interval_, t2);
    resend_at_ = turn.now + interval_;                               // from now: waking late must not cause a burst
  }
  return Fired::nothing;
}

Instant InviteServer::deadline() const { return std::min(resend_at_, give_up_at_); }

}  // namespace pasokh::sip
