#include "media/captures.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "media/capture_format.h"
#include "media/leg.h"
#include "media/log.h"
#include "media/test_points.h"

namespace pasokh::media {
namespace {

constexpr std::size_t most_early_marks = 32, most_closed = 1000;
constexpr std::int64_t at_once = 1;                          // due since 1970: the next sweep looks at it
// A block is sealed when its first record is this old; the sweep each 20 ms keeps it within the 200 ms that a crash may cost.
constexpr std::int64_t block_span_us = 160'000;
constexpr std::int64_t hasty_span_us = 120'000;              // where sealed is not yet safe: the writing thread takes 20 ms more
constexpr std::int64_t chunk_span_us = 2'000'000;            // a chunk that fills slowly goes to the disk after this
constexpr const char* memory_full = "the disk does not take what is recorded: the memory for it is full";

}  // namespace

Captures::Captures(Limits limits) : limits_(std::move(limits)) {
  timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  clock_offset_us_ = wall.tv_sec * 1'000'000 + wall.tv_nsec / 1'000 - monotonic_us();
}

Captures::~Captures() {
  if (!files_) return;
  close_all(1'000'000, [](const FromWorker&) {});
  if (files_->end(200)) return;
  (void)ring_.release();                                     // the thread hangs in a write from it: it stays, for whoever comes after us
}

// --- orders

bool Captures::want(const CaptureWanted& wanted, std::uint32_t connection) {
  std::erase_if(closed_, [&](const CaptureClosed& closed) { return closed.capture == wanted.capture; });
  auto& capture = all_[wanted.capture];
  const bool is_new = !capture;
  if (is_new) {
    capture = std::make_unique<Capture>();
    capture->wanted = wanted;
    capture->clock_offset_us = clock_offset_us_;
    if (free_places_.empty()) {
      free_places_.push_back(due_.size());
      due_.push_back(0);
      by_place_.push_back(nullptr);
    }
    capture->place = free_places_.back();
    free_places_.pop_back();
    capture->due_us = &due_[capture->place];
    by_place_[capture->place] = capture.get();
  }
  if (capture->confirmed_in != connection && capture->stopped) {   // a new control is told again
    capture->told = false;
    *capture->due_us = at_once;
  }
  capture->confirmed_in = connection;
  return is_new;
}

Capture* Captures::find(CaptureId id) {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : found->second.get();
}

void Captures::mark(const CaptureMark& mark, std::int64_t now_us) {
  Capture* capture = find(mark.capture);
  if (!capture || capture->stopped) return;
  CaptureRecord record;
  record.kind = CaptureRecord::Kind::mark;
  record.arrived_us = now_us + clock_offset_us_;
  record.bytes = mark.mark;
  if (capture->epoch == 0) {
    if (capture->marks.size() < most_early_marks) capture->marks.emplace_back(record.arrived_us, mark.mark);
    return;
  }
  if (!capture->sealer.add(record) && !(seal(*capture, record.arrived_us) && capture->sealer.add(record))) return stop(*capture, memory_full);
  note(*capture);
}

void Captures::close(CaptureId id, const Tell& tell) {
  const auto found = all_.find(id);
  if (found == all_.end()) {
    for (const auto& [epoch, closing] : closing_)
      if (closing == id) return;                             // told when it is done
    CaptureClosed closed{id};
    closed.empty = true;
    closed.known = false;
    for (const CaptureClosed& before : closed_)
      if (before.capture == id) closed = before;
    return tell(closed);
  }
  Capture& capture = *found->second;
  if (capture.epoch != 0) {
    const std::int64_t now_us = monotonic_us() + clock_offset_us_;
    if (!capture.stopped && !capture.sealer.empty() && !seal(capture, now_us))
      log_line("error", "a recording could not be closed whole", {{"capture", text(id)}, {"why", memory_full}});
    hand_over(capture);
    files_->close(capture.epoch);
    closing_[capture.epoch] = id;
  } else {
    if (!files_) files_ = std::make_unique<CaptureFiles>(limits_.memory);
    closing_[files_->look(capture.wanted.file)] = id;        // another worker may have begun it
  }
  forget(capture);
}

void Captures::forget(Capture& capture) {
  *capture.due_us = 0;
  by_place_[capture.place] = nullptr;
  free_places_.push_back(capture.place);
  by_epoch_.erase(capture.epoch);
  all_.erase(CaptureId(capture.wanted.capture));
}

void Captures::close_all(std::int64_t wait_us, const Tell& tell) {
  for (const CaptureId id : ids()) close(id, tell);
  const std::int64_t until = monotonic_us() + wait_us;
  while (!closing_.empty() && monotonic_us() < until) {
    exchange(tell);
    if (!closing_.empty()) usleep(2'000);
  }
}

// --- packets

void Captures::packet(Capture& capture, const Leg& leg, const RtpPacket& packet, bool is_event, std::int64_t now_us) {
  if (capture.stopped || (capture.epoch == 0 && !begin(capture, now_us))) return;
  CaptureRecord record;
  record.kind = is_event ? CaptureRecord::Kind::event : CaptureRecord::Kind::audio;
  record.arrived_us = now_us + capture.clock_offset_us;
  record.agent = leg.wanted.capture_is_agent;
  record.payload = leg.wanted.codec == Codec::pcma ? 8 : 0;
  record.sequence = packet.sequence;
  record.timestamp = packet.timestamp;
  record.ssrc = packet.ssrc;
  record.bytes = {reinterpret_cast<const char*>(packet.payload), packet.size};
  if (!capture.sealer.add(record)) {
    // no chunk was to be had for as long as a block may grow
    if (!seal(capture, record.arrived_us) || !capture.sealer.add(record)) return stop(capture, memory_full);
  }
  note(capture);
}

bool Captures::begin(Capture& capture, std::int64_t now_us) {
  if (capture.wanted.file.size() >= sizeof Chunk::path) {
    stop(capture, "the path of a capture is too long: " + capture.wanted.file);
    return false;
  }
  if (const auto begun = capture.sealer.begin(capture.wanted.key, capture.wanted.capture); !begun) {
    stop(capture, begun.error().text);
    return false;
  }
  if (!files_) files_ = std::make_unique<CaptureFiles>(limits_.memory);
  if (!ring_) {
    ring_ = std::make_unique<Ring>(limits_.memory, limits_.most_in_memory);
    files_->set_own_ring(ring_->file());
  }
  capture.epoch_began_us = now_us + clock_offset_us_;
  capture.epoch = files_->begin({capture.wanted.capture, capture.wanted.file, capture.wanted.stop_below});
  by_epoch_[capture.epoch] = &capture;
  for (const auto& [at_us, name] : capture.marks) {
    CaptureRecord record;
    record.kind = CaptureRecord::Kind::mark;
    record.arrived_us = at_us;
    record.bytes = name;
    (void)capture.sealer.add(record);                        // 32 of them fit
  }
  capture.marks.clear();
  return true;
}

// The block in the making decides when it is looked at, else the chunk.
void Captures::note(Capture& capture) {
  const std::int64_t due = capture.sealer.began_us() + (ring_->file().empty() ? hasty_span_us : block_span_us);
  if (*capture.due_us != due) *capture.due_us = due;
}

// --- blocks

// false: no memory for it, the block stays
bool Captures::seal(Capture& capture, std::int64_t at_us) {
  const std::size_t size = capture.sealer.block_size();
  if (capture.chunk && capture.chunk->size.load(std::memory_order_relaxed) + size > Chunk::room) hand_over(capture);
  if (!capture.chunk && !take_chunk(capture, at_us)) return false;
  Chunk& chunk = *capture.chunk;
  const std::uint32_t used = chunk.size.load(std::memory_order_relaxed);
  if (!capture.sealer.seal(chunk.data + used)) {
    stop(capture, "sealing a block failed");
    return false;
  }
  crash_point("sealed");
  chunk.size.store(used + static_cast<std::uint32_t>(size), std::memory_order_release);  // from here on it outlives us
  crash_point("kept");
  const bool full = used + 2 * size > Chunk::room;           // the next one will be as large
  if (full || !ring_->outlives(&chunk)) hand_over(capture);
  return true;
}

bool Captures::take_chunk(Capture& capture, std::int64_t at_us) {
  Chunk* chunk = ring_->take();
  if (!chunk) return false;
  capture.chunk = chunk;
  capture.chunk_began_us = at_us;
  const auto& header = capture.sealer.header();
  std::memcpy(chunk->data, header.data(), header.size());
  chunk->size.store(static_cast<std::uint32_t>(header.size()), std::memory_order_relaxed);
  chunk->salt = capture.sealer.salt();
  chunk->epoch_began_us = capture.epoch_began_us;
  chunk->offset = capture.bytes;
  chunk->path_size = static_cast<std::uint32_t>(capture.wanted.file.size());
  std::memcpy(chunk->path, capture.wanted.file.data(), capture.wanted.file.size());
  chunk->place(capture.base, capture.device, capture.inode);
  chunk->state.store(Chunk::used, std::memory_order_release);
  return true;
}

void Captures::hand_over(Capture& capture) {
  if (!capture.chunk) return;
  Chunk* chunk = std::exchange(capture.chunk, nullptr);
  const auto size = static_cast<std::int64_t>(chunk->size.load(std::memory_order_relaxed)), whole = capture_format::next_piece(size);
  std::memset(chunk->data + size, 0, static_cast<std::size_t>(whole - size));
  capture.bytes += whole;
  files_->write(capture.epoch, chunk, !ring_->outlives(chunk));
}

void Captures::drop_chunk(Capture& capture) {
  if (!capture.chunk) return;
  capture.chunk->state.store(Chunk::free, std::memory_order_release);
  ring_->give_back(std::exchange(capture.chunk, nullptr));
}

// What was sealed before still goes to the file.
void Captures::stop(Capture& capture, std::string why) {
  capture.stopped = true;
  capture.why = std::move(why);
  *capture.due_us = at_once;
}

// --- by the clock

void Captures::sweep(std::int64_t now_us, const Tell& tell) {
  exchange(tell);                                            // first: chunks come back
  const std::int64_t at_us = now_us + clock_offset_us_;
  due_now_.clear();
  std::size_t place = 0;
  for (const std::int64_t due : due_) {
    Capture* capture = by_place_[place++];
    if (due != 0 && due <= at_us && capture) due_now_.push_back(capture);
  }
  for (Capture* capture : due_now_) look_at(*capture, at_us, tell);
  if (files_ && files_->urgent()) exchange(tell);
}

void Captures::look_at(Capture& capture, std::int64_t at_us, const Tell& tell) {
  if (!capture.stopped && !capture.sealer.empty() && !seal(capture, at_us) && !capture.stopped) return;  // no memory: again with the next sweep
  if (capture.chunk && (capture.stopped || at_us - capture.chunk_began_us >= chunk_span_us)) hand_over(capture);
  *capture.due_us = capture.chunk ? capture.chunk_began_us + chunk_span_us : 0;
  if (!capture.stopped || capture.told) return;
  capture.told = true;
  log_line("error", "a recording stopped, its call goes on", {{"capture", text(capture.wanted.capture)}, {"why", capture.why}});
  tell(CaptureStopped{capture.wanted.capture, capture.why});
}

void Captures::exchange(const Tell& tell) {
  if (!files_) return;
  told_.clear();
  back_.clear();
  if (!files_->exchange(told_, back_)) return;
  for (Chunk* chunk : back_) ring_->give_back(chunk);
  for (const auto& told : told_) act_on(told, tell);
}

Capture* Captures::of_epoch(std::uint32_t epoch) {
  const auto found = by_epoch_.find(epoch);
  return found == by_epoch_.end() ? nullptr : found->second;
}

void Captures::act_on(const CaptureFiles::Told& told, const Tell& tell) {
  switch (told.kind) {
    case CaptureFiles::Told::Kind::opened:
      if (Capture* capture = of_epoch(told.epoch)) {
        capture->base = told.base;
        capture->device = told.device;
        capture->inode = told.inode;
        if (capture->chunk) capture->chunk->place(told.base, told.device, told.inode);
      }
      return;
    case CaptureFiles::Told::Kind::failed:
      if (Capture* capture = of_epoch(told.epoch)) {
        drop_chunk(*capture);
        if (!capture->stopped) stop(*capture, told.why);
      } else {
        log_line("error", "a recording could not be closed whole", {{"why", told.why}});
      }
      return;
    case CaptureFiles::Told::Kind::closed: {
      const auto found = closing_.find(told.epoch);
      if (found == closing_.end()) return;
      CaptureClosed closed{found->second};
      closed.bytes = told.bytes;
      closed.empty = told.bytes == 0;
      closing_.erase(found);
      closed_.push_back(closed);
      if (closed_.size() > most_closed) closed_.pop_front();
      return tell(closed);
    }
  }
}

std::vector<CaptureId> Captures::ids() const {
  std::vector<CaptureId> ids;
  for (const auto& [id, capture] : all_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<CaptureId> Captures::not_confirmed_in(std::uint32_t connection) const {
  std::vector<CaptureId> ids;
  for (const auto& [id, capture] : all_)
    if (capture->confirmed_in != connection) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace pasokh::media
