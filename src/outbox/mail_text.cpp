#include "outbox/mail_text.h"

#include <algorithm>
#include <array>

#include "base/calendar.h"

namespace pasokh::outbox {
namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 4 / 3 + 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t k) { return k < bytes.size() ? static_cast<unsigned char>(bytes[k]) : 0u; };
    const unsigned three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += letters[three >> 18];
    out += letters[three >> 12 & 63];
    out += i + 1 < bytes.size() ? letters[three >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? letters[three & 63] : '=';
  }
  return out;
}

std::string base64_lines(std::string_view bytes) {        // RFC 2045 §6.8: at most 76 a line
  const std::string whole = base64(bytes);
  std::string out;
  out.reserve(whole.size() + whole.size() / 38 + 4);
  for (std::size_t i = 0; i < whole.size(); i += 76) out += whole.substr(i, 76) + "\r\n";
  return out;
}

bool is_plain(std::string_view text) { return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= ' ' && c < 0x7f; }); }

// RFC 2047: words of at most 75, cut between characters.
std::string header_words(std::string_view text) {
  if (is_plain(text) && text.size() < 60) return std::string(text);
  std::string out;
  while (!text.empty()) {
    std::size_t n = std::min<std::size_t>(42, text.size());
    while (n < text.size() && n > 1 && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80) --n;
    out += (out.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + base64(text.substr(0, n)) + "?=");
    text.remove_prefix(n);
  }
  return out;
}

std::string date(Instant at) {                            // RFC 5322 §3.3
  constexpr std::array<const char*, 7> days{"Sat", "Sun", "Mon", "Tue", "Wed", "Thu", "Fri"};
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const DayNumber day = day_of(at.us);
  const Date d = gregorian(day);
  const std::int64_t second = (at.us - day * us_per_day) / 1'000'000;
  const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return std::string(days[static_cast<std::size_t>(weekday(day))]) + ", " + std::to_string(d.day) + " " + months[static_cast<std::size_t>(d.month - 1)] + " " + std::to_string(d.year) + " " +
         two(second / 3'600) + ":" + two(second / 60 % 60) + ":" + two(second % 60) + " +0000";
}

std::string percent(std::string_view text) {              // RFC 2231 §4
  constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (const unsigned char c : text)
    if (std::isalnum(c) || c == '.' || c == '-' || c == '_') out += static_cast<char>(c);
    else out += {'%', hex[c >> 4], hex[c & 15]};
  return out;
}

std::string text_part(std::string_view text) { return "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64_lines(text); }

}  // namespace

bool is_mail_address(std::string_view address) {
  const auto at = address.find('@');
  if (address.size() > 254 || at == address.npos || at == 0 || at > 64) return false;
  const std::string_view local = address.substr(0, at), host = address.substr(at + 1);
  const auto only = [](std::string_view text, std::string_view more) {
    return std::all_of(text.begin(), text.end(), [&](unsigned char c) { return (c < 0x80 && std::isalnum(c)) || more.find(static_cast<char>(c)) != more.npos; });
  };
  const auto dots = [](std::string_view text) { return text.front() != '.' && text.back() != '.' && text.find("..") == text.npos; };
  return only(local, "._%+-") && dots(local) && !host.empty() && only(host, ".-") && dots(host) && host.front() != '-' && host.back() != '-';
}

std::string mail_text(const MailText& m) {
  std::string out = "From: Pasokh <" + m.from + ">\r\nTo: <" + m.to + ">\r\nSubject: " + header_words(m.subject) + "\r\nDate: " + date(m.at) + "\r\nMessage-ID: <" + m.message_id + ">\r\n";
  out += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";  // RFC 3834: no holiday replies, please
  if (m.file_name.empty()) return out + text_part(m.text);
  const std::string border = "=_pasokh_" + m.message_id.substr(0, m.message_id.find('@'));  // "=_" never comes in base64
  out += "Content-Type: multipart/mixed; boundary=\"" + border + "\"\r\n\r\n--" + border + "\r\n" + text_part(m.text) + "--" + border + "\r\n";
  out += "Content-Type: " + m.file_type + "\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n filename*=utf-8''" + percent(m.file_name) + "\r\n\r\n";
  return out + base64_lines(m.file) + "--" + border + "--\r\n";
}

}  // namespace pasokh::outbox
