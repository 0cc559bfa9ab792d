// The SDP of a message, alone or as a part of a multipart body: carriers' gateways send it beside ISUP (RFC 3372, RFC 5621 §3.1).
#include "sip/grammar.h"
#include "sip/message.h"

namespace pasokh::sip {

using namespace grammar;

namespace {

constexpr int most_parts = 16;
constexpr std::size_t longest_boundary = 70;  // RFC 2046 §5.1.1

struct MediaType { std::string_view type, subtype, boundary; };  // boundary without quotes; "" when there is none

MediaType read_type(std::string_view value) {
  MediaType found;
  Cursor cursor(value);
  cursor.skip_blank();
  const auto type = cursor.take(token);
  if (type.empty() || !cursor.skip_with_blanks('/')) return found;
  const auto subtype = cursor.take(token);
  const bool fits = scan_params(cursor, [&found](std::string_view name, std::string_view text) {
    if (!same(name, "boundary")) return;
    found.boundary = text.size() >= 2 && text.front() == '"' ? text.substr(1, text.size() - 2) : text;
  });
  if (!fits || found.boundary.size() > longest_boundary) return {};
  found.type = type;
  found.subtype = subtype;
  return found;
}

bool is_sdp(const MediaType& type) { return same(type.type, "application") && same(type.subtype, "sdp"); }

// The body of a part when its own Content-Type says SDP.
std::optional<std::string_view> sdp_in(std::string_view part) {
  bool says_sdp = false;
  while (!part.empty()) {
    const auto end = part.find("\r\n");
    const auto line = part.substr(0, end);
    part.remove_prefix(end == part.npos ? part.size() : end + 2);
    if (line.empty()) return says_sdp ? std::optional(part) : std::nullopt;
    const auto colon = line.find(':');
    if (colon != line.npos && same(trim(line.substr(0, colon)), "Content-Type")) says_sdp = is_sdp(read_type(trim(line.substr(colon + 1))));
  }
  return std::nullopt;
}

std::string_view sdp_among(std::string_view body, std::string_view boundary) {
  std::string delimiter = "\r\n--";
  delimiter += boundary;
  auto at = body.starts_with(std::string_view(delimiter).substr(2)) ? delimiter.size() - 2 : body.npos;
  if (at == body.npos) {  // a preamble, which nobody reads
    at = body.find(delimiter);
    if (at == body.npos) return {};
    at += delimiter.size();
  }
  for (int parts = 0; parts < most_parts; ++parts) {
    const auto line_end = body.find("\r\n", at);  // behind the delimiter: blanks, or "--" at the end of all
    if (line_end == body.npos || body.substr(at).starts_with("--")) return {};
    const auto from = line_end + 2;
    const auto end = body.find(delimiter, line_end);
    if (end == body.npos) return {};
    if (const auto sdp = sdp_in(body.substr(from, end < from ? 0 : end - from))) return *sdp;
    at = end + delimiter.size();
  }
  return {};
}

}  // namespace

std::string_view sdp_of(const Message& message) {
  const auto body = message.body();
  const auto value = message.first(Field::content_type);
  if (value.empty()) return body.starts_with("v=0") ? body : std::string_view();  // DEPARTS from §20.15: some leave it out
  const auto type = read_type(value);
  if (is_sdp(type)) return body;
  return same(type.type, "multipart") && !type.boundary.empty() ? sdp_among(body, type.boundary) : std::string_view();
}

}  // namespace pasokh::sip
