#include <doctest/doctest.h>

#include "office/alarms/alarms.h"

using namespace pasokh;
using namespace pasokh::office::alarms;

namespace {

struct Desk {
  Watch watch;
  Watched support;
  Instant now{Duration::hours(100).us};
  std::vector<Change> after(std::int64_t seconds) {
    now = now + Duration::seconds(seconds);
    return watch.look({{"support", support}}, now);
  }
};

}  // namespace

// Alarms by threshold.
TEST_CASE("an alarm is raised when the figure has been past its threshold for long enough, and tells since when") {
  Desk desk;
  desk.support.limits.waiting = 10;
  desk.support.figures.waiting = 9;
  CHECK(desk.after(1).empty());
  desk.support.figures.waiting = 12;
  const Instant began = desk.now + Duration::seconds(1);
  CHECK(desk.after(1).empty());
  CHECK(desk.after(9).empty());
  const auto raised = desk.after(1);
  REQUIRE(raised.size() == 1);
  CHECK(raised[0].turn == Turn::raised);
  CHECK(raised[0].code == Code::waiting);
  CHECK(raised[0].since == began);
  CHECK(raised[0].limit == 10);
  CHECK(raised[0].value == 12);
  CHECK(desk.after(1).empty());
}

TEST_CASE("a moment's relief before it is raised begins the time anew") {
  Desk desk;
  desk.support.limits.waiting = 10;
  desk.support.figures.waiting = 12;
  CHECK(desk.after(1).empty());
  CHECK(desk.after(8).empty());
  desk.support.figures.waiting = 9;
  CHECK(desk.after(1).empty());
  desk.support.figures.waiting = 12;
  CHECK(desk.after(9).empty());
  CHECK(desk.after(9).empty());
  CHECK(desk.after(1).size() == 1);
}

TEST_CASE("a figure at its border does not ring each minute: it is over only past a margin, and for as long") {
  Desk desk;
  desk.support.limits.longest_wait_ms = 60'000;
  desk.support.limits.after_ms = 0;
  desk.support.figures.longest_wait_ms = 61'000;
  CHECK(desk.after(1).size() == 1);
  desk.support.limits.after_ms = 5'000;
  desk.support.figures.longest_wait_ms = 59'000;  // better, but not well
  CHECK(desk.after(60).empty());
  desk.support.figures.longest_wait_ms = 10'000;
  const Instant well = desk.now + Duration::seconds(1);
  CHECK(desk.after(1).empty());
  const auto over = desk.after(5);
  REQUIRE(over.size() == 1);
  CHECK(over[0].turn == Turn::over);
  CHECK(over[0].until == well);
  CHECK(over[0].worst == 61'000);
}

TEST_CASE("what grows worse is told, but not each second") {
  Desk desk;
  desk.support.limits.waiting = 1;
  desk.support.limits.after_ms = 0;
  desk.support.figures.waiting = 1;
  CHECK(desk.after(1).size() == 1);
  int told = 0;
  for (int i = 0; i < 30; ++i) {
    ++desk.support.figures.waiting;
    for (const auto& change : desk.after(1)) { CHECK(change.turn == Turn::worse); ++told; }
  }
  CHECK(told == 3);
}

TEST_CASE("shares are judged from ten calls on, by their own direction") {
  Figures f;
  f.service_level = Share{1, 9};
  CHECK(judge(Code::service_level, 800, f).verdict == Verdict::well);   // nine calls say nothing
  f.service_level = Share{7, 10};
  CHECK(judge(Code::service_level, 800, f).verdict == Verdict::badly);
  f.service_level = Share{81, 100};
  CHECK(judge(Code::service_level, 800, f).verdict == Verdict::between);
  f.service_level = Share{82, 100};
  CHECK(judge(Code::service_level, 800, f).verdict == Verdict::well);
  f.abandoned = Share{1, 10};
  CHECK(judge(Code::abandoned, 100, f).verdict == Verdict::badly);
}

TEST_CASE("few free agents are no alarm at night, when nobody works and nobody waits") {
  Figures f;
  CHECK(judge(Code::free_agents, 0, f).verdict == Verdict::well);
  f.waiting = 1;
  CHECK(judge(Code::free_agents, 0, f).verdict == Verdict::badly);
  f = {.on_duty = 3};
  CHECK(judge(Code::free_agents, 0, f).verdict == Verdict::badly);
  f.ready = 1;
  CHECK(judge(Code::free_agents, 0, f).verdict == Verdict::well);
}

TEST_CASE("an alarm that stood before a restart goes on standing, and one that nobody watches any more is over") {
  Desk desk;
  desk.watch.stands("support", Code::waiting, Instant{1}, 10, 14);
  desk.watch.stands("sales", Code::waiting, Instant{2}, 10, 11);
  desk.support.limits.waiting = 10;
  desk.support.figures.waiting = 12;
  const auto changes = desk.after(1);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].queue == "sales");
  CHECK(changes[0].turn == Turn::over);
  desk.support.figures.waiting = 0;
  CHECK(desk.after(1).empty());
  const auto over = desk.after(10);
  REQUIRE(over.size() == 1);
  CHECK(over[0].since == Instant{1});
  CHECK(over[0].worst == 14);
}

TEST_CASE("each code has its words in both languages, with the figures in them") {
  CHECK(words({"longest-wait", "support", "", "", 90'000, 125'000}, false) == "Queue support: a caller has waited 2 min 5 s (limit 90 s).");
  CHECK(words({"service-level", "support", "", "", 800, 715}, true) == "صف support: سطح سرویس امروز ۷۱٫۵٪ است (حد: ۸۰٪).");
  for (const auto code : system_codes()) {
    const Told told{std::string(code), "", "carrier", "no answer", {}, {}};
    CHECK(words(told, true) != words(told, false));
    CHECK(words(told, false).find('{') == std::string::npos);
  }
}
