// The browser as a phone, through the whole core: D5, F1; docs/adr/0009-browser-phone.md. Reload, two tabs, kill, a page that is gone.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "desk.h"

using namespace pasokh;
using desk::Desk;
using desk::customer_flow;

namespace {

std::string header(const std::string& message, const std::string& name) {
  const auto at = message.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto from = at + name.size() + 4;
  return message.substr(from, message.find("\r\n", from) - from);
}

std::string invite() {
  const std::string body = "v=0\r\no=t 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 7000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";
  return "INVITE sip:8000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:6001;branch=z9hG4bKi;rport\r\nMax-Forwards: 70\r\nFrom: <sip:09121234567@127.0.0.1>;tag=c\r\nTo: "
         "<sip:8000@127.0.0.1>\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\nContact: <sip:c@127.0.0.1:6001>\r\nContent-Type: application/sdp\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
std::string in_dialog(const std::string& method, int cseq, const std::string& answer) {
  return method + " sip:pasokh@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:6001;branch=z9hG4bK" + method + ";rport\r\nMax-Forwards: 70\r\nFrom: " + header(answer, "From") + "\r\nTo: " +
         header(answer, "To") + "\r\nCall-ID: one\r\nCSeq: " + std::to_string(cseq) + " " + method + "\r\nContent-Length: 0\r\n\r\n";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  return text;
}

std::string offer_json() {                        // of a real browser, as a JSON text
  std::ifstream file("tests/fuzz/corpus/browser_sdp/chromium_audio", std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  std::string out;
  for (const char c : text.str()) out += c == '\r' ? std::string("\\r") : c == '\n' ? std::string("\\n") : std::string(1, c);
  return out;
}

struct Seat {
  Desk desk;

  Seat() {
    REQUIRE(desk.ask("queue", "add", "support", {{"wrap_up", "0s"}, {"notice", "no"}, {"ring", "60s"}}).ok);
    REQUIRE(desk.ask("agent", "add", "a01", {{"queues", "support"}, {"number", "101"}}).ok);
    REQUIRE(desk.ask("number", "add", "8000", {{"queue", "support"}}).ok);
    REQUIRE(desk.ask("trunk", "add", "local", {{"networks", "127.0.0.0/8"}}).ok);
  }
  void come(std::uint64_t page, const std::string& more = {}) {
    desk.board().page_attached(page, "", "a01");
    say(page, "{\"type\":\"phone.register\"" + more + "}");
  }
  void say(std::uint64_t page, const std::string& json) {
    desk.board().page_message(page, json, desk.now);
    desk.commit();
  }
  void answer(std::uint64_t page, const std::string& how = "accept") { say(page, "{\"type\":\"phone." + how + "\",\"leg\":\"" + leg + "\",\"sdp\":\"" + offer_json() + "\"}"); }
  // the newest word of that kind to the page; "" when there is none
  std::string told(std::uint64_t page, const std::string& what) const {
    for (auto i = desk.told.rbegin(); i != desk.told.rend(); ++i)
      if (i->page == page && i->json.starts_with("{\"type\":\"phone." + what + "\"")) return i->json;
    return {};
  }
  std::string in(const std::string& json, const std::string& name) const {
    const auto at = json.find("\"" + name + "\":\"");
    if (at == std::string::npos) return {};
    const auto from = at + name.size() + 4;
    return json.substr(from, json.find('"', from) - from);
  }
  bool reachable() { return desk.ask("device", "list", "").json.find("\"reachable\":true") != std::string::npos; }
  bool agent_is(const std::string& state) { return desk.ask("agent", "list", "").json.find("\"state\":\"" + state + "\"") != std::string::npos; }

  void customer_calls() {
    desk.receive(customer_flow, invite());
    desk.commit();
    accepted = desk.last(customer_flow, "SIP/2.0 200");
    REQUIRE_FALSE(accepted.empty());
    desk.receive(customer_flow, in_dialog("ACK", 1, accepted));
    desk.commit();
  }
  void ring(std::uint64_t page = 1) {
    come(page);
    REQUIRE(desk.ask("agent", "ready", "a01").ok);
    customer_calls();
    leg = in(told(page, "ring"), "leg");
    REQUIRE_FALSE(leg.empty());
  }
  void talk(std::uint64_t page = 1) {
    ring(page);
    answer(page);
    REQUIRE_FALSE(told(page, "answer").empty());
    REQUIRE(agent_is("talking"));
  }
  const media::LegWanted* wanted() const {        // the newest order for the browser's leg
    for (auto i = desk.orders.rbegin(); i != desk.orders.rend(); ++i)
      if (const auto* order = std::get_if<media::LegWanted>(&i->order); order && text(order->leg) == leg) return order;
    return nullptr;
  }

  std::string leg, accepted;
};

}  // namespace

TEST_CASE("a page's first word makes its device, which is the agent's usual one and reachable") {
  Seat seat;
  seat.come(1);
  CHECK(seat.told(1, "registered") == R"({"type":"phone.registered","device":"a01-web","legs":[]})");
  CHECK(seat.desk.ask("device", "list", "").json.find(R"("device":"a01-web","kind":"browser","agent":"a01")") != std::string::npos);
  CHECK(seat.reachable());
  CHECK(seat.desk.ask("agent", "ready", "a01").ok);
  CHECK(seat.agent_is("ready"));
  const bool socket = std::any_of(seat.desk.orders.begin(), seat.desk.orders.end(), [](const auto& o) {
    const auto* order = std::get_if<media::BrowserSocketWanted>(&o.order);
    return order && order->port == 10'000 + o.worker;
  });
  CHECK(socket);
}

TEST_CASE("a caller rings in the page and is answered there: the worker is told names and fingerprint, and no codec is translated") {
  Seat seat;
  seat.talk();
  const auto ring = seat.told(1, "ring");
  CHECK(seat.in(ring, "caller") == "09121234567");
  CHECK(seat.in(ring, "queue") == "support");
  const auto* order = seat.wanted();
  REQUIRE(order);
  REQUIRE(order->browser);
  CHECK(order->port == 0);
  CHECK(order->codec == media::Codec::pcmu);       // what the customer speaks
  CHECK(order->hears);
  CHECK(order->browser->peer_fingerprint.size() == 32);
  const auto answer = seat.told(1, "answer");
  CHECK(answer.find("a=ice-ufrag:" + order->browser->our_ufrag + "\\r") != std::string::npos);
  CHECK(answer.find("192.0.2.10 1000") != std::string::npos);
  CHECK(order->capture);                           // recorded as any call
  CHECK(order->capture_is_agent);
}

TEST_CASE("what ends the call is told to the other side, whoever ends it") {
  {
    Seat seat;
    seat.talk();
    seat.say(1, R"({"type":"phone.hangup","leg":")" + seat.leg + "\"}");
    CHECK_FALSE(seat.desk.last(customer_flow, "BYE ").empty());
    CHECK(seat.told(1, "bye") == R"({"type":"phone.bye","leg":")" + seat.leg + "\"}");
  }
  Seat seat;
  seat.talk();
  seat.desk.receive(customer_flow, in_dialog("BYE", 2, seat.accepted));
  seat.desk.commit();
  CHECK_FALSE(seat.told(1, "bye").empty());
  CHECK(seat.agent_is("ready"));
  for (const auto& [key, value] : seat.desk.rows) CHECK(key.first != storage::LiveKind::browser_leg);  // nothing is left behind
}

