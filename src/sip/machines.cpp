#include "sip/machines.h"

#include <algorithm>

#include "sip/invite_client.h"
#include "sip/invite_server.h"
#include "sip/other_client.h"

namespace pasokh::sip::machines {
namespace {

// --- transactions

namespace ic {
using S = InviteClient::State;
using M = InviteClientMeets;
constexpr const char* states[] = {"calling", "proceeding", "completed", "accepted"};
constexpr const char* meets[] = {"1xx", "2xx", "300-699", "timer A", "timer B, D or M", "CANCEL wanted", "given up: no way", "moved to a new flow"};
constexpr Machine::Never nevers[] = {
    never(M::resend_time, in(S::proceeding, S::completed, S::accepted), "§17.1.1.2: any answer stops timer A"),
    never(M::cancel_wanted, in(S::completed, S::accepted), "a fork that has its final answer is no longer `trying`, and only those are cancelled"),
    never(M::transport_error, in(S::completed, S::accepted), "only transactions without a final answer are told that there is no way, or that the phone began anew"),
};
}  // namespace ic

namespace is {
using S = InviteServer::State;
using M = InviteServerMeets;
constexpr const char* states[] = {"proceeding", "completed", "confirmed", "accepted"};
constexpr const char* meets[] = {"INVITE again", "ACK", "told 1xx", "told 2xx", "told 300-699", "timer G", "timer H, I or L"};
constexpr auto answered = in(S::completed, S::confirmed, S::accepted);
constexpr Machine::Never nevers[] = {
    never(M::told_provisional, answered, "a leg rings only while it is `arrived`, and a final answer ends that"),
    never(M::told_success, answered, "a leg is accepted only while it is `arrived`; a re-INVITE is answered once, in the turn in which it comes"),
    never(M::told_failure, answered, "a leg is refused only while it is `arrived`; a re-INVITE as above"),
    never(M::resend_time, in(S::proceeding, S::confirmed, S::accepted), "§17.2.1: timer G runs in `completed` alone; 2xx are repeated by the leg"),
    never(M::end_time, in(S::proceeding), "timers H, I and L begin with the final answer or its ACK"),
};
}  // namespace is

namespace oc {
using S = OtherClient::State;
using M = OtherClientMeets;
constexpr const char* states[] = {"trying", "proceeding", "completed"};
constexpr const char* meets[] = {"1xx", "200-699", "timer E", "timer F or K", "given up: no way", "moved to a new flow"};
constexpr Machine::Never nevers[] = {
    never(M::resend_time, in(S::completed), "the final answer stops timer E"),
    never(M::transport_error, in(S::completed), "only transactions without a final answer are told that there is no way, or that the phone began anew"),
    never(M::moved, in(S::completed), "what has its final answer is forgotten by the leg, and a lost connection moves the unanswered alone"),
};
}  // namespace oc

namespace os {
using S = OtherServerState;
using M = OtherServerMeets;
constexpr const char* states[] = {"trying", "proceeding", "completed"};
constexpr const char* meets[] = {"request again", "told 1xx", "told 200-699", "timer J"};
constexpr Machine::Never nevers[] = {
    never(M::told_provisional, in(S::trying, S::proceeding, S::completed), "every request but INVITE has its final answer in the turn in which it comes (RFC 4320 §4.1)"),
    never(M::request_again, in(S::trying, S::proceeding), "as above: it is completed before anything else can come"),
    never(M::told_final, in(S::proceeding, S::completed), "answered once"),
    never(M::end_time, in(S::trying, S::proceeding), "timer J begins with the final answer"),
};
}  // namespace os

// --- dialogs

namespace lg {
using S = LegState;
using M = LegMeets;
constexpr const char* states[] = {"arrived", "answered", "calling", "confirmed", "ending"};
constexpr const char* meets[] = {"ACK", "BYE", "CANCEL", "re-INVITE", "UPDATE", "PRACK", "INFO", "REFER", "OPTIONS", "another request",
                                 "1xx", "2xx", "2xx of nobody's", "300-699", "2xx to another", "300-699 to another", "no answer",
                                 "told to ring", "told to accept", "told to refuse", "told to end", "told to change", "told of a transfer",
                                 "time: 2xx again", "time: no ACK", "time: 180 again", "time: no PRACK", "time: ring again", "time: offer again", "time: refresh", "time: session over",
                                 "connection lost", "phone has moved", "phone began anew", "time: waited long"};
constexpr auto incoming = in(S::arrived, S::answered);
constexpr auto not_confirmed = in(S::arrived, S::answered, S::calling, S::ending);
constexpr auto not_arrived = in(S::answered, S::calling, S::confirmed, S::ending);
constexpr Machine::Never nevers[] = {
    never(M::cancel, in(S::calling), "a leg that calls has no INVITE of the peer's"),
    never(M::provisional, incoming, "§15, §14.1: we ask nothing before the ACK"), never(M::success, incoming, "as above"), never(M::failure, incoming, "as above"),
    never(M::other_success, incoming, "as above"), never(M::other_failure, incoming, "as above"), never(M::no_answer, incoming, "as above"),
    never(M::other_success, in(S::calling), "in a call that rings we ask PRACK and CANCEL alone, and their answers tell the leg nothing"), never(M::other_failure, in(S::calling), "as above"),
    never(M::answer_again_time, in(S::arrived, S::calling), "there is no 2xx of ours"), never(M::no_ack_time, in(S::arrived, S::calling), "as above"),
    never(M::reliable_again_time, not_arrived, "the final answer, or the end, stops the reliable 180 (RFC 3262 §3)"), never(M::no_prack_time, not_arrived, "as above"),
    never(M::wait_over_time, in(S::arrived, S::answered, S::confirmed, S::ending), "our own INVITE alone waits until a phone has rung off, and the end stops that"),
    never(M::ring_again_time, not_arrived, "the final answer, or the end, stops the ringing"),
    never(M::reoffer_time, not_confirmed, "we offer again in a confirmed dialog alone; the end takes the wish away"),
    never(M::refresh_time, not_confirmed, "RFC 4028 §10: sessions are refreshed once they are confirmed"), never(M::session_over_time, not_confirmed, "as above"),
};
}  // namespace lg

namespace se {
using S = SessionState;
using M = SessionMeets;
constexpr const char* states[] = {"nobody offered", "peer offered", "we offered", "we, in our 2xx", "answer in 2xx", "settled"};
constexpr const char* meets[] = {"re-INVITE, offer", "re-INVITE, none", "UPDATE, offer", "UPDATE, none", "answer in 18x", "answer in 2xx", "2xx, unusable", "answer in ACK", "ACK, none", "491", "300-699", "house wants other"};
constexpr auto ours_is_not_out = in(S::nobody_offered, S::peer_offered, S::we_offered_in_2xx, S::we_answered_in_2xx, S::settled);
constexpr auto no_ack_awaited = in(S::nobody_offered, S::peer_offered, S::we_offered, S::settled);
constexpr Machine::Never nevers[] = {
    never(M::answer_in_18x, ours_is_not_out, "no INVITE of ours is out"), never(M::answer_in_2xx, ours_is_not_out, "as above"), never(M::unusable_in_2xx, ours_is_not_out, "as above"),
    never(M::glare, ours_is_not_out, "as above"), never(M::refusal, ours_is_not_out, "as above"),
    never(M::answer_in_ack, no_ack_awaited, "no 2xx of ours waits for its ACK"), never(M::ack_without_answer, no_ack_awaited, "as above"),
};
}  // namespace se

namespace st {
using S = TimerState;
using M = TimerMeets;
constexpr const char* states[] = {"none", "peer refreshes", "we refresh"};
constexpr const char* meets[] = {"peer asks", "peer asks none", "peer: too short", "time to refresh", "session over", "2xx agrees", "2xx, none", "408 or 481", "other refusal"};
constexpr Machine::Never nevers[] = {
    never(M::refresh_time, in(S::none, S::peer_refreshes), "RFC 4028 §10: the refresher alone refreshes"),
    never(M::over_time, in(S::none), "a session without a timer has no end of time"),
};
}  // namespace st

// --- where phones are, and where we are with a carrier

namespace bi {
using S = BindingState;
using M = BindingMeets;
constexpr const char* states[] = {"nowhere", "bound", "connection gone"};
constexpr const char* meets[] = {"REGISTER", "REGISTER elsewhere", "REGISTER, old", "expires=0", "Contact: *", "its time is over", "connection lost", "restart", "device removed"};
constexpr Machine::Never nevers[] = {
    never(M::register_elsewhere, in(S::nowhere), "a first REGISTER is nowhere else"),
    never(M::register_old, in(S::nowhere), "old is what comes after a newer one: there is none"),
    never(M::register_same, in(S::connection_gone), "the connection is gone, so it comes by another"),
    never(M::expiry_time, in(S::nowhere), "there is no binding"), never(M::connection_lost, in(S::nowhere), "as above"), never(M::restart, in(S::nowhere), "as above"), never(M::device_removed, in(S::nowhere), "as above"),
    never(M::connection_lost, in(S::connection_gone), "it has none to lose"),
    never(M::restart, in(S::connection_gone), "what is read back was written by a REGISTER, with the connection by which it came"),
    never(M::unregister_all, in(S::nowhere), "counted for each binding that it takes away"),
};
}  // namespace bi

namespace re {
using S = RegistrationState;
using M = RegistrationMeets;
constexpr const char* states[] = {"out", "out, asked", "in", "in, asked"};
constexpr const char* meets[] = {"time to ask", "2xx", "401 or 407", "423", "refused", "no answer", "1xx"};
constexpr auto not_asked = in(S::out, S::in);
constexpr Machine::Never nevers[] = {
    never(M::time, in(S::asked_first, S::asked_again), "one REGISTER at a time"),
    never(M::success, not_asked, "nothing is asked"), never(M::challenge, not_asked, "as above"), never(M::interval_too_brief, not_asked, "as above"), never(M::refused, not_asked, "as above"),
    never(M::no_answer, not_asked, "as above"), never(M::provisional, not_asked, "as above"),
};
}  // namespace re

}  // namespace

constinit const Machine invite_client{"INVITE client transaction", ic::states, ic::meets, ic::nevers};
constinit const Machine invite_server{"INVITE server transaction", is::states, is::meets, is::nevers};
constinit const Machine other_client{"other client transaction", oc::states, oc::meets, oc::nevers};
constinit const Machine other_server{"other server transaction", os::states, os::meets, os::nevers};
constinit const Machine leg{"leg (dialog)", lg::states, lg::meets, lg::nevers};
constinit const Machine session{"session: offer and answer", se::states, se::meets, se::nevers};
constinit const Machine session_timer{"session timer", st::states, st::meets, st::nevers};
constinit const Machine binding{"binding of a phone", bi::states, bi::meets, bi::nevers};
constinit const Machine registration{"registration with a carrier", re::states, re::meets, re::nevers};

std::span<const Machine* const> all() {
  static constexpr const Machine* machines[] = {&invite_client, &invite_server, &other_client, &other_server, &leg, &session, &session_timer, &binding, &registration};
  return machines;
}

SessionState session_state(const Leg& which) {
  if (which.state == LegState::calling || std::any_of(which.pending.begin(), which.pending.end(), [](const Pending& p) { return p.kind == Pending::Kind::reinvite; })) return SessionState::we_offered;
  if (which.state == LegState::arrived) return which.offer.empty() ? SessionState::nobody_offered : SessionState::peer_offered;
  if (which.we_offered) return SessionState::we_offered_in_2xx;
  return which.answer.empty() ? SessionState::settled : SessionState::we_answered_in_2xx;
}

TimerState timer_state(const Leg& which) {
  if (!which.session_expires) return TimerState::none;
  return which.we_refresh ? TimerState::we_refresh : TimerState::peer_refreshes;
}

}  // namespace pasokh::sip::machines
