#include "storage/reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

namespace pasokh::storage {

namespace {
std::int64_t available(const std::string& dir) {
  struct statvfs disk {};
  if (::statvfs(dir.c_str(), &disk) != 0) return 0;
  return static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
}
}  // namespace

Reserve::Reserve(std::string dir, std::int64_t bytes) : dir_(std::move(dir)), bytes_(bytes) {
  file_ = ::open((dir_ + "/reserve").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (held() > bytes_) hold(bytes_);
  refill();
}

Reserve::~Reserve() {
  if (file_ >= 0) ::close(file_);
}

std::int64_t Reserve::held() const {
  struct stat there {};
  return file_ >= 0 && ::fstat(file_, &there) == 0 ? static_cast<std::int64_t>(there.st_size) : 0;
}

void Reserve::hold(std::int64_t bytes) {
  if (file_ < 0) return;
  if (bytes < held()) { (void)!::ftruncate(file_, bytes); return; }
  const auto before = held();
  if (::posix_fallocate(file_, before, bytes - before) != 0) (void)!::ftruncate(file_, before);  // all or nothing
}

bool Reserve::give_up_a_piece() {
  std::lock_guard lock(mutex_);
  const auto now = held();
  if (now == 0) return false;
  hold(std::max<std::int64_t>(0, now - std::max<std::int64_t>(bytes_ / 8, 4096)));
  return held() < now;
}

void Reserve::refill() {
  std::lock_guard lock(mutex_);
  const auto missing = bytes_ - held();
  if (missing > 0 && available(dir_) >= missing + bytes_ / 4) hold(bytes_);
}

std::int64_t Reserve::free_bytes() const {
  std::lock_guard lock(mutex_);
  return std::max<std::int64_t>(0, available(dir_) - std::max<std::int64_t>(0, bytes_ - held()));
}

}  // namespace pasokh::storage
