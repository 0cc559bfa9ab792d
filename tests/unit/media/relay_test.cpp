// The worker as a whole: real sockets on loopback, a real process, the wire. (Main job, "What must be real" 2; threats S9.)
#include "peers.h"

#include "media/g711.h"

using namespace pasokh;
using namespace pasokh::media;
using namespace pasokh::media::test;

namespace {

struct TwoLegs {
  Folder folder;
  WorkerProcess worker{folder.path};
  Control control{worker.socket_path()};
  Peer customer{0xc0c0}, agent{0xa9a9};
  std::uint16_t customer_port = next_port(), agent_port = next_port();
  LegWanted customer_leg = leg_for(1, customer_port, customer, 2), agent_leg = leg_for(2, agent_port, agent, 1);

  void start() {
    control.tell(customer_leg);
    control.tell(agent_leg);
    control.statistics();
  }
};

}  // namespace

TEST_CASE("two legs that hear each other get each other's payload, octet for octet and in order") {
  TwoLegs two;
  two.start();
  std::vector<Packet> at_agent, at_customer;
  for (std::uint32_t i = 0; i < 100; ++i) {
    two.customer.send(two.customer_port, speech(i));
    at_agent.push_back(*two.agent.receive());
    two.agent.send(two.agent_port, speech(1000 + i));
    at_customer.push_back(*two.customer.receive());
  }
  for (std::uint32_t i = 0; i < 100; ++i) {
    CHECK(at_agent[i].payload == speech(i));
    CHECK(at_customer[i].payload == speech(1000 + i));
    CHECK(at_agent[i].rtp.ssrc == at_agent[0].rtp.ssrc);
    CHECK(at_agent[i].rtp.ssrc != two.customer.ssrc);
    CHECK(at_agent[i].rtp.sequence == static_cast<std::uint16_t>(at_agent[0].rtp.sequence + i));
    CHECK(at_agent[i].rtp.timestamp == at_agent[0].rtp.timestamp + 160 * i);
    CHECK(at_agent[i].rtp.marker == (i == 0));
  }
  CHECK(two.control.wait<LegHeard>());
  two.control.tell(LegRemove{{1}});
  const auto removed = two.control.wait<LegRemoved>();
  REQUIRE(removed);
  CHECK(removed->statistics.packets_in == 100);
  CHECK(removed->statistics.packets_out == 100);
  CHECK(removed->statistics.bytes_in == 16000);
  CHECK(removed->statistics.lost == 0);
  CHECK(removed->statistics.latched == "127.0.0.1:" + std::to_string(two.customer.port));
  Peer again;  // the port is free again at once
  two.control.tell(leg_for(3, two.customer_port, again));
  CHECK_FALSE(two.control.wait<LegRefused>(100));
}

TEST_CASE("A-law and u-law are translated by the tables of G.711 when the legs differ") {
  TwoLegs two;
  two.agent_leg.codec = Codec::pcmu;
  two.agent_leg.payload = 0;
  two.start();
  Octets all(256);
  for (std::size_t i = 0; i < 256; ++i) all[i] = static_cast<std::uint8_t>(i);
  const Octets low(all.begin(), all.begin() + 160), high(all.begin() + 96, all.end());
  for (const Octets& payload : {low, high}) {
    two.customer.send(two.customer_port, payload, 8);
    const auto at_agent = two.agent.receive();
    REQUIRE(at_agent);
    CHECK(at_agent->rtp.payload_type == 0);
    for (std::size_t i = 0; i < 160; ++i) CHECK(at_agent->payload[i] == alaw_to_ulaw()[payload[i]]);
    two.agent.send(two.agent_port, payload, 0);
    const auto at_customer = two.customer.receive();
    REQUIRE(at_customer);
    CHECK(at_customer->rtp.payload_type == 8);
    for (std::size_t i = 0; i < 160; ++i) CHECK(at_customer->payload[i] == ulaw_to_alaw()[payload[i]]);
  }
}