TEST_CASE("a call refused in the page, and one that its caller gives up") {
  Seat seat;
  seat.ring();
  seat.say(1, R"({"type":"phone.reject","leg":")" + seat.leg + "\"}");
  CHECK(seat.agent_is("paused"));                  // declined: as with any phone
  Seat other;
  other.ring();
  other.desk.receive(customer_flow, in_dialog("BYE", 2, other.accepted));
  other.desk.commit();
  CHECK(other.told(1, "stop") == R"({"type":"phone.stop","leg":")" + other.leg + R"(","why":"cancelled"})");
}

TEST_CASE("two tabs: the second is told, takes over when it says so, and the first has no say any more; the same tab comes back unasked") {
  Seat seat;
  seat.come(1, R"(,"tab":"t1")");
  seat.come(2, R"(,"tab":"t2")");
  CHECK(seat.told(2, "taken") == R"({"type":"phone.taken"})");
  CHECK(seat.told(2, "registered").empty());
  seat.say(2, R"({"type":"phone.register","tab":"t2","take":true})");
  CHECK_FALSE(seat.told(2, "registered").empty());
  CHECK_FALSE(seat.told(1, "taken").empty());
  REQUIRE(seat.desk.ask("agent", "ready", "a01").ok);
  seat.customer_calls();
  CHECK(seat.told(1, "ring").empty());
  seat.leg = seat.in(seat.told(2, "ring"), "leg");
  seat.answer(1);
  CHECK(seat.in(seat.told(1, "error"), "code") == "not-registered");
  seat.come(3, R"(,"tab":"t2")");                  // reloaded; the old connection still hangs
  CHECK(seat.told(3, "registered").find("\"state\":\"ringing\"") != std::string::npos);
  CHECK_FALSE(seat.told(3, "ring").empty());
}

