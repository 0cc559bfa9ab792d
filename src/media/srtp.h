// SRTP and SRTCP of one leg (RFC 3711, RFC 7714), in place. What a library does; here only our shapes around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "media/dtls.h"

namespace pasokh::media {

inline constexpr std::size_t srtp_trailer = 32;    // as much may be added to a packet, SRTCP's index included

class SrtpPair {
 public:
  static Result<SrtpPair> make(const SrtpKeys&, bool we_are_server);
  // size grows or shrinks; a packet to protect needs srtp_trailer bytes of room behind it. false: not ours, damaged, replayed.
  bool protect(std::uint8_t* packet, std::size_t& size);
  bool unprotect(std::uint8_t* packet, std::size_t& size);
  bool protect_rtcp(std::uint8_t* packet, std::size_t& size);
  bool unprotect_rtcp(std::uint8_t* packet, std::size_t& size);

 private:
  struct Context;
  struct Free { void operator()(Context*) const; };
  std::unique_ptr<Context, Free> in_, out_;
};

}  // namespace pasokh::media
