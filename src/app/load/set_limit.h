// The admission limit, written where the server reads it: DIR/pasokh.toml, [limits] new_calls_per_second. Nothing else in the file moves.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace pasokh::app::load {

std::string with_limit(const std::string& configuration, std::int64_t new_calls_per_second);
Result<> set_limit(const std::string& dir, std::int64_t new_calls_per_second);

}  // namespace pasokh::app::load
