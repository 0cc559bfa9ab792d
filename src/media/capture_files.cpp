#include "media/capture_files.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <system_error>
#include <unordered_map>

#include "media/capture_format.h"
#include "media/capture_leftovers.h"
#include "media/log.h"
#include "media/test_points.h"

namespace pasokh::media {
namespace {

using namespace std::chrono_literals;

constexpr auto round_apart = 100ms;                      // chunks outlive us, so there is no haste
constexpr auto round_apart_opening = 20ms;               // a file was opened just now: the worker is about to say that it knows
constexpr auto look_at_disk_each = 1s;
constexpr std::size_t chunks_at_once = 16;

std::string error_text(std::string_view doing, const std::string& path, int error) { return std::string(doing) + " " + path + ": " + std::strerror(error); }

}  // namespace

struct CaptureFiles::Shared {
  std::mutex mutex;                                      // guards all of it
  std::condition_variable changed;
  std::vector<Order> orders;
  std::vector<Told> told;
  std::vector<Chunk*> back;
  std::uint64_t posted = 0, taken = 0;                   // rounds whose results were put there; whose results the worker has acted on
  bool urgent = false, stop = false, ended = false;
};

class CaptureFiles::Writer {
 public:
  Writer(std::shared_ptr<Shared> shared, std::string memory, std::string own_ring)
      : shared_(std::move(shared)), memory_(std::move(memory)), own_ring_(std::move(own_ring)) {}

  void run() {
    if (!memory_.empty()) tidy_rings(memory_);
    std::unique_lock lock(shared_->mutex);
    for (;;) {
      if (epochs_.empty()) shared_->changed.wait(lock, [&] { return shared_->stop || !shared_->orders.empty(); });
      else shared_->changed.wait_for(lock, just_opened_ ? round_apart_opening : round_apart, [&] { return shared_->urgent; });
      shared_->urgent = just_opened_ = false;
      if (shared_->stop && shared_->orders.empty() && epochs_.empty()) break;
      orders_.swap(shared_->orders);
      taken_ = shared_->taken;
      lock.unlock();
      work();
      lock.lock();
      if (told_.empty() && back_.empty()) continue;
      ++shared_->posted;
      std::move(told_.begin(), told_.end(), std::back_inserter(shared_->told));
      shared_->back.insert(shared_->back.end(), back_.begin(), back_.end());
      told_.clear();
      back_.clear();
    }
    shared_->ended = true;
    shared_->changed.notify_all();
  }

 private:
  enum class State : std::uint8_t { opening, opened, writing, failed };
  struct File {
    std::uint32_t epoch;
    Epoch of;
    State state = State::opening;
    int fd = -1;
    bool made = false, closing = false, busy = false;    // busy: in the list of those that have something to do
    std::int64_t base = 0, end = 0;
    std::uint64_t device = 0, inode = 0;
    std::uint64_t opened_in = 0;                         // the round that told it
    std::vector<Chunk*> chunks;
  };

  void work() {
    for (Order& order : orders_) take(order);
    orders_.clear();
    const auto now = std::chrono::steady_clock::now();
    if (now >= disk_due_) {
      disk_due_ = now + look_at_disk_each;
      look_at_disks();
    }
    std::vector<File*> busy;
    busy.swap(busy_);
    for (File* file : busy) file->busy = false;
    for (File* file : busy) advance(*file);
  }

  void take(Order& order) {
    if (order.kind == Order::Kind::begin) {
      File& file = epochs_[order.epoch];
      file.epoch = order.epoch;
      file.of = std::move(order.of);
      return note(file);
    }
    if (order.kind == Order::Kind::look) {
      Told told{Told::Kind::closed, order.epoch};
      struct stat status;
      hang_point();
      if (stat(order.of.path.c_str(), &status) == 0) told.bytes = status.st_size;
      told_.push_back(std::move(told));
      return;
    }
    const auto found = epochs_.find(order.epoch);
    if (found == epochs_.end()) return;
    File& file = found->second;
    if (order.kind == Order::Kind::close) file.closing = true;
    else if (file.state == State::failed) give_back(order.chunk);
    else {
      if (file.state != State::opening) order.chunk->place(file.base, file.device, file.inode);
      file.chunks.push_back(order.chunk);
    }
    note(file);
  }

  void note(File& file) {
    if (!std::exchange(file.busy, true)) busy_.push_back(&file);
  }

  void advance(File& file) {
    if (file.state == State::opening) open(file);
    if (file.state == State::opened && taken_ >= file.opened_in) file.state = State::writing;
    just_opened_ = just_opened_ || file.state == State::opened;
    if (file.state == State::writing && !file.chunks.empty()) write(file);
    const bool idle = file.state == State::failed || (file.state == State::writing && file.chunks.empty());
    if (!idle) return note(file);
    if (file.closing) close(file);
  }

