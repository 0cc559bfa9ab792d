#include "media/sounds.h"

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <system_error>

#include "base/assert.h"
#include "base/thread_name.h"
#include "media/g711.h"
#include "media/log.h"
#include "media/sound_file.h"

namespace pasokh::media {
namespace {

constexpr std::size_t most_bytes = 64u << 20;

std::int64_t changed_ns(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return 0;
  return status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
}

}  // namespace

Sounds::Sounds() : ready_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { PASOKH_ASSERT(ready_ >= 0); }

Sounds::~Sounds() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
  close(ready_);
}

std::shared_ptr<const Sound> Sounds::file(const std::string& path) {
  Entry& entry = files_[path];
  entry.used = ++uses_;
  const std::int64_t changed = changed_ns(path);
  if (entry.sound && entry.changed_ns == changed) return entry.sound;
  entry.sound = std::make_shared<Sound>();          // who plays the old one keeps it to its end
  entry.changed_ns = changed;
  std::unique_lock lock(mutex_);
  wanted_.push_back({path, entry.sound});
  if (working_) return entry.sound;
  working_ = true;
  lock.unlock();
  if (thread_.joinable()) thread_.join();           // it has left its loop
  try {
    thread_ = std::thread([this] {
      name_this_thread("sounds");
      work();
    });
  } catch (const std::system_error&) {
    work();                                         // no thread to be had: better late packets than no prompt
  }
  return entry.sound;
}

std::shared_ptr<const Sound> Sounds::tone(const std::string& name) {
  if (const auto found = tones_.find(name); found != tones_.end()) return found->second;
  auto octets = synthesise_tone(name);
  if (octets.empty()) return nullptr;
  auto sound = std::make_shared<Sound>();
  sound->alaw = std::move(octets);
  sound->state = Sound::State::ready;
  return tones_[name] = sound;
}

void Sounds::take_over() {
  eventfd_t count;
  eventfd_read(ready_, &count);
  std::deque<Job> done;
  {
    const std::lock_guard lock(mutex_);
    done.swap(done_);
  }
  for (Job& job : done) {
    if (job.read) {
      job.sound->alaw = std::move(*job.read);
      job.sound->state = Sound::State::ready;
    } else {
      job.sound->state = Sound::State::broken;
      log_line("error", "a sound cannot be played and is left out", {{"file", job.path}, {"why", job.read.error().text}});
    }
  }
  evict();
}

void Sounds::evict() {
  std::size_t total = 0;
  for (const auto& [path, entry] : files_) total += entry.sound->alaw.size();
  while (total > most_bytes) {
    auto oldest = files_.end();
    for (auto it = files_.begin(); it != files_.end(); ++it)
      if (it->second.sound.use_count() == 1 && (oldest == files_.end() || it->second.used < oldest->second.used)) oldest = it;
    if (oldest == files_.end()) return;             // all are being played
    total -= oldest->second.sound->alaw.size();
    files_.erase(oldest);
  }
}

void Sounds::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (stopping_ || wanted_.empty()) { working_ = false; return; }
    Job job = std::move(wanted_.front());
    wanted_.pop_front();
    lock.unlock();
    job.read = read_sound(job.path);
    lock.lock();
    done_.push_back(std::move(job));
    lock.unlock();
    eventfd_write(ready_, 1);
  }
}

namespace {

struct Part { double first_hz, second_hz; int ms; };

void append_part(std::vector<std::uint8_t>& octets, const Part& part) {
  const int samples = part.ms * 8;
  const int parts = (part.first_hz > 0) + (part.second_hz > 0);
  const double level = parts == 0 ? 0 : 8000.0 / parts;       // about -12 dBm0
  for (int i = 0; i < samples; ++i) {
    const double edge = std::min({1.0, (i + 1) / 40.0, (samples - i) / 40.0});  // 5 ms: no click
    double value = 0;
    if (part.first_hz > 0) value += std::sin(2 * M_PI * part.first_hz * i / 8000);
    if (part.second_hz > 0) value += std::sin(2 * M_PI * part.second_hz * i / 8000);
    octets.push_back(linear_to_alaw(static_cast<std::int16_t>(std::lround(level * edge * value))));
  }
}

}  // namespace

std::vector<std::uint8_t> synthesise_tone(const std::string& name) {
  // ITU-T E.180 supplement 2: Iran, 425 Hz, busy 0.5 s on and off, ringing 1 s on, 4 s off
  static const std::map<std::string, std::vector<Part>> tones = {
      {"busy", {{425, 0, 500}, {0, 0, 500}}},
      {"ringback", {{425, 0, 1000}, {0, 0, 4000}}},
      {"beep", {{1400, 0, 200}}},
      {"confirm", {{600, 0, 100}, {0, 0, 50}, {900, 0, 150}}},
      {"refuse", {{400, 0, 180}, {0, 0, 70}, {300, 0, 350}}},
  };
  std::vector<std::uint8_t> octets;
  if (const auto found = tones.find(name); found != tones.end())
    for (const Part& part : found->second) append_part(octets, part);
  return octets;
}

}  // namespace pasokh::media
