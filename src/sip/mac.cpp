#include "sip/mac.h"

namespace pasokh::sip {
namespace {

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Mac::Mac(std::string_view key) { crypto_auth_hmacsha256_init(&keyed_, bytes(key), key.size()); }

std::string Mac::of(std::string_view text) const {
  auto state = keyed_;
  crypto_auth_hmacsha256_update(&state, bytes(text), text.size());
  unsigned char sum[crypto_auth_hmacsha256_BYTES];
  crypto_auth_hmacsha256_final(&state, sum);
  constexpr char hex[] = "0123456789abcdef";
  std::string out(digits, '0');
  for (std::size_t i = 0; i < digits; ++i) out[i] = hex[i % 2 ? sum[i / 2] & 15 : sum[i / 2] >> 4];
  return out;
}

}  // namespace pasokh::sip