  void open(File& file) {
    hang_point();
    const std::string& path = file.of.path;
    struct stat status;
    const bool there = stat(path.c_str(), &status) == 0;
    file.fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file.fd < 0) return fail(file, error_text("creating", path, errno));
    file.made = !there;
    // Who holds the lock writes. The worker before us may be dead to control and still hang in a write: it must be over first.
    if (flock(file.fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return try_later(file);
    if (const auto left = move_leftovers(file.fd, path, memory_, own_ring_); !left) {
      if (left.error().code == "capture-busy") return try_later(file);
      return fail(file, left.error().text);
    }
    if (fstat(file.fd, &status) != 0) return fail(file, error_text("reading", path, errno));
    if (status.st_nlink == 0) return try_later(file);    // deleted between open and lock
    if (const auto foreign = why_foreign(file, status.st_size); !foreign.empty()) return fail(file, foreign);
    if (is_short(file)) return;
    file.base = file.end = status.st_size < static_cast<std::int64_t>(capture_format::header_size) ? 0 : capture_format::next_piece(status.st_size);
    file.device = status.st_dev;
    file.inode = status.st_ino;
    crash_point("opened");
    for (Chunk* chunk : file.chunks) chunk->place(file.base, file.device, file.inode);
    crash_point("placed");
    // Before a byte is written, the worker must have put the place into the chunk that it fills: it says so in `taken`.
    file.state = State::opened;
    file.opened_in = posting();
    Told told{Told::Kind::opened, file.epoch};
    told.base = file.base;
    told.device = file.device;
    told.inode = file.inode;
    told_.push_back(std::move(told));
  }

  std::uint64_t posting() {                              // the round whose results are being gathered
    const std::lock_guard lock(shared_->mutex);
    return shared_->posted + 1;
  }

  void try_later(File& file) {
    ::close(std::exchange(file.fd, -1));
    note(file);
  }

  // "" when it is ours to go on with
  static std::string why_foreign(const File& file, std::int64_t size) {
    using namespace capture_format;
    std::array<std::uint8_t, header_size> header;
    if (size < static_cast<std::int64_t>(header_size)) return {};
    if (pread(file.fd, header.data(), header_size, 0) != static_cast<ssize_t>(header_size)) return error_text("reading", file.of.path, errno);
    if (std::memcmp(header.data(), file_magic.data(), 8) != 0) return file.of.path + " is there already and is no capture";
    std::uint64_t id;
    std::memcpy(&id, header.data() + 12, sizeof id);
    return id == file.of.capture.value ? std::string() : file.of.path + " is the capture of another call";
  }

  bool is_short(File& file) {
    if (file.of.stop_below <= 0) return false;
    struct statvfs room;
    if (fstatvfs(file.fd, &room) != 0) return false;
    if (static_cast<std::int64_t>(room.f_bavail * room.f_frsize) >= file.of.stop_below) return false;
    fail(file, "less than " + std::to_string(file.of.stop_below >> 20) + " MiB are free on the disk of recordings");
    return true;
  }

  void look_at_disks() {
    std::map<std::uint64_t, bool> seen;                  // by device
    for (auto& [number, file] : epochs_) {
      if (file.fd < 0 || file.of.stop_below <= 0 || (file.state != State::opened && file.state != State::writing)) continue;
      if (const auto [entry, is_new] = seen.try_emplace(file.device, false); is_new) {
        hang_point();
        entry->second = is_short(file);
      } else if (entry->second) {
        (void)is_short(file);
      }
    }
  }

  void write(File& file) {
    hang_point();
    std::size_t done = 0;
    while (done < file.chunks.size()) {
      const std::size_t count = std::min(chunks_at_once, file.chunks.size() - done);
      if (!write_some(file, file.chunks.data() + done, count)) return;
      for (std::size_t i = done; i < done + count; ++i) give_back(file.chunks[i]);
      done += count;
    }
    file.chunks.clear();
  }

  bool write_some(File& file, Chunk* const* chunks, std::size_t count) {
    std::array<iovec, chunks_at_once> pieces;
    std::size_t left = 0, first = 0;
    for (std::size_t i = 0; i < count; ++i) {
      pieces[i] = {chunks[i]->data, static_cast<std::size_t>(capture_format::next_piece(chunks[i]->size.load(std::memory_order_acquire)))};
      left += pieces[i].iov_len;
    }
    while (left > 0) {
      const ssize_t written = pwritev(file.fd, pieces.data() + first, static_cast<int>(count - first), file.end);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        fail(file, error_text("writing", file.of.path, written < 0 ? errno : ENOSPC));
        return false;
      }
      file.end += written;
      left -= static_cast<std::size_t>(written);
      for (std::size_t taken = static_cast<std::size_t>(written); taken > 0;) {   // what is torn off here is tried again: the reason is told then
        const std::size_t part = std::min(taken, pieces[first].iov_len);
        pieces[first].iov_base = static_cast<std::uint8_t*>(pieces[first].iov_base) + part;
        pieces[first].iov_len -= part;
        taken -= part;
        if (pieces[first].iov_len == 0) ++first;
      }
    }
    crash_point("written");
    return true;
  }

