#include <doctest/doctest.h>

#include "house.h"

using namespace pasokh;
using namespace pasokh::sip;
using namespace pasokh::sip::test;

namespace {

std::vector<Message> messages(const std::vector<Sent>& sent) {
  std::vector<Message> out;
  for (const auto& one : sent) out.push_back(parsed(one.bytes));
  return out;
}
std::size_t count(const std::vector<Sent>& sent, Method method, int status = 0) {
  std::size_t n = 0;
  for (const auto& message : messages(sent)) n += message.method() == method && message.status() == status;
  return n;
}
int only_status(const std::vector<Sent>& sent) { return sent.size() == 1 ? parsed(sent[0].bytes).status() : -static_cast<int>(sent.size()); }

// a leg of ours to phone 201, as far as its INVITE
Message dial(House& house, LegId leg = LegId{2}) {
  if (!house.endpoint->device_reachable(DeviceId{1})) house.sign_in(house.phone, "201");
  house.out.sent.clear();
  house.endpoint->dial_device(leg, DeviceId{1}, {"09121234567", ""}, {30000}, house.now, house.out);
  return parsed(house.take().at(0).bytes);
}
Message talk(House& house, LegId leg = LegId{2}, const std::string& extra = "") {
  auto invite = dial(house, leg);
  house.give(house.phone, House::answer(invite, 200, "p1", house.phone, extra, sdp(41000)));
  house.out.sent.clear();
  return invite;
}
// a request of the phone inside the dialog that `invite` of ours made
House::Request from_phone(const Message& invite, const std::string& method, std::uint32_t cseq, const std::string& tag = "p1") {
  House::Request request;
  request.method = method;
  request.uri = "sip:pasokh@127.0.0.1:5060";
  request.from = std::string(invite.first(Field::to)) + ";tag=" + tag;
  request.to = invite.first(Field::from);
  request.call_id = invite.call_id();
  request.cseq = cseq;
  return request;
}

}  // namespace

TEST_CASE("§13.3.1.4: a 2xx is repeated until its ACK; without one the call ends after 64·T1 with a BYE") {
  House house;
  auto call = house.call_in();
  house.accept(call);
  auto repeats = house.pass(Duration::milliseconds(31'900));
  CHECK(count(repeats, Method::invite, 200) == 10);
  auto after = house.pass(Duration::milliseconds(200));
  CHECK(count(after, Method::bye) == 1);
  CHECK(house.out.last<LegEnded>()->cause == "ack-never-came");
}

TEST_CASE("§9.2: CANCEL before the answer: 200 to it, 487 to the INVITE; the leg ends as cancelled") {
  House house;
  auto call = house.call_in();
  auto cancel = call.invite;
  cancel.method = "CANCEL";
  cancel.body.clear();
  auto sent = house.give(house.carrier, house.write(house.carrier, cancel));
  CHECK(count(sent, Method::cancel, 200) == 1);
  CHECK(count(sent, Method::invite, 487) == 1);
  CHECK(house.out.last<LegEnded>()->cause == "cancelled");
  auto ack = call.invite;
  ack.method = "ACK";
  ack.body.clear();
  ack.to += ";tag=" + std::string(parsed(sent.back().bytes).to_tag());
  house.give(house.carrier, house.write(house.carrier, ack));
  CHECK(house.out.rows.empty());
  CHECK(house.pass(Duration::seconds(40)).empty());
  CHECK(house.endpoint->counters().transactions == 0);
}

TEST_CASE("§9.2: CANCEL that crosses our 2xx gets 200 and changes nothing; the canceller's BYE ends the call") {
  House house;
  auto call = house.call_in();
  house.accept(call);
  auto cancel = call.invite;
  cancel.method = "CANCEL";
  cancel.body.clear();
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, cancel))) == 200);
  CHECK(house.out.all<LegEnded>().empty());
  house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "ACK", 1)));
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "BYE", 2)))) == 200);
  CHECK(house.out.all<LegEnded>().size() == 1);
}

TEST_CASE("§9.1: CANCEL of an unknown INVITE is 481") {
  House house;
  House::Request cancel;
  cancel.method = "CANCEL";
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, cancel))) == 481);
}

TEST_CASE("§13.2.2.4: a late 200 to a cancelled INVITE of ours is acknowledged and hung up") {
  House house;
  auto invite = dial(house);
  CHECK(house.give(house.phone, House::answer(invite, 180, "p1", house.phone)).empty());
  house.endpoint->end(LegId{2}, house.now, house.out);
  auto cancel = house.take();
  CHECK(count(cancel, Method::cancel) == 1);
  CHECK(parsed(cancel[0].bytes).vias()[0].branch == invite.vias()[0].branch);
  auto sent = house.give(house.phone, House::answer(invite, 200, "p1", house.phone, "", sdp()));
  CHECK(count(sent, Method::ack) == 1);
  CHECK(count(sent, Method::bye) == 1);
  CHECK(house.out.all<LegEnded>().size() == 1);
  CHECK(house.out.last<LegEnded>()->cause == "cancelled");
  auto again = house.give(house.phone, House::answer(invite, 200, "p1", house.phone, "", sdp()));
  CHECK(count(again, Method::ack) == 1);
  CHECK(count(again, Method::bye) == 0);
}

TEST_CASE("§9.1: no CANCEL goes out before the first provisional answer") {
  House house;
  auto invite = dial(house);
  house.endpoint->end(LegId{2}, house.now, house.out);
  CHECK(house.take().empty());
  CHECK(count(house.give(house.phone, House::answer(invite, 100, "", house.phone)), Method::cancel) == 1);
  house.give(house.phone, House::answer(invite, 487, "p1", house.phone));
  CHECK(house.out.rows.size() == 1);  // the binding
}

