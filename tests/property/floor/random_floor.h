// A centre drawn from a seed that is shaken by whatever may happen to it, in any order, crossing messages included.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "floor/floor.h"
#include "floor/state.h"

namespace pasokh::floor::test {

struct Dice {  // splitmix64: the same run on every machine
  std::uint64_t state;
  std::uint64_t next() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  int below(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  template <class T> const T& one_of(const std::vector<T>& all) { return all[static_cast<std::size_t>(below(static_cast<int>(all.size())))]; }
};

inline bool may_take(const State& s, const Agent& a, const Call& c) {
  const auto& needs = needs_at(s.queue(c.queue).settings, c.step);
  bool member = false;
  for (const Membership& m : a.settings.queues) member = member || m.queue == c.queue;
  if (!a.exists || !member) return false;
  for (const SkillLevel& need : needs) {
    bool has = false;
    for (const SkillLevel& skill : a.settings.skills) has = has || (skill.skill == need.skill && skill.level >= need.level);
    if (!has) return false;
  }
  return true;
}

class RandomFloor {
 public:
  explicit RandomFloor(std::uint64_t seed, int agents = 8, int queues = 3) : dice{seed} {
    must({"trunk", "add", "t1", {{"max_channels", dice.chance(50) ? "0" : "12"}}, ""});
    for (int q = 0; q < queues; ++q) must({"queue", "add", queue_code(q), queue_settings(), ""});
    for (int q = 0; q < queues; ++q) must({"number", "add", std::to_string(8000 + q), {{"queue", queue_code(q)}}, ""});
    for (int a = 0; a < agents; ++a) {
      must({"device", "add", std::to_string(200 + a), {}, ""});
      must({"agent", "add", agent_code(a), agent_settings(a), ""});
      tell(DeviceReachable{floor.device(std::to_string(200 + a)), true});
    }
    if (dice.chance(70)) must({"centre", "set", "", {{"outbound", "09:t1"}, {"ledger_limit", std::to_string(1 + dice.below(4))}}, ""});
    agents_ = agents;
    queues_ = queues;
  }

