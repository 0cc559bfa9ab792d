#include "sip/endpoint.h"

#include "sip/core.h"
#include "sip/gate.h"
#include "sip/legs.h"
#include "sip/registrar.h"
#include "sip/screening.h"
#include "sip/trunk.h"

namespace pasokh::sip {
namespace {

constexpr std::size_t splitters_limit = 20'000;   // open TCP connections that have sent something

bool is_stun(std::string_view bytes) {            // RFC 5389 §6: two zero bits in front and the magic cookie
  return bytes.size() >= 20 && (static_cast<unsigned char>(bytes[0]) & 0xc0) == 0 && bytes.substr(4, 4) == "\x21\x12\xa4\x42";
}

// RFC 5389 §15.2: a binding request is answered with the address it came from (phones keep their NAT mapping open with it).
std::string stun_answer(std::string_view request, const Flow& from) {
  unsigned octet[4] = {};
  std::size_t part = 0;
  for (char c : from.remote.ip) {
    if (c == '.') { if (++part > 3) return {}; }
    else if (c >= '0' && c <= '9') octet[part] = octet[part] * 10 + static_cast<unsigned>(c - '0');
    else return {};                               // IPv6: not answered
  }
  if (part != 3 || static_cast<unsigned char>(request[0]) != 0 || static_cast<unsigned char>(request[1]) != 1) return {};
  std::string out("\x01\x01\x00\x0c", 4);
  out.append(request.substr(4, 16));
  out.append("\x00\x20\x00\x08\x00\x01", 6);      // XOR-MAPPED-ADDRESS, IPv4
  out += static_cast<char>((from.remote.port >> 8) ^ 0x21);
  out += static_cast<char>((from.remote.port & 0xff) ^ 0x12);
  const unsigned cookie[4] = {0x21, 0x12, 0xa4, 0x42};
  for (int i = 0; i < 4; ++i) out += static_cast<char>(octet[i] ^ cookie[i]);
  return out;
}

}  // namespace

struct Endpoint::Impl {
  explicit Impl(EndpointConfig config) : core(std::move(config)), registrar(core), trunks(core), legs(core, registrar, trunks) {
    registrar.on_moved = [this](DeviceId device, const Flow& old_flow, const Flow& new_flow, Turn turn) { legs.on_moved(device, old_flow, new_flow, turn); };
    registrar.on_heard = [this](DeviceId device, const Flow& flow, Turn turn) { legs.on_heard(device, flow, turn); };
    registrar.on_rebooted = [this](DeviceId device, std::string_view contact, Turn turn) { legs.on_rebooted(device, contact, turn); };
  }

  // One turn: output passes the gate, and what has changed is written once at the end.
  template <class Act>
  void turn(Instant now, Out& out, Act&& act) {
    Gate gate(connections, out);
    Turn turn{now, gate};
    act(turn);
    legs.end_turn(turn);
  }

  void take(const Flow& from, std::string_view bytes, Turn turn);
  void request(Message request, const Flow& from, Turn turn);
  void response(const Message& response, const Flow& from, Turn turn);
  void new_request(Message request, const Flow& from, Turn turn);
  void invite(Message request, const Flow& from, Turn turn);
  void outside_dialog(const Message& request, const Flow& from, Turn turn);
  void options(const Message& request, const Flow& from, Turn turn);
  void again(Transaction& transaction, const Message& request, const Flow& from, Turn turn);
  bool looks_like_device(const Message& request, const Flow& from) const;
  bool known_source(const Flow& from) { return registrar.device_at(from) || registrar.address_has_device(from.remote.ip) || trunk_of(from.remote.ip); }
  std::optional<TrunkId> trunk_of(const std::string& ip) { return trunks.at_address(ip); }
  void fire(Timer& timer, Turn turn);
  void unreachable(const Flow& to, Turn turn);
  void settle_no_answer(Transaction& transaction, bool transport_failed, Turn turn);

