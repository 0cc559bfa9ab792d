#include "sip/message.h"

#include <cstring>

#include "sip/grammar.h"
#include "sip/header_names.h"

namespace pasokh::sip {

using namespace grammar;

namespace {

constexpr std::uint64_t cseq_limit = 0x7FFF'FFFF;  // RFC 3261 §8.1.1.5: less than 2^31

// The next byte that is a control character, eight at a time: the text of a message has few but its line ends.
const char* next_control(const char* at, const char* end) {
  constexpr std::uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
  while (at != end) {
    if (end - at >= 8) {
      std::uint64_t eight;
      std::memcpy(&eight, at, 8);
      const auto deleted = eight ^ (ones * 0x7F);
      const auto found = (((eight - ones * 0x20) & ~eight) | ((deleted - ones) & ~deleted)) & tops;  // may be too many, never too few
      if (found == 0) { at += 8; continue; }
    }
    for (const char* stop = end - at >= 8 ? at + 8 : end; at != stop; ++at)
      if (static_cast<unsigned char>(*at) < 0x20 || *at == 0x7F) return at;
  }
  return end;
}

// §25.1 quoted-pair: the one place where a control character may stand is behind a backslash between quotes.
bool controls_are_quoted(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto c = static_cast<unsigned char>(line[i]);
    if (quoted && c == '\\') { ++i; continue; }
    if (c == '"') quoted = !quoted;
    if ((c < 0x20 && c != '\t') || c == 0x7F) return false;
  }
  return true;
}

std::string_view without_brackets(std::string_view host) {
  return host.size() >= 2 && host.front() == '[' && host.back() == ']' ? host.substr(1, host.size() - 2) : host;
}

bool is_call_id(std::string_view text) {  // word ["@" word]
  const auto at = text.find('@');
  return some_and_all(text.substr(0, at), word) && (at == text.npos || some_and_all(text.substr(at + 1), word));
}

// One Via; `whole` ends behind the last good parameter. False: not even sent-by could be read, or (strict) something follows it.
bool scan_via(Cursor& cursor, Via& via, bool forgiving) {
  cursor.skip_blank();
  const auto from = cursor.position();
  if (!same(cursor.take(token), "SIP") || !cursor.skip_with_blanks('/')) return false;
  if (const auto version = cursor.take(token); version.empty() || (version != "2.0" && !forgiving)) return false;
  if (!cursor.skip_with_blanks('/')) return false;
  via.transport = cursor.take(token);
  const auto before_gap = cursor.position();
  cursor.skip_blank();
  if (via.transport.empty() || cursor.position() == before_gap || !scan_host_port(cursor, via.host, via.port, true)) return false;
  via.whole = cursor.since(from);
  bool values_fit = true;
  const bool fits = scan_params(cursor, [&](std::string_view name, std::string_view value) {
    if (same(name, "branch")) via.branch = value;
    else if (same(name, "received")) via.received = without_brackets(value);
    else if (same(name, "rport")) {
      via.rport = true;
      if (value.empty()) return;
      const auto port = number(value, 65'535);
      values_fit = values_fit && port;
      via.rport_value = static_cast<std::uint16_t>(port.value_or(0));
    }
    via.whole = cursor.since(from);
  });
  if (fits && values_fit) via.whole = trim(cursor.since(from));
  return forgiving || (fits && values_fit);
}

}  // namespace

// Reads a message in one pass over its head. Strict: the first fault ends it. Forgiving (for a refusal): what cannot be read is
// left out, of what is repeated the first stands.
class MessageParser {
 public:
  MessageParser(Message& message, const Limits& limits, bool forgiving)
      : message_(message), limits_(limits), forgiving_(forgiving), at_(message.bytes_->data()), end_(at_ + message.bytes_->size()) {}

  std::optional<ParseFault> run() {
    if (message_.bytes_->size() > limits_.message && !forgiving_) return ParseFault{513, "Message Too Large", false};
    while (end_ - at_ >= 2 && at_[0] == '\r' && at_[1] == '\n') at_ += 2;  // §7.5
    message_.headers_.reserve(24);
    message_.vias_.reserve(2);
    const bool good = start() && headers() && required() && body();
    if (good) return std::nullopt;
    return ParseFault{status_, std::string(reason_), false};
  }

