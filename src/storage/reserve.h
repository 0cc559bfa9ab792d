// Disk space that is kept for calls in progress: DIR/reserve, a file of allocated blocks. See the rule in storage/journal.h.
// Journal thread and tidy thread both call it; each call is short and locked inside.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

namespace pasokh::storage {

class Reserve {
 public:
  Reserve(std::string dir, std::int64_t bytes);
  ~Reserve();
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;

  // Gives an eighth back to the file system; false when nothing is left.
  bool give_up_a_piece();
  // Takes back what is missing when the disk has that and a quarter of the whole free.
  void refill();
  // free space beyond the reserve; 0 while the reserve is in use
  std::int64_t free_bytes() const;

 private:
  std::int64_t held() const;
  void hold(std::int64_t bytes);

  const std::string dir_;
  const std::int64_t bytes_;
  int file_ = -1;
  mutable std::mutex mutex_;
};

}  // namespace pasokh::storage
