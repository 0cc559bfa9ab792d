// pasokh simulate: a drawn day; the rules compared; or a real day out of a journal, as it was and under other rules.
#include <cstdio>
#include <cstdlib>

#include "app/args.h"
#include "app/print.h"
#include "base/calendar.h"
#include "base/json_text.h"
#include "base/persian.h"
#include "simulate/compare.h"
#include "simulate/history.h"
#include "storage/report_queries.h"
#include "storage/zone.h"

namespace pasokh::app {
namespace {

using simulate::DaySums;
using simulate::Plan;

struct Line {
  std::string day;
  std::int64_t calls = 0, answered = 0, answered_in_time = 0, abandoned = 0, mean_wait_ms = 0, longest_wait_ms = 0, occupancy_permille = 0, jain_ppm = 0, most_minus_least = 0;
  std::string answered_range, mean_wait_range;
  PASOKH_FIELDS(day, calls, answered, answered_in_time, abandoned, mean_wait_ms, longest_wait_ms, occupancy_permille, jain_ppm, most_minus_least, answered_range, mean_wait_range)
};

Line line_of(std::string name, const DaySums& d) {
  return {std::move(name), d.calls, d.answered, d.answered_in_time, d.abandoned, d.mean_wait_ms, d.longest_wait_ms, d.occupancy_permille, d.jain_ppm, d.most - d.least, "", ""};
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

int drawn_days(const Args& args, Format format) {
  const std::int64_t seed = number_option(args, "seed", 1), days = number_option(args, "days", 1), agents = number_option(args, "agents", 50), calls = number_option(args, "calls", 6'000);
  if (days < 1 || days > 10'000 || agents < 1 || agents > 20'000 || calls < 100 || calls > 2'000'000) return wrong_usage("simulate", "--days 1 to 10000, --agents 1 to 20000, --calls 100 to 2000000");
  if (args.option("compare")) {
    std::fputs(simulate::markdown(simulate::compare([&](std::uint64_t n) { return simulate::comparison_centre(n, static_cast<int>(args.option("calls") ? calls : 1'600)); }, static_cast<int>(days))).c_str(), stdout);
    return done;
  }
  std::vector<Line> lines;
  for (std::int64_t day = 0; day < days; ++day) {
    Plan plan = simulate::big_day(static_cast<std::uint64_t>(seed + day), static_cast<int>(agents), static_cast<int>(calls));
    if (const auto change = args.option("change"))
      if (auto changed = simulate::apply_change(plan, *change); !changed) return fail(changed.error().text);
    lines.push_back(line_of("seed " + std::to_string(seed + day), simulate::run_day(plan)));
  }
  return print_lines(lines, format);
}

std::string range(std::int64_t low, std::int64_t high) { return std::to_string(low) + "–" + std::to_string(high); }

// The mean of several seeds, and from where to where they lay.
Line modelled(std::string name, Plan plan, int seeds) {
  DaySums sum;
  std::int64_t low = INT64_MAX, high = 0, quick = INT64_MAX, slow = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    plan.seed = static_cast<std::uint64_t>(seed);
    const DaySums d = simulate::run_day(plan);
    low = std::min(low, d.answered);
    high = std::max(high, d.answered);
    quick = std::min(quick, d.mean_wait_ms);
    slow = std::max(slow, d.mean_wait_ms);
    for (const auto field : {&DaySums::calls, &DaySums::answered, &DaySums::answered_in_time, &DaySums::abandoned, &DaySums::mean_wait_ms, &DaySums::occupancy_permille, &DaySums::jain_ppm, &DaySums::most, &DaySums::least}) sum.*field += d.*field;
    sum.longest_wait_ms = std::max(sum.longest_wait_ms, d.longest_wait_ms);
  }
  for (const auto field : {&DaySums::calls, &DaySums::answered, &DaySums::answered_in_time, &DaySums::abandoned, &DaySums::mean_wait_ms, &DaySums::occupancy_permille, &DaySums::jain_ppm, &DaySums::most, &DaySums::least}) sum.*field /= seeds;
  Line line = line_of(std::move(name), sum);
  line.answered_range = range(low, high);
  line.mean_wait_range = range(quick, slow);
  return line;
}

Result<Line> as_it_was(storage::Reports& reports, Instant from, Instant to) {
  storage::ReportFilter filter;
  filter.from = from;
  filter.to = filter.now = to;
  TRY(queues, reports.queues(filter));
  TRY(agents, reports.agents(filter));
  Line line{"as it was"};
  std::int64_t waited = 0, busy = 0, duty = 0;
  for (const auto& row : queues) {
    line.calls += row.figures.entered;
    line.answered += row.figures.answered;
    line.answered_in_time += row.figures.answered_in_time;
    line.abandoned += row.figures.abandoned + row.figures.short_abandoned;
    waited += row.figures.asa_ms * row.figures.answered;
    line.longest_wait_ms = std::max(line.longest_wait_ms, row.figures.wait_longest_ms);
  }
  if (line.answered > 0) line.mean_wait_ms = waited / line.answered;
  for (const auto& row : agents.agents) { busy += row.figures.occupancy.part; duty += row.figures.occupancy.whole; }
  if (duty > 0) line.occupancy_permille = busy * 1'000 / duty;
  line.jain_ppm = agents.evenness.jain_calls_ppm;
  line.most_minus_least = agents.evenness.most_minus_least;
  return line;
}

int real_day(const Args& args, Format format) {
  const std::string dir = *args.option("from");
  const auto day = args.option("day");
  if (!day) return wrong_usage("simulate", "--from needs --day, like --day 1405-09-03");
  auto reports = storage::Reports::open(dir);
  if (!reports) return fail(reports.error().text);
  auto zone_name = reports->time_zone();
  if (!zone_name) return fail(zone_name.error().text);
  const storage::Zone zone(*zone_name);
  const auto typed = parse_time(*day);
  if (!typed) return fail(typed.error().text);
  const Instant from = typed->absolute ? Instant{typed->us} : zone.instant(typed->us);
  const Instant to = typed->absolute ? from + Duration::hours(24) : zone.instant(typed->us + us_per_day);

  auto history = simulate::history_of(dir, from, to);
  if (!history) return fail(history.error().text);
  auto was = as_it_was(*reports, from, to);
  if (!was) return fail(was.error().text);
  const auto change = args.option("change");
  if (!change) {
    const auto replayed = simulate::replay_day(dir, from, to);
    if (!replayed) return fail(replayed.error().text);
    const bool exact = replayed->first_difference.empty() && replayed->same_state;
    std::fprintf(stderr, "Decided once more under the same rules: %llu of %llu events came out alike, %llu are facts that are not decided%s.\n", static_cast<unsigned long long>(replayed->decided_alike),
                 static_cast<unsigned long long>(replayed->events), static_cast<unsigned long long>(replayed->taken), exact ? "; the day is reproduced exactly" : ("; the first that differs: " + replayed->first_difference).c_str());
    const int status = print_lines({*was}, format);
    return status == done && !exact ? failed : status;
  }
  const int seeds = static_cast<int>(number_option(args, "seeds", 20));
  if (seeds < 1 || seeds > 1'000) return wrong_usage("simulate", "--seeds is a number from 1 to 1000");
  Plan changed = history->plan;
  if (auto ok = simulate::apply_change(changed, *change); !ok) return fail(ok.error().text);
  const int status = print_lines({*was, modelled("modelled, nothing changed", history->plan, seeds), modelled("modelled, " + *change, changed, seeds)}, format);
  std::fprintf(stderr, "\nMeans over %d seeds; the ranges are their smallest and largest. From the first decision that differs, people are modelled:\n", seeds);
  for (const auto& text : history->modelled) std::fprintf(stderr, "- %s\n", text.c_str());
  return status;
}

}  // namespace

int simulate_command(const Args& args) {
  if (!args.words.empty()) return wrong_usage("simulate", "\"" + args.words.front() + "\" is not understood here");
  const auto format = format_from(args.option("format").value_or("table"));
  if (!format) return wrong_usage("simulate", format.error().text);
  return args.option("from") ? real_day(args, *format) : drawn_days(args, *format);
}

}  // namespace pasokh::app
