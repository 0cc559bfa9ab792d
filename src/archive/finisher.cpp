#include "archive/finisher.h"

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>

#include "archive/files.h"
#include "archive/finish.h"
#include "base/json_text.h"
#include "base/thread_name.h"

namespace pasokh::archive {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view capture_ending = ".capture", recording_ending = ".opus.sealed", part_ending = ".part";

CaptureId id_of(const std::string& name, std::string_view ending) {
  CaptureId id;
  if (!name.ends_with(ending)) return id;
  const auto end = name.data() + name.size() - ending.size();
  const auto [stop, error] = std::from_chars(name.data(), end, id.value);
  return error == std::errc{} && stop == end ? id : CaptureId{};
}

}  // namespace

std::string capture_file(const Places& places, CaptureId capture) { return places.captures + "/" + text(capture) + std::string(capture_ending); }

std::string recording_file(const Places& places, CaptureId capture, Instant started) {
  return places.recordings + "/" + rfc3339(started).substr(0, 7) + "/" + text(capture) + std::string(recording_ending);
}

std::string find_recording(const Places& places, CaptureId capture) {
  std::error_code error;
  for (auto at = fs::directory_iterator(places.recordings, error); !error && at != fs::directory_iterator(); at.increment(error)) {
    const auto file = at->path().string() + "/" + text(capture) + std::string(recording_ending);
    if (::access(file.c_str(), F_OK) == 0) return file;
  }
  return {};
}

Result<> drop_capture(const Places& places, CaptureId capture) {
  if (::unlink(capture_file(places, capture).c_str()) != 0 && errno != ENOENT) return disk_trouble("deleting the capture " + text(capture));
  return Done{};
}

Result<Finished> finish(const std::string& capture_file, std::string_view key, const std::string& out_file, const FinishOptions& options) {
  return finish_from([&](const RecordSink& sink) { return media::read_capture(capture_file, key, sink); }, key, out_file, options);
}

Finisher::Finisher(Places places, MasterKey master, Told told, Options options)
    : places_(std::move(places)), master_(std::move(master)), told_(std::move(told)), options_(options), thread_([this] { run(); }) {}

Finisher::~Finisher() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool Finisher::add(FinishJob job) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || jobs_.size() >= options_.backlog_max) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_all();
  return true;
}

std::size_t Finisher::backlog() const {
  std::lock_guard lock(mutex_);
  return jobs_.size() + (working_ ? 1 : 0);
}

void Finisher::wait_until_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return jobs_.empty() && !working_; });
}

void Finisher::run() {
  name_this_thread("finisher");
  const sched_param lowest{};
  ::sched_setscheduler(0, SCHED_IDLE, &lowest);  // this thread only: calls come first, recordings when there is time
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    const auto job = std::move(jobs_.front());
    jobs_.pop_front();
    working_ = true;
    lock.unlock();
    std::string file;
    const auto finished = finish_one(job, file);
    const bool later = !finished && finished.error().code == "capture-busy";  // its worker hangs in a last write, dead as it is
    if (!later) told_(job, file, finished);
    lock.lock();
    working_ = false;
    if (later) {
      jobs_.push_back(job);
      changed_.wait_for(lock, jobs_.size() > 1 ? std::chrono::milliseconds(50) : std::chrono::milliseconds(500), [&] { return stopping_; });
    }
    changed_.notify_all();
  }
}

// The recording's month is known only after its first record was read, so it is written beside the months and moved in.
Result<Finished> Finisher::finish_one(const FinishJob& job, std::string& file) {
  TRY(key, master_.unwrap(job.wrapped_key, job.capture));
  if (const auto done = find_recording(places_, job.capture); !done.empty())
    if (const auto recording = Recording::open(done, key)) {  // one that does not open is made anew
      file = done;
      TRY_DONE(drop_capture(places_, job.capture));
      return recording->details();
    }
  const auto capture = capture_file(places_, job.capture);
  TRY_DONE(media::take_leftovers(capture, options_.memory));
  struct stat status {};
  if (::stat(capture.c_str(), &status) != 0) return disk_trouble("reading " + capture);
  if (status.st_size == 0) {         // nothing was sealed before it stopped
    TRY_DONE(drop_capture(places_, job.capture));
    Finished nothing;
    nothing.empty = true;
    return nothing;
  }
  const auto beside = places_.recordings + "/" + text(job.capture) + ".unsorted.part";
  TRY_DONE(make_folder(places_.recordings, 0700));
  TRY(finished, finish(capture, key, beside, {job.call, job.capture, options_.bitrate, options_.complexity}));
  if (!finished.empty) {
    const auto to = recording_file(places_, job.capture, finished.started);
    TRY_DONE(make_folder(fs::path(to).parent_path().string(), 0700));
    TRY_DONE(rename_durably(beside, to));
    file = to;
  }
  TRY_DONE(drop_capture(places_, job.capture));
  return std::move(finished);
}

// Looks only where something can be left over, not through years of recordings: a half-written one lies beside the months.
Result<Leftovers> reconcile(const Places& places) {
  std::error_code error;
  for (auto at = fs::directory_iterator(places.recordings, error); !error && at != fs::directory_iterator(); at.increment(error))
    if (at->path().filename().string().ends_with(part_ending)) ::unlink(at->path().c_str());
  if (error && error != std::errc::no_such_file_or_directory) return trouble("disk", "reading " + places.recordings + ": " + error.message());

  Leftovers left;
  error.clear();
  for (auto at = fs::directory_iterator(places.captures, error); !error && at != fs::directory_iterator(); at.increment(error))
    if (const auto id = id_of(at->path().filename().string(), capture_ending)) (find_recording(places, id).empty() ? left.captures : left.both).push_back(id);
  if (error && error != std::errc::no_such_file_or_directory) return trouble("disk", "reading " + places.captures + ": " + error.message());
  std::sort(left.captures.begin(), left.captures.end());
  std::sort(left.both.begin(), left.both.end());
  return left;
}

}  // namespace pasokh::archive
