#include "sip/other_client.h"
#include "sip/machines.h"

#include <algorithm>

namespace pasokh::sip {

using Meets = machines::OtherClientMeets;

void OtherClient::start(Turn turn, bool early) {
  turn.out.send(peer, request_, early);
  give_up_at_ = turn.now + transaction_life;                         // Timer F
  if (!reliable()) resend_at_ = turn.now + interval_;                // Timer E
}

OtherClient::Verdict OtherClient::response(const Message& response, Turn turn) {
  met(machines::other_client, state_, response.status() < 200 ? Meets::provisional : Meets::final);
  if (state_ == State::completed) return Verdict::absorbed;
  if (response.status() < 200) {
    state_ = State::proceeding;
    return Verdict::pass_up;
  }
  state_ = State::completed;
  request_ = {};
  resend_at_ = Instant::never();
  give_up_at_ = turn.now + t4;                                       // Timer K: zero on TCP
  if (reliable()) finish();
  return Verdict::pass_up;
}

OtherClient::Fired OtherClient::on_timeout(Turn turn) {
  met(machines::other_client, state_, give_up_at_ <= turn.now ? Meets::end_time : Meets::resend_time);
  if (give_up_at_ <= turn.now) {
    finish();
    return state_ == State::completed ? Fired::nothing : Fired::timed_out;
  }
  if (resend_at_ <= turn.now) {
    ++repeated;
    turn.out.send(peer, request_, true);
    interval_ = state_ == State::proceeding ? t2 : std::min(2 * interval_, t2);
    resend_at_ = turn.now + interval_;
  }
  return Fired::nothing;
}

void OtherClient::give_up() {
  met(machines::other_client, state_, Meets::transport_error);
  finish();
}

void OtherClient::moved_to(Flow flow, Turn turn) {
  met(machines::other_client, state_, Meets::moved);
  peer = std::move(flow);
  if (state_ != State::completed) turn.out.send(peer, request_, true);
}

Instant OtherClient::deadline() const { return std::min(resend_at_, give_up_at_); }

}  // namespace pasokh::sip
