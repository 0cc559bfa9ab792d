#include <algorithm>

#include "sip/legs.h"
#include "sip/machines.h"

namespace pasokh::sip {

using namespace machines;

namespace {

constexpr auto ended_is_remembered = transaction_life;
constexpr std::uint32_t cseq_leap = 100;              // after a restart: above whatever an uncommitted turn may have used
constexpr std::size_t ended_limit = 100'000;

const char* method_of(Pending::Kind kind) {
  switch (kind) {
    case Pending::Kind::bye: return "BYE";
    case Pending::Kind::reinvite: return "INVITE";
    case Pending::Kind::update: return "UPDATE";
    case Pending::Kind::prack: return "PRACK";
    case Pending::Kind::notify: return "NOTIFY";
  }
  return "";
}

}  // namespace

std::string merge_key(const Message& request) {
  return std::string(request.call_id()) + "|" + std::string(request.from_tag()) + "|" + std::to_string(request.cseq());
}

std::string trimmed(const Message& request) {
  MessageBuilder builder;
  builder.request(request.method_text(), "sip:pasokh");   // an answer does not need the Request-URI
  for (const auto& via : request.vias()) builder.header("Via", via.whole);
  for (auto route : request.all(Field::record_route)) builder.header("Record-Route", route);
  builder.header("From", request.first(Field::from));
  builder.header("To", request.first(Field::to));
  builder.header("Call-ID", request.call_id());
  builder.header("CSeq", request.first(Field::cseq));
  builder.header("Max-Forwards", "70");
  return builder.finish();
}

// --- the table

Leg* Legs::find(LegId id) const {
  auto found = legs_.find(id);
  return found == legs_.end() ? nullptr : found->second.get();
}

Leg* Legs::find_dialog(std::string_view call_id, std::string_view local_tag) const {
  std::string key(call_id);
  key.append("|").append(local_tag);
  auto found = dialogs_.find(key);
  return found == dialogs_.end() ? nullptr : find(found->second);
}

Leg& Legs::add(std::unique_ptr<Leg> leg) {
  Leg& added = *leg;
  dialogs_[added.dialog_key()] = added.leg;
  if (added.invite && !added.outgoing) first_requests_[merge_key(*added.invite)] = added.leg;
  if (added.device) of_device_[added.device].insert(added.leg);
  legs_[added.leg] = std::move(leg);
  return added;
}

void Legs::changed(Leg& leg) {
  if (leg.unsaved) return;
  leg.unsaved = true;
  unsaved_.push_back(leg.leg);
}

void Legs::end_turn(Turn turn) {
  ring_waiting(turn);
  save_changed(turn);
}

void Legs::save_changed(Turn turn) {
  for (LegId id : unsaved_)
    if (Leg* leg = find(id); leg && leg->unsaved) {
      leg->unsaved = false;
      leg->saved_once = true;
      turn.out.save(RowKind::leg, text(id), to_bytes<LegRow>(*leg));
    }
  unsaved_.clear();
}

void Legs::drop(Leg& leg, Turn turn) {
  while (!ended_order_.empty() && (ended_order_.front().first <= turn.now || ended_.size() >= ended_limit)) {
    ended_.erase(ended_order_.front().second);
    ended_order_.pop_front();
  }
  if (!leg.remote_tag.empty()) {
    const auto until = turn.now + ended_is_remembered;
    const auto hash = TextHash{}(leg.dialog_key());
    ended_[hash] = until;
    ended_order_.emplace_back(until, hash);
  }
  if (std::any_of(leg.forks.begin(), leg.forks.end(), [](const Fork& fork) { return fork.state == Fork::State::crossed; })) has_rung_off(leg);
  dialogs_.erase(leg.dialog_key());
  if (leg.invite)
    if (auto found = first_requests_.find(merge_key(*leg.invite)); found != first_requests_.end() && found->second == leg.leg) first_requests_.erase(found);
  if (auto found = of_device_.find(leg.device); found != of_device_.end()) {
    found->second.erase(leg.leg);
    if (found->second.empty()) of_device_.erase(found);
  }
  if (leg.saved_once) turn.out.drop(RowKind::leg, text(leg.leg));
  legs_.erase(leg.leg);
}

void Legs::drop_when_done(Leg& leg, Turn turn) {
  if (leg.state != LegState::ending || !leg.pending.empty() || leg.end_on_ack || leg.refused) return;
  for (const auto& fork : leg.forks)
    if (fork.state == Fork::State::cancelled) return;   // its final answer may still be a 2xx
  drop(leg, turn);
}

void Legs::tell_ended(Leg& leg, int status, std::string cause, bool by_peer, Turn turn) {
  if (leg.told_ended()) return;
  leg.state = LegState::ending;
  leg.reoffer_at = leg.prack_by = leg.repeat_reliable_at = leg.ring_again_at = leg.waits_until = Instant::never();
  turn.out.event(LegEnded{leg.leg, status, std::move(cause), by_peer});
  changed(leg);
  arm(leg);
}

void Legs::arm(Leg& leg) {
  Instant at = std::min({leg.repeat_answer_at, leg.ack_by, leg.repeat_reliable_at, leg.prack_by, leg.reoffer_at, leg.ring_again_at, leg.waits_until, leg.name_by});
  if (leg.state == LegState::confirmed) at = std::min({at, refresh_at(leg), session_ends_at(leg)});
  core_.timers.set(leg.timer, at);
}

// What is due, as the machine of legs calls it. Each stands in a field of its own, so that one which was not taken back is seen.
void Legs::tell_due(const Leg& leg, Instant now) const {
  const std::pair<Instant, LegMeets> all[] = {
      {leg.ack_by, LegMeets::no_ack_time}, {leg.ack_by <= now ? Instant::never() : leg.repeat_answer_at, LegMeets::answer_again_time},
      {leg.prack_by, LegMeets::no_prack_time}, {leg.prack_by <= now ? Instant::never() : leg.repeat_reliable_at, LegMeets::reliable_again_time},
      {leg.ring_again_at, LegMeets::ring_again_time}, {leg.waits_until, LegMeets::wait_over_time}, {leg.reoffer_at, LegMeets::reoffer_time}};
  for (const auto& [at, what] : all)
    if (at <= now) leg_meets(leg, what);
}

void Legs::on_timeout(Leg& leg, Turn turn) {
  const LegId id = leg.leg;
  if (met_listener) tell_due(leg, turn.now);
  if (leg.ack_by <= turn.now) {                          // §13.3.1.4: no ACK for 64·T1: the dialog is confirmed, the session ends
    answer_settled(leg);
    if (!leg.told_ended()) tell_ended(leg, 0, "ack-never-came", true, turn);
    leg.end_on_ack = false;
    say_bye(leg, turn);
  } else if (leg.repeat_answer_at <= turn.now) {
    repeat_answer(leg, turn);
  }
  if (leg.prack_by <= turn.now) {                        // RFC 3262 §3: nobody acknowledges
    leg.prack_by = leg.repeat_reliable_at = Instant::never();
    if (leg.state == LegState::arrived) refuse(id, 504, "", turn);
  } else if (leg.repeat_reliable_at <= turn.now) {
    turn.out.send(Core::answer_flow(*leg.invite, leg.request_from), leg.reliable, true);
    leg.repeat_reliable_after = 2 * leg.repeat_reliable_after;
    leg.repeat_reliable_at = turn.now + leg.repeat_reliable_after;
  }
  if (!find(id)) return;
  if (leg.ring_again_at <= turn.now) {
    leg.ring_again_at = turn.now + Duration::minutes(1);
    respond(leg, 180, "", turn);
  }
  if (leg.waits_until <= turn.now) {
    no_more_waiting(leg, turn);
    if (!find(id)) return;
  }
  if (leg.name_by <= turn.now) {
    leg.name_given_up = true;
    go_on(leg, turn);
  }
  if (leg.reoffer_at <= turn.now) {
    leg.reoffer_at = Instant::never();
    carry_out_wishes(leg, turn);
  }
  if (leg.state == LegState::confirmed) {
    if (session_ends_at(leg) <= turn.now) {
      leg_meets(leg, LegMeets::session_over_time);
      timer_meets(leg, TimerMeets::over_time);
      tell_ended(leg, 0, "session-expired", true, turn);
      say_bye(leg, turn);
    } else if (refresh_at(leg) <= turn.now) {
      leg_meets(leg, LegMeets::refresh_time);
      timer_meets(leg, TimerMeets::refresh_time);
      refresh(leg, turn);
    }
  }
  if (find(id)) arm(leg);
}

// --- requests inside a dialog

namespace {

constexpr Duration name_patience = Duration::seconds(2);  // a name server that has not answered by then costs no call

std::optional<Uri> next_uri(const Leg& leg) {             // §12.2.1.1
  if (leg.route_set.empty()) {
    auto target = parse_uri(leg.remote_target);
    return target ? std::optional(std::move(*target)) : std::nullopt;
  }
  auto route = parse_name_addr(leg.route_set.front());
  return route ? std::optional(std::move(route->uri)) : std::nullopt;
}

}  // namespace

// Where the next request goes. A device: where it came from, through whatever NAT there is. A trunk: to the address its route or
// Contact names (RFC 3263), when that is the trunk's own; else where it came from. DEPARTS from §8.1.2: a Contact outside the
// trunk's networks gets nothing from us.
Flow Legs::next_hop(const Leg& leg) const {
  if (leg.device) return leg.flow;
  const auto uri = next_uri(leg);
  if (!uri) return leg.flow;
  const Trunk* trunk = trunks_.find(leg.trunk);
  auto own = [&](const Flow& flow) { return trunk && trunks_.is_own(*trunk, flow.remote.ip); };
  auto flow = flow_of_uri(*uri);
  if (!flow) {
    const auto name = name_of_next_hop(leg);
    const auto* known = name ? names_.known(*name) : nullptr;
    if (!known) return leg.flow;
    const auto found = std::find_if(known->begin(), known->end(), own);
    if (found == known->end()) return leg.flow;
    flow = *found;
  }
  if (flow->remote == leg.flow.remote && flow->transport == leg.flow.transport) return leg.flow;
  if (flow->transport == Transport::tcp && leg.flow.transport == Transport::tcp && flow->remote.ip == leg.flow.remote.ip) return leg.flow;
  return own(*flow) ? *flow : leg.flow;
}

std::optional<HostName> Legs::name_of_next_hop(const Leg& leg) const {
  if (leg.device) return std::nullopt;
  const auto uri = next_uri(leg);
  if (!uri || uri->host.empty() || flow_of_uri(*uri)) return std::nullopt;
  return HostName{lower(uri->host), uri->port, same_word(uri->param("transport").value_or("udp"), "tcp") ? Transport::tcp : Transport::udp};
}

// Asked as soon as the dialog knows its target, so that the answer is there when the first request is to go.
bool Legs::knows_way(Leg& leg, Turn turn) {
  const auto name = name_of_next_hop(leg);
  if (!name || names_.addresses(*name, turn) || leg.name_given_up) return true;
  if (leg.name_by == Instant::never()) {
    leg.name_by = turn.now + name_patience;
    arm(leg);
  }
  return false;
}

// The name is known, or is waited for no more: what was held back goes out.
void Legs::go_on(Leg& leg, Turn turn) {
  leg.name_by = Instant::never();
  if (std::exchange(leg.ack_owed, false)) {
    const Flow flow = next_hop(leg);
    turn.out.send(flow, dialog_request(leg, "ACK", core_.unique.branch(), leg.invite_cseq, flow), false);
  }
  for (auto& pending : leg.pending)
    if (!core_.transactions.find(client_key(pending.branch, method_of(pending.kind)))) send_pending(leg, pending, turn);
  arm(leg);
}

void Legs::resolved(const HostName& name, std::vector<Flow> addresses, Turn turn) {
  names_.found(name, std::move(addresses), turn.now);
  std::vector<LegId> waiting;
  for (const auto& [id, leg] : legs_)
    if (leg->name_by != Instant::never() && name_of_next_hop(*leg) == name) waiting.push_back(id);
  std::sort(waiting.begin(), waiting.end());
  for (const LegId id : waiting) {
    Leg& leg = *find(id);
    const Trunk* trunk = trunks_.find(leg.trunk);
    const auto* known = names_.known(name);
    if (trunk && known && std::none_of(known->begin(), known->end(), [&](const Flow& flow) { return trunks_.is_own(*trunk, flow.remote.ip); }))
      core_.log(turn, "warning", known->empty() ? "the host that a trunk's Contact names is unknown" : "the host that a trunk's Contact names is not the trunk's",
                {{"trunk", trunk->config.code}, {"host", name.host}, {"do", known->empty() ? "check the name servers; requests go to where the call came from" : "add its address to the trunk's networks; requests go to where the call came from"}});
    go_on(leg, turn);
  }
}

LocalMedia Legs::media_towards(TrunkId id, const LocalMedia& wanted) const {
  LocalMedia local = wanted;
  if (const Trunk* trunk = trunks_.find(id)) {
    if (!trunk->config.codecs.empty()) local.codecs = trunk->config.codecs;
    if (trunk->config.dtmf != "rfc4733") local.telephone_event = false;
  }
  return local;
}

SdpLocal Legs::sdp_local(const Leg& leg, const Flow& flow) const {
  SdpLocal local;
  local.media = leg.local;
  local.ip = core_.own_address(flow).ip;
  local.other_ip = core_.own_ip_of_other_family(flow.remote.ip);
  local.session_id = leg.leg.value;
  local.version = leg.sdp_version;
  local.peer_ip = flow.remote.ip;
  local.own = core_.config.listen_udp;
  return local;
}

std::string Legs::dialog_request(Leg& leg, std::string_view method, std::string_view branch, std::uint32_t cseq, const Flow& flow,
                                 const std::vector<std::pair<std::string, std::string>>& extra, std::string_view type, std::string_view body) {
  std::string uri = leg.remote_target;
  std::vector<std::string> routes = leg.route_set;
  if (!routes.empty()) {
    if (auto first = parse_name_addr(routes.front()); first && !first->uri.param("lr")) {  // §12.2.1.1: a strict router comes first
      routes.erase(routes.begin());
      routes.push_back("<" + uri + ">");
      uri = text(first->uri);
    }
  }
  auto builder = core_.begin_request({method, uri, branch, leg.local_party, leg.remote_party, leg.call_id, cseq}, flow);
  for (const auto& route : routes) builder.header("Route", route);
  for (const auto& [name, value] : extra) builder.header(name, value);
  return builder.finish(type, body);
}

void Legs::send_pending(Leg& leg, Pending& pending, Turn turn, bool early) {
  if (!knows_way(leg, turn)) return;                                 // go_on() sends it
  const Flow flow = next_hop(leg);
  std::vector<std::pair<std::string, std::string>> extra;
  if (!pending.authorization.empty())
    if (const auto colon = pending.authorization.find(": "); colon != std::string::npos)
      extra.emplace_back(pending.authorization.substr(0, colon), pending.authorization.substr(colon + 2));
  auto session = [&] {
    if (!leg.session_expires) return;
    extra.emplace_back("Session-Expires", std::to_string(leg.session_expires) + ";refresher=" + (leg.we_refresh ? "uac" : "uas"));
    extra.emplace_back("Min-SE", "90");
  };
  std::string type, body;
  switch (pending.kind) {
    case Pending::Kind::bye: break;
    case Pending::Kind::reinvite:
      extra.emplace_back("Contact", core_.contact(flow));
      extra.emplace_back("Allow", allowed_methods);
      extra.emplace_back("Supported", supported_options);
      session();
      type = "application/sdp";
      body = make_offer(sdp_local(leg, flow));
      break;
    case Pending::Kind::update:
      extra.emplace_back("Contact", core_.contact(flow));
      extra.emplace_back("Supported", "timer");
      session();
      break;
    case Pending::Kind::prack: extra.emplace_back("RAck", pending.detail); break;
    case Pending::Kind::notify: {
      const auto bar = pending.detail.find('|');
      extra.emplace_back("Contact", core_.contact(flow));
      extra.emplace_back("Event", "refer;id=" + leg.refer_id);
      extra.emplace_back("Subscription-State", pending.detail.substr(0, bar));
      type = "message/sipfrag;version=2.0";
      body = pending.detail.substr(bar + 1);
      break;
    }
  }
  const std::string_view method = method_of(pending.kind);
  auto bytes = dialog_request(leg, method, pending.branch, pending.cseq, flow, extra, type, body);
  const Owner owner{Owner::Kind::leg, leg.leg.value};
  const auto key = client_key(pending.branch, method);
  if (pending.kind == Pending::Kind::reinvite) {
    auto& transaction = core_.transactions.add(key, std::make_unique<InviteClient>(flow, owner, std::move(bytes)));
    transaction.start(turn, early);
    core_.transactions.settle(transaction);
  } else {
    auto& transaction = core_.transactions.add(key, std::make_unique<OtherClient>(flow, owner, std::move(bytes)));
    transaction.start(turn, early);
    core_.transactions.settle(transaction);
  }
}

void Legs::ask(Leg& leg, Pending pending, Turn turn) {
  pending.branch = core_.unique.branch();
  pending.cseq = ++leg.local_cseq;
  leg.pending.push_back(std::move(pending));
  send_pending(leg, leg.pending.back(), turn);
  changed(leg);
}

Pending* Legs::pending_of(Leg& leg, std::string_view branch) const {
  for (auto& pending : leg.pending)
    if (pending.branch == branch) return &pending;
  return nullptr;
}

bool Legs::has_pending(const Leg& leg, Pending::Kind kind) const {
  return std::any_of(leg.pending.begin(), leg.pending.end(), [&](const Pending& pending) { return pending.kind == kind; });
}

void Legs::forget_pending(Leg& leg, std::string_view branch) {
  std::erase_if(leg.pending, [&](const Pending& pending) { return pending.branch == branch; });
  changed(leg);
}

void Legs::end_invite_by(std::string_view branch, Instant latest) {
  auto* found = core_.transactions.find(client_key(branch, "INVITE"));
  if (!found || found->kind != Transaction::Kind::invite_client) return;
  static_cast<InviteClient*>(found)->end_by(latest);
  core_.transactions.settle(*found);
}

// The session is over: what is still asked is moot. An answer to it is absorbed, for as long as one may come.
void Legs::forget_pending_but(Leg& leg, Pending::Kind kept, Turn turn) {
  for (const auto& pending : leg.pending)
    if (pending.kind == Pending::Kind::reinvite && kept != pending.kind)
      end_invite_by(pending.branch, turn.now + transaction_life);
  std::erase_if(leg.pending, [&](const Pending& pending) { return pending.kind != kept; });
}

void Legs::say_bye(Leg& leg, Turn turn) {
  has_rung_off(leg);
  answer_settled(leg);
  forget_pending_but(leg, Pending::Kind::notify, turn);
  ask(leg, {Pending::Kind::bye}, turn);
  arm(leg);
}

// §13.2.2.4: the ACK to a 2xx belongs to no transaction; a repeated 2xx is acknowledged again.
void Legs::acknowledge(Leg& leg, const Message& response, const Flow&, Turn turn, bool early) {
  if (!knows_way(leg, turn)) { leg.ack_owed = true; return; }
  const Flow flow = next_hop(leg);
  turn.out.send(flow, dialog_request(leg, "ACK", core_.unique.branch(), response.cseq(), flow), early);
}

// A 2xx for which there is no leg (a second fork, or one that came after our CANCEL): ACK and BYE, from the answer alone.
void Legs::refuse_stray_answer(const Message& response, const Flow& from, Turn turn) {
  const std::string call_id(response.call_id()), from_tag(response.from_tag()), to_tag(response.to_tag());
  if (!core_.unique.epoch_of_tag(from_tag, call_id)) return;         // not ours at all
  Leg stray;
  stray.call_id = call_id;
  stray.local_party = response.first(Field::from);
  stray.remote_party = response.first(Field::to);
  stray.flow = from;
  stray.device = DeviceId{1};                                        // any: answer where it came from
  stray.remote_target = "sip:" + text(from.remote);
  take_target(stray, response);
  auto routes = response.list(Field::record_route);
  stray.route_set.assign(routes.rbegin(), routes.rend());
  turn.out.send(from, dialog_request(stray, "ACK", core_.unique.branch(), response.cseq(), from), false);
  if (ended_.contains(TextHash{}(call_id + "|" + from_tag))) return;             // our own dialog, ended just now: its BYE is done
  const auto branch = core_.unique.branch_for("stray|" + call_id + "|" + to_tag);
  const auto key = client_key(branch, "BYE");
  if (core_.transactions.find(key)) return;
  auto bye = dialog_request(stray, "BYE", branch, response.cseq() + 1, from);
  auto& transaction = core_.transactions.add(key, std::make_unique<OtherClient>(from, Owner{}, std::move(bye)));
  transaction.start(turn, false);
  core_.transactions.settle(transaction);
}

void Legs::on_moved(DeviceId device, const Flow& old_flow, const Flow& new_flow, Turn turn) {
  auto found = of_device_.find(device);
  if (found == of_device_.end()) return;
  for (LegId id : found->second) {
    Leg& leg = *find(id);
    leg_meets(leg, LegMeets::phone_moved);
    if (leg.flow == old_flow) { leg.flow = new_flow; changed(leg); }
    if (leg.request_from == old_flow) leg.request_from = new_flow;
    auto move = [&](std::string_view branch, std::string_view method) {
      auto* transaction = core_.transactions.find(client_key(branch, method));
      if (!transaction || transaction->peer != old_flow) return;
      if (transaction->kind == Transaction::Kind::invite_client) static_cast<InviteClient*>(transaction)->moved_to(new_flow, turn);
      else static_cast<OtherClient*>(transaction)->moved_to(new_flow, turn);
    };
    for (auto& fork : leg.forks)
      if (fork.flow == old_flow) { move(fork.branch, "INVITE"); fork.flow = new_flow; changed(leg); }
    for (const auto& pending : leg.pending) move(pending.branch, method_of(pending.kind));
  }
}

// Its network is back: an INVITE without any answer is repeated at once, as timer A would in up to 16 s. Also one that was taken back:
// until it has its end the phone is not rung for anybody else.
void Legs::on_heard(DeviceId device, const Flow& flow, Turn turn) {
  const auto found = of_device_.find(device);
  if (found == of_device_.end() || flow.transport != Transport::udp) return;  // TCP loses nothing while it stands
  for (const LegId id : found->second)
    for (const auto& fork : find(id)->forks) {
      auto* transaction = core_.transactions.find(client_key(fork.branch, "INVITE"));
      if (!transaction || transaction->kind != Transaction::Kind::invite_client || transaction->peer != flow) continue;
      if (auto& invite = static_cast<InviteClient&>(*transaction); invite.state() == InviteClient::State::calling) invite.moved_to(flow, turn);
    }
}

// RFC 3261 §10.2.4: a phone keeps the Call-ID of its registrations until it starts anew. One with another Call-ID has lost its
// calls without a word: those that are up are asked about (it answers 481), those that were taken back have no end to wait for, and
// an INVITE that was to ring it is repeated at once, as timer A would in up to 16 s.
void Legs::on_rebooted(DeviceId device, std::string_view contact, Turn turn) {
  const auto found = of_device_.find(device);
  if (found == of_device_.end()) return;
  const std::set<LegId> ids = found->second;
  for (const LegId id : ids) {
    Leg& leg = *find(id);
    leg_meets(leg, LegMeets::phone_rebooted);
    bool rang_there = false;
    for (auto& fork : leg.forks) {
      auto* found_invite = fork.target == contact ? core_.transactions.find(client_key(fork.branch, "INVITE")) : nullptr;
      if (auto* invite = found_invite && found_invite->kind == Transaction::Kind::invite_client ? static_cast<InviteClient*>(found_invite) : nullptr) {
        if (fork.state == Fork::State::trying) invite->moved_to(fork.flow, turn);
        else if (fork.state == Fork::State::cancelled) invite->give_up();  // repeated once more it would ring a phone for nobody
        core_.transactions.settle(*invite);
      }
      if ((fork.state == Fork::State::cancelled || fork.state == Fork::State::crossed) && fork.target == contact) { fork.state = Fork::State::failed; rang_there = true; }
    }
    if (rang_there) {
      has_rung_off(leg);
      changed(leg);
      drop_when_done(leg, turn);
    } else {
      ask_alive(id, turn);
    }
  }
}

void Legs::connection_lost(std::uint64_t connection, Turn) {
  std::vector<LegId> ids;
  for (const auto& [id, leg] : legs_)
    if (leg->flow.connection == connection || leg->request_from.connection == connection) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (LegId id : ids) {
    Leg& leg = *find(id);
    leg_meets(leg, LegMeets::connection_lost);
    if (leg.flow.connection == connection) leg.flow.connection = 0;
    if (leg.request_from.connection == connection) leg.request_from.connection = 0;  // §18.2.2: answers go to where the Via says
    changed(leg);
  }
}

bool Legs::had_dialog(const Message& request, Instant now) const {
  if (auto found = ended_.find(TextHash{}(std::string(request.call_id()) + "|" + std::string(request.to_tag()))); found != ended_.end()) return now < found->second;
  // in an earlier life: the tag proves itself, for as long as the peer may repeat its request
  const auto epoch = core_.unique.epoch_of_tag(request.to_tag(), request.call_id());
  return epoch && *epoch < core_.config.epoch && now < resumed_at_ + 2 * ended_is_remembered;
}

// --- session timer (RFC 4028)

Instant Legs::refresh_at(const Leg& leg) const {
  if (!leg.session_expires || !leg.we_refresh || has_pending(leg, Pending::Kind::update) || has_pending(leg, Pending::Kind::reinvite)) return Instant::never();
  return leg.session_from + Duration::seconds(leg.session_expires) / 2;
}

Instant Legs::session_ends_at(const Leg& leg) const {
  if (!leg.session_expires) return Instant::never();
  const auto whole = Duration::seconds(leg.session_expires);
  const Instant usual = leg.session_from + (whole - std::min(Duration::seconds(32), whole / 3));  // §10: the BYE goes a little before the end
  // a refresh of theirs may have come while we were down: it is repeated for 64·T1, and the session itself lasts as long as it lasts
  return std::max(usual, std::min(resumed_at_ + transaction_life, leg.session_from + whole));
}

void Legs::refresh(Leg& leg, Turn turn) {
  if (!leg.request.empty()) { leg.session_from = turn.now - Duration::seconds(leg.session_expires) / 2 + Duration::seconds(2); return; }
  ask(leg, {leg.peer_takes_update ? Pending::Kind::update : Pending::Kind::reinvite}, turn);
}

// --- restart

void Legs::restore(std::string_view bytes) {
  auto row = from_bytes<LegRow>(bytes);
  if (!row || find(row->leg)) return;
  auto leg = std::make_unique<Leg>();
  static_cast<LegRow&>(*leg) = std::move(*row);
  leg->saved_once = true;
  if (!leg->request.empty())
    if (auto parsed = Message::parse(leg->request)) leg->invite = std::make_unique<Message>(std::move(*parsed));
  leg->local_cseq += cseq_leap;
  add(std::move(leg));
}

void Legs::resume(Turn turn) {
  resumed_at_ = turn.now;
  std::vector<LegId> ids;
  for (const auto& [id, leg] : legs_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (LegId id : ids) {
    Leg& leg = *find(id);
    if (leg.flow.connection) leg.flow.connection = 0;                // every connection died with the process
    if (leg.request_from.connection) leg.request_from.connection = 0;
    if (leg.invite) {
      const Flow peer = Core::answer_flow(*leg.invite, leg.request_from);
      auto& server = core_.transactions.add(server_key(*leg.invite), std::make_unique<InviteServer>(peer, Owner{Owner::Kind::leg, id.value}));
      if (leg.refused) server.respond(leg.refused, answer_bytes(leg, leg.refused, "", {}), false, turn);
      else if (leg.answer.empty()) server.remember(answer_bytes(leg, leg.ringing ? 180 : 100, "", {}));
      else {
        server.expect_no_more(turn.now);
        leg.repeat_answer_at = turn.now;
        leg.ack_by = turn.now + transaction_life;
      }
      core_.transactions.settle(server);
    }
    for (auto& fork : leg.forks) {
      if (fork.flow.connection) fork.flow.connection = 0;
      if (fork.state != Fork::State::trying && fork.state != Fork::State::cancelled) continue;
      send_fork(leg, fork, turn, false);
      if (fork.state == Fork::State::cancelled) cancel_fork(leg, fork, turn);
    }
    for (auto& pending : leg.pending) send_pending(leg, pending, turn);
    if (leg.state == LegState::confirmed && leg.reoffer_wanted) carry_out_wishes(leg, turn);
    if (std::any_of(leg.forks.begin(), leg.forks.end(), [](const Fork& fork) { return fork.state == Fork::State::waiting; })) {
      has_rung_off(leg);
      wait_for_phone(leg, turn);
    }
    arm(leg);
  }
}

std::vector<Endpoint::LegInfo> Legs::list() const {
  std::vector<Endpoint::LegInfo> out;
  for (const auto& [id, leg] : legs_)
    if (!leg->told_ended()) out.push_back({id, leg->outgoing, leg->state == LegState::confirmed, leg->local, leg->media});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.leg < b.leg; });
  return out;
}

}  // namespace pasokh::sip
