// Recordings in the running server: keys for new ones, and the finisher that makes files out of captures. What a stop left
// behind is taken up again: the switchboard keeps a row for every capture whose result is not yet journalled.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "archive/finisher.h"
#include "archive/keys.h"
#include "switchboard/loop.h"

namespace pasokh::app {

class Recordings {
 public:
  // stop_below: bytes free on the captures' disk; with less, recordings stop and none begins, calls go on (the workers watch)
  static Result<std::unique_ptr<Recordings>> open(const std::string& dir, const std::string& captures, const std::string& recordings, std::int64_t stop_below);
  void add_hooks(switchboard::Hooks&);
  void start(switchboard::Loop&);   // jobs that came before wait until now
  bool idle() const;
  void stop();

 private:
  Recordings(archive::Places places, archive::MasterKey master, std::int64_t stop_below)
      : places_(std::move(places)), master_(std::move(master)), stop_below_(stop_below) {}
  void closed(CaptureId, CallId, const std::string& wrapped_key);

  const archive::Places places_;
  const archive::MasterKey master_;
  const std::int64_t stop_below_;
  mutable std::mutex mutex_;        // guards early_ and finisher_
  std::vector<archive::FinishJob> early_;
  std::unique_ptr<archive::Finisher> finisher_;
  switchboard::Loop* loop_ = nullptr;
};

}  // namespace pasokh::app
