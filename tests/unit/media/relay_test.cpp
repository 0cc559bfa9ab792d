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
