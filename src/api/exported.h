// What every report that is a list can do besides: `format=csv|xlsx|pdf` makes a file of the answer; `compare=previous` answers it twice,
// for the period asked and for the one of the same length before it.
#pragma once

#include <string_view>

#include "api/route.h"

namespace pasokh::api {

// A list's JSON as csv, xlsx or pdf; the language, and the period under the title, are those of the call's query.
Result<Response> as_file(Call& call, const std::string& json, const std::string& format, std::string_view operation, std::string_view title_fa, std::string_view title_en);

Route exported(Route route, std::string_view title_fa, std::string_view title_en);

}  // namespace pasokh::api
