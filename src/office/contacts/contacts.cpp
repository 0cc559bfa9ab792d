#include "office/contacts/contacts.h"

#include <algorithm>

#include "base/persian.h"

namespace pasokh::office::contacts {
namespace {

std::string joined(std::string_view text) {
  std::string out = search_fold(text);
  std::erase(out, ' ');
  return out;
}

bool is_number(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return (c >= '0' && c <= '9') || c == '+' || c == '-'; });
}

constexpr std::size_t words_max = 8;

}  // namespace

Result<> check(const Contact& contact) {
  if (search_fold(contact.name).empty() && search_fold(contact.organisation).empty()) return trouble("contact-nameless", "a contact needs a name or an organisation");
  if (contact.name.size() > name_bytes_max || contact.organisation.size() > name_bytes_max || contact.note.size() > note_bytes_max || contact.numbers.size() > numbers_max)
    return trouble("contact-long", "name and organisation at most 300 bytes, note at most 10000, numbers at most 20");
  for (const Number& n : contact.numbers)
    if (digits_only(n.number).empty() || n.number.size() > 40 || n.label.size() > 100) return trouble("contact-number", "\"" + n.number + "\" is no telephone number");
  return Done{};
}

std::string number_key(std::string_view number) {
  std::string digits = digits_only(number);
  if (digits.starts_with("0098")) return digits.substr(4);
  if (digits.starts_with("98") && digits.size() >= 12) return digits.substr(2);
  if (digits.starts_with("0") && digits.size() > 1) return digits.substr(1);
  return digits;
}

std::string found_by(const Contact& contact) {
  std::string out = joined(contact.name) + "\n" + joined(contact.organisation) + "\n" + joined(contact.note);
  for (const Number& n : contact.numbers) out += "\n" + number_key(n.number) + "\n" + joined(n.label);
  return out;
}

std::vector<std::string> words_of_search(std::string_view typed) {
  std::vector<std::string> words;
  const std::string folded = search_fold(typed);
  for (std::size_t at = 0; at < folded.size() && words.size() < words_max;) {
    const std::size_t end = std::min(folded.find(' ', at), folded.size());
    const std::string word = folded.substr(at, end - at);
    if (!word.empty()) words.push_back(is_number(word) ? number_key(word) : word);
    at = end + 1;
  }
  std::erase(words, "");
  return words;
}

std::string sort_key(const Contact& contact) { return search_fold(contact.name.empty() ? contact.organisation : contact.name); }

}  // namespace pasokh::office::contacts
