#include "office/reports/metrics.h"

#include <algorithm>
#include <cmath>

namespace pasokh::office::reports {

namespace {

using M = Metric;

constexpr std::string_view acd = "usual ACD definition";
constexpr std::string_view cisco = "Cisco ICM/CCE: service level type";

constexpr MetricText texts[] = {
    {M::entered, "entered", "Entered", "ورودی", "callers who entered the queue", "تماس‌هایی که وارد صف شدند", acd},
    {M::offered, "offered", "Offered", "عرضه‌شده", "entered - short abandons", "ورودی منهای رهاشده‌های کوتاه", "Genesys Cloud: short abandons left out"},
    {M::answered, "answered", "Answered", "پاسخ‌داده", "left the queue to an agent", "از صف به کارشناس رسیدند", acd},
    {M::abandoned, "abandoned", "Abandoned", "رهاشده", "hung up in the queue, short abandons left out", "در صف قطع کردند، بی رهاشده‌های کوتاه", acd},
    {M::short_abandoned, "short_abandoned", "Short abandons", "رهاشدهٔ کوتاه", "hung up in the queue before its short_abandon threshold", "پیش از آستانهٔ رهاشدن کوتاه صف قطع کردند", "Cisco: abandoned call wait"},
    {M::flowed_out, "flowed_out", "Flowed out", "خارج‌شده", "left the queue to elsewhere: overflow, maximum wait, transfer, trouble", "به جای دیگر رفتند: سرریز، پایان انتظار، انتقال، خطا", "Genesys Cloud: flow-outs"},
    {M::waiting, "waiting", "Waiting", "در انتظار", "entered and still in the queue", "وارد شده و هنوز در صف", acd},
    {M::answered_in_time, "answered_in_time", "Answered within T", "پاسخ تا T", "answered, queue wait <= T", "پاسخ‌داده با انتظار حداکثر T", acd},
    {M::abandoned_in_time, "abandoned_in_time", "Abandoned within T", "رهاشده تا T", "abandoned, queue wait <= T, short abandons left out", "رهاشده با انتظار حداکثر T، بی کوتاه‌ها", acd},
    {M::service_level_strict, "service_level_strict", "SL, abandons count against", "سطح خدمت، رهاشده‌ها به زیان", "answered within T / (answered + abandoned + flowed out)", "پاسخ تا T ÷ (پاسخ‌داده + رهاشده + خارج‌شده)", cisco},
    {M::service_level_ignoring, "service_level_ignoring", "SL, early abandons ignored", "سطح خدمت، رهاشده‌های زود نادیده", "answered within T / (answered + abandoned + flowed out - abandoned within T)", "پاسخ تا T ÷ (پاسخ‌داده + رهاشده + خارج‌شده − رهاشده تا T)", cisco},
    {M::service_level_lenient, "service_level_lenient", "SL, early abandons count as met", "سطح خدمت، رهاشده‌های زود به سود", "(answered within T + abandoned within T) / (answered + abandoned + flowed out)", "(پاسخ تا T + رهاشده تا T) ÷ (پاسخ‌داده + رهاشده + خارج‌شده)", cisco},
    {M::service_level_answered, "service_level_answered", "SL, answered calls only", "سطح خدمت، تنها پاسخ‌داده‌ها", "answered within T / answered", "پاسخ تا T ÷ پاسخ‌داده", "Asterisk app_queue: ServicelevelPerf"},
    {M::abandonment_rate, "abandonment_rate", "Abandonment rate", "نرخ رهاشدن", "abandoned / (answered + abandoned + flowed out)", "رهاشده ÷ (پاسخ‌داده + رهاشده + خارج‌شده)", acd},
    {M::asa, "asa", "ASA", "میانگین زمان پاسخ", "queue wait of answered calls / answered", "انتظار پاسخ‌داده‌ها در صف ÷ پاسخ‌داده", acd},
    {M::wait_longest, "wait_longest", "Longest wait", "بیشترین انتظار", "the longest queue wait, those still waiting included", "بیشترین انتظار در صف، با منتظران کنونی", acd},
    {M::aht, "aht", "AHT", "میانگین رسیدگی", "(talk + hold + wrap-up) / handled; ringing and consulting a colleague do not count", "(گفتگو + نگهداشت + کار پس از تماس) ÷ رسیدگی‌شده؛ زنگ و مشورت شمرده نمی‌شود", acd},
    {M::talk, "talk", "Talk", "گفتگو", "the agents' time in calls without hold", "زمان کارشناسان در تماس، بی نگهداشت", acd},
    {M::hold, "hold", "Hold", "نگهداشت", "of the agents' time in calls, the customer on hold", "از زمان تماس، مشتری در نگهداشت", acd},
    {M::wrap_up, "wrap_up", "Wrap-up", "کار پس از تماس", "time after the call until the agent was free", "زمان پس از تماس تا آزادشدن کارشناس", acd},
    {M::handled, "handled", "Handled", "رسیدگی‌شده", "parts of agents in calls (a transferred call counts for each who had it)", "سهم کارشناسان در تماس‌ها (تماس منتقل‌شده برای هر کارشناس)", acd},
    {M::occupancy, "occupancy", "Occupancy", "اشغال", "(talk + hold + wrap-up) / (talk + hold + wrap-up + ready); ringing and pauses do not count", "(گفتگو + نگهداشت + پس از تماس) ÷ (همان + آماده)؛ زنگ و استراحت شمرده نمی‌شود", "wfmlabs: Agent Utilization vs Occupancy"},
    {M::jain_calls, "jain_calls", "Evenness of calls", "یکنواختی تماس‌ها", "(sum x)^2 / (n * sum x^2), x = calls handled per hour on duty", "(Σx)² ÷ (n·Σx²)، x = تماس رسیدگی‌شده در ساعت حضور", "Jain, Chiu, Hawe 1984"},
    {M::jain_work, "jain_work", "Evenness of work", "یکنواختی کار", "(sum x)^2 / (n * sum x^2), x = talk + hold + wrap-up per hour on duty", "(Σx)² ÷ (n·Σx²)، x = گفتگو + نگهداشت + پس از تماس در ساعت حضور", "Jain, Chiu, Hawe 1984"},
    {M::most_minus_least, "most_minus_least", "Most minus least", "بیشترین منهای کمترین", "most calls of an agent on duty - least", "بیشترین تماس یک کارشناس حاضر منهای کمترین", "plain count"},
    {M::forced, "forced", "Forced part", "بخش ناگزیر", "offers made while only one agent was free / offers", "عرضه‌هایی که تنها یک کارشناس آزاد بود ÷ عرضه‌ها", "design: carpool ledger; no rule could choose"},
    {M::lapsed, "lapsed", "Unanswered offers", "عرضهٔ بی‌پاسخ", "offers that the agent did not answer", "عرضه‌هایی که کارشناس پاسخ نداد", acd},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(texts); ++i)
    if (texts[i].metric != static_cast<Metric>(i)) return false;
  return true;
}
static_assert(in_order(), "text_of indexes by the enumerator");

bool is_short(const Visit& v, Instant now) { return v.end == Visit::End::abandoned && v.wait(now) < v.short_abandon; }
bool in_time(const Visit& v, Instant now) { return v.wait(now) <= v.threshold; }

std::int64_t mean_ms(Duration sum, std::int64_t n) { return n == 0 ? 0 : (sum / n).ms(); }

Instant clip(Instant at, Instant from, Instant to) { return std::clamp(at, from, to); }

// Sums are of integers and exact; one division at the end, so every machine prints the same.
std::int64_t jain_ppm(const std::vector<std::int64_t>& x) {
  long double sum = 0, squares = 0;
  for (const std::int64_t each : x) {
    sum += static_cast<long double>(each);
    squares += static_cast<long double>(each) * static_cast<long double>(each);
  }
  if (x.empty() || squares == 0) return -1;
  return static_cast<std::int64_t>(std::llround(static_cast<double>(sum * sum / (static_cast<long double>(x.size()) * squares) * 1'000'000)));
}

}  // namespace

