#include "storage/journal.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "scratch.h"
#include "storage/database.h"
#include "storage/event_record.h"
#include "writing.h"

using namespace pasokh;
using namespace pasokh::storage;
namespace f = pasokh::floor;

namespace {

f::Event some_event(std::uint64_t n) {
  switch (n % 3) {
    case 0: return f::CallArrived{CallId{n}, LegId{n}, f::Direction::inbound, NumberId{1}, "8000", PartyId{n}};
    case 1: return f::CallQueued{CallId{n}, QueueId{1}, 0, Instant{static_cast<std::int64_t>(n)}, 1};
    default: return f::CallEnded{CallId{n}, f::Outcome::abandoned, f::EndCause::hung_up};
  }
}

Batch some_batch(std::uint64_t first, std::size_t n) {
  Batch batch;
  for (std::size_t i = 0; i < n; ++i) batch.events.push_back({0, Instant{static_cast<std::int64_t>(first + i) * 1000}, some_event(first + i)});
  return batch;
}

std::vector<std::string> everything(const std::string& dir) {
  std::vector<std::string> all;
  auto reader = JournalReader::open(dir);
  REQUIRE(reader.has_value());
  auto done = reader->read(0, UINT64_MAX, [&](const Recorded& r) { all.push_back(std::to_string(r.seq) + "@" + std::to_string(r.at.us) + to_bytes(r.event)); return true; });
  CHECK(done.has_value());
  return all;
}

// Changes the closed journal behind its back.
void tamper(const std::string& dir, const std::string& sql) {
  auto db = Database::open(dir + "/journal.db", Database::Mode::read_write);
  REQUIRE(db.has_value());
  auto done = db->run(sql);
  REQUIRE_MESSAGE(done.has_value(), (done ? "" : done.error().text));
  REQUIRE(db->checkpoint().has_value());
}

std::string damage(const std::string& dir) {
  auto reader = JournalReader::open(dir);
  if (!reader) return reader.error().text;
  auto verified = reader->verify();
  return verified ? verified->damaged : verified.error().text;
}

}  // namespace

TEST_CASE("what was acknowledged is there after a new start, in order, with its live rows (I1, design 4)") {
  Scratch scratch;
  {
    Writing writing(scratch.dir);
    auto batch = some_batch(1, 5);
    batch.rows = {{LiveKind::party, "1", "0211"}, {LiveKind::party, "2", "0212"}, {LiveKind::party, "1", "0213"}, {LiveKind::party, "2", std::nullopt}};
    REQUIRE(writing.wait(writing.submit(std::move(batch))));
    batch = some_batch(6, 2);
    batch.snapshot = "state after 7";
    REQUIRE(writing.wait(writing.submit(std::move(batch))));
    writing.write({some_event(8)}, Instant{8000});
  }
  auto opened = JournalWriter::open(scratch.dir, {.reserve_bytes = 0});
  REQUIRE(opened.has_value());
  CHECK((*opened)->opened().last_seq == 8);
  CHECK((*opened)->opened().last_at == Instant{8000});
  CHECK((*opened)->opened().snapshot_seq == 7);
  CHECK((*opened)->opened().snapshot == "state after 7");
  CHECK((*opened)->opened().damaged.empty());
  std::vector<std::string> rows;
  CHECK((*opened)->each_live([&](LiveKind kind, std::string_view key, std::string_view value) {
    CHECK(kind == LiveKind::party);
    rows.push_back(std::string(key) + "=" + std::string(value));
  }).has_value());
  CHECK(rows == std::vector<std::string>{"1=0213"});  // the last write of a key within one commit wins
  CHECK(everything(scratch.dir).size() == 8);
  auto reader = JournalReader::open(scratch.dir);
  CHECK(reader->live(LiveKind::party, "1") == "0213");
  CHECK_FALSE(reader->live(LiveKind::party, "2"));
  std::vector<std::uint64_t> some;
  CHECK(reader->read_these({2, 3, 7, 99}, [&](const Recorded& r) { some.push_back(r.seq); return true; }).has_value());
  CHECK(some == std::vector<std::uint64_t>{2, 3, 7});
}

