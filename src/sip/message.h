// SIP messages: parse (strict, bounded, zero-copy into the message's own buffer) and build. RFC 3261 §7, §20, §25.
// A message that cannot be used is refused with the status owed; nothing else in the house reads raw SIP.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pasokh::sip {

enum class Method : std::uint8_t { invite, ack, bye, cancel, options, register_, prack, update, refer, notify, subscribe, info, message, publish, other };
std::string_view method_name(Method);

enum class Field : std::uint8_t {  // header fields with a meaning to us; compact forms map here too
  via, from, to, call_id, cseq, contact, max_forwards, route, record_route, content_type, content_length, authorization, proxy_authorization,
  www_authenticate, proxy_authenticate, authentication_info, expires, min_expires, supported, require, proxy_require, unsupported, allow, allow_events, event,
  subscription_state, refer_to, referred_by, replaces, rseq, rack, session_expires, min_se, p_asserted_identity, privacy, retry_after, user_agent, server,
  reason, warning, date, path, content_encoding, accept, diversion, other
};

struct HeaderView { Field field = Field::other; std::string_view name, value; };  // value: unfolded, trimmed

struct Uri {                        // sip:, sips:, tel:
  std::string scheme = "sip", user, password, host;   // host without brackets
  std::uint16_t port = 0;           // 0: none
  std::vector<std::pair<std::string, std::string>> params, headers;  // unescaped; a flag has ""
  std::optional<std::string> param(std::string_view name) const;     // case-insensitive name
};
Result<Uri> parse_uri(std::string_view);
std::string text(const Uri&);

struct NameAddr { std::string name; Uri uri; std::vector<std::pair<std::string, std::string>> params; std::optional<std::string> param(std::string_view) const; };
Result<NameAddr> parse_name_addr(std::string_view);
std::vector<std::string_view> split_list(std::string_view value);  // on commas outside quotes and <>

// host and received without brackets; whole: as it came, up to its last parameter
struct Via { std::string_view transport, host; std::uint16_t port = 0; std::string_view branch, received, whole; bool rport = false; std::uint16_t rport_value = 0; };

struct ParseFault { int status = 400; std::string reason; bool answerable = false; };  // answerable: a request, no ACK, whose Via and CSeq tell where to and for what

struct Limits { std::size_t message = 65'536, headers = 128, line = 8'192; };

class Message {
 public:
  static Result<Message, ParseFault> parse(std::string bytes, const Limits& = {});
  // best effort after a fault with answerable = true: what a refusal needs
  static std::optional<Message> parse_for_refusal(std::string bytes);

  Message(Message&&) noexcept = default;
  Message& operator=(Message&&) noexcept = default;

  bool is_request() const { return status_ == 0; }
  Method method() const { return method_; }          // of a response: from CSeq
  std::string_view method_text() const { return method_text_; }
  std::string_view request_uri() const { return request_uri_; }
  int status() const { return status_; }
  std::string_view reason() const { return reason_; }
  std::string_view body() const { return body_; }
  std::string_view bytes() const { return *bytes_; }

  const std::vector<HeaderView>& headers() const { return headers_; }
  std::string_view first(Field) const;               // "" when absent
  bool has(Field) const;
  std::vector<std::string_view> all(Field) const;    // one per header line
  std::vector<std::string_view> list(Field) const;   // comma lists split
  bool lists(Field, std::string_view token) const;   // token in a comma list, case-insensitive

  const std::vector<Via>& vias() const { return vias_; }
  std::string_view call_id() const { return call_id_; }
  std::string_view from_tag() const { return from_tag_; }
  std::string_view to_tag() const { return to_tag_; }
  std::uint32_t cseq() const { return cseq_; }
  int max_forwards() const { return max_forwards_; } // -1 when absent

 private:
  friend class MessageParser;
  Message() = default;
  std::unique_ptr<std::string> bytes_;               // views below point into it
  Method method_ = Method::other;
  int status_ = 0;
  std::string_view method_text_, request_uri_, reason_, body_, call_id_, from_tag_, to_tag_;
  std::uint32_t cseq_ = 0;
  int max_forwards_ = -1;
  std::vector<HeaderView> headers_;
  std::vector<Via> vias_;
};

// The session description in the body: all of it, or the first application/sdp part of a multipart body (RFC 5621 §3.1); else "".
std::string_view sdp_of(const Message&);

// Splits a TCP stream into messages by Content-Length (RFC 3261 §18.3); CRLF keep-alive (RFC 5626 §3.5.1) is told apart.
class StreamSplitter {
 public:
  enum class Kind : std::uint8_t { nothing, message, ping, broken };  // broken: close the connection
  void feed(std::string_view bytes);
  Kind next(std::string& message);
 private:
  Kind ping_or_blank_lines();
  bool find_end();                                   // false: broken
  std::string buffer_;
  std::size_t begin_ = 0;                            // of the message in the making
  std::size_t scanned_ = 0, line_ = 0;               // how far its head is read; where the line begins
  std::size_t end_ = 0;                              // 0 until its head is whole
  bool broken_ = false;
};

// Writes a message: start line, then headers in the order given, then the body with its Content-Length.
class MessageBuilder {
 public:
  MessageBuilder& request(std::string_view method, std::string_view uri);
  MessageBuilder& response(int status, std::string_view reason);  // reason "" = the standard phrase
  MessageBuilder& header(std::string_view name, std::string_view value);
  // for a response: Via (with received/rport filled from `source`), From, To (+ tag), Call-ID, CSeq, Record-Route when asked
  MessageBuilder& answer_to(const Message& request, std::string_view to_tag, std::string_view source_ip, std::uint16_t source_port, bool record_route);
  std::string finish(std::string_view content_type = {}, std::string_view body = {});
 private:
  int status_ = 0;
  std::string out_;
};
std::string_view standard_reason(int status);

}  // namespace pasokh::sip
