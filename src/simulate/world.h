// A centre's day in virtual time: customers, specialists, supervisors and phones around the real floor. One thread, one seed,
// the same run on every compiler. Whatever the people live through is shown to an Observer (the auditor).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "floor/floor.h"
#include "simulate/dice.h"
#include "simulate/plan.h"

namespace pasokh::simulate {

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void happened(const floor::Stimulus&, Instant now) = 0;  // somebody did something
  // What was journalled and what was ordered. settled: the orders have arrived; else control died before they left, and the
  // orders that follow the restart come in a further call.
  virtual void told(const std::vector<floor::Event>&, const std::vector<floor::Effect>&, Instant now, bool settled) = 0;
  virtual void restarted(bool same_state, Instant now) = 0;
};

struct Recorded {
  Instant at;
  floor::Event event;
};

// Deliberate faults between people and floor, for the test of the auditor. Empty in every real run.
struct Tampering {
  std::function<void(floor::Turn&, Instant now)> turn;   // events and orders, before anybody sees them
  std::function<Instant(Instant)> deadline;              // when the floor is woken
  std::function<bool(const floor::Stimulus&)> loses;     // true: it never arrives
};

class World {
 public:
  explicit World(Plan, Observer* = nullptr, Tampering = {});
  ~World();

  void run();                                // the day, and until everybody has gone
  void keep_journal() { keeps_journal_ = true; }
  const std::vector<Recorded>& journal() const { return journal_; }
  const floor::Floor& floor() const { return floor_; }
  const std::vector<CallerPlan>& drawn() const { return drawn_; }  // callers who were drawn, written out
  Instant now() const { return now_; }
  std::uint64_t stimuli() const { return stimuli_; }
  std::uint64_t events() const { return events_; }
  std::uint64_t restarts() const { return restarts_; }

 private:
  enum class What : std::uint8_t { arrive, give_up, starts, breaks, returns, leaves, phone_dies, phone_back, rings, answers, declines, played, talk_ends, holds, resumes, transfers, completes, gives };
  struct Act {
    Instant at;
    std::uint64_t order = 0;
    What what = What::arrive;
    std::uint64_t who = 0, leg = 0, other = 0;
    bool operator>(const Act& b) const { return at != b.at ? at > b.at : order > b.order; }
  };
  struct Customer {
    int queue = 0;
    Duration patience, talk, hold;
    bool agent_hangs_up = false, talked = false;
    LegId leg;
    PartyId party;
    Dice fate{0};
  };
  struct Person {                            // an agent
    Dice fate{0};
    int desk = 0;                            // device, index
    bool here = false, on_break = false;
    std::uint32_t calls = 0;
    Instant last_call_ended;                 // as mod_callcenter sees it: over all queues
    std::map<int, Instant> ended_in_queue;   // as app_queue sees it: shared_lastcall=no
  };
  struct Phone { bool reachable = true; };
  struct Line {                              // a live leg, as its owner knows it
    enum class Kind : std::uint8_t { customer, phone, outside } kind = Kind::customer;
    int who = 0;                             // customer or device, index
    CallId call;
    int queue = 0;
    bool up = false;
    LegId hears;
    ProgrammeId plays;
  };

  void settle_in();
  void plan_people();
  void next_drawn_arrival(Instant after);
  void add_customer(int queue, Dice fate, Instant at, std::uint64_t party);
  void draw_manner(Customer&) const;
  void at(Instant when, What what, std::uint64_t who = 0, LegId leg = {}, LegId other = {});
  void tell(const floor::Stimulus&);
  void publish(floor::Turn&, bool settled);
  void deliver(const std::vector<floor::Effect>&);
  void deliver(const floor::Effect&);
  void restart_after(floor::Turn& turn, const floor::Stimulus&);
  floor::Floor recovered() const;
  void lay_against_wishes();
  void live(const Act&);
  void act_of_customer(const Act&);
  void act_of_agent(const Act&);
  void act_of_phone(const Act&);
  void phone_rings(const floor::DialLeg&);
  void leg_ended(LegId, floor::EndCause);
  void hears(LegId, const floor::Hearing&);
  void talk_begins(LegId customer, LegId agent);
  void pick();                               // the other switches' rules
  int picked(const std::vector<int>& free, int queue);
  int agent_at(int desk) const { return at_desk_[static_cast<std::size_t>(desk)]; }  // -1: nobody
  const std::string& code(int agent) const { return plan_.agents[static_cast<std::size_t>(agent)].code; }

  Plan plan_;
  Observer* observer_;
  Tampering tampering_;
  floor::Floor floor_;
  Instant now_;
  std::priority_queue<Act, std::vector<Act>, std::greater<>> acts_;
  std::uint64_t order_ = 0, stimuli_ = 0, events_ = 0, restarts_ = 0, next_leg_ = 1;
  std::vector<Customer> customers_;
  std::vector<CallerPlan> drawn_;
  std::vector<Person> people_;
  std::vector<Phone> phones_;
  std::vector<int> at_desk_;
  std::map<LegId, Line> lines_;
  std::vector<LegId> waiting_;               // with another switch's rule: in order of arrival
  std::map<LegId, CallId> call_of_;          // of customers, while `pick` needs them
  int pointer_ = -1;                         // rrmemory
  Dice chance_;                              // of the machine: crashes, delays
  std::string snapshot_;
  std::vector<Recorded> journal_;
  std::size_t snapshot_at_ = 0;              // index into the journal
  bool keeps_journal_ = false, arriving_ = false;
};

}  // namespace pasokh::simulate