 private:
  enum class Line : std::uint8_t { one, end_of_head, bad };

  bool fail(int status, std::string_view reason) {
    status_ = status;
    reason_ = reason;
    return false;
  }
  bool bad(std::string_view reason) { return fail(400, reason); }
  bool bad_unless_forgiving(std::string_view reason) { return forgiving_ || bad(reason); }

  // One logical line; folds become spaces in place (§7.3.1: a fold counts as one SP, and so do several SP).
  Line next_line(std::string_view& line) {
    const char* from = at_;
    bool controls = false;
    for (char* here = at_;;) {
      here += next_control(here, end_) - here;
      if (here == end_) { fail(400, "The Head Does Not End"); return Line::bad; }
      if (*here == '\r' && end_ - here >= 2 && here[1] == '\n') {
        if (here == from) { at_ = here + 2; return Line::end_of_head; }
        if (end_ - here >= 3 && is(here[2], blank)) {
          here[0] = here[1] = ' ';
          here += 3;
          continue;
        }
        line = {from, static_cast<std::size_t>(here - from)};
        at_ = here + 2;
        break;
      }
      if (*here == '\r' || *here == '\n') { fail(400, "Line End Without CRLF"); return Line::bad; }
      controls = controls || *here != '\t';
      ++here;
    }
    if (line.size() > limits_.line && !forgiving_) { fail(513, "Header Line Too Long"); return Line::bad; }
    if (controls && !controls_are_quoted(line)) {
      if (!forgiving_) { fail(400, "Control Character In The Head"); return Line::bad; }
      line = {};
    }
    return Line::one;
  }

  bool start() {
    std::string_view line;
    if (next_line(line) != Line::one) return reason_.empty() ? bad("No Start Line") : false;
    if (line.size() >= 4 && same(line.substr(0, 4), "SIP/")) return status_line(line);
    return request_line(line);
  }

  bool status_line(std::string_view line) {  // SIP/2.0 SP 3DIGIT SP reason
    is_response_ = true;
    const auto version_end = line.find(' ');
    if (version_end == line.npos) return bad("Malformed Status Line");
    if (!same(line.substr(0, version_end), "SIP/2.0")) return fail(505, "Version Not Supported");
    const auto rest = line.substr(version_end + 1);
    const auto status = number(rest.substr(0, 3), 699);
    if (!status || *status < 100 || rest.size() < 3) return bad("Malformed Status Code");
    if (rest.size() > 3 && rest[3] != ' ') return bad("Malformed Status Code");
    message_.status_ = static_cast<int>(*status);
    if (rest.size() > 4) message_.reason_ = rest.substr(4);  // DEPARTS: the SP before an empty reason may be missing
    return true;
  }

  bool request_line(std::string_view line) {  // Method SP Request-URI SP SIP-Version, single SP each
    const auto method_end = line.find(' ');
    message_.method_text_ = line.substr(0, method_end);
    if (!some_and_all(message_.method_text_, token)) {
      message_.method_text_ = {};
      return bad("Malformed Request Line");
    }
    message_.method_ = method_of(message_.method_text_);
    const auto uri_end = line.rfind(' ');
    if (method_end == line.npos || uri_end == method_end) return bad_unless_forgiving("Malformed Request Line");
    message_.request_uri_ = line.substr(method_end + 1, uri_end - method_end - 1);
    if (forgiving_) return true;
    return version(line.substr(uri_end + 1)) && target(message_.request_uri_);
  }

  bool version(std::string_view text) {
    if (same(text, "SIP/2.0")) return true;
    const auto dot = text.find('.');
    const bool sip = text.size() > 4 && same(text.substr(0, 4), "SIP/") && dot != text.npos && some_and_all(text.substr(4, dot - 4), digit) && some_and_all(text.substr(dot + 1), digit);
    return sip ? fail(505, "Version Not Supported") : bad("Malformed Request Line");
  }

