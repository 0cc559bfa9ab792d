#include "sip/invite_client.h"
#include "sip/machines.h"

#include <algorithm>

namespace pasokh::sip {

using Meets = machines::InviteClientMeets;

std::string request_like(const std::string& invite, std::string_view method, std::string_view to) {
  auto parsed = Message::parse(invite);
  if (!parsed) return {};
  const Message& original = *parsed;
  MessageBuilder builder;
  builder.request(method, original.request_uri());
  builder.header("Via", original.first(Field::via));
  builder.header("Max-Forwards", "70");
  builder.header("From", original.first(Field::from));
  builder.header("To", to.empty() ? original.first(Field::to) : to);
  builder.header("Call-ID", original.call_id());
  builder.header("CSeq", std::to_string(original.cseq()) + " " + std::string(method));
  for (auto route : original.all(Field::route)) builder.header("Route", route);
  return builder.finish();
}

void InviteClient::start(Turn turn, bool early) {
  turn.out.send(peer, request_, early);
  give_up_at_ = turn.now + transaction_life;                         // Timer B
  if (!reliable()) resend_at_ = turn.now + interval_;                // Timer A
}

InviteClient::Verdict InviteClient::response(const Message& response, Turn turn) {
  const int status = response.status();
  met(machines::invite_client, state_, status < 200 ? Meets::provisional : status < 300 ? Meets::success : Meets::failure);
  if (state_ == State::completed) {
    if (status >= 300) { ++repeated; turn.out.send(peer, ack_, true); }
    return Verdict::absorbed;
  }
  if (state_ == State::accepted) return status >= 200 && status < 300 ? Verdict::pass_up : Verdict::absorbed;
  resend_at_ = Instant::never();
  if (status < 200) {
    state_ = State::proceeding;
    if (!cancelled_) give_up_at_ = latest_;
    return Verdict::pass_up;
  }
  if (status < 300) {
    state_ = State::accepted;
    request_ = {};                                                   // neither repeated nor cancelled any more
    give_up_at_ = turn.now + transaction_life;                       // Timer M
    return Verdict::pass_up;
  }
  state_ = State::completed;
  ack_ = acknowledgement(response);
  request_ = {};
  turn.out.send(peer, ack_, true);
  give_up_at_ = turn.now + transaction_life;                         // Timer D: at least 32 s on UDP, zero on TCP
  if (reliable()) finish();
  return Verdict::pass_up;
}

bool InviteClient::cancel(Instant now) {
  met(machines::invite_client, state_, Meets::cancel_wanted);
  if (cancelled_ || state_ == State::completed || state_ == State::accepted) return false;
  cancel_wanted_ = true;
  return take_cancel_due(now);
}

bool InviteClient::take_cancel_due(Instant now) {
  if (!cancel_wanted_ || cancelled_ || state_ != State::proceeding) return false;
  cancelled_ = true;
  give_up_at_ = now + transaction_life;                              // §9.1: nothing final may come from an RFC 2543 server
  return true;
}

InviteClient::Fired InviteClient::on_timeout(Turn turn) {
  met(machines::invite_client, state_, give_up_at_ <= turn.now ? Meets::end_time : Meets::resend_time);
  if (give_up_at_ <= turn.now) {
    finish();
    return state_ == State::calling || state_ == State::proceeding ? Fired::timed_out : Fired::nothing;
  }
  if (resend_at_ <= turn.now && state_ == State::calling) {
    ++repeated;
    turn.out.send(peer, request_, true);
    interval_ = 2 * interval_;                                       // §17.1.1.2: Timer A has no ceiling but Timer B
    resend_at_ = turn.now + interval_;
  }
  return Fired::nothing;
}

void InviteClient::end_by(Instant latest) {
  if (state_ != State::calling && state_ != State::proceeding) return;
  latest_ = std::min(latest_, latest);
  give_up_at_ = std::min(give_up_at_, latest_);
}

void InviteClient::give_up() {
  met(machines::invite_client, state_, Meets::transport_error);
  finish();
}

void InviteClient::moved_to(Flow flow, Turn turn) {
  met(machines::invite_client, state_, Meets::moved);
  peer = std::move(flow);
  if (state_ == State::calling || state_ == State::proceeding) turn.out.send(peer, request_, true);
}

Instant InviteClient::deadline() const { return std::min(resend_at_, give_up_at_); }

std::string InviteClient::acknowledgement(const Message& response) const { return request_like(request_, "ACK", response.first(Field::to)); }

}  // namespace pasokh::sip
