#include <algorithm>

#include "sip/legs.h"
#include "sip/machines.h"

namespace pasokh::sip {

using namespace machines;

namespace {

constexpr std::uint32_t session_asked = 1'800, session_shortest = 90;  // seconds (RFC 4028)
constexpr int attempts_with_credentials = 2;                           // threats S4
constexpr Duration rings_off_in = Duration::seconds(3);                // a phone that is there has rung off by then, losses included
constexpr auto longest_proceeding = Duration::minutes(3);              // a re-INVITE: as proxies' timer C (§16.6 step 11)
constexpr std::size_t udp_limit = 1'300;                               // §18.1.1

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
  }
  return out + "\" ";
}

std::string party(const CallerIdentity& who, const std::string& host) {
  if (who.user.empty() || who.user == "anonymous") return "\"Anonymous\" <sip:anonymous@anonymous.invalid>";  // RFC 3323 §4.1
  Uri uri;
  uri.user = who.user;
  uri.host = host;
  return (who.name.empty() ? "" : quoted(who.name)) + "<" + text(uri) + ">";
}

// Of several failures the one that tells most (§16.7 step 6): 6xx, then a person's busy, then the rest, "nobody there" last.
int rank(int status) {
  if (status >= 600) return 0;
  if (status == 486) return 1;
  if (status == 403 || status == 404 || status == 484 || status == 488) return 2;
  if (status == 480) return 3;
  if (status == 503 || status == 408) return 5;
  return 4;
}

}  // namespace

void Legs::dial_device(LegId id, DeviceId device, const CallerIdentity& caller, const LocalMedia& local, Turn turn) {
  if (find(id)) return;
  const auto bindings = registrar_.bindings(device);
  if (bindings.empty()) return turn.out.event(LegEnded{id, 480, "connection", false});
  auto leg = std::make_unique<Leg>();
  leg->leg = id;
  leg->device = device;
  leg->local = local;
  leg->flow = bindings.front()->flow;
  const Address own = core_.own_address(leg->flow);
  leg->call_id = core_.unique.call_id(own.ip);
  leg->local_tag = core_.unique.tag(leg->call_id);
  leg->local_party = party(caller, own.ip) + ";tag=" + leg->local_tag;
  leg->remote_party = "<" + bindings.front()->contact + ">";
  for (const Binding* binding : bindings) {
    Fork fork;
    fork.target = binding->contact;
    fork.flow = binding->flow;
    leg->forks.push_back(std::move(fork));
  }
  dial(std::move(leg), turn);
}

void Legs::dial_trunk(LegId id, TrunkId trunk_id, std::string_view number, const CallerIdentity& caller, const LocalMedia& local, Turn turn) {
  if (find(id)) return;
  const Trunk* trunk = trunks_.find(trunk_id);
  const auto target = trunks_.target(trunk_id);
  if (!trunk || !target) return turn.out.event(LegEnded{id, 503, "connection", false});
  auto leg = std::make_unique<Leg>();
  leg->leg = id;
  leg->trunk = trunk_id;
  leg->local = media_towards(trunk_id, local);
  leg->flow = *target;
  const std::string own = core_.own_address(*target).ip;
  const std::string host = trunk->config.host.empty() ? target->remote.ip : trunk->config.host;
  leg->call_id = core_.unique.call_id(own);
  leg->local_tag = core_.unique.tag(leg->call_id);
  CallerIdentity shown = caller;
  if (!shown.user.empty() && shown.user != "anonymous") shown.user = trunks_.outbound_caller(*trunk, shown.user);
  leg->local_party = party(shown, trunk->config.registers ? host : own) + ";tag=" + leg->local_tag;
  Uri uri;
  uri.user = trunks_.outbound_called(*trunk, number);
  uri.host = host;
  if (trunk->config.host.empty()) uri.port = target->remote.port;
  leg->remote_party = "<" + text(uri) + ">";
  Fork fork;
  fork.target = text(uri);
  fork.flow = *target;
  leg->forks.push_back(std::move(fork));
  dial(std::move(leg), turn);
}

