// What the journal costs: commits as the switchboard makes them (group commit, FULL sync), CPU per event and per live row of
// all its threads, and how fast events come back. Prints; `make bench` collects. Argument: a folder on the disk to measure
// (default: a new one under the working folder, since /tmp may be memory).
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>

#include "storage/event_record.h"
#include "storage/journal.h"
#include "storage/reports_store.h"

using namespace pasokh;
using namespace pasokh::storage;
namespace f = pasokh::floor;

namespace {

double cpu_us() {
  struct rusage used {};
  ::getrusage(RUSAGE_SELF, &used);
  auto us = [](const timeval& t) { return 1e6 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec); };
  return us(used.ru_utime) + us(used.ru_stime);
}
double now_us() { return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

constexpr std::uint64_t agents = 1'000;

// The events of one queued call, as the floor tells it.
std::vector<f::Event> call_events(std::uint64_t n, Instant at) {
  const CallId call{n};
  const LegId customer{2 * n + 1}, phone{2 * n};
  const AgentId agent{1 + n % agents};
  f::OfferReason reason;
  for (std::uint64_t i = 0; i < 5; ++i) reason.first.push_back({{1 + (n + i) % agents}, static_cast<std::int64_t>(1'000'000 - i), at});
  reason.free = 100;
  reason.on_duty = 900;
  reason.excluded = {{"paused", 12}, {"talking", 640}};
  return {f::CallArrived{call, customer, f::Direction::inbound, {1}, "8000", {n}, {1}}, f::CallAnswered{call, customer}, f::CallQueued{call, {1}, 0, at, 1},
          f::CallOffered{call, {1}, agent, {agent.value}, phone, at + Duration::seconds(20), reason}, f::OfferRinging{call, agent, phone},
          f::OfferAnswered{call, agent, phone}, f::CallLeftQueue{call, {1}, f::LeftQueue::answered}, f::RecordingStarted{call, {n}, customer, phone, {}},
          f::RecordingStopped{call, {n}}, f::LegEnded{call, customer}, f::LegEnded{call, phone}, f::AgentLeftCall{call, agent},
          f::CallEnded{call, f::Outcome::answered}, f::LegMeasured{call, customer, 50, 50, 0, 100, 900, "PCMA"}, f::RecordingFinished{call, {n}, Duration::seconds(1), "00", 4'000}};
}

class Journalling {
 public:
  explicit Journalling(const std::string& dir) {
    auto opened = JournalWriter::open(dir, {.reserve_bytes = 1 << 20});
    if (!opened) { std::fprintf(stderr, "%s\n", opened.error().text.c_str()); std::exit(1); }
    journal_ = std::move(*opened);
    journal_->start([this](std::uint64_t ticket, const Trouble*) {
      std::lock_guard lock(mutex_);
      durable_ = ticket;
      changed_.notify_one();
    });
  }
  ~Journalling() { journal_->close(); }
  void submit(std::vector<f::Event> events, std::vector<RowChange> rows, Instant at) {
    Batch batch{++ticket_, {}, std::move(rows), {}};
    for (auto& event : events) batch.events.push_back({++seq_, at, std::move(event)});
    journal_->submit(std::move(batch));
  }
  void wait(std::uint64_t behind) {                  // at most so many batches on their way
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return durable_ + behind >= ticket_; });
  }
  std::uint64_t seq() const { return seq_; }

 private:
  std::unique_ptr<JournalWriter> journal_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t ticket_ = 0, durable_ = 0, seq_ = 0;
};

void show(const char* name, double value, const char* unit) { std::printf("%-34s %12.2f %s\n", name, value, unit); }

}  // namespace

