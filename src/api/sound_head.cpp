#include "api/sound_head.h"

namespace pasokh::api {
namespace {

std::uint64_t little_endian(std::string_view bytes, std::size_t at) {
  std::uint64_t n = 0;
  for (std::size_t i = 4; i-- > 0;) n = n << 8 | static_cast<unsigned char>(bytes[at + i]);
  return n;
}

}  // namespace

std::string_view sound_head_fault(std::string_view head, std::uint64_t whole) {
  if (head.starts_with("OggS")) return head.find("OpusHead") == head.npos ? "not-audio" : "";  // RFC 7845 §5.1: it stands in the first page
  if (!head.starts_with("RIFF") || head.size() < 32 || head.substr(8, 4) != "WAVE") return "not-audio";
  if (head.substr(12, 4) != "fmt ") return "";                                                  // another chunk first: seen when it is read
  const std::uint64_t bytes_per_second = little_endian(head, 28);
  return bytes_per_second > 0 && whole / bytes_per_second > prompt_seconds_max ? "prompt-long" : "";
}

}  // namespace pasokh::api
