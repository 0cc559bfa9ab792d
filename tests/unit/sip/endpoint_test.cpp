#include <doctest/doctest.h>

#include <set>

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

namespace {

int status_of(const std::vector<Sent>& sent) { return sent.empty() ? 0 : sent.size() == 1 ? parsed(sent[0].bytes).status() : -1; }
const Flow stranger{Transport::udp, {"127.0.0.9", 9999}, 0};

}  // namespace

TEST_CASE("threats S8: each method outside a dialog has its answer, makes no state, and never an event") {
  const std::vector<std::pair<std::string, int>> rules{{"INVITE", 401}, {"REGISTER", 401}, {"OPTIONS", 200}, {"ACK", 0}, {"BYE", 481}, {"CANCEL", 481}, {"PRACK", 481}, {"UPDATE", 481}, {"INFO", 481},
                                                       {"NOTIFY", 481}, {"REFER", 403}, {"SUBSCRIBE", 489}, {"MESSAGE", 405}, {"PUBLISH", 405}, {"FROBNICATE", 405}};
  for (const auto& [method, status] : rules)
    for (auto transport : {Transport::udp, Transport::tcp})
      for (bool in_dialog : {false, true}) {
        CAPTURE(method);
        CAPTURE(in_dialog);
        House house;
        Flow from = stranger;
        from.transport = transport;
        from.connection = transport == Transport::tcp ? 3 : 0;
        House::Request request;
        request.method = method;
        if (in_dialog) request.to += ";tag=nobody";
        auto sent = house.give(from, house.write(from, request));
        CHECK(status_of(sent) == (in_dialog && method != "ACK" ? 481 : status));
        if (status == 405 && !in_dialog) CHECK(parsed(sent[0].bytes).has(Field::allow));
        CHECK(house.endpoint->counters().transactions == 0);
        CHECK(house.endpoint->legs().empty());
        CHECK(house.out.events.empty());
        CHECK(house.out.rows.empty());
        for (const auto& one : sent) CHECK(one.early);
      }
}

TEST_CASE("§8.2: 420 with Unsupported, 416, 415 with Accept, 483; before anything is asked of the caller") {
  House house;
  auto status = [&](auto&& change) {
    House::Request request;
    request.call_id = house.branch();
    request.body = sdp();
    change(request);
    auto bytes = house.write(house.carrier, request);
    if (const auto hops = bytes.find("X-Hops: 0"); hops != std::string::npos) bytes.replace(bytes.find("Max-Forwards: 70"), 16, "Max-Forwards: 0");
    return status_of(house.give(house.carrier, bytes));
  };
  CHECK(status([](auto& r) { r.extra = "Require: 100rel, frobnicate\r\n"; }) == 420);
  CHECK(status([](auto& r) { r.uri = "http://example.com"; }) == 416);
  CHECK(status([](auto& r) { r.type = "text/plain"; }) == 415);
  CHECK(status([](auto& r) { r.extra = "X-Hops: 0\r\n"; }) == 483);
  CHECK(house.out.all<LegArrived>().empty());
  CHECK(house.endpoint->counters().transactions == 0);
}

