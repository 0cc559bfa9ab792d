// The floor as wallboard and desks see it: a follower of the journal. It has a Floor of its own, evolved by the same events, so that
// the switchboard's thread pays nothing for those who look on, and so that any moment of any day can be shown by the same code.
// One thread at a time.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "floor/board.h"
#include "storage/floor_stops.h"
#include "storage/journal.h"
#include "storage/report_queries.h"

namespace pasokh::api {

// Today's figures, from the reports; see live_today.
struct Today {
  std::map<std::string, office::reports::QueueFigures, std::less<>> queues;  // by code
  std::map<std::string, office::reports::AgentFigures, std::less<>> agents;
  office::reports::Evenness evenness;
};

class LiveFloor {
 public:
  static Result<LiveFloor> open(const std::string& dir);                  // as of the journal's end
  static Result<LiveFloor> open_at(const std::string& dir, Instant at);   // as it was then: all events up to and with that moment

  Result<bool> catch_up();               // true: something has changed
  void set_today(Today today);
  // Who calls, by number: the name in the contacts, or nothing. Asked once for a number, on the thread that follows. Not set: rows
  // carry no names (a floor of the past is shown without: names stand beside the journal).
  void name_callers_by(std::function<std::string(const std::string& number)> contact_name) { contact_name_ = std::move(contact_name); }
  void contacts_changed();               // they are asked for anew, and rows that read otherwise are sent again
  // Rows whose slowly moving parts (balances move with every offer) have drifted are sent again: a part of all rows each time.
  void look_round();

  bool changed() const { return !agents_dirty_.empty() || !queues_dirty_.empty(); }
  // The frames: {"type":"snapshot"|"delta","topic":"floor","version":N,…}. delta: nothing when no row has become another.
  std::string snapshot();
  std::optional<std::string> delta();
  std::string data();                    // {"agents":{…},"queues":{…},"waiting":{…},"totals":{…}}
  std::uint64_t version() const { return version_; }

  // One agent's own desk; rows keep the texts of what was last sent to it.
  struct Desk {
    std::string agent;                   // code
    std::uint64_t version = 0;
    std::string row, today;
    std::map<std::string, std::string> calls;
  };
  std::string desk_snapshot(Desk& desk);
  std::optional<std::string> desk_delta(Desk& desk);
  // Agents whose desk may have changed since this was asked last.
  std::set<std::string> take_desks();

  std::uint64_t seq() const { return seq_; }
  std::string save() const { return floor_.save(); }
  const std::string& time_zone() const { return floor_.centre().time_zone; }

  static constexpr std::size_t line_shown_max = 100;  // callers of one queue
  static constexpr std::size_t contacts_kept_max = 10'000;  // numbers whose name is remembered; then all are forgotten

 private:
  struct AgentRow { std::optional<floor::AgentLook> look; std::string text; };
  struct QueueRow {
    std::optional<floor::QueueLook> look;
    std::int64_t ready = 0, on_duty = 0, talking = 0;
    std::string text;
    struct Waiting { std::string text, number; };
    std::map<CallId, Waiting> waiting;
  };
  struct Pieces { std::string agents, queues, waiting, agents_gone, queues_gone, waiting_gone; };

  explicit LiveFloor(storage::JournalReader journal) : journal_(std::move(journal)) {}
  Result<> load(const std::string& dir, std::uint64_t up_to);
  Result<> follow(std::uint64_t up_to);
  void look_at_all();
  void count(const std::optional<floor::AgentLook>& look, std::int64_t sign);
  void update(Pieces* pieces);           // dirty rows become texts; what has changed goes into the pieces
  void update_agent(AgentId id, Pieces* pieces);
  void update_queue(QueueId id, Pieces* pieces);
  std::string agent_text(const floor::AgentLook&) const;
  std::string queue_text(const QueueRow&) const;
  std::string call_text(const floor::CallLook&);
  std::string waiting_text(const floor::WaitingLook&, const std::string& queue, const std::string& number);
  const std::string& contact_of(const std::string& number);
  std::string_view name_of(const std::string& kind, const std::string& code) const;
  std::string today_text(const std::string& agent) const;
  std::string totals_text() const;
  std::string caller_number(PartyId party);
  bool still_waits(CallId call, QueueId queue) const;
  std::string_view queue_code(QueueId id) const { return floor_.code(id); }

  storage::JournalReader journal_;
  floor::Floor floor_;
  std::optional<storage::FloorStops> stops_;
  std::uint64_t seq_ = 0, stopped_at_ = 0, version_ = 1;
  std::vector<AgentRow> agents_;         // [id - 1]
  std::vector<QueueRow> queues_;
  std::set<AgentId> agents_dirty_;
  std::set<QueueId> queues_dirty_;
  std::set<std::string> desks_;
  std::function<std::string(const std::string&)> contact_name_;
  std::map<std::string, std::string> contacts_;  // by number; also those that nobody knows
  std::map<std::string, std::string> names_;   // of agents and queues: "agent:a01"
  std::array<std::int64_t, 6> by_state_{};     // agents, by floor::AgentState
  std::int64_t waiting_ = 0;
  std::string totals_sent_;
  Today today_;
  std::size_t round_ = 0;                      // where look_round goes on
};

}  // namespace pasokh::api
