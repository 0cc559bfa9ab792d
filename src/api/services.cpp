#include "api/services.h"

#include <chrono>
#include <condition_variable>
#include <optional>

namespace pasokh::api {

constexpr auto answer_within = std::chrono::seconds(10);

Instant Services::now() const {
  if (hooks_.now) return hooks_.now();
  return {std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

switchboard::Reply Services::ask(switchboard::Commands commands) {
  struct Waiting {
    std::mutex guard;
    std::condition_variable came;
    std::optional<switchboard::Reply> reply;
  };
  const auto waiting = std::make_shared<Waiting>();  // outlives us when the answer comes too late
  centre_.ask(std::move(commands), [waiting](switchboard::Reply reply) {
    const std::scoped_lock lock(waiting->guard);
    waiting->reply = std::move(reply);
    waiting->came.notify_one();
  });
  std::unique_lock lock(waiting->guard);
  if (!waiting->came.wait_for(lock, answer_within, [&] { return waiting->reply.has_value(); }))
    return {false, "busy", "the centre did not answer in time; it may still carry the command out", {}};
  return std::move(*waiting->reply);
}

Result<std::string> Services::ask_one(switchboard::Command command) {
  auto reply = ask({std::move(command)});
  if (!reply.ok) return trouble(std::move(reply.code), std::move(reply.text));
  return std::move(reply.json);
}

}  // namespace pasokh::api
