// Carriers' lines: who is believed to be one, how numbers are written there, our registration, the health check, and the one
// place that answers a digest challenge: only for the trunk it belongs to, only for requests that we began (threats S3, S4).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sip/bounded.h"
#include "sip/core.h"
#include "sip/rows.h"

namespace pasokh::sip {

struct Trunk {
  explicit Trunk(TrunkConfig given) : config(std::move(given)), timer(Wakes::trunk, this) {}

  TrunkConfig config;
  Timer timer;
  std::size_t target = 0;             // index of the target in use

  struct Exchange {                   // a REGISTER or OPTIONS series
    std::string call_id, from_tag, authorization;
    std::uint32_t cseq = 0;
    int attempts = 0;
    bool busy = false;
    Instant next = Instant::never();
    std::uint32_t failures = 0;
  };
  Exchange registration, options;
  std::uint32_t ask_for_seconds = 600;
  bool registered = false;
  std::optional<bool> reachable;      // nothing known at first
  std::string realm_seen;
  Address learnt;
};

class Trunks {
 public:
  explicit Trunks(Core& core) : core_(core) {}

  void set(const TrunkConfig& config, Turn turn);
  void remove(TrunkId trunk, Turn turn);
  const Trunk* find(TrunkId trunk) const;
  std::optional<TrunkId> at_address(const std::string& ip);  // the longest network that contains it; a target stands for itself
  bool is_own(const Trunk& trunk, const std::string& ip) const;
  std::optional<Flow> target(TrunkId trunk) const;
  void target_failed(TrunkId trunk, const Flow& flow);

  std::string inbound_called(const Trunk&, std::string_view number) const;
  std::string inbound_caller(const Trunk&, std::string_view number) const;
  std::string outbound_called(const Trunk&, std::string_view number) const;
  std::string outbound_caller(const Trunk&, std::string_view number) const;

  // The header line that answers this challenge, or nothing when it must not be answered.
  std::optional<std::string> credentials(TrunkId trunk, const Message& response, const Flow& from, std::string_view method, std::string_view uri, int attempts_so_far);
  void learn_address(TrunkId trunk, const Message& response, Turn turn);

  void on_response(Owner owner, const Message& response, const Flow& from, Turn turn);
  void on_no_answer(Owner owner, Turn turn);     // timer F or the transport failed
  void on_timeout(Trunk& trunk, Turn turn);

  void restore(std::string_view bytes);
  void resume();

 private:
  void send_register(Trunk& trunk, std::uint32_t seconds, Turn turn);
  void send_options(Trunk& trunk, Turn turn);
  void registration_failed(Trunk& trunk, std::string why, Turn turn);
  void tell(Trunk& trunk, bool reachable, std::string why, Turn turn);
  void arm(Trunk& trunk);
  bool wants_address(const Trunk& trunk) const;

  Core& core_;
  Bounded<std::optional<TrunkId>> by_address_{4'096};  // what at_address() found
  std::map<TrunkId, std::unique_ptr<Trunk>> trunks_;
  std::map<TrunkId, Address> learnt_before_;     // kept until resume(), when every trunk is known
};

}  // namespace pasokh::sip
