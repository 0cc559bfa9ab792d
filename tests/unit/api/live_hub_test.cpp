// The hub without sockets: who may say what, and what passes through to the browser phones.
#include <doctest/doctest.h>

#include <atomic>

#include <thread>

#include "api/live_hub.h"
#include "fake_centre.h"

using namespace pasokh;
using namespace pasokh::api;

namespace {

class Ear final : public LivePeer {
 public:
  void push(LiveFrame frame) override { const std::scoped_lock lock(guard_); heard_ += *frame.text + "\n"; }
  void end(LiveEnd why) override { const std::scoped_lock lock(guard_); heard_ += "end " + std::to_string(static_cast<int>(why)) + "\n"; }
  bool hears(std::string_view text) {
    for (int i = 0; i < 500; ++i) {
      { const std::scoped_lock lock(guard_); if (heard_.find(text) != heard_.npos) return true; }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

 private:
  std::mutex guard_;
  std::string heard_;
};

struct Switchroom final : switchboard::BrowserPhones {  // keeps what it is told, and can speak
  std::vector<std::string> told;
  Sender sender;
  void send_pages_by(Sender s) override { sender = std::move(s); }
  void attach(Connection c, std::string device, std::string agent) override { told.push_back("attach " + std::to_string(c) + " [" + device + "] " + agent); }
  void message(Connection c, std::string json) override { told.push_back(std::to_string(c) + " " + json); }
  void detach(Connection c) override { told.push_back("detach " + std::to_string(c)); }
};

struct Room {
  Room() {
    auto store = storage::AccessStore::open(folder.path);
    access = store->get();
    add_one_of_each_role(*access, now);
    services = std::make_unique<Services>(folder.path, folder.path, centre, std::move(*store), Hooks{.metrics = {}, .now = [this] { return Instant{clock.load()}; }, .phones = &phones});
    hub = std::make_unique<LiveHub>(*services);
  }
  Caller caller(const std::string& login, access::Role role) {
    const std::string token = new_token();
    (void)access->begin_session({.hash = token_hash(token), .login = login, .token_name = {}, .role = role, .created = now, .last_used = now, .expires = now + Duration::hours(12), .address = {}, .program = {}});
    return {.login = login, .role = role, .agent = role == access::Role::agent ? "a01" : "", .session = token_hash(token)};
  }
  Folder folder;
  RecordingCentre centre;
  Switchroom phones;
  Instant now{1'795'000'000'000'000};
  std::atomic<std::int64_t> clock{now.us};   // `now`, as the hub's thread reads it
  storage::AccessStore* access = nullptr;
  std::unique_ptr<Services> services;
  std::unique_ptr<LiveHub> hub;
};

}  // namespace

TEST_CASE("phone frames pass through untouched, both ways, for an agent's own seat only") {
  Room room;
  const auto agent = std::make_shared<Ear>(), planner = std::make_shared<Ear>();
  const auto a = room.hub->attach(agent, room.caller("agent", access::Role::agent));
  const auto p = room.hub->attach(planner, room.caller("planner", access::Role::planner));
  REQUIRE(a != 0);
  room.hub->message(a, R"({"type":"phone.register"})");
  room.hub->message(a, R"({"type":"phone.accept","leg":"4","sdp":"v=0\r\n"})");
  room.hub->message(p, R"({"type":"phone.register"})");
  CHECK(planner->hears("not-allowed"));
  room.phones.sender(a, R"({"type":"phone.ring","leg":"4"})");
  CHECK(agent->hears(R"({"type":"phone.ring","leg":"4"})"));
  room.phones.sender(99, "{}");  // gone meanwhile
  room.hub->detach(a);
  room.hub->detach(p);
  CHECK(room.phones.told == std::vector<std::string>{"attach " + std::to_string(a) + " [] a01", std::to_string(a) + R"( {"type":"phone.register"})",
                                                     std::to_string(a) + R"( {"type":"phone.accept","leg":"4","sdp":"v=0\r\n"})", "detach " + std::to_string(a)});
  room.hub->stop();
  CHECK_FALSE(room.phones.sender);
}

TEST_CASE("a role that is taken away ends the live socket; so does idleness of whoever can see much") {
  Room room;
  const auto first = std::make_shared<Ear>(), second = std::make_shared<Ear>(), agent = std::make_shared<Ear>();
  room.hub->attach(first, room.caller("supervisor", access::Role::supervisor));
  room.hub->attach(second, room.caller("coach", access::Role::coach));
  room.hub->attach(agent, room.caller("agent", access::Role::agent));
  auto user = *room.access->find("supervisor");
  user->role = access::Role::agent;
  REQUIRE(room.access->change(*user));
  CHECK(first->hears("signed-out"));
  room.now = room.now + Duration::minutes(16);
  room.clock = room.now.us;
  CHECK(room.access->end_sessions("nobody", ""));  // something has changed: looked at now, not within half a minute
  CHECK(second->hears("signed-out"));
  CHECK(second->hears("end 0"));
  room.hub->stop();
  CHECK(agent->hears("end 1"));  // was still there
}
