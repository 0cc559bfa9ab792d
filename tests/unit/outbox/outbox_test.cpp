#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>

#include "outbox/outbox.h"
#include "outbox/post.h"
#include "outbox/store.h"
#include "storage/journal.h"

using namespace pasokh;
using namespace pasokh::outbox;

namespace {

struct Folder {
  Folder() { char pattern[] = "/tmp/pasokh-test-XXXXXX"; path = mkdtemp(pattern); }
  ~Folder() { std::error_code ignored; std::filesystem::remove_all(path, ignored); }
  std::string path;
};

// Answers each request on loopback with `status`, and keeps what came.
class Receiver {
 public:
  Receiver() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&here), size);
    ::listen(fd_, 16);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&here), &size);
    port = ntohs(here.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Receiver() { ::shutdown(fd_, SHUT_RDWR); thread_.join(); ::close(fd_); }
  std::vector<std::string> came() { const std::scoped_lock lock(guard_); return came_; }
  bool has(std::size_t count) {
    for (int i = 0; i < 1000; ++i) {
      if (came().size() >= count) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  std::uint16_t port = 0;
  std::atomic<int> status{200};

 private:
  void serve() {
    for (;;) {
      const int peer = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0) return;
      std::string request;
      char room[4096];
      for (;;) {
        const auto head = request.find("\r\n\r\n");
        const auto length = request.find("Content-Length: ");
        if (head != request.npos && length != request.npos && request.size() >= head + 4 + static_cast<std::size_t>(std::atoi(request.c_str() + length + 16))) break;
        const auto n = ::recv(peer, room, sizeof room, 0);
        if (n <= 0) break;
        request.append(room, static_cast<std::size_t>(n));
      }
      { const std::scoped_lock lock(guard_); came_.push_back(request); }
      const std::string answer = "HTTP/1.1 " + std::to_string(status) + " x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
      (void)!::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::close(peer);
    }
  }
  int fd_;
  std::mutex guard_;
  std::vector<std::string> came_;
  std::thread thread_;
};

std::string header(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ");
  return at == request.npos ? "" : request.substr(at + name.size() + 4, request.find("\r\n", at + 2) - at - name.size() - 4);
}

}  // namespace

