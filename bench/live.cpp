// bench_live DIR: what a wallboard of 5,000 agents and 500 queues costs. A floor is made, its events go into a journal in DIR as a switchboard
// writes them (500 events a second), a LiveFloor follows each 100 ms as the hub does.
//   follow_us_per_event   CPU of the follower for one event: reading, verifying, evolving
//   delta_us              CPU of one delta of 100 ms (50 events): rows, JSON
//   snapshot_ms, bytes    what a newcomer is sent
//   latency_ms_p95        from the event (handed to the journal) to its delta's text, flushes each 100 ms
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <random>
#include <thread>

#include "api/live_floor.h"

using namespace pasokh;
using Clock = std::chrono::steady_clock;

namespace {

double cpu_us() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}
double at(std::vector<double>& all, double share) {
  std::sort(all.begin(), all.end());
  return all.empty() ? 0 : all[std::min(all.size() - 1, static_cast<std::size_t>(share * static_cast<double>(all.size())))];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: bench_live DIR (empty, is filled)\n", stderr), 2;
  constexpr int agents = 5'000, queues = 500, queues_each = 5, seconds = 10, events_a_second = 500;
  floor::Floor floor;
  Instant now{1'795'000'000'000'000};
  auto writer = storage::JournalWriter::open(argv[1], {.reserve_bytes = 1 << 20});
  if (!writer) return std::fprintf(stderr, "%s\n", writer.error().text.c_str()), 1;
  std::mutex guard;
  std::condition_variable came;
  std::uint64_t committed = 0, ticket = 0, seq = 0;
  (*writer)->start([&](std::uint64_t t, const Trouble*) {
    const std::scoped_lock lock(guard);
    committed = t;
    came.notify_all();
  });
  std::vector<storage::Recorded> gathered;
  const auto tell = [&](const floor::Stimulus& stimulus) {
    auto turn = floor.handle(stimulus, now);
    for (auto& event : turn.events) gathered.push_back({++seq, now, std::move(event)});
    return turn.events.size();
  };
  const auto commit = [&] {
    if (gathered.empty()) return;
    storage::Batch batch;
    batch.ticket = ++ticket;
    batch.events = std::move(gathered);
    gathered.clear();
    (*writer)->submit(std::move(batch));
  };
  const auto wait = [&] {
    std::unique_lock lock(guard);
    came.wait(lock, [&] { return committed == ticket; });
  };
  const auto code = [](char kind, int n) { return std::string(1, kind) + std::to_string(n); };
  tell(floor::Configure{"trunk", "add", "carrier", {{"max_channels", "0"}, {"host", "10.0.0.1"}}, "bench"});
  for (int q = 0; q < queues; ++q) {
    tell(floor::Configure{"queue", "add", code('q', q), {{"notice", "no"}, {"announce_place", "no"}, {"wrap_up", "2s"}}, "bench"});
    tell(floor::Configure{"number", "add", std::to_string(8'000 + q), {{"queue", code('q', q)}}, "bench"});
  }
  for (int a = 0; a < agents; ++a) {
    std::string of;
    for (int i = 0; i < queues_each; ++i) of += (i ? "," : "") + code('q', (a * queues_each + i) % queues);
    tell(floor::Configure{"device", "add", std::to_string(20'000 + a), {}, "bench"});
    tell(floor::Configure{"agent", "add", code('a', a), {{"queues", of}, {"device", std::to_string(20'000 + a)}}, "bench"});
    tell(floor::DeviceReachable{floor.device(std::to_string(20'000 + a)), true});
    tell(floor::SignIn{code('a', a), "", "bench"});
    if (a % 500 == 0) commit();
  }
  commit();
  wait();

  auto opened = api::LiveFloor::open(argv[1]);
  if (!opened) return std::fprintf(stderr, "%s\n", opened.error().text.c_str()), 1;
  api::LiveFloor& live = *opened;
  const double snapshot_begins = cpu_us();
  const std::size_t bytes = live.snapshot().size();
  const double snapshot_us = cpu_us() - snapshot_begins;
  (void)live.delta();

  std::mt19937 dice(1);
  std::vector<double> latencies, delta_us;
  double follow_us = 0;
  std::uint64_t followed = 0, delta_bytes = 0;
  std::vector<std::pair<std::uint64_t, Clock::time_point>> told;
  std::uint64_t next_leg = 1;
  std::vector<std::pair<LegId, int>> customers;
  const auto began = Clock::now();
  auto next_flush = began;
  std::uint64_t made = 0;
  for (int turn = 0; turn < seconds * 1'000 / 15; ++turn) {  // a commit each 15 ms, as the switchboard makes them
    std::this_thread::sleep_until(began + std::chrono::milliseconds(15) * turn);
    now = now + Duration::milliseconds(15);
    while (floor.deadline() <= now) made += tell(floor::Tick{});
    while (made < static_cast<std::uint64_t>(turn) * 15 * events_a_second / 1'000) {
      const LegId leg{next_leg};
      next_leg += 2;
      const int queue = static_cast<int>(dice() % queues);
      made += tell(floor::LegArrived{leg, floor.trunk("carrier"), {}, std::to_string(8'000 + queue), PartyId{leg.value}, {}});
      for (auto it = gathered.rbegin(); it != gathered.rend(); ++it)
        if (const auto* offer = std::get_if<floor::CallOffered>(&it->event)) {
          const LegId ringing = offer->leg;
          made += tell(floor::LegRinging{ringing});
          made += tell(floor::LegAnsweredByPeer{ringing});
          break;
        }
      customers.emplace_back(leg, turn + 200);
    }
    while (!customers.empty() && customers.front().second <= turn) {
      made += tell(floor::LegGone{customers.front().first, floor::EndCause::hung_up});
      customers.erase(customers.begin());
    }
    told.emplace_back(seq, Clock::now());
    commit();
    if (Clock::now() < next_flush) continue;
    next_flush = Clock::now() + std::chrono::milliseconds(100);
    const auto before = live.seq();
    const double a = cpu_us();
    if (auto moved = live.catch_up(); !moved) return std::fprintf(stderr, "%s\n", moved.error().text.c_str()), 1;
    const double b = cpu_us();
    live.look_round();
    if (auto delta = live.delta()) delta_bytes += delta->size();
    const double c = cpu_us();
    follow_us += b - a;
    followed += live.seq() - before;
    delta_us.push_back(c - b);
    const auto sent = Clock::now();
    std::erase_if(told, [&](const auto& t) {
      if (t.first > live.seq()) return false;
      latencies.push_back(std::chrono::duration<double, std::milli>(sent - t.second).count());
      return true;
    });
  }
  std::printf("{\"agents\":%d,\"queues\":%d,\"events_per_s\":%.0f,\"follow_us_per_event\":%.2f,\"delta_us_p50\":%.0f,\"delta_us_p95\":%.0f,\"delta_bytes\":%.0f,\"snapshot_ms\":%.1f,\"snapshot_bytes\":%zu,"
              "\"latency_ms_p50\":%.1f,\"latency_ms_p95\":%.1f,\"core_share_percent\":%.2f}\n",
              agents, queues, static_cast<double>(made) / seconds, follow_us / static_cast<double>(std::max<std::uint64_t>(1, followed)), at(delta_us, 0.5), at(delta_us, 0.95),
              static_cast<double>(delta_bytes) / static_cast<double>(std::max<std::size_t>(1, delta_us.size())), snapshot_us / 1e3, bytes, at(latencies, 0.5), at(latencies, 0.95),
              (follow_us + [&] { double sum = 0; for (const double d : delta_us) sum += d; return sum; }()) / (seconds * 1e6) * 100);
  (*writer)->close();
}
