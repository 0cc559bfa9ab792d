#include "floor/desk.h"

namespace pasokh::floor {

void Desk::put(Event event) {
  state.evolve(event, now);
  effects_of(state, event, turn.effects);
  turn.events.push_back(std::move(event));
}

}  // namespace pasokh::floor