TEST_CASE("§9.1: the next INVITE to a phone waits until the one that was taken back has its end") {
  House house;
  auto first = dial(house);
  house.endpoint->end(LegId{2}, house.now, house.out);
  house.endpoint->dial_device(LegId{4}, DeviceId{1}, {"09127654321", ""}, {30002}, house.now, house.out);
  CHECK(house.take().empty());                       // neither a CANCEL nor a second INVITE: a phone with one line would say busy
  auto cancel = house.give(house.phone, House::answer(first, 180, "p1", house.phone));
  CHECK(count(cancel, Method::cancel) == 1);
  CHECK(count(cancel, Method::invite) == 0);
  auto after = house.give(house.phone, House::answer(first, 487, "p1", house.phone));
  REQUIRE(count(after, Method::invite) == 1);
  const auto second = parsed(after.back().bytes);
  CHECK(second.first(Field::from).find("09127654321") != std::string_view::npos);
  house.give(house.phone, House::answer(second, 200, "p2", house.phone, "", sdp()));
  CHECK(house.out.last<LegAnswered>()->leg == LegId{4});
  CHECK(house.out.all<LegEnded>().size() == 1);
}

TEST_CASE("§9.1: an answer that crosses the take-back: the next INVITE waits for the end of that BYE, over a kill too") {
  for (const bool killed : {false, true}) {
    House house;
    auto first = dial(house);
    house.endpoint->end(LegId{2}, house.now, house.out);
    house.endpoint->dial_device(LegId{4}, DeviceId{1}, {"09127654321", ""}, {30002}, house.now, house.out);
    auto crossed = house.give(house.phone, House::answer(first, 200, "p1", house.phone, "", sdp()));
    CHECK(count(crossed, Method::ack) == 1);
    CHECK(count(crossed, Method::invite) == 0);
    if (killed) {
      house.restart();
      crossed = house.take();
      CHECK(count(crossed, Method::invite) == 0);
    }
    REQUIRE(count(crossed, Method::bye) == 1);
    auto after = house.give(house.phone, House::answer(parsed(crossed.back().bytes), 200, "p1", house.phone));
    CHECK(count(after, Method::invite) == 1);
    CHECK(house.out.all<LegAnswered>().empty());
  }
}

