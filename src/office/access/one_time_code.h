// The second factor: time-based one-time codes (RFC 6238 over RFC 4226 with HMAC-SHA-1, 6 digits, 30 s: what every authenticator
// application understands), and recovery codes for a lost phone. Pure: time and chance are handed in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace pasokh::access {

inline constexpr std::size_t one_time_secret_bytes = 20;   // RFC 4226 §4 R6
inline constexpr std::int64_t one_time_step_seconds = 30;
inline constexpr std::size_t recovery_codes = 10;

std::string sha1(std::string_view bytes);                                     // 20 bytes
std::string hmac_sha1(std::string_view key, std::string_view bytes);          // RFC 2104
std::string one_time_code(std::string_view secret, std::uint64_t counter, int digits = 6);  // RFC 4226 §5.3

std::int64_t one_time_step(Instant now);
// The step whose code this is: the present one, or one beside it (clocks differ, and typing takes time; RFC 6238 §5.2), but never one up
// to `last_used`: a code that was seen once is worth nothing.
std::optional<std::int64_t> matching_step(std::string_view secret, std::string_view code, Instant now, std::int64_t last_used);

std::string base32(std::string_view bytes);                                   // RFC 4648 §6, no padding
// otpauth://totp/Pasokh:LOGIN?secret=…&issuer=Pasokh, as applications read it from a QR code
std::string one_time_uri(std::string_view login, std::string_view secret);

// Ten codes of 50 bits ("k7qm3-x2v9a") out of so many random bytes; and one as typed, in the form that is compared.
std::vector<std::string> recovery_codes_from(std::string_view random);
std::string plain_recovery_code(std::string_view typed);
inline constexpr std::size_t recovery_random_bytes = recovery_codes * 10;

}  // namespace pasokh::access
