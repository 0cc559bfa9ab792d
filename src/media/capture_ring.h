// The memory between a worker and its disk. Sealed blocks lie in chunks of a file in memory (/dev/shm, mode 0600): they outlive the
// worker, so a block is safe from kill -9 as soon as it is sealed, without a system call, and the file on the disk is written
// later, in large pieces, by another thread (capture_files.h). Ciphertext only.
//
// A chunk tells by itself where its bytes belong, so that anybody of the same user can move what a dead worker left (take_leftovers):
//   - a ring whose owner lives is locked (flock, exclusive; it goes with the process and its last mapping);
//   - a chunk is `used` from before its first byte until after its last byte is in the file: moving it twice is harmless;
//   - no byte of an epoch goes to the file before `base`, where the epoch begins there, stands in every chunk of it (capture_files.h);
//     a chunk without base belongs to an epoch of which nothing is in the file.
// Where there is no usable memory folder, or no room in it, chunks are private memory: lost with the worker, so whoever fills one
// hands it to the writer at once (outlives() is false).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pasokh::media {

struct Chunk {
  static constexpr std::size_t header_size = 512;
  static constexpr std::size_t room = 16 * 1024;         // five blocks of both sides of a call, 20 ms a packet; written whole, at whole pages
  static constexpr std::size_t size_whole = header_size + room;
  enum : std::uint32_t { free = 0, used = 1 };

  std::atomic<std::uint32_t> state;
  std::atomic<std::uint32_t> size;                       // bytes that are whole: a header, then blocks
  std::uint64_t salt;                                    // of the epoch
  std::int64_t epoch_began_us;                           // epochs of one file are put into this order
  std::int64_t offset;                                   // of the first byte, within the epoch; as base a multiple of 4096
  std::atomic<std::int64_t> base;                        // where the epoch begins in the file; -1: not yet known
  std::uint64_t device, inode;                           // of the file, when base is known
  std::uint32_t path_size;
  char path[header_size - 60];
  std::uint8_t data[room];

  std::string_view path_view() const { return {path, path_size}; }
  void place(std::int64_t base_at, std::uint64_t on_device, std::uint64_t as_inode) {
    device = on_device;
    inode = as_inode;
    base.store(base_at, std::memory_order_release);
  }
};
static_assert(sizeof(Chunk) == Chunk::size_whole && std::atomic<std::int64_t>::is_always_lock_free);

struct RingHeader {                                      // takes the place of the first chunk
  static constexpr char magic_text[8] = {'P', 'a', 's', 'o', 'k', 'h', 'R', '1'};
  char magic[8];
  std::uint32_t chunk_size;
  std::uint32_t pid;                                     // for people who look
};

inline constexpr std::string_view ring_prefix = "pasokh-captures-";

// Belongs to the worker's thread.
class Ring {
 public:
  // memory: the folder for rings, "" for none; most: bytes in all
  Ring(std::string memory, std::size_t most);
  ~Ring();                                               // the file is deleted when nothing is left in it
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  Chunk* take();                                         // null: everything is in use
  void give_back(Chunk*);
  bool outlives(const Chunk*) const;                     // us: it lies in the file
  std::size_t chunks() const { return chunks_; }
  std::size_t in_use() const { return chunks_ - free_.size(); }
  const std::string& file() const { return file_; }      // "": private memory only

 private:
  void open(const std::string& memory);
  bool grow_file();
  bool grow_private();

  std::size_t most_;
  std::string file_;
  int fd_ = -1;
  std::uint8_t* mapped_ = nullptr;                       // address space for all of `most_`; only what is allocated is touched
  std::size_t mapped_size_ = 0, allocated_ = 0;
  std::vector<std::pair<std::uint8_t*, std::size_t>> private_;
  std::vector<Chunk*> free_;                             // the last one back goes first: it is still in the cache
  std::size_t chunks_ = 0;
};

}  // namespace pasokh::media
