// Turns journal events into the rows of reports.db. Holds in memory the calls that are being told about, reads a call back
// from its rows when an event comes for one that it has let go, and writes what changed at flush(): a call that lives
// within one batch is written once. Belongs to one thread; everything happens inside the caller's Tx.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "storage/database.h"
#include "storage/journal.h"

namespace pasokh::storage {

struct VisitFact {
  QueueId queue;
  Instant entered, since;
  std::optional<Instant> left;
  std::optional<floor::LeftQueue> why;
  std::int32_t priority = 0, place = 0;
  Duration threshold, short_abandon;
};
enum class OfferResult : std::uint8_t { pending, answered, lapsed, withdrawn };
struct OfferedFact {
  QueueId queue;
  AgentId agent;
  LegId leg;
  Instant at;
  std::optional<Instant> ended;
  OfferResult result = OfferResult::pending;
  std::optional<std::int64_t> why;     // LapseReason or WithdrawReason
  floor::Strategy strategy = floor::Strategy::fair_share;
  std::int32_t free = 0, on_duty = 0;
  std::string given_by;
};
struct PartFact {
  AgentId agent;
  QueueId queue;
  Instant since;
  std::optional<Instant> until, held_since, wrap_since, wrap_until;
  Duration hold;
  bool consult = false;
};
struct RecordingFact {
  CaptureId capture;
  std::string state = "capturing";
  Instant started;
  std::optional<Instant> stopped;
  Duration duration;
  std::string sha256;
  std::int64_t bytes = 0;
  std::string why, marks;              // marks: "hold@12500 resume@15000", ms from the start
};
struct LegFact {
  LegId leg;
  AgentId agent;
  PartyId party;
  std::int64_t packets_in = 0, packets_out = 0, lost = 0, jitter_us_max = 0, round_trip_us = 0;
  std::string codec;
  floor::LegRole role = floor::LegRole::customer;
};
struct CallFact {
  CallId call;
  LegId leg;                           // the first
  floor::Direction direction = floor::Direction::inbound;
  NumberId number;
  std::string dialled;
  PartyId caller, callee;
  TrunkId trunk;
  AgentId placed_by;
  Instant arrived;
  std::optional<Instant> answered, ended;
  floor::Outcome outcome = floor::Outcome::in_progress;
  floor::EndCause cause = floor::EndCause::hung_up;
  QueueId first_queue, last_queue;
  AgentId first_agent, last_agent;
  Duration hold;
  std::int64_t offers = 0, transfers = 0;
};

class Projection {
 public:
  static Result<Projection> open(Database& database);

  Result<> apply(const Recorded& recorded);
  Result<> flush();
  // Another process moved the tables on, or a flush failed: forget, and read back what is needed.
  void forget();

 private:
  // A table's rows of one call; those from `clean` on, and those marked, are written at the next flush.
  template <class Fact>
  struct Rows {
    std::vector<Fact> all;
    std::vector<std::size_t> changed;
    Fact& add(Fact fact) { changed.push_back(all.size()); return all.emplace_back(std::move(fact)); }
    Fact& change(std::size_t i) { changed.push_back(i); return all[i]; }
  };
  struct LiveCall {
    CallFact fact;
    Rows<VisitFact> visits;
    Rows<OfferedFact> offers;
    Rows<PartFact> parts;
    Rows<RecordingFact> recordings;
    Rows<LegFact> legs;
    std::vector<std::uint64_t> events;   // not yet written
    bool dirty = false;                  // the call's own row
    bool listed = false;                 // in touched_
  };
  // What an agent does: a duty (signed out, ready, paused) and on top of it calls, an offer, a wrap-up.
  struct LiveAgent {
    AgentId agent;
    std::string code;
    bool removed = false;
    floor::AgentState base = floor::AgentState::signed_out;
    std::string base_reason;
    std::vector<CallId> calls;           // talking
    CallId ringing, wrapping;
    std::uint64_t state_seq = 0;         // the open row of agent_state; 0: none
    floor::AgentState shown = floor::AgentState::signed_out;
    std::string shown_reason;
    CallId shown_call;
    Instant since;
    bool dirty = false;
  };
  struct StateRow {
    std::uint64_t seq = 0;
    AgentId agent;
    floor::AgentState state = floor::AgentState::ready;
    std::string reason;
    CallId call;
    Instant since;
    std::optional<Instant> until;
  };
  struct QueueLimits { Duration threshold, short_abandon; };
  struct Statements;

  explicit Projection(Database& database);
  Result<> prepare();
  Result<LiveCall*> call(CallId id);     // found, read back, or new
  Result<bool> read_back(LiveCall& live, CallId id);
  Result<LiveAgent*> agent(AgentId id);
  Result<> show(LiveAgent& agent);       // closes the open state row and begins the next, if the state is another
  Result<QueueLimits> limits(QueueId id);
  void begin_part(LiveCall& live, AgentId agent, QueueId queue, bool consult);
  Result<> write(LiveCall& live);
  Result<> write_state(const StateRow& row);
  template <class Event> Result<> on(const Event&) { return Done{}; }  // events that no table tells of
  Result<> on(const floor::QueueSet&);
  Result<> on(const floor::QueueRemoved&);
  Result<> on(const floor::AgentSet&);
  Result<> on(const floor::AgentRemoved&);
  Result<> on(const floor::NumberSet&);
  Result<> on(const floor::TrunkSet&);
  Result<> on(const floor::DeviceSet&);
  Result<> on(const floor::CentreSet&);
  Result<> on(const floor::AgentSignedIn&);
  Result<> on(const floor::AgentSignedOut&);
  Result<> on(const floor::AgentReady&);
  Result<> on(const floor::AgentPaused&);
  Result<> on(const floor::WrapUpStarted&);
  Result<> on(const floor::WrapUpEnded&);
  Result<> on(const floor::CallArrived&);
  Result<> on(const floor::CallQueued&);
  Result<> on(const floor::CallLeftQueue&);
  Result<> on(const floor::CallOffered&);
  Result<> on(const floor::OfferAnswered&);
  Result<> on(const floor::OfferLapsed&);
  Result<> on(const floor::OfferWithdrawn&);
  Result<> on(const floor::CallHeld&);
  Result<> on(const floor::CallResumed&);
  Result<> on(const floor::LegDialled&);
  Result<> on(const floor::LegAnswered&);
  Result<> on(const floor::CallTransferred&);
  Result<> on(const floor::AgentLeftCall&);
  Result<> on(const floor::CallsJoined&);
  Result<> on(const floor::CallEnded&);
  Result<> on(const floor::RecordingStarted&);
  Result<> on(const floor::RecordingStopped&);
  Result<> on(const floor::RecordingMarked&);
  Result<> on(const floor::RecordingFinished&);
  Result<> on(const floor::RecordingFailed&);
  Result<> on(const floor::RecordingErased&);
  Result<> on(const floor::LegMeasured&);
  Result<> end_offer(CallId call, AgentId agent, OfferResult result, std::optional<std::int64_t> why);
  Result<> join_call(AgentId agent, CallId call);

  Database* database_;
  std::shared_ptr<Statements> sql_;
  std::unordered_map<CallId, LiveCall> calls_;
  std::vector<CallId> touched_;
  std::unordered_map<AgentId, LiveAgent> agents_;
  std::vector<AgentId> touched_agents_;
  std::map<std::uint64_t, StateRow> states_;   // begun or ended since the last flush
  std::unordered_map<QueueId, QueueLimits> queues_;
  std::uint64_t seq_ = 0;                      // of the event being applied
  Instant at_;
};

}  // namespace pasokh::storage
