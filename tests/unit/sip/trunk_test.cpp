#include <doctest/doctest.h>

#include "house.h"

using namespace pasokh;
using namespace pasokh::sip;
using namespace pasokh::sip::test;

namespace {

std::string challenge(const std::string& realm = "carrier.example", const std::string& nonce = "n1", const std::string& algorithm = "MD5") {
  return "WWW-Authenticate: Digest realm=\"" + realm + "\",nonce=\"" + nonce + "\",qop=\"auth\",algorithm=" + algorithm + "\r\n";
}
std::size_t with_credentials(const std::vector<Sent>& sent) {
  std::size_t n = 0;
  for (const auto& one : sent) n += one.bytes.find("\r\nAuthorization:") != std::string::npos || one.bytes.find("\r\nProxy-Authorization:") != std::string::npos;
  return n;
}
Message dial(House& house, LegId leg = LegId{2}, const std::string& number = "02188776655") {
  house.out.sent.clear();
  house.endpoint->dial_trunk(leg, TrunkId{1}, number, {"02112345678", ""}, {30000}, house.now, house.out);
  return parsed(house.take().at(0).bytes);
}

}  // namespace

TEST_CASE("a call out: Request-URI and To at the trunk's host, our number in From and P-Asserted-Identity, sent to its first target") {
  House house;
  house.endpoint->dial_trunk(LegId{2}, TrunkId{1}, "02188776655", {"02112345678", "Pasokh"}, {30000}, house.now, house.out);
  auto sent = house.take();
  CHECK(sent.at(0).to == house.carrier);
  auto invite = parsed(sent[0].bytes);
  CHECK(invite.request_uri() == "sip:02188776655@carrier.example");
  CHECK(invite.first(Field::p_asserted_identity) == "<sip:02112345678@127.0.0.1>");
  house.endpoint->dial_trunk(LegId{4}, TrunkId{1}, "02188776655", {"anonymous", ""}, {30000}, house.now, house.out);
  auto hidden = parsed(house.take().at(0).bytes);
  CHECK_FALSE(hidden.has(Field::p_asserted_identity));
  CHECK(hidden.first(Field::privacy) == "id");
}

TEST_CASE("numbers in and out: national form inside, the trunk's own form outside, by its rules") {
  House house;
  auto trunk = house.trunk();
  trunk.in_called = {{"98210000", "8"}};
  trunk.out_called = {{"0", "0098"}};
  trunk.out_caller = {{"021", "+9821"}};
  house.endpoint->set_trunk(trunk, house.now, house.out);
  for (const auto& [came, inside] : std::vector<std::pair<std::string, std::string>>{
           {"+989121234567", "09121234567"}, {"00989121234567", "09121234567"}, {"982188776655", "02188776655"}, {"88776655", "02188776655"}, {"2188776655", "02188776655"}}) {
    House::Request invite;
    invite.call_id = "number-" + came;
    invite.from = "<sip:" + came + "@carrier.example>;tag=p";
    invite.uri = "sip:98210000000@127.0.0.1";
    invite.body = sdp();
    house.give(house.carrier, house.write(house.carrier, invite));
    CHECK(house.out.last<LegArrived>()->caller == inside);
    CHECK(house.out.last<LegArrived>()->dialled == "8000");
  }
  auto out = dial(house);
  CHECK(out.request_uri() == "sip:00982188776655@carrier.example");
  CHECK(out.first(Field::from).find("sip:+982112345678@") != std::string_view::npos);
}

TEST_CASE("P-Asserted-Identity is believed from a trunk that is trusted; anonymous callers have no number") {
  for (bool trusted : {true, false}) {
    House house;
    auto trunk = house.trunk();
    trunk.trust_identity = trusted;
    house.endpoint->set_trunk(trunk, house.now, house.out);
    House::Request invite;
    invite.body = sdp();
    invite.extra = "P-Asserted-Identity: \"Sara\" <sip:09351112233@carrier.example>\r\n";
    house.give(house.carrier, house.write(house.carrier, invite));
    CHECK(house.out.last<LegArrived>()->caller == (trusted ? "09351112233" : "09121234567"));
  }
  House house;
  House::Request invite;
  invite.body = sdp();
  invite.from = "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=a";
  house.give(house.carrier, house.write(house.carrier, invite));
  CHECK(house.out.last<LegArrived>()->caller.empty());
}

TEST_CASE("the trunk with the longest network gets the call") {
  House house;
  auto wide = house.trunk();
  wide.trunk = TrunkId{2};
  wide.networks = {"127.0.0.0/16"};
  house.endpoint->set_trunk(wide, house.now, house.out);
  house.call_in();
  CHECK(house.out.last<LegArrived>()->trunk == TrunkId{1});
  const Flow other{Transport::udp, {"127.0.0.3", 5080}, 0};
  House::Request invite;
  invite.body = sdp();
  house.give(other, house.write(other, invite));
  CHECK(house.out.last<LegArrived>()->trunk == TrunkId{2});
}