void Legs::dial(std::unique_ptr<Leg> made, Turn turn) {
  made->outgoing = true;
  made->state = LegState::calling;
  made->local_cseq = 1;
  made->sdp_version = 1;
  Leg& leg = add(std::move(made));
  for (auto& fork : leg.forks) {
    fork.branch = core_.unique.branch();
    if (leg.device && rings_off(leg.device, fork)) fork.state = Fork::State::waiting;
    else send_fork(leg, fork, turn);
  }
  changed(leg);
  if (std::any_of(leg.forks.begin(), leg.forks.end(), [](const Fork& fork) { return fork.state == Fork::State::waiting; })) wait_for_phone(leg, turn);
}

// A CANCEL must wait for the first provisional answer (§9.1) and may get lost: until the INVITE that was taken back has its final
// answer (and the BYE its own, when that was a 2xx), or nobody gives one, the phone rings or will. A second INVITE would find its
// only line busy, and its agent would be set aside for nothing.
// The same holds for a call whose BYE waits for an ACK (§15).
bool Legs::rings_off(DeviceId device, const Fork& wanted) const {
  const auto found = of_device_.find(device);
  if (found == of_device_.end()) return false;
  for (const LegId id : found->second) {
    const Leg& leg = *find(id);
    if (leg.end_on_ack && leg.flow.remote == wanted.flow.remote) return true;
    for (const auto& fork : leg.forks)
      if ((fork.state == Fork::State::cancelled || fork.state == Fork::State::crossed) && fork.target == wanted.target) return true;
  }
  return false;
}

void Legs::wait_for_phone(Leg& leg, Turn turn) {
  leg.waits_until = turn.now + rings_off_in;
  arm(leg);
}

// It gives no sign of life: the caller is worth more than one phone, another agent's may be there.
void Legs::no_more_waiting(Leg& leg, Turn turn) {
  leg.waits_until = Instant::never();
  for (auto& fork : leg.forks) {
    if (fork.state != Fork::State::waiting) continue;
    fork.state = Fork::State::failed;
    fork.status = 480;
  }
  changed(leg);
  check_outcome(leg, "connection", turn);
}

void Legs::has_rung_off(const Leg& leg) {
  if (leg.device) rung_off_.insert(leg.device);
}

void Legs::ring_waiting(Turn turn) {
  for (const DeviceId device : std::exchange(rung_off_, {})) {
    const auto found = of_device_.find(device);
    if (found == of_device_.end()) continue;
    for (const LegId id : found->second) {
      Leg& leg = *find(id);
      for (auto& fork : leg.forks) {
        if (fork.state != Fork::State::waiting || rings_off(device, fork)) continue;
        fork.state = Fork::State::trying;
        changed(leg);
        send_fork(leg, fork, turn);
      }
      if (leg.waits_until != Instant::never() && std::none_of(leg.forks.begin(), leg.forks.end(), [](const Fork& fork) { return fork.state == Fork::State::waiting; })) {
        leg.waits_until = Instant::never();
        arm(leg);
      }
    }
  }
}

