// SDP with a browser (RFC 8829, RFC 8839, RFC 8842): its offer read into our own struct, our answer written from nothing but that.
// ICE-lite, DTLS with us passive, RTP and RTCP on one flow, G.711 and telephone-event, Opus beside it (RFC 7587): a browser sends what stands
// first in the answer and takes the others at any time. Other media are answered with port 0.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sip/sdp.h"

namespace pasokh::sip {

struct BrowserLocal {
  std::string ufrag, password;       // ICE, ours (RFC 8445 §5.3: at least 24 and 128 bits of it random)
  std::string fingerprint;           // SHA-256 of our certificate as AB:CD:…
  std::vector<Address> candidates;   // where we can be reached, best first; at least one
  std::uint64_t session_id = 1, version = 1;
  std::vector<AudioCodec> codecs{AudioCodec::pcma, AudioCodec::pcmu};  // order of preference
  bool opus_first = false;           // the browser is to send Opus
};

struct BrowserAnswered {
  std::string sdp;
  MediaPlan plan;                    // remote stays empty: ICE finds it
  std::string peer_ufrag;
  std::string peer_fingerprint;      // 32 bytes
  std::int16_t opus_payload = -1;    // -1: it was not offered
};
Result<BrowserAnswered, SdpFault> answer_browser(std::string_view offer, const BrowserLocal&);

inline constexpr std::size_t longest_browser_offer = 64 * 1024;

}  // namespace pasokh::sip
