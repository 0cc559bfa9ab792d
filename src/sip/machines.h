// The state machines of this module by name: their states, what they can meet, and what they never meet, with the reason. Each door
// says what it meets (base/met.h); `simulation_pairs` shows that every pair is met or ruled out.
//   transactions   RFC 3261 §17 (figures 5 to 8), Accepted of RFC 6026
//   leg            one INVITE dialog as the house sees it (LegState)
//   session        offer and answer in it (RFC 3264; RFC 6337 lists the ways), while the house wants the leg
//   session timer  RFC 4028
//   binding        where a phone is (RFC 3261 §10)
//   registration   ours with a carrier
#pragma once

#include "base/met.h"
#include "sip/leg.h"
#include "sip/transaction.h"

namespace pasokh::sip::machines {

enum class InviteClientMeets : std::uint8_t { provisional, success, failure, resend_time, end_time, cancel_wanted, transport_error, moved };
enum class InviteServerMeets : std::uint8_t { request_again, ack, told_provisional, told_success, told_failure, resend_time, end_time };
enum class OtherClientMeets : std::uint8_t { provisional, final, resend_time, end_time, transport_error, moved };
enum class OtherServerState : std::uint8_t { trying, proceeding, completed };
enum class OtherServerMeets : std::uint8_t { request_again, told_provisional, told_final, end_time };
enum class LegMeets : std::uint8_t {
  ack, bye, cancel, reinvite, update, prack, info, refer, options, other_request,
  provisional, success, late_success, failure, other_success, other_failure, no_answer,
  told_ring, told_accept, told_refuse, told_end, told_renegotiate, told_progress,
  answer_again_time, no_ack_time, reliable_again_time, no_prack_time, ring_again_time, reoffer_time, refresh_time, session_over_time,
  connection_lost, phone_moved, phone_rebooted, wait_over_time,
};
enum class SessionState : std::uint8_t { nobody_offered, peer_offered, we_offered, we_offered_in_2xx, we_answered_in_2xx, settled };
enum class SessionMeets : std::uint8_t { reinvite_with_offer, reinvite_without, update_with_offer, update_without, answer_in_18x, answer_in_2xx, unusable_in_2xx, answer_in_ack, ack_without_answer, glare, refusal, house_wants_other };
enum class TimerState : std::uint8_t { none, peer_refreshes, we_refresh };
enum class TimerMeets : std::uint8_t { peer_asks, peer_asks_nothing, peer_asks_too_short, refresh_time, over_time, agreed, agreed_none, dialog_gone, refused };
enum class BindingState : std::uint8_t { nowhere, bound, connection_gone };
enum class BindingMeets : std::uint8_t { register_same, register_elsewhere, register_old, unregister, unregister_all, expiry_time, connection_lost, restart, device_removed };
enum class RegistrationState : std::uint8_t { out, asked_first, in, asked_again };
enum class RegistrationMeets : std::uint8_t { time, success, challenge, interval_too_brief, refused, no_answer, provisional };

extern const Machine invite_client, invite_server, other_client, other_server, leg, session, session_timer, binding, registration;
std::span<const Machine* const> all();

SessionState session_state(const Leg&);
TimerState timer_state(const Leg&);

inline void leg_meets(const Leg& which, LegMeets what) { met(leg, which.state, what); }
inline void session_meets(const Leg& which, SessionMeets what) {
  if (met_listener && !which.told_ended()) met(session, session_state(which), what);
}
inline void timer_meets(const Leg& which, TimerMeets what) {
  if (met_listener && !which.told_ended()) met(session_timer, timer_state(which), what);
}

}  // namespace pasokh::sip::machines
