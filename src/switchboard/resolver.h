// Host names to targets (RFC 3263 §4.2: SRV when no port is given, then A and AAAA), on a thread of its own. A trunk's is asked
// again each five minutes, one that a dialog names once. IP addresses need no name server and answer at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sip/address.h"

namespace pasokh::switchboard {

class Resolver {
 public:
  // found(trunk or host, targets in order of preference): on the resolver's thread; empty when nothing was found
  using Found = std::function<void(std::string trunk, std::vector<sip::Flow> targets)>;
  using NameFound = std::function<void(std::string host, std::uint16_t port, sip::Transport, std::vector<sip::Flow> targets)>;
  explicit Resolver(Found found, NameFound name_found = {});
  ~Resolver();
  void resolve(const std::string& trunk, const std::string& host, std::uint16_t port, sip::Transport transport);  // replaces an earlier question for the trunk
  bool resolve_name(const std::string& host, std::uint16_t port, sip::Transport transport);  // once; false: too many wait already

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pasokh::switchboard