void Legs::send_fork(Leg& leg, Fork& fork, Turn turn, bool early) {
  auto build = [&](const Flow& flow) {
    auto builder = core_.begin_request({"INVITE", fork.target, fork.branch, leg.local_party, leg.remote_party, leg.call_id, fork.cseq}, flow);
    builder.header("Contact", core_.contact(flow));
    builder.header("Allow", allowed_methods);
    builder.header("Supported", supported_options);
    builder.header("Session-Expires", std::to_string(std::max(session_asked, fork.min_se)));
    builder.header("Min-SE", std::to_string(std::max(session_shortest, fork.min_se)));
    if (leg.trunk) {                                                 // RFC 3325: who it is from, as we vouch for it
      auto from = parse_name_addr(leg.local_party);
      if (from && from->uri.host != "anonymous.invalid") builder.header("P-Asserted-Identity", "<" + text(from->uri) + ">");
      else builder.header("Privacy", "id");
    }
    if (const auto colon = fork.authorization.find(": "); colon != std::string::npos) builder.header(fork.authorization.substr(0, colon), fork.authorization.substr(colon + 2));
    builder.header("User-Agent", product);
    return builder.finish("application/sdp", make_offer(sdp_local(leg, flow)));
  };
  std::string bytes = build(fork.flow);
  if (bytes.size() > udp_limit && fork.flow.transport == Transport::udp) {
    // §18.1.1: above the MTU by TCP, where the trunk has it. DEPARTS: else by UDP, in fragments; phones accept that, a refusal helps nobody.
    if (const Trunk* trunk = trunks_.find(leg.trunk))
      for (const auto& target : trunk->config.targets)
        if (target.transport == Transport::tcp && target.remote.ip == fork.flow.remote.ip) { fork.flow = target; bytes = build(fork.flow); break; }
  }
  auto& transaction = core_.transactions.add(client_key(fork.branch, "INVITE"),
                                             std::make_unique<InviteClient>(fork.flow, Owner{Owner::Kind::leg, leg.leg.value}, std::move(bytes)));
  transaction.start(turn, early);
  core_.transactions.settle(transaction);
}

Fork* Legs::fork_of(Leg& leg, std::string_view branch) const {
  for (auto& fork : leg.forks)
    if (fork.branch == branch) return &fork;
  return nullptr;
}

void Legs::on_invite_response(InviteClient* transaction, const Message& response, const Flow& from, Turn turn) {
  const int status = response.status();
  Leg* leg = transaction ? find(LegId{transaction->owner.id}) : find_dialog(response.call_id(), response.from_tag());
  const bool success = status >= 200 && status < 300;
  if (!leg) {
    if (success) refuse_stray_answer(response, from, turn);
    return;
  }
  leg_meets(*leg, status < 200 ? LegMeets::provisional : !success ? LegMeets::failure : transaction ? LegMeets::success : LegMeets::late_success);
  const std::string_view branch = response.vias().front().branch;
  if (Pending* pending = pending_of(*leg, branch)) {                 // re-INVITE
    if (success) return on_reinvite_answer(*leg, *pending, response, from, turn);
    if (status >= 300) on_pending_failure(*leg, branch, status, &response, from, turn);
    else if (transaction) transaction->end_by(turn.now + longest_proceeding);
    return;
  }
  Fork* fork = fork_of(*leg, branch);
  if (status < 200) {
    if (!fork || !transaction) return;
    on_fork_provisional(*leg, *fork, response, from, turn);
  } else if (success) {
    // a fork's own first, whatever tag it gives: the leg waits for it
    if (fork && (fork->state == Fork::State::trying || fork->state == Fork::State::cancelled)) return on_fork_answer(*leg, *fork, response, from, turn);
    // a repeated 2xx of the dialog we have is acknowledged again (§13.2.2.4)
    if (leg->has_dialog() && response.to_tag() == leg->remote_tag && response.cseq() == leg->invite_cseq) return acknowledge(*leg, response, from, turn, true);
    refuse_stray_answer(response, from, turn);
  } else if (fork) {
    on_fork_failure(*leg, *fork, status, &response, from, turn);
  }
}

void Legs::on_fork_provisional(Leg& leg, Fork& fork, const Message& response, const Flow& from, Turn turn) {
  if (leg.trunk) trunks_.learn_address(leg.trunk, response, turn);
  if (fork.state == Fork::State::cancelled) return cancel_fork(leg, fork, turn);  // it waited for a sign of life (§9.1)
  const int status = response.status();
  if (status == 100 || leg.state != LegState::calling) return;
  if (response.lists(Field::require, "100rel") && !response.first(Field::rseq).empty()) {
    const auto rseq = number_of(response.first(Field::rseq), 0);
    const bool same_dialog = leg.early_tag == response.to_tag();
    if (same_dialog && leg.last_rseq && rseq != leg.last_rseq + 1) return;  // RFC 3262 §4: repeated or out of order
    leg.early_tag = response.to_tag();
    leg.last_rseq = rseq;
    prack(leg, fork, response, from, turn);
  }
  if (!sdp_of(response).empty()) {
    session_meets(leg, SessionMeets::answer_in_18x);
    auto agreed = read_answer(sdp_of(response), sdp_local(leg, fork.flow));
    if (agreed && leg.early_plan != agreed->plan) {
      leg.early_plan = agreed->plan;
      turn.out.event(LegEarlyMedia{leg.leg, agreed->plan});
    }
  }
  if (!leg.rang && (status == 180 || status == 183)) {
    leg.rang = true;
    turn.out.event(LegRinging{leg.leg});
  }
}

