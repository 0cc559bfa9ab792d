// The capture: what was put in comes out, and nothing that was touched is believed. (threats §4 F6; "Recordings and keys")
#include "peers.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>

#include "media/capture.h"
#include "media/test_points.h"
#include "written_capture.h"

using namespace pasokh;
using namespace pasokh::media;
using namespace pasokh::media::test;

namespace {

const std::string key(32, '\x5a');

struct Kept {
  CaptureRecord record;
  std::string bytes;
  bool operator==(const Kept& other) const {
    return record.kind == other.record.kind && record.arrived_us == other.record.arrived_us && record.agent == other.record.agent && record.payload == other.record.payload &&
           record.sequence == other.record.sequence && record.timestamp == other.record.timestamp && record.ssrc == other.record.ssrc && bytes == other.bytes;
  }
};

std::vector<Kept> records(int from, int to) {
  std::vector<Kept> kept;
  for (int i = from; i < to; ++i) {
    Kept one;
    one.record.kind = i % 17 == 3 ? CaptureRecord::Kind::event : CaptureRecord::Kind::audio;
    one.record.arrived_us = 1'700'000'000'000'000 + i * 10'000;
    one.record.agent = i % 2 == 1;
    one.record.payload = i % 2 ? 0 : 8;
    one.record.sequence = static_cast<std::uint16_t>(65530 + i);
    one.record.timestamp = static_cast<std::uint32_t>(i * 160);
    one.record.ssrc = 0xabc;
    const auto octets = speech(static_cast<std::uint32_t>(i), i % 17 == 3 ? 4 : 160);
    one.bytes.assign(octets.begin(), octets.end());
    kept.push_back(one);
  }
  return kept;
}

void write_all(WrittenCapture& writer, const std::vector<Kept>& kept) {
  for (const auto& one : kept) {
    CaptureRecord record = one.record;
    record.bytes = one.bytes;
    writer.add(record);
  }
}

Result<CaptureSummary> read_all(const std::string& file, std::vector<Kept>& kept, const std::string& with = key) {
  return read_capture(file, with, [&](const CaptureRecord& record) {
    kept.push_back({record, std::string(record.bytes)});
    kept.back().record.bytes = {};
  });
}

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void put_content(const std::string& file, const std::string& content) { std::ofstream(file, std::ios::binary | std::ios::trunc) << content; }

std::string made(const Folder& folder, int count = 200) {
  const std::string file = folder.path + "/1.capture";
  WrittenCapture writer(file, key, {1});
  write_all(writer, records(0, count));
  writer.flush();
  REQUIRE(writer.good());
  return file;
}

}  // namespace

TEST_CASE("a capture gives back what was put in, and its blocks span at most 200 ms") {
  Folder folder;
  const auto file = made(folder);
  std::vector<Kept> kept;
  const auto summary = read_all(file, kept);
  REQUIRE(summary);
  CHECK(kept == records(0, 200));
  CHECK(summary->records == 200);
  CHECK(summary->blocks >= 2'000'000 / 200'000);   // 2 s of records
  CHECK_FALSE(summary->torn_end);
  CHECK(summary->damaged.empty());
}

TEST_CASE("nothing of the sound stands readable in the file") {
  Folder folder;
  const std::string file = folder.path + "/1.capture", secret = "the card number is 6037-9911";
  WrittenCapture writer(file, key, {1});
  CaptureRecord record;
  record.bytes = secret;
  for (int i = 0; i < 50; ++i) writer.add(record);
  writer.flush();
  CHECK(content_of(file).find("6037") == std::string::npos);
}

TEST_CASE("a torn last block is named, and everything before it is there, wherever the file was cut") {
  Folder folder;
  const auto file = made(folder, 60);
  const auto whole = content_of(file);
  const auto all = records(0, 60);
  std::size_t most = 0;
  for (std::size_t cut = whole.size() - 1; cut > 28; cut -= 7) {
    REQUIRE(truncate(file.c_str(), static_cast<off_t>(cut)) == 0);
    std::vector<Kept> kept;
    const auto summary = read_all(file, kept);
    REQUIRE(summary);
    CHECK(summary->damaged.empty());
    REQUIRE(kept.size() <= all.size());
    CHECK(std::equal(kept.begin(), kept.end(), all.begin()));
    most = std::max(most, kept.size());
    if (cut < 40) break;
  }
  CHECK(most > 40);
}

TEST_CASE("each single flipped bit is found") {
  Folder folder;
  const auto file = made(folder, 40);
  const auto whole = content_of(file);
  const auto all = records(0, 40);
  int missed = 0, tried = 0;
  const int fd = open(file.c_str(), O_WRONLY);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    const char changed = static_cast<char>(whole[at] ^ (1 << (at % 8)));
    REQUIRE(pwrite(fd, &changed, 1, static_cast<off_t>(at)) == 1);
    std::vector<Kept> kept;
    const auto summary = read_all(file, kept);
    REQUIRE(pwrite(fd, &whole[at], 1, static_cast<off_t>(at)) == 1);
    ++tried;
    if (summary && summary->damaged.empty() && !summary->torn_end) ++missed;
    for (const auto& one : kept) REQUIRE(std::find(all.begin(), all.end(), one) != all.end());  // nothing that was never recorded
  }
  close(fd);
  CHECK(tried > 6000);
  CHECK(missed == 0);
}

