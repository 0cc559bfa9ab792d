// bench_wallboard DIR SECONDS: life for the wallboard of a running centre. 500 queues and 5,000 agents are made and signed in; then,
// ten times a second, 50 agents change their state, agent "000" always among them: its pause reason is the number of the round.
// Says "ready" when everybody has signed in, then a line a round: number, and the wall clock in µs before the centre was asked.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "switchboard/commands.h"

using namespace std::chrono_literals;
using pasokh::switchboard::Command;
using pasokh::switchboard::Commands;

namespace {

constexpr int agents = 5'000, queues = 500, at_once = 50;
constexpr std::size_t batch_limit = 500;

std::string agent_code(int n) {
  char code[16];
  std::snprintf(code, sizeof code, "w%04d", n);
  return n == 0 ? "000" : code;
}

bool ask(const std::string& dir, const Commands& batch) {
  const auto reply = pasokh::switchboard::ask_centre(dir, batch);
  if (!reply.ok) std::fprintf(stderr, "%s (%s)\n", reply.text.c_str(), reply.code.c_str());
  return reply.ok;
}

bool ask_in_parts(const std::string& dir, const Commands& all) {
  for (std::size_t from = 0; from < all.size(); from += batch_limit) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(from);
    if (!ask(dir, Commands(begin, all.size() - from > batch_limit ? begin + batch_limit : all.end()))) return false;
  }
  return true;
}

bool settle_in(const std::string& dir) {
  Commands all;
  for (int q = 0; q < queues; ++q) all.push_back({"queue", "add", "wq" + std::to_string(q), {}, "bench"});
  for (int a = 0; a < agents; ++a) {
    const std::string device = std::to_string(50'000 + a);
    all.push_back({"device", "add", device, {}, "bench"});
    all.push_back({"agent", "add", agent_code(a), {{"device", device}, {"queues", "wq" + std::to_string(a % queues) + ",wq" + std::to_string((a + 7) % queues)}}, "bench"});
    all.push_back({"agent", "ready", agent_code(a), {}, "bench"});
  }
  return ask_in_parts(dir, all);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: bench_wallboard DIR SECONDS\n", stderr), 2;
  if (!settle_in(argv[1])) return 1;
  std::puts("ready");
  std::fflush(stdout);
  auto next = std::chrono::steady_clock::now();
  int other = 1;
  for (int round = 1; round <= std::atoi(argv[2]) * 10; ++round) {
    Commands batch{{"agent", "pause", agent_code(0), {{"reason", std::to_string(round)}}, "bench"}};
    for (int n = 1; n < at_once; ++n, other = other % (agents - 1) + 1)
      batch.push_back({"agent", "pause", agent_code(other), {{"reason", round % 2 ? "break" : "meeting"}}, "bench"});
    std::printf("%d %lld\n", round, static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()));
    std::fflush(stdout);
    if (!ask(argv[1], batch)) return 1;
    std::this_thread::sleep_until(next += 100ms);
  }
  return 0;
}
