#include "expect.h"
#include "sip/message.h"

using namespace pasokh::sip;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = text_of(data, size);
  std::size_t length = 0;
  for (auto item : split_list(input)) {
    expect(!item.empty() && item.data() >= input.data() && item.data() + item.size() <= input.data() + input.size(), "items lie in the list");
    length += item.size();
    if (auto address = parse_name_addr(item)) {
      for (char c : address->name) expect(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a name has no control characters");
      (void)text(address->uri);
      (void)address->param("TAG");
      expect(!address->uri.host.empty() || address->uri.scheme == "tel", "it leads somewhere");
    }
  }
  expect(length <= input.size(), "items do not overlap");
  return 0;
}
