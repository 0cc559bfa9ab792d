#include "sip/other_server.h"
#include "sip/machines.h"

namespace pasokh::sip {

using Meets = machines::OtherServerMeets;

void OtherServer::meets(Meets what) const {
  using State = machines::OtherServerState;
  met(machines::other_server, !is_unanswered() || finished() ? State::completed : last_.empty() ? State::trying : State::proceeding, what);
}

void OtherServer::respond(int status, std::string bytes, bool early, Turn turn) {
  meets(status < 200 ? Meets::told_provisional : Meets::told_final);
  if (give_up_at_ != Instant::never() || finished()) return;         // a final answer is out already
  turn.out.send(peer, bytes, early);
  last_ = std::move(bytes);
  if (status < 200) return;
  if (reliable()) finish();                                          // Timer J is zero on TCP
  else give_up_at_ = turn.now + transaction_life;
}

void OtherServer::request_again(Turn turn) {
  meets(Meets::request_again);
  if (last_.empty()) return;
  ++repeated;
  turn.out.send(peer, last_, true);
}

void OtherServer::on_timeout(Turn turn) {
  meets(Meets::end_time);
  if (give_up_at_ <= turn.now) finish();
}

}  // namespace pasokh::sip
