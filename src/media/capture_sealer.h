// One epoch of a capture in the making: records go in, sealed blocks come out. Touches no file; the block in the making is the only
// place where the audio of a call lies readable. No allocation per packet after the first second.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "media/capture.h"

struct evp_cipher_ctx_st;

namespace pasokh::media {

class CaptureSealer {
 public:
  static constexpr std::size_t header_bytes = 28, largest_block = 16 * 1024 - 64;

  CaptureSealer() = default;
  CaptureSealer(CaptureSealer&&) noexcept = default;
  CaptureSealer& operator=(CaptureSealer&&) noexcept = default;

  Result<> begin(std::string_view key, CaptureId);     // draws the salt of this epoch
  bool begun() const { return cipher_ != nullptr; }
  // false: no room for it, seal first
  bool add(const CaptureRecord&);
  bool empty() const { return used_ == 0; }
  std::int64_t began_us() const { return base_us_; }   // of the block in the making
  std::size_t block_size() const;                      // what seal() will write
  bool seal(std::uint8_t* into);                       // the block in the making; then it is empty. false: the cipher failed
  const std::array<std::uint8_t, header_bytes>& header() const { return header_; }
  std::uint64_t salt() const;
  void fetch() const;                                  // what add() will touch is asked into the cache

 private:
  struct Free { void operator()(evp_cipher_ctx_st*) const; };
  bool make_room(std::size_t wanted);

  std::unique_ptr<std::uint8_t[]> text_;
  std::uint32_t used_ = 0, room_ = 0;                  // of text
  std::int64_t base_us_ = 0;
  std::unique_ptr<evp_cipher_ctx_st, Free> cipher_;
  std::uint32_t number_ = 0;                           // of the next block
  std::array<std::uint8_t, header_bytes> header_{};
};

}  // namespace pasokh::media
