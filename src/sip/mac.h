// HMAC-SHA-256 under a kept key (RFC 2104), cut to 64 bits and written as 16 hex digits: what makes tags, branches and nonces ours.
// The key is mixed in once; a word then costs two blocks of SHA-256, without an allocation. It is made some ten times in a call.
#pragma once

#include <sodium/crypto_auth_hmacsha256.h>

#include <string>
#include <string_view>

namespace pasokh::sip {

class Mac {
 public:
  static constexpr std::size_t digits = 16;

  explicit Mac(std::string_view key);
  std::string of(std::string_view text) const;

 private:
  crypto_auth_hmacsha256_state keyed_;
};

}  // namespace pasokh::sip
