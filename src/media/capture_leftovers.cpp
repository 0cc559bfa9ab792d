#include "media/capture_leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "media/capture_format.h"
#include "media/capture_ring.h"
#include "media/test_points.h"

namespace pasokh::media {

using namespace capture_format;

namespace {

// Another process' ring, mapped. What stands in it is checked: it may have been cut or damaged.
class ForeignRing {
 public:
  static std::unique_ptr<ForeignRing> open(const std::string& file) {
    auto ring = std::make_unique<ForeignRing>();
    ring->file_ = file;
    ring->fd_ = ::open(file.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (ring->fd_ < 0 || fstat(ring->fd_, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid()) return nullptr;
    ring->owner_is_dead_ = flock(ring->fd_, LOCK_SH | LOCK_NB) == 0;
    ring->size_ = static_cast<std::size_t>(status.st_size) / Chunk::size_whole * Chunk::size_whole;
    if (ring->size_ < Chunk::size_whole) return ring;
    void* at = mmap(nullptr, ring->size_, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd_, 0);
    if (at == MAP_FAILED) return nullptr;
    ring->mapped_ = static_cast<std::uint8_t*>(at);
    RingHeader header;
    std::memcpy(&header, ring->mapped_, sizeof header);
    ring->known_ = std::memcmp(header.magic, RingHeader::magic_text, sizeof header.magic) == 0 && header.chunk_size == Chunk::size_whole;
    return ring;
  }
  ~ForeignRing() {
    if (mapped_) munmap(mapped_, size_);
    if (fd_ >= 0) close(fd_);
  }

  bool owner_is_dead() const { return owner_is_dead_; }
  bool known() const { return known_; }                  // false: of another version, or still being made
  std::vector<Chunk*> used() const {
    std::vector<Chunk*> chunks;
    for (std::size_t at = Chunk::size_whole; known_ && at + Chunk::size_whole <= size_; at += Chunk::size_whole) {
      auto* chunk = reinterpret_cast<Chunk*>(mapped_ + at);
      if (chunk->state.load(std::memory_order_acquire) != Chunk::used) continue;
      if (chunk->path_size >= sizeof chunk->path || chunk->size.load() > Chunk::room || chunk->offset < 0) continue;
      chunks.push_back(chunk);
    }
    return chunks;
  }
  void remove() const { unlink(file_.c_str()); }

 private:
  std::string file_;
  int fd_ = -1;
  std::size_t size_ = 0;
  std::uint8_t* mapped_ = nullptr;
  bool owner_is_dead_ = false, known_ = false;
};

std::vector<std::string> ring_files(const std::string& memory) {
  std::vector<std::string> files;
  DIR* folder = opendir(memory.c_str());
  if (!folder) return files;
  while (const dirent* entry = readdir(folder))
    if (std::string_view(entry->d_name).starts_with(ring_prefix)) files.push_back(memory + "/" + entry->d_name);
  closedir(folder);
  std::sort(files.begin(), files.end());
  return files;
}

bool write_at(int fd, const std::uint8_t* bytes, std::size_t size, std::int64_t at) {
  while (size > 0) {
    const ssize_t written = pwrite(fd, bytes, size, at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    at += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

Trouble busy(const std::string& file) { return trouble("capture-busy", "the worker that writes " + file + " has not ended yet"); }

// One epoch's chunks: all have the same base, or none is in the file yet (see capture_ring.h).
Result<std::int64_t> move_epoch(int fd, const std::string& file, const struct stat& status, std::vector<Chunk*>& chunks) {
  std::sort(chunks.begin(), chunks.end(), [](const Chunk* a, const Chunk* b) { return a->offset < b->offset; });
  std::int64_t base = -1;
  bool other_file = false;
  for (const Chunk* chunk : chunks) {
    const std::int64_t its = chunk->base.load(std::memory_order_acquire);
    if (its < 0) continue;
    base = its;
    other_file = other_file || chunk->device != status.st_dev || chunk->inode != status.st_ino;
  }
  if (other_file) return std::int64_t{0};            // a capture of the same name in another container, or one that was deleted since
  if (base < 0) {
    base = std::max<std::int64_t>(next_piece(status.st_size) - chunks.front()->offset, 0);  // offset 0: the first of its epoch
  }
  for (Chunk* chunk : chunks) chunk->place(base, status.st_dev, status.st_ino);
  std::int64_t moved = 0, end = status.st_size;
  for (const Chunk* chunk : chunks) {
    const std::size_t size = chunk->size.load(std::memory_order_acquire);
    // were the place damaged, there should not be a hole of any length
    const std::int64_t last = next_piece(end), at = base <= last && chunk->offset <= last - base ? base + chunk->offset : last;
    end = std::max(end, at + static_cast<std::int64_t>(size));
    if (!write_at(fd, chunk->data, size, at)) {
      const int error = errno;
      return trouble(error == ENOSPC || error == EDQUOT ? "disk-full" : "capture-file", "writing what a worker left for " + file + ": " + std::strerror(error));
    }
    moved += static_cast<std::int64_t>(size);
    crash_point("moving");
  }
  crash_point("moved");
  for (Chunk* chunk : chunks) chunk->state.store(Chunk::free, std::memory_order_release);
  return moved;
}

using EpochOrder = std::pair<std::int64_t, std::uint64_t>;    // when it began, its salt

}  // namespace

Result<Leftovers> move_leftovers(int fd, const std::string& file, const std::string& memory, const std::string& own_ring) {
  Leftovers left;
  std::vector<std::unique_ptr<ForeignRing>> rings;
  std::map<EpochOrder, std::vector<Chunk*>> epochs;
  for (const std::string& name : ring_files(memory)) {
    if (name == own_ring) continue;
    auto ring = ForeignRing::open(name);
    if (!ring) continue;
    bool any = false;
    for (Chunk* chunk : ring->used()) {
      if (chunk->path_view() != file) continue;
      if (!ring->owner_is_dead()) return busy(file);
      epochs[{chunk->epoch_began_us, chunk->salt}].push_back(chunk);
      any = true;
    }
    if (any) rings.push_back(std::move(ring));
  }
  if (epochs.empty()) return left;
  for (auto& [order, chunks] : epochs) {
    struct stat status;
    if (fstat(fd, &status) != 0) return trouble("capture-file", "reading " + file + ": " + std::strerror(errno));
    TRY(moved, move_epoch(fd, file, status, chunks));
    left.bytes += moved;
  }
  for (const auto& ring : rings)
    if (ring->used().empty()) ring->remove();
  return left;
}

Result<Leftovers> take_leftovers(const std::string& file, const std::string& memory) {
  bool any = false, placed = false;
  for (const std::string& name : ring_files(memory)) {
    const auto ring = ForeignRing::open(name);
    if (!ring) continue;
    for (const Chunk* chunk : ring->used()) {
      if (chunk->path_view() != file) continue;
      any = true;
      placed = placed || chunk->base.load(std::memory_order_acquire) >= 0;
    }
  }
  if (!any) return Leftovers{};
  const int fd = ::open(file.c_str(), (placed ? O_RDWR : O_RDWR | O_CREAT) | O_CLOEXEC, 0600);
  if (fd < 0 && errno == ENOENT && placed) return Leftovers{};  // it was there once, and was deleted
  if (fd < 0) return trouble("capture-file", "opening " + file + ": " + std::strerror(errno));
  struct Close { int fd; ~Close() { close(fd); } } closing{fd};
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return busy(file);
  return move_leftovers(fd, file, memory, "");
}

void tidy_rings(const std::string& memory) {
  for (const std::string& name : ring_files(memory)) {
    const auto ring = ForeignRing::open(name);
    if (!ring || !ring->owner_is_dead() || !ring->known()) continue;
    const auto used = ring->used();
    const bool needed = std::any_of(used.begin(), used.end(), [](const Chunk* chunk) {
      const std::string path(chunk->path_view());
      return chunk->size.load() > 0 && access(path.substr(0, path.rfind('/')).c_str(), F_OK) == 0;
    });
    if (!needed) ring->remove();
  }
}

}  // namespace pasokh::media