int main(int argc, char** argv) {
  const std::string dir = argc > 1 ? argv[1] : "bench-journal-" + std::to_string(::getpid());
  std::filesystem::create_directories(dir);
  const Instant start{1'795'500'000'000'000};
  {
    Journalling journal(dir);
    journal.submit({f::QueueSet{{1}, "support", {}}}, {}, start);
    double cpu = cpu_us(), wall = now_us();
    constexpr std::uint64_t calls = 20'000;
    for (std::uint64_t n = 1; n <= calls; ++n) {     // as under load: many batches in a commit
      journal.submit(call_events(n, start + Duration::milliseconds(static_cast<std::int64_t>(n))), {}, start + Duration::milliseconds(static_cast<std::int64_t>(n)));
      if (n % 20 == 0) journal.wait(200);
    }
    journal.wait(0);
    const double events = calls * 15.0;
    show("journal_event_cpu_us", (cpu_us() - cpu) / events, "us CPU per event, all threads, building it included");
    show("journal_events_per_second", events / (now_us() - wall) * 1e6, "events/s, FULL sync");

    cpu = cpu_us();
    constexpr std::uint64_t batches = 20'000;
    for (std::uint64_t n = 1; n <= batches; ++n) {
      std::vector<RowChange> rows;
      for (std::uint64_t i = 0; i < 4; ++i) rows.push_back({LiveKind::sip_leg, std::to_string((n * 7 + i * 1'000) % 4'000), std::string(400, 'x')});
      journal.submit({}, std::move(rows), start);
      if (n % 20 == 0) journal.wait(200);
    }
    journal.wait(0);
    show("journal_row_cpu_us", (cpu_us() - cpu) / (batches * 4.0), "us CPU per live row of 400 bytes");

    wall = now_us();
    constexpr int singles = 300;
    for (int i = 0; i < singles; ++i) {
      journal.submit({f::LedgerCut{{1}, 1}}, {}, start);
      journal.wait(0);
    }
    show("journal_commit_ms", (now_us() - wall) / singles / 1e3, "ms, one event, one by one, FULL sync");
  }
  {
    auto reader = JournalReader::open(dir);
    std::uint64_t n = 0;
    double wall = now_us();
    (void)reader->read(0, UINT64_MAX, [&](const Recorded& recorded) { n += recorded.seq != 0; return true; });
    show("journal_read_events_per_second", static_cast<double>(n) / (now_us() - wall) * 1e6, "events/s, chain checked");
    std::vector<std::string> bodies;
    (void)reader->read_raw(0, [&](const JournalReader::Raw& raw) { bodies.emplace_back(raw.body); return bodies.size() < 300'000; });
    wall = now_us();
    f::Event event;
    std::size_t good = 0;
    for (const auto& body : bodies) good += decode_event(body, event);
    show("journal_decode_events_per_second", static_cast<double>(good) / (now_us() - wall) * 1e6, "events/s");
  }
  for (const bool at_once : {true, false}) {         // a rebuild; and as it goes on beside 50 calls/s, a batch a second
    for (const char* file : {"/reports.db", "/reports.db-wal", "/reports.db-shm"}) std::filesystem::remove(dir + file);
    double cpu = cpu_us();
    if (at_once) {
      auto store = ReportsStore::open(dir);
      (void)store->catch_up();
      show("projection_call_cpu_us_rebuild", (cpu_us() - cpu) / 20'000, "us CPU per queued call");
      continue;
    }
    const std::string slow = dir + "/slow";
    std::filesystem::create_directories(slow);
    Journalling journal(slow);
    auto store = ReportsStore::open(slow);
    double spent = 0;
    constexpr std::uint64_t calls = 4'000;
    for (std::uint64_t n = 1; n <= calls; ++n) {
      journal.submit(call_events(n, start + Duration::milliseconds(20 * static_cast<std::int64_t>(n))), {}, start + Duration::milliseconds(20 * static_cast<std::int64_t>(n)));
      if (n % 50 != 0) continue;
      journal.wait(0);
      cpu = cpu_us();
      (void)store->catch_up();
      spent += cpu_us() - cpu;
    }
    show("projection_call_cpu_us_50", spent / calls, "us CPU per queued call, 50 calls a batch");
  }
  std::filesystem::remove_all(dir);
}
