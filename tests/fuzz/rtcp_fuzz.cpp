// RTCP from anybody.
#include <cstdint>
#include <vector>

#include "media/rtcp.h"

using namespace pasokh::media;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> bytes(data, data + size);
  const auto read = read_rtcp(bytes.data(), bytes.size(), 0x01020304);
  if (read.about_us) (void)round_trip_us(0x1234567890abcdef, *read.about_us);
  return 0;
}
