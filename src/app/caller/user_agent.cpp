#include "app/caller/user_agent.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "app/caller/sdp_text.h"
#include "app/caller/sockets.h"
#include "sip/digest.h"

namespace pasokh::app::caller {

namespace {

constexpr auto t1 = Duration::milliseconds(500), t2 = Duration::seconds(4), timeout = Duration::seconds(32);  // 64 × T1

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string request_key(const sip::Message& request) {
  if (request.vias().empty()) return {};
  const auto& via = request.vias().front();
  const auto method = request.method() == sip::Method::ack ? std::string_view("INVITE") : request.method_text();
  return std::string(via.branch) + " " + std::string(via.host) + ":" + std::to_string(via.port) + " " + std::string(method);
}

std::string uri_host(const sip::Address& address) {
  return address.ip.find(':') == address.ip.npos ? sip::text(address) : "[" + address.ip + "]:" + std::to_string(address.port);
}

// Where a request with this Request-URI or first Route goes; names are left to the server.
sip::Address hop_of(std::string_view uri_text, const sip::Address& otherwise) {
  const auto name_addr = sip::parse_name_addr(uri_text);
  if (!name_addr) return otherwise;
  const auto& uri = name_addr->uri;
  const auto address = sip::parse_address((uri.host.find(':') == uri.host.npos ? uri.host : "[" + uri.host + "]") + ":" + std::to_string(uri.port ? uri.port : 5060));
  return address ? *address : otherwise;
}

}  // namespace

// --- transport and transactions

UserAgent::UserAgent(Loop& loop, UserAgentSettings settings) : loop_(loop), settings_(std::move(settings)) {}

UserAgent::~UserAgent() {
  for (auto& [branch, client] : clients_) loop_.cancel(client.timer);
  if (fd_ < 0) return;
  loop_.forget(fd_);
  ::close(fd_);
}

Result<> UserAgent::open() {
  if (settings_.bind.ip.empty()) {
    TRY(ip, local_ip_towards(settings_.server));
    settings_.bind.ip = ip;
  }
  if (settings_.domain.empty()) settings_.domain = settings_.server.ip.find(':') == std::string::npos ? settings_.server.ip : "[" + settings_.server.ip + "]";
  TRY(fd, udp_socket(settings_.bind));
  fd_ = fd;
  address_ = local_address(fd_);
  register_call_id_ = random_token();
  register_tag_ = random_token();
  loop_.watch(fd_, [this] { readable(); });
  return Done{};
}

std::string UserAgent::contact() const { return "sip:" + (settings_.user.empty() ? std::string("caller") : settings_.user) + "@" + uri_host(address_) + settings_.contact_parameters; }

std::string UserAgent::identity(const std::string& user, const std::string& name) const {
  return (name.empty() ? "" : quoted(name) + " ") + "<sip:" + (user.empty() ? "" : user + "@") + settings_.domain + ">";
}

std::string UserAgent::via(const std::string& branch) const { return "SIP/2.0/UDP " + uri_host(address_) + ";branch=" + branch + ";rport"; }

void UserAgent::readable() {
  const auto alive = alive_;
  for (int n = 0; n < 100 && *alive; ++n) {             // then the other sockets have their turn
    sip::Address from;
    auto bytes = receive_datagram(fd_, from);
    if (bytes.empty()) return;
    auto message = sip::Message::parse(std::move(bytes));
    if (!message) continue;
    if (message->is_request()) take_request(std::move(message).value(), from);
    else take_response(*message);
  }
}

void UserAgent::send(const sip::Address& to, const std::string& bytes) { send_datagram(fd_, to, bytes); }

void UserAgent::begin(const std::string& branch, std::string bytes, const sip::Address& to, bool invite, Answer told) {
  send(to, bytes);
  const auto now = loop_.now();
  auto& client = clients_[branch] = {.bytes = std::move(bytes), .to = to, .invite = invite, .interval = t1, .give_up = now + timeout, .told = std::move(told)};
  client.timer = loop_.at(now + t1, [this, branch] { resend(branch); });
}

void UserAgent::resend(const std::string& branch) {
  const auto found = clients_.find(branch);
  if (found == clients_.end()) return;
  auto& client = found->second;
  if (client.final_seen || (client.invite && client.provisional)) {   // §17.1.1.2: a ringing INVITE waits for the user
    if (client.final_seen) clients_.erase(found);
    return;
  }
  if (loop_.now() >= client.give_up) {
    const auto told = std::move(client.told);
    clients_.erase(found);
    if (told) told(nullptr);
    return;
  }
  ++repeats_;
  send(client.to, client.bytes);
  client.interval = client.invite ? client.interval * 2 : std::min(client.provisional ? t2 : client.interval * 2, t2);
  client.timer = loop_.after(client.interval, [this, branch] { resend(branch); });
}

void UserAgent::take_response(const sip::Message& response) {
  if (response.vias().empty() || response.method() == sip::Method::cancel) return;   // CANCEL has the INVITE's branch; 487 says how it went
  const std::string branch(response.vias().front().branch);
  const auto found = clients_.find(branch);
  if (found == clients_.end()) {                        // a 2xx again, since our ACK was lost (§13.2.2.4)
    const auto call = find(response);
    if (call && response.method() == sip::Method::invite && response.status() / 100 == 2 && !call->ack_.empty()) send(call->peer_, call->ack_);
    return;
  }
  auto& client = found->second;
  if (client.final_seen) {
    if (!client.ack.empty()) send(client.to, client.ack);
    return;
  }
  const auto told = client.told;
  if (response.status() < 200) {
    client.provisional = true;
    if (told) told(&response);
    return;
  }
  client.final_seen = true;
  loop_.cancel(client.timer);
  if (client.invite && response.status() >= 300) {      // §17.1.1.3
    sip::MessageBuilder ack;
    const auto sent = sip::Message::parse(client.bytes);
    if (sent) {
      ack.request("ACK", sent->request_uri()).header("Via", via(branch)).header("Max-Forwards", "70").header("From", sent->first(sip::Field::from))
          .header("To", response.first(sip::Field::to)).header("Call-ID", sent->call_id()).header("CSeq", std::to_string(sent->cseq()) + " ACK");
      for (const auto route : sent->all(sip::Field::route)) ack.header("Route", route);
      client.ack = ack.finish();
      send(client.to, client.ack);
    }
    client.timer = loop_.after(timeout, [this, branch] { resend(branch); });   // remembered, for repeats
  } else {
    clients_.erase(found);
  }
  if (told) told(&response);
}

void UserAgent::respond(const sip::Message& request, const sip::Address& from, int status, const std::string& tag, std::string_view body, bool with_contact) {
  sip::MessageBuilder builder;
  builder.response(status, "").answer_to(request, tag, from.ip, from.port, true);
  if (with_contact) builder.header("Contact", "<" + contact() + ">");
  builder.header("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, NOTIFY");
  const auto bytes = builder.finish(body.empty() ? "" : "application/sdp", body);
  send(from, bytes);
  const auto key = request_key(request);
  const bool is_new = said_.insert_or_assign(key, Said{bytes, from}).second;
  if (is_new) loop_.after(timeout * 2, [this, key, alive = std::weak_ptr(alive_)] { if (!alive.expired()) said_.erase(key); });
}

void UserAgent::take_request(sip::Message request, const sip::Address& from) {
  using M = sip::Method;
  if (request.method() == M::ack) return take_ack(request);
  if (const auto said = said_.find(request_key(request)); said != said_.end()) { ++repeats_; return send(said->second.to, said->second.bytes); }
  const auto call = find(request);
  const auto tag = call ? call->local_tag_ : std::string();
  switch (request.method()) {
    case M::invite:
      if (request.to_tag().empty()) return call ? respond(request, from, 482, "") : take_invite(std::move(request), from);
      return call && !call->ended() ? take_reinvite(*call, std::move(request), from) : respond(request, from, 481, random_token());
    case M::cancel:                                     // §9.2
      if (!call) return respond(request, from, 481, random_token());
      respond(request, from, 200, tag);
      if (call->incoming_ && !call->answered() && !call->ended() && call->invite_) {
        respond(*call->invite_, call->peer_, 487, tag);
        end(*call, EndedBy::peer, 487, "cancelled");
      }
      return;
    case M::bye:
      if (!call) return respond(request, from, 481, random_token());
      respond(request, from, 200, tag);
      if (!call->ended()) end(*call, EndedBy::peer, 0, "BYE");
      return;
    case M::update:                                     // RFC 3311
      if (!call || call->ended()) return respond(request, from, 481, random_token());
      if (!request.body().empty()) {
        const auto offer = read_sdp(request.body());
        if (!offer || !take_sdp(*call, request.body())) return respond(request, from, 488, tag);
        return respond(request, from, 200, tag, own_sdp(*call, offer->direction), true);
      }
      return respond(request, from, 200, tag, {}, true);
    case M::info: {                                     // application/dtmf-relay: Signal=5
      if (!call) return respond(request, from, 481, random_token());
      respond(request, from, 200, tag);
      const auto body = request.body();
      if (const auto at = body.find("Signal="); at != body.npos && at + 7 < body.size() && call->audio_.on_digit) call->audio_.on_digit(body[at + 7]);
      return;
    }
    case M::options:
    case M::notify: return respond(request, from, 200, call ? tag : random_token());
    default: return respond(request, from, 501, call ? tag : random_token());
  }
}

// --- digest (RFC 3261 §22, RFC 8760: the first algorithm that we know)

bool UserAgent::learn(const sip::Message& response) {
  if (settings_.user.empty() || settings_.password.empty()) return false;
  const bool proxy = response.status() == 407;
  for (const auto header : response.all(proxy ? sip::Field::proxy_authenticate : sip::Field::www_authenticate)) {
    const auto digest = sip::parse_digest(header);
    if (!digest) continue;
    const auto value = [&](const char* name) { const auto at = digest->values.find(name); return at == digest->values.end() ? std::string() : at->second; };
    const auto algorithm = value("algorithm").empty() ? std::string("MD5") : value("algorithm");
    if (algorithm != "MD5" && algorithm != "SHA-256") continue;
    challenge_ = {value("realm"), value("nonce"), value("opaque"), algorithm, value("qop").find("auth") == std::string::npos ? "" : "auth", 0, proxy};
    return true;
  }
  return false;
}

std::optional<std::pair<std::string, std::string>> UserAgent::authorization(std::string_view method, std::string_view uri) {
  if (!challenge_) return std::nullopt;
  auto& c = *challenge_;
  const auto algorithm = c.algorithm == "MD5" ? sip::DigestAlgorithm::md5 : sip::DigestAlgorithm::sha256;
  const auto count = std::to_string(++c.count), nc = std::string(8 - std::min<std::size_t>(8, count.size()), '0') + count, cnonce = random_token();
  const auto response = sip::digest_response(algorithm, sip::ha1(algorithm, settings_.user, c.realm, settings_.password), c.nonce, nc, cnonce, c.qop, method, uri);
  std::string value = "Digest username=" + quoted(settings_.user) + ", realm=" + quoted(c.realm) + ", nonce=" + quoted(c.nonce) + ", uri=" + quoted(uri) +
                      ", response=\"" + response + "\", algorithm=" + c.algorithm;
  if (!c.qop.empty()) value += ", qop=" + c.qop + ", nc=" + nc + ", cnonce=\"" + cnonce + "\"";
  if (!c.opaque.empty()) value += ", opaque=" + quoted(c.opaque);
  return std::pair{std::string(c.proxy ? "Proxy-Authorization" : "Authorization"), value};
}

// --- registering

void UserAgent::keep_registered(Duration every, Duration expires, std::function<void(const Registered&)> told) {
  const auto mine = ++registering_;
  send_register("<" + contact() + ">", expires, 0, [=, this](const Registered& registered) {
    if (mine != registering_) return;
    loop_.after(every, [=, this, alive = std::weak_ptr(alive_)] { if (!alive.expired() && mine == registering_) keep_registered(every, expires, told); });
    if (told) told(registered);
  });
}

void UserAgent::look_at_bindings(std::function<void(const Registered&)> told) { send_register("", {}, 0, std::move(told)); }

void UserAgent::unregister(std::function<void(const Registered&)> told) {
  ++registering_;
  send_register("<" + contact() + ">", {}, 0, std::move(told));
}

void UserAgent::send_register(const std::string& contact_value, Duration expires, int attempt, std::function<void(const Registered&)> told) {
  const auto branch = "z9hG4bK" + random_token(), uri = "sip:" + settings_.domain;
  sip::MessageBuilder builder;
  builder.request("REGISTER", uri).header("Via", via(branch)).header("Max-Forwards", "70")
      .header("From", identity(settings_.user, "") + ";tag=" + register_tag_).header("To", identity(settings_.user, "")).header("Call-ID", register_call_id_)
      .header("CSeq", std::to_string(++register_cseq_) + " REGISTER").header("User-Agent", "pasokh test caller");
  if (!contact_value.empty()) builder.header("Contact", contact_value).header("Expires", std::to_string(expires.ms() / 1'000));
  if (const auto credentials = authorization("REGISTER", uri)) builder.header(credentials->first, credentials->second);
  begin(branch, builder.finish(), settings_.server, false, [=, this](const sip::Message* response) {
    if (response && response->status() < 200) return;
    if (response && (response->status() == 401 || response->status() == 407) && attempt < 2 && learn(*response)) return send_register(contact_value, expires, attempt + 1, told);
    if (response && response->status() == 423 && attempt < 3) {   // §10.2.8: the registrar wants rarer refreshes
      int least = 0;
      const auto text = response->first(sip::Field::min_expires);
      std::from_chars(text.data(), text.data() + text.size(), least);
      if (Duration::seconds(least) > expires && least <= 86'400) return send_register(contact_value, Duration::seconds(least), attempt + 1, told);
    }
    Registered registered{.status = response ? response->status() : 0};
    if (response)
      for (const auto value : response->list(sip::Field::contact))
        if (const auto parsed = sip::parse_name_addr(value)) {
          registered.contacts.push_back(sip::text(parsed->uri));
          if (parsed->uri.user == settings_.user && parsed->uri.host == address_.ip && parsed->uri.port == address_.port) registered.ours = true;
        }
    if (told) told(registered);
  });
}

// --- calls: what both directions share

Call::Call(UserAgent& agent, Loop& loop, bool incoming) : agent_(agent), audio_(loop), incoming_(incoming) {}

std::shared_ptr<Call> UserAgent::add(bool incoming) {
  auto call = std::make_shared<Call>(*this, loop_, incoming);
  call->begun_at = loop_.now();
  call->local_tag_ = random_token();
  call->sdp_session_ = random_number() >> 2;
  return call;
}

std::shared_ptr<Call> UserAgent::find(const sip::Message& message) const {
  const auto found = calls_.find(std::string(message.call_id()));
  return found == calls_.end() ? nullptr : found->second;
}

std::string UserAgent::own_sdp(Call& call, std::string_view asked) {
  SdpSide side{.rtp = {address_.ip, call.audio_.port()}};
  const auto& plan = call.audio_.plan();
  if (plan.remote.port != 0) {                          // an answer, or an offer of what goes on
    side.alaw = plan.payload == 8;
    side.ulaw = plan.payload == 0;
    side.digits_payload = plan.digits_payload;
  }
  side.direction = asked == "sendonly" ? "recvonly" : asked == "recvonly" ? "sendonly" : asked == "inactive" ? "inactive" : "sendrecv";
  return write_sdp(side, call.sdp_session_, call.sdp_version_++);
}

bool UserAgent::take_sdp(Call& call, std::string_view body) {
  const auto theirs = read_sdp(body);
  if (!theirs) return false;
  const bool held = theirs->direction == "sendonly" || theirs->direction == "inactive" || theirs->rtp.ip == "0.0.0.0";
  const auto payload = static_cast<std::uint8_t>(theirs->alaw && (theirs->alaw_first || !theirs->ulaw) ? 8 : 0);
  call.audio_.set_plan({theirs->rtp, payload, theirs->digits_payload, !held});
  return true;
}

void UserAgent::send_in_dialog(Call& call, const std::string& method, Answer told, std::string_view type, std::string_view body) {
  const auto branch = "z9hG4bK" + random_token();
  sip::MessageBuilder builder;
  builder.request(method, call.remote_target_).header("Via", via(branch)).header("Max-Forwards", "70");
  for (const auto& route : call.routes_) builder.header("Route", route);
  builder.header("From", call.local_).header("To", call.remote_).header("Call-ID", call.call_id_).header("CSeq", std::to_string(++call.cseq_) + " " + method);
  begin(branch, builder.finish(type, body), call.peer_, false, std::move(told));
}

void UserAgent::end(Call& call, EndedBy by, int status, std::string reason) {
  if (call.ended()) return;
  const auto keep = call.shared_from_this();
  call.ended_by_ = by;
  call.ended_at = loop_.now();
  if (status != 0) call.status_ = status;
  call.reason_ = std::move(reason);
  call.accepted_.clear();
  auto plan = call.audio_.plan();
  plan.send = false;
  call.audio_.set_plan(plan);
  if (call.on_ended) call.on_ended();
  loop_.after(Duration::seconds(5), [this, id = call.call_id_, alive = std::weak_ptr(alive_)] { if (!alive.expired()) calls_.erase(id); });   // repeats are still answered
}

void Call::hang_up() {
  if (ended()) return;
  const auto keep = shared_from_this();
  if (answered()) {
    agent_.send_in_dialog(*this, "BYE", {});
    agent_.end(*this, EndedBy::us, 0, "BYE");
  } else if (incoming_) {
    refuse(486);
  } else {
    agent_.cancel(*this);
  }
}

// --- outgoing

std::shared_ptr<Call> UserAgent::call(const std::string& number, const std::string& from_number, const std::string& from_name) {
  auto call = add(false);
  call->number_ = number;
  call->call_id_ = random_token() + "@" + address_.ip;
  call->remote_target_ = "sip:" + number + "@" + uri_host(settings_.server);
  call->remote_ = "<sip:" + number + "@" + settings_.domain + ">";
  call->local_ = identity(from_number.empty() ? settings_.user : from_number, from_name) + ";tag=" + call->local_tag_;
  call->peer_ = settings_.server;
  calls_[call->call_id_] = call;
  if (auto opened = call->audio_.open(address_.ip); !opened) {
    loop_.after({}, [this, call, why = opened.error().text, alive = std::weak_ptr(alive_)] { if (!alive.expired()) end(*call, EndedBy::failed, 0, why); });
    return call;
  }
  send_invite(*call);
  return call;
}

void UserAgent::send_invite(Call& call) {
  call.invite_branch_ = "z9hG4bK" + random_token();
  call.invite_cseq_ = ++call.cseq_;
  sip::MessageBuilder builder;
  builder.request("INVITE", call.remote_target_).header("Via", via(call.invite_branch_)).header("Max-Forwards", "70").header("From", call.local_)
      .header("To", call.remote_).header("Call-ID", call.call_id_).header("CSeq", std::to_string(call.invite_cseq_) + " INVITE").header("Contact", "<" + contact() + ">")
      .header("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, NOTIFY").header("User-Agent", "pasokh test caller");
  if (const auto credentials = authorization("INVITE", call.remote_target_)) builder.header(credentials->first, credentials->second);
  call.invite_bytes_ = builder.finish("application/sdp", own_sdp(call, "sendrecv"));
  begin(call.invite_branch_, call.invite_bytes_, call.peer_, true, [this, weak = call.weak_from_this()](const sip::Message* response) {
    if (const auto alive = weak.lock()) take_invite_answer(*alive, response);
  });
}

void UserAgent::take_invite_answer(Call& call, const sip::Message* response) {
  if (!response) return end(call, EndedBy::failed, 0, "no answer from " + sip::text(call.peer_));
  const int status = response->status();
  if (status >= 200 && status < 300) return take_accepted(call, *response);
  call.status_ = status;
  call.reason_ = std::string(response->reason());
  if (status < 200) {
    call.provisional_ = true;
    auto& at = status == 100 ? call.trying_at : call.ringing_at;
    if (!at) at = loop_.now();
    if (call.cancel_wanted_) return cancel(call);
    if (!response->body().empty()) take_sdp(call, response->body());   // early media
    if (call.on_progress) call.on_progress(status, call.reason_);
    return;
  }
  if ((status == 401 || status == 407) && call.challenges_++ < 2 && !call.cancel_wanted_ && learn(*response)) return send_invite(call);
  end(call, call.cancel_wanted_ ? EndedBy::us : EndedBy::refused, status, call.reason_);
}

void UserAgent::take_accepted(Call& call, const sip::Message& response) {
  call.remote_ = std::string(response.first(sip::Field::to));
  call.remote_tag_ = std::string(response.to_tag());
  if (const auto contact = sip::parse_name_addr(response.first(sip::Field::contact))) call.remote_target_ = sip::text(contact->uri);
  call.routes_.clear();
  for (const auto route : response.list(sip::Field::record_route)) call.routes_.insert(call.routes_.begin(), std::string(route));   // §12.1.2: reversed
  call.peer_ = hop_of(call.routes_.empty() ? call.remote_target_ : call.routes_.front(), settings_.server);
  call.ack_ = ack_for(call, call.invite_cseq_);
  send(call.peer_, call.ack_);
  call.status_ = response.status();
  call.reason_ = std::string(response.reason());
  call.answered_at = loop_.now();
  if (call.cancel_wanted_ || call.ended()) {            // the CANCEL crossed with the answer
    send_in_dialog(call, "BYE", {});
    return end(call, EndedBy::us, 0, "cancelled");
  }
  if (!take_sdp(call, response.body())) {
    send_in_dialog(call, "BYE", {});
    return end(call, EndedBy::failed, 0, "the answer has no G.711 audio");
  }
  if (call.on_answered) call.on_answered();
}

std::string UserAgent::ack_for(Call& call, std::uint32_t cseq) {
  sip::MessageBuilder builder;
  builder.request("ACK", call.remote_target_).header("Via", via("z9hG4bK" + random_token())).header("Max-Forwards", "70");
  for (const auto& route : call.routes_) builder.header("Route", route);
  return builder.header("From", call.local_).header("To", call.remote_).header("Call-ID", call.call_id_).header("CSeq", std::to_string(cseq) + " ACK").finish();
}

// §9.1: not before a provisional answer came; the same branch as the INVITE.
void UserAgent::cancel(Call& call) {
  call.cancel_wanted_ = true;
  if (!call.provisional_) return;
  sip::MessageBuilder builder;
  builder.request("CANCEL", "sip:" + call.number_ + "@" + uri_host(settings_.server)).header("Via", via(call.invite_branch_)).header("Max-Forwards", "70").header("From", call.local_)
      .header("To", call.remote_).header("Call-ID", call.call_id_).header("CSeq", std::to_string(call.invite_cseq_) + " CANCEL");
  send(call.peer_, builder.finish());
  // The INVITE's own answer (487) ends the call. When CANCEL or 487 is lost, ask again; then give up.
  loop_.after(t1, [this, weak = call.weak_from_this(), alive = std::weak_ptr(alive_)] {
    const auto again = weak.lock();
    if (alive.expired() || !again || again->ended()) return;
    if (loop_.now() - again->begun_at > Duration::hours(1) || ++again->challenges_ > 64) return end(*again, EndedBy::us, 0, "cancelled; no answer");
    cancel(*again);
  });
}

// --- incoming

void UserAgent::take_invite(sip::Message request, const sip::Address& from) {
  auto call = add(true);
  call->call_id_ = std::string(request.call_id());
  call->remote_ = std::string(request.first(sip::Field::from));
  call->remote_tag_ = std::string(request.from_tag());
  call->local_ = std::string(request.first(sip::Field::to)) + ";tag=" + call->local_tag_;
  for (const auto route : request.list(sip::Field::record_route)) call->routes_.emplace_back(route);
  if (const auto contact = sip::parse_name_addr(request.first(sip::Field::contact))) call->remote_target_ = sip::text(contact->uri);
  if (const auto caller = sip::parse_name_addr(call->remote_)) { call->number_ = caller->uri.user; call->name_ = caller->name; }
  call->peer_ = from;
  if (!on_call) return respond(request, from, 480, call->local_tag_);
  if (auto opened = call->audio_.open(address_.ip); !opened) return respond(request, from, 500, call->local_tag_);
  if (!request.body().empty() && !read_sdp(request.body())) return respond(request, from, 488, call->local_tag_);
  call->invite_ = std::make_unique<sip::Message>(std::move(request));
  calls_[call->call_id_] = call;
  respond(*call->invite_, from, 100, "");
  call->trying_at = loop_.now();
  on_call(call);
}

void Call::ring() {
  if (!incoming_ || answered() || ended()) return;
  ringing_at = agent_.loop_.now();
  agent_.respond(*invite_, peer_, 180, local_tag_, {}, true);
}

void Call::refuse(int status) {
  if (!incoming_ || answered() || ended()) return;
  agent_.respond(*invite_, peer_, status, local_tag_);
  agent_.end(*this, EndedBy::us, status, "refused");
}

void Call::answer() {
  if (!incoming_ || answered() || ended()) return;
  const auto keep = shared_from_this();
  answered_at = agent_.loop_.now();
  status_ = 200;
  if (!invite_->body().empty()) agent_.take_sdp(*this, invite_->body());
  agent_.accept(*this);
  if (on_answered) on_answered();
}

// 200 to the INVITE at hand, first or later, sent again until its ACK comes (§13.3.1.4).
void UserAgent::accept(Call& call) {
  const auto& invite = *call.invite_;
  const auto offer = read_sdp(invite.body());
  call.offer_owed_ = invite.body().empty();
  respond(invite, call.peer_, 200, call.local_tag_, own_sdp(call, offer ? std::string_view(offer->direction) : std::string_view("sendrecv")), true);
  call.accepted_ = said_[request_key(invite)].bytes;
  resend_accepted(call.weak_from_this(), t1, loop_.now() + timeout);
}

void UserAgent::resend_accepted(std::weak_ptr<Call> weak, Duration interval, Instant give_up) {
  const auto call = weak.lock();
  if (!call) return;
  loop_.cancel(call->accepted_timer_);
  call->accepted_timer_ = loop_.after(interval, [=, this, alive = std::weak_ptr(alive_)] {
    const auto still = weak.lock();
    if (alive.expired() || !still || still->accepted_.empty()) return;
    if (loop_.now() >= give_up) {
      send_in_dialog(*still, "BYE", {});
      return end(*still, EndedBy::failed, 0, "no ACK came");
    }
    ++repeats_;
    send(still->peer_, still->accepted_);
    resend_accepted(weak, std::min(interval * 2, t2), give_up);
  });
}

void UserAgent::take_ack(const sip::Message& ack) {
  const auto call = find(ack);
  if (!call || call->accepted_.empty() || !call->invite_ || ack.cseq() != call->invite_->cseq()) return;
  call->accepted_.clear();
  loop_.cancel(call->accepted_timer_);
  if (std::exchange(call->offer_owed_, false) && !take_sdp(*call, ack.body())) call->hang_up();
}

void UserAgent::take_reinvite(Call& call, sip::Message request, const sip::Address& from) {
  if (!call.accepted_.empty() || (call.incoming_ && !call.answered())) return respond(request, from, 491, call.local_tag_);   // §14.2: one at a time
  if (!request.body().empty() && !read_sdp(request.body())) return respond(request, from, 488, call.local_tag_);
  call.peer_ = from;
  if (const auto contact = sip::parse_name_addr(request.first(sip::Field::contact))) call.remote_target_ = sip::text(contact->uri);
  if (!request.body().empty()) take_sdp(call, request.body());
  call.invite_ = std::make_unique<sip::Message>(std::move(request));
  accept(call);
}

}  // namespace pasokh::app::caller
