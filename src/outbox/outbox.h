// Webhooks: what other systems have asked to be told. One thread reads the journal and writes messages, one delivers them: at least
// once, in order for each receiver, each with an id that stays the same over all tries.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "outbox/destination.h"

namespace pasokh::outbox {

// What can be asked for.
inline const std::vector<std::string>& event_names() {
  static const std::vector<std::string> all{"call.arrived", "call.offered", "call.answered", "call.ended", "recording.finished", "report.completed", "alarm.raised", "alarm.cleared"};
  return all;
}

struct OutboxOptions {
  std::string dir;
  AllowedHosts hosts;
  std::function<Result<std::string>(std::int64_t webhook_made_us, const std::string& sealed)> open_secret;
  std::function<Instant()> now;
};

class Outbox {
 public:
  static Result<std::unique_ptr<Outbox>> start(OutboxOptions options);
  virtual ~Outbox() = default;
  virtual void nudge() = 0;            // the journal has moved on, or webhooks have changed; any thread, cheap
  // What does not stand in the journal ("report.completed"): to whoever asked for it. data: a JSON object. Any thread.
  virtual Result<> add(const std::string& event, const std::string& data) = 0;
  virtual void stop() = 0;
};

}  // namespace pasokh::outbox
