// pasokh simulate: a drawn day; the rules compared; or a real day out of a journal, as it was and under other rules.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "app/args.h"
#include "app/print.h"
#include "app/what_if_command.h"
#include "base/calendar.h"
#include "base/json_text.h"
#include "base/persian.h"
#include "simulate/compare.h"
#include "simulate/history.h"
#include "simulate/report_check.h"
#include "simulate/seed.h"

namespace pasokh::app {
namespace {

using simulate::DaySums;
using simulate::Plan;

struct Line {
  std::string day;
  std::int64_t calls = 0, answered = 0, answered_in_time = 0, abandoned = 0, mean_wait_ms = 0, longest_wait_ms = 0, occupancy_permille = 0, jain_ppm = 0, most_minus_least = 0;
  PASOKH_FIELDS(day, calls, answered, answered_in_time, abandoned, mean_wait_ms, longest_wait_ms, occupancy_permille, jain_ppm, most_minus_least)
};

Line line_of(std::string name, const DaySums& d) {
  return {std::move(name), d.calls, d.answered, d.answered_in_time, d.abandoned, d.mean_wait_ms, d.longest_wait_ms, d.occupancy_permille, d.jain_ppm, d.most - d.least};
}

int print_lines(const std::vector<Line>& lines, Format format) {
  auto text = print_list(json_text(lines), format);
  if (!text) return fail(text.error().text);
  std::fputs(text->c_str(), stdout);
  return done;
}

std::int64_t number_option(const Args& args, const char* name, std::int64_t otherwise) {
  const auto given = args.option(name);
  return given ? std::atoll(latin_digits(*given).c_str()) : otherwise;
}

// The journal of a drawn day, to try reports, replay and what-if on.
int day_into(const Plan& plan, const std::string& dir) {
  std::error_code wrong;
  std::filesystem::create_directories(dir, wrong);
  if (std::filesystem::exists(dir + "/journal.db")) return fail(dir + " holds a journal already; name a new folder.");
  simulate::World world(plan);
  world.keep_journal();
  world.run();
  if (auto written = simulate::write_journal(dir, world.journal()); !written) return fail(written.error().text);
  std::printf("%zu events written to %s; the day is %s\n", world.journal().size(), dir.c_str(), date_text(plan.start.us + Duration::minutes(210).us, CalendarKind::jalali).c_str());
  return done;
}

int drawn_days(const Args& args, Format format) {
  const auto typed = simulate::parse_seed(latin_digits(args.option("seed").value_or("1")));
  if (!typed) return fail(typed.error().text);
  const auto seed = static_cast<std::int64_t>(*typed);
  const std::int64_t days = number_option(args, "days", 1), agents = number_option(args, "agents", 50), calls = number_option(args, "calls", 6'000);
  if (days < 1 || days > 10'000 || agents < 1 || agents > 20'000 || calls < 100 || calls > 2'000'000) return wrong_usage("simulate", "--days 1 to 10000, --agents 1 to 20000, --calls 100 to 2000000");
  if (args.option("compare")) {
    std::fputs(simulate::markdown(simulate::compare([&](std::uint64_t n) { return simulate::comparison_centre(n, static_cast<int>(args.option("calls") ? calls : 1'600)); }, static_cast<int>(days))).c_str(), stdout);
    return done;
  }
  if (const auto into = args.option("into")) return day_into(simulate::big_day(static_cast<std::uint64_t>(seed), static_cast<int>(agents), static_cast<int>(calls)), *into);
  std::vector<Line> lines;
  for (std::int64_t day = 0; day < days; ++day) {
    Plan plan = simulate::big_day(static_cast<std::uint64_t>(seed + day), static_cast<int>(agents), static_cast<int>(calls));
    if (const auto change = args.option("change"))
      if (auto changed = simulate::apply_change(plan, *change); !changed) return fail(changed.error().text);
    lines.push_back(line_of("seed " + simulate::seed_text(static_cast<std::uint64_t>(seed + day)), simulate::run_day(plan)));
  }
  return print_lines(lines, format);
}

}  // namespace

int simulate_command(const Args& args) {
  if (!args.words.empty()) return wrong_usage("simulate", "\"" + args.words.front() + "\" is not understood here");
  const auto format = format_from(args.option("format").value_or("table"));
  if (!format) return wrong_usage("simulate", format.error().text);
  return args.option("from") ? what_if_command(args, *format) : drawn_days(args, *format);
}

}  // namespace pasokh::app
