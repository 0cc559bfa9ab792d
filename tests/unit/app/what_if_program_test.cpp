// What-if: `pasokh simulate --from`, as managers and the console run it.
#include <doctest/doctest.h>

#include <sys/wait.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

namespace json = boost::json;

struct Ran { int status = -1; std::string out, err; };

class Drawn {                            // a day drawn into a folder
 public:
  Drawn() {
    char pattern[] = "/tmp/pasokh-what-if-XXXXXX";
    path_ = mkdtemp(pattern);
    REQUIRE(run("simulate --into " + path_ + "/c --seed 4 --agents 8 --calls 800").status == 0);
  }
  ~Drawn() { std::error_code ignored; std::filesystem::remove_all(path_, ignored); }
  Ran run(const std::string& arguments) const {
    const std::string program = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "pasokh").string();
    const int status = std::system((program + " " + arguments + " >" + path_ + "/out 2>" + path_ + "/err </dev/null").c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read("/out"), read("/err")};
  }
  void damage_the_middle() const {         // a page of the journal's file
    const std::string path = path_ + "/c/journal.db";
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
    file << std::string(4'096, '\xff');
  }
  Ran what_if(const std::string& more) const { return run("simulate --from " + path_ + "/c " + more); }

 private:
  std::string read(const std::string& name) const {
    std::ifstream in(path_ + name);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  std::string path_;
};

}  // namespace

TEST_CASE("what-if: the day is reproduced exactly; under a change both stand side by side, in words and in JSON; each impossibility has its word") {
  const Drawn drawn;
  const Ran same = drawn.what_if("--day 1405-09-04 --format json");
  CHECK(same.status == 0);
  const auto reproduced = json::parse(same.out).as_object();
  CHECK(reproduced.at("exact").as_bool());
  CHECK(reproduced.at("decided_alike").as_int64() + reproduced.at("facts").as_int64() == reproduced.at("events").as_int64());
  CHECK(reproduced.at("as_it_was").at("calls").as_int64() > 500);

  const Ran changed = drawn.what_if("--day 2026-11-25 --change strategy=longest-idle,agents+2 --seeds 5 --format json");
  CHECK(changed.status == 0);
  const auto both = json::parse(changed.out).as_object();
  CHECK(both.at("as_it_was") == reproduced.at("as_it_was"));
  CHECK(both.at("changed").at("asa_ms").at("high").as_int64() < both.at("unchanged").at("asa_ms").at("low").as_int64());
  for (const char* level : {"service_level_strict_permille", "service_level_ignoring_permille", "service_level_lenient_permille", "service_level_answered_permille"})
    CHECK(both.at("changed").at(level).at("mean").as_int64() > both.at("unchanged").at(level).at("mean").as_int64());
  CHECK(both.at("agents").as_array().size() == 10);
  CHECK(both.at("first_divergence").at("decided").as_string() == "CallOffered");
  CHECK(both.at("modelled").as_array().size() >= 3);

  const Ran words = drawn.what_if("--day 1405-09-04 --change ring=10s --seeds 3");
  CHECK(words.status == 0);
  for (const char* part : {"service level, early abandons ignored", "occupancy", "Agents, the most gained", "Callers by wait", "people are modelled"}) CHECK(words.out.find(part) != std::string::npos);

  for (const auto& [more, status, word] : {std::tuple{"--day 1405-09-09", 1, "journalled for that day"}, {"--day 1405-09-09 --change agents+1", 1, "Nobody called"}, {"--day 1405-09-04 --change agents-8", 1, "one must be left"},
                                           {"--day 1405-09-04 --change tempo=fast", 1, "cannot be changed here"}, {"--day 1405-09-04 --change wrap_up=soon", 1, "whole seconds"}, {"", 2, "--day"}, {"--day 1405-09-04 --change agents+1 --seeds 0", 2, "--seeds"}}) {
    CAPTURE(std::string(more));
    const Ran refused = drawn.what_if(more);
    CHECK(refused.status == status);
    CHECK(refused.err.find(word) != std::string::npos);
    CHECK(refused.out.empty());
  }
  const Ran strange = drawn.run("simulate --seed 5@00000000");
  CHECK(strange.status == 1);
  CHECK(strange.err.find("another version") != std::string::npos);
}

TEST_CASE("what-if: of a journal that is damaged in the middle the range is named, and what is before it is used") {
  const Drawn drawn;
  drawn.damage_the_middle();
  for (const char* more : {"--day 1405-09-04", "--day 1405-09-04 --change agents+1 --seeds 2"}) {
    const Ran used = drawn.what_if(more);
    CHECK(used.status == 0);
    const std::string said = used.err + used.out;
    CHECK(said.find("The journal is damaged (events ") != std::string::npos);
    CHECK(said.find("the file itself is damaged there") != std::string::npos);
    CHECK(said.find("the day ends here at 2026-11-25T") != std::string::npos);
    CHECK(used.out.find("callers into queues") != std::string::npos);
  }
  const Ran after = drawn.what_if("--day 1405-09-05");
  CHECK(after.status == 1);
  CHECK(after.err.find("before that day") != std::string::npos);
}
