// The filters that reports and the archive share, read from the query.
#pragma once

#include <vector>

#include "api/route.h"
#include "storage/report_queries.h"

namespace pasokh::api {

const std::vector<Parameter>& filter_parameters();
// Dates without an offset are in the centre's time zone. At most 1,000 rows a page.
Result<storage::ReportFilter> filter_from(const Call& call, storage::Reports& reports);
floor::Language language_of(const Call& call);

}  // namespace pasokh::api
