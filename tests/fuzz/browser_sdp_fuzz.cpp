// A browser's offer, from whoever holds an agent's session. What we answer is our own text: never theirs, never with a line of theirs.
#include <string>

#include "expect.h"
#include "sip/browser_sdp.h"

using namespace pasokh::sip;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  BrowserLocal local;
  local.ufrag = "abcdefgh";
  local.password = "abcdefghabcdefghabcdefgh";
  local.fingerprint = "00:11";
  local.candidates = {{"192.0.2.10", 10'000}, {"2001:db8::1", 10'000}};
  const auto answered = answer_browser(text_of(data, size), local);
  if (!answered) {
    expect(answered.error().status == 488 && !answered.error().reason.empty() && answered.error().offered.size() < 1'000, "refused with a reason");
    return 0;
  }
  expect(answered->plan.payload < 128 && answered->plan.dtmf_payload >= -1 && answered->plan.dtmf_payload < 128, "payload numbers have seven bits");
  expect(answered->plan.remote.ip.empty(), "ICE alone finds where to send");
  expect(answered->peer_fingerprint.size() == 32 && answered->peer_ufrag.size() >= 4, "what checks and DTLS are held against is there");
  std::size_t audio = 0;
  for (std::size_t at = 0; at < answered->sdp.size();) {
    const auto end = answered->sdp.find("\r\n", at);
    expect(end != std::string::npos && end > at + 1 && answered->sdp[at + 1] == '=', "lines, each with its type");
    const auto line = std::string_view(answered->sdp).substr(at, end - at);
    for (const char c : line) expect(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "printable");
    audio += line.starts_with("m=audio 10000 ");
    at = end + 2;
  }
  expect(audio == 1, "one line carries sound");
  return 0;
}