TEST_CASE("a phone that was taken back an INVITE and gives no sign of life fails the next one after 3 s; one that has rung off late is rung again") {
  House house;
  dial(house);
  house.endpoint->end(LegId{2}, house.now, house.out);
  house.endpoint->dial_device(LegId{4}, DeviceId{1}, {"1", ""}, {30002}, house.now, house.out);
  house.pass(Duration::milliseconds(2'900));
  CHECK(house.out.all<LegEnded>().size() == 1);
  house.pass(Duration::milliseconds(200));
  REQUIRE(house.out.last<LegEnded>()->leg == LegId{4});
  CHECK(house.out.last<LegEnded>()->status == 480);  // nobody there: the caller goes to another phone
  house.pass(Duration::seconds(40));                 // timer B
  CHECK(house.out.rows.size() == 1);                 // the binding
  house.endpoint->dial_device(LegId{6}, DeviceId{1}, {"1", ""}, {30004}, house.now, house.out);
  CHECK(count(house.take(), Method::invite) == 1);
}

TEST_CASE("an INVITE that waits is never sent when it is taken back itself") {
  House house;
  auto first = dial(house);
  house.endpoint->end(LegId{2}, house.now, house.out);
  house.endpoint->dial_device(LegId{4}, DeviceId{1}, {"1", ""}, {30002}, house.now, house.out);
  house.endpoint->end(LegId{4}, house.now, house.out);
  CHECK(house.out.last<LegEnded>()->leg == LegId{4});
  CHECK(count(house.give(house.phone, House::answer(first, 486, "p1", house.phone)), Method::invite) == 0);
  CHECK(house.out.rows.size() == 1);
}

TEST_CASE("a phone whose network was gone registers again: an INVITE that it never answered is repeated at once, not when timer A comes to it") {
  for (const bool taken_back : {false, true}) {
    House house;
    dial(house);
    if (taken_back) house.endpoint->end(LegId{2}, house.now, house.out);
    house.pass(Duration::seconds(16));                // the next by itself: 31.5 s after the first
    const auto sent = house.sign_in(house.phone, "201", 3);
    CHECK(count(sent, Method::invite) == 1);
    if (!taken_back) continue;
    house.endpoint->dial_device(LegId{4}, DeviceId{1}, {"1", ""}, {30002}, house.now, house.out);  // its agent is there again
    const auto invite = parsed(sent.front().bytes).method() == Method::invite ? parsed(sent.front().bytes) : parsed(sent.back().bytes);
    house.give(house.phone, House::answer(invite, 180, "p1", house.phone));
    const auto rung_off = house.give(house.phone, House::answer(invite, 487, "p1", house.phone));
    CHECK(count(rung_off, Method::invite) == 1);      // and rings for the next caller
    CHECK(house.out.all<LegEnded>().size() == 1);
  }
}

TEST_CASE("a phone that registers while it rings is not rung once more") {
  House house;
  auto invite = dial(house);
  house.give(house.phone, House::answer(invite, 180, "p1", house.phone));
  CHECK(count(house.sign_in(house.phone, "201", 3), Method::invite) == 0);
}

TEST_CASE("§10.2.4: a phone that registers with another Call-ID has started anew: its calls are asked about, what it was taken back is over") {
  House house;
  talk(house);
  auto anew = house.registration(house.phone, "201", 1);
  anew.call_id = "started-anew";
  auto challenge = parsed(house.give(house.phone, house.write(house.phone, anew)).at(0).bytes);
  anew.cseq = 2;
  anew.extra += House::authorization(challenge, "201", "secret", "REGISTER", anew.uri);
  auto sent = house.give(house.phone, house.write(house.phone, anew));
  REQUIRE(count(sent, Method::invite) == 1);
  Message asked = parsed(sent.back().bytes);
  if (asked.method() != Method::invite) asked = parsed(sent.front().bytes);
  auto gone = house.give(house.phone, House::answer(asked, 481, "p1", house.phone));
  CHECK(house.out.last<LegEnded>()->cause == "lost");
  house.sign_in(house.phone, "201", 5);               // the usual Call-ID of this test's phone: another one again
  CHECK(house.out.all<LegEnded>().size() == 1);
}

TEST_CASE("ask_alive: an answer changes nothing; while a re-INVITE is under way that tells as well") {
  House house;
  talk(house);
  house.endpoint->ask_alive(LegId{2}, house.now, house.out);
  auto asked = house.take();
  REQUIRE(count(asked, Method::invite) == 1);
  house.endpoint->ask_alive(LegId{2}, house.now, house.out);
  CHECK(house.take().empty());
  house.give(house.phone, House::answer(parsed(asked[0].bytes), 200, "p1", house.phone, "", sdp(41000)));
  CHECK(house.out.all<LegEnded>().empty());
  house.endpoint->ask_alive(LegId{2}, house.now, house.out);
  house.pass(Duration::seconds(40));
  CHECK(house.out.last<LegEnded>()->cause == "timeout");
}

TEST_CASE("§13.2.2.4: of several 2xx by forked proxies the first wins, the others are acknowledged and hung up") {
  House house;
  auto invite = dial(house);
  auto first = house.give(house.phone, House::answer(invite, 200, "one", house.phone, "", sdp()));
  CHECK(count(first, Method::ack) == 1);
  auto second = house.give(house.phone, House::answer(invite, 200, "two", house.phone, "", sdp()));
  CHECK(count(second, Method::ack) == 1);
  CHECK(count(second, Method::bye) == 1);
  for (const auto& message : messages(second)) CHECK(message.to_tag() == "two");
  CHECK(house.out.all<LegAnswered>().size() == 1);
  auto repeated = house.give(house.phone, House::answer(invite, 200, "one", house.phone, "", sdp()));
  CHECK(count(repeated, Method::ack) == 1);
  CHECK(repeated.size() == 1);
}

TEST_CASE("a device with two bindings rings at both; the first answer wins and the other is cancelled") {
  House house;
  const Flow other{Transport::udp, {"127.0.0.1", 7002}, 0};
  house.sign_in(house.phone, "201");
  house.sign_in(other, "201");
  house.endpoint->dial_device(LegId{2}, DeviceId{1}, {"0912", ""}, {30000}, house.now, house.out);
  auto invites = house.take();
  REQUIRE(invites.size() >= 2);
  auto a = parsed(invites[invites.size() - 2].bytes), b = parsed(invites.back().bytes);
  CHECK(a.call_id() == b.call_id());
  CHECK(a.vias()[0].branch != b.vias()[0].branch);
  house.give(house.phone, House::answer(a, 180, "a", house.phone));
  house.give(other, House::answer(b, 180, "b", other));
  CHECK(house.out.all<LegRinging>().size() == 1);
  auto won = house.give(other, House::answer(b, 200, "b", other, "", sdp(42000)));
  CHECK(count(won, Method::ack) == 1);
  CHECK(count(won, Method::cancel) == 1);
  CHECK(house.out.last<LegAnswered>()->media.remote.port == 42000);
  house.give(house.phone, House::answer(a, 487, "a", house.phone));
  CHECK(house.out.all<LegEnded>().empty());
  CHECK(house.endpoint->legs().size() == 1);
}

TEST_CASE("failures of a device tell what they mean: busy, declined, nobody, no answer at all") {
  for (int status : {486, 600, 603, 480, 404, 488}) {
    House house;
    auto invite = dial(house);
    house.give(house.phone, House::answer(invite, status, "p", house.phone));
    CHECK(house.out.last<LegEnded>()->status == status);
    CHECK(house.out.last<LegEnded>()->cause == "refused");
    CHECK(house.out.last<LegEnded>()->by_peer);
  }
  House silent;
  dial(silent);
  silent.pass(Duration::seconds(33));
  CHECK(silent.out.last<LegEnded>()->status == 408);
  CHECK(silent.out.last<LegEnded>()->cause == "timeout");
  House nobody;
  nobody.endpoint->dial_device(LegId{2}, DeviceId{2}, {"1", ""}, {30000}, nobody.now, nobody.out);
  CHECK(nobody.out.last<LegEnded>()->status == 480);
}

TEST_CASE("threats S12: a redirection is never followed") {
  House house;
  auto invite = dial(house);
  auto sent = house.give(house.phone, House::answer(invite, 302, "p", house.phone));
  CHECK(count(sent, Method::invite) == 0);
  CHECK(house.out.last<LegEnded>()->status == 302);
}

TEST_CASE("§8.2.2.2: the same request by another way is 482") {
  House house;
  auto call = house.call_in();
  auto merged = call.invite;
  merged.branch = "z9hG4bKother";
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, merged))) == 482);
  CHECK(house.out.all<LegArrived>().size() == 1);
}

TEST_CASE("§17.2.3: an INVITE that comes again gets the last provisional answer again, and no second leg") {
  House house;
  auto call = house.call_in();
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, call.invite))) == 100);
  house.endpoint->ring(call.leg, house.now, house.out);
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, call.invite))) == 180);
  CHECK(house.out.all<LegArrived>().size() == 1);
}

TEST_CASE("RFC 3264: delayed offer: ours goes in the 200, the answer comes with the ACK") {
  House house;
  auto call = house.call_in("", "");
  CHECK_FALSE(house.out.last<LegArrived>()->has_offer);
  auto answer = house.accept(call);
  CHECK(answer.body().find("m=audio 30000") != std::string_view::npos);
  CHECK(house.out.all<LegMediaChanged>().empty());
  auto ack = house.in_dialog(call, "ACK", 1);
  ack.body = sdp(43210);
  house.give(house.carrier, house.write(house.carrier, ack));
  CHECK(house.out.last<LegConfirmed>()->media.remote.port == 43210);
}

