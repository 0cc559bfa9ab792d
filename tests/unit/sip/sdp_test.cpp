// RFC 3264 (offer/answer), RFC 8866 (SDP), RFC 4733 (events), RFC 3605 (rtcp), RFC 2543 §B.5 (hold by 0.0.0.0), threats S13.
#include "sip/sdp.h"

#include <doctest/doctest.h>

using namespace pasokh;
using namespace pasokh::sip;

namespace {

SdpLocal ours() {
  SdpLocal local;
  local.media.port = 16'384;
  local.ip = "192.0.2.10";
  local.other_ip = "2001:db8::10";
  local.session_id = 77;
  local.version = 3;
  return local;
}

std::string wire(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

std::string session(std::string_view rest) { return wire("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n" + std::string(rest)); }
std::string without_address(std::string_view rest) { return wire("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\n" + std::string(rest)); }

// What was agreed, in one line: "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf 101 20ms sendrecv"; "held" when the peer holds.
std::string summary(const MediaPlan& plan, bool held) {
  std::string out = plan.codec == AudioCodec::pcma ? "PCMA/" : "PCMU/";
  out += std::to_string(plan.payload) + ' ' + (plan.remote.ip.empty() ? "nowhere" : text(plan.remote));
  if (!plan.remote.ip.empty()) {
    out += " rtcp " + (plan.remote_rtcp.ip == plan.remote.ip ? "" : plan.remote_rtcp.ip + ':') + std::to_string(plan.remote_rtcp.port);
  }
  out += " dtmf " + (plan.dtmf_in_band ? "in band" : std::to_string(plan.dtmf_payload)) + ' ' + std::to_string(plan.ptime_ms) + "ms ";
  out += plan.send && plan.receive ? "sendrecv" : plan.send ? "sendonly" : plan.receive ? "recvonly" : "inactive";
  return held ? out + " held" : out;
}

std::string answered(const std::string& offer, const SdpLocal& local = ours()) {
  auto answer = make_answer(offer, local);
  if (!answer) {
    CHECK(answer.error().status == 488);
    return "488 " + answer.error().reason;
  }
  return summary(answer->plan, answer->held);
}

std::string media_lines(std::string_view sdp) {
  std::string out;
  for (auto at = sdp.find("\r\nm="); at != sdp.npos; at = sdp.find("\r\nm=", at + 1)) {
    if (!out.empty()) out += " | ";
    out += sdp.substr(at + 4, sdp.find("\r\n", at + 2) - at - 4);
  }
  return out;
}

}  // namespace

TEST_CASE("our offer is answered and both sides hold the same plan (RFC 3264 §5, §6)") {
  auto callee = ours();
  callee.ip = "192.0.2.20";
  callee.media.port = 20'000;
  const auto offer = make_offer(ours());
  CHECK(offer == wire("v=0\no=pasokh 77 3 IN IP4 192.0.2.10\ns=-\nc=IN IP4 192.0.2.10\nt=0 0\nm=audio 16384 RTP/AVP 8 0 101\na=rtpmap:8 PCMA/8000\na=rtpmap:0 PCMU/8000\n"
                      "a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=ptime:20\na=sendrecv\n"));
  auto answer = make_answer(offer, callee);
  REQUIRE(answer);
  CHECK(summary(answer->plan, answer->held) == "PCMA/8 192.0.2.10:16384 rtcp 16385 dtmf 101 20ms sendrecv");
  auto agreed = read_answer(answer->sdp, ours());
  REQUIRE(agreed);
  CHECK(summary(agreed->plan, agreed->held) == "PCMA/8 192.0.2.20:20000 rtcp 20001 dtmf 101 20ms sendrecv");
}

TEST_CASE("offers that can be used give this plan") {
  struct Case { const char* what; std::string offer; const char* plan; };
  const std::string pcma = "m=audio 40000 RTP/AVP 8\n";
  const Case table[] = {
      {"static PCMA", session(pcma), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"static PCMU", session("m=audio 40000 RTP/AVP 0\n"), "PCMU/0 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"our order decides, not theirs", session("m=audio 40000 RTP/AVP 0 8\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"others are passed over", session("m=audio 40000 RTP/AVP 18 9 3 0\n"), "PCMU/0 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"G.711 by a dynamic number", session("m=audio 40000 RTP/AVP 97\na=rtpmap:97 PCMA/8000\n"), "PCMA/97 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"name in lower case, one channel", session("m=audio 40000 RTP/AVP 97\na=rtpmap:97 pcmu/8000/1\n"), "PCMU/97 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"a map says more than the static table", session("m=audio 40000 RTP/AVP 8 0\na=rtpmap:8 G729/8000\n"), "PCMU/0 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"stereo and 16 kHz are other codecs", session("m=audio 40000 RTP/AVP 97 98 0\na=rtpmap:97 PCMA/8000/2\na=rtpmap:98 PCMA/16000\n"), "PCMU/0 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"events by any number", session("m=audio 40000 RTP/AVP 8 96\na=rtpmap:96 telephone-event/8000\na=fmtp:96 0-16\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf 96 20ms sendrecv"},
      {"events at 8 kHz among others", session("m=audio 40000 RTP/AVP 8 100 101\na=rtpmap:100 telephone-event/48000\na=rtpmap:101 telephone-event/8000\n"),
       "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf 101 20ms sendrecv"},
      {"events at another clock only", session("m=audio 40000 RTP/AVP 8 100\na=rtpmap:100 telephone-event/48000\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"a map without its format is nothing", session("m=audio 40000 RTP/AVP 8\na=rtpmap:101 telephone-event/8000\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"ptime 10", session(pcma + "a=ptime:10\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 10ms sendrecv"},
      {"ptime 30", session(pcma + "a=ptime:30\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 30ms sendrecv"},
      {"ptime 60", session(pcma + "a=ptime:60\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 60ms sendrecv"},
      {"ptime 25 is cut to tens", session(pcma + "a=ptime:25\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"ptime 0", session(pcma + "a=ptime:0\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"ptime 5", session(pcma + "a=ptime:5\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"ptime 200", session(pcma + "a=ptime:200\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"ptime 4294967316", session(pcma + "a=ptime:4294967316\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"ptime -20", session(pcma + "a=ptime:-20\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"ptime with a fraction", session(pcma + "a=ptime:30.0\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 30ms sendrecv"},
      {"maxptime below ptime", session(pcma + "a=ptime:40\na=maxptime:30\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 30ms sendrecv"},
      {"maxptime 10", session(pcma + "a=maxptime:10\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 10ms sendrecv"},
      {"maxptime 5: as near as we can", session(pcma + "a=maxptime:5\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 10ms sendrecv"},
      {"maxptime 0 is nonsense", session(pcma + "a=maxptime:0\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"maxptime 240", session(pcma + "a=maxptime:240\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"sendonly", session(pcma + "a=sendonly\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms recvonly held"},
      {"recvonly", session(pcma + "a=recvonly\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendonly"},
      {"inactive", session(pcma + "a=inactive\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms inactive held"},
      {"sendonly for the session", session("a=sendonly\n" + pcma), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms recvonly held"},
      {"the media line overrides the session", session("a=sendonly\n" + pcma + "a=sendrecv\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"another line's direction is not ours", session("m=audio 40000 RTP/AVP 8\nm=video 5000 RTP/AVP 96\na=inactive\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"hold of RFC 2543", without_address("m=audio 40000 RTP/AVP 8\nc=IN IP4 0.0.0.0\n"), "PCMA/8 nowhere dtmf in band 20ms recvonly held"},
      {"hold of RFC 2543, sendonly too", without_address("m=audio 40000 RTP/AVP 8\nc=IN IP4 0.0.0.0\na=sendonly\n"), "PCMA/8 nowhere dtmf in band 20ms recvonly held"},
      {"hold of RFC 2543, inactive", without_address("m=audio 40000 RTP/AVP 8\nc=IN IP4 0.0.0.0\na=inactive\n"), "PCMA/8 nowhere dtmf in band 20ms inactive held"},
      {"hold of RFC 2543 in IPv6", without_address("m=audio 40000 RTP/AVP 8\nc=IN IP6 ::\n"), "PCMA/8 nowhere dtmf in band 20ms recvonly held"},
      {"address of the media line", session("m=audio 40000 RTP/AVP 8\nc=IN IP4 198.51.100.7\n"), "PCMA/8 198.51.100.7:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"address only there", without_address("m=audio 40000 RTP/AVP 8\nc=IN IP4 198.51.100.7\n"), "PCMA/8 198.51.100.7:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"IPv6", without_address("m=audio 40000 RTP/AVP 8\nc=IN IP6 2001:db8::7\n"), "PCMA/8 [2001:db8::7]:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"IPv4 in IPv6", without_address("m=audio 40000 RTP/AVP 8\nc=IN IP6 ::ffff:192.0.2.7\n"), "PCMA/8 192.0.2.7:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"rtcp elsewhere", session(pcma + "a=rtcp:53020\n"), "PCMA/8 192.0.2.1:40000 rtcp 53020 dtmf in band 20ms sendrecv"},
      {"rtcp at another address", session(pcma + "a=rtcp:53020 IN IP4 126.16.64.4\n"), "PCMA/8 192.0.2.1:40000 rtcp 126.16.64.4:53020 dtmf in band 20ms sendrecv"},
      {"rtcp at a forbidden address", session(pcma + "a=rtcp:53020 IN IP4 239.1.1.1\n"), "PCMA/8 192.0.2.1:40000 rtcp 53020 dtmf in band 20ms sendrecv"},
      {"rtcp at loopback", session(pcma + "a=rtcp:53020 IN IP4 127.0.0.1\n"), "PCMA/8 192.0.2.1:40000 rtcp 53020 dtmf in band 20ms sendrecv"},
      {"rtcp malformed", session(pcma + "a=rtcp:x IN\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"rtcp for the session is none", session("a=rtcp:53020\n" + pcma), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"no room for RTCP", session("m=audio 65535 RTP/AVP 8\n"), "PCMA/8 192.0.2.1:65535 rtcp 0 dtmf in band 20ms sendrecv"},
      {"port count", session("m=audio 40000/2 RTP/AVP 8\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"AVPF", session("m=audio 40000 RTP/AVPF 8\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"LF only (RFC 8866 §5)", "v=0\no=- 1 1 IN IP4 h\ns=\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 40000 RTP/AVP 8\n", "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"no last line end", "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8", "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"unknown lines and attributes", session("b=AS:64\nk=clear:x\nz=1\na=tool:x\n" + pcma + "a=label:1\na=\na=x:\ni=call\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"malformed maps are passed over", session(pcma + "a=rtpmap:\na=rtpmap:8\na=rtpmap:x PCMU/8000\na=rtpmap:999 PCMU/8000\na=rtpmap:8 PCMU\na=rtpmap:8 PCMU/x\na=rtpmap:8 P U/8000\n"),
       "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"formats that are no numbers", session("m=audio 40000 RTP/AVP x 300 -1 8\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"loopback is a matter of who asks", wire("v=0\nc=IN IP4 127.0.0.1\nm=audio 40000 RTP/AVP 8\n"), "PCMA/8 127.0.0.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"a video line before", session("m=video 5000 RTP/AVP 96\nm=audio 40000 RTP/AVP 8\n"), "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"a disabled audio line before", session("m=audio 0 RTP/AVP 8\nm=audio 40000 RTP/AVP 0\n"), "PCMU/0 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"an encrypted audio line before", session("m=audio 50000 RTP/SAVP 8\nm=audio 40000 RTP/AVP 0\n"), "PCMU/0 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"an audio line that we cannot before", session("m=audio 50000 RTP/AVP 18\nm=audio 40000 RTP/AVP 0\n"), "PCMU/0 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
      {"two usable audio lines: the first", session("m=audio 40000 RTP/AVP 0\nm=audio 40002 RTP/AVP 8\n"), "PCMU/0 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv"},
  };
  CHECK(std::size(table) >= 60);
  for (const auto& one : table) {
    CAPTURE(std::string(one.what));
    CHECK(answered(one.offer) == one.plan);
    // Whatever we answer is whole: it is itself an offer that leads to the same formats.
    auto answer = make_answer(one.offer, ours());
    if (answer) CHECK(make_answer(answer->sdp, ours())->plan.payload == answer->plan.payload);
  }
}

TEST_CASE("offers that cannot be used are 488 with the reason (S13)") {
  struct Case { std::string offer; const char* reason; };
  std::string lines17, formats65;
  for (int i = 0; i < 17; ++i) lines17 += "m=audio 40000 RTP/AVP 8\n";
  for (int i = 0; i < 65; ++i) formats65 += ' ' + std::to_string(i % 90);
  const Case table[] = {
      {"", "no description"},
      {"\r\n\r\n", "no description"},
      {"hello", "no v=0 line"},
      {"v=1\r\nm=audio 1 RTP/AVP 8\r\n", "no v=0 line"},
      {"m=audio 40000 RTP/AVP 8\r\nv=0\r\n", "no v=0 line"},
      {session(""), "no m= line"},
      {session("m=audio 40000 RTP/AVP 8\nx\n"), "a line without its type"},
      {session("m=audio 40000 RTP/AVP 8\na sendonly\n"), "a line without its type"},
      {session("m=audio\n"), "malformed m= line"},
      {session("m=audio x RTP/AVP 8\n"), "malformed m= line"},
      {session("m=audio 65536 RTP/AVP 8\n"), "malformed m= line"},
      {session("m=audio -1 RTP/AVP 8\n"), "malformed m= line"},
      {session("m=audio 40000/x RTP/AVP 8\n"), "malformed port count in m="},
      {session("m=audio 40000 RTP/AVP\n"), "m= line without a format"},
      {session("m=audio 40000 RTP/AVP 8;\n"), "malformed format in m="},
      {session("m=au\xC3\xBC 40000 RTP/AVP 8\n"), "malformed m= line"},
      {session(lines17), "more than 16 m= lines"},
      {session("m=audio 40000 RTP/AVP" + formats65 + "\n"), "more than 64 formats in m="},
      {session("m=audio 40000 RTP/AVP 8\na=" + std::string(1'023, 'x') + "\n"), "a line longer than 1 KiB"},
      {session(std::string("m=audio 40000 RTP/AVP 8\na=\0\n", 28)), "NUL in the description"},
      {session("m=video 5000 RTP/AVP 96\n"), "no G.711 audio was offered"},
      {session("m=audio 40000 RTP/AVP 18\n"), "no G.711 audio was offered"},
      {session("m=audio 0 RTP/AVP 8\n"), "no G.711 audio was offered"},
      {session("m=audio 40000 RTP/SAVP 8\n"), "no G.711 audio was offered"},
      {session("m=audio 40000 UDP/TLS/RTP/SAVPF 8\n"), "no G.711 audio was offered"},
      {session("m=audio 40000 udp 8\n"), "no G.711 audio was offered"},
      {session("m=audio 40000 RTP/AVP 97\na=rtpmap:97 PCMA/16000\n"), "no G.711 audio was offered"},
      {without_address("m=audio 40000 RTP/AVP 8\n"), "no c= line"},
      {without_address("m=audio 40000 RTP/AVP 8\nc=IN IP4 host.example.com\n"), "the address in c= is none that we can send to"},
      {without_address("m=audio 40000 RTP/AVP 8\nc=IN IP4 2001:db8::1\n"), "the address in c= is none that we can send to"},
      {without_address("m=audio 40000 RTP/AVP 8\nc=IN IP6 192.0.2.1\n"), "the address in c= is none that we can send to"},
      {without_address("m=audio 40000 RTP/AVP 8\nc=IN IP4 192.0.2.256\n"), "the address in c= is none that we can send to"},
      {without_address("m=audio 40000 RTP/AVP 8\nc=IN IP4\n"), "the address in c= is none that we can send to"},
      {without_address("m=audio 40000 RTP/AVP 8\nc=ATM NSAP 47.0091\n"), "the address in c= is none that we can send to"},
      {without_address("m=audio 40000 RTP/AVP 8\nc=\n"), "the address in c= is none that we can send to"},
      {without_address("m=audio 40000 RTP/AVP 8\nc=IN IP4 224.2.1.1/127/3\n"), "the address in c= is none that we may send to"},
      {without_address("m=audio 40000 RTP/AVP 8\nc=IN IP4 255.255.255.255\n"), "the address in c= is none that we may send to"},
      {without_address("m=audio 40000 RTP/AVP 8\nc=IN IP4 0.1.2.3\n"), "the address in c= is none that we may send to"},
      {without_address("m=audio 40000 RTP/AVP 8\nc=IN IP4 240.0.0.1\n"), "the address in c= is none that we may send to"},
      {without_address("m=audio 40000 RTP/AVP 8\nc=IN IP6 ff02::1\n"), "the address in c= is none that we may send to"},
      {without_address("m=audio 40000 RTP/AVP 8\nc=IN IP6 ::ffff:224.0.0.1\n"), "the address in c= is none that we may send to"},
  };
  for (const auto& one : table) {
    CAPTURE(one.offer);
    CHECK(answered(one.offer) == std::string("488 ") + one.reason);
  }
}

TEST_CASE("a refusal for want of a codec names what was offered, for the log, and no more than 256 letters of it") {
  auto offered = [](std::string_view rest) { return make_answer(session(rest), ours()).error().offered; };
  CHECK(offered("m=audio 40000 RTP/AVP 18 96 97 99\na=rtpmap:96 opus/48000/2\na=rtpmap:97 AMR-WB/16000\n") == "G729/8000, opus/48000, AMR-WB/16000, payload 99");
  CHECK(offered("m=video 5000 RTP/AVP 96\n") == "video");
  CHECK(offered("m=audio 40000 RTP/SAVP 8\n") == "RTP/SAVP, PCMA/8000");
  CHECK(offered("m=audio 0 RTP/AVP 8\n") == "audio with port 0, PCMA/8000");
  std::string many = "m=audio 40000 RTP/AVP", maps;
  for (int i = 90; i < 128; ++i) many += ' ' + std::to_string(i), maps += "a=rtpmap:" + std::to_string(i) + " VeryLongNameOfACodec" + std::to_string(i) + "/8000\n";
  CHECK(offered(many + "\n" + maps).size() <= 256);
}

TEST_CASE("other media are answered in their place with port 0, protocol and formats kept (RFC 3264 §6)") {
  auto lines = [](std::string_view rest) { return media_lines(make_answer(session(rest), ours())->sdp); };
  CHECK(lines("m=video 5000/2 RTP/AVP 96 97\nm=audio 40000 RTP/AVP 9 8 101\na=rtpmap:101 telephone-event/8000\nm=image 7 udptl t38\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\n") ==
        "video 0 RTP/AVP 96 97 | audio 16384 RTP/AVP 8 101 | image 0 udptl t38 | application 0 UDP/DTLS/SCTP webrtc-datachannel");
  CHECK(lines("m=audio 0 RTP/AVP 8\nm=audio 40000 RTP/AVPF 0\nm=audio 40002 RTP/AVP 8\n") == "audio 0 RTP/AVP 8 | audio 16384 RTP/AVPF 0 | audio 0 RTP/AVP 8");
}

TEST_CASE("the answer says the agreed format by the offer's number, its pace and the mirrored direction") {
  auto answer = make_answer(session("m=audio 40000 RTP/AVP 97 96\na=rtpmap:97 PCMA/8000\na=rtpmap:96 telephone-event/8000\na=ptime:30\na=sendonly\n"), ours());
  REQUIRE(answer);
  CHECK(answer->sdp == wire("v=0\no=pasokh 77 3 IN IP4 192.0.2.10\ns=-\nc=IN IP4 192.0.2.10\nt=0 0\nm=audio 16384 RTP/AVP 97 96\na=rtpmap:97 PCMA/8000\na=rtpmap:96 telephone-event/8000\na=fmtp:96 0-15\na=ptime:30\na=recvonly\n"));
}

TEST_CASE("directions, whoever holds (RFC 3264 §6.1, §8.4)") {
  struct Case { const char* offer; bool hold; const char *answer, *plan; };
  const Case table[] = {
      {"sendrecv", false, "sendrecv", "sendrecv"}, {"sendonly", false, "recvonly", "recvonly"}, {"recvonly", false, "sendonly", "sendonly"}, {"inactive", false, "inactive", "inactive"},
      {"sendrecv", true, "sendonly", "sendonly"},  {"sendonly", true, "inactive", "inactive"},  {"recvonly", true, "sendonly", "sendonly"},  {"inactive", true, "inactive", "inactive"},
  };
  for (const auto& one : table) {
    CAPTURE(std::string(one.offer));
    CAPTURE(one.hold);
    auto local = ours();
    local.hold = one.hold;
    auto answer = make_answer(session("m=audio 40000 RTP/AVP 8\na=" + std::string(one.offer) + "\n"), local);
    REQUIRE(answer);
    CHECK(answer->sdp.find("\r\na=" + std::string(one.answer) + "\r\n") != std::string::npos);
    CHECK(summary(answer->plan, false).ends_with(std::string(" ") + one.plan));
    CHECK(answer->held == (std::string_view(one.offer) == "sendonly" || std::string_view(one.offer) == "inactive"));
  }
}

TEST_CASE("what we offer is what we are: order of codecs, events, hold, IPv6, version") {
  auto local = ours();
  local.media.codecs = {AudioCodec::pcmu};
  local.media.telephone_event = false;
  local.hold = true;
  local.ip = "2001:db8::10";
  local.version = 4;
  local.ptime_ms = 30;
  CHECK(make_offer(local) == wire("v=0\no=pasokh 77 4 IN IP6 2001:db8::10\ns=-\nc=IN IP6 2001:db8::10\nt=0 0\nm=audio 16384 RTP/AVP 0\na=rtpmap:0 PCMU/8000\na=ptime:30\na=sendonly\n"));
  local.media.codecs = {AudioCodec::pcmu, AudioCodec::pcma};
  CHECK(media_lines(make_offer(local)) == "audio 16384 RTP/AVP 0 8");
}

TEST_CASE("our own wishes count: pace, order of codecs, no events") {
  auto local = ours();
  local.ptime_ms = 30;
  CHECK(answered(session("m=audio 40000 RTP/AVP 8\n"), local).find(" 30ms ") != std::string::npos);
  CHECK(answered(session("m=audio 40000 RTP/AVP 8\na=ptime:5\n"), local).find(" 20ms ") != std::string::npos);
  local.media.codecs = {AudioCodec::pcmu, AudioCodec::pcma};
  CHECK(answered(session("m=audio 40000 RTP/AVP 8 0\n"), local).starts_with("PCMU/0"));
  local.media.codecs = {AudioCodec::pcma};
  CHECK(answered(session("m=audio 40000 RTP/AVP 0\n"), local) == "488 no G.711 audio was offered");
  local.media.telephone_event = false;
  auto answer = make_answer(session("m=audio 40000 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\n"), local);
  CHECK(answer->plan.dtmf_in_band);
  CHECK(media_lines(answer->sdp) == "audio 16384 RTP/AVP 8");
}

TEST_CASE("answers to our offer") {
  auto read = [](const std::string& answer, const SdpLocal& local = ours()) {
    auto agreed = read_answer(answer, local);
    return agreed ? summary(agreed->plan, agreed->held) : "488 " + agreed.error().reason;
  };
  CHECK(read(session("m=audio 40000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n")) == "PCMU/0 192.0.2.1:40000 rtcp 40001 dtmf 101 20ms sendrecv");
  CHECK(read(session("m=audio 40000 RTP/AVP 0 8\n")) == "PCMU/0 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendrecv");  // its order counts
  CHECK(read(session("m=audio 40000 RTP/AVP 101 8\na=rtpmap:101 telephone-event/8000\n")) == "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf 101 20ms sendrecv");
  CHECK(read(session("m=audio 40000 RTP/AVP 8\na=sendonly\n")) == "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms recvonly held");
  CHECK(read(session("m=audio 40000 RTP/AVP 8\na=inactive\n")) == "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms inactive held");
  CHECK(read(session("m=audio 40000 RTP/AVP 8\na=ptime:40\n")) == "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 40ms sendrecv");
  CHECK(read(session("m=audio 0 RTP/AVP 8\n")) == "488 our audio was refused");
  CHECK(read(session("m=audio 40000 RTP/AVP 18\n")) == "488 the answer has no codec of our offer");
  CHECK(read(session("m=video 40000 RTP/AVP 8\n")) == "488 the answer is to another offer");
  CHECK(read(session("m=audio 40000 RTP/SAVP 8\n")) == "488 the answer is to another offer");
  CHECK(read(without_address("m=audio 40000 RTP/AVP 8\nc=IN IP4 239.0.0.1\n")) == "488 the address in c= is none that we may send to");
  CHECK(read("") == "488 no description");
  auto holding = ours();
  holding.hold = true;
  CHECK(read(session("m=audio 40000 RTP/AVP 8\na=recvonly\n"), holding) == "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendonly");
  CHECK(read(session("m=audio 40000 RTP/AVP 8\na=sendrecv\n"), holding) == "PCMA/8 192.0.2.1:40000 rtcp 40001 dtmf in band 20ms sendonly");  // not what we offered
  auto only_pcma = ours();
  only_pcma.media.codecs = {AudioCodec::pcma};
  CHECK(read(session("m=audio 40000 RTP/AVP 0\n"), only_pcma) == "488 the answer has no codec of our offer");
}

TEST_CASE("a peer from outside cannot turn us against our own machine or our own sockets (S13)") {
  auto local = ours();
  local.peer_ip = "203.0.113.1";
  local.own = {{"192.0.2.10", 5060}, {"192.0.2.10", 5061}};
  const std::string refused = "488 the address in c= is none that we may send to";
  CHECK(answered(without_address("c=IN IP4 127.0.0.1\nm=audio 40000 RTP/AVP 8\n"), local) == refused);
  CHECK(answered(without_address("c=IN IP4 169.254.1.1\nm=audio 40000 RTP/AVP 8\n"), local) == refused);
  CHECK(answered(without_address("c=IN IP4 192.0.2.10\nm=audio 5060 RTP/AVP 8\n"), local) == refused);
  CHECK(answered(without_address("c=IN IP6 ::ffff:192.0.2.10\nm=audio 5060 RTP/AVP 8\n"), local) == refused);
  CHECK(answered(without_address("c=IN IP4 192.0.2.10\nm=audio 5070 RTP/AVP 8\n"), local) == "PCMA/8 192.0.2.10:5070 rtcp 5071 dtmf in band 20ms sendrecv");
  auto answer = make_answer(without_address("c=IN IP4 192.0.2.10\nm=audio 5070 RTP/AVP 8\na=rtcp:5060\n"), local);
  REQUIRE(answer);
  CHECK(answer->plan.remote_rtcp == Address{});
}

TEST_CASE("where a peer may ask us to send (S13)") {
  for (auto ip : {"192.0.2.1", "10.0.0.1", "192.168.1.1", "2001:db8::1", "fd00::1", "::ffff:192.0.2.1"}) CHECK(media_address_allowed(ip, "203.0.113.1"));
  for (auto ip : {"", "host", "0.0.0.0", "0.0.0.1", "::", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "ff02::1", "::ffff:239.0.0.1", "::ffff:0.0.0.0", "[::1]", "1.2.3"}) {
    CAPTURE(std::string(ip));
    CHECK_FALSE(media_address_allowed(ip, "203.0.113.1"));
    CHECK_FALSE(media_address_allowed(ip, ip));
  }
  for (auto ip : {"127.0.0.1", "127.9.9.9", "::1", "169.254.1.1", "fe80::1", "::ffff:127.0.0.1"}) {
    CAPTURE(std::string(ip));
    CHECK_FALSE(media_address_allowed(ip, "203.0.113.1"));
    CHECK(media_address_allowed(ip, ip));
  }
  CHECK(media_address_allowed("127.0.0.1", "127.0.0.2"));
  CHECK_FALSE(media_address_allowed("169.254.1.1", "127.0.0.1"));
}

TEST_CASE("audio in the other family (IPv6 beside IPv4) is answered with our address in that family; where we listen on one alone it is refused in words") {
  auto local = ours();
  const auto offer = without_address("m=audio 40000 RTP/AVP 8\nc=IN IP6 2001:db8::7\n");
  auto answer = make_answer(offer, local);
  REQUIRE(answer);
  CHECK(answer->sdp.find("c=IN IP6 2001:db8::10\r\n") != std::string::npos);
  CHECK(answer->plan.remote.ip == "2001:db8::7");
  local.other_ip.clear();
  answer = make_answer(offer, local);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().status == 488);
  CHECK(answer.error().reason == "audio is wanted over IPv6, and we listen on IPv4 alone");
  CHECK(answer.error().offered == "PCMA/8000");
  local.ip = "2001:db8::10";
  CHECK(make_answer(session("m=audio 40000 RTP/AVP 8\n"), local).error().reason == "audio is wanted over IPv4, and we listen on IPv6 alone");
  CHECK(make_answer(offer, local)->sdp.find("c=IN IP6 2001:db8::10\r\n") != std::string::npos);
}