TEST_CASE("a page that is loaded anew finds its call, and its new offer gets a new answer for the same leg") {
  Seat seat;
  seat.talk();
  const auto before = *seat.wanted()->browser;
  seat.desk.board().page_detached(1, seat.desk.now);
  seat.desk.pass(Duration::seconds(3));
  seat.come(2);
  CHECK(seat.told(2, "registered").find("\"leg\":\"" + seat.leg + "\"") != std::string::npos);
  CHECK(seat.told(2, "registered").find("\"state\":\"talking\"") != std::string::npos);
  seat.answer(2, "resume");
  CHECK_FALSE(seat.told(2, "answer").empty());
  const auto after = *seat.wanted()->browser;
  CHECK(after.our_ufrag != before.our_ufrag);      // RFC 8445 §9: never the same names again
  CHECK(after.our_password != before.our_password);
  CHECK(seat.agent_is("talking"));
}

TEST_CASE("killed at any moment, the call goes on: the worker is told the same, the page finds its leg") {
  for (const bool ringing : {true, false}) {
    Seat seat;
    if (ringing) seat.ring();
    else seat.talk();
    const auto before = seat.wanted() ? std::optional(*seat.wanted()) : std::nullopt;
    seat.desk.orders.clear();
    seat.desk.told.clear();
    seat.desk.kill();
    seat.desk.commit();
    if (before) {
      REQUIRE(seat.wanted());
      CHECK(*seat.wanted()->browser == *before->browser);
      CHECK(seat.wanted()->hears == before->hears);
    }
    seat.come(7);
    CHECK(seat.told(7, "registered").find(ringing ? "\"state\":\"ringing\"" : "\"state\":\"talking\"") != std::string::npos);
    if (ringing) seat.answer(7);
    CHECK(seat.agent_is("talking"));
    seat.say(7, R"({"type":"phone.hangup","leg":")" + seat.leg + "\"}");
    CHECK_FALSE(seat.desk.last(customer_flow, "BYE ").empty());
  }
}

TEST_CASE("an accept whose answer was lost with the connection is answered again") {
  Seat seat;
  seat.talk();
  seat.desk.told.clear();
  seat.answer(1);
  CHECK_FALSE(seat.told(1, "answer").empty());
  CHECK(seat.agent_is("talking"));
}

TEST_CASE("a page that does not come back is no phone: after ten seconds its agent is offered nothing, and ready again when it returns") {
  Seat seat;
  seat.come(1);
  REQUIRE(seat.desk.ask("agent", "ready", "a01").ok);
  seat.desk.board().page_detached(1, seat.desk.now);
  seat.desk.pass(Duration::seconds(9));
  CHECK(seat.agent_is("ready"));                   // a reload is nothing to tell of
  seat.desk.pass(Duration::seconds(2));
  CHECK_FALSE(seat.reachable());
  CHECK(seat.agent_is("paused"));
  seat.come(2);
  CHECK(seat.agent_is("ready"));
}

