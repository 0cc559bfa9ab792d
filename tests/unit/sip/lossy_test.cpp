// Two endpoints over a link that loses, doubles, delays and reorders, in virtual time, from a seed. With kills: a turn either was
// committed (rows and events count) or never happened, and what it had to send is gone either way, save what was marked early.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sip/endpoint.h"
#include "sip/message.h"

using namespace pasokh;
using namespace pasokh::sip;

namespace {

struct Dice {
  std::uint64_t state;
  std::uint64_t next() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  bool percent(std::uint64_t p) { return below(100) < p; }
};

struct Manners {
  std::uint64_t loss = 0, twice = 0, jitter_ms = 5, kill = 0;  // percent
  int calls = 3;
  bool reoffers = true;
};

struct Link;

// A control process: an endpoint, the journal's rows, and a floor that remembers which legs live.
struct Control : Out {
  Link* link = nullptr;
  std::string ip, other_ip;
  std::uint64_t epoch = 1;
  std::unique_ptr<Endpoint> endpoint;
  bool up = true;

  std::map<std::pair<RowKind, std::string>, std::string> rows;
  struct Turn { std::vector<std::pair<Flow, std::string>> sends; std::vector<Event> events; std::vector<std::tuple<bool, RowKind, std::string, std::string>> writes; } pending;
  struct Life { bool ended = false, talking = false, arrived = false; int ends = 0; std::string cause; int status = 0; bool end_ordered = false; };
  std::map<LegId, Life> legs;

  void send(const Flow& to, std::string bytes, bool early) override;
  void event(Event event) override { pending.events.push_back(std::move(event)); }
  void save(RowKind kind, std::string key, std::string bytes) override { pending.writes.emplace_back(true, kind, std::move(key), std::move(bytes)); }
  void drop(RowKind kind, std::string key) override { pending.writes.emplace_back(false, kind, std::move(key), ""); }

  void start();
  void commit();
  template <class Act> bool turn(Act&& act);  // false: killed before the commit
};

struct Link {
  Dice dice;
  Manners manners;
  Instant now{1'000'000'000'000};
  std::array<Control, 2> sides;
  struct Packet { Instant at; std::uint64_t order; int to; Flow from; std::string bytes; };
  struct Order { Instant at; std::uint64_t order; int side; int kind; LegId leg; };  // kind: 0 dial 1 ring 2 accept 3 refuse 4 end 5 renegotiate
  std::vector<Packet> packets;
  std::vector<Order> orders;
  struct Rise { Instant at; int side; };
  std::vector<Rise> rises;
  std::uint64_t sequence = 0, trouble = 0, kills = 0;
  std::string journal;

  void plan(int side, int kind, LegId leg, std::uint64_t within_ms) { orders.push_back({now + Duration::milliseconds(static_cast<std::int64_t>(dice.below(within_ms + 1))), ++sequence, side, kind, leg}); }

  void carry(int from_side, const Flow& to, std::string bytes) {
    const int to_side = to.remote.ip == sides[0].ip ? 0 : 1;
    const int copies = dice.percent(manners.loss) ? 0 : dice.percent(manners.twice) ? 2 : 1;
    for (int n = 0; n < copies; ++n)
      packets.push_back({now + Duration::milliseconds(static_cast<std::int64_t>(1 + dice.below(manners.jitter_ms))), ++sequence, to_side, Flow{Transport::udp, {sides[from_side].ip, 5060}, 0}, bytes});
  }

  explicit Link(std::uint64_t seed, Manners wanted) : dice{seed}, manners(wanted) {
    sides[0].ip = sides[1].other_ip = "127.0.0.1";
    sides[1].ip = sides[0].other_ip = "127.0.0.2";
    for (auto& side : sides) { side.link = this; side.start(); side.commit(); }
    for (int n = 0; n < manners.calls; ++n) plan(static_cast<int>(dice.below(2)), 0, LegId{static_cast<std::uint64_t>(2 * n + 2)}, 3'000);
  }

  template <class Items> static auto earliest(Items& items) {
    return std::min_element(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.at != b.at ? a.at < b.at : a.order < b.order; });
  }

