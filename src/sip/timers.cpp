#include "sip/timers.h"

#include <algorithm>

namespace pasokh::sip {

Timer::~Timer() {
  if (timers_) timers_->cancel(*this);
}

void Timers::set(Timer& timer, Instant at) {
  if (at == timer.at_ && timer.is_set()) return;
  cancel(timer);
  if (at == Instant::never()) return;
  timer.timers_ = this;
  timer.at_ = at;
  Heap& heap = heap_of(timer);
  heap.push_back({at, ++set_so_far_, &timer});
  rise(heap, heap.size() - 1);
}

void Timers::cancel(Timer& timer) {
  if (!timer.is_set()) return;
  Heap& heap = heap_of(timer);
  const auto place = timer.place_;
  const Entry last = heap.back();
  heap.pop_back();
  timer.place_ = Timer::nowhere;
  timer.at_ = Instant::never();
  if (last.timer == &timer) return;
  put(heap, last, place);
  rise(heap, place);
  sink(heap, last.timer->place_);
}

Instant Timers::next() const {
  const auto front = [](const Heap& heap) { return heap.empty() ? Instant::never() : heap.front().at; };
  return std::min(front(of_calls_), front(of_bindings_));
}

Timer* Timers::take_due(Instant now) {
  const Entry* first = of_calls_.empty() ? nullptr : &of_calls_.front();
  if (!of_bindings_.empty() && (!first || of_bindings_.front().before(*first))) first = &of_bindings_.front();
  if (!first || now < first->at) return nullptr;
  Timer* timer = first->timer;
  cancel(*timer);
  return timer;
}

void Timers::rise(Heap& heap, std::size_t place) {
  const Entry entry = heap[place];
  while (place > 0) {
    const auto parent = (place - 1) / 2;
    if (!entry.before(heap[parent])) break;
    put(heap, heap[parent], place);
    place = parent;
  }
  put(heap, entry, place);
}

void Timers::sink(Heap& heap, std::size_t place) {
  const Entry entry = heap[place];
  for (;;) {
    auto child = 2 * place + 1;
    if (child >= heap.size()) break;
    if (child + 1 < heap.size() && heap[child + 1].before(heap[child])) ++child;
    if (!heap[child].before(entry)) break;
    put(heap, heap[child], place);
    place = child;
  }
  put(heap, entry, place);
}

}  // namespace pasokh::sip
