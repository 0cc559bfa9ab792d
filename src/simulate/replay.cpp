// From what was journalled back to what must have happened: each turn's first events tell the stimulus, the floor decides anew,
// and what it decides is laid beside what was written.
#include <algorithm>
#include <unordered_map>

#include "base/codec.h"
#include "simulate/history.h"
#include "storage/journal.h"

namespace pasokh::simulate {
namespace {

using namespace floor;
using storage::Recorded;

std::string bytes_of(const Event& event) {
  Writer writer;
  encode(writer, event);
  return std::move(writer.bytes);
}

bool is_exogenous(EndCause cause) {
  switch (cause) {
    case EndCause::ended_by_us:
    case EndCause::transferred:
    case EndCause::timed_out:
    case EndCause::cancelled: return false;
    case EndCause::hung_up:
    case EndCause::no_answer:
    case EndCause::busy:
    case EndCause::declined:
    case EndCause::unreachable:
    case EndCause::lost:
    case EndCause::failed:
    case EndCause::not_allowed: return true;
  }
  return true;
}

class Detective {
 public:
  Detective(const std::vector<Recorded>& all, std::size_t at, const Floor& floor, const std::unordered_map<LegId, ProgrammeId>& plays) : all_(all), i_(at), floor_(floor), plays_(plays) {}

  std::optional<Stimulus> stimulus() { return std::visit(*this, all_[i_].event); }

  std::optional<Stimulus> operator()(const CallArrived& e) {
    if (e.direction != Direction::inbound) return {};
    return LegArrived{e.leg, e.trunk, {}, e.dialled, e.caller, {}};
  }
  std::optional<Stimulus> operator()(const AgentSignedIn& e) { return SignIn{code(e.agent), std::string(floor_.code(e.device)), e.by}; }
  std::optional<Stimulus> operator()(const AgentReady& e) { return SetReady{code(e.agent), e.by}; }
  std::optional<Stimulus> operator()(const AgentPaused& e) {
    if (e.reason == "signing_out") return SignOut{code(e.agent), e.by};
    return SetPaused{code(e.agent), e.reason, e.by};
  }
  std::optional<Stimulus> operator()(const AgentSignedOut& e) {
    if (const auto* in = ahead<AgentSignedIn>([](const auto&) { return true; })) return SignIn{code(in->agent), std::string(floor_.code(in->device)), in->by};
    return SignOut{code(e.agent), e.by};
  }
  std::optional<Stimulus> operator()(const WrapUpEnded& e) {
    auto same = [&](const auto& other) { return other.agent == e.agent; };
    if (ahead<AgentSignedOut>(same)) return (*this)(*ahead<AgentSignedOut>(same));
    if (const auto* in = ahead<AgentSignedIn>([](const auto&) { return true; })) return SignIn{code(in->agent), std::string(floor_.code(in->device)), in->by};
    if (const auto* paused = ahead<AgentPaused>(same)) return (*this)(*paused);
    if (const auto* answered = ahead<LegAnswered>([](const auto&) { return true; })) return LegAnsweredByPeer{answered->leg};
    return SetReady{code(e.agent), ""};
  }
  std::optional<Stimulus> operator()(const OfferRinging& e) { return LegRinging{e.leg}; }
  std::optional<Stimulus> operator()(const OfferAnswered& e) { return LegAnsweredByPeer{e.leg}; }
  std::optional<Stimulus> operator()(const LegAnswered& e) { return LegAnsweredByPeer{e.leg}; }
  std::optional<Stimulus> operator()(const OfferLapsed& e) {
    if (const auto* paused = ahead<AgentPaused>([&](const auto& other) { return other.agent == e.agent; }); paused && !paused->by.empty()) return SetPaused{code(e.agent), paused->reason, paused->by};
    switch (e.why) {
      case LapseReason::declined: return LegGone{e.leg, EndCause::declined};
      case LapseReason::busy: return LegGone{e.leg, EndCause::busy};
      case LapseReason::unreachable: return LegGone{e.leg, EndCause::unreachable};
      case LapseReason::no_answer: return LegGone{e.leg, EndCause::no_answer};
    }
    return {};
  }
  std::optional<Stimulus> operator()(const OfferWithdrawn& e) {
    switch (e.why) {
      case WithdrawReason::caller_left: return gone(e.call);
      case WithdrawReason::we_failed: return LegGone{e.leg, EndCause::failed};
      case WithdrawReason::agent_left:
        if (const auto* in = ahead<AgentSignedIn>([](const auto&) { return true; })) return SignIn{code(in->agent), std::string(floor_.code(in->device)), in->by};
        return SignOut{code(e.agent), ahead<AgentSignedOut>([](const auto&) { return true; }) ? ahead<AgentSignedOut>([](const auto&) { return true; })->by : ""};
      case WithdrawReason::moved:
        if (const auto* offer = ahead<CallOffered>([&](const auto& other) { return other.call == e.call; })) return (*this)(*offer);
        return {};
      case WithdrawReason::answered_elsewhere: return {};
    }
    return {};
  }
  std::optional<Stimulus> operator()(const CallLeftQueue& e) { return gone(e.call); }
  std::optional<Stimulus> operator()(const RecordingStopped& e) { return gone(e.call); }
  std::optional<Stimulus> operator()(const LegEnded& e) {
    if (const auto* moved = ahead<CallTransferred>([&](const auto& other) { return other.call == e.call; }); moved && moved->how == TransferKind::consult && e.cause == EndCause::transferred)
      return CompleteTransfer{code(moved->from), ""};
    if (e.cause == EndCause::cancelled)
      if (const auto* consult = ahead<ConsultEnded>([&](const auto& other) { return other.leg == e.leg; })) return CancelConsult{code(consult->agent), ""};
    if (is_exogenous(e.cause)) return LegGone{e.leg, e.cause};
    return gone(e.call);
  }
  std::optional<Stimulus> operator()(const CallHeld& e) { return Hold{code(e.agent), "", true}; }
  std::optional<Stimulus> operator()(const CallResumed& e) {
    if (const auto* consult = ahead<ConsultStarted>([&](const auto& other) { return other.call == e.call; })) return (*this)(*consult);
    return Hold{code(e.agent), "", false};
  }
  std::optional<Stimulus> operator()(const ConsultStarted& e) {
    const auto* dialled = ahead<LegDialled>([&](const auto& other) { return other.leg == e.leg; });
    if (!dialled || !dialled->to_agent) return {};
    Transfer transfer;
    transfer.agent = code(e.agent);
    transfer.how = TransferKind::consult;
    if (e.queue) transfer.to_queue = floor_.code(e.queue); else transfer.to_agent = code(dialled->to_agent);
    return transfer;
  }
  std::optional<Stimulus> operator()(const CallTransferred& e) {
    if (!e.from || (!e.to_agent && !e.to_queue)) return {};
    Transfer transfer;
    transfer.agent = code(e.from);
    transfer.how = e.how;
    if (e.to_queue) transfer.to_queue = floor_.code(e.to_queue); else transfer.to_agent = code(e.to_agent);
    return transfer;
  }
  std::optional<Stimulus> operator()(const NoticeEnded& e) {
    const auto plays = plays_.find(e.leg);
    return ProgrammeFinished{e.leg, plays == plays_.end() ? ProgrammeId{} : plays->second};
  }
  std::optional<Stimulus> operator()(const DeviceReached& e) { return DeviceReachable{e.device, true}; }
  std::optional<Stimulus> operator()(const DeviceLost& e) { return DeviceReachable{e.device, false}; }
  std::optional<Stimulus> operator()(const CallOffered& e) {
    if (e.reason.given_by.empty()) return {};
    return GiveCall{e.call, code(e.agent), e.reason.given_by};
  }
  std::optional<Stimulus> operator()(const RecordingFailed& e) { return CaptureFailed{e.call, e.capture, e.why}; }
  template <class Other> std::optional<Stimulus> operator()(const Other&) { return {}; }

