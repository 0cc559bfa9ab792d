// Frames between control and worker: what opens must come back the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "media/frames.h"
#include "media/wire.h"

using namespace pasokh;
using namespace pasokh::media;

namespace {
template <class Message>
void all_frames(std::string_view in) {
  std::size_t from = 0;
  for (;;) {
    Message message;
    const Taken taken = take_frame(in, from, message);
    if (taken == Taken::nothing || taken == Taken::broken) return;
    if (from > in.size()) std::abort();
    if (taken == Taken::unknown) continue;
    const auto again = from_bytes<Message>(to_bytes(message));
    if (!again || to_bytes(*again) != to_bytes(message)) std::abort();
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  all_frames<ToWorker>(in);
  all_frames<FromWorker>(in);
  return 0;
}
