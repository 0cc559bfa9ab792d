// Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760): MD5 and SHA-256, qop=auth. Nonces carry their time and a MAC, so that
// they need no table; the nonce count is checked by the caller.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "sip/mac.h"

namespace pasokh::sip {

enum class DigestAlgorithm : std::uint8_t { md5, sha256 };

struct DigestFields { std::map<std::string, std::string> values; };   // names in lower case, values unquoted
std::optional<DigestFields> parse_digest(std::string_view header);     // "Digest …"; nothing for other schemes

std::string ha1(DigestAlgorithm, std::string_view user, std::string_view realm, std::string_view password);  // hex
std::string digest_response(DigestAlgorithm, std::string_view ha1_hex, std::string_view nonce, std::string_view nc, std::string_view cnonce,
                            std::string_view qop, std::string_view method, std::string_view uri);

// Of a nonce 64 bits are proof: guessed on line only, good for 5 minutes, and worth nothing without a password.
std::string make_nonce(const Mac& mac, Instant now, std::uint64_t salt);
enum class NonceState : std::uint8_t { good, stale, forged };
NonceState check_nonce(const Mac& mac, std::string_view nonce, Instant now, Duration lifetime);
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace pasokh::sip
