#include "sip/other_server.h"

namespace pasokh::sip {

void OtherServer::respond(int status, std::string bytes, bool early, Turn turn) {
  if (give_up_at_ != Instant::never() || finished()) return;         // a final answer is out already
  turn.out.send(peer, bytes, early);
  last_ = std::move(bytes);
  if (status < 200) return;
  if (reliable()) finish();                                          // Timer J is zero on TCP
  else give_up_at_ = turn.now + transaction_life;
}

void OtherServer::request_again(Turn turn) {
  if (last_.empty()) return;
  ++repeated;
  turn.out.send(peer, last_, true);
}

void OtherServer::on_timeout(Turn turn) {
  if (give_up_at_ <= turn.now) finish();
}

}  // namespace pasokh::sip
