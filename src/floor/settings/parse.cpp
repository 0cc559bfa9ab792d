#include "floor/settings/parse.h"

#include <algorithm>

namespace pasokh::floor {

bool parse_int(std::string_view text, std::int64_t low, std::int64_t high, std::int64_t& into) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 15) return false;
  std::int64_t n = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    n = n * 10 + (c - '0');
  }
  if (negative) n = -n;
  if (n < low || n > high) return false;
  into = n;
  return true;
}

bool parse_duration(std::string_view text, Duration& into) {
  const auto end = std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; });
  const auto unit = text.substr(static_cast<std::size_t>(end - text.begin()));
  std::int64_t n = 0;
  if (!parse_int(text.substr(0, text.size() - unit.size()), 0, 86'400'000, n)) return false;
  if (unit == "ms") into = Duration::milliseconds(n);
  else if (unit == "s") into = Duration::seconds(n);
  else if (unit == "m") into = Duration::minutes(n);
  else if (unit == "h") into = Duration::hours(n);
  else return false;
  return into <= Duration::hours(24);
}

bool parse_yes_no(std::string_view text, bool& into) {
  if (text == "yes" || text == "true" || text == "on" || text == "1") into = true;
  else if (text == "no" || text == "false" || text == "off" || text == "0") into = false;
  else return false;
  return true;
}

std::vector<std::string_view> split(std::string_view text, char between) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(between), text.size());
    auto part = text.substr(0, end);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    parts.push_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' || c == '@' || (c & 0x80);
  });
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() <= 20 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool parse_skills(std::string_view text, std::vector<SkillLevel>& into, char between) {
  std::vector<SkillLevel> skills;
  for (const auto part : split(text, between)) {
    const auto colon = part.find(':');
    std::int64_t level = 1;
    if (colon != part.npos && !parse_int(part.substr(colon + 1), 1, 10, level)) return false;
    if (!is_code(part.substr(0, colon))) return false;
    skills.push_back({std::string(part.substr(0, colon)), static_cast<std::int32_t>(level)});
  }
  if (skills.size() > 20) return false;
  into = std::move(skills);
  return true;
}

bool parse_skill_steps(std::string_view text, std::vector<SkillStep>& into) {
  std::vector<SkillStep> steps;
  for (const auto part : split(text, ',')) {
    SkillStep step;
    const auto equals = part.find('=');
    const auto needs = equals == part.npos ? part : part.substr(equals + 1);
    if (equals != part.npos && !parse_duration(part.substr(0, equals), step.after)) return false;
    if (!parse_skills(needs, step.needs, '+')) return false;
    if (!steps.empty() && step.after <= steps.back().after) return false;
    steps.push_back(std::move(step));
  }
  if (steps.size() > 20) return false;
  into = std::move(steps);
  return true;
}

bool parse_openings(std::string_view text, std::vector<Opening>& into) {
  std::vector<Opening> openings;
  for (const auto part : split(text, ',')) {
    const auto dash = part.find('-');
    Opening opening;
    if (dash == part.npos || !parse_instant(part.substr(0, dash), opening.from) || !parse_instant(part.substr(dash + 1), opening.to)) return false;
    if (opening.to <= opening.from || (!openings.empty() && opening.from <= openings.back().to)) return false;
    openings.push_back(opening);
  }
  if (openings.size() > 5'000) return false;
  into = std::move(openings);
  return true;
}

bool parse_instant(std::string_view text, Instant& into) {  // 16 digits of µs: until the year 2286
  std::int64_t n = 0;
  if (text.size() > 16 || text.empty()) return false;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    n = n * 10 + (c - '0');
  }
  into = {n};
  return true;
}

bool parse_outbound(std::string_view text, std::vector<OutboundRule>& into) {
  std::vector<OutboundRule> rules;
  for (const auto part : split(text, ',')) {
    const auto colon = part.find(':');
    if (colon == part.npos || !is_code(part.substr(colon + 1))) return false;
    if (colon > 0 && !is_digits(part.substr(0, colon))) return false;
    rules.push_back({std::string(part.substr(0, colon)), std::string(part.substr(colon + 1))});
  }
  if (rules.size() > 200) return false;
  into = std::move(rules);
  return true;
}

std::string text_of(Duration d) {
  const std::int64_t ms = d.ms();
  if (ms % 1000 != 0) return std::to_string(ms) + "ms";
  return std::to_string(ms / 1000) + "s";
}

std::string text_of(const std::vector<SkillLevel>& skills, char between) {
  std::string out;
  for (const auto& s : skills) {
    if (!out.empty()) out += between;
    out += s.skill + ":" + std::to_string(s.level);
  }
  return out;
}

std::string text_of(const std::vector<SkillStep>& steps) {
  std::string out;
  for (const auto& s : steps) out += (out.empty() ? "" : ",") + text_of(s.after) + "=" + text_of(s.needs, '+');
  return out;
}

std::string text_of(const std::vector<OutboundRule>& rules) {
  std::string out;
  for (const auto& r : rules) out += (out.empty() ? "" : ",") + r.prefix + ":" + r.trunk;
  return out;
}

}  // namespace pasokh::floor
