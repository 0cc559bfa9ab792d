#include "storage/question.h"

#include <algorithm>

namespace pasokh::storage {
namespace {

std::size_t letters(const std::string& utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string quoted(const std::string& word) {
  std::string out = "\"";
  for (const char c : word) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string like(const std::string& word) {
  std::string out = "%";
  for (const char c : word) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

}  // namespace

Question& Question::put(std::string_view before, Value value, std::string_view after) {
  values_.push_back(std::move(value));
  sql_.append(before).append("$" + std::to_string(values_.size())).append(after);
  return *this;
}

Question& Question::add_words(std::string_view column, std::string_view table, const std::vector<std::string>& words) {
  if (words.empty()) return *this;
  std::string match;
  for (const std::string& word : words)
    if (letters(word) >= 3) match += (match.empty() ? "" : " AND ") + quoted(word);
  add(" and ").add(column).add(" in (select rowid from ").add(table).add(" where 1 = 1");
  if (!match.empty()) add(std::string(" and ") + std::string(table) + " match ", match);
  for (const std::string& word : words)
    if (letters(word) < 3) add(" and text like ", like(word), " escape '\\'");
  return add(")");
}

}  // namespace pasokh::storage
