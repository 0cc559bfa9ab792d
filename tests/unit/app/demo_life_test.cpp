#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

#include "app/caller/demo_life.h"
#include "app/caller/sdp_text.h"
#include "app/caller/sockets.h"

using namespace pasokh;
using namespace pasokh::app::caller;

namespace {

// As much of a centre as the life needs: a registrar that keeps whoever asks, and one queue whose calls go to the device with
// the lowest number that is free, signalled straight through (the audio goes from phone to phone).
class SmallCentre {
 public:
  explicit SmallCentre(Loop& loop) : fd_(udp_socket({"127.0.0.1", 0}).value()) {
    loop.watch(fd_, [this] {
      sip::Address from;
      for (auto bytes = receive_datagram(fd_, from); !bytes.empty(); bytes = receive_datagram(fd_, from)) take(bytes, from);
    });
  }
  sip::Address address() const { return local_address(fd_); }
  std::map<std::string, std::map<std::string, bool>> bindings;   // user -> contact URIs
  int registers = 0;

 private:
  void take(const std::string& bytes, const sip::Address& from) {
    auto message = sip::Message::parse(bytes);
    if (!message) return;
    if (message->is_request() && message->method() == sip::Method::register_) return register_(*message, from);
    // everything else passes through: towards the device when it came from outside, else back to where the call came from
    auto& way = ways_[std::string(message->call_id())];
    if (way.outside.port == 0) {
      way.outside = from;
      for (const auto& [user, contacts] : bindings)
        if (!contacts.empty() && !busy_.contains(user)) { way.device = sip::parse_address(contacts.begin()->first.substr(contacts.begin()->first.find('@') + 1, contacts.begin()->first.find(';') - contacts.begin()->first.find('@') - 1)).value(); busy_[user] = true; break; }
    }
    if (way.device.port != 0) send_datagram(fd_, from == way.outside ? way.device : way.outside, bytes);
  }
  void register_(const sip::Message& request, const sip::Address& from) {
    ++registers;
    const auto user = sip::parse_name_addr(request.first(sip::Field::to)).value().uri.user;
    auto& contacts = bindings[user];
    const auto asked = std::atoi(std::string(request.first(sip::Field::expires)).c_str());
    if (asked != 0 && asked < 90) {                     // RFC 3261 §10.3 step 6
      sip::MessageBuilder refusal;
      send_datagram(fd_, from, refusal.response(423, "").answer_to(request, "r", from.ip, from.port, false).header("Min-Expires", "90").finish());
      return;
    }
    if (const auto contact = request.first(sip::Field::contact); !contact.empty()) {
      const auto uri = sip::text(sip::parse_name_addr(contact).value().uri);
      if (request.first(sip::Field::expires) == "0") contacts.erase(uri); else contacts[uri] = true;
    }
    sip::MessageBuilder answer;
    answer.response(200, "").answer_to(request, "r", from.ip, from.port, false);
    for (const auto& [uri, there] : contacts) answer.header("Contact", "<" + uri + ">;expires=20");
    send_datagram(fd_, from, answer.finish());
  }
  struct Way { sip::Address outside, device; };
  int fd_;
  std::map<std::string, Way> ways_;
  std::map<std::string, bool> busy_;
};

std::vector<Dialogue> hums() {
  auto samples = std::make_shared<std::vector<std::int16_t>>(8'000, std::int16_t{1'000});
  return {{samples, samples}};
}

struct Watched {
  Loop loop;
  SmallCentre centre{loop};
  std::vector<std::string> said, signed_in;
  std::unique_ptr<DemoLife> life;
  void begin(LifeSettings settings) {
    settings.look_every = Duration::milliseconds(100);
    life = std::make_unique<DemoLife>(loop, DemoFile{centre.address(), {"8000"}, {{"201", "x", "a01"}, {"202", "x", "a02"}}}, hums(), settings,
                                      [this](const std::string& agent, const std::string& device) { signed_in.push_back(agent + "@" + device); },
                                      [this](const std::string& line) { said.push_back(line); });
    REQUIRE(life->begin());
  }
  bool was_said(const std::string& part) const {
    for (const auto& line : said) if (line.find(part) != line.npos) return true;
    return false;
  }
  // until it holds, at most 15 s
  bool wait_for(const std::function<bool()>& holds) {
    const auto give_up = loop.now() + Duration::seconds(15);
    std::function<void()> look = [&] { if (holds() || loop.now() > give_up) loop.stop(); else loop.after(Duration::milliseconds(20), look); };
    look();
    loop.run();
    return holds();
  }
};

}  // namespace

