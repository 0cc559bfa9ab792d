// The few lines of SDP that a plain G.711 phone speaks (RFC 8866). Written apart from sip/sdp, as the peer that it tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sip/address.h"

namespace pasokh::app::caller {

struct SdpSide {
  sip::Address rtp;
  bool alaw = true, ulaw = true, alaw_first = true;
  int digits_payload = 101;                             // telephone-event; -1: none
  std::string direction = "sendrecv";
};

std::string write_sdp(const SdpSide&, std::uint64_t session, std::uint64_t version);
std::optional<SdpSide> read_sdp(std::string_view);      // the first audio line with RTP/AVP

}  // namespace pasokh::app::caller
