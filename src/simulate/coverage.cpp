#include "simulate/coverage.h"

#include "floor/machines.h"
#include "sip/machines.h"

namespace pasokh::simulate {
namespace {

constexpr std::size_t first_column = 24, column = 15;

void put_right(std::string& line, const std::string& cell, std::size_t width) { line += std::string(cell.size() < width ? width - cell.size() : 1, ' ') + cell; }

}  // namespace

Coverage::Coverage() {
  for (const auto machines : {floor::machines::all(), sip::machines::all()})
    for (const Machine* machine : machines) counts_.push_back({machine, std::vector<std::uint64_t>(machine->states.size() * machine->stimuli.size())});
}

void Coverage::met(const Machine& machine, std::size_t state, std::size_t stimulus) {
  MetListener::met(machine, state, stimulus);
  for (Count& count : counts_)
    if (count.machine == &machine) { ++count.met[stimulus * machine.states.size() + state]; return; }
}

Coverage::Sum Coverage::sum() const {
  Sum sum;
  for (const Count& count : counts_)
    for (std::size_t at = 0; at < count.met.size(); ++at) {
      ++sum.pairs;
      if (count.met[at]) ++sum.met;
      else if (count.machine->ruled_out(at % count.machine->states.size(), at / count.machine->states.size())) ++sum.ruled_out;
    }
  return sum;
}

std::vector<std::string> Coverage::missing() const {
  std::vector<std::string> out;
  for (const auto& [machine, met] : counts_)
    for (std::size_t at = 0; at < met.size(); ++at) {
      const std::size_t state = at % machine->states.size(), stimulus = at / machine->states.size();
      if (!met[at] && !machine->ruled_out(state, stimulus)) out.push_back(std::string(machine->name) + ": " + machine->states[state] + " / " + machine->stimuli[stimulus]);
    }
  return out;
}

std::string Coverage::table() const {
  std::string out;
  for (const auto& [machine, met] : counts_) {
    std::string heads(first_column, ' ');
    for (const char* state : machine->states) put_right(heads, state, column);
    out += std::string("\n") + machine->name + "\n" + heads + "\n";
    for (std::size_t stimulus = 0; stimulus < machine->stimuli.size(); ++stimulus) {
      std::string line = std::string("  ") + machine->stimuli[stimulus];
      line.resize(first_column, ' ');
      for (std::size_t state = 0; state < machine->states.size(); ++state) {
        const std::uint64_t times = met[stimulus * machine->states.size() + state];
        put_right(line, times ? std::to_string(times) : machine->ruled_out(state, stimulus) ? "-" : "?", column);
      }
      out += line + "\n";
    }
  }
  return out;
}

}  // namespace pasokh::simulate
