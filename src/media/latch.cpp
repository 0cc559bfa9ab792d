#include "media/latch.h"

namespace pasokh::media {
namespace {
// Packets still under way from the old address when the peer said a new one must not be learnt as the new one; a peer that goes on
// from the old address for a second (its NAT kept the mapping) is believed.
constexpr int former_packets = 50;
}  // namespace

void Latch::expect(const Address& told, std::optional<Network> network, bool anew) {
  told_ = told;
  network_ = network;
  if (!anew || !latched_) return;
  if (!(told == told_when_learnt_)) {
    former_ = peer_;
    from_former_ = 0;
    latched_ = false;
  } else {
    may_move_ = true;
  }
}

bool Latch::allows(const Address& from) const {
  return (told_.known() && from.same_host(told_)) || (network_ && network_->contains(from));
}

Latch::Verdict Latch::consider(const Address& from) {
  if (latched_ && from == peer_) {
    may_move_ = false;
    return Verdict::known;
  }
  if (latched_ && !may_move_) return Verdict::foreign;
  if (!allows(from)) {
    // the former peer's host may no longer be allowed: its last packets are still its own, but it is not learnt again
    return former_.known() && from == former_ && from_former_++ < former_packets ? Verdict::known : Verdict::foreign;
  }
  if (former_.known() && from == former_ && !(from == told_) && from_former_ < former_packets) {
    ++from_former_;
    return Verdict::known;
  }
  peer_ = from;
  told_when_learnt_ = told_;
  latched_ = true;
  may_move_ = false;
  former_ = Address();
  return Verdict::learnt;
}

}  // namespace pasokh::media
