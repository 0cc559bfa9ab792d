#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "../storage/day.h"
#include "../storage/scratch.h"
#include "app/commands.h"
#include "floor/floor.h"

using namespace pasokh;
using namespace pasokh::app;

namespace {

struct Ran {
  int status = 0;
  std::string out;
};

std::string whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Runs a command in this process with its output in a file.
Ran run(const std::string& dir, int (*command)(const Args&), std::vector<std::string> words, std::map<std::string, std::string> options) {
  options["data"] = dir;
  const std::string path = dir + "/out.txt";
  std::fflush(stdout);
  const int before = ::dup(1);
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  ::dup2(file, 1);
  ::close(file);
  Ran ran;
  ran.status = command({"test", std::move(words), std::move(options)});
  std::fflush(stdout);
  ::dup2(before, 1);
  ::close(before);
  ran.out = whole(path);
  return ran;
}

const std::map<std::string, std::string> that_day{{"from", "1405-09-03"}, {"to", "1405-09-04"}};
std::map<std::string, std::string> with(std::map<std::string, std::string> options) {
  options.insert(that_day.begin(), that_day.end());
  return options;
}
bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("report: json is one array with ids as strings and times in UTC; csv runs no formula; the Persian table has Jalali dates and formulas") {
  Scratch scratch;
  Day day(scratch.dir);
  tell_the_day(day);
  auto json = run(scratch.dir, report_command, {"calls"}, with({{"format", "json"}}));
  CHECK(json.status == done);
  CHECK(json.out.starts_with(R"([{"call":"1","caller":"02188001111","number":"8000","queue":"support","agent":"a01","outcome":"answered","arrived":"2026-11-24T06:01:00.000Z","wait_ms":4000,"talk_ms":120000,)"));
  CHECK(json.out.ends_with("]\n"));
  auto csv = run(scratch.dir, report_command, {"calls"}, with({{"format", "csv"}, {"outcome", "abandoned"}}));
  CHECK(csv.out.starts_with("call,caller,number,queue,agent,outcome,arrived,wait_ms,talk_ms,"));
  CHECK(has(csv.out, "\r\n3,'=cmd|x,8000,support,,abandoned,"));
  const auto nothing = run(scratch.dir, report_command, {"calls"}, with({{"format", "csv"}, {"outcome", "busy"}}));
  CHECK(nothing.out == csv.out.substr(0, csv.out.find("\r\n") + 2));  // the columns, and no row
  auto table = run(scratch.dir, report_command, {"calls"}, with({{"lang", "fa"}}));
  CHECK(has(table.out, "۱۴۰۵-۰۹-۰۳ ۰۹:۳۱:۰۰"));
  CHECK(has(table.out, "پاسخ‌داده"));
  auto queues = run(scratch.dir, report_command, {"queues"}, with({{"lang", "en"}}));
  CHECK(has(queues.out, "SL, abandons count against (service_level_strict) = answered within T / (answered + abandoned + flowed out)"));
  CHECK(has(run(scratch.dir, report_command, {"queues"}, with({{"format", "json"}, {"queue", "support"}})).out, R"("service_level_strict_percent":50.0,)"));
  CHECK(has(run(scratch.dir, report_command, {"agents"}, with({{"format", "csv"}})).out, "agent,offers,answered,lapsed,withdrawn,forced,handled,talk_ms,"));
  CHECK(has(run(scratch.dir, report_command, {"queues"}, with({{"format", "csv"}, {"queue", "support"}})).out, ",50.0,50.0,50.0,66.7,25.0,"));
  CHECK(has(run(scratch.dir, report_command, {"intervals"}, with({{"format", "json"}, {"by", "month"}})).out, R"("label":"1405-09")"));
  CHECK(has(run(scratch.dir, report_command, {"queues"}, with({{"format", "json"}, {"calls", "short_abandoned"}})).out, R"([{"call":"3",)"));
  CHECK(has(run(scratch.dir, report_command, {"call", "2"}, {{"lang", "en"}}).out, "a02 did not take it: no answer"));
  CHECK(has(run(scratch.dir, archive_command, {"list"}, with({{"format", "json"}})).out, R"([{"capture":"1","call":"1","state":"finished","duration_ms":120000,)"));
}

TEST_CASE("report: both calendars mean the same day, the end is exclusive, and wrong usage ends with 2, refusals with 1") {
  Scratch scratch;
  Day day(scratch.dir);
  tell_the_day(day);
  const auto jalali = run(scratch.dir, report_command, {"calls"}, {{"format", "csv"}, {"from", "1405-09-03"}, {"to", "1405-09-03 09:33"}});
  const auto gregorian = run(scratch.dir, report_command, {"calls"}, {{"format", "csv"}, {"from", "2026-11-24"}, {"to", "2026-11-24T06:03:00Z"}});
  CHECK(jalali.out == gregorian.out);
  CHECK(std::count(jalali.out.begin(), jalali.out.end(), '\n') == 5);  // heading and calls 1 to 4
  CHECK(run(scratch.dir, report_command, {"calls"}, {{"from", "1404-12-30"}}).status == usage);
  CHECK(run(scratch.dir, report_command, {"calls"}, {{"format", "xml"}}).status == usage);
  CHECK(run(scratch.dir, report_command, {"nothing"}, {}).status == usage);
  CHECK(run(scratch.dir, report_command, {"queues"}, {{"calls", "nothing"}}).status == usage);
  CHECK(run(scratch.dir, report_command, {"calls"}, {{"queue", "nobody"}}).status == failed);
  CHECK(run(scratch.dir, report_command, {"call", "77"}, {}).status == failed);
  Scratch empty;
  CHECK(run(empty.dir, report_command, {"calls"}, {}).status == failed);
}

TEST_CASE("journal: what is exported replays elsewhere to the same state; redacted, no number leaves; a changed file does not replay") {
  Scratch scratch;
  Day day(scratch.dir);
  tell_the_day(day);
  CHECK(run(scratch.dir, journal_command, {"verify"}, {}).status == done);
  const auto here = run(scratch.dir, journal_command, {"replay"}, {});
  CHECK(here.status == done);
  for (const char* format : {"jsonl", "file"}) {
    const std::string file = scratch.dir + "/incident";
    REQUIRE(run(scratch.dir, journal_command, {"export"}, {{"format", format}, {"redacted", "true"}, {"out", file}}).status == done);
    CHECK(run(scratch.dir, journal_command, {"replay", file}, {}).out == here.out);
    auto bytes = whole(file);
    CHECK_FALSE(has(bytes, "02188001111"));
    CHECK_FALSE(has(bytes, "Sara"));
    const auto at = bytes.rfind("0");
    bytes[at] = '1';
    { std::ofstream out(file, std::ios::binary); out << (bytes.substr(0, bytes.size() / 2) + bytes.substr(bytes.size() / 2 + 1)); }
    CHECK(run(scratch.dir, journal_command, {"replay", file}, {}).status == failed);
    REQUIRE(run(scratch.dir, journal_command, {"export"}, {{"format", format}, {"out", file}}).status == done);
    CHECK(has(whole(file), "02188001111"));
  }
}

TEST_CASE("explain: every offer of a call is told from the floor as it stood") {
  Scratch scratch;
  Day day(scratch.dir);
  tell_the_day(day);
  const auto told = run(scratch.dir, explain_command, {"2"}, {{"lang", "en"}});
  CHECK(told.status == done);
  CHECK(has(told.out, "offered to a02"));
  CHECK(has(told.out, "offered to a03"));
  CHECK(has(run(scratch.dir, explain_command, {"6"}, {{"lang", "en"}}).out, "not offered"));
  CHECK(run(scratch.dir, explain_command, {"x"}, {}).status == usage);
}
