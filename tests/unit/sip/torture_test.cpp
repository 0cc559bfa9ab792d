// S2: RFC 4475, 49 of 49, and RFC 5118, 12 of 12, each judged by its text, as far as the codec owes it: what is taken here may
// still be refused above (420, 483, 415 …). Each also through a TCP stream in segments of one byte.
#include "torture/rfc4475.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "sip/message.h"
#include "sip/sdp.h"
#include "torture/rfc5118.h"

using namespace pasokh::sip;

namespace {

Message taken(const std::vector<TortureMessage>& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  REQUIRE(found != all.end());
  auto message = Message::parse(found->bytes);
  REQUIRE(message);
  return std::move(*message);
}

Message tortured(std::string_view name) { return taken(rfc4475(), name); }
Message tortured6(std::string_view name) { return taken(rfc5118(), name); }

void judge(const TortureMessage& one) {
  CAPTURE(std::string(one.name));
  auto message = Message::parse(one.bytes);
  if (one.status == 0) {
    if (!message) FAIL_CHECK(message.error().reason);
    return;
  }
  REQUIRE_FALSE(message);
  CHECK(message.error().status == one.status);
  CHECK(message.error().answerable == one.answerable);
  auto request = Message::parse_for_refusal(one.bytes);
  REQUIRE(request.has_value() == one.answerable);
  if (!request) return;
  const auto refusal = MessageBuilder().response(one.status, message.error().reason).answer_to(*request, "refused", "192.0.2.99", 5060, false).finish();
  CHECK(refusal.starts_with("SIP/2.0 " + std::to_string(one.status)));
  CHECK(refusal.find("\r\nVia: SIP/") != refusal.npos);
  CHECK(refusal.find("\r\nCSeq: ") != refusal.npos);
  CHECK(refusal.size() < one.bytes.size() + 200);
}

}  // namespace

TEST_CASE("RFC 4475 has 49 messages, RFC 5118 has 12, and every one is here") {
  CHECK(rfc4475().size() == 49);
  CHECK(rfc5118().size() == 12);
}

TEST_CASE("each message of RFC 4475 is taken or refused as its text says") {
  for (const auto& one : rfc4475()) judge(one);
}

TEST_CASE("each message of RFC 5118 is taken or refused as its text says") {
  for (const auto& one : rfc5118()) judge(one);
}

TEST_CASE("through a stream, byte by byte and one after the other, they come out whole; without a length the stream is broken") {
  for (auto all : {rfc4475(), rfc5118()}) {
    for (const auto& one : all) {
      CAPTURE(std::string(one.name));
      auto parsed = Message::parse(one.bytes);
      const bool framed = parsed && parsed->has(Field::content_length);
      if (!framed) continue;
      const auto whole = std::string(parsed->bytes().substr(0, static_cast<std::size_t>(parsed->body().end() - parsed->bytes().begin())));
      StreamSplitter splitter;
      std::string message;
      int seen = 0;
      for (int round = 0; round < 2; ++round) {
        for (char c : std::string_view(one.bytes).substr(0, whole.size())) {
          splitter.feed({&c, 1});
          if (splitter.next(message) == StreamSplitter::Kind::message) ++seen;
        }
      }
      CHECK(seen == 2);
      CHECK(message == one.bytes.substr(0, whole.size()));
    }
  }
  for (auto name : {"clerr", "ncl", "mcl01", "inv2543"}) {
    const auto all = rfc4475();
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    StreamSplitter splitter;
    splitter.feed(found->bytes);
    std::string message;
    CAPTURE(std::string(name));
    CHECK(splitter.next(message) == (std::string_view(name) == "clerr" ? StreamSplitter::Kind::nothing : StreamSplitter::Kind::broken));
  }
}

TEST_CASE("3.1.1.1: folds, blanks, compact and mixed names are read through") {
  const auto message = tortured("wsinv");
  CHECK(message.method() == Method::invite);
  CHECK(message.to_tag() == "1918181833n");
  CHECK(message.from_tag() == "98asjd8");
  CHECK(message.cseq() == 9);
  CHECK(message.max_forwards() == 68);
  CHECK(parse_name_addr(message.first(Field::from))->name == "J Rosenberg \\\"");
  REQUIRE(message.vias().size() == 3);
  CHECK(message.vias()[0].host == "192.0.2.2");
  CHECK(message.vias()[0].branch == "390skdjuw");
  CHECK(message.vias()[1].transport == "TCP");
  CHECK(message.vias()[1].branch == "z9hG4bK9ikj8");
  CHECK(message.vias()[2].host == "192.168.255.111");
  CHECK(message.vias()[2].branch == "z9hG4bK30239");
  const auto contact = parse_name_addr(message.first(Field::contact));
  REQUIRE(contact);
  CHECK(contact->name == "Quoted string \"\"");
  CHECK(contact->param("newparam") == "newvalue");
  CHECK(contact->param("secondparam") == "");
  CHECK(contact->param("q") == "0.33");
  CHECK(message.body().size() == 150);
  const auto route = parse_name_addr(message.first(Field::route));
  REQUIRE(route);
  CHECK(route->uri.param("unknownwith") == "value");
  CHECK(route->uri.param("unknown-no-value") == "");
}

