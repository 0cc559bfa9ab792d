// For the tests of the SIP stack: an endpoint with its output caught, its rows kept, and time moved by hand.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sip/digest.h"
#include "sip/endpoint.h"
#include "sip/message.h"

namespace pasokh::sip::test {

struct Sent { Flow to; std::string bytes; bool early = false; };

struct Caught : Out {
  std::vector<Sent> sent;
  std::vector<Event> events;
  std::map<std::pair<RowKind, std::string>, std::string> rows;
  struct Question { std::string host; std::uint16_t port; Transport transport; };
  std::vector<Question> questions;   // names to be looked up
  bool looks_up = false;
  std::size_t saves = 0, drops = 0, largest_row = 0;

  void send(const Flow& to, std::string bytes, bool early) override { sent.push_back({to, std::move(bytes), early}); }
  void event(Event event) override { events.push_back(std::move(event)); }
  void save(RowKind kind, std::string key, std::string bytes) override {
    ++saves;
    largest_row = std::max(largest_row, bytes.size());
    rows[{kind, std::move(key)}] = std::move(bytes);
  }
  void drop(RowKind kind, std::string key) override { ++drops; rows.erase({kind, key}); }
  bool resolve(const std::string& host, std::uint16_t port, Transport transport) override {
    if (looks_up) questions.push_back({host, port, transport});
    return looks_up;
  }

  template <class E>
  std::vector<E> all() const {
    std::vector<E> out;
    for (const auto& event : events)
      if (auto* wanted = std::get_if<E>(&event)) out.push_back(*wanted);
    return out;
  }
  template <class E>
  std::optional<E> last() const { auto found = all<E>(); return found.empty() ? std::nullopt : std::optional<E>(found.back()); }
};

inline Message parsed(const std::string& bytes) {
  auto message = Message::parse(bytes);
  if (!message) throw std::runtime_error("not SIP: " + bytes);
  return std::move(*message);
}

inline std::string sdp(int port = 40000, const std::string& ip = "127.0.0.1", const std::string& direction = "sendrecv") {
  return "v=0\r\no=- 1 1 IN IP4 " + ip + "\r\ns=-\r\nc=IN IP4 " + ip + "\r\nt=0 0\r\nm=audio " + std::to_string(port) +
         " RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=" + direction + "\r\n";
}

// One endpoint of ours: device 201 (password "secret") on 127.0.0.1:7001, trunk 1 at 127.0.0.2:5080, numbers 8000 and 8001.
struct House {
  static constexpr auto secret = "0123456789abcdef0123456789abcdef";
  Instant now{1'000'000'000'000};
  std::uint64_t epoch = 1;
  Caught out;
  std::unique_ptr<Endpoint> endpoint;
  Flow phone{Transport::udp, {"127.0.0.1", 7001}, 0};
  Flow carrier{Transport::udp, {"127.0.0.2", 5080}, 0};
  std::uint64_t counter = 0;
  std::size_t max_transactions = 20'000;
  double new_calls_per_second = 0;

  House() { start(); }

  EndpointConfig config() const {
    EndpointConfig config;
    config.listen_udp = {{"127.0.0.1", 5060}};
    config.listen_tcp = {{"127.0.0.1", 5060}};
    config.local_networks = {"127.0.0.0/8"};
    config.nonce_secret = secret;
    config.epoch = epoch;
    config.max_transactions = max_transactions;
    config.new_calls_per_second = new_calls_per_second;
    config.is_number = [](std::string_view digits) { return digits == "8000" || digits == "8001"; };
    return config;
  }
  static DeviceConfig device(std::uint64_t id, const std::string& user, const std::string& password = "secret") {
    return {DeviceId{id}, user, ha1(DigestAlgorithm::md5, user, "pasokh", password), ha1(DigestAlgorithm::sha256, user, "pasokh", password)};
  }
  TrunkConfig trunk() const {
    TrunkConfig trunk;
    trunk.trunk = TrunkId{1};
    trunk.code = "carrier";
    trunk.networks = {"127.0.0.2"};
    trunk.targets = {carrier};
    trunk.host = "carrier.example";
    trunk.user = "line";
    trunk.password = "trunk-secret";
    trunk.options_every = Duration{};
    trunk.area_code = "021";
    return trunk;
  }
  void start() {
    endpoint = std::make_unique<Endpoint>(config());
    endpoint->set_device(device(1, "201"));
    endpoint->set_device(device(2, "202"));
    endpoint->set_trunk(trunk(), now, out);
  }
  // kill -9: what was not committed is gone; the rows come back into a new process
  void restart() {
    endpoint.reset();
    out.sent.clear();
    ++epoch;
    start();
    for (const auto& [key, bytes] : std::map(out.rows)) endpoint->restore(key.first, key.second, bytes, now);
    endpoint->resume(now, out);
  }