TEST_CASE("RFC 3264: an ACK without the answer it owes ends the call") {
  House house;
  auto call = house.call_in("", "");
  house.accept(call);
  auto sent = house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "ACK", 1)));
  CHECK(count(sent, Method::bye) == 1);
  CHECK(house.out.last<LegEnded>()->status == 488);
}

TEST_CASE("no G.711 at all: 488, and a log line that names what was offered") {
  House house;
  house.call_in("", "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18 96\r\na=rtpmap:96 opus/48000/2\r\n");
  CHECK(house.out.all<LegArrived>().empty());
  auto log = house.out.last<Log>();
  REQUIRE(log);
  CHECK(log->fields.at(0).second.find("G729") != std::string::npos);
}

TEST_CASE("a phone's hold and resume by re-INVITE: answered, told once each, the repeated 2xx stops at the ACK") {
  House house;
  auto call = house.talk_in();
  auto hold = house.in_dialog(call, "INVITE", 2);
  hold.body = sdp(40000, "127.0.0.1", "sendonly");
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, hold))) == 200);
  CHECK(house.out.last<LegMediaChanged>()->held);
  auto ack = house.in_dialog(call, "ACK", 2);
  house.give(house.carrier, house.write(house.carrier, ack));
  auto resume = house.in_dialog(call, "INVITE", 3);
  resume.body = sdp();
  house.give(house.carrier, house.write(house.carrier, resume));
  CHECK_FALSE(house.out.last<LegMediaChanged>()->held);
  house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "ACK", 3)));
  CHECK(house.pass(Duration::seconds(40)).empty());
  CHECK(house.out.all<LegEnded>().empty());
}

TEST_CASE("§14.2: a second INVITE before the first has its final answer is 500 with Retry-After") {
  House house;
  auto call = house.call_in();
  house.endpoint->ring(call.leg, house.now, house.out);
  call.local_tag = parsed(house.take().back().bytes).to_tag();
  auto second = house.in_dialog(call, "INVITE", 2);
  second.body = sdp();
  auto refused = parsed(house.give(house.carrier, house.write(house.carrier, second)).at(0).bytes);
  CHECK(refused.status() == 500);
  REQUIRE(refused.has(Field::retry_after));
  CHECK(std::stoi(std::string(refused.first(Field::retry_after))) <= 10);
}

TEST_CASE("§14.1: who begins another INVITE has had our 2xx: a lost ACK, to the first INVITE or to a re-INVITE, does not cost the hold") {
  House house;
  auto call = house.call_in();
  house.accept(call);
  auto hold = house.in_dialog(call, "INVITE", 2);
  hold.body = sdp(40000, "127.0.0.1", "sendonly");
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, hold))) == 200);
  CHECK(house.out.all<LegConfirmed>().size() == 1);
  CHECK(house.out.last<LegMediaChanged>()->held);
  auto resume = house.in_dialog(call, "INVITE", 3);
  resume.body = sdp();
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, resume))) == 200);
  CHECK_FALSE(house.out.last<LegMediaChanged>()->held);
  house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "ACK", 1)));  // both late
  house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "ACK", 3)));
  CHECK(house.pass(Duration::seconds(40)).empty());
  CHECK(house.out.all<LegEnded>().empty());
  CHECK(house.out.all<LegConfirmed>().size() == 1);
}

TEST_CASE("§14.2, RFC 6337 §2.2: while an offer of ours in a 2xx waits for its answer in the ACK, an INVITE or UPDATE with an offer is 491") {
  House house;
  auto call = house.talk_in();
  house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "INVITE", 2)));  // without an offer: ours is in the 2xx
  auto second = house.in_dialog(call, "INVITE", 3);
  second.body = sdp();
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, second))) == 491);
  auto update = house.in_dialog(call, "UPDATE", 4);
  update.body = sdp();
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, update))) == 491);
  auto ack = house.in_dialog(call, "ACK", 2);
  ack.body = sdp(41000);
  house.give(house.carrier, house.write(house.carrier, ack));
  CHECK(house.out.last<LegMediaChanged>()->media.remote.port == 41000);
  second.cseq = 5;
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, second))) == 200);
}

TEST_CASE("§14.2: an offer we cannot take is 488 and the call goes on") {
  House house;
  auto call = house.talk_in();
  auto opus = house.in_dialog(call, "INVITE", 4);
  opus.body = "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n";
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, opus))) == 488);
  CHECK(house.out.all<LegEnded>().empty());
}

