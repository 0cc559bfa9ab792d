// RFC 3261 §19.1, §25.1, RFC 3966
#include <doctest/doctest.h>

#include "sip/address.h"
#include "sip/message.h"

using namespace pasokh::sip;

TEST_CASE("URIs are read into their parts and written again the same") {
  struct Case { const char *uri, *user, *password, *host; int port; const char* params; const char* headers; };
  const Case table[] = {
      {"sip:example.com", "", "", "example.com", 0, "", ""},
      {"sip:201@example.com", "201", "", "example.com", 0, "", ""},
      {"sips:201:secret@example.com:5061", "201", "secret", "example.com", 5061, "", ""},
      {"sip:201@192.0.2.1:5060;transport=tcp;lr", "201", "", "192.0.2.1", 5060, "transport=tcp lr=", ""},
      {"sip:201@[2001:db8::1]:5060", "201", "", "2001:db8::1", 5060, "", ""},
      {"sip:[::1]", "", "", "::1", 0, "", ""},
      {"sip:+98(21)8877-6655@gw;user=phone", "+98(21)8877-6655", "", "gw", 0, "user=phone", ""},
      {"sip:a;b=c?d@host", "a;b=c?d", "", "host", 0, "", ""},
      {"sip:a@host;maddr=239.255.255.1;ttl=15?subject=x&priority=urgent", "a", "", "host", 0, "maddr=239.255.255.1 ttl=15", "subject=x priority=urgent"},
      {"sip:%D8%B9%D9%84%DB%8C@host", "علی", "", "host", 0, "", ""},
      {"sip:a@host?body=", "a", "", "host", 0, "", "body="},
      {"sip:a@my_host.local", "a", "", "my_host.local", 0, "", ""},
      {"sip:*98@host", "*98", "", "host", 0, "", ""},
      {"sip:%2398@host", "#98", "", "host", 0, "", ""},
      {"tel:+98-21-88776655", "+98-21-88776655", "", "", 0, "", ""},
      {"tel:118;phone-context=%2B98", "118", "", "", 0, "phone-context=+98", ""},
  };
  for (const auto& one : table) {
    CAPTURE(std::string(one.uri));
    const auto uri = parse_uri(one.uri);
    REQUIRE(uri);
    CHECK(uri->user == one.user);
    CHECK(uri->password == one.password);
    CHECK(uri->host == one.host);
    CHECK(uri->port == one.port);
    auto joined = [](const auto& pairs) {
      std::string out;
      for (const auto& [name, value] : pairs) out += (out.empty() ? "" : " ") + name + "=" + value;
      return out;
    };
    CHECK(joined(uri->params) == one.params);
    CHECK(joined(uri->headers) == one.headers);
    const auto again = parse_uri(text(*uri));
    REQUIRE(again);
    CHECK(again->user == uri->user);
    CHECK(again->params == uri->params);
    CHECK(text(*again) == text(*uri));
  }
  CHECK(text(*parse_uri("SIP:a@Host;LR")) == "sip:a@Host;LR");
  CHECK(parse_uri("sip:a@h;LR")->param("lr") == "");
  CHECK_FALSE(parse_uri("sip:a@h;lr")->param("transport"));
}

TEST_CASE("what is no URI is refused") {
  for (auto wrong : {"", "sip", "sip:", ":", "sip:@host", "sip:a@", "sip:a@b@c", "sip:a b@c", "sip:a@b c", "sip:a@b:", "sip:a@b:x", "sip:a@b:70000", "sip:a@b:0", "sip:a@[::1", "sip:a@::1", "sip:a@[1.2.3.4]", "sip:a@[x]",
                     "sip:a@b;", "sip:a@b;;lr", "sip:a@b;=x", "sip:a@b;x=", "sip:a@b?", "sip:a@b?x", "sip:a@b?=x", "sip:a@b?x=1&", "sip:%zz@b", "sip:%4@b", "sip:a@b;x=%", "sip:<a>@b", "sip:a\"@b", "sip:a@-b", "sip:a@b\x7F",
                     "sip:علی@host", "tel:", "tel:abc!", "tel:+98+21", "tel:1;", "1sip:a@b"}) {
    CAPTURE(std::string(wrong));
    CHECK_FALSE(parse_uri(wrong));
  }
  CHECK(parse_uri("sip:" + std::string(255, 'a')));
  CHECK_FALSE(parse_uri("sip:" + std::string(256, 'a')));
  CHECK(parse_uri("mailto:a@b").error().code == "uri-scheme");
  CHECK(parse_uri("sip:a@b c").error().code == "uri-malformed");
  using namespace std::string_view_literals;
  CHECK_FALSE(parse_uri("sip:a@b\0"sv));
  CHECK_FALSE(parse_uri("sip:a@[::1\0]"sv));
}

TEST_CASE("a URI of ours never carries what would end it") {
  Uri uri;
  uri.user = "a@b>\r\nEvil: 1;x ";
  uri.host = "host>\r\n";
  uri.params = {{"p;", "v>\n"}};
  CHECK(text(uri) == "sip:a%40b%3E%0D%0AEvil%3A%201;x%20@host;p%3B=v%3E%0A");
}

