// A small centre for tests: two queues, a trunk, and agents a1… with devices 201…; time stands still unless moved.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "floor/floor.h"

namespace pasokh::floor::test {

struct World {
  Floor floor;
  Floor replayed;                        // evolves by the events alone
  Instant now{1'774'051'200'000'000};
  std::vector<Event> journal;
  Turn turn;                             // of the last stimulus
  std::uint64_t next_leg = 1;            // odd: the telephone side's

  const Turn& tell(const Stimulus& stimulus) {
    turn = floor.handle(stimulus, now);
    for (const Event& event : turn.events) { journal.push_back(event); replayed.evolve(event, now); }
    return turn;
  }
  void set(std::string noun, std::string verb, std::string code, std::map<std::string, std::string> settings = {}) {
    tell(Configure{std::move(noun), std::move(verb), std::move(code), std::move(settings), "test"});
    if (turn.refused) FAIL(turn.refused->text);
  }
  void later(Duration d) {
    const Instant until = now + d;
    while (floor.deadline() <= until) { now = std::max(now, floor.deadline()); tell(Tick{}); }
    now = until;
  }
  explicit World(int agents = 2, std::map<std::string, std::string> support = {}) {
    set("trunk", "add", "carrier", {{"max_channels", "0"}, {"host", "10.0.0.1"}});
    support.try_emplace("notice", "no");
    support.try_emplace("announce_place", "no");
    set("queue", "add", "support", support);
    set("queue", "add", "sales", {{"notice", "no"}, {"announce_place", "no"}});
    set("number", "add", "8000", {{"queue", "support"}});
    set("number", "add", "8001", {{"queue", "sales"}});
    for (int i = 1; i <= agents; ++i) add_agent(i);
  }
  void add_agent(int i, const std::string& queues = "support") {
    const std::string n = std::to_string(i);
    set("device", "add", std::to_string(200 + i));
    set("agent", "add", "a" + n, {{"queues", queues}, {"device", std::to_string(200 + i)}, {"number", std::to_string(100 + i)}});
    tell(DeviceReachable{floor.device(std::to_string(200 + i)), true});
  }
  void ready(int i) { tell(SignIn{"a" + std::to_string(i), "", "test"}); REQUIRE_FALSE(turn.refused); }

  // Calls `number` from the trunk; returns the customer's leg.
  LegId call(const std::string& number = "8000") {
    const LegId leg{next_leg};
    next_leg += 2;
    tell(LegArrived{leg, floor.trunk("carrier"), {}, number, PartyId{leg.value}, {}});
    return leg;
  }
  LegId from_device(int i, const std::string& dialled) {
    const LegId leg{next_leg};
    next_leg += 2;
    tell(LegArrived{leg, {}, floor.device(std::to_string(200 + i)), dialled, PartyId{900}, PartyId{901}});
    return leg;
  }
  AgentId a(int i) const { return floor.agent("a" + std::to_string(i)); }
  AgentState state(int i) const { return *floor.state(a(i)); }

  // Of the last turn:
  template <class E> std::vector<E> events() const {
    std::vector<E> found;
    for (const Event& event : turn.events) if (const E* e = std::get_if<E>(&event)) found.push_back(*e);
    return found;
  }
  template <class E> std::vector<E> effects() const {
    std::vector<E> found;
    for (const Effect& effect : turn.effects) if (const E* e = std::get_if<E>(&effect)) found.push_back(*e);
    return found;
  }
  template <class E> std::vector<E> all() const {
    std::vector<E> found;
    for (const Event& event : journal) if (const E* e = std::get_if<E>(&event)) found.push_back(*e);
    return found;
  }
  template <class E> E last() const {
    for (auto it = journal.rbegin(); it != journal.rend(); ++it) if (const E* e = std::get_if<E>(&*it)) return *e;
    FAIL("no such event");
    return {};
  }
  void check_replay() const {
    CHECK(replayed == floor);
    auto loaded = Floor::load(floor.save());
    REQUIRE(loaded);
    CHECK(*loaded == floor);
    CHECK(loaded->deadline() == floor.deadline());
  }
};

}  // namespace pasokh::floor::test
