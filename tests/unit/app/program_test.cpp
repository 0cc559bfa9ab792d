// The program itself, as scripts run it: exit codes, what goes to standard output and what to standard error.
#include <doctest/doctest.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace {

namespace json = boost::json;

struct Ran { int status = -1; std::string out, err; };

std::string read(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string program() {  // stands beside the test
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "pasokh").string();
}

class House {
 public:
  House() { char pattern[] = "/tmp/pasokh-program-XXXXXX"; path = mkdtemp(pattern); }
  ~House() { std::error_code ignored; std::filesystem::remove_all(path, ignored); }
  Ran run(const std::string& arguments) const {
    const std::string command = program() + " " + arguments + " >" + path + "/out 2>" + path + "/err </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(path + "/out"), read(path + "/err")};
  }
  std::string path;
};

json::array rows(const Ran& ran) {
  boost::system::error_code error;
  const auto value = json::parse(ran.out, error);
  REQUIRE_MESSAGE((!error && value.is_array()), ran.out);
  return value.get_array();
}

}  // namespace

TEST_CASE("help goes to standard output with 0, wrong usage to standard error with 2") {
  const House house;
  CHECK(house.run("--help").status == 0);
  CHECK(house.run("--help").out.find("ساختن پوشهٔ داده") != std::string::npos);
  CHECK(house.run("").status == 2);
  CHECK(house.run("").out.empty());
  for (const auto* command : {"init", "queue", "agent", "device", "number", "trunk", "centre", "user", "import", "doctor", "call"}) {
    CAPTURE(command);
    const Ran help = house.run(std::string(command) + " --help");
    CHECK(help.status == 0);
    CHECK(help.out.find("Example") != std::string::npos);
    CHECK(help.out.find("Usage: pasokh ") != std::string::npos);
  }
}

TEST_CASE("wrong usage says what was wrong and what is right") {
  const House house;
  const auto refused = [&](const std::string& arguments, const std::string& reason) {
    const Ran ran = house.run(arguments + " --data " + house.path);
    CHECK_MESSAGE(ran.status == 2, arguments << ": " << ran.err);
    CHECK_MESSAGE(ran.err.find(reason) != std::string::npos, ran.err);
    CHECK(ran.out.empty());
  };
  CHECK(house.run("qeue list").err.find("did you mean queue?") != std::string::npos);
  refused("queue lst", "did you mean list?");
  refused("queue list --fromat json", "did you mean --format?");
  refused("queue list --format xml", "expected table, json or csv");
  refused("queue set support", "nothing to set");
  refused("queue set priority=1", "where the code must stand");
  refused("queue add support ring", "expected key=value");
  refused("agent transfer a01", "where to?");
  refused("agent transfer a01 --to-agent a02 --to-queue x", "not more");
  refused("agent ready", "expected: pasokh agent ready AGENT");
  refused("agent out a01 --reason x", "--reason belongs to: agent pause");
  refused("call give 7", "to whom?");
  refused("user add", "whose?");
}

