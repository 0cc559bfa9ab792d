// Every deadline of the endpoint: set, move and cancel cost O(log n) and leave nothing behind. Two indexed heaps: bindings are many
// (one a phone) and seldom due; kept apart they cost the timers of calls nothing, however many phones there are.
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
  std::size_t place_ = nowhere;
};

class Timers {
 public:
  void set(Timer& timer, Instant at);       // Instant::never() cancels
  void cancel(Timer& timer);
  Instant next() const;
  Timer* take_due(Instant now);             // cancelled already; nothing when none is due
  std::size_t size() const { return of_calls_.size() + of_bindings_.size(); }

 private:
  struct Entry {                            // compared without a look at the timer
    Instant at;
    std::uint64_t order;
    Timer* timer;
    bool before(const Entry& other) const { return at != other.at ? at < other.at : order < other.order; }
  };
  using Heap = std::vector<Entry>;

  Heap& heap_of(const Timer& timer) { return timer.wakes == Wakes::binding ? of_bindings_ : of_calls_; }
  static void put(Heap& heap, const Entry& entry, std::size_t place) { heap[place] = entry; entry.timer->place_ = place; }
  static void rise(Heap& heap, std::size_t place);
  static void sink(Heap& heap, std::size_t place);

  Heap of_calls_, of_bindings_;
  std::uint64_t set_so_far_ = 0;
};

}  // namespace pasokh::sip
