#include <algorithm>

#include "sip/legs.h"
#include "sip/machines.h"

namespace pasokh::sip {

using namespace machines;

namespace {

constexpr int attempts_with_credentials = 2;

std::string trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return std::string(text);
}

struct Digit { char digit = 0; int duration_ms = 100; };

// application/dtmf-relay: "Signal=5\r\nDuration=160"; application/dtmf: "5". 10 and 11 stand for * and # in some phones.
std::optional<Digit> read_digit(std::string_view type, std::string_view body) {
  Digit out;
  std::string signal;
  if (same_word(type, "application/dtmf")) signal = trim(body.substr(0, body.find('\n')));
  else
    for (std::size_t at = 0; at < body.size();) {
      auto end = body.find('\n', at);
      auto line = body.substr(at, end == body.npos ? body.npos : end - at);
      const auto equals = line.find('=');
      if (equals != line.npos) {
        const auto name = trim(line.substr(0, equals)), value = trim(line.substr(equals + 1));
        if (same_word(name, "signal")) signal = value;
        if (same_word(name, "duration")) out.duration_ms = static_cast<int>(std::min<std::uint32_t>(number_of(value, 100), 10'000));
      }
      if (end == body.npos) break;
      at = end + 1;
    }
  if (signal == "10") signal = "*";
  if (signal == "11") signal = "#";
  if (signal.size() != 1) return std::nullopt;
  char c = signal.front();
  if (c >= 'a' && c <= 'd') c = static_cast<char>(c - 32);
  if (std::string_view("0123456789*#ABCD").find(c) == std::string_view::npos) return std::nullopt;
  out.digit = c;
  return out;
}

LegMeets met_by(Method method) {
  switch (method) {
    case Method::ack: return LegMeets::ack;
    case Method::bye: return LegMeets::bye;
    case Method::cancel: return LegMeets::cancel;
    case Method::invite: return LegMeets::reinvite;
    case Method::update: return LegMeets::update;
    case Method::prack: return LegMeets::prack;
    case Method::info: return LegMeets::info;
    case Method::refer: return LegMeets::refer;
    case Method::options: return LegMeets::options;
    case Method::notify: case Method::subscribe: case Method::message: case Method::publish: case Method::register_: case Method::other: break;
  }
  return LegMeets::other_request;
}

std::string_view media_type(const Message& request) {
  auto type = request.first(Field::content_type);
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  return type;
}

}  // namespace

void Legs::take_target(Leg& leg, const Message& message) {
  const auto contacts = message.list(Field::contact);
  if (contacts.empty()) return;
  if (auto contact = parse_name_addr(contacts.front()); contact && contact->uri.scheme != "tel") leg.remote_target = text(contact->uri);
}

// A device may come by another address than before (a new NAT mapping, a new connection): answers go where it is now.
void Legs::note_flow(Leg& leg, const Flow& from) {
  if (leg.flow == from) return;
  if (!leg.device) {
    const bool same_peer_new_connection = leg.flow.remote.ip == from.remote.ip && from.transport == Transport::tcp && leg.flow.transport == Transport::tcp;
    if (!same_peer_new_connection) return;
  }
  leg.flow = from;
  changed(leg);
}

void Legs::refuse_in_dialog(const Message& request, const Flow& from, int status, Turn turn, std::string_view name, std::string_view value) {
  auto builder = core_.begin_answer(request, from, status, {});
  if (!name.empty()) builder.header(name, value);
  if (request.method() == Method::invite) {
    auto& server = core_.transactions.add(server_key(request), std::make_unique<InviteServer>(Core::answer_flow(request, from), Owner{}));
    server.respond(status, builder.finish(), false, turn);
    core_.transactions.settle(server);
  } else {
    core_.answer(request, from, status, turn, false, builder.finish());
  }
}

bool Legs::on_dialog_request(const Message& request, const Flow& from, Turn turn) {
  Leg* found = find_dialog(request.call_id(), request.to_tag());
  if (!found || (!found->remote_tag.empty() && found->remote_tag != request.from_tag())) return false;
  Leg& leg = *found;
  leg_meets(leg, met_by(request.method()));
  if (request.method() == Method::ack) { on_ack(leg, request, from, turn); return true; }
  if (leg.remote_tag.empty() && request.method() == Method::update) return on_early_update(leg, request, from, turn);
  if (leg.remote_tag.empty() && request.method() != Method::options) return false;  // no dialog of ours is made before the 2xx
  if (request.cseq() < leg.remote_cseq) { refuse_in_dialog(request, from, 500, turn); return true; }  // §12.2.2
  leg.remote_cseq = request.cseq();
  note_flow(leg, from);
  if (leg.told_ended() && request.method() != Method::bye) { refuse_in_dialog(request, from, 481, turn); return true; }
  switch (request.method()) {
    case Method::bye: on_bye(leg, request, from, turn); break;
    case Method::invite: on_reinvite(leg, request, from, turn); break;
    case Method::update: on_update(leg, request, from, turn); break;
    case Method::prack: on_prack(leg, request, from, turn); break;
    case Method::info: on_info(leg, request, from, turn); break;
    case Method::refer: on_refer(leg, request, from, turn); break;
    case Method::options: refuse_in_dialog(request, from, 200, turn, "Allow", allowed_methods); break;
    case Method::notify: refuse_in_dialog(request, from, 481, turn); break;          // we subscribe to nothing
    case Method::subscribe: refuse_in_dialog(request, from, 489, turn); break;
    case Method::message: case Method::publish: case Method::register_: case Method::other:
      refuse_in_dialog(request, from, 405, turn, "Allow", allowed_methods);
      break;
    case Method::ack: case Method::cancel: break;
  }
  return true;
}

void Legs::on_bye(Leg& leg, const Message& request, const Flow& from, Turn turn) {
  refuse_in_dialog(request, from, 200, turn);
  if (leg.state == LegState::arrived) send_refusal(leg, 487, "", turn);  // §15.1.2: a BYE in the early dialog
  tell_ended(leg, 0, "bye", true, turn);
  // the session is over: what we still had to ask is moot, save a BYE of our own that is under way
  forget_pending_but(leg, Pending::Kind::bye, turn);
  leg.end_on_ack = false;
  has_rung_off(leg);
  if (!leg.refused) answer_settled(leg);
  arm(leg);
  drop_when_done(leg, turn);
}

// §14.2: 500 while an INVITE of theirs has no final answer of ours, 491 while an offer of ours has no answer of theirs: in a
// re-INVITE, or in a 2xx to an INVITE without one (RFC 6337 §2.2). When our 2xx is out and only its ACK has not come, neither is so:
// who begins a new INVITE has had that 2xx (§14.1), so the ACK is as good as here; its loss must not cost the caller the hold.
void Legs::on_reinvite(Leg& leg, const Message& request, const Flow& from, Turn turn) {
  session_meets(leg, request.body().empty() ? SessionMeets::reinvite_without : SessionMeets::reinvite_with_offer);
  if (leg.state == LegState::arrived) return refuse_in_dialog(request, from, 500, turn, "Retry-After", std::to_string(core_.unique.draw("retry", 11)));
  if (has_pending(leg, Pending::Kind::reinvite) || leg.state == LegState::calling || leg.we_offered) return refuse_in_dialog(request, from, 491, turn);
  const auto offer = sdp_of(request);
  if (!request.body().empty() && offer.empty()) return refuse_in_dialog(request, from, 415, turn, "Accept", "application/sdp");
  if (!session_fits(leg, request, from, turn)) return;               // before anything of the session changes
  const auto version = leg.sdp_version;
  std::string body;
  bool media_changed = false;
  if (request.body().empty()) {
    ++leg.sdp_version;
    body = make_offer(sdp_local(leg, from));
  } else {
    ++leg.sdp_version;
    auto answer = make_answer(offer, sdp_local(leg, from));
    if (!answer) {
      leg.sdp_version = version;                                     // §14.2: the session stays as it was
      core_.log(turn, "warning", "change of media refused: " + answer.error().reason, {{"offered", answer.error().offered}});
      return refuse_in_dialog(request, from, answer.error().status, turn);
    }
    leg.media = answer->plan;
    leg.held = answer->held;
    body = std::move(answer->sdp);
    media_changed = true;
  }
  take_session_request(leg, request, turn);
  if (leg.invite) take_as_acknowledged(leg, turn);
  take_target(leg, request);
  static_cast<void>(knows_way(leg, turn));
  if (request.has(Field::allow)) leg.peer_takes_update = request.lists(Field::allow, "UPDATE");
  hold_request(leg, request, from);
  leg.we_offered = !media_changed;
  core_.transactions.settle(core_.transactions.add(server_key(request), std::make_unique<InviteServer>(Core::answer_flow(request, from), Owner{Owner::Kind::leg, leg.leg.value})));
  send_answer(leg, std::move(body), turn);
  if (media_changed) turn.out.event(LegMediaChanged{leg.leg, *leg.media, leg.held});
}

void Legs::take_as_acknowledged(Leg& leg, Turn turn) {
  answer_settled(leg);
  if (leg.state != LegState::answered) return;
  leg.state = LegState::confirmed;
  turn.out.event(LegConfirmed{leg.leg, leg.media.value_or(MediaPlan{})});
}

// RFC 3311 §5.2 while our INVITE rings: whoever answers it may already change what is heard early, once its reliable answer has
// completed our offer (RFC 3262 §5). The early dialog is the one that we have acknowledged by PRACK.
bool Legs::on_early_update(Leg& leg, const Message& request, const Flow& from, Turn turn) {
  if (leg.state != LegState::calling || leg.early_tag.empty() || leg.early_tag != request.from_tag()) return false;
  if (request.cseq() <= leg.early_cseq) { refuse_in_dialog(request, from, 500, turn); return true; }  // §12.2.2
  leg.early_cseq = request.cseq();
  if (!session_fits(leg, request, from, turn)) return true;
  auto builder = core_.begin_answer(request, from, 200, {});
  builder.header("Contact", core_.contact(from));
  std::string body;
  if (!request.body().empty()) {
    if (!leg.early_plan) { refuse_in_dialog(request, from, 491, turn); return true; }                 // our offer has no answer yet
    const auto offer = sdp_of(request);
    if (offer.empty()) { refuse_in_dialog(request, from, 415, turn, "Accept", "application/sdp"); return true; }
    ++leg.sdp_version;
    auto answer = make_answer(offer, sdp_local(leg, from));
    if (!answer) { --leg.sdp_version; refuse_in_dialog(request, from, answer.error().status, turn); return true; }
    leg.early_plan = answer->plan;
    leg.early_updated = true;
    body = std::move(answer->sdp);
    turn.out.event(LegEarlyMedia{leg.leg, *leg.early_plan});
    changed(leg);
  }
  core_.answer(request, from, 200, turn, false, builder.finish(body.empty() ? "" : "application/sdp", body));
  return true;
}

// RFC 3311 §5.2
void Legs::on_update(Leg& leg, const Message& request, const Flow& from, Turn turn) {
  session_meets(leg, request.body().empty() ? SessionMeets::update_without : SessionMeets::update_with_offer);
  if (!session_fits(leg, request, from, turn)) return;
  std::string body;
  bool media_changed = false;
  if (!request.body().empty()) {
    if (has_pending(leg, Pending::Kind::reinvite) || leg.we_offered) return refuse_in_dialog(request, from, 491, turn);
    if (leg.state == LegState::arrived) return refuse_in_dialog(request, from, 500, turn, "Retry-After", std::to_string(core_.unique.draw("retry", 11)));
    const auto offer = sdp_of(request);
    if (offer.empty()) return refuse_in_dialog(request, from, 415, turn, "Accept", "application/sdp");
    ++leg.sdp_version;
    auto answer = make_answer(offer, sdp_local(leg, from));
    if (!answer) { --leg.sdp_version; return refuse_in_dialog(request, from, answer.error().status, turn); }
    leg.media = answer->plan;
    leg.held = answer->held;
    body = std::move(answer->sdp);
    media_changed = true;
  }
  take_session_request(leg, request, turn);
  take_target(leg, request);
  auto builder = core_.begin_answer(request, from, 200, {});
  builder.header("Contact", core_.contact(from));
  add_session_header(leg, builder);
  core_.answer(request, from, 200, turn, false, builder.finish(body.empty() ? "" : "application/sdp", body));
  changed(leg);
  arm(leg);
  if (media_changed) turn.out.event(LegMediaChanged{leg.leg, *leg.media, leg.held});
}

void Legs::on_info(Leg& leg, const Message& request, const Flow& from, Turn turn) {
  const auto type = media_type(request);
  if (request.body().empty()) return refuse_in_dialog(request, from, 200, turn);
  if (!same_word(type, "application/dtmf-relay") && !same_word(type, "application/dtmf"))
    return refuse_in_dialog(request, from, 415, turn, "Accept", "application/dtmf-relay, application/dtmf");
  auto digit = read_digit(type, request.body());
  if (!digit) return refuse_in_dialog(request, from, 400, turn);
  refuse_in_dialog(request, from, 200, turn);
  turn.out.event(LegDigit{leg.leg, digit->digit, digit->duration_ms});
}

// RFC 3515. Only a phone of ours may move its call; a trunk may not send it to a place of its own choice (threats S12).
void Legs::on_refer(Leg& leg, const Message& request, const Flow& from, Turn turn) {
  if (!leg.device) return refuse_in_dialog(request, from, 403, turn);
  if (leg.state != LegState::confirmed || !leg.refer_id.empty()) return refuse_in_dialog(request, from, 491, turn);
  const auto targets = request.all(Field::refer_to);
  auto target = targets.size() == 1 ? parse_name_addr(targets.front()) : Result<NameAddr>(trouble("refer-to", "not one"));
  if (!target) return refuse_in_dialog(request, from, 400, turn);    // §2.4.1
  LegId replaced;
  bool names_a_dialog = false;
  for (const auto& [name, value] : target->uri.headers)
    if (same_word(name, "replaces")) {
      names_a_dialog = true;
      if (Leg* other = named_by_replaces(value)) replaced = other->leg;
    }
  if (names_a_dialog && !replaced) return refuse_in_dialog(request, from, 404, turn);
  leg.refer_id = std::to_string(request.cseq());
  auto builder = core_.begin_answer(request, from, 202, {});
  builder.header("Contact", core_.contact(from));
  core_.answer(request, from, 202, turn, false, builder.finish());
  notify_refer(leg, "active;expires=60", "SIP/2.0 100 Trying", turn);  // §2.4.4: at once
  turn.out.event(LegTransferAsked{leg.leg, target->uri.user, replaced});
}

void Legs::notify_refer(Leg& leg, std::string state, std::string fragment, Turn turn) {
  Pending pending{Pending::Kind::notify};
  pending.detail = std::move(state) + "|" + std::move(fragment) + "\r\n";
  ask(leg, std::move(pending), turn);
}

void Legs::transfer_progress(LegId id, bool done, bool succeeded, Turn turn) {
  Leg* leg = find(id);
  if (leg) leg_meets(*leg, LegMeets::told_progress);
  if (!leg || leg->refer_id.empty() || leg->state != LegState::confirmed) return;
  if (!done) return notify_refer(*leg, "active;expires=60", "SIP/2.0 180 Ringing", turn);
  notify_refer(*leg, "terminated;reason=noresource", succeeded ? "SIP/2.0 200 OK" : "SIP/2.0 503 Service Unavailable", turn);
}

// --- what we ask

void Legs::renegotiate(LegId id, const LocalMedia& local, Turn turn) {
  Leg* leg = find(id);
  if (leg) leg_meets(*leg, LegMeets::told_renegotiate), session_meets(*leg, SessionMeets::house_wants_other);
  if (!leg || leg->told_ended() || leg->state == LegState::arrived) return;
  leg->local = media_towards(leg->trunk, local);
  leg->reoffer_wanted = true;
  changed(*leg);
  carry_out_wishes(*leg, turn);
}

// Is the peer still there? A re-INVITE that changes nothing finds out (OPTIONS would not: many phones answer it whether they know
// the dialog or not). No answer ends the leg (§14.1); so does 481, and then as one that was lost, not as one that hung up.
void Legs::ask_alive(LegId id, Turn turn) {
  Leg* leg = find(id);
  if (!leg || leg->state != LegState::confirmed || leg->invite || has_pending(*leg, Pending::Kind::reinvite)) return;  // under way: that tells as well
  leg->reoffer_at = Instant::never();
  reoffer(*leg, turn);
  leg->pending.back().detail = "alive?";
  changed(*leg);
  arm(*leg);
}

void Legs::carry_out_wishes(Leg& leg, Turn turn) {
  if (leg.state != LegState::confirmed || !leg.reoffer_wanted || leg.invite || leg.reoffer_at != Instant::never() || has_pending(leg, Pending::Kind::reinvite)) return;
  reoffer(leg, turn);
}

void Legs::reoffer(Leg& leg, Turn turn) {
  leg.reoffer_wanted = false;
  ++leg.sdp_version;
  Pending pending{Pending::Kind::reinvite};
  pending.with_offer = true;
  ask(leg, std::move(pending), turn);
}

void Legs::on_reinvite_answer(Leg& leg, const Pending& pending, const Message& response, const Flow& from, Turn turn) {
  if (met_listener) session_meets(leg, read_answer(sdp_of(response), sdp_local(leg, leg.flow)) ? SessionMeets::answer_in_2xx : SessionMeets::unusable_in_2xx);
  const std::string branch = pending.branch;
  const bool was_asked = pending.with_offer;
  leg.invite_cseq = response.cseq();
  take_target(leg, response);
  note_flow(leg, from);
  acknowledge(leg, response, from, turn, false);
  forget_pending(leg, branch);
  if (leg.told_ended()) return drop_when_done(leg, turn);
  take_session_answer(leg, response, turn);
  auto agreed = read_answer(sdp_of(response), sdp_local(leg, leg.flow));
  if (agreed) {
    const bool same = leg.media == agreed->plan && leg.held == agreed->held;
    leg.media = agreed->plan;
    leg.held = agreed->held;
    if (!same || was_asked) turn.out.event(LegMediaChanged{leg.leg, *leg.media, leg.held});
  } else {
    core_.log(turn, "warning", "answer to a re-INVITE is unusable: " + agreed.error().reason, {{"offered", agreed.error().offered}});
  }
  carry_out_wishes(leg, turn);
  arm(leg);
}

void Legs::on_other_response(OtherClient& transaction, const Message& response, const Flow& from, Turn turn) {
  Leg* leg = find(LegId{transaction.owner.id});
  if (!leg || response.status() < 200) return;
  const std::string branch(response.vias().front().branch);
  if (!pending_of(*leg, branch)) return;
  leg_meets(*leg, response.status() < 300 ? LegMeets::other_success : LegMeets::other_failure);
  if (response.status() < 300) on_pending_success(*leg, branch, response, from, turn);
  else on_pending_failure(*leg, branch, response.status(), &response, from, turn);
}

void Legs::on_pending_success(Leg& leg, std::string_view branch, const Message& response, const Flow&, Turn turn) {
  const Pending done = *pending_of(leg, branch);
  forget_pending(leg, branch);
  switch (done.kind) {
    case Pending::Kind::update:
      take_target(leg, response);
      take_session_answer(leg, response, turn);
      break;
    case Pending::Kind::notify:
      if (done.detail.starts_with("terminated")) leg.refer_id.clear();
      break;
    case Pending::Kind::bye: case Pending::Kind::prack: case Pending::Kind::reinvite: break;
  }
  if (leg.told_ended()) return drop_when_done(leg, turn);
  arm(leg);
}

void Legs::on_pending_failure(Leg& leg, std::string_view branch, int status, const Message* response, const Flow& from, Turn turn) {
  Pending& pending = *pending_of(leg, branch);
  if (pending.kind == Pending::Kind::reinvite) session_meets(leg, status == 491 ? SessionMeets::glare : SessionMeets::refusal);
  if (pending.kind == Pending::Kind::reinvite || pending.kind == Pending::Kind::update) timer_meets(leg, status == 408 || status == 481 ? TimerMeets::dialog_gone : TimerMeets::refused);
  if ((status == 401 || status == 407) && response && leg.outgoing && leg.trunk && pending.attempts < attempts_with_credentials) {
    // threats S3: only in a call that we began towards this trunk, and only to the trunk itself
    const auto method = method_name(response->method());
    if (auto line = trunks_.credentials(leg.trunk, *response, from, method, leg.remote_target, pending.attempts)) {
      pending.authorization = std::move(*line);
      ++pending.attempts;
      pending.branch = core_.unique.branch();
      pending.cseq = ++leg.local_cseq;
      changed(leg);
      return send_pending(leg, pending, turn);
    }
  }
  const Pending failed = pending;
  forget_pending(leg, branch);
  if (leg.told_ended()) return drop_when_done(leg, turn);
  switch (failed.kind) {
    case Pending::Kind::reinvite:
      if (status == 491) {                                           // §14.1: the owner of the Call-ID waits longer
        const auto wait = leg.outgoing ? 2'100 + 10 * core_.unique.draw("glare", 191) : 10 * core_.unique.draw("glare", 200);
        leg.reoffer_at = turn.now + Duration::milliseconds(static_cast<std::int64_t>(wait));
        leg.reoffer_wanted = true;
      } else if (status == 500 && response && response->has(Field::retry_after)) {
        leg.reoffer_at = turn.now + Duration::seconds(std::min<std::uint32_t>(number_of(response->first(Field::retry_after), 2), 10) + 1);
        leg.reoffer_wanted = true;
      }
      break;
    case Pending::Kind::update:
      if (status == 405 || status == 501) { leg.peer_takes_update = false; refresh(leg, turn); }
      break;
    case Pending::Kind::notify: leg.refer_id.clear(); break;
    case Pending::Kind::bye: case Pending::Kind::prack: break;
  }
  if ((status == 481 || status == 408) && failed.kind != Pending::Kind::notify && failed.kind != Pending::Kind::prack) {  // §12.2.1.2
    tell_ended(leg, 0, status != 481 ? "timeout" : failed.detail == "alive?" ? "lost" : "bye", true, turn);
    return say_bye(leg, turn);
  }
  carry_out_wishes(leg, turn);
  arm(leg);
}

}  // namespace pasokh::sip
