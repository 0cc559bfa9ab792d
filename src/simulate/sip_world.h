// A centre's day with its telephones: customers behind a carrier's trunk, specialists at phones, media workers and the control
// process, on a simulated network, in virtual time. The control process is the real switchboard with the real floor, SIP and recovery;
// everything else is played. One thread, one seed, integers only: the same run on every compiler.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "simulate/control.h"
#include "simulate/peer.h"
#include "simulate/plan.h"

namespace pasokh::simulate {

struct SipPlan {
  Plan people;                              // of its faults, crash_permyriad is not used
  Duration delay_min = Duration::milliseconds(1), delay_max = Duration::milliseconds(8);
  int loss_permille = 0, twice_permille = 0;         // of datagrams, each way
  int tcp_permille = 0;                     // of phones
  int clogs_per_hour = 0;                   // links that let nothing through for a while
  int breaks_per_hour = 0;                  // TCP connections that break
  int deaths_per_hour = 0;                  // control is killed
  int worker_deaths_per_hour = 0;
  int slow_disks_per_hour = 0, full_disks_per_hour = 0;
  bool clock_steps = false;
  Duration commit = Duration::milliseconds(2);       // 0: the quick world, nothing is ever in flight
  // per talk
  int phone_holds_permille = 0, refers_permille = 0, digits_permille = 0;
  int session_timers_permille = 0;          // of phones, and of the carrier
  int update_permille = 0;                  // of phones, and of the carrier: UPDATE is taken
  int star_permille = 0;                    // of what agents say about their presence: by a star code at the phone, not at the console
  Duration closes;                          // of the day: the first queue's number is open until then; zero: always
  int reliable_permille = 0;                // of phones, and of the carrier: they ring with a 180 that must be acknowledged (RFC 3262)
  std::size_t workers = 2;
  int listens_every = 2;                    // seconds: how often a worker looks who is heard
  int own_calls_permille = 0;               // per hour and agent: to a colleague, outside, into a queue, or where the plan forbids
  int attended_permille = 0;                // per talk: the phone's own attended transfer (REFER with Replaces, RFC 5589)
  int chaos_permille = 0;                   // of seconds: somebody does something at the wrong moment
};

SipPlan sip_centre_day(std::uint64_t seed);  // 50 agents, 6,000 calls, nothing goes wrong but what people do
SipPlan any_sip_centre(std::uint64_t seed);  // an hour of a small centre where everything goes wrong
SipPlan calm_sip_centre(std::uint64_t seed);  // the same people on a network and machine without faults

class SipWorld;

// Whoever watches what the people live through.
class Witness {
 public:
  virtual ~Witness() = default;
  virtual void settled_in() {}
  virtual void noticed(int peer, const PeerCall&, Notice, int status) { (void)peer; (void)status; }
  virtual void sent_by_us(int peer, std::string_view bytes) { (void)peer; (void)bytes; }       // it has left the house
  virtual void reached_us(int peer, std::string_view bytes) { (void)peer; (void)bytes; }       // and control was there
  virtual void durable(const std::vector<Handled>&) {}
  virtual void about_to_handle(const floor::Stimulus&, const floor::Floor&) {}
  virtual void restarted(bool same_floor, bool same_legs) { (void)same_floor; (void)same_legs; }
  virtual void agent_did(int agent, const std::string& verb, bool done) { (void)agent; (void)verb; (void)done; }  // done: it was confirmed
  virtual void second() {}                  // once a second
};

class SipWorld final : public PeerHouse, public ControlHouse {
 public:
  explicit SipWorld(SipPlan, Witness* = nullptr, ControlTampering = {});
  ~SipWorld();

  void stop() { stopped_ = true; }           // whoever watches has seen enough
  void run();                                // the day, and until everybody has gone and everything has come to rest

