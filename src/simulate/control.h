// The control process on a simulated machine: the real Switchboard (floor, SIP endpoint, recovery) between a journal in memory and
// simulated sockets, in the order of src/switchboard/loop.cpp: gather, commit, then orders, then datagrams, then answers.
// The disk may be slow or full; the process may be killed at any of the named points, also while it recovers.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulate/dice.h"
#include "simulate/world.h"
#include "switchboard/switchboard.h"

namespace pasokh::simulate {

// Where control may die (src/switchboard/crash_points.h), and what of the turn is durable then.
enum class Death : std::uint8_t { between_turns, before_commit, after_commit, after_orders, half_the_datagrams, restored, resumed };

// Deliberate faults between control and the world, for the test of the auditor. Empty in every real run.
struct ControlTampering {
  std::function<void(switchboard::Command&)> command;                 // what people ask, before it is heard
  std::function<void(switchboard::Turn&)> turn;                       // as taken, before the commit
  std::function<void(switchboard::Turn&)> leaves;                     // outputs, after the commit
  std::function<bool(const switchboard::Datagram&)> loses_early;      // true: it never leaves
  std::function<bool(storage::LiveKind, const std::string& key)> forgets_row;  // true: not there at a start
  std::function<Instant(Instant)> deadline;
  bool effects_first = false;                                         // outputs leave before the commit
  bool forgets_last_event = false;                                    // a start reads one event too few
  bool workers_not_told = false;                                      // after a start the workers hear nothing
  bool stays_refusing = false;                                        // a disk that has space again is not noticed
};

struct Handled {                        // what the floor decided about one thing that happened
  floor::Stimulus stimulus;
  std::vector<floor::Event> events;
  std::vector<floor::Effect> effects;
  Instant now;
};

class ControlHouse {
 public:
  virtual ~ControlHouse() = default;
  virtual Instant now() const = 0;
  virtual void transmit(const switchboard::Datagram&) = 0;
  virtual void order(std::size_t worker, const media::ToWorker&) = 0;
  virtual bool worker_lives(std::size_t worker) const = 0;
  virtual void wake_control(Instant at) = 0;                // Control::woken() then
  virtual void durable(std::vector<Handled>) = 0;           // what the journal now holds, in order
  virtual void died() = 0;                                  // connections are gone
  virtual void started(bool same_floor, bool same_legs, bool compared) = 0;
  virtual void resolve(const std::string& trunk) = 0;
  virtual void about_to_handle(const floor::Stimulus&, const floor::Floor&) = 0;
};

class Control {
 public:
  struct Disk { Duration commit = Duration::milliseconds(2); bool full = false; };

  Control(ControlHouse&, std::uint64_t seed, std::size_t workers, ControlTampering = {});
  ~Control();

  void boot();
  void arm(Death how) { armed_ = how; stage_ = how == Death::between_turns ? 2 : 1; }  // it happens at one of the next turns
  bool is_up() const { return board_ != nullptr; }
  Disk disk;
  Duration down_for = Duration::seconds(1);                 // of the next deaths
  int dies_again = 0;                                       // in the recovery that follows, so often
  Duration clock_step;                                      // of the machine's wall clock, seen at the next start

  // inputs; nothing happens while it is down
  void receive(const sip::Flow& from, std::string_view bytes);
  void connected(const sip::Flow&);
  void broke(std::uint64_t connection);
  void unreachable(const sip::Flow& to);
  void from_worker(std::size_t worker, const media::FromWorker&);
  void worker_up(std::size_t worker);
  void worker_down(std::size_t worker);
  bool ask(const switchboard::Command&, std::function<void(const switchboard::Reply&)>);
  void resolved(const std::string& trunk, std::vector<sip::Flow>);
  void finish_recordings(bool on) { finishes_ = on; }
  void woken();
  void run();                                               // timers, commits

  const switchboard::Switchboard* board() const { return board_.get(); }
  const std::vector<storage::Recorded>& journal() const { return journal_; }
  const std::map<std::pair<storage::LiveKind, std::string>, std::string>& rows() const { return rows_; }
  void keep_journal() { keeps_journal_ = true; }
  void watch(bool handled) { watches_ = handled; }
  Instant clock() const { return house_.now() + offset_; }
  Instant world_time(Instant of_clock) const { return of_clock == Instant::never() ? of_clock : of_clock - offset_; }
  bool refuses() const { return refusing_; }
  Instant gathering_since() const { return gathering_since_; }  // of the turn that is leaving now: nothing in it was decided before
  std::uint64_t deaths() const { return deaths_; }
  std::uint64_t events() const { return last_seq_; }
  std::uint64_t commits() const { return commits_; }
  const std::vector<std::string>& log() const { return log_; }

 private:
  struct Batch { switchboard::Turn turn; std::vector<Handled> handled; Instant due, since; };

  void after_input();
  void advance();
  void make_durable(Batch&);
  void release(Batch&);
  void transmit(std::vector<switchboard::Datagram>&, std::size_t from, std::size_t to);
  void die();
  switchboard::Setup setup();
  floor::Floor read_floor() const;
  std::string legs_of(const switchboard::Switchboard&) const;

  ControlHouse& house_;
  ControlTampering tampering_;
  Dice dice_;
  std::size_t workers_;
  std::unique_ptr<switchboard::Switchboard> board_;
  std::vector<storage::Recorded> journal_;                  // durable
  std::map<std::pair<storage::LiveKind, std::string>, std::string> rows_;
  std::string snapshot_;
  std::size_t snapshot_at_ = 0;                             // index into the journal
  std::uint64_t snapshot_seq_ = 0, last_seq_ = 0, epoch_ = 0, deaths_ = 0, commits_ = 0;
  std::optional<Batch> in_flight_;
  std::vector<Handled> handled_;
  std::optional<floor::Stimulus> stimulus_;
  std::optional<Death> armed_;
  int stage_ = 0;
  std::string floor_before_, legs_before_, floor_after_, legs_after_;
  bool expects_ = false, expects_after_ = false;
  Duration offset_;
  Instant last_submit_, gathering_since_, pending_since_ = Instant::never(), wake_at_ = Instant::never(), down_until_, last_at_;
  bool refusing_ = false, trouble_ = false, keeps_journal_ = false, watches_ = false, finishes_ = true, taking_in_ = false;
  struct Finished { Instant at; CallId call; CaptureId capture; };
  std::vector<Finished> finishing_;
  std::vector<std::string> log_;
};

}  // namespace pasokh::simulate
