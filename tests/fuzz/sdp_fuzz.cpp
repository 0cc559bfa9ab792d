#include <string>

#include "expect.h"
#include "sip/sdp.h"

using namespace pasokh::sip;

namespace {

std::size_t media_lines(std::string_view sdp) {
  std::size_t lines = 0;
  for (auto at = sdp.find("\r\nm="); at != sdp.npos; at = sdp.find("\r\nm=", at + 1)) ++lines;
  return lines;
}

void expect_safe(const MediaPlan& plan) {
  if (plan.send) expect(media_address_allowed(plan.remote.ip, plan.remote.ip) && plan.remote.port != 0, "we send only where we may");
  if (!plan.remote_rtcp.ip.empty()) expect(media_address_allowed(plan.remote_rtcp.ip, plan.remote.ip), "RTCP too");
  expect(plan.ptime_ms >= 10 && plan.ptime_ms <= 60, "10 to 60 ms");
  expect(plan.payload < 128 && plan.dtmf_payload >= -1 && plan.dtmf_payload < 128, "payload numbers have seven bits");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = text_of(data, size);
  SdpLocal local;
  local.media.port = 16'384;
  local.ip = "192.0.2.10";
  local.hold = size % 2 == 1;
  if (auto answered = make_answer(input, local)) {
    expect_safe(answered->plan);
    expect(media_lines(answered->sdp) >= 1 && media_lines(answered->sdp) <= 16, "a line for each, no more");
    expect(answered->sdp.find_first_of(std::string_view("\0", 1)) == std::string::npos, "no NUL");
    auto again = make_answer(answered->sdp, local);  // what we write is itself an offer that we take
    expect(again.has_value(), "what we write we read");
    expect(again->plan.codec == answered->plan.codec && again->plan.payload == answered->plan.payload && again->plan.dtmf_payload == answered->plan.dtmf_payload, "the same formats");
  } else {
    expect(answered.error().status == 488 && !answered.error().reason.empty() && answered.error().offered.size() <= 256, "refused with a reason");
    for (char c : answered.error().offered) expect(c >= 0x20 && c < 0x7F, "names for the log are printable");
  }
  if (auto agreed = read_answer(input, local)) expect_safe(agreed->plan);
  return 0;
}
