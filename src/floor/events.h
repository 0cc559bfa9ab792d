// What is journalled: facts in the past tense, ids and plain values only. Numbers and names of people never stand here:
// a PartyId points into the erasable table. New alternatives go at the END of Event (the index is the stored type), new
// fields at the END of their struct. The time of an event stands in its journal record (`at`), not in the event.
#pragma once

#include <variant>

#include "floor/types.h"

namespace pasokh::floor {

// --- settings
struct QueueSet { static constexpr auto kind = "QueueSet"; QueueId queue; std::string code; QueueSettings settings; PASOKH_FIELDS(queue, code, settings) };
struct QueueRemoved { static constexpr auto kind = "QueueRemoved"; QueueId queue; PASOKH_FIELDS(queue) };
struct AgentSet { static constexpr auto kind = "AgentSet"; AgentId agent; std::string code; AgentSettings settings; PASOKH_FIELDS(agent, code, settings) };
struct AgentRemoved { static constexpr auto kind = "AgentRemoved"; AgentId agent; PASOKH_FIELDS(agent) };
struct DeviceSet { static constexpr auto kind = "DeviceSet"; DeviceId device; std::string user; AgentId usual; DeviceKind is = DeviceKind::phone; PASOKH_FIELDS(device, user, usual, is) };
struct DeviceRemoved { static constexpr auto kind = "DeviceRemoved"; DeviceId device; PASOKH_FIELDS(device) };
struct NumberSet { static constexpr auto kind = "NumberSet"; NumberId number; std::string digits; NumberSettings settings; PASOKH_FIELDS(number, digits, settings) };
struct NumberRemoved { static constexpr auto kind = "NumberRemoved"; NumberId number; PASOKH_FIELDS(number) };
struct TrunkSet { static constexpr auto kind = "TrunkSet"; TrunkId trunk; std::string code; TrunkSettings settings; PASOKH_FIELDS(trunk, code, settings) };
struct TrunkRemoved { static constexpr auto kind = "TrunkRemoved"; TrunkId trunk; PASOKH_FIELDS(trunk) };
struct CentreSet { static constexpr auto kind = "CentreSet"; CentreSettings settings; PASOKH_FIELDS(settings) };

// --- agents and devices
struct AgentSignedIn { static constexpr auto kind = "AgentSignedIn"; AgentId agent; DeviceId device; std::string by; PASOKH_FIELDS(agent, device, by) };  // paused or ready follows
struct AgentSignedOut { static constexpr auto kind = "AgentSignedOut"; AgentId agent; std::string by; PASOKH_FIELDS(agent, by) };
struct AgentReady { static constexpr auto kind = "AgentReady"; AgentId agent; std::string by; PASOKH_FIELDS(agent, by) };
struct AgentPaused { static constexpr auto kind = "AgentPaused"; AgentId agent; std::string reason; std::string by; PASOKH_FIELDS(agent, reason, by) };  // reason "no_answer", "unreachable" when we did it
struct WrapUpStarted { static constexpr auto kind = "WrapUpStarted"; AgentId agent; CallId call; Instant until; PASOKH_FIELDS(agent, call, until) };
struct WrapUpEnded { static constexpr auto kind = "WrapUpEnded"; AgentId agent; CallId call; PASOKH_FIELDS(agent, call) };
struct DeviceReached { static constexpr auto kind = "DeviceReached"; DeviceId device; PASOKH_FIELDS(device) };
struct DeviceLost { static constexpr auto kind = "DeviceLost"; DeviceId device; PASOKH_FIELDS(device) };

// --- calls
// `leg` is the customer's (inbound) or the agent's own (outbound, internal). `since` is the first INVITE's arrival.
struct CallArrived { static constexpr auto kind = "CallArrived"; CallId call; LegId leg; Direction direction = Direction::inbound; NumberId number; std::string dialled; PartyId caller; TrunkId trunk; DeviceId device; AgentId agent; Language language = Language::fa; PASOKH_FIELDS(call, leg, direction, number, dialled, caller, trunk, device, agent, language) };
struct CallAnswered { static constexpr auto kind = "CallAnswered"; CallId call; LegId leg; PASOKH_FIELDS(call, leg) };  // we answered the first leg; not yet an agent
struct CallQueued { static constexpr auto kind = "CallQueued"; CallId call; QueueId queue; std::int32_t priority = 0; Instant since; std::int32_t place = 0; PASOKH_FIELDS(call, queue, priority, since, place) };  // place: 1 = first
struct CallLeftQueue { static constexpr auto kind = "CallLeftQueue"; CallId call; QueueId queue; LeftQueue why = LeftQueue::answered; PASOKH_FIELDS(call, queue, why) };

struct Candidate { AgentId agent; std::int64_t key = 0; Instant idle_since; PASOKH_FIELDS(agent, key, idle_since) };
// Why this agent: bounded in size whatever the number of agents. Keys: fair-share: balance in 1/2^24 calls; longest-idle:
// idle µs; round-robin: distance from the pointer; fixed-order: order.
struct OfferReason {
  Strategy strategy = Strategy::fair_share;
  std::vector<Candidate> first;      // the first five of the ranking, the taker first
  std::int32_t free = 0, on_duty = 0;
  std::map<std::string, std::int32_t> excluded;  // reason -> how many members of the queue ("paused", "talking", "skill", …)
  std::int32_t skill_step = 0;       // which step of the queue's relaxation
  std::int32_t rules_version = 1;
  std::string given_by;              // a supervisor's login when a person chose
  PASOKH_FIELDS(strategy, first, free, on_duty, excluded, skill_step, rules_version, given_by)
};
struct CallOffered { static constexpr auto kind = "CallOffered"; CallId call; QueueId queue; AgentId agent; DeviceId device; LegId leg; Instant deadline; OfferReason reason; PASOKH_FIELDS(call, queue, agent, device, leg, deadline, reason) };
struct OfferRinging { static constexpr auto kind = "OfferRinging"; CallId call; AgentId agent; LegId leg; PASOKH_FIELDS(call, agent, leg) };
struct OfferAnswered { static constexpr auto kind = "OfferAnswered"; CallId call; AgentId agent; LegId leg; PASOKH_FIELDS(call, agent, leg) };  // talk begins
struct OfferLapsed { static constexpr auto kind = "OfferLapsed"; CallId call; AgentId agent; LegId leg; LapseReason why = LapseReason::no_answer; PASOKH_FIELDS(call, agent, leg, why) };
struct OfferWithdrawn { static constexpr auto kind = "OfferWithdrawn"; CallId call; AgentId agent; LegId leg; WithdrawReason why = WithdrawReason::caller_left; PASOKH_FIELDS(call, agent, leg, why) };
struct LedgerCut { static constexpr auto kind = "LedgerCut"; AgentId agent; std::int64_t by = 0; PASOKH_FIELDS(agent, by) };

struct CallHeld { static constexpr auto kind = "CallHeld"; CallId call; AgentId agent; PASOKH_FIELDS(call, agent) };
struct CallResumed { static constexpr auto kind = "CallResumed"; CallId call; AgentId agent; PASOKH_FIELDS(call, agent) };

// An agent's own leg to somebody else: outbound call, consult, overflow or transfer to an outside number.
// number: an outside number that stands in the settings (overflow), so no party. purpose: what the leg is for (LegRole).
struct LegDialled { static constexpr auto kind = "LegDialled"; CallId call; LegId leg; AgentId by; AgentId to_agent; DeviceId device; TrunkId trunk; PartyId party; std::string number; LegRole purpose = LegRole::outside; Instant deadline; PASOKH_FIELDS(call, leg, by, to_agent, device, trunk, party, number, purpose, deadline) };
struct LegAnswered { static constexpr auto kind = "LegAnswered"; CallId call; LegId leg; PASOKH_FIELDS(call, leg) };
struct LegEnded { static constexpr auto kind = "LegEnded"; CallId call; LegId leg; EndCause cause = EndCause::hung_up; PASOKH_FIELDS(call, leg, cause) };
struct ConsultStarted { static constexpr auto kind = "ConsultStarted"; CallId call; AgentId agent; LegId leg; QueueId queue; PASOKH_FIELDS(call, agent, leg, queue) };
struct ConsultEnded { static constexpr auto kind = "ConsultEnded"; CallId call; AgentId agent; LegId leg; PASOKH_FIELDS(call, agent, leg) };
struct CallTransferred { static constexpr auto kind = "CallTransferred"; CallId call; AgentId from; TransferKind how = TransferKind::blind; AgentId to_agent; QueueId to_queue; LegId to_leg; PASOKH_FIELDS(call, from, how, to_agent, to_queue, to_leg) };
// An agent's part in a call is over (hang-up or transfer); wrap-up may follow.
struct AgentLeftCall { static constexpr auto kind = "AgentLeftCall"; CallId call; AgentId agent; PASOKH_FIELDS(call, agent) };
struct CallEnded { static constexpr auto kind = "CallEnded"; CallId call; Outcome outcome = Outcome::answered; EndCause cause = EndCause::hung_up; PASOKH_FIELDS(call, outcome, cause) };

// --- recording
struct RecordingStarted { static constexpr auto kind = "RecordingStarted"; CallId call; CaptureId capture; LegId customer; LegId agent; AgentId by; PASOKH_FIELDS(call, capture, customer, agent, by) };
struct RecordingStopped { static constexpr auto kind = "RecordingStopped"; CallId call; CaptureId capture; PASOKH_FIELDS(call, capture) };
struct RecordingMarked { static constexpr auto kind = "RecordingMarked"; CallId call; CaptureId capture; std::string mark; PASOKH_FIELDS(call, capture, mark) };  // hold, resume, gap, switched_off
struct RecordingFinished { static constexpr auto kind = "RecordingFinished"; CallId call; CaptureId capture; Duration duration; std::string sha256; std::int64_t bytes = 0; bool empty = false; PASOKH_FIELDS(call, capture, duration, sha256, bytes, empty) };
struct RecordingFailed { static constexpr auto kind = "RecordingFailed"; CallId call; CaptureId capture; std::string why; PASOKH_FIELDS(call, capture, why) };

// --- measured facts; evolve ignores them
struct LegMeasured { static constexpr auto kind = "LegMeasured"; CallId call; LegId leg; std::int64_t packets_in = 0, packets_out = 0, lost = 0; std::int64_t jitter_us_max = 0, round_trip_us = 0; std::string codec; std::int64_t lost_by_peer = 0; /* and the worst that a browser showed: */ std::int64_t peer_loss_permille = 0, peer_jitter_us = 0, peer_round_trip_us = 0; PASOKH_FIELDS(call, leg, packets_in, packets_out, lost, jitter_us_max, round_trip_us, codec, lost_by_peer, peer_loss_permille, peer_jitter_us, peer_round_trip_us) };
struct AlarmRaised { static constexpr auto kind = "AlarmRaised"; std::string code, text; PASOKH_FIELDS(code, text) };

// --- what the caller hears while waiting
struct NoticeEnded { static constexpr auto kind = "NoticeEnded"; CallId call; LegId leg; bool heard = true; PASOKH_FIELDS(call, leg, heard) };  // heard: played to its end
struct PlaceAnnounced { static constexpr auto kind = "PlaceAnnounced"; CallId call; QueueId queue; std::int32_t place = 0; PASOKH_FIELDS(call, queue, place) };
struct Announced { static constexpr auto kind = "Announced"; CallId call; QueueId queue; PASOKH_FIELDS(call, queue) };  // the queue's own announcement; of the place, PlaceAnnounced tells
struct SkillsRelaxed { static constexpr auto kind = "SkillsRelaxed"; CallId call; QueueId queue; std::int32_t step = 0; PASOKH_FIELDS(call, queue, step) };
// A star code was dialled at a device; a tone tells how it went. Its events stand before it.
struct CodeDialled { static constexpr auto kind = "CodeDialled"; LegId leg; DeviceId device; bool accepted = false; Instant deadline; PASOKH_FIELDS(leg, device, accepted, deadline) };
// The phone's own attended transfer: the other party of `from` (which ends) is now in `call`, in the place of the agent.
struct CallsJoined { static constexpr auto kind = "CallsJoined"; CallId call; CallId from; AgentId agent; LegId leg; AgentId to_agent; PASOKH_FIELDS(call, from, agent, leg, to_agent) };

// The phone's own pick-up or attended transfer (RFC 3891): dialog `by` took the place of `leg`, same party, same media port.
struct LegReplaced { static constexpr auto kind = "LegReplaced"; CallId call; LegId leg; LegId by; PASOKH_FIELDS(call, leg, by) };

// --- the report of a call (queue setting report=required): whose it is and when it stands in the way of the next call
struct CallReportDue { static constexpr auto kind = "CallReportDue"; CallId call; AgentId agent; PASOKH_FIELDS(call, agent) };
struct CallReportCompleted { static constexpr auto kind = "CallReportCompleted"; CallId call; AgentId agent; PASOKH_FIELDS(call, agent) };  // also while the call still lasts
struct CallReportOverdue { static constexpr auto kind = "CallReportOverdue"; CallId call; AgentId agent; PASOKH_FIELDS(call, agent) };  // the wrap-up's time is over; the agent stays in it
struct CallReportWaived { static constexpr auto kind = "CallReportWaived"; CallId call; AgentId agent; std::string by; PASOKH_FIELDS(call, agent, by) };

// --- opening hours
struct HoursSet { static constexpr auto kind = "HoursSet"; std::string code; Timetable timetable; PASOKH_FIELDS(code, timetable) };
struct HoursRemoved { static constexpr auto kind = "HoursRemoved"; std::string code; PASOKH_FIELDS(code) };
// The caller is told that nobody is here (`prompt`), and the call ends when that has been heard, at the latest at `deadline`.
struct CallTurnedAway { static constexpr auto kind = "CallTurnedAway"; CallId call; LegId leg; std::string prompt; Instant deadline; PASOKH_FIELDS(call, leg, prompt, deadline) };

// A finished recording was deleted, and its key with it: by the retention of its queue, or by a person. evolve ignores it.
struct RecordingErased { static constexpr auto kind = "RecordingErased"; CallId call; CaptureId capture; std::string why; PASOKH_FIELDS(call, capture, why) };

using Event = std::variant<QueueSet, QueueRemoved, AgentSet, AgentRemoved, DeviceSet, DeviceRemoved, NumberSet, NumberRemoved, TrunkSet,
                           TrunkRemoved, CentreSet, AgentSignedIn, AgentSignedOut, AgentReady, AgentPaused, WrapUpStarted, WrapUpEnded,
                           DeviceReached, DeviceLost, CallArrived, CallAnswered, CallQueued, CallLeftQueue, CallOffered, OfferRinging,
                           OfferAnswered, OfferLapsed, OfferWithdrawn, LedgerCut, CallHeld, CallResumed, LegDialled, LegAnswered, LegEnded,
                           ConsultStarted, ConsultEnded, CallTransferred, AgentLeftCall, CallEnded, RecordingStarted, RecordingStopped,
                           RecordingMarked, RecordingFinished, RecordingFailed, LegMeasured, AlarmRaised, NoticeEnded, PlaceAnnounced,
                           SkillsRelaxed, CodeDialled, CallsJoined, LegReplaced, CallReportDue, CallReportCompleted, CallReportOverdue,
                           CallReportWaived, HoursSet, HoursRemoved, CallTurnedAway, RecordingErased, Announced>;

}  // namespace pasokh::floor
