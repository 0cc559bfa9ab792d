// The judge of the world with telephones. Two benches:
//   the people's: whose phone rang for whom, who heard whom, who was cut off, who waited while a colleague sat idle. It knows the
//   wire between house and people, never an event of ours; what is on its way gets the time that RFC 3261's timers need.
//   the books': the floor's auditor (auditor.h) reads what became durable, exactly, and keeps the books that reports are held to.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "simulate/auditor.h"
#include "simulate/sip_world.h"

namespace pasokh::simulate {

class SipAuditor : public Witness {
 public:
  explicit SipAuditor(const SipPlan&);
  void watch(SipWorld& world) { world_ = &world; }
  void stop_at_first() { stops_at_first_ = true; }  // a world that is wrong on purpose need not go on
  void day_over();                              // everything has come to rest: nothing may be left

  const std::vector<Finding>& findings() const { return findings_; }
  const Auditor& books_auditor() const { return books_; }
  std::uint64_t rings() const { return rings_; }
  std::uint64_t looks() const { return looks_; }
  std::uint64_t restarts() const { return restarts_; }

  void noticed(int peer, const PeerCall&, Notice, int status) override;
  void sent_by_us(int peer, std::string_view bytes) override;
  void reached_us(int peer, std::string_view bytes) override;
  void durable(const std::vector<Handled>&) override;
  void restarted(bool same_floor, bool same_legs) override;
  void agent_did(int agent, const std::string& verb, bool done) override;
  void second() override;

 private:
  struct Customer {                             // a caller's present call, as the caller and the line saw it
    Instant called_first, called_last, answered, unoffered_since, ended;
    Instant asked_until;                        // until then a phone may be rung for him, whether its INVITE has come there or not
    Instant end_reached = Instant::never();     // his BYE or CANCEL was at our door
    Instant ghost_until;                        // an INVITE of an earlier try has come late: two calls of his may live
    Instant service_ended;                      // a phone that served this call went away by itself
    bool alive = false, served = false, reached = false;
    int phones = 0;                             // that ring or talk for this caller
  };
  struct Desk {
    Instant free_since;                         // no call of any kind at the phone
    Instant bye_reached;                        // its last BYE was at our door: the wrap-up counts from there
    int calls = 0;
    std::string hung_up;                        // the call that its person has put down last: the BYE may still be on its way
    Instant hung_up_at;
  };
  struct Agent { Instant ready_since = Instant::never(), asked, set_aside;   // asked: they said "ready" at
    bool signed_in = false;
    bool owes = false, may_owe = false;         // a report: certainly; perhaps
    Instant owes_since, wrote, spoke_of_it;  // the last talk's end; when nothing was owed any more; when anything was said about a report
  };
  struct Sent { Instant at, decided_after; };

  void find(const char* check, std::string text);
  bool agent_owes(int desk, const Sent&) const;
  void set_aside(int agent);                    // a phone that was not answered
  void rings(int desk, const PeerCall&);
  bool may_be_held_back(int customer, Duration waited) const;  // an INVITE for that caller, behind one that a phone has not finished
  bool is_over_for_us(const PeerCall&) const;   // a BYE or CANCEL has left or come
  void look_at_hearing();
  void look_at_rings();
  void look_for_idle_pair();
  void look_at_own_calls();
  void own_noticed(int peer, const PeerCall&, Notice, int status);
  void talk_over(int desk, int agent, int customer, const PeerCall&, Notice);
  bool may_take(int agent, int customer, Duration waited) const;
  bool lasts(std::uint64_t key, bool bad, Duration grace);   // true: bad for so long without a break
  Instant calm_since(int peer) const;           // no fault has touched this phone, the carrier, the machine since then
  Customer& customer(int index);
  const floor::QueueSettings& queue_of(int customer) const;
  Duration shortest_wait(int customer) const;
  bool comes_to_a_shut_door(int customer) const;
  std::string name(int customer) const { return "caller " + std::to_string(customer); }

  SipPlan plan_;
  SipWorld* world_ = nullptr;
  bool stops_at_first_ = false;
  Auditor books_;
  Duration grace_, longest_ring_;
  std::vector<Customer> customers_;
  std::vector<Desk> desks_;
  std::vector<Agent> agents_;
  std::unordered_map<std::string, Sent> invites_;     // INVITEs of ours, by Call-ID: when first sent
  std::unordered_map<std::string, Instant> ended_by_us_;  // Call-IDs for which our BYE or CANCEL has left: when first
  std::set<std::string> ended_by_peer_;               // …for which theirs has reached us
  std::set<std::string> taken_;                       // callers' INVITEs for which our 200 has left: a CANCEL changes nothing any more
  struct Unfinished { int desk = 0; Instant sent; };
  std::map<std::string, Unfinished> unfinished_;      // INVITEs of ours to phones without a final answer
  std::unordered_map<std::string, Instant> heard_;    // INVITEs of ours that a phone has answered in any way: when first
  std::unordered_map<std::uint64_t, Instant> bad_since_;
  std::vector<Finding> findings_;
  std::set<std::string> offered_;                     // INVITEs of ours to phones for callers who had nobody yet
  std::set<std::string> told_;                        // one finding of a kind and person is enough
  std::vector<Duration> lived_talk_;                  // by desk
  std::uint64_t rings_ = 0, looks_ = 0, restarts_ = 0, talks_ = 0;
};

}  // namespace pasokh::simulate
