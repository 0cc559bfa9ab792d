// Every leg: one per INVITE dialog. Orders and messages in; requests, answers, events and rows out.
//   legs.cpp           the table, saving, deadlines, requests inside a dialog, session timers, restart
//   legs_incoming.cpp  a leg that comes to us: arrival, ring, accept, refuse, CANCEL, ACK, PRACK, Replaces
//   legs_outgoing.cpp  a leg that we make: dial, forked answers, challenge, cancel
//   legs_dialog.cpp    what either side asks inside the dialog: BYE, re-INVITE, UPDATE, INFO, REFER, NOTIFY
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "sip/core.h"
#include "sip/invite_client.h"
#include "sip/invite_server.h"
#include "sip/leg.h"
#include "sip/names.h"
#include "sip/other_client.h"
#include "sip/registrar.h"
#include "sip/sdp.h"
#include "sip/trunk.h"

namespace pasokh::sip {

// A new INVITE that passed every check, with what the checks found out.
struct Arrival {
  TrunkId trunk;
  DeviceId device;
  std::string dialled, caller, caller_name;
};

class Legs {
 public:
  Legs(Core& core, Registrar& registrar, Trunks& trunks) : core_(core), registrar_(registrar), trunks_(trunks) {}

  // --- messages
  void arrive(Message request, const Flow& from, Arrival arrival, Turn turn);
  bool is_merged(const Message& request) const;                      // §8.2.2.2
  bool on_dialog_request(const Message& request, const Flow& from, Turn turn);  // false: no such dialog
  bool had_dialog(const Message& request, Instant now) const;        // ended a moment ago, or in an earlier life
  void on_cancel(const Message& request, const Flow& from, Turn turn);
  void on_invite_response(InviteClient* transaction, const Message& response, const Flow& from, Turn turn);
  void on_other_response(OtherClient& transaction, const Message& response, const Flow& from, Turn turn);
  void on_no_answer(Transaction& transaction, bool transport_failed, Turn turn);
  void on_refusal_settled(const InviteServer& transaction, Turn turn);  // its ACK came, or is not waited for any more
  bool is_first_invite(const Transaction& transaction) const;        // of an outgoing leg, no answer yet
  void on_timeout(Leg& leg, Turn turn);
  void on_moved(DeviceId device, const Flow& old_flow, const Flow& new_flow, Turn turn);
  void on_heard(DeviceId device, const Flow& flow, Turn turn);             // it has registered again
  void on_rebooted(DeviceId device, std::string_view contact, Turn turn);  // it remembers nothing of what it had
  void connection_lost(std::uint64_t connection, Turn turn);
  void resolved(const HostName& name, std::vector<Flow> addresses, Turn turn);

  // --- orders
  void ring(LegId, Turn);
  void accept(LegId, const LocalMedia&, Turn);
  void refuse(LegId, int status, std::string_view reason, Turn);
  void dial_device(LegId, DeviceId, const CallerIdentity&, const LocalMedia&, Turn);
  void dial_trunk(LegId, TrunkId, std::string_view number, const CallerIdentity&, const LocalMedia&, Turn);
  void end(LegId, Turn);
  void renegotiate(LegId, const LocalMedia&, Turn);
  void ask_alive(LegId, Turn);
  void transfer_progress(LegId, bool done, bool succeeded, Turn);

  // --- restart
  void restore(std::string_view bytes);
  void resume(Turn turn);
  std::vector<Endpoint::LegInfo> list() const;
  std::size_t size() const { return legs_.size(); }

  void end_turn(Turn turn);                                          // once, at the end of every turn

 private:
  void save_changed(Turn turn);

  // the table
  Leg* find(LegId id) const;
  Leg* find_dialog(std::string_view call_id, std::string_view local_tag) const;
  Leg& add(std::unique_ptr<Leg> leg);
  void changed(Leg& leg);
  void drop(Leg& leg, Turn turn);
  void drop_when_done(Leg& leg, Turn turn);
  void tell_ended(Leg& leg, int status, std::string cause, bool by_peer, Turn turn);
  void arm(Leg& leg);
  void tell_due(const Leg& leg, Instant now) const;

  // answers to the peer's INVITE
  void respond(Leg& leg, int status, std::string_view reason, Turn turn, bool early = false, std::string_view body = {});
  std::string answer_bytes(const Leg& leg, int status, std::string_view reason, std::string_view body);
  void send_refusal(Leg& leg, int status, std::string_view reason, Turn turn);
  void send_answer(Leg& leg, std::string body, Turn turn);           // 2xx, repeated until ACK
  void repeat_answer(Leg& leg, Turn turn);
  void answer_settled(Leg& leg);                                     // ACK came, or is not waited for any more
  void send_reliable(Leg& leg, Turn turn);
  InviteServer* server_of(const Leg& leg) const;
  void hold_request(Leg& leg, const Message& request, const Flow& from);
  void take_replaced_place(Leg& leg, Turn turn);
  Leg* named_by_replaces(std::string_view value) const;

