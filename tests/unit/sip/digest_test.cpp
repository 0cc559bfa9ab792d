// RFC 7616 §3.9.1, RFC 2617 §3.5, RFC 2069 §2.4 (errata 749); RFC 8760 takes the same sums into SIP.
#include "sip/digest.h"

#include <doctest/doctest.h>

using namespace pasokh;
using namespace pasokh::sip;

TEST_CASE("the responses printed in the RFCs come out") {
  constexpr auto md5 = DigestAlgorithm::md5, sha256 = DigestAlgorithm::sha256;
  const char *nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", *cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
  CHECK(digest_response(md5, ha1(md5, "Mufasa", "http-auth@example.org", "Circle of Life"), nonce, "00000001", cnonce, "auth", "GET", "/dir/index.html") == "8ca523f5e9506fed4657c9700eebdbec");
  CHECK(digest_response(sha256, ha1(sha256, "Mufasa", "http-auth@example.org", "Circle of Life"), nonce, "00000001", cnonce, "auth", "GET", "/dir/index.html") ==
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
  const auto mufasa = ha1(md5, "Mufasa", "testrealm@host.com", "Circle Of Life");
  CHECK(mufasa == "939e7578ed9e3c518a452acee763bce9");
  CHECK(digest_response(md5, mufasa, "dcd98b7102dd2f0e8b11d0f600bfb0c093", "00000001", "0a4f113b", "auth", "GET", "/dir/index.html") == "6629fae49393a05397450978507c4ef1");
  CHECK(digest_response(md5, ha1(md5, "Mufasa", "testrealm@host.com", "CircleOfLife"), "dcd98b7102dd2f0e8b11d0f600bfb0c093", "", "", "", "GET", "/dir/index.html") == "1949323746fe6a43ef61f9606e7febea");
}

TEST_CASE("the hash of nothing is the hash of nothing, not of less") {
  CHECK(ha1(DigestAlgorithm::md5, "", "", "") == "4501c091b0366d76ea3218b6cfdd8097");  // MD5 of "::"
  CHECK(ha1(DigestAlgorithm::sha256, "a", "b", "c").size() == 64);
}

TEST_CASE("the fields of a header are read, names in lower case, values unquoted") {
  const auto fields = parse_digest("Digest username=\"201\", realm=\"pa\\\"sokh\",  NONCE = \"a,b\" ,uri=\"sip:x;y=z\", response=\"00\",algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"\"");
  REQUIRE(fields);
  CHECK(fields->values.at("username") == "201");
  CHECK(fields->values.at("realm") == "pa\"sokh");
  CHECK(fields->values.at("nonce") == "a,b");
  CHECK(fields->values.at("uri") == "sip:x;y=z");
  CHECK(fields->values.at("algorithm") == "SHA-256");
  CHECK(fields->values.at("nc") == "00000001");
  CHECK(fields->values.at("cnonce") == "");
  CHECK(fields->values.size() == 9);
  CHECK(parse_digest("dIgEsT realm=\"x\"")->values.at("realm") == "x");
}

TEST_CASE("another scheme, and what is malformed or said twice, is nothing") {
  for (auto wrong : {"", "Digest", "Digest ", "Basic Zm9v", "Digestrealm=\"x\"", "Digest realm", "Digest realm=", "Digest realm=\"x", "Digest realm=\"x\" nonce=\"y\"", "Digest realm=\"x\",", "Digest ,realm=\"x\"", "Digest realm=\"x\", realm=\"y\"",
                     "Digest realm=\"x\", REALM=\"x\"", "Digest =\"x\"", "Digest uri=sip:x", "Digest realm=\"x\\", "NoOneKnowsThisScheme opaque-data=here"}) {
    CAPTURE(std::string(wrong));
    CHECK_FALSE(parse_digest(wrong));
  }
}

TEST_CASE("a nonce is good for its lifetime, stale after it, and forged when anything in it is changed") {
  const Mac secret(std::string(32, 's'));
  const Instant made{1'700'000'000'000'000};
  const auto nonce = make_nonce(secret, made, 42);
  const auto life = Duration::minutes(5);
  CHECK(check_nonce(secret, nonce, made, life) == NonceState::good);
  CHECK(check_nonce(secret, nonce, made + life, life) == NonceState::good);
  CHECK(check_nonce(secret, nonce, made + life + Duration{1}, life) == NonceState::stale);
  CHECK(check_nonce(secret, nonce, made - Duration{1}, life) == NonceState::stale);  // not of this past
  CHECK(check_nonce(Mac("another"), nonce, made, life) == NonceState::forged);
  for (std::size_t i = 0; i < nonce.size(); ++i) {
    auto changed = nonce;
    changed[i] = changed[i] == '0' ? '1' : '0';
    CHECK(check_nonce(secret, changed, made, life) == NonceState::forged);
  }
  for (std::size_t length = 0; length < nonce.size(); ++length) CHECK(check_nonce(secret, nonce.substr(0, length), made, life) == NonceState::forged);
  CHECK(check_nonce(secret, nonce + "0", made, life) == NonceState::forged);
  CHECK(check_nonce(secret, std::string(10'000, 'a'), made, life) == NonceState::forged);
  CHECK(make_nonce(secret, made, 42) == nonce);
  CHECK(make_nonce(secret, made, 43) != nonce);
  CHECK(make_nonce(secret, made + Duration{1}, 42) != nonce);
  CHECK(nonce.find_first_of("\"\\, ") == nonce.npos);
}

TEST_CASE("texts are compared whole") {
  CHECK(equal_in_constant_time("", ""));
  CHECK(equal_in_constant_time("abc", "abc"));
  CHECK_FALSE(equal_in_constant_time("abc", "abd"));
  CHECK_FALSE(equal_in_constant_time("abc", "ab"));
  CHECK_FALSE(equal_in_constant_time("", "a"));
}
