#include "app/report_print.h"

#include <cstdlib>

#include "base/calendar.h"
#include "base/json_text.h"
#include "base/persian.h"
#include "storage/event_words.h"

namespace pasokh::app {

namespace {

namespace r = office::reports;
using floor::Language;

// --- flat JSON

std::string decimal(std::int64_t value, std::int64_t unit, int digits) {
  std::string text = std::to_string(value / unit), part = std::to_string(value % unit);
  return text + "." + std::string(static_cast<std::size_t>(digits) - part.size(), '0') + part;
}

std::string without(std::string_view name, std::string_view ending) { return std::string(name.substr(0, name.size() - ending.size())); }

class Row {                              // one object of a flat JSON array
 public:
  explicit Row(std::string& out, bool decimals_as_text = false) : out_(out), decimals_as_text_(decimals_as_text) { out_ += out_.size() > 1 ? ",{" : "{"; }
  ~Row() { out_ += '}'; }

  template <class T> void field(std::string_view name, const T& value) {
    key(name);
    append_json(out_, value);
  }
  void number(std::string_view name, const std::string& decimal_text) {   // empty: nothing to judge
    key(name);
    if (decimal_text.empty()) out_ += "null";
    else if (decimals_as_text_) append_json_string(out_, decimal_text);
    else out_ += decimal_text;
  }

  // The fields of a figures struct: ratios as percent, …_ppm and …_milli as decimal numbers, -1 (nothing to judge) as null.
  template <class T> void figures(const T& value) {
    constexpr auto names = field_names<T>();
    std::size_t i = 0;
    std::apply([&](const auto&... each) { (figure(names[i++], each), ...); }, value.tie());
  }
  // A described struct that holds figures among plain fields.
  template <class T> void fields(const T& value) {
    constexpr auto names = field_names<T>();
    std::size_t i = 0;
    std::apply([&](const auto&... each) { (any(names[i++], each), ...); }, value.tie());
  }

