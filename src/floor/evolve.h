// What each event changes, one overload per event, by noun: settings/evolve_settings.cpp, agents/evolve_agents.cpp,
// calls/evolve_calls.cpp,
// calls/evolve_legs.cpp. No rule, no clock, no refusal; the same live and on replay.
#pragma once

#include "floor/state.h"

namespace pasokh::floor {

void evolve(State&, const QueueSet&, Instant at);
void evolve(State&, const QueueRemoved&, Instant at);
void evolve(State&, const AgentSet&, Instant at);
void evolve(State&, const AgentRemoved&, Instant at);
void evolve(State&, const DeviceSet&, Instant at);
void evolve(State&, const DeviceRemoved&, Instant at);
void evolve(State&, const NumberSet&, Instant at);
void evolve(State&, const NumberRemoved&, Instant at);
void evolve(State&, const TrunkSet&, Instant at);
void evolve(State&, const TrunkRemoved&, Instant at);
void evolve(State&, const CentreSet&, Instant at);

void evolve(State&, const AgentSignedIn&, Instant at);
void evolve(State&, const AgentSignedOut&, Instant at);
void evolve(State&, const AgentReady&, Instant at);
void evolve(State&, const AgentPaused&, Instant at);
void evolve(State&, const WrapUpStarted&, Instant at);
void evolve(State&, const WrapUpEnded&, Instant at);
void evolve(State&, const DeviceReached&, Instant at);
void evolve(State&, const DeviceLost&, Instant at);
void evolve(State&, const AgentLeftCall&, Instant at);
void evolve(State&, const LedgerCut&, Instant at);

void evolve(State&, const CallArrived&, Instant at);
void evolve(State&, const CallAnswered&, Instant at);
void evolve(State&, const CallQueued&, Instant at);
void evolve(State&, const CallLeftQueue&, Instant at);
void evolve(State&, const CallOffered&, Instant at);
void evolve(State&, const OfferRinging&, Instant at);
void evolve(State&, const OfferAnswered&, Instant at);
void evolve(State&, const OfferLapsed&, Instant at);
void evolve(State&, const OfferWithdrawn&, Instant at);
void evolve(State&, const CallHeld&, Instant at);
void evolve(State&, const CallResumed&, Instant at);
void evolve(State&, const CallEnded&, Instant at);
void evolve(State&, const NoticeEnded&, Instant at);
void evolve(State&, const PlaceAnnounced&, Instant at);
void evolve(State&, const Announced&, Instant at);
void evolve(State&, const SkillsRelaxed&, Instant at);
void evolve(State&, const RecordingStarted&, Instant at);
void evolve(State&, const RecordingStopped&, Instant at);
void evolve(State&, const RecordingMarked&, Instant at);
void evolve(State&, const RecordingFinished&, Instant at);
void evolve(State&, const RecordingFailed&, Instant at);
void evolve(State&, const LegMeasured&, Instant at);
void evolve(State&, const AlarmRaised&, Instant at);

void evolve(State&, const LegDialled&, Instant at);
void evolve(State&, const LegAnswered&, Instant at);
void evolve(State&, const LegEnded&, Instant at);
void evolve(State&, const LegReplaced&, Instant at);
void evolve(State&, const ConsultStarted&, Instant at);
void evolve(State&, const ConsultEnded&, Instant at);
void evolve(State&, const CallTransferred&, Instant at);
void evolve(State&, const CodeDialled&, Instant at);
void evolve(State&, const CallsJoined&, Instant at);

void evolve(State&, const CallReportDue&, Instant at);
void evolve(State&, const CallReportCompleted&, Instant at);
void evolve(State&, const CallReportOverdue&, Instant at);
void evolve(State&, const CallReportWaived&, Instant at);
void evolve(State&, const HoursSet&, Instant at);
void evolve(State&, const HoursRemoved&, Instant at);
void evolve(State&, const CallTurnedAway&, Instant at);
void evolve(State&, const RecordingErased&, Instant at);

// --- helpers of several nouns
void enter(State&, Agent&, AgentState, Instant at);   // changes an agent's state; keeps the idle clock honest
void add_leg(State&, Leg);
void drop_leg(State&, LegId);
void settle_hearing(State&, Call&);                   // what each leg of the call hears now: calls/hearing.cpp
void stand_in_line(State&, Call&);                    // into the line that routing looks at
void leave_line(State&, Call&);                       // out of it

}  // namespace pasokh::floor
