// URIs and addresses of header fields: RFC 3261 §19.1, §20.10, §25.1; RFC 3966 for tel.
#include <arpa/inet.h>

#include <cstring>

#include "sip/grammar.h"
#include "sip/message.h"

namespace pasokh::sip {

namespace grammar {

namespace {

// 2001:db8:::192.0.2.1: what the grammar of RFC 3261 allowed by a mistake and RFC 5118 §4.10 tells us to bear.
constexpr std::string_view three_colons = ":::";

template <int family, std::size_t longest>
bool converts(std::string_view text) {
  if (text.empty() || text.size() > longest) return false;
  char terminated[longest + 1];
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  unsigned char address[16];
  return std::strlen(terminated) == text.size() && inet_pton(family, terminated, address) == 1;
}

bool escapes_fit(std::string_view text, unsigned set) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is(text[i], set)) continue;
    if (text[i] != '%' || i + 2 >= text.size() || !is(text[i + 1], hex) || !is(text[i + 2], hex)) return false;
    i += 2;
  }
  return true;
}

// ;name[=value]…, already without the first ';'
bool uri_params_fit(std::string_view params) {
  while (true) {
    const auto end = params.find(';');
    const auto one = params.substr(0, end);
    const auto equal = one.find('=');
    if (equal == 0 || one.empty() || !escapes_fit(one.substr(0, equal), uri_param)) return false;
    if (equal != one.npos && (equal + 1 == one.size() || !escapes_fit(one.substr(equal + 1), uri_param))) return false;
    if (end == params.npos) return true;
    params.remove_prefix(end + 1);
  }
}

bool uri_headers_fit(std::string_view headers) {
  while (true) {
    const auto end = headers.find('&');
    const auto one = headers.substr(0, end);
    const auto equal = one.find('=');
    if (equal == one.npos || equal == 0 || !escapes_fit(one.substr(0, equal), uri_header) || !escapes_fit(one.substr(equal + 1), uri_header)) return false;
    if (end == headers.npos) return true;
    headers.remove_prefix(end + 1);
  }
}

bool scan_sip_uri(std::string_view rest, UriView& uri) {
  if (const auto at = rest.find('@'); at != rest.npos) {  // ';' and '?' may stand in the user part; '@' nowhere else
    auto user_info = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    const auto colon = user_info.find(':');
    uri.user = user_info.substr(0, colon);
    if (colon != user_info.npos) uri.password = user_info.substr(colon + 1);
    if (uri.user.empty() || !escapes_fit(uri.user, user) || !escapes_fit(uri.password, password)) return false;
  }
  if (const auto question = rest.find('?'); question != rest.npos) {
    uri.headers = rest.substr(question + 1);
    rest = rest.substr(0, question);
    if (!uri_headers_fit(uri.headers)) return false;
  }
  if (const auto semicolon = rest.find(';'); semicolon != rest.npos) {
    uri.params = rest.substr(semicolon + 1);
    rest = rest.substr(0, semicolon);
    if (!uri_params_fit(uri.params)) return false;
  }
  Cursor cursor(rest);
  return scan_host_port(cursor, uri.host, uri.port, false) && cursor.at_end();
}

bool scan_tel_uri(std::string_view rest, UriView& uri) {
  const auto semicolon = rest.find(';');
  uri.user = rest.substr(0, semicolon);
  if (semicolon != rest.npos) {
    uri.params = rest.substr(semicolon + 1);
    if (!uri_params_fit(uri.params)) return false;
  }
  return some_and_all(uri.user, phone) && uri.user.find('+', 1) == uri.user.npos;
}

}  // namespace

bool is_ipv4(std::string_view text) { return converts<AF_INET, 15>(text); }

bool is_ipv6(std::string_view text) {
  if (converts<AF_INET6, 45>(text)) return true;
  const auto colons = text.find(three_colons);
  return colons != text.npos && is_ipv4(text.substr(colons + 3)) && converts<AF_INET6, 45>(std::string(text).erase(colons, 1));
}

