// STUN from anybody, on a port that faces the world. Nothing may be read beyond the datagram; what we answer is itself STUN.
#include <vector>

#include "expect.h"
#include "media/stun.h"

using namespace pasokh::media;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> bytes(data, data + size);  // exactly as large
  const auto message = read_stun(bytes.data(), bytes.size());
  if (!message) return 0;
  expect(message->username.empty() || (message->username.data() >= reinterpret_cast<const char*>(bytes.data()) &&
                                       message->username.data() + message->username.size() <= reinterpret_cast<const char*>(bytes.data() + size)), "the name stands in the datagram");
  expect(ufrag_asked(message->username).size() + ufrag_asking(message->username).size() <= message->username.size(), "both halves come from the name");
  (void)has_integrity(bytes.data(), *message, "VOkJxbRl1RmTxUk/WvJxBt");
  std::uint8_t out[largest_stun_answer];
  const auto from = Address::parse("2001:db8::1", 4000, AF_INET6);
  for (const bool error : {false, true}) {
    const auto written = error ? write_stun_error(out, *message, 420, "Unknown Attribute", "p") : write_stun_success(out, *message, *from, "p");
    expect(written > stun_header_size && written <= largest_stun_answer, "an answer fits");
    const auto again = read_stun(out, written);
    expect(again && again->transaction == message->transaction && again->has_fingerprint && has_integrity(out, *again, "p"), "what we write we read");
  }
  return 0;
}
