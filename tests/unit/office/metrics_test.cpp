#include "office/reports/metrics.h"

#include <doctest/doctest.h>

#include <set>

using namespace pasokh;
using namespace pasokh::office::reports;

namespace {

constexpr Instant t0{1'000'000'000'000};
Instant at(std::int64_t seconds) { return t0 + Duration::seconds(seconds); }

Visit visit(std::uint64_t call, Visit::End end, std::int64_t wait_s, std::int64_t entered_s = 0) {
  Visit v{CallId{call}, QueueId{1}, at(entered_s), at(entered_s + wait_s), end, Duration::seconds(20), Duration::seconds(5)};
  if (end == Visit::End::waiting) v.left.reset();
  return v;
}

}  // namespace

TEST_CASE("one hour, four service levels: 70.0, 77.8, 80.0 and 82.4 percent (field.md 4, worked example)") {
  std::vector<Visit> visits;
  for (int i = 0; i < 70; ++i) visits.push_back(visit(1, Visit::End::answered, 15));
  for (int i = 0; i < 10; ++i) visits.push_back(visit(1, Visit::End::abandoned, 15));
  for (int i = 0; i < 15; ++i) visits.push_back(visit(1, Visit::End::answered, 40));
  for (int i = 0; i < 5; ++i) visits.push_back(visit(1, Visit::End::abandoned, 40));
  const auto q = queue_figures(visits, {}, at(3600));
  CHECK(q.service_level_strict == Share{70, 100, 700});
  CHECK(q.service_level_ignoring == Share{70, 90, 778});
  CHECK(q.service_level_lenient == Share{80, 100, 800});
  CHECK(q.service_level_answered == Share{70, 85, 824});
  CHECK(q.abandonment_rate == Share{15, 100, 150});
  CHECK(q.asa_ms == (70 * 15'000 + 15 * 40'000) / 85);
  CHECK(q.wait_longest_ms == 40'000);
}

TEST_CASE("short abandons stand apart: in entered, in no other figure; those still waiting are not judged yet") {
  const std::vector<Visit> visits{visit(1, Visit::End::abandoned, 4), visit(2, Visit::End::abandoned, 5), visit(3, Visit::End::answered, 20),
                                  visit(4, Visit::End::answered, 21), visit(5, Visit::End::flowed_out, 60), visit(6, Visit::End::waiting, 0, 100)};
  const auto q = queue_figures(visits, {}, at(190));
  CHECK(q.entered == 6);
  CHECK(q.offered == 5);
  CHECK(q.short_abandoned == 1);
  CHECK(q.abandoned == 1);
  CHECK(q.answered == 2);
  CHECK(q.flowed_out == 1);
  CHECK(q.waiting == 1);
  CHECK(q.answered_in_time == 1);                       // 20 s is within T = 20 s
  CHECK(q.service_level_strict == Share{1, 4, 250});
  CHECK(q.wait_longest_ms == 90'000);                   // the one who still waits
}

TEST_CASE("AHT has three parts, and hold is not counted twice") {
  const std::vector<Handling> parts{{CallId{1}, AgentId{1}, QueueId{1}, at(0), at(100), Duration::seconds(30), Duration::seconds(20)},
                                    {CallId{2}, AgentId{2}, QueueId{1}, at(10), at(60), {}, {}}};
  const auto q = queue_figures({}, parts, at(3600));
  CHECK(q.handled == 2);
  CHECK(q.talk_ms == 120'000);
  CHECK(q.hold_ms == 30'000);
  CHECK(q.wrap_up_ms == 20'000);
  CHECK(q.aht_ms == 85'000);
  CHECK(q.att_ms == 60'000);
}

TEST_CASE("time on duty is cut at the borders, pauses are not duty, occupancy leaves ringing out") {
  const AgentId sara{1};
  const std::vector<Duty> duty{{sara, at(-500), at(100), Duty::State::ready}, {sara, at(100), at(110), Duty::State::ringing},
                               {sara, at(110), at(210), Duty::State::talking}, {sara, at(210), at(250), Duty::State::wrap_up},
                               {sara, at(250), at(400), Duty::State::paused}, {sara, at(400), {}, Duty::State::ready}};
  const auto a = agent_figures({}, {}, duty, at(0), at(460));
  CHECK(a.ready_ms == 160'000);
  CHECK(a.ringing_ms == 10'000);
  CHECK(a.paused_ms == 150'000);
  CHECK(a.on_duty_ms == 310'000);
  CHECK(a.occupancy == Share{140'000, 300'000, 467});
}

TEST_CASE("evenness: equal loads per hour on duty are perfectly even whatever the hours; one who does all gives 1/n (Jain 1984)") {
  AgentFigures whole_day{.handled = 80, .talk_ms = 14'400'000, .on_duty_ms = 8 * 3'600'000};
  AgentFigures half_day{.handled = 40, .talk_ms = 7'200'000, .on_duty_ms = 4 * 3'600'000};
  const AgentFigures absent{};
  auto e = evenness(std::vector{whole_day, half_day, absent});
  CHECK(e.agents == 2);
  CHECK(e.jain_calls_ppm == 1'000'000);
  CHECK(e.jain_work_ppm == 1'000'000);
  CHECK(e.most_minus_least == 40);                      // plain counts say less than the index
  AgentFigures idle{.on_duty_ms = 8 * 3'600'000};
  e = evenness(std::vector{whole_day, idle, idle, idle});
  CHECK(e.jain_calls_ppm == 250'000);
  CHECK(e.least_calls == 0);
  CHECK(evenness({}).jain_calls_ppm == -1);
  whole_day.offers = 10;
  whole_day.forced = 3;
  CHECK(evenness(std::vector{whole_day}).forced == Share{3, 10, 300});
}

TEST_CASE("every metric has a name of its own, a formula in both languages and a source") {
  std::set<std::string_view> names;
  for (const MetricText& text : all_metrics()) {
    CHECK(names.insert(text.name).second);
    CHECK_FALSE(text.formula_en.empty());
    CHECK_FALSE(text.formula_fa.empty());
    CHECK_FALSE(text.title_fa.empty());
    CHECK_FALSE(text.source.empty());
    CHECK(metric_named(text.name) == text.metric);
    CHECK(&text_of(text.metric) == &text);
  }
  CHECK_FALSE(metric_named("sl"));
}
