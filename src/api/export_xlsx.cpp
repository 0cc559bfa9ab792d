// XLSX by libxlsxwriter, through a file of our own in the temporary folder that is unlinked at once.
#include <unistd.h>
#include <xlsxwriter.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "api/export.h"
#include "storage/zone.h"

namespace pasokh::api {
namespace {

constexpr double us_a_day = 86'400'000'000.0;
constexpr double unix_epoch_in_excel = 25'569.0;   // days from 1899-12-30

struct Formats { lxw_format *head, *number, *percent, *duration, *time; };

lxw_format* made(lxw_workbook* book, const char* number_format) {
  lxw_format* format = workbook_add_format(book);
  if (number_format) format_set_num_format(format, number_format);
  return format;
}

void write_cell(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t at, const Table& table, const Column& column, const Cell& cell, const Formats& formats) {
  if (cell.empty) return;
  switch (column.kind) {
    case CellKind::text: worksheet_write_string(sheet, row, at, cell.text.c_str(), nullptr); return;   // a string cell is never run as a formula
    case CellKind::number: worksheet_write_number(sheet, row, at, static_cast<double>(cell.number), formats.number); return;
    case CellKind::permille: worksheet_write_number(sheet, row, at, static_cast<double>(cell.number) / 1'000.0, formats.percent); return;
    case CellKind::duration_ms: worksheet_write_number(sheet, row, at, static_cast<double>(cell.number) / 86'400'000.0, formats.duration); return;
    case CellKind::time:
      if (table.language == floor::Language::fa) worksheet_write_string(sheet, row, at, shown(table, column, cell).c_str(), nullptr);  // spreadsheets know no Jalali
      else worksheet_write_number(sheet, row, at, static_cast<double>(storage::Zone(table.time_zone).local({cell.number})) / us_a_day + unix_epoch_in_excel, formats.time);
      return;
  }
}

}  // namespace

Result<std::string> xlsx_from(const Table& table) {
  char file[] = "/tmp/pasokh-xlsx-XXXXXX";
  const int fd = ::mkstemp(file);
  if (fd < 0) return trouble("disk", "making a temporary file");
  ::close(fd);
  lxw_workbook_options options{};
  options.constant_memory = LXW_TRUE;
  lxw_workbook* book = workbook_new_opt(file, &options);
  lxw_worksheet* sheet = workbook_add_worksheet(book, nullptr);
  const Formats formats{made(book, nullptr), made(book, "0"), made(book, "0.0%"), made(book, "[h]:mm:ss"), made(book, "yyyy-mm-dd hh:mm:ss")};
  format_set_bold(formats.head);
  if (table.language == floor::Language::fa) worksheet_right_to_left(sheet);
  worksheet_freeze_panes(sheet, 1, 0);
  if (!table.columns.empty()) worksheet_set_column(sheet, 0, static_cast<lxw_col_t>(table.columns.size() - 1), 16, nullptr);
  for (std::size_t i = 0; i < table.columns.size(); ++i) worksheet_write_string(sheet, 0, static_cast<lxw_col_t>(i), table.columns[i].title.c_str(), formats.head);
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      write_cell(sheet, static_cast<lxw_row_t>(r + 1), static_cast<lxw_col_t>(i), table, table.columns[i], table.rows[r][i], formats);
  const lxw_error closed = workbook_close(book);
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  ::unlink(file);
  if (closed != LXW_NO_ERROR || bytes.empty()) return trouble("disk", std::string("writing the spreadsheet: ") + lxw_strerror(closed));
  return bytes;
}

}  // namespace pasokh::api
