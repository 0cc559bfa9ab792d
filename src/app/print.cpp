#include "app/print.h"

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "base/calendar.h"
#include "base/json_text.h"

namespace pasokh::app {
namespace {

namespace json = boost::json;

struct Grid {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

std::string cell(const json::value& value) {
  if (value.is_string()) return value.get_string() == "1970-01-01T00:00:00.000Z" ? std::string() : std::string(value.get_string());  // a time that never came
  if (value.is_null()) return {};
  if (value.is_array()) {  // ["a","b"] -> a,b ; what is deeper stays JSON
    std::string out;
    for (const auto& item : value.get_array()) {
      if (!out.empty()) out += ',';
      out += item.is_primitive() ? cell(item) : json::serialize(item);
    }
    return out;
  }
  return json::serialize(value);
}

// "2026-11-24T09:16:15.000Z" -> "2026-11-24 12:46:15" on the wall of `zone`; anything else stays
std::string on_the_wall(std::string text, const storage::Zone& zone) {
  if (text.size() != 24 || text.back() != 'Z' || text[10] != 'T') return text;
  const auto at = parse_time(text);
  if (!at || !at->absolute) return text;
  auto local = rfc3339({zone.local({at->us})});
  local[10] = ' ';
  return local.substr(0, 19);
}

Grid grid_of(const json::array& array) {
  Grid grid;
  for (const auto& item : array)
    for (const auto& [key, value] : item.get_object())
      if (std::find(grid.columns.begin(), grid.columns.end(), key) == grid.columns.end()) grid.columns.emplace_back(key);
  for (const auto& item : array) {
    auto& row = grid.rows.emplace_back();
    for (const auto& column : grid.columns) {
      const auto* value = item.get_object().if_contains(column);
      row.push_back(value ? cell(*value) : std::string());
    }
  }
  return grid;
}

char32_t next_code_point(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t c = length == 1 ? lead : lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length && i < text.size(); ++i) c = (c << 6) | (static_cast<unsigned char>(text[i]) & 0x3f);
  text.remove_prefix(std::min(length, text.size()));
  return c;
}

int width_of(char32_t c) {
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return 0;
  if ((c >= 0x300 && c <= 0x36f) || (c >= 0x610 && c <= 0x61a) || (c >= 0x64b && c <= 0x65f) || c == 0x670 || (c >= 0x6d6 && c <= 0x6ed) ||
      (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff) return 0;  // marks, joiners, direction
  if ((c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
      (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd)) return 2;
  return 1;
}

std::string plain(std::string text) {  // nothing that could move the cursor of a terminal
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

std::string as_table(Grid grid) {
  std::vector<int> widths;
  for (std::size_t i = 0; i < grid.columns.size(); ++i) {
    int width = shown_width(grid.columns[i]);
    for (auto& row : grid.rows) { row[i] = plain(std::move(row[i])); width = std::max(width, shown_width(row[i])); }
    widths.push_back(width);
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i)
      text += cells[i] + std::string(static_cast<std::size_t>(widths[i] - shown_width(cells[i]) + 2), ' ');
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  line(grid.columns);
  for (const auto& row : grid.rows) line(row);
  return out;
}

std::string csv_field(std::string value) {
  if (!value.empty() && std::string_view("=+-@\t\r").find(value.front()) != std::string_view::npos &&
      !(value.size() > 1 && value.front() == '-' && value.find_first_not_of("0123456789.", 1) == value.npos))  // a negative number is one
    value.insert(value.begin(), '\'');
  if (value.find_first_of(",\"\r\n") == value.npos) return value;
  std::string out = "\"";
  for (const char c : value) { if (c == '"') out += '"'; out += c; }
  return out + "\"";
}

std::string as_csv(const Grid& grid) {
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) { if (i) out += ','; out += csv_field(cells[i]); }
    out += "\r\n";
  };
  line(grid.columns);
  for (const auto& row : grid.rows) line(row);
  return out;
}

}  // namespace

int shown_width(std::string_view utf8) {
  int width = 0;
  while (!utf8.empty()) width += width_of(next_code_point(utf8));
  return width;
}

Result<Format> format_from(std::string_view name) {
  if (name == "table") return Format::table;
  if (name == "json") return Format::json;
  if (name == "csv") return Format::csv;
  return trouble("usage", "unknown format \"" + std::string(name) + "\"; expected table, json or csv");
}

Result<std::string> print_list(std::string_view array, Format format, const storage::Zone* zone) {
  boost::system::error_code error;
  const auto parsed = json::parse(json::string_view(array.data(), array.size()), error);
  if (error || !parsed.is_array()) return trouble("answer", "the centre's answer is not a list");
  for (const auto& item : parsed.get_array())
    if (!item.is_object()) return trouble("answer", "the centre's answer is not a list of objects");
  switch (format) {
    case Format::json: return std::string(array) + "\n";
    case Format::csv: return as_csv(grid_of(parsed.get_array()));
    case Format::table: break;
  }
  if (parsed.get_array().empty()) return std::string("(none)\n");
  auto grid = grid_of(parsed.get_array());
  if (zone)
    for (auto& row : grid.rows)
      for (auto& value : row) value = on_the_wall(std::move(value), *zone);
  return as_table(std::move(grid));
}

}  // namespace pasokh::app