TEST_CASE("after a restart too a page has ten seconds to come back") {
  Seat seat;
  seat.come(1);
  REQUIRE(seat.desk.ask("agent", "ready", "a01").ok);
  seat.desk.kill();
  seat.desk.commit();
  CHECK(seat.reachable());
  seat.desk.pass(Duration::seconds(11));
  CHECK_FALSE(seat.reachable());
}

TEST_CASE("a caller who is offered to a page on its way back rings there when it is back") {
  Seat seat;
  seat.come(1);
  REQUIRE(seat.desk.ask("agent", "ready", "a01").ok);
  seat.desk.board().page_detached(1, seat.desk.now);
  seat.customer_calls();
  seat.desk.pass(Duration::seconds(2));
  seat.come(2);
  CHECK_FALSE(seat.told(2, "ring").empty());
}

TEST_CASE("sound that stops for 30 s: the page is asked to begin anew, and a leg without a page ends as lost") {
  Seat seat;
  seat.talk();
  const LegId leg{std::stoull(seat.leg)};
  seat.desk.board().worker_message(0, media::BrowserLegChanged{leg, media::BrowserState::lost, "no check came for 30 s", ""}, seat.desk.now);
  seat.desk.commit();
  CHECK(seat.told(1, "restart") == R"({"type":"phone.restart","leg":")" + seat.leg + "\"}");
  seat.desk.board().page_detached(1, seat.desk.now);
  seat.desk.board().worker_message(0, media::BrowserLegChanged{leg, media::BrowserState::lost, "no check came for 60 s", ""}, seat.desk.now);
  seat.desk.commit();
  CHECK_FALSE(seat.agent_is("talking"));
  const auto told = std::any_of(seat.desk.journal.begin(), seat.desk.journal.end(), [&](const auto& recorded) {
    const auto* ended = std::get_if<floor::LegEnded>(&recorded.event);
    return ended && ended->leg == leg && ended->cause == floor::EndCause::lost;
  });
  CHECK(told);
}

