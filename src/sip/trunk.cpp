#include "sip/trunk.h"

#include <algorithm>

#include "base/phone.h"
#include "sip/digest.h"
#include "sip/machines.h"
#include "sip/other_client.h"

namespace pasokh::sip {
namespace {

constexpr int attempts_with_credentials = 2;                         // threats S4
constexpr auto first_retry = Duration::seconds(5), longest_retry = Duration::minutes(2);

std::string value_of(const DigestFields& fields, const char* name) {
  auto found = fields.values.find(name);
  return found == fields.values.end() ? std::string() : found->second;
}

int prefix_length(std::string_view network) {
  const auto slash = network.find('/');
  return slash == network.npos ? 128 : static_cast<int>(number_of(network.substr(slash + 1), 0));
}

std::string rewritten(std::string_view number, const std::vector<RewriteRule>& rules) {
  std::vector<phone::PrefixRule> plain;
  for (const auto& rule : rules) plain.push_back({rule.prefix, rule.replacement});
  return phone::rewrite(number, plain);
}

// Never, when the health check was switched off while one was under way.
Instant next_look(const Trunk& trunk, Duration after, Instant now) { return trunk.config.options_every > Duration{} ? now + after : Instant::never(); }

using machines::RegistrationMeets;
void registration_meets(const Trunk& trunk, RegistrationMeets what) {
  using State = machines::RegistrationState;
  const bool asked = trunk.registration.busy;
  met(machines::registration, trunk.registered ? (asked ? State::asked_again : State::in) : asked ? State::asked_first : State::out, what);
}

Duration retry_after(std::uint32_t failures) {
  Duration wait = first_retry;
  for (std::uint32_t n = 1; n < failures && wait < longest_retry; ++n) wait = 2 * wait;
  return std::min(wait, longest_retry);
}

}  // namespace

void Trunks::set(const TrunkConfig& config, Turn turn) {
  by_address_.clear();
  auto& trunk = trunks_[config.trunk];
  const bool fresh = !trunk;
  if (fresh) {
    trunk = std::make_unique<Trunk>(config);
    for (auto* exchange : {&trunk->registration, &trunk->options}) {
      exchange->call_id = core_.unique.call_id("pasokh");
      exchange->from_tag = core_.unique.tag(exchange->call_id);
    }
  }
  const bool registers_again = fresh || !trunk->config.registers || trunk->config.targets != config.targets || trunk->config.user != config.user || trunk->config.password != config.password;
  trunk->config = config;
  trunk->target = config.targets.empty() ? 0 : trunk->target % config.targets.size();
  trunk->ask_for_seconds = static_cast<std::uint32_t>(config.register_for.us / 1'000'000);
  // spread over 2 s, so that a hundred trunks do not all begin in one turn
  const Instant soon = turn.now + Duration::milliseconds(static_cast<std::int64_t>(core_.unique.draw("trunk", 2'000)));
  if (!config.registers) { trunk->registration.next = Instant::never(); trunk->registered = false; }
  else if (registers_again && !trunk->registration.busy) trunk->registration.next = soon;
  if (config.options_every <= Duration{}) trunk->options.next = Instant::never();
  else if (trunk->options.next == Instant::never() && !trunk->options.busy) trunk->options.next = soon;
  arm(*trunk);
}

void Trunks::remove(TrunkId id, Turn turn) {
  auto found = trunks_.find(id);
  if (found == trunks_.end()) return;
  if (found->second->registered) send_register(*found->second, 0, turn);
  trunks_.erase(found);
  by_address_.clear();
  turn.out.drop(RowKind::trunk, text(id));
}

const Trunk* Trunks::find(TrunkId id) const {
  auto found = trunks_.find(id);
  return found == trunks_.end() ? nullptr : found->second.get();
}

std::optional<TrunkId> Trunks::at_address(const std::string& ip) {
  if (auto* known = by_address_.find(ip)) return *known;
  std::optional<TrunkId> best;
  int best_length = -1;
  for (const auto& [id, trunk] : trunks_) {
    for (const auto& network : trunk->config.networks)
      if (const int length = prefix_length(network); length > best_length && in_network(ip, network)) { best = id; best_length = length; }
    for (const auto& target : trunk->config.targets)
      if (best_length < 128 && target.remote.ip == ip) { best = id; best_length = 128; }
  }
  by_address_.at(ip) = best;
  return best;
}

bool Trunks::is_own(const Trunk& trunk, const std::string& ip) const {
  return std::any_of(trunk.config.targets.begin(), trunk.config.targets.end(), [&](const Flow& target) { return target.remote.ip == ip; }) ||
         std::any_of(trunk.config.networks.begin(), trunk.config.networks.end(), [&](const auto& network) { return in_network(ip, network); });
}

std::optional<Flow> Trunks::target(TrunkId id) const {
  const Trunk* trunk = find(id);
  if (!trunk || trunk->config.targets.empty()) return std::nullopt;
  return trunk->config.targets[trunk->target];
}

void Trunks::target_failed(TrunkId id, const Flow& flow) {
  auto found = trunks_.find(id);
  if (found == trunks_.end() || found->second->config.targets.empty()) return;
  Trunk& trunk = *found->second;
  if (trunk.config.targets[trunk.target].remote == flow.remote) trunk.target = (trunk.target + 1) % trunk.config.targets.size();
}

std::string Trunks::inbound_called(const Trunk& trunk, std::string_view number) const {
  auto out = rewritten(number, trunk.config.in_called);
  return trunk.config.national_numbers ? phone::national_form(out, trunk.config.area_code) : out;
}

std::string Trunks::inbound_caller(const Trunk& trunk, std::string_view number) const {
  auto out = rewritten(number, trunk.config.in_caller);
  return trunk.config.national_numbers ? phone::national_form(out, trunk.config.area_code) : out;
}

std::string Trunks::outbound_called(const Trunk& trunk, std::string_view number) const {
  return rewritten(trunk.config.national_numbers ? phone::national_form(number, trunk.config.area_code) : std::string(number), trunk.config.out_called);
}

std::string Trunks::outbound_caller(const Trunk& trunk, std::string_view number) const { return rewritten(number, trunk.config.out_caller); }

std::optional<std::string> Trunks::credentials(TrunkId id, const Message& response, const Flow& from, std::string_view method, std::string_view uri, int attempts_so_far) {
  auto found = trunks_.find(id);
  if (found == trunks_.end()) return std::nullopt;
  Trunk& trunk = *found->second;
  if (trunk.config.user.empty() || attempts_so_far >= attempts_with_credentials || !is_own(trunk, from.remote.ip)) return std::nullopt;
  const bool proxy = response.status() == 407;

  std::optional<DigestFields> chosen;
  bool chosen_sha256 = false;
  for (auto line : response.all(proxy ? Field::proxy_authenticate : Field::www_authenticate)) {
    auto offered = parse_digest(line);
    if (!offered) continue;
    const auto realm = value_of(*offered, "realm");
    const auto& expected = !trunk.config.realm.empty() ? trunk.config.realm : trunk.realm_seen;
    if (!expected.empty() && realm != expected) continue;
    const auto algorithm = lower(value_of(*offered, "algorithm"));
    const bool sha256 = algorithm == "sha-256";
    if (!sha256 && !algorithm.empty() && algorithm != "md5") continue;
    if (chosen && (chosen_sha256 || !sha256)) continue;              // RFC 8760 §2.4: the strongest that both know
    chosen = std::move(offered);
    chosen_sha256 = sha256;
  }
  if (!chosen) return std::nullopt;
  const auto realm = value_of(*chosen, "realm"), nonce = value_of(*chosen, "nonce"), opaque = value_of(*chosen, "opaque");
  trunk.realm_seen = realm;
  const bool with_qop = !value_of(*chosen, "qop").empty();
  const auto algorithm = chosen_sha256 ? DigestAlgorithm::sha256 : DigestAlgorithm::md5;
  const std::string cnonce = core_.unique.branch().substr(7);
  const std::string qop = with_qop ? "auth" : "";
  const auto answer = digest_response(algorithm, ha1(algorithm, trunk.config.user, realm, trunk.config.password), nonce, "00000001", cnonce, qop, method, uri);
  std::string line = std::string(proxy ? "Proxy-Authorization" : "Authorization") + ": Digest username=\"" + trunk.config.user + "\",realm=\"" + realm + "\",nonce=\"" + nonce +
                     "\",uri=\"" + std::string(uri) + "\",response=\"" + answer + "\",algorithm=" + (chosen_sha256 ? "SHA-256" : "MD5");
  if (with_qop) line += ",qop=auth,nc=00000001,cnonce=\"" + cnonce + "\"";
  if (!opaque.empty()) line += ",opaque=\"" + opaque + "\"";
  return line;
}

bool Trunks::wants_address(const Trunk& trunk) const {
  return core_.config.advertise.empty() && !trunk.config.targets.empty() && !core_.is_local(trunk.config.targets[trunk.target].remote.ip);
}

void Trunks::learn_address(TrunkId id, const Message& response, Turn turn) {
  auto found = trunks_.find(id);
  if (found == trunks_.end() || response.vias().empty() || !wants_address(*found->second)) return;
  const Via& via = response.vias().front();
  if (via.received.empty()) return;
  Address seen{std::string(via.received), via.rport_value ? via.rport_value : via.port};
  Trunk& trunk = *found->second;
  if (trunk.learnt == seen) return;
  trunk.learnt = seen;
  core_.learnt = seen;
  turn.out.save(RowKind::trunk, text(id), to_bytes(TrunkRow{id, seen}));
  turn.out.event(PublicAddressLearnt{id, seen});
}

void Trunks::send_register(Trunk& trunk, std::uint32_t seconds, Turn turn) {
  if (trunk.config.targets.empty()) return registration_failed(trunk, "no address", turn);
  const Flow flow = trunk.config.targets[trunk.target];
  auto& series = trunk.registration;
  const std::string host = trunk.config.host.empty() ? flow.remote.ip : trunk.config.host;
  const std::string uri = "sip:" + host, record = "<sip:" + trunk.config.user + "@" + host + ">", branch = core_.unique.branch();
  auto builder = core_.begin_request({"REGISTER", uri, branch, record + ";tag=" + series.from_tag, record, series.call_id, ++series.cseq}, flow);
  builder.header("Contact", "<sip:" + trunk.config.user + "@" + text(core_.own_address(flow)) + (flow.transport == Transport::tcp ? ";transport=tcp>" : ">"));
  builder.header("Expires", std::to_string(seconds));
  if (!series.authorization.empty()) {
    const auto colon = series.authorization.find(": ");
    builder.header(series.authorization.substr(0, colon), series.authorization.substr(colon + 2));
  }
  builder.header("User-Agent", product);
  auto& transaction = core_.transactions.add(client_key(branch, "REGISTER"),
                                             std::make_unique<OtherClient>(flow, Owner{Owner::Kind::trunk_register, trunk.config.trunk.value}, builder.finish()));
  transaction.start(turn, true);
  core_.transactions.settle(transaction);
  series.busy = true;
  series.next = Instant::never();
}

void Trunks::send_options(Trunk& trunk, Turn turn) {
  auto& series = trunk.options;
  if (trunk.config.targets.empty()) { series.next = turn.now + trunk.config.options_every; return tell(trunk, false, "no address", turn); }
  const Flow flow = trunk.config.targets[trunk.target];
  const std::string host = trunk.config.host.empty() ? flow.remote.ip : trunk.config.host;
  const std::string uri = "sip:" + host, branch = core_.unique.branch();
  auto builder = core_.begin_request({"OPTIONS", uri, branch, "<sip:pasokh@" + text(core_.own_address(flow)) + ">;tag=" + series.from_tag, "<" + uri + ">", series.call_id, ++series.cseq}, flow);
  builder.header("Contact", core_.contact(flow));
  builder.header("Accept", "application/sdp");
  auto& transaction = core_.transactions.add(client_key(branch, "OPTIONS"),
                                             std::make_unique<OtherClient>(flow, Owner{Owner::Kind::trunk_options, trunk.config.trunk.value}, builder.finish()));
  transaction.start(turn, true);
  core_.transactions.settle(transaction);
  series.busy = true;
  series.next = Instant::never();
}

void Trunks::on_response(Owner owner, const Message& response, const Flow& from, Turn turn) {
  auto found = trunks_.find(TrunkId{owner.id});
  if (found == trunks_.end()) return;
  if (response.status() < 200) {
    if (owner.kind == Owner::Kind::trunk_register) registration_meets(*found->second, RegistrationMeets::provisional);
    return;
  }
  Trunk& trunk = *found->second;
  learn_address(trunk.config.trunk, response, turn);
  if (owner.kind == Owner::Kind::trunk_options) {
    trunk.options.busy = false;
    trunk.options.next = next_look(trunk, trunk.config.options_every, turn.now);
    trunk.options.failures = 0;
    // any answer shows that the other side lives, except that it says itself that it does not serve (503)
    const bool well = response.status() != 503;
    if (!trunk.config.registers || trunk.registered || !well) tell(trunk, well, well ? "" : "503", turn);
    return arm(trunk);
  }
  auto& series = trunk.registration;
  const int status = response.status();
  registration_meets(trunk, status < 300 ? RegistrationMeets::success : status == 401 || status == 407 ? RegistrationMeets::challenge : status == 423 ? RegistrationMeets::interval_too_brief : RegistrationMeets::refused);
  series.busy = false;
  if (status < 300) {
    std::uint32_t seconds = number_of(response.first(Field::expires), trunk.ask_for_seconds);
    const auto own = text(core_.own_address(from));
    for (auto value : response.list(Field::contact))
      if (auto contact = parse_name_addr(value); contact && contact->uri.host + ":" + std::to_string(contact->uri.port) == own)
        seconds = number_of(contact->param("expires").value_or(""), seconds);
    seconds = std::max<std::uint32_t>(seconds, 10);
    series.attempts = 0;
    series.failures = 0;
    series.authorization.clear();
    trunk.registered = trunk.config.registers;  // it may have been switched off since
    // between 80 and 90 % of the time granted, so that trunks do not beat in step
    if (trunk.config.registers) series.next = turn.now + Duration::milliseconds(static_cast<std::int64_t>(seconds) * (800 + static_cast<std::int64_t>(core_.unique.draw("refresh", 100))));
    tell(trunk, true, "", turn);
  } else if (status == 401 || status == 407) {
    const std::string host = trunk.config.host.empty() ? trunk.config.targets[trunk.target].remote.ip : trunk.config.host;
    auto line = credentials(trunk.config.trunk, response, from, "REGISTER", "sip:" + host, series.attempts);
    if (!line) return registration_failed(trunk, "the password was refused", turn);
    ++series.attempts;
    series.authorization = std::move(*line);
    send_register(trunk, trunk.ask_for_seconds, turn);
  } else if (status == 423 && number_of(response.first(Field::min_expires), 0) > trunk.ask_for_seconds) {
    trunk.ask_for_seconds = number_of(response.first(Field::min_expires), 0);
    send_register(trunk, trunk.ask_for_seconds, turn);
  } else {
    if (status == 503 || status == 500) target_failed(trunk.config.trunk, trunk.config.targets[trunk.target]);
    return registration_failed(trunk, std::to_string(status) + " " + std::string(response.reason().substr(0, 60)), turn);
  }
  arm(trunk);
}

void Trunks::on_no_answer(Owner owner, Turn turn) {
  auto found = trunks_.find(TrunkId{owner.id});
  if (found == trunks_.end()) return;
  Trunk& trunk = *found->second;
  if (owner.kind == Owner::Kind::trunk_register) registration_meets(trunk, RegistrationMeets::no_answer);
  if (!trunk.config.targets.empty()) target_failed(trunk.config.trunk, trunk.config.targets[trunk.target]);
  if (owner.kind == Owner::Kind::trunk_register) return registration_failed(trunk, "no answer", turn);
  trunk.options.busy = false;
  trunk.options.next = next_look(trunk, std::min(trunk.config.options_every, retry_after(++trunk.options.failures)), turn.now);
  tell(trunk, false, "no answer", turn);
  arm(trunk);
}

void Trunks::registration_failed(Trunk& trunk, std::string why, Turn turn) {
  auto& series = trunk.registration;
  series.busy = false;
  series.attempts = 0;
  series.authorization.clear();
  if (trunk.config.registers) series.next = turn.now + retry_after(++series.failures);
  trunk.registered = false;
  tell(trunk, false, std::move(why), turn);
  arm(trunk);
}

void Trunks::tell(Trunk& trunk, bool reachable, std::string why, Turn turn) {
  if (trunk.reachable == reachable) return;
  trunk.reachable = reachable;
  core_.log(turn, reachable ? "info" : "warning", reachable ? "trunk reachable" : "trunk unreachable", {{"trunk", trunk.config.code}, {"why", why}});
  turn.out.event(TrunkReachability{trunk.config.trunk, reachable, std::move(why)});
}

void Trunks::on_timeout(Trunk& trunk, Turn turn) {
  if (trunk.registration.next <= turn.now) registration_meets(trunk, RegistrationMeets::time);
  if (trunk.registration.next <= turn.now && !trunk.registration.busy) send_register(trunk, trunk.ask_for_seconds, turn);
  if (trunk.options.next <= turn.now && !trunk.options.busy) send_options(trunk, turn);
  arm(trunk);
}

void Trunks::arm(Trunk& trunk) { core_.timers.set(trunk.timer, std::min(trunk.registration.next, trunk.options.next)); }

void Trunks::restore(std::string_view bytes) {
  auto row = from_bytes<TrunkRow>(bytes);
  if (!row) return;
  learnt_before_[row->trunk] = row->learnt;
  if (core_.learnt.ip.empty()) core_.learnt = row->learnt;
}

void Trunks::resume() {
  for (auto& [id, address] : learnt_before_)
    if (auto found = trunks_.find(id); found != trunks_.end()) found->second->learnt = address;
  learnt_before_.clear();
}

}  // namespace pasokh::sip
