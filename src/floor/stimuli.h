// What happens to the floor. Stimuli are not journalled; the events that they cause are.
#pragma once

#include <variant>

#include "floor/types.h"

namespace pasokh::floor {

// --- from the telephone side
struct LegArrived {              // a new INVITE, not yet answered
  LegId leg;
  TrunkId trunk;                 // set when it came from a trunk…
  DeviceId device;               // …or from a device of ours (authenticated)
  std::string dialled;           // digits or star code, rewritten to our form
  PartyId caller;                // who calls (trunk: the calling number's party)
  PartyId party;                 // the dialled text as a party, when it came from a device: it may be an outside number
};
struct LegRinging { LegId leg; };
struct LegAnsweredByPeer { LegId leg; };
struct LegGone {                 // the leg has ended by itself, or could not be made
  LegId leg;
  EndCause cause = EndCause::hung_up;
};
struct LegHeldByPeer { LegId leg; bool held = false; };  // the phone's own hold (re-INVITE)
struct DigitPressed { LegId leg; char digit = 0; };
struct ProgrammeFinished { LegId leg; ProgrammeId programme; };
// The phone's own REFER. dialled: user part of Refer-To; replaces: the leg named in its Replaces, if ours.
struct TransferAsked { LegId leg; std::string dialled; LegId replaces; PartyId party; };
struct LegReplacedByPeer { LegId leg; LegId by; };  // INVITE with Replaces: `by` stands where `leg` stood, already answered
struct DeviceReachable { DeviceId device; bool reachable = false; };
struct CaptureFailed { CallId call; CaptureId capture; std::string why; };

// --- from people and programs. by: login, "cli", or a device's user for star codes.
struct SignIn { std::string agent, device, by; };  // codes; device empty: the usual one. Becomes ready.
struct SetReady { std::string agent, by; };        // as SignIn when signed out
struct SetPaused { std::string agent, reason, by; };
struct SignOut { std::string agent, by; };
struct Hold { std::string agent, by; bool hold = true; };
struct Transfer { std::string agent; std::string to_agent, to_queue, to_number; TransferKind how = TransferKind::blind; std::string by; PartyId party; };  // party: of to_number
struct CompleteTransfer { std::string agent, by; };
struct CancelConsult { std::string agent, by; };
struct GiveCall { CallId call; std::string agent, by; };  // supervisor: a waiting caller to a chosen agent
struct HangUp { CallId call; std::string agent, by; };    // the whole call, or (call 0) what the agent is in
struct PlaceCall { std::string agent, number; PartyId party; std::string by; };  // the agent's device is rung first
// Settings as text, validated here: noun queue|agent|device|number|trunk|centre|hours, verb add|set|remove.
struct Configure { std::string noun, verb, code; std::map<std::string, std::string> settings; std::string by; };

// The report of a call is complete, as office/call_reports judges; a supervisor may let an agent go on without.
struct CompleteReport { std::string agent; CallId call; std::string by; };
struct ReleaseReport { std::string agent, by; };

struct Tick {};                  // some deadline has passed
// After a restart: the telephone side has told which legs still live; everything else has been told as LegGone before.
struct Restarted {};

using Stimulus = std::variant<LegArrived, LegRinging, LegAnsweredByPeer, LegGone, LegHeldByPeer, DigitPressed, ProgrammeFinished,
                              TransferAsked, DeviceReachable, CaptureFailed, SignIn, SetReady, SetPaused, SignOut, Hold, Transfer,
                              CompleteTransfer, CancelConsult, GiveCall, HangUp, PlaceCall, Configure, Tick, Restarted,
                              LegReplacedByPeer, CompleteReport, ReleaseReport>;

}  // namespace pasokh::floor
