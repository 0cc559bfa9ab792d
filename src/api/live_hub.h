// Who is connected live, what they have subscribed to, and the thread that tells them. Messages of browser phones pass through
// untouched. Sockets speak to it from any thread; it speaks to them through LivePeer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "api/live.h"
#include "api/live_floor.h"
#include "api/live_today.h"
#include "api/services.h"
#include "switchboard/browser_phone.h"

namespace pasokh::api {

class LiveHub {
 public:
  explicit LiveHub(Services& services);
  ~LiveHub() { stop(); }

  // 0: no more sockets may be opened (by this session, or at all)
  ConnectionId attach(std::shared_ptr<LivePeer> peer, const Caller& caller);
  void message(ConnectionId connection, std::string_view text);
  void starved(ConnectionId connection, LiveTopic topic);  // the socket has dropped deltas and can take a snapshot now
  void detach(ConnectionId connection);

  void nudge();                                    // the journal has moved on; cheap
  void contacts_changed();                         // names of callers are looked up anew
  void alarm(std::string row, bool over);          // one was raised, grew worse, or is over: whoever follows the floor is told
  void stop();                                     // everyone is told to go; ends the thread
  void release();                                  // lets go of sockets that did not answer the good-bye; after stop()
  std::size_t connected() const;

  static constexpr std::size_t sockets_per_session_max = 8, sockets_max = 10'000;

 private:
  struct Connection {
    std::shared_ptr<LivePeer> peer;
    Caller caller;
    Instant touched;
    bool phone = false;                            // the page is known to the browser phones
  };
  using Task = std::function<void()>;

  using Clock = std::chrono::steady_clock;

  void run();
  std::vector<Task> wait_for_work();
  void post(Task task);                            // to the hub's thread
  void subscribe(ConnectionId connection, const std::string& topic);
  void unsubscribe(ConnectionId connection, const std::string& topic);
  void follow(ConnectionId connection, LiveTopic topic);   // a fresh snapshot, then deltas
  bool open_floor();                               // begins to follow the journal; false: it cannot be read
  void flush();                                    // what has changed goes out
  void push(ConnectionId connection, const LiveFrame& frame);
  std::optional<Caller> caller_of(ConnectionId connection) const;
  void say(ConnectionId connection, std::string text);
  void refuse(ConnectionId connection, std::string_view code);
  void look_at_sessions(Instant now);
  void touch(ConnectionId connection, Instant now);
  void phone_message(ConnectionId connection, std::string_view text);

  Services& services_;
  mutable std::mutex guard_;                       // the two below
  std::map<ConnectionId, Connection> connections_;
  bool closed_ = false;
  std::mutex wake_guard_;                          // the three below
  std::vector<Task> tasks_;
  bool stopping_ = false, nudged_ = false;
  std::condition_variable wake_;
  std::atomic<ConnectionId> last_{0};
  // the hub's thread alone
  std::uint64_t sessions_seen_ = 0;
  Instant sessions_looked_{0};
  Clock::time_point next_flush_{};
  std::optional<LiveFloor> floor_;
  std::set<ConnectionId> floor_followers_;
  std::map<ConnectionId, LiveFloor::Desk> desks_;  // who follows the own desk
  std::map<std::string, std::set<ConnectionId>> desks_of_;  // by agent

  LiveToday today_;
  std::thread thread_;                             // last: everything stands when it begins
};

}  // namespace pasokh::api
