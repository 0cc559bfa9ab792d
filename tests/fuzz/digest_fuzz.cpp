#include <string>

#include "expect.h"
#include "sip/digest.h"

using namespace pasokh;
using namespace pasokh::sip;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = text_of(data, size);
  if (auto fields = parse_digest(input)) {
    std::string written = "Digest ";
    for (const auto& [name, value] : fields->values) {
      if (written.size() > 7) written += ',';
      written += name + "=\"";
      for (char c : value) {
        if (c == '"' || c == '\\') written += '\\';
        written += c;
      }
      written += '"';
    }
    auto again = parse_digest(written);
    expect(again.has_value() && again->values == fields->values, "what is written is read");
  }
  const Instant now{1'700'000'000'000'000};
  // Another secret than below: libFuzzer watches the comparisons of its own run and would hand our nonce back to us.
  expect(check_nonce(Mac("never used to make one"), input, now, Duration::minutes(5)) == NonceState::forged, "nobody guesses a nonce");
  const Mac secret("secret");
  const auto nonce = make_nonce(secret, now, size);
  expect(check_nonce(secret, nonce, now, Duration::minutes(5)) == NonceState::good, "ours is good");
  auto other = nonce;
  if (size > 1) {
    other[data[0] % other.size()] = static_cast<char>(data[1]);
    expect(other == nonce || check_nonce(secret, other, now, Duration::minutes(5)) == NonceState::forged, "a changed one is not");
  }
  return 0;
}
