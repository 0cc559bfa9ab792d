// People who call, as the desk knows them: what a contact must look like, and how one is found whatever way the name or the
// number is typed. Pure. The text of a contact is kept as it was written; the forms made here are only for finding.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.h"
#include "base/result.h"

namespace pasokh::office::contacts {

struct Number {
  static constexpr auto schema_name = "ContactNumber";
  std::string number, label;         // label: "home", "همراه" …, may be empty
  bool operator==(const Number&) const = default;
  PASOKH_FIELDS(number, label)
};

struct Contact {
  std::int64_t id = 0;               // 0: not yet kept
  std::string name, organisation, note;
  std::vector<Number> numbers;
  bool operator==(const Contact&) const = default;
};

inline constexpr std::size_t name_bytes_max = 300, note_bytes_max = 10'000, numbers_max = 20;

// What is wrong first: "contact-nameless", "contact-long", "contact-number".
Result<> check(const Contact&);

// The same for 0912…, +98912…, 0098 912…, ۰۹۱۲… and "912 …": digits without the country's and the trunk's prefix.
std::string number_key(std::string_view number);

// What the index holds of a contact: folded (base/persian.h), without a single space, so that "می‌روم", "میروم" and "می روم" are one;
// fields are kept apart by a line feed, numbers stand by their key.
std::string found_by(const Contact&);

// What a search asks for: each word, folded in the same way, must stand somewhere in `found_by`. A word of digits is a number.
std::vector<std::string> words_of_search(std::string_view typed);

// The name as lists are ordered by it.
std::string sort_key(const Contact&);

}  // namespace pasokh::office::contacts