TEST_CASE("§14.1: 491 to our re-INVITE: the owner of the Call-ID tries again after 2.1-4 s, the other after 0-2 s") {
  for (int n = 0; n < 20; ++n) {
    House house;
    house.epoch = static_cast<std::uint64_t>(n + 1);
    house.start();
    talk(house);
    house.endpoint->renegotiate(LegId{2}, {32000}, house.now, house.out);
    auto again = parsed(house.take().at(0).bytes);
    house.give(house.phone, House::answer(again, 491, "p1", house.phone));
    CHECK(count(house.pass(Duration::milliseconds(2'099)), Method::invite) == 0);
    CHECK(count(house.pass(Duration::milliseconds(1'902)), Method::invite) >= 1);

    House called;
    called.epoch = static_cast<std::uint64_t>(n + 1);
    called.start();
    auto call = called.talk_in();
    called.out.sent.clear();
    called.endpoint->renegotiate(call.leg, {32000}, called.now, called.out);
    auto ours = parsed(called.take().at(0).bytes);
    called.give(called.carrier, House::answer(ours, 491, "", called.carrier));
    CHECK(count(called.pass(Duration::milliseconds(2'001)), Method::invite) >= 1);
  }
}

TEST_CASE("§14.2: while our re-INVITE is under way the peer's is 491") {
  House house;
  auto invite = talk(house);
  house.endpoint->renegotiate(LegId{2}, {32000}, house.now, house.out);
  house.take();
  auto theirs = from_phone(invite, "INVITE", 1);
  theirs.body = sdp();
  CHECK(only_status(house.give(house.phone, house.write(house.phone, theirs))) == 491);
}

TEST_CASE("renegotiate: a new port is offered with a higher version, the answer is acknowledged and told") {
  House house;
  talk(house);
  house.endpoint->renegotiate(LegId{2}, {32000}, house.now, house.out);
  auto again = parsed(house.take().at(0).bytes);
  CHECK(again.body().find("m=audio 32000") != std::string_view::npos);
  CHECK(again.body().find("o=") != std::string_view::npos);
  auto ack = house.give(house.phone, House::answer(again, 200, "p1", house.phone, "", sdp(45000)));
  CHECK(count(ack, Method::ack) == 1);
  CHECK(house.out.last<LegMediaChanged>()->media.remote.port == 45000);
}

TEST_CASE("renegotiate that comes too early is carried out as soon as the ACK is there") {
  House house;
  auto call = house.call_in();
  house.accept(call);
  house.endpoint->renegotiate(call.leg, {32000}, house.now, house.out);
  CHECK(house.take().empty());
  CHECK(count(house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "ACK", 1))), Method::invite) == 1);
}

TEST_CASE("RFC 3311: UPDATE with an offer is answered; without one it only refreshes; 491 while an offer of ours is open") {
  House house;
  auto invite = talk(house);
  auto update = from_phone(invite, "UPDATE", 1);
  update.body = sdp(46000, "127.0.0.1", "inactive");
  CHECK(only_status(house.give(house.phone, house.write(house.phone, update))) == 200);
  CHECK(house.out.last<LegMediaChanged>()->held);
  const auto told = house.out.all<LegMediaChanged>().size();
  CHECK(only_status(house.give(house.phone, house.write(house.phone, from_phone(invite, "UPDATE", 2)))) == 200);
  CHECK(house.out.all<LegMediaChanged>().size() == told);
  house.endpoint->renegotiate(LegId{2}, {32000}, house.now, house.out);
  house.take();
  auto crossing = from_phone(invite, "UPDATE", 3);
  crossing.body = sdp();
  CHECK(only_status(house.give(house.phone, house.write(house.phone, crossing))) == 491);
}

TEST_CASE("RFC 3262 §3: required 100rel: the 180 is reliable, repeated until its PRACK; a wrong RAck is 481") {
  House house;
  auto call = house.call_in("Require: 100rel\r\n");
  house.endpoint->ring(call.leg, house.now, house.out);
  auto ringing = parsed(house.take().back().bytes);
  CHECK(ringing.status() == 180);
  CHECK(ringing.lists(Field::require, "100rel"));
  CHECK(ringing.first(Field::rseq) == "1");
  CHECK(count(house.pass(Duration::milliseconds(3'600)), Method::invite, 180) == 3);
  call.local_tag = ringing.to_tag();
  auto prack = house.in_dialog(call, "PRACK", 2);
  prack.extra = "RAck: 9 1 INVITE\r\n";
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, prack))) == 481);
  prack = house.in_dialog(call, "PRACK", 3);
  prack.extra = "RAck: 1 1 INVITE\r\n";
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, prack))) == 200);
  CHECK(house.pass(Duration::seconds(20)).empty());
  CHECK(house.accept(call).status() == 200);
}

TEST_CASE("RFC 3262 §4: a reliable 183 is acknowledged by PRACK, once; early media is told") {
  House house;
  auto invite = dial(house);
  const auto progress = House::answer(invite, 183, "p1", house.phone, "Require: 100rel\r\nRSeq: 41\r\n", sdp(47000));
  auto sent = house.give(house.phone, progress);
  REQUIRE(count(sent, Method::prack) == 1);
  auto prack = parsed(sent.back().bytes);
  CHECK(prack.first(Field::rack) == "41 1 INVITE");
  CHECK(prack.to_tag() == "p1");
  CHECK(prack.cseq() == 2);
  CHECK(house.out.last<LegEarlyMedia>()->media.remote.port == 47000);
  CHECK(count(house.give(house.phone, progress), Method::prack) == 0);
  house.give(house.phone, House::answer(prack, 200, "", house.phone));
  house.give(house.phone, House::answer(invite, 200, "p1", house.phone));  // the answer was in the 183
  CHECK(house.out.last<LegAnswered>()->media.remote.port == 47000);
}

TEST_CASE("RFC 3311 §5.2 with RFC 3262 §5: an UPDATE while our call rings is answered in the early dialog, and what it agreed on holds at the 2xx") {
  House house;
  auto invite = dial(house);
  auto early = from_phone(invite, "UPDATE", 1);
  early.body = sdp(48000);
  CHECK(only_status(house.give(house.phone, house.write(house.phone, early))) == 481);  // there is no dialog yet
  auto sent = house.give(house.phone, House::answer(invite, 183, "p1", house.phone, "Require: 100rel\r\nRSeq: 41\r\n", sdp(47000)));
  house.give(house.phone, House::answer(parsed(sent.back().bytes), 200, "", house.phone));
  early.branch.clear();
  early.cseq = 2;
  const auto answered = house.give(house.phone, house.write(house.phone, early));
  CHECK(only_status(answered) == 200);
  CHECK(sdp_of(parsed(answered.at(0).bytes)).find("m=audio 30000") != std::string::npos);
  CHECK(house.out.last<LegEarlyMedia>()->media.remote.port == 48000);
  CHECK(only_status(house.give(house.phone, house.write(house.phone, from_phone(invite, "UPDATE", 1)))) == 500);   // older
  CHECK(only_status(house.give(house.phone, house.write(house.phone, from_phone(invite, "UPDATE", 3, "other")))) == 481);
  house.give(house.phone, House::answer(invite, 200, "p1", house.phone, "", sdp(47000)));  // repeats what the 183 said
  CHECK(house.out.last<LegAnswered>()->media.remote.port == 48000);
}

TEST_CASE("§13.2.1 with RFC 3262 §5: an INVITE that requires 100rel and brings no offer gets no 180 without ours: the 200 has it") {
  House house;
  auto call = house.call_in("Require: 100rel\r\n", "");
  house.out.sent.clear();
  house.endpoint->ring(call.leg, house.now, house.out);
  CHECK(house.take().empty());
  auto answer = house.accept(call);
  CHECK(answer.status() == 200);
  CHECK_FALSE(sdp_of(answer).empty());
}

TEST_CASE("RFC 4028 §9, §14.2: a re-INVITE or UPDATE refused with 422 leaves the session as it was") {
  House house;
  auto call = house.talk_in();
  const auto told = house.out.all<LegMediaChanged>().size();
  std::uint32_t cseq = 2;
  for (const char* method : {"INVITE", "UPDATE"}) {
    auto short_one = house.in_dialog(call, method, cseq++);
    short_one.extra = "Supported: timer\r\nSession-Expires: 30\r\n";
    short_one.body = sdp(40000, "127.0.0.1", "sendonly");
    CHECK(only_status(house.give(house.carrier, house.write(house.carrier, short_one))) == 422);
  }
  CHECK(house.out.all<LegMediaChanged>().size() == told);
  CHECK(house.endpoint->legs()[0].media->send);
}

TEST_CASE("RFC 3891 §3: who wants only a call that still rings gets 486 for one in talk") {
  House house;
  auto call = house.talk_in();
  auto invite = call.invite;
  invite.call_id = "new@peer";
  invite.branch.clear();
  invite.extra = "Replaces: " + call.invite.call_id + ";to-tag=" + call.local_tag + ";from-tag=peer ; early-only\r\n";
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, invite))) == 486);
  CHECK(house.endpoint->legs().size() == 1);
}

TEST_CASE("RFC 4028: a session that asks for less than 90 s is 422 with Min-SE; else it is agreed and the refresher is named") {
  House house;
  house.call_in("Supported: timer\r\nSession-Expires: 60\r\n");
  CHECK(house.out.all<LegArrived>().empty());
  auto call = house.call_in("Supported: timer\r\nSession-Expires: 200;refresher=uas\r\n");
  auto answer = house.accept(call);
  CHECK(answer.first(Field::session_expires) == "200;refresher=uas");
}

TEST_CASE("RFC 4028 §10: we refresh at half time by UPDATE where the peer allows it, else by re-INVITE with the same session description") {
  for (bool update : {true, false}) {
    House house;
    auto call = house.talk_in(std::string("Supported: timer\r\nSession-Expires: 200;refresher=uas\r\n") + (update ? "Allow: INVITE, UPDATE\r\n" : ""));
    CHECK(house.pass(Duration::seconds(99)).empty());
    auto sent = house.pass(Duration::milliseconds(1'100));
    REQUIRE(sent.size() >= 1);
    auto refresh = parsed(sent[0].bytes);
    CHECK(refresh.method() == (update ? Method::update : Method::invite));
    CHECK(refresh.first(Field::session_expires) == "200;refresher=uac");
    house.give(house.carrier, House::answer(refresh, 200, "", house.carrier, "Session-Expires: 200;refresher=uac\r\n", update ? "" : sdp()));
    CHECK(house.out.all<LegEnded>().empty());
    CHECK(house.pass(Duration::seconds(98)).empty());
    CHECK_FALSE(house.pass(Duration::seconds(3)).empty());
  }
}

TEST_CASE("RFC 4028 §9: whoever does not name a refresher is refreshed by us, so a phone that says \"timer\" and never refreshes keeps its call") {
  for (const char* asks : {"Supported: timer\r\n", "Supported: timer\r\nSession-Expires: 1800\r\n", "Session-Expires: 1800\r\n"}) {
    CAPTURE(asks);
    House house;
    auto call = house.call_in(std::string(asks) + "Allow: INVITE, UPDATE\r\n");
    auto answer = house.accept(call);
    CHECK(answer.first(Field::session_expires) == "1800;refresher=uas");
    CHECK_FALSE(answer.lists(Field::require, "timer"));
  }
  House house;
  house.talk_in("Supported: timer\r\nAllow: INVITE, UPDATE\r\n");
  for (int half = 0; half < 4; ++half) {
    CHECK(house.pass(Duration::seconds(898)).empty());
    auto sent = house.pass(Duration::seconds(3));
    REQUIRE(count(sent, Method::update) >= 1);
    house.give(house.carrier, House::answer(parsed(sent[0].bytes), 200, "", house.carrier, "Session-Expires: 1800;refresher=uac\r\n", ""));
  }
  CHECK(house.out.all<LegEnded>().empty());
}

TEST_CASE("RFC 4028 §10: a session nobody refreshes ends with a BYE before its time is over") {
  House house;
  house.talk_in("Supported: timer\r\nSession-Expires: 180;refresher=uac\r\n");
  CHECK(house.pass(Duration::seconds(147)).empty());
  auto sent = house.pass(Duration::seconds(2));
  CHECK(count(sent, Method::bye) >= 1);
  CHECK(house.out.last<LegEnded>()->cause == "session-expired");
}

TEST_CASE("RFC 3515: REFER of a phone: 202, NOTIFY 100 at once, progress and outcome as sipfrag, then no subscription is left") {
  House house;
  auto invite = talk(house);
  auto refer = from_phone(invite, "REFER", 7);
  refer.extra = "Refer-To: <sip:202@127.0.0.1>\r\n";
  auto sent = house.give(house.phone, house.write(house.phone, refer));
  CHECK(count(sent, Method::refer, 202) == 1);
  REQUIRE(count(sent, Method::notify) == 1);
  auto notify = parsed(sent.back().bytes);
  CHECK(notify.first(Field::event) == "refer;id=7");
  CHECK(notify.first(Field::subscription_state).starts_with("active"));
  CHECK(notify.body() == "SIP/2.0 100 Trying\r\n");
  CHECK(house.out.last<LegTransferAsked>()->dialled == "202");
  house.give(house.phone, House::answer(notify, 200, "", house.phone));
  house.endpoint->transfer_progress(LegId{2}, true, true, house.now, house.out);
  auto last = parsed(house.take().at(0).bytes);
  CHECK(last.first(Field::subscription_state).starts_with("terminated"));
  CHECK(last.body() == "SIP/2.0 200 OK\r\n");
  house.give(house.phone, House::answer(last, 200, "", house.phone));
  refer.cseq = 8;
  refer.branch.clear();
  CHECK(count(house.give(house.phone, house.write(house.phone, refer)), Method::refer, 202) == 1);
}

TEST_CASE("RFC 3515 with RFC 3891: Refer-To with Replaces names our other leg") {
  House house;
  auto first = talk(house, LegId{2});
  auto second = talk(house, LegId{4});
  auto refer = from_phone(first, "REFER", 1);
  std::string named(second.call_id());
  named.replace(named.find('@'), 1, "%40");
  refer.extra = "Refer-To: <sip:202@127.0.0.1?Replaces=" + named + "%3Bto-tag%3D" + std::string(second.from_tag()) + "%3Bfrom-tag%3Dp1>\r\n";
  house.give(house.phone, house.write(house.phone, refer));
  REQUIRE(house.out.last<LegTransferAsked>());
  CHECK(house.out.last<LegTransferAsked>()->replaces == LegId{4});
}

TEST_CASE("threats S12: a trunk's REFER is refused") {
  House house;
  auto call = house.talk_in();
  auto refer = house.in_dialog(call, "REFER", 2);
  refer.extra = "Refer-To: <sip:009@elsewhere>\r\n";
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, refer))) == 403);
}

