// What a kill leaves and what the next life makes of it (docs/adr/0002-sip-state-rows.md).
#include <doctest/doctest.h>

#include "house.h"

using namespace pasokh;
using namespace pasokh::sip;
using namespace pasokh::sip::test;

namespace {

std::size_t count(const std::vector<Sent>& sent, Method method, int status = 0) {
  std::size_t n = 0;
  for (const auto& one : sent) { auto message = parsed(one.bytes); n += message.method() == method && message.status() == status; }
  return n;
}
struct Talking { Message invite; };
Message talk_out(House& house, LegId leg = LegId{2}) {
  house.sign_in(house.phone, "201");
  house.out.sent.clear();
  house.endpoint->dial_device(leg, DeviceId{1}, {"0912", ""}, {30000}, house.now, house.out);
  auto invite = parsed(house.take().at(0).bytes);
  house.give(house.phone, House::answer(invite, 180, "p1", house.phone));
  house.give(house.phone, House::answer(invite, 200, "p1", house.phone, "", sdp(41000)));
  house.out.sent.clear();
  return invite;
}

}  // namespace

TEST_CASE("an incoming call in progress: nothing is sent at the restart; hold and BYE of the peer work, twice killed") {
  House house;
  auto call = house.talk_in();
  house.out.events.clear();
  house.restart();
  house.restart();
  CHECK(house.take().empty());
  CHECK(house.out.events.empty());
  REQUIRE(house.endpoint->legs().size() == 1);
  auto info = house.endpoint->legs()[0];
  CHECK(info.leg == call.leg);
  CHECK(info.confirmed);
  CHECK(info.local.port == 30000);
  CHECK(info.media->remote.port == 40000);
  auto hold = house.in_dialog(call, "INVITE", 2);
  hold.body = sdp(40000, "127.0.0.1", "sendonly");
  CHECK(count(house.give(house.carrier, house.write(house.carrier, hold)), Method::invite, 200) == 1);
  CHECK(house.out.last<LegMediaChanged>()->held);
  house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "ACK", 2)));
  CHECK(count(house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "BYE", 3))), Method::bye, 200) == 1);
  CHECK(house.out.rows.empty());
}

TEST_CASE("an outgoing call in progress: our re-INVITE and BYE after the restart have a CSeq above all before, the same tags and a higher SDP version") {
  House house;
  auto invite = talk_out(house);
  house.restart();
  CHECK(house.take().empty());
  house.endpoint->renegotiate(LegId{2}, {32000}, house.now, house.out);
  auto again = parsed(house.take().at(0).bytes);
  CHECK(again.cseq() > invite.cseq());
  CHECK(again.from_tag() == invite.from_tag());
  CHECK(again.to_tag() == "p1");
  house.give(house.phone, House::answer(again, 200, "", house.phone, "", sdp()));
  house.restart();
  house.endpoint->end(LegId{2}, house.now, house.out);
  auto bye = parsed(house.take().at(0).bytes);
  CHECK(bye.method() == Method::bye);
  CHECK(bye.cseq() > again.cseq());
}

TEST_CASE("ringing in: the INVITE that comes again finds its leg, which can be answered, refused or cancelled") {
  for (int way : {0, 1, 2}) {
    House house;
    auto call = house.call_in();
    house.endpoint->ring(call.leg, house.now, house.out);
    house.restart();
    CHECK(count(house.give(house.carrier, house.write(house.carrier, call.invite)), Method::invite, 100) == 1);
    CHECK(house.out.all<LegArrived>().size() == 1);
    if (way == 0) {
      auto answer = house.accept(call);
      CHECK(answer.status() == 200);
      CHECK(answer.vias()[0].branch == call.invite.branch);
      CHECK(house.out.last<LegMediaChanged>()->media.remote.port == 40000);
      house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "ACK", 1)));
      CHECK(house.out.last<LegConfirmed>());
    } else if (way == 1) {
      house.endpoint->refuse(call.leg, 486, "", house.now, house.out);
      CHECK(count(house.take(), Method::invite, 486) == 1);
      house.restart();
      CHECK(count(house.take(), Method::invite, 486) == 1);          // nobody has acknowledged it
    } else {
      auto cancel = call.invite;
      cancel.method = "CANCEL";
      cancel.body.clear();
      CHECK(count(house.give(house.carrier, house.write(house.carrier, cancel)), Method::invite, 487) == 1);
    }
  }
}

TEST_CASE("a 2xx that is not acknowledged is repeated in the next life until the ACK") {
  House house;
  auto call = house.call_in();
  auto answer = house.accept(call);
  house.restart();
  auto repeats = house.pass(Duration::seconds(3));
  REQUIRE(count(repeats, Method::invite, 200) >= 2);
  auto again = parsed(repeats[0].bytes);
  CHECK(again.to_tag() == answer.to_tag());
  CHECK(again.body() == answer.body());
  house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "ACK", 1)));
  CHECK(house.out.last<LegConfirmed>()->leg == call.leg);
  CHECK(house.pass(Duration::seconds(40)).empty());
}

TEST_CASE("ringing out: the INVITE goes again with the same branch, so the phone knows it; its answer is taken") {
  House house;
  house.sign_in(house.phone, "201");
  house.out.sent.clear();
  house.endpoint->dial_device(LegId{2}, DeviceId{1}, {"0912", ""}, {30000}, house.now, house.out);
  const auto before = house.take().at(0).bytes;
  house.restart();
  auto sent = house.take();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].bytes == before);
  house.give(house.phone, House::answer(parsed(before), 200, "p1", house.phone, "", sdp()));
  CHECK(house.out.last<LegAnswered>());
}

