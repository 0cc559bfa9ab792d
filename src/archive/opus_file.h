// Stereo Opus in Ogg: PCM at 8 kHz in, bytes of the file out, and back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pasokh::archive {

class OpusWriter {
 public:
  using Bytes = std::function<Result<>(std::string_view)>;
  struct Settings {
    std::int32_t bitrate = 24'000, complexity = 3;
    std::vector<std::pair<std::string, std::string>> comments;   // NAME, value
  };
  static Result<OpusWriter> create(const Settings&, Bytes);
  Result<> add(const std::int16_t* stereo, std::size_t frames);
  Result<> close();
  OpusWriter(OpusWriter&&) noexcept;
  ~OpusWriter();
 private:
  struct Impl;
  explicit OpusWriter(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

// `read(offset, n)` gives bytes of the Ogg file (fewer at its end); `sink` gets interleaved stereo at 8 kHz.
using ReadAt = std::function<Result<std::string>(std::int64_t offset, std::size_t n)>;
Result<> decode_opus(std::int64_t size, const ReadAt& read, const std::function<Result<>(const std::int16_t* stereo, std::size_t frames)>& sink);

}  // namespace pasokh::archive
