// The auditor: knows what the centre was told to be (the plan), what its people did and what reached them, and holds every
// event that was journalled against that. Keeps its own ledger, its own line, its own books; shares no code with the floor's
// rules, the projections or the reports (only the words of floor/types.h, stimuli.h, events.h and effects.h).
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "simulate/books.h"
#include "simulate/world.h"

namespace pasokh::simulate {

// check: a short stable name, as listed in tests/simulation/faults.md
struct Finding {
  std::string check;
  Instant at;
  std::string text;
};

class Auditor : public Observer {
 public:
  // late: how long deadlines may lie when control was down (the world with telephones); overdue is what a Tick leaves undone
  explicit Auditor(const Plan&, Duration late = {});

  void happened(const floor::Stimulus&, Instant now) override;
  void told(const std::vector<floor::Event>&, const std::vector<floor::Effect>&, Instant now, bool settled) override;
  void restarted(bool same_state, Instant now) override;
  void day_over(Instant now);                  // everybody has gone: nothing may be left

  const std::vector<Finding>& findings() const { return findings_; }
  const Books& books() const { return books_; }
  std::int64_t balance(int agent) const { return people_[static_cast<std::size_t>(agent)].balance; }
  std::uint64_t offers() const { return books_.rings.size(); }
  std::int64_t widest_balance() const { return widest_; }  // the largest |balance| after an offer, in 1/2^24 call

 private:
  using State = floor::AgentState;
  struct Person {
    State state = State::signed_out;
    enum class Will : std::uint8_t { away, rest, work } will = Will::away;   // what they said last
    std::string rests_after;                   // a pause that was asked for during a call
    int desk = -1;
    CallId call, second;                       // second: on the phone's other line
    std::vector<CallId> owes;                  // reports
    Instant since, idle_since, offer_until, wrap_until;
    Duration idle_earned;
    std::int64_t balance = 0;
    bool on_duty() const { return state != State::signed_out && state != State::paused; }
  };
  struct Caller {
    LegId leg;
    Instant arrived, since, entered;
    int queue = -1;
    std::int32_t priority = 0, step = 0;
    bool waits = false, talked = false, held = false;
    std::vector<int> rung, asked;
    std::map<int, std::int32_t> rung_step;
    LegId agent_leg, consult_leg, transfer_leg;
    int agent = -1;
    floor::Direction direction = floor::Direction::inbound;
    int placed_by = -1, caller_agent = -1;     // whose own call it is; who waits in a line with it
    std::vector<int> reported;                 // whose report was written while it lasted
    bool is_own() const { return direction != floor::Direction::inbound; }
    bool consult_up = false, notice = false, recording = false, told_notice = false;
    bool turned_away = false;
    std::set<LegId> legs;                      // as the journal has them
    std::set<int> overflowed;
  };
  struct Line {                                // a leg, as its owner knows it
    bool up = false, dials = false;            // dials: its agent has taken the phone off the hook
    int desk = -1;
    LegId hears;
    bool plays = false;
  };
  struct Place {                               // in the line of callers
    std::int32_t priority = 0;
    Instant since;
    CallId call;
    bool operator<(const Place& b) const { return priority != b.priority ? priority > b.priority : since != b.since ? since < b.since : call < b.call; }
  };
  struct Reader;                               // one function per event

  void find(const char* check, std::string text) { if (findings_.size() < 20) findings_.push_back({check, now_, std::move(text)}); }
  void arrives(const floor::Effect&);
  void look_around();                          // what must hold whenever nothing moves
  void look_at_call(CallId);
  void look_at_agent(int agent);
  void look_at_deadlines();
  void look_for_idle_pair();
  bool may_take(int agent, const Caller&) const;
  bool phone_is_free(int agent) const;
  bool is_free(int agent) const { return people_[static_cast<std::size_t>(agent)].state == State::ready && phone_is_free(agent); }
  std::int32_t step_at(int queue, Duration waited) const;
  void charge(int queue, std::int32_t step, int taker, int sign);
  void become(int agent, State);
  void stand(CallId);
  void step_out(CallId);
  void rest(int agent);
  void drop_claim(LegId);
  Talked* talk_of(CallId, int agent);
  void close_talk(CallId, int agent);
  std::vector<std::pair<int, std::int64_t>> ranking(const Caller&, std::int32_t* on_duty) const;
  Place place_of(CallId id) const { const Caller& c = callers_.at(id); return {c.priority, c.since, id}; }
  const floor::QueueSettings& queue(int index) const { return plan_.queues[static_cast<std::size_t>(index)].settings; }
  const std::string& name(int agent) const { return plan_.agents[static_cast<std::size_t>(agent)].code; }
  Person& person(int agent) { return people_[static_cast<std::size_t>(agent)]; }
  int agent_named(const std::string& code) const;

  Plan plan_;
  Duration late_;
  std::vector<Person> people_;
  std::vector<bool> reachable_;                // by desk
  std::vector<int> sits_;                      // by desk: agent, -1
  std::vector<std::set<LegId>> at_phone_;      // by desk: legs there, as their owner knows them
  std::vector<std::set<LegId>> busy_with_;     // by desk: legs that are no offers, as the journal has them
  std::map<CallId, Caller> callers_;
  std::set<CallId> over_;
  std::unordered_map<LegId, Line> lines_;
  struct Claim { CallId call; int desk = -1, agent = -1; bool is_offer = false; Instant due = Instant::never(); };
  std::unordered_map<LegId, Claim> claimed_;   // legs as the journal has them
  std::map<LegId, Instant> ringing_until_;     // consults and transfers that ring
  std::set<Place> line_;                       // who waits and is not rung for
  std::vector<int> last_taken_;                // by queue
  Books books_;
  std::vector<Finding> findings_;
  Instant now_;
  floor::Stimulus last_;
  std::set<CallId> touched_calls_;
  std::set<int> touched_agents_;
  std::set<LegId> touched_legs_;
  std::set<int> cause_to_rest_;                // who may be set aside in this turn
  std::set<int> owes_wrap_up_;                 // left a call in this turn
  bool sits_down_now_ = false;
  std::int64_t widest_ = 0;
};

}  // namespace pasokh::simulate
