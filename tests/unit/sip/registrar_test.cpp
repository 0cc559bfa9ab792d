#include <doctest/doctest.h>

#include "house.h"

using namespace pasokh;
using namespace pasokh::sip;
using namespace pasokh::sip::test;

namespace {
int status_of(const std::vector<Sent>& sent) { return sent.size() == 1 ? parsed(sent[0].bytes).status() : -static_cast<int>(sent.size()); }

// one attempt with a password, challenge and all; the status of the second answer
int attempt(House& house, const Flow& flow, const std::string& user, const std::string& password) {
  auto request = house.registration(flow, user, 1);
  request.call_id = "attempt-" + house.branch();
  house.now = house.now + Duration::milliseconds(100);
  auto first = house.give(flow, house.write(flow, request));
  if (status_of(first) != 401) return status_of(first);
  request.cseq = 2;
  request.branch.clear();
  request.extra += House::authorization(parsed(first[0].bytes), user, password, "REGISTER", request.uri);
  return status_of(house.give(flow, house.write(flow, request)));
}
}  // namespace

TEST_CASE("RFC 8760: both algorithms are offered and either is taken") {
  for (bool sha256 : {true, false}) {
    House house;
    auto request = house.registration(house.phone, "201");
    auto challenge = parsed(house.give(house.phone, house.write(house.phone, request)).at(0).bytes);
    CHECK(challenge.all(Field::www_authenticate).size() == 2);
    request.cseq = 2;
    request.branch.clear();
    request.extra += House::authorization(challenge, "201", "secret", "REGISTER", request.uri, 1, sha256);
    auto ok = parsed(house.give(house.phone, house.write(house.phone, request)).at(0).bytes);
    CHECK(ok.status() == 200);
    CHECK(ok.first(Field::contact).find("expires=600") != std::string_view::npos);
  }
}

TEST_CASE("libre 1 gives up when an answer names SHA-256 at all: it is offered MD5 alone") {
  House house;
  auto request = house.registration(house.phone, "201");
  request.extra.replace(request.extra.find("Examplephone"), 12, "baresip v1.0.0");
  CHECK(parsed(house.give(house.phone, house.write(house.phone, request)).at(0).bytes).all(Field::www_authenticate).size() == 1);
}

TEST_CASE("RFC 7616 §3.4: a nonce count that does not grow is stale; a nonce after five minutes is stale; a forged nonce is challenged anew") {
  House house;
  auto request = house.registration(house.phone, "201");
  auto challenge = parsed(house.give(house.phone, house.write(house.phone, request)).at(0).bytes);
  const auto contact = request.extra;
  auto with_count = [&](int count, std::uint32_t cseq) {
    request.cseq = cseq;
    request.branch.clear();
    request.extra = contact + House::authorization(challenge, "201", "secret", "REGISTER", request.uri, count);
    return parsed(house.give(house.phone, house.write(house.phone, request)).at(0).bytes);
  };
  CHECK(with_count(1, 2).status() == 200);
  CHECK(with_count(2, 3).status() == 200);
  auto replayed = with_count(2, 4);
  CHECK(replayed.status() == 401);
  CHECK(replayed.first(Field::www_authenticate).find("stale=true") != std::string_view::npos);
  CHECK(with_count(3, 5).status() == 200);
  house.pass(Duration::minutes(6));
  auto old = with_count(4, 6);
  CHECK(old.status() == 401);
  CHECK(old.first(Field::www_authenticate).find("stale=true") != std::string_view::npos);
  CHECK(house.endpoint->counters().auth_failures == 0);
}

TEST_CASE("threats S7: known and unknown users get the same challenge and the same refusal") {
  House house;
  auto shape = [&](const std::string& user) {
    auto request = house.registration(house.phone, user);
    request.call_id = "same";
    auto answer = parsed(house.give(house.phone, house.write(house.phone, request)).at(0).bytes);
    std::string names;
    for (const auto& header : answer.headers()) names += std::string(header.name) + ";";
    return std::to_string(answer.status()) + names;
  };
  CHECK(shape("201") == shape("no-such-user"));
  CHECK(attempt(house, {Transport::udp, {"127.0.0.8", 1}, 0}, "201", "wrong") == attempt(house, {Transport::udp, {"127.0.0.8", 2}, 0}, "nobody", "wrong"));
}

TEST_CASE("wrong passwords: slowed at once, refused after five, for that user from that address alone; the binding stays and the log says so") {
  House house;
  house.sign_in(house.phone, "201");
  const Flow attacker{Transport::udp, {"127.0.0.66", 5000}, 0};
  CHECK(attempt(house, attacker, "201", "guess0") == 401);
  CHECK(attempt(house, attacker, "201", "secret") == 401);           // too soon: not even looked at
  for (int n = 1; n < 5; ++n) {
    house.pass(Duration::seconds(10));
    CHECK(attempt(house, attacker, "201", "guess" + std::to_string(n)) == 401);
  }
  house.pass(Duration::seconds(10));
  CHECK(attempt(house, attacker, "201", "secret") == 403);           // banned, right password or not
  CHECK(attempt(house, attacker, "202", "secret") == 200);           // another user of the same address
  CHECK(attempt(house, house.phone, "201", "secret") == 200);        // the same user at home
  CHECK(house.endpoint->device_reachable(DeviceId{1}));
  int lines = 0;
  for (const auto& log : house.out.all<Log>()) lines += log.text == "auth-failed user=201 source=127.0.0.66";
  CHECK(lines == 5);
  house.pass(Duration::minutes(2));
  CHECK(attempt(house, attacker, "201", "secret") == 200);
}

