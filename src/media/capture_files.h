// The thread that brings chunks of sealed blocks (capture_ring.h) to the capture files. A disk that is slow, hangs or is full
// holds up this thread and nobody else: the worker's thread talks to it through lists, each 20 ms, and never waits for it.
//
// The thread has a table of descriptors of its own (close_range(2), CLOSE_RANGE_UNSHARE), so that the worker's system calls stay
// those of a process of one thread, which need not count the users of each descriptor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/ids.h"
#include "media/capture_ring.h"

namespace pasokh::media {

class CaptureFiles {
 public:
  struct Epoch {                                         // what this worker writes into one file
    CaptureId capture;
    std::string path;
    std::int64_t stop_below = 0;                         // bytes free on its disk; 0: never
  };
  struct Told {
    enum class Kind : std::uint8_t { opened, failed, closed } kind;
    std::uint32_t epoch = 0;
    std::int64_t base = 0;                               // opened: Chunk::place wants it
    std::uint64_t device = 0, inode = 0;
    std::int64_t bytes = 0;                              // closed: of the whole file; 0: there is none
    std::string why;                                     // failed: nothing more is written, chunks come back
  };

  explicit CaptureFiles(std::string memory) : memory_(std::move(memory)) {}
  ~CaptureFiles();
  CaptureFiles(const CaptureFiles&) = delete;
  CaptureFiles& operator=(const CaptureFiles&) = delete;

  // Orders; they leave with the next exchange(). own_ring: the file of our ring, or ""
  std::uint32_t begin(Epoch);                            // the file is made, or taken up behind its end
  void write(std::uint32_t epoch, Chunk*, bool at_once);  // in the order of their offsets
  void close(std::uint32_t epoch);                       // told when everything is in the file
  std::uint32_t look(std::string path);                  // told like close(), of a file that this worker did not write
  void set_own_ring(std::string file) { own_ring_ = std::move(file); }

  // false: the thread is at the lists just now, nothing was exchanged. A chunk that comes back is free.
  bool exchange(std::vector<Told>& told, std::vector<Chunk*>& back);
  bool urgent() const { return urgent_; }                // an order waits that should leave now
  bool end(int wait_ms);                                 // false: the disk hangs; the thread goes with the process, rings must stay

 private:
  struct Order {
    enum class Kind : std::uint8_t { begin, write, close, look } kind;
    std::uint32_t epoch = 0;
    Chunk* chunk = nullptr;
    Epoch of;
  };
  struct Shared;
  class Writer;
  void start();

  std::string memory_, own_ring_;
  std::shared_ptr<Shared> shared_;                       // the thread has a share: it may outlive us when it hangs
  std::thread thread_;
  std::vector<Order> orders_;
  bool urgent_ = false;                                  // among them one that the thread is woken for
  std::uint32_t last_ = 0;
  std::uint64_t taken_ = 0;
};

}  // namespace pasokh::media
