#include <doctest/doctest.h>

#include "house.h"
#include "sip/invite_client.h"
#include "sip/invite_server.h"
#include "sip/other_client.h"
#include "sip/other_server.h"

using namespace pasokh;
using namespace pasokh::sip;
using namespace pasokh::sip::test;

namespace {

const Flow udp{Transport::udp, {"127.0.0.2", 5080}, 0};
const Flow tcp{Transport::tcp, {"127.0.0.2", 5080}, 7};

struct Clock {
  Instant now{1'000'000};
  Caught out;
  Turn turn() { return {now, out}; }
  // milliseconds at which something was sent until the transaction has no deadline any more
  template <class T> std::vector<std::int64_t> times_sent(T& transaction) {
    const Instant start = now;
    std::vector<std::int64_t> times;
    while (!transaction.finished() && transaction.deadline() != Instant::never()) {
      now = transaction.deadline();
      const auto before = out.sent.size();
      transaction.on_timeout(turn());
      if (out.sent.size() > before) times.push_back((now - start).ms());
    }
    return times;
  }
};

std::string request(const std::string& method) {
  return method + " sip:a@127.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKx\r\nMax-Forwards: 70\r\nRoute: <sip:edge.example;lr>\r\nFrom: <sip:b@c>;tag=1\r\nTo: <sip:a@c>\r\nCall-ID: id\r\nCSeq: 5 " + method +
         "\r\nContact: <sip:b@127.0.0.1>\r\nContent-Length: 0\r\n\r\n";
}
Message response(const std::string& method, int status) { return parsed(House::answer(parsed(request(method)), status, "t", udp)); }

}  // namespace

