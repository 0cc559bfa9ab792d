// Between a worker's memory and its disk: what is sealed is safe, whenever the worker dies, and whoever dies while putting it right.
#include "peers.h"

#include <sys/mman.h>

#include <fstream>

#include "media/capture_leftovers.h"
#include "media/captures.h"
#include "media/leg.h"
#include "media/test_points.h"

using namespace pasokh;
using namespace pasokh::media;
using namespace pasokh::media::test;

namespace {

const std::string key(32, '\x5a');
constexpr int packet_apart_us = 10'000;

struct Disk {
  Folder folder;
  std::string memory = folder.path + "/memory", file = folder.path + "/captures/1.capture";
  Disk() {
    std::filesystem::create_directory(memory);
    std::filesystem::create_directory(folder.path + "/captures");
  }
  std::size_t rings() const { return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(memory), std::filesystem::directory_iterator())); }
};

// A worker's captures, fed with numbered packets of 10 ms by a clock of its own.
class Recorder {
 public:
  Recorder(const Disk& disk, std::size_t most = 4u << 20) : captures({disk.memory, most}), began_us_(monotonic_us()) {
    captures.want({{1}, {1}, disk.file, key}, 1);
  }
  void packet(int number) {
    std::uint8_t payload[160];
    const auto octets = speech(static_cast<std::uint32_t>(number));
    std::copy(octets.begin(), octets.end(), payload);
    RtpPacket packet{};
    packet.sequence = static_cast<std::uint16_t>(number);
    packet.payload = payload;
    packet.size = sizeof payload;
    now_us_ = began_us_ + fed_++ * packet_apart_us;
    leg_.wanted.capture_is_agent = number % 2 == 1;
    if (Capture* capture = captures.find({1})) captures.packet(*capture, leg_, packet, false, now_us_);
  }
  void sweep() {
    captures.sweep(now_us_, [this](const FromWorker& message) { told.push_back(message); });
  }
  void close() {
    captures.close_all(5'000'000, [this](const FromWorker& message) { told.push_back(message); });
  }
  template <class Message> const Message* find() const {
    for (const auto& message : told)
      if (const auto* found = std::get_if<Message>(&message)) return found;
    return nullptr;
  }
  Captures captures;
  std::vector<FromWorker> told;

 private:
  Leg leg_;
  std::int64_t began_us_, now_us_ = 0;
  int fed_ = 0;
};

struct Read {
  std::vector<int> numbers;          // of audio
  int epochs = 0;
  CaptureSummary summary;
};

Read read(const std::string& file) {
  Read read;
  if (!std::filesystem::exists(file) || std::filesystem::file_size(file) == 0) return read;  // made, and nothing written
  const auto summary = read_capture(file, key, [&](const CaptureRecord& record) {
    if (record.kind == CaptureRecord::Kind::epoch) { ++read.epochs; return; }
    const auto octets = speech(record.sequence);
    REQUIRE(record.bytes == std::string(octets.begin(), octets.end()));
    read.numbers.push_back(record.sequence);
  });
  REQUIRE(summary);
  read.summary = *summary;
  return read;
}

bool are(const std::vector<int>& numbers, int from, std::size_t count) {   // from, from + 1…
  if (numbers.size() != count) return false;
  for (std::size_t i = 0; i < count; ++i)
    if (numbers[i] != from + static_cast<int>(i)) return false;
  return true;
}

