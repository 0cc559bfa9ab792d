// Devices: who they are (digest), and where they are (bindings, RFC 3261 §10.3). A wrong password is slowed, then refused per
// user and address; a whole address is refused only for users that do not exist, and never one that has a registered device.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sip/bounded.h"
#include "sip/core.h"
#include "sip/rows.h"

namespace pasokh::sip {

struct Binding : BindingRow {
  Binding() : timer(Wakes::binding, this) {}
  Timer timer;
};

class Registrar {
 public:
  explicit Registrar(Core& core) : core_(core) {}

  void set_device(const DeviceConfig& config);
  void remove_device(DeviceId device);

  std::optional<DeviceId> device_of_user(std::string_view user) const;
  std::optional<DeviceId> device_at(const Flow& flow) const;   // a live binding's own flow
  bool address_has_device(const std::string& ip) const;
  std::string user_of(DeviceId device) const;
  bool reachable(DeviceId device) const;
  std::vector<const Binding*> bindings(DeviceId device) const;
  std::size_t binding_count() const { return binding_count_; }

  enum class Verdict : std::uint8_t { known, challenge, stale, refuse };
  struct Authenticated { Verdict verdict = Verdict::challenge; DeviceId device; };
  // `address_is_trusted`: the source is a trunk's; such an address is never refused as a whole
  Authenticated authenticate(const Message& request, const Flow& from, bool address_is_trusted, Turn turn);
  void challenge(const Message& request, const Flow& from, bool stale, Turn turn);   // 401, stateless

  void on_register(const Message& request, const Flow& from, bool address_is_trusted, Turn turn);
  void on_timeout(Binding& binding, Turn turn);
  void connection_lost(std::uint64_t connection, Turn turn);
  std::function<void(DeviceId, const Flow& old_flow, const Flow& new_flow, Turn)> on_moved;  // a phone is found by another flow now
  std::function<void(DeviceId, const Flow&, Turn)> on_heard;  // it registers again from where it was: it is there
  std::function<void(DeviceId, std::string_view contact, Turn)> on_rebooted;  // it registers with another Call-ID than before (§10.2.4)

  void restore(std::string_view bytes);   // kept until resume(), when every device is known
  void resume(Turn turn);

 private:
  struct Device {
    DeviceConfig config;
    std::vector<std::unique_ptr<Binding>> bindings;
  };
  struct Failures { std::uint32_t count = 0, bans = 0; Instant last, until; };

  bool digest_fits(const Message& request, const std::map<std::string, std::string>& fields, const Device* device) const;
  bool take_nonce_count(const std::string& nonce, std::string_view count);
  void note_failure(const std::string& user, bool user_exists, const Flow& from, bool address_is_trusted, Turn turn);
  void bind(Device& device, std::string contact, std::uint32_t seconds, const Message& request, const Flow& from, Turn turn);
  void adopt(Device& device, BindingRow&& row, Turn turn);
  void move(Binding& binding, const Flow& flow, Turn turn);
  static Flow flow_without_connection(const Binding& binding);
  void unbind(Device& device, std::size_t place, Turn turn);
  void index(const Binding& binding, bool present);
  std::string ok_for(const Message& request, const Flow& from, const Device& device, Turn turn);
  static std::string row_key(const BindingRow& row);

  Core& core_;
  std::map<DeviceId, Device> devices_;
  TextMap<DeviceId> users_;
  std::map<Flow, DeviceId> flows_;
  std::map<std::string, int> device_addresses_;        // bindings per source address
  Bounded<std::uint32_t> nonce_counts_{20'000};
  Bounded<Failures> user_failures_{4'096}, address_failures_{4'096};
  std::size_t binding_count_ = 0;
  std::vector<BindingRow> restored_;
};

}  // namespace pasokh::sip
