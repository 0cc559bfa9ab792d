// What-if: a real day under other rules; clear words for what cannot be asked.
#include <doctest/doctest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>

#include "simulate/auditor.h"
#include "simulate/report_check.h"
#include "simulate/seed.h"
#include "simulate/what_if.h"

using namespace pasokh;
using namespace pasokh::simulate;

namespace {

struct RealDay {
  std::string path;
  Plan plan;
  Instant ends;
  DayFigures lived;
  explicit RealDay(Plan p) : plan(std::move(p)) {
    char name[] = "/tmp/pasokh-what-if-XXXXXX";
    path = ::mkdtemp(name);
    Auditor auditor(plan);
    World world(plan, &auditor);
    world.keep_journal();
    world.run();
    auditor.day_over(world.now());
    ends = world.now() + Duration::seconds(1);
    lived = day_figures(auditor.books(), plan, world.now());
    REQUIRE(write_journal(path, world.journal()));
  }
  ~RealDay() { std::filesystem::remove_all(path); }
  void damage(std::uint64_t event) const {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open((path + "/journal.db").c_str(), &db) == SQLITE_OK);
    const std::string sql = "DROP TRIGGER IF EXISTS event_no_update; UPDATE event SET at = at + 1 WHERE seq = " + std::to_string(event);
    char* wrong = nullptr;
    const int status = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &wrong);
    CAPTURE(std::string(wrong ? wrong : ""));
    REQUIRE(status == SQLITE_OK);
    sqlite3_close(db);
  }
};

Plan small_day() {
  Plan plan = big_day(3, 8, 700);
  plan.calls.resize(8);
  return plan;
}

}  // namespace

TEST_CASE("a day's figures by the lived books are those of the reports over the journal, in all four service levels") {
  RealDay day(small_day());
  auto reports = storage::Reports::open(day.path);
  REQUIRE(reports);
  storage::ReportFilter filter;
  filter.now = day.ends;
  auto queues = reports->queues(filter);
  REQUIRE(queues);
  REQUIRE(queues->size() == 1);
  const auto& q = queues->front().figures;
  CHECK(day.lived.calls == q.entered);
  CHECK(day.lived.answered == q.answered);
  CHECK(day.lived.abandoned == q.abandoned);
  CHECK(day.lived.abandoned > 0);
  CHECK(day.lived.short_abandoned == q.short_abandoned);
  CHECK(day.lived.service_level_strict_permille == q.service_level_strict.permille);
  CHECK(day.lived.service_level_ignoring_permille == q.service_level_ignoring.permille);
  CHECK(day.lived.service_level_lenient_permille == q.service_level_lenient.permille);
  CHECK(day.lived.service_level_answered_permille == q.service_level_answered.permille);
  CHECK(day.lived.service_level_strict_permille < day.lived.service_level_answered_permille);
  CHECK(day.lived.asa_ms == q.asa_ms);
  CHECK(day.lived.longest_wait_ms == q.wait_longest_ms);
}

