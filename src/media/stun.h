// STUN (RFC 8489) as far as an ICE-lite agent needs it (RFC 8445 §7.3): binding requests in, success or error responses out,
// short-term credentials, fingerprint. Reading takes any bytes, allocates nothing and keeps views into them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "media/address.h"

namespace pasokh::media {

inline constexpr std::size_t stun_header_size = 20, largest_stun_answer = 128;
inline constexpr std::uint16_t stun_binding_request = 0x0001, stun_binding_success = 0x0101, stun_binding_error = 0x0111, stun_binding_indication = 0x0011;

// RFC 7983 §7: what a datagram on a shared port is, told by its first byte.
enum class Flavour : std::uint8_t { stun, dtls, media, other };
constexpr Flavour flavour_of(std::uint8_t first) {
  if (first <= 3) return Flavour::stun;
  if (first >= 20 && first <= 63) return Flavour::dtls;
  if (first >= 128 && first <= 191) return Flavour::media;
  return Flavour::other;
}

struct StunMessage {
  std::uint16_t type = 0;
  std::array<std::uint8_t, 12> transaction{};
  std::string_view username;                 // OURS:THEIRS in a request to us (RFC 8445 §7.2.2)
  std::uint32_t priority = 0;
  bool use_candidate = false, peer_controls = false, peer_is_controlled = false;
  std::uint16_t error = 0;                   // 401…, in an error response
  std::uint16_t unknown_required = 0;        // an attribute we must understand and do not (RFC 8489 §6.3.1)
  std::optional<Address> mapped;             // XOR-MAPPED-ADDRESS
  std::size_t integrity_at = 0;              // where MESSAGE-INTEGRITY begins; 0: there is none
  bool has_fingerprint = false;              // and it is right; a wrong one makes the message no STUN
};

// nothing: not a whole STUN message
std::optional<StunMessage> read_stun(const std::uint8_t* bytes, std::size_t size);
bool has_integrity(const std::uint8_t* bytes, const StunMessage&, std::string_view password);
// username up to the colon, and what follows it
std::string_view ufrag_asked(std::string_view username);
std::string_view ufrag_asking(std::string_view username);

// Each returns the size written into `at` (largest_stun_answer bytes are enough; a request takes as much as its username more).
std::size_t write_stun_success(std::uint8_t* at, const StunMessage& request, const Address& from, std::string_view password);
// 400, 420 (with the attribute), 487: reason in two or three words
std::size_t write_stun_error(std::uint8_t* at, const StunMessage& request, std::uint16_t code, std::string_view reason, std::string_view password);
// a full agent's check; for tests and tools
std::size_t write_stun_request(std::uint8_t* at, const std::array<std::uint8_t, 12>& transaction, std::string_view username, std::string_view password, bool use_candidate);

}  // namespace pasokh::media
