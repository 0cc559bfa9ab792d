// A seed as people hand it on: "17@9f3c2a51". The same number is another story once the simulator's people or rules have changed, so
// behind the @ stands a print of what this program's simulator does with a small reference centre.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace pasokh::simulate {

const std::string& world_print();                     // 8 hex digits; a reference run the first time
std::string seed_text(std::uint64_t seed);            // "17@9f3c2a51"
Result<std::uint64_t> parse_seed(const std::string&); // "17" is of this program; Trouble "seed-unknown", "seed-version"
// The same for the world with telephones, whose print is of everything that left its small reference centre.
const std::string& sip_world_print();
std::string sip_seed_text(std::uint64_t seed);
Result<std::uint64_t> parse_sip_seed(const std::string&);

}  // namespace pasokh::simulate
