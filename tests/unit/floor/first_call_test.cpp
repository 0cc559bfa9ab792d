#include "world.h"

using namespace pasokh;
using namespace pasokh::floor;
using pasokh::floor::test::World;

TEST_CASE("A1: a caller is answered by us, queued, offered to the free agent, bridged, and ended with one outcome") {
  World w;
  w.ready(1);
  const LegId customer = w.call();
  REQUIRE(w.events<CallOffered>().size() == 1);
  const CallOffered offered = w.events<CallOffered>()[0];
  CHECK(offered.agent == w.a(1));
  CHECK(offered.leg.value % 2 == 0);
  CHECK(w.effects<AcceptLeg>()[0].leg == customer);
  CHECK(w.effects<DialLeg>()[0].device == w.floor.device("201"));
  CHECK(w.effects<Hear>()[0].hearing.programme.items[0].kind == "music");
  CHECK(w.state(1) == AgentState::offered);
  w.check_replay();

  w.tell(LegRinging{offered.leg});
  w.later(Duration::seconds(3));
  w.tell(LegAnsweredByPeer{offered.leg});
  CHECK(w.events<OfferAnswered>().size() == 1);
  CHECK(w.events<CallLeftQueue>()[0].why == LeftQueue::answered);
  CHECK(w.effects<Record>()[0].on);
  CHECK(w.effects<Hear>().size() == 2);
  CHECK(w.state(1) == AgentState::talking);
  w.check_replay();

  w.later(Duration::seconds(60));
  w.tell(LegGone{customer, EndCause::hung_up});
  CHECK(w.events<CallEnded>()[0].outcome == Outcome::answered);
  CHECK(w.effects<EndLeg>()[0].leg == offered.leg);
  CHECK_FALSE(w.effects<Record>()[0].on);
  CHECK(w.state(1) == AgentState::wrap_up);
  CHECK(w.floor.live_calls() == 0);
  w.later(Duration::seconds(10));
  CHECK(w.state(1) == AgentState::ready);
  w.check_replay();
}