  // --- for the witness
  const SipPlan& plan() const { return plan_; }
  Instant now() const override { return now_; }
  const Control& control() const { return *control_; }
  Control& control() { return *control_; }
  const Peer& peer(int index) const { return *peers_[static_cast<std::size_t>(index)]; }   // 0: the trunk; 1 + desk: a phone
  int agent_at(int desk) const { return at_desk_[static_cast<std::size_t>(desk)]; }
  int desk_of(int agent) const { return people_[static_cast<std::size_t>(agent)].desk; }
  bool works(int agent) const { const Person& p = people_[static_cast<std::size_t>(agent)]; return p.here && !p.on_break; }
  int customer_of(const std::string& shown) const;         // -1: nobody has that number
  Instant closes_at() const { return plan_.closes.us ? plan_.people.start + plan_.closes : Instant::never(); }
  int queue_of(int customer) const { return customers_[static_cast<std::size_t>(customer)].queue; }
  std::size_t customers() const { return customers_.size(); }
  const PeerCall* line_of(int customer) const;             // his live call, or nothing
  bool asked_to_move(int customer) const { const Customer& c = customers_[static_cast<std::size_t>(customer)]; return c.moving || c.held; }  // hold, transfer or consult under way
  Instant quiet_since() const { return control_->is_up() && !control_->disk.full ? quiet_since_ : now_; }    // since when no fault is at work
  Instant link_quiet_since(int peer) const { const Link& link = links_[static_cast<std::size_t>(peer)]; return link.clogged || link.was_away ? now_ : link.quiet_since; }
  Instant decided_after() const { return control_->gathering_since(); }
  bool decision_may_be_late() const { return !control_->is_up(); }
  // A call that a specialist makes: as the two telephones know it. Peer -1: not there (yet).
  struct OwnCall {
    enum class To : std::uint8_t { colleague, outside, queue, forbidden } to = To::colleague;
    int desk = 0;
    bool by_command = false;                  // clicked at the console: our own phone is rung first
    std::string number;
    std::uint64_t call = 0;                   // at that desk's phone
    int other_peer = -1;
    std::uint64_t other_call = 0;
    int customer = -1;                        // asked about him, on the second line
    std::uint64_t line = 0;                   // the talk with him
    bool referred = false, joined = false, placed = false, outside_answers = true, outside_declines = false, outside_ends = false;
    Duration talk;
  };
  const std::vector<OwnCall>& own_calls() const { return own_calls_; }
  const PeerCall* mine_of(const OwnCall&) const;           // live, or nothing
  const PeerCall* other_of(const OwnCall&) const;
  bool may_be_called(const std::string& outside) const { return own_by_number_.contains(outside); }
  bool is_joined(int customer) const;                      // a colleague's phone has the caller by an attended transfer
  int customer_at(int peer, const PeerCall&) const;        // whom that phone serves: as shown, or whom a colleague has joined to it
  // Whom does this call hear? Peer and call of whoever's audio arrives, or nothing (music, silence).
  struct Voice { int peer = -1; std::uint64_t call = 0; bool music = false; };
  Voice voice_at(int peer, const PeerCall&) const;
  bool recorded(const PeerCall&) const;      // what it says goes into a recording
  std::size_t worker_legs() const;
  std::size_t worker_captures() const;

  std::uint64_t datagrams() const { return datagrams_; }
  std::uint64_t lost() const { return lost_; }
  std::uint64_t calls() const { return calls_; }
  std::uint64_t talks() const { return talks_; }
  std::uint64_t print() const { return print_; }           // of everything that left the house: a run's fingerprint

