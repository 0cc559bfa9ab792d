// The reports held to the books of those who lived the day: the journal is written to a folder, read by storage's read models,
// and every figure compared, to the millisecond.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "simulate/auditor.h"
#include "storage/report_queries.h"

namespace pasokh::simulate {

struct ReportTampering {                               // for the test of the auditor
  std::function<void(Recorded&)> journal;
  std::function<void(std::vector<storage::QueueRow>&)> queues;
  std::function<void(storage::AgentsAnswer&)> agents;
};

Result<> write_journal(const std::string& dir, const std::vector<Recorded>&);
Result<std::vector<Finding>> check_reports(const Plan&, const Books&, std::vector<Recorded> journal, Instant now, const std::string& dir, const ReportTampering& = {});

}  // namespace pasokh::simulate
