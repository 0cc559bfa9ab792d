// Settings are checked where they enter: what is wrong is named with key, value and what is allowed.
#include "world.h"

using namespace pasokh;
using namespace pasokh::floor;
using pasokh::floor::test::World;

namespace {
Trouble refusal(World& w, const std::string& noun, const std::string& verb, const std::string& code, std::map<std::string, std::string> settings) {
  w.tell(Configure{noun, verb, code, std::move(settings), "test"});
  REQUIRE(w.turn.refused);
  CHECK(w.turn.events.empty());
  return *w.turn.refused;
}
}  // namespace

TEST_CASE("a wrong value is refused with the key, the value, and what is allowed") {
  World w;
  const Trouble t = refusal(w, "queue", "set", "support", {{"ring", "soon"}});
  CHECK(t.code == "setting-wrong");
  CHECK(t.text == "\"ring=soon\" is not allowed; a duration from 1s to 24h is.");
  CHECK(refusal(w, "queue", "set", "support", {{"strategy", "best"}}).text.find("longest-idle") != std::string::npos);
  CHECK(refusal(w, "queue", "set", "support", {{"colour", "red"}}).code == "setting-unknown");
  CHECK(refusal(w, "agent", "set", "a1", {{"skills", "persian:11"}}).code == "setting-wrong");
  CHECK(refusal(w, "agent", "set", "a1", {{"queues", "nowhere"}}).code == "queue-unknown");
  CHECK(refusal(w, "centre", "set", "", {{"outbound", "09:nobody"}}).code == "trunk-unknown");
  CHECK(refusal(w, "number", "add", "80x", {{"queue", "support"}}).code == "code-wrong");
}

TEST_CASE("a trunk's settings are read as strictly as all others: a slip of the pen is not carried to the telephone side in silence") {
  World w;
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{{"port", "abc"}, {"transport", "tls"}, {"networks", "10.0.0"}, {"networks", "carrier.example"}, {"register", "perhaps"},
                                                                     {"register_for", "0"}, {"options_every", "often"}, {"codecs", "g729"}, {"dtmf", "loud"}, {"in_called", "021"},
                                                                     {"national_numbers", "maybe"}, {"area_code", "x1"}, {"trust_identity", "2"}, {"host", "two words"}, {"max_channels", "-1"}}) {
    CAPTURE(key);
    CHECK(refusal(w, "trunk", "set", "carrier", {{key, value}}).code == "setting-wrong");
  }
  CHECK(refusal(w, "trunk", "set", "carrier", {{"colour", "red"}}).code == "setting-unknown");
  w.set("trunk", "set", "carrier", {{"port", "5080"}, {"transport", "tcp"}, {"networks", "10.0.0.0/24, 2001:db8::/32"}, {"register", "yes"}, {"register_for", "300s"}, {"options_every", "0"}, {"codecs", "pcmu,pcma"},
                                    {"dtmf", "info"}, {"in_called", "^98:0,+98:0"}, {"out_caller", "0>+98"}, {"national_numbers", "no"}, {"area_code", "021"}, {"trust_identity", "false"}, {"realm", "sip.carrier.example"}});
  CHECK(w.floor.settings(w.floor.trunk("carrier"))->other.at("port") == "5080");
  w.set("trunk", "set", "carrier", {{"port", ""}, {"networks", ""}});  // nothing: as if never set
}

TEST_CASE("add of what exists, set and remove of what does not, are refused") {
  World w;
  CHECK(refusal(w, "queue", "add", "support", {}).code == "queue-exists");
  CHECK(refusal(w, "queue", "set", "nowhere", {}).code == "queue-unknown");
  CHECK(refusal(w, "agent", "remove", "nobody", {}).code == "agent-unknown");
  CHECK(refusal(w, "window", "add", "x", {}).code == "noun-unknown");
  CHECK(refusal(w, "agent", "set", "a1", {{"number", "102"}}).code == "number-taken");
}

TEST_CASE("only what is given changes, and the telephone side is told") {
  World w;
  w.set("queue", "set", "support", {{"wrap_up", "0s"}, {"strategy", "longest-idle"}});
  const QueueSettings& s = *w.floor.settings(w.floor.queue("support"));
  CHECK(s.wrap_up.us == 0);
  CHECK(s.strategy == Strategy::longest_idle);
  CHECK(s.ring == Duration::seconds(20));
  CHECK(w.effects<SettingsChanged>()[0].code == "support");
  w.set("trunk", "set", "carrier", {{"max_channels", "30"}, {"host", "sip.example"}});
  CHECK(w.floor.settings(w.floor.trunk("carrier"))->max_channels == 30);
  CHECK(w.floor.settings(w.floor.trunk("carrier"))->other.at("host") == "sip.example");
  w.check_replay();
}

TEST_CASE("settings as text come back as they were given") {
  World w;
  w.set("queue", "set", "support", {{"skills", "0s=persian:5+tech:2,30s=persian:1,60s="}});
  CHECK(w.floor.list("queue", w.now).find(R"("skills":"0s=persian:5+tech:2,30s=persian:1,60s=")") != std::string::npos);
  CHECK(w.floor.list("agent", w.now).find(R"("agent":"a1","state":"signed_out")") != std::string::npos);
}

TEST_CASE("S9-like input: no text breaks the settings") {
  World w;
  for (const std::string& bad : {std::string(10'000, '9'), std::string("\0s", 2), std::string("-1s"), std::string("1 s"), std::string("99999999999999999999s"), std::string("%n"), std::string("\xff\xfe")}) {
    CHECK(refusal(w, "queue", "set", "support", {{"max_wait", bad}}).code == "setting-wrong");
    CHECK(refusal(w, "queue", "set", "support", {{"priority", bad}}).code == "setting-wrong");
  }
}
