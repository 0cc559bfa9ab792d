// A1, I1: one call through the whole core, and the same call with the program killed at every step.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>

#include "desk.h"
#include "sip/digest.h"

using namespace pasokh;
using desk::Desk;
using desk::customer_flow;
using desk::phone_flow;

namespace {

std::string header(const std::string& message, const std::string& name) {
  const auto at = message.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto from = at + name.size() + 4;
  return message.substr(from, message.find("\r\n", from) - from);
}

std::string sdp(int port) {
  return "v=0\r\no=t 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio " + std::to_string(port) + " RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";
}

std::string with_body(std::string head, const std::string& body) {
  if (!body.empty()) head += "Content-Type: application/sdp\r\n";
  return head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string register_phone(const std::string& authorization, const std::string& call_id, const std::string& user = "201", const sip::Flow& flow = phone_flow) {
  const std::string place = "127.0.0.1:" + std::to_string(flow.remote.port);
  return with_body("REGISTER sip:pasokh SIP/2.0\r\nVia: SIP/2.0/UDP " + place + ";branch=z9hG4bKr" + call_id + std::to_string(authorization.size()) +
                       ";rport\r\nMax-Forwards: 70\r\nFrom: <sip:" + user + "@pasokh>;tag=r\r\nTo: <sip:" + user + "@pasokh>\r\nCall-ID: " + call_id + "\r\nCSeq: " + (authorization.empty() ? "1" : "2") +
                       " REGISTER\r\nContact: <sip:" + user + "@" + place + ">\r\nExpires: 3600\r\n" + authorization, "");
}

std::string credentials(const std::string& challenge, const std::string& user, const std::string& method, const std::string& uri) {
  const auto line = header(challenge, "WWW-Authenticate");
  const auto fields = sip::parse_digest(line);
  REQUIRE(fields);
  const auto algorithm = line.find("SHA-256") != line.npos ? sip::DigestAlgorithm::sha256 : sip::DigestAlgorithm::md5;
  const auto nonce = fields->values.at("nonce"), realm = fields->values.at("realm");
  const auto response = sip::digest_response(algorithm, sip::ha1(algorithm, user, realm, "secret"), nonce, "00000001", "c", "auth", method, uri);
  return "Authorization: Digest username=\"" + user + "\", realm=\"" + realm + "\", nonce=\"" + nonce + "\", uri=\"" + uri + "\", response=\"" + response +
         "\", algorithm=" + (algorithm == sip::DigestAlgorithm::sha256 ? "SHA-256" : "MD5") + ", qop=auth, nc=00000001, cnonce=\"c\"\r\n";
}

void sign_in_phone(Desk& desk, const std::string& call_id = "reg", const std::string& user = "201", const sip::Flow& flow = phone_flow) {
  desk.receive(flow, register_phone("", call_id, user, flow));
  desk.commit();
  const auto challenge = desk.last(flow, "SIP/2.0 401");
  REQUIRE_FALSE(challenge.empty());
  desk.receive(flow, register_phone(credentials(challenge, user, "REGISTER", "sip:pasokh"), call_id, user, flow));
  desk.commit();
  REQUIRE_FALSE(desk.last(flow, "SIP/2.0 200").empty());
}

void set_up(Desk& desk) {
  REQUIRE(desk.ask("queue", "add", "support", {{"wrap_up", "0s"}, {"notice", "no"}}).ok);
  REQUIRE(desk.ask("device", "add", "201", {{"password", "secret"}}).ok);
  REQUIRE(desk.ask("agent", "add", "a01", {{"queues", "support"}, {"device", "201"}, {"number", "101"}}).ok);
  REQUIRE(desk.ask("number", "add", "8000", {{"queue", "support"}}).ok);
  REQUIRE(desk.ask("trunk", "add", "local", {{"networks", "127.0.0.0/8"}}).ok);
  sign_in_phone(desk);
  REQUIRE(desk.ask("agent", "ready", "a01").ok);
}

std::string invite() {
  return with_body("INVITE sip:8000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:6001;branch=z9hG4bKi;rport\r\nMax-Forwards: 70\r\nFrom: <sip:09121234567@127.0.0.1>;tag=c\r\nTo: "
                   "<sip:8000@127.0.0.1>\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\nContact: <sip:c@127.0.0.1:6001>\r\n", sdp(7000));
}

std::string within_dialog(const std::string& method, int cseq, const std::string& answer) {
  return with_body(method + " sip:pasokh@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:6001;branch=z9hG4bK" + method + std::to_string(cseq) + ";rport\r\nMax-Forwards: 70\r\nFrom: " +
                       header(answer, "From") + "\r\nTo: " + header(answer, "To") + "\r\nCall-ID: one\r\nCSeq: " + std::to_string(cseq) + " " + method + "\r\n", "");
}

std::string phone_answer(const std::string& request, const std::string& status, const std::string& body, const std::string& tag = ";tag=p") {
  return with_body("SIP/2.0 " + status + "\r\nVia: " + header(request, "Via") + "\r\nFrom: " + header(request, "From") + "\r\nTo: " + header(request, "To") + tag + "\r\nCall-ID: " +
                       header(request, "Call-ID") + "\r\nCSeq: " + header(request, "CSeq") + "\r\nContact: <sip:201@127.0.0.1:6201>\r\n", body);
}

enum class Kill { never, after_effects, before_effects };

// What the two peers do, in order; after step `at` the program is killed, its outputs of that step sent or lost.
void whole_call(Desk& desk, Kill kill = Kill::never, int at = -1) {
  int step = 0;
  auto next = [&] {
    const bool now = step++ == at;
    if (now && kill == Kill::before_effects) { desk.commit_and_die(); desk.pass(Duration::seconds(1)); }  // what was lost is sent again
    else desk.commit();
    if (now && kill == Kill::after_effects) desk.kill();
    desk.commit();
  };
  desk.receive(customer_flow, invite());
  next();
  const auto accepted = desk.last(customer_flow, "SIP/2.0 200");
  REQUIRE_FALSE(accepted.empty());
  desk.receive(customer_flow, within_dialog("ACK", 1, accepted));
  next();
  const auto offer = desk.last(phone_flow, "INVITE ");
  REQUIRE_FALSE(offer.empty());
  CHECK(header(offer, "From").find("sip:09121234567@") != std::string::npos);  // the caller's number reaches the phone
  desk.receive(phone_flow, phone_answer(offer, "180 Ringing", ""));
  next();
  desk.receive(phone_flow, phone_answer(offer, "200 OK", sdp(7100)));
  next();
  if (desk.last(phone_flow, "ACK ").empty()) {  // lost with us: the phone sends its 200 again until it is acknowledged (RFC 3261 §13.3.1.4)
    desk.receive(phone_flow, phone_answer(offer, "200 OK", sdp(7100)));
    desk.commit();
  }
  REQUIRE_FALSE(desk.last(phone_flow, "ACK ").empty());
  desk.now = desk.now + Duration::seconds(30);
  desk.receive(customer_flow, within_dialog("BYE", 2, accepted));
  next();
  const auto bye = desk.last(phone_flow, "BYE ");
  REQUIRE_FALSE(bye.empty());
  desk.receive(phone_flow, with_body("SIP/2.0 200 OK\r\nVia: " + header(bye, "Via") + "\r\nFrom: " + header(bye, "From") + "\r\nTo: " + header(bye, "To") + "\r\nCall-ID: " +
                                         header(bye, "Call-ID") + "\r\nCSeq: " + header(bye, "CSeq") + "\r\n", ""));
  next();
}

}  // namespace

TEST_CASE("a call passes through as docs/life-of-a-call.md tells it") {
  Desk desk;
  set_up(desk);
  const auto before = desk.journal.size();
  whole_call(desk);
  std::ifstream file("docs/life-of-a-call.md");
  std::stringstream text;
  text << file.rdbuf();
  // the numbered events of the document, in its order
  std::vector<std::string> told;
  for (std::string line; std::getline(text, line);)
    if (line.starts_with("| `")) told.push_back(line.substr(3, line.find('`', 3) - 3));
  auto kinds = desk.kinds();
  kinds.erase(kinds.begin(), kinds.begin() + static_cast<std::ptrdiff_t>(before));
  std::string listed;
  for (const auto& kind : kinds) listed += kind + " ";
  INFO(listed);
  REQUIRE(told.size() > 5);
  CHECK(kinds == told);
  CHECK(desk.board().live_legs() == 0);
  CHECK(desk.board().floor().live_calls() == 0);
}

TEST_CASE("killed after any step, with that step's outputs sent or lost, the call goes on and ends the same") {
  Desk plain;
  set_up(plain);
  whole_call(plain);
  for (const auto kill : {Kill::after_effects, Kill::before_effects})
    for (int at = 0; at < 6; ++at) {
      CAPTURE(at);
      CAPTURE(static_cast<int>(kill));
      Desk desk;
      set_up(desk);
      whole_call(desk, kill, at);
      CHECK(desk.kinds() == plain.kinds());
      CHECK(desk.board().live_legs() == 0);
      for (const auto& [key, value] : desk.rows) CHECK(key.first != storage::LiveKind::sip_leg);  // dialogs leave nothing behind
    }
}

TEST_CASE("no output leaves before its turn is committed, save what tells nothing") {
  Desk desk;
  set_up(desk);
  desk.sent.clear();
  desk.receive(customer_flow, invite());
  for (const auto& datagram : desk.board().take_early()) CHECK(datagram.bytes.starts_with("SIP/2.0 100"));
  auto turn = desk.board().take_turn();
  CHECK(turn.durable_part());
  CHECK(std::any_of(turn.datagrams.begin(), turn.datagrams.end(), [](const auto& d) { return d.bytes.starts_with("SIP/2.0 200"); }));
  CHECK(std::any_of(turn.datagrams.begin(), turn.datagrams.end(), [](const auto& d) { return d.bytes.starts_with("INVITE "); }));
}

TEST_CASE("complaints 13 and 32: a phone that spoke and vanished is asked, and its call ends when no answer comes") {
  Desk desk;
  set_up(desk);
  desk.receive(customer_flow, invite());
  desk.commit();
  const auto accepted = desk.last(customer_flow, "SIP/2.0 200");
  desk.receive(customer_flow, within_dialog("ACK", 1, accepted));
  const auto offer = desk.last(phone_flow, "INVITE ");
  desk.receive(phone_flow, phone_answer(offer, "200 OK", sdp(7100)));
  desk.commit();
  REQUIRE(desk.board().live_legs() == 2);
  LegId customer;
  for (const auto& info : desk.board().endpoint().legs())
    if (!info.outgoing) customer = info.leg;
  desk.sent.clear();
  desk.board().worker_message(0, media::LegSilent{customer, 30'000}, desk.now);
  desk.commit();
  const auto asked = desk.last(customer_flow, "INVITE ");
  CHECK_FALSE(asked.empty());                          // it never sent audio: perhaps it died before its first packet
  auto there = phone_answer(asked, "200 OK", sdp(7000), "");
  there.replace(there.find("201@127.0.0.1:6201"), 18, "c@127.0.0.1:6001");
  desk.receive(customer_flow, there);
  desk.commit();
  desk.sent.clear();
  desk.board().worker_message(0, media::LegSilent{customer, 60'000}, desk.now);
  desk.commit();
  CHECK(desk.last(customer_flow, "INVITE ").empty());  // it is there and only listens: asked once
  desk.board().worker_message(0, media::LegHeard{customer}, desk.now);
  desk.board().worker_message(0, media::LegSilent{customer, 30'000}, desk.now);
  desk.commit();
  CHECK_FALSE(desk.last(customer_flow, "INVITE ").empty());
  desk.pass(Duration::seconds(40));
  CHECK(desk.board().live_legs() == 0);
  CHECK(desk.board().floor().live_calls() == 0);
  CHECK_FALSE(desk.last(phone_flow, "BYE ").empty());
}

TEST_CASE("complaints 13 and 32: a phone that was heard before a restart and vanished after it is asked too") {
  Desk desk;
  set_up(desk);
  desk.receive(customer_flow, invite());
  desk.commit();
  const auto accepted = desk.last(customer_flow, "SIP/2.0 200");
  desk.receive(customer_flow, within_dialog("ACK", 1, accepted));
  const auto offer = desk.last(phone_flow, "INVITE ");
  desk.receive(phone_flow, phone_answer(offer, "200 OK", sdp(7100)));
  desk.commit();
  LegId customer;
  for (const auto& info : desk.board().endpoint().legs())
    if (!info.outgoing) customer = info.leg;
  desk.board().worker_message(0, media::LegHeard{customer}, desk.now);  // told once, to this control
  desk.commit();
  desk.kill();
  desk.commit();
  desk.sent.clear();
  desk.board().worker_message(0, media::LegSilent{customer, 30'000}, desk.now);
  desk.pass(Duration::seconds(40));
  CHECK(desk.board().live_legs() == 0);
  CHECK(desk.board().floor().live_calls() == 0);
}

TEST_CASE("D5: a phone that has started anew has lost its call: its caller goes back to the line at once, before anybody counts silence") {
  Desk desk;
  set_up(desk);
  desk.receive(customer_flow, invite());
  desk.commit();
  const auto accepted = desk.last(customer_flow, "SIP/2.0 200");
  desk.receive(customer_flow, within_dialog("ACK", 1, accepted));
  const auto offer = desk.last(phone_flow, "INVITE ");
  desk.receive(phone_flow, phone_answer(offer, "200 OK", sdp(7100)));
  desk.commit();
  desk.sent.clear();
  sign_in_phone(desk, "started-anew");                 // RFC 3261 §10.2.4: another Call-ID than before
  const auto asked = desk.last(phone_flow, "INVITE ");
  REQUIRE_FALSE(asked.empty());
  desk.receive(phone_flow, phone_answer(asked, "481 Call/Transaction Does Not Exist", "", ""));
  desk.commit();
  const auto kinds = desk.kinds();
  CHECK(kinds.back() != "CallEnded");
  CHECK(desk.board().floor().live_calls() == 1);
  CHECK(desk.last(customer_flow, "BYE ").empty());
  CHECK(std::count(kinds.begin(), kinds.end(), "CallQueued") == 2);
}

TEST_CASE("a slow disk: neither a repeated INVITE nor a timer lets an answer out that is not durable") {
  Desk desk;
  set_up(desk);
  desk.sent.clear();
  desk.receive(customer_flow, invite());
  const auto in_flight = desk.board().take_turn();  // 100, 200 and the offer to the phone: being committed
  desk.receive(customer_flow, invite());            // the caller asks again
  CHECK(desk.board().take_early(&in_flight).empty());
  desk.now = desk.now + Duration::milliseconds(600);  // T1: the 200 and the offer are due again
  desk.board().on_timeout(desk.now);
  CHECK(desk.board().take_early(&in_flight).empty());
  CHECK(desk.board().take_turn().datagrams.size() >= 2);  // they go behind it
  desk.now = desk.now + Duration::milliseconds(1'100);
  desk.board().on_timeout(desk.now);
  CHECK(desk.board().take_early().size() >= 2);     // durable: repetitions leave at once again
}

// RFC 3261 §9.1: a phone may answer before our CANCEL reaches it; §13.2.2.4: its 2xx is acknowledged, and the dialog ended by BYE.
TEST_CASE("a customer who leaves while the phone is being answered: whatever crosses, the phone is released and its agent is not left talking") {
  for (const bool rang : {true, false})
    for (const bool at_once : {true, false})                   // 200 and BYE come within one turn, the 200 first or last
      for (const bool answer_first : {true, false})
        for (const int shape : {0, 1, 2, 3, 4, 5}) {
          const auto kill = std::array{Kill::never, Kill::before_effects, Kill::after_effects}[static_cast<std::size_t>(shape % 3)];
          const bool acknowledged = shape < 3;                  // else the customer's ACK was lost
          CAPTURE(rang);
          CAPTURE(acknowledged);
          CAPTURE(at_once);
          CAPTURE(answer_first);
          CAPTURE(static_cast<int>(kill));
          Desk desk;
          set_up(desk);
          desk.receive(customer_flow, invite());
          desk.commit();
          const auto accepted = desk.last(customer_flow, "SIP/2.0 200");
          if (acknowledged) desk.receive(customer_flow, within_dialog("ACK", 1, accepted));
          desk.commit();
          const auto offer = desk.last(phone_flow, "INVITE ");
          REQUIRE_FALSE(offer.empty());
          if (rang) desk.receive(phone_flow, phone_answer(offer, "180 Ringing", ""));
          desk.commit();
          const auto leave = [&] { desk.receive(customer_flow, within_dialog("BYE", 2, accepted)); };
          const auto answer = [&] { desk.receive(phone_flow, phone_answer(offer, "200 OK", sdp(7100))); };
          answer_first ? answer() : leave();
          if (!at_once && kill == Kill::before_effects) desk.commit_and_die();
          desk.commit();
          if (!at_once && kill == Kill::after_effects) desk.kill();
          answer_first ? leave() : answer();
          if (at_once && kill == Kill::before_effects) desk.commit_and_die();
          desk.commit();
          if (at_once && kill == Kill::after_effects) desk.kill();
          desk.commit();
          if (desk.last(phone_flow, "ACK ").empty()) {          // lost with us: sent again until it is acknowledged (§13.3.1.4)
            answer();
            desk.commit();
          }
          if (desk.last(customer_flow, "SIP/2.0 200").find("BYE") == std::string::npos) {  // and the BYE until it is answered
            leave();
            desk.commit();
          }
          desk.pass(Duration::seconds(2));
          CHECK_FALSE(desk.last(phone_flow, "ACK ").empty());
          const auto bye = desk.last(phone_flow, "BYE ");
          REQUIRE_FALSE(bye.empty());
          desk.receive(phone_flow, with_body("SIP/2.0 200 OK\r\nVia: " + header(bye, "Via") + "\r\nFrom: " + header(bye, "From") + "\r\nTo: " + header(bye, "To") +
                                                 "\r\nCall-ID: " + header(bye, "Call-ID") + "\r\nCSeq: " + header(bye, "CSeq") + "\r\n", ""));
          desk.commit();
          desk.pass(Duration::seconds(40));
          CHECK(desk.ask("agent", "list", "").json.find("\"state\":\"ready\"") != std::string::npos);
          CHECK(desk.board().live_legs() == 0);
          CHECK(desk.board().endpoint().legs().empty());
        }
}

// RFC 5589 §7. The two calls began in different media workers (a new call goes where fewer ports are in use); legs that hear each
// other must be in one.
TEST_CASE("attended transfer by the phone: the colleague's leg comes into the worker of the caller's call, and the phone is told its new port") {
  Desk desk;
  const sip::Flow colleague_flow{sip::Transport::udp, {"127.0.0.1", 6202}, 0};
  set_up(desk);
  REQUIRE(desk.ask("device", "add", "202", {{"password", "secret"}}).ok);
  REQUIRE(desk.ask("agent", "add", "a02", {{"queues", ""}, {"device", "202"}, {"number", "102"}}).ok);
  sign_in_phone(desk, "reg2", "202", colleague_flow);
  REQUIRE(desk.ask("agent", "ready", "a02").ok);
  // the caller talks to a01
  desk.receive(customer_flow, invite());
  desk.commit();
  desk.receive(customer_flow, within_dialog("ACK", 1, desk.last(customer_flow, "SIP/2.0 200")));
  desk.commit();
  const auto offer = desk.last(phone_flow, "INVITE ");
  desk.receive(phone_flow, phone_answer(offer, "200 OK", sdp(7100)));
  desk.commit();
  // a01 dials a02 on the second line
  auto dial = [&](const std::string& branch, const std::string& authorization) {
    return with_body("INVITE sip:102@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:6201;branch=z9hG4bK" + branch + ";rport\r\nMax-Forwards: 70\r\nFrom: <sip:201@pasokh>;tag=second\r\nTo: <sip:102@pasokh>\r\nCall-ID: two\r\nCSeq: " +
                         (authorization.empty() ? "1" : "2") + " INVITE\r\nContact: <sip:201@127.0.0.1:6201>\r\n" + authorization, sdp(7102));
  };
  desk.receive(phone_flow, dial("d1", ""));
  desk.commit();
  desk.receive(phone_flow, dial("d2", credentials(desk.last(phone_flow, "SIP/2.0 401"), "201", "INVITE", "sip:102@127.0.0.1")));
  desk.commit();
  const auto ring = desk.last(colleague_flow, "INVITE ");
  REQUIRE_FALSE(ring.empty());
  desk.receive(colleague_flow, phone_answer(ring, "200 OK", sdp(7200), ";tag=c2"));
  desk.commit();
  const auto second = desk.last(phone_flow, "SIP/2.0 200 OK");
  REQUIRE(header(second, "Call-ID") == "two");
  const auto wanted_of = [&](int port) {  // the newest order for whoever hears at that port
    std::optional<std::pair<std::size_t, media::LegWanted>> found;
    for (const auto& [worker, order] : desk.orders)
      if (const auto* leg = std::get_if<media::LegWanted>(&order); leg && leg->remote_port == port) found = {worker, *leg};
    return found;
  };
  REQUIRE(wanted_of(7000));
  REQUIRE(wanted_of(7200));
  REQUIRE(wanted_of(7000)->first != wanted_of(7200)->first);  // else this test tells nothing
  const auto to = header(second, "To");
  const auto ours = to.substr(to.find("tag=") + 4);
  desk.receive(phone_flow, with_body("REFER sip:pasokh@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:6201;branch=z9hG4bKrefer;rport\r\nMax-Forwards: 70\r\nFrom: " + header(offer, "To") + ";tag=p\r\nTo: " + header(offer, "From") +
                                         "\r\nCall-ID: " + header(offer, "Call-ID") + "\r\nCSeq: 7 REFER\r\nContact: <sip:201@127.0.0.1:6201>\r\nRefer-To: <sip:102@pasokh?Replaces=two%3Bto-tag%3D" + ours + "%3Bfrom-tag%3Dsecond>\r\n", ""));
  desk.commit();
  REQUIRE_FALSE(desk.last(phone_flow, "SIP/2.0 202").empty());
  const auto caller = *wanted_of(7000), colleague = *wanted_of(7200);
  CHECK(caller.first == colleague.first);
  CHECK(caller.second.hears == colleague.second.leg);
  CHECK(colleague.second.hears == caller.second.leg);
  CHECK(colleague.second.call == caller.second.call);
  const auto again = desk.last(colleague_flow, "INVITE ");
  CHECK(again != ring);
  CHECK(again.find("m=audio " + std::to_string(colleague.second.port) + " ") != again.npos);
  desk.kill();                                                // and stays so over a kill
  desk.commit();
  CHECK(wanted_of(7000)->first == wanted_of(7200)->first);
}

TEST_CASE("whom an agent calls outside sees the account's number, or the agent's by the trunk's own rules; never the number that was dialled") {
  const sip::Flow carrier{sip::Transport::udp, {"127.0.0.3", 5080}, 0};
  for (const bool has_rules : {false, true}) {
    Desk desk;
    set_up(desk);
    std::map<std::string, std::string> trunk{{"host", "127.0.0.3"}, {"networks", "127.0.0.3"}, {"user", "02191001234"}, {"password", "secret"}};
    if (has_rules) trunk["out_caller"] = "101:02188776601";
    REQUIRE(desk.ask("trunk", "add", "carrier", trunk).ok);
    desk.board().resolved("carrier", {carrier}, desk.now);
    REQUIRE(desk.ask("centre", "set", "", {{"outbound", "021:carrier"}}).ok);
    REQUIRE(desk.ask("agent", "dial", "a01", {{"number", "02122334455"}}).ok);
    desk.receive(phone_flow, phone_answer(desk.last(phone_flow, "INVITE "), "200 OK", sdp(7100)));
    desk.commit();
    const auto out = desk.last(carrier, "INVITE ");
    REQUIRE(out.starts_with("INVITE sip:02122334455@"));
    INFO(has_rules, " ", header(out, "From"));
    CHECK(header(out, "From").find(has_rules ? "sip:02188776601@" : "sip:02191001234@") != std::string::npos);
  }
}