  void obey(const Order& order) {
    Control& side = sides[order.side];
    if (!side.up) { orders.push_back({now + Duration::milliseconds(50), ++sequence, order.side, order.kind, order.leg}); return; }
    const bool committed = side.turn([&] {
      Endpoint& endpoint = *side.endpoint;
      switch (order.kind) {
        case 0: endpoint.dial_trunk(order.leg, TrunkId{1}, "02112345678", {"02187654321", ""}, {30000}, now, side); break;
        case 1: endpoint.ring(order.leg, now, side); break;
        case 2: endpoint.accept(order.leg, {static_cast<std::uint16_t>(40000)}, now, side); break;
        case 3: endpoint.refuse(order.leg, 486, "", now, side); break;
        case 4: endpoint.end(order.leg, now, side); break;
        case 5: endpoint.renegotiate(order.leg, {static_cast<std::uint16_t>(30000 + 2 * dice.below(1000))}, now, side); break;
      }
    });
    if (committed) side.legs[order.leg];
    else orders.push_back({now + Duration::milliseconds(100), ++sequence, order.side, order.kind, order.leg});  // it was never decided
  }

  void run(Duration limit) {
    const Instant until = now + limit;
    for (;;) {
      Instant next = until;
      auto packet = earliest(packets);
      auto order = earliest(orders);
      if (packet != packets.end()) next = std::min(next, packet->at);
      if (order != orders.end()) next = std::min(next, order->at);
      for (auto& side : sides) if (side.up) next = std::min(next, side.endpoint->deadline());
      for (auto& rise : rises) next = std::min(next, rise.at);
      if (next >= until) { now = until; return; }
      now = std::max(now, next);
      if (auto rise = std::find_if(rises.begin(), rises.end(), [&](const Rise& r) { return r.at <= now; }); rise != rises.end()) {
        const int side = rise->side;
        rises.erase(rise);
        sides[side].start();
        sides[side].commit();
      } else if (packet != packets.end() && packet->at <= now) {
        Packet arrived = std::move(*packet);
        packets.erase(packet);
        Control& side = sides[arrived.to];
        if (side.up) side.turn([&] { side.endpoint->datagram(arrived.from, arrived.bytes, now, side); });
      } else if (order != orders.end() && order->at <= now) {
        Order due = *order;
        orders.erase(order);
        obey(due);
      } else {
        for (auto& side : sides)
          if (side.up && side.endpoint->deadline() <= now) {
            const Instant before = side.endpoint->deadline();
            side.turn([&] { side.endpoint->on_timeout(now, side); });
            if (side.up && side.endpoint->deadline() <= before) { ++trouble; return; }  // no progress
            break;
          }
      }
    }
  }

