#include "office/alarms/alarms.h"

#include <algorithm>
#include <array>

#include "base/persian.h"

namespace pasokh::office::alarms {
namespace {

constexpr std::array<std::string_view, codes> names{"longest-wait", "waiting", "service-level", "service-level-30", "free-agents", "abandoned"};
constexpr std::int64_t share_margin = 20;             // permille

std::optional<std::int64_t> permille(const std::optional<Share>& share) {
  if (!share || share->whole < calls_needed) return std::nullopt;
  return share->part * 1'000 / share->whole;
}

Judged high(std::optional<std::int64_t> value, std::int64_t limit, std::int64_t well_below) {
  if (!value) return {};
  return {*value >= limit ? Verdict::badly : *value < well_below ? Verdict::well : Verdict::between, value};
}
Judged low(std::optional<std::int64_t> value, std::int64_t limit, std::int64_t well_from) {
  if (!value) return {};
  return {*value < limit ? Verdict::badly : *value >= well_from ? Verdict::well : Verdict::between, value};
}

}  // namespace

std::string_view name_of(Code code) { return names[static_cast<std::size_t>(code)]; }
std::optional<Code> code_named(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) if (names[i] == name) return static_cast<Code>(i);
  return std::nullopt;
}

std::optional<std::int64_t> Limits::of(Code code) const {
  switch (code) {
    case Code::longest_wait: return longest_wait_ms;
    case Code::waiting: return waiting;
    case Code::service_level: return service_level;
    case Code::service_level_30: return service_level_30;
    case Code::free_agents: return free_agents;
    case Code::abandoned: return abandoned;
  }
  return std::nullopt;
}

