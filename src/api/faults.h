// What can go wrong, as clients see it: a stable code, a status, and a sentence in both languages. Nothing of our insides.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"

namespace pasokh::api {

struct Fault {
  std::string_view code;
  int status;
  std::string_view says, says_fa;
};

const std::vector<Fault>& faults();
const Fault* fault(std::string_view code);                 // nullptr: not ours (one of the centre's)

// {"code","message","message_fa"}. `detail` is added to the English message: what a programmer must know ("/ring: expected …").
Response refusal(std::string_view code, std::string_view detail = {});
// For a refusal by the centre or the storage: its own text where the code is not in the table, status by the code's ending.
Response refusal(const Trouble& trouble);
int status_of(std::string_view code);

}  // namespace pasokh::api
