#include "switchboard/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/thread_name.h"

namespace pasokh::switchboard {
namespace {

using namespace std::chrono_literals;

struct Question {
  std::string host;
  std::uint16_t port = 0;
  sip::Transport transport = sip::Transport::udp;
  bool once = false;                                     // a name in a dialog, not a trunk's
};

constexpr std::size_t most_names = 200;                  // that wait

struct ServiceTarget {
  int priority = 0, weight = 0;
  std::string host;
  std::uint16_t port = 0;
};

bool is_ip(const std::string& host) {
  unsigned char buffer[16];
  return inet_pton(AF_INET, host.c_str(), buffer) == 1 || inet_pton(AF_INET6, host.c_str(), buffer) == 1;
}

void wait_for(ares_channel channel) {
  for (;;) {
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    const int bits = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
    pollfd polled[ARES_GETSOCK_MAXNUM];
    nfds_t n = 0;
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
      short events = 0;
      if (ARES_GETSOCK_READABLE(bits, i)) events |= POLLIN;
      if (ARES_GETSOCK_WRITABLE(bits, i)) events |= POLLOUT;
      if (events) polled[n++] = {sockets[i], events, 0};
    }
    if (n == 0) return;
    timeval longest{1, 0}, tv{};
    timeval* wait = ares_timeout(channel, &longest, &tv);
    if (poll(polled, n, static_cast<int>(wait->tv_sec * 1000 + wait->tv_usec / 1000) + 1) <= 0) { ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); continue; }
    for (nfds_t i = 0; i < n; ++i)
      ares_process_fd(channel, polled[i].revents & (POLLIN | POLLERR | POLLHUP) ? polled[i].fd : ARES_SOCKET_BAD, polled[i].revents & POLLOUT ? polled[i].fd : ARES_SOCKET_BAD);
  }
}

std::vector<ServiceTarget> services(ares_channel channel, const std::string& name) {
  std::vector<ServiceTarget> out;
  ares_query(channel, name.c_str(), C_IN, T_SRV, [](void* into, int status, int, unsigned char* answer, int length) {
    ares_srv_reply* reply = nullptr;
    if (status != ARES_SUCCESS || ares_parse_srv_reply(answer, length, &reply) != ARES_SUCCESS) return;
    for (auto* r = reply; r; r = r->next) static_cast<std::vector<ServiceTarget>*>(into)->push_back({r->priority, r->weight, r->host, r->port});
    ares_free_data(reply);
  }, &out);
  wait_for(channel);
  // RFC 2782: lower priority first; among equals the heavier first (DEPARTS: not drawn by weight, so that a replay is the same)
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return std::tie(a.priority, b.weight, a.host) < std::tie(b.priority, a.weight, b.host); });
  return out;
}

std::vector<std::string> addresses(ares_channel channel, const std::string& host) {
  std::vector<std::string> out;
  if (is_ip(host)) return {host};
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  ares_getaddrinfo(channel, host.c_str(), nullptr, &hints, [](void* into, int status, int, ares_addrinfo* result) {
    if (status != ARES_SUCCESS) return;
    for (auto* node = result->nodes; node; node = node->ai_next) {
      char buffer[INET6_ADDRSTRLEN] = {};
      if (node->ai_family == AF_INET) inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(node->ai_addr)->sin_addr, buffer, sizeof buffer);
      if (node->ai_family == AF_INET6) inet_ntop(AF_INET6, &reinterpret_cast<sockaddr_in6*>(node->ai_addr)->sin6_addr, buffer, sizeof buffer);
      if (*buffer) static_cast<std::vector<std::string>*>(into)->emplace_back(buffer);
    }
    ares_freeaddrinfo(result);
  }, &out);
  wait_for(channel);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return std::pair(a.find(':') != a.npos, a) < std::pair(b.find(':') != b.npos, b); });  // IPv4 first
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<sip::Flow> look_up(ares_channel channel, const Question& question) {
  std::vector<sip::Flow> out;
  auto add = [&](const std::string& host, std::uint16_t port) {
    for (const auto& ip : addresses(channel, host)) out.push_back({question.transport, {ip, port}, 0});
  };
  if (question.port == 0 && !is_ip(question.host))
    for (const auto& service : services(channel, std::string(question.transport == sip::Transport::tcp ? "_sip._tcp." : "_sip._udp.") + question.host)) add(service.host, service.port);
  if (out.empty()) add(question.host, question.port ? question.port : 5060);
  return out;
}

}  // namespace

struct Resolver::Impl {
  Found found;
  NameFound name_found;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, Question> questions;             // by trunk, or by what is asked
  std::size_t names = 0;                                 // among them
  std::map<std::string, std::chrono::steady_clock::time_point> due;
  bool ending = false;
  std::thread thread;

  void run() {
    ares_library_init(ARES_LIB_INIT_ALL);
    std::unique_lock lock(mutex);
    while (!ending) {
      auto next = std::min_element(due.begin(), due.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
      if (next == due.end()) { changed.wait(lock); continue; }
      if (next->second > std::chrono::steady_clock::now()) { changed.wait_until(lock, next->second); continue; }
      const auto trunk = next->first;
      const auto question = questions[trunk];
      lock.unlock();
      std::vector<sip::Flow> targets;
      ares_channel channel = nullptr;
      ares_options options{};
      options.timeout = 2000;
      options.tries = 2;
      if (ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) == ARES_SUCCESS) {
        targets = look_up(channel, question);
        ares_destroy(channel);
      }
      const bool none = targets.empty();
      if (question.once) {
        lock.lock();
        questions.erase(trunk);
        due.erase(trunk);
        --names;
        lock.unlock();
        name_found(question.host, question.port, question.transport, std::move(targets));
        lock.lock();
        continue;
      }
      found(trunk, std::move(targets));
      lock.lock();
      if (auto again = due.find(trunk); again != due.end()) again->second = std::chrono::steady_clock::now() + (none ? 30s : 300s);
    }
    ares_library_cleanup();
  }
};

Resolver::Resolver(Found found, NameFound name_found) : impl_(std::make_unique<Impl>()) {
  impl_->found = std::move(found);
  impl_->name_found = std::move(name_found);
  impl_->thread = std::thread([this] {
    name_this_thread("resolver");
    impl_->run();
  });
}

Resolver::~Resolver() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->ending = true;
  }
  impl_->changed.notify_all();
  impl_->thread.join();
}

void Resolver::resolve(const std::string& trunk, const std::string& host, std::uint16_t port, sip::Transport transport) {
  if (is_ip(host)) {
    impl_->found(trunk, {{transport, {host, port ? port : std::uint16_t{5060}}, 0}});
    return;
  }
  {
    std::lock_guard lock(impl_->mutex);
    impl_->questions[trunk] = {host, port, transport, false};
    impl_->due[trunk] = std::chrono::steady_clock::now();
  }
  impl_->changed.notify_all();
}

bool Resolver::resolve_name(const std::string& host, std::uint16_t port, sip::Transport transport) {
  // no trunk's code has a space in it
  const std::string key = "name " + host + " " + std::to_string(port) + (transport == sip::Transport::tcp ? " tcp" : " udp");
  {
    std::lock_guard lock(impl_->mutex);
    if (impl_->questions.contains(key)) return true;
    if (impl_->names >= most_names) return false;
    ++impl_->names;
    impl_->questions[key] = {host, port, transport, true};
    impl_->due[key] = std::chrono::steady_clock::now();
  }
  impl_->changed.notify_all();
  return true;
}

}  // namespace pasokh::switchboard
