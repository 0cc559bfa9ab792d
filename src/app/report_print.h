// How rows of reports reach a terminal, a spreadsheet or a script. json and csv: Latin digits, RFC 3339 UTC with milliseconds,
// units in the names. table: the language's own headings, digits and calendar, durations as people read them.
#pragma once

#include <string>
#include <vector>

#include "app/args.h"
#include "app/print.h"
#include "storage/report_queries.h"
#include "storage/zone.h"

namespace pasokh::app {

// The options that every report takes. Wrong ones are usage errors that say what was expected.
struct ReportQuestion {
  storage::ReportFilter filter;
  Format format = Format::table;
  floor::Language language = floor::Language::en;
  storage::Zone zone;
};
Result<ReportQuestion> question_from(const Args& args, storage::Reports& reports);

Result<floor::Language> language_from(const Args& args);          // --lang, else the environment's (fa_IR…), else English
std::string span_text(std::int64_t ms, floor::Language);          // 1:02:03, 2:05, 0:04.2
std::string when_text(Instant, const storage::Zone&, floor::Language);   // Jalali and Persian digits for fa

// Rows as one JSON array of flat objects, for json and csv (there, decimal numbers are text: a JSON library prints 50.0 as 5E1).
std::string flat(const std::vector<storage::CallRow>&, Format);
std::string flat(const std::vector<storage::QueueRow>&, Format);
std::string flat(const std::vector<storage::AgentRow>&, Format);
std::string flat(const std::vector<storage::IntervalRow>&, Format);
std::string flat(const std::vector<storage::ArchiveRow>&, Format);
// Rows as a JSON array whose keys are the headings (for a table).
std::string headed(const std::vector<storage::CallRow>&, const ReportQuestion&);
std::string headed(const std::vector<storage::QueueRow>&, const ReportQuestion&);
std::string headed(const std::vector<storage::AgentRow>&, const ReportQuestion&);
std::string headed(const std::vector<storage::IntervalRow>&, const ReportQuestion&);
std::string headed(const std::vector<storage::ArchiveRow>&, const ReportQuestion&);
std::string headed(const std::vector<storage::TimelineRow>&, const ReportQuestion&);

// Prints to stdout and returns the exit status.
template <class Rows>
int print_rows(const Rows& rows, const ReportQuestion& question) {
  const bool only_heading = question.format == Format::csv && rows.empty();  // a program that reads columns finds them on an empty day, too
  auto text = print_list(question.format == Format::table ? headed(rows, question) : flat(only_heading ? Rows(1) : rows, question.format), question.format);
  if (!text) return fail(text.error().text);
  if (only_heading) text->resize(text->find("\r\n") + 2);
  std::fputs(text->c_str(), stdout);
  return done;
}

// Under a table: how the figures are made.
std::string formulas(std::initializer_list<office::reports::Metric> metrics, floor::Language);

}  // namespace pasokh::app
