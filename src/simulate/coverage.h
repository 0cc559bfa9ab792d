// Which pairs of (state, stimulus) the simulated centres have met: the floor's agents and calls, and the legs of SIP as their rows tell
// them. Pairs that cannot be stand in one list with the reason (coverage.cpp, `impossible`); meeting one of them is a finding.
// Not covered here: the four transactions of src/sip (tests/unit/sip/transaction_test.cpp names each of their arcs).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "floor/floor.h"
#include "simulate/control.h"

namespace pasokh::simulate {

class Coverage {
 public:
  void floor(const floor::Stimulus&, const floor::Floor& before);
  void message(const Control&, std::string_view bytes);      // at our door, before it is handled

  struct Sum { std::size_t pairs = 0, met = 0, ruled_out = 0; };
  Sum sum() const;
  std::vector<std::string> missing() const, wrong() const;   // neither met nor ruled out; ruled out and met
  std::string table() const;
  void add(const Coverage&);

 private:
  struct Table { std::vector<std::string> states, stimuli; std::map<std::pair<std::size_t, std::size_t>, std::uint64_t> met; };
  static Table agents(), calls(), legs();
  std::array<Table, 3> tables_{agents(), calls(), legs()};
  static constexpr std::array<const char*, 3> names{"agent", "call", "leg"};
  void meet(std::size_t table, std::size_t state, std::size_t stimulus) { ++tables_[table].met[{state, stimulus}]; }
};

}  // namespace pasokh::simulate