  Core core;
  Registrar registrar;
  Trunks trunks;
  Legs legs;
  Connections connections;
  SourceRates rates;
  Admission admission;
  RefusedCalls refused_calls;
  std::unordered_map<std::uint64_t, StreamSplitter> splitters;
};

// --- bytes in

void Endpoint::Impl::take(const Flow& from, std::string_view bytes, Turn turn) {
  ++core.counters.received;
  auto parsed = Message::parse(std::string(bytes));
  if (!parsed) {
    ++core.counters.malformed;
    if (!parsed.error().answerable || !rates.allow(from.remote.ip, core.config.requests_per_second_per_source, turn.now)) return;
    if (auto rest = Message::parse_for_refusal(std::string(bytes)); rest && rest->is_request()) core.refuse_stateless(*rest, from, parsed.error().status, turn);
    return;
  }
  if (parsed->is_request()) request(std::move(*parsed), from, turn);
  else response(*parsed, from, turn);
}

void Endpoint::Impl::request(Message request, const Flow& from, Turn turn) {
  const auto key = server_key(request);
  if (auto* known = core.transactions.find(key)) return again(*known, request, from, turn);
  const bool in_dialog = !request.to_tag().empty();
  if (!in_dialog && !known_source(from) && !rates.allow(from.remote.ip, core.config.requests_per_second_per_source, turn.now)) {
    ++core.counters.refused_rate;
    return;
  }
  if (request.method() == Method::cancel) return legs.on_cancel(request, from, turn);
  if (request.method() != Method::ack)
    if (auto fault = fault_of(request)) return core.refuse_stateless(request, from, fault->status, turn, fault->name, fault->value);
  if (!in_dialog) return new_request(std::move(request), from, turn);
  if (legs.on_dialog_request(request, from, turn) || request.method() == Method::ack) return;
  if (request.method() == Method::bye && legs.had_dialog(request, turn.now)) return core.answer(request, from, 200, turn);
  core.refuse_stateless(request, from, 481, turn);                   // §12.2.2
}

void Endpoint::Impl::again(Transaction& transaction, const Message& request, const Flow& from, Turn turn) {
  ++core.counters.retransmissions_in;
  if (transaction.kind == Transaction::Kind::other_server) return static_cast<OtherServer&>(transaction).request_again(turn);
  if (transaction.kind != Transaction::Kind::invite_server) return;
  auto& server = static_cast<InviteServer&>(transaction);
  if (request.method() == Method::ack) {
    if (server.state() == InviteServer::State::accepted) legs.on_dialog_request(request, from, turn);  // RFC 6026 §7.1; some peers give the ACK to a 2xx the branch of its INVITE
    server.acknowledged(turn);
    legs.on_refusal_settled(server, turn);
    return core.transactions.settle(server);
  }
  server.request_again(turn);
}

void Endpoint::Impl::response(const Message& response, const Flow& from, Turn turn) {
  if (response.vias().size() != 1) return;                           // §8.1.3.3
  auto* found = core.transactions.find(client_key(response));
  if (!found) {
    const bool late_answer = response.method() == Method::invite && response.status() >= 200 && response.status() < 300;
    if (late_answer) legs.on_invite_response(nullptr, response, from, turn);  // after a restart, or after timer M
    return;
  }
  if (found->kind == Transaction::Kind::invite_client) {
    auto& client = static_cast<InviteClient&>(*found);
    if (client.response(response, turn) == InviteClient::Verdict::pass_up) legs.on_invite_response(&client, response, from, turn);
    return core.transactions.settle(client);
  }
  if (found->kind != Transaction::Kind::other_client) return;
  auto& client = static_cast<OtherClient&>(*found);
  if (client.response(response, turn) == OtherClient::Verdict::pass_up) {
    switch (client.owner.kind) {
      case Owner::Kind::leg: legs.on_other_response(client, response, from, turn); break;
      case Owner::Kind::trunk_register: case Owner::Kind::trunk_options: trunks.on_response(client.owner, response, from, turn); break;
      case Owner::Kind::nobody: break;
    }
  }
  core.transactions.settle(client);
}

// --- requests outside a dialog: each method has its rule

void Endpoint::Impl::new_request(Message request, const Flow& from, Turn turn) {
  switch (request.method()) {
    case Method::invite: return invite(std::move(request), from, turn);
    case Method::register_: return registrar.on_register(request, from, trunk_of(from.remote.ip).has_value(), turn);
    case Method::options: return options(request, from, turn);
    case Method::ack: return;
    case Method::bye: case Method::prack: case Method::update: case Method::info: case Method::notify: case Method::refer: case Method::cancel:
    case Method::subscribe: case Method::message: case Method::publish: case Method::other:
      return outside_dialog(request, from, turn);
  }
}

// Denied by default (threats S8): nothing here makes state.
void Endpoint::Impl::outside_dialog(const Message& request, const Flow& from, Turn turn) {
  switch (request.method()) {
    case Method::refer: return core.refuse_stateless(request, from, 403, turn);
    case Method::subscribe: return core.refuse_stateless(request, from, 489, turn);
    case Method::message: case Method::publish: case Method::other: return core.refuse_stateless(request, from, 405, turn, "Allow", allowed_methods);
    case Method::bye: case Method::prack: case Method::update: case Method::info: case Method::notify: case Method::cancel: case Method::ack:
    case Method::invite: case Method::register_: case Method::options:
      return core.refuse_stateless(request, from, 481, turn);
  }
}

void Endpoint::Impl::options(const Message& request, const Flow& from, Turn turn) {
  auto plain = core.begin_answer(request, from, 200, core.unique.passing_tag());
  auto full = plain;
  full.header("Allow", allowed_methods);
  full.header("Accept", "application/sdp");
  full.header("Supported", supported_options);
  std::string bytes = full.finish();
  if (bytes.size() > request.bytes().size() && !known_source(from)) bytes = plain.finish();  // threats S6: no amplifier for strangers
  turn.out.send(Core::answer_flow(request, from), std::move(bytes), true);
}

bool Endpoint::Impl::looks_like_device(const Message& request, const Flow& from) const {
  if (registrar.device_at(from)) return true;
  for (auto line : request.all(Field::authorization))
    if (line.find("realm=\"" + core.config.realm + "\"") != line.npos) return true;
  auto caller = parse_name_addr(request.first(Field::from));
  auto target = parse_uri(request.request_uri());
  return caller && target && registrar.device_of_user(caller->uri.user) && !(core.config.is_number && core.config.is_number(target->user));
}

void Endpoint::Impl::invite(Message request, const Flow& from, Turn turn) {
  if (legs.is_merged(request)) return core.refuse_stateless(request, from, 482, turn);
  auto target = parse_uri(request.request_uri());
  if (!target) return core.refuse_stateless(request, from, 400, turn);
  const auto trunk_id = trunk_of(from.remote.ip);
  Arrival arrival;
  if (looks_like_device(request, from) || !trunk_id) {
    const auto who = registrar.authenticate(request, from, trunk_id.has_value(), turn);
    switch (who.verdict) {
      case Registrar::Verdict::refuse: return core.refuse_stateless(request, from, 403, turn);
      case Registrar::Verdict::challenge: return registrar.challenge(request, from, false, turn);
      case Registrar::Verdict::stale: return registrar.challenge(request, from, true, turn);
      case Registrar::Verdict::known: break;
    }
    auto caller = parse_name_addr(request.first(Field::from));
    const auto user = registrar.user_of(who.device);
    if (!caller || caller->uri.user != user) return core.refuse_stateless(request, from, 403, turn);  // nobody speaks under another's name
    arrival.device = who.device;
    arrival.dialled = target->user;
    arrival.caller = user;
    arrival.caller_name = caller->name;
  } else {
    const Trunk& trunk = *trunks.find(*trunk_id);
    arrival.trunk = *trunk_id;
    arrival.dialled = trunks.inbound_called(trunk, target->scheme == "tel" ? (target->user.empty() ? target->host : target->user) : target->user);
    // a carrier that calls the registered Contact names the dialled number in To alone
    if (trunk.config.registers && target->user == trunk.config.user)
      if (auto to = parse_name_addr(request.first(Field::to)); to && core.config.is_number)
        if (auto number = trunks.inbound_called(trunk, to->uri.user); core.config.is_number(number)) arrival.dialled = std::move(number);
    auto shown = parse_name_addr(request.first(Field::from));
    if (trunk.config.trust_identity)
      for (auto value : request.list(Field::p_asserted_identity))
        if (auto asserted = parse_name_addr(value)) { if (asserted->name.empty() && shown) asserted->name = shown->name; shown = std::move(asserted); break; }
    const bool hidden = request.lists(Field::privacy, "id") || !shown || same_word(shown->uri.user, "anonymous") || shown->uri.host == "anonymous.invalid";
    if (!hidden) {
      arrival.caller = trunks.inbound_caller(trunk, shown->uri.user.empty() && shown->uri.scheme == "tel" ? shown->uri.host : shown->uri.user);
      arrival.caller_name = shown->name;
    }
  }
  const bool again = refused_calls.remembers(request, turn.now);     // also when there is room by now
  if (core.refusing || core.is_full() || again) {                    // after the checks: strangers get no other answer than always
    refused_calls.remember(request, turn.now);
    return core.refuse_stateless(request, from, 503, turn, "Retry-After", std::to_string(2 + core.unique.draw("overload", 9)));
  }
  if (arrival.trunk && core.config.new_calls_per_second > 0 && !admission.admit(core.config.new_calls_per_second, turn.now)) {
    ++core.counters.not_admitted;
    refused_calls.remember(request, turn.now);
    return core.refuse_stateless(request, from, 503, turn, "Retry-After", std::to_string(2 + core.unique.draw("admission", 9)));
  }
  legs.arrive(std::move(request), from, std::move(arrival), turn);
}

// --- time

void Endpoint::Impl::settle_no_answer(Transaction& transaction, bool transport_failed, Turn turn) {
  switch (transaction.owner.kind) {
    case Owner::Kind::leg: legs.on_no_answer(transaction, transport_failed, turn); break;
    case Owner::Kind::trunk_register: case Owner::Kind::trunk_options: trunks.on_no_answer(transaction.owner, turn); break;
    case Owner::Kind::nobody: break;
  }
}

void Endpoint::Impl::fire(Timer& timer, Turn turn) {
  switch (timer.wakes) {
    case Wakes::leg: return legs.on_timeout(*static_cast<Leg*>(timer.owner), turn);
    case Wakes::trunk: return trunks.on_timeout(*static_cast<Trunk*>(timer.owner), turn);
    case Wakes::binding: return registrar.on_timeout(*static_cast<Binding*>(timer.owner), turn);
    case Wakes::transaction: break;
  }
  auto& transaction = *static_cast<Transaction*>(timer.owner);
  switch (transaction.kind) {
    case Transaction::Kind::invite_server:
      if (static_cast<InviteServer&>(transaction).on_timeout(turn) == InviteServer::Fired::ack_never_came)
        legs.on_refusal_settled(static_cast<InviteServer&>(transaction), turn);
      break;
    case Transaction::Kind::other_server: static_cast<OtherServer&>(transaction).on_timeout(turn); break;
    case Transaction::Kind::invite_client:
      if (static_cast<InviteClient&>(transaction).on_timeout(turn) == InviteClient::Fired::timed_out) settle_no_answer(transaction, false, turn);
      break;
    case Transaction::Kind::other_client:
      if (static_cast<OtherClient&>(transaction).on_timeout(turn) == OtherClient::Fired::timed_out) settle_no_answer(transaction, false, turn);
      break;
  }
  core.transactions.settle(transaction);
}

void Endpoint::Impl::unreachable(const Flow& to, Turn turn) {
  for (Transaction* transaction : core.transactions.unanswered_to(to)) {
    // inside a dialog the phone may come back; timer B or F is the end of the wait
    if (transaction->owner.kind == Owner::Kind::leg && !legs.is_first_invite(*transaction)) continue;
    // REGISTER and OPTIONS come again by themselves for 32 s: longer than a carrier's proxy takes to start anew
    if (to.transport == Transport::udp && transaction->kind != Transaction::Kind::invite_client) continue;
    if (transaction->kind == Transaction::Kind::invite_client) static_cast<InviteClient*>(transaction)->give_up();
    else static_cast<OtherClient*>(transaction)->give_up();
    settle_no_answer(*transaction, true, turn);
    core.transactions.settle(*transaction);
  }
}

// --- the public face

Endpoint::Endpoint(EndpointConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Endpoint::~Endpoint() = default;

void Endpoint::set_device(const DeviceConfig& device) { impl_->registrar.set_device(device); }
void Endpoint::remove_device(DeviceId device) { impl_->registrar.remove_device(device); }
void Endpoint::set_trunk(const TrunkConfig& trunk, Instant now, Out& out) { impl_->turn(now, out, [&](Turn turn) { impl_->trunks.set(trunk, turn); }); }
void Endpoint::remove_trunk(TrunkId trunk, Instant now, Out& out) { impl_->turn(now, out, [&](Turn turn) { impl_->trunks.remove(trunk, turn); }); }
void Endpoint::set_overload(bool refuse_new_calls, std::string_view why) { impl_->core.refusing = refuse_new_calls; impl_->core.refusing_why = why; }

void Endpoint::datagram(const Flow& from, std::string_view bytes, Instant now, Out& out) {
  if (is_stun(bytes)) {
    if (auto answer = stun_answer(bytes, from); !answer.empty()) out.send(from, std::move(answer), true);
    return;
  }
  while (!bytes.empty() && (bytes.front() == '\r' || bytes.front() == '\n' || bytes.front() == '\0')) bytes.remove_prefix(1);  // keep-alives, §7.5
  if (bytes.empty()) return;
  impl_->turn(now, out, [&](Turn turn) { impl_->take(from, bytes, turn); });
}

bool Endpoint::stream(const Flow& from, std::string_view bytes, Instant now, Out& out) {
  impl_->connections.opened(from);
  if (impl_->splitters.size() >= splitters_limit && !impl_->splitters.contains(from.connection)) return false;
  auto& splitter = impl_->splitters[from.connection];
  splitter.feed(bytes);
  for (std::string message;;) {
    switch (splitter.next(message)) {
      case StreamSplitter::Kind::nothing: return true;
      case StreamSplitter::Kind::broken: return false;
      case StreamSplitter::Kind::ping: out.send(from, "\r\n", true); break;  // RFC 5626 §3.5.1
      case StreamSplitter::Kind::message: impl_->turn(now, out, [&](Turn turn) { impl_->take(from, message, turn); }); break;
    }
  }
}

void Endpoint::connected(const Flow& flow, Instant, Out&) { impl_->connections.opened(flow); }

void Endpoint::connection_lost(std::uint64_t connection, Instant now, Out& out) {
  impl_->connections.closed(connection);
  impl_->splitters.erase(connection);
  impl_->turn(now, out, [&](Turn turn) {
    impl_->registrar.connection_lost(connection, turn);
    impl_->legs.connection_lost(connection, turn);
    for (Transaction* transaction : impl_->core.transactions.unanswered_on(connection)) {  // they ask for a new one
      Flow flow = transaction->peer;
      flow.connection = 0;
      if (transaction->kind == Transaction::Kind::invite_client) static_cast<InviteClient*>(transaction)->moved_to(flow, turn);
      else static_cast<OtherClient*>(transaction)->moved_to(flow, turn);
    }
  });
}

void Endpoint::unreachable(const Flow& to, Instant now, Out& out) {
  impl_->turn(now, out, [&](Turn turn) { impl_->unreachable(to, turn); });
}

void Endpoint::resolved(const std::string& host, std::uint16_t port, Transport transport, std::vector<Flow> addresses, Instant now, Out& out) {
  impl_->turn(now, out, [&](Turn turn) { impl_->legs.resolved({host, port, transport}, std::move(addresses), turn); });
}

void Endpoint::on_timeout(Instant now, Out& out) {
  impl_->turn(now, out, [&](Turn turn) {
    while (Timer* timer = impl_->core.timers.take_due(now)) impl_->fire(*timer, turn);
  });
}

Instant Endpoint::deadline() const { return impl_->core.timers.next(); }

void Endpoint::ring(LegId leg, Instant now, Out& out) { impl_->turn(now, out, [&](Turn turn) { impl_->legs.ring(leg, turn); }); }
void Endpoint::accept(LegId leg, const LocalMedia& local, Instant now, Out& out) { impl_->turn(now, out, [&](Turn turn) { impl_->legs.accept(leg, local, turn); }); }
void Endpoint::refuse(LegId leg, int status, std::string_view reason, Instant now, Out& out) { impl_->turn(now, out, [&](Turn turn) { impl_->legs.refuse(leg, status, reason, turn); }); }
void Endpoint::dial_device(LegId leg, DeviceId device, const CallerIdentity& caller, const LocalMedia& local, Instant now, Out& out) {
  impl_->turn(now, out, [&](Turn turn) { impl_->legs.dial_device(leg, device, caller, local, turn); });
}
void Endpoint::dial_trunk(LegId leg, TrunkId trunk, std::string_view number, const CallerIdentity& caller, const LocalMedia& local, Instant now, Out& out) {
  impl_->turn(now, out, [&](Turn turn) { impl_->legs.dial_trunk(leg, trunk, number, caller, local, turn); });
}
void Endpoint::end(LegId leg, Instant now, Out& out) { impl_->turn(now, out, [&](Turn turn) { impl_->legs.end(leg, turn); }); }
void Endpoint::renegotiate(LegId leg, const LocalMedia& local, Instant now, Out& out) { impl_->turn(now, out, [&](Turn turn) { impl_->legs.renegotiate(leg, local, turn); }); }
void Endpoint::ask_alive(LegId leg, Instant now, Out& out) { impl_->turn(now, out, [&](Turn turn) { impl_->legs.ask_alive(leg, turn); }); }
void Endpoint::transfer_progress(LegId leg, bool done, bool succeeded, Instant now, Out& out) {
  impl_->turn(now, out, [&](Turn turn) { impl_->legs.transfer_progress(leg, done, succeeded, turn); });
}

void Endpoint::restore(RowKind kind, std::string_view, std::string_view bytes, Instant) {
  switch (kind) {
    case RowKind::leg: return impl_->legs.restore(bytes);
    case RowKind::binding: return impl_->registrar.restore(bytes);
    case RowKind::trunk: return impl_->trunks.restore(bytes);
    case RowKind::other: return;
  }
}

void Endpoint::resume(Instant now, Out& out) {
  impl_->turn(now, out, [&](Turn turn) {
    impl_->trunks.resume();
    impl_->registrar.resume(turn);
    impl_->legs.resume(turn);
  });
}

std::vector<Endpoint::LegInfo> Endpoint::legs() const { return impl_->legs.list(); }
bool Endpoint::device_reachable(DeviceId device) const { return impl_->registrar.reachable(device); }

Endpoint::Counters Endpoint::counters() const {
  Counters out = impl_->core.counters;
  out.retransmissions_out += impl_->core.transactions.repeated();
  out.transactions = impl_->core.transactions.size();
  out.legs = impl_->legs.size();
  out.bindings = impl_->registrar.binding_count();
  return out;
}

}  // namespace pasokh::sip