TEST_CASE("a worker that dies: the leg moves, and its page is asked for a new offer") {
  Seat seat;
  seat.talk();
  std::size_t at = 9;
  for (const auto& order : seat.desk.orders)
    if (const auto* wanted = std::get_if<media::LegWanted>(&order.order); wanted && text(wanted->leg) == seat.leg) at = order.worker;
  REQUIRE(at < 2);
  seat.desk.board().worker_down(at, seat.desk.now);
  seat.desk.commit();
  CHECK_FALSE(seat.told(1, "restart").empty());
  seat.answer(1, "resume");
  CHECK(seat.told(1, "answer").find("192.0.2.10 " + std::to_string(10'000 + (1 - at))) != std::string::npos);
}

TEST_CASE("hold is told to the page; what it hears then is the floor's matter") {
  Seat seat;
  seat.talk();
  REQUIRE(seat.desk.ask("agent", "hold", "a01").ok);
  CHECK(seat.told(1, "held") == R"({"type":"phone.held","leg":")" + seat.leg + R"(","held":true})");
  REQUIRE(seat.desk.ask("agent", "resume", "a01").ok);
  CHECK(seat.told(1, "held") == R"({"type":"phone.held","leg":")" + seat.leg + R"(","held":false})");
}

TEST_CASE("click to call: the page's own leg answers by itself") {
  Seat seat;
  seat.come(1);
  REQUIRE(seat.desk.ask("agent", "ready", "a01").ok);
  REQUIRE(seat.desk.ask("trunk", "add", "out", {{"networks", "198.51.100.0/24"}, {"host", "198.51.100.1"}}).ok);
  seat.desk.board().resolved("out", {{sip::Transport::udp, {"198.51.100.1", 5060}, 0}}, seat.desk.now);
  REQUIRE(seat.desk.ask("centre", "set", "", {{"outbound", "0:out"}}).ok);
  REQUIRE(seat.desk.ask("agent", "dial", "a01", {{"number", "02188776655"}}).ok);
  const auto ring = seat.told(1, "ring");
  CHECK(ring.find("\"answer\":true") != std::string::npos);
  seat.leg = seat.in(ring, "leg");
  seat.answer(1);
  const auto sent = std::any_of(seat.desk.sent.begin(), seat.desk.sent.end(), [](const auto& d) { return d.bytes.starts_with("INVITE sip:02188776655@"); });
  CHECK(sent);
}

TEST_CASE("figures of the network: told to the page each time the worker has measured, and the page's own kept with the call") {
  Seat seat;
  seat.talk();
  media::LegStatistics figures;
  figures.leg = LegId{std::stoull(seat.leg)};
  figures.packets_in = 98;
  figures.packets_out = 100;
  figures.lost = 2;
  figures.lost_by_peer = 5;
  figures.lost_on_way = 5;
  figures.sent_when_told = 100;
  figures.jitter_us = 3'400;
  figures.round_trip_us = 41'000;
  seat.desk.board().worker_message(0, media::BrowserLegMeasured{figures}, seat.desk.now);
  seat.desk.commit();
  CHECK(seat.told(1, "stats") == R"({"type":"phone.stats","leg":")" + seat.leg + R"(","loss":2.0,"loss_down":5.0,"jitter_ms":3.4,"rtt_ms":41.0,"codec":"g711"})");
  seat.say(1, R"({"type":"phone.stats","leg":")" + seat.leg + R"(","loss":1.5,"jitter_ms":12,"rtt_ms":40})");
  seat.say(1, R"({"type":"phone.stats","leg":")" + seat.leg + R"(","loss":0.5,"jitter_ms":20,"rtt_ms":30})");
  seat.say(1, R"({"type":"phone.hangup","leg":")" + seat.leg + "\"}");
  figures.call = CallId{1};
  seat.desk.board().worker_message(0, media::LegRemoved{figures}, seat.desk.now);
  seat.desk.commit();
  const auto* measured = std::get_if<floor::LegMeasured>(&seat.desk.journal.back().event);
  REQUIRE(measured);
  CHECK(measured->lost_by_peer == 5);
  CHECK(measured->peer_loss_permille == 15);
  CHECK(measured->peer_jitter_us == 20'000);
  CHECK(measured->peer_round_trip_us == 40'000);
}

namespace {

// A call in the browser whose worker measures each 2 s.
struct Measured {
  Seat seat;
  media::LegStatistics figures;

  Measured() {
    seat.talk();
    begin();
  }
  void begin() {
    figures = {};
    figures.leg = LegId{std::stoull(seat.leg)};
    figures.speaks_opus = true;
    pass(0, 0);
  }
  // 2 s in which the worker missed so many of 100 packets, and the browser reported as many of ours
  void pass(std::int64_t lost_up, std::int64_t lost_down) {
    figures.packets_in += 100 - lost_up;
    figures.lost += lost_up;
    figures.sent_when_told += 100;
    figures.lost_on_way += lost_down;
    seat.desk.pass(Duration::seconds(2));
    seat.desk.board().worker_message(0, media::BrowserLegMeasured{figures}, seat.desk.now);
    seat.desk.commit();
  }
  bool speaks_opus() const { return seat.wanted()->browser->send_opus; }
};

std::string without_opus() {                      // a browser that was built without it
  auto offer = offer_json();
  const auto at = offer.find("a=rtpmap:111 opus");
  return offer.replace(at, 17, "a=rtpmap:111 sush");
}

}  // namespace

TEST_CASE("F1: steady loss of 2 % over 5 s, either way, and the leg speaks Opus: the worker is told, the page is told, it stays so") {
  for (const bool up : {true, false}) {
    Measured call;
    CHECK(call.seat.wanted()->browser->opus_payload == 111);
    call.pass(up ? 3 : 0, up ? 0 : 3);
    call.pass(up ? 3 : 0, up ? 0 : 3);
    CHECK_FALSE(call.speaks_opus());               // 4 s
    call.pass(up ? 3 : 0, up ? 0 : 3);
    CHECK(call.speaks_opus());
    CHECK(call.seat.told(1, "codec") == R"({"type":"phone.codec","leg":")" + call.seat.leg + R"(","codec":"opus","payload":111})");
    CHECK(call.seat.told(1, "stats").find("\"codec\":\"opus\"") != std::string::npos);
    for (int i = 0; i < 100; ++i) call.pass(0, 0);
    CHECK(call.speaks_opus());
    call.seat.desk.kill();                         // control forgets nothing of it
    call.seat.desk.commit();
    CHECK(call.speaks_opus());
    call.seat.come(2);
    call.seat.answer(2, "resume");                 // a page that was loaded anew sends Opus at once: it stands first
    CHECK(call.seat.told(2, "answer").find("SAVPF 111 0 126") != std::string::npos);
    CHECK(call.speaks_opus());
  }
}

TEST_CASE("F1: little loss, or a network that is gone for a moment, changes no codec") {
  Measured call;
  for (int i = 0; i < 100; ++i) call.pass(1, 1);
  CHECK_FALSE(call.speaks_opus());
  call.pass(90, 90);
  call.pass(0, 0);
  call.pass(0, 0);
  CHECK_FALSE(call.speaks_opus());
  call.begin();                                    // another worker counts from nothing: no loss of minus hundreds
  call.pass(3, 0);
  CHECK_FALSE(call.speaks_opus());
  call.figures.speaks_opus = false;                // a worker of the version before
  for (int i = 0; i < 10; ++i) call.pass(10, 10);
  CHECK_FALSE(call.speaks_opus());
}

TEST_CASE("F1: the next call at a seat with loss begins with Opus, ten minutes later with G.711 again; a browser without Opus keeps G.711") {
  Measured call;
  for (int i = 0; i < 3; ++i) call.pass(10, 10);
  REQUIRE(call.speaks_opus());
  call.seat.say(1, R"({"type":"phone.hangup","leg":")" + call.seat.leg + "\"}");
  auto next = [&](const std::string& name, const std::string& offer) {
    call.seat.desk.receive(customer_flow, replaced(replaced(invite(), "Call-ID: one", "Call-ID: " + name), "z9hG4bKi", "z9hG4bK" + name));
    call.seat.desk.commit();
    call.seat.leg = call.seat.in(call.seat.told(1, "ring"), "leg");
    call.seat.say(1, "{\"type\":\"phone.accept\",\"leg\":\"" + call.seat.leg + "\",\"sdp\":\"" + offer + "\"}");
  };
  next("two", offer_json());
  CHECK(call.seat.told(1, "answer").find("SAVPF 111 0 126") != std::string::npos);
  CHECK(call.speaks_opus());
  call.seat.say(1, R"({"type":"phone.hangup","leg":")" + call.seat.leg + "\"}");
  next("red", without_opus());
  CHECK(call.seat.told(1, "answer").find("SAVPF 0 126") != std::string::npos);
  call.begin();
  for (int i = 0; i < 10; ++i) call.pass(10, 10);
  CHECK_FALSE(call.speaks_opus());
  call.seat.say(1, R"({"type":"phone.hangup","leg":")" + call.seat.leg + "\"}");
  call.seat.desk.pass(Duration::minutes(11));
  next("new", offer_json());
  CHECK(call.seat.told(1, "answer").find("SAVPF 0 111 126") != std::string::npos);
  CHECK_FALSE(call.speaks_opus());
}

TEST_CASE("F1: at most 100 legs of a worker speak Opus; a further seat keeps G.711 until one of them has ended") {
  Seat seat;
  Desk& desk = seat.desk;
  REQUIRE(desk.ask("trunk", "add", "out", {{"networks", "198.51.100.0/24"}, {"host", "198.51.100.1"}}).ok);
  desk.board().resolved("out", {{sip::Transport::udp, {"198.51.100.1", 5060}, 0}}, desk.now);
  REQUIRE(desk.ask("centre", "set", "", {{"outbound", "0:out"}}).ok);
  std::map<std::string, std::uint64_t> page_of;                 // by leg
  std::vector<std::string> with_opus, without;
  const auto worker_of = [&](const std::string& leg) {
    std::size_t worker = 0;
    for (const auto& order : desk.orders)
      if (const auto* wanted = std::get_if<media::LegWanted>(&order.order); wanted && text(wanted->leg) == leg) worker = order.worker;
    return worker;
  };
  const auto lossy = [&](const std::string& leg, int from) {
    media::LegStatistics figures;
    figures.leg = LegId{std::stoull(leg)};
    figures.speaks_opus = true;
    for (int i = from; i < from + 4; ++i) {
      figures.packets_in = 90 * i;
      figures.lost = 10 * i;
      desk.board().worker_message(worker_of(leg), media::BrowserLegMeasured{figures}, desk.now);
    }
    desk.commit();
    return seat.told(page_of[leg], "codec").find("\"leg\":\"" + leg + "\"") != std::string::npos;
  };
  for (std::uint64_t i = 1; i <= 210; ++i) {
    const auto agent = "b" + std::to_string(1000 + i);
    REQUIRE(desk.ask("agent", "add", agent, {{"queues", "support"}, {"number", std::to_string(3000 + i)}}).ok);
    desk.board().page_attached(i, "", agent);
    seat.say(i, R"({"type":"phone.register"})");
    REQUIRE(desk.ask("agent", "ready", agent).ok);
    REQUIRE(desk.ask("agent", "dial", agent, {{"number", "0218877" + std::to_string(1000 + i)}}).ok);
    seat.leg = seat.in(seat.told(i, "ring"), "leg");
    REQUIRE_FALSE(seat.leg.empty());
    page_of[seat.leg] = i;
    seat.answer(i);
    (lossy(seat.leg, 0) ? with_opus : without).push_back(seat.leg);
  }
  std::map<std::size_t, int> legs;                              // by worker
  for (const auto& leg : with_opus) ++legs[worker_of(leg)];
  for (const auto& [worker, count] : legs) CHECK(count <= 100);
  REQUIRE_FALSE(without.empty());
  const auto full = worker_of(without[0]);
  CHECK(legs[full] == 100);
  CHECK_FALSE(lossy(without[0], 4));
  const auto ends = *std::find_if(with_opus.begin(), with_opus.end(), [&](const auto& leg) { return worker_of(leg) == full; });
  seat.say(page_of[ends], R"({"type":"phone.hangup","leg":")" + ends + "\"}");
  CHECK(lossy(without[0], 8));
}

