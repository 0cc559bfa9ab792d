// Every pair of (state, stimulus) of the floor's and of SIP's state machines is met, or ruled out by an assertion at its door.
//   simulation_pairs [SEEDS] [FIRST]   the table; fails when a pair is neither, or when something is left behind
//   simulation_pairs --seed N@PRINT    one seed of the wild peers alone
// Three worlds: a floor that is shaken (tests/property/floor), peers that do as they please (wild_peers.h), and centres with
// telephones in which people hold, consult and send on more than people do.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "simulate/coverage.h"
#include "simulate/seed.h"
#include "simulate/sip_world.h"
#include "wild_peers.h"

using namespace pasokh;
using namespace pasokh::simulate;

namespace {

// Pairs that people bring about seldom are brought about often: more transfers, consults, holds and digits than any centre has.
SipPlan busy_hands(std::uint64_t seed) {
  SipPlan plan = any_sip_centre(seed);
  plan.people.holds_permille = 250;
  plan.people.consults_permille = 200;
  plan.people.blind_to_queue_permille = 120;
  plan.people.blind_to_agent_permille = 200;
  plan.refers_permille = 120;
  plan.phone_holds_permille = 300;
  plan.digits_permille = 300;
  plan.people.give_permille = 60;
  plan.session_timers_permille = 400;
  plan.chaos_permille = 300;
  return plan;
}

// An agent calls somebody outside and, before that party has answered, sends the call on or moves it to another phone; then it rings.
void send_on_before_answer(floor::test::RandomFloor& world) {
  using namespace floor;
  auto& dice = world.dice;
  const auto& state = world.floor.inspect();
  const std::string agent = world.agent_code(dice.below(8));
  world.tell(PlaceCall{agent, "0912345", PartyId{5}, "x"});
  const AgentId id = world.floor.agent(agent);
  const Call* call = id ? state.find(state.agent(id).call) : nullptr;
  if (!call || call->direction != Direction::outbound || call->customer) return;
  const CallId called = call->id;
  world.tell(LegAnsweredByPeer{call->agent_leg});
  call = state.find(called);
  if (!call || !call->customer) return;
  const LegId party = call->customer;
  if (dice.chance(20)) { world.next_leg += 2; world.tell(LegReplacedByPeer{call->agent_leg, LegId{world.next_leg - 2}}); return; }
  Transfer transfer;
  transfer.agent = agent;
  transfer.how = dice.chance(30) ? TransferKind::consult : TransferKind::blind;
  transfer.party = PartyId{7};
  switch (dice.below(3)) {
    case 0: transfer.to_agent = world.agent_code(dice.below(8)); break;
    case 1: transfer.to_queue = world.queue_code(dice.below(3)); break;
    case 2: transfer.to_number = "0912345"; break;
  }
  world.tell(transfer);
  if (dice.chance(60)) world.tell(dice.chance(70) ? Stimulus{LegRinging{party}} : Stimulus{LegAnsweredByPeer{party}});
  if (call = state.find(called); !call || !call->transfer.leg || dice.chance(30)) return;
  world.tell(LegAnsweredByPeer{call->transfer.leg});
  if (call = state.find(called); call && call->outside) world.tell(LegGone{call->outside, EndCause::hung_up});
}

floor::LegArrived dials(floor::test::RandomFloor& world, DeviceId device, const std::string& what) {
  world.next_leg += 2;
  return {LegId{world.next_leg - 2}, {}, device, what, PartyId{9}, PartyId{8}};
}

// A phone rings, or is about to: its agent declines at the desk, calls somebody, leaves, or loses the phone; another answers, or the
// call is ended.
void disturb_ringing(floor::test::RandomFloor& world) {
  using namespace floor;
  auto& dice = world.dice;
  const auto& state = world.floor.inspect();
  for (const auto& [id, leg] : state.legs) {
    if (leg.role != LegRole::offer) continue;
    const std::string agent = state.agent(leg.agent).code;
    const DeviceId device = leg.device;
    const CallId call = leg.call;
    if (dice.chance(70)) world.tell(LegRinging{id});
    switch (dice.below(8)) {
      case 0: world.tell(HangUp{{}, agent, "x"}); return;
      case 1: world.tell(DeviceReachable{device, false}); return;
      case 2: world.tell(dials(world, device, "0912345")); return;
      case 3: world.tell(SignOut{agent, "x"}); return;
      case 4: world.tell(HangUp{call, "", "boss"}); return;
      case 5: world.tell(LegGone{id, EndCause::failed}); return;
      case 6: world.tell(dials(world, device, "*15")); return;
      case 7:
        if (const auto& offers = state.find(call)->offers; offers.size() > 1) for (const Offer& other : std::vector<Offer>(offers)) world.tell(LegRinging{other.leg});
        if (const auto& offers = state.find(call)->offers; offers.size() > 1) world.tell(LegAnsweredByPeer{offers.front().leg == id ? offers.back().leg : offers.front().leg});
        return;
    }
  }
}

// Who wraps up is asked by a colleague, dials, or loses the phone.
void disturb_wrap_up(floor::test::RandomFloor& world) {
  using namespace floor;
  auto& dice = world.dice;
  const auto& state = world.floor.inspect();
  std::string talks;
  for (const Agent& agent : state.agents) if (agent.in_call() && (talks.empty() || dice.chance(50))) talks = agent.code;
  for (const Agent& agent : state.agents) {
    if (agent.state != AgentState::wrap_up) continue;
    const AgentId id = agent.id;
    switch (dice.below(4)) {
      case 0: world.tell(DeviceReachable{agent.device, dice.chance(50)}); return;
      case 1: world.tell(dials(world, agent.device, dice.chance(50) ? "*13" : "*99")); return;
      case 2: world.tell(dials(world, agent.device, "0912345")); return;
      case 3: {
        Transfer consult;
        consult.agent = talks;
        consult.to_agent = agent.code;
        consult.how = TransferKind::consult;
        world.tell(consult);
        const LegId rings = state.agent(id).side_leg;
        if (!rings) return;
        world.tell(LegRinging{rings});
        world.tell(dice.chance(50) ? Stimulus{LegGone{rings, EndCause::busy}} : Stimulus{LegAnsweredByPeer{rings}});
        return;
      }
    }
  }
}

// A desk where nobody is signed in calls; then somebody sits down there, it calls again, or its phone is gone.
void disturb_empty_desk(floor::test::RandomFloor& world) {
  using namespace floor;
  auto& dice = world.dice;
  const auto& state = world.floor.inspect();
  for (const Device& device : state.devices) {
    if (!device.exists || device.seated || !device.reachable) continue;
    const DeviceId id = device.id;
    const std::string user = device.user;
    world.tell(dials(world, id, "0912345"));
    switch (dice.below(5)) {
      case 0: world.tell(DeviceReachable{id, false}); return;
      case 1: world.tell(DeviceReachable{id, true}); return;
      case 2: world.tell(dials(world, id, dice.chance(50) ? "0912345" : "*11")); return;
      case 3: world.tell(SignIn{world.agent_code(dice.below(8)), user, "x"}); return;
      case 4: world.tell(Configure{"device", "remove", user, {}, "x"}); return;
    }
  }
}

// What RandomFloor does not draw: doors that shut, queues, agents and devices that are taken away and come again, reports.
void shake_floor(std::uint64_t seed, int steps) {
  using namespace floor;
  floor::test::RandomFloor world{seed};
  auto& dice = world.dice;
  for (int step = 0; step < steps; ++step) {
    world.advance();
    if (world.floor.deadline() <= world.now) { world.tell(Tick{}); continue; }
    if (!dice.chance(14)) { world.tell(world.draw()); continue; }
    const int a = dice.below(8), q = dice.below(3);
    if (dice.chance(30)) world.tell(SetReady{world.agent_code(a), "x"});
    switch (dice.below(12)) {
      case 0: world.tell(Configure{"number", "set", std::to_string(8000 + q), {{"emergency", dice.chance(50) ? "yes" : "no"}}, "x"}); break;
      case 1:
        if (!dice.chance(20)) break;
        world.tell(Configure{"queue", "remove", world.queue_code(q), {}, "x"});
        world.must({"queue", "add", world.queue_code(q), world.queue_settings(), "x"});
        world.must({"number", "set", std::to_string(8000 + q), {{"queue", world.queue_code(q)}}, "x"});
        break;
      case 2:
        world.tell(Configure{"agent", "remove", world.agent_code(a), {}, "x"});
        world.must({"agent", "add", world.agent_code(a), world.agent_settings(a), "x"});
        break;
      case 3:
        world.tell(Configure{"device", "remove", std::to_string(200 + a), {}, "x"});
        world.must({"device", "add", std::to_string(200 + a), {}, "x"});
        world.tell(DeviceReachable{world.floor.device(std::to_string(200 + a)), true});
        break;
      case 4: world.tell(CompleteReport{world.agent_code(a), CallId{1 + dice.next() % 50}, "x"}); break;
      case 5: world.tell(ReleaseReport{world.agent_code(a), "boss"}); break;
      case 6: world.tell(dice.chance(30) ? Stimulus{SignOut{world.agent_code(a), "x"}} : Stimulus{DeviceReachable{DeviceId{1 + dice.next() % 16}, true}}); break;
      case 8: send_on_before_answer(world); break;
      case 9: disturb_ringing(world); break;
      case 10: disturb_wrap_up(world); break;
      case 11: disturb_empty_desk(world); break;
      case 7: world.tell(SignIn{world.agent_code(a), std::to_string(200 + dice.below(8)), "x"}); break;
    }
  }
}

bool shake_peers(std::uint64_t seed) {
  test::WildPeers peers{seed};
  peers.shake(1'500);
  const std::string left = peers.rest();
  if (left.empty()) return true;
  std::printf("wild peers, seed %s: left behind: %s\n", sip_seed_text(seed).c_str(), left.c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  Coverage seen;
  seen.listen();
  bool good = true;
  if (argc > 2 && std::strcmp(argv[1], "--seed") == 0) {
    const auto seed = parse_sip_seed(argv[2]);
    if (!seed) { std::fprintf(stderr, "%s\n", seed.error().text.c_str()); return 2; }
    return shake_peers(*seed) ? 0 : 1;
  }
  const std::uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 40;
  const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    shake_floor(seed, 20'000);
    for (std::uint64_t wild = 0; wild < 10; ++wild) good = shake_peers(10 * seed + wild) && good;
    if (seed % 20) continue;
    SipWorld world(busy_hands(seed));
    world.run();
  }
  std::fputs(seen.table().c_str(), stdout);
  for (const auto& pair : seen.missing()) std::printf("neither met nor ruled out: %s\n", pair.c_str());
  const auto sum = seen.sum();
  std::printf("%zu pairs: %zu met, %zu ruled out by an assertion, %zu left\n", sum.pairs, sum.met, sum.ruled_out, sum.left());
  return good && sum.left() == 0 ? 0 : 1;
}