TEST_CASE("a second writer is refused with the pid of the first; readers are not") {
  Scratch scratch;
  Writing writing(scratch.dir);
  auto second = JournalWriter::open(scratch.dir);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == "locked");
  CHECK(second.error().text.find(std::to_string(::getpid())) != std::string::npos);
  writing.write({some_event(1)}, Instant{1});
  CHECK(everything(scratch.dir).size() == 1);
}

TEST_CASE("only the newest snapshots are kept, and a damaged one gives way to the one before") {
  Scratch scratch;
  {
    Writing writing(scratch.dir, {.reserve_bytes = 0, .keep_snapshots = 2});
    for (int i = 1; i <= 4; ++i) {
      auto batch = some_batch(static_cast<std::uint64_t>(i), 1);
      batch.snapshot = "s" + std::to_string(i);
      REQUIRE(writing.wait(writing.submit(std::move(batch))));
    }
  }
  auto reader = JournalReader::open(scratch.dir);
  CHECK((*reader->snapshot(UINT64_MAX))->second == "s4");
  CHECK((*reader->snapshot(3))->second == "s3");
  CHECK_FALSE(*reader->snapshot(2));
  tamper(scratch.dir, "update snapshot set body = x'00' where seq = 4");
  CHECK((*reader->snapshot(UINT64_MAX))->second == "s3");
  CHECK(damage(scratch.dir).find("snapshot 4: checksum") != std::string::npos);
}

TEST_CASE("kill -9 while writing: nothing acknowledged is lost, nothing half written stays (design 4)") {
  for (int round = 0; round < 8; ++round) {
    Scratch scratch;
    int told[2];
    REQUIRE(::pipe(told) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(told[0]);
      auto journal = JournalWriter::open(scratch.dir, {.reserve_bytes = 0});
      if (!journal) ::_exit(1);
      std::atomic<std::uint64_t> last{0};
      (*journal)->start([&](std::uint64_t ticket, const Trouble* trouble) {
        if (!trouble) { (void)!::write(told[1], &ticket, sizeof ticket); last = ticket; }
      });
      std::uint64_t seq = 0;
      for (std::uint64_t ticket = 1;; ++ticket) {
        auto batch = some_batch(seq + 1, 1 + ticket % 4);
        batch.ticket = ticket;
        for (auto& event : batch.events) event.seq = ++seq;
        batch.rows.push_back({LiveKind::setting, "ticket", std::to_string(ticket)});
        (*journal)->submit(std::move(batch));
        while (ticket > last + 20) ::usleep(50);
      }
    }
    ::close(told[1]);
    std::uint64_t acknowledged = 0, ticket = 0;
    for (int i = 0; i < 40 + 37 * round && ::read(told[0], &ticket, sizeof ticket) == sizeof ticket; ++i) acknowledged = ticket;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(told[0], &ticket, sizeof ticket) == sizeof ticket) acknowledged = ticket;
    ::close(told[0]);
    REQUIRE(acknowledged > 0);

    std::uint64_t owed = 0;
    for (std::uint64_t t = 1; t <= acknowledged; ++t) owed += 1 + t % 4;
    CHECK(damage(scratch.dir) == "");
    auto opened = JournalWriter::open(scratch.dir, {.reserve_bytes = 0});
    REQUIRE(opened.has_value());
    CHECK((*opened)->opened().last_seq >= owed);
    CHECK((*opened)->opened().damaged == "");
    // events and rows of one batch came together
    auto reader = JournalReader::open(scratch.dir);
    const auto row = std::stoull(reader->live(LiveKind::setting, "ticket").value_or("0"));
    CHECK(row >= acknowledged);
    std::uint64_t sum = 0;
    for (std::uint64_t t = 1; t <= row; ++t) sum += 1 + t % 4;
    CHECK(sum == reader->last_seq());
    std::uint64_t n = 0;
    CHECK(reader->read(0, UINT64_MAX, [&](const Recorded& r) { ++n; CHECK(r.event.index() == some_event(n).index()); return true; }).has_value());
    CHECK(n == sum);
  }
}

