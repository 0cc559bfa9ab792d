// The floor's state machines by name: their states, what they can meet, and what they never meet, with the reason. Each stimulus is
// told at the door, before anything is decided (base/met.h); `simulation_pairs` shows that every pair is met or ruled out.
#pragma once

#include "base/met.h"
#include "floor/state.h"
#include "floor/stimuli.h"

namespace pasokh::floor::machines {

extern const Machine agent, seat, call, offer, queue;
std::span<const Machine* const> all();
void tell(const State&, const Stimulus&, Instant now);

}  // namespace pasokh::floor::machines
