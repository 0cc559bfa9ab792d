#include "archive/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pasokh::archive {

Trouble disk_trouble(const std::string& doing) {
  const int error = errno;
  return trouble(error == ENOSPC || error == EDQUOT ? "disk-full" : error == ENOENT ? "not-found" : "disk", doing + ": " + std::strerror(error));
}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
File::~File() { if (fd_ >= 0) ::close(fd_); }

Result<File> File::read_only(const std::string& path) {
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd_ < 0) return disk_trouble("opening " + path);
  return file;
}

Result<File> File::create(const std::string& path, unsigned mode) {
  File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (file.fd_ < 0) return disk_trouble("creating " + path);
  return file;
}

Result<> File::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return disk_trouble("writing");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return Done{};
}

Result<std::string> File::read_at(std::int64_t offset, std::size_t bytes) const {
  std::string out(bytes, '\0');
  std::size_t have = 0;
  while (have < bytes) {
    const auto n = ::pread(fd_, out.data() + have, bytes - have, offset + static_cast<std::int64_t>(have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return disk_trouble("reading");
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  out.resize(have);
  return out;
}

Result<std::int64_t> File::size() const {
  struct stat status {};
  if (::fstat(fd_, &status) != 0) return disk_trouble("reading the size");
  return static_cast<std::int64_t>(status.st_size);
}

Result<> File::sync() const {
  if (::fsync(fd_) != 0) return disk_trouble("syncing");
  return Done{};
}

Result<> rename_durably(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return disk_trouble("renaming to " + to);
  const auto slash = to.rfind('/');
  const auto folder = slash == std::string::npos ? std::string(".") : to.substr(0, slash + 1);
  File handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.fd() < 0) return disk_trouble("opening " + folder);
  return handle.sync();
}

Result<std::string> read_whole(const std::string& path, std::size_t limit) {
  TRY(file, File::read_only(path));
  TRY(size, file.size());
  if (static_cast<std::size_t>(size) > limit) return trouble("too-large", path + " is larger than " + std::to_string(limit) + " bytes");
  return file.read_at(0, static_cast<std::size_t>(size));
}

Result<> write_whole(const std::string& path, std::string_view bytes, unsigned mode) {
  const auto part = path + ".part";
  ::unlink(part.c_str());            // a read-only leftover could not be opened for writing
  {
    TRY(file, File::create(part, mode));
    TRY_DONE(file.write(bytes));
    TRY_DONE(file.sync());
  }
  return rename_durably(part, path);
}

Result<> make_folder(const std::string& path, unsigned mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const auto part = path.substr(0, end);
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) return disk_trouble("making folder " + part);
    if (end == std::string::npos) return Done{};
  }
}

}  // namespace pasokh::archive
