// An agent at work, and the device on the desk.
#pragma once

#include "floor/types.h"

namespace pasokh::floor {

struct Agent {
  AgentId id;
  bool exists = false;
  std::string code;
  AgentSettings settings;
  AgentState state = AgentState::signed_out;
  Instant since;                 // of the state
  std::string pause_reason;      // why paused now
  std::string pause_next;        // asked for during a call: holds from its end; "signing_out" leaves
  DeviceId device;               // where they sit now
  CallId call;                   // offered, talking, or wrapping up
  CallId second_call;            // the phone's own second line (its own consult)
  LegId side_leg;                // a consult, transfer or internal call rings at their phone
  Instant idle_since;            // since the last call's end, breaks not counted: a break wins and loses nothing
  Duration idle_earned;          // idle time kept while off duty
  Instant wrap_up_until = Instant::never();  // in wrap-up and never: a report is overdue
  std::vector<CallId> reports_due;  // in order; no next call before they are complete
  PASOKH_FIELDS(id, exists, code, settings, state, since, pause_reason, pause_next, device, call, second_call, side_leg, idle_since,
                idle_earned, wrap_up_until, reports_due)

  bool signed_in() const { return state != AgentState::signed_out; }
  bool on_duty() const { return signed_in() && state != AgentState::paused; }
  bool in_call() const { return state == AgentState::talking; }
};

struct Device {
  DeviceId id;
  bool exists = false;
  std::string user;
  AgentId usual;                 // who sits here when *11 is dialled without a number
  bool reachable = false;        // until the telephone side says so
  AgentId seated;
  std::int32_t legs = 0;         // live legs of this device that are not offers
  DeviceKind kind = DeviceKind::phone;
  PASOKH_FIELDS(id, exists, user, usual, reachable, seated, legs, kind)
};

}  // namespace pasokh::floor