TEST_CASE("a damaged block in the middle costs that block alone, and the range is named") {
  Folder folder;
  const auto file = made(folder);
  auto content = content_of(file);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] + 1);
  put_content(file, content);
  std::vector<Kept> kept;
  const auto summary = read_all(file, kept);
  REQUIRE(summary);
  CHECK(summary->damaged.find("bytes ") != std::string::npos);
  CHECK(kept.size() >= 180);
  CHECK(kept.size() < 200);
}

TEST_CASE("a block that was taken out or put elsewhere is found") {
  Folder folder;
  const auto file = made(folder, 100);
  const auto whole = content_of(file);
  std::vector<std::size_t> starts;
  for (std::size_t at = whole.find("PBLK"); at != std::string::npos; at = whole.find("PBLK", at + 4)) starts.push_back(at);
  REQUIRE(starts.size() >= 4);
  put_content(file, whole.substr(0, starts[1]) + whole.substr(starts[2]));
  std::vector<Kept> kept;
  CHECK_FALSE(read_all(file, kept)->damaged.empty());
  put_content(file, whole.substr(0, starts[1]) + whole.substr(starts[2], starts[3] - starts[2]) + whole.substr(starts[1], starts[2] - starts[1]) + whole.substr(starts[3]));
  CHECK_FALSE(read_all(file, kept)->damaged.empty());
}

TEST_CASE("another key opens nothing") {
  Folder folder;
  const auto file = made(folder);
  std::vector<Kept> kept;
  const auto summary = read_all(file, kept, std::string(32, 'x'));
  REQUIRE(summary);
  CHECK(kept.empty());
  CHECK_FALSE(summary->damaged.empty());
  CHECK_FALSE(read_all(file, kept, "short"));
}

TEST_CASE("a capture that two workers wrote tells of the second with an epoch, torn off though the first is; wherever it was") {
  Folder folder;
  const auto file = made(folder, 60);
  const auto whole = content_of(file);
  for (std::size_t cut = 0; cut < 900; cut += 7) {
    put_content(file, whole.substr(0, whole.size() - cut));    // as a power cut may leave it
    std::vector<Kept> before;
    REQUIRE(read_all(file, before));
    {
      WrittenCapture writer(file, key, {1});
      write_all(writer, records(100, 130));
    }
    std::vector<Kept> kept;
    const auto summary = read_all(file, kept);
    REQUIRE(summary);
    CHECK(summary->torn_end == (cut > 0));
    CHECK(summary->damaged == "");
    REQUIRE(kept.size() == before.size() + 1 + 30);
    CHECK(kept[before.size()].record.kind == CaptureRecord::Kind::epoch);
    CHECK(std::equal(before.begin(), before.end(), kept.begin()));
    const auto later = records(100, 130);
    CHECK(std::equal(later.begin(), later.end(), kept.begin() + static_cast<std::ptrdiff_t>(before.size()) + 1));
  }
}

TEST_CASE("a capture of version 1 is still read, and goes on in version 2") {
  Folder folder;
  const std::string file = folder.path + "/1.capture";
  put_content(file, content_of("tests/unit/media/data/version-1.capture"));   // two workers, 30 records each
  {
    WrittenCapture writer(file, key, {1});
    write_all(writer, records(0, 10));
  }
  std::vector<Kept> kept;
  const auto summary = read_all(file, kept);
  REQUIRE(summary);
  CHECK(summary->damaged == "");
  CHECK_FALSE(summary->torn_end);
  REQUIRE(kept.size() == 30 + 1 + 30 + 1 + 10);
  CHECK(kept[30].record.kind == CaptureRecord::Kind::epoch);
  CHECK(kept[31].bytes == std::string(20, 'a'));
  CHECK(kept[61].record.kind == CaptureRecord::Kind::epoch);
}

namespace {

struct RecordedCall {
  explicit RecordedCall(std::string with_memory = "/dev/shm") : memory(std::move(with_memory)) {}
  std::string memory;
  Folder folder;
  std::unique_ptr<WorkerProcess> worker = std::make_unique<WorkerProcess>(folder.path, Duration::seconds(60), memory);
  std::unique_ptr<Control> control = std::make_unique<Control>(worker->socket_path());
  Peer customer{1}, agent{2};
  std::uint16_t customer_port = next_port(), agent_port = next_port();
  std::string file = folder.path + "/3.capture";
  std::int64_t stop_below = 0;

