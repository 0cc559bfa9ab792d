#include "api/report_filter.h"

#include <charconv>

#include "base/calendar.h"
#include "storage/zone.h"

namespace pasokh::api {
namespace {

constexpr std::int64_t rows_default = 100, rows_max = 1'000;

Trouble bad(const std::string& name, const std::string& expected) { return trouble("bad-query", name + ": expected " + expected); }

Result<std::int64_t> number(const Call& call, const std::string& name, std::int64_t absent, std::int64_t most) {
  const std::string text = call.asked(name);
  if (text.empty()) return absent;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > most) return bad(name, "a number from 0 to " + std::to_string(most));
  return value;
}

Result<std::optional<Instant>> time(const Call& call, const std::string& name, const storage::Zone& zone) {
  const std::string text = call.asked(name);
  if (text.empty()) return std::optional<Instant>();
  const auto typed = parse_time(text);
  if (!typed) return bad(name, "a time like 2026-11-24T07:06:09Z, or a date of either calendar like 1405-09-03");
  return std::optional(typed->absolute ? Instant{typed->us} : zone.instant(typed->us));
}

template <class E>
Result<std::optional<E>> choice(const Call& call, const std::string& name) {
  const std::string text = call.asked(name);
  if (text.empty()) return std::optional<E>();
  E value{};
  if (from_name(text, value)) return std::optional(value);
  std::string list;
  for (const auto known : enum_names<E>) list += (list.empty() ? "" : ", ") + std::string(known);
  return bad(name, "one of " + list);
}

}  // namespace

const std::vector<Parameter>& filter_parameters() {
  static const std::vector<Parameter> all{
      {"from", "RFC 3339, or a date of either calendar (year below 1700: Jalali), in the centre's time zone"},
      {"to", "as from; not included"},
      {"queue", "code of a queue"},
      {"agent", "code of an agent"},
      {"number", "part of the calling or the dialled number"},
      {"outcome", "how the call ended"},
      {"direction", "inbound, outbound or internal"},
      {"min_seconds", "talk (archive: recording) at least so long"},
      {"metric", "only the calls behind this figure of the queues' report"},
      {"before", "id of the last call of the page before"},
      {"limit", "rows a page, at most 1000; default 100"}};
  return all;
}

floor::Language language_of(const Call& call) { return call.asked("lang") == "en" ? floor::Language::en : floor::Language::fa; }

Result<storage::ReportFilter> filter_from(const Call& call, storage::Reports& reports) {
  storage::ReportFilter filter{.queue = call.asked("queue"), .agent = call.asked("agent"), .number = call.asked("number")};
  TRY(zone_name, reports.time_zone());
  const storage::Zone zone(zone_name);
  TRY(from, time(call, "from", zone));
  TRY(to, time(call, "to", zone));
  TRY(outcome, choice<floor::Outcome>(call, "outcome"));
  TRY(direction, choice<floor::Direction>(call, "direction"));
  TRY(seconds, number(call, "min_seconds", 0, 1'000'000));
  TRY(before, number(call, "before", 0, INT64_MAX - 1));
  TRY(limit, number(call, "limit", rows_default, rows_max));
  filter.from = from;
  filter.to = to;
  filter.outcome = outcome;
  filter.direction = direction;
  filter.min_duration = Duration::seconds(seconds);
  filter.before = CallId{static_cast<std::uint64_t>(before)};
  filter.limit = limit == 0 ? rows_max : limit;
  if (const std::string name = call.asked("metric"); !name.empty()) {
    filter.metric = office::reports::metric_named(name);
    if (!filter.metric) return bad("metric", "a name of GET /v1/reports/metrics");
  }
  return filter;
}

}  // namespace pasokh::api
