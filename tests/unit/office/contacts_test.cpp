#include <doctest/doctest.h>

#include <algorithm>

#include "office/contacts/contacts.h"

using namespace pasokh::office::contacts;

namespace {

Contact contact(std::string name, std::vector<Number> numbers = {}) { return {.name = std::move(name), .organisation = {}, .note = {}, .numbers = std::move(numbers)}; }

bool finds(const char* typed, const Contact& c) {
  const std::string text = found_by(c);
  const auto words = words_of_search(typed);
  return !words.empty() && std::all_of(words.begin(), words.end(), [&](const std::string& word) { return text.find(word) != text.npos; });
}

}  // namespace

// B1: complaint "the CRM does not find علي under علی".
TEST_CASE("a name is found whatever the ye, the ke, the hamza, the ZWNJ, the spaces and the order of its words") {
  const Contact ali = contact("علی‌رضا کیانی‌فر");   // ZWNJ, Persian ye and ke
  for (const char* typed : {"علی‌رضا", "علیرضا", "علی رضا", "عليرضا", "كياني", "کیانی فر", "کیانیفر", "فر علی"}) {
    CAPTURE(typed);
    CHECK(finds(typed, ali));
  }
  CHECK_FALSE(finds("حسین", ali));
  CHECK_FALSE(finds("علی حسین", ali));
  CHECK(finds("john", contact("John Smith")));
  CHECK_FALSE(finds("", ali));
}

TEST_CASE("a number is found by any part and in any spelling, and fields do not run into each other") {
  const Contact c = contact("سارا", {{"+98 912 123 45 67", "همراه"}, {"021-8877 6655", ""}});
  for (const char* typed : {"09121234567", "۰۹۱۲۱۲۳۴۵۶۷", "00989121234567", "+989121234567", "1234567", "02188776655", "8877"}) {
    CAPTURE(typed);
    CHECK(finds(typed, c));
  }
  CHECK_FALSE(finds("456721", c));   // the end of one and the beginning of the next
  CHECK(number_key("+98 912 123 45 67") == "9121234567");
  CHECK(number_key("982188776655") == "2188776655");
  CHECK(number_key("98") == "98");   // too short to hold a country
}

TEST_CASE("a contact needs a name or an organisation, numbers with digits, and has limits") {
  CHECK(check(contact("سارا")).has_value());
  CHECK(check(contact("\u200c  ")).error().code == "contact-nameless");
  CHECK(check({.name = {}, .organisation = "شرکت", .note = {}, .numbers = {}}).has_value());
  CHECK(check(contact("x", {{"abc", ""}})).error().code == "contact-number");
  CHECK(check(contact(std::string(301, 'a'))).error().code == "contact-long");
  CHECK(check(contact("x", std::vector<Number>(21, {"0912", ""}))).error().code == "contact-long");
}