  void give_back(Chunk* chunk) {
    chunk->state.store(Chunk::free, std::memory_order_release);
    crash_point("released");
    back_.push_back(chunk);
  }

  void fail(File& file, std::string why) {
    file.state = State::failed;
    for (Chunk* chunk : file.chunks) give_back(chunk);
    file.chunks.clear();
    Told told{Told::Kind::failed, file.epoch};
    told.why = std::move(why);
    told_.push_back(std::move(told));
    note(file);
  }

  void close(File& file) {
    Told told{Told::Kind::closed, file.epoch};
    told.bytes = file.end;
    hang_point();
    if (file.fd >= 0) {
      if (file.end == 0 && file.made) unlink(file.of.path.c_str());
      ::close(file.fd);
    }
    told_.push_back(std::move(told));
    epochs_.erase(file.epoch);
  }

  std::shared_ptr<Shared> shared_;
  const std::string memory_, own_ring_;
  std::unordered_map<std::uint32_t, File> epochs_;       // stays in place while it grows
  std::vector<File*> busy_;
  std::vector<Order> orders_;
  std::vector<Told> told_;
  std::vector<Chunk*> back_;
  std::uint64_t taken_ = 0;
  std::chrono::steady_clock::time_point disk_due_{};
  bool just_opened_ = false;
};

CaptureFiles::~CaptureFiles() { (void)end(0); }

std::uint32_t CaptureFiles::begin(Epoch of) {
  orders_.push_back({Order::Kind::begin, ++last_, nullptr, std::move(of)});
  urgent_ = true;
  return last_;
}

void CaptureFiles::write(std::uint32_t epoch, Chunk* chunk, bool at_once) {
  orders_.push_back({Order::Kind::write, epoch, chunk, {}});
  urgent_ = urgent_ || at_once;
}

void CaptureFiles::close(std::uint32_t epoch) {
  orders_.push_back({Order::Kind::close, epoch, nullptr, {}});
  urgent_ = true;
}

std::uint32_t CaptureFiles::look(std::string path) {
  orders_.push_back({Order::Kind::look, ++last_, nullptr, {{}, std::move(path), 0}});
  urgent_ = true;
  return last_;
}

void CaptureFiles::start() {
  shared_ = std::make_shared<Shared>();
  auto writer = std::make_unique<Writer>(shared_, memory_, own_ring_);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);           // signals are for the worker's thread
  try {
    thread_ = std::thread([writer = std::move(writer)] {
#ifndef __SANITIZE_THREAD__                             // it takes one number for one descriptor, whatever table it is in
      (void)close_range(3, ~0u, CLOSE_RANGE_UNSHARE);
#endif
      (void)setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), 0);  // the worker's thread may have a better one
      writer->run();
    });
  } catch (const std::system_error& error) {
    log_line("error", "no thread to write captures", {{"why", error.what()}});
    shared_.reset();                                     // tried again at the next exchange; chunks wait
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bool CaptureFiles::exchange(std::vector<Told>& told, std::vector<Chunk*>& back) {
  if (!shared_) {
    if (orders_.empty()) return true;
    start();
    if (!shared_) return false;
  }
  {
    const std::unique_lock lock(shared_->mutex, std::try_to_lock);
    if (!lock) return false;
    if (shared_->orders.empty()) shared_->orders.swap(orders_);
    else std::move(orders_.begin(), orders_.end(), std::back_inserter(shared_->orders));
    shared_->taken = taken_;                             // of the exchange before: what it told has been acted on
    taken_ = shared_->posted;
    shared_->urgent = shared_->urgent || urgent_;
    told.swap(shared_->told);
    back.swap(shared_->back);
  }
  orders_.clear();
  if (std::exchange(urgent_, false)) shared_->changed.notify_one();
  return true;
}

bool CaptureFiles::end(int wait_ms) {
  if (!thread_.joinable()) return true;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->stop = true;
    shared_->changed.notify_all();
    if (!shared_->changed.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return shared_->ended; })) {
      lock.unlock();
      thread_.detach();
      return false;
    }
  }
  thread_.join();
  return true;
}

}  // namespace pasokh::media