  bool target(std::string_view text) {
    UriView uri;
    if (!scan_uri(text, uri)) return bad("Malformed Request-URI");
    if (!uri.headers.empty()) return bad("Headers In Request-URI");  // §19.1.1 table 1
    if (uri.kind == UriView::Kind::other) unsupported_scheme_ = true;  // owed only when all else is right
    return true;
  }

  bool headers() {
    std::size_t count = 0;
    while (true) {
      std::string_view line;
      switch (next_line(line)) {
        case Line::end_of_head: return true;
        case Line::bad: return forgiving_;
        case Line::one: break;
      }
      if (++count > limits_.headers) return forgiving_ || fail(513, "Too Many Header Fields");
      if (!header(line)) return false;
    }
  }

  bool header(std::string_view line) {  // token HCOLON value
    std::size_t name_end = 0;
    while (name_end < line.size() && is(line[name_end], token)) ++name_end;
    auto colon = name_end;
    while (colon < line.size() && is(line[colon], blank)) ++colon;
    if (name_end == 0 || colon == line.size() || line[colon] != ':') return bad_unless_forgiving("Malformed Header Field");
    const auto name = line.substr(0, name_end);
    const HeaderView header{field_of(name), name, trim(line.substr(colon + 1))};
    const bool fits = field(header.field, header.value);
    if (fits || forgiving_) {
      if (fits || is_echoed(header.field)) message_.headers_.push_back(header);
      return true;
    }
    return false;
  }

  static bool is_echoed(Field field) { return field == Field::from || field == Field::to || field == Field::call_id || field == Field::cseq; }

  // The fields without which nothing can be done. Others are judged by who needs them: §8.2 says to ignore what is malformed
  // and not necessary.
  bool field(Field field, std::string_view value) {
    switch (field) {
      case Field::via: return vias(value);
      case Field::from: return only(from_) && tagged(value, message_.from_tag_, "Malformed From");
      case Field::to: return only(to_) && tagged(value, message_.to_tag_, "Malformed To");
      case Field::call_id:
        if (!only(call_id_) || !is_call_id(value)) return bad("Malformed Or Repeated Call-ID");
        message_.call_id_ = value;
        return true;
      case Field::cseq: return only(cseq_) && cseq(value);
      case Field::max_forwards: return only(max_forwards_) && max_forwards(value);
      case Field::content_length: return only(content_length_) && content_length(value);
      case Field::contact: return value == "*" || addresses(value, "Malformed Contact");
      case Field::route: return addresses(value, "Malformed Route");
      case Field::record_route: return addresses(value, "Malformed Record-Route");
      default: return true;
    }
  }

  bool only(bool& seen) {
    if (seen) return bad("Repeated Header Field");
    seen = true;
    return true;
  }

  bool vias(std::string_view value) {
    Cursor cursor(value);
    do {
      Via via;
      if (!scan_via(cursor, via, forgiving_)) return bad("Malformed Via");
      message_.vias_.push_back(via);
    } while (cursor.skip(','));
    return true;
  }

  bool tagged(std::string_view value, std::string_view& tag, std::string_view fault) {
    Cursor cursor(value);
    AddressView address;
    if (!scan_address(cursor, address) || !cursor.at_end()) return bad(fault);
    bool token_only = true;
    Cursor params(address.params);
    scan_params(params, [&](std::string_view name, std::string_view text) {
      if (!same(name, "tag")) return;
      token_only = token_only && some_and_all(text, token) && tag.empty();
      tag = text;
    });
    return token_only || bad(fault);
  }

  bool addresses(std::string_view value, std::string_view fault) {
    Cursor cursor(value);
    do {
      AddressView address;
      if (!scan_address(cursor, address)) return bad(fault);
    } while (cursor.skip(','));
    return true;
  }

  bool cseq(std::string_view value) {
    Cursor cursor(value);
    const auto value_of = number(cursor.take(digit), cseq_limit);
    const auto gap = cursor.position();
    cursor.skip_blank();
    const auto method = cursor.take(token);
    if (!value_of || method.empty() || cursor.position() == gap + method.size() || !cursor.at_end()) return bad("Malformed CSeq");
    message_.cseq_ = static_cast<std::uint32_t>(*value_of);
    cseq_method_ = method;
    return true;
  }

