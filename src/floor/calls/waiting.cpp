// Waiting in a queue: entering, overflowing, being told one's place, waiting too long.
#include <algorithm>
#include <iterator>

#include "floor/desk.h"

namespace pasokh::floor {
namespace {

constexpr int told_at_once = 5;                              // callers in front who are told when they move up
constexpr Duration told_again_after = Duration::seconds(10);

bool has_room(const Queue& queue) { return queue.line.size() < static_cast<std::size_t>(queue.settings.capacity); }

// Nearly everyone joins at the end: counted from there.
std::int32_t place_of(const Queue& queue, const WaitKey& key) {
  auto behind = static_cast<std::int32_t>(std::distance(queue.line.lower_bound(key), queue.line.end()));
  return static_cast<std::int32_t>(queue.line.size()) - behind + 1;
}

QueueId overflow_of(const State& state, const std::vector<QueueId>& left, const Queue& queue) {
  const QueueId next{find_code(state.queue_codes, queue.settings.overflow_queue)};
  if (!next || next == queue.id) return {};
  return std::find(left.begin(), left.end(), next) == left.end() ? next : QueueId{};
}

// Is there a place for this caller, here or wherever the overflow leads? The way that move_on() goes, only looked at: nobody is
// answered (and charged) to be told that there is no room.
bool leads_somewhere(const State& state, const Call& call, QueueId first) {
  std::vector<QueueId> left = call.overflowed;
  for (QueueId at = first;;) {
    const Queue& queue = state.queue(at);
    if (has_room(queue)) return true;
    const QueueId next = overflow_of(state, left, queue);
    if (!next) return !queue.settings.overflow_number.empty() && way_outside(state, queue.settings.overflow_number).allowed;
    left.push_back(at);
    at = next;
  }
}

void join(Desk& desk, CallId id, QueueId queue_id, Instant since) {
  const Queue& queue = desk.state.queue(queue_id);
  const WaitKey key{queue.settings.priority, since, id};
  desk.put(CallQueued{id, queue_id, queue.settings.priority, since, place_of(queue, key)});
  if (const Call& call = *desk.state.find(id); call.recording && !desk.state.queue(queue_id).settings.record) {  // by whatever way it came
    desk.put(RecordingMarked{id, call.capture, "switched_off"});
    desk.put(RecordingStopped{id, call.capture});
  }
}

void accept(Desk& desk, CallId id) {
  const Call& call = *desk.state.find(id);
  if (!call.accepted) desk.put(CallAnswered{id, call.customer ? call.customer : call.agent_leg});
}

// Onward from a queue that is full, has no time left, or is gone. False: nowhere to go.
bool move_on(Desk& desk, CallId id) {
  const Call& call = *desk.state.find(id);
  const Queue& queue = desk.state.queue(call.queue);
  if (const QueueId next = overflow_of(desk.state, call.overflowed, queue)) {
    const Instant since = call.since;
    accept(desk, id);
    leave_queue(desk, id, LeftQueue::overflow_queue, WithdrawReason::moved);
    join(desk, id, next, since);
    const bool served = desk.state.find(id)->answered;  // as in enqueue
    if (!served && !has_room(desk.state.queue(next)) && desk.state.queue(next).line.size() > static_cast<std::size_t>(desk.state.queue(next).settings.capacity))
      overflow_or_end(desk, id, Outcome::queue_full);
    return true;
  }
  const std::string number = queue.settings.overflow_number;
  const Way way = way_outside(desk.state, number);
  if (number.empty() || !way.allowed) return false;
  accept(desk, id);
  leave_queue(desk, id, LeftQueue::overflow_number, WithdrawReason::moved);
  desk.put(LegDialled{id, desk.next_leg(), {}, {}, {}, way.trunk, {}, number, LegRole::transfer, desk.now + dial_limit});
  return true;
}

// What the queue has to tell from time to time, in one breath: the place, then its own announcement.
void announce_if_due(Desk& desk, CallId id) {
  const Call& call = *desk.state.find(id);
  const Queue& queue = desk.state.queue(call.queue);
  const QueueSettings& settings = queue.settings;
  if (settings.announce_every.us <= 0 || call.notice == Notice::playing) return;
  const bool announcement = !settings.announcement.empty() && desk.now - call.announced_at >= settings.announce_every;
  if (settings.announce_place && (announcement || desk.now - call.place_told_at >= settings.announce_every)) {
    const auto place = static_cast<std::int32_t>(std::distance(queue.line.begin(), queue.line.find(wait_key(call)))) + 1;
    desk.put(PlaceAnnounced{id, call.queue, place});
  }
  if (announcement) desk.put(Announced{id, desk.state.find(id)->queue});
}

LeftQueue why_left(Outcome outcome) {
  switch (outcome) {
    case Outcome::queue_full: return LeftQueue::full;
    case Outcome::waited_out: return LeftQueue::waited_out;
    case Outcome::refused: return LeftQueue::queue_removed;
    case Outcome::in_progress:
    case Outcome::answered:
    case Outcome::abandoned:
    case Outcome::unknown_number:
    case Outcome::no_answer:
    case Outcome::busy:
    case Outcome::failed:
    case Outcome::closed: return LeftQueue::failed;
  }
  return LeftQueue::failed;
}

// Refused before it was answered: the caller's line says busy and nothing is charged.
void refuse_unanswered(Desk& desk, CallId id, Outcome outcome) {
  const LegId customer = desk.state.find(id)->customer;
  leave_queue(desk, id, why_left(outcome), WithdrawReason::moved);
  if (const AgentId caller = desk.state.find(id)->caller_agent) agent_leaves(desk, id, caller);
  desk.put(CallEnded{id, outcome, EndCause::busy});
  desk.effect(RefuseLeg{customer, EndCause::busy, std::string(name_of(outcome))});
}

}  // namespace

// The capacity keeps newcomers out. Whom somebody has talked to is not sent away by it: handed on, or given back by a phone that is
// gone, the caller waits though the line is full (D5: nobody is lost).
void enqueue(Desk& desk, CallId id, QueueId queue_id, Instant since) {
  const bool served = desk.state.find(id)->answered, accepted = desk.state.find(id)->accepted;
  const bool room = served || has_room(desk.state.queue(queue_id));
  const bool nowhere = !room && !accepted && !leads_somewhere(desk.state, *desk.state.find(id), queue_id);
  if (room && !accepted) accept(desk, id);
  join(desk, id, queue_id, since);
  if (nowhere) return refuse_unanswered(desk, id, Outcome::queue_full);
  if (!room) overflow_or_end(desk, id, Outcome::queue_full);
}

void overflow_or_end(Desk& desk, CallId id, Outcome outcome) {
  if (move_on(desk, id)) return;
  if (!desk.state.find(id)->accepted) return refuse_unanswered(desk, id, outcome);
  leave_queue(desk, id, why_left(outcome), WithdrawReason::moved);
  end_call(desk, id, outcome, EndCause::timed_out);
}

void leave_queue(Desk& desk, CallId id, LeftQueue why, WithdrawReason withdrawn) {
  const std::vector<Offer> offers = desk.state.find(id)->offers;
  for (const Offer& offer : offers) withdraw(desk, id, offer, withdrawn);
  const QueueId queue = desk.state.find(id)->queue;
  desk.put(CallLeftQueue{id, queue, why});
  tell_places(desk, queue);
}

void tell_places(Desk& desk, QueueId queue_id) {
  const Queue& queue = desk.state.queue(queue_id);
  if (!queue.settings.announce_place) return;
  std::vector<PlaceAnnounced> told;
  std::int32_t place = 0;
  for (const WaitKey& key : queue.line) {
    if (++place > told_at_once) break;
    const Call& call = *desk.state.find(key.call);
    if (place < call.place_told && desk.now - call.place_told_at >= told_again_after && desk.now - call.announced_at >= told_again_after && call.offers.empty() && call.notice != Notice::playing)
      told.push_back({key.call, queue_id, place});
  }
  for (const PlaceAnnounced& event : told) desk.put(event);
}

void waiting_due(Desk& desk, CallId id) {
  const Call& call = *desk.state.find(id);
  if (!call.waiting) return;
  const Queue& queue = desk.state.queue(call.queue);
  if (call.offers.empty() && desk.now - call.entered >= queue.settings.max_wait) return overflow_or_end(desk, id, Outcome::waited_out);
  const std::int32_t step = step_at(queue.settings, desk.now - call.since);
  if (step > call.step) desk.put(SkillsRelaxed{id, call.queue, step});
  announce_if_due(desk, id);
}

}  // namespace pasokh::floor
