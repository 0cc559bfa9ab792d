// Today's figures for wallboard and desks: the same questions to the reports as everybody's (office/reports defines the figures), asked
// anew every few seconds while somebody looks on, on a thread of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "api/live_floor.h"

namespace pasokh::api {

// From midnight at the centre to `now`.
Result<Today> figures_of_day(storage::Reports& reports, Instant now);

class LiveToday {
 public:
  LiveToday(std::string dir, std::function<Instant()> now, std::function<void(Today)> told);
  ~LiveToday() { stop(); }
  void want(bool wanted);      // somebody looks on; the first figures come at once
  void stop();

 private:
  void run();

  std::string dir_;
  std::function<Instant()> now_;
  std::function<void(Today)> told_;
  std::mutex guard_;
  std::condition_variable changed_;
  bool wanted_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace pasokh::api
