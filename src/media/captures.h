// The captures of a worker: wanted by control, begun by the first packet, closed by control.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "media/capture.h"
#include "media/rtp.h"
#include "media/wire.h"

namespace pasokh::media {

struct Leg;

struct Capture {
  CaptureWanted wanted;
  std::optional<CaptureWriter> writer;                       // none: no packet yet, or stopped
  bool stopped = false, told = false;
  std::string why;
  std::int64_t clock_offset_us = 0;                          // monotonic to CLOCK_REALTIME
  std::vector<std::pair<std::int64_t, std::string>> marks;   // before the first packet
  std::uint32_t confirmed_in = 0;
  std::size_t place = 0;                                     // in the list of blocks in the making
  std::int64_t* block_began_us = nullptr;                    // there; 0: none
};

// on the hot path: copies the payload into the block in the making
void capture_packet(Capture&, const Leg&, const RtpPacket&, bool is_event, std::int64_t now_us);

class Captures {
 public:
  Captures();
  bool want(const CaptureWanted&, std::uint32_t connection);  // true: a new one
  Capture* find(CaptureId);
  void mark(const CaptureMark&, std::int64_t now_us);
  // closed, whatever state it was in; the caller has taken it from the legs
  CaptureClosed close(CaptureId);
  // writes the blocks that are due; what stopped since is told once
  void sweep(std::int64_t now_us, const std::function<void(const CaptureStopped&)>& tell);
  std::vector<CaptureId> ids() const;
  std::vector<CaptureId> not_confirmed_in(std::uint32_t connection) const;
  bool empty() const { return all_.empty(); }

 private:
  std::unordered_map<CaptureId, std::unique_ptr<Capture>> all_;
  std::deque<CaptureClosed> closed_;                         // the last ones, for a control that asks again
  // When each capture's block began, side by side: the sweep reads this and touches a capture only when it must.
  std::deque<std::int64_t> blocks_;
  std::vector<Capture*> by_place_;
  std::vector<std::size_t> free_places_;
  std::int64_t clock_offset_us_ = 0;
};

}  // namespace pasokh::media
