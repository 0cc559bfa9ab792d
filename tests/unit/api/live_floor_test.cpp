// The follower of the journal that wallboard and desks are shown from.
#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <random>

#include "../floor/world.h"
#include "api/json_value.h"
#include "api/live_floor.h"
#include "fake_centre.h"

using namespace pasokh;
using namespace pasokh::api;
using floor::test::World;

namespace {

// A centre whose events go into a journal on disk, as the switchboard's do.
class Journalled {
 public:
  Journalled() {
    auto opened = storage::JournalWriter::open(folder.path, {.reserve_bytes = 1 << 20});
    REQUIRE(opened);
    writer_ = std::move(*opened);
    writer_->start([this](std::uint64_t ticket, const Trouble* trouble) {
      const std::scoped_lock lock(guard_);
      if (!trouble) committed_ = ticket;
      came_.notify_one();
    });
  }
  ~Journalled() { writer_->close(); }
  void stamp() { while (times_.size() < world.journal.size()) times_.push_back(world.now); }
  void later(Duration d) {
    stamp();
    const Instant until = world.now + d;
    while (world.floor.deadline() <= until) {
      world.now = std::max(world.now, world.floor.deadline());
      world.tell(floor::Tick{});
      stamp();
    }
    world.now = until;
  }
  // Everything up to now is durable.
  void write(bool with_snapshot = false) {
    storage::Batch batch;
    stamp();
    batch.ticket = ++ticket_;
    for (; told_ < world.journal.size(); ++told_) batch.events.push_back({told_ + 1, times_[told_], world.journal[told_]});
    for (; party_ < world.next_leg; ++party_) batch.rows.push_back({storage::LiveKind::party, std::to_string(party_), "0912000" + std::to_string(party_) + "\nSara"});
    if (with_snapshot) batch.snapshot = world.floor.save();
    writer_->submit(std::move(batch));
    std::unique_lock lock(guard_);
    came_.wait(lock, [this] { return committed_ == ticket_; });
  }
  LiveFloor live() {
    auto opened = LiveFloor::open(folder.path);
    REQUIRE(opened);
    return std::move(*opened);
  }

  Folder folder;
  World world{6, {{"ring", "10s"}, {"wrap_up", "5s"}, {"max_wait", "60s"}}};

 private:
  std::unique_ptr<storage::JournalWriter> writer_;
  std::mutex guard_;
  std::condition_variable came_;
  std::uint64_t ticket_ = 0, committed_ = 0, party_ = 1;
  std::size_t told_ = 0;
  std::vector<Instant> times_;
};

// What a page holds: rows by section, kept by snapshots and deltas as the contract says.
struct Page {
  std::map<std::string, std::map<std::string, std::string>> rows;
  std::string totals;
  std::int64_t version = 0;

  void take(const std::string& frame) {
    const auto json = Json::parse(frame);
    REQUIRE(json);
    bool snapshot = false;
    for (const auto& [key, value] : json->root().members()) {
      if (key == "type") snapshot = value.text() == "snapshot";
      if (key == "version") {
        if (!snapshot) CHECK(value.integer() == version + 1);
        version = value.integer();
      }
      if (key == "data") { rows.clear(); set(value); }
      if (key == "set") set(value);
      if (key == "gone")
        for (const auto& [section, keys] : value.members())
          for (const auto& gone : keys.items()) CHECK(rows[std::string(section)].erase(std::string(gone.text())) == 1);
    }
  }
  void set(JsonView sections) {
    for (const auto& [section, list] : sections.members()) {
      if (section == "totals") { totals = list.written(); continue; }
      for (const auto& [key, row] : list.members()) rows[std::string(section)][std::string(key)] = row.written();
    }
  }
  std::string row(const std::string& section, const std::string& key) { return rows[section].contains(key) ? rows[section][key] : "absent"; }
};

}  // namespace

