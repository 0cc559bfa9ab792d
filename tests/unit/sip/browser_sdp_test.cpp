// Offers of real browsers (Chromium 156, Firefox ESR 153; tests/fuzz/corpus/browser_sdp) and what is refused. RFC 8829, RFC 8839, RFC 8842.
#include "sip/browser_sdp.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

using namespace pasokh;
using namespace pasokh::sip;

namespace {

BrowserLocal ours() {
  BrowserLocal local;
  local.ufrag = "OURufrag";
  local.password = "ourpasswordourpasswordour";
  local.fingerprint = "AA:BB:CC";
  local.candidates = {{"203.0.113.7", 10'000}, {"2001:db8::5", 10'000}};
  local.session_id = 4;
  local.version = 2;
  return local;
}

std::string offer_of(const std::string& name) {
  std::ifstream file("tests/fuzz/corpus/browser_sdp/" + name, std::ios::binary);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string without(std::string text, const std::string& start) {
  const auto at = text.find(start);
  REQUIRE(at != std::string::npos);
  return text.erase(at, text.find('\n', at) + 1 - at);
}
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

bool has_line(const std::string& sdp, const std::string& line) { return sdp.find(line + "\r\n") != std::string::npos; }

std::string why_refused(const std::string& offer) {
  const auto answered = answer_browser(offer, ours());
  return answered ? "taken" : answered.error().reason;
}

}  // namespace

TEST_CASE("Chromium's offer is answered with G.711 in its own numbers, ICE-lite, DTLS passive, one flow") {
  const auto answered = answer_browser(offer_of("chromium_audio"), ours());
  REQUIRE(answered);
  CHECK(answered->plan.codec == AudioCodec::pcma);
  CHECK(answered->plan.payload == 8);
  CHECK(answered->plan.dtmf_payload == 126);
  CHECK(answered->plan.send);
  CHECK(answered->plan.receive);
  CHECK(answered->peer_ufrag == "7AGF");
  REQUIRE(answered->peer_fingerprint.size() == 32);
  CHECK(static_cast<unsigned char>(answered->peer_fingerprint[0]) == 0x06);
  CHECK(static_cast<unsigned char>(answered->peer_fingerprint[31]) == 0xbe);
  CHECK(answered->sdp ==
        "v=0\r\no=pasokh 4 2 IN IP4 203.0.113.7\r\ns=-\r\nt=0 0\r\na=ice-lite\r\na=group:BUNDLE 0\r\n"
        "m=audio 10000 UDP/TLS/RTP/SAVPF 8 111 126\r\nc=IN IP4 203.0.113.7\r\na=mid:0\r\na=sendrecv\r\n"
        "a=rtpmap:8 PCMA/8000\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1;maxplaybackrate=8000;sprop-maxcapturerate=8000;maxaveragebitrate=24000\r\n"
        "a=rtpmap:126 telephone-event/8000\r\na=fmtp:126 0-15\r\na=ptime:20\r\na=rtcp-mux\r\na=setup:passive\r\n"
        "a=ice-ufrag:OURufrag\r\na=ice-pwd:ourpasswordourpasswordour\r\na=fingerprint:sha-256 AA:BB:CC\r\n"
        "a=candidate:1 1 udp 2130706431 203.0.113.7 10000 typ host\r\na=candidate:2 1 udp 2130706175 2001:db8::5 10000 typ host\r\na=end-of-candidates\r\n");
}

TEST_CASE("Firefox's offer: fingerprint for the whole session, other numbers") {
  const auto answered = answer_browser(offer_of("firefox_audio"), ours());
  REQUIRE(answered);
  CHECK(answered->plan.payload == 8);
  CHECK(answered->plan.dtmf_payload == 101);
  CHECK(answered->peer_ufrag == "f6655d70");
  REQUIRE(answered->peer_fingerprint.size() == 32);
  CHECK(static_cast<unsigned char>(answered->peer_fingerprint[0]) == 0x2d);
}

TEST_CASE("an offer with video and data is answered line by line: sound yes, the others with port 0, outside the bundle") {
  const auto answered = answer_browser(offer_of("chromium_bundle"), ours());
  REQUIRE(answered);
  CHECK(has_line(answered->sdp, "a=group:BUNDLE 0"));
  const auto audio = answered->sdp.find("m=audio 10000 "), video = answered->sdp.find("m=video 0 UDP/TLS/RTP/SAVPF "), data = answered->sdp.find("m=application 0 UDP/DTLS/SCTP ");
  CHECK(audio < video);
  CHECK(video < data);
  CHECK(data != std::string::npos);
  CHECK(has_line(answered->sdp, "a=mid:1"));
  CHECK(has_line(answered->sdp, "a=mid:2"));
  CHECK(has_line(answered->sdp, "a=sendonly"));  // it only listens (RFC 3264 §6.1)
  CHECK(answered->plan.send);
  CHECK_FALSE(answered->plan.receive);
}

TEST_CASE("candidates of the browser change nothing: its checks tell where it is") {
  const auto answered = answer_browser(offer_of("chromium_gathered"), ours());
  REQUIRE(answered);
  CHECK(answered->plan.remote.ip.empty());
  CHECK(answered->plan.remote.port == 0);
}

TEST_CASE("the codec that needs no translation is chosen") {
  auto local = ours();
  local.codecs = {AudioCodec::pcmu, AudioCodec::pcma};
  const auto answered = answer_browser(offer_of("firefox_audio"), local);
  REQUIRE(answered);
  CHECK(answered->plan.codec == AudioCodec::pcmu);
  CHECK(answered->plan.payload == 0);
  CHECK(has_line(answered->sdp, "a=rtpmap:0 PCMU/8000"));
}

TEST_CASE("RFC 7587: Opus stands beside G.711, before it when the browser is to send it; a browser without Opus has G.711 alone") {
  auto local = ours();
  auto answered = answer_browser(offer_of("firefox_audio"), local);
  REQUIRE(answered);
  CHECK(answered->opus_payload == 109);
  CHECK(answered->sdp.find("UDP/TLS/RTP/SAVPF 8 109 101\r\n") != std::string::npos);
  local.opus_first = true;
  answered = answer_browser(offer_of("firefox_audio"), local);
  REQUIRE(answered);
  CHECK(answered->sdp.find("UDP/TLS/RTP/SAVPF 109 8 101\r\n") != std::string::npos);
  CHECK(answered->plan.payload == 8);              // both may come at any time
  for (const auto& offer : {without(offer_of("chromium_audio"), "a=rtpmap:111"), replaced(offer_of("chromium_audio"), "111 opus/48000", "111 opus/16000")}) {
    answered = answer_browser(offer, local);
    REQUIRE(answered);
    CHECK(answered->opus_payload == -1);
    CHECK(answered->sdp.find("opus") == std::string::npos);
    CHECK(answered->sdp.find("UDP/TLS/RTP/SAVPF 8 126\r\n") != std::string::npos);
  }
}

TEST_CASE("what cannot be answered is refused with a reason") {
  const auto offer = offer_of("chromium_audio");
  CHECK(why_refused("") == "no m= line");
  CHECK(why_refused("hello") == "no v=0 line");
  CHECK(why_refused(without(offer, "a=ice-ufrag")) == "no ICE user fragment and password");
  CHECK(why_refused(without(offer, "a=ice-pwd")) == "no ICE user fragment and password");
  CHECK(why_refused(replaced(offer, "a=ice-ufrag:7AGF", "a=ice-ufrag:7A F")) == "no ICE user fragment and password");
  CHECK(why_refused(without(offer, "a=fingerprint")) == "no SHA-256 fingerprint of the browser's certificate");
  CHECK(why_refused(replaced(offer, "sha-256", "sha-1")) == "no SHA-256 fingerprint of the browser's certificate");
  CHECK(why_refused(replaced(offer, "06:66", "06:6G")) == "no SHA-256 fingerprint of the browser's certificate");
  CHECK(why_refused(replaced(offer, "setup:actpass", "setup:passive")) == "the browser wants us to begin DTLS");
  CHECK(why_refused(without(offer, "a=rtcp-mux")) == "no rtcp-mux");
  CHECK(why_refused(replaced(offer, "UDP/TLS/RTP/SAVPF", "RTP/AVP")) == "no audio over DTLS-SRTP was offered");
  CHECK(why_refused(replaced(offer, "111 63 9 0 8 13 110 126", "111 63 9 13 110 126")) == "no G.711 audio was offered");
  CHECK(why_refused(replaced(offer, "a=mid:0", "a=mid:0 \"")) == "malformed mid");
  CHECK(why_refused(offer + std::string(longest_browser_offer, 'a')) == "a description longer than 64 KiB");
}

TEST_CASE("nothing of the offer but its numbers and mids is written into the answer") {
  const auto offer = replaced(replaced(offer_of("chromium_bundle"), "a=mid:1", "a=mid:1\r\na=candidate:9 1 udp 1 198.51.100.9 9 typ host"), "s=-", "s=198.51.100.9");
  const auto answered = answer_browser(offer, ours());
  REQUIRE(answered);
  CHECK(answered->sdp.find("198.51.100.9") == std::string::npos);
}
