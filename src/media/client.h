// Control's end of the wire to one worker: non-blocking, owned by the switchboard's loop. And how a worker is started.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "media/wire.h"

namespace pasokh::media {

// Runs a worker in this process until Quit, or until it had no control for `orphan_after` and has no live leg.
// Listens on `socket` (a Unix path; a stale file is replaced). Returns the exit status.
struct WorkerOptions {
  std::string socket;
  std::string bind_ip = "0.0.0.0";
  Duration orphan_after = Duration::minutes(10);
  std::string memory = "/dev/shm";   // where sealed audio waits for the disk and outlives the worker (capture_ring.h); "": nowhere
};
int run_worker(const WorkerOptions&);

// Starts `program media --socket … --bind …` detached: its own session, no descriptor of ours, output appended to `log_file`; it
// outlives the caller. Returns its pid as soon as the program runs; it listens a moment later (connect() until it does).
Result<std::int64_t> spawn_worker(const std::string& program, const std::string& socket, const std::string& bind_ip, const std::string& log_file);

class WorkerClient {
 public:
  WorkerClient() = default;
  ~WorkerClient();
  WorkerClient(WorkerClient&&) noexcept;
  WorkerClient& operator=(WorkerClient&&) noexcept;

  Result<> connect(const std::string& socket);     // at once or not at all
  bool connected() const { return fd_ >= 0; }
  int fd() const { return fd_; }                    // for epoll; wants EPOLLOUT when wants_write()
  bool wants_write() const { return !out_.empty(); }
  void send(const ToWorker&);                       // queued; flush() writes
  // false: the worker is gone (fd is closed)
  bool flush();
  bool receive(std::vector<FromWorker>& into);

 private:
  int fd_ = -1;
  std::string in_, out_;
};

}  // namespace pasokh::media