TEST_CASE("RFC 3891: INVITE with Replaces takes the leg's place: answered with its port, the old dialog is ended; unknown is 481") {
  House house;
  auto call = house.talk_in();
  auto invite = call.invite;
  invite.call_id = "new@peer";
  invite.branch.clear();
  invite.extra = "Replaces: " + call.invite.call_id + ";to-tag=" + call.local_tag + ";from-tag=peer\r\n";
  auto sent = house.give(house.carrier, house.write(house.carrier, invite));
  CHECK(count(sent, Method::invite, 200) == 1);
  CHECK(count(sent, Method::bye) == 1);
  auto replaced = house.out.last<LegReplaced>();
  REQUIRE(replaced);
  CHECK(replaced->leg == call.leg);
  CHECK(house.endpoint->legs().size() == 1);
  CHECK(house.endpoint->legs()[0].leg == replaced->by);
  invite.call_id = "third@peer";
  invite.extra = "Replaces: nonsense;to-tag=a;from-tag=b\r\n";
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, invite))) == 481);
}

TEST_CASE("INFO digits: dtmf-relay and dtmf; other bodies are 415") {
  House house;
  auto call = house.talk_in();
  auto info = house.in_dialog(call, "INFO", 2);
  info.type = "application/dtmf-relay";
  info.body = "Signal=5\r\nDuration=160\r\n";
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, info))) == 200);
  CHECK(house.out.last<LegDigit>()->digit == '5');
  CHECK(house.out.last<LegDigit>()->duration_ms == 160);
  info = house.in_dialog(call, "INFO", 3);
  info.type = "application/dtmf";
  info.body = "#";
  house.give(house.carrier, house.write(house.carrier, info));
  CHECK(house.out.last<LegDigit>()->digit == '#');
  info = house.in_dialog(call, "INFO", 4);
  info.type = "text/plain";
  info.body = "hello";
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, info))) == 415);
}

