// SDP offer and answer for one audio stream (RFC 8866, RFC 3264), RFC 4733 events; other media are answered with port 0.
// The o= line is replayable: id and version are given. Never echoes what came in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sip/endpoint.h"

namespace pasokh::sip {

struct SdpLocal {                    // how we describe ourselves
  LocalMedia media;
  std::string ip;                    // c= line
  std::string other_ip;              // ours of the other family (IPv6 beside IPv4); "": we listen on one alone
  std::uint64_t session_id = 1, version = 1;
  bool hold = false;                 // we offer sendonly
  std::uint16_t ptime_ms = 20;
  std::string peer_ip;               // where the peer's signalling comes from, for media_address_allowed; "" = not known
  std::vector<Address> own;          // our own sockets: never a place to send RTP to (S13)
};

struct SdpDescription;               // parsed SDP; opaque outside sdp.cpp

struct SdpFault { int status = 488; std::string reason; std::string offered; };  // offered: names for the log ("G729/8000, opus/48000")

std::string make_offer(const SdpLocal&);
struct Answered { std::string sdp; MediaPlan plan; bool held = false; };  // held: the peer's direction is sendonly or inactive
Result<Answered, SdpFault> make_answer(std::string_view offer, const SdpLocal&);
struct Agreed { MediaPlan plan; bool held = false; };
Result<Agreed, SdpFault> read_answer(std::string_view answer, const SdpLocal& offered);
// May a peer at `source_ip` ask us to send RTP there? Not to 0.0.0.0 (hold: plan.send = false instead), multicast or reserved
// addresses; to loopback and link-local ones only when it is itself as near.
bool media_address_allowed(std::string_view ip, std::string_view source_ip);

}  // namespace pasokh::sip
