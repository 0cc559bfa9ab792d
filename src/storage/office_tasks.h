// When a task of the office was last done, so that a nightly pass is neither left out nor done twice by a restart.
#pragma once

#include <string_view>

#include "base/time.h"
#include "storage/database.h"

namespace pasokh::storage {

Result<Instant> task_done_at(Database&, std::string_view task);   // 1970: never
Result<> task_done(Database&, std::string_view task, Instant now);

}  // namespace pasokh::storage