TEST_CASE("legs of 20 and 30 ms: every octet arrives, in frames of the other's length") {
  TwoLegs two;
  two.agent_leg.ptime_ms = 30;
  two.start();
  Octets sent, heard, sent_back, heard_back;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  for (std::uint32_t i = 0; i < 30; ++i) {
    const auto payload = speech(i);
    sent.insert(sent.end(), payload.begin(), payload.end());
    two.customer.send(two.customer_port, payload);
    if (i % 3 == 0) continue;
    const auto packet = two.agent.receive();
    REQUIRE(packet);
    CHECK(packet->payload.size() == 240);
    if (!heard.empty()) {
      CHECK(packet->rtp.sequence == static_cast<std::uint16_t>(sequence + 1));
      CHECK(packet->rtp.timestamp == timestamp + 240);
    }
    sequence = packet->rtp.sequence;
    timestamp = packet->rtp.timestamp;
    heard.insert(heard.end(), packet->payload.begin(), packet->payload.end());
  }
  CHECK(heard == sent);
  for (std::uint32_t i = 0; i < 20; ++i) {
    const auto payload = speech(500 + i, 240);
    sent_back.insert(sent_back.end(), payload.begin(), payload.end());
    two.agent.send(two.agent_port, payload);
  }
  for (const auto& packet : two.customer.receive_all()) {
    CHECK(packet.payload.size() == 160);
    heard_back.insert(heard_back.end(), packet.payload.begin(), packet.payload.end());
  }
  CHECK(heard_back == sent_back);
}

TEST_CASE("S9: once the genuine stream has begun, a foreign source is neither relayed nor answered, whatever it sends") {
  TwoLegs two;
  two.start();
  two.customer.send(two.customer_port, speech(1));
  two.agent.send(two.agent_port, speech(2));
  REQUIRE(two.agent.receive());
  REQUIRE(two.customer.receive());
  Peer same_host(two.customer.ssrc), other_host(0xbad, "127.0.0.66");
  same_host.sequence = two.customer.sequence;
  for (std::uint32_t i = 0; i < 500; ++i) {
    same_host.send(two.customer_port, speech(9000 + i));       // another port of the peer's own address, with the peer's SSRC
    other_host.send(two.customer_port, speech(9000 + i));
    other_host.send(static_cast<std::uint16_t>(two.customer_port + 1), Octets{0x80, 201, 0, 1, 0, 0, 0, 1});  // and RTCP
    if (i % 50 != 0) continue;
    two.control.statistics({1}, [&](const auto& s) { return s.dropped_foreign >= 3 * i; });  // the worker has kept up
    two.customer.send(two.customer_port, speech(i));
    two.agent.send(two.agent_port, speech(i));
  }
  const auto relayed = two.agent.receive_all();
  REQUIRE(relayed.size() == 10);
  for (std::uint32_t i = 0; i < 10; ++i) CHECK(relayed[i].payload == speech(i * 50));
  const auto statistics = two.control.statistics({1}, [](const auto& s) { return s.dropped_foreign >= 1500; });
  CHECK(statistics.packets_in == 11);
  CHECK(statistics.dropped_foreign == 1500);
  CHECK(two.control.statistics({2}).packets_out == 11);
  CHECK_FALSE(same_host.receive_raw(50));
  CHECK_FALSE(other_host.receive_raw(50));
}

TEST_CASE("S9: before the lock only the host of the SDP, or the allowed network, is learnt") {
  TwoLegs two;
  two.start();
  Peer stranger(0xbad, "127.0.0.66");
  for (std::uint32_t i = 0; i < 20; ++i) stranger.send(two.customer_port, speech(i));
  CHECK(two.control.statistics({1}, [](const auto& s) { return s.dropped_foreign >= 20; }).dropped_foreign == 20);
  two.customer.send(two.customer_port, speech(1));
  CHECK(two.agent.receive()->payload == speech(1));
  CHECK_FALSE(two.agent.receive(50));

  Peer natted(0x77, "127.0.0.99"), peer(0x78);                 // its SDP names an address that it does not send from
  LegWanted behind = leg_for(5, next_port(), peer, 6), other = leg_for(6, next_port(), two.agent, 5);
  behind.remote_ip = "192.0.2.7";
  behind.source_network = "127.0.0.64/26";
  two.control.tell(behind);
  two.control.tell(other);
  two.control.statistics();
  natted.send(behind.port, speech(4));
  CHECK(two.agent.receive()->payload == speech(4));
  CHECK(two.control.statistics({5}).latched == "127.0.0.99:" + std::to_string(natted.port));
}

