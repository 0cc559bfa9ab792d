#include "simulate/peer.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "sip/digest.h"

namespace pasokh::simulate {
namespace {

constexpr Duration t1 = Duration::milliseconds(500), t2 = Duration::seconds(4), transaction_life = 64 * t1;

// The value of the first header of that name; "" when there is none. The other side writes "Name: value".
std::string_view header(std::string_view message, std::string_view name) {
  const auto end = message.find("\r\n\r\n");
  for (std::size_t at = message.find("\r\n"); at != message.npos && at < end; at = message.find("\r\n", at + 2)) {
    const auto line = message.substr(at + 2);
    if (line.size() > name.size() + 2 && line.compare(0, name.size(), name) == 0 && line[name.size()] == ':') return line.substr(name.size() + 2, line.find("\r\n") - name.size() - 2);
  }
  return {};
}
std::string_view body_of(std::string_view message) {
  const auto end = message.find("\r\n\r\n");
  return end == message.npos ? std::string_view{} : message.substr(end + 4);
}
std::string_view tag_of(std::string_view value) {
  const auto at = value.find(";tag=");
  if (at == value.npos) return {};
  return value.substr(at + 5, value.find(';', at + 5) - at - 5);
}
std::string_view without_tag(std::string_view value) { return value.substr(0, value.find(";tag=")); }
std::string_view user_of(std::string_view uri) {  // also within a name-addr
  const auto at = uri.find("sip:");
  if (at == uri.npos) return {};
  const auto end = uri.find_first_of("@>;", at);
  return end == uri.npos || uri[end] != '@' ? std::string_view{} : uri.substr(at + 4, end - at - 4);
}
std::string_view within_brackets(std::string_view value) {
  const auto from = value.find('<'), to = value.find('>');
  return from == value.npos || to == value.npos ? value.substr(0, value.find(';')) : value.substr(from + 1, to - from - 1);
}
std::uint32_t number(std::string_view text) {
  std::uint32_t n = 0;
  for (const char c : text) { if (c < '0' || c > '9') break; n = n * 10 + static_cast<std::uint32_t>(c - '0'); }
  return n;
}
std::string_view method_of_cseq(std::string_view message) {
  const auto cseq = header(message, "CSeq");
  const auto space = cseq.find(' ');
  return space == cseq.npos ? std::string_view{} : cseq.substr(space + 1);
}
std::string quoted(std::string_view line, std::string_view name) {
  const auto at = line.find(std::string(name) + "=\"");
  if (at == line.npos) return {};
  const auto from = at + name.size() + 2;
  return std::string(line.substr(from, line.find('"', from) - from));
}
const char* reason(int status) {
  switch (status) {
    case 100: return "Trying";
    case 180: return "Ringing";
    case 200: return "OK";
    case 202: return "Accepted";
    case 481: return "No Such Call";
    case 486: return "Busy Here";
    case 487: return "Request Terminated";
    case 491: return "Request Pending";
    case 500: return "Try Later";
    case 603: return "Decline";
  }
  return "Said So";
}

}  // namespace

Peer::Peer(int index, PeerHouse& house, PeerManners manners) : index_(index), house_(house), manners_(std::move(manners)), dice_(manners_.seed, 77) {}

std::string Peer::place() const { return manners_.ip + ":" + std::to_string(manners_.port); }
std::string Peer::branch(std::uint64_t id) const { return "z9hG4bKp" + std::to_string(index_) + "l" + std::to_string(life_) + "x" + std::to_string(id); }

PeerCall* Peer::find(std::uint64_t call) {
  const auto found = calls_.find(call);
  return found == calls_.end() ? nullptr : &found->second;
}

const PeerCall* Peer::speaking_from(std::uint16_t rtp) const {
  const auto id = by_rtp_.find(rtp);
  if (id == by_rtp_.end()) return nullptr;
  const auto found = calls_.find(id->second);
  return found == calls_.end() || !found->second.alive() || found->second.rtp != rtp ? nullptr : &found->second;
}

std::uint64_t Peer::busy_with() const {
  for (const auto& [id, call] : calls_)
    if (call.state == PeerCall::State::answered || call.state == PeerCall::State::talking || call.state == PeerCall::State::calling) return id;
  return 0;
}

// --- writing

std::string Peer::request(const std::string& method, const std::string& uri, std::uint64_t transaction, const std::string& from, const std::string& to, const std::string& call_id,
                          std::uint32_t cseq, const std::string& extra, const std::string& body) const {
  std::string out;
  out.reserve(700);
  out.append(method).append(" ").append(uri).append(" SIP/2.0\r\nVia: SIP/2.0/").append(manners_.tcp ? "TCP " : "UDP ").append(place()).append(";rport;branch=").append(branch(transaction));
  out.append("\r\nMax-Forwards: 70\r\nFrom: ").append(from).append("\r\nTo: ").append(to).append("\r\nCall-ID: ").append(call_id).append("\r\nCSeq: ").append(std::to_string(cseq)).append(" ").append(method);
  out.append("\r\n").append(extra);
  if (!body.empty()) out.append("Content-Type: application/sdp\r\n");
  return out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}

std::string Peer::sdp(const PeerCall& call) const {
  return "v=0\r\no=- " + std::to_string(call.id) + " " + std::to_string(call.sdp_version) + " IN IP4 " + manners_.ip + "\r\ns=-\r\nc=IN IP4 " + manners_.ip + "\r\nt=0 0\r\nm=audio " + std::to_string(call.rtp) +
         " RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=" + (call.sends ? (call.may_send ? "sendrecv" : "recvonly") : "sendonly") + "\r\n";
}

void Peer::take_sdp(PeerCall& call, std::string_view body) {
  const auto c = body.find("c=IN IP4 "), m = body.find("m=audio ");
  if (c == body.npos || m == body.npos) return;
  call.audio.ip = std::string(body.substr(c + 9, body.find_first_of("\r\n", c) - c - 9));
  call.audio.port = static_cast<std::uint16_t>(number(body.substr(m + 8)));
  call.may_send = body.find("a=sendonly") == body.npos && body.find("a=inactive") == body.npos;
}

std::uint64_t Peer::begin(const std::string& method, std::uint64_t call, std::uint32_t cseq) {
  const auto id = next_++;
  Client client;
  client.method = method;
  client.call = call;
  client.cseq = cseq;
  client.give_up = house_.now() + transaction_life;
  transactions_.emplace(id, std::move(client));
  return id;
}

void Peer::launch(std::uint64_t id, std::string bytes) {
  Client& client = transactions_.at(id);
  client.bytes = std::move(bytes);
  house_.wake(index_, manners_.tcp ? client.give_up : house_.now() + client.again, id * tokens + client_timer);
  send(client.bytes);
}

void Peer::in_dialog(PeerCall& call, const std::string& method, const std::string& extra, const std::string& body) {
  const auto id = begin(method, call.id, ++call.local_cseq);
  if (method == "INVITE") call.invite = id;
  launch(id, request(method, call.target, id, call.local + ";tag=" + call.local_tag, call.remote + (call.remote_tag.empty() ? "" : ";tag=" + call.remote_tag), call.call_id, call.local_cseq, extra, body));
}

// --- what its person does

void Peer::enrol() {
  dead_ = false;
  wants_registration_ = true;
  if (enrol_call_id_.empty()) enrol_call_id_ = "r" + std::to_string(index_) + "l" + std::to_string(life_) + "@" + manners_.ip;
  send_enrolment(manners_.register_for, {});
}
void Peer::withdraw() {
  wants_registration_ = false;
  send_enrolment(0, {});
}

void Peer::send_enrolment(std::int64_t seconds, const std::string& authorization) {
  if (enrolment_) transactions_.erase(enrolment_);
  enrol_seconds_ = seconds;
  const auto id = enrolment_ = begin("REGISTER", 0, ++enrol_cseq_);
  const std::string me = "<sip:" + manners_.user + "@10.0.0.1>";
  launch(id, request("REGISTER", "sip:10.0.0.1", id, me + ";tag=e" + std::to_string(life_), me, enrol_call_id_, enrol_cseq_,
                     "Contact: <sip:" + manners_.user + "@" + place() + (manners_.tcp ? ";transport=tcp" : "") + ">\r\nExpires: " + std::to_string(seconds) + "\r\n" + authorization, {}));
}

PeerCall& Peer::call(const std::string& to, const std::string& shown, std::uint64_t person) {
  const auto id = next_++;
  PeerCall& call = calls_[id];
  call.id = id;
  call.outgoing = true;
  call.person = person;
  call.shown = shown;
  call.dialled = to;
  call.call_id = "c" + std::to_string(index_) + "l" + std::to_string(life_) + "x" + std::to_string(id) + "@" + manners_.ip;
  call.local_tag = "t" + std::to_string(id);
  call.local = "<sip:" + shown + "@" + manners_.ip + ">";
  call.remote = "<sip:" + to + "@10.0.0.1>";
  call.target = "sip:" + to + "@" + manners_.server;
  call.rtp = static_cast<std::uint16_t>(10'000 + 2 * (id % 27'000));
  by_rtp_[call.rtp] = id;
  call.began = house_.now();
  by_call_id_[call.call_id] = id;
  offer_again(call);
  return call;
}

