// "Why me?": an offer in words, from the state just before it was decided.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/json_text.h"
#include "floor/state.h"
#include "floor/words.h"

namespace pasokh::floor {
namespace {

std::string digits_in(Language language, std::string text) {
  if (language == Language::en) return text;
  std::string out;
  for (const char c : text) {
    if (c >= '0' && c <= '9') { out += "\xDB"; out += static_cast<char>(0xB0 + (c - '0')); }  // ۰…۹: U+06F0…U+06F9
    else out += c;
  }
  return out;
}

struct Phrases {
  Language language;
  const char* pick(const char* fa, const char* en) const { return language == Language::fa ? fa : en; }
  std::string number(std::int64_t n) const { return digits_in(language, std::to_string(n)); }

  std::string seconds(Duration d) const { return number(std::max<std::int64_t>(d.us, 0) / 1'000'000) + pick(" ثانیه", " s"); }
  std::string calls(std::int64_t balance) const {
    char text[32];
    std::snprintf(text, sizeof text, "%s%lld.%02lld", balance < 0 ? "-" : "", static_cast<long long>(std::abs(balance) / one_call),
                  static_cast<long long>(std::abs(balance) % one_call * 100 / one_call));
    return digits_in(language, text);
  }
  std::string key(Strategy s, const Candidate& c, Instant at) const {
    const std::string idle = c.idle_since == Instant{} ? pick("هنوز سر کار نبوده", "has not been on duty yet") : std::string(pick("بیکار ", "idle for ")) + seconds(at - c.idle_since);
    switch (s) {
      case Strategy::fair_share:
      case Strategy::ring_all: return std::string(pick("طلب ", "owed ")) + calls(c.key) + pick(" تماس، ", " calls, ") + idle;
      case Strategy::longest_idle: return idle;
      case Strategy::round_robin: return std::string(pick("نوبت ", "turn ")) + number(c.key);
      case Strategy::fixed_order: return std::string(pick("ردیف ", "place ")) + number(c.key);
    }
    return "";
  }
};

Roster roster_of(const State& state) {
  std::vector<RosterMember> members;
  for (const Agent& a : state.agents) members.push_back({a.exists, a.exists ? state.duty(a) : Duty{}, &a.settings});
  std::vector<RosterQueue> queues;
  for (const Queue& q : state.queues) queues.push_back({q.exists, &q.settings});
  Roster roster;
  roster.set_balances(state.roster.balances(state.agents.size()));
  roster.build(members, queues);
  return roster;
}

}  // namespace

std::string Floor::explain(const CallOffered& offer, Instant at, Language language, bool all) const {
  const State& s = *state_;
  const Phrases say{language};
  const OfferReason& why = offer.reason;
  const std::string taker(code(offer.agent)), queue_code(code(offer.queue));
  std::string out = std::string(say.pick("تماس ", "Call ")) + say.number(static_cast<std::int64_t>(offer.call.value)) + say.pick(" به ", " was offered to ") + taker +
                    say.pick(" در صف ", " in queue ") + queue_code + say.pick(" پیشنهاد شد، ", ", ") + rfc3339(at) + ".\n";
  if (!why.given_by.empty()) out += std::string(say.pick("سرپرست تماس را داد: ", "A supervisor gave it: ")) + why.given_by + ".\n";
  else out += std::string(say.pick("روش: ", "Rule: ")) + strategy_word(why.strategy, language) + say.pick("، ویرایش ", ", version ") + say.number(why.rules_version) + ".\n";
  out += say.number(why.free) + say.pick(" نفر آزاد از ", " free of ") + say.number(why.on_duty) + say.pick(" نفر سر کار برای این تماس", " on duty for this call");
  for (const auto& [reason, n] : why.excluded) out += std::string(say.pick("؛ ", "; ")) + say.number(n) + " " + std::string(excluded_word(reason, language));
  out += ".\n";
  if (why.skill_step > 0) out += std::string(say.pick("مهارت‌ها در گام ", "Skills asked for: step ")) + say.number(why.skill_step) + ".\n";

  if (!offer.queue || offer.queue.value > s.queues.size() || !s.queue(offer.queue).exists) return out;
  const Queue& queue = s.queue(offer.queue);
  Roster roster = roster_of(s);
  const auto step = std::min<std::int32_t>(why.skill_step, static_cast<std::int32_t>(queue.steps()) - 1);
  auto ranking = roster.everyone(roster.pool(offer.queue, step), why.strategy, queue.last_taken);
  std::stable_partition(ranking.begin(), ranking.end(), [](const auto& row) { return row.second == Presence::free; });
  const Call* call = s.find(offer.call);
  auto was_asked = [&](AgentId id) { return call && std::find(call->asked.begin(), call->asked.end(), id) != call->asked.end(); };
  std::stable_partition(ranking.begin(), ranking.end(), [&](const auto& row) { return row.second == Presence::free && !was_asked(row.first.agent); });
  std::int64_t place = 0;
  for (const auto& [candidate, presence] : ranking) {
    if (++place > 10 && !all) { out += std::string(say.pick("… و ", "… and ")) + say.number(static_cast<std::int64_t>(ranking.size()) - 10) + say.pick(" نفر دیگر\n", " more\n"); break; }
    out += say.number(place) + ". " + std::string(code(candidate.agent)) + ": " + std::string(excluded_word(presence_names[static_cast<std::size_t>(presence)], language)) + say.pick("، ", ", ") + say.key(why.strategy, candidate, at);
    if (was_asked(candidate.agent)) out += say.pick("، یک بار پرسیده شد", ", was asked once for this call");
    if (candidate.agent == offer.agent) out += say.pick(" ← گیرنده", " <- taken");
    out += "\n";
  }
  return out;
}

}  // namespace pasokh::floor
