#include <algorithm>
#include <string>

#include "expect.h"
#include "sip/message.h"

using namespace pasokh::sip;

namespace {

// Whatever came in, each line that we write is a header of ours.
void expect_our_lines_only(std::string_view response) {
  constexpr std::string_view ours[] = {"SIP/2.0 ", "Via: ", "From: ", "To: ", "Call-ID: ", "CSeq: ", "Record-Route: ", "Timestamp: ", "Content-Length: 0"};
  while (response != "\r\n") {
    const auto end = response.find("\r\n");
    expect(end != response.npos, "the response ends with an empty line");
    const auto line = response.substr(0, end);
    expect(std::any_of(std::begin(ours), std::end(ours), [&](auto start) { return line.starts_with(start); }), "a line of ours");
    expect(line.find_first_of(std::string_view("\r\n\0", 3)) == line.npos, "no line end within a line");
    response.remove_prefix(end + 2);
  }
}

std::string answer(const Message& request) { return MessageBuilder().response(180, "").answer_to(request, "ours", "2001:db8::1", 5060, true).finish(); }

void look_at(const Message& message) {
  for (const auto& header : message.headers()) {
    expect(header.value.find_first_of("\r\n") == header.value.npos, "values are unfolded");
    (void)split_list(header.value);
  }
  for (auto field : {Field::contact, Field::route, Field::from, Field::to})
    for (auto value : message.list(field))
      if (auto address = parse_name_addr(value)) (void)text(address->uri);
  (void)message.lists(Field::supported, "timer");
  const auto sdp = sdp_of(message), body = message.body();
  expect(sdp.empty() || (sdp.data() >= body.data() && sdp.data() + sdp.size() <= body.data() + body.size()), "the SDP lies in the body");
}

// The same message written by us says the same.
void expect_round_trip(const Message& message) {
  MessageBuilder builder;
  if (message.is_request()) builder.request(message.method_text(), message.request_uri());
  else builder.response(message.status(), message.reason());
  for (const auto& header : message.headers())
    if (header.field != Field::content_length && header.field != Field::content_type) builder.header(header.name, header.value);
  const auto body = message.body();
  auto again = Message::parse(builder.finish("application/x", body), {200'000, 200, 20'000});
  const bool quoted_controls = message.bytes().find_first_of(std::string_view("\0\1\2\3\4\5\6\7\b\v\f\x0e\x0f\x7f", 14)) != std::string_view::npos;
  if (quoted_controls) return;  // we write blanks instead
  expect(again.has_value(), "what we write we read");
  expect(again->method_text() == message.method_text() && again->status() == message.status() && again->request_uri() == message.request_uri(), "the same start");
  expect(again->cseq() == message.cseq() && again->call_id() == message.call_id() && again->from_tag() == message.from_tag() && again->to_tag() == message.to_tag(), "the same dialog");
  expect(again->vias().size() == message.vias().size() && again->body() == body && again->max_forwards() == message.max_forwards(), "the same rest");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(text_of(data, size));
  auto message = Message::parse(bytes);
  auto for_refusal = Message::parse_for_refusal(bytes);
  if (!message) {
    const auto& fault = message.error();
    expect(fault.status == 400 || fault.status == 416 || fault.status == 505 || fault.status == 513, "a status that is owed");
    expect(fault.answerable == for_refusal.has_value(), "answerable says the truth");
  } else {
    look_at(*message);
    expect(message->cseq() <= 0x7FFF'FFFF && !message->vias().empty() && message->max_forwards() <= 255, "within its bounds");
    const bool answered = message->is_request() && message->method() != Method::ack;
    expect(for_refusal.has_value() == answered, "each good request but ACK can be refused");
    if (answered) {
      auto response = Message::parse(answer(*message), {200'000, 200, 20'000});
      expect(response.has_value(), "our answer is well-formed");
      expect(response->cseq() == message->cseq() && response->vias().size() == message->vias().size() && response->vias()[0].branch == message->vias()[0].branch, "and belongs to the request");
    }
    expect_round_trip(*message);
  }
  if (for_refusal) {
    look_at(*for_refusal);
    expect_our_lines_only(answer(*for_refusal));
  }
  return 0;
}
