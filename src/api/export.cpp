#include "api/export.h"

#include <algorithm>

#include "api/json_value.h"
#include "base/calendar.h"
#include "base/json_text.h"
#include "base/persian.h"
#include "office/reports/metrics.h"
#include "storage/event_words.h"
#include "storage/zone.h"

namespace pasokh::api {
namespace {

struct Title { std::string_view key, fa, en; };
constexpr Title titles[]{
    {"call", "شناسهٔ تماس", "Call"}, {"caller", "تماس‌گیرنده", "Caller"}, {"number", "شماره", "Number"}, {"queue", "صف", "Queue"}, {"agent", "کارشناس", "Agent"},
    {"outcome", "نتیجه", "Outcome"}, {"arrived", "زمان", "Arrived"}, {"wait_ms", "انتظار", "Wait"}, {"talk_ms", "گفت‌وگو", "Talk"}, {"direction", "جهت", "Direction"},
    {"answered", "پاسخ", "Answered"}, {"ended", "پایان", "Ended"}, {"caller_name", "نام", "Name"}, {"first_queue", "صف نخست", "First queue"}, {"first_agent", "کارشناس نخست", "First agent"},
    {"agents", "کارشناسان", "Agents"}, {"hold_ms", "نگهداشت", "Hold"}, {"offers", "عرضه‌ها", "Offers"}, {"transfers", "انتقال‌ها", "Transfers"}, {"trunk", "ترانک", "Trunk"},
    {"cause", "سبب پایان", "Cause"}, {"recording", "ضبط", "Recording"}, {"label", "بازه", "Interval"}, {"from", "از", "From"}, {"to", "تا", "To"}, {"handled", "پاسخ‌گویی", "Handled"},
    {"wrap_up_ms", "پس از تماس", "Wrap-up"}, {"on_duty_ms", "در خدمت", "On duty"}, {"ready_ms", "آماده", "Ready"}, {"paused_ms", "استراحت", "Paused"}, {"ringing_ms", "زنگ", "Ringing"},
    {"service_level_ms", "آستانهٔ سطح خدمت (T)", "Service level within (T)"}, {"short_abandon_ms", "رهاشدن کوتاه تا", "Short abandon within"}, {"withdrawn", "پس‌گرفته", "Withdrawn"}};

std::string last_part(const std::string& key) { const auto dot = key.rfind('.'); return dot == key.npos ? key : key.substr(dot + 1); }

std::string title_of(const std::string& key, bool persian) {
  const std::string name = last_part(key);
  for (const Title& t : titles) if (t.key == name) return std::string(persian ? t.fa : t.en);
  std::string metric = name;
  for (const std::string_view ending : {"_ms", "_ppm"}) if (metric.ends_with(ending)) metric.resize(metric.size() - ending.size());
  if (const auto known = office::reports::metric_named(metric)) {
    const auto& text = office::reports::text_of(*known);
    return std::string(persian ? text.title_fa : text.title_en);
  }
  std::replace(metric.begin(), metric.end(), '_', ' ');
  return metric;
}

bool is_share(const JsonView& json) {
  const auto members = json.members();
  return members.size() == 3 && members[0].first == "part" && members[1].first == "whole" && members[2].first == "permille";
}

class Flattening {
 public:
  explicit Flattening(Table& table) : table_(table) {}
  void row(const JsonView& object) {
    table_.rows.emplace_back();
    put("", object);
    for (auto& one : table_.rows) one.resize(table_.columns.size());
  }

 private:
  void put(const std::string& key, const JsonView& json) {
    using Kind = JsonView::Kind;
    switch (json.kind()) {
      case Kind::object:
        if (!key.empty() && is_share(json)) {
          const std::int64_t permille = json.members()[2].second.integer();
          return cell(key, CellKind::permille, {permille < 0, permille, {}});
        }
        for (const auto& [name, member] : json.members()) put(key.empty() ? std::string(name) : key + "." + std::string(name), member);
        return;
      case Kind::list: {
        std::string text;
        for (const JsonView item : json.items()) text += (text.empty() ? "" : "، ") + (item.kind() == Kind::text ? std::string(item.text()) : item.written());
        return cell(key, CellKind::text, {text.empty(), 0, text});
      }
      case Kind::integer: return cell(key, key.ends_with("_ms") ? CellKind::duration_ms : CellKind::number, {false, json.integer(), {}});
      case Kind::boolean: return cell(key, CellKind::number, {false, json.boolean() ? 1 : 0, {}});
      case Kind::text: {
        const std::string text(json.text());
        if (text.size() >= 20 && text[4] == '-' && text[10] == 'T' && text.back() == 'Z')
          if (const auto at = parse_time(text); at && at->absolute) return cell(key, CellKind::time, {false, at->us, {}});
        return cell(key, CellKind::text, {text.empty(), 0, text});
      }
      default: return cell(key, CellKind::text, {});
    }
  }

