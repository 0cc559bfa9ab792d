// CPU per call of the SIP stack alone: two endpoints in memory, INVITE, 180, 200, ACK, BYE, 200; both sides counted together.
// The caller's side dials as to a trunk, the callee's side believes it as one.
#include <ctime>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <vector>

#include "sip/endpoint.h"

using namespace pasokh;
using namespace pasokh::sip;

namespace {

struct Side : Out {
  std::deque<std::pair<Flow, std::string>> outbox;
  std::vector<Event> events;
  std::size_t saves = 0, saved_bytes = 0, largest = 0, sent = 0;
  void send(const Flow& to, std::string bytes, bool) override { ++sent; outbox.emplace_back(to, std::move(bytes)); }
  void event(Event event) override { events.push_back(std::move(event)); }
  void save(RowKind, std::string, std::string bytes) override { ++saves; saved_bytes += bytes.size(); largest = std::max(largest, bytes.size()); }
  void drop(RowKind, std::string) override {}
};

double cpu_us() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

EndpointConfig config(const char* ip) {
  EndpointConfig config;
  config.listen_udp = {{ip, 5060}};
  config.local_networks = {"127.0.0.0/8"};
  config.nonce_secret = "0123456789abcdef0123456789abcdef";
  return config;
}

TrunkConfig trunk_to(const char* ip) {
  TrunkConfig trunk;
  trunk.trunk = TrunkId{1};
  trunk.networks = {ip};
  trunk.targets = {{Transport::udp, {ip, 5060}, 0}};
  trunk.host = ip;
  trunk.options_every = Duration{};
  return trunk;
}

}  // namespace

int main(int argc, char** argv) {
  const int calls = argc > 1 ? std::atoi(argv[1]) : 20'000;
  Endpoint caller(config("127.0.0.1")), callee(config("127.0.0.2"));
  Side a, b;
  Instant now{1'000'000'000'000};
  caller.set_trunk(trunk_to("127.0.0.2"), now, a);
  callee.set_trunk(trunk_to("127.0.0.1"), now, b);
  const Flow from_a{Transport::udp, {"127.0.0.1", 5060}, 0}, from_b{Transport::udp, {"127.0.0.2", 5060}, 0};
  auto settle = [&] {
    while (!a.outbox.empty() || !b.outbox.empty()) {
      while (!a.outbox.empty()) { auto bytes = std::move(a.outbox.front().second); a.outbox.pop_front(); callee.datagram(from_a, bytes, now, b); }
      while (!b.outbox.empty()) { auto bytes = std::move(b.outbox.front().second); b.outbox.pop_front(); caller.datagram(from_b, bytes, now, a); }
    }
  };
  const double before = cpu_us();
  int ended = 0;
  for (int n = 0; n < calls; ++n) {
    now = now + Duration::milliseconds(1);                 // 1,000 calls per second: 32,000 calls' transactions live at a time
    if (caller.deadline() <= now) caller.on_timeout(now, a);
    if (callee.deadline() <= now) callee.on_timeout(now, b);
    const LegId leg{static_cast<std::uint64_t>(n) * 2 + 2};
    caller.dial_trunk(leg, TrunkId{1}, "02112345678", {"02187654321", ""}, {30000}, now, a);
    settle();
    LegId arrived;
    for (const auto& event : b.events) if (auto* found = std::get_if<LegArrived>(&event)) arrived = found->leg;
    callee.ring(arrived, now, b);
    settle();
    callee.accept(arrived, {40000}, now, b);
    settle();
    caller.end(leg, now, a);
    settle();
    for (const auto& event : b.events) ended += std::holds_alternative<LegEnded>(event);
    a.events.clear();
    b.events.clear();
  }
  const double each = (cpu_us() - before) / calls;
  std::printf("calls %d, ended %d, CPU per call (both sides) %.1f us, per leg %.1f us\n", calls, ended, each, each / 2);
  std::printf("saves per outgoing leg %.2f, per incoming leg %.2f, largest row %zu and %zu bytes, mean row %zu and %zu, messages per call %.2f\n",
              static_cast<double>(a.saves) / calls, static_cast<double>(b.saves) / calls, a.largest, b.largest, a.saved_bytes / a.saves, b.saved_bytes / b.saves,
              static_cast<double>(a.sent + b.sent) / calls);
  return ended == calls ? 0 : 1;
}
