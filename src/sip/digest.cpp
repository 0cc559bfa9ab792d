#include "sip/digest.h"

#include <openssl/evp.h>

#include <charconv>

#include "base/assert.h"
#include "sip/grammar.h"

namespace pasokh::sip {

using namespace grammar;

namespace {

std::string hex_text(const unsigned char* bytes, std::size_t count) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(count * 2);
  for (std::size_t i = 0; i < count; ++i) {
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
  return out;
}

std::string hash(DigestAlgorithm algorithm, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  static EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);  // fetched once: OpenSSL 3 looks them up anew otherwise
  static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  const int done = EVP_Digest(text.data(), text.size(), out, &length, algorithm == DigestAlgorithm::md5 ? md5 : sha256, nullptr);
  PASOKH_ASSERT(done == 1);
  return hex_text(out, length);
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string out;
  bool first = true;
  for (auto part : parts) {
    if (!first) out += ':';
    first = false;
    out += part;
  }
  return out;
}

std::string hex_number(std::uint64_t value) {
  char out[16];
  const auto end = std::to_chars(out, out + sizeof out, value, 16).ptr;
  return std::string(out, end);
}

}  // namespace

std::optional<DigestFields> parse_digest(std::string_view header) {
  Cursor cursor(header);
  cursor.skip_blank();
  if (!same(cursor.take(token), "Digest") || !is(cursor.peek(), blank)) return std::nullopt;
  DigestFields fields;
  do {
    cursor.skip_blank();
    const auto name = cursor.take(token);
    if (name.empty() || !cursor.skip_with_blanks('=')) return std::nullopt;
    std::string key, value;
    for (char c : name) key += lower(c);
    if (cursor.peek() == '"') {
      const auto quoted = cursor.take_quoted();
      if (!quoted) return std::nullopt;
      for (std::size_t i = 1; i + 1 < quoted->size(); ++i) {
        if ((*quoted)[i] == '\\') ++i;
        value += (*quoted)[i];
      }
    } else {
      value = cursor.take(token);
      if (value.empty()) return std::nullopt;
    }
    if (!fields.values.emplace(std::move(key), std::move(value)).second) return std::nullopt;  // RFC 7616 §3.4: never twice
    cursor.skip_blank();
  } while (cursor.skip(','));
  if (!cursor.at_end()) return std::nullopt;
  return fields;
}

std::string ha1(DigestAlgorithm algorithm, std::string_view user, std::string_view realm, std::string_view password) { return hash(algorithm, joined({user, realm, password})); }

std::string digest_response(DigestAlgorithm algorithm, std::string_view ha1_hex, std::string_view nonce, std::string_view nc, std::string_view cnonce, std::string_view qop, std::string_view method,
                            std::string_view uri) {
  const auto ha2 = hash(algorithm, joined({method, uri}));
  if (qop.empty()) return hash(algorithm, joined({ha1_hex, nonce, ha2}));  // RFC 2069's form
  return hash(algorithm, joined({ha1_hex, nonce, nc, cnonce, qop, ha2}));
}

// time "." salt "." MAC, all hexadecimal
std::string make_nonce(const Mac& mac, Instant now, std::uint64_t salt) {
  auto text = hex_number(static_cast<std::uint64_t>(now.us)) + '.' + hex_number(salt);
  const auto seal = mac.of(text);
  return text + '.' + seal;
}

NonceState check_nonce(const Mac& mac, std::string_view nonce, Instant now, Duration lifetime) {
  if (nonce.size() > 16 + 1 + 16 + 1 + Mac::digits || nonce.size() <= Mac::digits + 1) return NonceState::forged;
  const auto text = nonce.substr(0, nonce.size() - Mac::digits - 1);
  if (nonce[text.size()] != '.' || !equal_in_constant_time(mac.of(text), nonce.substr(text.size() + 1))) return NonceState::forged;
  std::uint64_t made = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, made, 16);
  if (read.ec != std::errc() || read.ptr == end || *read.ptr != '.') return NonceState::forged;
  const Duration age = now - Instant{static_cast<std::int64_t>(made)};
  return age >= Duration{0} && age <= lifetime ? NonceState::good : NonceState::stale;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;  // lengths are no secret
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

}  // namespace pasokh::sip
