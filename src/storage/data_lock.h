// DIR/lock: held by the one process that writes to DIR. The kernel drops it when the process dies, however it dies.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace pasokh::storage {

class DataLock {
 public:
  static Result<DataLock> take(const std::string& dir);   // Trouble "locked" names the pid of the holder
  DataLock(DataLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  DataLock& operator=(DataLock&& other) noexcept { std::swap(file_, other.file_); return *this; }
  ~DataLock();

 private:
  explicit DataLock(int file) : file_(file) {}
  int file_;
};

}  // namespace pasokh::storage
