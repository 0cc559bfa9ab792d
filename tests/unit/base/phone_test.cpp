// One form for the numbers of Iran: requirement "number rewriting in and out: 021…, 98…, 0098…, without area code".
#include "base/phone.h"

#include <doctest/doctest.h>

using namespace pasokh::phone;

namespace {
struct Case { const char *given, *area, *expected; };
}

TEST_CASE("whatever a carrier writes, the national form is one") {
  const Case cases[] = {
      {"02188776655", "", "02188776655"},
      {"2188776655", "", "02188776655"},
      {"982188776655", "", "02188776655"},
      {"00982188776655", "", "02188776655"},
      {"+982188776655", "", "02188776655"},
      {"+98 (0)21 8877-6655", "", "02188776655"},
      {"009802188776655", "", "02188776655"},
      {"9802188776655", "", "02188776655"},
      {"88776655", "021", "02188776655"},
      {"88776655", "21", "02188776655"},
      {"88776655", "+9821", "02188776655"},
      {"88776655", "۰۲۱", "02188776655"},
      {"32223344", "086", "08632223344"},
      {"32223344", "", "32223344"},          // nobody said where
      {"91001234", "021", "02191001234"},    // a local number that begins with 9
      {"98123456", "021", "02198123456"},    // … and with 98: eight digits are local
      {"9121234567", "", "09121234567"},
      {"09121234567", "021", "09121234567"},
      {"989121234567", "", "09121234567"},
      {"00989121234567", "", "09121234567"},
      {"+989121234567", "021", "09121234567"},
      {"2109121234567", "021", "09121234567"},    // area code put before a mobile
      {"02109121234567", "021", "09121234567"},
      {"982109121234567", "021", "09121234567"},
      {"2109121234567", "", "2109121234567"},     // without our area code it might be anything
      {"9809121234567", "", "09121234567"},
      {"9981234567", "", "09981234567"},          // Shatel Mobile
      {"9411234567", "", "09411234567"},          // fixed LTE
      {"02122334455", "026", "02122334455"},
      {"2622334455", "021", "02622334455"},
      {"+4930123456", "021", "004930123456"},
      {"004930123456", "", "004930123456"},
      {"00 1 (212) 555-0100", "", "0012125550100"},
      {"+97142345678", "", "0097142345678"},
      {"+980", "", "0"},
  };
  for (const auto& one : cases) {
    CAPTURE(std::string(one.given));
    CAPTURE(std::string(one.area));
    CHECK(national_form(one.given, one.area) == one.expected);
  }
}

TEST_CASE("digits of every script that people here type are read, and the marks that come with pasted numbers are not") {
  const Case cases[] = {
      {"۰۲۱۸۸۷۷۶۶۵۵", "", "02188776655"},
      {"٠٢١٨٨٧٧٦٦٥٥", "", "02188776655"},
      {"+۹۸ ۹۱۲ ۱۲۳ ۴۵۶۷", "", "09121234567"},
      {"۰۹۱۲-۱۲۳-۴۵۶۷", "", "09121234567"},
      {"\xE2\x80\x8E+98 21 88 77 66 55\xE2\x80\x8F", "", "02188776655"},
      {"\xE2\x81\xA6" "09121234567" "\xE2\x81\xA9", "", "09121234567"},
      {"0912\xC2\xA0" "123\xC2\xA0" "4567", "", "09121234567"},
      {"0912.123.4567", "", "09121234567"},
      {"021/88776655", "", "02188776655"},
      {"۱۱۰", "", "110"},
  };
  for (const auto& one : cases) {
    CAPTURE(std::string(one.given));
    CHECK(national_form(one.given, one.area) == one.expected);
  }
}

TEST_CASE("short, emergency and service numbers and what is no number stay as they are") {
  for (const char* same : {"110", "112", "115", "125", "118", "123", "137", "1590", "8000", "201", "09602", "*98", "#31#02188776655", "*21*09121234567#", "anonymous", "sara", "", "+", "12a4", "9092301234", "1", "123456", "1234567", "11223344", "0000"}) {
    CAPTURE(std::string(same));
    CHECK(national_form(same, "021") == same);
  }
  CHECK(national_form("+98110", "021") == "110");
  CHECK(national_form("0098115", "021") == "115");
}

