// A leg in memory: its row, and what need not outlive the process.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sip/message.h"
#include "sip/rows.h"
#include "sip/timers.h"
#include "sip/turn.h"

namespace pasokh::sip {

struct Leg : LegRow {
  Leg() : timer(Wakes::leg, this) {}

  Timer timer;
  bool unsaved = false, saved_once = false;
  std::unique_ptr<Message> invite;       // `request`, parsed: what our answers answer

  Instant repeat_answer_at = Instant::never(), ack_by = Instant::never();  // 2xx until its ACK (§13.3.1.4)
  Duration repeat_answer_after = t1;

  std::string reliable;                  // reliable provisional answer until its PRACK (RFC 3262 §3)
  Instant repeat_reliable_at = Instant::never(), prack_by = Instant::never();
  Duration repeat_reliable_after = t1;

  Instant ring_again_at = Instant::never();  // §13.3.1.1: proxies on the way forget a silent INVITE after three minutes
  Instant waits_until = Instant::never();    // an INVITE is held back, the phone still rings off
  Instant reoffer_at = Instant::never(); // after a 491 (§14.1)
  Instant name_by = Instant::never();    // the next hop's host name is being looked up; from then on we go without
  bool name_given_up = false;
  bool ack_owed = false;                 // to the 2xx with invite_cseq: it waits for that name
  bool rang = false;                     // outgoing: LegRinging is told
  std::optional<MediaPlan> early_plan;   // of the last provisional answer with SDP
  std::uint32_t last_rseq = 0;           // reliable provisional answers that we have acknowledged
  std::string early_tag;
  std::uint32_t early_cseq = 0;          // of the peer's requests in that early dialog
  bool early_updated = false;            // an UPDATE in it has agreed on early_plan: a description in the 2xx changes nothing any more

  bool told_ended() const { return state == LegState::ending; }
  bool has_dialog() const { return !remote_tag.empty() && state != LegState::calling; }
  std::string dialog_key() const { return call_id + "|" + local_tag; }
};

// requests that came by several ways are told apart by this (§8.2.2.2)
std::string merge_key(const Message& request);
// the part of a request that an answer to it needs
std::string trimmed(const Message& request);

}  // namespace pasokh::sip
