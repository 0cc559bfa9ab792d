#include <doctest/doctest.h>

#include "house.h"

using namespace pasokh;
using namespace pasokh::sip;
using namespace pasokh::sip::test;

TEST_CASE("a call from a trunk arrives, rings, is answered, confirmed and ended by the caller") {
  House house;
  auto call = house.call_in();
  auto arrived = house.out.last<LegArrived>();
  REQUIRE(arrived);
  CHECK(arrived->leg.value % 2 == 1);
  CHECK(arrived->dialled == "8000");
  CHECK(arrived->caller == "09121234567");
  CHECK(arrived->trunk == TrunkId{1});
  CHECK(arrived->has_offer);

  house.endpoint->ring(call.leg, house.now, house.out);
  CHECK(parsed(house.take().at(0).bytes).status() == 180);
  auto answer = house.accept(call);
  CHECK(answer.status() == 200);
  CHECK(answer.body().find("m=audio 30000") != std::string_view::npos);
  CHECK(house.out.last<LegMediaChanged>()->media.remote.port == 40000);
  house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "ACK", 1)));
  CHECK(house.out.last<LegConfirmed>()->leg == call.leg);
  auto bye = house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "BYE", 2)));
  CHECK(parsed(bye.at(0).bytes).status() == 200);
  auto ended = house.out.last<LegEnded>();
  CHECK(ended->status == 0);
  CHECK(ended->cause == "bye");
  CHECK(ended->by_peer);
  CHECK(house.endpoint->legs().empty());
  CHECK(house.out.rows.empty());
  house.pass(Duration::seconds(40));
  CHECK(house.endpoint->counters().transactions == 0);
}

TEST_CASE("a phone registers with either digest algorithm and is dialled where it came from") {
  House house;
  auto ok = house.sign_in(house.phone, "201");
  CHECK(parsed(ok.at(0).bytes).status() == 200);
  CHECK(house.out.last<DeviceReachability>()->reachable);
  CHECK(house.endpoint->device_reachable(DeviceId{1}));

  house.endpoint->dial_device(LegId{2}, DeviceId{1}, {"09121234567", "Sara"}, {30000}, house.now, house.out);
  auto sent = house.take();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].to == house.phone);
  auto invite = parsed(sent[0].bytes);
  CHECK(invite.first(Field::from).find("\"Sara\" <sip:09121234567@127.0.0.1>") == 0);
  house.give(house.phone, House::answer(invite, 180, "p1", house.phone));
  CHECK(house.out.last<LegRinging>()->leg == LegId{2});
  auto ack = house.give(house.phone, House::answer(invite, 200, "p1", house.phone, "", sdp(41000)));
  REQUIRE(ack.size() == 1);
  CHECK(parsed(ack[0].bytes).method() == Method::ack);
  CHECK(house.out.last<LegAnswered>()->media.remote.port == 41000);

  house.endpoint->end(LegId{2}, house.now, house.out);
  auto bye = parsed(house.take().at(0).bytes);
  CHECK(bye.method() == Method::bye);
  CHECK(bye.to_tag() == "p1");
  CHECK_FALSE(house.out.last<LegEnded>()->by_peer);
  CHECK(house.endpoint->legs().empty());
  house.give(house.phone, House::answer(bye, 200, "p1", house.phone));
  CHECK(house.endpoint->counters().legs == 0);
}

TEST_CASE("OPTIONS is answered 200 to anyone, without state, Max-Forwards 0 included") {
  House house;
  House::Request request;
  request.method = "OPTIONS";
  const Flow stranger{Transport::udp, {"127.0.0.9", 9999}, 0};
  auto answer = house.give(stranger, house.write(stranger, request));
  CHECK(parsed(answer.at(0).bytes).status() == 200);
  CHECK(answer.at(0).early);
  CHECK(house.endpoint->counters().transactions == 0);
}