TEST_CASE("a national form is a fixed point: rewriting twice is rewriting once") {
  std::uint64_t state = 1;
  auto draw = [&state](std::size_t below) { return ((state = state * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u) >> 33) % below; };
  const char* const heads[] = {"", "0", "00", "+", "98", "0098", "+98", "21", "021", "9", "909", "0909", "2109", "982109", "+980", "110"};
  for (int i = 0; i < 20'000; ++i) {
    std::string number = heads[draw(std::size(heads))];
    for (auto digits = draw(13); digits > 0; --digits) number += static_cast<char>('0' + draw(10));
    for (const std::string area : {"", "021", "26"}) {
      CAPTURE(number);
      CAPTURE(area);
      const auto once = national_form(number, area);
      CHECK(national_form(once, area) == once);
    }
  }
}

TEST_CASE("E.164 is given where it exists") {
  CHECK(e164("02188776655", "") == "+982188776655");
  CHECK(e164("88776655", "021") == "+982188776655");
  CHECK(e164("9121234567", "") == "+989121234567");
  CHECK(e164("۰۹۱۲۱۲۳۴۵۶۷", "") == "+989121234567");
  CHECK(e164("004930123456", "") == "+4930123456");
  CHECK(e164("+4930123456", "") == "+4930123456");
  CHECK_FALSE(e164("110", ""));
  CHECK_FALSE(e164("88776655", ""));
  CHECK_FALSE(e164("8000", "021"));
  CHECK_FALSE(e164("anonymous", "021"));
  CHECK_FALSE(e164("*98", "021"));
  CHECK_FALSE(e164("00123", ""));                 // too short to be anybody
  CHECK_FALSE(e164("0012345678901234567", ""));  // more than 15 digits
}

TEST_CASE("kinds are told apart") {
  CHECK(kind_of("110") == Kind::emergency);
  CHECK(kind_of("118") == Kind::short_number);
  CHECK(kind_of("09602") == Kind::short_number);
  CHECK(kind_of("*98") == Kind::service);
  CHECK(kind_of("09121234567") == Kind::mobile);
  CHECK(kind_of("02188776655") == Kind::fixed);
  CHECK(kind_of("9092301234") == Kind::premium);
  CHECK(kind_of("004930123456") == Kind::international);
  CHECK(kind_of("88776655") == Kind::other);
  CHECK(kind_of("sara") == Kind::none);
  CHECK(kind_of("") == Kind::none);
}

TEST_CASE("emergency numbers are known and nothing near them is") {
  for (const char* yes : {"110", "112", "115", "125"}) CHECK(is_emergency(yes));
  for (const char* no : {"111", "1100", "0110", "11", "", "1150"}) CHECK_FALSE(is_emergency(no));
}

TEST_CASE("the first rule whose prefix fits is applied, once") {
  const std::vector<PrefixRule> rules{{"^021", "21"}, {"0", "98"}, {"9", ""}};
  CHECK(rewrite("02188776655", rules) == "2188776655");
  CHECK(rewrite("09121234567", rules) == "989121234567");
  CHECK(rewrite("98", rules) == "8");
  CHECK(rewrite("110", rules) == "110");
  CHECK(rewrite("", rules) == "");
  CHECK(rewrite("110", {{"", "0"}}) == "0110");    // an empty prefix fits always
  CHECK(rewrite("+98912", {{"+98", "0"}}) == "0912");
  CHECK(rewrite("88", {}) == "88");
}

TEST_CASE("dialled digits keep the plus at the front only") {
  CHECK(dialled("+98 21") == "+9821");
  CHECK_FALSE(dialled("98+21"));
  CHECK_FALSE(dialled("++98"));
  CHECK_FALSE(dialled("  "));
  CHECK_FALSE(dialled("\xDB"));
  CHECK_FALSE(dialled("\xDB\xBA"));  // after the last Persian digit
}