  // messages that the last call produced
  std::vector<Sent> take() { return std::exchange(out.sent, {}); }
  std::vector<Sent> give(const Flow& from, const std::string& bytes) {
    out.sent.clear();
    if (from.transport == Transport::udp) endpoint->datagram(from, bytes, now, out);
    else endpoint->stream(from, bytes, now, out);
    return take();
  }
  // lets time pass, deadline by deadline
  std::vector<Sent> pass(Duration time) {
    const Instant until = now + time;
    out.sent.clear();
    while (endpoint->deadline() <= until) {
      now = std::max(now, endpoint->deadline());
      endpoint->on_timeout(now, out);
    }
    now = until;
    return take();
  }

  std::string via(const Flow& flow, const std::string& branch) const {
    return std::string("Via: SIP/2.0/") + (flow.transport == Transport::tcp ? "TCP " : "UDP ") + text(flow.remote) + ";rport;branch=" + branch + "\r\n";
  }
  std::string branch() { return "z9hG4bKtest" + std::to_string(++counter); }

  // a request of a peer that is in no dialog
  struct Request {
    std::string method = "INVITE", uri = "sip:8000@127.0.0.1", from = "<sip:09121234567@carrier.example>;tag=peer", to = "<sip:8000@127.0.0.1>", call_id = "call-1@peer", branch, extra, body, type = "application/sdp";
    std::uint32_t cseq = 1;
    bool contact = true;
  };
  std::string write(const Flow& flow, Request request) {
    std::string out_bytes = request.method + " " + request.uri + " SIP/2.0\r\n" + via(flow, request.branch.empty() ? branch() : request.branch) + "Max-Forwards: 70\r\nFrom: " + request.from +
                            "\r\nTo: " + request.to + "\r\nCall-ID: " + request.call_id + "\r\nCSeq: " + std::to_string(request.cseq) + " " + request.method + "\r\n";
    if (request.contact) out_bytes += "Contact: <sip:peer@" + text(flow.remote) + (flow.transport == Transport::tcp ? ";transport=tcp" : "") + ">\r\n";
    out_bytes += request.extra;
    if (!request.body.empty()) out_bytes += "Content-Type: " + request.type + "\r\n";
    return out_bytes + "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
  }
  // an answer of a peer to a request of ours
  static std::string answer(const Message& request, int status, const std::string& to_tag, const Flow& flow, const std::string& extra = "", const std::string& body = "") {
    std::string out_bytes = "SIP/2.0 " + std::to_string(status) + " " + std::string(standard_reason(status)) + "\r\n";
    for (const auto& v : request.vias()) out_bytes += "Via: " + std::string(v.whole) + "\r\n";
    out_bytes += "From: " + std::string(request.first(Field::from)) + "\r\nTo: " + std::string(request.first(Field::to));
    if (request.to_tag().empty() && status > 100) out_bytes += ";tag=" + to_tag;
    out_bytes += "\r\nCall-ID: " + std::string(request.call_id()) + "\r\nCSeq: " + std::string(request.first(Field::cseq)) + "\r\n";
    if (status > 100 && status < 300) out_bytes += "Contact: <sip:peer@" + text(flow.remote) + (flow.transport == Transport::tcp ? ";transport=tcp" : "") + ">\r\n";
    out_bytes += extra;
    if (!body.empty()) out_bytes += "Content-Type: application/sdp\r\n";
    return out_bytes + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  static std::string field_of(std::string_view challenge, const std::string& name) {
    auto fields = parse_digest(challenge);
    auto found = fields->values.find(name);
    return found == fields->values.end() ? "" : found->second;
  }
  static std::string authorization(const Message& challenge, const std::string& user, const std::string& password, const std::string& method, const std::string& uri, int count = 1, bool sha256 = true) {
    std::string_view line;
    for (auto candidate : challenge.all(Field::www_authenticate))
      if ((field_of(candidate, "algorithm") == "SHA-256") == sha256) line = candidate;
    const auto algorithm = sha256 ? DigestAlgorithm::sha256 : DigestAlgorithm::md5;
    const auto nonce = field_of(line, "nonce"), realm = field_of(line, "realm");
    char nc[9];
    std::snprintf(nc, sizeof nc, "%08x", count);
    return "Authorization: Digest username=\"" + user + "\",realm=\"" + realm + "\",nonce=\"" + nonce + "\",uri=\"" + uri + "\",response=\"" +
           digest_response(algorithm, ha1(algorithm, user, realm, password), nonce, nc, "abc", "auth", method, uri) + "\",algorithm=" + (sha256 ? "SHA-256" : "MD5") + ",qop=auth,nc=" + nc + ",cnonce=\"abc\"\r\n";
  }
  Request registration(const Flow& flow, const std::string& user, std::uint32_t cseq = 1) {
    Request request;
    request.method = "REGISTER";
    request.uri = "sip:127.0.0.1";
    request.from = "<sip:" + user + "@127.0.0.1>;tag=r";
    request.to = "<sip:" + user + "@127.0.0.1>";
    request.call_id = "register-" + user + "@" + text(flow.remote);
    request.cseq = cseq;
    request.contact = false;
    request.extra = "Contact: <sip:" + user + "@" + text(flow.remote) + (flow.transport == Transport::tcp ? ";transport=tcp" : "") + ">;expires=600\r\n";
    request.extra += "User-Agent: Examplephone T42 66.85.0.5\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, REFER, NOTIFY, UPDATE, PRACK\r\nSupported: path, outbound, gruu\r\nAllow-Events: talk, hold, conference, refer, check-sync\r\nAccept: application/sdp, message/sipfrag\r\n";
    return request;
  }
  std::vector<Sent> sign_in(const Flow& flow, const std::string& user, std::uint32_t cseq = 1, const std::string& password = "secret") {
    auto request = registration(flow, user, cseq);
    auto challenge = parsed(give(flow, write(flow, request)).at(0).bytes);
    request.cseq = cseq + 1;
    request.branch.clear();
    request.extra += authorization(challenge, user, password, "REGISTER", request.uri);
    return give(flow, write(flow, request));
  }

  // a call from the carrier up to the point asked for
  struct Incoming { LegId leg; Request invite; std::string local_tag; };
  Incoming call_in(const std::string& extra = "", const std::string& body = sdp()) {
    Incoming call;
    call.invite.call_id = "in-" + std::to_string(++counter) + "@peer";
    call.invite.branch = branch();
    call.invite.extra = extra;
    call.invite.body = body;
    give(carrier, write(carrier, call.invite));
    if (auto arrived = out.last<LegArrived>()) call.leg = arrived->leg;
    return call;
  }
  Request in_dialog(const Incoming& call, const std::string& method, std::uint32_t cseq) const {
    Request request;
    request.method = method;
    request.uri = "sip:pasokh@127.0.0.1:5060";
    request.from = call.invite.from;
    request.to = call.invite.to + ";tag=" + call.local_tag;
    request.call_id = call.invite.call_id;
    request.cseq = cseq;
    return request;
  }
  Message accept(Incoming& call) {
    out.sent.clear();
    endpoint->accept(call.leg, {30000}, now, out);
    auto answer = parsed(take().at(0).bytes);
    call.local_tag = answer.to_tag();
    return answer;
  }
  Incoming talk_in(const std::string& extra = "") {
    auto call = call_in(extra);
    accept(call);
    give(carrier, write(carrier, in_dialog(call, "ACK", 1)));
    return call;
  }
};

}  // namespace pasokh::sip::test