bool scan_host_port(Cursor& cursor, std::string_view& host, std::uint16_t& port, bool blanks_before_port) {
  if (cursor.skip('[')) {
    host = cursor.take_until(']');
    if (!cursor.skip(']') || !is_ipv6(host)) return false;
  } else {
    host = cursor.take(host_name);
    if (host.empty() || host.size() > 255 || !is(host.front(), alpha | digit)) return false;
  }
  const auto before = cursor.position();
  if (blanks_before_port) cursor.skip_blank();
  if (!cursor.skip(':')) { cursor.to(before); return true; }
  if (blanks_before_port) cursor.skip_blank();
  const auto value = number(cursor.take(digit), 65'535);
  if (!value || *value == 0) return false;
  port = static_cast<std::uint16_t>(*value);
  return true;
}

bool scan_uri(std::string_view text, UriView& uri) {
  const auto colon = text.find(':');
  if (colon == text.npos || colon == 0) return false;
  uri.scheme = text.substr(0, colon);
  const auto rest = text.substr(colon + 1);
  if (same(uri.scheme, "sip") || same(uri.scheme, "sips")) {
    uri.kind = UriView::Kind::sip;
    return scan_sip_uri(rest, uri);
  }
  if (same(uri.scheme, "tel")) {
    uri.kind = UriView::Kind::tel;
    return scan_tel_uri(rest, uri);
  }
  uri.kind = UriView::Kind::other;
  for (char c : uri.scheme)
    if (!is(c, alpha | digit) && c != '+' && c != '-' && c != '.') return false;
  return is(uri.scheme.front(), alpha) && !rest.empty() && escapes_fit(rest, uric);
}

bool scan_address(Cursor& cursor, AddressView& address) {
  cursor.skip_blank();
  const auto from = cursor.position();
  bool bracketed = true;
  if (cursor.peek() == '"') {
    auto quoted = cursor.take_quoted();
    if (!quoted) return false;
    address.name = *quoted;
    cursor.skip_blank();
  } else if (cursor.peek() != '<') {
    address.name = trim(cursor.take(name_text));
    if (cursor.peek() == ':') {  // addr-spec: what looked like a name was the scheme
      cursor.to(from);
      address.name = {};
      bracketed = false;
    }
  }
  if (bracketed) {
    if (!cursor.skip('<')) return false;
    address.uri_text = cursor.take_until('>');
    if (!cursor.skip('>')) return false;
  } else {  // §20.10: a comma, question mark or semicolon belongs to the header, not to the URI
    const auto start = cursor.position();
    while (!cursor.at_end() && cursor.peek() != ',' && cursor.peek() != ';' && cursor.peek() != '?' && !is(cursor.peek(), blank)) cursor.to(cursor.position() + 1);
    address.uri_text = cursor.since(start);
  }
  if (!scan_uri(address.uri_text, address.uri)) return false;
  const auto params_from = cursor.position();
  if (!scan_params(cursor, [](std::string_view, std::string_view) {})) return false;
  address.params = cursor.since(params_from);
  return true;
}

}  // namespace grammar

