#include "sip/registrar.h"

#include <algorithm>

#include "sip/digest.h"
#include "sip/machines.h"

namespace pasokh::sip {
namespace {

constexpr auto nonce_lifetime = Duration::minutes(5);
constexpr std::uint32_t shortest = 60, longest = 3'600;        // seconds a binding lives
constexpr std::size_t bindings_per_device = 8;
constexpr std::uint32_t free_failures = 5;                     // per user and address, then a ban
constexpr std::uint32_t free_unknown_users = 20;               // per address
constexpr auto first_ban = Duration::minutes(1), longest_ban = Duration::minutes(15);
constexpr auto slow_down = Duration::milliseconds(500);        // per failure so far: credentials that come sooner are not looked at

std::string field(const std::map<std::string, std::string>& fields, const char* name) {
  auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

// libre before 2.0 refuses the whole answer (ENOSYS) when any line of it names an algorithm but MD5.
bool gives_up_at_sha256(std::string_view user_agent) { return user_agent.starts_with("baresip v0.") || user_agent.starts_with("baresip v1."); }

// for a log line that machines read: a name must not be able to write another "source="
std::string printable(std::string_view user) {
  std::string out(user.substr(0, 64));
  for (char& c : out)
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_' || c == '+')) c = '?';
  return out;
}

using machines::BindingMeets, machines::BindingState;
BindingState state_of(const Binding& binding) { return binding.flow.transport == Transport::tcp && !binding.flow.connection ? BindingState::connection_gone : BindingState::bound; }

Duration ban_for(std::uint32_t bans) {
  Duration ban = first_ban;
  for (std::uint32_t n = 1; n < bans && ban < longest_ban; ++n) ban = 2 * ban;
  return std::min(ban, longest_ban);
}

}  // namespace

void Registrar::set_device(const DeviceConfig& config) {
  auto& device = devices_[config.device];
  if (!device.config.user.empty() && device.config.user != config.user) users_.erase(device.config.user);
  device.config = config;
  users_[config.user] = config.device;
}

void Registrar::remove_device(DeviceId id) {
  auto found = devices_.find(id);
  if (found == devices_.end()) return;
  for (const auto& binding : found->second.bindings) {
    met(machines::binding, state_of(*binding), BindingMeets::device_removed);
    index(*binding, false);
    --binding_count_;
  }
  users_.erase(found->second.config.user);
  devices_.erase(found);
}

std::optional<DeviceId> Registrar::device_of_user(std::string_view user) const {
  auto found = users_.find(user);
  if (found == users_.end()) return std::nullopt;
  return found->second;
}

std::optional<DeviceId> Registrar::device_at(const Flow& flow) const {
  auto found = flows_.find(flow);
  if (found == flows_.end()) return std::nullopt;
  return found->second;
}

std::string Registrar::user_of(DeviceId id) const {
  auto found = devices_.find(id);
  return found == devices_.end() ? std::string() : found->second.config.user;
}

bool Registrar::reachable(DeviceId id) const {
  auto found = devices_.find(id);
  return found != devices_.end() && !found->second.bindings.empty();
}

std::vector<const Binding*> Registrar::bindings(DeviceId id) const {
  std::vector<const Binding*> out;
  if (auto found = devices_.find(id); found != devices_.end())
    for (const auto& binding : found->second.bindings) out.push_back(binding.get());
  return out;
}

Registrar::Authenticated Registrar::authenticate(const Message& request, const Flow& from, bool address_is_trusted, Turn turn) {
  std::optional<DigestFields> credentials;
  for (auto line : request.all(Field::authorization)) {
    auto parsed = parse_digest(line);
    if (parsed && field(parsed->values, "realm") == core_.config.realm) { credentials = std::move(parsed); break; }
  }
  if (auto* banned = address_failures_.find(from.remote.ip); banned && turn.now < banned->until && !address_is_trusted && !address_has_device(from.remote.ip))
    return {Verdict::refuse, {}};
  if (!credentials) return {Verdict::challenge, {}};

  const auto& fields = credentials->values;
  const std::string user = field(fields, "username");
  const std::string who = user + "|" + from.remote.ip;
  if (auto* failures = user_failures_.find(who)) {
    if (turn.now < failures->until) return {Verdict::refuse, {}};
    if (failures->count > 0 && turn.now < failures->last + slow_down * failures->count) return {Verdict::challenge, {}};
  }
  const auto nonce_state = check_nonce(core_.unique.mac(), field(fields, "nonce"), turn.now, nonce_lifetime);
  if (nonce_state == NonceState::forged) return {Verdict::challenge, {}};

  const auto id = device_of_user(user);
  const Device* device = id ? &devices_.find(*id)->second : nullptr;
  const bool fits = digest_fits(request, fields, device);            // the same work for users that do not exist
  if (!device || !fits) {
    if (nonce_state == NonceState::stale) return {Verdict::stale, {}};
    note_failure(user, device != nullptr, from, address_is_trusted, turn);
    return {Verdict::challenge, {}};
  }
  if (nonce_state == NonceState::stale) return {Verdict::stale, {}};
  if (!take_nonce_count(field(fields, "nonce"), field(fields, "nc"))) return {Verdict::stale, {}};  // replayed
  user_failures_.erase(who);
  return {Verdict::known, *id};
}

bool Registrar::digest_fits(const Message& request, const std::map<std::string, std::string>& fields, const Device* device) const {
  const auto named = lower(field(fields, "algorithm"));
  const bool sha256 = named == "sha-256";
  if (!sha256 && !named.empty() && named != "md5") return false;
  static const std::string nobody_md5(32, '0'), nobody_sha256(64, '0');
  const std::string& secret = sha256 ? (device ? device->config.ha1_sha256 : nobody_sha256) : (device ? device->config.ha1_md5 : nobody_md5);
  const auto qop = field(fields, "qop");
  const auto expected = digest_response(sha256 ? DigestAlgorithm::sha256 : DigestAlgorithm::md5, secret, field(fields, "nonce"), field(fields, "nc"),
                                        field(fields, "cnonce"), qop, request.method_text(), field(fields, "uri"));
  return qop == "auth" && !secret.empty() && equal_in_constant_time(expected, lower(field(fields, "response")));
}

bool Registrar::take_nonce_count(const std::string& nonce, std::string_view count) {
  std::uint32_t n = 0;
  for (char c : count) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return false;
    n = n * 16 + static_cast<std::uint32_t>(digit);
  }
  auto& last = nonce_counts_.at(nonce);
  if (n <= last) return false;                                       // RFC 7616 §3.4: it must grow
  last = n;
  return true;
}

void Registrar::note_failure(const std::string& user, bool user_exists, const Flow& from, bool address_is_trusted, Turn turn) {
  ++core_.counters.auth_failures;
  auto& failures = user_failures_.at(user + "|" + from.remote.ip);
  failures.last = turn.now;
  if (++failures.count >= free_failures) {
    failures.until = turn.now + ban_for(++failures.bans);
    failures.count = 0;
  }
  bool address_banned = false;
  if (!user_exists && !address_is_trusted && !address_has_device(from.remote.ip)) {
    auto& address = address_failures_.at(from.remote.ip);
    if (++address.count >= free_unknown_users) {
      address.until = turn.now + ban_for(++address.bans);
      address.count = 0;
      address_banned = true;
    }
  }
  // one line a failure, in a form that fail2ban can match
  const std::string shown = printable(user);
  core_.log(turn, "warning", "auth-failed user=" + shown + " source=" + from.remote.ip,
            {{"user", shown}, {"source", from.remote.ip}, {"banned", address_banned ? "address" : turn.now < failures.until ? "user" : "no"}});
}

bool Registrar::address_has_device(const std::string& ip) const { return device_addresses_.contains(ip); }

void Registrar::challenge(const Message& request, const Flow& from, bool stale, Turn turn) {
  const auto nonce = make_nonce(core_.unique.mac(), turn.now, core_.unique.number());
  auto with = [&](bool sha256) {
    auto builder = core_.begin_answer(request, from, 401, request.to_tag().empty() ? core_.unique.passing_tag() : std::string());
    const std::string common = "Digest realm=\"" + core_.config.realm + "\",nonce=\"" + nonce + "\",qop=\"auth\"" + (stale ? ",stale=true" : "");
    // DEPARTS from RFC 8760 §2.3 (the preferred one first): phones and SIPp 3.6 that look at the first line only know MD5, and those
    // that know SHA-256 choose it wherever it stands.
    builder.header("WWW-Authenticate", common + (sha256 ? ",algorithm=MD5" : ""));  // MD5 is meant when nothing is said (RFC 7616 §3.3)
    if (sha256) builder.header("WWW-Authenticate", common + ",algorithm=SHA-256");
    return builder.finish();
  };
  std::string bytes = with(!gives_up_at_sha256(request.first(Field::user_agent)));
  if (bytes.size() > request.bytes().size() && !device_at(from)) bytes = with(false);  // threats S6: no amplifier for strangers
  turn.out.send(Core::answer_flow(request, from), std::move(bytes), true);
}

void Registrar::on_register(const Message& request, const Flow& from, bool address_is_trusted, Turn turn) {
  const auto who = authenticate(request, from, address_is_trusted, turn);
  switch (who.verdict) {
    case Verdict::refuse: return core_.refuse_stateless(request, from, 403, turn);
    case Verdict::challenge: return challenge(request, from, false, turn);
    case Verdict::stale: return challenge(request, from, true, turn);
    case Verdict::known: break;
  }
  Device& device = devices_.find(who.device)->second;
  auto to = parse_name_addr(request.first(Field::to));
  if (!to || to->uri.user != device.config.user) return core_.answer(request, from, 403, turn);  // §10.3 step 4: another's address of record

  struct Asked { std::string uri; std::uint32_t seconds; };
  std::vector<Asked> asked;
  bool everything = false;
  const auto usual = number_of(request.first(Field::expires), longest);
  for (auto value : request.list(Field::contact)) {
    if (value == "*") { everything = true; continue; }
    auto contact = parse_name_addr(value);
    if (!contact || (contact->uri.scheme != "sip" && contact->uri.scheme != "sips")) return core_.answer(request, from, 400, turn);
    asked.push_back({text(contact->uri), number_of(contact->param("expires").value_or(""), usual)});
  }
  if (everything && (!asked.empty() || usual != 0 || request.first(Field::expires).empty())) return core_.answer(request, from, 400, turn);  // §10.3 step 6
  for (const auto& contact : asked)
    if (contact.seconds > 0 && contact.seconds < shortest) {
      auto builder = core_.begin_answer(request, from, 423, core_.unique.passing_tag());
      builder.header("Min-Expires", std::to_string(shortest));
      return core_.answer(request, from, 423, turn, false, builder.finish());
    }
  for (const auto& binding : device.bindings)                        // §10.3 step 7: an old request may not undo a newer one
    if (binding->call_id == request.call_id() && request.cseq() <= binding->cseq) {
      for (const auto& contact : asked)
        if (everything || binding->contact == contact.uri) {
          met(machines::binding, state_of(*binding), BindingMeets::register_old);
          return core_.answer(request, from, 500, turn);
        }
    }
  const bool was_reachable = !device.bindings.empty();
  if (everything) while (!device.bindings.empty()) {
    met(machines::binding, state_of(*device.bindings.back()), BindingMeets::unregister_all);
    unbind(device, device.bindings.size() - 1, turn);
  }
  for (auto& contact : asked) {
    if (contact.seconds > 0 && device.bindings.size() >= bindings_per_device &&
        std::none_of(device.bindings.begin(), device.bindings.end(), [&](const auto& known) { return known->contact == contact.uri; }))
      unbind(device, 0, turn);                                       // the oldest makes room
    bind(device, std::move(contact.uri), std::min(contact.seconds, longest), request, from, turn);
  }
  core_.answer(request, from, 200, turn, false, ok_for(request, from, device, turn));
  if (was_reachable == device.bindings.empty())
    turn.out.event(DeviceReachability{device.config.device, !was_reachable, device.bindings.empty() ? std::string() : device.bindings.front()->contact});
}

namespace {

// Where requests to a contact go. Behind a NAT the Contact names an address that we cannot reach: then the way back is where the
// REGISTER came from. Without one (Contact and source are the same address) the Contact is meant as it says, port included.
Flow reachable_at(std::string_view contact, const Flow& from) {
  if (from.transport != Transport::udp) return from;
  auto uri = parse_uri(contact);
  if (auto direct = uri ? flow_of_uri(*uri) : std::nullopt; direct && direct->transport == Transport::udp && direct->remote.ip == from.remote.ip) return *direct;
  return from;
}

}  // namespace

void Registrar::bind(Device& device, std::string contact, std::uint32_t seconds, const Message& request, const Flow& source, Turn turn) {
  const Flow from = reachable_at(contact, source);
  auto known = std::find_if(device.bindings.begin(), device.bindings.end(), [&](const auto& binding) { return binding->contact == contact; });
  if (seconds == 0) {
    met(machines::binding, known == device.bindings.end() ? BindingState::nowhere : state_of(**known), BindingMeets::unregister);
    if (known != device.bindings.end()) unbind(device, static_cast<std::size_t>(known - device.bindings.begin()), turn);
    return;
  }
  const bool is_new = known == device.bindings.end();
  met(machines::binding, is_new ? BindingState::nowhere : state_of(**known), is_new || (*known)->flow == from ? BindingMeets::register_same : BindingMeets::register_elsewhere);
  if (is_new) {
    // a phone that comes back over TCP may name itself by a new port: what waited for its lost connection goes to this one
    for (auto& lost : device.bindings)
      if (lost->flow.transport == Transport::tcp && lost->flow.connection == 0 && on_moved) on_moved(device.config.device, lost->flow, from, turn);
    device.bindings.push_back(std::make_unique<Binding>());
    known = device.bindings.end() - 1;
    (*known)->device = device.config.device;
    (*known)->flow = from;
    index(**known, true);
    ++binding_count_;
  } else if ((*known)->flow != from) {
    move(**known, from, turn);
  }
  Binding& binding = **known;
  const bool rebooted = !binding.call_id.empty() && binding.call_id != request.call_id();
  binding.contact = std::move(contact);
  binding.expires = turn.now + Duration::seconds(seconds);
  binding.call_id = request.call_id();
  binding.cseq = request.cseq();
  core_.timers.set(binding.timer, binding.expires);
  turn.out.save(RowKind::binding, row_key(binding), to_bytes<BindingRow>(binding));
  if (rebooted) { if (on_rebooted) on_rebooted(device.config.device, binding.contact, turn); }
  else if (on_heard) on_heard(device.config.device, binding.flow, turn);
}

void Registrar::unbind(Device& device, std::size_t place, Turn turn) {
  index(*device.bindings[place], false);
  turn.out.drop(RowKind::binding, row_key(*device.bindings[place]));
  device.bindings.erase(device.bindings.begin() + static_cast<std::ptrdiff_t>(place));
  --binding_count_;
}

void Registrar::index(const Binding& binding, bool present) {
  const auto& ip = binding.flow.remote.ip;
  if (present) {
    flows_[binding.flow] = binding.device;
    ++device_addresses_[ip];
    return;
  }
  if (auto found = flows_.find(binding.flow); found != flows_.end() && found->second == binding.device) flows_.erase(found);
  if (auto found = device_addresses_.find(ip); found != device_addresses_.end() && --found->second == 0) device_addresses_.erase(found);
}

std::string Registrar::ok_for(const Message& request, const Flow& from, const Device& device, Turn turn) {
  auto builder = core_.begin_answer(request, from, 200, core_.unique.passing_tag());
  for (const auto& binding : device.bindings)
    builder.header("Contact", "<" + binding->contact + ">;expires=" + std::to_string((binding->expires - turn.now).us / 1'000'000));
  return builder.finish();
}

void Registrar::on_timeout(Binding& binding, Turn turn) {
  met(machines::binding, state_of(binding), BindingMeets::expiry_time);
  auto& device = devices_.find(binding.device)->second;
  for (std::size_t place = 0; place < device.bindings.size(); ++place)
    if (device.bindings[place].get() == &binding) { unbind(device, place, turn); break; }
  if (device.bindings.empty()) turn.out.event(DeviceReachability{device.config.device, false, ""});
}

// The phone's connection is gone, the phone may not be: until it comes again, a new one is asked for to where it can be found.
Flow Registrar::flow_without_connection(const Binding& binding) {
  Flow flow = binding.flow;
  flow.connection = 0;
  auto contact = parse_uri(binding.contact);
  if (auto direct = contact ? flow_of_uri(*contact) : std::nullopt) flow.remote = direct->remote;
  return flow;
}

void Registrar::connection_lost(std::uint64_t connection, Turn turn) {
  for (auto found = flows_.begin(); found != flows_.end(); ++found) {
    if (found->first.connection != connection) continue;
    auto& device = devices_.find(found->second)->second;
    for (auto& binding : device.bindings)
      if (binding->flow.connection == connection) {
        met(machines::binding, state_of(*binding), BindingMeets::connection_lost);
        move(*binding, flow_without_connection(*binding), turn);
      }
    return;
  }
}

void Registrar::move(Binding& binding, const Flow& flow, Turn turn) {
  const Flow old_flow = binding.flow;
  index(binding, false);
  binding.flow = flow;
  index(binding, true);
  if (old_flow != flow && on_moved) on_moved(binding.device, old_flow, flow, turn);
}

void Registrar::restore(std::string_view bytes) {
  if (auto row = from_bytes<BindingRow>(bytes)) restored_.push_back(std::move(*row));
}

void Registrar::resume(Turn turn) {
  for (auto& row : restored_) {
    auto found = devices_.find(row.device);
    if (found != devices_.end() && row.expires > turn.now) adopt(found->second, std::move(row), turn);
  }
  for (const auto& row : restored_) {                                // those adopted are empty now
    if (row.contact.empty()) continue;
    turn.out.drop(RowKind::binding, row_key(row));
    if (!reachable(row.device)) turn.out.event(DeviceReachability{row.device, false, ""});
  }
  restored_.clear();
}

void Registrar::adopt(Device& device, BindingRow&& row, Turn turn) {
  auto binding = std::make_unique<Binding>();
  static_cast<BindingRow&>(*binding) = std::move(row);
  row.contact.clear();
  met(machines::binding, state_of(*binding), BindingMeets::restart);
  index(*binding, true);
  if (binding->flow.connection) move(*binding, flow_without_connection(*binding), turn);  // it died with the process
  core_.timers.set(binding->timer, binding->expires);
  device.bindings.push_back(std::move(binding));
  ++binding_count_;
}

std::string Registrar::row_key(const BindingRow& row) { return text(row.device) + "|" + row.contact; }

}  // namespace pasokh::sip
