// A file of sealed chunks (format in archive.h): written once from front to back, read anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "archive/files.h"
#include "base/result.h"

namespace pasokh::archive {

inline constexpr std::size_t chunk_bytes = 65'536;

class SealedWriter {
 public:
  static Result<SealedWriter> create(const std::string& path, std::string_view key);  // mode 0600
  Result<> add(std::string_view plain);
  Result<> close();                  // seals the last chunk and syncs
  std::int64_t bytes() const { return bytes_; }
 private:
  Result<> seal_chunk(bool last);
  File file_;
  std::string header_, key_, pending_;
  std::uint64_t chunk_ = 0;
  std::int64_t bytes_ = 0;
};

class SealedReader {
 public:
  // Checks header and the last chunk (which shows that the file is whole).
  static Result<SealedReader> open(const std::string& path, std::string_view key);
  std::int64_t bytes() const { return bytes_; }
  Result<std::string> read(std::int64_t from, std::int64_t to) const;  // plain [from, to), cut to the size
 private:
  Result<std::string> chunk(std::uint64_t index) const;
  File file_;
  std::string path_, header_, key_;
  std::uint64_t chunks_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace pasokh::archive
