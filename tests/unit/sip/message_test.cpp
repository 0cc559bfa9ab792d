#include "sip/message.h"

#include <doctest/doctest.h>

using namespace pasokh::sip;

namespace {

struct Parts {  // of a usual INVITE; a test changes one of them
  std::string start = "INVITE sip:8000@pasokh.example SIP/2.0";
  std::string via = "Via: SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKnashds8;rport";
  std::string from = "From: \"Sara, of \\\"Support\\\"\" <sip:201@pasokh.example>;tag=1928301774";
  std::string to = "To: <sip:8000@pasokh.example>";
  std::string call_id = "Call-ID: a84b4c76e66710@192.0.2.1";
  std::string cseq = "CSeq: 314159 INVITE";
  std::string more = "Max-Forwards: 70\r\nContact: <sip:201@192.0.2.1:5061>";
  std::string body;
  std::string length = "Content-Length: auto";

  std::string wire() const {
    std::string out;
    for (const auto& line : {start, via, from, to, call_id, cseq, more, length == "Content-Length: auto" ? "Content-Length: " + std::to_string(body.size()) : length})
      if (!line.empty()) out += line + "\r\n";
    return out + "\r\n" + body;
  }
};

std::string invite(std::string_view more = {}) {
  Parts parts;
  if (!more.empty()) parts.more += "\r\n" + std::string(more);
  return parts.wire();
}

Message good(std::string bytes) {
  auto message = Message::parse(std::move(bytes));
  REQUIRE_MESSAGE(message, message.error().reason);
  return std::move(*message);
}

int status_of(std::string bytes) {
  auto message = Message::parse(std::move(bytes));
  return message ? 0 : message.error().status;
}

int status_with(std::string Parts::*part, std::string value) {
  Parts parts;
  parts.*part = std::move(value);
  return status_of(parts.wire());
}

}  // namespace

TEST_CASE("an INVITE is read into its parts (RFC 3261 §7)") {
  Parts parts;
  parts.more += "\r\nSupported: timer, 100rel";
  parts.body = "v=0\r\n";
  const auto message = good(parts.wire());
  CHECK(message.is_request());
  CHECK(message.method() == Method::invite);
  CHECK(message.request_uri() == "sip:8000@pasokh.example");
  CHECK(message.from_tag() == "1928301774");
  CHECK(message.to_tag() == "");
  CHECK(message.call_id() == "a84b4c76e66710@192.0.2.1");
  CHECK(message.cseq() == 314159);
  CHECK(message.max_forwards() == 70);
  CHECK(message.body() == "v=0\r\n");
  CHECK(message.lists(Field::supported, "100REL"));
  CHECK_FALSE(message.lists(Field::supported, "100"));
  REQUIRE(message.vias().size() == 1);
  const auto& via = message.vias().front();
  CHECK(via.transport == "UDP");
  CHECK(via.host == "192.0.2.1");
  CHECK(via.port == 5061);
  CHECK(via.branch == "z9hG4bKnashds8");
  CHECK(via.rport);
  CHECK(via.rport_value == 0);
  CHECK(parse_name_addr(message.first(Field::from))->name == "Sara, of \"Support\"");
}

TEST_CASE("a message keeps its views when it is moved, also when it is short") {
  std::vector<Message> kept;
  for (int i = 0; i < 20; ++i) kept.push_back(good(invite()));
  for (const auto& message : kept) {
    CHECK(message.call_id() == "a84b4c76e66710@192.0.2.1");
    CHECK(message.vias()[0].branch == "z9hG4bKnashds8");
  }
}

TEST_CASE("compact forms and any case name the same fields (§7.3.1, §7.3.3)") {
  const auto message = good(
      "OPTIONS sip:a@b.example SIP/2.0\r\nv: SIP/2.0/TCP h;branch=z9hG4bKx\r\nf: <sip:a@b>;tag=1\r\nt: <sip:a@b>\r\ni: 1\r\ncSeQ: 1 OPTIONS\r\nm: <sip:a@h>\r\nk: timer\r\nc: text/plain\r\ne: gzip\r\n"
      "o: presence\r\nu: refer\r\nr: <sip:x@y>\r\nb: <sip:z@y>\r\nx: 1800\r\nl: 2\r\n\r\nhi");
  for (auto field : {Field::via, Field::from, Field::to, Field::call_id, Field::cseq, Field::contact, Field::supported, Field::content_type, Field::content_encoding, Field::event, Field::allow_events,
                     Field::refer_to, Field::referred_by, Field::session_expires, Field::content_length})
    CHECK(message.has(field));
  CHECK(message.first(Field::session_expires) == "1800");
  CHECK(message.body() == "hi");
}