TEST_CASE("threats S11: a user's name cannot forge the log line that fail2ban reads") {
  House house;
  const Flow attacker{Transport::udp, {"127.0.0.70", 5000}, 0};
  auto request = house.registration(attacker, "201");
  auto challenge = parsed(house.give(attacker, house.write(attacker, request)).at(0).bytes);
  request.cseq = 2;
  request.branch.clear();
  request.extra += House::authorization(challenge, "x source=127.0.0.2", "wrong", "REGISTER", request.uri);
  house.give(attacker, house.write(attacker, request));
  CHECK(house.out.last<Log>()->text == "auth-failed user=x?source?127.0.0.2 source=127.0.0.70");
}

TEST_CASE("a whole address is refused only for users that do not exist, and never where a device is registered or a trunk lives") {
  House house;
  const Flow scanner{Transport::udp, {"127.0.0.67", 5000}, 0};
  for (int n = 0; n < 20; ++n) attempt(house, scanner, "user" + std::to_string(n), "x");
  CHECK(attempt(house, scanner, "201", "secret") == 403);
  house.pass(Duration::minutes(2));
  CHECK(attempt(house, scanner, "201", "secret") == 200);

  House shared;
  shared.sign_in(shared.phone, "201");
  for (int n = 0; n < 60; ++n) attempt(shared, {Transport::udp, {"127.0.0.1", 9000}, 0}, "user" + std::to_string(n), "x");
  CHECK(attempt(shared, {Transport::udp, {"127.0.0.1", 9000}, 0}, "202", "secret") == 200);
  for (int n = 0; n < 60; ++n) attempt(shared, shared.carrier, "user" + std::to_string(n), "x");
  shared.call_in();
  CHECK(shared.out.all<LegArrived>().size() == 1);
}

TEST_CASE("§10.3: expiry from 60 to 3,600 s, 423 below; a wildcard removes all; an older CSeq changes nothing; another's record is 403") {
  House house;
  auto request = house.registration(house.phone, "201");
  auto challenge = parsed(house.give(house.phone, house.write(house.phone, request)).at(0).bytes);
  int count = 0;
  auto send = [&](const std::string& lines, std::uint32_t cseq, const std::string& to = "201") {
    request.cseq = cseq;
    request.branch.clear();
    request.to = "<sip:" + to + "@127.0.0.1>";
    request.extra = lines + House::authorization(challenge, "201", "secret", "REGISTER", request.uri, ++count);
    return parsed(house.give(house.phone, house.write(house.phone, request)).at(0).bytes);
  };
  const std::string contact = "Contact: <sip:201@127.0.0.1:7001>";
  auto brief = send(contact + ";expires=30\r\n", 2);
  CHECK(brief.status() == 423);
  CHECK(brief.first(Field::min_expires) == "60");
  CHECK(send(contact + ";expires=99999\r\n", 3).first(Field::contact).find("expires=3600") != std::string_view::npos);
  CHECK(send(contact + ";expires=600\r\n", 10).status() == 200);
  CHECK(send(contact + ";expires=0\r\n", 9).status() == 500);
  CHECK(house.endpoint->device_reachable(DeviceId{1}));
  CHECK(send(contact + "\r\n", 11, "202").status() == 403);
  CHECK(send("Contact: *\r\n", 12).status() == 400);
  CHECK(send("Contact: *\r\nExpires: 0\r\n", 13).status() == 200);
  CHECK_FALSE(house.endpoint->device_reachable(DeviceId{1}));
  CHECK(house.out.rows.empty());
}

TEST_CASE("a binding lapses at its time, and that is told once") {
  House house;
  house.sign_in(house.phone, "201");
  house.pass(Duration::seconds(599));
  CHECK(house.endpoint->device_reachable(DeviceId{1}));
  house.pass(Duration::seconds(2));
  CHECK_FALSE(house.endpoint->device_reachable(DeviceId{1}));
  CHECK(house.out.all<DeviceReachability>().size() == 2);
  CHECK(house.endpoint->counters().bindings == 0);
}

