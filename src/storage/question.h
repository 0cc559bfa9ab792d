// A select whose conditions come and go; values are always bound, in the order in which they were added (sqlite numbers $1, $2 … by
// where they first stand).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "storage/database.h"

namespace pasokh::storage {

class Question {
 public:
  explicit Question(std::string_view sql) : sql_(sql) {}
  Question& add(std::string_view text) { sql_ += text; return *this; }
  Question& add(std::string_view before, std::int64_t value, std::string_view after = "") { return put(before, value, after); }
  Question& add(std::string_view before, std::string value, std::string_view after = "") { return put(before, std::move(value), after); }
  // " and COLUMN in (…)": every word must stand somewhere in the text of an fts5 table with the trigram tokenizer. Words of one or two
  // letters are below what trigrams find; they are compared by LIKE over what the others have left. No words: nothing is added.
  Question& add_words(std::string_view column, std::string_view table, const std::vector<std::string>& words);

  template <class F>
  Result<> each(Database& database, F&& row) const {
    TRY(statement, database.prepare(sql_));
    for (std::size_t i = 0; i < values_.size(); ++i) std::visit([&](const auto& value) { statement.bind(static_cast<int>(i + 1), value); }, values_[i]);
    return statement.each(row);
  }

 private:
  using Value = std::variant<std::int64_t, std::string>;
  Question& put(std::string_view before, Value value, std::string_view after);
  std::string sql_;
  std::vector<Value> values_;
};

}  // namespace pasokh::storage
