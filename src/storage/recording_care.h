// What is kept beside a recording in centre.db: a hold that keeps it from being erased whatever its queue's retention, and comments at
// moments of it. Both outlive the recording: who held it and what was said of it is asked for afterwards too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/describe.h"
#include "base/ids.h"
#include "base/time.h"
#include "storage/database.h"

namespace pasokh::storage {

struct Hold {
  static constexpr auto schema_name = "RecordingHold";
  CallId call;
  std::string reason, by;
  Instant at;
  PASOKH_FIELDS(call, reason, by, at)
};
struct RecordingComment {
  static constexpr auto schema_name = "RecordingComment";
  std::int64_t at_ms = 0;            // from the beginning of the recording
  std::string text, by;
  Instant at;
  PASOKH_FIELDS(at_ms, text, by, at)
};

class RecordingCare {
 public:
  explicit RecordingCare(Database& database) : database_(database) {}
  Result<> hold(const Hold&);                          // held already: the new reason stands
  Result<> release(CallId);                            // "hold-unknown"
  Result<std::optional<Hold>> held(CallId);
  Result<> comment(CallId, const RecordingComment&);   // "comments-full"
  Result<std::vector<RecordingComment>> comments(CallId);  // by their moment

  static constexpr std::int64_t comments_max = 500;    // of one recording

 private:
  Database& database_;
};

}  // namespace pasokh::storage
