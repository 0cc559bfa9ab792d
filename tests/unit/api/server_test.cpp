// The HTTP server over real sockets: what the wire may do to it.
#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "api/server.h"
#include "fake_centre.h"

using namespace pasokh;
using namespace pasokh::api;

namespace {

class Wire {
 public:
  explicit Wire(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    const timeval wait{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  }
  ~Wire() { ::close(fd_); }
  bool connected() const { return connected_; }
  void say(const std::string& bytes) const { (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // all until the server closes
  std::string hear_all() const {
    std::string out;
    char room[4096];
    for (;;) {
      const auto n = ::recv(fd_, room, sizeof room, 0);
      if (n <= 0) return out;
      out.append(room, static_cast<std::size_t>(n));
    }
  }

 private:
  int fd_;
  bool connected_ = false;
};

struct House {
  explicit House(ServerOptions options = {}) {
    auto store = storage::AccessStore::open(folder.path);
    add_one_of_each_role(**store, Instant{1});
    options.host = "127.0.0.1";
    options.port = 0;
    options.dir = folder.path;
    options.limits = {1e6, 1e6};
    auto started = HttpServer::start(options, centre);
    REQUIRE(started);
    server = std::move(*started);
  }
  std::string ask(const std::string& bytes) const {
    Wire wire(server->port());
    wire.say(bytes);
    return wire.hear_all();
  }
  static int status(const std::string& answer) { return answer.size() > 12 && answer.rfind("HTTP/1.1 ", 0) == 0 ? std::atoi(answer.c_str() + 9) : 0; }

  Folder folder;
  RecordingCentre centre;
  std::unique_ptr<HttpServer> server;
};

std::string get(const std::string& target, const std::string& more = {}) { return "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + more + "\r\n"; }

}  // namespace

TEST_CASE("a person signs in over the wire and uses the token; the answers carry the protecting headers") {
  House house;
  const std::string body = R"({"login":"supervisor","password":"correct horse battery"})";
  const std::string in = house.ask("POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  REQUIRE(House::status(in) == 201);
  const auto at = in.find("\"token\":\"") + 9;
  const std::string token = in.substr(at, 43);
  const std::string queues = house.ask(get("/v1/queues", "Authorization: Bearer " + token + "\r\n"));
  CHECK(House::status(queues) == 200);
  CHECK(queues.find(R"([{"queue":"support","waiting":0}])") != std::string::npos);
  for (const auto* header : {"X-Content-Type-Options: nosniff", "Content-Security-Policy: default-src 'none'", "X-Frame-Options: DENY", "Cache-Control: no-store"})
    CHECK(queues.find(header) != std::string::npos);
  CHECK(queues.find("\r\nServer:") == std::string::npos);
}

TEST_CASE("the first page, its script and its style come from here alone") {
  House house;
  const std::string page = house.ask(get("/"));
  CHECK(page.find("<html lang=\"fa\" dir=\"rtl\">") != std::string::npos);
  CHECK(page.find("http://") == std::string::npos);
  CHECK(House::status(house.ask(get("/start.js"))) == 200);
  CHECK(House::status(house.ask(get("/start.css"))) == 200);
}

TEST_CASE("several requests go over one connection, in order") {
  House house;
  const std::string answers = house.ask("GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n" + get("/openapi.json"));
  const auto first = answers.find("HTTP/1.1 200"), second = answers.find("HTTP/1.1 404"), third = answers.find("\"openapi\":\"3.1.0\"");
  CHECK(first < second);
  CHECK(second < third);
  CHECK(third != std::string::npos);
}

// threats: hostile HTTP. Each of these gets an answer or a closed connection, and the next customer is served.
TEST_CASE("hostile requests are refused and nobody else notices") {
  House house;
  const std::vector<std::string> hostile{
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",                                                    // TLS
      "INVITE sip:a@b SIP/2.0\r\n\r\n",
      "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",  // smuggling
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",                                                                          // no Host
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n",
      "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
      std::string(1, '\0'),
  };
  for (const auto& bytes : hostile) {
    CAPTURE(bytes);
    Wire wire(house.server->port());
    wire.say(bytes);
    ::usleep(1'000);
    CHECK(House::status(house.ask(get("/health"))) == 200);
  }
  CHECK(House::status(house.ask(hostile[3])) == 400);
  CHECK(House::status(house.ask(hostile[5])) == 400);
  CHECK(House::status(house.ask(hostile[6])) == 400);
}

TEST_CASE("a body or a header that is too large is refused before it is read") {
  House house;
  CHECK(House::status(house.ask("POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99000000\r\n\r\n")) == 413);
  CHECK(House::status(house.ask("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n")) == 431);
  CHECK(House::status(house.ask("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n")) == 404);
}

// threats S14: slow requests hold nothing for ever, and idle connections leave room for genuine ones
TEST_CASE("who does not finish the first request in time is cut off; many idle connections keep nobody out") {
  House house({.connections_max = 300, .connections_per_address_max = 250, .first_request_within_ms = 300});
  std::vector<std::unique_ptr<Wire>> idle;
  for (int i = 0; i < 200; ++i) idle.push_back(std::make_unique<Wire>(house.server->port()));
  CHECK(House::status(house.ask(get("/health"))) == 200);
  idle[0]->say("GET / HTTP/1.1\r\nHost: ");
  CHECK(idle[0]->hear_all().empty());  // closed, without a word
}

TEST_CASE("connections beyond the limit of an address are closed, and room comes back when others go") {
  House house({.connections_per_address_max = 5});
  {
    std::vector<std::unique_ptr<Wire>> many;
    for (int i = 0; i < 5; ++i) many.push_back(std::make_unique<Wire>(house.server->port()));
    many[4]->say("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    Wire sixth(house.server->port());
    sixth.say(get("/health"));
    CHECK(sixth.hear_all().empty());
  }
  for (int tries = 0; tries < 100; ++tries)
    if (House::status(house.ask(get("/health"))) == 200) return;
  FAIL("no room came back");
}

TEST_CASE("HEAD answers as GET does, without the body") {
  House house;
  const std::string head = house.ask("HEAD /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(House::status(head) == 200);
  CHECK(head.find("\r\n\r\n") + 4 == head.size());
}

TEST_CASE("a taken port is told as such, with what to do") {
  House house;
  RecordingCentre centre;
  auto second = HttpServer::start({.host = "127.0.0.1", .port = house.server->port(), .dir = house.folder.path}, centre);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == "port-taken");
}

TEST_CASE("stopping while people are connected and asking does not hang") {
  House house;
  std::vector<std::unique_ptr<Wire>> wires;
  for (int i = 0; i < 20; ++i) {
    wires.push_back(std::make_unique<Wire>(house.server->port()));
    wires.back()->say(i % 2 ? "GET /health HTTP/1.1\r\nHost: x\r\n\r\n" : "GET /hea");
  }
  house.server->stop();
  house.server->stop();
  CHECK_FALSE(Wire(house.server->port()).connected());
}