TEST_CASE("overload and a full transaction table: new calls get 503 with a jittered Retry-After, calls in progress go on") {
  for (bool by_order : {true, false}) {
    House house;
    house.max_transactions = 30;
    house.start();
    auto call = house.talk_in();
    if (by_order) house.endpoint->set_overload(true, "disk");
    else for (int n = 0; n < 30; ++n) house.call_in();
    std::set<std::string> waits;
    for (int n = 0; n < 20; ++n) {
      House::Request invite;
      invite.call_id = house.branch();
      invite.body = sdp();
      auto sent = house.give(house.carrier, house.write(house.carrier, invite));
      REQUIRE(status_of(sent) == 503);
      waits.insert(std::string(parsed(sent[0].bytes).first(Field::retry_after)));
    }
    CHECK(waits.size() > 3);
    CHECK(status_of(house.give(house.carrier, house.write(house.carrier, house.in_dialog(call, "BYE", 50'000)))) == 200);
    if (by_order) {
      House::Request invite;
      invite.call_id = house.branch();
      invite.branch = house.branch();
      invite.body = sdp();
      const auto refused = house.write(house.carrier, invite);
      CHECK(status_of(house.give(house.carrier, refused)) == 503);
      house.endpoint->set_overload(false, "");
      CHECK(status_of(house.give(house.carrier, refused)) == 503);  // repeated on its way, or doubled: its caller has been told and may be gone
      CHECK(house.out.all<LegArrived>().size() == 1);
      house.call_in();
      CHECK(house.out.all<LegArrived>().size() == 2);
      house.pass(Duration::seconds(33));
      house.give(house.carrier, refused);                           // 64·T1 later nobody repeats it: another call
      CHECK(house.out.all<LegArrived>().size() == 3);
    }
  }
}

TEST_CASE("admission limit: of ten times as many calls the limit's share is taken, the rest cost no state, and what was refused stays refused when it comes again") {
  House house;
  house.new_calls_per_second = 10;
  house.start();
  auto arrive = [&](const std::string& branch) {
    House::Request invite;
    invite.call_id = branch;
    invite.branch = branch;
    invite.body = sdp();
    return house.write(house.carrier, invite);
  };
  std::size_t refused = 0;
  std::string last_refused;
  for (int n = 0; n < 1'000; ++n) {  // 100 a second
    house.pass(Duration::milliseconds(10));
    const std::string branch = house.branch(), bytes = arrive(branch);
    const auto before = house.out.all<LegArrived>().size();
    const auto sent = house.give(house.carrier, bytes);
    if (house.out.all<LegArrived>().size() > before) continue;
    REQUIRE(status_of(sent) == 503);
    CHECK(parsed(sent[0].bytes).has(Field::retry_after));
    last_refused = bytes;
    ++refused;
  }
  const auto taken = house.out.all<LegArrived>().size();
  CHECK(taken >= 95);        // 10 s at 10 a second…
  CHECK(taken <= 106);       // …and half a second's worth at once
  CHECK(house.endpoint->counters().not_admitted == refused);
  CHECK(house.endpoint->counters().legs == taken);
  house.pass(Duration::seconds(5));
  CHECK(status_of(house.give(house.carrier, last_refused)) == 503);
  CHECK(house.out.all<LegArrived>().size() == taken);
  house.give(house.carrier, arrive(house.branch()));
  CHECK(house.out.all<LegArrived>().size() == taken + 1);  // back to normal
}

TEST_CASE("threats S5: a source that we do not know has a rate; known ones have none; the table of sources does not grow") {
  House house;
  int answered = 0;
  for (int n = 0; n < 1'000; ++n) {
    House::Request request;
    request.method = "OPTIONS";
    answered += !house.give(stranger, house.write(stranger, request)).empty();
  }
  CHECK(answered == 100);
  CHECK(house.endpoint->counters().refused_rate == 900);
  for (int n = 0; n < 300; ++n) house.call_in();
  CHECK(house.out.all<LegArrived>().size() == 300);
  house.pass(Duration::seconds(1));
  House::Request request;
  request.method = "OPTIONS";
  CHECK(house.give(stranger, house.write(stranger, request)).size() == 1);
}

TEST_CASE("threats S6: to a stranger an answer is not larger than a usual request") {
  for (const char* method : {"OPTIONS", "INVITE", "REGISTER", "MESSAGE", "SUBSCRIBE", "BYE"}) {
    CAPTURE(method);
    House house;
    House::Request request;
    request.method = method;
    request.extra = "User-Agent: friendly-scanner\r\nAllow: INVITE, ACK, CANCEL, BYE\r\nExpires: 3600\r\n";
    const auto bytes = house.write(stranger, request);
    auto sent = house.give(stranger, bytes);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].bytes.size() <= bytes.size());
    CHECK(house.pass(Duration::seconds(60)).empty());
  }
}

TEST_CASE("RFC 5626: CRLF CRLF on TCP is answered with CRLF; keep-alives on UDP are tolerated; a STUN binding request is answered") {
  House house;
  const Flow tcp{Transport::tcp, {"127.0.0.9", 9999}, 4};
  auto pong = house.give(tcp, "\r\n\r\n");
  REQUIRE(pong.size() == 1);
  CHECK(pong[0].bytes == "\r\n");
  for (const auto& bytes : {std::string("\r\n\r\n"), std::string("\0\0\0\0", 4), std::string("\r\n"), std::string()}) CHECK(house.give(stranger, bytes).empty());
  CHECK(house.endpoint->counters().malformed == 0);
  std::string binding("\x00\x01\x00\x00\x21\x12\xa4\x42", 8);
  binding += "abcdefghijkl";
  auto answer = house.give(stranger, binding);
  REQUIRE(answer.size() == 1);
  CHECK(answer[0].bytes.substr(0, 2) == std::string("\x01\x01", 2));
  CHECK(answer[0].bytes.size() == 32);
}

TEST_CASE("TCP: messages in any split and several at once; what is not SIP closes the connection") {
  House house;
  const Flow tcp{Transport::tcp, {"127.0.0.9", 9999}, 4};
  House::Request request;
  request.method = "OPTIONS";
  std::string two = house.write(tcp, request);
  request.cseq = 2;
  two += house.write(tcp, request);
  house.out.sent.clear();
  for (char c : two) house.endpoint->stream(tcp, {&c, 1}, house.now, house.out);
  CHECK(house.take().size() == 2);
  CHECK(house.give(tcp, two).size() == 2);
  CHECK_FALSE(house.endpoint->stream(tcp, "GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", house.now, house.out));
}

TEST_CASE("malformed but answerable: refused without state; hopeless: dropped and counted") {
  House house;
  House::Request request;
  auto bytes = house.write(stranger, request);
  bytes.replace(bytes.find("Max-Forwards: 70"), 16, "Max-Forwards: xx");
  CHECK(status_of(house.give(stranger, bytes)) == 400);
  CHECK(house.give(stranger, "INVITE nonsense").empty());
  CHECK(house.endpoint->counters().malformed == 2);
  CHECK(house.endpoint->counters().transactions == 0);
}

TEST_CASE("RFC 3581 and §18.2.2: answers go to the source port with rport, else to the port in Via") {
  House house;
  House::Request request;
  request.method = "OPTIONS";
  auto bytes = house.write({Transport::udp, {"10.9.9.9", 5070}, 0}, request);
  CHECK(house.give(stranger, bytes).at(0).to == stranger);
  bytes.erase(bytes.find(";rport"), 6);
  CHECK(house.give(stranger, bytes).at(0).to.remote == Address{"127.0.0.9", 5070});
}

TEST_CASE("§18.2.2: when the connection of an INVITE is gone, its answer asks for a new one to the port in Via; the dialog too") {
  House house;
  const Flow listening{Transport::tcp, {"127.0.0.2", 5080}, 0};
  Flow tcp{Transport::tcp, {"127.0.0.2", 40001}, 6};
  House::Request invite;
  invite.body = sdp();
  house.give(tcp, house.write(listening, invite));
  const auto leg = house.out.last<LegArrived>()->leg;
  house.endpoint->connection_lost(6, house.now, house.out);
  house.out.sent.clear();
  house.endpoint->accept(leg, {30000}, house.now, house.out);
  CHECK(house.take().at(0).to == listening);
  tcp.connection = 8;
  House::Request ack = invite;
  ack.method = "ACK";
  ack.body.clear();
  ack.branch.clear();
  house.endpoint->accept(leg, {30000}, house.now, house.out);
  auto repeated = parsed(house.pass(Duration::milliseconds(600)).at(0).bytes);
  ack.to += ";tag=" + std::string(repeated.to_tag());
  house.give(tcp, house.write(listening, ack));
  CHECK(house.out.last<LegConfirmed>());
  house.endpoint->end(leg, house.now, house.out);
  CHECK(house.take().back().to.connection == 8);
}

TEST_CASE("§13.3.1.1: a call that rings for long is told so every minute") {
  House house;
  auto call = house.call_in();
  house.endpoint->ring(call.leg, house.now, house.out);
  auto sent = house.pass(Duration::seconds(190));
  CHECK(sent.size() == 3);
  for (const auto& one : sent) CHECK(parsed(one.bytes).status() == 180);
}

TEST_CASE("the same seed, the same run: two lives with equal input send equal bytes") {
  auto run = [] {
    House house;
    std::string all;
    auto note = [&](const std::vector<Sent>& sent) { for (const auto& one : sent) all += one.bytes; };
    note(house.sign_in(house.phone, "201"));
    auto call = house.talk_in("Supported: timer\r\n");
    house.endpoint->dial_device(LegId{2}, DeviceId{1}, {"0912", ""}, {30000}, house.now, house.out);
    house.endpoint->end(call.leg, house.now, house.out);
    note(house.take());
    note(house.pass(Duration::seconds(60)));
    return all;
  };
  CHECK(run() == run());
}