TEST_CASE("folded lines are one value (§7.3.1)") {
  const auto message = good(invite("Subject: first\r\n  second\r\n\tthird\r\nSupported:\r\n timer\r\n , 100rel"));
  for (const auto& header : message.headers()) {
    CHECK(header.value.find('\r') == std::string_view::npos);
    if (header.name == "Subject") CHECK(header.value.starts_with("first"));
  }
  CHECK(message.list(Field::supported) == std::vector<std::string_view>{"timer", "100rel"});
}

TEST_CASE("lists of one field are gathered over lines; commas in quotes and brackets do not split") {
  const auto message = good(invite("Record-Route: <sip:a;lr>, <sip:b;lr>\r\nRecord-Route: \"x, y\" <sip:c,d@e;lr>"));
  CHECK(message.list(Field::record_route) == std::vector<std::string_view>{"<sip:a;lr>", "<sip:b;lr>", "\"x, y\" <sip:c,d@e;lr>"});
  CHECK(message.all(Field::record_route).size() == 2);
  CHECK(message.list(Field::route).empty());
  CHECK(message.first(Field::route) == "");
  CHECK(split_list(" a ,, b,\"c,\\\",d\" ,<e,f>,") == std::vector<std::string_view>{"a", "b", "\"c,\\\",d\"", "<e,f>"});
}

TEST_CASE("exactly one From, To, Call-ID and CSeq, and at least one Via (§8.1.1): 400") {
  for (auto part : {&Parts::via, &Parts::from, &Parts::to, &Parts::call_id, &Parts::cseq}) {
    Parts parts;
    parts.*part = "";
    CHECK(status_of(parts.wire()) == 400);
    if (part == &Parts::via) continue;
    Parts twice;
    twice.*part = twice.*part + "\r\n" + twice.*part;
    CHECK(status_of(twice.wire()) == 400);
  }
  CHECK(status_of(invite("Max-Forwards: 70")) == 400);
  CHECK(status_of(invite("Via: SIP/2.0/UDP h2;branch=z9hG4bK1")) == 0);
}

TEST_CASE("CSeq is below 2^31 and has the method of the request (§8.1.1.5)") {
  CHECK(status_with(&Parts::cseq, "CSeq: 2147483647 INVITE") == 0);
  CHECK(status_with(&Parts::cseq, "CSeq: 2147483648 INVITE") == 400);
  CHECK(status_with(&Parts::cseq, "CSeq: 4294967296 INVITE") == 400);
  CHECK(status_with(&Parts::cseq, "CSeq: 18446744073709551617 INVITE") == 400);
  CHECK(status_with(&Parts::cseq, "CSeq: 0 INVITE") == 0);
  CHECK(status_with(&Parts::cseq, "CSeq: 1 invite") == 400);
  CHECK(status_with(&Parts::cseq, "CSeq: 1 ACK") == 400);
  CHECK(status_with(&Parts::cseq, "CSeq: 1INVITE") == 400);
  CHECK(status_with(&Parts::cseq, "CSeq: INVITE") == 400);
  CHECK(status_with(&Parts::cseq, "CSeq: -1 INVITE") == 400);
  CHECK(status_with(&Parts::cseq, "CSeq: 1 INVITE x") == 400);
}

