// Power cuts at every sync point of a scripted run (D5, A4). What the journal acknowledged is there, its chain verifies, no batch is
// half there, and the live rows are those of the last batch; the read models answer as if freshly built; users and audit are whole.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "base/codec.h"
#include "base/json_text.h"
#include "power_cut_vfs.h"
#include "simulate/world.h"
#include "storage/access_store.h"
#include "storage/journal.h"
#include "storage/report_queries.h"

using namespace pasokh;
using namespace pasokh::chaos;

namespace {

constexpr Unsynced fates[] = {Unsynced::lost, Unsynced::kept, Unsynced::torn};

struct Folder {
  std::string path;
  Folder() { char name[] = "/tmp/pasokh-power-XXXXXX"; path = ::mkdtemp(name); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string& name) const { return path + "/" + name; }
};

std::vector<simulate::Recorded> centre_events() {
  simulate::Plan plan = simulate::any_centre(4);
  plan.crash_permyriad = 0;
  simulate::World world(plan);
  world.keep_journal();
  world.run();
  return world.journal();
}

std::string bytes_of(const floor::Event& event) {
  Writer writer;
  encode(writer, event);
  return std::move(writer.bytes);
}

// One batch of the script: some events, a row that tells its number, now and then a snapshot.
struct Script {
  std::vector<storage::Batch> batches;
  std::vector<std::uint64_t> ends;       // last event of batch n
  std::vector<std::string> bodies;       // by seq - 1
  explicit Script(std::size_t most_batches) {
    const auto events = centre_events();
    std::size_t at = 0;
    std::uint64_t seq = 0;
    for (std::uint64_t n = 1; n <= most_batches && at < events.size(); ++n) {
      storage::Batch batch;
      batch.ticket = n;
      for (std::size_t k = 0; k < 1 + n * 7 % 20 && at < events.size(); ++k, ++at) {
        bodies.push_back(bytes_of(events[at].event));
        batch.events.push_back({++seq, events[at].at, events[at].event});
      }
      batch.rows.push_back({storage::LiveKind::setting, "batch", std::to_string(n)});
      batch.rows.push_back({storage::LiveKind::sip_leg, "leg" + std::to_string(n % 7), n % 3 == 0 ? std::nullopt : std::optional<std::string>(std::string(300, 'x') + std::to_string(n))});
      if (n % 12 == 0) batch.snapshot = std::string(400'000, 's') + std::to_string(n);
      ends.push_back(seq);
      batches.push_back(std::move(batch));
    }
  }
};

storage::JournalLimits small() { return {.reserve_bytes = 4'096, .keep_snapshots = 3}; }

void judge_journal(const std::string& dir, const Script& script, std::uint64_t acknowledged) {
  std::uint64_t last = 0;
  {
    auto journal = storage::JournalWriter::open(dir, small());
    REQUIRE_MESSAGE(journal, (journal ? "" : journal.error().text));
    CHECK((*journal)->opened().damaged == "");
    last = (*journal)->opened().last_seq;
    (*journal)->start([](std::uint64_t, const Trouble*) {});
    (*journal)->close();
  }
  const auto whole = last == 0 ? script.ends.begin() : std::find(script.ends.begin(), script.ends.end(), last);
  REQUIRE_MESSAGE((last == 0 || whole != script.ends.end()), "a batch is half there: the last event is " << last);
  const std::uint64_t batch = last == 0 ? 0 : static_cast<std::uint64_t>(whole - script.ends.begin()) + 1;
  CHECK_MESSAGE(batch >= acknowledged, "batch " << acknowledged << " was acknowledged, " << batch << " is there");
  auto reader = storage::JournalReader::open(dir);
  REQUIRE(reader);
  const auto verified = reader->verify();
  REQUIRE(verified);
  CHECK(verified->damaged == "");
  CHECK(verified->events == last);
  bool same = true;
  CHECK(reader->read(0, UINT64_MAX, [&](const storage::Recorded& r) { same = same && bytes_of(r.event) == script.bodies[r.seq - 1]; return true; }));
  CHECK(same);
  CHECK(reader->live(storage::LiveKind::setting, "batch").value_or("0") == std::to_string(batch));
}

}  // namespace

TEST_CASE("the journal keeps its promises at every sync point, whatever becomes of what was not synced") {
  Folder folder;
  const std::string dir = folder / "centre";
  std::filesystem::create_directories(dir);
  const Script script(160);
  std::atomic<std::uint64_t> acknowledged{0};
  std::uint64_t points = 0;
  std::mutex one_at_a_time;
  {
    PowerCutDisk disk(dir);
    disk.on_sync = [&](std::uint64_t n) {
      const std::lock_guard lock(one_at_a_time);
      ++points;
      for (const Unsynced fate : fates) {
        CAPTURE(n);
        CAPTURE(static_cast<int>(fate));
        const std::string cut = folder / "cut";
        const std::uint64_t acknowledged_before = acknowledged;
        disk.picture(cut, fate, n);
        judge_journal(cut, script, acknowledged_before);
        std::filesystem::remove_all(cut);
      }
    };
    auto journal = storage::JournalWriter::open(dir, small());
    REQUIRE(journal);
    (*journal)->start([&](std::uint64_t ticket, const Trouble* trouble) { if (!trouble) acknowledged = ticket; });
    for (const auto& batch : script.batches) {
      (*journal)->submit(batch);
      if (batch.ticket % 4 == 0) while (acknowledged < batch.ticket) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // some come together, some alone
    }
    (*journal)->close();
  }
  REQUIRE(acknowledged == script.batches.size());
  CHECK(points > 100);
  MESSAGE(points << " points, " << script.batches.size() << " batches, " << script.bodies.size() << " events");
}

TEST_CASE("the judge bites: a disk that says synced and has not is found") {
  Folder folder;
  const std::string dir = folder / "centre";
  std::filesystem::create_directories(dir);
  const Script script(20);
  std::atomic<std::uint64_t> acknowledged{0};
  {
    PowerCutDisk disk(dir);
    disk.on_sync = [&](std::uint64_t n) { if (n == 8) disk.picture(folder / "old", Unsynced::lost, n); };  // as if nothing after it had been synced
    auto journal = storage::JournalWriter::open(dir, small());
    REQUIRE(journal);
    (*journal)->start([&](std::uint64_t ticket, const Trouble* trouble) { if (!trouble) acknowledged = ticket; });
    for (const auto& batch : script.batches) (*journal)->submit(batch);
    (*journal)->close();
  }
  auto reader = storage::JournalReader::open(folder / "old");
  const std::uint64_t there = reader ? reader->last_seq() : 0;
  CHECK(there < script.ends[acknowledged - 1]);
}

TEST_CASE("the read models answer after any power cut as if they had been built anew") {
  Folder folder;
  const std::string dir = folder / "centre";
  std::filesystem::create_directories(dir);
  const Script script(60);
  {
    auto journal = storage::JournalWriter::open(dir, small());
    REQUIRE(journal);
    (*journal)->start([](std::uint64_t, const Trouble*) {});
    for (const auto& batch : script.batches) (*journal)->submit(batch);
    (*journal)->close();
  }
  storage::ReportFilter filter;
  filter.now = Instant{1'795'679'200'000'000};
  auto told = [&](const std::string& in) {
    auto reports = storage::Reports::open(in);
    REQUIRE_MESSAGE(reports, (reports ? "" : reports.error().text));
    auto queues = reports->queues(filter);
    REQUIRE_MESSAGE(queues, (queues ? "" : queues.error().text));
    auto agents = reports->agents(filter);
    auto calls = reports->calls(filter);
    REQUIRE(agents);
    REQUIRE(calls);
    return json_text(*queues) + json_text(*agents) + json_text(*calls);
  };
  std::uint64_t points = 0;
  {
    PowerCutDisk disk(dir);
    disk.on_sync = [&](std::uint64_t n) {
      points = n + 1;
      for (const Unsynced fate : fates) disk.picture(folder / (std::to_string(n) + "-" + std::to_string(static_cast<int>(fate))), fate, n);
    };
    auto reports = storage::Reports::open(dir);
    REQUIRE(reports);
    REQUIRE(reports->catch_up());
  }
  const std::string whole = told(dir);
  CHECK(points > 4);
  for (std::uint64_t n = 0; n < points; ++n)
    for (const Unsynced fate : fates) {
      CAPTURE(n);
      CAPTURE(static_cast<int>(fate));
      const std::string cut = folder / (std::to_string(n) + "-" + std::to_string(static_cast<int>(fate)));
      for (const char* name : {"/journal.db", "/journal.db-wal"})  // opened only for reading: it is on the disk
        if (std::filesystem::exists(dir + name)) std::filesystem::copy_file(dir + name, cut + name, std::filesystem::copy_options::overwrite_existing);
      const bool as_built_anew = told(cut) == whole;
      CHECK(as_built_anew);
    }
}

TEST_CASE("users and audit rows that were acknowledged are there after a power cut, and the audit chain verifies") {
  Folder folder;
  const std::string dir = folder / "centre";
  std::filesystem::create_directories(dir);
  std::atomic<int> acknowledged{0};
  std::map<std::uint64_t, int> acknowledged_at;
  {
    PowerCutDisk disk(dir);
    disk.on_sync = [&](std::uint64_t n) {
      acknowledged_at[n] = acknowledged;
      for (const Unsynced fate : fates) disk.picture(folder / (std::to_string(n) + "-" + std::to_string(static_cast<int>(fate))), fate, n);
    };
    auto store = storage::AccessStore::open(dir);
    REQUIRE(store);
    for (int n = 1; n <= 40; ++n) {
      storage::User user;
      user.login = "user" + std::to_string(n);
      user.password_hash = std::string(100, 'h');
      REQUIRE((*store)->add(user));
      REQUIRE((*store)->audit(storage::AuditRow{0, Instant{n * 1'000'000}, "admin", "here", "user_add", user.login, "done"}));
      acknowledged = n;
    }
  }
  REQUIRE(acknowledged_at.size() > 40);
  for (const auto& [point, users_then] : acknowledged_at)
    for (const Unsynced fate : fates) {
      const std::uint64_t n = point;  // doctest captures by reference; bindings cannot be
      const int users = users_then;
      CAPTURE(n);
      CAPTURE(static_cast<int>(fate));
      auto store = storage::AccessStore::open(folder / (std::to_string(n) + "-" + std::to_string(static_cast<int>(fate))));
      REQUIRE_MESSAGE(store, (store ? "" : store.error().text));
      auto all = (*store)->users();
      REQUIRE(all);
      CHECK(static_cast<int>(all->size()) >= users);
      CHECK(static_cast<int>(all->size()) <= users + 1);
      const auto audit = (*store)->verify_audit();
      REQUIRE(audit);
      CHECK(*audit == "");
    }
}