TEST_CASE("§12.2.2: an older CSeq inside a dialog is 500; an unknown dialog is 481, an ACK to it is not answered") {
  House house;
  auto call = house.talk_in();
  house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "OPTIONS", 9)));
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "OPTIONS", 3)))) == 500);
  auto stranger = house.in_dialog(call, "BYE", 10);
  stranger.to = "<sip:8000@127.0.0.1>;tag=forged";
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, stranger))) == 481);
  stranger.method = "ACK";
  stranger.branch.clear();
  CHECK(house.give(house.carrier, house.write(house.carrier, stranger)).empty());
  stranger = house.in_dialog(call, "BYE", 11);
  stranger.from = "<sip:09121234567@carrier.example>;tag=other";
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, stranger))) == 481);
}

TEST_CASE("end between 2xx and ACK: the BYE waits for the ACK (§15)") {
  House house;
  auto call = house.call_in();
  house.accept(call);
  house.endpoint->end(call.leg, house.now, house.out);
  CHECK(house.take().empty());
  CHECK(house.out.all<LegEnded>().size() == 1);
  CHECK(count(house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "ACK", 1))), Method::bye) == 1);
}

TEST_CASE("two BYE that cross are both answered 200") {
  House house;
  auto call = house.talk_in();
  house.out.sent.clear();
  house.endpoint->end(call.leg, house.now, house.out);
  auto ours = parsed(house.take().at(0).bytes);
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "BYE", 2)))) == 200);
  house.give(house.carrier, House::answer(ours, 200, "", house.carrier));
  CHECK(house.endpoint->counters().legs == 0);
  CHECK(only_status(house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "BYE", 3)))) == 200);
}

TEST_CASE("orders for a leg in an unfitting state, or for none, do nothing") {
  House house;
  auto call = house.talk_in();
  house.out.sent.clear();
  house.out.events.clear();
  house.endpoint->ring(call.leg, house.now, house.out);
  house.endpoint->accept(call.leg, {1000}, house.now, house.out);
  house.endpoint->refuse(call.leg, 486, "", house.now, house.out);
  house.endpoint->transfer_progress(call.leg, true, true, house.now, house.out);
  for (LegId leg : {LegId{999}, LegId{0}}) {
    house.endpoint->ring(leg, house.now, house.out);
    house.endpoint->accept(leg, {1000}, house.now, house.out);
    house.endpoint->refuse(leg, 486, "", house.now, house.out);
    house.endpoint->end(leg, house.now, house.out);
    house.endpoint->renegotiate(leg, {1000}, house.now, house.out);
    house.endpoint->transfer_progress(leg, false, false, house.now, house.out);
  }
  CHECK(house.out.sent.empty());
  CHECK(house.out.events.empty());
}