TEST_CASE("a phone behind NAT is called where it came from, at the Contact it gave") {
  House house;
  const Flow nat{Transport::udp, {"127.0.0.44", 61000}, 0};
  auto request = house.registration({Transport::udp, {"192.168.7.7", 5060}, 0}, "201");
  auto challenge = parsed(house.give(nat, house.write({Transport::udp, {"192.168.7.7", 5060}, 0}, request)).at(0).bytes);
  CHECK(challenge.vias()[0].received == "127.0.0.44");
  CHECK(challenge.vias()[0].rport_value == 61000);
  request.cseq = 2;
  request.branch.clear();
  request.extra += House::authorization(challenge, "201", "secret", "REGISTER", request.uri);
  house.give(nat, house.write({Transport::udp, {"192.168.7.7", 5060}, 0}, request));
  house.endpoint->dial_device(LegId{2}, DeviceId{1}, {"0912", ""}, {30000}, house.now, house.out);
  auto sent = house.take();
  CHECK(sent.back().to == nat);
  CHECK(parsed(sent.back().bytes).request_uri() == "sip:201@192.168.7.7:5060");
}

TEST_CASE("a phone's call: challenged, then arrives as its device; From must be its own user") {
  House house;
  house.sign_in(house.phone, "201");
  House::Request invite;
  invite.uri = "sip:8000@127.0.0.1";
  invite.from = "<sip:201@127.0.0.1>;tag=x";
  invite.call_id = "from-phone";
  invite.body = sdp();
  auto challenge = parsed(house.give(house.phone, house.write(house.phone, invite)).at(0).bytes);
  CHECK(challenge.status() == 401);
  CHECK(house.out.all<LegArrived>().empty());
  auto with = invite;
  with.cseq = 2;
  with.extra = House::authorization(challenge, "201", "secret", "INVITE", invite.uri);
  house.give(house.phone, house.write(house.phone, with));
  REQUIRE(house.out.last<LegArrived>());
  CHECK(house.out.last<LegArrived>()->device == DeviceId{1});
  CHECK(house.out.last<LegArrived>()->caller == "201");
  auto other = invite;
  other.call_id = "spoof";
  other.from = "<sip:202@127.0.0.1>;tag=y";
  auto again = parsed(house.give(house.phone, house.write(house.phone, other)).at(0).bytes);
  other.cseq = 2;
  other.extra = House::authorization(again, "201", "secret", "INVITE", invite.uri);
  CHECK(status_of(house.give(house.phone, house.write(house.phone, other))) == 403);
}

TEST_CASE("over TCP: requests use the phone's connection; after its loss they ask for a new one, and go on when the phone comes back") {
  House house;
  Flow tcp{Transport::tcp, {"127.0.0.1", 50001}, 7};
  house.endpoint->connected(tcp, house.now, house.out);
  CHECK(status_of(house.sign_in(tcp, "201")) == 200);
  house.endpoint->dial_device(LegId{2}, DeviceId{1}, {"0912", ""}, {30000}, house.now, house.out);
  auto sent = house.take();
  CHECK(sent.back().to.connection == 7);
  auto invite = parsed(sent.back().bytes);
  CHECK(invite.vias()[0].transport == "TCP");
  house.give(tcp, House::answer(invite, 200, "p", tcp, "", sdp()));
  CHECK(house.out.last<LegAnswered>());
  house.endpoint->connection_lost(7, house.now, house.out);
  CHECK(house.out.all<LegEnded>().empty());
  house.endpoint->end(LegId{2}, house.now, house.out);
  auto bye = house.take();
  REQUIRE(bye.size() >= 1);
  CHECK(bye.back().to.connection == 0);
  house.endpoint->unreachable(bye.back().to, house.now, house.out);
  CHECK(house.endpoint->counters().legs == 1);
  house.pass(Duration::seconds(20));
  Flow fresh{Transport::tcp, {"127.0.0.1", 50002}, 9};
  house.endpoint->connected(fresh, house.now, house.out);
  auto came_back = house.sign_in(fresh, "201", 10);
  bool found = false;
  for (const auto& one : came_back)
    if (parsed(one.bytes).method() == Method::bye) { found = true; CHECK(one.to.connection == 9); house.give(fresh, House::answer(parsed(one.bytes), 200, "", fresh)); }
  CHECK(found);
  CHECK(house.endpoint->counters().legs == 0);
}

TEST_CASE("bindings come back after a restart with their time; a TCP one without its connection; one that lapsed meanwhile is told") {
  House house;
  Flow tcp{Transport::tcp, {"127.0.0.1", 50001}, 7};
  house.sign_in(house.phone, "201");
  house.sign_in(tcp, "202");
  house.out.events.clear();
  house.restart();
  CHECK(house.endpoint->device_reachable(DeviceId{1}));
  CHECK(house.endpoint->device_reachable(DeviceId{2}));
  CHECK(house.out.all<DeviceReachability>().empty());
  house.endpoint->dial_device(LegId{2}, DeviceId{2}, {"1", ""}, {30000}, house.now, house.out);
  CHECK(house.take().back().to == Flow{Transport::tcp, {"127.0.0.1", 50001}, 0});
  house.endpoint->end(LegId{2}, house.now, house.out);
  house.now = house.now + Duration::minutes(11);
  house.restart();
  CHECK_FALSE(house.endpoint->device_reachable(DeviceId{1}));
  CHECK(house.out.all<DeviceReachability>().size() == 2);
}
