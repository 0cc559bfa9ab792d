#include "media/control_link.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "media/frames.h"
#include "media/log.h"

namespace pasokh::media {
namespace {

constexpr std::size_t most_waiting = 20'000;       // messages while no control is there
constexpr std::size_t largest_out = 16u << 20;     // a control that does not read is let go

}  // namespace

ControlLink::~ControlLink() {
  if (control_.fd) close(static_cast<int>(control_.fd));
  if (!listener_.fd) return;
  close(static_cast<int>(listener_.fd));
  unlink(path_.c_str());
}

Result<> ControlLink::listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return trouble("media-socket-path", "the path of the media socket is empty or too long: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  unlink(path.c_str());
  const mode_t before = umask(0177);               // keys of recordings travel here
  const bool bound = listener >= 0 && bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(listener, 8) == 0;
  const int error = errno;
  umask(before);
  if (!bound) {
    if (listener >= 0) close(listener);
    return trouble("media-socket", "cannot listen at " + path + ": " + std::strerror(error));
  }
  path_ = path;
  listener_.fd = static_cast<std::uint32_t>(listener);
  transport_.add(listener_);
  return Done{};
}

void ControlLink::on_listener() {
  const int fd = accept4(static_cast<int>(listener_.fd), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  if (control_.fd) hang_up("another control took its place");
  control_.fd = static_cast<std::uint32_t>(fd);
  ++control_.turn;
  greeted_ = wants_write_ = false;
  transport_.add(control_);
}

void ControlLink::on_control(Token token, std::vector<ToWorker>& orders) {
  if (token.turn != control_.turn || control_.fd == 0) return;
  char buffer[65536];
  bool open = true;
  for (;;) {
    const ssize_t came = recv(static_cast<int>(control_.fd), buffer, sizeof buffer, 0);
    if (came > 0) { in_.append(buffer, static_cast<std::size_t>(came)); if (in_.size() > 2 * largest_frame) break; continue; }
    if (came < 0 && errno == EINTR) continue;
    open = came < 0 && errno == EAGAIN;
    break;
  }
  std::size_t from = 0;
  for (;;) {
    ToWorker order;
    const Taken taken = take_frame(in_, from, order);
    if (taken == Taken::nothing) break;
    if (taken == Taken::broken) { open = false; break; }
    if (taken == Taken::unknown) { log_line("warning", "an order of a newer control was passed over"); continue; }
    orders.push_back(std::move(order));
  }
  in_.erase(0, from);
  if (!open) hang_up("control is gone");
  flush();
}

void ControlLink::greet(HelloWorker hello) {
  greeted_ = true;
  append_frame(out_, FromWorker(std::move(hello)));
  for (const FromWorker& message : waiting_) append_frame(out_, message);
  waiting_.clear();
}

void ControlLink::tell(const FromWorker& message) {
  if (greeted_) { append_frame(out_, message); return; }
  if (waiting_.size() == most_waiting) waiting_.pop_front();
  waiting_.push_back(message);
}

void ControlLink::flush() {
  if (!control_.fd) return;
  std::size_t done = 0;
  while (done < out_.size()) {
    const ssize_t sent = send(static_cast<int>(control_.fd), out_.data() + done, out_.size() - done, MSG_NOSIGNAL);
    if (sent > 0) { done += static_cast<std::size_t>(sent); continue; }
    if (sent < 0 && errno == EINTR) continue;
    if (errno == EAGAIN) break;
    return hang_up("control is gone");
  }
  out_.erase(0, done);
  if (out_.size() > largest_out) return hang_up("control does not read");
  if (wants_write_ != !out_.empty()) {
    wants_write_ = !out_.empty();
    transport_.change(control_, wants_write_);
  }
}

void ControlLink::hang_up(const char* why) {
  log_line("info", why, {{"calls", "go on"}});
  transport_.remove(control_);
  close(static_cast<int>(control_.fd));
  control_.fd = 0;
  greeted_ = wants_write_ = false;
  in_.clear();
  out_.clear();
}

}  // namespace pasokh::media