TEST_CASE("a caller's way over the wallboard: waits, rings, talks, is gone; rows are those of the contract") {
  Journalled centre;
  World& w = centre.world;
  w.ready(1);
  centre.write();
  LiveFloor live = centre.live();
  Page page;
  page.take(live.snapshot());
  CHECK(page.row("agents", "a1").find(R"("state":"ready")") != std::string::npos);
  CHECK(page.row("agents", "a2").find(R"("state":"signed-out")") != std::string::npos);
  CHECK(page.row("queues", "support").find(R"("waiting":0,"ready":1,"on_duty":1,"talking":0)") != std::string::npos);

  const LegId leg = w.call();
  centre.write();
  REQUIRE(*live.catch_up());
  page.take(*live.delta());
  CHECK(page.row("waiting", "1").find(R"("caller":"09120001","queue":"support")") != std::string::npos);
  CHECK(page.row("waiting", "1").find(R"("position":1,"priority":0,"offered":true)") != std::string::npos);
  CHECK(page.row("agents", "a1").find(R"("state":"offered")") != std::string::npos);

  w.tell(floor::LegAnsweredByPeer{w.last<floor::CallOffered>().leg});
  centre.write();
  REQUIRE(*live.catch_up());
  page.take(*live.delta());
  CHECK(page.row("waiting", "1") == "absent");
  CHECK(page.row("agents", "a1").find(R"("state":"talking")") != std::string::npos);
  CHECK(page.row("queues", "support").find(R"("waiting":0,"ready":0,"on_duty":1,"talking":1)") != std::string::npos);

  w.tell(floor::LegGone{leg, floor::EndCause::hung_up});
  centre.write();
  REQUIRE(*live.catch_up());
  page.take(*live.delta());
  CHECK(page.row("agents", "a1").find(R"("state":"wrap-up")") != std::string::npos);
  CHECK_FALSE(*live.catch_up());
  CHECK_FALSE(live.delta().has_value());
}

// The one thing that all depends on: whoever follows by deltas holds the same rows as whoever asks now.
TEST_CASE("snapshot and deltas give the same rows as a fresh look, whatever happens on the floor") {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    std::mt19937 dice(seed);
    const auto roll = [&](unsigned n) { return static_cast<int>(dice() % n); };
    Journalled centre;
    World& w = centre.world;
    centre.write();
    LiveFloor live = centre.live();
    Page page;
    page.take(live.snapshot());
    std::vector<LegId> legs;
    for (int step = 0; step < 150; ++step) {
      const std::string agent = "a" + std::to_string(1 + roll(7));
      switch (roll(14)) {
        case 0: case 1: case 2: legs.push_back(w.call(roll(2) ? "8000" : "8001")); break;
        case 3: if (!legs.empty()) w.tell(floor::LegGone{legs[static_cast<std::size_t>(roll(static_cast<unsigned>(legs.size())))], floor::EndCause::hung_up}); break;
        case 4: case 5: case 6:
          if (!w.all<floor::CallOffered>().empty()) w.tell(floor::LegAnsweredByPeer{w.last<floor::CallOffered>().leg});
          break;
        case 7: w.tell(floor::SetPaused{agent, "lunch", "test"}); break;
        case 8: case 9: w.tell(floor::SetReady{agent, "test"}); break;
        case 10: centre.later(Duration::seconds(roll(20))); break;
        case 11: w.tell(floor::Transfer{.agent = agent, .to_agent = {}, .to_queue = roll(2) ? "sales" : "support", .to_number = {}, .by = "test", .party = {}}); break;
        case 12: w.tell(floor::Configure{"agent", "set", agent, {{"queues", roll(2) ? "support,sales" : "sales"}}, "test"}); break;
        case 13:
          if (roll(3) == 0) w.tell(floor::Configure{"agent", roll(2) ? "remove" : "add", "a7", {}, "test"});
          else w.tell(floor::Transfer{.agent = agent, .to_agent = "a" + std::to_string(1 + roll(6)), .to_queue = {}, .to_number = {}, .how = floor::TransferKind::consult, .by = "test", .party = {}});
          break;
      }
      if (roll(3)) continue;
      centre.write(roll(10) == 0);
      REQUIRE(live.catch_up());
      live.look_round();
      if (auto delta = live.delta()) page.take(*delta);
      Page fresh;
      fresh.take(centre.live().snapshot());
      for (const char* section : {"agents", "queues", "waiting"})
        for (const auto* rows : {&page.rows[section], &fresh.rows[section]})
          for (const auto& [key, row] : *rows) REQUIRE(page.row(section, key) == fresh.row(section, key));
      REQUIRE(page.totals == fresh.totals);
    }
  }
}

