// The journal: DIR/journal.db (SQLite, WAL, synchronous=FULL). One writer process (held by DIR/lock); any number of readers.
//
//   event(seq, at, kind, body, sum)   append-only; body: base/codec.h bytes of floor::Event; sum: SHA-256(previous sum, seq, at, body),
//                                     first 16 bytes. Never holds numbers or names of people.
//   snapshot(seq, body)               floor state after event seq; a start loads the newest that fits and replays the rest
//   live(kind, key, value)            rows outside the chain: SIP dialogs and bindings, parties, secrets; erasable
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
enum class LiveKind : std::uint8_t { sip_leg = 1, sip_binding = 2, sip_trunk = 3, sip_other = 4, party = 10, device_secret = 11, trunk_secret = 12, person_name = 13, recording_key = 14, setting = 15, media_leg = 16 };

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
  // newest snapshot with seq <= at_most
  Result<std::optional<std::pair<std::uint64_t, std::string>>> snapshot(std::uint64_t at_most);
  std::optional<std::string> live(LiveKind, std::string_view key);
  Result<> each_live(LiveKind, const std::function<void(std::string_view key, std::string_view value)>&);
  struct Verified { std::uint64_t events = 0; std::string damaged; };  // damaged: "events 1042-1042: checksum"
  Result<Verified> verify();
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
  // "disk" means that the batch is NOT durable: it stays at the head and is tried again every 100 ms.
  virtual void start(std::function<void(std::uint64_t ticket, const Trouble* trouble)> committed) = 0;
  virtual void submit(Batch batch) = 0;         // never blocks
  virtual std::int64_t free_bytes() const = 0;  // on the disk of DIR, as last seen (≤ 1 s old)
  virtual void close() = 0;                     // commits what was handed over, ends the thread
};

}  // namespace pasokh::storage
