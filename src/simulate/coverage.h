// Which pairs of (state, stimulus) a run has met, over every state machine of the floor and of SIP (floor/machines.h,
// sip/machines.h). A pair that its machine rules out is asserted where it would come (base/met.h): the run stops.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/met.h"

namespace pasokh::simulate {

class Coverage final : public MetListener {
 public:
  Coverage();
  ~Coverage() override { stop_listening(); }
  Coverage(const Coverage&) = delete;
  void listen() { met_listener = this; }     // on this thread, until somebody else does
  void stop_listening() { if (met_listener == this) met_listener = nullptr; }
  void met(const Machine&, std::size_t state, std::size_t stimulus) override;

  struct Sum { std::size_t pairs = 0, met = 0, ruled_out = 0; std::size_t left() const { return pairs - met - ruled_out; } };
  Sum sum() const;
  std::vector<std::string> missing() const;  // neither met nor ruled out
  std::string table() const;                 // how often; "-" ruled out, "?" neither

 private:
  struct Count { const Machine* machine; std::vector<std::uint64_t> met; };  // [stimulus × states + state]
  std::vector<Count> counts_;
};

}  // namespace pasokh::simulate
