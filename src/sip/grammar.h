// The letters and small words of RFC 3261 §25.1, for the codec's own files. Views only, nothing here allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pasokh::sip::grammar {

enum Letters : std::uint16_t {
  alpha = 1 << 0,
  digit = 1 << 1,
  hex = 1 << 2,
  token = 1 << 3,
  word = 1 << 4,        // Call-ID
  user = 1 << 5,        // unreserved and user-unreserved; '%' is looked at apart
  password = 1 << 6,
  uri_param = 1 << 7,   // paramchar
  uri_header = 1 << 8,  // hnv-unreserved
  host_name = 1 << 9,
  uric = 1 << 10,       // any absolute URI
  phone = 1 << 11,      // RFC 3966 phonedigit-hex with visual separators
  param_value = 1 << 12,  // token or host (gen-value without its quoted form)
  name_text = 1 << 13,  // unquoted display name
  blank = 1 << 14,      // SP, HT
};

constexpr std::array<std::uint16_t, 256> make_letters() {
  std::array<std::uint16_t, 256> table{};
  auto add = [&table](std::string_view characters, unsigned set) {
    for (char c : characters) table[static_cast<unsigned char>(c)] = static_cast<std::uint16_t>(table[static_cast<unsigned char>(c)] | set);
  };
  constexpr unsigned everywhere = token | word | user | password | uri_param | uri_header | uric | param_value | name_text;
  add("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", alpha | host_name | everywhere);
  add("0123456789", digit | hex | host_name | phone | everywhere);
  add("ABCDEFabcdef", hex | phone);
  add("-_.!~*'()", user | password | uri_param | uri_header | uric);  // mark
  add("-.!%*_+`'~", token | word | param_value | name_text);
  add("()<>:\\\"/[]?{}", word);
  add("&=+$,;?/", user);
  add("&=+$,", password);
  add("[]/:&+$", uri_param);
  add("[]/?:+$", uri_header);
  add("-._", host_name);  // DEPARTS from §25.1: an underscore, as many a private network has in its names
  add(";/?:@&=+$,", uric);
  add("-.()*#+", phone);
  add("[]:", param_value);
  add(" \t", blank | name_text);
  for (int c = 0x80; c < 0x100; ++c) table[static_cast<std::size_t>(c)] |= name_text;  // DEPARTS: UTF-8 without quotes
  return table;
}
inline constexpr auto letters = make_letters();

constexpr bool is(char c, unsigned set) { return (letters[static_cast<unsigned char>(c)] & set) != 0; }
constexpr bool all(std::string_view text, unsigned set) {
  for (char c : text)
    if (!is(c, set)) return false;
  return true;
}
constexpr bool some_and_all(std::string_view text, unsigned set) { return !text.empty() && all(text, set); }

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool same(std::string_view a, std::string_view b) {  // ignoring case
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is(text.front(), blank)) text.remove_prefix(1);
  while (!text.empty() && is(text.back(), blank)) text.remove_suffix(1);
  return text;
}

// 1*DIGIT not above `most`; any number of leading zeros.
constexpr std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
    if (value > most) return std::nullopt;  // most is far below 2^60: no overflow on the way
  }
  return value;
}

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  bool at_end() const { return position_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[position_]; }
  std::size_t position() const { return position_; }
  void to(std::size_t position) { position_ = position; }
  void skip_blank() { while (!at_end() && is(text_[position_], blank)) ++position_; }
  bool skip(char c) {
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  bool skip_with_blanks(char c) {  // SLASH, SEMI, EQUAL, COLON: LWS may stand on both sides
    const auto before = position_;
    skip_blank();
    if (!skip(c)) { position_ = before; return false; }
    skip_blank();
    return true;
  }
  std::string_view take(unsigned set) {
    const auto from = position_;
    while (!at_end() && is(text_[position_], set)) ++position_;
    return text_.substr(from, position_ - from);
  }
  std::string_view take_until(char c) {  // everything when there is none
    const auto found = text_.find(c, position_);
    const auto from = position_;
    position_ = found == text_.npos ? text_.size() : found;
    return text_.substr(from, position_ - from);
  }
  // with its quotes; nothing when it does not end
  std::optional<std::string_view> take_quoted() {
    if (peek() != '"') return std::nullopt;
    for (auto i = position_ + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\') ++i;
      else if (text_[i] == '"') {
        auto quoted = text_.substr(position_, i + 1 - position_);
        position_ = i + 1;
        return quoted;
      }
    }
    return std::nullopt;
  }
  std::string_view since(std::size_t from) const { return text_.substr(from, position_ - from); }
  std::string_view rest() const { return text_.substr(position_); }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

// *(SEMI generic-param), up to a comma or the end; false when it is neither. on_param(name, value): value with its quotes.
template <class OnParam>
bool scan_params(Cursor& cursor, OnParam on_param) {
  while (cursor.skip_with_blanks(';')) {
    const auto name = cursor.take(token);
    if (name.empty()) return false;
    std::string_view value;
    if (cursor.skip_with_blanks('=')) {
      if (cursor.peek() == '"') {
        auto quoted = cursor.take_quoted();
        if (!quoted) return false;
        value = *quoted;
      } else {
        value = cursor.take(param_value);
        if (value.empty()) return false;
      }
    }
    on_param(name, value);
  }
  cursor.skip_blank();
  return cursor.at_end() || cursor.peek() == ',';
}

struct UriView {
  enum class Kind : std::uint8_t { sip, tel, other };
  Kind kind = Kind::other;
  std::string_view scheme, user, password, host;  // still escaped; host without brackets
  std::uint16_t port = 0;
  std::string_view params, headers;               // without the first ';' and '?'
};
bool scan_uri(std::string_view text, UriView& uri);
bool scan_host_port(Cursor& cursor, std::string_view& host, std::uint16_t& port, bool blanks_before_port);
bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);  // without brackets

// One element of From, To, Contact, Route … up to a comma or the end.
struct AddressView { std::string_view name, uri_text, params; UriView uri; };  // name: raw, with its quotes; params: with the first ';'
bool scan_address(Cursor& cursor, AddressView& address);

}  // namespace pasokh::sip::grammar