TEST_CASE("more agents: callers gain, agents lose calls; the same caller is compared with itself; intervals stand around the means") {
  RealDay day(small_day());
  auto history = history_of(day.path, day.plan.start, day.ends);
  REQUIRE(history);
  Plan changed = history->plan;
  REQUIRE(apply_change(changed, "agents+3"));
  const WhatIf result = what_if(history->plan, changed, 6);
  CHECK(result.unchanged.calls.mean == day.lived.calls);
  CHECK(result.changed.asa_ms.high < result.unchanged.asa_ms.low);
  CHECK(result.changed.abandoned.mean < result.unchanged.abandoned.mean);
  CHECK(result.changed.service_level_strict_permille.low > result.unchanged.service_level_strict_permille.high);
  CHECK(result.changed.occupancy_permille.mean < result.unchanged.occupancy_permille.mean);
  CHECK(result.callers.shorter_milli > result.callers.longer_milli);
  CHECK(result.callers.shorter_milli + result.callers.alike_milli + result.callers.longer_milli == doctest::Approx(static_cast<double>(history->plan.callers.size()) * 1'000).epsilon(0.01));
  std::int64_t was = 0, now = 0;
  for (const WaitBand& band : result.bands) { was += band.was_milli; now += band.now_milli; }
  CHECK(was == doctest::Approx(static_cast<double>(now)).epsilon(0.01));
  REQUIRE(result.agents.size() == 11);
  CHECK(result.agents.front().is_new);
  CHECK(result.agents.back().calls_now_milli < result.agents.back().calls_was_milli);
  for (const Spread* s : {&result.unchanged.asa_ms, &result.changed.occupancy_permille, &result.changed.jain_calls_ppm}) { CHECK(s->low <= s->mean); CHECK(s->mean <= s->high); }
}

TEST_CASE("Student's interval: of 1, 2, 3, 4, 5 the mean is 3 and 95 % lie within 2.776 · sqrt(0.5)") {
  CHECK(spread_of({1'000, 2'000, 3'000, 4'000, 5'000}) == Spread{3'000, 1'037, 4'963});
  CHECK(spread_of({7}) == Spread{7, 7, 7});
}

TEST_CASE("the first thing decided otherwise is named; a change that changes nothing diverges nowhere") {
  RealDay day(small_day());
  auto change = [](const char* text) { auto parsed = parse_change(text); REQUIRE(parsed); return *parsed; };
  auto nowhere = first_divergence(day.path, day.plan.start, day.ends, change("strategy=fair-share"));
  REQUIRE(nowhere);
  CHECK_FALSE(nowhere->has_value());
  auto strategy = first_divergence(day.path, day.plan.start, day.ends, change("strategy=longest-idle"));
  REQUIRE(strategy);
  REQUIRE(strategy->has_value());
  CHECK((*strategy)->kind == "CallOffered");
  CHECK((*strategy)->at > day.plan.start);
  CHECK((*strategy)->at < day.ends);
}

TEST_CASE("a journal damaged in the middle of the day: the range is named, what is before it is used; damage before the day is refused") {
  RealDay day(small_day());
  day.damage(600);
  auto history = history_of(day.path, day.plan.start, day.ends);
  REQUIRE(history);
  CHECK(history->damaged.find("600") != std::string::npos);
  CHECK(history->to < day.ends);
  CHECK_FALSE(history->plan.callers.empty());
  auto replayed = replay_day(day.path, day.plan.start, day.ends);
  REQUIRE(replayed);
  CHECK(replayed->damaged.find("600") != std::string::npos);
  CHECK(replayed->first_difference == "");
  CHECK(replayed->events > 400);
  CHECK(replayed->events < 600);
  const Instant later = day.plan.start + Duration::hours(3);
  CHECK(history_of(day.path, later, day.ends).error().code == "journal-damaged");
  CHECK(replay_day(day.path, later, day.ends).error().code == "journal-damaged");
}

TEST_CASE("impossible changes are refused with a word each") {
  CHECK(parse_change("").error().code == "change-unknown");
  CHECK(parse_change("ring=").error().code == "change-impossible");
  CHECK(parse_change("ring=0s").error().code == "change-impossible");
  CHECK(parse_change("wrap_up=5m").error().code == "change-impossible");
  CHECK(parse_change("agents+2x").error().code == "change-impossible");
  CHECK(parse_change("agents+0").error().code == "change-impossible");
  auto both = parse_change("agents+3,agents-1,ring=20s");
  REQUIRE(both);
  CHECK(both->agents == 2);
  CHECK(*both->ring == Duration::seconds(20));
}

TEST_CASE("a seed carries the version of the simulator that told its story") {
  CHECK(*parse_seed("17") == 17);
  CHECK(*parse_seed(seed_text(17)) == 17);
  CHECK(*parse_sip_seed("17") == 17);
  CHECK(*parse_sip_seed(sip_seed_text(17)) == 17);
  CHECK(sip_world_print() != world_print());
  CHECK(parse_sip_seed(seed_text(17)).error().code == "seed-version");  // of the other level
  CHECK(parse_seed("17@00000000").error().code == "seed-version");
  CHECK(parse_seed("seventeen").error().code == "seed-unknown");
  CHECK(parse_seed("-1").error().code == "seed-unknown");
}
