// The door of a number: its queue when it is open; outside its hours, or with its emergency switch on, what the number says
// instead. Only who arrives is asked: whoever waits already has been promised an answer, and keeps it when the door shuts.
#include <algorithm>

#include "floor/desk.h"

namespace pasokh::floor {
namespace {

bool is_open(const State& state, const std::string& code, Instant now) {
  const auto found = state.hours.find(code);
  if (found == state.hours.end() || now >= found->second.known_until) return true;  // in doubt somebody answers
  const auto& openings = found->second.openings;
  const auto after = std::upper_bound(openings.begin(), openings.end(), now, [](Instant at, const Opening& o) { return at < o.from; });
  return after != openings.begin() && now < std::prev(after)->to;
}

void turn_away(Desk& desk, CallId id, const std::string& prompt) {
  const LegId customer = desk.state.find(id)->customer;
  desk.put(CallAnswered{id, customer});
  desk.put(CallTurnedAway{id, customer, prompt, desk.now + farewell_limit});
}

void send_outside(Desk& desk, CallId id, const std::string& number) {
  const Way way = way_outside(desk.state, number);
  if (!way.allowed) return turn_away(desk, id, "closed");
  desk.put(CallAnswered{id, desk.state.find(id)->customer});
  desk.put(LegDialled{id, desk.next_leg(), {}, {}, {}, way.trunk, {}, number, LegRole::transfer, desk.now + dial_limit});
}

}  // namespace

void enter_by_number(Desk& desk, CallId id, const NumberSettings& settings, QueueId queue) {
  if (settings.emergency) return turn_away(desk, id, "emergency");
  if (settings.hours.empty() || is_open(desk.state, settings.hours, desk.now)) return enqueue(desk, id, queue, desk.now);
  const auto colon = settings.closed.find(':');
  if (colon == settings.closed.npos) return turn_away(desk, id, settings.closed.empty() ? "closed" : settings.closed);
  const std::string to = settings.closed.substr(colon + 1);
  if (settings.closed.starts_with("number:")) return send_outside(desk, id, to);
  const QueueId other{find_code(desk.state.queue_codes, to)};
  if (other) return enqueue(desk, id, other, desk.now);
  turn_away(desk, id, "closed");  // that queue has been removed since
}

void farewell_over(Desk& desk, CallId id) { end_call(desk, id, Outcome::closed, EndCause::ended_by_us); }

}  // namespace pasokh::floor
