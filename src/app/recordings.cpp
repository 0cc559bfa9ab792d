#include "app/recordings.h"

#include "base/log.h"

namespace pasokh::app {

Result<std::unique_ptr<Recordings>> Recordings::open(const std::string& dir, const std::string& captures, const std::string& recordings, std::int64_t stop_below) {
  TRY(master, archive::MasterKey::load_or_create(dir));
  const archive::Places places{captures, recordings};
  TRY_DONE(archive::reconcile(places));
  return std::unique_ptr<Recordings>(new Recordings(places, std::move(master), stop_below));
}

void Recordings::add_hooks(switchboard::Hooks& hooks) {
  hooks.new_recording_key = [this](CaptureId capture) {
    auto key = archive::new_recording_key();
    auto wrapped = master_.wrap(key, capture);
    return std::pair(std::move(key), std::move(wrapped));
  };
  hooks.unwrap_recording_key = [this](CaptureId capture, std::string_view wrapped) {
    auto key = master_.unwrap(wrapped, capture);
    if (!key) log(LogLevel::error, "recording-key", {{"capture", text(capture)}, {"why", key.error().text}});
    return key.value_or("");
  };
  hooks.recording_stop_bytes = stop_below_;
  hooks.capture_closed = [this](CaptureId capture, CallId call, const std::string& wrapped_key, bool) { closed(capture, call, wrapped_key); };
}

// On the switchboard's thread: looks at no disk, which may hang. The finisher finds out what there is.
void Recordings::closed(CaptureId capture, CallId call, const std::string& wrapped_key) {
  std::lock_guard lock(mutex_);
  archive::FinishJob job{capture, call, wrapped_key};
  if (!finisher_) early_.push_back(std::move(job));
  else if (!finisher_->add(std::move(job))) log(LogLevel::error, "finisher-full", {{"capture", text(capture)}, {"do", "it is finished after the next start"}});
}

void Recordings::start(switchboard::Loop& loop) {
  auto told = [&loop](const archive::FinishJob& job, const std::string&, Result<archive::Finished> result) {
    // A worker makes the file with the first packet: no file, and nothing in the memory of a dead one either, is no sound.
    if (!result && result.error().code == "not-found") {
      result = archive::Finished{};
      result->empty = true;
    }
    if (!result) log(LogLevel::error, "recording-not-finished", {{"capture", text(job.capture)}, {"why", result.error().text}});
    const auto finished = result.value_or({});
    const auto failure = result ? std::string() : result.error().text;
    loop.post([job, finished, failure](switchboard::Switchboard& board, Instant now) {
      board.recording_finished(job.call, job.capture, finished.duration, finished.sha256, finished.bytes, finished.empty, failure, now);
    });
  };
  std::lock_guard lock(mutex_);
  loop_ = &loop;
  finisher_ = std::make_unique<archive::Finisher>(places_, master_, told);
  for (auto& job : early_) (void)finisher_->add(std::move(job));
  early_.clear();
}

bool Recordings::idle() const {
  std::lock_guard lock(mutex_);
  return early_.empty() && (!finisher_ || finisher_->backlog() == 0);
}

void Recordings::stop() {
  std::unique_ptr<archive::Finisher> ending;
  {
    std::lock_guard lock(mutex_);
    ending = std::move(finisher_);
  }
}

}  // namespace pasokh::app
