#include "simulate/books.h"

#include <algorithm>

namespace pasokh::simulate {
namespace {

// Jain's index in millionths, whole numbers only: (Σx)² / (n · Σx²). x in thousandths keeps the squares far from 2^63.
std::int64_t jain_ppm(const std::vector<std::int64_t>& x) {
  long double sum = 0, squares = 0;
  for (const auto v : x) { sum += static_cast<long double>(v); squares += static_cast<long double>(v) * static_cast<long double>(v); }
  return squares == 0 ? 0 : static_cast<std::int64_t>(sum * sum * 1'000'000 / (squares * static_cast<long double>(x.size())));
}

}  // namespace

QueueSums queue_sums(const Books& books, int queue, Thresholds limits, Instant now) {
  QueueSums q;
  for (const Waited& w : books.waits) {
    if (w.queue != queue) continue;
    ++q.entered;
    const Duration wait = w.to.value_or(now) - w.from;
    q.wait_longest = std::max(q.wait_longest, wait);
    switch (w.end) {
      case Waited::End::waits: break;
      case Waited::End::moved: ++q.moved; break;
      case Waited::End::gave_up: ++(wait < limits.short_abandon ? q.short_abandoned : q.abandoned); break;
      case Waited::End::answered:
        ++q.answered;
        q.wait_answered += wait;
        if (wait <= limits.service_level) ++q.answered_in_time;
        break;
    }
  }
  for (const Talked& t : books.talks) {
    if (t.queue != queue || t.only_asked) continue;
    ++q.handled;
    q.hold += t.hold;
    q.talk += t.to.value_or(now) - t.from - t.hold;
    if (t.wrap_from) q.wrap_up += t.wrap_to.value_or(now) - *t.wrap_from;
  }
  return q;
}

AgentSums agent_sums(const Books& books, int agent, Instant now) {
  AgentSums a;
  for (const Rung& r : books.rings) {
    if (r.agent != agent) continue;
    ++a.rung;
    a.forced += r.free == 1;
    a.answered += r.end == Rung::End::answered;
    a.let_ring += r.end == Rung::End::let_ring;
    a.taken_back += r.end == Rung::End::taken_back;
  }
  for (const Talked& t : books.talks) {
    if (t.agent != agent || t.only_asked) continue;
    ++a.handled;
    a.hold += t.hold;
    a.talk += t.to.value_or(now) - t.from - t.hold;
    if (t.wrap_from) a.wrap_up += t.wrap_to.value_or(now) - *t.wrap_from;
  }
  for (const Spent& s : books.times) {
    if (s.agent != agent) continue;
    const Duration length = s.to - s.from;
    switch (s.as) {
      case Spent::As::ready: a.ready += length; break;
      case Spent::As::paused: a.paused += length; break;
      case Spent::As::rung: a.ringing += length; break;
      case Spent::As::talking: a.talking += length; break;
      case Spent::As::wrap_up: a.wrapping += length; break;
    }
  }
  return a;
}

DaySums day_sums(const Books& books, int queues, int agents, Thresholds limits, Instant now) {
  DaySums day;
  Duration waited;
  for (int q = 0; q < queues; ++q) {
    const QueueSums sums = queue_sums(books, q, limits, now);
    day.calls += sums.entered;
    day.answered += sums.answered;
    day.answered_in_time += sums.answered_in_time;
    day.abandoned += sums.abandoned + sums.short_abandoned;
    day.moved += sums.moved;
    waited += sums.wait_answered;
    day.longest_wait_ms = std::max(day.longest_wait_ms, sums.wait_longest.ms());
  }
  if (day.answered > 0) day.mean_wait_ms = waited.ms() / day.answered;
  std::vector<std::int64_t> per_hour, work;
  Duration busy, duty;
  std::int64_t rung = 0, forced = 0;
  for (int a = 0; a < agents; ++a) {
    const AgentSums sums = agent_sums(books, a, now);
    rung += sums.rung;
    forced += sums.forced;
    if (sums.on_duty().us <= 0) continue;
    per_hour.push_back(sums.handled * 3'600'000'000 / sums.on_duty().ms());
    work.push_back((sums.talking + sums.wrapping).ms() * 1'000'000 / sums.on_duty().ms());
    day.most = per_hour.size() == 1 ? sums.handled : std::max(day.most, sums.handled);
    day.least = per_hour.size() == 1 ? sums.handled : std::min(day.least, sums.handled);
    busy += sums.talking + sums.wrapping;
    duty += sums.on_duty() - sums.ringing;
  }
  day.jain_ppm = jain_ppm(per_hour);
  day.jain_work_ppm = jain_ppm(work);
  if (duty.ms() > 0) day.occupancy_permille = busy.ms() * 1'000 / duty.ms();
  if (rung > 0) day.forced_permille = forced * 1'000 / rung;
  return day;
}

}  // namespace pasokh::simulate