  // requests of ours
  Flow next_hop(const Leg& leg) const;
  std::optional<HostName> name_of_next_hop(const Leg& leg) const;    // nothing for a literal address
  bool knows_way(Leg& leg, Turn turn);                               // false: what is to be sent waits for go_on()
  void go_on(Leg& leg, Turn turn);
  std::string dialog_request(Leg& leg, std::string_view method, std::string_view branch, std::uint32_t cseq, const Flow& flow,
                             const std::vector<std::pair<std::string, std::string>>& extra = {}, std::string_view type = {}, std::string_view body = {});
  void send_pending(Leg& leg, Pending& pending, Turn turn, bool early = false);
  void ask(Leg& leg, Pending pending, Turn turn);
  Pending* pending_of(Leg& leg, std::string_view branch) const;
  bool has_pending(const Leg& leg, Pending::Kind kind) const;
  void forget_pending(Leg& leg, std::string_view branch);
  void end_invite_by(std::string_view branch, Instant latest);
  void forget_pending_but(Leg& leg, Pending::Kind kept, Turn turn);
  void say_bye(Leg& leg, Turn turn);
  void acknowledge(Leg& leg, const Message& response, const Flow& from, Turn turn, bool early);
  void refuse_stray_answer(const Message& response, const Flow& from, Turn turn);
  LocalMedia media_towards(TrunkId trunk, const LocalMedia& wanted) const;  // the trunk's codecs and kind of digits
  SdpLocal sdp_local(const Leg& leg, const Flow& flow) const;

  // outgoing
  void dial(std::unique_ptr<Leg> leg, Turn turn);
  void send_fork(Leg& leg, Fork& fork, Turn turn, bool early = false);
  void call_off(Leg& leg, Fork& fork, Turn turn);                    // CANCEL, or it is not sent at all
  void cancel_fork(Leg& leg, Fork& fork, Turn turn);
  Fork* fork_of(Leg& leg, std::string_view branch) const;
  bool rings_off(DeviceId device, const Fork& fork) const;            // what was before at that phone has no end yet
  void has_rung_off(const Leg& leg);
  void ring_waiting(Turn turn);                                      // whose phone has rung off meanwhile
  void wait_for_phone(Leg& leg, Turn turn);
  void no_more_waiting(Leg& leg, Turn turn);
  void on_fork_provisional(Leg& leg, Fork& fork, const Message& response, const Flow& from, Turn turn);
  void on_fork_answer(Leg& leg, Fork& fork, const Message& response, const Flow& from, Turn turn);
  void on_crossed_answer(Leg& leg, Fork& fork, const Message& response, const Flow& from, Turn turn);
  void make_dialog(Leg& leg, const Fork& fork, const Message& response, const Flow& from);
  void on_fork_failure(Leg& leg, Fork& fork, int status, const Message* response, const Flow& from, Turn turn);
  bool try_again(Leg& leg, Fork& fork, const Message& response, const Flow& from, Turn turn);
  void prack(Leg& leg, Fork& fork, const Message& response, const Flow& from, Turn turn);
  void check_outcome(Leg& leg, const char* cause, Turn turn);

  // in dialog
  void on_ack(Leg& leg, const Message& request, const Flow& from, Turn turn);
  void on_bye(Leg& leg, const Message& request, const Flow& from, Turn turn);
  void on_reinvite(Leg& leg, const Message& request, const Flow& from, Turn turn);
  void take_as_acknowledged(Leg& leg, Turn turn);
  bool on_early_update(Leg& leg, const Message& request, const Flow& from, Turn turn);
  void on_update(Leg& leg, const Message& request, const Flow& from, Turn turn);
  void on_prack(Leg& leg, const Message& request, const Flow& from, Turn turn);
  void on_info(Leg& leg, const Message& request, const Flow& from, Turn turn);
  void on_refer(Leg& leg, const Message& request, const Flow& from, Turn turn);
  void on_reinvite_answer(Leg& leg, const Pending& pending, const Message& response, const Flow& from, Turn turn);
  void on_pending_failure(Leg& leg, std::string_view branch, int status, const Message* response, const Flow& from, Turn turn);
  void on_pending_success(Leg& leg, std::string_view branch, const Message& response, const Flow& from, Turn turn);
  void refuse_in_dialog(const Message& request, const Flow& from, int status, Turn turn, std::string_view name = {}, std::string_view value = {});
  void take_target(Leg& leg, const Message& message);
  void note_flow(Leg& leg, const Flow& from);
  void reoffer(Leg& leg, Turn turn);
  void carry_out_wishes(Leg& leg, Turn turn);
  void notify_refer(Leg& leg, std::string state, std::string fragment, Turn turn);

  // session timer (RFC 4028)
  bool session_fits(const Leg& leg, const Message& request, const Flow& from, Turn turn);  // false: 422 is out
  void take_session_request(Leg& leg, const Message& request, Turn turn);
  void take_session_answer(Leg& leg, const Message& response, Turn turn);
  void add_session_header(const Leg& leg, MessageBuilder& builder) const;
  void refresh(Leg& leg, Turn turn);
  Instant refresh_at(const Leg& leg) const;
  Instant session_ends_at(const Leg& leg) const;

  Core& core_;
  Registrar& registrar_;
  Trunks& trunks_;
  std::unordered_map<LegId, std::unique_ptr<Leg>> legs_;
  TextMap<LegId> dialogs_;                                           // by Call-ID and our tag
  TextMap<LegId> first_requests_;                                    // by Call-ID, their tag and CSeq: merged requests
  std::unordered_map<DeviceId, std::set<LegId>> of_device_;
  std::set<DeviceId> rung_off_;                                      // in this turn
  std::vector<LegId> unsaved_;
  std::unordered_map<std::size_t, Instant> ended_;                   // dialogs that ended in the last 32 s, by the hash of their key
  std::deque<std::pair<Instant, std::size_t>> ended_order_;
  std::uint64_t arrived_ = 0;
  Instant resumed_at_;
  Names names_;
};

}  // namespace pasokh::sip
