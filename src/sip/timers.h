// Every deadline of the endpoint in one indexed heap: set, move and cancel cost O(log n) and leave nothing behind.
// Equal instants fire in the order in which they were set, so that a run can be repeated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace pasokh::sip {

enum class Wakes : std::uint8_t { transaction, leg, trunk, binding };

class Timers;

// Lives inside its owner; its end takes it out of the heap.
class Timer {
 public:
  Timer(Wakes whom, void* whose) : wakes(whom), owner(whose) {}
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  const Wakes wakes;
  void* const owner;
  Instant at() const { return at_; }
  bool is_set() const { return place_ != nowhere; }

 private:
  friend class Timers;
  static constexpr std::size_t nowhere = SIZE_MAX;
  Timers* timers_ = nullptr;
  Instant at_ = Instant::never();
  std::uint64_t order_ = 0;
  std::size_t place_ = nowhere;
};

class Timers {
 public:
  void set(Timer& timer, Instant at);       // Instant::never() cancels
  void cancel(Timer& timer);
  Instant next() const { return heap_.empty() ? Instant::never() : heap_.front()->at_; }
  Timer* take_due(Instant now);             // cancelled already; nothing when none is due
  std::size_t size() const { return heap_.size(); }

 private:
  static bool before(const Timer* a, const Timer* b) { return a->at_ != b->at_ ? a->at_ < b->at_ : a->order_ < b->order_; }
  void put(Timer* timer, std::size_t place) { heap_[place] = timer; timer->place_ = place; }
  void rise(std::size_t place);
  void sink(std::size_t place);

  std::vector<Timer*> heap_;
  std::uint64_t set_so_far_ = 0;
};

}  // namespace pasokh::sip
