// The OpenAPI 3.1 document, from the rows alone. Kept in docs/api/openapi.json, so that a change of the API is a diff someone reads.
#pragma once

#include <string>
#include <vector>

#include "api/route.h"

namespace pasokh::api {

std::string openapi(const std::vector<Route>& routes);

}  // namespace pasokh::api