  void heard(int side_index, const Event& event) {
    Control& side = sides[side_index];
    if (auto* e = std::get_if<LegArrived>(&event)) {
      side.legs[e->leg].arrived = true;
      if (dice.percent(50)) plan(side_index, 1, e->leg, 200);
      plan(side_index, dice.percent(85) ? 2 : 3, e->leg, 4'000);
      if (dice.percent(10)) plan(side_index, 4, e->leg, 4'000);
    } else if (auto* answered = std::get_if<LegAnswered>(&event)) {
      side.legs[answered->leg].talking = true;
      live(side_index, answered->leg);
    } else if (auto* confirmed = std::get_if<LegConfirmed>(&event)) {
      side.legs[confirmed->leg].talking = true;
      live(side_index, confirmed->leg);
    } else if (auto* ended = std::get_if<LegEnded>(&event)) {
      auto& life = side.legs[ended->leg];
      ++life.ends;
      life.ended = true;
      life.cause = ended->cause;
      life.status = ended->status;
    }
  }
  void live(int side, LegId leg) {
    if (manners.reoffers) for (auto n = dice.below(3); n; --n) plan(side, 5, leg, 8'000);
    plan(side, 4, leg, 20'000);
  }
};

void Control::send(const Flow& to, std::string bytes, bool early) {
  if (early) link->carry(this == &link->sides[0] ? 0 : 1, to, std::move(bytes));
  else pending.sends.emplace_back(to, std::move(bytes));
}

void Control::commit() {
  for (auto& [saved, kind, key, bytes] : pending.writes) {
    if (saved) rows[{kind, key}] = bytes;
    else rows.erase({kind, key});
  }
  Turn done = std::move(pending);
  pending = {};
  const int me = this == &link->sides[0] ? 0 : 1;
  const bool dies = link->dice.percent(link->manners.kill) && link->dice.percent(30);
  for (const auto& event : done.events) link->heard(me, event);
  if (!dies) { for (auto& [to, bytes] : done.sends) link->carry(me, to, std::move(bytes)); return; }
  // killed between commit and sending
  ++link->kills;
  up = false;
  endpoint.reset();
  link->rises.push_back({link->now + Duration::milliseconds(static_cast<std::int64_t>(link->dice.below(900))), me});
}

template <class Act>
bool Control::turn(Act&& act) {
  act();
  if (link->dice.percent(link->manners.kill) && link->dice.percent(30)) {  // killed before the commit
    pending = {};
    up = false;
    ++link->kills;
    endpoint.reset();
    link->rises.push_back({link->now + Duration::milliseconds(static_cast<std::int64_t>(link->dice.below(900))), this == &link->sides[0] ? 0 : 1});
    return false;
  }
  commit();
  return true;
}

void Control::start() {
  EndpointConfig config;
  config.listen_udp = {{ip, 5060}};
  config.local_networks = {"127.0.0.0/8"};
  config.nonce_secret = "0123456789abcdef0123456789abcde" + ip.substr(8);
  config.epoch = epoch++;
  endpoint = std::make_unique<Endpoint>(config);
  TrunkConfig trunk;
  trunk.trunk = TrunkId{1};
  trunk.networks = {other_ip};
  trunk.targets = {{Transport::udp, {other_ip, 5060}, 0}};
  trunk.host = other_ip;
  trunk.options_every = Duration{};
  endpoint->set_trunk(trunk, link->now, *this);
  for (const auto& [key, bytes] : rows) endpoint->restore(key.first, key.second, bytes, link->now);
  up = true;
  endpoint->resume(link->now, *this);
}

int seeds(int usual) {
  const char* wanted = std::getenv("PASOKH_SEEDS");
  return wanted ? std::atoi(wanted) : usual;
}

// Every call over, nothing left behind.
void check_empty(Link& link) {
  CHECK(link.trouble == 0);
  for (auto& side : link.sides) {
    REQUIRE(side.up);
    const auto counters = side.endpoint->counters();
    CHECK(counters.legs == 0);
    CHECK(counters.transactions == 0);
    CHECK(side.endpoint->deadline() == Instant::never());
    CHECK(side.rows.empty());
    for (const auto& [leg, life] : side.legs) {
      CAPTURE(leg.value);
      CHECK(life.ends == 1);
    }
  }
}

}  // namespace

TEST_CASE("lossy: without loss every call is answered or refused, and ended by one side for both") {
  for (int seed = 1; seed <= seeds(300); ++seed) {
    CAPTURE(seed);
    Link link(static_cast<std::uint64_t>(seed), {});
    link.run(Duration::seconds(200));
    check_empty(link);
    for (auto& side : link.sides)
      for (const auto& [leg, life] : side.legs) {
        CAPTURE(leg.value);
        CAPTURE(life.cause);
        CHECK((life.cause == "bye" || life.cause == "refused" || life.cause == "cancelled"));
      }
  }
}

TEST_CASE("lossy: with loss, doubling and reordering every call still ends, told once, and no transaction, timer or leg is left (threats S15)") {
  for (int seed = 1; seed <= seeds(600); ++seed) {
    CAPTURE(seed);
    Dice dice{static_cast<std::uint64_t>(seed) * 77};
    Link link(static_cast<std::uint64_t>(seed), {dice.below(40), dice.below(20), 1 + dice.below(800), 0, 3, true});
    link.run(Duration::seconds(400));
    check_empty(link);
  }
}

TEST_CASE("restart: killed at random turns, before or after the commit, no established call is lost and every call ends properly (threats F1)") {
  std::uint64_t kills = 0;
  for (int seed = 1; seed <= seeds(600); ++seed) {
    CAPTURE(seed);
    Link link(static_cast<std::uint64_t>(seed), {0, 0, 20, 10, 3, true});
    link.run(Duration::seconds(60));
    link.manners.kill = 0;
    link.run(Duration::seconds(300));
    kills += link.kills;
    check_empty(link);
    for (auto& side : link.sides)
      for (const auto& [leg, life] : side.legs) {
        CAPTURE(leg.value);
        CAPTURE(life.cause);
        CHECK((life.cause == "bye" || life.cause == "refused" || life.cause == "cancelled"));
      }
  }
  CHECK(kills > 500);
}

TEST_CASE("restart: kills and a bad link together leave nothing behind") {
  for (int seed = 1; seed <= seeds(400); ++seed) {
    CAPTURE(seed);
    Link link(static_cast<std::uint64_t>(seed), {15, 10, 300, 6, 3, true});
    link.run(Duration::seconds(100));
    link.manners.kill = 0;
    link.run(Duration::seconds(400));
    check_empty(link);
  }
}