  bool max_forwards(std::string_view value) {
    const auto hops = number(value, 255);  // §20.22
    if (!hops) return bad("Malformed Max-Forwards");
    message_.max_forwards_ = static_cast<int>(*hops);
    return true;
  }

  bool content_length(std::string_view value) {
    length_ = number(value, 0xFFFF'FFFF);
    return length_ ? true : bad("Malformed Content-Length");
  }

  bool required() {
    if (forgiving_) return answerable() || bad("Not Answerable");
    if (message_.vias_.empty()) return bad("Missing Via");
    if (!from_) return bad("Missing From");
    if (!to_) return bad("Missing To");
    if (!call_id_) return bad("Missing Call-ID");
    if (!cseq_) return bad("Missing CSeq");
    if (!is_response_) return cseq_method_ == message_.method_text_ ? true : bad("CSeq Method Does Not Fit");  // §8.1.1.5
    message_.method_text_ = cseq_method_;
    message_.method_ = method_of(cseq_method_);
    return true;
  }

  // A response can be owed to requests only, never to ACK (§17). Via and CSeq tell the peer which request it is for (§17.1.3);
  // of From, To and Call-ID a refusal carries what came (RFC 4475 §3.3.1: ideally, 400).
  bool answerable() const {
    const bool owed = !is_response_ && message_.method_ != Method::ack && !message_.method_text_.empty();
    return owed && !message_.vias_.empty() && !message_.first(Field::cseq).empty();
  }

  bool body() {
    if (forgiving_) return true;
    if (unsupported_scheme_) return fail(416, "Unsupported URI Scheme");
    const auto there = static_cast<std::size_t>(end_ - at_);
    if (length_ && *length_ > there) return bad("Content-Length Is More Than There Is");  // §18.3
    message_.body_ = {at_, length_ ? static_cast<std::size_t>(*length_) : there};
    return true;
  }

  Message& message_;
  const Limits& limits_;
  bool forgiving_;
  char* at_;
  char* end_;
  int status_ = 400;
  std::string_view reason_;
  bool is_response_ = false, unsupported_scheme_ = false;
  bool from_ = false, to_ = false, call_id_ = false, cseq_ = false, max_forwards_ = false, content_length_ = false;
  std::string_view cseq_method_;
  std::optional<std::uint64_t> length_;
};

Result<Message, ParseFault> Message::parse(std::string bytes, const Limits& limits) {
  Message message;
  message.bytes_ = std::make_unique<std::string>(std::move(bytes));
  auto fault = MessageParser(message, limits, false).run();
  if (!fault) return message;
  fault->answerable = parse_for_refusal(std::move(*message.bytes_)).has_value();
  return *std::move(fault);
}

std::optional<Message> Message::parse_for_refusal(std::string bytes) {
  Message message;
  const Limits limits;
  message.bytes_ = std::make_unique<std::string>(std::move(bytes));
  if (MessageParser(message, limits, true).run()) return std::nullopt;
  return message;
}

std::string_view Message::first(Field field) const {
  for (const auto& header : headers_)
    if (header.field == field) return header.value;
  return {};
}

bool Message::has(Field field) const {
  for (const auto& header : headers_)
    if (header.field == field) return true;
  return false;
}

std::vector<std::string_view> Message::all(Field field) const {
  std::vector<std::string_view> values;
  for (const auto& header : headers_)
    if (header.field == field) values.push_back(header.value);
  return values;
}

std::vector<std::string_view> Message::list(Field field) const {
  std::vector<std::string_view> items;
  for (const auto& header : headers_) {
    if (header.field != field) continue;
    auto some = split_list(header.value);
    items.insert(items.end(), some.begin(), some.end());
  }
  return items;
}

bool Message::lists(Field field, std::string_view wanted) const {
  for (const auto& header : headers_) {
    if (header.field != field) continue;
    for (auto item : split_list(header.value))
      if (same(trim(item.substr(0, item.find(';'))), wanted)) return true;
  }
  return false;
}

}  // namespace pasokh::sip
