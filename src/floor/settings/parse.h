// Settings as text: each value is read strictly, and what is wrong is said with key, value and what is allowed.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "floor/types.h"

namespace pasokh::floor {

// One setting: its key, what it allows in words, and how a value is taken (false: not allowed).
template <class Settings>
struct Setting {
  std::string_view key;
  std::string_view allows;
  bool (*take)(Settings&, std::string_view value);
};

bool parse_duration(std::string_view, Duration&);          // 15s, 2m, 1h, 500ms
bool parse_int(std::string_view, std::int64_t low, std::int64_t high, std::int64_t&);
bool parse_instant(std::string_view, Instant&);             // µs since 1970
bool parse_yes_no(std::string_view, bool&);
bool parse_skills(std::string_view, std::vector<SkillLevel>&, char between = ',');  // persian:5,tech (level 1)
bool parse_skill_steps(std::string_view, std::vector<SkillStep>&);                  // 0s=persian:5+tech:2,30s=persian:1,60s=
bool parse_openings(std::string_view, std::vector<Opening>&);                       // 1774051200000000-1774080000000000,… µs UTC, in order
bool parse_outbound(std::string_view, std::vector<OutboundRule>&);                  // 021:trunk1,0:trunk2
std::vector<std::string_view> split(std::string_view, char between);

std::string text_of(Duration);
std::string text_of(const std::vector<SkillLevel>&, char between = ',');
std::string text_of(const std::vector<SkillStep>&);
std::string text_of(const std::vector<OutboundRule>&);

bool is_code(std::string_view);    // letters, digits, '-', '_', '.', '@', UTF-8 letters; 1-64 bytes
bool is_digits(std::string_view);  // 1-20 digits

template <class Settings>
Result<> take_settings(Settings& into, const std::vector<Setting<Settings>>& table, const std::map<std::string, std::string>& given) {
  for (const auto& [key, value] : given) {
    const Setting<Settings>* found = nullptr;
    for (const auto& row : table) if (row.key == key) found = &row;
    if (!found) {
      std::string known;
      for (const auto& row : table) known += (known.empty() ? "" : ", ") + std::string(row.key);
      return trouble("setting-unknown", "There is no setting \"" + key + "\"; known are: " + known + ".");
    }
    if (!found->take(into, value)) return trouble("setting-wrong", "\"" + key + "=" + value + "\" is not allowed; " + std::string(found->allows) + " is.");
  }
  return Done{};
}

}  // namespace pasokh::floor