TEST_CASE("a fresh folder: made private, one administrator, refused a second time; settings are set, listed and refused") {
  const House house;
  const std::string dir = house.path + "/data";
  const Ran made = house.run("init " + dir + " --sip 127.0.0.1:5070 --http 127.0.0.1:8090 --rtp 20000-20100");
  REQUIRE_MESSAGE(made.status == 0, made.err);
  CHECK(made.out.find("sign in: admin") != std::string::npos);
  struct stat about {};
  REQUIRE(::stat(dir.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0700);
  CHECK(read(dir + "/pasokh.toml").find("listen = \"127.0.0.1:5070\"") != std::string::npos);
  const Ran again = house.run("init " + dir);
  CHECK(again.status == 1);
  CHECK(again.err.find("holds a centre already") != std::string::npos);

  const std::string at = " --data " + dir;
  CHECK(house.run("queue add support wrap_up=0s strategy=longest-idle" + at).status == 0);
  CHECK(house.run("agent add a01 queues=support number=101" + at).status == 0);
  const auto queues = rows(house.run("queue list --format json" + at));
  REQUIRE(queues.size() == 1);
  CHECK(queues[0].at("queue") == "support");
  CHECK(queues[0].at("strategy") == "longest-idle");
  CHECK(house.run("queue list" + at).out.find("longest-idle") != std::string::npos);
  const Ran refused = house.run("queue set nowhere priority=1" + at);
  CHECK(refused.status == 1);
  CHECK(refused.err.find("nowhere") != std::string::npos);
  CHECK(house.run("queue set support ring=soon" + at).status == 1);

  CHECK(rows(house.run("user list --format json" + at)).size() == 1);
  const Ran user = house.run("user add sara role=agent agent=a01" + at);
  CHECK(user.status == 0);
  CHECK(user.out.find("password ") != std::string::npos);
  CHECK(house.run("user add sara role=agent" + at).status == 1);
  CHECK(house.run("user set sara role=king" + at).status == 2);
  CHECK(house.run("user reset-password sara" + at).status == 0);
  CHECK(house.run("user remove admin" + at).status == 1);  // the last administrator
  CHECK(house.run("user remove sara" + at).status == 0);
}

// The shape that tests and newcomers rely on.
TEST_CASE("the demo centre has two queues, ten agents with a phone each, and tells it all in demo.json") {
  const House house;
  const std::string dir = house.path + "/data";
  const Ran made = house.run("init " + dir + " --demo --sip 0.0.0.0:5071");
  REQUIRE_MESSAGE(made.status == 0, made.err);
  struct stat about {};
  REQUIRE(::stat((dir + "/demo.json").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  const auto demo = json::parse(read(dir + "/demo.json"));
  CHECK(demo.at("sip") == "127.0.0.1:5071");
  CHECK(demo.at("http") == "http://127.0.0.1:8080");
  CHECK(demo.at("numbers") == json::parse(R"([{"number":"8000","queue":"support"},{"number":"8001","queue":"sales"}])"));
  const auto& devices = demo.at("devices").get_array();
  REQUIRE(devices.size() == 10);
  CHECK(devices[0].at("user") == "201");
  CHECK(devices[0].at("agent") == "a01");
  CHECK(devices[0].at("password").get_string().size() == 20);
  CHECK(devices[9].at("agent") == "a10");
  const auto& users = demo.at("users").get_array();
  CHECK(users.size() == 12);
  CHECK(users[0].at("role") == "agent");
  CHECK(users[10].at("role") == "supervisor");
  CHECK(users[11].at("role") == "administrator");
  const std::string at = " --format json --data " + dir;
  CHECK(rows(house.run("queue list" + at)).size() == 2);
  CHECK(rows(house.run("agent list" + at)).size() == 10);
  CHECK(rows(house.run("device list" + at)).size() == 10);
  CHECK(rows(house.run("number list" + at)).size() == 2);
  CHECK(rows(house.run("trunk list" + at)).size() == 1);
  // secrets never reach the journal
  const std::string journal = read(dir + "/journal.db") + read(dir + "/journal.db-wal");
  CHECK(journal.find(std::string(devices[0].at("password").get_string())) == std::string::npos);
}

TEST_CASE("an import adds and changes, names the place of a mistake, and takes ten thousand agents") {
  const House house;
  const std::string dir = house.path + "/data", at = " --data " + dir;
  REQUIRE(house.run("init " + dir).status == 0);
  std::ofstream(house.path + "/bad.json") << R"({"queues":[{"code":"support"}],"agents":[{"code":"a1","queues":["support"]},{"code":"a2","queues":["nowhere"]}]})";
  const Ran bad = house.run("import " + house.path + "/bad.json" + at);
  CHECK(bad.status == 1);
  CHECK(bad.err.find("/agents/1") != std::string::npos);
  std::ofstream(house.path + "/broken.json") << "{\n\"queues\": [\n}";
  CHECK(house.run("import " + house.path + "/broken.json" + at).err.find("line 3") != std::string::npos);

  {
    std::ofstream file(house.path + "/many.json");
    file << R"({"queues":[{"code":"support","wrap_up":"10s"}],"agents":[)";
    for (int i = 0; i < 10'000; ++i) file << (i ? "," : "") << R"({"code":"m)" << i << R"(","queues":["support"],"number":")" << 100'000 + i << R"("})";
    file << R"(],"users":[{"login":"sara","role":"agent","agent":"m1"}]})";
  }
  const Ran many = house.run("import " + house.path + "/many.json" + at);
  REQUIRE_MESSAGE(many.status == 0, many.err);
  CHECK(many.out.find("user sara password ") != std::string::npos);
  CHECK(rows(house.run("agent list --format json" + at)).size() == 10'000);  // nothing of the try that was refused
}

TEST_CASE("the doctor names what stands in the way, and says so by its exit code") {
  const House house;
  CHECK(house.run("doctor " + house.path + "/nowhere").status == 1);
  const std::string dir = house.path + "/data";
  REQUIRE(house.run("init " + dir + " --sip 127.0.0.1:0 --http 127.0.0.1:0").status == 0);
  const auto findings = rows(house.run("doctor " + dir + " --format json"));
  CHECK(findings.size() >= 9);
  for (const auto& finding : findings) {
    CHECK_FALSE(finding.at("found").get_string().empty());
    CHECK_FALSE(finding.at("found_fa").get_string().empty());
    if (finding.at("verdict") == "ok") continue;
    CHECK_FALSE(finding.at("advice").get_string().empty());
    CHECK_FALSE(finding.at("advice_fa").get_string().empty());
  }
  CHECK(house.run("doctor " + dir + " --lang fa").out.find("پیکربندی") != std::string::npos);
  CHECK(house.run("doctor " + dir + " --lang en").out.find("configuration") != std::string::npos);
  CHECK(house.run("doctor " + dir + " --lang de").status == 2);
  std::ofstream(dir + "/pasokh.toml") << "[sip]\nlisten = 1\n";
  const Ran broken = house.run("doctor " + dir);
  CHECK(broken.status == 1);
  CHECK(broken.out.find("pasokh.toml:2") != std::string::npos);
}
