#include "sip/timers.h"

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
  timer.order_ = ++set_so_far_;
  heap_.push_back(nullptr);
  put(&timer, heap_.size() - 1);
  rise(timer.place_);
}

void Timers::cancel(Timer& timer) {
  if (!timer.is_set()) return;
  const auto place = timer.place_;
  Timer* last = heap_.back();
  heap_.pop_back();
  timer.place_ = Timer::nowhere;
  timer.at_ = Instant::never();
  if (last == &timer) return;
  put(last, place);
  rise(place);
  sink(last->place_);
}

Timer* Timers::take_due(Instant now) {
  if (heap_.empty() || now < heap_.front()->at_) return nullptr;
  Timer* timer = heap_.front();
  cancel(*timer);
  return timer;
}

void Timers::rise(std::size_t place) {
  Timer* timer = heap_[place];
  while (place > 0) {
    const auto parent = (place - 1) / 2;
    if (!before(timer, heap_[parent])) break;
    put(heap_[parent], place);
    place = parent;
  }
  put(timer, place);
}

void Timers::sink(std::size_t place) {
  Timer* timer = heap_[place];
  for (;;) {
    auto child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], timer)) break;
    put(heap_[child], place);
    place = child;
  }
  put(timer, place);
}

}  // namespace pasokh::sip
