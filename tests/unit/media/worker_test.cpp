// Control comes and goes, the calls stay. (Design §4; main job: "kill -9 of the control process", orphan rule.)
#include "peers.h"

#include <sys/stat.h>

#include <thread>

using namespace pasokh;
using namespace pasokh::media;
using namespace pasokh::media::test;

TEST_CASE("control vanishes and a new one tells everything again: no packet is missing and no number jumps") {
  Folder folder;
  WorkerProcess worker(folder.path);
  Peer customer(1), agent(2);
  const auto customer_port = next_port(), agent_port = next_port();
  const LegWanted legs[] = {leg_for(1, customer_port, customer, 2), leg_for(2, agent_port, agent, 1)};
  auto control = std::make_unique<Control>(worker.socket_path());
  for (const auto& leg : legs) control->tell(leg);
  control->statistics();
  std::vector<Packet> heard;
  for (std::uint32_t i = 0; i < 60; ++i) {
    customer.send(customer_port, speech(i));
    auto packet = agent.receive();
    REQUIRE(packet);
    heard.push_back(std::move(*packet));
    if (i == 20) control.reset();                              // as kill -9 leaves it
    if (i == 40) {
      control = std::make_unique<Control>(worker.socket_path());
      CHECK(control->hello.legs == std::vector<LegId>{{1}, {2}});
      for (const auto& leg : legs) control->tell(leg);
      control->tell(WantedIsComplete{});
      control->statistics();
    }
  }
  for (std::uint32_t i = 0; i < 60; ++i) {
    CHECK(heard[i].payload == speech(i));
    CHECK(heard[i].rtp.sequence == static_cast<std::uint16_t>(heard[0].rtp.sequence + i));
    CHECK(heard[i].rtp.timestamp == heard[0].rtp.timestamp + i * 160);
    CHECK(heard[i].rtp.marker == (i == 0));
  }
  CHECK(control->statistics({1}).packets_in == 60);
}

TEST_CASE("what is not wanted any more when the wanted list is complete is ended, the rest is not touched") {
  Folder folder;
  WorkerProcess worker(folder.path);
  Peer one, two;
  const LegWanted kept = leg_for(1, next_port(), one), gone = leg_for(2, next_port(), two);
  {
    Control control(worker.socket_path());
    control.tell(kept);
    control.tell(gone);
    control.tell(CaptureWanted{{7}, {1}, folder.path + "/7.capture", std::string(32, 'k')});
    control.statistics();
  }
  Control control(worker.socket_path());
  CHECK(control.hello.captures == std::vector<CaptureId>{{7}});
  control.tell(kept);
  control.tell(WantedIsComplete{});
  const auto removed = control.wait<LegRemoved>();
  REQUIRE(removed);
  CHECK(removed->statistics.leg.value == 2);
  const auto closed = control.wait<CaptureClosed>();
  REQUIRE(closed);
  CHECK(closed->empty);
  CHECK(control.statistics().legs == 1);
}

TEST_CASE("a second control takes the place of the first") {
  Folder folder;
  WorkerProcess worker(folder.path);
  Control first(worker.socket_path());
  Control second(worker.socket_path());
  CHECK(second.statistics().legs == 0);
  pollfd waiting{first.client.fd(), POLLIN, 0};
  REQUIRE(poll(&waiting, 1, 2000) == 1);
  std::vector<FromWorker> none;
  CHECK_FALSE(first.client.receive(none));
  CHECK_FALSE(first.client.connected());
}

TEST_CASE("a control of another version is heard, and orders nobody knows yet are passed over") {
  Folder folder;
  WorkerProcess worker(folder.path);
  Control control(worker.socket_path(), 99);
  CHECK(control.hello.version == wire_version);
  // a frame with an alternative far beyond ours, straight onto the socket
  const char unknown[] = {3, 0, 0, 0, 120, 1, 0};
  REQUIRE(write(control.client.fd(), unknown, sizeof unknown) == sizeof unknown);
  CHECK(control.statistics().legs == 0);
}

