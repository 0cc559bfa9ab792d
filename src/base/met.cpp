#include "base/met.h"

#include <string>

#include "base/assert.h"

namespace pasokh {

void MetListener::met(const Machine& machine, std::size_t state, std::size_t stimulus) {
  const char* why = machine.ruled_out(state, stimulus);
  if (!why) return;
  const std::string what = std::string(machine.name) + ", " + machine.states[state] + ", meets \"" + machine.stimuli[stimulus] + "\", which was ruled out: " + why;
  assertion_failed(what.c_str(), __FILE__, __LINE__);
}

}  // namespace pasokh
