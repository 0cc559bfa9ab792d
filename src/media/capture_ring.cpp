#include "media/capture_ring.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

#include "media/log.h"

namespace pasokh::media {
namespace {

constexpr std::size_t grown_at_once = 8;                 // chunks

void make_present(std::uint8_t* at, std::size_t size) {  // no page fault later
#ifdef MADV_POPULATE_WRITE
  constexpr std::uintptr_t page = 4096;
  const auto begin = reinterpret_cast<std::uintptr_t>(at) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(at) + size + page - 1) / page * page;
  (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_WRITE);
#else
  (void)at;
  (void)size;
#endif
}

}  // namespace

Ring::Ring(std::string memory, std::size_t most) : most_(most) {
  if (!memory.empty()) open(memory);
  if (!mapped_) log_line("warning", "no memory that outlives the worker: captures are written at once", {{"folder", memory}});
}

// Somebody who looks for rings of the dead may see ours before it is locked, and delete it: then another one is made.
void Ring::open(const std::string& memory) {
  for (int attempt = 0; attempt < 5 && !mapped_; ++attempt) {
    std::uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != sizeof random) return;
    char name[96];
    std::snprintf(name, sizeof name, "/%s%d-%016llx", std::string(ring_prefix).c_str(), static_cast<int>(getpid()), static_cast<unsigned long long>(random));
    const std::string file = memory + name;
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return;
    struct stat status;
    struct statvfs room;
    const bool ours = flock(fd, LOCK_EX) == 0 && fstat(fd, &status) == 0 && status.st_nlink == 1;
    // never sparse: a page that cannot be had would be a SIGBUS in the middle of a call
    const bool whole = ours && fstatvfs(fd, &room) == 0 && posix_fallocate(fd, 0, Chunk::size_whole * (1 + grown_at_once)) == 0;
    if (whole) {
      const std::size_t share = room.f_bavail * room.f_frsize / 2;   // others live there too
      mapped_size_ = std::max(std::min(most_, share) / Chunk::size_whole, grown_at_once) * Chunk::size_whole + Chunk::size_whole;
      void* at = mmap(nullptr, mapped_size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (at != MAP_FAILED) mapped_ = static_cast<std::uint8_t*>(at);
    }
    if (!mapped_) {
      if (ours) unlink(file.c_str());
      close(fd);
      if (ours) return;
      continue;
    }
    file_ = file;
    fd_ = fd;
    allocated_ = Chunk::size_whole;
    RingHeader& header = *new (mapped_) RingHeader{};
    header.chunk_size = Chunk::size_whole;
    header.pid = static_cast<std::uint32_t>(getpid());
    std::memcpy(header.magic, RingHeader::magic_text, sizeof header.magic);
  }
}

Ring::~Ring() {
  if (mapped_) {
    if (in_use() == 0) unlink(file_.c_str());
    munmap(mapped_, mapped_size_);
    close(fd_);
  }
  for (const auto& [at, size] : private_) munmap(at, size);
}

bool Ring::grow_file() {
  const std::size_t left = (mapped_size_ - allocated_) / Chunk::size_whole, count = std::min(grown_at_once, left);
  if (count == 0 || posix_fallocate(fd_, static_cast<off_t>(allocated_), static_cast<off_t>(count * Chunk::size_whole)) != 0) return false;
  make_present(mapped_ + allocated_, count * Chunk::size_whole);
  for (std::size_t i = 0; i < count; ++i, allocated_ += Chunk::size_whole) free_.push_back(reinterpret_cast<Chunk*>(mapped_ + allocated_));
  chunks_ += count;
  return true;
}

bool Ring::grow_private() {
  const std::size_t left = most_ / Chunk::size_whole - std::min(chunks_, most_ / Chunk::size_whole), count = std::min(grown_at_once, left);
  if (count == 0) return false;
  const std::size_t size = count * Chunk::size_whole;
  void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (at == MAP_FAILED) return false;
  private_.emplace_back(static_cast<std::uint8_t*>(at), size);
  for (std::size_t i = 0; i < count; ++i) free_.push_back(reinterpret_cast<Chunk*>(static_cast<std::uint8_t*>(at) + i * Chunk::size_whole));
  chunks_ += count;
  return true;
}

Chunk* Ring::take() {
  if (free_.empty() && !(mapped_ && grow_file()) && !grow_private()) return nullptr;
  Chunk* chunk = free_.back();
  free_.pop_back();
  return chunk;
}

void Ring::give_back(Chunk* chunk) { free_.push_back(chunk); }

bool Ring::outlives(const Chunk* chunk) const {
  const auto* at = reinterpret_cast<const std::uint8_t*>(chunk);
  return mapped_ && at >= mapped_ && at < mapped_ + mapped_size_;
}

}  // namespace pasokh::media