namespace {

using namespace grammar;

std::string unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  auto value_of = [](char c) { return c <= '9' ? c - '0' : lower(c) - 'a' + 10; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && is(text[i + 1], hex) && is(text[i + 2], hex)) {
      out += static_cast<char>(value_of(text[i + 1]) * 16 + value_of(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

void append_escaped(std::string& out, std::string_view text, unsigned set) {
  constexpr char digits[] = "0123456789ABCDEF";
  for (char c : text) {
    if (is(c, set)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs split_pairs(std::string_view text, char separator) {
  Pairs pairs;
  while (!text.empty()) {
    const auto end = text.find(separator);
    const auto one = text.substr(0, end);
    const auto equal = one.find('=');
    pairs.emplace_back(unescape(one.substr(0, equal)), equal == one.npos ? std::string() : unescape(one.substr(equal + 1)));
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  return pairs;
}

std::optional<std::string> find_param(const Pairs& params, std::string_view name) {
  for (const auto& [key, value] : params)
    if (same(key, name)) return value;
  return std::nullopt;
}

std::string unquote(std::string_view text) {
  if (text.size() < 2 || text.front() != '"') return std::string(text);
  text = text.substr(1, text.size() - 2);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

std::size_t utf8_length(std::string_view text) {  // of the first character; 0 when it is none (RFC 3629)
  const auto at = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = at(0);
  const std::size_t length = first < 0x80 ? 1 : first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xF0 && first < 0xF5 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xC0) != 0x80) return 0;
  if (first == 0xE0 && at(1) < 0xA0) return 0;
  if (first == 0xED && at(1) > 0x9F) return 0;
  if (first == 0xF0 && at(1) < 0x90) return 0;
  if (first == 0xF4 && at(1) > 0x8F) return 0;
  return length;
}

// A name is shown to people and kept: control characters go, what is no UTF-8 becomes U+FFFD.
std::string presentable(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  while (!name.empty()) {
    const auto length = utf8_length(name);
    const auto first = static_cast<unsigned char>(name.front());
    if (length == 0) out += "\xEF\xBF\xBD";
    else if (first >= 0x20 && first != 0x7F) out += name.substr(0, length);
    name.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

Uri uri_from(const UriView& view) {
  Uri uri;
  uri.scheme.clear();
  for (char c : view.scheme) uri.scheme += lower(c);
  uri.user = unescape(view.user);
  uri.password = unescape(view.password);
  uri.host = view.host;
  if (const auto colons = uri.host.find(":::"); colons != uri.host.npos) uri.host.erase(colons, 1);  // RFC 5118 §4.10
  uri.port = view.port;
  uri.params = split_pairs(view.params, ';');
  uri.headers = split_pairs(view.headers, '&');
  return uri;
}

Result<Uri> usable(const UriView& view) {
  if (view.kind == UriView::Kind::other) return trouble("uri-scheme", "the URI is neither sip, sips nor tel");
  return uri_from(view);
}

}  // namespace

std::optional<std::string> Uri::param(std::string_view name) const { return find_param(params, name); }
std::optional<std::string> NameAddr::param(std::string_view wanted) const { return find_param(params, wanted); }

Result<Uri> parse_uri(std::string_view whole) {
  UriView view;
  if (!scan_uri(whole, view)) return trouble("uri-malformed", "this is not a URI");
  return usable(view);
}

std::string text(const Uri& uri) {
  std::string out = uri.scheme + ':';
  if (uri.scheme == "tel") {
    append_escaped(out, uri.user, phone);
  } else {
    if (!uri.user.empty()) {
      append_escaped(out, uri.user, user);
      if (!uri.password.empty()) {
        out += ':';
        append_escaped(out, uri.password, password);
      }
      out += '@';
    }
    const bool bracketed = uri.host.find(':') != uri.host.npos;
    if (bracketed) out += '[';
    for (char c : uri.host)
      if (is(c, host_name) || c == ':') out += c;
    if (bracketed) out += ']';
    if (uri.port != 0) out += ':' + std::to_string(uri.port);
  }
  for (const auto& [name, value] : uri.params) {
    out += ';';
    append_escaped(out, name, uri_param);
    if (value.empty()) continue;
    out += '=';
    append_escaped(out, value, uri_param);
  }
  char separator = '?';
  for (const auto& [name, value] : uri.headers) {
    out += separator;
    separator = '&';
    append_escaped(out, name, uri_header);
    out += '=';
    append_escaped(out, value, uri_header);
  }
  return out;
}

Result<NameAddr> parse_name_addr(std::string_view whole) {
  Cursor cursor(whole);
  AddressView view;
  if (!scan_address(cursor, view) || !cursor.at_end()) return trouble("address-malformed", "this is not an address of a header field");
  TRY(uri, usable(view.uri));
  NameAddr address{presentable(unquote(view.name)), std::move(uri), {}};
  Cursor params(view.params);
  scan_params(params, [&address](std::string_view name, std::string_view value) { address.params.emplace_back(std::string(name), unquote(value)); });
  return address;
}

std::vector<std::string_view> split_list(std::string_view value) {
  std::vector<std::string_view> items;
  std::size_t from = 0;
  bool quoted = false, bracketed = false;
  auto add = [&](std::size_t end) {
    if (auto item = trim(value.substr(from, end - from)); !item.empty()) items.push_back(item);
    from = end + 1;
  };
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (quoted && c == '\\') ++i;
    else if (c == '"') quoted = !quoted;
    else if (quoted) continue;
    else if (c == '<') bracketed = true;
    else if (c == '>') bracketed = false;
    else if (c == ',' && !bracketed) add(i);
  }
  if (from <= value.size()) add(value.size());
  return items;
}

}  // namespace pasokh::sip
