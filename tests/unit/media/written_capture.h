// A capture file as a worker leaves it, written at once and by one thread: for tests of those who read it.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "media/capture_sealer.h"

namespace pasokh::media::test {

class WrittenCapture {               // one epoch; a second one goes on behind the first
 public:
  WrittenCapture(const std::string& file, const std::string& key, CaptureId id) : fd_(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    good_ = fd_ >= 0 && sealer_.begin(key, id).has_value();
  }
  ~WrittenCapture() { flush(); if (fd_ >= 0) close(fd_); }
  WrittenCapture(const WrittenCapture&) = delete;

  void add(const CaptureRecord& record) {
    if (!sealer_.empty() && record.arrived_us - sealer_.began_us() >= 170'000) flush();
    if (!sealer_.add(record)) { flush(); (void)sealer_.add(record); }
  }
  void flush() {
    if (sealer_.empty()) return;
    const auto& header = sealer_.header();
    std::string bytes;
    if (blocks_++ % 5 == 0) {                          // as at the beginning of each chunk
      bytes.assign(static_cast<std::size_t>(-lseek(fd_, 0, SEEK_END) & 4095), '\0');
      bytes.append(header.begin(), header.end());
    }
    const std::size_t before = bytes.size(), size = sealer_.block_size();
    bytes.resize(before + size);
    good_ = good_ && sealer_.seal(reinterpret_cast<std::uint8_t*>(bytes.data()) + before) && write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  }
  bool good() const { return good_; }

 private:
  int fd_;
  CaptureSealer sealer_;
  int blocks_ = 0;
  bool good_;
};

}  // namespace pasokh::media::test
