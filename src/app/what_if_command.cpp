#include "app/what_if_command.h"

#include <cstdio>
#include <cstdlib>

#include "base/calendar.h"
#include "base/json_text.h"
#include "base/persian.h"
#include "simulate/what_if.h"
#include "storage/report_queries.h"
#include "storage/zone.h"

namespace pasokh::app {
namespace {

using simulate::DayFigures;
using simulate::DayTable;
using simulate::Spread;
using simulate::WhatIf;

constexpr std::size_t people_shown = 5;  // who gained and who lost, on a terminal; JSON has everyone

struct Day {
  std::string dir, name;
  Instant from, to;
};

struct Reproduced {                      // without a change
  std::string day;
  Instant from, to;
  std::uint64_t events = 0, decided_alike = 0, facts = 0;
  bool exact = false;
  std::string first_difference, damaged;
  DayFigures as_it_was;
  PASOKH_FIELDS(day, from, to, events, decided_alike, facts, exact, first_difference, damaged, as_it_was)
};
struct FirstDivergence {
  std::uint64_t event = 0;
  Instant at;
  std::string decided;
  PASOKH_FIELDS(event, at, decided)
};
struct Answer {                          // with one
  std::string day;
  Instant from, to;
  std::string change;
  int seeds = 0;
  std::optional<FirstDivergence> first_divergence;
  std::vector<std::string> modelled;
  std::string damaged;
  DayFigures as_it_was;
  DayTable<Spread> unchanged, changed;
  std::vector<simulate::AgentShift> agents;
  std::vector<simulate::WaitBand> wait_bands;
  simulate::CallersMoved callers;
  PASOKH_FIELDS(day, from, to, change, seeds, first_divergence, modelled, damaged, as_it_was, unchanged, changed, agents, wait_bands, callers)
};

// --- the day as the reports have it

Result<DayFigures> as_it_was(storage::Reports& reports, Instant from, Instant to) {
  storage::ReportFilter filter;
  filter.from = from;
  filter.to = filter.now = to;
  TRY(queues, reports.queues(filter));
  TRY(agents, reports.agents(filter));
  DayFigures day;
  office::reports::Share strict, ignoring, lenient, answered, left, busy;
  auto add = [](office::reports::Share& sum, const office::reports::Share& s) { sum = office::reports::share(sum.part + s.part, sum.whole + s.whole); };
  std::int64_t waited = 0;
  for (const auto& row : queues) {
    const auto& q = row.figures;
    day.calls += q.entered;
    day.answered += q.answered;
    day.abandoned += q.abandoned;
    day.short_abandoned += q.short_abandoned;
    day.flowed_out += q.flowed_out;
    waited += q.asa_ms * q.answered;
    day.longest_wait_ms = std::max(day.longest_wait_ms, q.wait_longest_ms);
    add(strict, q.service_level_strict);
    add(ignoring, q.service_level_ignoring);
    add(lenient, q.service_level_lenient);
    add(answered, q.service_level_answered);
    add(left, q.abandonment_rate);
  }
  for (const auto& row : agents.agents) add(busy, row.figures.occupancy);
  auto permille = [](const office::reports::Share& s) { return std::max<std::int64_t>(0, s.permille); };
  day.service_level_strict_permille = permille(strict);
  day.service_level_ignoring_permille = permille(ignoring);
  day.service_level_lenient_permille = permille(lenient);
  day.service_level_answered_permille = permille(answered);
  day.abandonment_permille = permille(left);
  day.occupancy_permille = permille(busy);
  if (day.answered > 0) day.asa_ms = waited / day.answered;
  day.jain_calls_ppm = agents.evenness.jain_calls_ppm;
  day.jain_work_ppm = agents.evenness.jain_work_ppm;
  day.most_minus_least = agents.evenness.most_minus_least;
  return day;
}

// --- on a terminal: figures down, days across

struct Row {
  std::string figure, as_it_was, modelled, changed;
  PASOKH_FIELDS(figure, as_it_was, modelled, changed)
};
struct ShortRow {                        // without a change
  std::string figure, as_it_was;
  PASOKH_FIELDS(figure, as_it_was)
};

enum class Unit { count, permille, ms, ppm };
struct Shown { const char* title; Unit unit; };
constexpr Shown shown[] = {
    {"callers into queues", Unit::count}, {"answered", Unit::count}, {"abandoned", Unit::count}, {"short abandons (not counted)", Unit::count}, {"flowed out", Unit::count},
    {"service level, abandons count against", Unit::permille}, {"service level, early abandons ignored", Unit::permille}, {"service level, early abandons count as met", Unit::permille},
    {"service level, answered only", Unit::permille}, {"ASA", Unit::ms}, {"longest wait", Unit::ms}, {"abandonment rate", Unit::permille}, {"occupancy", Unit::permille},
    {"evenness of calls per hour (Jain)", Unit::ppm}, {"evenness of work (Jain)", Unit::ppm}, {"most − least calls", Unit::count}};

std::string text_of(std::int64_t value, Unit unit) {
  char text[48];
  const double v = static_cast<double>(value);
  switch (unit) {
    case Unit::count: return std::to_string(value);
    case Unit::permille: std::snprintf(text, sizeof text, "%.1f %%", v / 10); return text;
    case Unit::ms: std::snprintf(text, sizeof text, "%.1f s", v / 1'000); return text;
    case Unit::ppm: std::snprintf(text, sizeof text, "%.4f", v / 1'000'000); return text;
  }
  return {};
}

std::string text_of(const Spread& s, Unit unit) {
  if (s.low == s.high) return text_of(s.mean, unit);
  return text_of(s.mean, unit) + " (" + text_of(s.low, unit) + " to " + text_of(s.high, unit) + ")";
}

template <class Number> std::vector<std::string> column(const DayTable<Number>& day) {
  std::vector<std::string> out;
  std::apply([&](const auto&... value) { ((out.push_back(text_of(value, shown[out.size()].unit))), ...); }, day.tie());
  return out;
}

template <class Rows> int print_rows(const Rows& rows, Format format) {
  auto text = print_list(json_text(rows), format);
  if (!text) return fail(text.error().text);
  std::fputs(text->c_str(), stdout);
  return done;
}

std::string signed_text(std::int64_t milli, int decimals) {
  char text[32];
  std::snprintf(text, sizeof text, "%+.*f", decimals, static_cast<double>(milli) / 1'000);
  return text;
}

void print_agent(const simulate::AgentShift& a) {
  std::printf("  %-10s %8.1f -> %-8.1f calls (%s)   %5.0f -> %-5.0f minutes of work%s\n", a.agent.c_str(), static_cast<double>(a.calls_was_milli) / 1e3, static_cast<double>(a.calls_now_milli) / 1e3,
              signed_text(a.calls_now_milli - a.calls_was_milli, 1).c_str(), static_cast<double>(a.work_was_ms) / 60e3, static_cast<double>(a.work_now_ms) / 60e3, a.is_new ? "   added" : a.is_gone ? "   gone" : "");
}

void print_people(const WhatIf& result) {
  const auto& agents = result.agents;
  const std::size_t each = std::min(people_shown, (agents.size() + 1) / 2);
  std::printf("\nAgents, the most gained in calls first (%zu of %zu shown):\n", std::min(agents.size(), 2 * each), agents.size());
  for (std::size_t i = 0; i < each; ++i) print_agent(agents[i]);
  for (std::size_t i = std::max(each, agents.size() - each); i < agents.size(); ++i) print_agent(agents[i]);
  std::printf("\nCallers by wait (a day, mean):\n");
  for (const auto& band : result.bands)
    std::printf("  %-12s %9.1f -> %-9.1f (%s)\n", band.band.c_str(), static_cast<double>(band.was_milli) / 1e3, static_cast<double>(band.now_milli) / 1e3, signed_text(band.now_milli - band.was_milli, 1).c_str());
  const auto& c = result.callers;
  std::printf("The same callers on both days: %.1f wait shorter, %.1f alike (within 5 s), %.1f longer; %.1f who gave up are answered, %.1f who were answered give up.\n", static_cast<double>(c.shorter_milli) / 1e3,
              static_cast<double>(c.alike_milli) / 1e3, static_cast<double>(c.longer_milli) / 1e3, static_cast<double>(c.reached_milli) / 1e3, static_cast<double>(c.lost_milli) / 1e3);
}

std::string damage_text(const std::string& range, const std::string& upto) { return "The journal is damaged (" + range + "). What is before it is used: the day ends here at " + upto + "."; }

// --- the two commands

int as_decided(const Day& day, storage::Reports& reports, Format format) {
  const auto replayed = simulate::replay_day(day.dir, day.from, day.to);
  if (!replayed) return fail(replayed.error().text);
  const auto history = simulate::history_of(day.dir, day.from, day.to);
  if (!history) return fail(history.error().text);
  auto was = as_it_was(reports, day.from, history->to);
  if (!was) return fail(was.error().text);
  Reproduced answer{day.name, day.from, history->to, replayed->events, replayed->decided_alike, replayed->taken, replayed->first_difference.empty() && replayed->same_state, replayed->first_difference, replayed->damaged, *was};
  const int status = answer.exact ? done : failed;
  if (format == Format::json) {
    std::printf("%s\n", json_text(answer).c_str());
    return status;
  }
  std::fprintf(stderr, "Decided once more under the same rules: %llu of %llu events came out alike, %llu are facts that are not decided%s.\n", static_cast<unsigned long long>(answer.decided_alike),
               static_cast<unsigned long long>(answer.events), static_cast<unsigned long long>(answer.facts), answer.exact ? "; the day is reproduced exactly" : ("; the first that differs: " + answer.first_difference).c_str());
  if (!answer.damaged.empty()) std::fprintf(stderr, "%s\n", damage_text(answer.damaged, rfc3339(answer.to)).c_str());
  std::vector<ShortRow> rows;
  for (const std::string& value : column(*was)) rows.push_back({shown[rows.size()].title, value});
  const int printed = print_rows(rows, format);
  return printed == done ? status : printed;
}

int under_change(const Day& day, storage::Reports& reports, const std::string& text, int seeds, Format format) {
  const auto history = simulate::history_of(day.dir, day.from, day.to);
  if (!history) return fail(history.error().text);
  const auto change = simulate::parse_change(text);
  if (!change) return fail(change.error().text);
  simulate::Plan changed = history->plan;
  if (auto applied = simulate::apply(*change, changed); !applied) return fail(applied.error().text);
  auto was = as_it_was(reports, day.from, history->to);
  if (!was) return fail(was.error().text);
  auto divergence = simulate::first_divergence(day.dir, day.from, history->to, *change);
  if (!divergence) return fail(divergence.error().text);

  const WhatIf result = simulate::what_if(history->plan, changed, seeds);
  Answer answer{day.name, day.from, history->to, text, seeds, {}, history->modelled, history->damaged, *was, result.unchanged, result.changed, result.agents, result.bands, result.callers};
  if (*divergence) answer.first_divergence = FirstDivergence{(*divergence)->seq, (*divergence)->at, (*divergence)->kind};
  if (format == Format::json) {
    std::printf("%s\n", json_text(answer).c_str());
    return done;
  }
  std::vector<Row> rows;
  const auto a = column(*was), b = column(result.unchanged), c = column(result.changed);
  for (std::size_t i = 0; i < a.size(); ++i) rows.push_back({shown[i].title, a[i], b[i], c[i]});
  if (const int printed = print_rows(rows, format); printed != done || format == Format::csv) return printed;
  std::printf("modelled: nothing changed; changed: %s. Means over %d seeds, in brackets where 95 %% of such means lie.\n", text.c_str(), seeds);
  print_people(result);
  if (!answer.damaged.empty()) std::printf("\n%s\n", damage_text(answer.damaged, rfc3339(answer.to)).c_str());
  if (answer.first_divergence) std::printf("\nThe first thing decided otherwise under the changed settings: event %llu (%s) at %s. From there people are modelled:\n", static_cast<unsigned long long>(answer.first_divergence->event), answer.first_divergence->decided.c_str(), rfc3339(answer.first_divergence->at).c_str());
  else if (change->agents == 0) std::printf("\nUnder the changed settings every decision of the day comes out as it did; the modelled day differs by what is modelled:\n");
  else std::printf("\nThe day's own decisions stand until the staffing differs; from there people are modelled:\n");
  for (const std::string& what : history->modelled) std::printf("- %s\n", what.c_str());
  return done;
}

Result<Day> day_of(const Args& args, storage::Reports& reports) {
  TRY(zone_name, reports.time_zone());
  const storage::Zone zone(zone_name);
  const std::string name = *args.option("day");
  TRY(typed, parse_time(name));
  Day day{*args.option("from"), name, {}, {}};
  day.from = typed.absolute ? Instant{typed.us} : zone.instant(typed.us);
  day.to = typed.absolute ? day.from + Duration::hours(24) : zone.instant(typed.us + us_per_day);
  return day;
}

}  // namespace

int what_if_command(const Args& args, Format format) {
  if (!args.option("day")) return wrong_usage("simulate", "--from needs --day, like --day 1405-09-03");
  const std::string typed = latin_digits(args.option("seeds").value_or("20"));
  const int seeds = std::atoi(typed.c_str());
  if (seeds < 1 || seeds > 1'000) return wrong_usage("simulate", "--seeds is a number from 1 to 1000");
  auto reports = storage::Reports::open(*args.option("from"));
  if (!reports) return fail(reports.error().text);
  auto day = day_of(args, *reports);
  if (!day) return fail(day.error().text);
  const auto change = args.option("change");
  return change ? under_change(*day, *reports, *change, seeds, format) : as_decided(*day, *reports, format);
}

}  // namespace pasokh::app
