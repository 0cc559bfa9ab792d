#include <doctest/doctest.h>

#include <vector>

#include "base/log.h"
#include "base/nearest.h"

using namespace pasokh;

TEST_CASE("a log line is one JSON object: level, time, text, fields; nothing in a value can break out of it") {
  std::vector<std::string> lines;
  set_log_sink([&](std::string_view line) { lines.emplace_back(line); });
  log(LogLevel::warning, "trunk does not answer", {{"trunk", "car\"rier\n{}"}, {"caller", masked("09121234567")}});
  set_log_sink({});
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].rfind(R"({"level":"warning","at":"20)", 0) == 0);
  CHECK(lines[0].find(R"("text":"trunk does not answer","trunk":"car\"rier\n{}","caller":"0912*****67"})") != std::string::npos);
  CHECK(lines[0].find('\n') == lines[0].size() - 1);
}

TEST_CASE("one text is let through twenty times in a window, another is not held by it") {
  std::vector<std::string> lines;
  set_log_sink([&](std::string_view line) { lines.emplace_back(line); });
  for (int i = 0; i < 1'000; ++i) log(LogLevel::info, "a flood");
  log(LogLevel::info, "something else");
  set_log_sink({});
  CHECK(lines.size() == 21);
  CHECK(lines.back().find("something else") != std::string::npos);
}

TEST_CASE("what is below the level is not written") {
  int lines = 0;
  set_log_sink([&](std::string_view) { ++lines; });
  log(LogLevel::debug, "a detail");
  set_log_level(LogLevel::error);
  log(LogLevel::warning, "a warning");
  log(LogLevel::error, "an error");
  set_log_level(LogLevel::info);
  set_log_sink({});
  CHECK(lines == 1);
}

TEST_CASE("numbers are masked but for their ends, short ones whole") {
  CHECK(masked("02191001234") == "0219*****34");
  CHECK(masked("110") == "***");
  CHECK(masked("1234567") == "*******");
  CHECK(masked("") == "");
}

TEST_CASE("the nearest name is offered when it is near, none when it is far") {
  CHECK(nearest("formt", {"format", "data", "from"}) == "format");
  CHECK(nearest("agnet", {"agent", "queue"}) == "agent");
  CHECK(nearest("zebra", {"format", "data"}).empty());
  CHECK(nearest(std::string(1'000, 'x'), {"format"}).empty());
}
