// Which pairs of (state, stimulus) a state machine meets. A machine says so at its door, before it decides anything. In production
// nobody listens: one load and one branch. In the simulator and the tests a listener counts; and what the machine's own list says
// can never be met is an assertion there: the run stops and names the pair and the reason (simulate/coverage.h). It is none in
// production, where calls matter more: each door also bears what cannot come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pasokh {

struct Machine {
  struct Never { std::uint8_t stimulus; std::uint32_t states; const char* why; };   // states: bits, by in()
  const char* name;
  std::span<const char* const> states, stimuli;
  std::span<const Never> never;

  const char* ruled_out(std::size_t state, std::size_t stimulus) const {            // why; nothing: it can be
    for (const Never& pair : never)
      if (pair.stimulus == stimulus && (pair.states >> state & 1u)) return pair.why;
    return nullptr;
  }
};

template <class... State>
constexpr std::uint32_t in(State... states) { return (0u | ... | (1u << static_cast<unsigned>(states))); }
template <class Stimulus, class... State>
constexpr Machine::Never never(Stimulus stimulus, std::uint32_t states, const char* why) { return {static_cast<std::uint8_t>(stimulus), states, why}; }

// Listens: asserts what the machine rules out. Others count besides.
class MetListener {
 public:
  virtual ~MetListener() = default;
  virtual void met(const Machine&, std::size_t state, std::size_t stimulus);
};
inline constinit thread_local MetListener* met_listener = nullptr;

template <class State, class Stimulus>
void met(const Machine& machine, State state, Stimulus stimulus) {
  if (met_listener) [[unlikely]] met_listener->met(machine, static_cast<std::size_t>(state), static_cast<std::size_t>(stimulus));
}

}  // namespace pasokh
