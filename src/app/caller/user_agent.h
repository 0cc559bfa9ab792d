// A small telephone over UDP (RFC 3261): registers with digest, calls and is called, holds still for re-INVITE and UPDATE, sends
// and hears G.711. For `pasokh call`, `pasokh demo` and tests; it shares only the message codec with the server, none of its
// transactions, dialogs or SDP, so that it is an independent peer. One thread (its Loop); hundreds of calls are fine.
//
// Not here: TCP, 100rel, forked answers (the first 2xx wins, another is ended), session timers (refreshes are answered).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/caller/audio.h"
#include "app/caller/loop.h"
#include "base/result.h"
#include "sip/address.h"
#include "sip/message.h"

namespace pasokh::app::caller {

enum class EndedBy : std::uint8_t { nobody, us, peer, refused, failed };   // failed: no answer at all, or nonsense

class UserAgent;
struct SdpSide;

class Call : public std::enable_shared_from_this<Call> {
 public:
  // --- orders; one that does not fit the state does nothing
  void ring();                                          // incoming: 180
  void answer();                                        // incoming: 200
  void refuse(int status);                              // incoming
  void hang_up();                                       // CANCEL, BYE or 486, whatever fits

  // --- facts
  bool incoming() const { return incoming_; }
  const std::string& number() const { return number_; }   // the other side's: dialled, or the user part of From
  const std::string& name() const { return name_; }       // display name of From
  bool answered() const { return answered_at.has_value(); }
  bool ended() const { return ended_by_ != EndedBy::nobody; }
  EndedBy ended_by() const { return ended_by_; }
  int status() const { return status_; }                // the last one, of the other side or ours
  const std::string& reason() const { return reason_; }
  std::string codec() const { return audio_.plan().payload == 0 ? "PCMU" : "PCMA"; }
  Audio& audio() { return audio_; }
  const Audio& audio() const { return audio_; }
  Instant begun_at;
  std::optional<Instant> trying_at, ringing_at, answered_at, ended_at;

  // --- told, each on the loop's thread
  std::function<void(int status, const std::string& reason)> on_progress;   // outgoing, 1xx
  std::function<void()> on_answered;                    // audio flows both ways
  std::function<void()> on_ended;

  Call(UserAgent& agent, Loop& loop, bool incoming);    // made by UserAgent only

 private:
  friend class UserAgent;
  UserAgent& agent_;
  Audio audio_;
  const bool incoming_;
  std::string number_, name_;
  EndedBy ended_by_ = EndedBy::nobody;
  int status_ = 0;
  std::string reason_;
  // the dialog
  std::string call_id_, local_, remote_, local_tag_, remote_tag_, remote_target_;   // local_, remote_: whole From/To values
  std::vector<std::string> routes_;
  sip::Address peer_;
  std::uint32_t cseq_ = 0, invite_cseq_ = 0;
  std::uint64_t sdp_session_ = 0, sdp_version_ = 1;
  // outgoing INVITE
  std::string invite_branch_, invite_bytes_, ack_;
  int challenges_ = 0;
  bool provisional_ = false, cancel_wanted_ = false;
  // incoming INVITE, first or later: what is owed to it
  std::unique_ptr<sip::Message> invite_;
  bool offer_owed_ = false;                             // it came without SDP: the ACK brings the answer
  std::string accepted_;                                // 200, sent again until the ACK
  Loop::TimerId accepted_timer_{};
};

struct Registered {
  int status = 0;                                       // 0: no answer
  std::vector<std::string> contacts;                    // URIs, as the registrar lists them
  bool ours = false;                                    // our own is among them
};

struct UserAgentSettings {
  sip::Address server;                                  // also next hop for everything we begin
  std::string user, password;                           // user "": does not register
  std::string domain;                                   // in our own addresses; "" = the server's IP
  std::string contact_parameters;                       // of our Contact's URI, ";name=value"
  sip::Address bind;                                    // ip "": the one that leads to the server; port 0: any
};

class UserAgent {
 public:
  UserAgent(Loop& loop, UserAgentSettings settings);
  ~UserAgent();                                         // says nothing to anybody: hang up and unregister before
  UserAgent(const UserAgent&) = delete;
  UserAgent& operator=(const UserAgent&) = delete;