TEST_CASE("a frame that no message can be ends the connection and nothing else") {
  Folder folder;
  WorkerProcess worker(folder.path);
  {
    Control control(worker.socket_path());
    const unsigned char broken[] = {0xff, 0xff, 0xff, 0xff, 1};
    REQUIRE(write(control.client.fd(), broken, sizeof broken) == sizeof broken);
    CHECK_FALSE(control.wait<WorkerStatistics>(1000));
  }
  Control again(worker.socket_path());
  CHECK(again.statistics().legs == 0);
}

TEST_CASE("what happens while no control is there is told to the next one") {
  Folder folder;
  WorkerProcess worker(folder.path);
  Peer peer;
  const LegWanted leg = leg_for(1, next_port(), peer);
  {
    Control control(worker.socket_path());
    control.tell(leg);
    control.statistics();
  }
  for (int i = 0; i < 4; ++i) peer.send(leg.port, {9, static_cast<std::uint8_t>(i ? 0x8a : 0x0a), 1, 64}, 101, i == 0), peer.timestamp -= 4;
  usleep(100'000);
  Control control(worker.socket_path());
  const auto digit = control.wait<DigitHeard>();
  REQUIRE(digit);
  CHECK(digit->digit == '9');
  CHECK(control.wait<LegHeard>());
}

TEST_CASE("a worker without control and without a live leg ends itself; Quit ends it at once") {
  Folder folder;
  {
    WorkerProcess orphan(folder.path, Duration::milliseconds(300));
    { Control control(orphan.socket_path()); }
    CHECK(orphan.wait_for_end(5000) == 0);
  }
  WorkerProcess worker(folder.path);
  Control control(worker.socket_path());
  control.tell(Quit{});
  CHECK(worker.wait_for_end(3000) == 0);
  CHECK(access(worker.socket_path().c_str(), F_OK) != 0);
}

TEST_CASE("a live leg keeps a worker that lost its control") {
  Folder folder;
  WorkerProcess worker(folder.path, Duration::milliseconds(200));
  Peer peer;
  {
    Control control(worker.socket_path());
    const LegWanted leg = leg_for(1, next_port(), peer);
    control.tell(leg);
    control.statistics();
    peer.send(leg.port, speech(1));
    REQUIRE(control.wait<LegHeard>());
  }
  CHECK(worker.wait_for_end(800) == -1);
}

TEST_CASE("a socket file left by a crash is replaced, and nobody else may open the socket") {
  Folder folder;
  {
    WorkerProcess first(folder.path);
    Control control(first.socket_path());
    first.kill_now();
  }
  WorkerProcess second(folder.path);
  Control control(second.socket_path());
  struct stat status;
  REQUIRE(stat(second.socket_path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("a spawned worker is a session of its own, holds no descriptor of ours, and a program that is not there is told") {
  Folder folder;
  const std::string script = folder.path + "/program", log = folder.path + "/log";
  {
    FILE* file = fopen(script.c_str(), "w");
    fputs("#!/bin/sh\necho \"$@\"\nls /proc/self/fd | tr '\\n' ' '\nps -o sid= -p $$\nsleep 0.2\n", file);
    fclose(file);
    chmod(script.c_str(), 0755);
  }
  const int leak = open("/dev/null", O_RDONLY);
  const int high = fcntl(leak, F_DUPFD, 777);
  const auto pid = spawn_worker(script, folder.path + "/s.sock", "127.0.0.1", log);
  close(leak);
  close(high);
  REQUIRE(pid);
  CHECK(getsid(static_cast<pid_t>(*pid)) != getsid(0));
  for (int i = 0; i < 300 && kill(static_cast<pid_t>(*pid), 0) == 0; ++i) usleep(10'000);
  std::string text(2000, '\0');
  const int fd = open(log.c_str(), O_RDONLY);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(fd, text.data(), text.size()))));
  close(fd);
  CHECK(text.find("media --socket " + folder.path + "/s.sock --bind 127.0.0.1") != std::string::npos);
  CHECK(text.find(" 777 ") == std::string::npos);
  const auto missing = spawn_worker(folder.path + "/nothing", folder.path + "/s.sock", "127.0.0.1", log);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().text.find("No such file") != std::string::npos);
}