  void cell(const std::string& key, CellKind kind, Cell value) {
    std::size_t at = 0;
    while (at < table_.columns.size() && table_.columns[at].key != key) ++at;
    if (at == table_.columns.size()) table_.columns.push_back({key, title_of(key, table_.language == floor::Language::fa), kind});
    if (!value.empty) table_.columns[at].kind = kind;  // the first rows may have had nothing there
    auto& row = table_.rows.back();
    if (row.size() <= at) row.resize(at + 1);
    row[at] = std::move(value);
  }

  Table& table_;
};

std::string hms(std::int64_t ms) {
  if (ms < 0) return "-" + hms(-ms);
  const std::int64_t s = ms / 1'000;
  const auto two = [](std::int64_t n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
  return std::to_string(s / 3'600) + ":" + two(s / 60 % 60) + ":" + two(s % 60);
}

// A value that a spreadsheet would run as a formula gets an apostrophe in front.
std::string csv_text(std::string text) {
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos && !std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; })) text.insert(0, "'");
  if (text.find_first_of("\",\r\n") == text.npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string raw(const Column& column, const Cell& cell) {
  if (cell.empty) return {};
  switch (column.kind) {
    case CellKind::text: return csv_text(cell.text);
    case CellKind::time: return rfc3339({cell.number});
    case CellKind::number:
    case CellKind::permille:
    case CellKind::duration_ms: return std::to_string(cell.number);
  }
  return {};
}

}  // namespace

Result<Table> table_from(std::string_view json, floor::Language language, const std::string& time_zone) {
  TRY(parsed, Json::parse(json));
  Table table;
  table.language = language;
  table.time_zone = time_zone;
  Flattening flat(table);
  const auto add_all = [&](const JsonView& list) { for (const JsonView item : list.items()) if (item.kind() == JsonView::Kind::object) flat.row(item); };
  if (parsed.root().kind() == JsonView::Kind::list) add_all(parsed.root());
  else if (parsed.root().kind() == JsonView::Kind::object) {
    bool found = false;
    for (const auto& [name, member] : parsed.root().members())
      if (!found && member.kind() == JsonView::Kind::list) { add_all(member); found = true; }
    if (!found) return trouble("not-a-list", "this answer is no list");
  } else return trouble("not-a-list", "this answer is no list");
  return table;
}

namespace {

// The closed lists of the floor are codes for programs; who reads a report reads words.
template <class E>
std::string worded(const std::string& code, floor::Language language) {
  E value{};
  return from_name(code, value) ? storage::word(value, language) : code;
}

std::string in_words(const std::string& key, const std::string& code, floor::Language language) {
  if (key == "outcome") return worded<floor::Outcome>(code, language);
  if (key == "direction") return worded<floor::Direction>(code, language);
  if (key == "cause") return worded<floor::EndCause>(code, language);
  return code;
}

}  // namespace

std::string shown(const Table& table, const Column& column, const Cell& cell) {
  if (cell.empty) return {};
  const bool persian = table.language == floor::Language::fa;
  const auto digits = [&](std::string text) { return persian ? persian_digits(text) : text; };
  switch (column.kind) {
    case CellKind::text: return in_words(column.key, cell.text, table.language);
    case CellKind::number: return digits(std::to_string(cell.number));
    case CellKind::permille: return digits(std::to_string(cell.number / 10) + (persian ? "٫" : ".") + std::to_string(cell.number % 10)) + (persian ? "٪" : " %");
    case CellKind::duration_ms: return digits(hms(cell.number));
    case CellKind::time: return digits(date_time_text(storage::Zone(table.time_zone).local({cell.number}), persian ? CalendarKind::jalali : CalendarKind::gregorian));
  }
  return {};
}

std::string csv_from(const Table& table) {
  std::string out = "\xEF\xBB\xBF";
  for (std::size_t i = 0; i < table.columns.size(); ++i) out += (i ? "," : "") + csv_text(table.columns[i].key);
  out += "\r\n";
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) out += (i ? "," : "") + raw(table.columns[i], row[i]);
    out += "\r\n";
  }
  return out;
}

}  // namespace pasokh::api