TEST_CASE("Content-Length cuts the body and is never more than there is (§18.3)") {
  Parts parts;
  parts.body = "v=0\r\nrest";
  parts.length = "Content-Length: 5";
  CHECK(good(parts.wire()).body() == "v=0\r\n");
  parts.length = "";
  CHECK(good(parts.wire()).body() == "v=0\r\nrest");
  for (auto wrong : {"Content-Length: 10", "Content-Length: -1", "Content-Length: 5x", "Content-Length:", "Content-Length: 4294967301", "Content-Length: 99999999999999999999", "Content-Length: 5\r\nContent-Length: 5",
                     "Content-Length: 5\r\nl: 5", "Content-Length: 5, 5"}) {
    parts.length = wrong;
    CAPTURE(std::string(wrong));
    CHECK(status_of(parts.wire()) == 400);
  }
}

TEST_CASE("Max-Forwards is 0 to 255 (§20.22)") {
  CHECK(good(Parts{.more = "Max-Forwards: 255"}.wire()).max_forwards() == 255);
  CHECK(good(Parts{.more = "Max-Forwards: 0"}.wire()).max_forwards() == 0);
  CHECK(good(Parts{.more = ""}.wire()).max_forwards() == -1);
  for (auto wrong : {"256", "-1", "", "seventy", "7 0"}) CHECK(status_with(&Parts::more, "Max-Forwards: " + std::string(wrong)) == 400);
}

TEST_CASE("the start line has three parts and single blanks (§7.1); another version is 505, another scheme 416") {
  const std::pair<const char*, int> table[] = {
      {"INVITE sip:8000@pasokh.example SIP/2.0", 0},
      {"INVITE sip:8000@pasokh.example sip/2.0", 0},  // case-insensitive
      {"INVITE tel:+982188776655 SIP/2.0", 0},
      {"INVITE sips:8000@pasokh.example SIP/2.0", 0},
      {"INVITE sip:8000@pasokh.example SIP/3.0", 505},
      {"INVITE sip:8000@pasokh.example SIP/2.1", 505},
      {"INVITE sip:8000@pasokh.example SIP/22.10", 505},
      {"INVITE sip:8000@pasokh.example SIP/2", 400},
      {"INVITE sip:8000@pasokh.example SIP/", 400},
      {"INVITE sip:8000@pasokh.example HTTP/1.1", 400},
      {"INVITE sip:8000@pasokh.example", 400},
      {"INVITE", 400},
      {"INVITE  SIP/2.0", 400},
      {"INVITE\tsip:8000@pasokh.example SIP/2.0", 400},
      {" INVITE sip:8000@pasokh.example SIP/2.0", 400},
      {"INVITE sip:8000@pasokh.example  SIP/2.0", 400},
      {"INVITE sip:8000@pasokh.example SIP/2.0 ", 400},
      {"INVITE <sip:8000@pasokh.example> SIP/2.0", 400},
      {"INVITE sip: SIP/2.0", 400},
      {"INVITE 8000 SIP/2.0", 400},
      {"INVITE sip:8000@pasokh.example?Route=x SIP/2.0", 400},
      {"INVITE urn:service:sos SIP/2.0", 416},
      {"INVITE mailto:a@b SIP/2.0", 416},
      {"IN(VITE sip:8000@pasokh.example SIP/2.0", 400},
  };
  for (const auto& one : table) {
    CAPTURE(std::string(one.first));
    CHECK(status_with(&Parts::start, one.first) == one.second);
  }
}

