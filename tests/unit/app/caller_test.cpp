#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "app/caller/sdp_text.h"
#include "app/caller/sockets.h"
#include "app/caller/user_agent.h"

using namespace pasokh;
using namespace pasokh::app::caller;

namespace {

constexpr auto patience = Duration::seconds(20);        // a test that hangs fails instead

Samples tone(double hertz, double seconds) {
  auto samples = std::make_shared<std::vector<std::int16_t>>();
  for (int i = 0; i < static_cast<int>(seconds * 8'000); ++i) samples->push_back(static_cast<std::int16_t>(8'000 * std::sin(2 * M_PI * hertz * i / 8'000)));
  return samples;
}

// How much of one tone is in the sound, 0…1.
double share(const std::vector<std::int16_t>& sound, double hertz) {
  double in = 0, quadrature = 0, all = 1;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    in += sound[i] * std::sin(2 * M_PI * hertz * static_cast<double>(i) / 8'000);
    quadrature += sound[i] * std::cos(2 * M_PI * hertz * static_cast<double>(i) / 8'000);
    all += std::pow(sound[i], 2);
  }
  return 2 * (in * in + quadrature * quadrature) / static_cast<double>(std::max<std::size_t>(1, sound.size())) / all;
}

struct Pair {                                           // two telephones, directly at each other
  Loop loop;
  UserAgent callee{loop, {.server = {"127.0.0.1", 9}, .user = "201", .bind = {"127.0.0.1", 0}}};
  std::unique_ptr<UserAgent> caller;
  std::shared_ptr<Call> theirs;
  bool timed_out = false;
  Pair() {
    REQUIRE(callee.open());
    caller = std::make_unique<UserAgent>(loop, UserAgentSettings{.server = callee.address(), .bind = {"127.0.0.1", 0}});
    REQUIRE(caller->open());
    callee.on_call = [this](std::shared_ptr<Call> call) { theirs = call; };
    loop.after(patience, [this] { timed_out = true; loop.stop(); });
  }
};

}  // namespace

TEST_CASE("a call between two of our telephones: ringing, answer, tones both ways, digits, hang-up") {
  Pair pair;
  std::vector<int> progress;
  std::string digits;
  pair.callee.on_call = [&](std::shared_ptr<Call> call) {
    pair.theirs = call;
    CHECK(call->number() == "09121234567");
    CHECK(call->name() == "Zahra \"Z\"");
    call->ring();
    call->audio().keep_heard(80'000);
    call->audio().on_digit = [&](char digit) { digits += digit; };
    call->on_ended = [&] { pair.loop.stop(); };
    pair.loop.after(Duration::milliseconds(100), [call] { call->answer(); call->audio().play(tone(700, 1), true); });
  };
  const auto call = pair.caller->call("201", "09121234567", "Zahra \"Z\"");
  call->audio().keep_heard(80'000);
  call->on_progress = [&](int status, const std::string&) { progress.push_back(status); };
  call->on_answered = [&] {
    call->audio().play(tone(440, 1), false, [&] {
      call->audio().send_digits("12#");
      pair.loop.after(Duration::milliseconds(1'000), [&] { call->hang_up(); });
    });
  };
  pair.loop.run();
  REQUIRE_FALSE(pair.timed_out);
  CHECK(progress == std::vector<int>{100, 180});
  REQUIRE(call->answered());
  CHECK(call->ended_by() == EndedBy::us);
  CHECK(pair.theirs->ended_by() == EndedBy::peer);
  CHECK(digits == "12#");
  CHECK(pair.theirs->audio().figures().digits == "12#");
  CHECK(pair.theirs->audio().figures().lost == 0);
  CHECK(call->audio().figures().lost == 0);
  CHECK(call->audio().figures().received > 50);
  CHECK(share(call->audio().heard(), 700) > 0.9);
  auto second = pair.theirs->audio().heard();
  REQUIRE(second.size() > 8'000);
  second.resize(8'000);
  CHECK(share(second, 440) > 0.9);
  CHECK(share(second, 700) < 0.05);
}

TEST_CASE("a refusal ends the call with its status") {
  Pair pair;
  pair.callee.on_call = [&](std::shared_ptr<Call> call) { pair.theirs = call; call->refuse(486); };
  const auto call = pair.caller->call("201", "1");
  call->on_ended = [&] { pair.loop.stop(); };
  pair.loop.run();
  CHECK(call->ended_by() == EndedBy::refused);
  CHECK(call->status() == 486);
  CHECK_FALSE(call->answered());
}

TEST_CASE("hanging up while it rings cancels the call at both ends (RFC 3261 §9)") {
  Pair pair;
  pair.callee.on_call = [&](std::shared_ptr<Call> call) { pair.theirs = call; call->ring(); };
  const auto call = pair.caller->call("201", "1");
  call->on_progress = [&](int status, const std::string&) { if (status == 180) call->hang_up(); };
  call->on_ended = [&] { pair.loop.stop(); };
  pair.loop.run();
  REQUIRE_FALSE(pair.timed_out);
  CHECK(call->ended_by() == EndedBy::us);
  CHECK(call->status() == 487);
  CHECK(pair.theirs->ended_by() == EndedBy::peer);
}

TEST_CASE("the called side hangs up") {
  Pair pair;
  pair.callee.on_call = [&](std::shared_ptr<Call> call) {
    pair.theirs = call;
    call->answer();
    pair.loop.after(Duration::milliseconds(100), [call] { call->hang_up(); });
  };
  const auto call = pair.caller->call("201", "1");
  call->on_ended = [&] { pair.loop.stop(); };
  pair.loop.run();
  CHECK(call->ended_by() == EndedBy::peer);
  CHECK(pair.theirs->ended_by() == EndedBy::us);
}

TEST_CASE("an offer to hold stops our audio and is answered with recvonly; resuming starts it again (RFC 3264 §8.4)") {
  Pair pair;
  std::vector<std::string> answers;
  pair.callee.on_call = [&](std::shared_ptr<Call> call) { pair.theirs = call; call->answer(); };
  // a bare socket plays a phone that holds
  const auto fd = udp_socket({"127.0.0.1", 0});
  REQUIRE(fd);
  const auto here = local_address(*fd);
  int cseq = 0;
  std::string to = "<sip:201@127.0.0.1>";
  const auto request = [&](const std::string& method, const std::string& direction) {
    sip::MessageBuilder builder;
    builder.request(method, "sip:201@" + sip::text(pair.callee.address())).header("Via", "SIP/2.0/UDP " + sip::text(here) + ";branch=z9hG4bK" + method + std::to_string(cseq) + ";rport")
        .header("Max-Forwards", "70").header("From", "<sip:5@127.0.0.1>;tag=f").header("To", to).header("Call-ID", "held").header("CSeq", std::to_string(cseq) + " " + method)
        .header("Contact", "<sip:5@" + sip::text(here) + ">");
    send_datagram(*fd, pair.callee.address(), direction.empty() ? builder.finish() : builder.finish("application/sdp", write_sdp({.rtp = {"127.0.0.1", here.port}, .direction = direction}, 1, static_cast<std::uint64_t>(cseq))));
  };
  const std::vector<std::string> directions{"sendrecv", "sendonly", "sendrecv"};
  const auto next = [&] { ++cseq; request("INVITE", directions[static_cast<std::size_t>(cseq - 1)]); };
  std::vector<std::int64_t> sent;
  pair.loop.watch(*fd, [&] {
    sip::Address from;
    for (auto bytes = receive_datagram(*fd, from); !bytes.empty(); bytes = receive_datagram(*fd, from)) {
      auto message = sip::Message::parse(bytes);
      if (!message || message->is_request() || message->status() != 200 || message->method() != sip::Method::invite || static_cast<int>(message->cseq()) != cseq) continue;
      to = std::string(message->first(sip::Field::to));
      answers.push_back(read_sdp(message->body()).value().direction);
      request("ACK", "");
      pair.loop.after(Duration::milliseconds(200), [&] {
        sent.push_back(pair.theirs->audio().figures().sent);
        if (cseq == 3) pair.loop.stop(); else next();
      });
      return;
    }
  });
  next();
  pair.loop.run();
  pair.loop.forget(*fd);
  REQUIRE_FALSE(pair.timed_out);
  CHECK(answers == std::vector<std::string>{"sendrecv", "recvonly", "sendrecv"});
  REQUIRE(sent.size() == 3);
  CHECK(sent[1] - sent[0] <= 2);
  CHECK(sent[2] - sent[1] >= 3);
}

TEST_CASE("a server that never answers is given up, and the telephone says so") {
  Loop loop;
  const auto silent = udp_socket({"127.0.0.1", 0});
  REQUIRE(silent);
  UserAgent caller{loop, {.server = local_address(*silent), .bind = {"127.0.0.1", 0}}};
  REQUIRE(caller.open());
  const auto call = caller.call("8000", "1");
  int copies = 0;
  loop.after(Duration::milliseconds(1'700), [&] {
    sip::Address from;
    while (!receive_datagram(*silent, from).empty()) ++copies;
    loop.stop();
  });
  loop.run();
  CHECK(copies >= 2);                                   // 0, 500, 1500 ms (§17.1.1.2)
  CHECK_FALSE(call->ended());
}

TEST_CASE("SDP: what we write we can read, and what is no G.711 is refused") {
  const SdpSide side{.rtp = {"192.0.2.7", 40'000}, .alaw_first = false, .direction = "sendonly"};
  const auto read = read_sdp(write_sdp(side, 1, 1));
  REQUIRE(read);
  CHECK(read->rtp == side.rtp);
  CHECK_FALSE(read->alaw_first);
  CHECK(read->digits_payload == 101);
  CHECK(read->direction == "sendonly");
  CHECK_FALSE(read_sdp(""));
  CHECK_FALSE(read_sdp("v=0\r\nm=audio 4000 RTP/AVP 18\r\n"));
  CHECK_FALSE(read_sdp("v=0\r\nm=audio 0 RTP/AVP 8\r\n"));
  CHECK_FALSE(read_sdp("v=0\r\nm=audio x RTP/AVP 8\r\nm="));
}
