#include "api/http.h"

#include <algorithm>

namespace pasokh::api {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool decode(std::string_view text, bool plus_is_space, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_space) c = ' ';
    if (c == '%') {
      const int high = i + 3 <= text.size() ? digit(text[i + 1]) : -1, low = i + 3 <= text.size() ? digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return false;
    out += c;
  }
  return true;
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  return decode(text, false, out) ? out : std::string();
}

bool split_query(std::string_view query, std::map<std::string, std::string>& into) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    std::string name, value;
    if (!decode(pair.substr(0, equals), true, name) || !decode(pair.substr(std::min(equals + 1, pair.size())), true, value)) return false;
    if (!name.empty() && !into.emplace(std::move(name), std::move(value)).second) return false;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return true;
}

std::string_view session_cookie(bool secure) { return secure ? "__Host-pasokh_session" : "pasokh_session"; }

bool same_origin(const Request& request) {
  const auto origin = request.header("origin"), host = request.header("host");
  const auto scheme = origin.find("://");
  return scheme != origin.npos && origin.substr(0, scheme) == (request.secure ? "https" : "http") && origin.substr(scheme + 3) == host;
}

std::string cookie(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const auto end = std::min(header.find(';'), header.size());
    auto pair = header.substr(0, end);
    while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
    if (pair.size() > name.size() && pair.substr(0, name.size()) == name && pair[name.size()] == '=') return std::string(pair.substr(name.size() + 1));
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return {};
}

}  // namespace pasokh::api
