// An agent at work, and the device on the desk.
#pragma once

#include <algorithm>
#include <vector>

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
  std::vector<CallId> further_calls;  // the phone's third line and those after it, in the order of their coming
  PASOKH_FIELDS(id, exists, code, settings, state, since, pause_reason, pause_next, device, call, second_call, side_leg, idle_since,
                idle_earned, wrap_up_until, reports_due, further_calls)

  bool signed_in() const { return state != AgentState::signed_out; }
  bool on_duty() const { return signed_in() && state != AgentState::paused; }
  bool in_call() const { return state == AgentState::talking; }

  // Lines of the phone: the call they talk in, then the others in the order of their coming.
  bool is_on(CallId line) const { return call == line || second_call == line || std::find(further_calls.begin(), further_calls.end(), line) != further_calls.end(); }
  void add_line(CallId line) {     // while they talk in another call
    if (is_on(line)) return;
    if (second_call) further_calls.push_back(line);
    else second_call = line;
  }
  void drop_line(CallId line) {    // not the one they talk in
    if (second_call == line) second_call = next_further();
    else std::erase(further_calls, line);
  }
  void next_line() {             // the call is over: the next line, if there is one
    call = second_call;
    second_call = next_further();
  }
  void rename_line(CallId from, CallId to) {
    if (call == from) call = to;
    if (second_call == from) second_call = to;
    std::replace(further_calls.begin(), further_calls.end(), from, to);
  }
  CallId next_further() {
    if (further_calls.empty()) return {};
    const CallId next = further_calls.front();
    further_calls.erase(further_calls.begin());
    return next;
  }
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
