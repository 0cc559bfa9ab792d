// pasokh report calls|queues|agents|intervals … and pasokh report call ID.
#include <cstdio>
#include <fstream>

#include "api/export.h"
#include "app/report_print.h"
#include "base/json_text.h"
#include "base/persian.h"

namespace pasokh::app {

namespace {

using office::reports::Metric;

constexpr std::initializer_list<Metric> queue_metrics{
    Metric::offered, Metric::answered, Metric::abandoned, Metric::short_abandoned, Metric::flowed_out, Metric::service_level_strict,
    Metric::service_level_ignoring, Metric::service_level_lenient, Metric::service_level_answered, Metric::asa, Metric::wait_longest,
    Metric::aht, Metric::jain_calls, Metric::jain_work, Metric::most_minus_least, Metric::forced};
constexpr std::initializer_list<Metric> agent_metrics{Metric::handled, Metric::lapsed, Metric::talk, Metric::hold, Metric::wrap_up, Metric::aht,
                                                      Metric::occupancy, Metric::jain_calls, Metric::jain_work, Metric::most_minus_least, Metric::forced};

template <class Rows>
int print_with_formulas(const Rows& rows, const ReportQuestion& q, std::initializer_list<Metric> metrics) {
  if (const int status = print_rows(rows, q); status != done) return status;
  if (q.format == Format::table) std::fputs(formulas(metrics, q.language).c_str(), stdout);
  return done;
}

int print_calls(storage::Reports& reports, const ReportQuestion& q) {
  auto rows = reports.calls(q.filter);
  return rows ? print_rows(*rows, q) : fail(rows.error().text);
}

int print_queues(storage::Reports& reports, const ReportQuestion& q) {
  auto rows = reports.queues(q.filter);
  return rows ? print_with_formulas(*rows, q, queue_metrics) : fail(rows.error().text);
}

int print_agents(storage::Reports& reports, const ReportQuestion& q) {
  auto answer = reports.agents(q.filter);
  if (!answer) return fail(answer.error().text);
  if (const int status = print_rows(answer->agents, q); status != done || q.format != Format::table) return status;
  const auto& e = answer->evenness;
  auto index = [](std::int64_t ppm) { char text[16]; std::snprintf(text, sizeof text, "%.4f", static_cast<double>(ppm) / 1e6); return ppm < 0 ? std::string("-") : std::string(text); };
  std::string line = q.language == floor::Language::fa
      ? "یکنواختی میان " + std::to_string(e.agents) + " کارشناس حاضر: تماس " + index(e.jain_calls_ppm) + "، کار " + index(e.jain_work_ppm) + "، بیشترین منهای کمترین " + std::to_string(e.most_minus_least)
      : "Evenness over " + std::to_string(e.agents) + " agents on duty: calls " + index(e.jain_calls_ppm) + ", work " + index(e.jain_work_ppm) + ", most minus least " + std::to_string(e.most_minus_least);
  if (q.language == floor::Language::fa) line = persian_digits(line);
  std::printf("\n%s\n%s", line.c_str(), formulas(agent_metrics, q.language).c_str());
  return done;
}

int print_intervals(storage::Reports& reports, const ReportQuestion& q, const Args& args) {
  storage::IntervalBy by{};
  if (!from_name(args.option("by").value_or("hour"), by)) return wrong_usage("report", "--by is one of: 15min, hour, day, month");
  auto rows = reports.intervals(q.filter, by);
  return rows ? print_with_formulas(*rows, q, queue_metrics) : fail(rows.error().text);
}

int print_call(storage::Reports& reports, const ReportQuestion& q, const Args& args) {
  if (args.words.size() != 2) return wrong_usage("report", "which call? report call ID");
  const std::string id = latin_digits(args.words[1]);
  if (id.empty() || id.find_first_not_of("0123456789") != id.npos || id.size() > 19) return wrong_usage("report", "\"" + args.words[1] + "\" is not the id of a call");
  auto detail = reports.call({std::stoull(id)}, q.language);
  if (!detail) return fail(detail.error().text);
  if (q.format == Format::json) { std::printf("[%s]\n", json_text(*detail).c_str()); return done; }
  if (q.format == Format::csv) {
    auto text = print_list(json_text(detail->timeline), Format::csv);
    if (!text) return fail(text.error().text);
    std::fputs(text->c_str(), stdout);
    return done;
  }
  if (const int status = print_rows(std::vector{detail->call}, q); status != done) return status;
  std::fputs("\n", stdout);
  auto text = print_list(headed(detail->timeline, q), Format::table);
  if (!text) return fail(text.error().text);
  std::fputs(text->c_str(), stdout);
  return done;
}

// The rows of the JSON answer as a file, as the web and the post send it.
template <class Rows>
Result<> write_file(const Result<Rows>& rows, const ReportQuestion& q, const std::string& which, const std::string& format, const std::string& path) {
  if (!rows) return rows.error();
  TRY(table, api::table_from(json_text(*rows), q.language, q.zone.name()));
  const bool persian = q.language == floor::Language::fa;
  table.title = which == "calls" ? (persian ? "تماس‌ها" : "Calls") : which == "queues" ? (persian ? "صف‌ها" : "Queues") : which == "agents" ? (persian ? "کارشناسان" : "Agents") : (persian ? "بازه‌ها" : "Intervals");
  if (q.filter.from && q.filter.to) table.subtitle = when_text(*q.filter.from, q.zone, q.language) + (persian ? " تا " : " to ") + when_text(*q.filter.to, q.zone, q.language);
  TRY(bytes, format == "xlsx" ? api::xlsx_from(table) : api::pdf_from(table));
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return out.flush() ? Result<>(Done{}) : trouble("file", "cannot write " + path);
}

int report_to_file(storage::Reports& reports, const Args& args, const std::string& which, const std::string& format) {
  const auto path = args.option("out");
  if (!path) return wrong_usage("report", "where to? --format " + format + " wants --out FILE");
  if (which == "call") return wrong_usage("report", "one call is printed as table, csv or json");
  Args plain = args;
  plain.options["format"] = "json";
  const auto q = question_from(plain, reports);
  if (!q) return q.error().code == "usage" || q.error().code == "bad-time" ? wrong_usage("report", q.error().text) : fail(q.error().text);
  storage::IntervalBy by{};
  if (!from_name(args.option("by").value_or("hour"), by)) return wrong_usage("report", "--by is one of: 15min, hour, day, month");
  const auto written = which == "calls" || q->filter.metric ? write_file(reports.calls(q->filter), *q, "calls", format, *path)
                       : which == "queues"                  ? write_file(reports.queues(q->filter), *q, which, format, *path)
                       : which == "agents"                  ? write_file(reports.agents(q->filter), *q, which, format, *path)
                                                            : write_file(reports.intervals(q->filter, by), *q, which, format, *path);
  return written ? done : fail(written.error().text);
}

}  // namespace

int report_command(const Args& args) {
  if (args.words.empty()) return wrong_usage("report", "which report? calls, call ID, queues, agents or intervals");
  const std::string& which = args.words[0];
  const bool known = which == "calls" || which == "call" || which == "queues" || which == "agents" || which == "intervals";
  if (!known) return wrong_usage("report", "there is no report \"" + which + "\"; expected calls, call ID, queues, agents or intervals");
  if (which != "call" && args.words.size() > 1) return wrong_usage("report", "unexpected \"" + args.words[1] + "\"");
  auto reports = storage::Reports::open(data_dir(args));
  if (!reports) return fail(reports.error().text);
  if (const std::string format = args.option("format").value_or(""); format == "xlsx" || format == "pdf") return report_to_file(*reports, args, which, format);
  if (args.option("out")) return wrong_usage("report", "--out goes with --format xlsx or pdf");
  auto question = question_from(args, *reports);
  if (!question) {
    const auto& code = question.error().code;
    return code == "usage" || code == "bad-time" ? wrong_usage("report", question.error().text) : fail(question.error().text);
  }
  if (!question->zone.known()) std::fprintf(stderr, "pasokh: this machine does not know the centre's time zone; times are UTC (is tzdata installed?)\n");
  if (which == "call") return print_call(*reports, *question, args);
  if (which == "calls" || question->filter.metric) return print_calls(*reports, *question);
  if (which == "queues") return print_queues(*reports, *question);
  if (which == "agents") return print_agents(*reports, *question);
  return print_intervals(*reports, *question, args);
}

}  // namespace pasokh::app