TEST_CASE("for networks without UDP a page gets a TURN server, and a password for a day that its secret makes") {
  Seat seat;
  seat.desk.turn_server = {"turns:turn.example:443?transport=tcp", "north"};
  seat.desk.kill();
  seat.come(1);
  // HMAC-SHA1("north", "1800086400:a01") in base 64, by openssl(1)
  CHECK(seat.told(1, "registered") ==
        R"({"type":"phone.registered","device":"a01-web","legs":[],"ice":[{"urls":["turns:turn.example:443?transport=tcp"],"username":"1800086400:a01","credential":"Lqg+qKPDBBmDX6w3uNTWUENVLFo="}]})");
}

TEST_CASE("nonsense from a page is answered with a word and harms nothing") {
  Seat seat;
  seat.talk();
  for (const char* nonsense : {"", "{", "[]", "7", "null", R"({"type":7})", R"({"type":"phone.dance"})", R"({"type":"phone.hangup","leg":"99999999999999999999999"})", R"({"type":"phone.hangup","leg":"12"})",
                               R"({"type":"phone.resume","leg":"1","sdp":"v=0"})", R"({"type":"phone.digits","leg":"1","digits":"xyz"})"})
    seat.say(1, nonsense);
  seat.say(1, R"({"type":"phone.resume","leg":")" + seat.leg + R"(","sdp":"v=0"})");
  CHECK(seat.in(seat.told(1, "error"), "code") == "offer-unusable");
  CHECK(seat.agent_is("talking"));
  seat.desk.board().page_attached(8, "", "nobody");
  seat.say(8, R"({"type":"phone.register"})");
  CHECK(seat.in(seat.told(8, "error"), "code") == "agent-unknown");
  seat.desk.board().page_attached(9, "a01-web", "a02");
  REQUIRE(seat.desk.ask("agent", "add", "a02", {{"queues", "support"}}).ok);
  seat.say(9, R"({"type":"phone.register"})");
  CHECK(seat.in(seat.told(9, "error"), "code") == "device-not-yours");
}