TEST_CASE("3.1.1.2: every character that the grammar allows has no meaning of its own") {
  const auto message = tortured("intmeth");
  CHECK(message.method() == Method::other);
  CHECK(message.method_text() == "!interesting-Method0123456789_*+`.%indeed'~");
  CHECK(message.from_tag() == "_token~1'+`*%!-.");
  CHECK(message.call_id() == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
  const auto uri = parse_uri(message.request_uri());
  REQUIRE(uri);
  CHECK(uri->user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
  CHECK(uri->password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
  CHECK(uri->host == "example.com");
  CHECK(text(*uri) == message.request_uri());
  CHECK(parse_name_addr(message.first(Field::to))->name == "BEL: NUL: DEL:");  // control characters are not passed on
  CHECK(parse_name_addr(message.first(Field::from))->param("fromParam''~+*_!.-%") == "работающий");
}

TEST_CASE("3.1.1.3 to 3.1.1.5: what is escaped in a URI is unescaped once, and only there") {
  const auto esc01 = tortured("esc01");
  CHECK(parse_uri(esc01.request_uri())->user == "sips:user@example.com");
  CHECK(parse_name_addr(esc01.first(Field::to))->uri.user == "user");
  CHECK(parse_name_addr(esc01.first(Field::from))->uri.user == "I have spaces");
  const auto contact = parse_name_addr(esc01.first(Field::contact))->uri;
  CHECK(contact.user == "caller");
  CHECK(contact.param("lr") == "");
  CHECK(contact.param("name") == "value%41");
  CHECK(parse_name_addr(tortured("escnull").all(Field::contact)[1])->uri.user == std::string(2, '\0'));
  const auto esc02 = tortured("esc02");
  CHECK(esc02.method() == Method::other);
  CHECK(parse_name_addr(esc02.first(Field::from))->name == "%Z%45");
  CHECK(esc02.all(Field::contact).size() == 2);  // C%6Fntact is another header
}

TEST_CASE("3.1.1.6 to 3.1.1.13: no blank before <, long values, octets behind the end, odd URIs, transports, bodies, reasons") {
  CHECK(parse_name_addr(tortured("lwsdisp").first(Field::from))->name == "caller");
  CHECK(tortured("longreq").vias().size() == 36);
  CHECK(tortured("dblreq").body().empty());
  CHECK(parse_uri(tortured("semiuri").request_uri())->user == "user;par=u@example.net");
  CHECK(tortured("transports").vias()[3].transport == "UNKNOWN");
  CHECK(tortured("mpart01").body().find('\0') != std::string_view::npos);
  CHECK(tortured("unreason").reason() == "= 2**3 * 5**2 но сто девяносто девять - простое");
  const auto noreason = tortured("noreason");
  CHECK(noreason.status() == 100);
  CHECK(noreason.reason().empty());
}

TEST_CASE("3.2 to 3.4: what is judged above the codec arrives with its reason visible") {
  CHECK(tortured("badbranch").vias()[0].branch == "z9hG4bK");
  CHECK(parse_name_addr(tortured("unksm2").first(Field::to)).error().code == "uri-scheme");
  CHECK(tortured("bext01").list(Field::require).size() == 2);
  CHECK(tortured("invut").first(Field::content_type) == "application/unknownformat");
  CHECK(tortured("regaut01").first(Field::authorization) == "NoOneKnowsThisScheme opaque-data=here");
  CHECK(tortured("zeromf").max_forwards() == 0);
  CHECK(tortured("bcast").vias()[1].host == "255.255.255.255");
  CHECK(parse_name_addr(tortured("cparam01").first(Field::contact))->param("unknownparam") == "");
  CHECK_FALSE(parse_name_addr(tortured("cparam01").first(Field::contact))->uri.param("unknownparam"));
  CHECK(parse_name_addr(tortured("cparam02").first(Field::contact))->uri.param("unknownparam") == "");
  CHECK(parse_name_addr(tortured("regescrt").first(Field::contact))->uri.headers[0].second == "<sip:sip.example.com>");
  CHECK_FALSE(tortured("sdp01").lists(Field::accept, "application/sdp"));
  const auto old = tortured("inv2543");
  CHECK(old.from_tag().empty());
  CHECK(old.vias()[0].branch.empty());
}

TEST_CASE("RFC 5118: IPv6 references, ports, received, mapped addresses, and the extra colon") {
  CHECK(parse_uri(tortured6("ipv6-good").request_uri())->host == "2001:db8::10");
  CHECK(tortured6("ipv6-good").vias()[0].host == "2001:db8::9:1");
  CHECK(parse_uri(tortured6("port-ambiguous").request_uri())->host == "2001:db8::10:5070");
  CHECK(parse_uri(tortured6("port-ambiguous").request_uri())->port == 0);
  CHECK(parse_uri(tortured6("port-unambiguous").request_uri())->port == 5070);
  CHECK(tortured6("via-received-with-brackets").vias()[0].received == "2001:db8::9:255");
  CHECK(tortured6("via-received-without-brackets").vias()[0].received == "2001:db8::9:255");
  CHECK(tortured6("mult-ip-in-header").vias()[0].port == 6050);
  CHECK(tortured6("mult-ip-in-header").vias()[2].received == "192.0.2.200");
  const auto uri = parse_uri(tortured6("ipv6-bug-abnf-3-colons").request_uri());
  CHECK(uri->host == "2001:db8::192.0.2.1");
  CHECK(text(*uri) == tortured6("ipv6-correct-abnf-2-colons").request_uri());

  SdpLocal local;
  local.media.port = 16'384;
  local.ip = "2001:db8::99";
  local.other_ip = "192.0.2.99";
  CHECK(make_answer(tortured6("ipv6-in-sdp").body(), local)->plan.remote == Address{"2001:db8::20", 6000});
  CHECK(make_answer(tortured6("mult-ip-in-sdp").body(), local)->plan.remote == Address{"192.0.2.1", 22334});
  CHECK(make_answer(tortured6("ipv4-mapped-ipv6").body(), local)->plan.remote == Address{"192.0.2.2", 22334});
}
