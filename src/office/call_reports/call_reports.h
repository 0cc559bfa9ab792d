// What an agent writes about a call (B5) and what must still be done (B6): how it ended, from a list; a note; a next step with a
// date. Here stands what makes a report complete; whether an agent waits for it is the floor's rule. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace pasokh::office::call_reports {

struct Disposition {                 // how a call ended, in the words of the trade
  std::string code;
  std::string name_fa, name_en;
  std::string queue;                 // only for calls of this queue; empty: for all
  bool follow_up = false;            // asks for a date
  bool active = true;                // may be chosen; old reports keep theirs
  bool operator==(const Disposition&) const = default;
};

struct CallReport {                  // of one agent's part in one call: after a transfer each writes their own
  CallId call;
  std::string agent;                 // code
  std::string queue;                 // code, of the call
  std::string number;                // key of the customer's number (contacts::number_key), or empty
  std::string disposition;           // empty: a draft
  std::string note, next_step;
  std::int64_t contact = 0;
  std::optional<Instant> follow_up_at, done_at;
  std::string done_by;
  Instant written_at;
};

inline constexpr std::size_t note_bytes_max = 20'000, next_step_bytes_max = 1'000;
inline constexpr Duration follow_up_latest = Duration::hours(24 * 366 * 2);

// "disposition-bad": its code, its names.
Result<> check(const Disposition&);

// What cannot be kept: "report-long"; "disposition-wrong" (none of that code, retired since, or of another queue);
// "follow-up-time" (past, or more than two years ahead). `chosen`: the disposition of that code, if there is one. `kept`: what was
// kept of it before: a retired disposition may stay, and a date that has passed since it was set.
Result<> check(const CallReport&, const std::optional<Disposition>& chosen, const std::optional<CallReport>& kept, Instant now);

// Complete: how it ended is said, and when that asks for a follow-up, the date is there.
bool is_complete(const CallReport&, const std::optional<Disposition>& chosen);

// Offered with a new data folder; each may be changed or retired.
const std::vector<Disposition>& common_dispositions();

}  // namespace pasokh::office::call_reports
