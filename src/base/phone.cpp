#include "base/phone.h"

#include <algorithm>

namespace pasokh::phone {

namespace {

constexpr std::size_t national_digits = 10;  // behind the 0: area code and number, or mobile
constexpr std::size_t local_digits = 8;
constexpr std::size_t longest_short = 5;     // 110, 118, 1590, 09602
constexpr std::string_view country = "98";

// The digit at the head of `text` in ASCII, Persian (U+06F0) or Arabic (U+0660) form; takes it away.
std::optional<char> take_digit(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first >= '0' && first <= '9') {
    text.remove_prefix(1);
    return static_cast<char>(first);
  }
  if (text.size() < 2) return std::nullopt;
  const auto second = static_cast<unsigned char>(text[1]);
  const int value = first == 0xDB ? second - 0xB0 : first == 0xD9 ? second - 0xA0 : -1;
  if (value < 0 || value > 9) return std::nullopt;
  text.remove_prefix(2);
  return static_cast<char>('0' + value);
}

bool take_separator(std::string_view& text) {
  // no-break space, LRM, RLM, ALM, embeddings, isolates, ZWNJ, hyphens: what people paste with a number
  for (std::string_view mark : {" ", "-", "(", ")", ".", "/", "\t", "\xC2\xA0", "\xE2\x80\x8C", "\xE2\x80\x8E", "\xE2\x80\x8F", "\xD8\x9C", "\xE2\x80\x90", "\xE2\x80\x91", "\xE2\x80\x93", "\xE2\x80\xAA",
                                "\xE2\x80\xAB", "\xE2\x80\xAC", "\xE2\x81\xA6", "\xE2\x81\xA7", "\xE2\x81\xA8", "\xE2\x81\xA9", "\xE2\x88\x92"}) {
    if (!text.starts_with(mark)) continue;
    text.remove_prefix(mark.size());
    return true;
  }
  return false;
}

bool is_digits(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == text.npos; }
bool is_national(std::string_view text) { return text.size() == national_digits + 1 && text[0] == '0' && text[1] != '0'; }

std::string area_digits(std::string_view area_code) {  // "21" out of "021", "21", "+9821"
  auto digits = dialled(area_code).value_or("");
  if (digits.starts_with("+98")) digits.erase(0, 3);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  return is_digits(digits) ? digits : std::string();
}

// Ten digits without the 0. 909… are premium numbers, dialled as they stand.
bool lacks_zero(std::string_view digits) { return digits.size() == national_digits && digits[0] != '0' && !digits.starts_with("909"); }

// Digits as dialled inside the country.
std::string inside_iran(std::string digits, const std::string& area) {
  if (is_emergency(digits) || is_national(digits)) return digits;
  const bool with_country = digits.size() == country.size() + national_digits && digits.starts_with(country) && digits[country.size()] != '0';
  if (with_country) return '0' + digits.substr(country.size());
  if (lacks_zero(digits)) return '0' + digits;
  for (const auto& before : {area, '0' + area, std::string(country) + area, std::string(country)}) {  // 21 0912…, 98 021…: put before a number that was whole
    if (area.empty() && before != country) continue;
    if (digits.starts_with(before) && is_national(std::string_view(digits).substr(before.size()))) return digits.substr(before.size());
  }
  const bool local = digits.size() == local_digits && digits[0] >= '2';
  return local && !area.empty() ? '0' + area + digits : digits;
}

}  // namespace

std::optional<std::string> dialled(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (take_separator(text)) continue;
    if (auto digit = take_digit(text)) { out += *digit; continue; }
    const char c = text.front();
    if (c != '*' && c != '#' && !(c == '+' && out.empty())) return std::nullopt;
    out += c;
    text.remove_prefix(1);
  }
  if (out.empty() || out == "+") return std::nullopt;
  return out;
}

std::string national_form(std::string_view number, std::string_view area_code) {
  const auto read = dialled(number);
  if (!read) return std::string(number);
  std::string digits = *read;
  if (digits.find_first_of("*#") != digits.npos) return digits;
  bool international = false;
  if (digits.starts_with('+')) international = true, digits.erase(0, 1);
  else if (digits.starts_with("00")) international = true, digits.erase(0, 2);
  const auto area = area_digits(area_code);
  if (!international) return inside_iran(std::move(digits), area);
  if (!digits.starts_with(country)) return "00" + digits;
  if (digits.starts_with("9800")) return "00" + digits;                // no number of Iran begins so
  digits.erase(0, country.size());
  if (digits.size() <= longest_short) return digits;                   // +98110: some gateways write it so
  return inside_iran(digits[0] == '0' ? digits : '0' + digits, area);  // +98 (0)21…: a frequent mistake
}

std::optional<std::string> e164(std::string_view number, std::string_view area_code) {
  const auto national = national_form(number, area_code);
  switch (kind_of(national)) {
    case Kind::mobile:
    case Kind::fixed: return '+' + std::string(country) + national.substr(1);
    case Kind::international: return '+' + national.substr(2);
    default: return std::nullopt;
  }
}

Kind kind_of(std::string_view national) {
  if (national.empty()) return Kind::none;
  if (national.find_first_not_of("0123456789*#") != national.npos) return Kind::none;
  if (national.find_first_of("*#") != national.npos) return Kind::service;
  if (is_emergency(national)) return Kind::emergency;
  if (national.starts_with("00")) return national.size() >= 2 + 7 && national.size() <= 2 + 15 ? Kind::international : Kind::other;
  if (national.size() <= longest_short) return Kind::short_number;
  if (national.size() == national_digits && national.starts_with("909")) return Kind::premium;
  if (!is_national(national)) return Kind::other;
  return national[1] == '9' ? Kind::mobile : Kind::fixed;
}

bool is_emergency(std::string_view number) { return number == "110" || number == "112" || number == "115" || number == "125"; }

std::string rewrite(std::string_view number, const std::vector<PrefixRule>& rules) {
  for (const auto& rule : rules) {
    std::string_view prefix = rule.prefix;
    if (prefix.starts_with('^')) prefix.remove_prefix(1);
    if (number.starts_with(prefix)) return rule.replacement + std::string(number.substr(prefix.size()));
  }
  return std::string(number);
}

}  // namespace pasokh::phone