  Dice dice;
  Floor floor;
  Instant now{1'774'051'200'000'000};
  std::vector<Event> last_events;
  std::vector<Effect> last_effects;
  std::uint64_t next_leg = 1;
  Stimulus last;
  bool calm = false;                       // no more changes of settings and people

  std::string agent_code(int a) const { return "a" + std::to_string(a); }
  std::string queue_code(int q) const { return "q" + std::to_string(q); }

  const std::vector<Event>& tell(const Stimulus& stimulus) {
    last = stimulus;
    Turn turn = floor.handle(stimulus, now);
    last_events = std::move(turn.events);
    last_effects = std::move(turn.effects);
    return last_events;
  }
  void must(const Configure& c) { tell(c); }

  std::map<std::string, std::string> queue_settings() {
    std::map<std::string, std::string> s;
    s["strategy"] = dice.one_of<std::string>({"fair-share", "fair-share", "longest-idle", "round-robin", "ring-all", "fixed-order"});
    s["priority"] = std::to_string(dice.below(2));
    s["ring"] = std::to_string(5 + dice.below(20)) + "s";
    s["wrap_up"] = dice.chance(40) ? "0s" : std::to_string(1 + dice.below(20)) + "s";
    s["capacity"] = std::to_string(dice.chance(30) ? 2 + dice.below(3) : 100);
    s["max_wait"] = std::to_string(30 + dice.below(120)) + "s";
    if (dice.chance(40)) s["overflow_queue"] = "q" + std::to_string(dice.below(3));
    if (dice.chance(30)) s["overflow_number"] = "0912345";
    if (dice.chance(50)) s["skills"] = dice.chance(50) ? "0s=persian:5,20s=persian:1,40s=" : "10s=tech:3,30s=";
    s["record"] = dice.chance(70) ? "yes" : "no";
    s["notice"] = dice.chance(50) ? "yes" : "no";
    s["announce_every"] = dice.chance(50) ? "0s" : "15s";
    s["greeting"] = dice.chance(50) ? "welcome" : "";
    s["announcement"] = dice.chance(50) ? "patience" : "";
    return s;
  }
  std::map<std::string, std::string> agent_settings(int a) {
    std::string queues;
    for (int q = 0; q < 3; ++q) if (dice.chance(60)) queues += (queues.empty() ? "" : ",") + queue_code(q) + ":" + std::to_string(dice.below(4));
    std::string skills;
    if (dice.chance(60)) skills = "persian:" + std::to_string(1 + dice.below(10));
    if (dice.chance(40)) skills += (skills.empty() ? "" : ",") + std::string("tech:") + std::to_string(1 + dice.below(10));
    return {{"queues", queues}, {"skills", skills}, {"device", std::to_string(200 + a)}, {"number", std::to_string(100 + a)}};
  }

  Stimulus draw() {
    const State& s = floor.inspect();
    const std::string agent = agent_code(dice.below(agents_));
    auto leg = [&]() -> LegId {
      if (s.legs.empty() || dice.chance(3)) return LegId{1 + dice.next() % 200};
      auto it = s.legs.begin();
      std::advance(it, dice.below(static_cast<int>(s.legs.size())));
      return it->first;
    };
    auto call = [&]() -> CallId {
      if (s.calls.empty()) return CallId{1};
      auto it = s.calls.begin();
      std::advance(it, dice.below(static_cast<int>(s.calls.size())));
      return it->first;
    };
    const int roll = dice.below(100);
    if (roll < 20) { next_leg += 2; return LegArrived{LegId{next_leg - 2}, s.trunks.empty() ? TrunkId{} : TrunkId{1}, {}, dice.chance(3) ? "7777" : std::to_string(8000 + dice.below(queues_)), PartyId{dice.next() % 1000 + 1}, {}}; }
    if (roll < 45) return LegAnsweredByPeer{dialling(s, leg())};
    if (roll < 50) return LegRinging{leg()};
    if (roll < 61) return LegGone{leg(), dice.one_of<EndCause>({EndCause::hung_up, EndCause::hung_up, EndCause::busy, EndCause::declined, EndCause::no_answer, EndCause::unreachable, EndCause::lost, EndCause::failed, EndCause::cancelled})};
    if (roll < 63) return ProgrammeFinished{leg(), finished(s, leg())};
    if (roll < 73) return SetReady{agent, "x"};
    if (roll < 76) return SetPaused{agent, dice.chance(50) ? "tea" : "", "x"};
    if (roll < 77) return SignOut{agent, "x"};
    if (roll < 78) return SignIn{agent, std::to_string(200 + dice.below(agents_)), "x"};
    if (roll < 80) return Hold{agent, "x", dice.chance(60)};
    if (roll < 84) {
      Transfer t;
      t.agent = agent;
      t.how = dice.chance(50) ? TransferKind::consult : TransferKind::blind;
      t.party = PartyId{7};
      if (dice.chance(50)) t.to_agent = agent_code(dice.below(agents_)); else if (dice.chance(50)) t.to_queue = queue_code(dice.below(queues_)); else t.to_number = "0912345";
      return t;
    }
    if (roll < 85) return CompleteTransfer{agent, "x"};
    if (roll < 86) return CancelConsult{agent, "x"};
    if (roll < 87) return GiveCall{call(), agent, "boss"};
    if (roll < 88) return HangUp{dice.chance(50) ? call() : CallId{}, agent, "x"};
    if (roll < 89) return PlaceCall{agent, "0912345", PartyId{5}, "x"};
    if (roll < 92) { next_leg += 2; return LegArrived{LegId{next_leg - 2}, {}, DeviceId{1 + dice.next() % static_cast<std::uint64_t>(agents_)}, device_dials(), PartyId{9}, PartyId{8}}; }
    if (roll < 94) return DeviceReachable{DeviceId{1 + dice.next() % static_cast<std::uint64_t>(agents_)}, dice.chance(75)};
    if (roll < 95) return TransferAsked{leg(), dice.one_of<std::string>({"8000", "101", "0912345", "999"}), dice.chance(50) ? leg() : LegId{}, PartyId{6}};
    if (roll < 96 && dice.chance(30)) { next_leg += 2; return LegReplacedByPeer{leg(), LegId{next_leg - 2}}; }
    if (roll < 96) return LegHeldByPeer{leg(), dice.chance(50)};
    if (roll < 97) return CaptureFailed{call(), CaptureId{1 + dice.next() % 50}, "disk"};
    if (roll < 98 && !calm) return Configure{"queue", "set", queue_code(dice.below(queues_)), queue_settings(), "x"};
    if (roll < 99 && !calm) { const int a = dice.below(agents_); return Configure{"agent", "set", agent_code(a), agent_settings(a), "x"}; }
    return DigitPressed{leg(), '5'};
  }

  Instant advance() { return now = now + Duration::milliseconds(dice.chance(80) ? dice.below(2000) : dice.below(20'000)); }

 private:
  LegId dialling(const State& s, LegId otherwise) {
    std::vector<LegId> found;
    for (const auto& [id, leg] : s.legs) if (leg.state == LegState::dialling) found.push_back(id);
    return found.empty() || dice.chance(10) ? otherwise : dice.one_of(found);
  }
  ProgrammeId finished(const State& s, LegId leg) {
    auto found = s.find(leg);
    return found && dice.chance(70) ? found->hearing.programme.id : ProgrammeId{dice.next() % 100};
  }
  std::string device_dials() { return dice.one_of<std::string>({"*11", "*12", "*13", "*142", "*15", "*11101", "*99", "101", "103", "8000", "8001", "0912345", "110", "0000"}); }

  int agents_ = 8, queues_ = 3;
};

}  // namespace pasokh::floor::test