TEST_CASE("one flipped bit in 1,000 random places of the events is always found, and its range named (threats 4, fault 6)") {
  Scratch scratch;
  {
    Writing writing(scratch.dir);
    REQUIRE(writing.wait(writing.submit(some_batch(1, 300))));
  }
  REQUIRE(damage(scratch.dir) == "");
  auto db = Database::open(scratch.dir + "/journal.db", Database::Mode::read_write);
  auto get = db->prepare("select at, kind, body, sum from event where seq = $1");
  auto put = db->prepare("update event set at = $1, kind = $2, body = $3, sum = $4 where seq = $5");
  std::mt19937_64 dice(7);
  auto reader = JournalReader::open(scratch.dir);
  for (int i = 0; i < 1'000; ++i) {
    const std::uint64_t seq = 1 + dice() % 300;
    std::int64_t at = 0, kind = 0;
    std::string body, sum;
    REQUIRE(get->each([&](Statement& row) { at = row.integer(0); kind = row.integer(1); body = row.blob(2); sum = row.blob(3); }, seq).has_value());
    auto at2 = at, kind2 = kind;
    auto body2 = body, sum2 = sum;
    const auto bit = dice();
    switch (dice() % 8) {
      case 0: at2 ^= 1ll << (bit % 60); break;
      case 1: kind2 ^= 1ll << (bit % 6); break;
      case 2: case 3: sum2[bit % sum2.size()] ^= static_cast<char>(1 << (bit / 64 % 8)); break;
      default: body2[bit % body2.size()] ^= static_cast<char>(1 << (bit / 64 % 8)); break;
    }
    REQUIRE(put->run(at2, kind2, Blob{body2}, Blob{sum2}, seq).has_value());
    auto verified = reader->verify();
    REQUIRE(verified.has_value());
    REQUIRE_MESSAGE(verified->damaged.find("events " + std::to_string(seq) + "-") == 0, "round " << i << ": " << verified->damaged);
    REQUIRE(put->run(at, kind, Blob{body}, Blob{sum}, seq).has_value());
  }
  CHECK(reader->verify()->damaged == "");
}

