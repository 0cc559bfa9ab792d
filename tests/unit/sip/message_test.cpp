#include "sip/message.h"

#include <doctest/doctest.h>

using namespace pasokh::sip;

namespace {

std::string invite(std::string_view more = {}, std::string_view body = {}) {
  std::string text =
      "INVITE sip:8000@pasokh.example SIP/2.0\r\n"
      "Via: SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKnashds8;rport\r\n"
      "Max-Forwards: 70\r\n"
      "From: \"Sara, of \\\"Support\\\"\" <sip:201@pasokh.example>;tag=1928301774\r\n"
      "To: <sip:8000@pasokh.example>\r\n"
      "Call-ID: a84b4c76e66710@192.0.2.1\r\n"
      "CSeq: 314159 INVITE\r\n"
      "Contact: <sip:201@192.0.2.1:5061>\r\n";
  text += more;
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  text += body;
  return text;
}

}  // namespace

TEST_CASE("an INVITE is read into its parts (RFC 3261 §7)") {
  auto message = Message::parse(invite("Supported: timer, 100rel\r\n", "v=0\r\n"));
  REQUIRE(message);
  CHECK(message->is_request());
  CHECK(message->method() == Method::invite);
  CHECK(message->request_uri() == "sip:8000@pasokh.example");
  CHECK(message->from_tag() == "1928301774");
  CHECK(message->to_tag() == "");
  CHECK(message->call_id() == "a84b4c76e66710@192.0.2.1");
  CHECK(message->cseq() == 314159);
  CHECK(message->max_forwards() == 70);
  CHECK(message->body() == "v=0\r\n");
  CHECK(message->lists(Field::supported, "100REL"));
  CHECK_FALSE(message->lists(Field::supported, "100"));
  REQUIRE(message->vias().size() == 1);
  const auto& via = message->vias().front();
  CHECK(via.transport == "UDP");
  CHECK(via.host == "192.0.2.1");
  CHECK(via.port == 5061);
  CHECK(via.branch == "z9hG4bKnashds8");
  CHECK(via.rport);
  CHECK(parse_name_addr(message->first(Field::from))->name == "Sara, of \"Support\"");
}

TEST_CASE("a response to it carries Via with received and rport, and our To tag (RFC 3261 §8.2.6.2, RFC 3581 §4)") {
  auto request = Message::parse(invite());
  REQUIRE(request);
  auto bytes = MessageBuilder().response(180, "").answer_to(*request, "ours", "203.0.113.9", 4444, false).finish();
  auto response = Message::parse(bytes);
  REQUIRE(response);
  CHECK(response->status() == 180);
  CHECK(response->reason() == "Ringing");
  CHECK(response->method() == Method::invite);
  CHECK(response->to_tag() == "ours");
  CHECK(response->from_tag() == "1928301774");
  CHECK(response->vias().front().whole == "SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKnashds8;received=203.0.113.9;rport=4444");
}