TEST_CASE("addresses of header fields: names quoted, bare, Persian; parameters") {
  const auto sara = parse_name_addr("\"Sara \\\"S\\\", Support\" <sip:201@a;lr>;tag=1;q=0.3;x=\"y;z\"");
  REQUIRE(sara);
  CHECK(sara->name == "Sara \"S\", Support");
  CHECK(sara->uri.user == "201");
  CHECK(sara->uri.param("lr") == "");
  CHECK(sara->param("TAG") == "1");
  CHECK(sara->param("x") == "y;z");
  CHECK_FALSE(sara->param("lr"));
  CHECK(parse_name_addr("علی رضایی <sip:1@a>")->name == "علی رضایی");
  CHECK(parse_name_addr("\"علی\" <sip:1@a>")->name == "علی");
  CHECK(parse_name_addr("J. Doe <sip:1@a>")->name == "J. Doe");
  CHECK(parse_name_addr("<sip:1@a>")->name == "");
  CHECK(parse_name_addr("  <sip:1@a>  ")->uri.host == "a");
  CHECK(parse_name_addr("sip:1@a;tag=2")->param("tag") == "2");  // §20.10: the parameter is the header's
  CHECK(parse_name_addr("<sip:1@a>;+sip.instance=\"<urn:uuid:1>\";reg-id=1")->param("+sip.instance") == "<urn:uuid:1>");
  for (auto wrong : {"", "sara", "sara <sip:1@a", "sip:1@a, sip:2@a", "\"sara <sip:1@a>", "\"s\" x <sip:1@a>", "<sip:1@a> x", "<sip:1@a>;", "<sip:1@a>;=1", "<sip:1@a>;a=\"", "a, b <sip:1@a>", "sara sip:1@a", "<<sip:1@a>>"}) {
    CAPTURE(std::string(wrong));
    CHECK_FALSE(parse_name_addr(wrong));
  }
}

TEST_CASE("a name that is no UTF-8 or holds control characters becomes presentable") {
  CHECK(parse_name_addr("\"\xCD\xE1\xED\" <sip:1@a>")->name == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // Windows-1256
  CHECK(parse_name_addr("\"a\xC0\xAF\" <sip:1@a>")->name == "a\xEF\xBF\xBD\xEF\xBF\xBD");               // overlong
  CHECK(parse_name_addr("\"\xED\xA0\x80\" <sip:1@a>")->name == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // surrogate
  for (auto bad : {"\xE0\x80\xAF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\x80"}) {  // overlong, above U+10FFFF, cut short, no beginning
    const auto name = parse_name_addr('"' + std::string(bad) + "\" <sip:1@a>")->name;
    std::string expected;
    for (std::size_t i = 0; i < std::string_view(bad).size(); ++i) expected += "\xEF\xBF\xBD";
    CHECK(name == expected);
  }
  for (auto good : {"\xC2\x80x", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) CHECK(parse_name_addr('"' + std::string(good) + "\" <sip:1@a>")->name == good);
  CHECK(parse_name_addr("\"x\xF0\x9F\x93\x9E\" <sip:1@a>")->name == "x\xF0\x9F\x93\x9E");
  CHECK(parse_name_addr("\"a\\\x1B[31mb\" <sip:1@a>")->name == "a[31mb");
}

TEST_CASE("transport addresses and networks") {
  CHECK(text(Address{"192.0.2.1", 5060}) == "192.0.2.1:5060");
  CHECK(text(Address{"::1", 5060}) == "[::1]:5060");
  CHECK(parse_address("[::1]:5060") == Address{"::1", 5060});
  CHECK(parse_address("192.0.2.1:1") == Address{"192.0.2.1", 1});
  for (auto wrong : {"", "192.0.2.1", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "::1:5060", "[::1]", "host:5060", "192.0.2.256:1", "192.0.2.1:5060x", "0192.0.2.1:1"}) {
    CAPTURE(std::string(wrong));
    CHECK_FALSE(parse_address(wrong));
  }
  CHECK(in_network("10.1.2.3", "10.0.0.0/8"));
  CHECK_FALSE(in_network("11.1.2.3", "10.0.0.0/8"));
  CHECK(in_network("10.1.2.3", "10.1.2.3"));
  CHECK(in_network("10.1.2.3", "0.0.0.0/0"));
  CHECK(in_network("192.168.7.255", "192.168.7.128/25"));
  CHECK_FALSE(in_network("192.168.7.127", "192.168.7.128/25"));
  CHECK(in_network("10.1.2.3", "10.1.2.2/31"));
  CHECK(in_network("2001:db8::1", "2001:db8::/32"));
  CHECK_FALSE(in_network("2001:db9::1", "2001:db8::/32"));
  CHECK(in_network("::1", "::1/128"));
  CHECK(in_network("::ffff:10.1.2.3", "10.0.0.0/8"));
  CHECK_FALSE(in_network("10.1.2.3", "::/0"));
  CHECK_FALSE(in_network("2001:db8::1", "0.0.0.0/0"));
  for (auto wrong : {"", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "2001:db8::/129"}) CHECK_FALSE(in_network("10.0.0.1", wrong));
  CHECK_FALSE(in_network("", "0.0.0.0/0"));
  CHECK(plain_ip("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(plain_ip("2001:db8::1") == "2001:db8::1");
  CHECK(plain_ip("192.0.2.1") == "192.0.2.1");
}
