#include <string>
#include <vector>

#include "expect.h"
#include "sip/message.h"

using namespace pasokh::sip;

namespace {

// Everything that comes out, with the segments ended by `cut`.
template <class Cut>
std::vector<std::string> split(std::string_view bytes, Cut cut) {
  StreamSplitter splitter;
  std::vector<std::string> out;
  for (std::size_t from = 0; from < bytes.size();) {
    const auto length = std::min(cut(from), bytes.size() - from);
    splitter.feed(bytes.substr(from, length));
    from += length;
    std::string message;
    for (auto kind = splitter.next(message); kind != StreamSplitter::Kind::nothing; kind = splitter.next(message)) {
      if (kind == StreamSplitter::Kind::broken) { out.push_back("broken"); return out; }
      out.push_back(kind == StreamSplitter::Kind::ping ? "ping" : "message " + message);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = text_of(data, size);
  const auto whole = split(bytes, [](std::size_t) { return std::size_t{100'000}; });
  expect(split(bytes, [](std::size_t) { return std::size_t{1}; }) == whole, "one byte at a time gives the same");
  expect(split(bytes, [&](std::size_t from) { return std::size_t{1} + data[from] % 7; }) == whole, "any split gives the same");
  for (const auto& one : whole)
    if (one.starts_with("message ")) (void)Message::parse(one.substr(8));
  return 0;
}
