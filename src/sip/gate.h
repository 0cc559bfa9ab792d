// The last step before a message leaves: which open connection carries it. Parts of the endpoint name peers; only here is it
// known which TCP connections are open.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "sip/endpoint.h"

namespace pasokh::sip {

class Connections {
 public:
  void opened(const Flow& flow) {
    if (!flow.connection) return;
    by_remote_[flow.remote] = flow.connection;
    by_id_[flow.connection] = flow.remote;
  }
  bool closed(std::uint64_t connection) {
    auto found = by_id_.find(connection);
    if (found == by_id_.end()) return false;
    if (auto same = by_remote_.find(found->second); same != by_remote_.end() && same->second == connection) by_remote_.erase(same);
    by_id_.erase(found);
    return true;
  }
  // an open connection to the peer when the flow names none or one that is gone; 0 asks for a new one
  std::uint64_t carrying(const Flow& flow) const {
    if (flow.connection && by_id_.contains(flow.connection)) return flow.connection;
    auto found = by_remote_.find(flow.remote);
    return found == by_remote_.end() ? 0 : found->second;
  }
  bool knows(std::uint64_t connection) const { return by_id_.contains(connection); }

 private:
  std::map<Address, std::uint64_t> by_remote_;
  std::map<std::uint64_t, Address> by_id_;
};

class Gate final : public Out {
 public:
  Gate(const Connections& connections, Out& outside) : connections_(connections), outside_(outside) {}
  void send(const Flow& to, std::string bytes, bool early) override {
    if (bytes.empty()) return;
    if (to.transport == Transport::udp) return outside_.send(to, std::move(bytes), early);
    Flow chosen = to;
    chosen.connection = connections_.carrying(to);
    outside_.send(chosen, std::move(bytes), early);
  }
  void event(Event event) override { outside_.event(std::move(event)); }
  void save(RowKind kind, std::string key, std::string bytes) override { outside_.save(kind, std::move(key), std::move(bytes)); }
  void drop(RowKind kind, std::string key) override { outside_.drop(kind, std::move(key)); }
  bool resolve(const std::string& host, std::uint16_t port, Transport transport) override { return outside_.resolve(host, port, transport); }

 private:
  const Connections& connections_;
  Out& outside_;
};

}  // namespace pasokh::sip
