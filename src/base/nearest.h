// "Did you mean …?": the known name that is nearest to what was typed, or empty when none is near.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pasokh {

std::string nearest(std::string_view typed, const std::vector<std::string>& known);

}  // namespace pasokh