 private:
  enum class What : std::uint8_t {
    packet, to_control, peer_timer, control, worker_message, worker_back, second,
    arrive, give_up, starts, breaks, returns, leaves, phone_dies, phone_back, answers, declines, talk_ends, holds, resumes, transfers, completes, gives, digits, refreshes,
    dials, asks_colleague, refers, puts_down, writes, releases, clogs, unclogs, link_breaks, disk_slow, disk_full, disk_well, control_dies, worker_dies, resolves, asks, reconnects, everybody_out,
  };
  struct Act {
    Instant at;
    std::uint64_t order = 0;
    What what = What::arrive;
    std::uint32_t peer = 0;
    std::uint64_t a = 0, b = 0;
    bool operator>(const Act& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  struct Link {
    bool tcp = false, clogged = false, was_away = false;
    std::uint64_t connection = 0;
    Instant last_in, last_out;                // TCP: order is kept
    Instant quiet_since;
    std::vector<std::pair<bool, std::string>> held;  // to control?, bytes
  };
  struct Packet { std::string bytes; std::uint64_t connection = 0; };
  struct Customer {
    int queue = 0;
    Duration patience, talk, hold;
    bool agent_hangs_up = false, talked = false, moving = false, held = false, consulted = false;  // consulted: about him, while he is on hold
    std::uint64_t call = 0, talk_number = 0;
    int asks = -1;                            // the agent who consults
    Dice fate{0};
  };
  struct Person {
    Dice fate{0};
    int desk = 0;
    bool here = false, on_break = false;
  };
  struct Worker {
    bool alive = true;
    std::uint32_t life = 0;
    std::unordered_map<LegId, media::LegWanted> legs;
    std::unordered_map<std::uint16_t, LegId> by_port;
    std::map<CaptureId, CallId> captures;
    std::unordered_map<LegId, std::pair<ProgrammeId, std::uint64_t>> done;  // programmes that have come to their end, and to which control it was told
    std::unordered_map<LegId, Instant> silent_since, told_silent;
    std::set<LegId> heard, named;                  // named: wanted by the present control
    std::set<CaptureId> closed, named_captures;    // closed: can be asked about again
  };
  struct Question { switchboard::Command command; int agent = -1; bool again = true; int tries = 0; bool open = true; std::uint64_t id = 0; };

  // PeerHouse
  void transmit(int peer, std::string bytes) override;
  void wake(int peer, Instant at, std::uint64_t token) override { schedule(at, What::peer_timer, peer, token); }
  void noticed(int peer, PeerCall&, Notice, int status) override;
  void registered(int peer, bool yes) override;
  // ControlHouse
  void transmit(const switchboard::Datagram&) override;
  void order(std::size_t worker, const media::ToWorker&) override;
  bool worker_lives(std::size_t worker) const override { return workers_[worker].alive; }
  void wake_control(Instant at) override { schedule(std::max(at, now_), What::control); }
  void durable(std::vector<Handled>) override;
  void died() override;
  void started(bool same_floor, bool same_legs, bool compared) override;
  void resolve(const std::string&) override { schedule(now_ + Duration::milliseconds(30), What::resolves); }
  void about_to_handle(const floor::Stimulus& stimulus, const floor::Floor& floor) override { if (witness_) witness_->about_to_handle(stimulus, floor); }

  void schedule(Instant at, What what, int peer = 0, std::uint64_t a = 0, std::uint64_t b = 0) { acts_.push({at, ++order_, what, static_cast<std::uint32_t>(peer), a, b}); }
  void settle_in();
  void plan_people();
  void plan_faults();
  void next_drawn_arrival(Instant after);
  void add_customer(int queue, Dice fate, Instant at);
  void live(const Act&);
  void act_of_customer(const Act&);
  void act_of_agent(const Act&);
  void act_of_phone(const Act&);
  void act_of_fate(const Act&);
  void tell(std::size_t worker, media::FromWorker, Duration after);
  void worker_says(std::uint64_t what);
  void look_for_silence();
  void carry(int peer, std::string bytes, bool to_control);
  void deliver(int peer, std::string bytes, std::uint64_t connection, bool to_control);
  void connect(int peer);
  void break_connection(int peer, bool control_notices);
  void disturbed() { quiet_since_ = now_; }
  void talk_begins(int customer, int desk);
  void agent_gone_from(int desk, const PeerCall&, Notice);
  void ask(int agent, const std::string& verb, std::map<std::string, std::string> settings, bool again = true, const std::string& by = {});  // by: the agent, if nobody is named
  void ask_now(std::uint64_t question);
  void look_at_console();
  void say(int agent, const std::string& verb, std::map<std::string, std::string> settings);  // at the console, or by a star code
  void star_code_over(int peer, const PeerCall&, Notice);
  void anything();
  void press_ready(int peer);
  void act_of_own_call(const Act&);
  void begin_own_call(int agent);
  void ask_colleague(int customer, int desk, std::uint64_t line, Dice& fate);
  void own_call_over(OwnCall&);
  void outside_noticed(PeerCall&, Notice);
  void own_noticed(int peer, PeerCall&, Notice);
  void take_back(OwnCall&);                     // the caller on hold, when the colleague is not to have him
  void report_of(int agent);
  void write_reports(int agent, const std::string& verb, const std::string& by);
  int serving(int customer, int* desk) const;   // the agent who talks with that customer now, or -1
  std::string number_of(int customer) const;
  const std::string& code(int agent) const { return plan_.people.agents[static_cast<std::size_t>(agent)].code; }
  std::uint64_t keep(Packet packet);

  SipPlan plan_;
  Witness* witness_;
  std::unique_ptr<Control> control_;
  Instant now_, ends_;
  std::priority_queue<Act, std::vector<Act>, std::greater<>> acts_;
  std::uint64_t order_ = 0;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<Link> links_;
  std::unordered_map<std::string, int> by_ip_;
  std::unordered_map<std::uint64_t, int> by_connection_;
  std::uint64_t next_connection_ = 1;
  std::vector<Packet> packets_;
  std::vector<std::uint64_t> free_packets_;
  std::vector<Customer> customers_;
  std::vector<Person> people_;
  std::vector<int> at_desk_;
  std::vector<Worker> workers_;
  std::vector<Question> questions_;
  std::vector<OwnCall> own_calls_;
  std::unordered_map<std::string, std::size_t> own_by_number_;     // outside numbers that the plan allows: each is called once
  std::map<std::pair<int, std::uint64_t>, int> joined_;            // a phone's call, and the caller whom a colleague has joined to it
  std::vector<std::vector<CallId>> due_;                           // by agent: reports, as the console shows them
  std::vector<CallId> serves_;                                     // by agent: the call on the console
  std::unordered_map<std::uint64_t, std::pair<std::size_t, media::FromWorker>> told_;  // by workers, on its way
  std::uint64_t next_told_ = 1;
  Dice chance_;
  Instant quiet_since_;
  bool healed_ = false, stopped_ = false;
  int loss_ = 0, twice_ = 0;
  std::uint64_t datagrams_ = 0, lost_ = 0, calls_ = 0, talks_ = 0, print_ = 0xcbf29ce484222325ull;
};

}  // namespace pasokh::simulate
