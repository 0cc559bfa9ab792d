// What a forwarded packet costs in a worker: 500 calls of G.711 at 20 ms, beside the barest loop that could do it (one socket a
// leg, epoll, recvfrom, sendto, nothing else), interleaved in one run. Prints one JSON object.
// usage: bench_rtp_forward [calls=500] [seconds a round=2] [rounds=3] [folder of the captures=/tmp]
#include <arpa/inet.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "media/client.h"

using namespace pasokh;
using namespace pasokh::media;

namespace {

constexpr int first_worker_port = 42000, first_bare_port = 42000;
constexpr const char *worker_host = "127.0.0.4", *peer_host = "127.0.0.2", *bare_host = "127.0.0.3";  // nobody's port is in another's way

std::int64_t clock_us(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1'000;
}

sockaddr_in at(const char* host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, host, &address.sin_addr);
  return address;
}

int udp_socket(const char* host, int port) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto address = at(host, port);
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) { std::perror("socket"); std::exit(1); }
  return fd;
}

int port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void raise_limit() {
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// The floor: nothing is parsed, checked, counted or rewritten.
[[noreturn]] void bare_loop(const std::vector<int>& ports, const std::vector<int>& peers) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<int> legs;
  std::vector<sockaddr_in> to;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    legs.push_back(udp_socket(bare_host, ports[i]));
    to.push_back(at(peer_host, peers[i]));
    epoll_event event{EPOLLIN, {.u32 = static_cast<std::uint32_t>(i)}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, legs.back(), &event);
  }
  epoll_event ready[256];
  char buffer[2048];
  for (;;) {
    const int count = epoll_wait(epoll, ready, 256, -1);
    for (int i = 0; i < count; ++i) {
      const std::size_t leg = ready[i].data.u32, other = leg ^ 1;
      sockaddr_in from;
      socklen_t size = sizeof from;
      const ssize_t came = recvfrom(legs[leg], buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (came > 0) sendto(legs[other], buffer, static_cast<std::size_t>(came), 0, reinterpret_cast<const sockaddr*>(&to[other]), sizeof to[other]);
    }
  }
}

// Peers of all legs, in this process: each sends a packet each 20 ms, spread over the interval, and reads what comes.
class Peers {
 public:
  explicit Peers(int legs) {
    for (int i = 0; i < legs; ++i) {
      sockets_.push_back(udp_socket(peer_host, 0));
      ports.push_back(port_of(sockets_.back()));
    }
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < legs; ++i) {
      epoll_event event{EPOLLIN, {.u32 = static_cast<std::uint32_t>(i)}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, sockets_[static_cast<std::size_t>(i)], &event);
    }
  }

  struct Seen { std::int64_t sent = 0, came = 0; std::vector<std::int32_t> delay_us; };
  Seen talk(const char* host, const std::vector<int>& ports_of_legs, double seconds) {
    std::vector<sockaddr_in> to;
    for (const int port : ports_of_legs) to.push_back(at(host, port));
    Seen seen;
    const std::int64_t began = clock_us(CLOCK_MONOTONIC), until = began + static_cast<std::int64_t>(seconds * 1e6);
    std::int64_t next = 0;                       // packets since `began`, over all legs
    const auto legs = static_cast<std::int64_t>(sockets_.size());
    for (;;) {
      const std::int64_t now = clock_us(CLOCK_MONOTONIC);
      if (now >= until) break;
      const std::int64_t due = (now - began) * legs / 20'000;
      for (; next < due; ++next) send(static_cast<std::size_t>(next % legs), to, now, seen);
      read(seen);
      usleep(200);
    }
    for (std::int64_t last = clock_us(CLOCK_MONOTONIC), came = seen.came; clock_us(CLOCK_MONOTONIC) - last < 50'000; usleep(500)) {
      read(seen);                                // to the last one, so that no round pays for the one before
      if (seen.came != came) { came = seen.came; last = clock_us(CLOCK_MONOTONIC); }
    }
    return seen;
  }
  std::vector<int> ports;

 private:
  void send(std::size_t leg, const std::vector<sockaddr_in>& to, std::int64_t now, Seen& seen) {
    unsigned char packet[172];
    std::memset(packet, 0xd5, sizeof packet);
    packet[0] = 0x80;
    packet[1] = 8;
    if (sequence_.size() <= leg) sequence_.resize(sockets_.size());
    const std::uint16_t sequence = htons(++sequence_[leg]);
    const std::uint32_t timestamp = htonl(static_cast<std::uint32_t>(sequence_[leg]) * 160u), ssrc = htonl(static_cast<std::uint32_t>(leg + 1));
    std::memcpy(packet + 2, &sequence, 2);
    std::memcpy(packet + 4, &timestamp, 4);
    std::memcpy(packet + 8, &ssrc, 4);
    std::memcpy(packet + 12, &now, 8);           // travels in the payload
    if (sendto(sockets_[leg], packet, sizeof packet, 0, reinterpret_cast<const sockaddr*>(&to[leg]), sizeof to[leg]) == sizeof packet) ++seen.sent;
  }
  void read(Seen& seen) {
    epoll_event ready[512];
    char buffer[2048];
    int count;
    while ((count = epoll_wait(epoll_, ready, 512, 0)) > 0) {
      const std::int64_t now = clock_us(CLOCK_MONOTONIC);
      for (int i = 0; i < count; ++i) {
        const ssize_t came = recv(sockets_[ready[i].data.u32], buffer, sizeof buffer, 0);
        if (came != 172) continue;
        ++seen.came;
        std::int64_t sent;
        std::memcpy(&sent, buffer + 12, 8);
        seen.delay_us.push_back(static_cast<std::int32_t>(now - sent));
      }
    }
  }
  std::vector<int> sockets_;
  std::vector<std::uint16_t> sequence_;
  int epoll_;
};