  Result<> open();
  const sip::Address& address() const { return address_; }
  std::string contact() const;

  // REGISTER now and every `every`; `told` after each.
  void keep_registered(Duration every, Duration expires, std::function<void(const Registered&)> told);
  void look_at_bindings(std::function<void(const Registered&)> told);   // REGISTER without Contact
  void unregister(std::function<void(const Registered&)> told = {});    // ends keep_registered; removes only our own contact

  std::shared_ptr<Call> call(const std::string& number, const std::string& from_number, const std::string& from_name = {});
  std::function<void(std::shared_ptr<Call>)> on_call;   // none: 480
  std::size_t calls() const { return calls_.size(); }
  // Requests and answers that we had to send again, and requests that came again: each a message lost or answered late.
  std::uint64_t repeats() const { return repeats_; }

 private:
  friend class Call;
  using Answer = std::function<void(const sip::Message*)>;   // nothing: timed out
  struct Client {
    std::string bytes;
    sip::Address to;
    bool invite = false, final_seen = false, provisional = false;
    Duration interval;
    Instant give_up;
    Loop::TimerId timer{};
    Answer told;
    std::string ack;
  };
  struct Challenge { std::string realm, nonce, opaque, algorithm, qop; std::uint32_t count = 0; bool proxy = false; };

  std::uint64_t repeats_ = 0;
  // transport and transactions
  void readable();
  void send(const sip::Address& to, const std::string& bytes);
  void begin(const std::string& branch, std::string bytes, const sip::Address& to, bool invite, Answer told);
  void resend(const std::string& branch);
  void take_response(const sip::Message&);
  void take_request(sip::Message, const sip::Address& from);
  void respond(const sip::Message& request, const sip::Address& from, int status, const std::string& tag, std::string_view body = {}, bool with_contact = false);
  std::string via(const std::string& branch) const;

  // digest
  bool learn(const sip::Message& response);
  std::optional<std::pair<std::string, std::string>> authorization(std::string_view method, std::string_view uri);

  // registering
  void send_register(const std::string& contact_value, Duration expires, int attempt, std::function<void(const Registered&)> told);

  // calls
  std::shared_ptr<Call> find(const sip::Message&) const;
  std::shared_ptr<Call> add(bool incoming);
  void send_invite(Call&);
  void take_invite_answer(Call&, const sip::Message*);
  void take_accepted(Call&, const sip::Message&);
  void take_invite(sip::Message, const sip::Address& from);
  void take_reinvite(Call&, sip::Message, const sip::Address& from);
  void take_ack(const sip::Message&);
  void accept(Call&);
  void resend_accepted(std::weak_ptr<Call>, Duration interval, Instant give_up);
  void send_in_dialog(Call&, const std::string& method, Answer told, std::string_view type = {}, std::string_view body = {});
  std::string ack_for(Call&, std::uint32_t cseq);
  void cancel(Call&);
  void end(Call&, EndedBy, int status, std::string reason);
  std::string own_sdp(Call&, std::string_view direction);
  bool take_sdp(Call&, std::string_view body);
  std::string identity(const std::string& user, const std::string& name) const;

  Loop& loop_;
  UserAgentSettings settings_;
  sip::Address address_;
  int fd_ = -1;
  std::unordered_map<std::string, Client> clients_;                    // by branch
  struct Said { std::string bytes; sip::Address to; };
  std::unordered_map<std::string, Said> said_;                         // final and provisional answers, by request
  std::unordered_map<std::string, std::shared_ptr<Call>> calls_;       // by Call-ID; an ended one stays for a while
  std::optional<Challenge> challenge_;
  std::string register_call_id_, register_tag_;
  std::uint32_t register_cseq_ = 0;
  std::uint64_t registering_ = 0;                                      // grows with every change of mind
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);         // for timers that outlive us
};

}  // namespace pasokh::app::caller
