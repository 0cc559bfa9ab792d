// A small centre whose events are written by hand, as the floor would: two queues, three agents, what they do, and when.
#pragma once

#include "storage/journal.h"
#include "writing.h"

class Day {
 public:
  explicit Day(const std::string& dir) : writing(dir) {}

  static constexpr pasokh::Instant start{1'795'500'000'000'000};  // 2026-11-24T06:00:00Z = 09:30 in Tehran, 3 Azar 1405
  static pasokh::Instant at(std::int64_t ms) { return start + pasokh::Duration::milliseconds(ms); }

  // Everything until flush() goes to the journal in one batch.
  void say(std::int64_t ms, pasokh::floor::Event event) { batch_.events.push_back({0, at(ms), std::move(event)}); }
  void row(pasokh::storage::LiveKind kind, std::string key, std::string value) { batch_.rows.push_back({kind, std::move(key), std::move(value)}); }
  void flush() {
    if (batch_.events.empty() && batch_.rows.empty()) return;
    REQUIRE(writing.wait(writing.submit(std::move(batch_))));
    batch_ = {};
  }

  void settings() {
    namespace f = pasokh::floor;
    f::QueueSettings queue;
    queue.wrap_up = pasokh::Duration::seconds(10);
    say(0, f::CentreSet{});
    say(0, f::QueueSet{support, "support", queue});
    say(0, f::QueueSet{sales, "sales", queue});
    say(0, f::NumberSet{pasokh::NumberId{1}, "8000", {"support"}});
    say(0, f::TrunkSet{pasokh::TrunkId{1}, "carrier", {}});
    for (std::uint64_t i = 1; i <= 3; ++i) {
      say(0, f::DeviceSet{pasokh::DeviceId{i}, "20" + std::to_string(i), {}});
      f::AgentSettings agent;
      agent.queues = {{support, 0}, {sales, 0}};
      say(0, f::AgentSet{pasokh::AgentId{i}, "a0" + std::to_string(i), agent});
    }
    flush();
  }
  void sign_in(std::int64_t ms, std::uint64_t agent) {
    namespace f = pasokh::floor;
    say(ms, f::AgentSignedIn{{agent}, {agent}, "cli"});
    say(ms, f::AgentReady{{agent}, "cli"});
  }
  void arrives(std::int64_t ms, std::uint64_t call, pasokh::QueueId queue, std::string from = "") {
    namespace f = pasokh::floor;
    if (!from.empty()) row(pasokh::storage::LiveKind::party, std::to_string(call), std::move(from));
    say(ms, f::CallArrived{{call}, leg(call, 0), f::Direction::inbound, {1}, "8000", {call}, {1}});
    say(ms, f::CallAnswered{{call}, leg(call, 0)});
    say(ms, f::CallQueued{{call}, queue, 0, at(ms), 1});
  }
  void offered(std::int64_t ms, std::uint64_t call, pasokh::QueueId queue, std::uint64_t agent, std::int32_t free = 1) {
    namespace f = pasokh::floor;
    f::OfferReason reason;
    reason.free = free;
    reason.on_duty = 3;
    reason.excluded["paused"] = 1;
    say(ms, f::CallOffered{{call}, queue, {agent}, {agent}, leg(call, agent), at(ms + 20'000), reason});
    say(ms + 1, f::OfferRinging{{call}, {agent}, leg(call, agent)});
  }
  void answered(std::int64_t ms, std::uint64_t call, pasokh::QueueId queue, std::uint64_t agent) {
    namespace f = pasokh::floor;
    say(ms, f::OfferAnswered{{call}, {agent}, leg(call, agent)});
    say(ms, f::CallLeftQueue{{call}, queue, f::LeftQueue::answered});
    say(ms, f::RecordingStarted{{call}, {call}, leg(call, 0), leg(call, agent), {}});
  }
  void left(std::int64_t ms, std::uint64_t call, std::uint64_t agent, std::int64_t wrap_ms) {
    namespace f = pasokh::floor;
    say(ms, f::AgentLeftCall{{call}, {agent}});
    if (wrap_ms > 0) say(ms, f::WrapUpStarted{{agent}, {call}, at(ms + wrap_ms)});
  }
  void wrapped(std::int64_t ms, std::uint64_t call, std::uint64_t agent) { say(ms, pasokh::floor::WrapUpEnded{{agent}, {call}}); }
  void ended(std::int64_t ms, std::uint64_t call, pasokh::floor::Outcome outcome) {
    namespace f = pasokh::floor;
    if (outcome == f::Outcome::answered) say(ms, f::RecordingStopped{{call}, {call}});
    say(ms, f::CallEnded{{call}, outcome, f::EndCause::hung_up});
  }
  static pasokh::LegId leg(std::uint64_t call, std::uint64_t agent) { return {call * 100 + agent}; }

  static constexpr pasokh::QueueId support{1}, sales{2};
  Writing writing;

 private:
  pasokh::storage::Batch batch_;
};

// The day that the tests count by hand. Times in ms from 09:30.
//  call 1: arrives 60.0 s, offered to a01 at 60.1, answered 64.0, hold 100-130, ends 184.0, wrap-up until 194.0
//  call 2: arrives 62.0, offered a02 62.1, lapses 82.1 (a02 paused), offered a03 82.2, answered 90.0, ends 150.0, wrap-up until 160.0
//  call 3: arrives 100.0, abandons at 103.0 (a short abandon: 5 s)
//  call 4: arrives 101.0, abandons at 131.0
//  call 5: arrives 200.0, a01 answers 205.0, transfers blind to queue sales at 300.0, a03 answers 320.0, ends 400.0
//  call 6: arrives 500.0 and still waits
inline void tell_the_day(Day& day) {
  namespace f = pasokh::floor;
  using namespace pasokh;
  day.settings();
  day.sign_in(0, 1);
  day.sign_in(0, 2);
  day.sign_in(10'000, 3);
  day.flush();
  day.arrives(60'000, 1, Day::support, "02188001111\nSara");
  day.offered(60'100, 1, Day::support, 1, 3);
  day.arrives(62'000, 2, Day::support, "09121112222");
  day.offered(62'100, 2, Day::support, 2, 2);
  day.answered(64'000, 1, Day::support, 1);
  day.flush();
  day.say(82'100, f::OfferLapsed{{2}, {2}, Day::leg(2, 2), f::LapseReason::no_answer});
  day.say(82'100, f::AgentPaused{{2}, "no_answer", "rule"});
  day.offered(82'200, 2, Day::support, 3, 1);
  day.answered(90'000, 2, Day::support, 3);
  day.flush();
  day.say(100'000, f::CallHeld{{1}, {1}});
  day.arrives(100'000, 3, Day::support, "=cmd|x");
  day.arrives(101'000, 4, Day::support);
  day.say(103'000, f::CallLeftQueue{{3}, Day::support, f::LeftQueue::abandoned});
  day.ended(103'000, 3, f::Outcome::abandoned);
  day.say(130'000, f::CallResumed{{1}, {1}});
  day.say(131'000, f::CallLeftQueue{{4}, Day::support, f::LeftQueue::abandoned});
  day.ended(131'000, 4, f::Outcome::abandoned);
  day.flush();
  day.left(150'000, 2, 3, 10'000);
  day.ended(150'000, 2, f::Outcome::answered);
  day.wrapped(160'000, 2, 3);
  day.left(184'000, 1, 1, 10'000);
  day.ended(184'000, 1, f::Outcome::answered);
  day.say(185'000, f::RecordingFinished{{1}, {1}, Duration::milliseconds(120'000), "ab12", 4096, false});
  day.say(185'000, f::LegMeasured{{1}, Day::leg(1, 0), 6'000, 5'990, 3, 4'000, 20'000, "PCMA"});
  day.wrapped(194'000, 1, 1);
  day.flush();
  day.arrives(200'000, 5, Day::support, "02177003333");
  day.offered(200'100, 5, Day::support, 1, 2);
  day.answered(205'000, 5, Day::support, 1);
  day.say(300'000, f::CallTransferred{{5}, {1}, f::TransferKind::blind, {}, Day::sales, {}});
  day.left(300'000, 5, 1, 0);
  day.say(300'000, f::CallQueued{{5}, Day::sales, 0, Day::at(200'000), 1});
  day.offered(300'100, 5, Day::sales, 3, 2);
  day.answered(320'000, 5, Day::sales, 3);
  day.left(400'000, 5, 3, 0);
  day.ended(400'000, 5, f::Outcome::answered);
  day.flush();
  day.arrives(500'000, 6, Day::support, "02166004444");
  day.flush();
}
