// The life of the demo centre: customers who call over SIP and RTP and speak, specialists who answer at the demo's devices.
// A specialist gives up the seat as soon as another phone registers for it, and comes back when that phone is gone.
// One thread; arrivals, patience and talk times come from the seed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/caller/dialogues.h"
#include "app/caller/user_agent.h"

namespace pasokh::app::caller {

struct DemoFile {                    // DIR/demo.json
  sip::Address server;
  std::vector<std::string> numbers;
  struct Device { std::string user, password, agent; };
  std::vector<Device> devices;
};
Result<DemoFile> read_demo_file(const std::string& path);

struct LifeSettings {
  std::size_t customers = 14;        // at the same time, at most
  double calls_per_minute = 15;
  std::uint64_t seed = 1;
  Duration look_every = Duration::seconds(5);   // REGISTER, and whether a seat is free again
};

struct LifeCounts { std::int64_t called = 0, talked = 0, left_waiting = 0, not_taken = 0, live = 0, seats_taken = 0; };

class DemoLife {
 public:
  // `sign_in(agent, device)`: once per seat, when its device is registered. `say`: one line for the person who watches.
  using SignIn = std::function<void(const std::string& agent, const std::string& device)>;
  DemoLife(Loop&, DemoFile, std::vector<Dialogue>, LifeSettings, SignIn sign_in, std::function<void(const std::string&)> say);
  ~DemoLife();
  Result<> begin();
  void end();                        // hangs up and unregisters; give the loop a second afterwards
  LifeCounts counts() const;

 private:
  struct Specialist;
  struct Customer;
  class Random {                     // SplitMix64: the same sequence on every machine
   public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    double unit();                   // 0 < u < 1
    std::int64_t between(std::int64_t low, std::int64_t high) { return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1)); }
    Duration exponential(double mean_s);
   private:
    std::uint64_t state_;
  };

  void next_arrival();
  void customer_calls();
  void over(const std::shared_ptr<Customer>&);
  void take_seat(Specialist&);
  void watch_seat(Specialist&, const Registered&);
  void wait_for_seat(Specialist&);
  void answer(Specialist&, const std::shared_ptr<Call>&);
  void talk(Specialist&, const std::shared_ptr<Call>&);
  Duration talk_time();

  Loop& loop_;
  const DemoFile file_;
  const std::vector<Dialogue> dialogues_;
  const LifeSettings settings_;
  const SignIn sign_in_;
  const std::function<void(const std::string&)> say_;
  Random random_;
  std::unique_ptr<UserAgent> outside_;                  // all customers call from here
  std::vector<std::unique_ptr<Specialist>> specialists_;
  std::map<std::string, std::shared_ptr<Customer>> customers_;   // by calling number
  LifeCounts counts_;
  bool ending_ = false;
};

}  // namespace pasokh::app::caller
