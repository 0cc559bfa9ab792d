#include <algorithm>

#include "base/assert.h"
#include "sip/legs.h"
#include "sip/machines.h"

namespace pasokh::sip {

using namespace machines;

namespace {

constexpr std::uint32_t shortest_session = 90, usual_session = 1'800;  // seconds (RFC 4028 §4)

// RFC 3891 §6.1: only a call that still rings is to be taken
bool wants_early_only(std::string_view replaces) {
  for (auto at = replaces.find(';'); at != replaces.npos; at = replaces.find(';', at + 1)) {
    auto part = replaces.substr(at + 1, replaces.find(';', at + 1) - at - 1);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (same_word(part, "early-only")) return true;
  }
  return false;
}

}  // namespace

bool Legs::is_merged(const Message& request) const { return first_requests_.contains(merge_key(request)); }

void Legs::hold_request(Leg& leg, const Message& request, const Flow& from) {
  leg.request = trimmed(request);
  leg.request_from = from;
  auto parsed = Message::parse(leg.request);
  leg.invite = parsed ? std::make_unique<Message>(std::move(*parsed)) : nullptr;
  PASOKH_ASSERT(leg.invite);
}

void Legs::arrive(Message request, const Flow& from, Arrival arrival, Turn turn) {
  auto made = std::make_unique<Leg>();
  Leg& fresh = *made;
  fresh.leg = LegId{((core_.config.epoch << 24) + ++arrived_) * 2 + 1};
  fresh.trunk = arrival.trunk;
  fresh.device = arrival.device;
  fresh.call_id = request.call_id();
  fresh.remote_tag = request.from_tag();
  fresh.local_tag = core_.unique.tag(request.call_id());
  fresh.remote_party = request.first(Field::from);
  fresh.local_party = std::string(request.first(Field::to)) + ";tag=" + fresh.local_tag;
  fresh.remote_cseq = request.cseq();
  fresh.flow = from;
  fresh.remote_target = "sip:" + text(from.remote);
  take_target(fresh, request);
  for (auto route : request.list(Field::record_route)) fresh.route_set.emplace_back(route);
  fresh.offer = sdp_of(request);
  fresh.peer_takes_update = request.lists(Field::allow, "UPDATE");
  if (request.lists(Field::require, "100rel")) fresh.reliable_rseq = 1;
  hold_request(fresh, request, from);

  if (!fresh.offer.empty()) {                                        // no common codec: said at once, with what was offered
    SdpLocal probe = sdp_local(fresh, from);
    probe.media.port = 16'384;
    if (auto possible = make_answer(fresh.offer, probe); !possible) {
      core_.log(turn, "warning", "call refused: " + possible.error().reason, {{"offered", possible.error().offered}, {"source", text(from.remote)}});
      auto& server = core_.transactions.add(server_key(request), std::make_unique<InviteServer>(Core::answer_flow(request, from), Owner{}));
      server.respond(possible.error().status, core_.begin_answer(request, from, possible.error().status, fresh.local_tag).finish(), true, turn);
      return core_.transactions.settle(server);
    }
  }
  if (!session_fits(fresh, request, from, turn)) return;
  take_session_request(fresh, request, turn);
  Leg* replaced = nullptr;
  if (request.has(Field::replaces)) {
    replaced = named_by_replaces(request.first(Field::replaces));
    if (!replaced || replaced->state != LegState::confirmed) return core_.refuse_stateless(request, from, 481, turn);  // RFC 3891 §3
    if (wants_early_only(request.first(Field::replaces))) return core_.refuse_stateless(request, from, 486, turn);
    fresh.replaces = replaced->leg;
  }

  Leg& leg = add(std::move(made));
  core_.transactions.settle(core_.transactions.add(server_key(request), std::make_unique<InviteServer>(Core::answer_flow(request, from), Owner{Owner::Kind::leg, leg.leg.value})));
  changed(leg);
  static_cast<void>(knows_way(leg, turn));
  respond(leg, 100, "", turn);  // not early: a caller that has it stops asking, so the leg must be on disk by then
  if (replaced) return take_replaced_place(leg, turn);
  turn.out.event(LegArrived{leg.leg, leg.trunk, leg.device, std::move(arrival.dialled), std::move(arrival.caller), std::move(arrival.caller_name), !leg.offer.empty()});
}

InviteServer* Legs::server_of(const Leg& leg) const {
  if (!leg.invite) return nullptr;
  auto* found = core_.transactions.find(server_key(*leg.invite));
  return found && found->kind == Transaction::Kind::invite_server ? static_cast<InviteServer*>(found) : nullptr;
}

std::string Legs::answer_bytes(const Leg& leg, int status, std::string_view reason, std::string_view body) {
  auto builder = core_.begin_answer(*leg.invite, leg.request_from, status, leg.local_tag, status > 100 && status < 300, reason);
  if (status > 100 && status < 300) {
    builder.header("Contact", core_.contact(leg.request_from));
    builder.header("Allow", allowed_methods);
    if (status >= 200) {
      builder.header("Supported", supported_options);
      add_session_header(leg, builder);
    }
  }
  if (status == 500) builder.header("Retry-After", "2");
  return builder.finish(body.empty() ? "" : "application/sdp", body);
}

void Legs::respond(Leg& leg, int status, std::string_view reason, Turn turn, bool early, std::string_view body) {
  InviteServer* server = server_of(leg);
  if (!server) return;
  server->peer = Core::answer_flow(*leg.invite, leg.request_from);   // its connection may have been lost since
  server->respond(status, answer_bytes(leg, status, reason, body), early, turn);
  core_.transactions.settle(*server);
}

void Legs::ring(LegId id, Turn turn) {
  Leg* leg = find(id);
  if (leg) leg_meets(*leg, LegMeets::told_ring);
  if (!leg || leg->state != LegState::arrived || leg->ringing) return;
  leg->ringing = true;                                               // not worth a write: after a restart the floor rings again
  if (leg->reliable_rseq && leg->offer.empty()) return;              // §13.2.1: the first reliable answer must carry our offer, and the 200 will: 180 may be left out
  if (leg->reliable_rseq) return send_reliable(*leg, turn);
  respond(*leg, 180, "", turn);
  leg->ring_again_at = turn.now + Duration::minutes(1);
  arm(*leg);
}

// RFC 3262 §3: the peer requires it, so the 180 is repeated until its PRACK comes.
void Legs::send_reliable(Leg& leg, Turn turn) {
  auto builder = core_.begin_answer(*leg.invite, leg.request_from, 180, leg.local_tag, true);
  builder.header("Contact", core_.contact(leg.request_from));
  builder.header("Allow", allowed_methods);
  builder.header("Require", "100rel");
  builder.header("RSeq", std::to_string(leg.reliable_rseq));
  leg.reliable = builder.finish();
  leg.repeat_reliable_after = t1;
  leg.repeat_reliable_at = turn.now + t1;
  leg.prack_by = turn.now + transaction_life;
  if (InviteServer* server = server_of(leg)) {
    server->respond(180, leg.reliable, false, turn);
    core_.transactions.settle(*server);
  }
  arm(leg);
}

void Legs::accept(LegId id, const LocalMedia& local, Turn turn) {
  Leg* leg = find(id);
  if (leg) leg_meets(*leg, LegMeets::told_accept);
  if (!leg || leg->state != LegState::arrived) return;
  leg->local = media_towards(leg->trunk, local);
  leg->sdp_version = 1;
  leg->state = LegState::answered;
  leg->prack_by = leg->repeat_reliable_at = leg->ring_again_at = Instant::never();
  leg->session_from = turn.now;
  if (leg->offer.empty()) {                                          // §13.2.1: delayed offer: ours goes in the 2xx
    leg->we_offered = true;
    return send_answer(*leg, make_offer(sdp_local(*leg, leg->request_from)), turn);
  }
  auto answer = make_answer(leg->offer, sdp_local(*leg, leg->request_from));
  if (!answer) {
    leg->state = LegState::arrived;
    return refuse(id, answer.error().status, "", turn);
  }
  leg->media = answer->plan;
  leg->held = answer->held;
  leg->offer.clear();
  send_answer(*leg, std::move(answer->sdp), turn);
  turn.out.event(LegMediaChanged{id, *leg->media, leg->held});
}

void Legs::send_answer(Leg& leg, std::string body, Turn turn) {
  leg.answer = std::move(body);
  respond(leg, 200, "", turn, false, leg.answer);
  leg.repeat_answer_after = t1;
  leg.repeat_answer_at = turn.now + t1;
  leg.ack_by = turn.now + transaction_life;
  changed(leg);
  arm(leg);
}

void Legs::repeat_answer(Leg& leg, Turn turn) {
  ++core_.counters.retransmissions_out;
  turn.out.send(Core::answer_flow(*leg.invite, leg.request_from), answer_bytes(leg, 200, "", leg.answer), true);
  leg.repeat_answer_at = turn.now + leg.repeat_answer_after;
  leg.repeat_answer_after = std::min(2 * leg.repeat_answer_after, t2);
}

void Legs::answer_settled(Leg& leg) {
  leg.request.clear();
  leg.answer.clear();
  leg.we_offered = false;
  if (leg.invite && !leg.outgoing) first_requests_.erase(merge_key(*leg.invite));
  leg.invite.reset();
  leg.repeat_answer_at = leg.ack_by = Instant::never();
}

void Legs::refuse(LegId id, int status, std::string_view reason, Turn turn) {
  Leg* leg = find(id);
  if (leg) leg_meets(*leg, LegMeets::told_refuse);
  if (!leg || leg->state != LegState::arrived) return;
  send_refusal(*leg, status, reason, turn);
  tell_ended(*leg, status, "refused", false, turn);
}

// The row stays until the ACK: a caller that has had a 100 does not ask again, so after a kill it is we who must tell it again.
void Legs::send_refusal(Leg& leg, int status, std::string_view reason, Turn turn) {
  respond(leg, status, reason, turn);
  leg.offer.clear();
  leg.refused = server_of(leg) ? status : 0;
  changed(leg);
}

void Legs::on_refusal_settled(const InviteServer& transaction, Turn turn) {
  Leg* leg = transaction.owner.kind == Owner::Kind::leg ? find(LegId{transaction.owner.id}) : nullptr;
  if (!leg || !leg->refused) return;
  leg->refused = 0;
  drop_when_done(*leg, turn);
}

void Legs::on_cancel(const Message& request, const Flow& from, Turn turn) {
  auto* found = core_.transactions.find(server_key(request, "INVITE"));
  if (!found) return core_.refuse_stateless(request, from, 481, turn);  // §9.2
  Leg* leg = found->kind == Transaction::Kind::invite_server ? find(LegId{found->owner.id}) : nullptr;
  if (leg) leg_meets(*leg, LegMeets::cancel);
  core_.answer(request, from, 200, turn, false, core_.begin_answer(request, from, 200, leg ? leg->local_tag : core_.unique.passing_tag()).finish());
  if (!leg || leg->state != LegState::arrived) return;               // the 2xx is out already: the canceller's BYE will come
  send_refusal(*leg, 487, "", turn);
  tell_ended(*leg, 487, "cancelled", true, turn);
}

void Legs::on_ack(Leg& leg, const Message& request, const Flow& from, Turn turn) {
  if (leg.answer.empty() || !leg.invite || request.cseq() != leg.invite->cseq()) return;  // a repeated ACK
  session_meets(leg, sdp_of(request).empty() ? SessionMeets::ack_without_answer : SessionMeets::answer_in_ack);
  note_flow(leg, from);
  const bool first = leg.state == LegState::answered;
  const bool offered = leg.we_offered;
  answer_settled(leg);
  changed(leg);
  if (leg.end_on_ack) {                                              // ended between 2xx and ACK
    leg.end_on_ack = false;
    return say_bye(leg, turn);
  }
  if (leg.told_ended()) return;
  if (offered) {
    auto agreed = read_answer(sdp_of(request), sdp_local(leg, leg.request_from));
    if (!agreed) {
      core_.log(turn, "warning", "call ended: " + agreed.error().reason, {{"offered", agreed.error().offered}, {"source", text(from.remote)}});
      tell_ended(leg, 488, "refused", true, turn);
      return say_bye(leg, turn);
    }
    leg.media = agreed->plan;
    leg.held = agreed->held;
    if (!first) turn.out.event(LegMediaChanged{leg.leg, *leg.media, leg.held});
  }
  if (first) {
    leg.state = LegState::confirmed;
    turn.out.event(LegConfirmed{leg.leg, leg.media.value_or(MediaPlan{})});
  }
  carry_out_wishes(leg, turn);
  arm(leg);
}

void Legs::on_prack(Leg& leg, const Message& request, const Flow& from, Turn turn) {
  const auto rack = request.first(Field::rack);                      // "1 314 INVITE"
  const auto space = rack.find(' ');
  const bool fits = !leg.reliable.empty() && leg.invite && space != rack.npos && number_of(rack, 0) == leg.reliable_rseq &&
                    number_of(rack.substr(rack.find_first_not_of(' ', space)), 0) == leg.invite->cseq();
  if (!fits) return refuse_in_dialog(request, from, 481, turn);      // RFC 3262 §3
  leg.repeat_reliable_at = leg.prack_by = Instant::never();
  leg.reliable.clear();
  core_.answer(request, from, 200, turn);
  arm(leg);
}

// --- Replaces (RFC 3891)

Leg* Legs::named_by_replaces(std::string_view value) const {
  std::string call_id, to_tag, from_tag;
  std::size_t at = 0;
  for (bool first = true; at <= value.size(); first = false) {
    auto end = value.find(';', at);
    auto part = value.substr(at, end == value.npos ? value.npos : end - at);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (first) call_id = part;
    else if (part.starts_with("to-tag=")) to_tag = part.substr(7);
    else if (part.starts_with("from-tag=")) from_tag = part.substr(9);
    if (end == value.npos) break;
    at = end + 1;
  }
  // seen from us, or from the peer that hands its own dialog to a third party
  for (const auto& [local, remote] : {std::pair{to_tag, from_tag}, std::pair{from_tag, to_tag}})
    if (Leg* leg = find_dialog(call_id, local); leg && leg->remote_tag == remote) return leg;
  return nullptr;
}

// The new leg is answered with the old one's media port; then the old one goes.
void Legs::take_replaced_place(Leg& leg, Turn turn) {
  Leg* old = find(leg.replaces);
  const LegId id = leg.leg, old_id = old->leg;
  const LocalMedia local = old->local;
  turn.out.event(LegReplaced{old_id, id});
  accept(id, local, turn);
  old->state = LegState::ending;                                     // LegReplaced has told it
  changed(*old);
  say_bye(*old, turn);
}

// --- session timer of the peer's INVITE or UPDATE (RFC 4028 §9)
// Where the choice is ours (table 2) we refresh: many phones that say "timer" never do, and their calls would end after half an hour.

bool Legs::session_fits(const Leg& leg, const Message& request, const Flow& from, Turn turn) {
  const auto value = request.first(Field::session_expires);
  if (value.empty() || number_of(value, 0) >= shortest_session) return true;
  timer_meets(leg, TimerMeets::peer_asks_too_short);
  auto bytes = core_.begin_answer(request, from, 422, leg.local_tag);
  bytes.header("Min-SE", std::to_string(shortest_session));
  if (request.method() == Method::invite) {
    auto& server = core_.transactions.add(server_key(request), std::make_unique<InviteServer>(Core::answer_flow(request, from), Owner{}));
    server.respond(422, bytes.finish(), false, turn);
    core_.transactions.settle(server);
  } else {
    core_.answer(request, from, 422, turn, false, bytes.finish());
  }
  return false;
}

void Legs::take_session_request(Leg& leg, const Message& request, Turn turn) {
  const auto value = request.first(Field::session_expires);
  timer_meets(leg, value.empty() ? TimerMeets::peer_asks_nothing : TimerMeets::peer_asks);
  const bool knows_timer = request.lists(Field::supported, "timer") || request.lists(Field::require, "timer");
  if (value.empty()) {
    leg.session_expires = knows_timer ? usual_session : 0;
    leg.we_refresh = true;
    leg.session_from = turn.now;
    if (leg.session_expires) leg.session_expires = std::max(leg.session_expires, number_of(request.first(Field::min_se), 0));
    return;
  }
  leg.session_expires = std::min<std::uint32_t>(number_of(value, 0), 86'400);
  leg.we_refresh = !knows_timer || lower(value).find("refresher=uac") == std::string::npos;
  leg.session_from = turn.now;
}

void Legs::add_session_header(const Leg& leg, MessageBuilder& builder) const {
  if (!leg.session_expires) return;
  builder.header("Session-Expires", std::to_string(leg.session_expires) + (leg.we_refresh ? ";refresher=uas" : ";refresher=uac"));
  if (!leg.we_refresh) builder.header("Require", "timer");
}

}  // namespace pasokh::sip