  void order() {
    auto customer_leg = leg_for(1, customer_port, customer, 2), agent_leg = leg_for(2, agent_port, agent, 1);
    customer_leg.capture = agent_leg.capture = {3};
    agent_leg.capture_is_agent = true;
    control->tell(CaptureWanted{{3}, {1}, file, key, stop_below});
    control->tell(customer_leg);
    control->tell(agent_leg);
    control->statistics();
  }
  void talk(std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t i = from; i < to; ++i) {
      customer.send(customer_port, speech(i));
      agent.send(agent_port, speech(1000 + i));
      REQUIRE(agent.receive());
      REQUIRE(customer.receive());
    }
  }
};

}  // namespace

TEST_CASE("both sides of a call are captured as they came, marks between them, and no file is made before the first packet") {
  RecordedCall call;
  call.order();
  call.control->tell(CaptureMark{{3}, "notice"});
  call.control->statistics();
  CHECK(access(call.file.c_str(), F_OK) != 0);
  call.talk(0, 20);
  call.customer.send(call.customer_port, {5, 0x8a, 3, 32}, 101, true);
  REQUIRE(call.control->wait<DigitHeard>());
  call.control->tell(CaptureMark{{3}, "hold"});
  call.control->tell(CaptureClose{{3}});
  const auto closed = call.control->wait<CaptureClosed>();
  REQUIRE(closed);
  CHECK_FALSE(closed->empty);
  CHECK(closed->known);
  CHECK(closed->bytes == static_cast<std::int64_t>(std::filesystem::file_size(call.file)));
  std::vector<Kept> kept;
  const auto summary = read_all(call.file, kept);
  REQUIRE(summary);
  CHECK(summary->damaged.empty());
  REQUIRE(kept.size() == 43);
  CHECK(kept.front().bytes == "notice");
  CHECK(kept.back().bytes == "hold");
  CHECK(kept[41].record.kind == CaptureRecord::Kind::event);
  std::uint32_t customer = 0, agent = 0;
  for (const auto& one : kept) {
    if (one.record.kind != CaptureRecord::Kind::audio) continue;
    const auto expected = one.record.agent ? speech(1000 + agent++) : speech(customer++);
    CHECK(one.bytes == std::string(expected.begin(), expected.end()));
  }
  CHECK(customer == 20);
  CHECK(agent == 20);
  call.control->tell(CaptureClose{{3}});   // a control that asks again is told the same
  const auto again = call.control->wait<CaptureClosed>();
  REQUIRE(again);
  CHECK_FALSE(again->empty);
  CHECK(again->bytes == closed->bytes);
  call.control->tell(CaptureClose{{99}});
  CHECK_FALSE(call.control->wait<CaptureClosed>()->known);
}

