#include "base/phone.h"
#include "expect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pasokh::phone;
  const auto input = text_of(data, size);
  for (std::string_view area : {"", "021", "86"}) {
    const auto once = national_form(input, area);
    expect(national_form(once, area) == once, "rewriting twice is rewriting once");
    if (auto international = e164(input, area)) expect(e164(*international, area) == international, "E.164 is its own E.164");
  }
  return 0;
}
