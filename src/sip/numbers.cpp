#include "sip/numbers.h"

#include <algorithm>

namespace pasokh::sip {
namespace {

bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }); }

}  // namespace

std::string rewritten(std::string_view number, const std::vector<RewriteRule>& rules) {
  for (const auto& rule : rules) {
    std::string_view prefix = rule.prefix;
    if (prefix.starts_with('^')) prefix.remove_prefix(1);
    if (number.starts_with(prefix)) return rule.replacement + std::string(number.substr(prefix.size()));
  }
  return std::string(number);
}

std::string national(std::string_view number, std::string_view area_code) {
  std::string_view digits = number;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  if (!all_digits(digits)) return std::string(number);
  const bool plus = digits.size() != number.size();
  for (std::string_view country : {"0098", "98"}) {
    if (country.size() == 2 && !plus && digits.size() != 12) continue;  // a bare 98… is a country code only before ten digits
    if (digits.starts_with(country) && digits.size() == country.size() + 10) return "0" + std::string(digits.substr(country.size()));
  }
  if (plus) return "00" + std::string(digits);
  if (digits.size() == 10 && !digits.starts_with('0')) return "0" + std::string(digits);
  if (digits.size() == 8 && !digits.starts_with('0') && !area_code.empty()) return (area_code.starts_with('0') ? "" : "0") + std::string(area_code) + std::string(digits);
  return std::string(digits);
}

}  // namespace pasokh::sip