// RFC 3262 §4. It goes inside the early dialog that the answer has made.
void Legs::prack(Leg& leg, Fork& fork, const Message& response, const Flow&, Turn turn) {
  Leg early;
  early.leg = leg.leg;
  early.device = leg.device;
  early.trunk = leg.trunk;
  early.call_id = leg.call_id;
  early.local_party = leg.local_party;
  early.remote_party = response.first(Field::to);
  early.flow = fork.flow;
  early.remote_target = fork.target;
  take_target(early, response);
  auto routes = response.list(Field::record_route);
  early.route_set.assign(routes.rbegin(), routes.rend());
  const auto branch = core_.unique.branch();
  const Flow flow = next_hop(early);
  const std::string rack = std::string(response.first(Field::rseq)) + " " + std::to_string(response.cseq()) + " INVITE";
  auto bytes = dialog_request(early, "PRACK", branch, ++leg.local_cseq, flow, {{"RAck", rack}});
  auto& transaction = core_.transactions.add(client_key(branch, "PRACK"), std::make_unique<OtherClient>(flow, Owner{}, std::move(bytes)));
  transaction.start(turn, false);
  core_.transactions.settle(transaction);
  changed(leg);                                                      // the CSeq must not be used twice
}

void Legs::on_fork_answer(Leg& leg, Fork& fork, const Message& response, const Flow& from, Turn turn) {
  if (leg.state != LegState::calling) return on_crossed_answer(leg, fork, response, from, turn);
  if (met_listener) session_meets(leg, read_answer(sdp_of(response), sdp_local(leg, leg.flow)) ? SessionMeets::answer_in_2xx : SessionMeets::unusable_in_2xx);
  fork.state = Fork::State::won;
  make_dialog(leg, fork, response, from);
  leg.peer_takes_update = response.lists(Field::allow, "UPDATE");
  leg.state = LegState::confirmed;
  changed(leg);
  for (auto& other : leg.forks)
    if (&other != &fork) call_off(leg, other, turn);
  leg.waits_until = Instant::never();
  acknowledge(leg, response, from, turn, false);
  take_session_answer(leg, response, turn);

  std::optional<MediaPlan> plan;
  if (!sdp_of(response).empty() && !(leg.early_updated && response.to_tag() == leg.early_tag)) {
    auto agreed = read_answer(sdp_of(response), sdp_local(leg, leg.flow));
    if (agreed) { plan = agreed->plan; leg.held = agreed->held; }
    else core_.log(turn, "warning", "call ended: " + agreed.error().reason, {{"offered", agreed.error().offered}, {"source", text(from.remote)}});
  } else if (leg.early_plan) {
    plan = leg.early_plan;                                           // RFC 3264 with RFC 3262: the answer came in a reliable 18x
  }
  std::erase_if(leg.forks, [](const Fork& done) { return done.state == Fork::State::failed || done.state == Fork::State::won; });
  if (!plan) {
    tell_ended(leg, 488, "refused", true, turn);
    return say_bye(leg, turn);
  }
  leg.media = plan;
  turn.out.event(LegAnswered{leg.leg, *plan});
  carry_out_wishes(leg, turn);
  arm(leg);
}

void Legs::make_dialog(Leg& leg, const Fork& fork, const Message& response, const Flow& from) {
  leg.remote_tag = response.to_tag();
  leg.remote_party = response.first(Field::to);
  leg.remote_target = fork.target;
  leg.flow = fork.flow;
  if (from.transport == Transport::tcp) leg.flow = from;
  take_target(leg, response);
  auto routes = response.list(Field::record_route);
  leg.route_set.assign(routes.rbegin(), routes.rend());
  leg.invite_cseq = response.cseq();
  leg.local_cseq = std::max(leg.local_cseq, response.cseq());
  if (leg.remote_tag == leg.early_tag) leg.remote_cseq = leg.early_cseq;
}