std::span<const MetricText> all_metrics() { return texts; }
const MetricText& text_of(Metric metric) { return texts[static_cast<std::size_t>(metric)]; }
std::optional<Metric> metric_named(std::string_view name) {
  for (const MetricText& text : texts)
    if (text.name == name) return text.metric;
  return std::nullopt;
}

Share share(std::int64_t part, std::int64_t whole) {
  return {part, whole, whole == 0 ? -1 : (2'000 * part + whole) / (2 * whole)};
}

bool counts(Metric metric, const Visit& v, Instant now) {
  const bool answered = v.end == Visit::End::answered;
  const bool abandoned = v.end == Visit::End::abandoned && !is_short(v, now);
  const bool decided = answered || abandoned || v.end == Visit::End::flowed_out;
  switch (metric) {
    case M::entered:
    case M::wait_longest: return true;
    case M::offered: return !is_short(v, now);
    case M::answered:
    case M::asa:
    case M::handled:
    case M::aht:
    case M::talk:
    case M::hold:
    case M::wrap_up:
    case M::service_level_answered: return answered;
    case M::abandoned: return abandoned;
    case M::short_abandoned: return is_short(v, now);
    case M::flowed_out: return v.end == Visit::End::flowed_out;
    case M::waiting: return v.end == Visit::End::waiting;
    case M::answered_in_time: return answered && in_time(v, now);
    case M::abandoned_in_time: return abandoned && in_time(v, now);
    case M::service_level_strict:
    case M::service_level_lenient:
    case M::abandonment_rate: return decided;
    case M::service_level_ignoring: return decided && !(abandoned && in_time(v, now));
    case M::occupancy:
    case M::jain_calls:
    case M::jain_work:
    case M::most_minus_least:
    case M::forced:
    case M::lapsed: return false;      // of agents, not of callers
  }
  return false;
}

QueueFigures queue_figures(std::span<const Visit> visits, std::span<const Handling> handlings, Instant now) {
  QueueFigures q;
  Duration answered_wait, abandoned_wait, longest;
  std::int64_t decided = 0, decided_late = 0;
  for (const Visit& v : visits) {
    auto count = [&](Metric metric) { return counts(metric, v, now) ? 1 : 0; };
    q.entered += count(M::entered);
    q.offered += count(M::offered);
    q.answered += count(M::answered);
    q.abandoned += count(M::abandoned);
    q.short_abandoned += count(M::short_abandoned);
    q.flowed_out += count(M::flowed_out);
    q.waiting += count(M::waiting);
    q.answered_in_time += count(M::answered_in_time);
    q.abandoned_in_time += count(M::abandoned_in_time);
    decided += count(M::service_level_strict);
    decided_late += count(M::service_level_ignoring);
    const Duration wait = v.wait(now);
    if (count(M::asa)) answered_wait += wait;
    if (count(M::abandoned)) abandoned_wait += wait;
    longest = std::max(longest, wait);
  }
  q.service_level_strict = share(q.answered_in_time, decided);
  q.service_level_ignoring = share(q.answered_in_time, decided_late);
  q.service_level_lenient = share(q.answered_in_time + q.abandoned_in_time, decided);
  q.service_level_answered = share(q.answered_in_time, q.answered);
  q.abandonment_rate = share(q.abandoned, decided);
  q.asa_ms = mean_ms(answered_wait, q.answered);
  q.wait_abandoned_ms = mean_ms(abandoned_wait, q.abandoned);
  q.wait_longest_ms = longest.ms();

  Duration talk, hold, wrap_up;
  for (const Handling& h : handlings) {
    ++q.handled;
    talk += h.to.value_or(now) - h.from - h.hold;
    hold += h.hold;
    wrap_up += h.wrap_up;
  }
  q.talk_ms = talk.ms();
  q.hold_ms = hold.ms();
  q.wrap_up_ms = wrap_up.ms();
  q.aht_ms = mean_ms(talk + hold + wrap_up, q.handled);
  q.att_ms = mean_ms(talk, q.handled);
  q.aht_hold_ms = mean_ms(hold, q.handled);
  q.aht_wrap_up_ms = mean_ms(wrap_up, q.handled);
  return q;
}

AgentFigures agent_figures(std::span<const OfferFact> offers, std::span<const Handling> handlings, std::span<const Duty> duties, Instant from, Instant to) {
  AgentFigures a;
  for (const OfferFact& offer : offers) {
    ++a.offers;
    a.answered += offer.end == OfferFact::End::answered;
    a.lapsed += offer.end == OfferFact::End::lapsed;
    a.withdrawn += offer.end == OfferFact::End::withdrawn;
    a.forced += offer.free == 1;
  }
  Duration talk, hold, wrap_up;
  for (const Handling& h : handlings) {
    ++a.handled;
    talk += h.to.value_or(to) - h.from - h.hold;
    hold += h.hold;
    wrap_up += h.wrap_up;
  }
  Duration ready, paused, ringing, busy;
  for (const Duty& duty : duties) {
    const Duration length = clip(duty.to.value_or(to), from, to) - clip(duty.from, from, to);
    switch (duty.state) {
      case Duty::State::ready: ready += length; break;
      case Duty::State::paused: paused += length; break;
      case Duty::State::ringing: ringing += length; break;
      case Duty::State::talking:
      case Duty::State::wrap_up: busy += length; break;
    }
  }
  a.talk_ms = talk.ms();
  a.hold_ms = hold.ms();
  a.wrap_up_ms = wrap_up.ms();
  a.aht_ms = mean_ms(talk + hold + wrap_up, a.handled);
  a.ready_ms = ready.ms();
  a.paused_ms = paused.ms();
  a.ringing_ms = ringing.ms();
  a.on_duty_ms = (ready + ringing + busy).ms();
  a.occupancy = share(busy.ms(), (busy + ready).ms());
  if (a.on_duty_ms > 0) a.calls_per_hour_milli = a.handled * 1'000 * 3'600'000 / a.on_duty_ms;
  return a;
}

Evenness evenness(std::span<const AgentFigures> agents) {
  Evenness e;
  std::vector<std::int64_t> calls, work;
  std::int64_t offers = 0, forced = 0;
  for (const AgentFigures& a : agents) {
    offers += a.offers;
    forced += a.forced;
    if (a.on_duty_ms <= 0) continue;
    calls.push_back(a.handled * 1'000'000 * 3'600 / a.on_duty_ms);   // thousandths of a call per hour on duty
    work.push_back((a.talk_ms + a.hold_ms + a.wrap_up_ms) * 1'000'000 / a.on_duty_ms);  // millionths of the time
    e.most_calls = e.agents == 0 ? a.handled : std::max(e.most_calls, a.handled);
    e.least_calls = e.agents == 0 ? a.handled : std::min(e.least_calls, a.handled);
    ++e.agents;
  }
  e.most_minus_least = e.most_calls - e.least_calls;
  e.jain_calls_ppm = jain_ppm(calls);
  e.jain_work_ppm = jain_ppm(work);
  e.forced = share(forced, offers);
  return e;
}

}  // namespace pasokh::office::reports