TEST_CASE("a challenge of our call is answered once per nonce, with SHA-256 where it is offered") {
  House house;
  auto invite = dial(house);
  auto sent = house.give(house.carrier, House::answer(invite, 401, "t", house.carrier, challenge() + challenge("carrier.example", "n1", "SHA-256")));
  REQUIRE(with_credentials(sent) == 1);
  auto again = parsed(sent.back().bytes);
  CHECK(again.cseq() == 2);
  CHECK(again.call_id() == invite.call_id());
  CHECK(again.from_tag() == invite.from_tag());
  CHECK(again.vias()[0].branch != invite.vias()[0].branch);
  CHECK(House::field_of(again.first(Field::authorization), "algorithm") == "SHA-256");
  const auto line = again.first(Field::authorization);
  CHECK(House::field_of(line, "response") == digest_response(DigestAlgorithm::sha256, ha1(DigestAlgorithm::sha256, "line", "carrier.example", "trunk-secret"), "n1", "00000001",
                                                             House::field_of(line, "cnonce"), "auth", "INVITE", "sip:02188776655@carrier.example"));
}

TEST_CASE("threats S4: an endless challenge costs at most three requests, and the leg ends") {
  House house;
  for (std::uint64_t n = 1; n <= 200; ++n) {
    const LegId leg{2 * n};
    auto invite = dial(house, leg);
    int requests = 1;
    for (int turn = 0; turn < 10; ++turn) {
      auto sent = house.give(house.carrier, House::answer(invite, 401, "t", house.carrier, challenge("carrier.example", "n" + std::to_string(turn))));
      if (with_credentials(sent) == 0) break;
      ++requests;
      invite = parsed(sent.back().bytes);
    }
    CHECK(requests == 3);
    CHECK(house.out.last<LegEnded>()->status == 401);
  }
  CHECK(house.endpoint->counters().legs == 0);
  house.pass(Duration::seconds(40));
  CHECK(house.endpoint->counters().transactions == 0);
}

TEST_CASE("threats S3: credentials never go to another address, another realm, or into a call that we did not begin") {
  House house;
  auto trunk = house.trunk();
  trunk.realm = "carrier.example";
  house.endpoint->set_trunk(trunk, house.now, house.out);
  const Flow stranger{Transport::udp, {"127.0.0.99", 5080}, 0};
  auto invite = dial(house);
  CHECK(with_credentials(house.give(stranger, House::answer(invite, 401, "t", stranger, challenge()))) == 0);
  invite = dial(house, LegId{4});
  CHECK(with_credentials(house.give(house.carrier, House::answer(invite, 407, "t", house.carrier, "Proxy-Authenticate: Digest realm=\"evil\",nonce=\"n\",qop=\"auth\"\r\n"))) == 0);

  // mid-call, in a call that came to us: BYE and re-INVITE challenged with the trunk's own realm, from the trunk's own address
  auto call = house.talk_in();
  house.out.sent.clear();
  house.endpoint->renegotiate(call.leg, {32000}, house.now, house.out);
  auto reinvite = parsed(house.take().at(0).bytes);
  CHECK(with_credentials(house.give(house.carrier, House::answer(reinvite, 401, "", house.carrier, challenge()))) == 0);
  house.endpoint->end(call.leg, house.now, house.out);
  auto bye = parsed(house.take().at(0).bytes);
  CHECK(with_credentials(house.give(house.carrier, House::answer(bye, 401, "", house.carrier, challenge()))) == 0);
  CHECK(house.endpoint->counters().legs == 0);

  // a phone of ours that challenges us
  house.sign_in(house.phone, "201");
  house.out.sent.clear();
  house.endpoint->dial_device(LegId{6}, DeviceId{1}, {"1", ""}, {30000}, house.now, house.out);
  auto to_phone = parsed(house.take().at(0).bytes);
  CHECK(with_credentials(house.give(house.phone, House::answer(to_phone, 401, "t", house.phone, challenge()))) == 0);
}

TEST_CASE("in a call that we began a trunk's challenge of BYE is answered") {
  House house;
  auto invite = dial(house);
  house.give(house.carrier, House::answer(invite, 200, "t", house.carrier, "", sdp()));
  house.out.sent.clear();
  house.endpoint->end(LegId{2}, house.now, house.out);
  auto bye = parsed(house.take().at(0).bytes);
  CHECK(with_credentials(house.give(house.carrier, House::answer(bye, 407, "", house.carrier, "Proxy-Authenticate: Digest realm=\"carrier.example\",nonce=\"n\",qop=\"auth\"\r\n"))) == 1);
}

