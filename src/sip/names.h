// Host names in Contact and Record-Route (RFC 3263). Looking them up is done outside and takes time; what was found is remembered
// here, and used on while it is asked anew. The answer may come late or never: who waits sets a limit of its own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "sip/message.h"
#include "sip/turn.h"

namespace pasokh::sip {

struct HostName {
  std::string host;
  std::uint16_t port = 0;           // 0: none given, SRV tells (§4.2)
  Transport transport = Transport::udp;
  bool operator<(const HostName& other) const { return std::tie(host, port, transport) < std::tie(other.host, other.port, other.transport); }
  bool operator==(const HostName& other) const { return std::tie(host, port, transport) == std::tie(other.host, other.port, other.transport); }
};

class Names {
 public:
  // The addresses, in order of preference; nothing while the question is open. Where nobody can look names up: none at once.
  const std::vector<Flow>* addresses(const HostName& name, Turn turn) {
    auto found = known_.find(name);
    if (found == known_.end()) {
      if (known_.size() >= most) known_.clear();
      found = known_.emplace(name, Entry{}).first;
    }
    Entry& entry = found->second;
    if (!entry.asked && (!entry.answered || entry.at + fresh_for <= turn.now)) {
      entry.asked = turn.out.resolve(name.host, name.port, name.transport);
      if (!entry.asked) { entry.answered = true; entry.at = turn.now; }
    }
    return entry.answered ? &entry.flows : nullptr;
  }
  const std::vector<Flow>* known(const HostName& name) const {
    const auto found = known_.find(name);
    return found != known_.end() && found->second.answered ? &found->second.flows : nullptr;
  }
  void found(const HostName& name, std::vector<Flow> flows, Instant now) {
    const auto entry = known_.find(name);
    if (entry == known_.end()) return;
    entry->second.asked = false;
    entry->second.at = now;
    if (entry->second.answered && flows.empty()) return;             // a name server in trouble takes nothing away
    entry->second.answered = true;
    entry->second.flows = std::move(flows);
  }

 private:
  static constexpr std::size_t most = 1'024;
  static constexpr Duration fresh_for = Duration::minutes(1);
  struct Entry { bool asked = false, answered = false; Instant at; std::vector<Flow> flows; };
  std::map<HostName, Entry> known_;
};

}  // namespace pasokh::sip
