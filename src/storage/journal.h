// The journal: DIR/journal.db (SQLite, WAL, synchronous=FULL). One writer process (held by DIR/lock); any number of readers.
//
//   event(seq, at, kind, body, sum)   append-only; body: base/codec.h bytes of floor::Event; sum: SHA-256(previous sum, seq, at, body),
//                                     first 16 bytes. Never holds numbers or names of people.
//   snapshot(seq, body)               floor state after event seq; a start loads the newest that fits and replays the rest
//   live(kind, key, value)            rows outside the chain: SIP dialogs and bindings, parties, secrets; erasable
//
// Event bodies start with a varint format version. Events that were found damaged at a start stand in set_aside(…), never used again
// and never forgotten: verify() goes on reporting them. See docs/adr/0006-journal.md.
//
// Disk full. DIR/reserve holds reserve_bytes for calls in progress; the journal gives it up piece by piece when a commit finds no
// space, and takes it back when there is space again. Rule for the switchboard, from free_bytes():
//     free_bytes() <= reserve_bytes    alarm; recordings stop (they fill the disk, the journal does not)
//     free_bytes() == 0                the reserve is in use: new calls are refused, calls in progress go on
// Only when the reserve is gone too does a batch wait ("disk-full").
//
// JournalWriter runs its own thread: batches are handed over whole, committed in order, and acknowledged through `committed`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "floor/events.h"

namespace pasokh::storage {

struct Recorded {
  std::uint64_t seq = 0;               // from 1, no gaps
  Instant at;
  floor::Event event;
};

// kinds of live rows; 1-4 are sip::RowKind
enum class LiveKind : std::uint8_t { sip_leg = 1, sip_binding = 2, sip_trunk = 3, sip_other = 4, party = 10, device_secret = 11, trunk_secret = 12, person_name = 13, recording_key = 14, setting = 15, media_leg = 16, browser_leg = 17 };

struct RowChange {
  LiveKind kind = LiveKind::setting;
  std::string key;
  std::optional<std::string> value;    // nothing: delete
};

struct Batch {
  std::uint64_t ticket = 0;            // grows by one with each batch; given back when committed
  std::vector<Recorded> events;        // seq assigned by the caller, gapless
  std::vector<RowChange> rows;
  std::string snapshot;                // when not empty: stored as of the last event
};

struct JournalLimits {
  std::int64_t reserve_bytes = 64 << 20;   // kept free for calls in progress
  std::int64_t keep_snapshots = 3;
};

// What was there at the start.
struct JournalOpened {
  std::uint64_t snapshot_seq = 0;      // 0: none
  std::string snapshot;
  std::uint64_t last_seq = 0;
  Instant last_at;
  std::string damaged;                 // not empty: the chain breaks in this range; what is before it is used
};

class JournalReader {                  // read-only; works beside a running writer
 public:
  static Result<JournalReader> open(const std::string& dir);
  JournalReader(JournalReader&&) noexcept;
  JournalReader& operator=(JournalReader&&) noexcept;
  ~JournalReader();
  std::uint64_t last_seq();
  // events with seq > after, in order, at most `limit`; the callback may stop by returning false
  Result<> read(std::uint64_t after, std::uint64_t limit, const std::function<bool(const Recorded&)>&);
  // 16 bytes that stand for the whole journal up to and with this event; empty when there is no such event
  std::string sum_of(std::uint64_t seq);
  // newest snapshot with seq <= at_most
  Result<std::optional<std::pair<std::uint64_t, std::string>>> snapshot(std::uint64_t at_most);
  std::optional<std::string> live(LiveKind, std::string_view key);
  Result<> each_live(LiveKind, const std::function<void(std::string_view key, std::string_view value)>&);
  struct Verified { std::uint64_t events = 0; std::string damaged; };  // damaged: "events 1042-1042: checksum"
  Result<Verified> verify();
  // After read() ended with Trouble "damaged": the first event after `after` that is sound again, or last_seq() + 1. For read
  // models, which must go on; a start of the floor does not (it uses what is before).
  Result<std::uint64_t> next_sound(std::uint64_t after);
  // The same, as the bytes that stand there (event_record.h reads a body); nothing is checked. For export.
  struct Raw { std::uint64_t seq = 0; Instant at; std::string_view body, sum; };
  Result<> read_raw(std::uint64_t after, const std::function<bool(const Raw&)>&);
  std::uint64_t first_at_or_after(Instant);        // its number; last_seq() + 1 when there is none. Times do not go back.
  // events of these numbers, in order; what does not exist is left out
  Result<> read_these(const std::vector<std::uint64_t>& seqs, const std::function<bool(const Recorded&)>&);
 private:
  struct Impl;
  explicit JournalReader(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

class JournalWriter {
 public:
  // Creates what is missing; refuses (Trouble "locked") when another process holds DIR, naming its pid.
  static Result<std::unique_ptr<JournalWriter>> open(const std::string& dir, const JournalLimits& = {});
  virtual ~JournalWriter() = default;
  virtual const JournalOpened& opened() const = 0;
  // every live row, before start()
  virtual Result<> each_live(const std::function<void(LiveKind, std::string_view key, std::string_view value)>&) = 0;
  // Starts the thread. `committed(ticket, trouble)` is called ON THE JOURNAL THREAD (write an eventfd there); trouble "disk-full" or
  // "disk" means that the batch is NOT durable: it stays at the head and is tried again every 100 ms. Trouble is told once, and
  // again when its code changes; success is told for every ticket, in order.
  virtual void start(std::function<void(std::uint64_t ticket, const Trouble* trouble)> committed) = 0;
  virtual void submit(Batch batch) = 0;         // never blocks
  virtual std::int64_t free_bytes() const = 0;  // on the disk of DIR beyond the reserve, as last seen (≤ 1 s old); 0: the reserve is in use
  virtual void close() = 0;                     // commits what was handed over, ends the thread
};

}  // namespace pasokh::storage