TEST_CASE("a target that does not serve (503, silence) is passed over for the next one (RFC 3263 §4.3)") {
  House house;
  auto trunk = house.trunk();
  const Flow second{Transport::udp, {"127.0.0.2", 5090}, 0};
  trunk.targets.push_back(second);
  house.endpoint->set_trunk(trunk, house.now, house.out);
  auto invite = dial(house);
  auto sent = house.give(house.carrier, House::answer(invite, 503, "t", house.carrier));
  REQUIRE(sent.size() == 2);
  CHECK(sent.back().to == second);
  CHECK(house.out.all<LegEnded>().empty());
  house.give(second, House::answer(parsed(sent.back().bytes), 503, "t", second));
  CHECK(house.out.last<LegEnded>()->status == 503);
}

TEST_CASE("registration: challenge answered, refreshed at 80 to 90 % of the time granted, failure told with its reason") {
  House house;
  auto trunk = house.trunk();
  trunk.registers = true;
  house.endpoint->set_trunk(trunk, house.now, house.out);
  auto sent = house.pass(Duration::seconds(3));
  REQUIRE(sent.size() >= 1);
  auto first = parsed(sent[0].bytes);
  CHECK(first.method() == Method::register_);
  CHECK(first.request_uri() == "sip:carrier.example");
  auto second = house.give(house.carrier, House::answer(first, 401, "t", house.carrier, challenge()));
  REQUIRE(with_credentials(second) == 1);
  auto with = parsed(second.back().bytes);
  CHECK(with.cseq() == first.cseq() + 1);
  CHECK(with.call_id() == first.call_id());
  house.give(house.carrier, House::answer(with, 200, "t", house.carrier, "Expires: 100\r\n"));
  CHECK(house.out.last<TrunkReachability>()->reachable);
  CHECK(house.pass(Duration::seconds(79)).empty());
  auto refresh = house.pass(Duration::seconds(12));
  REQUIRE(refresh.size() >= 1);
  auto again = parsed(refresh[0].bytes);
  CHECK(again.method() == Method::register_);
  for (int n = 0; n < 5; ++n) {
    auto more = house.give(house.carrier, House::answer(again, 401, "t", house.carrier, challenge("carrier.example", "bad" + std::to_string(n))));
    if (more.empty()) break;
    CHECK(n < 2);
    again = parsed(more.back().bytes);
  }
  CHECK_FALSE(house.out.last<TrunkReachability>()->reachable);
  CHECK(house.out.last<TrunkReachability>()->why == "the password was refused");
}

TEST_CASE("OPTIONS health check: any answer is life, silence and 503 are not; told on change only") {
  House house;
  auto trunk = house.trunk();
  trunk.trunk = TrunkId{3};
  trunk.networks = {"127.0.0.30"};
  trunk.targets = {{Transport::udp, {"127.0.0.30", 5060}, 0}};
  trunk.options_every = Duration::seconds(30);
  house.endpoint->set_trunk(trunk, house.now, house.out);
  for (int n = 0; n < 3; ++n) {
    auto sent = house.pass(Duration::seconds(31));
    REQUIRE(sent.size() >= 1);
    auto options = parsed(sent.back().bytes);
    CHECK(options.method() == Method::options);
    house.give(trunk.targets[0], House::answer(options, n == 0 ? 200 : 404, "t", trunk.targets[0]));
  }
  CHECK(house.out.all<TrunkReachability>().size() == 1);
  CHECK(house.out.last<TrunkReachability>()->reachable);
  house.pass(Duration::seconds(70));
  CHECK(house.out.all<TrunkReachability>().size() == 2);
  CHECK_FALSE(house.out.last<TrunkReachability>()->reachable);
}

TEST_CASE("our public address is learnt from a trunk's received and rport, written into Contact and SDP there, and kept over a restart") {
  House house;
  auto trunk = house.trunk();
  trunk.networks = {"198.51.100.7"};
  trunk.targets = {{Transport::udp, {"198.51.100.7", 5060}, 0}};
  trunk.options_every = Duration::seconds(30);
  house.endpoint->set_trunk(trunk, house.now, house.out);
  house.endpoint->remove_trunk(TrunkId{1}, house.now, house.out);
  house.endpoint->set_trunk(trunk, house.now, house.out);
  auto options = parsed(house.pass(Duration::seconds(3)).at(0).bytes);
  auto answer = House::answer(options, 200, "t", trunk.targets[0]);
  answer.replace(answer.find(";rport"), 6, ";received=203.0.113.9;rport=40123");
  house.give(trunk.targets[0], answer);
  REQUIRE(house.out.last<PublicAddressLearnt>());
  CHECK(house.out.last<PublicAddressLearnt>()->address == Address{"203.0.113.9", 40123});
  auto invite = dial(house);
  CHECK(invite.first(Field::contact).find("203.0.113.9:40123") != std::string_view::npos);
  CHECK(invite.body().find("c=IN IP4 203.0.113.9") != std::string_view::npos);
  CHECK(house.out.rows.size() == 2);
}
