// The worker's store of sounds. Files are read and converted by a helper thread, so that a long one never holds up a packet;
// its results are taken over by the worker's thread. At most 64 MiB stay, the longest unused go first.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "media/sound.h"

namespace pasokh::media {

class Sounds {
 public:
  Sounds();
  ~Sounds();
  Sounds(const Sounds&) = delete;
  Sounds& operator=(const Sounds&) = delete;

  int ready_fd() const { return ready_; }           // readable: call take_over()
  std::shared_ptr<const Sound> file(const std::string& path);
  std::shared_ptr<const Sound> tone(const std::string& name);  // null: no such tone
  void take_over();

 private:
  struct Entry {
    std::shared_ptr<Sound> sound;
    std::int64_t changed_ns = 0;                    // mtime of the file
    std::uint64_t used = 0;                         // counts up with each use
  };
  struct Job {
    std::string path;
    std::shared_ptr<Sound> sound;
    Result<std::vector<std::uint8_t>> read = trouble("", "");
  };
  void work();
  void evict();

  std::map<std::string, Entry> files_;
  std::map<std::string, std::shared_ptr<const Sound>> tones_;
  std::uint64_t uses_ = 0;

  int ready_;
  // The helper thread lives while there is something to read: a process of one thread pays less for each system call.
  std::mutex mutex_;                                // guards the two lists and the flags
  std::deque<Job> wanted_, done_;
  bool working_ = false, stopping_ = false;
  std::thread thread_;
};

// The tones by name: busy, ringback (Iran: 425 Hz), beep, confirm, refuse. One name is one cadence; repeat_last makes it last.
std::vector<std::uint8_t> synthesise_tone(const std::string& name);  // empty: no such tone

}  // namespace pasokh::media
