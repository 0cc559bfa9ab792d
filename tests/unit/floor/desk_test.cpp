// Crossing messages, limits, effects and looks.
#include "floor/board.h"
#include "world.h"

using namespace pasokh;
using namespace pasokh::floor;
using pasokh::floor::test::World;

TEST_CASE("complaint 7: the answer that comes after the offer has lapsed is hung up, and the next agent keeps the call") {
  World w;
  w.ready(1);
  w.ready(2);
  w.call();
  const LegId first = w.last<CallOffered>().leg;
  w.later(Duration::seconds(20));
  CHECK(w.all<OfferLapsed>().size() == 1);
  w.tell(LegAnsweredByPeer{first});
  CHECK(w.events<OfferAnswered>().empty());
  CHECK(w.effects<EndLeg>()[0].leg == first);
  w.tell(LegAnsweredByPeer{w.last<CallOffered>().leg});
  CHECK(w.events<OfferAnswered>()[0].agent == w.a(2));
}

TEST_CASE("the offer's reason is bounded: five of the ranking, and counts") {
  World w(12);
  for (int i = 1; i <= 10; ++i) w.ready(i);
  w.tell(SetPaused{"a10", "tea", "test"});
  w.call();
  const OfferReason why = w.last<CallOffered>().reason;
  CHECK(why.first.size() == 5);
  CHECK(why.first[0].agent == w.last<CallOffered>().agent);
  CHECK(why.free == 9);
  CHECK(why.on_duty == 9);
  CHECK(why.excluded == std::map<std::string, std::int32_t>{{"paused", 1}, {"signed_out", 2}});
}

TEST_CASE("design §6: a withdrawn offer is given back, a lapsed one stays taken") {
  World w(2);
  w.ready(1);
  w.ready(2);
  const LegId customer = w.call();
  CHECK(w.floor.balance(w.a(1)) == -(1 << 23));
  w.tell(LegGone{customer, EndCause::cancelled});
  CHECK(w.floor.balance(w.a(1)) == 0);
  CHECK(w.floor.balance(w.a(2)) == 0);
  w.call();
  w.later(Duration::seconds(20));
  CHECK(w.floor.balance(w.a(1)) < 0);
  w.check_replay();
}

TEST_CASE("design §6: a balance leaves ± ledger_limit only by an event that says so") {
  World w(2, {{"wrap_up", "0s"}});
  w.set("centre", "set", "", {{"ledger_limit", "1"}});
  w.ready(1);
  w.ready(2);
  const LegId long_call = w.call();  // a1 talks for ever
  w.tell(LegAnsweredByPeer{w.last<CallOffered>().leg});
  for (int i = 0; i < 6; ++i) {
    const LegId leg = w.call();
    w.tell(LegAnsweredByPeer{w.last<CallOffered>().leg});
    w.tell(LegGone{leg, EndCause::hung_up});
  }
  CHECK_FALSE(w.all<LedgerCut>().empty());
  w.tell(LegGone{long_call, EndCause::hung_up});
  CHECK(w.floor.balance(w.a(1)) <= 1 << 24);
  CHECK(w.floor.balance(w.a(2)) >= -(1 << 24));
  w.check_replay();
}

TEST_CASE("more calls than max_calls are refused with 503, and counted with one outcome") {
  World w;
  w.set("centre", "set", "", {{"max_calls", "1"}});
  w.call();
  const LegId second = w.call();
  CHECK(w.effects<RefuseLeg>()[0].leg == second);
  CHECK(w.effects<RefuseLeg>()[0].cause == EndCause::failed);
  CHECK(w.events<CallEnded>()[0].outcome == Outcome::refused);
  CHECK(w.floor.live_calls() == 1);
}

TEST_CASE("what the outside should look like after a restart: legs, how to dial them, what they hear, what is recorded") {
  World w;
  w.ready(1);
  const LegId customer = w.call();
  const CallOffered offer = w.last<CallOffered>();
  auto wishes = w.floor.leg_wishes();
  REQUIRE(wishes.size() == 2);
  CHECK(wishes[0].leg == customer);
  CHECK(wishes[0].state == LegWish::State::up);
  CHECK(wishes[0].hearing.programme.items[0].kind == "music");
  CHECK(wishes[1].state == LegWish::State::dialling);
  CHECK(wishes[1].dial.device == w.floor.device("201"));
  CHECK(wishes[1].dial.queue == "support");
  w.tell(LegAnsweredByPeer{offer.leg});
  REQUIRE(w.floor.record_wishes().size() == 1);
  CHECK(w.floor.record_wishes()[0].agent == offer.leg);
  w.tell(Restarted{});
  CHECK(w.turn.events.empty());
  CHECK(w.turn.effects.empty());
}

