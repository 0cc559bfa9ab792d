// Files with errors as Result: whole writes, reads at a place, and the write-sync-rename that makes a file appear whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace pasokh::archive {

Trouble disk_trouble(const std::string& doing);   // from errno; disk full has the code "disk-full"

class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept;
  ~File();
  static Result<File> read_only(const std::string& path);
  static Result<File> create(const std::string& path, unsigned mode);  // truncates
  int fd() const { return fd_; }
  Result<> write(std::string_view) const;
  Result<std::string> read_at(std::int64_t offset, std::size_t bytes) const;   // shorter at the end of the file
  Result<std::int64_t> size() const;
  Result<> sync() const;
 private:
  int fd_ = -1;
};

Result<> rename_durably(const std::string& from, const std::string& to);       // and syncs the folder
Result<std::string> read_whole(const std::string& path, std::size_t limit);
Result<> write_whole(const std::string& path, std::string_view bytes, unsigned mode);  // .part, sync, rename
Result<> make_folder(const std::string& path, unsigned mode);                  // with parents; existing is fine

}  // namespace pasokh::archive
