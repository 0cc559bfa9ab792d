#include <doctest/doctest.h>

#include <sstream>

#include "outbox/mail_text.h"

using namespace pasokh;
using namespace pasokh::outbox;

// RFC 5321 §4.1.2, and what header injection is made of.
TEST_CASE("an address is one recipient and nothing else") {
  for (const char* good : {"a@b", "sara.m@example.ir", "a+b@xn--mgb.ir", "x_1%y@10.0.0.5"}) CHECK_MESSAGE(is_mail_address(good), good);
  for (const char* bad : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b c", "a@b\r\nBcc: x@y", "<a@b>", "a@b,c@d", "\"a b\"@c", "a..b@c", ".a@c", "a@-c", "a@c.", "é@b"}) CHECK_MESSAGE(!is_mail_address(bad), bad);
}

// RFC 2047 §2, RFC 2045 §6.8, RFC 5322 §2.1.1
TEST_CASE("no line of a mail is longer than 78, and a Persian subject goes as encoded words") {
  MailText mail{.from = "pasokh@example.ir", .to = "sara@example.ir", .subject = "گزارش صف‌ها، دیروز: پشتیبانی، فروش، شکایت‌ها و پیگیری مشترکان تهران و کرج", .text = "سلام\n", .file_name = "گزارش.xlsx",
                .file_type = "application/octet-stream", .file = std::string(10'000, '\xff'), .message_id = "7.123.pasokh@example.ir", .at = {1'795'000'000'000'000}};
  const std::string text = mail_text(mail);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    REQUIRE(!line.empty());
    CHECK(line.back() == '\r');
    CHECK_MESSAGE(line.size() <= 79, line);
    for (const unsigned char c : line) CHECK(c < 0x80);
  }
  CHECK(text.find("Subject: =?UTF-8?B?") != text.npos);
  CHECK(text.find("Message-ID: <7.123.pasokh@example.ir>\r\n") != text.npos);
  CHECK(text.find("Auto-Submitted: auto-generated\r\n") != text.npos);
  CHECK(text.find("filename*=utf-8''%DA%AF") != text.npos);
}

TEST_CASE("the date of a mail is that of RFC 5322") {
  const std::string text = mail_text({.from = "a@b", .to = "c@d", .subject = "x", .text = "y", .file_name = {}, .file_type = {}, .file = {}, .message_id = "1@b", .at = {1'795'510'805'000'000}});
  CHECK(text.find("Date: Tue, 24 Nov 2026 09:00:05 +0000\r\n") != text.npos);
}
