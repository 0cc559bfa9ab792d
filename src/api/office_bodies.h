// What several routes of the office's records read from a request: ids, times in the centre's own clock, limits.
#pragma once

#include <optional>
#include <string>

#include "api/route.h"
#include "api/services.h"

namespace pasokh::api {

std::int64_t id_of(const std::string& text);                          // 0: no id
Result<CallId> call_of_path(const Call& call, std::string_view fault = "call-unknown");
Result<std::int64_t> limit_of(const Call& call, std::int64_t usual, std::int64_t most);
// RFC 3339, or a date of either calendar in the centre's time zone; nothing when `text` is empty. "bad-body" | "bad-query" with the name.
Result<std::optional<Instant>> time_of(Services& services, const std::string& text, const std::string& name, std::string_view fault = "bad-query");
bool sees_everybodys(const Caller& caller);                           // reports of calls: the own ones, or all

}  // namespace pasokh::api
