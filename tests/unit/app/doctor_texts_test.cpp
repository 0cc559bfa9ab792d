// The doctor speaks Persian and English alike: A1 of the house, "every text a person sees comes in both languages".
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "app/doctor/checks.h"

using namespace pasokh::app::doctor;

namespace {

bool is_persian(std::string_view text) { return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xD8 && static_cast<unsigned char>(c) <= 0xDB; }); }

std::set<char> places(std::string_view text) {
  std::set<char> found;
  for (std::size_t i = 0; i + 2 < text.size(); ++i)
    if (text[i] == '{' && text[i + 2] == '}') found.insert(text[i + 1]);
  return found;
}

}  // namespace

TEST_CASE("each of the doctor's phrases stands in both languages, with the same parts, and commands set apart") {
  for (const auto& phrase : phrases()) {
    const std::string_view en = phrase.en, fa = phrase.fa;
    CAPTURE(en);
    CHECK_FALSE(en.empty());
    CHECK_FALSE(is_persian(en));
    const bool only_parts = en.find_first_of("abcdefghijklmnopqrstuvwxyz") == en.npos;
    CHECK((is_persian(fa) || only_parts));
    CHECK(places(en) == places(fa));
    for (const auto text : {en, fa}) CHECK(std::count(text.begin(), text.end(), '`') % 2 == 0);
    // Outside of `…` a Persian sentence has no command: it would be read from the wrong side.
    bool typed = false;
    std::string outside;
    for (const char c : fa) {
      if (c == '`') typed = !typed;
      else if (!typed) outside += c;
    }
    for (const auto* command : {"pasokh ", "apt ", "chmod", "ss -", "toml", "0.0"}) CHECK(outside.find(command) == outside.npos);
  }
}

TEST_CASE("each check has a Persian name, and numbers are written in the language's digits") {
  for (const auto& name : check_names()) CHECK(is_persian(name.fa));
  const Text found = say(Say::rtp_room, {range(16384, 16583), number(50)});
  CHECK(found.en == "`16384-16583` is room for 50 calls");
  CHECK(found.fa == "درگاه‌های ۱۶۳۸۴ تا ۱۶۵۸۳ برای ۵۰ تماس جا دارند");
  CHECK(check_name("nat").fa != "nat");
}
