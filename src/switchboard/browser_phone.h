// The browser as a phone, as the rest of the program sees it: a page has a connection (the API's WebSocket), says and is told
// JSON texts whose "type" begins with "phone." (docs/adr/0009-browser-phone.md names them). Implemented by the running
// switchboard's Loop. Any thread may call; nothing here blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace pasokh::switchboard {

class BrowserPhones {
 public:
  using Connection = std::uint64_t;            // chosen by the caller, never used twice while the program runs, never 0
  using Sender = std::function<void(Connection, std::string json)>;

  virtual ~BrowserPhones() = default;
  // Who carries words to the pages. It runs on the switchboard's thread, after what it tells is durable, and must not block; a
  // connection that is gone meanwhile is its to ignore. An empty one takes it away (before its owner dies).
  virtual void send_pages_by(Sender) = 0;
  // A page of a signed-in agent is there. device: user of a device of kind "browser"; "" is the agent's own, AGENT-web, which is
  // made when the page registers first. Nothing is said to the page before it sends phone.register.
  virtual void attach(Connection, std::string device, std::string agent) = 0;
  virtual void message(Connection, std::string json) = 0;
  virtual void detach(Connection) = 0;         // the connection is gone; calls go on, waiting for the page to come back
};

}  // namespace pasokh::switchboard
