#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "media/client.h"

namespace pasokh::media {
namespace {

struct Told { pid_t pid = 0; int error = 0; };  // through the pipe: the pid at once, an error when exec failed

void tell(int pipe, const Told& told) { [[maybe_unused]] const ssize_t written = write(pipe, &told, sizeof told); }

// From here to exec only async-signal-safe calls: the caller has threads.
[[noreturn]] void become(char* const* arguments, const char* log_file, int pipe) {
  const int null = open("/dev/null", O_RDONLY);
  const int log = open(log_file, O_WRONLY | O_CREAT | O_APPEND, 0640);
  if (null < 0 || log < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) { tell(pipe, {0, errno}); _exit(1); }
  if (pipe != 3) { dup2(pipe, 3); pipe = 3; }
  fcntl(3, F_SETFD, FD_CLOEXEC);
  close_range(4, ~0u, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) signal(number, SIG_DFL);
  execv(arguments[0], arguments);
  tell(3, {0, errno});
  _exit(1);
}

}  // namespace

Result<std::int64_t> spawn_worker(const std::string& program, const std::string& socket, const std::string& bind_ip, const std::string& log_file) {
  const std::string words[] = {program, "media", "--socket", socket, "--bind", bind_ip};
  char* arguments[std::size(words) + 1] = {};
  for (std::size_t i = 0; i < std::size(words); ++i) arguments[i] = const_cast<char*>(words[i].c_str());
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return trouble("media-spawn", std::string("no pipe: ") + std::strerror(errno));
  const pid_t between = fork();
  if (between < 0) {
    const int error = errno;
    close(ends[0]);
    close(ends[1]);
    return trouble("media-spawn", std::string("no new process: ") + std::strerror(error));
  }
  if (between == 0) {                            // its child is nobody's: init adopts it
    setsid();
    const pid_t worker = fork();
    if (worker == 0) become(arguments, log_file.c_str(), ends[1]);
    tell(ends[1], {worker, worker < 0 ? errno : 0});
    _exit(0);
  }
  close(ends[1]);
  while (waitpid(between, nullptr, 0) < 0 && errno == EINTR) {}
  Told told, next;
  int error = 0;
  // ends when exec closed the last writing end
  for (;;) {
    const ssize_t came = read(ends[0], &next, sizeof next);
    if (came < 0 && errno == EINTR) continue;
    if (came != static_cast<ssize_t>(sizeof next)) break;
    if (next.pid > 0) told.pid = next.pid;
    if (next.error) error = next.error;
  }
  close(ends[0]);
  if (error || told.pid == 0) return trouble("media-spawn", "cannot start " + program + ": " + std::strerror(error));
  return static_cast<std::int64_t>(told.pid);
}

}  // namespace pasokh::media
