// Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760): MD5 and SHA-256, qop=auth. Nonces carry their time and a MAC, so that
// they need no table; the nonce count is checked by the caller.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace pasokh::sip {

enum class DigestAlgorithm : std::uint8_t { md5, sha256 };

struct DigestFields { std::map<std::string, std::string> values; };   // names in lower case, values unquoted
std::optional<DigestFields> parse_digest(std::string_view header);     // "Digest …"; nothing for other schemes

std::string ha1(DigestAlgorithm, std::string_view user, std::string_view realm, std::string_view password);  // hex
std::string digest_response(DigestAlgorithm, std::string_view ha1_hex, std::string_view nonce, std::string_view nc, std::string_view cnonce,
                            std::string_view qop, std::string_view method, std::string_view uri);

std::string make_nonce(std::string_view secret, Instant now, std::uint64_t salt);
enum class NonceState : std::uint8_t { good, stale, forged };
NonceState check_nonce(std::string_view secret, std::string_view nonce, Instant now, Duration lifetime);
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace pasokh::sip
