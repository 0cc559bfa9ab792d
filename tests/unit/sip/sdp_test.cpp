#include "sip/sdp.h"

#include <doctest/doctest.h>

using namespace pasokh;
using namespace pasokh::sip;

namespace {

SdpLocal ours() {
  SdpLocal local;
  local.media.port = 16'384;
  local.ip = "192.0.2.10";
  local.session_id = 77;
  local.version = 3;
  return local;
}

}  // namespace

TEST_CASE("our offer is answered and both sides hold the same plan (RFC 3264 §5, §6)") {
  auto callee = ours();
  callee.ip = "192.0.2.20";
  callee.media.port = 20'000;
  const auto offer = make_offer(ours());
  CHECK(offer ==
        "v=0\r\no=pasokh 77 3 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 16384 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n");
  auto answered = make_answer(offer, callee);
  REQUIRE(answered);
  CHECK(answered->plan.remote == Address{"192.0.2.10", 16'384});
  CHECK(answered->plan.remote_rtcp == Address{"192.0.2.10", 16'385});
  auto agreed = read_answer(answered->sdp, ours());
  REQUIRE(agreed);
  CHECK(agreed->plan.remote == Address{"192.0.2.20", 20'000});
  CHECK(agreed->plan.codec == AudioCodec::pcma);
  CHECK(agreed->plan.dtmf_payload == 101);
  CHECK(agreed->plan.send);
  CHECK(agreed->plan.receive);
  CHECK_FALSE(agreed->held);
}
