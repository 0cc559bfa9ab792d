// Reports of calls and dispositions in centre.db. What makes a report complete: office/call_reports.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "office/call_reports/call_reports.h"
#include "storage/database.h"

namespace pasokh::storage {

class CallReports {
 public:
  explicit CallReports(Database& database) : database_(database) {}

  using Report = office::call_reports::CallReport;
  using Disposition = office::call_reports::Disposition;

  Result<std::vector<Disposition>> dispositions();
  Result<std::optional<Disposition>> disposition(std::string_view code);
  Result<> put(const Disposition&);
  // Removed when no report names it, else retired. "disposition-unknown"
  Result<> remove_disposition(std::string_view code);

  Result<std::optional<Report>> find(CallId, std::string_view agent);  // agent empty: the last written of the call
  Result<> save(const Report&);
  struct Asked {
    std::string agent, disposition, text, number_key;
    std::int64_t contact = 0;
    std::optional<Instant> from, to;                                  // when written; `to` exclusive
    Instant before = Instant::never();                                // page: written before
    std::int64_t limit = 100;
  };
  Result<std::vector<Report>> list(const Asked&);                      // newest first
  // Calls among whose reports the disposition or the text of a note is; for searching the archive. At most 20,000, newest first.
  Result<std::vector<CallId>> calls_with(std::string_view disposition, std::string_view text);

  Result<std::vector<Report>> follow_ups(std::string_view agent, Instant until, std::int64_t limit);  // open ones, soonest first
  Result<> follow_up_done(CallId, std::string_view agent, std::string_view by, Instant now);           // "follow-up-unknown"

  // The person is forgotten, what was counted stays: disposition, agent, times. Contact's reports lose note, next step and number.
  Result<std::int64_t> forget(std::int64_t contact);
  Result<> detach(std::int64_t contact);                               // the contact is gone, the reports stay as they are

 private:
  Database& database_;
};

}  // namespace pasokh::storage
