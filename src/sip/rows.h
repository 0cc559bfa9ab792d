// What outlives the process, as described types: one row per leg, one per binding, one per trunk. docs/adr/0002-sip-state-rows.md
// says what is in a row, what is left out, and why. Fields are only ever appended.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/codec.h"
#include "sip/address.h"
#include "sip/endpoint.h"

namespace pasokh::sip {

enum class LegState : std::uint8_t {
  arrived,    // incoming: INVITE came, no final answer yet
  answered,   // incoming: 2xx is out, its ACK has not come
  calling,    // outgoing: INVITE is out
  confirmed,  // both ways
  ending,     // the house has been told that the leg is over; a BYE or CANCEL of ours is still on its way
};

// One INVITE of an outgoing leg: to one binding of a device, or to one target of a trunk.
struct Fork {
  // waiting: the same phone has not finished an INVITE of ours that was taken back; ours follows then (legs_outgoing.cpp).
  // crossed: it was taken back and answered; the leg's BYE is under way
  enum class State : std::uint8_t { trying, cancelled, failed, won, waiting, crossed };
  std::string branch, target;       // target: the Request-URI
  Flow flow;
  std::uint32_t cseq = 1;
  State state = State::trying;
  std::string authorization;        // the whole header line once we were asked, "" before
  std::uint8_t attempts = 0;
  std::int32_t status = 0;          // how it failed
  std::uint32_t min_se = 0;         // 422 asked for it
  PASOKH_FIELDS(branch, target, flow, cseq, state, authorization, attempts, status, min_se)
};

// One request of ours inside the dialog that has no final answer yet; sent again from this after a restart.
struct Pending {
  enum class Kind : std::uint8_t { bye, reinvite, update, prack, notify };
  Kind kind = Kind::bye;
  std::string branch;
  std::uint32_t cseq = 0;
  bool with_offer = false;          // reinvite: a session refresh carries the same offer as before
  std::string detail;               // prack: RAck; notify: body
  std::string authorization;
  std::uint8_t attempts = 0;
  PASOKH_FIELDS(kind, branch, cseq, with_offer, detail, authorization, attempts)
};

struct LegRow {
  LegId leg;
  bool outgoing = false;
  LegState state = LegState::arrived;
  TrunkId trunk;
  DeviceId device;

  // dialog (RFC 3261 §12): our and their side as whole header values, tags included
  std::string call_id, local_tag, remote_tag, local_party, remote_party, remote_target;
  std::vector<std::string> route_set;
  std::uint32_t local_cseq = 0, remote_cseq = 0;
  Flow flow;

  // session description
  LocalMedia local;
  std::optional<MediaPlan> media;
  bool held = false;
  std::uint32_t sdp_version = 0;
  std::string request;              // INVITE of the peer that is not acknowledged yet: the headers an answer needs
  Flow request_from;
  std::string offer;                // the peer's offer, until we answer
  std::string answer;               // body of our 2xx, until ACK
  bool we_offered = false;          // the 2xx carries an offer: the answer comes with the ACK
  bool ringing = false;
  bool end_on_ack = false;          // ended between 2xx and ACK: BYE may only follow the ACK (§15)
  bool reoffer_wanted = false;      // renegotiate() came at a moment that did not allow it

  std::vector<Fork> forks;
  std::vector<Pending> pending;

  // session timer (RFC 4028)
  std::uint32_t session_expires = 0;  // seconds, 0: none
  bool we_refresh = false;
  Instant session_from;               // last refresh
  bool peer_takes_update = false;

  std::uint32_t reliable_rseq = 0;    // last reliable provisional of ours (RFC 3262), 0: peer does not require them
  LegId replaces;                     // INVITE with Replaces
  std::uint32_t invite_cseq = 0;      // CSeq of the INVITE (ours) whose 2xx we may still have to acknowledge again
  std::string refer_id;               // CSeq of a REFER whose outcome the peer waits for (RFC 3515 §2.4.6); "" none

  std::int32_t refused = 0;           // final refusal that is out and not acknowledged yet
  PASOKH_FIELDS(leg, outgoing, state, trunk, device, call_id, local_tag, remote_tag, local_party, remote_party, remote_target, route_set,
                local_cseq, remote_cseq, flow, local, media, held, sdp_version, request, request_from, offer, answer, we_offered, ringing,
                end_on_ack, reoffer_wanted, forks, pending, session_expires, we_refresh, session_from, peer_takes_update, reliable_rseq,
                replaces, invite_cseq, refer_id, refused)
};

struct BindingRow {
  DeviceId device;
  std::string contact;              // the URI as registered
  Flow flow;                        // where the REGISTER came from: requests go back there, through whatever NAT there is
  Instant expires;
  std::string call_id;
  std::uint32_t cseq = 0;
  PASOKH_FIELDS(device, contact, flow, expires, call_id, cseq)
};

struct TrunkRow {
  TrunkId trunk;
  Address learnt;                   // how the trunk sees us (received/rport)
  PASOKH_FIELDS(trunk, learnt)
};

}  // namespace pasokh::sip