 private:
  std::string code(AgentId agent) const { return std::string(floor_.code(agent)); }
  // the first such event of the same instant
  template <class E, class Which> const E* ahead(Which which) const {
    for (std::size_t i = i_; i < all_.size() && all_[i].at == all_[i_].at && i < i_ + 40; ++i)
      if (const auto* e = std::get_if<E>(&all_[i].event); e && which(*e)) return e;
    return nullptr;
  }
  // whoever hung up; nobody: a supervisor ended it
  std::optional<Stimulus> gone(CallId call) const {
    if (const auto* ended = ahead<LegEnded>([&](const LegEnded& e) { return e.call == call && is_exogenous(e.cause); })) return LegGone{ended->leg, ended->cause};
    return HangUp{call, "", ""};
  }

  const std::vector<Recorded>& all_;
  std::size_t i_;
  const Floor& floor_;
  const std::unordered_map<LegId, ProgrammeId>& plays_;
};

bool is_fact(const Event& event) {  // settings and measurements
  return event.index() <= Event(CentreSet{}).index() || std::holds_alternative<RecordingFinished>(event) || std::holds_alternative<LegMeasured>(event) || std::holds_alternative<AlarmRaised>(event);
}

void remember(const Floor& floor, std::unordered_map<LegId, ProgrammeId>& plays) {
  plays.clear();
  for (const LegWish& wish : floor.leg_wishes()) plays[wish.leg] = wish.hearing.programme.id;
}

// What the floor decides now where the day has its events from `i` on.
Turn decided_again(Floor& live, const std::vector<Recorded>& day, std::size_t i, const std::unordered_map<LegId, ProgrammeId>& plays) {
  if (live.deadline() <= day[i].at) return live.handle(Tick{}, day[i].at);
  const std::optional<Stimulus> stimulus = Detective(day, i, live, plays).stimulus();
  return stimulus ? live.handle(*stimulus, day[i].at) : Turn{};
}

std::size_t alike_from(const Turn& turn, const std::vector<Recorded>& day, std::size_t i) {
  std::size_t alike = 0;
  while (alike < turn.events.size() && i + alike < day.size() && day[i + alike].at == day[i].at && bytes_of(turn.events[alike]) == bytes_of(day[i + alike].event)) ++alike;
  return alike;
}

}  // namespace

// The day goes by as it did, with the changed settings in force from its beginning, until one decision is not what was decided.
Result<std::optional<Divergence>> first_divergence(const std::string& dir, Instant from, Instant to, const Change& change) {
  TRY(reader, storage::JournalReader::open(dir));
  auto changed = [&](Event event) {
    if (auto* queue = std::get_if<QueueSet>(&event)) apply(change, queue->settings);
    return event;
  };
  Floor live;
  std::vector<Recorded> day;
  const auto read = reader.read(0, UINT64_MAX, [&](const Recorded& recorded) {
    if (recorded.at >= to) return false;
    if (recorded.at < from) live.evolve(changed(recorded.event), recorded.at); else day.push_back(recorded);
    return true;
  });
  if (!read && read.error().code != "damaged") return read.error();
  std::unordered_map<LegId, ProgrammeId> plays;
  remember(live, plays);
  for (std::size_t i = 0; i < day.size();) {
    if (is_fact(day[i].event)) {
      live.evolve(changed(day[i].event), day[i].at);
      ++i;
      continue;
    }
    const Turn turn = decided_again(live, day, i, plays);
    const std::size_t alike = alike_from(turn, day, i);
    if (alike == 0 || alike < turn.events.size()) {
      if (!read && i + alike == day.size()) break;   // the turn was cut off by the damage
      const Recorded& there = day[std::min(i + alike, day.size() - 1)];
      return std::optional<Divergence>{Divergence{there.seq, there.at, std::visit([](const auto& e) { return std::string(e.kind); }, there.event)}};
    }
    for (const Effect& effect : turn.effects)
      if (const auto* hear = std::get_if<Hear>(&effect)) plays[hear->leg] = hear->hearing.programme.id;
    i += alike;
  }
  return std::optional<Divergence>{};
}

Result<Replayed> replay_day(const std::string& dir, Instant from, Instant to) {
  TRY(reader, storage::JournalReader::open(dir));
  const std::uint64_t first = reader.first_at_or_after(from);
  Floor shadow;
  std::uint64_t begins = 0;
  TRY(snapshot, reader.snapshot(first - 1));
  if (snapshot)
    if (auto loaded = Floor::load(snapshot->second)) { shadow = std::move(*loaded); begins = snapshot->first; }
  std::vector<Recorded> day;
  std::uint64_t last = begins;
  Replayed result;
  const auto read = reader.read(begins, UINT64_MAX, [&](const Recorded& recorded) {
    if (recorded.at >= to) return false;
    last = recorded.seq;
    if (recorded.seq < first) shadow.evolve(recorded.event, recorded.at); else day.push_back(recorded);
    return true;
  });
  if (!read) {
    if (read.error().code != "damaged") return read.error();
    const std::string range = damaged_range(reader, last, read.error().text);
    if (day.empty()) return damaged_before(range);
    result.damaged = range;
    day.erase(std::find_if(day.begin(), day.end(), [&](const Recorded& recorded) { return recorded.at == day.back().at; }), day.end());  // a turn that is not whole is not decided again
  }
  if (day.empty()) return trouble("day-empty", "Nothing is journalled for that day.");

  result.events = day.size();
  auto twin = Floor::load(shadow.save());
  if (!twin) return twin.error();
  Floor live = std::move(*twin);
  std::unordered_map<LegId, ProgrammeId> plays;
  remember(live, plays);
  for (std::size_t i = 0; i < day.size();) {
    const Recorded& next = day[i];
    if (is_fact(next.event)) {
      live.evolve(next.event, next.at);
      shadow.evolve(next.event, next.at);
      ++result.taken;
      ++i;
      continue;
    }
    const Turn turn = decided_again(live, day, i, plays);
    const std::size_t alike = alike_from(turn, day, i);
    const bool same = alike > 0 && alike == turn.events.size();
    const std::size_t taken = same ? alike : 1;
    for (std::size_t k = 0; k < taken; ++k) shadow.evolve(day[i + k].event, day[i + k].at);
    if (same) {
      result.decided_alike += alike;
      for (const Effect& effect : turn.effects)
        if (const auto* hear = std::get_if<Hear>(&effect)) plays[hear->leg] = hear->hearing.programme.id;
    } else {
      if (result.first_difference.empty()) result.first_difference = "event " + std::to_string(next.seq) + std::visit([](const auto& e) { return std::string(" (") + e.kind + ")"; }, next.event);
      auto again = Floor::load(shadow.save());
      if (!again) return again.error();
      live = std::move(*again);
      remember(live, plays);
    }
    i += taken;
  }
  result.same_state = live == shadow;
  return result;
}

}  // namespace pasokh::simulate