// In a process of its own that dies at `point`; how many packets it was given by then. With `close` it ends in order, else as by kill -9.
int fed_before_death(const Disk& disk, const std::string& point, int from, int count, bool close = false) {
  auto* fed = static_cast<std::atomic<int>*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const pid_t child = fork();
  if (child == 0) {
    crash_wanted = point.empty() ? nullptr : point.c_str();
    auto recorder = std::make_unique<Recorder>(disk);
    for (int i = 0; i < count; ++i) {
      recorder->packet(from + i);
      fed->store(i + 1);
      if (i % 2 == 1) { recorder->sweep(); usleep(1000); }
      if (i == 100) usleep(150'000);   // time for the writing thread, whose rounds are by the real clock
    }
    if (close) { recorder->close(); recorder.reset(); }
    kill(getpid(), SIGKILL);
  }
  waitpid(child, nullptr, 0);
  const int result = fed->load();
  munmap(fed, 4096);
  return result;
}

void take_and_die(const Disk& disk, const std::string& point) {
  const pid_t child = fork();
  if (child == 0) {
    crash_wanted = point.c_str();
    (void)take_leftovers(disk.file, disk.memory);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
}

constexpr std::size_t lost_at_most = 20 + 1;   // 200 ms, and the packet being taken

}  // namespace

TEST_CASE("killed at any step, a worker loses at most its last 200 ms, and nothing is there twice") {
  for (const char* name : {"sealed", "kept", "opened", "placed", "written", "released"})
    for (const char* times : {":1", ":2", ":3"}) {
      CAPTURE(name);
      CAPTURE(times);
      Disk disk;
      const int fed = fed_before_death(disk, std::string(name) + times, 0, 400);
      REQUIRE(take_leftovers(disk.file, disk.memory));
      const Read found = read(disk.file);
      CHECK(found.summary.damaged == "");
      CHECK_FALSE(found.summary.torn_end);
      CHECK(are(found.numbers, 0, found.numbers.size()));
      CHECK(found.numbers.size() + lost_at_most >= static_cast<std::size_t>(fed));
      CHECK(found.epochs == 0);
      CHECK(take_leftovers(disk.file, disk.memory)->bytes == 0);
      tidy_rings(disk.memory);       // where its last act was to empty it
      CHECK(disk.rings() == 0);
    }
}

TEST_CASE("whoever dies while moving what a dead worker left does no harm: the next one moves it again") {
  for (const char* first : {"moving:1", "moving:2", "moved:1"}) {
    CAPTURE(first);
    Disk disk;
    const int fed = fed_before_death(disk, "written:2", 0, 600);
    take_and_die(disk, first);
    take_and_die(disk, first);
    REQUIRE(take_leftovers(disk.file, disk.memory));
    const Read found = read(disk.file);
    CHECK(found.summary.damaged == "");
    CHECK(are(found.numbers, 0, found.numbers.size()));
    CHECK(found.numbers.size() + lost_at_most >= static_cast<std::size_t>(fed));
    CHECK(disk.rings() == 0);
  }
}

TEST_CASE("the next worker puts what the dead one left before its own; so does the one after it, when nobody came between") {
  Disk disk;
  const auto first = static_cast<std::size_t>(fed_before_death(disk, "", 0, 150));
  const auto second = static_cast<std::size_t>(fed_before_death(disk, "", 1000, 250));
  fed_before_death(disk, "", 2000, 130, true);
  const Read found = read(disk.file);
  CHECK(found.summary.damaged == "");
  CHECK(found.epochs == 2);
  std::vector<int> of[3];
  for (const int number : found.numbers) of[number / 1000].push_back(number);
  CHECK(std::is_sorted(found.numbers.begin(), found.numbers.end()));
  CHECK(are(of[0], 0, of[0].size()));
  CHECK(of[0].size() + lost_at_most >= first);
  CHECK(are(of[1], 1000, of[1].size()));
  CHECK(of[1].size() + lost_at_most >= second);
  CHECK(are(of[2], 2000, 130));
  CHECK(disk.rings() == 0);
}

TEST_CASE("what two dead workers left of one file, which never was made, comes in the order of their lives") {
  Disk disk;
  const std::string hangs = disk.folder.path + "/hangs";
  std::ofstream(hangs).put('x');
  hang_file = hangs.c_str();
  fed_before_death(disk, "", 0, 100);
  fed_before_death(disk, "", 1000, 150);
  hang_file = nullptr;
  CHECK_FALSE(std::filesystem::exists(disk.file));
  CHECK(disk.rings() == 2);
  REQUIRE(take_leftovers(disk.file, disk.memory));
  const Read found = read(disk.file);
  CHECK(found.summary.damaged == "");
  CHECK(std::is_sorted(found.numbers.begin(), found.numbers.end()));
  CHECK(found.numbers.size() + 2 * lost_at_most >= 250);
  CHECK(found.epochs == 1);
  CHECK(disk.rings() == 0);
}

TEST_CASE("memory that is full stops a recording and is told; what it held gets to the disk when that comes back") {
  Disk disk;
  const std::string hangs = disk.folder.path + "/hangs";
  std::ofstream(hangs).put('x');
  hang_file = hangs.c_str();
  {
    Recorder recorder(disk, 10 * Chunk::size_whole);
    int fed = 0;
    for (; fed < 3000 && !recorder.find<CaptureStopped>(); ++fed) {
      recorder.packet(fed);
      if (fed % 2 == 1) recorder.sweep();
    }
    REQUIRE(recorder.find<CaptureStopped>());
    CHECK(recorder.find<CaptureStopped>()->why.find("memory") != std::string::npos);
    CHECK(fed > 700);                           // ten chunks of five blocks of 17 packets, and a block that waited
    std::filesystem::remove(hangs);
    recorder.close();
    REQUIRE(recorder.find<CaptureClosed>());
    const Read found = read(disk.file);
    CHECK(found.summary.damaged == "");
    CHECK(are(found.numbers, 0, found.numbers.size()));
    CHECK(found.numbers.size() > 700);
  }
  hang_file = nullptr;
  CHECK(disk.rings() == 0);
}

TEST_CASE("a file that is no capture, or the capture of another call, is never written into") {
  Disk disk;
  std::string content = "somebody's letters, longer than any header of ours";
  SUBCASE("no capture") {}
  SUBCASE("of another call") {
    Recorder other(disk);
    other.captures.want({{2}, {1}, disk.file, key}, 1);
    Leg leg;
    std::uint8_t payload[160] = {};
    RtpPacket packet{};
    packet.payload = payload;
    packet.size = sizeof payload;
    other.captures.packet(*other.captures.find({2}), leg, packet, false, monotonic_us());
    other.close();
    std::ifstream in(disk.file, std::ios::binary);
    content.assign(std::istreambuf_iterator<char>(in), {});
    REQUIRE(content.size() > 100);
  }
  std::ofstream(disk.file, std::ios::binary | std::ios::trunc) << content;
  Recorder recorder(disk);
  for (int i = 0; i < 2000 && !recorder.find<CaptureStopped>(); ++i) {
    recorder.packet(i);
    recorder.sweep();
    usleep(1000);
  }
  CHECK(recorder.find<CaptureStopped>());
  recorder.close();
  std::ifstream in(disk.file, std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == content);
}

TEST_CASE("rings of the dead go when nothing is left in them or their folder is gone; those of the living stay") {
  Disk disk;
  fed_before_death(disk, "", 0, 100);
  CHECK(disk.rings() == 1);
  Disk elsewhere;                                // the same memory, another data folder
  elsewhere.memory = disk.memory;
  {
    Recorder living(elsewhere);
    for (int i = 0; i < 60; ++i) { living.packet(i); living.sweep(); }
    usleep(200'000);
    CHECK(disk.rings() == 2);                    // the dead one holds something for a folder that is there
    CHECK_FALSE(take_leftovers(elsewhere.file, disk.memory));
    CHECK(disk.rings() == 2);
    living.close();
  }
  CHECK(disk.rings() == 1);
  std::filesystem::remove_all(disk.folder.path + "/captures");
  {
    Recorder next(elsewhere);
    next.packet(1);
    next.sweep();
    next.close();
  }
  CHECK(disk.rings() == 0);
  CHECK(std::filesystem::exists(elsewhere.file));
}

TEST_CASE("a ring that was cut or scribbled over moves nothing that is not whole, and harms nobody") {
  Disk disk;
  fed_before_death(disk, "kept:3", 0, 200);
  const std::string ring = std::filesystem::directory_iterator(disk.memory)->path();
  const auto size = std::filesystem::file_size(ring);
  std::uint32_t seed = 7;
  for (int round = 0; round < 60; ++round) {
    Disk other;
    const std::string copy = other.memory + "/" + std::filesystem::path(ring).filename().string();
    std::filesystem::copy_file(ring, copy);
    const int fd = open(copy.c_str(), O_RDWR);
    for (int i = 0; i < 40; ++i) {
      seed = seed * 1664525u + 1013904223u;
      const auto octet = static_cast<std::uint8_t>(seed >> 24);
      const std::size_t at = i % 2 ? Chunk::size_whole + (seed >> 8) % 512 : (seed >> 4) % size;   // half of it into the first chunk's head
      REQUIRE(pwrite(fd, &octet, 1, static_cast<off_t>(at)) == 1);
    }
    close(fd);
    if (round % 3 == 0) std::filesystem::resize_file(copy, (seed >> 3) % size);
    (void)take_leftovers(disk.file, other.memory);
    tidy_rings(other.memory);
    if (!std::filesystem::exists(disk.file)) continue;
    const auto summary = read_capture(disk.file, key, [](const CaptureRecord&) {});
    std::filesystem::remove(disk.file);
    (void)summary;
  }
}
