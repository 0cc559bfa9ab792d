// A telephone, or a carrier's trunk, as the other side of the wire: a compact SIP user agent of its own. It shares no code with
// src/sip but the arithmetic of digests, so that a wrong reading of the RFC there meets a different one here.
// RFC 3261 §17 timers over UDP, 2xx until ACK (§13.3.1.4), CANCEL (§9), re-INVITE with glare (§14), REFER (RFC 3515), session timer
// (RFC 4028, as the one who refreshes), reliable 180 (RFC 3262). It takes no fault for granted: what it cannot understand it drops.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "simulate/dice.h"

namespace pasokh::simulate {

struct AudioPlace {
  std::string ip;
  std::uint16_t port = 0;
  auto operator<=>(const AudioPlace&) const = default;
};

struct PeerCall {
  enum class State : std::uint8_t {
    calling,    // our INVITE is out
    ringing,    // their INVITE rings here
    answered,   // our 200 is out, no ACK yet
    talking,
    over,
  };
  std::uint64_t id = 0;
  bool outgoing = false;
  State state = State::calling;
  std::string call_id, local_tag, remote_tag, local, remote, target;  // local, remote: header values without tags
  std::string shown;                     // who calls, as the display shows it (user part of From)
  std::string dialled;                   // outgoing: what was dialled; incoming: the user part of the Request-URI
  std::uint32_t local_cseq = 0, remote_cseq = 0;
  std::uint64_t person = 0;              // whose call it is; the world's business
  std::uint16_t rtp = 0;
  AudioPlace audio;                      // where our audio goes
  bool sends = true;                     // we have not put the other side on hold
  bool may_send = true;                  // the other side wants our audio
  bool hang_up_on_answer = false, heard_provisional = false, cancelled = false;
  bool other_said_bye = false;
  std::uint64_t invite = 0;              // client transaction under way (first or re-INVITE)
  std::uint32_t sdp_version = 1, session_expires = 0;
  bool we_refresh = false;
  std::string answering, answer;         // the INVITE's headers that an answer repeats; our final answer
  std::uint32_t answering_cseq = 0;
  Duration answer_again;
  Instant answer_until = Instant::never();
  std::string reliable;                  // our 180 until its PRACK
  std::uint32_t rseq = 0;
  Duration reliable_again;
  Instant reliable_until;
  std::string ack;                       // of our INVITE's 2xx: sent again when the 2xx is
  Instant began, settled;                // settled: it became `talking`
  bool alive() const { return state != State::over; }
};

// What the person at the telephone notices.
enum class Notice : std::uint8_t { rings, stopped, ringback, answered, refused, timed_out, connected, hung_up, hung_up_here, gone, held, moved, not_pracked };

class Peer;

class PeerHouse {
 public:
  virtual ~PeerHouse() = default;
  virtual Instant now() const = 0;
  virtual void transmit(int peer, std::string bytes) = 0;
  virtual void wake(int peer, Instant at, std::uint64_t token) = 0;
  virtual void noticed(int peer, PeerCall&, Notice, int status) = 0;
  virtual void registered(int peer, bool yes) = 0;
};

struct PeerManners {
  std::string ip, user, password;        // user "": a trunk
  std::uint16_t port = 5060;
  std::string server = "10.0.0.1:5060";
  bool tcp = false;
  std::int64_t register_for = 600;       // seconds
  std::uint32_t session_timer = 0;       // asked for in our INVITEs, 0: none
  bool refresher_is_us = false;
  bool takes_update = false;
  bool rings_reliably = false;           // 180 with 100rel, where the caller knows it
  std::uint64_t seed = 1;
};

class Peer {
 public:
  Peer(int index, PeerHouse& house, PeerManners manners);

  void enrol();                                          // REGISTER, and again before it expires
  void withdraw();                                       // REGISTER with Expires 0
  PeerCall& call(const std::string& number, const std::string& shown, std::uint64_t person);
  bool answer(std::uint64_t call);                       // false: it does not ring
  void refuse(std::uint64_t call, int status);
  void hang_up(std::uint64_t call);                      // CANCEL, BYE or a refusal: whatever fits
  void hold(std::uint64_t call, bool on);                // re-INVITE
  void refer(std::uint64_t call, const std::string& number, std::uint64_t replaces = 0);  // replaces: our other call, that is to be joined (RFC 5589 §7)
  void digit(std::uint64_t call, char);
  void poke(std::uint64_t call, const std::string& method);  // UPDATE or OPTIONS without a body, inside the dialog
  void ask_options();
  void vanish();                                         // the plug is pulled: nothing is remembered
  void connection_broke();                               // TCP: enrols again by itself

