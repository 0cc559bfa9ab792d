// A capture: what both sides of a call sent, undecoded, as the worker received it, sealed from the first byte.
// The file: a header (magic, version, capture id, salt), then blocks of at most 200 ms, each AES-256-GCM on its own (nonce
// from salt and block number; number and length authenticated). A torn last block is ignored by the reader; anything else
// that does not open is named. An append-only file may be taken up again by another worker: it writes an epoch record first.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace pasokh::media {

struct CaptureRecord {
  enum class Kind : std::uint8_t { audio, event, mark, epoch } kind = Kind::audio;
  std::int64_t arrived_us = 0;       // CLOCK_REALTIME-anchored monotonic µs of the worker, all records of one file on one line of time
  bool agent = false;                // side
  std::uint8_t payload = 8;          // 0 µ-law, 8 A-law (normalised, whatever number was negotiated); event: RFC 4733
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0, ssrc = 0;
  std::string_view bytes;            // payload; mark: its name
};

class CaptureWriter {                // in the worker; no allocation per packet after set-up
 public:
  static Result<CaptureWriter> open(const std::string& file, std::string_view key, CaptureId);  // continues an existing file
  CaptureWriter(CaptureWriter&&) noexcept;
  CaptureWriter& operator=(CaptureWriter&&) noexcept;
  ~CaptureWriter();
  void add(const CaptureRecord&);    // buffers; seals and writes when 200 ms or 16 KiB are full
  Result<> flush();                  // seal and write what is there; an error stops the capture
  bool due(std::int64_t now_us) const;
  std::int64_t bytes() const;
  bool failed() const;               // writing failed; flush() says why, nothing more is written
  // of the block in the making; 0: none; 1: writing failed, flush() says why
  std::int64_t block_began_us() const;
  // A block is sealed when its first record is this old; whoever sweeps each 20 ms stays within the 200 ms that a crash may cost.
  static constexpr std::int64_t block_span_us = 170'000;
 private:
  struct Impl;
  explicit CaptureWriter(Impl*);
  Impl* impl_;
};

struct CaptureSummary { std::int64_t blocks = 0, records = 0; bool torn_end = false; std::string damaged; };  // damaged: first range that did not open
Result<CaptureSummary> read_capture(const std::string& file, std::string_view key, const std::function<void(const CaptureRecord&)>&);

}  // namespace pasokh::media
