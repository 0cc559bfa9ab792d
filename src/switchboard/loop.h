// The control process's loop: sockets, journal, workers and timers around the Switchboard. One thread runs it; others reach
// it by post() and ask() only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "sip/address.h"
#include "switchboard/browser_phone.h"
#include "switchboard/commands.h"
#include "switchboard/switchboard.h"

namespace pasokh::switchboard {

struct LoopOptions {
  std::string dir;
  std::string program;                        // path of pasokh itself, for `pasokh media`
  std::vector<sip::Address> sip_listen;       // each over UDP and TCP; port 0 is refused
  std::uint16_t rtp_low = 16384, rtp_high = 32767;
  std::size_t media_workers = 2;
  std::string captures;                       // folder, absolute
  std::string advertise;
  std::vector<std::string> local_networks;    // CIDR; empty: those of the interfaces, and the private ranges
  std::int64_t reserve_bytes = 64 << 20;
  std::size_t max_transactions = 20'000;
  double requests_per_second_per_source = 100;
  std::uint16_t browser_port = 10'000;        // UDP, of the first media worker; the next one has the next port, and so on; 0: no browser phones
  std::vector<std::string> browser_addresses; // told to browsers besides our own ones: what they reach from outside, through NAT
  double new_calls_per_second = 0;            // admission limit; 0: none
  // from the app: recordings, prompts, log. resolve and live_row are the loop's own.
  Hooks hooks;
  std::function<void()> ready;                // everything answers from now on
  std::function<void()> committed;            // events have become durable; on the loop's thread, must be cheap
  std::function<bool()> recordings_idle;      // nothing is being finished; asked at a clean stop
};

class Loop : public Centre, public BrowserPhones {
 public:
  // Opens the journal, brings the floor back, binds the sockets. Trouble: "locked", "port-taken", "journal", …
  static Result<std::unique_ptr<Loop>> open(LoopOptions options);
  // Until SIGINT or SIGTERM: then calls are ended, recordings closed, the journal shut. Returns the exit status.
  virtual int run() = 0;
  virtual void post(std::function<void(Switchboard&, Instant now)> task) = 0;  // from any thread
  virtual Instant now() const = 0;                                             // from any thread
};

}  // namespace pasokh::switchboard
