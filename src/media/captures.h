// The captures of a worker: wanted by control, begun by the first packet, closed by control. Packets are gathered, sealed each
// 170 ms into memory that outlives the worker (capture_ring.h), and brought to the disk by a thread of its own (capture_files.h).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "media/capture_files.h"
#include "media/capture_ring.h"
#include "media/capture_sealer.h"
#include "media/rtp.h"
#include "media/wire.h"

namespace pasokh::media {

struct Leg;

struct alignas(64) Capture {
  // a packet touches these
  CaptureSealer sealer;
  std::int64_t clock_offset_us = 0;                          // monotonic to CLOCK_REALTIME
  std::int64_t* due_us = nullptr;                            // when the sweep is to look at it; of the same line of time as records
  bool stopped = false, told = false;

  // a block touches these
  Chunk* chunk = nullptr;                                    // being filled
  std::int64_t chunk_began_us = 0;
  std::uint32_t epoch = 0;                                   // CaptureFiles' number; 0: no packet yet
  std::int64_t bytes = 0;                                    // of this epoch
  std::int64_t base = -1;                                    // in the file; -1: not yet told
  std::uint64_t device = 0, inode = 0;
  std::int64_t epoch_began_us = 0;

  CaptureWanted wanted;
  std::string why;
  std::vector<std::pair<std::int64_t, std::string>> marks;   // before the first packet
  std::uint32_t confirmed_in = 0;
  std::size_t place = 0;                                     // in the list of what is due
};

class Captures {
 public:
  struct Limits {
    std::string memory = "/dev/shm";                         // where rings live
    std::size_t most_in_memory = 48u << 20;                  // what a worker may have sealed and not yet written
  };
  using Tell = std::function<void(const FromWorker&)>;       // CaptureClosed, CaptureStopped

  Captures() : Captures(Limits{}) {}
  explicit Captures(Limits);
  ~Captures();
  Captures(const Captures&) = delete;
  Captures& operator=(const Captures&) = delete;

  bool want(const CaptureWanted&, std::uint32_t connection);  // true: a new one
  Capture* find(CaptureId);
  // on the hot path: copies the payload into the block in the making
  void packet(Capture&, const Leg&, const RtpPacket&, bool is_event, std::int64_t now_us);
  void mark(const CaptureMark&, std::int64_t now_us);
  // whatever state it is in; told by a sweep when all is in the file. The caller has taken it from the legs.
  void close(CaptureId, const Tell&);
  // Seals the blocks that are due, hands full chunks over, takes what the writing thread has to tell.
  void sweep(std::int64_t now_us, const Tell&);
  // Closes all, and waits until they are in their files or the time is over.
  void close_all(std::int64_t wait_us, const Tell&);

  std::vector<CaptureId> ids() const;
  std::vector<CaptureId> not_confirmed_in(std::uint32_t connection) const;
  bool idle() const { return all_.empty() && closing_.empty(); }  // nothing to sweep

 private:
  bool begin(Capture&, std::int64_t now_us);
  void note(Capture&);
  bool seal(Capture&, std::int64_t at_us);
  bool take_chunk(Capture&, std::int64_t at_us);
  void hand_over(Capture&);
  void stop(Capture&, std::string why);
  void drop_chunk(Capture&);
  void exchange(const Tell&);
  void act_on(const CaptureFiles::Told&, const Tell&);
  void look_at(Capture&, std::int64_t at_us, const Tell&);
  Capture* of_epoch(std::uint32_t epoch);
  void forget(Capture&);

  const Limits limits_;
  std::unique_ptr<Ring> ring_;                               // with the first packet of the first capture
  std::unique_ptr<CaptureFiles> files_;
  std::unordered_map<CaptureId, std::unique_ptr<Capture>> all_;
  std::unordered_map<std::uint32_t, CaptureId> closing_;     // by epoch
  std::unordered_map<std::uint32_t, Capture*> by_epoch_;
  std::deque<CaptureClosed> closed_;                         // the last ones, for a control that asks again
  // When each capture is due, side by side: the sweep reads this and touches a capture only when it must.
  std::deque<std::int64_t> due_;                             // 0: never
  std::vector<Capture*> by_place_;
  std::vector<std::size_t> free_places_;
  std::vector<Capture*> due_now_;
  std::vector<CaptureFiles::Told> told_;
  std::vector<Chunk*> back_;
  std::int64_t clock_offset_us_ = 0;
};

}  // namespace pasokh::media
