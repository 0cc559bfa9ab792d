// Where a leg's peer really is. The address is learnt from the first valid packet, and only from the host that the SDP named
// or from the network that a NAT rule allows; from then on nobody else is heard (RTP bleed and inject, CVE-2025-53399).
// It is learnt anew only after a new offer or answer.
#pragma once

#include <optional>

#include "media/address.h"

namespace pasokh::media {

class Latch {
 public:
  enum class Verdict { known, learnt, foreign };

  // From the SDP; the address may be unknown yet. `anew`: the offer or answer is a new one.
  void expect(const Address& told, std::optional<Network> network, bool anew);
  bool is_peer(const Address& from) const { return latched_ && !may_move_ && from == peer_; }
  Verdict consider(const Address& from);     // a valid packet came from there
  bool latched() const { return latched_; }
  const Address& peer() const { return peer_; }
  const Address& destination() const { return latched_ ? peer_ : told_; }  // port 0: nowhere yet
  bool allows(const Address& from) const;    // is a host that could be the peer

 private:
  Address told_, told_when_learnt_, peer_, former_;
  std::optional<Network> network_;
  bool latched_ = false, may_move_ = false;
  int from_former_ = 0;
};

}  // namespace pasokh::media