TEST_CASE("what is not RTP, or not what was agreed on, neither latches nor is relayed") {
  TwoLegs two;
  two.start();
  two.customer.send_raw(two.customer_port, {0, 0, 0, 0});                       // keep-alive
  two.customer.send_raw(two.customer_port, Octets(172, 0xff));                  // version 3
  two.customer.send(two.customer_port, speech(1), 18);                          // G.729
  CHECK(two.control.statistics({1}, [](const auto& s) { return s.dropped_bad + s.dropped_foreign >= 3; }).latched.empty());
  two.customer.send(two.customer_port, speech(2));
  REQUIRE(two.agent.receive());
  two.customer.send(two.customer_port, {0x40}, 13);                             // comfort noise: dropped, and no gap is left
  two.customer.send(two.customer_port, speech(3));
  const auto last = two.agent.receive();
  REQUIRE(last);
  CHECK(last->payload == speech(3));
  CHECK(two.control.statistics({2}, [](const auto& s) { return s.packets_out >= 2; }).packets_out == 2);
}

TEST_CASE("the SSRC may change from the locked address; to the other side it stays one stream") {
  TwoLegs two;
  two.start();
  two.customer.send(two.customer_port, speech(1));
  const auto first = two.agent.receive();
  REQUIRE(first);
  two.customer.ssrc = 0x5555;
  two.customer.sequence = 20;
  two.customer.timestamp = 4;
  two.customer.send(two.customer_port, speech(2));
  const auto second = two.agent.receive();
  REQUIRE(second);
  CHECK(second->payload == speech(2));
  CHECK(second->rtp.ssrc == first->rtp.ssrc);
  CHECK(second->rtp.sequence == static_cast<std::uint16_t>(first->rtp.sequence + 1));
  CHECK(timestamp_distance(first->rtp.timestamp, second->rtp.timestamp) >= 160);
  CHECK(second->rtp.marker);
  CHECK(two.control.statistics({1}).lost == 0);
}

TEST_CASE("a new offer lets the address be learnt anew, an old one does not") {
  TwoLegs two;
  two.start();
  two.customer.send(two.customer_port, speech(1));
  REQUIRE(two.agent.receive());
  Peer moved(0x6666);
  two.customer_leg.remote_port = moved.port;                    // no new version: the old lock holds
  two.control.tell(two.customer_leg);
  two.control.statistics();
  moved.send(two.customer_port, speech(2));
  CHECK_FALSE(two.agent.receive(50));
  ++two.customer_leg.media_version;
  two.control.tell(two.customer_leg);
  two.control.statistics();
  two.agent.send(two.agent_port, speech(3));
  CHECK(moved.receive()->payload == speech(3));                 // to the new address at once
  two.customer.send(two.customer_port, speech(4));              // still under way from the old one: heard, not learnt
  CHECK(two.agent.receive()->payload == speech(4));
  moved.send(two.customer_port, speech(5));
  CHECK(two.agent.receive()->payload == speech(5));
  two.customer.send(two.customer_port, speech(6));
  CHECK_FALSE(two.agent.receive(50));
  CHECK(two.control.statistics({1}).latched == "127.0.0.1:" + std::to_string(moved.port));
}

TEST_CASE("hold: nothing is sent to a leg that must not be sent to, nothing relayed from one that must not be heard") {
  TwoLegs two;
  two.start();
  two.customer.send(two.customer_port, speech(1));
  const auto before = two.agent.receive();
  REQUIRE(before);
  two.agent_leg.send = false;
  two.control.tell(two.agent_leg);
  two.control.statistics();
  two.customer.send(two.customer_port, speech(2));
  CHECK_FALSE(two.agent.receive(50));
  two.agent_leg.send = true;
  two.customer_leg.receive = false;
  two.control.tell(two.agent_leg);
  two.control.tell(two.customer_leg);
  two.control.statistics();
  two.customer.send(two.customer_port, speech(3));
  CHECK_FALSE(two.agent.receive(50));
  two.customer_leg.receive = true;
  two.control.tell(two.customer_leg);
  two.control.statistics();
  two.customer.send(two.customer_port, speech(4));
  const auto after = two.agent.receive();
  REQUIRE(after);
  CHECK(after->payload == speech(4));
}

