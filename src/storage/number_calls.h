// Which calls a customer's number had. The journal and its read models know people by party id alone, so that they can be
// forgotten; this index joins both ends for the desk ("who calls, and what was before"). Made from the journal and its live rows
// as far as it has come; may be emptied at any time and is made again. Stands in centre.db, beside the contacts it serves.
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "storage/journal.h"
#include "storage/office_database.h"

namespace pasokh::storage {

class NumberCalls {
 public:
  explicit NumberCalls(OfficeDatabase& office) : office_(office) {}
  // Reads what is new in the journal; at most `limit` events, so that the first time after years does not hold up a request.
  Result<> catch_up(JournalReader& journal, std::uint64_t limit = 2'000'000);
  Result<std::vector<CallId>> calls_of(const std::vector<std::string>& number_keys, std::int64_t limit);  // newest first
  Result<> forget(const std::vector<std::string>& number_keys);

 private:
  OfficeDatabase& office_;
};

}  // namespace pasokh::storage
