// Names of header fields and methods (RFC 3261 §20, §7.3.3 compact forms).
#pragma once

#include <string_view>

#include "sip/message.h"

namespace pasokh::sip {

Field field_of(std::string_view name);    // any case, compact forms too
Method method_of(std::string_view name);  // case matters (§7.1)

}  // namespace pasokh::sip
