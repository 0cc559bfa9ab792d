// A piece of the journal in one file, to be looked at or replayed elsewhere. Redacted, it holds events and the floor's
// snapshot before them, which know people only by number of a row that is not in the file; in full it also holds those rows
// (calling numbers and names). Secrets, keys and SIP state are never written. The checksum chain goes along, so a file that
// was changed on the way does not replay.
//
//   jsonl  a line each, made for reading: {"journal":1,"first":…,"last":…,"before":"<sum>"}, {"snapshot":…,"body":"<hex>"},
//          {"seq":…,"at":"…","kind":"…","event":{…},"body":"<hex>","sum":"<hex>"}, {"party":"7","text":"…"}
//   file   the same in the binary form of base/codec.h after the eight bytes PASOKHJ1, about a fifth of the size
#pragma once

#include <functional>
#include <string>

#include "storage/journal.h"

namespace pasokh::storage {

enum class JournalFormat { jsonl, file };

struct ExportRange { std::uint64_t first = 1, last = 0; };   // numbers, both included

// `out` is called with pieces of the file, in order; it may return false (disk full).
Result<std::uint64_t> export_journal(JournalReader& journal, ExportRange range, bool redacted, JournalFormat format,
                                     const std::function<bool(std::string_view)>& out);

// What to replay, from either form.
struct ReplaySource {
  std::uint64_t snapshot_seq = 0;
  std::string snapshot;
  std::vector<Recorded> events;
};
Result<ReplaySource> read_journal_file(const std::string& path);   // Trouble "damaged" names the event

}  // namespace pasokh::storage
