#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/json_text.h"
#include "day.h"
#include "scratch.h"
#include "storage/report_queries.h"
#include "storage/reports_store.h"

using namespace pasokh;
using namespace pasokh::storage;
namespace f = pasokh::floor;
namespace r = pasokh::office::reports;

namespace {

constexpr Instant evening = Day::start + Duration::seconds(600);

Reports open_reports(const std::string& dir) {
  auto reports = Reports::open(dir);
  REQUIRE_MESSAGE(reports.has_value(), (reports ? "" : reports.error().text));
  return std::move(*reports);
}

ReportFilter whole_day() {
  ReportFilter filter;
  filter.from = Day::start;
  filter.to = evening;
  filter.now = evening;
  return filter;
}

// Everything that can be asked, as one text.
std::string all_answers(Reports& reports) {
  std::string out;
  auto add = [&](auto result) {
    REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().text));
    out += json_text(*result) + "\n";
  };
  add(reports.calls(whole_day()));
  add(reports.queues(whole_day()));
  add(reports.agents(whole_day()));
  add(reports.archive(whole_day()));
  for (auto by : {IntervalBy::quarter, IntervalBy::hour, IntervalBy::day, IntervalBy::month}) add(reports.intervals(whole_day(), by));
  for (std::uint64_t call = 1; call <= 6; ++call) add(reports.call({call}, f::Language::en, evening));
  return out;
}

