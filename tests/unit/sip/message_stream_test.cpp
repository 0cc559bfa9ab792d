// RFC 3261 §18.3 and §7.5, RFC 5626 §3.5.1: messages out of a TCP stream.
#include <doctest/doctest.h>

#include "sip/message.h"

using namespace pasokh::sip;

namespace {

using Kind = StreamSplitter::Kind;

std::string options(int number, std::string_view body = {}) {
  return "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK" + std::to_string(number) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::vector<std::string> drain(StreamSplitter& splitter) {
  std::vector<std::string> out;
  std::string message;
  for (auto kind = splitter.next(message); kind != Kind::nothing; kind = splitter.next(message)) {
    out.push_back(kind == Kind::message ? message : kind == Kind::ping ? "ping" : "broken");
    if (kind == Kind::broken) break;
  }
  return out;
}

std::vector<std::string> whole(std::string_view bytes) {
  StreamSplitter splitter;
  splitter.feed(bytes);
  return drain(splitter);
}

}  // namespace

TEST_CASE("two messages and a ping come out the same at every split into two") {
  const auto stream = options(1, "body \r\n\r\n with lines") + "\r\n\r\n" + options(2);
  const std::vector<std::string> expected{options(1, "body \r\n\r\n with lines"), "ping", options(2)};
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    StreamSplitter splitter;
    splitter.feed(std::string_view(stream).substr(0, cut));
    auto out = drain(splitter);
    splitter.feed(std::string_view(stream).substr(cut));
    for (auto& more : drain(splitter)) out.push_back(more);
    CAPTURE(cut);
    CHECK(out == expected);
  }
}

TEST_CASE("ten thousand messages in segments of 1 to 97 bytes: none lost, none changed") {
  std::string stream;
  for (int i = 0; i < 10'000; ++i) stream += options(i, std::string(static_cast<std::size_t>(i % 50), 'x'));
  StreamSplitter splitter;
  int next = 0;
  std::size_t step = 1;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    step = step % 97 + 1;
    splitter.feed(std::string_view(stream).substr(at, step));
    for (const auto& message : drain(splitter)) {
      REQUIRE(message == options(next, std::string(static_cast<std::size_t>(next % 50), 'x')));
      ++next;
    }
  }
  CHECK(next == 10'000);
}

TEST_CASE("a stream that never rests between messages is read for as long as it lasts, in bounded memory") {
  const std::string body(150, 'x');
  StreamSplitter splitter;
  std::string pending = options(0, body);
  for (int i = 0; i < 2'000; ++i) {  // 400 kB: what is done with is let go on the way
    const auto next = options(i + 1, body);
    const auto cut = i % 3 == 0 ? 3 : i % 3 == 1 ? 30 : next.size() - 1;
    splitter.feed(pending + next.substr(0, cut));
    REQUIRE(drain(splitter) == std::vector<std::string>{options(i, body)});
    pending = next.substr(cut);
  }
}

TEST_CASE("a double CRLF is a ping, a single one before a message is skipped") {
  CHECK(whole("\r\n\r\n") == std::vector<std::string>{"ping"});
  CHECK(whole("\r\n").empty());
  CHECK(whole("\r\n\r").empty());
  CHECK(whole("\r\n\r\n\r\n\r\n") == std::vector<std::string>{"ping", "ping"});
  CHECK(whole("\r\n" + options(1)) == std::vector<std::string>{options(1)});
  CHECK(whole("\r\n\r\n\r\n" + options(1)) == std::vector<std::string>{"ping", options(1)});
}

TEST_CASE("Content-Length is found in its compact form, in any case and folded") {
  for (auto field : {"l: 2", "L:2", "content-length :\t2", "CONTENT-LENGTH:\r\n 2", "Content-Length: 0002"}) {
    const auto message = "OPTIONS sip:a@b SIP/2.0\r\nX: y\r\n z\r\n" + std::string(field) + "\r\n\r\nhi";
    CAPTURE(std::string(field));
    CHECK(whole(message + options(1)) == std::vector<std::string>{message, options(1)});
  }
}

TEST_CASE("a stream that cannot be cut into messages is broken, and stays so") {
  for (auto head : {"X: 1", "Content-Length: x", "Content-Length: -1", "Content-Length: 1\r\nl: 1", "Content-Length: 70000", "Content-Length: 99999999999999999999"}) {
    StreamSplitter splitter;
    splitter.feed("OPTIONS sip:a@b SIP/2.0\r\n" + std::string(head) + "\r\n\r\n");
    CAPTURE(std::string(head));
    CHECK(drain(splitter) == std::vector<std::string>{"broken"});
    splitter.feed(options(1));
    CHECK(drain(splitter) == std::vector<std::string>{"broken"});
  }
  CHECK(whole("OPTIONS sip:a@b SIP/2.0\n\n") == std::vector<std::string>{"broken"});
  CHECK(whole("\n") == std::vector<std::string>{"broken"});
  CHECK(whole("\x16\x03\x01\x02") == std::vector<std::string>{"broken"});  // a TLS hello
  const std::string start = "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: ";
  CHECK(whole(start + "65400\r\n\r\n").empty());
  CHECK(whole(start + "65500\r\n\r\n") == std::vector<std::string>{"broken"});  // head and body together
  CHECK(whole(std::string(65'537, 'a')) == std::vector<std::string>{"broken"});
  CHECK(whole(std::string(65'000, 'a')).empty());
  CHECK(whole(options(1) + "\x01") == std::vector<std::string>{options(1), "broken"});
}
