// Trunk host names to targets (RFC 3263 §4.2: SRV when no port is given, then A and AAAA), on a thread of its own; asked again
// when the answers' time to live is over. IP addresses need no name server and answer at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sip/address.h"

namespace pasokh::switchboard {

class Resolver {
 public:
  // found(trunk, targets in order of preference): on the resolver's thread; empty when nothing was found
  explicit Resolver(std::function<void(std::string trunk, std::vector<sip::Flow> targets)> found);
  ~Resolver();
  void resolve(const std::string& trunk, const std::string& host, std::uint16_t port, sip::Transport transport);  // replaces an earlier question for the trunk

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pasokh::switchboard
