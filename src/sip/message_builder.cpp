#include "sip/grammar.h"
#include "sip/message.h"

namespace pasokh::sip {

using namespace grammar;

namespace {

constexpr bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }

// What is written by us must not end its line: a name from a caller, a URI from a Contact, a reason from a setting.
void append_text(std::string& out, std::string_view text) {
  for (char c : text) out += is_control(c) ? ' ' : c;
}

void append_unbroken(std::string& out, std::string_view text) {  // a part of the start line: no blanks either
  for (char c : text)
    if (!is_control(c) && !is(c, blank)) out += c;
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  for (char c : name)
    if (is(c, token)) out += c;
  out += ": ";
  append_text(out, value);
  out += "\r\n";
}

// RFC 3261 §18.2.1 and RFC 3581 §4: where it really came from. What the peer wrote as received or rport is not repeated.
std::string seen_via(const Via& via, std::string_view source_ip, std::uint16_t source_port) {
  std::string out;
  Cursor cursor(via.whole);
  cursor.take_until(';');
  out += trim(cursor.since(0));
  while (true) {
    const auto from = cursor.position();
    if (!cursor.skip_with_blanks(';')) break;
    const auto name = cursor.take(token);
    if (cursor.skip_with_blanks('=')) {
      if (!cursor.take_quoted()) cursor.take(param_value);
    }
    if (cursor.position() == from) break;
    if (!same(name, "received") && !same(name, "rport")) out += trim(cursor.since(from));
  }
  if (via.rport || via.host != source_ip) out.append(";received=").append(source_ip);  // IPv6 without brackets (RFC 3261 §25.1, RFC 5118 §4.5)
  if (via.rport) out += ";rport=" + std::to_string(source_port);
  return out;
}

}  // namespace

MessageBuilder& MessageBuilder::request(std::string_view method, std::string_view uri) {
  out_.reserve(1'024);
  append_unbroken(out_, method);
  out_ += ' ';
  append_unbroken(out_, uri);
  out_ += " SIP/2.0\r\n";
  return *this;
}

MessageBuilder& MessageBuilder::response(int status, std::string_view reason) {
  status_ = status;
  out_.reserve(1'024);
  out_ += "SIP/2.0 ";
  out_ += std::to_string(status);
  out_ += ' ';
  append_text(out_, reason.empty() ? standard_reason(status) : reason);
  out_ += "\r\n";
  return *this;
}

MessageBuilder& MessageBuilder::header(std::string_view name, std::string_view value) {
  append_line(out_, name, value);
  return *this;
}

MessageBuilder& MessageBuilder::answer_to(const Message& request, std::string_view to_tag, std::string_view source_ip, std::uint16_t source_port, bool record_route) {
  const auto& vias = request.vias();
  for (std::size_t i = 0; i < vias.size(); ++i) {
    if (i == 0) append_line(out_, "Via", seen_via(vias[i], source_ip, source_port));
    else append_line(out_, "Via", vias[i].whole);
  }
  if (record_route)
    for (auto route : request.all(Field::record_route)) append_line(out_, "Record-Route", route);
  auto copy = [&](std::string_view name, Field field, std::string_view more = {}) {  // a refusal may be to a request without it
    if (request.has(field)) append_line(out_, name, std::string(request.first(field)).append(more));
  };
  std::string tag;
  if (status_ > 100 && request.to_tag().empty() && !to_tag.empty()) tag.append(";tag=").append(to_tag);
  copy("From", Field::from);
  copy("To", Field::to, tag);
  copy("Call-ID", Field::call_id);
  copy("CSeq", Field::cseq);
  if (status_ == 100) {  // §8.2.6.1
    for (const auto& header : request.headers())
      if (same(header.name, "Timestamp")) append_line(out_, "Timestamp", header.value);
  }
  return *this;
}

std::string MessageBuilder::finish(std::string_view content_type, std::string_view body) {
  if (!body.empty()) append_line(out_, "Content-Type", content_type);
  append_line(out_, "Content-Length", std::to_string(body.size()));
  out_ += "\r\n";
  out_ += body;
  return std::move(out_);
}

std::string_view standard_reason(int status) {
  switch (status) {
    case 100: return "Trying";
    case 180: return "Ringing";
    case 181: return "Call Is Being Forwarded";
    case 182: return "Queued";
    case 183: return "Session Progress";
    case 199: return "Early Dialog Terminated";
    case 200: return "OK";
    case 202: return "Accepted";
    case 204: return "No Notification";
    case 300: return "Multiple Choices";
    case 301: return "Moved Permanently";
    case 302: return "Moved Temporarily";
    case 305: return "Use Proxy";
    case 380: return "Alternative Service";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 410: return "Gone";
    case 412: return "Conditional Request Failed";
    case 413: return "Request Entity Too Large";
    case 414: return "Request-URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Unsupported URI Scheme";
    case 420: return "Bad Extension";
    case 421: return "Extension Required";
    case 422: return "Session Interval Too Small";
    case 423: return "Interval Too Brief";
    case 428: return "Use Identity Header";
    case 429: return "Provide Referrer Identity";
    case 430: return "Flow Failed";
    case 433: return "Anonymity Disallowed";
    case 439: return "First Hop Lacks Outbound Support";
    case 440: return "Max-Breadth Exceeded";
    case 469: return "Bad Info Package";
    case 480: return "Temporarily Unavailable";
    case 481: return "Call/Transaction Does Not Exist";
    case 482: return "Loop Detected";
    case 483: return "Too Many Hops";
    case 484: return "Address Incomplete";
    case 485: return "Ambiguous";
    case 486: return "Busy Here";
    case 487: return "Request Terminated";
    case 488: return "Not Acceptable Here";
    case 489: return "Bad Event";
    case 491: return "Request Pending";
    case 493: return "Undecipherable";
    case 494: return "Security Agreement Required";
    case 500: return "Server Internal Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Server Time-out";
    case 505: return "Version Not Supported";
    case 513: return "Message Too Large";
    case 580: return "Precondition Failure";
    case 600: return "Busy Everywhere";
    case 603: return "Decline";
    case 604: return "Does Not Exist Anywhere";
    case 606: return "Not Acceptable";
    case 607: return "Unwanted";
    case 608: return "Rejected";
    default: break;
  }
  switch (status / 100) {  // §7.2: read by its class
    case 1: return "Progress";
    case 2: return "Success";
    case 3: return "Redirection";
    case 4: return "Request Failure";
    case 5: return "Server Failure";
    default: return "Global Failure";
  }
}

}  // namespace pasokh::sip