void Peer::offer_again(PeerCall& call) {
  std::string extra = "Contact: <sip:" + (manners_.user.empty() ? call.shown : manners_.user) + "@" + place() + (manners_.tcp ? ";transport=tcp" : "") + ">\r\n";
  extra += manners_.takes_update ? "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, NOTIFY, REFER\r\n" : "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REFER\r\n";
  if (manners_.session_timer) extra += "Supported: timer\r\nSession-Expires: " + std::to_string(manners_.session_timer) + (manners_.refresher_is_us ? ";refresher=uac\r\n" : ";refresher=uas\r\n");
  in_dialog(call, "INVITE", extra, sdp(call));
}

bool Peer::answer(std::uint64_t id) {
  PeerCall* call = find(id);
  if (!call || dead_ || call->state != PeerCall::State::ringing) return false;
  call->state = PeerCall::State::answered;
  final_answer(*call, 200, sdp(*call));
  return true;
}

void Peer::refuse(std::uint64_t id, int status) {
  PeerCall* call = find(id);
  if (!call || dead_ || call->state != PeerCall::State::ringing) return;
  final_answer(*call, status, {});
  end(*call, Notice::hung_up_here);
}

void Peer::hang_up(std::uint64_t id) {
  PeerCall* call = find(id);
  if (!call || dead_ || !call->alive()) return;
  switch (call->state) {
    case PeerCall::State::calling: {
      call->cancelled = true;
      const auto invite = transactions_.find(call->invite);
      if (invite != transactions_.end() && call->heard_provisional) send_cancel(invite->second, call->invite);  // §9.1: only after a provisional answer
      call->hang_up_on_answer = true;
      return end(*call, Notice::hung_up_here);
    }
    case PeerCall::State::ringing: return refuse(id, 603);
    case PeerCall::State::answered:
      call->hang_up_on_answer = true;  // §15: the callee's BYE waits for the ACK
      return;
    case PeerCall::State::talking:
      in_dialog(*call, "BYE", {}, {});
      return end(*call, Notice::hung_up_here);
    case PeerCall::State::over: return;
  }
}

