#include "api/live_hub.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "api/json_read.h"
#include "api/json_value.h"
#include "base/log.h"

namespace pasokh::api {
namespace {

constexpr Duration sessions_looked_every = Duration::milliseconds(500), all_sessions_every = Duration::seconds(30), touch_every = Duration::minutes(1);

// `type` and `topic` of a client's message; empty when it is not an object with a type.
struct Heard { std::string type, topic; };
Heard heard(std::string_view text) {
  const auto json = Json::parse(text);
  Heard out;
  if (!json || json->root().kind() != JsonView::Kind::object) return out;
  for (const auto& [key, value] : json->root().members()) {
    if (value.kind() != JsonView::Kind::text) continue;
    if (key == "type") out.type = value.text();
    if (key == "topic") out.topic = value.text();
  }
  return out;
}

LiveFrame frame(std::string text, LiveTopic topic = LiveTopic::none, bool snapshot = false) {
  return {std::make_shared<const std::string>(std::move(text)), topic, snapshot};
}

}  // namespace

LiveHub::LiveHub(Services& services) : services_(services), thread_([this] { run(); }) {}

ConnectionId LiveHub::attach(std::shared_ptr<LivePeer> peer, const Caller& caller) {
  const std::scoped_lock lock(guard_);
  if (stopping_ || connections_.size() >= sockets_max) return 0;
  const auto of_session = std::count_if(connections_.begin(), connections_.end(), [&](const auto& c) { return c.second.caller.session == caller.session; });
  if (static_cast<std::size_t>(of_session) >= sockets_per_session_max) return 0;
  const ConnectionId id = ++last_;
  connections_.emplace(id, Connection{.peer = std::move(peer), .caller = caller, .touched = services_.now()});
  return id;
}

void LiveHub::detach(ConnectionId connection) {
  std::shared_ptr<LivePeer> released;  // outside the lock
  const std::scoped_lock lock(guard_);
  if (const auto found = connections_.find(connection); found != connections_.end()) {
    released = std::move(found->second.peer);
    connections_.erase(found);
  }
}

std::size_t LiveHub::connected() const {
  const std::scoped_lock lock(guard_);
  return connections_.size();
}

void LiveHub::post(Task task) {
  {
    const std::scoped_lock lock(guard_);
    if (stopping_) return;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void LiveHub::nudge() {
  if (!nudged_.exchange(true)) wake_.notify_one();
}

void LiveHub::say(ConnectionId connection, std::string text) {
  const std::scoped_lock lock(guard_);
  if (const auto found = connections_.find(connection); found != connections_.end()) found->second.peer->push(frame(std::move(text)));
}

void LiveHub::refuse(ConnectionId connection, std::string_view code) {
  std::string body = refusal(code).body;
  say(connection, "{\"type\":\"error\"," + body.substr(1));
}

// A word of the client. It shows that somebody is there, which keeps a session from being ended for idleness.
void LiveHub::message(ConnectionId connection, std::string_view text) {
  const Heard what = heard(text);
  touch(connection, services_.now());
  if (what.type == "active") return;
  if (what.type == "subscribe" || what.type == "unsubscribe")
    return post([this, connection, topic = what.topic, on = what.type == "subscribe"] { subscribe(connection, topic, on); });
  if (!what.type.empty()) return refuse(connection, "bad-request");
  const std::scoped_lock lock(guard_);
  if (const auto found = connections_.find(connection); found != connections_.end()) found->second.peer->end(LiveEnd::not_understood);
}

void LiveHub::touch(ConnectionId connection, Instant now) {
  std::string session;
  {
    const std::scoped_lock lock(guard_);
    const auto found = connections_.find(connection);
    if (found == connections_.end() || now - found->second.touched < touch_every) return;
    found->second.touched = now;
    session = found->second.caller.session;
  }
  (void)services_.access().touch_session(session, now);
}

void LiveHub::subscribe(ConnectionId connection, std::string topic, bool) { refuse(connection, topic.empty() ? "bad-request" : "topic-unknown"); }
void LiveHub::starved(ConnectionId, LiveTopic) {}

// Whose session has ended, or whose role is another now, is told and goes (ASVS 5.0 7.4.1: within a second).
void LiveHub::look_at_sessions(Instant now) {
  const std::uint64_t version = services_.access().sessions_version();
  if (version == sessions_seen_ && now - sessions_looked_ < all_sessions_every) return;
  sessions_seen_ = version;
  sessions_looked_ = now;
  std::map<std::string, Caller> held;
  {
    const std::scoped_lock lock(guard_);
    for (const auto& [id, c] : connections_) held.emplace(c.caller.session, c.caller);
  }
  std::set<std::string> over;
  for (const auto& [hash, caller] : held) {
    const auto found = services_.access().session(hash, now);
    if (!found) continue;  // the database is in trouble: nobody is thrown out for that
    const bool stands = *found && (caller.is_program ? (*found)->session.role == caller.role : (*found)->user.role == caller.role && (*found)->user.agent == caller.agent) &&
                        (caller.is_program || !access::is_idle(caller.role, (*found)->session.last_used, now));
    if (!stands) over.insert(hash);
  }
  if (over.empty()) return;
  const std::scoped_lock lock(guard_);
  for (const auto& [id, c] : connections_) {
    if (!over.contains(c.caller.session)) continue;
    c.peer->push(frame(R"({"type":"signed-out"})"));
    c.peer->end(LiveEnd::signed_out);
  }
}

void LiveHub::run() {
  for (;;) {
    std::vector<Task> tasks;
    {
      std::unique_lock lock(guard_);
      wake_.wait_for(lock, std::chrono::milliseconds(sessions_looked_every.ms()), [this] { return stopping_ || !tasks_.empty(); });
      if (stopping_) return;
      tasks.swap(tasks_);
    }
    for (const auto& task : tasks) task();
    look_at_sessions(services_.now());
  }
}

void LiveHub::release() {
  std::map<ConnectionId, Connection> left;  // destroyed outside the lock
  const std::scoped_lock lock(guard_);
  left.swap(connections_);
}

void LiveHub::stop() {
  {
    const std::scoped_lock lock(guard_);
    if (stopping_) return;
    stopping_ = true;
    for (const auto& [id, c] : connections_) c.peer->end(LiveEnd::going_away);
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace pasokh::api
