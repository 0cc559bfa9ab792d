// Orders to the outside, released once the events that caused them are durable. All are idempotent for one leg.
#pragma once

#include <variant>

#include "floor/types.h"

namespace pasokh::floor {

// One item of a programme. kind "prompt": a phrase by name ("notice", "closed"); "place": "you are {n}th in the queue";
// "music": the queue's music; "tone": busy, ringback, beep, confirm, refuse; "silence": n milliseconds.
struct ProgrammeItem {
  std::string kind, name;
  std::int64_t n = 0;
  bool operator==(const ProgrammeItem&) const = default;
  PASOKH_FIELDS(kind, name, n)
};
struct Programme {
  ProgrammeId id;                 // ProgrammeFinished names it; 0 with no items: silence
  std::vector<ProgrammeItem> items;
  bool repeat = false;            // the last item goes on for ever (music)
  Language language = Language::fa;
  bool operator==(const Programme&) const = default;
  PASOKH_FIELDS(id, items, repeat, language)
};
// What a leg hears: another leg, or a programme. Both empty: silence.
struct Hearing {
  LegId leg;
  Programme programme;
  bool operator==(const Hearing&) const = default;
  PASOKH_FIELDS(leg, programme)
};

struct AcceptLeg { LegId leg; };                             // 200 OK to an incoming leg
struct RefuseLeg { LegId leg; EndCause cause = EndCause::not_allowed; std::string why; };  // a final refusal to an incoming leg; busy, not_allowed, failed (503)…
struct RingBack { LegId leg; };                              // 180 to an incoming leg
struct DialLeg {                                             // ring a device or an outside number
  LegId leg;
  CallId call;
  DeviceId device;                // one of device…
  TrunkId trunk;                  // …or trunk + party (the number to call stands in the party table)
  PartyId party;
  PartyId caller;                 // whose number the phone shows (user part of From)
  std::string caller_text;        // shown instead when caller is 0 (an agent's number…)
  std::string queue;              // code, for the display name
  std::string number;             // trunk + number: an outside number that stands in the settings (party is 0)
  bool answers_itself = false;    // the agent asked for this call: a phone that can, answers at once
};
struct EndLeg { LegId leg; EndCause cause = EndCause::ended_by_us; };  // CANCEL, BYE or a final response, whatever fits
struct Hear { LegId leg; Hearing hearing; };                 // replaces what the leg heard before
struct Record { CallId call; CaptureId capture; LegId customer, agent; bool on = true; };  // agent may change in mid-call: the same capture goes on
struct TransferProgress { LegId leg; bool done = false; bool succeeded = false; };  // NOTIFY sipfrag to the phone that sent REFER
struct SettingsChanged { std::string noun, code; bool removed = false; };  // trunks, devices, numbers: `sip` wants to know
struct Alarm { std::string code, text; };

struct MarkRecording { CallId call; CaptureId capture; std::string mark; };  // hold, resume: written into the capture

using Effect = std::variant<AcceptLeg, RefuseLeg, RingBack, DialLeg, EndLeg, Hear, Record, TransferProgress, SettingsChanged, Alarm, MarkRecording>;

}  // namespace pasokh::floor
