// A call and its legs, as the floor remembers them. Changed only by evolve (calls/evolve_calls.cpp).
#pragma once

#include <vector>

#include "floor/effects.h"
#include "floor/types.h"

namespace pasokh::floor {

// A phone that rings for a queued call.
struct Offer {
  AgentId agent;
  DeviceId device;
  LegId leg;
  Instant deadline;
  std::int32_t step = 0;   // skill step at the offer: whose shares were credited
  bool given = false;      // by a supervisor
  PASOKH_FIELDS(agent, device, leg, deadline, step, given)
};

// A leg that rings or talks beside the agent's: a consult, or the target of a transfer or an overflow.
struct SideParty {
  LegId leg;
  AgentId by;              // who asked for it; 0: the queue's overflow
  AgentId to_agent;        // 0: an outside number
  Instant deadline;        // while it rings
  bool answered = false;
  LegId progress_to;       // the phone that sent REFER wants to know how it went
  PASOKH_FIELDS(leg, by, to_agent, deadline, answered, progress_to)
};

enum class Notice : std::uint8_t { none, playing, ended };

struct Call {
  CallId id;
  Direction direction = Direction::inbound;
  Language language = Language::fa;
  LegId customer;          // whom the call is about: the caller (inbound, internal) or the one called (outbound)
  PartyId caller;
  NumberId number;
  TrunkId trunk;
  DeviceId device;
  Instant arrived;
  bool accepted = false;   // we answered the first leg
  bool answered = false;   // somebody has talked: the outcome is fixed to `answered`
  // waiting
  bool waiting = false;    // in `queue`, ringing included
  QueueId queue;           // the present one, or the last
  std::int32_t priority = 0;
  Instant since;           // first arrival: the promise
  Instant entered;         // this queue; its maximum wait counts from here
  std::int32_t step = 0;   // how far its skills have been relaxed
  std::vector<QueueId> overflowed;  // queues it has left by overflow: none is entered twice so
  std::vector<Offer> offers;        // more than one only with ring-all; at most ring_all_limit
  std::vector<AgentId> asked;       // offered once already in this round
  bool unoffered = false;           // stands in the line that routing looks at
  // what the caller hears
  Notice notice = Notice::none;
  Instant notice_deadline = Instant::never();
  std::int32_t place_told = 0;
  Instant place_told_at;
  bool greeting = false;   // the programme begins with the queue's greeting
  bool announcing = false; // its announcement stands in the programme
  Instant announced_at;    // or entered: the next one counts from here
  std::int32_t programme_version = 0;
  // talking
  AgentId agent;
  LegId agent_leg;
  AgentId caller_agent;    // the agent whose device placed an internal call into a queue
  bool held = false;
  LegId outside;           // a party in the agent's place after a transfer or overflow to a number
  SideParty consult;       // leg 0: none
  SideParty transfer;      // leg 0: none
  PartyId wanted;          // click to call: the number to dial once the agent's phone is up
  TrunkId wanted_trunk;
  Instant dial_deadline = Instant::never();  // outbound: until the other side answers
  // recording
  CaptureId capture;
  bool recording = false;
  bool capture_failed = false;
  std::vector<AgentId> reported;    // whose report was complete before their part was over
  // turned away
  std::string farewell;    // the prompt that is played before the end; empty: none
  Instant farewell_deadline = Instant::never();

  PASOKH_FIELDS(id, direction, language, customer, caller, number, trunk, device, arrived, accepted, answered, waiting, queue, priority,
                since, entered, step, overflowed, offers, asked, unoffered, notice, notice_deadline, place_told, place_told_at, programme_version,
                agent, agent_leg, caller_agent, held, outside, consult, transfer, wanted, wanted_trunk, dial_deadline,
                capture, recording, capture_failed, reported, farewell, farewell_deadline, greeting, announcing, announced_at)
};

enum class LegState : std::uint8_t { arriving, dialling, up };

struct Leg {
  LegId id;
  CallId call;             // 0: a star code's leg
  LegRole role = LegRole::customer;
  LegState state = LegState::arriving;
  AgentId agent;           // who sits there, if an agent does
  DeviceId device;
  TrunkId trunk;
  PartyId party, shown;    // whom we dial; whose number the phone shows
  std::string number;      // dialled from the settings instead
  bool ringing = false;
  Instant deadline = Instant::never();  // star codes
  std::string tune;        // the programme under way, by name
  std::int32_t tune_version = 0;
  Hearing hearing;         // what it shall hear
  PASOKH_FIELDS(id, call, role, state, agent, device, trunk, party, shown, number, ringing, deadline, tune, tune_version, hearing)
};

inline constexpr int ring_all_limit = 50;      // phones that one call may ring at once
inline constexpr Duration dial_limit = Duration::seconds(60);
inline constexpr Duration notice_limit = Duration::seconds(30);
inline constexpr Duration farewell_limit = Duration::seconds(60);
inline constexpr Duration code_limit = Duration::seconds(10);

}  // namespace pasokh::floor