// Ended, or another was first: CANCEL and 2xx have crossed. The first such answer makes the leg's dialog, so that its BYE outlives
// a kill; an answer beside it is ended from itself alone.
void Legs::on_crossed_answer(Leg& leg, Fork& fork, const Message& response, const Flow& from, Turn turn) {
  changed(leg);
  if (leg.remote_tag.empty()) {
    fork.state = Fork::State::crossed;
    make_dialog(leg, fork, response, from);
    acknowledge(leg, response, from, turn, false);
    return say_bye(leg, turn);
  }
  fork.state = Fork::State::failed;
  has_rung_off(leg);
  refuse_stray_answer(response, from, turn);
  drop_when_done(leg, turn);
}

void Legs::call_off(Leg& leg, Fork& fork, Turn turn) {
  if (fork.state == Fork::State::trying) return cancel_fork(leg, fork, turn);
  if (fork.state != Fork::State::waiting) return;
  fork.state = Fork::State::failed;                                  // it has never left
  changed(leg);
}

void Legs::cancel_fork(Leg& leg, Fork& fork, Turn turn) {
  fork.state = Fork::State::cancelled;
  changed(leg);
  auto* found = core_.transactions.find(client_key(fork.branch, "INVITE"));
  if (!found || found->kind != Transaction::Kind::invite_client) { fork.state = Fork::State::failed; return has_rung_off(leg); }
  auto& transaction = static_cast<InviteClient&>(*found);
  if (transaction.cancel(turn.now)) {
    // §9.1: its own transaction with the same branch; its answer tells us nothing
    auto& cancel = core_.transactions.add(client_key(fork.branch, "CANCEL"), std::make_unique<OtherClient>(transaction.peer, Owner{}, request_like(transaction.request(), "CANCEL", {})));
    cancel.start(turn, false);
    core_.transactions.settle(cancel);
  }
  core_.transactions.settle(transaction);
}

void Legs::on_fork_failure(Leg& leg, Fork& fork, int status, const Message* response, const Flow& from, Turn turn) {
  if (fork.state == Fork::State::trying && leg.state == LegState::calling && response && try_again(leg, fork, *response, from, turn)) return;
  if (fork.state == Fork::State::cancelled) has_rung_off(leg);
  if (leg.state == LegState::calling) session_meets(leg, status == 491 ? SessionMeets::glare : SessionMeets::refusal);
  fork.state = Fork::State::failed;
  fork.status = status;
  changed(leg);
  if (leg.state == LegState::calling && leg.trunk && (status == 503 || status == 408 || status == 500)) {  // RFC 3263 §4.3: the next target
    trunks_.target_failed(leg.trunk, fork.flow);
    const Trunk* trunk = trunks_.find(leg.trunk);
    const auto next = trunks_.target(leg.trunk);
    const bool tried = !next || std::any_of(leg.forks.begin(), leg.forks.end(), [&](const Fork& before) { return before.flow == *next; });
    if (trunk && !tried && !leg.rang) {
      Fork other;
      other.target = fork.target;
      other.flow = *next;
      other.cseq = ++leg.local_cseq;
      other.branch = core_.unique.branch();
      leg.flow = *next;
      leg.forks.push_back(std::move(other));
      return send_fork(leg, leg.forks.back(), turn);
    }
  }
  if (status >= 600)                                                 // §16.7 step 5: nobody else need ring
    for (auto& other : leg.forks) call_off(leg, other, turn);
  check_outcome(leg, response ? "refused" : status == 503 ? "connection" : "timeout", turn);
}