void Peer::hold(std::uint64_t id, bool on) {
  PeerCall* call = find(id);
  if (!call || dead_ || call->state != PeerCall::State::talking || call->invite || call->sends == !on) return;
  call->sends = !on;
  ++call->sdp_version;
  offer_again(*call);
}

void Peer::refer(std::uint64_t id, const std::string& to, std::uint64_t replaces) {
  PeerCall* call = find(id);
  if (!call || dead_ || call->state != PeerCall::State::talking) return;
  std::string with;
  if (const PeerCall* other = find(replaces)) {               // RFC 3891 §3: tags as the other side has them
    with = "?Replaces=" + other->call_id + "%3Bto-tag%3D" + other->remote_tag + "%3Bfrom-tag%3D" + other->local_tag;
    with.replace(with.find('@'), 1, "%40");
  }
  in_dialog(*call, "REFER", "Contact: <sip:" + manners_.user + "@" + place() + ">\r\nRefer-To: <sip:" + to + "@10.0.0.1" + with + ">\r\n", {});
}

void Peer::digit(std::uint64_t id, char which) {
  PeerCall* call = find(id);
  if (!call || dead_ || call->state != PeerCall::State::talking) return;
  const std::string body = std::string("Signal=") + which + "\r\nDuration=120\r\n";
  const auto transaction = begin("INFO", id, ++call->local_cseq);
  std::string bytes = request("INFO", call->target, transaction, call->local + ";tag=" + call->local_tag, call->remote + ";tag=" + call->remote_tag, call->call_id, call->local_cseq, "Content-Type: application/dtmf-relay\r\n", {});
  const auto length = bytes.find("Content-Length: 0");
  bytes.replace(length, 17, "Content-Length: " + std::to_string(body.size()));
  launch(transaction, bytes + body);
}

void Peer::poke(std::uint64_t id, const std::string& method) {
  PeerCall* call = find(id);
  if (!call || dead_ || !call->alive() || call->remote_tag.empty()) return;
  in_dialog(*call, method, "Contact: <sip:" + (manners_.user.empty() ? "line" : manners_.user) + "@" + place() + (manners_.tcp ? ";transport=tcp>\r\n" : ">\r\n"), {});
}

void Peer::ask_options() {
  if (dead_) return;
  const auto id = begin("OPTIONS", 0, 1);
  launch(id, request("OPTIONS", "sip:10.0.0.1", id, "<sip:ping@" + manners_.ip + ">;tag=o" + std::to_string(id), "<sip:10.0.0.1>", "o" + branch(id), 1, {}, {}));
}

void Peer::vanish() {
  dead_ = true;
  registered_ = wants_registration_ = false;
  for (auto& [id, call] : calls_) if (call.alive()) { call.state = PeerCall::State::over; house_.noticed(index_, call, Notice::gone, 0); }
  calls_.clear();
  by_call_id_.clear();
  transactions_.clear();
  answered_.clear();
  answered_order_.clear();
  over_order_.clear();
  enrolment_ = 0;
  ++life_;
  enrol_call_id_.clear();
}