Judged judge(Code code, std::int64_t limit, const Figures& f) {
  switch (code) {
    case Code::longest_wait: return high(f.longest_wait_ms, limit, limit - limit / 5);
    case Code::waiting: return high(f.waiting, limit, limit - limit / 10);
    case Code::service_level: return low(permille(f.service_level), limit, std::min<std::int64_t>(1'000, limit + share_margin));
    case Code::service_level_30: return low(permille(f.service_level_30), limit, std::min<std::int64_t>(1'000, limit + share_margin));
    case Code::abandoned: return high(permille(f.abandoned), limit, std::max<std::int64_t>(1, limit - share_margin));
    case Code::free_agents: {
      if (f.on_duty == 0 && f.waiting == 0) return {};  // nobody works and nobody waits: the night
      return {f.ready <= limit ? Verdict::badly : Verdict::well, f.ready};
    }
  }
  return {};
}

bool is_worse(Code code, std::int64_t a, std::int64_t b) {
  const bool low_is_bad = code == Code::service_level || code == Code::service_level_30 || code == Code::free_agents;
  return low_is_bad ? a < b : a > b;
}

void Watch::stands(const std::string& queue, Code code, Instant since, std::int64_t limit, std::int64_t worst) {
  states_[{queue, code}] = {.stands = true, .turning = {}, .since = since, .told = since, .limit = limit, .value = worst, .worst = worst};
}

std::vector<Change> Watch::look(const std::map<std::string, Watched>& queues, Instant now) {
  std::vector<Change> changes;
  for (const auto& [queue, watched] : queues)
    for (std::size_t i = 0; i < codes; ++i) {
      const auto code = static_cast<Code>(i);
      const auto limit = watched.limits.of(code);
      if (!limit) continue;
      const Key key{queue, code};
      if (auto change = step(key, states_[key], watched.limits, *limit, judge(code, *limit, watched.figures), now)) changes.push_back(std::move(*change));
    }
  // not watched any more
  std::erase_if(states_, [&](const auto& entry) {
    const auto& [key, state] = entry;
    const auto found = queues.find(key.first);
    if (found != queues.end() && found->second.limits.of(key.second)) return false;
    if (state.stands) changes.push_back({key.first, key.second, Turn::over, state.since, now, state.limit, state.value, state.worst});
    return true;
  });
  return changes;
}

std::optional<Change> Watch::step(const Key& key, State& state, const Limits& limits, std::int64_t limit, const Judged& judged, Instant now) {
  state.limit = limit;
  if (judged.value) {
    state.value = *judged.value;
    if (!state.stands) state.worst = state.value;
    else if (is_worse(key.second, state.value, state.worst)) { state.worst = state.value; state.worse = true; }
  }
  const auto change = [&](Turn turn, Instant until = {}) { return Change{key.first, key.second, turn, state.since, until, limit, state.value, state.worst}; };
  const bool turns = state.stands ? judged.verdict == Verdict::well : judged.verdict == Verdict::badly;
  if (!turns) {
    state.turning.reset();
    if (!state.worse || now - state.told < worse_told_every) return std::nullopt;
    state.worse = false;
    state.told = now;
    return change(Turn::worse);
  }
  if (!state.turning) state.turning = now;
  if (now - *state.turning < Duration::milliseconds(limits.after_ms)) return std::nullopt;
  const Instant turned = *state.turning;
  state.turning.reset();
  state.worse = false;
  state.stands = !state.stands;
  if (!state.stands) return change(Turn::over, turned);
  state.since = turned;
  state.told = now;
  return change(Turn::raised);
}

// --- words

namespace {

struct SystemWords { std::string_view code, en, fa; };  // {o}: the object, {c}: the cause
constexpr SystemWords system_words[] = {
    {"disk-low", "The disk is nearly full ({c}). Calls and recordings go on; free some space.", "فضای دیسک رو به پایان است ({c}). تماس و ضبط ادامه دارد؛ فضا آزاد کنید."},
    {"recording-stopped", "Recording has stopped: the disk is full ({c}). Calls go on; free some space.", "ضبط متوقف شد: دیسک پر است ({c}). تماس‌ها برقرارند؛ فضا آزاد کنید."},
    {"recording-failed", "A recording has failed: {c}. Calls go on.", "ضبط یک تماس انجام نشد: {c}. تماس‌ها برقرارند."},
    {"trunk-down", "The line to the carrier {o} is down: {c}. New calls over it fail.", "خط مخابراتی {o} قطع است: {c}. تماس‌های تازه از آن برقرار نمی‌شود."},
    {"media-worker-lost", "Media worker {o} has died; its calls go on in another one.", "پردازهٔ صدای {o} از کار افتاد؛ تماس‌هایش در پردازهٔ دیگری ادامه دارد."},
    {"journal-trouble", "The journal cannot be written: {c}. New calls are refused, those in progress go on.", "دفتر رویدادها نوشته نمی‌شود: {c}. تماس تازه پذیرفته نیست؛ تماس‌های جاری برقرارند."},
    {"overload", "New calls are refused: {c}.", "تماس تازه پذیرفته نمی‌شود: {c}."},
    {"mail-failed", "Mail cannot be sent: {c}.", "نامه فرستاده نمی‌شود: {c}."},
};

std::string filled(std::string_view text, const Told& told) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "{o}") { out += told.object; i += 2; }
    else if (text.substr(i, 3) == "{c}") { out += told.cause; i += 2; }
    else out += text[i];
  }
  return out;
}

std::string number(std::int64_t n, bool persian) { return persian ? persian_digits(std::to_string(n)) : std::to_string(n); }
std::string per_cent(std::int64_t permille, bool persian) {
  const std::string text = std::to_string(permille / 10) + (permille % 10 ? (persian ? "٫" : ".") + std::to_string(permille % 10) : "");
  return persian ? persian_digits(text) + "٪" : text + " %";
}
std::string duration(std::int64_t ms, bool persian) {
  const std::int64_t seconds = ms / 1'000;
  const std::string minutes = seconds >= 120 ? number(seconds / 60, persian) + (persian ? " دقیقه" : " min") : "";
  if (!minutes.empty() && seconds % 60 == 0) return minutes;
  const std::string rest = number(minutes.empty() ? seconds : seconds % 60, persian) + (persian ? " ثانیه" : " s");
  return minutes.empty() ? rest : minutes + (persian ? " و " : " ") + rest;
}

std::string words_of_queue(const Told& told, Code code, bool fa) {
  const std::int64_t limit = told.limit.value_or(0), value = told.value.value_or(0);
  const std::string q = (fa ? "صف " : "Queue ") + told.queue + ": ";
  switch (code) {
    case Code::longest_wait: return q + (fa ? "کسی " + duration(value, fa) + " منتظر است (حد: " + duration(limit, fa) + ")." : "a caller has waited " + duration(value, fa) + " (limit " + duration(limit, fa) + ").");
    case Code::waiting: return q + (fa ? number(value, fa) + " نفر منتظرند (حد: " + number(limit, fa) + ")." : "callers waiting: " + number(value, fa) + " (limit " + number(limit, fa) + ").");
    case Code::service_level: return q + (fa ? "سطح سرویس امروز " + per_cent(value, fa) + " است (حد: " + per_cent(limit, fa) + ")." : "service level today is " + per_cent(value, fa) + " (limit " + per_cent(limit, fa) + ").");
    case Code::service_level_30: return q + (fa ? "سطح سرویس سی دقیقهٔ گذشته " + per_cent(value, fa) + " است (حد: " + per_cent(limit, fa) + ")." : "service level of the last 30 minutes is " + per_cent(value, fa) + " (limit " + per_cent(limit, fa) + ").");
    case Code::free_agents: return q + (fa ? number(value, fa) + " کارشناس آزاد است (حد: " + number(limit, fa) + ")." : "free agents: " + number(value, fa) + " (limit " + number(limit, fa) + ").");
    case Code::abandoned: return q + (fa ? per_cent(value, fa) + " تماس‌های امروز رها شده‌اند (حد: " + per_cent(limit, fa) + ")." : per_cent(value, fa) + " of today's calls were abandoned (limit " + per_cent(limit, fa) + ").");
  }
  return q;
}

}  // namespace

const std::vector<std::string_view>& system_codes() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> list;
    for (const auto& w : system_words) list.push_back(w.code);
    return list;
  }();
  return all;
}

bool is_code(std::string_view code) { return code_named(code) || std::find(system_codes().begin(), system_codes().end(), code) != system_codes().end(); }

std::string words(const Told& told, bool persian) {
  if (const auto code = code_named(told.code)) return words_of_queue(told, *code, persian);
  for (const auto& w : system_words)
    if (w.code == told.code) return filled(persian ? w.fa : w.en, told);
  return told.code + ": " + told.cause;
}

}  // namespace pasokh::office::alarms