std::vector<std::uint64_t> ids(const std::vector<CallRow>& rows) {
  std::vector<std::uint64_t> out;
  for (const auto& row : rows) out.push_back(row.call.value);
  return out;
}
using Ids = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("report calls: waiting is from the first INVITE to the agent's answer, or to the end; talk from there to the end, hold included") {
  Scratch scratch;
  Day day(scratch.dir);
  tell_the_day(day);
  auto reports = open_reports(scratch.dir);
  auto rows = reports.calls(whole_day());
  REQUIRE(rows.has_value());
  REQUIRE(rows->size() == 6);
  const auto& c = *rows;
  CHECK(c[0].wait_ms == 4'000);
  CHECK(c[0].talk_ms == 120'000);
  CHECK(c[0].hold_ms == 30'000);
  CHECK(c[0].caller == "02188001111");
  CHECK(c[0].caller_name == "Sara");
  CHECK(c[0].number == "8000");
  CHECK(c[0].queue == "support");
  CHECK(c[0].agent == "a01");
  CHECK(c[0].outcome == f::Outcome::answered);
  CHECK(c[0].recording == "finished");
  CHECK(c[1].wait_ms == 28'000);
  CHECK(c[1].talk_ms == 60'000);
  CHECK(c[1].offers == 2);
  CHECK(c[1].agents == std::vector<std::string>{"a03"});
  CHECK(c[2].outcome == f::Outcome::abandoned);
  CHECK(c[2].wait_ms == 3'000);
  CHECK(c[2].talk_ms == 0);
  CHECK(c[2].agent == "");
  CHECK(c[3].caller == "");                       // withheld, or erased
  CHECK(c[4].wait_ms == 5'000);
  CHECK(c[4].talk_ms == 195'000);                 // transfer included
  CHECK(c[4].queue == "sales");
  CHECK(c[4].first_queue == "support");
  CHECK(c[4].agents == std::vector<std::string>{"a01", "a03"});
  CHECK(c[4].transfers == 1);
  CHECK(c[5].outcome == f::Outcome::in_progress);
  CHECK(c[5].wait_ms == 100'000);
}

TEST_CASE("report queues: a transferred call is one visit to each queue; each agent's minutes are that agent's (complaint 23)") {
  Scratch scratch;
  Day day(scratch.dir);
  tell_the_day(day);
  auto reports = open_reports(scratch.dir);
  auto rows = reports.queues(whole_day());
  REQUIRE(rows.has_value());
  REQUIRE(rows->size() == 2);
  const auto& sales = (*rows)[0].figures;
  const auto& support = (*rows)[1].figures;
  CHECK((*rows)[0].queue == "sales");
  CHECK(support.entered == 6);
  CHECK(support.offered == 5);
  CHECK(support.answered == 3);
  CHECK(support.abandoned == 1);
  CHECK(support.short_abandoned == 1);
  CHECK(support.waiting == 1);
  CHECK(support.answered_in_time == 2);           // 4 s and 5 s; 28 s is late
  CHECK(support.service_level_strict == r::Share{2, 4, 500});
  CHECK(support.service_level_answered == r::Share{2, 3, 667});
  CHECK(support.asa_ms == (4'000 + 28'000 + 5'000) / 3);
  CHECK(support.wait_longest_ms == 100'000);      // call 6
  CHECK(support.handled == 3);
  CHECK(support.talk_ms == 90'000 + 60'000 + 95'000);
  CHECK(support.hold_ms == 30'000);
  CHECK(support.wrap_up_ms == 20'000);
  CHECK(sales.entered == 1);
  CHECK(sales.answered == 1);
  CHECK(sales.asa_ms == 20'000);
  CHECK(sales.talk_ms == 80'000);
}

TEST_CASE("report agents: offers, talk, wrap-up, time on duty and occupancy, counted by hand") {
  Scratch scratch;
  Day day(scratch.dir);
  tell_the_day(day);
  auto reports = open_reports(scratch.dir);
  auto answer = reports.agents(whole_day());
  REQUIRE(answer.has_value());
  REQUIRE(answer->agents.size() == 3);
  const auto& a1 = answer->agents[0].figures;
  const auto& a2 = answer->agents[1].figures;
  const auto& a3 = answer->agents[2].figures;
  CHECK(a1.offers == 2);
  CHECK(a1.answered == 2);
  CHECK(a1.handled == 2);
  CHECK(a1.talk_ms == 90'000 + 95'000);
  CHECK(a1.hold_ms == 30'000);
  CHECK(a1.wrap_up_ms == 10'000);
  CHECK(a1.on_duty_ms == 600'000);
  CHECK(a1.ringing_ms == 3'900 + 4'900);
  CHECK(a1.ready_ms == 600'000 - 8'800 - 120'000 - 10'000 - 95'000);
  CHECK(a1.occupancy == r::share(225'000, 225'000 + a1.ready_ms));
  CHECK(a2.lapsed == 1);
  CHECK(a2.handled == 0);
  CHECK(a2.paused_ms == 600'000 - 82'100);
  CHECK(a2.on_duty_ms == 82'100);
  CHECK(a3.handled == 2);
  CHECK(a3.forced == 1);                          // nobody else was free
  CHECK(a3.on_duty_ms == 590'000);
  CHECK(answer->evenness.agents == 3);
  CHECK(answer->evenness.most_minus_least == 2);
  CHECK(answer->evenness.forced == r::Share{1, 5, 200});
}

TEST_CASE("every figure lists the calls behind it") {
  Scratch scratch;
  Day day(scratch.dir);
  tell_the_day(day);
  auto reports = open_reports(scratch.dir);
  auto behind = [&](r::Metric metric, const char* queue, const char* agent = "") {
    auto filter = whole_day();
    filter.metric = metric;
    filter.queue = queue;
    filter.agent = agent;
    auto rows = reports.calls(filter);
    REQUIRE(rows.has_value());
    return ids(*rows);
  };
  CHECK(behind(r::Metric::offered, "support") == Ids{1, 2, 4, 5, 6});
  CHECK(behind(r::Metric::answered_in_time, "support") == Ids{1, 5});
  CHECK(behind(r::Metric::short_abandoned, "support") == Ids{3});
  CHECK(behind(r::Metric::abandoned, "support") == Ids{4});
  CHECK(behind(r::Metric::answered, "sales") == Ids{5});
  CHECK(behind(r::Metric::handled, "", "a03") == Ids{2, 5});
  CHECK(behind(r::Metric::forced, "") == Ids{2});
}

TEST_CASE("calls are found by number in any spelling, agent, queue, outcome, length, and page by page") {
  Scratch scratch;
  Day day(scratch.dir);
  tell_the_day(day);
  auto reports = open_reports(scratch.dir);
  auto found = [&](auto set) {
    auto filter = whole_day();
    set(filter);
    auto rows = reports.calls(filter);
    REQUIRE(rows.has_value());
    return ids(*rows);
  };
  CHECK(found([](auto& q) { q.number = "+98 912 111 2222"; }) == Ids{2});
  CHECK(found([](auto& q) { q.number = "۰۹۱۲۱۱۱"; }) == Ids{2});
  CHECK(found([](auto& q) { q.number = "8000"; }).size() == 6);
  CHECK(found([](auto& q) { q.agent = "a03"; }) == Ids{2, 5});
  CHECK(found([](auto& q) { q.queue = "sales"; }) == Ids{5});
  CHECK(found([](auto& q) { q.outcome = f::Outcome::abandoned; }) == Ids{3, 4});
  CHECK(found([](auto& q) { q.min_duration = Duration::seconds(100); }) == Ids{1, 5});
  CHECK(found([](auto& q) { q.from = Day::at(101'000); q.to = Day::at(200'000); }) == Ids{4});  // end exclusive
  CHECK(found([](auto& q) { q.limit = 2; }) == Ids{6, 5});
  CHECK(found([](auto& q) { q.limit = 2; q.before = CallId{5}; }) == Ids{4, 3});
  auto filter = whole_day();
  filter.queue = "nobody";
  CHECK(reports.calls(filter).error().code == "queue-unknown");
}

TEST_CASE("one call's timeline tells every step in order, in words of both languages") {
  Scratch scratch;
  Day day(scratch.dir);
  tell_the_day(day);
  auto reports = open_reports(scratch.dir);
  auto detail = reports.call({2}, f::Language::en);
  REQUIRE(detail.has_value());
  std::vector<std::string> kinds;
  for (const auto& row : detail->timeline) kinds.push_back(row.event);
  CHECK(kinds == std::vector<std::string>{"CallArrived", "CallAnswered", "CallQueued", "CallOffered", "OfferRinging", "OfferLapsed", "CallOffered", "OfferRinging",
                                          "OfferAnswered", "CallLeftQueue", "RecordingStarted", "AgentLeftCall", "WrapUpStarted", "RecordingStopped", "CallEnded", "WrapUpEnded"});
  CHECK(detail->timeline[0].text == "inbound call arrived: 09121112222 dialled 8000");
  CHECK(detail->timeline[5].text == "a02 did not take it: no answer");
  CHECK(std::is_sorted(detail->timeline.begin(), detail->timeline.end(), [](auto& a, auto& b) { return a.seq < b.seq; }));
  auto persian = reports.call({2}, f::Language::fa);
  CHECK(persian->timeline[2].text == "وارد صف support شد، نفر ۱، اولویت ۰");
  CHECK(reports.call({1}, f::Language::en)->legs[0].lost == 3);
  CHECK(reports.call({99}, f::Language::en).error().code == "call-unknown");
}

TEST_CASE("the archive lists captures with their state and length") {
  Scratch scratch;
  Day day(scratch.dir);
  tell_the_day(day);
  auto reports = open_reports(scratch.dir);
  auto rows = reports.archive(whole_day());
  REQUIRE(rows.has_value());
  REQUIRE(rows->size() == 3);
  CHECK((*rows)[0].state == "finished");
  CHECK((*rows)[0].duration_ms == 120'000);
  CHECK((*rows)[1].state == "stopped");
  CHECK((*rows)[1].duration_ms == 60'000);
  auto filter = whole_day();
  filter.agent = "a01";
  filter.min_duration = Duration::seconds(130);
  CHECK(reports.archive(filter)->size() == 1);
  CHECK((*reports.recording({5}))->call == CallId{5});
  CHECK_FALSE((*reports.recording({6})).has_value());
}

TEST_CASE("intervals: days and months are Jalali in the centre's zone, and rows add up to the whole") {
  Scratch scratch;
  Day day(scratch.dir);
  tell_the_day(day);
  auto reports = open_reports(scratch.dir);
  auto quarters = reports.intervals(whole_day(), IntervalBy::quarter);
  REQUIRE(quarters.has_value());
  REQUIRE(quarters->size() == 1);                 // 09:30 to 09:40
  CHECK((*quarters)[0].label == "1405-09-03 09:30");
  CHECK((*quarters)[0].figures.entered == 7);
  auto filter = whole_day();
  filter.to = Day::start + Duration::hours(24);
  auto hours = reports.intervals(filter, IntervalBy::hour);
  REQUIRE(hours.has_value());
  CHECK(hours->size() == 25);                     // cut at both ends: 09:30-10:00 … 09:00-09:30
  CHECK((*hours)[1].label == "1405-09-03 10:00");
  auto days = reports.intervals(filter, IntervalBy::day);
  CHECK((*days)[1].label == "1405-09-04");
  CHECK(rfc3339((*days)[1].from) == "2026-11-24T20:30:00.000Z");  // midnight in Tehran
  auto months = reports.intervals(filter, IntervalBy::month);
  REQUIRE(months->size() == 1);
  CHECK((*months)[0].label == "1405-09");
  std::int64_t entered = 0;
  for (const auto& row : *hours) entered += row.figures.entered;
  CHECK(entered == (*months)[0].figures.entered);
  filter.from = Instant{0};
  CHECK(reports.intervals(filter, IntervalBy::quarter).error().code == "too-many-intervals");
}

TEST_CASE("asked after an event, the answer contains it; an erased person shows empty and no count changes") {
  Scratch scratch;
  Day day(scratch.dir);
  day.settings();
  auto reports = open_reports(scratch.dir);
  CHECK(reports.calls(whole_day())->empty());
  day.arrives(1'000, 1, Day::support, "0211");
  day.flush();
  CHECK(reports.calls(whole_day())->at(0).caller == "0211");
  day.say(2'000, f::CallLeftQueue{{1}, Day::support, f::LeftQueue::abandoned});
  day.ended(2'000, 1, f::Outcome::abandoned);
  day.flush();
  CHECK(reports.calls(whole_day())->at(0).outcome == f::Outcome::abandoned);
  Batch erase;
  erase.rows.push_back({LiveKind::party, "1", std::nullopt});
  REQUIRE(day.writing.wait(day.writing.submit(std::move(erase))));
  const auto rows = *reports.calls(whole_day());
  CHECK(rows.size() == 1);
  CHECK(rows[0].caller == "");
}

TEST_CASE("read in one go, event by event, or anew after a loss: byte for byte the same answers") {
  Scratch one, other;
  std::string by_pieces;
  {
    // the second centre is asked after every batch; the first only at the end
    Day first(one.dir);
    tell_the_day(first);
    auto reader = JournalReader::open(one.dir);
    Writing second(other.dir);
    auto reports = open_reports(other.dir);
    REQUIRE(reader->each_live(LiveKind::party, [&](std::string_view key, std::string_view value) {
      Batch batch;
      batch.rows.push_back({LiveKind::party, std::string(key), std::string(value)});
      REQUIRE(second.wait(second.submit(std::move(batch))));
    }).has_value());
    int n = 0;
    REQUIRE(reader->read(0, UINT64_MAX, [&](const Recorded& recorded) {
      second.write({recorded.event}, recorded.at);
      if (++n % 3 == 0) {
        auto fresh = open_reports(other.dir);     // another process's memory: nothing is remembered
        REQUIRE(fresh.catch_up().has_value());
      } else {
        REQUIRE(reports.catch_up().has_value());
      }
      return true;
    }).has_value());
    by_pieces = all_answers(reports);
  }
  std::string at_once;
  {
    auto reports = open_reports(one.dir);
    at_once = all_answers(reports);
  }
  CHECK((at_once == by_pieces));
  for (const char* file : {"/reports.db", "/reports.db-wal", "/reports.db-shm"}) std::filesystem::remove(other.dir + file);
  auto anew = open_reports(other.dir);
  CHECK((all_answers(anew) == by_pieces));
}

TEST_CASE("three processes catch up at once beside a running writer: each answer is whole, nothing is counted twice") {
  Scratch scratch;
  std::vector<pid_t> children;
  int start[2];
  REQUIRE(::pipe(start) == 0);
  for (int i = 0; i < 3; ++i) {                       // before the writer's thread is there: a fork beside it would take its locks along
    const pid_t child = ::fork();
    if (child == 0) {
      char nothing = 0;
      ::close(start[1]);
      (void)!::read(start[0], &nothing, 1);           // until the parent closes its end
      for (int round = 0; round < 60; ++round) {
        auto reports = Reports::open(scratch.dir);
        if (!reports) ::_exit(2);
        auto rows = reports->queues(whole_day());
        if (!rows) ::_exit(3);
        ::usleep(2'000);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  {
    Day day(scratch.dir);
    day.settings();
    day.sign_in(0, 1);
    day.flush();
    ::close(start[0]);
    ::close(start[1]);
    for (std::uint64_t call = 1; call <= 300; ++call) {
      const auto ms = static_cast<std::int64_t>(call) * 1'000;
      day.arrives(ms, call, Day::support);
      day.offered(ms, call, Day::support, 1);
      day.flush();
      day.answered(ms + 100, call, Day::support, 1);
      day.left(ms + 600, call, 1, 0);
      day.ended(ms + 600, call, f::Outcome::answered);
      day.flush();
    }
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  auto reports = open_reports(scratch.dir);
  auto filter = whole_day();
  filter.to = filter.now = Day::start + Duration::seconds(1'000);
  const auto support = reports.queues(filter)->at(1).figures;
  CHECK(support.answered == 300);
  CHECK(support.talk_ms == 300 * 500);
  CHECK(reports.agents(filter)->agents.at(0).figures.handled == 300);
}

TEST_CASE("the projector follows by itself; damage in the journal is stepped over and the rest is told") {
  Scratch scratch;
  {
    Day day(scratch.dir);
    auto projector = Projector::start(scratch.dir);
    REQUIRE(projector.has_value());
    tell_the_day(day);
    (*projector)->nudge();
    (*projector)->stop();
    CHECK((*projector)->position() == day.writing.seq);
  }
  auto db = Database::open(scratch.dir + "/journal.db", Database::Mode::read_write);
  REQUIRE(db->run("update event set body = x'01' where seq = 20").has_value());
  for (const char* file : {"/reports.db", "/reports.db-wal", "/reports.db-shm"}) std::filesystem::remove(scratch.dir + file);
  auto reports = open_reports(scratch.dir);
  auto rows = reports.calls(whole_day());
  REQUIRE(rows.has_value());
  CHECK(rows->size() == 6);
}
