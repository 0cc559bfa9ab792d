// The finisher: one thread of the lowest priority that turns captures into recordings, one after the other, and tells how it went.
// It remembers nothing: after a restart its owner hands in again every job whose result it has not recorded. A job that was done
// already answers at once with what the recording itself says.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "archive/archive.h"
#include "archive/keys.h"

namespace pasokh::archive {

struct FinishJob {
  CaptureId capture;
  CallId call;
  std::string wrapped_key;           // MasterKey::wrap
};

struct Places {                      // folders; they may stand on different disks
  std::string captures, recordings;
  static Places in(const std::string& dir) { return {dir + "/captures", dir + "/recordings"}; }
};
// CAPTURES/ID.capture and RECORDINGS/YYYY-MM/ID.opus.sealed (the month is UTC, of `started`).
std::string capture_file(const Places&, CaptureId);
std::string recording_file(const Places&, CaptureId, Instant started);
std::string find_recording(const Places&, CaptureId);   // looks in every month; "" when there is none

class Finisher {
 public:
  // Called on the finisher's thread, once per job that was taken. `file` is "" when there is none (empty, or failed). A job whose
  // capture is still held by a worker that hangs in its last write comes up again until the worker has ended.
  using Told = std::function<void(const FinishJob&, const std::string& file, const Result<Finished>&)>;
  struct Options {
    std::size_t backlog_max = 100'000;  // jobs are small; beyond, add() says no and the capture waits for reconcile()
    std::int32_t bitrate = 24'000, complexity = 3;
    std::string memory = "/dev/shm";    // where dead workers may have left the end of a capture (media/capture.h)
  };
  Finisher(Places, MasterKey, Told, Options);
  Finisher(Places places, MasterKey master, Told told) : Finisher(std::move(places), std::move(master), std::move(told), Options{}) {}
  ~Finisher();                       // the job under way is finished; the rest stays on disk as captures

  bool add(FinishJob);
  std::size_t backlog() const;       // waiting and under way
  void wait_until_idle();            // for a clean stop and for tests

 private:
  void run();
  Result<Finished> finish_one(const FinishJob&, std::string& file);
  const Places places_;
  const MasterKey master_;
  const Told told_;
  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FinishJob> jobs_;
  bool working_ = false, stopping_ = false;
  std::thread thread_;
};

// What a stop or crash left on disk. Ids come in order.
struct Leftovers {
  std::vector<CaptureId> captures;   // without a recording: to be finished once their call has ended
  std::vector<CaptureId> both;       // the recording is whole, the capture was not yet deleted: add() settles it
};
Result<Leftovers> reconcile(const Places&);             // removes half-written recordings; call it before there is a Finisher
Result<> drop_capture(const Places&, CaptureId);

}  // namespace pasokh::archive
