#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "media/client.h"
#include "media/frames.h"

namespace pasokh::media {

WorkerClient::~WorkerClient() { if (fd_ >= 0) close(fd_); }

WorkerClient::WorkerClient(WorkerClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), in_(std::move(other.in_)), out_(std::move(other.out_)) {}

WorkerClient& WorkerClient::operator=(WorkerClient&& other) noexcept {
  if (this == &other) return *this;
  if (fd_ >= 0) close(fd_);
  fd_ = std::exchange(other.fd_, -1);
  in_ = std::move(other.in_);
  out_ = std::move(other.out_);
  return *this;
}

Result<> WorkerClient::connect(const std::string& path) {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
  in_.clear();
  out_.clear();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return trouble("media-socket-path", "the path of the media socket is too long: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return trouble("media-socket", std::string("no socket for a media worker: ") + std::strerror(errno));
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {  // a Unix socket connects at once or not
    const std::string why = std::strerror(errno);
    close(fd);
    return trouble("media-worker-away", "no media worker at " + path + ": " + why);
  }
  fd_ = fd;
  return Done{};
}

void WorkerClient::send(const ToWorker& message) { if (fd_ >= 0) append_frame(out_, message); }

bool WorkerClient::flush() {
  if (fd_ < 0) return false;
  while (!out_.empty()) {
    const ssize_t sent = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent > 0) { out_.erase(0, static_cast<std::size_t>(sent)); continue; }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return true;
    close(std::exchange(fd_, -1));
    return false;
  }
  return true;
}

bool WorkerClient::receive(std::vector<FromWorker>& into) {
  if (fd_ < 0) return false;
  bool open = true;
  char buffer[65536];
  for (;;) {
    const ssize_t came = recv(fd_, buffer, sizeof buffer, 0);
    if (came > 0) { in_.append(buffer, static_cast<std::size_t>(came)); continue; }
    if (came < 0 && errno == EINTR) continue;
    open = came < 0 && errno == EAGAIN;
    break;
  }
  std::size_t from = 0;
  for (;;) {
    FromWorker message;
    const Taken taken = take_frame(in_, from, message);
    if (taken == Taken::message) into.push_back(std::move(message));
    if (taken == Taken::broken) open = false;
    if (taken == Taken::nothing || taken == Taken::broken) break;
  }
  in_.erase(0, from);
  if (!open) close(std::exchange(fd_, -1));
  return open;
}

}  // namespace pasokh::media