std::int64_t cpu_of(pid_t pid) {
  clockid_t clock;
  return clock_getcpuclockid(pid, &clock) == 0 ? clock_us(clock) : 0;
}

std::int64_t memory_of(pid_t pid) {              // private and dirty: what this process alone costs
  std::ifstream in("/proc/" + std::to_string(pid) + "/smaps_rollup");
  std::string word;
  std::int64_t kilobytes = 0, sum = 0;
  while (in >> word)
    if (word == "Private_Dirty:" || word == "Private_Clean:") { in >> kilobytes; sum += kilobytes; }
  return sum * 1024;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Worker {
  pid_t pid = 0;
  WorkerClient control;
  std::string folder;
  int round_ = 0;

  void start(const std::string& name) {
    folder = name;
    WorkerOptions options;
    options.socket = folder + "/worker.sock";
    options.bind_ip = worker_host;
    pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      _exit(run_worker(options));
    }
    while (!control.connect(options.socket)) usleep(5000);
    control.send(HelloControl{});
  }
  void order(int calls, const std::vector<int>& peers, bool capture) {
    if (capture) ++round_;           // other files each time: to create where one was just deleted costs ext4 a search
    for (int call = 0; call < calls; ++call) {
      const CaptureId id{static_cast<std::uint64_t>(call + 1)};
      if (capture) control.send(CaptureWanted{id, {id.value}, folder + "/" + std::to_string(round_) + "-" + std::to_string(call) + ".capture", std::string(32, 'k')});
      for (int side = 0; side < 2; ++side) {
        const int leg = 2 * call + side;
        LegWanted wanted;
        wanted.leg = {static_cast<std::uint64_t>(leg + 1)};
        wanted.call = {id.value};
        wanted.port = static_cast<std::uint16_t>(first_worker_port + 2 * leg);
        wanted.remote_ip = peer_host;
        wanted.remote_port = static_cast<std::uint16_t>(peers[static_cast<std::size_t>(leg)]);
        wanted.media_version = 1;
        wanted.hears = {static_cast<std::uint64_t>((leg ^ 1) + 1)};
        if (capture) wanted.capture = id;
        wanted.capture_is_agent = side == 1;
        control.send(wanted);
      }
      if (call % 50 == 0) flush();
    }
    flush();
    ask();
  }
  void stop_captures(int calls) {
    for (int call = 0; call < calls; ++call) control.send(CaptureClose{{static_cast<std::uint64_t>(call + 1)}});
    flush();
  }
  WorkerStatistics ask() {
    control.send(StatisticsAsked{});
    flush();
    std::vector<FromWorker> came;
    for (;;) {
      control.receive(came);
      for (const auto& message : came) {
        if (const auto* refused = std::get_if<LegRefused>(&message)) { std::fprintf(stderr, "refused: %s\n", refused->why.c_str()); std::exit(1); }
        if (const auto* told = std::get_if<WorkerStatistics>(&message)) return *told;
      }
      came.clear();
      usleep(1000);
    }
  }
  void flush() {
    while (control.flush() && control.wants_write()) usleep(500);
  }
  void stop() {
    control.send(Quit{});
    flush();
    waitpid(pid, nullptr, 0);
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int calls = argc > 1 ? std::atoi(argv[1]) : 500;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 3;
  const int legs = 2 * calls;
  if (calls < 1 || calls > 500 || rounds < 1) { std::fprintf(stderr, "usage: bench_rtp_forward [calls 1-500] [seconds] [rounds]\n"); return 2; }
  signal(SIGPIPE, SIG_IGN);
  raise_limit();
  std::string folder = std::string(argc > 4 ? argv[4] : "/tmp") + "/pasokh-bench-XXXXXX";
  if (!mkdtemp(folder.data())) { std::perror("folder"); return 1; }

  Worker worker;
  worker.start(folder);
  const std::int64_t empty = memory_of(worker.pid);
  Peers peers(legs);
  std::vector<int> worker_ports, bare_ports;
  for (int i = 0; i < legs; ++i) { worker_ports.push_back(first_worker_port + 2 * i); bare_ports.push_back(first_bare_port + i); }
  const pid_t bare = fork();
  if (bare == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bare_loop(bare_ports, peers.ports);
  }
  worker.order(calls, peers.ports, false);

  std::vector<double> bare_us, plain_us, captured_us, p99_ms, bare_p99_ms, plain_p99_ms;
  std::int64_t lost = 0, with_calls = 0;
  const auto measure = [&](pid_t pid, const char* host, const std::vector<int>& to, std::vector<double>& into, std::vector<double>& delays) {
    peers.talk(host, to, 0.5);    // captures are begun, caches warm
    const std::int64_t before = cpu_of(pid);
    auto seen = peers.talk(host, to, seconds);
    const std::int64_t spent = cpu_of(pid) - before;
    if (seen.came == 0) { std::fprintf(stderr, "nothing was forwarded\n"); std::exit(1); }
    into.push_back(static_cast<double>(spent) / static_cast<double>(seen.came));
    if (&delays == &p99_ms) lost += seen.sent - seen.came;
    std::sort(seen.delay_us.begin(), seen.delay_us.end());
    delays.push_back(seen.delay_us[seen.delay_us.size() * 99 / 100] / 1000.0);
  };
  for (int round = 0; round < rounds; ++round) {
    measure(bare, bare_host, bare_ports, bare_us, bare_p99_ms);
    measure(worker.pid, worker_host, worker_ports, plain_us, plain_p99_ms);
    worker.order(calls, peers.ports, true);
    measure(worker.pid, worker_host, worker_ports, captured_us, p99_ms);
    with_calls = std::max(with_calls, memory_of(worker.pid));
    worker.stop_captures(calls);
    worker.order(calls, peers.ports, false);
  }
  worker.stop();
  kill(bare, SIGKILL);
  waitpid(bare, nullptr, 0);
  std::filesystem::remove_all(folder);

  // ratios of one round, whose parts ran within seconds of each other; then the median of the rounds
  std::vector<double> ratio, overhead;
  for (std::size_t i = 0; i < bare_us.size(); ++i) { ratio.push_back(captured_us[i] / bare_us[i]); overhead.push_back(captured_us[i] / plain_us[i]); }
  std::fprintf(stderr, "a packet: bare %.2f us, worker %.2f us, with capture %.2f us; p99 of the delay %.2f, %.2f, %.2f ms; %lld packets not seen again\n", median(bare_us),
               median(plain_us), median(captured_us), median(bare_p99_ms), median(plain_p99_ms), median(p99_ms), static_cast<long long>(lost));
  std::printf("{\"rtp_forward_ratio\": {\"value\": %.3f, \"unit\": \"x\", \"floor\": 1},\n"
              " \"rtp_forward_cpu_us\": {\"value\": %.2f, \"unit\": \"us\", \"floor\": %.2f},\n"
              " \"recording_overhead\": {\"value\": %.3f, \"unit\": \"x\", \"floor\": 1},\n"
              " \"relay_delay_ms_p99\": {\"value\": %.2f, \"unit\": \"ms\", \"floor\": %.2f},\n"
              " \"worker_bytes_per_call\": {\"value\": %lld, \"unit\": \"bytes\", \"floor\": null}}\n",
              median(ratio), median(captured_us), median(bare_us), median(overhead), median(p99_ms), median(bare_p99_ms), static_cast<long long>((with_calls - empty) / calls));
}
