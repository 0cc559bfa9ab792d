// How a trunk's numbers are written, and ours. A number inside the house is national with its leading zero: 02112345678.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sip/endpoint.h"

namespace pasokh::sip {

std::string rewritten(std::string_view number, const std::vector<RewriteRule>& rules);   // the first whose prefix fits
// +98…, 0098…, 98… and numbers without area code become 0…; anything else stays as it came
std::string national(std::string_view number, std::string_view area_code);

}  // namespace pasokh::sip
