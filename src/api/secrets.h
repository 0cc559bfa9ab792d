// Passwords, tokens and chance. Passwords are kept as argon2id (2 passes, 64 MiB; OWASP ASVS 5.0 Appendix C asks for less); tokens are
// 256 random bits, of which only the SHA-256 is kept.
#pragma once

#include <string>
#include <string_view>

namespace pasokh::api {

std::string hash_password(std::string_view password);                      // ~0.1 s and 64 MiB: never on a thread that others wait for
bool password_matches(std::string_view password, std::string_view hash);   // as slow
std::string random_password(std::size_t length = 20);                      // letters and digits that are not taken for each other
std::string new_token();                                                   // 43 characters, base64url
std::string random_secret(std::size_t bytes);                               // raw bytes
std::string token_hash(std::string_view token);                            // 32 bytes
std::string hex(std::string_view bytes);
bool same_secret(std::string_view a, std::string_view b);                  // in a time that does not depend on where they differ

}  // namespace pasokh::api
