#include "expect.h"
#include "sip/address.h"
#include "sip/message.h"

using namespace pasokh::sip;

namespace {
bool same(const Uri& a, const Uri& b) {
  return a.scheme == b.scheme && a.user == b.user && a.password == b.password && a.host == b.host && a.port == b.port && a.params == b.params && a.headers == b.headers;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = text_of(data, size);
  if (auto uri = parse_uri(input)) {
    const auto written = text(*uri);
    auto again = parse_uri(written);
    expect(again.has_value(), "what we write we read");
    expect(same(*uri, *again), "and it is the same URI");
    expect(text(*again) == written, "written the same");
  }
  if (auto address = parse_address(input)) expect(parse_address(text(*address)) == address, "an address comes back");
  (void)in_network(input, "10.0.0.0/8");
  (void)in_network("10.1.2.3", input);
  return 0;
}