TEST_CASE("§12.1.1, §12.2.1.1: Record-Route of the caller is the way of our BYE, in order") {
  House house;
  auto call = house.call_in("Record-Route: <sip:127.0.0.2:5080;lr>, <sip:inner.example;lr>\r\n");
  auto answer = house.accept(call);
  CHECK(answer.list(Field::record_route).size() == 2);
  house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "ACK", 1)));
  house.out.sent.clear();
  house.endpoint->end(call.leg, house.now, house.out);
  auto bye = parsed(house.take().at(0).bytes);
  auto routes = bye.all(Field::route);
  REQUIRE(routes.size() == 2);
  CHECK(routes[0] == "<sip:127.0.0.2:5080;lr>");
  CHECK(bye.request_uri() == "sip:peer@127.0.0.2:5080");
}

// --- host names in the dialog's target (RFC 3263)

namespace {

const Flow other_node{Transport::udp, {"127.0.0.2", 5099}, 0};  // of the same carrier

// a call whose Contact names a host, as far as our 2xx
House::Incoming named_call(House& house, const std::string& contact = "sip:peer@node7.carrier.example:5099") {
  house.out.looks_up = true;
  House::Incoming call;
  call.invite.call_id = "named-" + std::to_string(++house.counter) + "@peer";
  call.invite.branch = house.branch();
  call.invite.contact = false;
  call.invite.extra = "Contact: <" + contact + ">\r\n";
  call.invite.body = sdp();
  house.give(house.carrier, house.write(house.carrier, call.invite));
  call.leg = house.out.last<LegArrived>()->leg;
  house.accept(call);
  house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "ACK", 1)));
  house.out.sent.clear();
  return call;
}
void found(House& house, std::vector<Flow> flows) {
  const auto question = house.out.questions.back();
  house.endpoint->resolved(question.host, question.port, question.transport, std::move(flows), house.now, house.out);
}

}  // namespace

TEST_CASE("RFC 3263: the host that a Contact names is looked up when the call comes, once, and requests in the dialog go there") {
  House house;
  auto call = named_call(house);
  REQUIRE(house.out.questions.size() == 1);
  CHECK(house.out.questions[0].host == "node7.carrier.example");
  CHECK(house.out.questions[0].port == 5099);
  found(house, {{Transport::udp, {"203.0.113.9", 5099}, 0}, other_node});  // the first is not the trunk's
  house.endpoint->renegotiate(call.leg, {31000}, house.now, house.out);
  auto sent = house.take();
  REQUIRE(count(sent, Method::invite) == 1);
  CHECK(sent[0].to == other_node);
  house.give(other_node, House::answer(parsed(sent[0].bytes), 200, "", other_node, "", sdp()));
  house.out.sent.clear();
  house.endpoint->end(call.leg, house.now, house.out);
  sent = house.take();
  REQUIRE(count(sent, Method::bye) == 1);
  CHECK(sent[0].to.remote == other_node.remote);
  named_call(house);
  CHECK(house.out.questions.size() == 1);  // remembered
}

TEST_CASE("RFC 3263: a request waits for the name, over a kill too; after 2 s without an answer it goes to where the call came from") {
  for (const bool answered : {true, false}) {
    House house;
    auto call = named_call(house);
    house.endpoint->end(call.leg, house.now, house.out);
    CHECK(house.take().empty());
    house.restart();
    CHECK(count(house.take(), Method::bye) == 0);
    REQUIRE(house.out.questions.size() == 2);
    if (answered) found(house, {other_node});
    const auto sent = answered ? house.take() : house.pass(Duration::milliseconds(2'100));
    REQUIRE(count(sent, Method::bye) >= 1);
    CHECK(sent[0].to.remote == (answered ? other_node.remote : house.carrier.remote));
    house.give(sent[0].to, House::answer(parsed(sent[0].bytes), 200, "", sent[0].to));
    CHECK(house.endpoint->legs().empty());
    CHECK(house.pass(Duration::seconds(40)).empty());
  }
}

TEST_CASE("RFC 3263, threats S12: a name outside the trunk's networks, or one that nobody knows, gets nothing: requests go to where the call came from, and the log says so") {
  for (const auto& flows : {std::vector<Flow>{}, std::vector<Flow>{{Transport::udp, {"203.0.113.9", 5099}, 0}}}) {
    House house;
    auto call = named_call(house);
    found(house, flows);
    CHECK(house.out.last<Log>()->level == "warning");
    house.endpoint->end(call.leg, house.now, house.out);
    CHECK(house.take().at(0).to == house.carrier);
  }
}

TEST_CASE("RFC 3263, §13.2.2.4: our ACK to a 2xx whose Contact names a host waits for the name, too") {
  House house;
  house.out.looks_up = true;
  house.endpoint->dial_trunk(LegId{2}, TrunkId{1}, "09121234567", {"02191000000", ""}, {30000}, house.now, house.out);
  auto invite = parsed(house.take().at(0).bytes);
  auto ok = House::answer(invite, 200, "c1", house.carrier, "", sdp(41000));
  const std::string literal = "<sip:peer@127.0.0.2:5080>";
  ok.replace(ok.find(literal), literal.size(), "<sip:peer@node7.carrier.example:5099>");
  CHECK(house.give(house.carrier, ok).empty());
  CHECK(house.out.last<LegAnswered>());
  house.endpoint->end(LegId{2}, house.now, house.out);
  CHECK(house.take().empty());
  found(house, {other_node});
  const auto sent = house.take();
  REQUIRE(sent.size() == 2);
  CHECK(parsed(sent[0].bytes).method() == Method::ack);
  CHECK(parsed(sent[0].bytes).cseq() == invite.cseq());
  CHECK(parsed(sent[1].bytes).method() == Method::bye);
  CHECK(sent[0].to == other_node);
  CHECK(sent[1].to == other_node);
}
