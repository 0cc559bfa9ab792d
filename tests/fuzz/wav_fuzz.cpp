// Prompts that people upload.
#include <cstdint>
#include <string_view>

#include "media/sound_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)pasokh::media::sound_from_wav({reinterpret_cast<const char*>(data), size});
  return 0;
}
