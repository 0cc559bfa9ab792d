// How lists reach a terminal or a script: one JSON array of objects in, an aligned table, CSV or JSON out.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/zone.h"

namespace pasokh::app {

enum class Format { table, json, csv };
Result<Format> format_from(std::string_view name);

// `array`: JSON text, an array of objects; columns are their keys in order of first appearance. Table: columns aligned by what a
// terminal shows (Persian marks and joiners take no cell, wide letters two). CSV: RFC 4180, and a value that a spreadsheet
// would run as a formula gets an apostrophe in front.
// In a table, times (RFC 3339 UTC in the JSON) stand as that wall's clock shows them, to the second; csv and json keep them.
Result<std::string> print_list(std::string_view array, Format format, const storage::Zone* zone = nullptr);

int shown_width(std::string_view utf8);  // cells on a terminal

}  // namespace pasokh::app
