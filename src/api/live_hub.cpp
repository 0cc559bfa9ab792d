#include "api/live_hub.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "api/alarms.h"
#include "api/json_read.h"
#include "api/json_value.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "storage/contacts.h"

namespace pasokh::api {
namespace {

constexpr Duration sessions_looked_every = Duration::milliseconds(500), all_sessions_every = Duration::seconds(30), touch_every = Duration::minutes(1);
constexpr auto flush_every = std::chrono::milliseconds(100), look_round_every = std::chrono::milliseconds(400);

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

std::vector<std::string> open_alarms(Services& services) {
  std::vector<std::string> rows;
  const auto office = services.office();
  if (!office) return rows;
  if (const auto open = (*office)->read([](storage::Database& db) { return storage::Alarms(db).open(); }))
    for (const auto& alarm : *open) rows.push_back(json_text(alarm_view(alarm)));
  return rows;
}

// Empty: nobody knows the number, or the office cannot be read; the row then shows the number.
std::string contact_name(Services& services, const std::string& number) {
  const auto office = services.office();
  if (!office) return {};
  const auto found = (*office)->read([&](storage::Database& db) { return storage::Contacts(db).list({.search = {}, .number = number, .limit = 1}); });
  return found && !found->empty() ? found->front().name : std::string();
}

LiveFrame frame(std::string text, LiveTopic topic = LiveTopic::none, bool snapshot = false) {
  return {std::make_shared<const std::string>(std::move(text)), topic, snapshot};
}

// The row of GET /v1/alarms as a frame.
std::string alarm_text(const std::string& row, bool over) { return std::string("{\"type\":\"alarm\",\"over\":") + (over ? "true," : "false,") + row.substr(1); }

}  // namespace

LiveHub::LiveHub(Services& services)
    : services_(services), today_(services.dir(), [&services] { return services.now(); }, [this](Today today) {
        post([this, today = std::make_shared<Today>(std::move(today))] {
          if (!floor_) return;
          floor_->set_today(std::move(*today));
          flush();
        });
      }),
      thread_([this] { run(); }) {
  services_.contacts_changed = [this] { contacts_changed(); };
  if (auto* const phones = services_.hooks().phones) phones->send_pages_by([this](ConnectionId connection, std::string json) { say(connection, std::move(json)); });
}

ConnectionId LiveHub::attach(std::shared_ptr<LivePeer> peer, const Caller& caller) {
  const std::scoped_lock lock(guard_);
  if (closed_ || connections_.size() >= sockets_max) return 0;
  const auto of_session = std::count_if(connections_.begin(), connections_.end(), [&](const auto& c) { return c.second.caller.session == caller.session; });
  if (static_cast<std::size_t>(of_session) >= sockets_per_session_max) return 0;
  const ConnectionId id = ++last_;
  connections_.emplace(id, Connection{.peer = std::move(peer), .caller = caller, .touched = services_.now()});
  return id;
}

void LiveHub::detach(ConnectionId connection) {
  post([this, connection] { unsubscribe(connection, ""); });
  std::optional<Connection> gone;  // destroyed outside the lock
  {
    const std::scoped_lock lock(guard_);
    if (const auto found = connections_.find(connection); found != connections_.end()) {
      gone.emplace(std::move(found->second));
      connections_.erase(found);
    }
  }
  if (gone && gone->phone) services_.hooks().phones->detach(connection);
}

std::size_t LiveHub::connected() const {
  const std::scoped_lock lock(guard_);
  return connections_.size();
}

void LiveHub::post(Task task) {
  {
    const std::scoped_lock lock(wake_guard_);
    if (stopping_) return;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void LiveHub::nudge() {
  {
    const std::scoped_lock lock(wake_guard_);
    if (nudged_) return;
    nudged_ = true;
  }
  wake_.notify_one();
}

void LiveHub::contacts_changed() {
  post([this] {
    if (!floor_) return;
    floor_->contacts_changed();
    flush();
  });
}

void LiveHub::alarm(std::string row, bool over) {
  post([this, text = alarm_text(row, over)] {
    for (const auto id : floor_followers_) say(id, text);
  });
}

void LiveHub::push(ConnectionId connection, const LiveFrame& frame) {
  const std::scoped_lock lock(guard_);
  if (const auto found = connections_.find(connection); found != connections_.end()) found->second.peer->push(frame);
}
void LiveHub::say(ConnectionId connection, std::string text) { push(connection, frame(std::move(text))); }

std::optional<Caller> LiveHub::caller_of(ConnectionId connection) const {
  const std::scoped_lock lock(guard_);
  const auto found = connections_.find(connection);
  return found == connections_.end() ? std::nullopt : std::optional(found->second.caller);
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
  if (what.type == "subscribe") return post([this, connection, topic = what.topic] { subscribe(connection, topic); });
  if (what.type == "unsubscribe") return post([this, connection, topic = what.topic] { unsubscribe(connection, topic); });
  if (what.type.starts_with("phone.")) return phone_message(connection, text);
  if (!what.type.empty()) return refuse(connection, "bad-request");
  const std::scoped_lock lock(guard_);
  if (const auto found = connections_.find(connection); found != connections_.end()) found->second.peer->end(LiveEnd::not_understood);
}

// The browser phone's words pass through as they are; only an agent's own page may say them, for the agent's own seat.
void LiveHub::phone_message(ConnectionId connection, std::string_view text) {
  auto* const phones = services_.hooks().phones;
  if (!phones) return refuse(connection, "phones-off");
  std::string agent;
  bool fresh = false;
  {
    const std::scoped_lock lock(guard_);
    const auto found = connections_.find(connection);
    if (found == connections_.end()) return;
    const Caller& caller = found->second.caller;
    if (access::allows(caller.role, access::Permission::work_own_calls) && !caller.must_change_password) agent = caller.agent;
    fresh = !agent.empty() && !std::exchange(found->second.phone, true);
  }
  if (agent.empty()) return refuse(connection, "not-allowed");
  if (fresh) phones->attach(connection, "", agent);
  phones->message(connection, std::string(text));
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

// --- topics; on the hub's thread

void LiveHub::subscribe(ConnectionId connection, const std::string& topic) {
  const auto caller = caller_of(connection);
  if (!caller) return;
  if (topic != "floor" && topic != "desk") return refuse(connection, topic.empty() ? "bad-request" : "topic-unknown");
  if (caller->must_change_password) return refuse(connection, "password-change-needed");
  if (topic == "floor" && !access::allows(caller->role, access::Permission::see_floor)) return refuse(connection, "not-allowed");
  if (topic == "desk" && !access::allows(caller->role, access::Permission::work_own_calls)) return refuse(connection, "not-allowed");
  if (topic == "desk" && caller->agent.empty()) return refuse(connection, "agent-unknown");
  if (!open_floor()) return refuse(connection, "trouble");
  follow(connection, topic == "floor" ? LiveTopic::floor : LiveTopic::desk);
}

void LiveHub::unsubscribe(ConnectionId connection, const std::string& topic) {
  if (topic != "desk") floor_followers_.erase(connection);
  if (topic != "floor")
    if (const auto desk = desks_.find(connection); desk != desks_.end()) {
      auto& followers = desks_of_[desk->second.agent];
      followers.erase(connection);
      if (followers.empty()) desks_of_.erase(desk->second.agent);
      desks_.erase(desk);
    }
  today_.want(!floor_followers_.empty() || !desks_.empty());
}

void LiveHub::follow(ConnectionId connection, LiveTopic topic) {
  flush();  // so that whoever follows already and whoever begins hold the same rows under the same version
  const auto caller = caller_of(connection);
  if (!floor_ || !caller) return;
  today_.want(true);
  if (topic == LiveTopic::floor) {
    floor_followers_.insert(connection);
    push(connection, frame(floor_->snapshot(), topic, true));
    for (const auto& row : open_alarms(services_)) say(connection, alarm_text(row, false));
    return;
  }
  auto& desk = desks_[connection];
  desk.agent = caller->agent;
  desks_of_[desk.agent].insert(connection);
  push(connection, frame(floor_->desk_snapshot(desk), topic, true));
}

void LiveHub::starved(ConnectionId connection, LiveTopic topic) {
  post([this, connection, topic] {
    if (topic == LiveTopic::floor ? floor_followers_.contains(connection) : desks_.contains(connection)) follow(connection, topic);
  });
}

bool LiveHub::open_floor() {
  if (floor_) return true;
  auto opened = LiveFloor::open(services_.dir());
  if (!opened) {
    log(LogLevel::error, "the live floor cannot be read from the journal", {{"cause", opened.error().text}});
    return false;
  }
  floor_.emplace(std::move(*opened));
  floor_->name_callers_by([this](const std::string& number) { return contact_name(services_, number); });
  return true;
}

void LiveHub::flush() {
  next_flush_ = Clock::now() + flush_every;
  if (!floor_) return;
  if (auto moved = floor_->catch_up(); !moved) {  // begun anew from the newest snapshot; everyone is told all
    log(LogLevel::error, "the live floor lost the journal", {{"cause", moved.error().text}});
    floor_.reset();
    if (open_floor()) {
      for (const auto id : floor_followers_) push(id, frame(floor_->snapshot(), LiveTopic::floor, true));
      for (auto& [id, desk] : desks_) push(id, frame(floor_->desk_snapshot(desk), LiveTopic::desk, true));
    }
    return;
  }
  floor_->look_round();
  if (auto text = floor_->delta()) {
    const auto delta = frame(std::move(*text), LiveTopic::floor);
    for (const auto id : floor_followers_) push(id, delta);
  }
  for (const auto& agent : floor_->take_desks()) {
    const auto followers = desks_of_.find(agent);
    if (followers == desks_of_.end()) continue;
    for (const auto id : followers->second)
      if (auto text = floor_->desk_delta(desks_[id])) push(id, frame(std::move(*text), LiveTopic::desk));
  }
}

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

std::vector<LiveHub::Task> LiveHub::wait_for_work() {
  std::unique_lock lock(wake_guard_);
  const auto latest = Clock::now() + std::chrono::milliseconds(sessions_looked_every.ms());
  while (!stopping_ && tasks_.empty()) {
    const auto until = nudged_ ? std::min(latest, next_flush_) : latest;
    if (Clock::now() >= until) break;
    wake_.wait_until(lock, until);
  }
  return std::exchange(tasks_, {});
}

void LiveHub::run() {
  name_this_thread("live-hub");
  for (;;) {
    const auto tasks = wait_for_work();
    bool due = false;
    {
      const std::scoped_lock lock(wake_guard_);
      if (stopping_) return;
      due = Clock::now() >= next_flush_ && (nudged_ || Clock::now() >= next_flush_ + look_round_every);
      if (due) nudged_ = false;
    }
    for (const auto& task : tasks) task();
    if (due) flush();
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
    const std::scoped_lock lock(wake_guard_);
    if (stopping_) return;
    stopping_ = true;
  }
  wake_.notify_one();
  if (auto* const phones = services_.hooks().phones) phones->send_pages_by({});
  if (thread_.joinable()) thread_.join();
  today_.stop();
  const std::scoped_lock lock(guard_);
  closed_ = true;
  for (const auto& [id, c] : connections_) c.peer->end(LiveEnd::going_away);
}

}  // namespace pasokh::api