  void receive(std::string_view bytes);
  void woken(std::uint64_t token);

  PeerCall* find(std::uint64_t call);
  const PeerCall* speaking_from(std::uint16_t rtp) const;  // the live call whose audio leaves from there
  const std::map<std::uint64_t, PeerCall>& calls() const { return calls_; }
  std::uint64_t busy_with() const;                       // a call that is not over and does not only ring; 0: none
  bool is_registered() const { return registered_; }
  bool dead() const { return dead_; }
  void plug_in() { dead_ = false; }
  const PeerManners& manners() const { return manners_; }
  std::size_t unfinished() const { return transactions_.size(); }

 private:
  struct Client {                                        // a client transaction
    std::string method, bytes, cancel, ack;
    std::uint64_t call = 0;
    std::uint32_t cseq = 0;
    Duration again = Duration::milliseconds(500), cancel_again = Duration::milliseconds(500);
    Instant give_up;                                     // done: until it is forgotten
    bool provisional = false, done = false, cancel_sent = false, cancel_done = false;
    int tries = 0;
  };
  enum Token : std::uint64_t { client_timer = 0, cancel_timer = 1, answer_timer = 2, enrol_timer = 3, refresh_timer = 4, reliable_timer = 5, reoffer_timer = 6, tokens = 8 };

  void send(std::string bytes) { house_.transmit(index_, std::move(bytes)); }
  std::string place() const;
  std::string branch(std::uint64_t id) const;
  std::string request(const std::string& method, const std::string& uri, std::uint64_t transaction, const std::string& from, const std::string& to,
                      const std::string& call_id, std::uint32_t cseq, const std::string& extra, const std::string& body) const;
  std::uint64_t begin(const std::string& method, std::uint64_t call, std::uint32_t cseq);
  void launch(std::uint64_t id, std::string bytes);
  void in_dialog(PeerCall&, const std::string& method, const std::string& extra, const std::string& body);
  void offer_again(PeerCall&);
  std::string sdp(const PeerCall&) const;
  void take_sdp(PeerCall&, std::string_view body);
  void send_enrolment(std::int64_t seconds, const std::string& authorization);
  void response(std::string_view bytes);
  void invite_response(std::uint64_t id, Client&, std::string_view bytes, int status);
  void incoming(std::string_view bytes, std::string_view method);
  void incoming_invite(std::string_view bytes);
  void incoming_reinvite(PeerCall&, std::string_view bytes);
  void reply(std::string_view request, int status, const std::string& tag, const std::string& extra = {}, const std::string& body = {});
  std::string reply_bytes(std::string_view heads, int status, const std::string& extra, const std::string& body) const;
  void final_answer(PeerCall&, int status, const std::string& body);
  void send_ack(PeerCall&, Client&);
  void acknowledge_failure(Client&, std::string_view bytes);
  void send_cancel(Client&, std::uint64_t id);
  void end(PeerCall&, Notice, int status = 0);
  PeerCall* of(std::string_view bytes, bool incoming_request);

  int index_;
  PeerHouse& house_;
  PeerManners manners_;
  Dice dice_;
  std::map<std::uint64_t, PeerCall> calls_;              // those over are kept for 32 s
  std::unordered_map<std::string, std::uint64_t> by_call_id_;
  std::unordered_map<std::uint16_t, std::uint64_t> by_rtp_;
  std::unordered_map<std::uint64_t, Client> transactions_;
  std::unordered_map<std::string, std::string> answered_;  // other server transactions: branch and method -> what we answered
  std::deque<std::pair<Instant, std::string>> answered_order_;
  std::deque<std::pair<Instant, std::uint64_t>> over_order_;
  std::uint64_t next_ = 1, life_ = 0, enrolment_ = 0;
  std::uint32_t enrol_cseq_ = 0;
  std::int64_t enrol_seconds_ = 0;
  bool registered_ = false, dead_ = false, wants_registration_ = false, broke_ = false;
  std::string enrol_call_id_;
};

}  // namespace pasokh::simulate