bool Legs::try_again(Leg& leg, Fork& fork, const Message& response, const Flow& from, Turn turn) {
  const int status = response.status();
  if (status == 401 || status == 407) {
    if (!leg.trunk || fork.attempts >= attempts_with_credentials) return false;
    auto line = trunks_.credentials(leg.trunk, response, from, "INVITE", fork.target, fork.attempts);
    if (!line) return false;
    fork.authorization = std::move(*line);
    ++fork.attempts;
  } else if (status == 422) {                                        // RFC 4028 §7.3
    const auto asked = number_of(response.first(Field::min_se), 0);
    if (asked <= std::max(session_shortest, fork.min_se) || asked > 86'400) return false;
    fork.min_se = asked;
  } else {
    return false;                                                    // 3xx too: nobody is called because a stranger says so (threats S12)
  }
  fork.cseq = ++leg.local_cseq;
  fork.branch = core_.unique.branch();
  changed(leg);
  send_fork(leg, fork, turn);
  return true;
}

void Legs::check_outcome(Leg& leg, const char* cause, Turn turn) {
  if (leg.state == LegState::calling) {
    const Fork* best = nullptr;
    for (const auto& fork : leg.forks) {
      if (fork.state == Fork::State::trying || fork.state == Fork::State::waiting) return;
      if (fork.status && (!best || rank(fork.status) < rank(best->status))) best = &fork;
    }
    tell_ended(leg, best ? best->status : 480, cause, true, turn);
  } else if (leg.state == LegState::confirmed) {
    std::erase_if(leg.forks, [](const Fork& done) { return done.state == Fork::State::failed; });
  }
  drop_when_done(leg, turn);
}

bool Legs::is_first_invite(const Transaction& transaction) const {
  Leg* leg = find(LegId{transaction.owner.id});
  if (!leg || transaction.kind != Transaction::Kind::invite_client) return false;
  return fork_of(*leg, std::string_view(transaction.key).substr(transaction.key.rfind('|') + 1)) != nullptr;
}

void Legs::on_no_answer(Transaction& transaction, bool transport_failed, Turn turn) {
  Leg* leg = find(LegId{transaction.owner.id});
  if (!leg) return;
  leg_meets(*leg, LegMeets::no_answer);
  const std::string_view branch = std::string_view(transaction.key).substr(transaction.key.rfind('|') + 1);
  const int status = transport_failed ? 503 : 408;
  if (Fork* fork = fork_of(*leg, branch)) return on_fork_failure(*leg, *fork, status, nullptr, transaction.peer, turn);
  if (pending_of(*leg, branch)) on_pending_failure(*leg, branch, status, nullptr, transaction.peer, turn);
}

void Legs::take_session_answer(Leg& leg, const Message& response, Turn turn) {
  const auto value = response.first(Field::session_expires);
  timer_meets(leg, value.empty() ? TimerMeets::agreed_none : TimerMeets::agreed);
  leg.session_from = turn.now;
  leg.session_expires = value.empty() ? 0 : std::max(number_of(value, 0), session_shortest);  // RFC 4028 §7.2: none given, none kept
  leg.we_refresh = lower(value).find("refresher=uas") == std::string::npos;
}

void Legs::end(LegId id, Turn turn) {
  Leg* leg = find(id);
  if (leg) leg_meets(*leg, LegMeets::told_end);
  if (!leg || leg->told_ended()) return;
  switch (leg->state) {
    case LegState::arrived:
      send_refusal(*leg, 480, "", turn);
      return tell_ended(*leg, 480, "refused", false, turn);
    case LegState::answered:                                         // §15: no BYE before the ACK; timer in on_timeout if it never comes
      leg->end_on_ack = true;
      return tell_ended(*leg, 0, "bye", false, turn);
    case LegState::confirmed: {
      tell_ended(*leg, 0, "bye", false, turn);
      if (leg->answer.empty()) return say_bye(*leg, turn);
      leg->end_on_ack = true;                                        // a re-INVITE's 2xx waits for its ACK
      return arm(*leg);
    }
    case LegState::calling:
      tell_ended(*leg, 0, "cancelled", false, turn);
      for (auto& fork : leg->forks) call_off(*leg, fork, turn);
      return drop_when_done(*leg, turn);
    case LegState::ending: return;
  }
}

}  // namespace pasokh::sip