TEST_CASE("a lost packet is seen as lost at the other end, a doubled one goes once, a late one keeps its place") {
  TwoLegs two;
  two.start();
  std::vector<Octets> packets;
  for (std::uint32_t i = 0; i < 6; ++i) {
    Octets bytes(rtp_header_size);
    write_rtp_header(bytes.data(), false, 8, static_cast<std::uint16_t>(65533 + i), i * 160, 9);
    const auto payload = speech(i);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    packets.push_back(bytes);
  }
  for (const std::size_t i : {0u, 1u, 3u, 3u, 2u, 5u}) two.customer.send_raw(two.customer_port, packets[i]);
  const auto heard = two.agent.receive_all();
  REQUIRE(heard.size() == 5);
  const auto first = heard[0].rtp.sequence;
  const std::vector<std::uint16_t> steps{0, 1, 3, 2, 5};
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(static_cast<std::uint16_t>(heard[i].rtp.sequence - first) == steps[i]);
    CHECK(heard[i].payload == speech(steps[i]));
  }
  const auto statistics = two.control.statistics({1});
  CHECK(statistics.lost == 1);
  CHECK(statistics.reordered == 1);
}

TEST_CASE("RFC 4733: an event is told once with its length, and passed on under the other leg's number") {
  TwoLegs two;
  two.agent_leg.dtmf_payload = 96;
  two.start();
  two.customer.send(two.customer_port, speech(1));
  REQUIRE(two.agent.receive());
  for (const std::uint8_t event : {5, 11}) {
    const std::uint32_t began = two.customer.timestamp;
    for (int i = 1; i <= 8; ++i) {
      const bool end = i > 5;
      const auto duration = static_cast<std::uint16_t>(std::min(i, 5) * 160);
      two.customer.timestamp = began;
      two.customer.send(two.customer_port, {event, static_cast<std::uint8_t>(end ? 0x8a : 0x0a), static_cast<std::uint8_t>(duration >> 8), static_cast<std::uint8_t>(duration)}, 101, i == 1);
    }
    two.customer.timestamp = began + 1600;
    const auto digit = two.control.wait<DigitHeard>();
    REQUIRE(digit);
    CHECK(digit->digit == (event == 5 ? '5' : '#'));
    CHECK(digit->duration_ms == 100);
    const auto passed = two.agent.receive_all();
    REQUIRE(passed.size() == 8);
    for (const auto& packet : passed) {
      CHECK(packet.rtp.payload_type == 96);
      CHECK(packet.payload[0] == event);
      CHECK(packet.rtp.timestamp == passed[0].rtp.timestamp);
    }
    CHECK(passed[0].rtp.marker);
  }
  CHECK_FALSE(two.control.wait<DigitHeard>(100));
}

TEST_CASE("RFC 4733: a key whose end packets were all lost is told all the same") {
  TwoLegs two;
  two.start();
  two.customer.send(two.customer_port, {7, 10, 1, 64}, 101, true);
  const auto digit = two.control.wait<DigitHeard>();
  REQUIRE(digit);
  CHECK(digit->digit == '7');
  CHECK(digit->duration_ms == 40);
}

TEST_CASE("events stay out of a leg that knows none, without a gap in its numbers") {
  TwoLegs two;
  two.agent_leg.dtmf_payload = -1;
  two.start();
  two.customer.send(two.customer_port, speech(1));
  const auto before = two.agent.receive();
  two.customer.send(two.customer_port, {1, 0x8a, 0, 160}, 101, true);
  two.customer.send(two.customer_port, speech(2));
  const auto after = two.agent.receive();
  REQUIRE(before);
  REQUIRE(after);
  CHECK(after->payload == speech(2));
  CHECK(after->rtp.sequence == static_cast<std::uint16_t>(before->rtp.sequence + 1));
}

TEST_CASE("digits that control sends go out as events, one after the other") {
  TwoLegs two;
  two.start();
  two.control.tell(SendDigit{{2}, "4*"});
  const auto packets = two.agent.receive_all(400);
  REQUIRE(packets.size() == 16);
  for (std::size_t i = 0; i < 16; ++i) {
    CHECK(packets[i].rtp.payload_type == 101);
    CHECK(packets[i].payload[0] == (i < 8 ? 4 : 10));
    CHECK(((packets[i].payload[1] & 0x80) != 0) == (i % 8 >= 5));
    CHECK(packets[i].rtp.marker == (i % 8 == 0));
    CHECK(packets[i].rtp.sequence == static_cast<std::uint16_t>(packets[0].rtp.sequence + i));
    CHECK(packets[i].rtp.timestamp == packets[i < 8 ? 0 : 8].rtp.timestamp);
  }
  CHECK(get16(packets[15].payload.data() + 2) == 800);
}

