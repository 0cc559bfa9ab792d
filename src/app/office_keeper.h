// The office's clockwork in the running server: a thread that sleeps for a minute, then sees to it that the floor's timetables reach
// far enough, and each night that recordings past their time are erased. Trouble is logged and tried again a minute later; calls never wait.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "app/retention.h"
#include "storage/office_database.h"
#include "switchboard/commands.h"

namespace pasokh::app {

class OfficeKeeper {
 public:
  static Result<std::unique_ptr<OfficeKeeper>> start(const std::string& dir, const std::string& recordings, switchboard::Centre& centre, std::function<Instant()> now);
  ~OfficeKeeper();

 private:
  OfficeKeeper(std::string dir, std::string recordings, switchboard::Centre& centre, std::function<Instant()> now, std::unique_ptr<storage::OfficeDatabase> office);
  void run();
  void round();
  Result<> keep_timetables(Instant now);
  Result<> nightly(Instant now);
  switchboard::Reply ask(switchboard::Commands commands);

  const std::string dir_, recordings_;
  switchboard::Centre& centre_;
  const std::function<Instant()> now_;
  std::unique_ptr<storage::OfficeDatabase> office_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::string told_trouble_;
  std::thread thread_;
};

}  // namespace pasokh::app
