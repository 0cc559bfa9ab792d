// A capture: what both sides of a call sent, undecoded, as the worker received it, sealed from the first byte.
//
// The file is a row of epochs, one for each worker that wrote to it, all numbers little endian:
//   header  magic[8]  version u32  capture id u64  salt[8]                       drawn anew by each worker: the salt names the epoch
//   block   magic u32 "PBLK"  number u32  salt[8]  length u32  tag[16]           then `length` bytes of ciphertext
// A header is repeated, the same, before each handful of blocks (a chunk of capture_ring.h), so that any piece can be read by itself.
// Such a piece begins at a multiple of 4 KiB, for which disks and page caches ask half the price; zeros stand before the next one.
// Each block holds at most 200 ms and is AES-256-GCM on its own: the nonce is its salt and number, numbers count from 0 in each
// epoch, so a nonce is used once. Authenticated besides the text: the header before it, and the block's magic, number, salt and length.
// In the text of a block: base u64 (µs of its first record), then records:
//   kind and side u8  payload u8  sequence u16  timestamp u32  ssrc u32  µs after base u32  length u16  bytes
// Version 1 had one header and numbers that went on over the epochs; it is still read.
// A torn end of an epoch is ignored by the reader; anything else that does not open is named.
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

// damaged: first range that did not open. An epoch record is given out between the epochs of two workers.
struct CaptureSummary { std::int64_t blocks = 0, records = 0; bool torn_end = false; std::string damaged; };
Result<CaptureSummary> read_capture(const std::string& file, std::string_view key, const std::function<void(const CaptureRecord&)>&);

// What workers that died had sealed and not yet written (capture_ring.h) is put into the file, which is made if need be. Repeatable:
// a second crash in the middle of it changes nothing. Needs no key. Before reading a capture, always. Code "capture-busy": its worker
// has not ended yet (it may hang in a write): ask again later.
struct Leftovers { std::int64_t bytes = 0; };
Result<Leftovers> take_leftovers(const std::string& file, const std::string& memory = "/dev/shm");

}  // namespace pasokh::media
