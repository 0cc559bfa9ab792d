#include "media/captures.h"

#include <sys/stat.h>
#include <time.h>

#include <algorithm>

#include "media/leg.h"
#include "media/log.h"

namespace pasokh::media {
namespace {

constexpr std::size_t most_early_marks = 32, most_closed = 1000;
constexpr std::int64_t at_once = 1;                          // a block that began in 1970: the next sweep looks at it

void note_block(Capture& capture) {
  const std::int64_t at_us = capture.writer->block_began_us();
  if (*capture.block_began_us != at_us) *capture.block_began_us = at_us;
}

bool began(Capture& capture) {
  if (capture.writer) return true;
  if (capture.stopped) return false;
  auto writer = CaptureWriter::open(capture.wanted.file, capture.wanted.key, capture.wanted.capture);
  if (!writer) {
    capture.stopped = true;
    capture.why = writer.error().text;
    *capture.block_began_us = at_once;
    return false;
  }
  capture.writer.emplace(std::move(*writer));
  for (const auto& [at_us, name] : capture.marks) {
    CaptureRecord record;
    record.kind = CaptureRecord::Kind::mark;
    record.arrived_us = at_us;
    record.bytes = name;
    capture.writer->add(record);
  }
  capture.marks.clear();
  return true;
}

}  // namespace

void capture_packet(Capture& capture, const Leg& leg, const RtpPacket& packet, bool is_event, std::int64_t now_us) {
  if (capture.stopped || !began(capture)) return;
  CaptureRecord record;
  record.kind = is_event ? CaptureRecord::Kind::event : CaptureRecord::Kind::audio;
  record.arrived_us = now_us + capture.clock_offset_us;
  record.agent = leg.wanted.capture_is_agent;
  record.payload = leg.wanted.codec == Codec::pcma ? 8 : 0;
  record.sequence = packet.sequence;
  record.timestamp = packet.timestamp;
  record.ssrc = packet.ssrc;
  record.bytes = {reinterpret_cast<const char*>(packet.payload), packet.size};
  capture.writer->add(record);
  note_block(capture);
}

Captures::Captures() {
  timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  clock_offset_us_ = wall.tv_sec * 1'000'000 + wall.tv_nsec / 1'000 - monotonic_us();
}

bool Captures::want(const CaptureWanted& wanted, std::uint32_t connection) {
  std::erase_if(closed_, [&](const CaptureClosed& closed) { return closed.capture == wanted.capture; });
  auto& capture = all_[wanted.capture];
  const bool is_new = !capture;
  if (is_new) {
    capture = std::make_unique<Capture>();
    capture->wanted = wanted;
    capture->clock_offset_us = clock_offset_us_;
    if (free_places_.empty()) {
      free_places_.push_back(blocks_.size());
      blocks_.push_back(0);
      by_place_.push_back(nullptr);
    }
    capture->place = free_places_.back();
    free_places_.pop_back();
    capture->block_began_us = &blocks_[capture->place];
    by_place_[capture->place] = capture.get();
  }
  if (capture->confirmed_in != connection && capture->stopped) {   // a new control is told again
    capture->told = false;
    *capture->block_began_us = at_once;
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
  const std::int64_t at_us = now_us + clock_offset_us_;
  if (capture->writer) {
    CaptureRecord record;
    record.kind = CaptureRecord::Kind::mark;
    record.arrived_us = at_us;
    record.bytes = mark.mark;
    capture->writer->add(record);
    note_block(*capture);
  } else if (capture->marks.size() < most_early_marks) {
    capture->marks.emplace_back(at_us, mark.mark);
  }
}

CaptureClosed Captures::close(CaptureId id) {
  CaptureClosed closed{id};
  const auto found = all_.find(id);
  if (found == all_.end()) {
    for (const CaptureClosed& before : closed_)
      if (before.capture == id) return before;
    closed.empty = true;
    closed.known = false;
    return closed;
  }
  Capture& capture = *found->second;
  if (capture.writer) {
    if (const auto flushed = capture.writer->flush(); !flushed)
      log_line("error", "a recording could not be closed whole", {{"capture", text(id)}, {"why", flushed.error().text}});
    closed.bytes = capture.writer->bytes();
  } else {
    struct stat status;                                      // another worker may have begun it
    closed.empty = stat(capture.wanted.file.c_str(), &status) != 0 || status.st_size == 0;
    if (!closed.empty) closed.bytes = status.st_size;
  }
  *capture.block_began_us = 0;
  by_place_[capture.place] = nullptr;
  free_places_.push_back(capture.place);
  all_.erase(found);
  closed_.push_back(closed);
  if (closed_.size() > most_closed) closed_.pop_front();
  return closed;
}

void Captures::sweep(std::int64_t now_us, const std::function<void(const CaptureStopped&)>& tell) {
  const std::int64_t began_before = now_us + clock_offset_us_ - CaptureWriter::block_span_us;
  std::size_t place = 0;
  for (std::int64_t& began_us : blocks_) {
    Capture* capture = by_place_[place++];
    if (began_us == 0 || began_us > began_before || !capture) continue;
    if (capture->writer && !capture->stopped) {
      if (const auto flushed = capture->writer->flush(); !flushed) {
        capture->stopped = true;
        capture->why = flushed.error().text;
      }
    }
    began_us = 0;
    if (!capture->stopped || capture->told) continue;
    capture->told = true;
    log_line("error", "a recording stopped, its call goes on", {{"capture", text(capture->wanted.capture)}, {"why", capture->why}});
    tell(CaptureStopped{capture->wanted.capture, capture->why});
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