TEST_CASE("a malformed field that is needed is 400, one that is not needed is left to who uses it (§8.2)") {
  for (auto from : {"From: <sip:a@b>;tag=1;tag=2", "From: <sip:a@b>;tag=", "From: <sip:a@b>;tag=\"x\"", "From: <sip:a@b>;;tag=1", "From: <sip:a@b", "From: \"a <sip:a@b>", "From: a, b <sip:a@b>", "From: <sip:a@b>, <sip:c@d>",
                    "From:", "From: *", "From: <>", "From: <sip:>", "From: sip:a@b;tag=1 x", "From: <sip:a b@c>;tag=1"}) {
    CAPTURE(std::string(from));
    CHECK(status_with(&Parts::from, from) == 400);
  }
  for (auto from : {"From: sip:a@b;tag=1", "From: a b <sip:a@b>;tag=1", "From: <sip:a@b>", "From: \"\" <sip:a@b>;tag=1", "From: علی <sip:a@b>;tag=1", "From: <sip:a@b> ; tag = 1 ; x", "From: \"a\\\"b\"<sip:a@b>;tag=1",
                    "From: <tel:+98>;tag=1", "From: <http://x>;tag=1", "From: sip:[::1];tag=1"}) {
    CAPTURE(std::string(from));
    CHECK(status_with(&Parts::from, from) == 0);
  }
  for (auto via : {"Via: SIP/2.0/UDP", "Via: SIP/2.0/UDP ;branch=x", "Via: SIP/3.0/UDP h", "Via: SIP/2.0 UDP h", "Via: HTTP/2.0/UDP h", "Via: SIP/2.0/UDP h:0", "Via: SIP/2.0/UDP h:65536", "Via: SIP/2.0/UDP h;;branch=x",
                   "Via: SIP/2.0/UDP [::1", "Via: SIP/2.0/UDP ::1", "Via: SIP/2.0/UDP h;rport=70000", "Via: SIP/2.0/UDP h;branch=", "Via: SIP/2.0/UDP h x", "Via:", "Via: SIP/2.0/UDP h,"}) {
    CAPTURE(std::string(via));
    CHECK(status_with(&Parts::via, via) == 400);
  }
  for (auto call_id : {"Call-ID:", "Call-ID: a b", "Call-ID: a@b@c", "Call-ID: @", "Call-ID: a@", "Call-ID: ü"}) CHECK(status_with(&Parts::call_id, call_id) == 400);
  for (auto more : {"Contact: <sip:a@b", "Contact: *, <sip:a@b>", "Route: sip", "Record-Route: <sip:a;lr>,", "No colon here", ": empty", "Bad Name: x", "Contact:"}) {
    CAPTURE(std::string(more));
    CHECK(status_of(invite(more)) == 400);
  }
  for (auto more : {"Contact: *", "Date: yesterday", "Expires: many", "P-Asserted-Identity: ;;;", "Refer-To: <", "Supported:", "X-Empty:", "Warning: \"", "Retry-After: -5", "Session-Expires: \"", "Subject : blank before the colon"}) {
    CAPTURE(std::string(more));
    CHECK(status_of(invite(more)) == 0);
  }
}

TEST_CASE("lines end with CRLF, and control characters stand only as quoted pairs (§25.1)") {
  auto replaced = [](std::string text, std::string_view what, std::string_view with) { return text.replace(text.find(what), what.size(), with); };
  using namespace std::string_view_literals;
  CHECK(status_of(replaced(invite(), "\r\nFrom", "\nFrom")) == 400);
  CHECK(status_of(replaced(invite(), "\r\nFrom", "\rFrom")) == 400);
  CHECK(status_of(replaced(invite(), "Max-Forwards: 70", "Max-Forwards: 70\r")) == 400);
  CHECK(status_of(replaced(invite(), "201@", "2\0001@"sv)) == 400);
  CHECK(status_of(replaced(invite(), "Sara", "Sa\0ra"sv)) == 400);
  CHECK(status_of(replaced(invite(), "Sara", "Sa\\\0ra"sv)) == 0);
  CHECK(status_of(replaced(invite(), "Sara", "Sa\x1Bra")) == 400);
  CHECK(status_of(replaced(invite(), "Sara", "Sa\\\x1Bra")) == 0);
  CHECK(status_of(invite("Subject: bell \x07")) == 400);
  CHECK(status_of(invite("Subject: bell \\\x07")) == 400);  // a backslash outside quotes is only a backslash
  CHECK(status_of(invite("Subject: tab \t is a blank")) == 0);
  std::string lf = invite();
  std::erase(lf, '\r');
  CHECK(status_of(lf) == 400);
  CHECK(status_of(invite().substr(0, invite().size() - 2)) == 400);  // no empty line
  CHECK(status_of("\r\n\r\n" + invite()) == 0);                      // §7.5
  CHECK(status_of("") == 400);
  CHECK(status_of("\r\n\r\n") == 400);
  CHECK(status_of(std::string(100, '\0')) == 400);
}