// D2, B1: who calls is told by name where the contacts know the number; a contact added in mid-call is told at once.
TEST_CASE("waiting callers and a desk's calls carry the caller's name from the contacts") {
  Journalled centre;
  World& w = centre.world;
  centre.write();
  LiveFloor live = centre.live();
  std::string known;
  int asked = 0;
  live.name_callers_by([&](const std::string& number) { return ++asked, number.starts_with("0912") ? known : std::string(); });
  w.call();
  centre.write();
  REQUIRE(live.catch_up());
  auto delta = live.delta();
  REQUIRE(delta);
  CHECK(delta->find("\"contact\"") == std::string::npos);
  known = "Sara";
  CHECK(live.snapshot().find("\"contact\"") == std::string::npos);
  CHECK(asked == 1);
  live.contacts_changed();
  delta = live.delta();
  REQUIRE(delta);
  CHECK(delta->find(R"("waiting":{"1":{"call":"1","caller":"09120001","contact":"Sara")") != std::string::npos);
  LiveFloor::Desk desk{.agent = "a1"};
  w.ready(1);
  centre.write();
  REQUIRE(live.catch_up());
  CHECK(live.desk_snapshot(desk).find(R"("caller":"09120001","contact":"Sara")") != std::string::npos);
}

// B5: the row itself says which report is owed; the desk asks for nothing else.
TEST_CASE("an agent's row names the call whose report is due, until it is complete") {
  Journalled centre;
  World& w = centre.world;
  w.set("queue", "set", "support", {{"report", "required"}});
  w.ready(1);
  w.call();
  const auto offer = w.last<floor::CallOffered>();
  w.tell(floor::LegAnsweredByPeer{offer.leg});
  centre.write();
  LiveFloor live = centre.live();
  LiveFloor::Desk desk{.agent = "a1"};
  CHECK(live.desk_snapshot(desk).find("report_due") == std::string::npos);
  w.tell(floor::LegGone{LegId{1}, floor::EndCause::hung_up});
  centre.write();
  REQUIRE(live.catch_up());
  const auto delta = live.desk_delta(desk);
  REQUIRE(delta);
  CHECK(delta->find(R"("report_due":"1")") != std::string::npos);
  w.tell(floor::CompleteReport{"a1", offer.call, "a1"});
  centre.write();
  REQUIRE(live.catch_up());
  CHECK(live.desk_snapshot(desk).find("report_due") == std::string::npos);
}

TEST_CASE("an agent's desk holds the own row, the own calls and the own day, and nobody else's") {
  Journalled centre;
  World& w = centre.world;
  w.ready(1);
  w.ready(2);
  centre.write();
  LiveFloor live = centre.live();
  LiveFloor::Desk first{.agent = "a1"}, second{.agent = "a2"};
  CHECK(live.desk_snapshot(first).find(R"("calls":{})") != std::string::npos);
  (void)live.desk_snapshot(second);
  (void)live.take_desks();
  w.call();
  const auto offer = w.last<floor::CallOffered>();
  LiveFloor::Desk& taker = offer.agent == w.a(1) ? first : second;
  LiveFloor::Desk& other = offer.agent == w.a(1) ? second : first;
  centre.write();
  REQUIRE(live.catch_up());
  (void)live.delta();
  CHECK(live.take_desks().contains(taker.agent));
  const auto delta = live.desk_delta(taker);
  REQUIRE(delta);
  CHECK(delta->find(R"("calls":{"1":{"call":"1","direction":"inbound","state":"offered","caller":"09120001","number":"8000","queue":"support")") != std::string::npos);
  const auto others = live.desk_delta(other);
  CHECK((!others || others->find("\"calls\"") == std::string::npos));
  w.tell(floor::LegGone{LegId{1}, floor::EndCause::hung_up});
  centre.write();
  REQUIRE(live.catch_up());
  CHECK(live.desk_delta(taker)->find(R"("gone":{"calls":["1"]})") != std::string::npos);
}

TEST_CASE("any moment of the past shows the floor as it was then") {
  Journalled centre;
  World& w = centre.world;
  w.ready(1);
  centre.write();
  std::vector<std::pair<Instant, std::string>> then;
  for (int i = 0; i < 12; ++i) {
    if (i % 3 == 0) w.call();
    if (i % 4 == 1) w.tell(floor::LegAnsweredByPeer{w.last<floor::CallOffered>().leg});
    centre.write(i == 6);
    then.emplace_back(w.now, centre.live().data());
    centre.later(Duration::seconds(7));
  }
  for (const auto& [at, data] : then) {
    auto shown = LiveFloor::open_at(centre.folder.path, at);
    REQUIRE(shown);
    CHECK(shown->data() == data);
  }
}
