#include "media/g711.h"

#include <doctest/doctest.h>
#include <spandsp.h>

#include <cstdlib>

namespace media = pasokh::media;

TEST_CASE("each octet of either law is what its decoded value encodes to again (ITU-T G.711)") {
  for (int i = 0; i < 256; ++i) {
    const auto octet = static_cast<std::uint8_t>(i);
    CHECK(media::linear_to_alaw(media::alaw_to_linear(octet)) == octet);
    if (octet != 0x7f) CHECK(media::linear_to_ulaw(media::ulaw_to_linear(octet)) == octet);  // 0x7f is the other zero
  }
  CHECK(media::linear_to_ulaw(media::ulaw_to_linear(0x7f)) == 0xff);
}

TEST_CASE("decoded values are those of another implementation, and a sample comes back within half a step") {
  for (int i = 0; i < 256; ++i) {
    CHECK(media::alaw_to_linear(static_cast<std::uint8_t>(i)) == ::alaw_to_linear(static_cast<std::uint8_t>(i)));
    CHECK(media::ulaw_to_linear(static_cast<std::uint8_t>(i)) == ::ulaw_to_linear(static_cast<std::uint8_t>(i)));
  }
  for (int sample = -32768; sample <= 32767; ++sample) {
    const auto value = static_cast<std::int16_t>(sample);
    const int alaw_error = std::abs(media::alaw_to_linear(media::linear_to_alaw(value)) - sample);
    const int ulaw_error = std::abs(media::ulaw_to_linear(media::linear_to_ulaw(value)) - sample);
    if (alaw_error > 16 + std::abs(sample) / 32) CHECK_MESSAGE(false, "A-law of " << sample << " is off by " << alaw_error);
    if (ulaw_error > 8 + std::abs(sample) / 24) CHECK_MESSAGE(false, "u-law of " << sample << " is off by " << ulaw_error);
  }
}

TEST_CASE("A-law to u-law and back are the tables of G.711, octet by octet as another implementation has them") {
  for (int i = 0; i < 256; ++i) {
    CHECK(media::alaw_to_ulaw()[static_cast<std::size_t>(i)] == ::alaw_to_ulaw(static_cast<std::uint8_t>(i)));
    CHECK(media::ulaw_to_alaw()[static_cast<std::size_t>(i)] == ::ulaw_to_alaw(static_cast<std::uint8_t>(i)));
  }
}