TEST_CASE("a CANCEL that was under way is carried on; a BYE without an answer goes again with the same branch") {
  House house;
  house.sign_in(house.phone, "201");
  house.out.sent.clear();
  house.endpoint->dial_device(LegId{2}, DeviceId{1}, {"0912", ""}, {30000}, house.now, house.out);
  auto invite = parsed(house.take().at(0).bytes);
  house.give(house.phone, House::answer(invite, 180, "p1", house.phone));
  house.endpoint->end(LegId{2}, house.now, house.out);
  house.restart();
  CHECK(house.endpoint->legs().empty());
  CHECK(count(house.take(), Method::invite) == 1);
  CHECK(count(house.give(house.phone, House::answer(invite, 180, "p1", house.phone)), Method::cancel) == 1);
  house.give(house.phone, House::answer(invite, 487, "p1", house.phone));
  CHECK(house.endpoint->counters().legs == 0);

  auto second = talk_out(house, LegId{4});
  house.endpoint->end(LegId{4}, house.now, house.out);
  const auto bye = house.take().at(0).bytes;
  house.restart();
  auto sent = house.take();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].bytes == bye);
  house.give(house.phone, House::answer(parsed(bye), 200, "", house.phone));
  CHECK(house.endpoint->counters().legs == 0);
}

TEST_CASE("a BYE that comes again after the kill is 200, though the leg is gone; a dialog that never was is 481") {
  House house;
  auto call = house.talk_in();
  auto bye = house.in_dialog(call, "BYE", 2);
  house.give(house.carrier, house.write(house.carrier, bye));
  house.restart();
  CHECK(parsed(house.give(house.carrier, house.write(house.carrier, bye)).at(0).bytes).status() == 200);
  bye.to = "<sip:8000@127.0.0.1>;tag=1.2.0123456789abcdef";
  bye.branch.clear();
  CHECK(parsed(house.give(house.carrier, house.write(house.carrier, bye)).at(0).bytes).status() == 481);
}

TEST_CASE("a 2xx that comes again after the kill is acknowledged again") {
  House house;
  auto invite = talk_out(house);
  house.restart();
  auto sent = house.give(house.phone, House::answer(invite, 200, "p1", house.phone, "", sdp(41000)));
  REQUIRE(count(sent, Method::ack) == 1);
  CHECK(sent.size() == 1);
  CHECK(house.out.all<LegAnswered>().size() == 1);
}

TEST_CASE("a REFER whose outcome is owed is told of it in the next life; a session timer keeps its time") {
  House house;
  auto invite = talk_out(house);
  House::Request refer;
  refer.method = "REFER";
  refer.from = std::string(invite.first(Field::to)) + ";tag=p1";
  refer.to = invite.first(Field::from);
  refer.call_id = invite.call_id();
  refer.cseq = 3;
  refer.extra = "Refer-To: <sip:202@127.0.0.1>\r\n";
  auto sent = house.give(house.phone, house.write(house.phone, refer));
  house.give(house.phone, House::answer(parsed(sent.back().bytes), 200, "", house.phone));
  house.restart();
  house.endpoint->transfer_progress(LegId{2}, true, false, house.now, house.out);
  auto notify = parsed(house.take().at(0).bytes);
  CHECK(notify.body() == "SIP/2.0 503 Service Unavailable\r\n");
  CHECK(notify.first(Field::event) == "refer;id=3");

  House timed;
  timed.talk_in("Supported: timer\r\nSession-Expires: 180;refresher=uac\r\n");
  timed.pass(Duration::seconds(100));
  timed.restart();
  timed.take();
  timed.pass(Duration::seconds(50));
  REQUIRE(timed.out.last<LegEnded>());
  CHECK(timed.out.last<LegEnded>()->cause == "session-expired");
}

TEST_CASE("over TCP a call survives the restart: its requests ask for a new connection, and its answers come by the new one") {
  House house;
  Flow tcp{Transport::tcp, {"127.0.0.2", 5080}, 5};
  House::Request invite;
  invite.body = sdp();
  house.give(tcp, house.write(tcp, invite));
  auto arrived = house.out.last<LegArrived>();
  REQUIRE(arrived);
  house.endpoint->accept(arrived->leg, {30000}, house.now, house.out);
  house.restart();
  auto sent = house.pass(Duration::milliseconds(600));
  REQUIRE_FALSE(sent.empty());
  CHECK(sent[0].to.connection == 0);
  CHECK(sent[0].to.transport == Transport::tcp);
}

TEST_CASE("rows are few and small: three writes a leg, none above 1.5 KB, none left") {
  House house;
  house.sign_in(house.phone, "201");
  const auto before = house.out.saves;
  auto call = house.talk_in();
  house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "BYE", 2)));
  CHECK(house.out.saves - before == 3);
  const auto incoming = house.out.saves;
  house.out.sent.clear();
  house.endpoint->dial_device(LegId{2}, DeviceId{1}, {"0912", "Sara"}, {30000}, house.now, house.out);
  auto invite = parsed(house.take().at(0).bytes);
  house.give(house.phone, House::answer(invite, 180, "p1", house.phone));
  house.give(house.phone, House::answer(invite, 200, "p1", house.phone, "", sdp()));
  house.out.sent.clear();
  house.endpoint->end(LegId{2}, house.now, house.out);
  auto bye = parsed(house.take().at(0).bytes);
  house.give(house.phone, House::answer(bye, 200, "", house.phone));
  CHECK(house.out.saves - incoming == 3);
  CHECK(house.out.largest_row <= 1'536);
  CHECK(house.out.rows.size() == 1);  // the binding
}

TEST_CASE("a damaged row is left out, the others come back") {
  House house;
  house.talk_in();
  house.talk_in();
  auto& row = house.out.rows.begin()->second;
  row.resize(row.size() / 2);
  house.restart();
  CHECK(house.endpoint->legs().size() == 1);
}