TEST_CASE("the phone's own hold (re-INVITE) plays music to the customer and marks the recording") {
  World w;
  w.ready(1);
  const LegId customer = w.call();
  const LegId agent = w.last<CallOffered>().leg;
  w.tell(LegAnsweredByPeer{agent});
  w.tell(LegHeldByPeer{agent, true});
  CHECK(w.events<CallHeld>().size() == 1);
  CHECK(w.effects<MarkRecording>()[0].mark == "hold");
  bool music = false;
  for (const Hear& h : w.effects<Hear>()) music = music || (h.leg == customer && !h.hearing.programme.items.empty());
  CHECK(music);
  w.tell(LegHeldByPeer{agent, false});
  CHECK(w.events<CallResumed>().size() == 1);
}

TEST_CASE("explain tells the full ranking in Persian and in English from the state just before the offer") {
  World w(12);
  for (int i = 1; i <= 12; ++i) w.ready(i);
  auto before = Floor::load(w.floor.save());
  REQUIRE(before);
  w.now = w.now + Duration::seconds(5);
  w.call();
  for (const Event& event : w.turn.events) {
    const auto* offer = std::get_if<CallOffered>(&event);
    if (!offer) { before->evolve(event, w.now); continue; }
    const std::string en = before->explain(*offer, w.now, Language::en, false);
    CHECK(en.find("1. a1: free, owed 0.00 calls, idle for 5 s <- taken") != std::string::npos);
    CHECK(en.find("12 free of 12 on duty") != std::string::npos);
    CHECK(en.find("… and 2 more") != std::string::npos);
    CHECK(before->explain(*offer, w.now, Language::en, true).find("12. a12") != std::string::npos);
    CHECK(before->explain(*offer, w.now, Language::fa, false).find("۱۲ نفر آزاد") != std::string::npos);
  }
}

TEST_CASE("a snapshot that is cut or altered is refused, never half loaded") {
  World w;
  w.ready(1);
  w.call();
  const std::string whole = w.floor.save();
  for (std::size_t n = 0; n < whole.size(); ++n) CHECK_FALSE(Floor::load(std::string_view(whole).substr(0, n)));
  CHECK_FALSE(Floor::load(whole + "x"));
}

TEST_CASE("queue with notice: an announced place, the notice first, then place and music") {
  World w(0, {{"notice", "yes"}, {"announce_place", "yes"}});
  w.call();
  const LegId second = w.call();
  std::vector<Hear> heard = w.effects<Hear>();
  REQUIRE_FALSE(heard.empty());
  const Programme notice = heard.back().hearing.programme;
  CHECK(notice.items[0].name == "notice");
  CHECK_FALSE(notice.repeat);
  w.tell(ProgrammeFinished{second, notice.id});
  const Programme queue = w.effects<Hear>()[0].hearing.programme;
  CHECK(queue.items[0].kind == "place");
  CHECK(queue.items[0].n == 2);
  CHECK(queue.items[1].kind == "music");
  CHECK(queue.repeat);
  CHECK(queue.id != notice.id);
}

TEST_CASE("a phone's third line is followed like its second: the agent is free when the last of them has ended") {
  World w(2, {{"wrap_up", "0s"}});
  w.set("centre", "set", "", {{"outbound", "09:carrier"}});
  w.ready(1);
  const LegId customer = w.call();
  w.tell(LegAnsweredByPeer{w.last<CallOffered>().leg});
  const LegId second = w.from_device(1, "09121111111");
  w.tell(LegAnsweredByPeer{w.last<LegDialled>().leg});
  const LegId third = w.from_device(1, "09122222222");
  w.tell(LegAnsweredByPeer{w.last<LegDialled>().leg});
  CHECK(calls_of(w.floor, w.a(1)).size() == 3);
  w.tell(LegGone{customer, EndCause::hung_up});
  CHECK(w.state(1) == AgentState::talking);
  w.tell(LegGone{third, EndCause::hung_up});
  CHECK(w.state(1) == AgentState::talking);
  CHECK(calls_of(w.floor, w.a(1)).size() == 1);
  w.check_replay();
  w.tell(LegGone{second, EndCause::hung_up});
  CHECK(w.state(1) == AgentState::ready);
  CHECK(calls_of(w.floor, w.a(1)).empty());
  w.check_replay();
}