// "a person can take over a specialist's seat with an own phone (the built-in one leaves as soon as another phone registers for it, and says so)"
TEST_CASE("a built-in specialist leaves when another phone registers, removes only its own contact, and comes back later") {
  Watched watched;
  watched.begin({.calls_per_minute = 0});
  REQUIRE(watched.wait_for([&] { return watched.signed_in.size() == 2; }));
  CHECK(watched.centre.bindings["201"].size() == 1);

  watched.centre.bindings["201"]["sip:201@192.0.2.9:5060"] = true;
  REQUIRE(watched.wait_for([&] { return watched.was_said("another phone has registered as 201") && watched.centre.bindings["201"].size() == 1; }));
  CHECK(watched.centre.bindings["201"].contains("sip:201@192.0.2.9:5060"));
  CHECK(watched.life->counts().seats_taken == 1);
  CHECK(watched.centre.bindings["202"].size() == 1);

  watched.centre.bindings["201"].clear();
  REQUIRE(watched.wait_for([&] { return watched.was_said("the seat of a01 is free again") && watched.centre.bindings["201"].size() == 1; }));
  CHECK(watched.signed_in == std::vector<std::string>{"a01@201", "a02@202"});   // once each: whoever paused since then stays paused
}

TEST_CASE("a Contact that a killed demo left behind is no other phone") {
  Watched watched;
  watched.centre.bindings["201"]["sip:201@127.0.0.1:9;built-in=yes"] = true;
  watched.begin({.calls_per_minute = 0});
  const auto before = watched.centre.registers;
  REQUIRE(watched.wait_for([&] { return watched.centre.registers > before + 8; }));
  CHECK_FALSE(watched.was_said("leaves"));
}

TEST_CASE("customers call within seconds, are answered by the built-in specialists, and all hang up at the end") {
  Watched watched;
  watched.begin({.customers = 2, .calls_per_minute = 600});
  REQUIRE(watched.wait_for([&] { return watched.life->counts().talked == 2; }));
  CHECK(watched.was_said("0912…"));
  CHECK(watched.life->counts().live == 2);
  watched.life->end();
  REQUIRE(watched.wait_for([&] { return watched.life->counts().live == 0 && watched.centre.bindings["201"].empty() && watched.centre.bindings["202"].empty(); }));
}

TEST_CASE("demo.json is read, and one that is none is refused with its name") {
  const auto file = (std::filesystem::temp_directory_path() / ("pasokh-demo-" + random_token() + ".json")).string();
  const auto read = [&](const std::string& text) {
    auto* out = std::fopen(file.c_str(), "wb");
    std::fwrite(text.data(), 1, text.size(), out);
    std::fclose(out);
    auto result = read_demo_file(file);
    std::filesystem::remove(file);
    return result;
  };
  const auto good = read(R"({"sip":"127.0.0.1:5060","http":"x","numbers":[{"number":"8000","queue":"support"}],"devices":[{"user":"201","password":"p","agent":"a01"}],"users":[]})");
  REQUIRE(good);
  CHECK(good->server == sip::Address{"127.0.0.1", 5060});
  CHECK(good->numbers == std::vector<std::string>{"8000"});
  CHECK(good->devices[0].agent == "a01");
  for (const auto* bad : {"", "[]", "{", R"({"sip":5})", R"({"sip":"127.0.0.1:5060"})"}) CHECK_FALSE(read(bad));
  CHECK_FALSE(read_demo_file("/nonexistent/demo.json"));
}