TEST_CASE("one flipped bit anywhere in the file: found, or without any effect on what is read (threats 4, fault 6)") {
  Scratch scratch;
  {
    Writing writing(scratch.dir);
    REQUIRE(writing.wait(writing.submit(some_batch(1, 400))));
  }
  const auto truth = everything(scratch.dir);
  std::ifstream in(scratch.dir + "/journal.db", std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  std::mt19937_64 dice(11);
  int found = 0;
  for (int i = 0; i < 300; ++i) {
    Scratch copy;
    auto bytes = whole;
    bytes[dice() % bytes.size()] ^= static_cast<char>(1 << dice() % 8);
    { std::ofstream out(copy.dir + "/journal.db", std::ios::binary); out << bytes; }
    if (!damage(copy.dir).empty()) { ++found; continue; }
    CHECK(everything(copy.dir) == truth);
  }
  CHECK(found > 100);
}

TEST_CASE("missing events are named") {
  Scratch scratch;
  {
    Writing writing(scratch.dir);
    REQUIRE(writing.wait(writing.submit(some_batch(1, 20))));
  }
  tamper(scratch.dir, "delete from event where seq between 7 and 9");
  CHECK(damage(scratch.dir) == "events 7-9: missing");
  auto reader = JournalReader::open(scratch.dir);
  std::uint64_t last = 0;
  auto read = reader->read(0, UINT64_MAX, [&](const Recorded& r) { last = r.seq; return true; });
  REQUIRE_FALSE(read);
  CHECK(read.error().code == "damaged");
  CHECK(last == 6);
  CHECK(*reader->next_sound(6) == 11);  // 10 cannot be judged: what stood before it is gone
}

TEST_CASE("damage after the newest snapshot: what is before is used, appending goes on, and verify never forgets") {
  Scratch scratch;
  {
    Writing writing(scratch.dir);
    auto batch = some_batch(1, 10);
    batch.snapshot = "state after 10";
    REQUIRE(writing.wait(writing.submit(std::move(batch))));
    REQUIRE(writing.wait(writing.submit(some_batch(11, 10))));
  }
  tamper(scratch.dir, "update event set body = x'0100' where seq = 15");
  {
    Writing writing(scratch.dir);
    CHECK(writing.journal->opened().damaged.find("events 15-20: set aside") == 0);
    CHECK(writing.journal->opened().last_seq == 14);
    CHECK(writing.journal->opened().snapshot == "state after 10");
    REQUIRE(writing.wait(writing.submit(some_batch(100, 3))));
  }
  CHECK(everything(scratch.dir).size() == 17);
  CHECK(damage(scratch.dir) == "events 15-20: damaged, set aside at a start");
  auto again = JournalWriter::open(scratch.dir, {.reserve_bytes = 0});
  CHECK((*again)->opened().damaged == "");
}

TEST_CASE("a disk that takes no more: told once, the batch waits, and all of it is there when space comes back (threats 4, fault 4)") {
  Scratch scratch;
  Writing writing(scratch.dir);
  writing.write({some_event(1)}, Instant{1});
  struct rlimit before {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  auto ignored = ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 64 << 10;  // a write past the limit fails (EFBIG)
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto ticket = writing.submit(some_batch(2, 5'000));
  const bool told = writing.wait_for_trouble();
  const bool early = writing.wait(ticket, 250);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, ignored);
  CHECK(told);
  CHECK_FALSE(early);
  CHECK(writing.wait(ticket));
  CHECK(writing.troubles.size() == 1);
  CHECK(writing.troubles[0].code == "disk");
  CHECK(everything(scratch.dir).size() == 5'001);
  CHECK(damage(scratch.dir) == "");
}

TEST_CASE("a full disk with a reserve: calls in progress go on from it, free_bytes says so, and it comes back with the space") {
  Scratch scratch;
  if (::mount("tmpfs", scratch.dir.c_str(), "tmpfs", 0, "size=40m") != 0) {
    MESSAGE("mounting a small disk is not permitted here: skipped");
    return;
  }
  {
    Writing writing(scratch.dir, {.reserve_bytes = 8 << 20});
    writing.write({some_event(1)}, Instant{1});
    CHECK(writing.journal->free_bytes() > 0);
    const std::string filler = scratch.dir + "/recordings";
    const int fd = ::open(filler.c_str(), O_CREAT | O_WRONLY, 0600);
    const std::string block(64 << 10, 'x');
    while (::write(fd, block.data(), block.size()) > 0) {}
    for (int i = 0; i < 40; ++i) REQUIRE(writing.wait(writing.submit(some_batch(writing.seq + 1, 1'000))));
    CHECK(writing.troubles.empty());
    CHECK(writing.journal->free_bytes() <= 0);
    // the reserve is used up in the end: then the batch waits, and says so
    std::uint64_t ticket = 0;
    for (int i = 0; i < 200 && writing.troubles.empty(); ++i) ticket = writing.submit(some_batch(writing.seq + 1, 1'000)), writing.wait(ticket, 300);
    CHECK(writing.troubles.size() == 1);
    CHECK(writing.troubles[0].code == "disk-full");
    ::close(fd);
    ::unlink(filler.c_str());
    CHECK(writing.wait(ticket));
    for (int i = 0; i < 50 && writing.journal->free_bytes() <= 0; ++i) ::usleep(100'000);
    CHECK(writing.journal->free_bytes() > 0);
    for (int i = 0; i < 50 && std::filesystem::file_size(scratch.dir + "/reserve") == 0; ++i) ::usleep(100'000);
    CHECK(std::filesystem::file_size(scratch.dir + "/reserve") == 8 << 20);
  }
  CHECK(damage(scratch.dir) == "");
  CHECK(everything(scratch.dir).size() > 40'001);
  ::umount(scratch.dir.c_str());
}

TEST_CASE("an event of every kind is written with its name in event_kind and read back equal") {
  Scratch scratch;
  Writing writing(scratch.dir);
  std::vector<f::Event> all;
  [&]<std::size_t... I>(std::index_sequence<I...>) { (all.emplace_back(std::in_place_index<I>), ...); }(std::make_index_sequence<std::variant_size_v<f::Event>>());
  writing.write(all, Instant{5});
  std::size_t n = 0;
  auto reader = JournalReader::open(scratch.dir);
  CHECK(reader->read(0, UINT64_MAX, [&](const Recorded& r) { CHECK(to_bytes(r.event) == to_bytes(all[n++])); return true; }).has_value());
  CHECK(n == all.size());
  auto db = Database::open(scratch.dir + "/journal.db", Database::Mode::read_only);
  auto names = db->prepare("select count(*) from event join event_kind on event_kind.kind = event.kind");
  CHECK(*names->number() == static_cast<std::int64_t>(all.size()));
  CHECK(kind_name(19) == "CallArrived");
}
