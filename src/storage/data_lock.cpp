#include "storage/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pasokh::storage {

Result<DataLock> DataLock::take(const std::string& dir) {
  const std::string path = dir + "/lock";
  DataLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.file_ < 0) return trouble("disk", "opening " + path + ": " + std::strerror(errno));
  if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const auto n = ::pread(lock.file_, holder, sizeof holder - 1, 0);
    std::string pid(holder, n > 0 ? static_cast<std::size_t>(n) : 0);
    while (!pid.empty() && pid.back() == '\n') pid.pop_back();
    return trouble("locked", dir + " is in use by process " + (pid.empty() ? "?" : pid));
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.file_, 0) != 0 || ::pwrite(lock.file_, pid.data(), pid.size(), 0) < 0) {
    // The pid is for people; the lock holds without it (a full disk must not keep a centre from starting).
  }
  return lock;
}

DataLock::~DataLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace pasokh::storage
