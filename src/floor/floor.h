// The live floor: who calls, who waits, who talks, who is free. Pure: no clock, no socket, no thread, no randomness.
//   handle(stimulus, now): every rule. Decides events, evolves by each, goes on until nothing more follows (routing).
//   evolve(event, at): the only code that changes state; the same live and on replay. Never refuses.
// Same journal, same state, on every compiler.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "floor/effects.h"
#include "floor/events.h"
#include "floor/stimuli.h"

namespace pasokh::floor {

struct Turn {
  std::vector<Event> events;
  std::vector<Effect> effects;      // in order; to be released after the events are durable
  std::optional<Trouble> refused;   // the person or program that asked is told; events may be empty
  std::string reply;                // JSON for the one who asked ({"agent":"a01"}), or empty
};

// What the outside should look like for one leg; after a restart the telephone side and media are laid against it.
struct LegWish {
  LegId leg;
  CallId call;
  enum class State : std::uint8_t { arriving, dialling, up } state = State::up;
  DialLeg dial;                     // state == dialling: how to dial it again if it never left
  Hearing hearing;
};
struct RecordWish { CallId call; CaptureId capture; LegId customer, agent; };

class Floor {
 public:
  Floor();
  ~Floor();
  Floor(Floor&&) noexcept;
  Floor& operator=(Floor&&) noexcept;

  Turn handle(const Stimulus& stimulus, Instant now);
  void evolve(const Event& event, Instant at);
  Instant deadline() const;         // when Tick is due; never() if nothing is

  std::vector<LegWish> leg_wishes() const;
  std::vector<RecordWish> record_wishes() const;

  // --- looks, for views, sip and reports; ids of unknown codes are 0
  AgentId agent(std::string_view code) const;
  QueueId queue(std::string_view code) const;
  DeviceId device(std::string_view user) const;
  NumberId number(std::string_view digits) const;
  TrunkId trunk(std::string_view code) const;
  std::string_view code(AgentId) const;
  std::string_view code(QueueId) const;
  std::string_view code(DeviceId) const;
  std::string_view code(NumberId) const;
  std::string_view code(TrunkId) const;
  const TrunkSettings* settings(TrunkId) const;
  const QueueSettings* settings(QueueId) const;
  const CentreSettings& centre() const;
  std::vector<TrunkId> trunks() const;
  std::vector<DeviceId> devices() const;
  DeviceKind kind(DeviceId) const;
  AgentId usual(DeviceId) const;    // whose device it is; 0: nobody's
  std::string_view usual_device(AgentId) const;
  LegId agent_leg(CallId) const;    // who serves it; 0: nobody yet
  CallId call_of(LegId) const;      // 0 when the leg is not ours
  QueueId queue_of(CallId) const;
  std::size_t live_calls() const;
  std::optional<AgentState> state(AgentId) const;
  std::int64_t balance(AgentId) const;   // the ledger, in 1/2^24 call; above 0: is owed calls

  // A JSON array for `list`: noun queue|agent|device|number|trunk|centre|call|hours|alarm. With live state (agents: state, since…).
  std::string list(std::string_view noun, Instant now) const;
  // The state just before `offer` was decided must be in *this: the full ranking, in words.
  std::string explain(const CallOffered& offer, Instant at, Language language, bool all) const;

  std::string save() const;                                  // a snapshot of everything
  static Result<Floor> load(std::string_view snapshot);
  bool operator==(const Floor& other) const;                 // by value of the whole state

  struct State;                                              // private to the module: state.h
  const State& inspect() const { return *state_; }           // for the module's own tests

 private:
  std::unique_ptr<State> state_;
};

}  // namespace pasokh::floor