TEST_CASE("kill -9 of the worker loses at most the last 200 ms; the next worker goes on in the same file") {
  std::string memory;
  SUBCASE("where memory outlives the worker") { memory = "/dev/shm"; }
  SUBCASE("where there is none: the disk is written to at once") { memory = ""; }
  RecordedCall call(memory);
  call.order();
  std::uint32_t said = 0;
  const std::int64_t began = monotonic_us();
  while (monotonic_us() - began < 600'000) {
    call.talk(said, said + 1);
    ++said;
    usleep(18'000);
  }
  const std::int64_t killed_after_us = monotonic_us() - began;
  call.worker->kill_now();
  const auto left = take_leftovers(call.file);
  REQUIRE(left);
  CHECK((left->bytes > 0) == !memory.empty());
  std::vector<Kept> kept;
  const auto summary = read_all(call.file, kept);
  REQUIRE(summary);
  CHECK(summary->damaged.empty());
  REQUIRE(!kept.empty());
  struct stat status;
  stat(call.file.c_str(), &status);
  CHECK((status.st_mode & 0777) == 0600);
  const std::int64_t recorded_us = kept.back().record.arrived_us - kept.front().record.arrived_us;
  MESSAGE("talked " << killed_after_us << " us, recorded " << recorded_us);
  CHECK(recorded_us > 0);
  CHECK(kept.size() + 2 * 12 >= 2 * said);    // a block and the sweep's interval, in packets of both sides

  call.control.reset();
  call.worker = std::make_unique<WorkerProcess>(call.folder.path);
  call.control = std::make_unique<Control>(call.worker->socket_path());
  call.order();
  call.control->tell(CaptureMark{{3}, "gap"});
  call.talk(500, 510);
  call.control->tell(CaptureClose{{3}});
  REQUIRE(call.control->wait<CaptureClosed>());
  std::vector<Kept> all;
  REQUIRE(read_all(call.file, all));
  CHECK(all.size() == kept.size() + 1 + 1 + 20);
}

TEST_CASE("a capture that cannot be written is told, and the call goes on") {
  RecordedCall call;
  call.file = call.folder.path + "/no-such-folder/3.capture";
  call.order();
  call.talk(0, 5);
  const auto stopped = call.control->wait<CaptureStopped>();
  REQUIRE(stopped);
  CHECK(stopped->why.find("No such file") != std::string::npos);
  call.talk(5, 10);
  CHECK_FALSE(call.control->wait<CaptureStopped>(100));   // once
}

TEST_CASE("the disk fills up in the middle: what was written stays readable, the call goes on") {
  RecordedCall call;
  rlimit limit;
  REQUIRE(prlimit(call.worker->pid(), RLIMIT_FSIZE, nullptr, &limit) == 0);
  const rlimit small{15'000, limit.rlim_max};
  REQUIRE(prlimit(call.worker->pid(), RLIMIT_FSIZE, &small, nullptr) == 0);
  call.order();
  for (std::uint32_t i = 0; i < 100; ++i) { call.talk(i, i + 1); usleep(5'000); }
  const auto stopped = call.control->wait<CaptureStopped>();
  REQUIRE(stopped);
  CHECK(stopped->why.find("File too large") != std::string::npos);
  call.talk(100, 105);
  std::vector<Kept> kept;
  const auto summary = read_all(call.file, kept);
  REQUIRE(summary);
  CHECK(summary->damaged.empty());
  CHECK(kept.size() > 10);
}

namespace {

struct Hang {                         // a disk that hangs while it lasts; for workers made after it
  Folder folder;
  std::string file = folder.path + "/hangs";
  Hang() { hang_file = file.c_str(); }
  ~Hang() { hang_file = nullptr; }
  void begin() const { put_content(file, ""); }
  void end() const { std::filesystem::remove(file); }
};

}  // namespace

TEST_CASE("a disk that hangs holds up no packet, and the recording is whole when it comes back") {
  Hang hang;
  RecordedCall call;
  call.order();
  call.talk(0, 20);
  hang.begin();
  for (std::uint32_t i = 20; i < 100; ++i) { call.talk(i, i + 1); usleep(10'000); }
  const auto busy = take_leftovers(call.file);         // the worker lives: nobody else puts its hands on it
  REQUIRE_FALSE(busy);
  CHECK(busy.error().code == "capture-busy");
  call.control->tell(CaptureClose{{3}});
  CHECK_FALSE(call.control->wait<CaptureClosed>(400));
  call.control->tell(CaptureClose{{3}});               // a control that asks again is told once it is so
  call.talk(100, 120);                                 // not recorded any more, and heard
  hang.end();
  const auto closed = call.control->wait<CaptureClosed>();
  REQUIRE(closed);
  CHECK(closed->bytes == static_cast<std::int64_t>(std::filesystem::file_size(call.file)));
  std::vector<Kept> kept;
  const auto summary = read_all(call.file, kept);
  REQUIRE(summary);
  CHECK(summary->damaged == "");
  CHECK(kept.size() == 200);
}

TEST_CASE("a disk that hangs before the file is made: the call is recorded, and kill -9 then loses no more than ever") {
  Hang hang;
  hang.begin();
  RecordedCall call;
  call.order();
  std::uint32_t said = 0;
  for (; said < 60; ++said) { call.talk(said, said + 1); usleep(18'000); }
  CHECK(access(call.file.c_str(), F_OK) != 0);
  call.worker->kill_now();
  hang.end();
  const auto left = take_leftovers(call.file);
  REQUIRE(left);
  std::vector<Kept> kept;
  const auto summary = read_all(call.file, kept);
  REQUIRE(summary);
  CHECK(summary->damaged == "");
  CHECK(kept.size() + 2 * 12 >= 2 * said);
}

TEST_CASE("with less room on the disk than is to stay free no recording begins; it is told, and the call goes on") {
  RecordedCall call;
  call.stop_below = std::int64_t{1} << 60;
  call.order();
  call.talk(0, 10);
  const auto stopped = call.control->wait<CaptureStopped>();
  REQUIRE(stopped);
  CHECK(stopped->why.find("MiB are free") != std::string::npos);
  call.talk(10, 20);
  call.control->tell(CaptureClose{{3}});
  const auto closed = call.control->wait<CaptureClosed>();
  REQUIRE(closed);
  CHECK(closed->empty);
  CHECK(access(call.file.c_str(), F_OK) != 0);
}
