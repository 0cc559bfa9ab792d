#include "office/access/one_time_code.h"

#include <array>

namespace pasokh::access {
namespace {

constexpr std::uint32_t left(std::uint32_t value, int by) { return (value << by) | (value >> (32 - by)); }
constexpr std::uint64_t modulus[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};

void sha1_block(std::array<std::uint32_t, 5>& state, const unsigned char* block) {  // FIPS 180-4 §6.1.2
  std::uint32_t w[80];
  for (int t = 0; t < 16; ++t) w[t] = (std::uint32_t{block[4 * t]} << 24) | (std::uint32_t{block[4 * t + 1]} << 16) | (std::uint32_t{block[4 * t + 2]} << 8) | block[4 * t + 3];
  for (int t = 16; t < 80; ++t) w[t] = left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
  auto [a, b, c, d, e] = state;
  for (int t = 0; t < 80; ++t) {
    const std::uint32_t f = t < 20 ? (b & c) | (~b & d) : t < 40 ? b ^ c ^ d : t < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
    const std::uint32_t k = t < 20 ? 0x5a827999 : t < 40 ? 0x6ed9eba1 : t < 60 ? 0x8f1bbcdc : 0xca62c1d6;
    const std::uint32_t next = left(a, 5) + f + e + k + w[t];
    e = d; d = c; c = left(b, 30); b = a; a = next;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e;
}

bool same(std::string_view a, std::string_view b) {  // in a time that does not tell where they differ
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

}  // namespace

std::string sha1(std::string_view bytes) {
  std::array<std::uint32_t, 5> state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  std::string padded(bytes);
  padded += static_cast<char>(0x80);
  while (padded.size() % 64 != 56) padded += '\0';
  const std::uint64_t bits = static_cast<std::uint64_t>(bytes.size()) * 8;
  for (int shift = 56; shift >= 0; shift -= 8) padded += static_cast<char>(bits >> shift);
  for (std::size_t at = 0; at < padded.size(); at += 64) sha1_block(state, reinterpret_cast<const unsigned char*>(padded.data()) + at);
  std::string out;
  for (const auto word : state)
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(word >> shift);
  return out;
}

std::string hmac_sha1(std::string_view key, std::string_view bytes) {
  std::string block = key.size() > 64 ? sha1(key) : std::string(key);
  block.resize(64, '\0');
  std::string inner = block, outer = block;
  for (char& c : inner) c = static_cast<char>(c ^ 0x36);
  for (char& c : outer) c = static_cast<char>(c ^ 0x5c);
  return sha1(outer + sha1(inner.append(bytes)));
}

std::string one_time_code(std::string_view secret, std::uint64_t counter, int digits) {
  std::string moving;
  for (int shift = 56; shift >= 0; shift -= 8) moving += static_cast<char>(counter >> shift);
  const std::string sum = hmac_sha1(secret, moving);
  const auto at = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(sum[i])}; };
  const std::size_t from = at(19) & 0x0f;
  const std::uint32_t number = ((at(from) & 0x7f) << 24) | (at(from + 1) << 16) | (at(from + 2) << 8) | at(from + 3);
  std::string code = std::to_string(number % modulus[digits]);
  return std::string(static_cast<std::size_t>(digits) - code.size(), '0') + code;
}

std::int64_t one_time_step(Instant now) { return now.us / (one_time_step_seconds * 1'000'000); }

std::optional<std::int64_t> matching_step(std::string_view secret, std::string_view code, Instant now, std::int64_t last_used) {
  std::optional<std::int64_t> found;
  const std::int64_t present = one_time_step(now);
  for (const std::int64_t step : {present - 1, present, present + 1})
    if (same(one_time_code(secret, static_cast<std::uint64_t>(step)), code) && step > last_used && !found) found = step;
  return found;
}

std::string base32(std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (have += 8; have >= 5; have -= 5) out += alphabet[(bits >> (have - 5)) & 31];
    bits &= 0xff;
  }
  if (have > 0) out += alphabet[(bits << (5 - have)) & 31];
  return out;
}

std::string one_time_uri(std::string_view login, std::string_view secret) {  // logins hold nothing that a URI would have to hide
  return "otpauth://totp/Pasokh:" + std::string(login) + "?secret=" + base32(secret) + "&issuer=Pasokh&algorithm=SHA1&digits=6&period=30";
}

std::vector<std::string> recovery_codes_from(std::string_view random) {
  constexpr std::string_view alphabet = "abcdefghjkmnpqrstuvwxyz234567890";  // 32 places; what is taken for each other is left out
  std::vector<std::string> codes;
  for (std::size_t i = 0; i + 10 <= random.size() && codes.size() < recovery_codes; i += 10) {
    std::string code;
    for (std::size_t j = 0; j < 10; ++j) {
      if (j == 5) code += '-';
      code += alphabet[static_cast<unsigned char>(random[i + j]) & 31];
    }
    codes.push_back(std::move(code));
  }
  return codes;
}

std::string plain_recovery_code(std::string_view typed) {
  std::string out;
  for (const char c : typed) {
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out += c;
  }
  return out;
}

}  // namespace pasokh::access