TEST_CASE("§17.1.1.2: an INVITE on UDP is repeated after 500 ms, doubling, until timer B at 32 s") {
  Clock clock;
  InviteClient client(udp, {}, request("INVITE"));
  client.start(clock.turn());
  CHECK(clock.times_sent(client) == std::vector<std::int64_t>{500, 1500, 3500, 7500, 15500, 31500});
  CHECK((clock.now - Instant{1'000'000}).ms() == 32'000);
  CHECK(client.finished());
}

TEST_CASE("§17.1.1.2: on TCP an INVITE is never repeated, and timer B still ends it") {
  Clock clock;
  InviteClient client(tcp, {}, request("INVITE"));
  client.start(clock.turn());
  CHECK(clock.times_sent(client).empty());
  CHECK((clock.now - Instant{1'000'000}).ms() == 32'000);
}

TEST_CASE("§17.1.1.3: the ACK to a failure copies branch, Route, From, Call-ID and CSeq number, and takes To from the answer; a repeated failure is acknowledged again") {
  Clock clock;
  InviteClient client(udp, {}, request("INVITE"));
  client.start(clock.turn());
  CHECK(client.response(response("INVITE", 486), clock.turn()) == InviteClient::Verdict::pass_up);
  auto ack = parsed(clock.out.sent.back().bytes);
  CHECK(ack.method() == Method::ack);
  CHECK(ack.request_uri() == "sip:a@127.0.0.2");
  CHECK(ack.vias().size() == 1);
  CHECK(ack.vias()[0].branch == "z9hG4bKx");
  CHECK(ack.first(Field::route) == "<sip:edge.example;lr>");
  CHECK(ack.cseq() == 5);
  CHECK(ack.to_tag() == "t");
  CHECK(client.response(response("INVITE", 486), clock.turn()) == InviteClient::Verdict::absorbed);
  CHECK(parsed(clock.out.sent.back().bytes).method() == Method::ack);
  CHECK(clock.out.sent.size() == 3);
  clock.times_sent(client);
  CHECK((clock.now - Instant{1'000'000}).ms() == 32'000);  // Timer D
}

TEST_CASE("RFC 6026 §7.2: an accepted INVITE client hands every 2xx up until timer M, and never acknowledges by itself") {
  Clock clock;
  InviteClient client(udp, {}, request("INVITE"));
  client.start(clock.turn());
  const auto sent = clock.out.sent.size();
  CHECK(client.response(response("INVITE", 200), clock.turn()) == InviteClient::Verdict::pass_up);
  CHECK(client.response(response("INVITE", 200), clock.turn()) == InviteClient::Verdict::pass_up);
  CHECK(client.response(response("INVITE", 486), clock.turn()) == InviteClient::Verdict::absorbed);
  CHECK(clock.out.sent.size() == sent);
  clock.times_sent(client);
  CHECK((clock.now - Instant{1'000'000}).ms() == 32'000);
}

TEST_CASE("§9.1: CANCEL waits for a provisional answer, and the transaction ends 64·T1 after it if nothing final comes") {
  Clock clock;
  InviteClient client(udp, {}, request("INVITE"));
  client.start(clock.turn());
  CHECK_FALSE(client.cancel(clock.now));
  client.response(response("INVITE", 180), clock.turn());
  CHECK(client.cancel(clock.now));
  CHECK_FALSE(client.cancel(clock.now));
  CHECK(clock.times_sent(client).empty());
  CHECK((clock.now - Instant{1'000'000}).ms() == 32'000);
}

TEST_CASE("§17.1.2.2: other requests are repeated at 0.5, 1, 2, 4, 4 … s until timer F, every 4 s once a provisional answer came") {
  Clock clock;
  OtherClient client(udp, {}, request("BYE"));
  client.start(clock.turn(), false);
  CHECK(clock.times_sent(client) == std::vector<std::int64_t>{500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500});

  Clock second;
  OtherClient slow(udp, {}, request("BYE"));
  slow.start(second.turn(), false);
  slow.response(response("BYE", 100), second.turn());
  CHECK(second.times_sent(slow) == std::vector<std::int64_t>{500, 4500, 8500, 12500, 16500, 20500, 24500, 28500});
}

TEST_CASE("§17.1.2.2: timer K keeps an answered request for 5 s on UDP and not at all on TCP") {
  Clock clock;
  OtherClient client(udp, {}, request("BYE"));
  client.start(clock.turn(), false);
  CHECK(client.response(response("BYE", 200), clock.turn()) == OtherClient::Verdict::pass_up);
  CHECK(client.response(response("BYE", 200), clock.turn()) == OtherClient::Verdict::absorbed);
  clock.times_sent(client);
  CHECK((clock.now - Instant{1'000'000}).ms() == 5'000);
  OtherClient reliable(tcp, {}, request("BYE"));
  reliable.start(clock.turn(), false);
  reliable.response(response("BYE", 200), clock.turn());
  CHECK(reliable.finished());
}

TEST_CASE("§17.2.1: a refusal on UDP is repeated at 0.5, 1, 2, 4, 4 … s until the ACK or timer H; then timer I absorbs for 5 s") {
  Clock clock;
  InviteServer server(udp, {});
  server.respond(486, "486", false, clock.turn());
  CHECK(clock.times_sent(server) == std::vector<std::int64_t>{500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500});

  Clock second;
  InviteServer acknowledged(udp, {});
  acknowledged.respond(486, "486", false, second.turn());
  acknowledged.request_again(second.turn());
  CHECK(second.out.sent.size() == 2);
  acknowledged.acknowledged(second.turn());
  acknowledged.request_again(second.turn());
  CHECK(second.out.sent.size() == 2);
  CHECK(second.times_sent(acknowledged).empty());
  CHECK((second.now - Instant{1'000'000}).ms() == 5'000);
}

TEST_CASE("RFC 6026 §7.1: after a 2xx an INVITE that comes again is absorbed for 64·T1") {
  Clock clock;
  InviteServer server(udp, {});
  server.respond(200, "200", false, clock.turn());
  server.request_again(clock.turn());
  CHECK(clock.out.sent.size() == 1);
  server.respond(486, "486", false, clock.turn());  // too late
  CHECK(clock.out.sent.size() == 1);
  clock.times_sent(server);
  CHECK((clock.now - Instant{1'000'000}).ms() == 32'000);
}

TEST_CASE("§17.2.2: a repeated request gets the last answer again until timer J; nothing before the first answer") {
  Clock clock;
  OtherServer server(udp, {});
  server.request_again(clock.turn());
  CHECK(clock.out.sent.empty());
  server.respond(200, "200", false, clock.turn());
  server.request_again(clock.turn());
  CHECK(clock.out.sent.size() == 2);
  CHECK(clock.out.sent.back().early);
  while (!server.finished()) { clock.now = server.deadline(); server.on_timeout(clock.turn()); }
  CHECK((clock.now - Instant{1'000'000}).ms() == 32'000);
}

TEST_CASE("a thread that wakes late repeats once, not in a burst") {
  Clock clock;
  OtherClient client(udp, {}, request("BYE"));
  client.start(clock.turn(), false);
  clock.now = clock.now + Duration::seconds(10);
  const auto before = clock.out.sent.size();
  client.on_timeout(clock.turn());
  CHECK(clock.out.sent.size() == before + 1);
  CHECK(client.deadline() > clock.now);
}

TEST_CASE("the heap of deadlines fires in order of time, then in the order set; a timer that ends leaves nothing") {
  Timers timers;
  std::vector<std::unique_ptr<Timer>> all;
  std::uint64_t state = 42;
  auto draw = [&] { state = state * 6364136223846793005ull + 1442695040888963407ull; return static_cast<std::int64_t>(state >> 54); };
  for (int n = 0; n < 2'000; ++n) {
    all.push_back(std::make_unique<Timer>(Wakes::leg, nullptr));
    timers.set(*all.back(), Instant{draw()});
  }
  for (int n = 0; n < 2'000; n += 3) timers.set(*all[static_cast<std::size_t>(n)], Instant{draw()});
  for (int n = 0; n < 2'000; n += 5) all[static_cast<std::size_t>(n)].reset();
  CHECK(timers.size() == 1'600);
  Instant last{};
  std::size_t fired = 0;
  while (Timer* timer = timers.take_due(Instant{5'000})) {
    (void)timer;
    CHECK(timers.next() >= last);
    ++fired;
  }
  CHECK(fired == 1'600);
  CHECK(timers.next() == Instant::never());
}