TEST_CASE("a port that is taken is refused with a reason, and the leg that has it goes on") {
  TwoLegs two;
  two.start();
  Peer other;
  two.control.tell(leg_for(9, two.customer_port, other));
  const auto refused = two.control.wait<LegRefused>();
  REQUIRE(refused);
  CHECK(refused->leg.value == 9);
  CHECK(refused->why.find(std::to_string(two.customer_port)) != std::string::npos);
  two.customer.send(two.customer_port, speech(1));
  CHECK(two.agent.receive());
  for (const char* nobody : {"0.0.0.0", "239.1.2.3", "255.255.255.255", "example.org"}) {  // S13
    LegWanted lie = leg_for(10, next_port(), other);
    lie.remote_ip = nobody;
    two.control.tell(lie);
    CHECK(two.control.wait<LegRefused>());
  }
}

TEST_CASE("reports go out and the peer's are read: loss and round trip reach the statistics") {
  TwoLegs two;
  Peer rtcp;
  two.customer_leg.remote_rtcp_ip = "127.0.0.1";
  two.customer_leg.remote_rtcp_port = rtcp.port;
  two.start();
  for (std::uint32_t i = 0; i < 5; ++i) two.customer.send(two.customer_port, speech(i));
  two.agent.send(two.agent_port, speech(9));
  const auto sent = two.customer.receive();
  REQUIRE(sent);
  const auto report = rtcp.receive_raw(8000);
  REQUIRE(report);
  REQUIRE(report->size() > 52);
  CHECK((*report)[1] == 200);
  CHECK(get32(report->data() + 4) == sent->rtp.ssrc);
  CHECK(get32(report->data() + 20) == 1);                       // packets
  CHECK(get32(report->data() + 24) == 160);                     // octets
  CHECK(get32(report->data() + 28) == two.customer.ssrc);
  Octets answer(32, 0);
  answer[0] = 0x81;
  answer[1] = 201;
  put16(answer.data() + 2, 7);
  put32(answer.data() + 4, two.customer.ssrc);
  put32(answer.data() + 8, sent->rtp.ssrc);
  answer[15] = 3;                                               // cumulative loss: the low octet of 24 bits
  answer[12] = 0; answer[13] = 0; answer[14] = 0;
  std::memcpy(answer.data() + 24, report->data() + 10, 4);      // LSR: the middle of its NTP time
  put32(answer.data() + 28, 0);
  rtcp.send_raw(static_cast<std::uint16_t>(two.customer_port + 1), answer);
  const auto statistics = two.control.statistics({1}, [](const auto& s) { return s.lost_by_peer > 0; });
  CHECK(statistics.lost_by_peer == 3);
  CHECK(statistics.round_trip_us > 0);
  CHECK(statistics.round_trip_us < 1'000'000);
}

TEST_CASE("legs are linked in whatever order they are wanted, heard by several, and unlinked when one goes") {
  TwoLegs two;
  Peer monitor(0x33);
  auto monitor_leg = leg_for(3, next_port(), monitor, 1);
  monitor_leg.codec = Codec::pcmu;
  monitor_leg.payload = 0;
  two.control.tell(monitor_leg);                                // before the leg that it hears
  two.start();
  for (std::uint32_t i = 0; i < 5; ++i) {
    two.customer.send(two.customer_port, speech(i));
    const auto at_agent = two.agent.receive(), at_monitor = monitor.receive();
    REQUIRE(at_agent);
    REQUIRE(at_monitor);
    CHECK(at_agent->payload == speech(i));                      // not the translation made for the other listener
    for (std::size_t j = 0; j < 160; ++j) CHECK(at_monitor->payload[j] == alaw_to_ulaw()[speech(i)[j]]);
  }
  two.control.tell(LegRemove{{1}});
  REQUIRE(two.control.wait<LegRemoved>());
  two.control.tell(two.customer_leg);                           // the leg comes again: its listeners are still its listeners
  two.control.statistics();
  two.customer.send(two.customer_port, speech(7));
  CHECK(two.agent.receive()->payload == speech(7));
  CHECK(monitor.receive());
  two.control.tell(LegRemove{{3}});
  REQUIRE(two.control.wait<LegRemoved>());
  two.customer.send(two.customer_port, speech(8));
  CHECK(two.agent.receive()->payload == speech(8));
  CHECK_FALSE(monitor.receive(50));
}
