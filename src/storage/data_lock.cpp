#include "storage/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace pasokh::storage {
namespace {

constexpr int heirs_wait_ms = 2'000;

std::string holder_of(int file) {
  char holder[32] = {};
  const auto n = ::pread(file, holder, sizeof holder - 1, 0);
  std::string pid(holder, n > 0 ? static_cast<std::size_t>(n) : 0);
  while (!pid.empty() && pid.back() == '\n') pid.pop_back();
  return pid;
}

// A holder that was killed while it started a media worker leaves the lock, for the moment until its child's exec, to that child:
// whoever comes then waits for it. (Seen: 1 of some 100 kills on a busy machine.)
bool is_dead(const std::string& pid) {
  const int number = std::atoi(pid.c_str());
  return number > 0 && ::kill(number, 0) != 0 && errno == ESRCH;
}

}  // namespace

Result<DataLock> DataLock::take(const std::string& dir) {
  const std::string path = dir + "/lock";
  DataLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.file_ < 0) return trouble("disk", "opening " + path + ": " + std::strerror(errno));
  for (int waited_ms = 0; ::flock(lock.file_, LOCK_EX | LOCK_NB) != 0; waited_ms += 10) {
    const std::string pid = holder_of(lock.file_);
    if (!is_dead(pid) || waited_ms >= heirs_wait_ms) return trouble("locked", dir + " is in use by process " + (pid.empty() ? "?" : pid));
    ::usleep(10'000);
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
