// Who is connected live, what they have subscribed to, and the thread that tells them. Messages of browser phones pass through
// untouched. Sockets speak to it from any thread; it speaks to them through LivePeer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/live.h"
#include "api/services.h"

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
  void stop();                                     // everyone is told to go; ends the thread
  void release();                                  // lets go of sockets that did not answer the good-bye; after stop()
  std::size_t connected() const;

  static constexpr std::size_t sockets_per_session_max = 8, sockets_max = 10'000;

 private:
  struct Connection {
    std::shared_ptr<LivePeer> peer;
    Caller caller;
    bool floor = false, desk = false;
    Instant touched;
  };
  using Task = std::function<void()>;

  void run();
  void post(Task task);                            // to the hub's thread
  void subscribe(ConnectionId connection, std::string topic, bool on);
  void say(ConnectionId connection, std::string text);
  void refuse(ConnectionId connection, std::string_view code);
  void look_at_sessions(Instant now);
  void touch(ConnectionId connection, Instant now);

  Services& services_;
  mutable std::mutex guard_;                       // the three below
  std::map<ConnectionId, Connection> connections_;
  std::vector<Task> tasks_;
  bool stopping_ = false;
  std::condition_variable wake_;
  std::atomic<bool> nudged_{false};
  std::atomic<ConnectionId> last_{0};
  // the hub's thread alone
  std::uint64_t sessions_seen_ = 0;
  Instant sessions_looked_{0};
  std::thread thread_;
};

}  // namespace pasokh::api
