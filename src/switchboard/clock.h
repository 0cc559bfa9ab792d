// The one clock of the control process. Instants are wall-clock microseconds that never step back: the wall clock is read
// once per boot of the machine, CLOCK_BOOTTIME counts from there, also over restarts of the program. A stepped wall clock
// therefore changes no duration and fires no timer early; the drift is told by `wall_drift`.
#pragma once

#include <string>

#include "base/time.h"

namespace pasokh::switchboard {

class Clock {
 public:
  // anchor: what anchor() gave in the last run, "" at first. not_before: the last instant that was journalled.
  Clock(const std::string& anchor, Instant not_before);
  Instant now() const;
  std::string anchor() const;       // to be kept: boot id and offset
  Duration wall_drift() const;      // wall clock minus now()

 private:
  std::string boot_id_;
  std::int64_t offset_us_ = 0;
};

}  // namespace pasokh::switchboard
