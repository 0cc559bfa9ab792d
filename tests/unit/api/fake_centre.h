// A centre that keeps what it is told and answers at once: the other side of the Centre interface, for tests of the API alone.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "api/router.h"
#include "api/secrets.h"
#include "base/json_text.h"
#include "floor/events.h"
#include "storage/access_store.h"
#include "storage/journal.h"
#include "switchboard/commands.h"

namespace pasokh::api {

class RecordingCentre final : public switchboard::Centre {
 public:
  std::vector<switchboard::Command> commands;
  std::map<std::string, std::string> lists{{"agent", R"([{"agent":"a01","state":"ready"},{"agent":"a02","state":"paused"}])"},
                                           {"queue", R"([{"queue":"support","waiting":0}])"},
                                           {"call", R"([{"call":"7","agent":"a01","caller":"0912"},{"call":"8","agent":"a02","caller":"0935"}])"},
                                           {"device", "[]"}, {"number", "[]"}, {"trunk", "[]"}, {"centre", R"({"time_zone":"Asia/Tehran"})"}};

  void ask(switchboard::Commands asked, std::function<void(switchboard::Reply)> done) override {
    switchboard::Reply reply;
    {
      const std::scoped_lock lock(guard_);
      for (const auto& command : asked) {
        commands.push_back(command);
        reply = answer(command);
        if (!reply.ok) break;
      }
    }
    done(std::move(reply));
  }

  switchboard::Command last() {
    const std::scoped_lock lock(guard_);
    return commands.empty() ? switchboard::Command{} : commands.back();
  }

 private:
  switchboard::Reply answer(const switchboard::Command& c) {
    const bool there = lists[c.noun].find("\"" + c.target + "\"") != std::string::npos;
    if (c.verb == "list") return {true, {}, {}, lists[c.noun]};
    if (c.verb == "health") return {true, {}, {}, R"({"status":"ok","calls":0})"};
    if (c.verb == "add" && there) return {false, c.noun + "-exists", "it is there", {}};
    if (c.verb == "set" && c.noun != "centre" && !there) return {false, c.noun + "-unknown", "it is not there", {}};
    return {true, {}, {}, "{}"};
  }
  std::mutex guard_;
};

// A data folder of its own, that goes with the test.
class Folder {
 public:
  Folder() {
    char pattern[] = "/tmp/pasokh-test-XXXXXX";
    path = mkdtemp(pattern);
  }
  ~Folder() { std::error_code ignored; std::filesystem::remove_all(path, ignored); }
  std::string path;
};

inline const std::string& shared_hash() {  // of "correct horse battery": hashing is slow by design
  static const std::string hash = hash_password("correct horse battery");
  return hash;
}

inline void add_one_of_each_role(storage::AccessStore& access, Instant now) {
  for (const auto name : enum_names<access::Role>) {
    storage::User user{.login = std::string(name), .role = {}, .agent = std::string_view(name) == "agent" ? "a01" : "", .password_hash = shared_hash(), .created = now, .password_changed = now};
    from_name(name, user.role);
    (void)access.add(user);
  }
}

// The API without sockets: a router over a fake centre, one user of each role, a clock that only the test moves.
class Desk {
 public:
  explicit Desk(RouterLimits limits = {1e6, 1e6}) {
    auto store = storage::AccessStore::open(folder.path);
    access = store->get();
    add_one_of_each_role(*access, now);
    if (auto journal = storage::JournalWriter::open(folder.path)) (*journal)->close();  // an empty one: reports have something to read
    services = std::make_unique<Services>(folder.path, folder.path + "/recordings", centre, std::move(*store), Hooks{.metrics = {}, .now = [this] { return now; }});
    router = std::make_unique<Router>(*services, limits);
    router->undeclared = [this](const Route& route, std::string_view code) { undeclared.push_back(std::string(route.operation) + " " + std::string(code)); };
  }

  // a session for a user, made as sign-in makes it
  std::string token_of(const std::string& login) {
    const std::string token = new_token();
    (void)access->begin_session({.hash = token_hash(token), .login = login, .token_name = {}, .role = {}, .created = now, .last_used = now,
                                 .expires = now + Duration::hours(12), .address = {}, .program = {}});
    return token;
  }

  Response send(const std::string& method, const std::string& target, const std::string& token = {}, const std::string& body = {},
                std::map<std::string, std::string> headers = {}, const std::string& address = "192.0.2.7") {
    Request request{.method = method, .target = target, .headers = std::move(headers), .body = body, .address = address, .from_loopback = address == "127.0.0.1"};
    if (!token.empty()) request.headers["authorization"] = "Bearer " + token;
    if (!body.empty()) request.headers.emplace("content-type", "application/json");
    return router->handle(request, router->find(method, target));
  }

  Folder folder;
  RecordingCentre centre;
  Instant now{1'795'000'000'000'000};
  storage::AccessStore* access = nullptr;
  std::unique_ptr<Services> services;
  std::unique_ptr<Router> router;
  std::vector<std::string> undeclared;
};

// The events, durable in the desk's journal.
inline void in_journal(Desk& desk, std::vector<floor::Event> events, std::vector<storage::RowChange> rows = {}) {
  auto opened = storage::JournalWriter::open(desk.folder.path);
  if (!opened) throw std::runtime_error(opened.error().text);
  auto& journal = **opened;
  journal.start([](std::uint64_t, const Trouble* trouble) { if (trouble) throw std::runtime_error(trouble->text); });
  storage::Batch batch;
  batch.ticket = 1;
  batch.rows = std::move(rows);
  std::uint64_t seq = journal.opened().last_seq;
  for (auto& event : events) batch.events.push_back({++seq, desk.now, std::move(event)});
  journal.submit(std::move(batch));
  journal.close();                       // commits what was submitted
}

}  // namespace pasokh::api
