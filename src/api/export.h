// A report that is a list, as a file to take away: CSV, XLSX or PDF. The rows are those of the JSON answer, so that no two forms of a
// report can tell different figures; nested figures become columns of their own.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "floor/types.h"

namespace pasokh::api {

enum class CellKind : std::uint8_t { text, number, permille, duration_ms, time };
struct Column {
  std::string key, title;
  CellKind kind = CellKind::text;
};
struct Cell {
  bool empty = true;
  std::int64_t number = 0;           // number, permille, ms; µs UTC of a time
  std::string text;
};
struct Table {
  std::string title, subtitle;       // subtitle: the period
  floor::Language language = floor::Language::fa;
  std::string time_zone;
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
};

// `json`: an array of objects, or an object with one such array (the agents' report). "not-a-list"
Result<Table> table_from(std::string_view json, floor::Language, const std::string& time_zone);
// A cell as people read it: Persian digits and Jalali dates in Persian, h:mm:ss, 83.3 %.
std::string shown(const Table&, const Column&, const Cell&);

std::string csv_from(const Table&);                    // RFC 4180, UTF-8 with a mark for spreadsheets; raw values
Result<std::string> xlsx_from(const Table&);           // numbers are numbers, times are times; the sheet runs right to left in Persian
Result<std::string> pdf_from(const Table&);            // A4 on its side, text shaped by Pango

}  // namespace pasokh::api
