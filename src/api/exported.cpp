#include "api/exported.h"

#include <optional>

#include "api/export.h"
#include "api/office_bodies.h"
#include "api/report_filter.h"
#include "api/services.h"
#include "base/calendar.h"
#include "base/json_text.h"
#include "base/persian.h"
#include "storage/zone.h"

namespace pasokh::api {
namespace {

using Run = std::function<Response(Call&)>;

struct Period { Instant from, to; };

Result<std::optional<Period>> period_of(Call& call) {
  TRY(from, time_of(call.services, call.asked("from"), "from"));
  TRY(to, time_of(call.services, call.asked("to"), "to"));
  if (!from || !to) return std::optional<Period>();
  return std::optional(Period{*from, *to});
}

Response with_period(const Run& run, const Call& call, const Period& period) {
  auto query = call.query;
  query["from"] = rfc3339(period.from);
  query["to"] = rfc3339(period.to);
  Call again{call.request, call.services, call.path, query, call.caller, call.now};
  return run(again);
}

Response compared(const Run& run, Call& call) {
  auto period = period_of(call);
  if (!period) return refusal(period.error());
  if (!*period || (*period)->to <= (*period)->from) return refusal("bad-query", "compare: needs from and to");
  const Period now = **period, before{now.from - (now.to - now.from), now.from};
  const Response current = with_period(run, call, now), previous = with_period(run, call, before);
  if (current.status != 200) return current;
  if (previous.status != 200) return previous;
  const auto said = [](const Period& p) { return "\"from\":" + json_text(p.from) + ",\"to\":" + json_text(p.to); };
  return Response{.body = "{\"current\":{" + said(now) + ",\"answer\":" + current.body + "},\"previous\":{" + said(before) + ",\"answer\":" + previous.body + "}}"};
}

Result<std::string> subtitle(Call& call, const std::string& time_zone, floor::Language language) {
  TRY(period, period_of(call));
  const bool persian = language == floor::Language::fa;
  const storage::Zone zone(time_zone);
  const auto date = [&](Instant at) { const auto text = date_time_text(zone.local(at), persian ? CalendarKind::jalali : CalendarKind::gregorian); return persian ? persian_digits(text) : text; };
  const std::string made = (persian ? "ساخته در " : "made ") + date(call.now);
  return period ? date(period->from) + (persian ? " تا " : " to ") + date(period->to) + "   " + made : made;
}

}  // namespace

Result<Response> as_file(Call& call, const std::string& json, const std::string& format, std::string_view operation, std::string_view title_fa, std::string_view title_en) {
  const auto language = language_of(call);
  TRY(reports, call.services.reports());
  TRY(zone, reports->time_zone());
  TRY(table, table_from(json, language, zone));
  TRY(below, subtitle(call, zone, language));
  table.title = language == floor::Language::fa ? title_fa : title_en;
  table.subtitle = below;
  Response file;
  if (format == "csv") {
    file.type = "text/csv; charset=utf-8";
    file.body = csv_from(table);
  } else if (format == "xlsx") {
    TRY(bytes, xlsx_from(table));
    file.type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    file.body = std::move(bytes);
  } else {
    TRY(bytes, pdf_from(table));
    file.type = "application/pdf";
    file.body = std::move(bytes);
  }
  file.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + std::string(operation) + "." + format + "\"");
  return file;
}

Route exported(Route route, std::string_view title_fa, std::string_view title_en) {
  route.query.push_back({"format", "json (default), csv, xlsx or pdf"});
  route.query.push_back({"compare", "previous: {current, previous}, each {from, to, answer}; the period before has the same length"});
  route.query.push_back({"lang", "fa or en: titles, dates and digits of a file; default fa"});
  route.run = [run = route.run, operation = route.operation, title_fa, title_en](Call& call) {
    const std::string format = call.asked("format"), compare = call.asked("compare");
    if (!compare.empty() && compare != "previous") return refusal("bad-query", "compare: expected previous");
    if (!format.empty() && format != "json" && format != "csv" && format != "xlsx" && format != "pdf") return refusal("bad-query", "format: expected json, csv, xlsx or pdf");
    const bool file = !format.empty() && format != "json";
    if (file && !compare.empty()) return refusal("bad-query", "compare: comes as json only");
    if (!compare.empty()) return compared(run, call);
    const Response answer = run(call);
    if (!file || answer.status != 200) return answer;
    auto made = as_file(call, answer.body, format, operation, title_fa, title_en);
    return made ? std::move(*made) : refusal(made.error());
  };
  return route;
}

}  // namespace pasokh::api