TEST_CASE("limits: message, number of fields, length of a line: 513, answered") {
  auto fault = [](std::string bytes, Limits limits = {}) { return Message::parse(std::move(bytes), limits); };
  Parts large;
  large.body = std::string(65'536, 'x');
  auto message = fault(large.wire());
  REQUIRE_FALSE(message);
  CHECK(message.error().status == 513);
  CHECK(message.error().answerable);
  std::string many = "X-0: 0";
  for (int i = 1; i < 120; ++i) many += "\r\nX-" + std::to_string(i) + ": " + std::to_string(i);
  CHECK(fault(invite(many)));                 // 128 in all
  CHECK(fault(invite(many + "\r\nX-more: 1")).error().status == 513);
  CHECK(fault(invite("X: " + std::string(8'189, 'x'))));
  CHECK(fault(invite("X: " + std::string(8'190, 'x'))).error().status == 513);
  CHECK(fault(invite("X: " + std::string(8'000, 'x') + "\r\n " + std::string(300, 'y'))).error().status == 513);  // folds do not help
  CHECK(fault(invite("Y: 1"), {100, 128, 8'192}).error().status == 513);
}

TEST_CASE("a fault is answerable when a refusal can find its way: no ACK, no response, Via and CSeq there") {
  auto answerable = [](const Parts& parts) {
    auto message = Message::parse(parts.wire());
    REQUIRE_FALSE(message);
    return message.error().answerable;
  };
  Parts broken;
  broken.from = "From: \"";
  CHECK(answerable(broken));
  broken.call_id = "";
  CHECK(answerable(broken));
  Parts ack = broken;
  ack.start = "ACK sip:8000@pasokh.example SIP/2.0";
  CHECK_FALSE(answerable(ack));
  Parts response = broken;
  response.start = "SIP/2.0 200 OK";
  CHECK_FALSE(answerable(response));
  Parts no_via = broken;
  no_via.via = "Via: ";
  CHECK_FALSE(answerable(no_via));
  Parts no_cseq = broken;
  no_cseq.cseq = "";
  CHECK_FALSE(answerable(no_cseq));
  Parts no_method = broken;
  no_method.start = "?? sip:a@b SIP/2.0";
  no_method.start[0] = '(';
  CHECK_FALSE(answerable(no_method));
}

TEST_CASE("a status line is read, its reason as it came (§7.2)") {
  auto response = [](std::string start) { return Message::parse(Parts{.start = std::move(start)}.wire()); };
  auto ok = response("SIP/2.0 200 OK then");
  REQUIRE(ok);
  CHECK_FALSE(ok->is_request());
  CHECK(ok->status() == 200);
  CHECK(ok->reason() == "OK then");
  CHECK(ok->method() == Method::invite);
  CHECK(response("SIP/2.0 699 ")->reason().empty());
  CHECK(response("SIP/2.0 100")->status() == 100);  // departs: no blank
  for (auto wrong : {"SIP/2.0 700 x", "SIP/2.0 099 x", "SIP/2.0 20 OK", "SIP/2.0 2000 OK", "SIP/2.0 2OO OK", "SIP/2.0  200 OK", "SIP/2.0", "SIP/2.0 "}) {
    CAPTURE(std::string(wrong));
    CHECK_FALSE(response(wrong));
  }
  CHECK(response("SIP/3.0 200 OK").error().status == 505);
}

TEST_CASE("a response carries each Via, received and rport of where it came from, and our To tag (RFC 3261 §8.2.6.2, RFC 3581 §4)") {
  auto first_via = [](std::string via, std::string_view source) {
    auto request = good(Parts{.via = "Via: " + std::move(via)}.wire());
    auto response = good(MessageBuilder().response(180, "").answer_to(request, "ours", source, 4444, false).finish());
    CHECK(response.reason() == "Ringing");
    CHECK(response.to_tag() == "ours");
    CHECK(response.from_tag() == "1928301774");
    CHECK(response.cseq() == 314159);
    CHECK(response.call_id() == request.call_id());
    return std::string(response.vias().front().whole);
  };
  CHECK(first_via("SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKa;rport", "203.0.113.9") == "SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKa;received=203.0.113.9;rport=4444");
  CHECK(first_via("SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKa;rport", "192.0.2.1") == "SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKa;received=192.0.2.1;rport=4444");
  CHECK(first_via("SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKa", "192.0.2.1") == "SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKa");
  CHECK(first_via("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa", "203.0.113.9") == "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa;received=203.0.113.9");
  CHECK(first_via("SIP/2.0/TCP pc.example.com;branch=z9hG4bKa", "203.0.113.9") == "SIP/2.0/TCP pc.example.com;branch=z9hG4bKa;received=203.0.113.9");
  CHECK(first_via("SIP/2.0/UDP [2001:db8::1]:5061;branch=z9hG4bKa;rport", "2001:db8::1") == "SIP/2.0/UDP [2001:db8::1]:5061;branch=z9hG4bKa;received=2001:db8::1;rport=4444");
  // what the peer claims about itself is not passed on
  CHECK(first_via("SIP/2.0/UDP 192.0.2.1 ; received=198.51.100.1;branch=z9hG4bKa ; rport=9;x=\"a;b\"", "203.0.113.9") == "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa;x=\"a;b\";received=203.0.113.9;rport=4444");
}

TEST_CASE("Vias of one line and of several come back one by one in their order, Record-Route only when asked") {
  const auto request = good(Parts{.via = "Via: SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/TCP b:5070;branch=z9hG4bK2;received=192.0.2.7\r\nv: SIP/2.0/UDP c;branch=z9hG4bK3",
                                  .more = "Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\nRecord-Route: <sip:p3;lr>"}
                                .wire());
  const auto with = good(MessageBuilder().response(200, "").answer_to(request, "t", "192.0.2.9", 1, true).finish());
  REQUIRE(with.vias().size() == 3);
  CHECK(with.vias()[0].whole == "SIP/2.0/UDP a;branch=z9hG4bK1;received=192.0.2.9");
  CHECK(with.vias()[1].whole == "SIP/2.0/TCP b:5070;branch=z9hG4bK2;received=192.0.2.7");
  CHECK(with.vias()[2].whole == "SIP/2.0/UDP c;branch=z9hG4bK3");
  CHECK(with.list(Field::record_route) == std::vector<std::string_view>{"<sip:p1;lr>", "<sip:p2;lr>", "<sip:p3;lr>"});
  CHECK_FALSE(good(MessageBuilder().response(200, "").answer_to(request, "t", "192.0.2.9", 1, false).finish()).has(Field::record_route));
}

TEST_CASE("the To tag is ours only when there is none, and never in a 100; a 100 repeats Timestamp (§8.2.6)") {
  const auto fresh = good(invite("Timestamp: 54"));
  const auto trying = good(MessageBuilder().response(100, "").answer_to(fresh, "ours", "192.0.2.1", 5061, false).finish());
  CHECK(trying.to_tag().empty());
  CHECK(MessageBuilder().response(100, "").answer_to(fresh, "ours", "192.0.2.1", 5061, false).finish().find("Timestamp: 54\r\n") != std::string::npos);
  CHECK(MessageBuilder().response(180, "").answer_to(fresh, "ours", "192.0.2.1", 5061, false).finish().find("Timestamp") == std::string::npos);
  const auto within = good(Parts{.to = "To: <sip:8000@pasokh.example>;tag=theirs"}.wire());
  CHECK(good(MessageBuilder().response(200, "").answer_to(within, "ours", "192.0.2.1", 5061, false).finish()).to_tag() == "theirs");
}

TEST_CASE("nothing that is handed to the builder ends a line or adds a header (S11)") {
  using namespace std::string_view_literals;
  const auto bytes = MessageBuilder()
                         .request("INVITE", "sip:a@b\r\nEvil: 1 \x01x")
                         .header("Subject\r\nEvil", "a\r\nEvil: 2\r\n\r\nbody")
                         .header("From", "\"x\r\n y\" <sip:a@b>;tag=1\0"sv)
                         .finish("text/plain\r\nEvil: 3", "body");
  CHECK(bytes.find("\r\nEvil") == bytes.npos);
  CHECK(bytes.starts_with("INVITE sip:a@bEvil:1x SIP/2.0\r\nSubjectEvil: "));
  CHECK(bytes.find('\0') == bytes.npos);
  std::size_t lines = 0;
  for (auto at = bytes.find("\r\n"); at != bytes.npos; at = bytes.find("\r\n", at + 2)) ++lines;
  CHECK(lines == 6);
  CHECK(MessageBuilder().response(400, "Bad\r\nEvil: 4").finish() == "SIP/2.0 400 Bad  Evil: 4\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("a body has its type and its length, in bytes") {
  const auto bytes = MessageBuilder().request("MESSAGE", "sip:a@b").finish("text/plain;charset=utf-8", "سلام");
  CHECK(bytes == "MESSAGE sip:a@b SIP/2.0\r\nContent-Type: text/plain;charset=utf-8\r\nContent-Length: 8\r\n\r\nسلام");
  CHECK(MessageBuilder().request("BYE", "sip:a@b").finish() == "BYE sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("standard phrases, and one by its class for codes nobody knows (§7.2, §21)") {
  CHECK(standard_reason(486) == "Busy Here");
  CHECK(standard_reason(503) == "Service Unavailable");
  CHECK(standard_reason(299) == "Success");
  CHECK(standard_reason(499) == "Request Failure");
  CHECK(method_name(Method::register_) == "REGISTER");
  CHECK(method_name(Method::publish) == "PUBLISH");
}

TEST_CASE("the SDP is found alone and beside other parts (RFC 5621 §3.1)") {
  auto sdp = [](std::string_view type, std::string body) {
    Parts parts;
    if (!type.empty()) parts.more += "\r\nContent-Type: " + std::string(type);
    parts.body = std::move(body);
    return std::string(sdp_of(good(parts.wire())));
  };
  CHECK(sdp("application/sdp", "v=0\r\n") == "v=0\r\n");
  CHECK(sdp("Application / SDP ; charset=utf-8", "v=0\r\n") == "v=0\r\n");
  CHECK(sdp("", "v=0\r\n") == "v=0\r\n");
  CHECK(sdp("", "hello") == "");
  CHECK(sdp("application/isup", "v=0\r\n") == "");
  CHECK(sdp("application/sdpx", "v=0\r\n") == "");
  CHECK(sdp(";", "v=0\r\n") == "");
  const std::string isup = "--b1\r\nContent-Type: application/isup;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n\r\n\x01\x11\r\n";
  const std::string audio = "--b1\r\ncontent-type : application/sdp\r\nContent-Disposition: session\r\n\r\nv=0\r\ns=x\r\n";
  for (auto type : {"multipart/mixed;boundary=b1", "multipart/mixed; boundary=\"b1\"", "multipart/related;type=x ; boundary = b1"}) {
    CHECK(sdp(type, isup + audio + "--b1--\r\n") == "v=0\r\ns=x");
    CHECK(sdp(type, audio + isup + "--b1--") == "v=0\r\ns=x");
    CHECK(sdp(type, "a preamble\r\n" + audio + "--b1--") == "v=0\r\ns=x");
  }
  CHECK(sdp("multipart/mixed;boundary=b1", isup + "--b1--\r\n" + audio) == "");   // behind the end
  CHECK(sdp("multipart/mixed;boundary=b1", audio) == "");                             // never ended
  CHECK(sdp("multipart/mixed;boundary=b2", isup + audio + "--b1--") == "");
  CHECK(sdp("multipart/mixed", isup + audio + "--b1--") == "");
  CHECK(sdp("multipart/mixed;boundary=b1", "--b1\r\n\r\nv=0\r\n--b1--") == "");   // text/plain is what an unnamed part is
  CHECK(sdp("multipart/mixed;boundary=" + std::string(71, 'x'), "--" + std::string(71, 'x')) == "");
  CHECK(sdp("multipart/mixed;boundary=b1", "--b1\r\n--b1\r\n--b1--") == "");
  std::string many;
  for (int i = 0; i < 16; ++i) many += "--b1\r\nX: 1\r\n\r\n\r\n";
  CHECK(sdp("multipart/mixed;boundary=b1", many + audio + "--b1--") == "");
}
