// Retention (queue setting retention_days): finished recordings that are older are erased, never those on hold. What goes is the file,
// then the key, with an event in the journal; the call, its figures, its reports and comments stay. A stop between file and event is
// made good by the next pass.
#pragma once

#include <functional>
#include <string>

#include "base/describe.h"
#include "base/result.h"
#include "base/time.h"
#include "storage/office_database.h"
#include "switchboard/commands.h"

namespace pasokh::app {

struct RetentionDone {
  std::int64_t erased = 0, held = 0;
  PASOKH_FIELDS(erased, held)
};

using Asking = std::function<switchboard::Reply(switchboard::Commands)>;
// `dry`: nothing is erased, only counted. One row of the audit log tells of the pass.
Result<RetentionDone> apply_retention(const std::string& dir, const std::string& recordings, storage::OfficeDatabase&, Instant now, bool dry, const Asking&);

}  // namespace pasokh::app
