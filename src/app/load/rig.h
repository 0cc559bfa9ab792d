// The test rig of `pasokh load`: customers and agents as user agents over SIP and RTP, against a running server, in one thread. It
// makes a queue, a number, a trunk and agents of its own, named "load…", and removes them again.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/caller/user_agent.h"
#include "base/describe.h"
#include "base/result.h"

namespace pasokh::app::load {

struct StepWish {
  double rate = 0;                      // calls a second, evenly
  Duration length, talk;                // calls begin for so long; each talks so long after an agent has it
  bool audio = false;
};
struct Step {
  std::int64_t rate_milli = 0;          // calls a second × 1,000
  std::int64_t offered = 0, connected = 0, missed = 0, refused = 0;   // missed: no agent within 5 s; refused: by a status of 300 or more
  std::int64_t last_status = 0;         // of the refused
  std::int64_t repeats = 0;             // messages sent again, by either side
  std::int64_t setup_ms_p50 = 0, setup_ms_p99 = 0;                    // INVITE of the customer to ACK of the agent
  std::int64_t live_most = 0;           // calls talking at once
  std::int64_t packets = 0, packets_lost = 0, gap_ms_p99 = 0;         // audio: heard by customers; the largest gap of a call
  std::int64_t server_cpu_us = 0;       // of control and media workers, the step through
  std::int64_t took_ms = 0;
  std::int64_t generator_busy_permille = 0, generator_late_ms = 0;    // of one core; the latest that a call began
  std::int64_t others_busy_permille = 0;  // cores × 1,000 that neither server nor generator used
  PASOKH_FIELDS(rate_milli, offered, connected, missed, refused, last_status, repeats, setup_ms_p50, setup_ms_p99, live_most, packets, packets_lost, gap_ms_p99, server_cpu_us, took_ms,
                generator_busy_permille, generator_late_ms, others_busy_permille)
};

class Rig {
 public:
  Rig(std::string dir, std::size_t agents) : dir_(std::move(dir)), wanted_(agents) {}
  ~Rig();                               // takes everything away again
  Result<> build();                     // Trouble: no server, a name is taken, phones that do not register
  Step run(const StepWish&);

 private:
  struct Phone { std::string code; std::unique_ptr<caller::UserAgent> agent; int status = 0; };        // of the last REGISTER
  struct Customer { std::shared_ptr<caller::Call> call; Instant began; std::optional<Instant> connected; bool over = false; };
  struct Running;

  Result<> make_house(const std::string& ip);
  Result<> register_phones(const sip::Address& server);
  Result<> sign_in();
  void wait(Duration);
  void one_call(Running&);
  void answered_by_agent(const std::shared_ptr<caller::Call>&);
  std::int64_t server_cpu_us() const;
  std::uint64_t repeats() const;

  const std::string dir_;
  const std::size_t wanted_;
  std::string secret_;
  caller::Loop loop_;
  std::unique_ptr<caller::UserAgent> outside_;
  std::vector<Phone> phones_;
  std::vector<int> server_pids_;
  bool house_stands_ = false;
  std::uint64_t next_caller_ = 0;
  Running* running_ = nullptr;
};

}  // namespace pasokh::app::load
