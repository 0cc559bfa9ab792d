#include <doctest/doctest.h>

#include <set>

#include "office/access/one_time_code.h"

using namespace pasokh;
using namespace pasokh::access;

namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    out += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return out;
}
Instant at(std::int64_t seconds) { return {seconds * 1'000'000}; }
const std::string secret = "12345678901234567890";

}  // namespace

TEST_CASE("SHA-1 as in FIPS 180-4 and RFC 3174 §7.3") {
  CHECK(hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(hex(sha1("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(hex(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) == "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  CHECK(hex(sha1(std::string(1'000'000, 'a'))) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST_CASE("HMAC-SHA-1 as in RFC 2202 §3") {
  CHECK(hex(hmac_sha1(std::string(20, '\x0b'), "Hi There")) == "b617318655057264e28bc0b6fb378c8ef146be00");
  CHECK(hex(hmac_sha1("Jefe", "what do ya want for nothing?")) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  CHECK(hex(hmac_sha1(std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")) == "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

TEST_CASE("counter codes as in RFC 4226 appendix D") {
  const char* const codes[] = {"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"};
  for (std::uint64_t i = 0; i < 10; ++i) CHECK(one_time_code(secret, i) == codes[i]);
}

TEST_CASE("time codes as in RFC 6238 appendix B") {
  const std::pair<std::int64_t, const char*> vectors[] = {{59, "94287082"}, {1111111109, "07081804"}, {1111111111, "14050471"}, {1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"}};
  for (const auto& [seconds, code] : vectors) CHECK(one_time_code(secret, static_cast<std::uint64_t>(one_time_step(at(seconds))), 8) == code);
}

// RFC 6238 §5.2: "The verifier MUST NOT accept the second attempt of the OTP"; one step to either side for slow clocks and hands.
TEST_CASE("a code holds for its step and the ones beside it, and once only") {
  const Instant now = at(1'111'111'111);
  const std::int64_t step = one_time_step(now);
  const auto code_of = [](std::int64_t s) { return one_time_code(secret, static_cast<std::uint64_t>(s)); };
  CHECK(matching_step(secret, code_of(step), now, 0) == step);
  CHECK(matching_step(secret, code_of(step - 1), now, 0) == step - 1);
  CHECK(matching_step(secret, code_of(step + 1), now, 0) == step + 1);
  CHECK_FALSE(matching_step(secret, code_of(step - 2), now, 0));
  CHECK_FALSE(matching_step(secret, code_of(step + 2), now, 0));
  CHECK_FALSE(matching_step(secret, code_of(step), now, step));
  CHECK_FALSE(matching_step(secret, code_of(step - 1), now, step));
  CHECK(matching_step(secret, code_of(step + 1), now, step) == step + 1);
  for (const char* wrong : {"", "000000", "1234567", "abcdef"}) CHECK_FALSE(matching_step(secret, wrong, now, 0));
}

TEST_CASE("base 32 as in RFC 4648 §10, without padding; the URI is what authenticators read") {
  CHECK(base32("") == "");
  CHECK(base32("f") == "MY");
  CHECK(base32("fo") == "MZXQ");
  CHECK(base32("foo") == "MZXW6");
  CHECK(base32("foobar") == "MZXW6YTBOI");
  CHECK(base32(secret) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  CHECK(one_time_uri("sara", secret) == "otpauth://totp/Pasokh:sara?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Pasokh&algorithm=SHA1&digits=6&period=30");
}

TEST_CASE("recovery codes are ten, differ, and are understood however they are typed") {
  std::string random;
  for (std::size_t i = 0; i < recovery_random_bytes; ++i) random += static_cast<char>(i * 37 + 11);
  const auto codes = recovery_codes_from(random);
  CHECK(codes.size() == recovery_codes);
  CHECK(std::set<std::string>(codes.begin(), codes.end()).size() == recovery_codes);
  CHECK(codes[0].size() == 11);
  CHECK(plain_recovery_code(codes[0]).size() == 10);
  CHECK(plain_recovery_code(" AbC-2 3") == "abc23");
}