 private:
  void key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    out_ += ':';
  }
  void figure(std::string_view name, const r::Share& share) {
    number(std::string(name) + "_percent", share.permille < 0 ? "" : decimal(share.permille, 10, 1));
  }
  void figure(std::string_view name, std::int64_t value) {
    if (name.ends_with("_ppm")) number(without(name, "_ppm"), value < 0 ? "" : decimal(value, 1'000'000, 6));
    else if (name.ends_with("_milli")) number(without(name, "_milli"), decimal(value, 1'000, 3));
    else field(name, value);
  }
  void any(std::string_view, const r::QueueFigures& value) { figures(value); }
  void any(std::string_view, const r::AgentFigures& value) { figures(value); }
  void any(std::string_view, const r::Evenness& value) { figures(value); }
  template <class T> void any(std::string_view name, const T& value) { field(name, value); }

  std::string& out_;
  const bool decimals_as_text_;
  bool first_ = true;
};

template <class Rows>
std::string flat_rows(const Rows& rows, Format format) {
  std::string out = "[";
  for (const auto& each : rows) Row(out, format == Format::csv).fields(each);
  return out + "]";
}

// --- tables

std::string digits(std::string text, Language language) { return language == Language::fa ? persian_digits(text) : text; }
std::string count(std::int64_t n, Language language) { return digits(std::to_string(n), language); }
std::string percent(const r::Share& share, Language language) {
  if (share.permille < 0) return "-";
  return digits(decimal(share.permille, 10, 1), language) + (language == Language::fa ? "٪" : "%");
}
std::string index(std::int64_t ppm, Language language) { return ppm < 0 ? "-" : digits(decimal((ppm + 50) / 100, 10'000, 4), language); }

class Headed {                           // one object with headings for keys
 public:
  Headed(std::string& out, Language language) : row_(out), language_(language) {}
  void cell(const char* en, const char* fa, const std::string& value) { row_.field(language_ == Language::fa ? fa : en, value); }
  void metric(r::Metric metric, const std::string& value) {
    const auto& text = r::text_of(metric);
    row_.field(language_ == Language::fa ? text.title_fa : text.title_en, value);
  }

 private:
  Row row_;
  Language language_;
};

template <class Rows, class F>
std::string headed_rows(const Rows& rows, const ReportQuestion& q, F&& fill) {
  std::string out = "[";
  for (const auto& each : rows) {
    Headed row(out, q.language);
    fill(row, each);
  }
  return out + "]";
}

void queue_cells(Headed& row, const r::QueueFigures& f, const r::Evenness& e, Language l) {
  row.metric(r::Metric::offered, count(f.offered, l));
  row.metric(r::Metric::answered, count(f.answered, l));
  row.metric(r::Metric::abandoned, count(f.abandoned, l));
  row.metric(r::Metric::short_abandoned, count(f.short_abandoned, l));
  row.metric(r::Metric::flowed_out, count(f.flowed_out, l));
  row.metric(r::Metric::waiting, count(f.waiting, l));
  row.metric(r::Metric::service_level_strict, percent(f.service_level_strict, l));
  row.metric(r::Metric::service_level_ignoring, percent(f.service_level_ignoring, l));
  row.metric(r::Metric::service_level_lenient, percent(f.service_level_lenient, l));
  row.metric(r::Metric::service_level_answered, percent(f.service_level_answered, l));
  row.metric(r::Metric::asa, span_text(f.asa_ms, l));
  row.metric(r::Metric::wait_longest, span_text(f.wait_longest_ms, l));
  row.metric(r::Metric::aht, span_text(f.aht_ms, l));
  row.metric(r::Metric::jain_calls, index(e.jain_calls_ppm, l));
  row.metric(r::Metric::jain_work, index(e.jain_work_ppm, l));
  row.metric(r::Metric::most_minus_least, count(e.most_minus_least, l));
  row.metric(r::Metric::forced, percent(e.forced, l));
}

Result<Instant> time_option(const std::string& text, const storage::Zone& zone) {
  TRY(typed, parse_time(text));
  return typed.absolute ? Instant{typed.us} : zone.instant(typed.us);
}

Result<Duration> duration_from(const std::string& text) {
  const std::string latin = latin_digits(text);
  char* end = nullptr;
  const long long n = std::strtoll(latin.c_str(), &end, 10);
  const std::string unit = end;
  if (end != latin.c_str() && n >= 0 && n < 1'000'000'000) {
    if (unit == "ms") return Duration::milliseconds(n);
    if (unit == "s" || unit.empty()) return Duration::seconds(n);
    if (unit == "m") return Duration::minutes(n);
    if (unit == "h") return Duration::hours(n);
  }
  return trouble("usage", "\"" + text + "\" is not a length of time; write 90s, 2m, 500ms");
}

template <class E>
Result<E> named(const char* option, const std::string& text) {
  E value{};
  if (from_name(text, value)) return value;
  std::string known;
  for (const auto name : enum_names<E>) known += (known.empty() ? "" : ", ") + std::string(name);
  return trouble("usage", std::string("--") + option + " is one of: " + known);
}

}  // namespace

Result<Language> language_from(const Args& args) {
  const auto given = args.option("lang");
  if (given) return named<Language>("lang", *given);
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"})
    if (const char* value = std::getenv(name); value && *value) return std::string_view(value).starts_with("fa") ? Language::fa : Language::en;
  return Language::en;
}

Result<ReportQuestion> question_from(const Args& args, storage::Reports& reports) {
  ReportQuestion q;
  TRY(zone, reports.time_zone());
  q.zone = storage::Zone(zone);
  TRY(language, language_from(args));
  q.language = language;
  TRY(format, format_from(args.option("format").value_or("table")));
  q.format = format;
  if (auto from = args.option("from")) { TRY(at, time_option(*from, q.zone)); q.filter.from = at; }
  if (auto to = args.option("to")) { TRY(at, time_option(*to, q.zone)); q.filter.to = at; }
  if (q.filter.from && q.filter.to && *q.filter.from > *q.filter.to) return trouble("usage", "--from is after --to");
  q.filter.queue = args.option("queue").value_or("");
  q.filter.agent = args.option("agent").value_or("");
  q.filter.number = args.option("number").value_or("");
  if (auto outcome = args.option("outcome")) { TRY(value, named<floor::Outcome>("outcome", *outcome)); q.filter.outcome = value; }
  if (auto direction = args.option("direction")) { TRY(value, named<floor::Direction>("direction", *direction)); q.filter.direction = value; }
  if (auto least = args.option("min-duration")) { TRY(value, duration_from(*least)); q.filter.min_duration = value; }
  if (auto limit = args.option("limit")) {
    const std::string latin = latin_digits(*limit);
    q.filter.limit = std::atoll(latin.c_str());
    if (q.filter.limit <= 0) return trouble("usage", "--limit is a number above 0");
  }
  if (auto metric = args.option("calls")) {
    q.filter.metric = r::metric_named(*metric);
    std::string known;
    for (const auto& text : r::all_metrics()) known += (known.empty() ? "" : ", ") + std::string(text.name);
    if (!q.filter.metric) return trouble("usage", "--calls is one of: " + known);
  }
  return q;
}

std::string span_text(std::int64_t ms, Language language) {
  const std::int64_t seconds = ms / 1'000;
  char out[48];
  if (seconds >= 3'600) std::snprintf(out, sizeof out, "%lld:%02lld:%02lld", static_cast<long long>(seconds / 3'600), static_cast<long long>(seconds / 60 % 60), static_cast<long long>(seconds % 60));
  else if (seconds >= 60) std::snprintf(out, sizeof out, "%lld:%02lld", static_cast<long long>(seconds / 60), static_cast<long long>(seconds % 60));
  else std::snprintf(out, sizeof out, "0:%02lld.%lld", static_cast<long long>(seconds), static_cast<long long>(ms / 100 % 10));
  return digits(out, language);
}

std::string when_text(Instant at, const storage::Zone& zone, Language language) {
  return digits(date_time_text(zone.local(at), language == Language::fa ? CalendarKind::jalali : CalendarKind::gregorian), language);
}

std::string flat(const std::vector<storage::CallRow>& rows, Format format) { return flat_rows(rows, format); }
std::string flat(const std::vector<storage::QueueRow>& rows, Format format) { return flat_rows(rows, format); }
std::string flat(const std::vector<storage::AgentRow>& rows, Format format) { return flat_rows(rows, format); }
std::string flat(const std::vector<storage::IntervalRow>& rows, Format format) { return flat_rows(rows, format); }
std::string flat(const std::vector<storage::ArchiveRow>& rows, Format format) { return flat_rows(rows, format); }

std::string headed(const std::vector<storage::CallRow>& rows, const ReportQuestion& q) {
  return headed_rows(rows, q, [&](Headed& row, const storage::CallRow& c) {
    row.cell("call", "تماس", text(c.call));
    row.cell("arrived", "ورود", when_text(c.arrived, q.zone, q.language));
    row.cell("caller", "تماس‌گیرنده", digits(c.caller, q.language));
    row.cell("number", "شماره", digits(c.number, q.language));
    row.cell("queue", "صف", c.queue);
    row.cell("agent", "کارشناس", c.agent);
    row.cell("outcome", "نتیجه", storage::word(c.outcome, q.language));
    row.cell("wait", "انتظار", span_text(c.wait_ms, q.language));
    row.cell("talk", "گفتگو", span_text(c.talk_ms, q.language));
    row.cell("recording", "ضبط", c.recording);
  });
}
std::string headed(const std::vector<storage::QueueRow>& rows, const ReportQuestion& q) {
  return headed_rows(rows, q, [&](Headed& row, const storage::QueueRow& queue) {
    row.cell("queue", "صف", queue.queue);
    row.cell("T", "T", span_text(queue.service_level_ms, q.language));
    queue_cells(row, queue.figures, queue.evenness, q.language);
  });
}
std::string headed(const std::vector<storage::IntervalRow>& rows, const ReportQuestion& q) {
  return headed_rows(rows, q, [&](Headed& row, const storage::IntervalRow& interval) {
    row.cell("from", "از", digits(interval.label, q.language));
    queue_cells(row, interval.figures, interval.evenness, q.language);
  });
}
std::string headed(const std::vector<storage::AgentRow>& rows, const ReportQuestion& q) {
  return headed_rows(rows, q, [&](Headed& row, const storage::AgentRow& agent) {
    const auto& f = agent.figures;
    const Language l = q.language;
    row.cell("agent", "کارشناس", agent.agent);
    row.cell("offers", "عرضه‌ها", count(f.offers, l));
    row.metric(r::Metric::lapsed, count(f.lapsed, l));
    row.metric(r::Metric::handled, count(f.handled, l));
    row.metric(r::Metric::talk, span_text(f.talk_ms, l));
    row.metric(r::Metric::hold, span_text(f.hold_ms, l));
    row.metric(r::Metric::wrap_up, span_text(f.wrap_up_ms, l));
    row.metric(r::Metric::aht, span_text(f.aht_ms, l));
    row.cell("On duty", "حضور", span_text(f.on_duty_ms, l));
    row.cell("Paused", "استراحت", span_text(f.paused_ms, l));
    row.metric(r::Metric::occupancy, percent(f.occupancy, l));
    row.cell("Calls/hour", "تماس در ساعت", digits(decimal(f.calls_per_hour_milli / 10, 100, 2), l));
    row.metric(r::Metric::forced, count(f.forced, l));
  });
}
std::string headed(const std::vector<storage::ArchiveRow>& rows, const ReportQuestion& q) {
  return headed_rows(rows, q, [&](Headed& row, const storage::ArchiveRow& a) {
    row.cell("call", "تماس", text(a.call));
    row.cell("capture", "ضبط", text(a.capture));
    row.cell("started", "آغاز", when_text(a.started, q.zone, q.language));
    row.cell("length", "مدت", span_text(a.duration_ms, q.language));
    row.cell("state", "وضعیت", a.state);
    row.cell("caller", "تماس‌گیرنده", digits(a.caller, q.language));
    row.cell("number", "شماره", digits(a.number, q.language));
    row.cell("queue", "صف", a.queue);
    row.cell("agent", "کارشناس", a.agent);
    row.cell("why", "چرا", a.why);
  });
}
std::string headed(const std::vector<storage::TimelineRow>& rows, const ReportQuestion& q) {
  return headed_rows(rows, q, [&](Headed& row, const storage::TimelineRow& t) {
    const auto ms = std::to_string(t.at.us / 1'000 % 1'000);
    row.cell("at", "زمان", when_text(t.at, q.zone, q.language) + digits("." + std::string(3 - ms.size(), '0') + ms, q.language));
    row.cell("what", "رویداد", t.text);
  });
}

std::string formulas(std::initializer_list<r::Metric> metrics, Language language) {
  const bool fa = language == Language::fa;
  std::string out = "\n";
  for (const r::Metric metric : metrics) {
    const auto& text = r::text_of(metric);
    out += std::string(fa ? text.title_fa : text.title_en) + " (" + std::string(text.name) + ") = " + std::string(fa ? text.formula_fa : text.formula_en) + "  [" + std::string(text.source) + "]\n";
  }
  out += fa ? "هر تماس در بازه‌ای شمرده می‌شود که وارد صف شد؛ تماس‌های پشت هر عدد: --calls NAME\n"
            : "A call counts in the interval in which it entered the queue. The calls behind a figure: --calls NAME\n";
  return out;
}

}  // namespace pasokh::app
