#include "floor/words.h"

#include "floor/routing/roster.h"

namespace pasokh::floor {
namespace {

constexpr Worded strategies[] = {
    {"fair-share", "fair share", "سهم عادلانه"},
    {"longest-idle", "longest idle", "بیکارترین"},
    {"round-robin", "round robin", "نوبتی"},
    {"ring-all", "ring all", "زنگ همه"},
    {"fixed-order", "fixed order", "ترتیب ثابت"},
};

constexpr Worded left_out[] = {
    {"signed_out", "signed out", "خارج‌شده"},
    {"paused", "paused", "در استراحت"},
    {"free", "free", "آزاد"},
    {"offered", "being offered a call", "در حال زنگ"},
    {"talking", "talking", "در گفتگو"},
    {"wrap_up", "wrapping up", "در کار پس از تماس"},
    {"device_busy", "phone busy or away", "تلفن در دسترس نیست"},
    {"skill", "without the skill asked for", "بدون مهارت لازم"},
};

constexpr bool complete() {
  if (std::size(strategies) != enum_names<Strategy>.size()) return false;
  for (std::size_t i = 0; i < std::size(strategies); ++i)
    if (strategies[i].code != std::string_view(enum_names<Strategy>[i])) return false;
  if (std::size(left_out) <= presences) return false;
  for (std::size_t i = 0; i < presences; ++i)
    if (left_out[i].code != std::string_view(presence_names[i])) return false;
  return true;
}
static_assert(complete(), "a rule or a presence without words");

const char* in(const Worded& word, Language language) { return language == Language::fa ? word.fa : word.en; }

}  // namespace

std::span<const Worded> strategy_words() { return strategies; }
std::span<const Worded> excluded_words() { return left_out; }
const char* strategy_word(Strategy strategy, Language language) { return in(strategies[static_cast<std::size_t>(strategy)], language); }

std::string_view excluded_word(std::string_view code, Language language) {
  for (const auto& word : left_out)
    if (word.code == code) return in(word, language);
  return code;
}

}  // namespace pasokh::floor