void Peer::connection_broke() {
  broke_ = true;
  registered_ = false;
  if (wants_registration_ && !dead_) house_.wake(index_, house_.now() + Duration::milliseconds(200 + dice_.below(3'000)), enrol_timer);
}

void Peer::end(PeerCall& call, Notice why, int status) {
  if (!call.alive()) return;
  call.state = PeerCall::State::over;
  over_order_.emplace_back(house_.now() + Duration::seconds(64), call.id);
  house_.noticed(index_, call, why, status);
}

// --- time

void Peer::woken(std::uint64_t token) {
  if (dead_) return;
  const Instant now = house_.now();
  while (!over_order_.empty() && over_order_.front().first <= now) {
    if (const auto found = calls_.find(over_order_.front().second); found != calls_.end()) {
      by_call_id_.erase(found->second.call_id);
      calls_.erase(found);
    }
    over_order_.pop_front();
  }
  const auto id = token / tokens;
  switch (static_cast<Token>(token % tokens)) {
    case enrol_timer:
      if (wants_registration_ && (id == 0 || id == life_)) enrol();
      return;
    case refresh_timer: {
      PeerCall* call = find(id);
      if (!call || call->state != PeerCall::State::talking || !call->we_refresh) return;
      if (!call->invite) offer_again(*call);
      house_.wake(index_, now + Duration::seconds(call->session_expires / 2), token);
      return;
    }
    case reoffer_timer: {
      PeerCall* call = find(id);
      if (call && call->state == PeerCall::State::talking && call->sends && !call->invite) offer_again(*call);
      return;
    }
    case reliable_timer: {
      PeerCall* call = find(id);
      if (!call || call->reliable.empty() || call->state != PeerCall::State::ringing) return;
      if (call->reliable_until <= now) {                     // RFC 3262 §3
        call->reliable.clear();
        house_.noticed(index_, *call, Notice::not_pracked, 0);
        final_answer(*call, 500, {});
        return end(*call, Notice::hung_up_here);
      }
      send(call->reliable);
      call->reliable_again = 2 * call->reliable_again;
      house_.wake(index_, std::min(now + call->reliable_again, call->reliable_until), token);
      return;
    }
    case answer_timer: {
      PeerCall* call = find(id);
      if (!call || call->answer_until == Instant::never()) return;
      if (call->answer_until <= now) {                       // §13.3.1.4: no ACK
        call->answer_until = Instant::never();
        if (call->state == PeerCall::State::answered) {
          in_dialog(*call, "BYE", {}, {});
          end(*call, Notice::gone);
        }
        return;
      }
      send(call->answer);
      call->answer_again = std::min(2 * call->answer_again, t2);
      house_.wake(index_, std::min(now + call->answer_again, call->answer_until), token);
      return;
    }
    case cancel_timer: {
      const auto found = transactions_.find(id);
      if (found == transactions_.end() || found->second.done || found->second.cancel_done) return;
      send(found->second.cancel);
      found->second.cancel_again = std::min(2 * found->second.cancel_again, t2);
      if (now < found->second.give_up) house_.wake(index_, now + found->second.cancel_again, token);
      return;
    }
    case client_timer: {
      const auto found = transactions_.find(id);
      if (found == transactions_.end()) return;
      Client& client = found->second;
      if (client.done) { if (client.give_up <= now) transactions_.erase(found); return; }
      if (client.give_up <= now) {
        const Client gone = std::move(client);
        transactions_.erase(found);
        if (gone.method == "REGISTER") {
          enrolment_ = 0;
          registered_ = false;
          house_.registered(index_, false);
          if (wants_registration_) house_.wake(index_, now + Duration::seconds(5 + dice_.below(10)), enrol_timer);
          return;
        }
        PeerCall* call = find(gone.call);
        if (!call) return;
        if (call->invite == id) call->invite = 0;
        if (call->state == PeerCall::State::calling) return end(*call, Notice::timed_out);
        if (gone.method == "INVITE" && call->state == PeerCall::State::talking) {  // §14.1: a re-INVITE without an answer ends the dialog
          in_dialog(*call, "BYE", {}, {});
          end(*call, Notice::gone);
        }
        return;
      }
      const bool invite = client.method == "INVITE";
      if (invite && client.provisional) { house_.wake(index_, client.give_up, token); return; }
      send(client.bytes);
      client.again = invite ? 2 * client.again : std::min(2 * client.again, t2);
      if (!invite && client.provisional) client.again = t2;
      house_.wake(index_, std::min(now + client.again, client.give_up), token);
      return;
    }
    case tokens: return;
  }
}

// --- reading

void Peer::receive(std::string_view bytes) {
  if (dead_) return;
  if (bytes.compare(0, 8, "SIP/2.0 ") == 0) return response(bytes);
  const auto space = bytes.find(' ');
  if (space == bytes.npos || space > 10) return;
  incoming(bytes, bytes.substr(0, space));
}

void Peer::response(std::string_view bytes) {
  const auto via = header(bytes, "Via");
  const auto at = via.find(";branch=z9hG4bKp" + std::to_string(index_) + "l" + std::to_string(life_) + "x");
  if (at == via.npos) return;
  const std::uint64_t id = std::strtoull(via.data() + via.find('x', at + 9) + 1, nullptr, 10);
  const auto found = transactions_.find(id);
  if (found == transactions_.end()) return;
  Client& client = found->second;
  const int status = static_cast<int>(number(bytes.substr(8, 3)));
  const auto method = method_of_cseq(bytes);
  if (method == "CANCEL" && client.method == "INVITE") { if (status >= 200) client.cancel_done = true; return; }
  if (method != client.method) return;
  if (client.method == "INVITE") return invite_response(id, client, bytes, status);
  if (status < 200) { client.provisional = true; return; }
  const Client done = std::move(client);
  transactions_.erase(found);
  if (done.method == "REGISTER") {
    if (id != enrolment_) return;
    enrolment_ = 0;
    if (status == 401 && done.bytes.find("Authorization:") == std::string::npos) {
      const auto challenge = header(bytes, "WWW-Authenticate");
      const bool sha = challenge.find("SHA-256") != challenge.npos;
      const auto algorithm = sha ? sip::DigestAlgorithm::sha256 : sip::DigestAlgorithm::md5;
      const std::string realm = quoted(challenge, "realm"), nonce = quoted(challenge, "nonce");
      const auto response = sip::digest_response(algorithm, sip::ha1(algorithm, manners_.user, realm, manners_.password), nonce, "00000001", "c", "auth", "REGISTER", "sip:10.0.0.1");
      return send_enrolment(enrol_seconds_, "Authorization: Digest username=\"" + manners_.user + "\", realm=\"" + realm + "\", nonce=\"" + nonce + "\", uri=\"sip:10.0.0.1\", response=\"" + response +
                                                "\", algorithm=" + (sha ? "SHA-256" : "MD5") + ", qop=auth, nc=00000001, cnonce=\"c\"\r\n");
    }
    registered_ = status == 200 && enrol_seconds_ > 0;
    house_.registered(index_, registered_);
    if (registered_ && std::exchange(broke_, false)) {            // what had no answer goes again on the new connection
      std::vector<std::uint64_t> again;
      for (const auto& [other, waiting] : transactions_) if (!waiting.done && !waiting.provisional && waiting.method != "REGISTER") again.push_back(other);
      std::sort(again.begin(), again.end());
      for (const auto other : again) send(transactions_.at(other).bytes);
    }
    if (wants_registration_) house_.wake(index_, house_.now() + (registered_ ? Duration::seconds(manners_.register_for) * 4 / 5 : Duration::seconds(5)), life_ * tokens + enrol_timer);
    return;
  }
  PeerCall* call = find(done.call);
  if (!call) return;
  // §12.2.1.2: the other side does not know the dialog
  if ((status == 481 || status == 408) && call->state == PeerCall::State::talking) {
    in_dialog(*call, "BYE", {}, {});
    end(*call, Notice::gone);
  }
}

void Peer::send_cancel(Client& client, std::uint64_t id) {
  if (client.cancel_sent || client.done) return;
  client.cancel_sent = true;
  // §9.1: Request-URI, Via, From, To, Call-ID and the number of CSeq are those of the INVITE
  auto line = [&](std::string_view name) { return std::string(name) + ": " + std::string(header(client.bytes, name)) + "\r\n"; };
  const auto uri = std::string_view(client.bytes).substr(7, client.bytes.find(" SIP/2.0") - 7);
  client.cancel = "CANCEL " + std::string(uri) + " SIP/2.0\r\n" + line("Via") + "Max-Forwards: 70\r\n" + line("From") + line("To") + line("Call-ID") + "CSeq: " + std::to_string(client.cseq) + " CANCEL\r\nContent-Length: 0\r\n\r\n";
  client.give_up = house_.now() + transaction_life;
  send(client.cancel);
  house_.wake(index_, client.give_up, id * tokens + client_timer);
  if (!manners_.tcp) house_.wake(index_, house_.now() + client.cancel_again, id * tokens + cancel_timer);
}

void Peer::send_ack(PeerCall& call, Client& client) {
  const auto id = next_++;
  call.ack = request("ACK", call.target, id, call.local + ";tag=" + call.local_tag, call.remote + ";tag=" + call.remote_tag, call.call_id, client.cseq, {}, {});
  send(call.ack);
}

// §17.1.1.3: to a failure: the same branch
void Peer::acknowledge_failure(Client& client, std::string_view bytes) {
  auto line = [&](std::string_view name) { return std::string(name) + ": " + std::string(header(client.bytes, name)) + "\r\n"; };
  const auto uri = std::string_view(client.bytes).substr(7, client.bytes.find(" SIP/2.0") - 7);
  client.ack = "ACK " + std::string(uri) + " SIP/2.0\r\n" + line("Via") + "Max-Forwards: 70\r\n" + line("From") + "To: " + std::string(header(bytes, "To")) + "\r\n" + line("Call-ID") + "CSeq: " + std::to_string(client.cseq) + " ACK\r\nContent-Length: 0\r\n\r\n";
  send(client.ack);
}

void Peer::invite_response(std::uint64_t id, Client& client, std::string_view bytes, int status) {
  PeerCall* call = find(client.call);
  if (status < 200) {
    if (client.done) return;
    if (!client.provisional) { client.provisional = true; client.give_up = house_.now() + Duration::minutes(3); house_.wake(index_, client.give_up, id * tokens + client_timer); }
    if (!call) return;
    call->heard_provisional = true;
    if (call->cancelled) return send_cancel(client, id);
    if (status == 180 || status == 183) house_.noticed(index_, *call, Notice::ringback, status);
    return;
  }
  const bool first = !client.done;
  client.done = true;
  if (first) {
    client.give_up = house_.now() + transaction_life;
    house_.wake(index_, client.give_up, id * tokens + client_timer);
  }
  if (status >= 300) {
    if (first) acknowledge_failure(client, bytes);
    else send(client.ack);
    if (!first || !call) return;
    if (call->invite == id) call->invite = 0;
    if (call->state == PeerCall::State::calling) {
      if ((status == 401 || status == 407) && !manners_.user.empty() && client.tries == 0) {
        const auto challenge = header(bytes, status == 401 ? "WWW-Authenticate" : "Proxy-Authenticate");
        const bool sha = challenge.find("SHA-256") != challenge.npos;
        const auto algorithm = sha ? sip::DigestAlgorithm::sha256 : sip::DigestAlgorithm::md5;
        const std::string realm = quoted(challenge, "realm"), nonce = quoted(challenge, "nonce");
        const auto response = sip::digest_response(algorithm, sip::ha1(algorithm, manners_.user, realm, manners_.password), nonce, "00000001", "c", "auth", "INVITE", call->target);
        const std::string authorization = "Authorization: Digest username=\"" + manners_.user + "\", realm=\"" + realm + "\", nonce=\"" + nonce + "\", uri=\"" + call->target + "\", response=\"" + response +
                                          "\", algorithm=" + (sha ? "SHA-256" : "MD5") + ", qop=auth, nc=00000001, cnonce=\"c\"\r\n";
        in_dialog(*call, "INVITE", "Contact: <sip:" + manners_.user + "@" + place() + (manners_.tcp ? ";transport=tcp" : "") + ">\r\n" + authorization, sdp(*call));
        transactions_.at(call->invite).tries = 1;
        return;
      }
      return end(*call, Notice::refused, status);
    }
    if (call->state != PeerCall::State::talking) return;
    if (status == 491 || status == 500) {                     // glare, or too early
      // taking back from hold is tried again (RFC 3261 §14.1: 2.1 to 4 s after); whom a hold failed for talks on
      if (call->sends) house_.wake(index_, house_.now() + Duration::milliseconds(2'100 + dice_.below(1'900)), call->id * tokens + reoffer_timer);
      call->sends = true;
      return;
    }
    if (status == 481 || status == 408) { in_dialog(*call, "BYE", {}, {}); end(*call, Notice::gone); }
    return;
  }
  if (!call) return;
  if (call->remote_tag.empty()) call->remote_tag = std::string(tag_of(header(bytes, "To")));
  if (!first) { if (!call->ack.empty()) send(call->ack); return; }
  if (call->invite == id) call->invite = 0;
  if (const auto contact = within_brackets(header(bytes, "Contact")); !contact.empty()) call->target = std::string(contact);
  send_ack(*call, client);
  if (call->hang_up_on_answer) {                              // CANCEL and 200 have crossed
    call->hang_up_on_answer = false;
    return in_dialog(*call, "BYE", {}, {});
  }
  if (!call->alive()) return;
  take_sdp(*call, body_of(bytes));
  const auto session = header(bytes, "Session-Expires");
  call->session_expires = number(session);
  const bool ours = !session.empty() && session.find("refresher=uac") != session.npos;
  if (ours && !call->we_refresh) house_.wake(index_, house_.now() + Duration::seconds(call->session_expires / 2), call->id * tokens + refresh_timer);
  call->we_refresh = ours;
  if (call->state == PeerCall::State::calling) {
    call->state = PeerCall::State::talking;
    call->settled = house_.now();
    return house_.noticed(index_, *call, Notice::answered, status);
  }
  house_.noticed(index_, *call, Notice::moved, status);
}

PeerCall* Peer::of(std::string_view bytes, bool) {
  const auto found = by_call_id_.find(std::string(header(bytes, "Call-ID")));
  return found == by_call_id_.end() ? nullptr : find(found->second);
}

void Peer::reply(std::string_view message, int status, const std::string& tag, const std::string& extra, const std::string& body) {
  std::string heads = "Via: " + std::string(header(message, "Via")) + "\r\nFrom: " + std::string(header(message, "From")) + "\r\nTo: " + std::string(header(message, "To"));
  if (!tag.empty() && tag_of(header(message, "To")).empty()) heads += ";tag=" + tag;
  heads += "\r\nCall-ID: " + std::string(header(message, "Call-ID")) + "\r\nCSeq: " + std::string(header(message, "CSeq")) + "\r\n";
  send(reply_bytes(heads, status, extra, body));
}

std::string Peer::reply_bytes(std::string_view heads, int status, const std::string& extra, const std::string& body) const {
  std::string out = "SIP/2.0 " + std::to_string(status) + " " + reason(status) + "\r\n";
  out.append(heads).append(extra);
  if (status > 100 && status < 300) out.append("Contact: <sip:").append(manners_.user.empty() ? "line" : manners_.user).append("@").append(place()).append(manners_.tcp ? ";transport=tcp>\r\n" : ">\r\n");
  if (!body.empty()) out.append("Content-Type: application/sdp\r\n");
  return out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}

void Peer::final_answer(PeerCall& call, int status, const std::string& body) {
  std::string extra;
  if (status == 200 && manners_.takes_update) extra = "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, NOTIFY, REFER\r\n";
  call.answer = reply_bytes(call.answering, status, extra, body);
  call.answer_again = t1;
  call.answer_until = house_.now() + transaction_life;
  send(call.answer);
  house_.wake(index_, house_.now() + t1, call.id * tokens + answer_timer);
}

void Peer::incoming(std::string_view bytes, std::string_view method) {
  const Instant now = house_.now();
  if (method == "ACK") {
    PeerCall* call = of(bytes, true);
    if (!call || call->answer_until == Instant::never() || number(header(bytes, "CSeq")) != call->answering_cseq) return;
    call->answer_until = Instant::never();
    if (call->state != PeerCall::State::answered) return;
    call->state = PeerCall::State::talking;
    call->settled = now;
    if (call->hang_up_on_answer) {
      in_dialog(*call, "BYE", {}, {});
      return end(*call, Notice::hung_up_here);
    }
    return house_.noticed(index_, *call, Notice::connected, 0);
  }
  if (method == "INVITE") return incoming_invite(bytes);
  const auto via = header(bytes, "Via");
  const auto branch_at = via.find("branch=");
  std::string key = std::string(branch_at == via.npos ? via : via.substr(branch_at)) + std::string(method);
  while (!answered_order_.empty() && answered_order_.front().first <= now) {
    answered_.erase(answered_order_.front().second);
    answered_order_.pop_front();
  }
  if (const auto before = answered_.find(key); before != answered_.end()) return send(before->second);
  PeerCall* call = of(bytes, true);
  std::string extra, body;
  int status = 200;
  std::string tag = call ? call->local_tag : "n" + std::to_string(next_++);
  if (method == "BYE") {
    if (!call || tag_of(header(bytes, "To")) != call->local_tag) status = 481;
  } else if (method == "CANCEL") {
    if (!call) status = 481;
  } else if (method == "PRACK") {
    const auto rack = header(bytes, "RAck");                // "1 1 INVITE"
    if (!call || call->reliable.empty() || number(rack) != call->rseq || number(rack.substr(std::min(rack.size(), rack.find(' ') + 1))) != call->answering_cseq) status = 481;
    else call->reliable.clear();
  } else if (method == "UPDATE") {
    if (!call || !call->alive()) status = 481;
    else if (const auto session = header(bytes, "Session-Expires"); !session.empty()) extra = "Session-Expires: " + std::string(session) + "\r\nRequire: timer\r\n";
  } else if (method != "OPTIONS" && method != "NOTIFY" && method != "INFO") {
    status = 481;
  }
  std::string heads = "Via: " + std::string(via) + "\r\nFrom: " + std::string(header(bytes, "From")) + "\r\nTo: " + std::string(header(bytes, "To"));
  if (tag_of(header(bytes, "To")).empty()) heads += ";tag=" + tag;
  heads += "\r\nCall-ID: " + std::string(header(bytes, "Call-ID")) + "\r\nCSeq: " + std::string(header(bytes, "CSeq")) + "\r\n";
  std::string answer = reply_bytes(heads, status, extra, body);
  send(answer);
  answered_order_.emplace_back(now + transaction_life, key);
  answered_.emplace(std::move(key), std::move(answer));
  if (status != 200 || !call) return;
  if (method == "BYE") {
    call->other_said_bye = true;
    call->answer_until = Instant::never();
    end(*call, Notice::hung_up);
  } else if (method == "CANCEL" && call->state == PeerCall::State::ringing) {
    final_answer(*call, 487, {});
    end(*call, Notice::stopped);
  }
}

void Peer::incoming_invite(std::string_view bytes) {
  if (PeerCall* call = of(bytes, true)) {
    const auto cseq = number(header(bytes, "CSeq"));
    if (cseq == call->answering_cseq) {                       // a retransmission
      if (!call->answer.empty() && !(call->state == PeerCall::State::talking && call->answer_until == Instant::never())) send(call->answer);
      return;
    }
    return incoming_reinvite(*call, bytes);
  }
  if (!tag_of(header(bytes, "To")).empty()) return reply(bytes, 481, {});
  const auto id = next_++;
  PeerCall& call = calls_[id];
  call.id = id;
  call.state = PeerCall::State::ringing;
  call.call_id = std::string(header(bytes, "Call-ID"));
  call.local_tag = "t" + std::to_string(life_) + "y" + std::to_string(id);
  const auto from = header(bytes, "From"), to = header(bytes, "To");
  call.remote = std::string(without_tag(from));
  call.remote_tag = std::string(tag_of(from));
  call.local = std::string(to);
  call.shown = std::string(user_of(from));
  call.dialled = std::string(user_of(bytes.substr(0, bytes.find("\r\n"))));
  call.target = std::string(within_brackets(header(bytes, "Contact")));
  call.rtp = static_cast<std::uint16_t>(10'000 + 2 * (id % 27'000));
  by_rtp_[call.rtp] = id;
  call.began = house_.now();
  by_call_id_[call.call_id] = id;
  call.answering_cseq = call.remote_cseq = number(header(bytes, "CSeq"));
  call.answering = "Via: " + std::string(header(bytes, "Via")) + "\r\nFrom: " + std::string(from) + "\r\nTo: " + std::string(to) + ";tag=" + call.local_tag + "\r\nCall-ID: " + call.call_id + "\r\nCSeq: " + std::string(header(bytes, "CSeq")) + "\r\n";
  take_sdp(call, body_of(bytes));
  const bool reliably = manners_.rings_reliably && header(bytes, "Supported").find("100rel") != std::string_view::npos;
  if (reliably) {
    call.rseq = static_cast<std::uint32_t>(1 + dice_.below(1'000));
    call.reliable_again = t1;
    call.reliable_until = house_.now() + transaction_life;
    house_.wake(index_, house_.now() + t1, id * tokens + reliable_timer);
  }
  call.answer = reply_bytes(call.answering, 180, reliably ? "Require: 100rel\r\nRSeq: " + std::to_string(call.rseq) + "\r\n" : std::string(), {});
  if (reliably) call.reliable = call.answer;
  send(call.answer);
  house_.noticed(index_, call, Notice::rings, 0);
}

void Peer::incoming_reinvite(PeerCall& call, std::string_view bytes) {
  if (!call.alive() || tag_of(header(bytes, "To")) != call.local_tag) return reply(bytes, 481, {});
  const auto cseq = number(header(bytes, "CSeq"));
  if (cseq < call.remote_cseq) return reply(bytes, 500, {});
  if (call.invite) return reply(bytes, 491, {});              // §14.2: glare
  if (call.state != PeerCall::State::talking) return reply(bytes, 500, {}, "Retry-After: 1\r\n");
  call.remote_cseq = call.answering_cseq = cseq;
  if (const auto contact = within_brackets(header(bytes, "Contact")); !contact.empty()) call.target = std::string(contact);
  take_sdp(call, body_of(bytes));
  call.answering = "Via: " + std::string(header(bytes, "Via")) + "\r\nFrom: " + std::string(header(bytes, "From")) + "\r\nTo: " + std::string(header(bytes, "To")) + "\r\nCall-ID: " + call.call_id + "\r\nCSeq: " + std::string(header(bytes, "CSeq")) + "\r\n";
  std::string extra;
  if (const auto session = header(bytes, "Session-Expires"); !session.empty() && manners_.session_timer) extra = "Session-Expires: " + std::string(session) + "\r\nRequire: timer\r\n";
  ++call.sdp_version;
  call.answering += extra;
  final_answer(call, 200, sdp(call));
  house_.noticed(index_, call, Notice::moved, 0);
}

}  // namespace pasokh::simulate
