// A disk that loses its power: an SQLite VFS around the system's own that remembers, for each file, what was synced and what was only
// written. At each sync point `on_sync` may take a picture of what a disk would hold if the power went just then.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace pasokh::chaos {

// What becomes of writes that were not synced: lost, all of them on the disk by luck, or some 512-byte sectors of them and not others
// (drawn from the seed), which is what drives do.
enum class Unsynced { lost, kept, torn };

class PowerCutDisk {
 public:
  explicit PowerCutDisk(std::string root);  // the files below it; becomes SQLite's default; one at a time
  ~PowerCutDisk();
  PowerCutDisk(const PowerCutDisk&) = delete;
  PowerCutDisk& operator=(const PowerCutDisk&) = delete;

  // Called before each sync takes effect, and after it (n: 2k before the k-th, 2k + 1 after it), on the thread that
  // syncs; two at once when two threads do.
  std::function<void(std::uint64_t n)> on_sync;
  // The files of the root as they would be found, into `to`.
  void picture(const std::string& to, Unsynced unsynced, std::uint64_t seed) const;

 private:
  std::string root_;
};

}  // namespace pasokh::chaos
