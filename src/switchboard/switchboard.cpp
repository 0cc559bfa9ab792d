#include "switchboard/switchboard.h"

#include <algorithm>

#include "base/codec.h"
#include "base/json_text.h"

namespace pasokh::switchboard {
namespace {

constexpr std::size_t parties_kept = 50'000;

storage::LiveKind row_kind(sip::RowKind kind) { return static_cast<storage::LiveKind>(kind); }

// Why a leg is over, in the floor's words.
floor::EndCause end_cause(const sip::LegEnded& ended) {
  using enum floor::EndCause;
  if (ended.status == 486 || ended.status == 600) return busy;
  if (ended.status == 603 || ended.status == 403 || ended.status == 401 || ended.status == 407) return declined;
  if (ended.status == 487 || ended.cause == "cancelled") return cancelled;
  if (ended.status == 408 || ended.cause == "timeout" || ended.cause == "connection") return unreachable;
  if (ended.status == 480 || ended.status == 404 || ended.status == 410 || ended.status == 503) return unreachable;
  if (ended.status >= 300) return failed;
  if (ended.cause == "lost" || ended.cause == "session-expired" || ended.cause == "ack-never-came") return lost;
  return ended.by_peer ? hung_up : ended_by_us;
}

struct Refusal { int status; std::string_view reason; };
Refusal refusal(floor::EndCause cause, std::string_view why) {
  using enum floor::EndCause;
  if (why == "unknown_number") return {404, "Not Found"};
  switch (cause) {
    case busy: return {486, "Busy Here"};
    case not_allowed: return {403, "Forbidden"};
    case no_answer: case unreachable: case timed_out: return {480, "Temporarily Unavailable"};
    case failed: case lost: return {503, "Service Unavailable"};
    case declined: return {603, "Decline"};
    case hung_up: case cancelled: case ended_by_us: case transferred: return {480, "Temporarily Unavailable"};
  }
  return {500, "Server Internal Error"};
}

media::Codec media_codec(sip::AudioCodec codec) { return codec == sip::AudioCodec::pcma ? media::Codec::pcma : media::Codec::pcmu; }

}  // namespace

Switchboard::Switchboard(Setup setup, floor::Floor floor, std::uint64_t last_seq)
    : setup_(std::move(setup)), floor_(std::move(floor)), endpoint_([this] {
        auto config = setup_.sip;
        config.is_number = [this](std::string_view digits) { return bool(floor_.number(digits)); };
        return config;
      }()),
      browsers_(setup_.sip.nonce_secret, setup_.sip.epoch, setup_.browser.turn), last_seq_(last_seq), next_party_((setup_.sip.epoch << 24) + 1), worker_alive_(setup_.workers.size(), false) {}

void Switchboard::log(std::string_view level, std::string_view text, std::vector<std::pair<std::string, std::string>> fields) const {
  if (setup_.hooks.log) setup_.hooks.log(level, text, fields);
}

// --- outputs

std::vector<Datagram> Switchboard::take_early(const Turn* in_flight) {
  auto waits_for = [](const std::vector<Datagram>& held, const sip::Flow& to) {
    return std::any_of(held.begin(), held.end(), [&](const Datagram& datagram) { return datagram.to.remote.ip == to.remote.ip; });
  };
  std::vector<Datagram> now;
  for (auto& datagram : early_)
    (waits_for(turn_.datagrams, datagram.to) || (in_flight && waits_for(in_flight->datagrams, datagram.to)) ? turn_.datagrams : now).push_back(std::move(datagram));
  early_.clear();
  return now;
}

Turn Switchboard::take_turn() {
  seal_orders();
  ++turns_total_;
  return std::exchange(turn_, {});
}

void Switchboard::send(const sip::Flow& to, std::string bytes, bool early) {
  (early ? early_ : turn_.datagrams).push_back({to, std::move(bytes)});
}
void Switchboard::event(sip::Event event) { sip_events_.push_back(std::move(event)); }
void Switchboard::save(sip::RowKind kind, std::string key, std::string bytes) { put_row(row_kind(kind), std::move(key), std::move(bytes)); }
void Switchboard::drop(sip::RowKind kind, std::string key) { put_row(row_kind(kind), std::move(key), std::nullopt); }

bool Switchboard::resolve(const std::string& host, std::uint16_t port, sip::Transport transport) { return setup_.hooks.resolve_name && setup_.hooks.resolve_name(host, port, transport); }

void Switchboard::put_row(storage::LiveKind kind, std::string key, std::optional<std::string> value) {
  turn_.rows.push_back({kind, std::move(key), std::move(value)});
}

// --- inputs

void Switchboard::datagram(const sip::Flow& from, std::string_view bytes, Instant now) { endpoint_.datagram(from, bytes, now, *this); settle(now); }
bool Switchboard::stream(const sip::Flow& from, std::string_view bytes, Instant now) {
  const bool good = endpoint_.stream(from, bytes, now, *this);
  settle(now);
  return good;
}
void Switchboard::unreachable(const sip::Flow& to, Instant now) { endpoint_.unreachable(to, now, *this); settle(now); }
void Switchboard::name_resolved(const std::string& host, std::uint16_t port, sip::Transport transport, std::vector<sip::Flow> addresses, Instant now) {
  endpoint_.resolved(host, port, transport, std::move(addresses), now, *this);
  settle(now);
}
void Switchboard::connected(const sip::Flow& flow, Instant now) { endpoint_.connected(flow, now, *this); settle(now); }
void Switchboard::connection_lost(std::uint64_t connection, Instant now) { endpoint_.connection_lost(connection, now, *this); settle(now); }

void Switchboard::on_timeout(Instant now) {
  if (endpoint_.deadline() <= now) { endpoint_.on_timeout(now, *this); settle(now); }
  if (browsers_.deadline() <= now) { browsers_.on_timeout(now, *this); settle(now); }
  if (floor_.deadline() <= now) { stimulate(floor::Tick{}, now); settle(now); }
}

Instant Switchboard::deadline() const { return std::min({endpoint_.deadline(), browsers_.deadline(), floor_.deadline()}); }

void Switchboard::set_overload(bool refuse_new_calls, std::string_view why, Instant now) {
  endpoint_.set_overload(refuse_new_calls, why);
  record(floor::AlarmRaised{refuse_new_calls ? "overload" : "overload-over", std::string(why)}, now);
}

void Switchboard::settle(Instant now) {
  while (!sip_events_.empty()) {
    auto events = std::exchange(sip_events_, {});
    for (const auto& event : events) on_sip(event, now);
  }
}

void Switchboard::on_sip(const sip::Event& event, Instant now) {
  struct Visitor {
    Switchboard& board;
    Instant now;

    void operator()(const sip::LegArrived& e) const {
      const auto caller = board.new_party(e.caller, e.caller_name);
      const bool ours = bool(board.floor_.number(e.dialled));
      const auto party = ours ? PartyId{} : board.new_party(e.dialled, {});
      board.stimulate(floor::LegArrived{e.leg, e.trunk, e.device, e.dialled, caller, party}, now);
    }
    void operator()(const sip::LegRinging& e) const { board.stimulate(floor::LegRinging{e.leg}, now); }
    void operator()(const sip::LegAnswered& e) const { media(e.leg, e.media); board.stimulate(floor::LegAnsweredByPeer{e.leg}, now); }
    void operator()(const sip::LegConfirmed& e) const { media(e.leg, e.media); }
    void operator()(const sip::LegEarlyMedia& e) const { media(e.leg, e.media); }
    void operator()(const sip::LegEnded& e) const {
      board.close_leg(e.leg);
      board.stimulate(floor::LegGone{e.leg, end_cause(e)}, now);
    }
    void operator()(const sip::LegMediaChanged& e) const {
      media(e.leg, e.media);
      board.stimulate(floor::LegHeldByPeer{e.leg, e.held}, now);
    }
    void operator()(const sip::LegDigit& e) const { board.stimulate(floor::DigitPressed{e.leg, e.digit}, now); }
    void operator()(const sip::LegTransferAsked& e) const {
      board.stimulate(floor::TransferAsked{e.leg, e.dialled, e.replaces, board.new_party(e.dialled, {})}, now);
    }
    void operator()(const sip::LegReplaced& e) const {  // the new dialog stands where the old one stood: same port, same place in the call
      auto old = board.legs_.extract(e.leg);
      if (!old) return;
      Leg state = std::move(old.mapped());
      if (state.opened) board.turn_.orders.push_back({state.worker, media::LegRemove{e.leg}});
      state.opened = false;
      state.plan.reset();
      ++state.media_version;
      board.put_row(storage::LiveKind::media_leg, text(e.leg), std::nullopt);
      board.put_row(storage::LiveKind::media_leg, text(e.by), std::to_string(state.media_version));
      for (auto& [id, capture] : board.captures_) {
        if (capture.customer == e.leg) capture.customer = e.by;
        if (capture.agent == e.leg) capture.agent = e.by;
      }
      board.legs_.emplace(e.by, std::move(state));
      board.stimulate(floor::LegReplacedByPeer{e.leg, e.by}, now);
      board.hear(e.by, board.legs_.at(e.by).hearing);
    }
    void operator()(const sip::DeviceReachability& e) const { board.stimulate(floor::DeviceReachable{e.device, e.reachable}, now); }
    void operator()(const sip::TrunkReachability& e) const {
      board.log(e.reachable ? "info" : "warning", e.reachable ? "trunk-up" : "trunk-down", {{"trunk", std::string(board.floor_.code(e.trunk))}, {"why", e.why}});
    }
    void operator()(const sip::PublicAddressLearnt& e) const { board.log("info", "public-address-learnt", {{"trunk", std::string(board.floor_.code(e.trunk))}, {"address", e.address.ip}}); }
    void operator()(const sip::Log& e) const { board.log(e.level, e.text, e.fields); }

    void media(LegId leg, const sip::MediaPlan& plan) const {
      auto found = board.legs_.find(leg);
      if (found == board.legs_.end() || found->second.plan == plan) return;
      Leg& state = found->second;
      const bool moved = state.plan && state.plan->remote != plan.remote;
      state.plan = plan;
      if (moved) {
        ++state.media_version;
        board.put_row(storage::LiveKind::media_leg, text(leg), std::to_string(state.media_version));
      }
      board.hear(leg, state.hearing);
    }
  };
  std::visit(Visitor{*this, now}, event);
}

// --- the floor

floor::Turn Switchboard::handle(const floor::Stimulus& stimulus, Instant now) {
  if (setup_.hooks.before_floor) setup_.hooks.before_floor(stimulus, floor_);
  auto turn = floor_.handle(stimulus, now);
  if (setup_.hooks.after_floor) setup_.hooks.after_floor(stimulus, turn, now);
  for (const auto& event : turn.events) turn_.events.push_back({++last_seq_, now, event});
  events_total_ += turn.events.size();
  for (const auto& event : turn.events)
    if (const auto* joined = std::get_if<floor::CallsJoined>(&event)) follow_join(*joined, now);
  for (const auto& effect : turn.effects) carry_out(effect, now);
  for (const auto& event : turn.events) tell_held(event);
  return turn;
}

void Switchboard::stimulate(const floor::Stimulus& stimulus, Instant now) {
  const auto turn = handle(stimulus, now);
  if (turn.refused) log("warning", "refused", {{"code", turn.refused->code}, {"why", turn.refused->text}});
}

void Switchboard::record(const floor::Event& event, Instant now) {
  floor_.evolve(event, now);
  turn_.events.push_back({++last_seq_, now, event});
  ++events_total_;
}

void Switchboard::carry_out(const floor::Effect& effect, Instant now) {
  struct Visitor {
    Switchboard& board;
    Instant now;

    void operator()(const floor::AcceptLeg& e) const { board.accept(e.leg, now); }
    void operator()(const floor::RefuseLeg& e) const {
      const auto [status, reason] = refusal(e.cause, e.why);
      board.endpoint_.refuse(e.leg, status, reason, now, board);
      board.close_leg(e.leg);
    }
    void operator()(const floor::RingBack& e) const { board.endpoint_.ring(e.leg, now, board); }
    void operator()(const floor::DialLeg& e) const { board.dial(e, now); }
    void operator()(const floor::EndLeg& e) const {
      if (board.browsers_.has(e.leg)) board.browsers_.end(e.leg, name_of(e.cause), board);
      else board.endpoint_.end(e.leg, now, board);
      board.close_leg(e.leg);
    }
    void operator()(const floor::Hear& e) const { board.hear(e.leg, e.hearing); }
    void operator()(const floor::Record& e) const { board.set_capture(e); }
    void operator()(const floor::TransferProgress& e) const { board.endpoint_.transfer_progress(e.leg, e.done, e.succeeded, now, board); }
    void operator()(const floor::SettingsChanged& e) const {
      if (e.noun == "device") board.load_device(e.code);
      if (e.noun == "trunk") board.load_trunk(e.code, now);
    }
    void operator()(const floor::MarkRecording& e) const {
      if (auto found = board.captures_.find(e.capture); found != board.captures_.end()) board.turn_.orders.push_back({found->second.worker, media::CaptureMark{e.capture, e.mark}});
    }
    void operator()(const floor::Alarm& e) const { board.log("error", e.code, {{"text", e.text}}); }
  };
  std::visit(Visitor{*this, now}, effect);
}

void Switchboard::accept(LegId leg, Instant now) {
  Leg* state = open_leg(leg, floor_.call_of(leg));
  if (!state) {
    endpoint_.refuse(leg, 503, "Service Unavailable", now, *this);
    sip_events_.push_back(sip::LegEnded{leg, 503, "refused", false});
    return;
  }
  endpoint_.accept(leg, {.port = state->port}, now, *this);
}

void Switchboard::dial(const floor::DialLeg& e, Instant now) {
  const bool is_browser = e.device && floor_.kind(e.device) == floor::DeviceKind::browser;
  Leg* state = open_leg(e.leg, e.call, is_browser);
  if (!state) {
    sip_events_.push_back(sip::LegEnded{e.leg, 503, "refused", false});
    return;
  }
  if (is_browser) return dial_browser(e, *state, now);
  auto caller = identity(e);
  // an agent's call goes out under the account's number, where nothing else is set: carriers refuse a caller whom they do not know
  if (const floor::TrunkSettings* trunk = e.trunk && !e.caller ? floor_.settings(e.trunk) : nullptr) {
    const auto account = trunk->other.find("user"), rules = trunk->other.find("out_caller");
    if (account != trunk->other.end() && !account->second.empty() && (rules == trunk->other.end() || rules->second.empty())) caller.user = account->second;
  }
  if (e.device) {
    endpoint_.dial_device(e.leg, e.device, caller, {.port = state->port}, now, *this);
  } else {
    const auto party = e.party ? party_text(e.party) : e.number;
    endpoint_.dial_trunk(e.leg, e.trunk, std::string_view(party).substr(0, party.find('\n')), caller, {.port = state->port}, now, *this);
  }
}

sip::CallerIdentity Switchboard::identity(const floor::DialLeg& e) const {
  sip::CallerIdentity identity{e.caller_text, e.queue};
  if (e.caller) {
    const auto party = party_text(e.caller);
    identity.user = party.substr(0, party.find('\n'));
    if (auto newline = party.find('\n'); newline != party.npos) identity.name = party.substr(newline + 1);
    if (identity.name.empty()) identity.name = e.queue;
  }
  if (identity.user.empty()) identity.user = "anonymous";
  return identity;
}

// --- media

Switchboard::Leg* Switchboard::open_leg(LegId leg, CallId call, bool is_browser) {
  if (auto found = legs_.find(leg); found != legs_.end()) return &found->second;
  const auto worker = worker_for(call);
  if (worker >= setup_.workers.size()) { log("error", "no-media-worker", {{"leg", text(leg)}}); return nullptr; }
  const auto port = is_browser ? std::uint16_t{0} : setup_.workers[worker].take();
  if (port == 0 && !is_browser) { log("error", "no-rtp-port-free", {{"leg", text(leg)}, {"do", "widen the rtp range in pasokh.toml"}}); return nullptr; }
  auto& pinned = call_worker_[call];
  pinned.first = worker;
  ++pinned.second;
  Leg state;
  state.call = call;
  state.worker = worker;
  state.port = port;
  state.is_browser = is_browser;
  return &legs_.emplace(leg, std::move(state)).first->second;
}

// All legs of a call live in one worker, since they hear each other. A new call goes where the fewest ports are in use.
std::size_t Switchboard::worker_for(CallId call) {
  if (auto found = call_worker_.find(call); found != call_worker_.end() && worker_alive_[found->second.first]) return found->second.first;
  std::size_t best = setup_.workers.size();
  for (std::size_t i = 0; i < setup_.workers.size(); ++i)
    if (worker_alive_[i] && (best == setup_.workers.size() || setup_.workers[i].in_use() < setup_.workers[best].in_use())) best = i;
  return best;
}

// A new port there; the peer is told by renegotiate, the worker by the order that follows from hear().
bool Switchboard::move_leg(LegId leg, Leg& state, std::size_t worker) {
  if (state.is_browser) { move_browser_leg(leg, state, worker); return true; }
  const auto port = setup_.workers[worker].take();
  if (port == 0) { log("error", "no-rtp-port-free", {{"leg", text(leg)}}); return false; }
  setup_.workers[state.worker].give_back(state.port);
  state.worker = worker;
  state.port = port;
  ++state.media_version;
  put_row(storage::LiveKind::media_leg, text(leg), std::to_string(state.media_version));
  return true;
}

// The phone's own attended transfer: a leg of another call is in this one now, and may live in another worker than those it is to hear.
void Switchboard::follow_join(const floor::CallsJoined& e, Instant now) {
  const auto found = legs_.find(e.leg);
  if (found == legs_.end()) return;
  Leg& state = found->second;
  if (auto old = call_worker_.find(state.call); old != call_worker_.end() && --old->second.second <= 0) call_worker_.erase(old);
  state.call = e.call;
  const std::size_t worker = worker_for(e.call), before = state.worker;
  auto& pinned = call_worker_[e.call];
  pinned.first = worker < setup_.workers.size() ? worker : before;
  ++pinned.second;
  if (worker >= setup_.workers.size() || worker == before) return;
  if (state.opened) turn_.orders.push_back({before, media::LegRemove{e.leg}});
  state.opened = false;
  if (!move_leg(e.leg, state, worker)) return;
  hear(e.leg, state.hearing);
  if (!state.is_browser) endpoint_.renegotiate(e.leg, {.port = state.port}, now, *this);
}

void Switchboard::close_leg(LegId leg) {
  auto found = legs_.find(leg);
  if (found == legs_.end()) return;
  Leg& state = found->second;
  if (state.opened) turn_.orders.push_back({state.worker, media::LegRemove{leg}});
  setup_.workers[state.worker].give_back(state.port);
  if (state.media_version > 1) put_row(storage::LiveKind::media_leg, text(leg), std::nullopt);
  if (auto call = call_worker_.find(state.call); call != call_worker_.end() && --call->second.second <= 0) call_worker_.erase(call);
  legs_.erase(found);
}

void Switchboard::hear(LegId leg, const floor::Hearing& hearing) {
  auto found = legs_.find(leg);
  if (found == legs_.end()) return;
  found->second.hearing = hearing;
  if (dirty_set_.insert(leg).second) dirty_.push_back(leg);
}

std::string Switchboard::capture_file(CaptureId capture) const { return setup_.captures + "/" + text(capture) + ".capture"; }

media::CaptureWanted Switchboard::wanted(CaptureId id, const Capture& capture) const { return {id, capture.call, capture_file(id), capture.key, setup_.hooks.recording_stop_bytes}; }

void Switchboard::set_capture(const floor::Record& e) {
  auto set_side = [&](LegId leg, CaptureId capture, bool is_agent) {
    auto found = legs_.find(leg);
    if (found == legs_.end()) return;
    found->second.capture = capture;
    found->second.capture_is_agent = is_agent;
    hear(leg, found->second.hearing);
  };
  auto found = captures_.find(e.capture);
  if (!e.on) {
    if (found == captures_.end()) return;
    set_side(found->second.customer, {}, false);
    set_side(found->second.agent, {}, true);
    turn_.orders.push_back({found->second.worker, media::CaptureClose{e.capture}});
    put_row(storage::LiveKind::setting, "closing-capture:" + text(e.capture), text(e.call) + " " + std::to_string(found->second.worker));
    captures_closing_.emplace(e.capture, Closing{e.call, found->second.worker, std::move(found->second.wrapped_key)});
    captures_.erase(found);
    return;
  }
  if (found == captures_.end()) {
    Capture capture;
    capture.call = e.call;
    capture.worker = worker_for(e.call);
    auto [key, wrapped] = setup_.hooks.new_recording_key(e.capture);
    capture.key = std::move(key);
    capture.wrapped_key = wrapped;
    put_row(storage::LiveKind::recording_key, text(e.capture), std::move(wrapped));
    turn_.orders.push_back({capture.worker, wanted(e.capture, capture)});
    found = captures_.emplace(e.capture, std::move(capture)).first;
  } else {
    if (found->second.agent != e.agent) set_side(found->second.agent, {}, true);
    if (found->second.customer != e.customer) set_side(found->second.customer, {}, false);
  }
  found->second.customer = e.customer;
  found->second.agent = e.agent;
  set_side(e.customer, e.capture, false);
  set_side(e.agent, e.capture, true);
}

media::LegWanted Switchboard::wanted(LegId leg, const Leg& state) const {
  media::LegWanted order;
  order.leg = leg;
  order.call = state.call;
  order.port = state.port;
  order.media_version = state.media_version;
  if (state.plan) {
    const auto& plan = *state.plan;
    // S9: audio is learnt from the SDP's address or, behind a NAT, from where the (authenticated) signalling comes; nowhere else
    if (!plan.signalling_ip.empty()) order.source_network = plan.signalling_ip + (plan.signalling_ip.find(':') == std::string::npos ? "/32" : "/128");
    order.remote_ip = plan.remote.ip;
    order.remote_port = plan.remote.port;
    order.remote_rtcp_ip = plan.remote_rtcp.ip;
    order.remote_rtcp_port = plan.remote_rtcp.port;
    order.codec = media_codec(plan.codec);
    order.payload = plan.payload;
    order.dtmf_payload = plan.dtmf_payload;
    order.ptime_ms = plan.ptime_ms;
    order.send = plan.send;
    order.receive = plan.receive;
    order.detect_in_band = plan.dtmf_in_band;
  }
  if (state.hearing.leg) {
    order.hears = state.hearing.leg;
  } else if (state.hearing.programme.id) {
    const auto& programme = state.hearing.programme;
    order.programme = programme.id;
    order.repeat_last = programme.repeat;
    for (const auto& item : programme.items)
      for (auto& step : setup_.hooks.play_items(item, programme.language)) order.items.push_back(std::move(step));
  }
  order.browser = state.browser;
  order.capture = state.capture;
  order.capture_is_agent = state.capture_is_agent;
  return order;
}

// The wanted state of every leg touched in this turn, once, as it is at the turn's end.
void Switchboard::seal_orders() {
  for (const auto leg : dirty_) {
    auto found = legs_.find(leg);
    if (found == legs_.end() || !found->second.is_ready()) continue;
    found->second.opened = true;
    turn_.orders.push_back({found->second.worker, wanted(leg, found->second)});
  }
  dirty_.clear();
  dirty_set_.clear();
}

void Switchboard::worker_up(std::size_t worker, Instant) {
  worker_alive_[worker] = true;
  want_browser_socket(worker);
  for (auto& [id, capture] : captures_)
    if (capture.worker == worker) turn_.orders.push_back({worker, wanted(id, capture)});
  for (auto& [leg, state] : legs_) {
    if (state.worker != worker || !state.is_ready()) continue;
    state.opened = true;
    turn_.orders.push_back({worker, wanted(leg, state)});
  }
  for (const auto& [id, closing] : captures_closing_)
    if (closing.worker == worker) turn_.orders.push_back({worker, media::CaptureClose{id}});
  turn_.orders.push_back({worker, media::WantedIsComplete{}});
}

// Its calls go on in another worker: new ports there, told to the peers by re-INVITE; the captures are taken up again.
void Switchboard::worker_down(std::size_t worker, Instant now) {
  worker_alive_[worker] = false;
  std::vector<LegId> moving;
  for (const auto& [leg, state] : legs_)
    if (state.worker == worker) moving.push_back(leg);
  std::sort(moving.begin(), moving.end());
  std::map<CallId, std::size_t> to;
  for (const auto leg : moving) {
    Leg& state = legs_.at(leg);
    const auto [entry, is_new] = to.try_emplace(state.call, 0);
    if (is_new) {
      entry->second = worker_for(state.call);
      if (entry->second < setup_.workers.size()) call_worker_[state.call].first = entry->second;
    }
    if (entry->second >= setup_.workers.size()) continue;  // none is left: the legs wait for worker_up
    move_leg(leg, state, entry->second);
  }
  for (auto& [id, capture] : captures_) {
    if (capture.worker != worker) continue;
    const auto target = to.find(capture.call);
    if (target == to.end() || target->second >= setup_.workers.size()) continue;
    capture.worker = target->second;
    turn_.orders.push_back({capture.worker, wanted(id, capture)});
    turn_.orders.push_back({capture.worker, media::CaptureMark{id, "gap"}});
    record(floor::RecordingMarked{capture.call, id, "gap"}, now);
  }
  for (const auto leg : moving) {
    const Leg& state = legs_.at(leg);
    if (state.worker == worker) continue;
    hear(leg, state.hearing);
    if (!state.is_browser) endpoint_.renegotiate(leg, {.port = state.port}, now, *this);
  }
  if (!moving.empty()) log("error", "media-worker-lost", {{"worker", std::to_string(worker)}, {"legs", std::to_string(moving.size())}, {"calls", "go on in another worker"}});
  settle(now);
}

void Switchboard::worker_message(std::size_t worker, const media::FromWorker& message, Instant now) {
  struct Visitor {
    Switchboard& board;
    std::size_t worker;
    Instant now;

    void operator()(const media::HelloWorker& m) const {
      board.log("info", "media-worker", {{"worker", std::to_string(worker)}, {"pid", std::to_string(m.pid)}, {"legs", std::to_string(m.legs.size())}});
    }
    void operator()(const media::LegRefused& m) const {  // somebody else holds the port: take another and tell the peer
      auto found = board.legs_.find(m.leg);
      if (found == board.legs_.end()) return;
      if (found->second.is_browser) {
        board.log("error", "browser-leg-refused", {{"leg", text(m.leg)}, {"why", m.why}});
        return board.browsers_.failed(m.leg, 503, "refused", board);
      }
      const auto port = board.setup_.workers[found->second.worker].take();  // the bad one stays taken
      board.log("warning", "rtp-port-refused", {{"port", std::to_string(found->second.port)}, {"why", m.why}});
      if (port == 0) return;
      found->second.port = port;
      board.hear(m.leg, found->second.hearing);
      board.endpoint_.renegotiate(m.leg, {.port = port}, now, board);
    }
    void operator()(const media::LegRemoved& m) const {
      const auto& s = m.statistics;
      const auto seen = board.browsers_.take_figures(s.leg);
      if (s.packets_in == 0 && s.packets_out == 0) return;
      board.record(floor::LegMeasured{s.call, s.leg, s.packets_in, s.packets_out, s.lost, s.jitter_us_max, s.round_trip_us, s.latched.empty() ? "" : s.opus_in > 0 || s.opus_out > 0 ? "Opus" : "G711", s.lost_by_peer, seen.loss_permille, seen.jitter_us, seen.round_trip_us}, now);
    }
    void operator()(const media::LegHeard& m) const {
      if (auto found = board.legs_.find(m.leg); found != board.legs_.end()) found->second.heard = true;
    }
    // A phone that spoke and fell silent may have lost its power: a re-INVITE that changes nothing finds out; without an answer
    // the leg ends (RFC 3261 §14.1, 408). One that never sent audio is asked once (it may have died before its first packet) and
    // then left alone: some only listen.
    void operator()(const media::LegSilent& m) const {
      auto found = board.legs_.find(m.leg);
      if (found == board.legs_.end() || found->second.is_browser) return;  // a browser's checks tell of its life
      if (!found->second.heard && std::exchange(found->second.asked, true)) return;
      board.log("warning", "leg-silent", {{"leg", text(m.leg)}, {"for_ms", std::to_string(m.for_ms)}, {"do", "asked whether it is still there"}});
      board.endpoint_.ask_alive(m.leg, now, board);
    }
    void operator()(const media::DigitHeard& m) const { board.stimulate(floor::DigitPressed{m.leg, static_cast<char>(m.digit)}, now); }
    void operator()(const media::ProgrammeDone& m) const { board.stimulate(floor::ProgrammeFinished{m.leg, m.programme}, now); }
    void operator()(const media::CaptureClosed& m) const {
      auto closing = board.captures_closing_.find(m.capture);
      if (closing == board.captures_closing_.end() || closing->second.worker != worker) return;
      const auto done = std::move(closing->second);
      board.captures_closing_.erase(closing);
      if (board.setup_.hooks.capture_closed) board.setup_.hooks.capture_closed(m.capture, done.call, done.wrapped_key, done.again);
    }
    void operator()(const media::CaptureStopped& m) const {
      auto found = board.captures_.find(m.capture);
      board.log("error", "recording-stopped", {{"capture", text(m.capture)}, {"why", m.why}, {"calls", "go on"}});
      if (found != board.captures_.end()) board.stimulate(floor::CaptureFailed{found->second.call, m.capture, m.why}, now);
    }
    void operator()(const media::WorkerStatistics&) const {}
    void operator()(const media::BrowserSocketRefused& m) const {
      board.log("error", "browser-port-refused", {{"port", std::to_string(m.port)}, {"why", m.why}, {"do", "free the port, or set [browser] port in pasokh.toml; calls by SIP go on"}});
    }
    void operator()(const media::BrowserLegChanged& m) const { board.browser_leg_changed(m, now); }
    void operator()(const media::BrowserLegMeasured& m) const { board.browsers_.measured(m.statistics, now, board); }
  };
  std::visit(Visitor{*this, worker, now}, message);
  settle(now);
}

void Switchboard::recording_finished(CallId call, CaptureId capture, Duration duration, const std::string& sha256, std::int64_t bytes, bool empty,
                                     const std::string& failure, Instant now) {
  put_row(storage::LiveKind::setting, "closing-capture:" + text(capture), std::nullopt);
  if (!failure.empty()) record(floor::RecordingFailed{call, capture, failure}, now);
  else record(floor::RecordingFinished{call, capture, duration, sha256, bytes, empty}, now);
}

// --- parties: numbers and names of people, outside the journal

PartyId Switchboard::new_party(std::string_view number, std::string_view name) {
  const PartyId party{next_party_++};
  std::string value(number);
  if (!name.empty()) value.append("\n").append(name);
  put_row(storage::LiveKind::party, text(party), value);
  parties_.emplace(party, std::move(value));
  party_age_.push_back(party);
  if (party_age_.size() > parties_kept) { parties_.erase(party_age_.front()); party_age_.pop_front(); }
  return party;
}

std::string Switchboard::party_text(PartyId party) const {
  if (auto found = parties_.find(party); found != parties_.end()) return found->second;
  return party ? setup_.hooks.live_row(storage::LiveKind::party, text(party)) : std::string();
}

}  // namespace pasokh::switchboard