// threats §3: SSRF, "60 URL tricks".
TEST_CASE("addresses inside are known in all their spellings") {
  for (const char* inside : {"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.169.254", "192.0.2.1", "198.18.0.1",
                             "224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1",
                             "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "2001:db8::1", "no address", ""})
    CHECK_MESSAGE(!is_public_address(inside), inside);
  for (const char* outside : {"8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "198.20.0.1", "2606:4700:4700::1111", "2a00:1450::1"}) CHECK_MESSAGE(is_public_address(outside), outside);
}

TEST_CASE("an address is taken strictly: what two programs may read in two ways is refused") {
  const auto good = parse_url("https://CRM.example.ir:8443/hook?x=1");
  REQUIRE(good);
  CHECK(good->host == "crm.example.ir");
  CHECK(good->port == 8443);
  CHECK(good->path == "/hook?x=1");
  CHECK(parse_url("https://[2606:4700::1]/")->host == "2606:4700::1");
  CHECK(parse_url("https://crm.example.ir?x")->path == "/?x");
  for (const char* bad : {"ftp://crm.example.ir/", "https://", "https:///x", "https://user@crm.example.ir/", "https://crm.example.ir@evil.example/", "https://crm.example.ir\\@evil.example/",
                          "https://crm.example.ir#@evil.example/", "https://crm.example.ir:0/", "https://crm.example.ir:99999/", "https://crm.example.ir:/", "https://crm.example.ir:80a/",
                          "https://crm..example.ir/", "https://crm%2eexample.ir/", "https://crm.example.ir\r\nHost: x/", "https://crm example.ir/", "https://[::1/", "https://[127.0.0.1]/",
                          "https://пример.рф/", "gopher://x", "//crm.example.ir/"})
    CHECK_MESSAGE(!parse_url(bad), bad);
}

TEST_CASE("only hosts that are named are told, inside only those named so, and outside over HTTPS only") {
  const AllowedHosts hosts{{"crm.example.ir", "private:10.0.0.5", "localhost"}};
  CHECK(allowed(*parse_url("https://crm.example.ir/"), hosts));
  CHECK(allowed(*parse_url("http://10.0.0.5/"), hosts));
  CHECK(allowed(*parse_url("http://crm.example.ir/"), hosts).error().code == "https-only");
  for (const char* other : {"https://evil.example/", "https://crm.example.ir.evil.example/", "https://10.0.0.6/", "https://167772165/", "https://0x0a000005/"})
    CHECK(allowed(*parse_url(other), hosts).error().code == "host-not-allowed");
  // a name that is allowed but stands for an address inside
  CHECK(post(*parse_url("https://localhost/"), hosts, {}, "{}").error().code == "address-inside");
}

TEST_CASE("the signature is HMAC-SHA256 of time and body") {  // RFC 4231 §4.3 for the function; the text is "0.…"
  CHECK(signature("secret", 1700000000, "{}") == "t=1700000000,v1=" + signature("secret", 1700000000, "{}").substr(16));
  CHECK(signature("secret", 1700000000, "{}") != signature("secret", 1700000001, "{}"));
  CHECK(signature("secret", 1700000000, "{}") != signature("Secret", 1700000000, "{}"));
  CHECK(signature("secret", 1700000000, "{}").size() == 2 + 10 + 4 + 64);
}

TEST_CASE("a redirect is not followed, it is a failure like any other") {
  Receiver receiver;
  receiver.status = 302;
  const auto to = parse_url("http://127.0.0.1:" + std::to_string(receiver.port) + "/hook");
  CHECK(*post(*to, {{"private:127.0.0.1"}}, {}, "{}") == 302);
  CHECK(receiver.came().size() == 1);
}

TEST_CASE("events of the journal reach the receiver in order, again after failures, and none is lost or changed by a restart") {
  Folder folder;
  Receiver receiver;
  const Instant begin{1'795'000'000'000'000};
  std::atomic<std::int64_t> now{begin.us};
  auto writer = storage::JournalWriter::open(folder.path, {.reserve_bytes = 1 << 20});
  REQUIRE(writer);
  std::atomic<std::uint64_t> committed{0};
  (*writer)->start([&](std::uint64_t ticket, const Trouble*) { committed = ticket; });
  std::uint64_t seq = 0, ticket = 0;
  const auto happen = [&](std::vector<floor::Event> events) {
    storage::Batch batch;
    batch.ticket = ++ticket;
    for (auto& event : events) batch.events.push_back({++seq, Instant{now}, std::move(event)});
    (*writer)->submit(std::move(batch));
    while (committed < ticket) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  happen({floor::CallArrived{.call = CallId{1}, .leg = LegId{1}}, floor::CallEnded{.call = CallId{1}}});  // before anybody asked
  now = now + 1'000'000;
  {
    auto store = Store::open(folder.path);
    REQUIRE(store);
    REQUIRE(store->add({.url = "http://127.0.0.1:" + std::to_string(receiver.port) + "/hook", .events = {"call.arrived", "call.ended"}, .sealed_secret = "s", .made_by = "test", .made = Instant{now}, .not_before = {}, .last_error = {}}));
  }
  const OutboxOptions options{.dir = folder.path, .hosts = {{"private:127.0.0.1"}}, .open_secret = [](std::int64_t, const std::string&) -> Result<std::string> { return std::string("secret"); },
                              .now = [&] { return Instant{now}; }};
  auto outbox = Outbox::start(options);
  REQUIRE(outbox);
  now = now + 1'000'000;
  happen({floor::CallArrived{.call = CallId{2}, .leg = LegId{3}}, floor::CallAnswered{.call = CallId{2}, .leg = LegId{3}}});
  (*outbox)->nudge();
  REQUIRE(receiver.has(1));
  const std::string first = receiver.came()[0];
  CHECK(header(first, "Pasokh-Event") == "call.arrived");
  const std::string body = first.substr(first.find("\r\n\r\n") + 4);
  CHECK(body.find(R"({"event":"call.arrived","at":"2026)") == 0);
  CHECK(body.find(R"("call":"2")") != body.npos);
  CHECK(header(first, "Pasokh-Signature") == signature("secret", now / 1'000'000, body));

  receiver.status = 503;
  happen({floor::CallEnded{.call = CallId{2}}, floor::CallArrived{.call = CallId{3}, .leg = LegId{5}}});
  (*outbox)->nudge();
  REQUIRE(receiver.has(2));
  (*outbox)->stop();             // in the middle: one has failed, one waits behind it
  outbox->reset();
  receiver.status = 200;
  now = now + 10'000'000;        // the pause is over
  outbox = Outbox::start(options);
  REQUIRE(outbox);
  REQUIRE(receiver.has(4));
  const auto came = receiver.came();
  CHECK(header(came[1], "Pasokh-Delivery") == header(came[2], "Pasokh-Delivery"));  // the same message once more
  CHECK(header(came[2], "Pasokh-Event") == "call.ended");
  CHECK(header(came[2], "Pasokh-Attempt") == "2");
  CHECK(header(came[3], "Pasokh-Event") == "call.arrived");
  REQUIRE((*outbox)->add("call.ended", R"({"call":"9"})"));
  REQUIRE(receiver.has(5));
  REQUIRE((*outbox)->add("report.completed", R"({"call":"9"})"));  // nobody asked for it
  (*outbox)->stop();
  CHECK(receiver.came().size() == 5);
  (*writer)->close();
}

TEST_CASE("pauses grow to an hour; after a day a message is given up and said so") {
  CHECK(pause_after(1) == Duration::seconds(1));
  CHECK(pause_after(4) == Duration::seconds(120));
  CHECK(pause_after(50) == Duration::hours(1));
}
