#include "outbox/smtp.h"

#include <curl/curl.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <string_view>

namespace pasokh::outbox {
namespace {

constexpr long connect_within_s = 10, all_within_s = 30;

struct Talk {
  std::string_view left;               // of the message
  std::string answer;                  // the server's last line
};

std::size_t give(char* room, std::size_t size, std::size_t n, void* talk) {
  auto& left = static_cast<Talk*>(talk)->left;
  const std::size_t taken = std::min(size * n, left.size());
  std::memcpy(room, left.data(), taken);
  left.remove_prefix(taken);
  return taken;
}

// Only what the server says is kept: what we say may hold the password.
int overhear(CURL*, curl_infotype type, char* data, std::size_t size, void* talk) {
  if (type != CURLINFO_HEADER_IN) return 0;
  std::string line(data, size);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  for (char& c : line) if (static_cast<unsigned char>(c) < ' ') c = ' ';
  auto& answer = static_cast<Talk*>(talk)->answer;  // a refusal stays: what comes after it is the good-bye
  if (answer.empty() || (answer.front() != '4' && answer.front() != '5')) answer = line.substr(0, 300);
  return 0;
}

Result<std::string> password_of(const MailServer& server) {
  std::ifstream in(server.password_file, std::ios::binary);
  std::string password;
  if (!std::getline(in, password)) return trouble("mail-failed", "the password file " + server.password_file + " cannot be read");
  while (!password.empty() && password.back() == '\r') password.pop_back();
  return password;
}

// The sign-in is ours to mend, so it is tried again: 530, 534, 535, 538 (RFC 4954 §6). Any other 5xx is meant for good (RFC 5321 §4.2.1).
bool for_good(long status) { return status >= 500 && status < 600 && status != 530 && status != 534 && status != 535 && status != 538; }

}  // namespace

namespace {

using Curl = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

// One talk with the server; `ask` sets what is wanted of it.
template <class Ask>
Result<> talk_with(const MailServer& server, Talk& talk, Ask ask) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const Curl curl(curl_easy_init(), &curl_easy_cleanup);
  if (!curl) return trouble("mail-failed", "out of memory");
  char why[CURL_ERROR_SIZE] = {};
  const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl.get(), option, value); };
  const std::string host = server.host.find(':') == std::string::npos ? server.host : "[" + server.host + "]";
  const std::string url = (server.security == MailSecurity::tls ? "smtps://" : "smtp://") + host + ":" + std::to_string(server.port) + "/pasokh";  // the name we greet with
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(CURLOPT_PROXY, "");
  set(CURLOPT_USE_SSL, static_cast<long>(server.security == MailSecurity::none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!server.authority.empty()) { set(CURLOPT_CAINFO, server.authority.c_str()); set(CURLOPT_CAPATH, static_cast<char*>(nullptr)); }
  std::string password;
  if (!server.user.empty()) {
    TRY(read, password_of(server));
    password = std::move(read);
    set(CURLOPT_USERNAME, server.user.c_str());
    set(CURLOPT_PASSWORD, password.c_str());
  }
  set(CURLOPT_DEBUGFUNCTION, &overhear);
  set(CURLOPT_DEBUGDATA, &talk);
  set(CURLOPT_VERBOSE, 1L);
  set(CURLOPT_ERRORBUFFER, why);
  set(CURLOPT_CONNECTTIMEOUT, connect_within_s);
  set(CURLOPT_TIMEOUT, all_within_s);
  set(CURLOPT_NOSIGNAL, 1L);
  ask(set);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) return Done{};
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  std::string text = *why ? why : curl_easy_strerror(code);
  if (!talk.answer.empty() && talk.answer.rfind("250", 0) != 0) text += ": " + talk.answer;
  return trouble(for_good(status) && code != CURLE_LOGIN_DENIED ? "mail-refused" : "mail-failed", std::move(text));
}

}  // namespace

Result<> send_mail(const MailServer& server, const std::string& to, const std::string& message) {
  Talk talk{message, {}};
  const std::string from = "<" + server.from + ">", recipient = "<" + to + ">";
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> recipients(curl_slist_append(nullptr, recipient.c_str()), &curl_slist_free_all);
  return talk_with(server, talk, [&](const auto& set) {
    set(CURLOPT_MAIL_FROM, from.c_str());
    set(CURLOPT_MAIL_RCPT, recipients.get());
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, &give);
    set(CURLOPT_READDATA, &talk);
  });
}

Result<> greet(const MailServer& server) {
  Talk talk;
  return talk_with(server, talk, [](const auto& set) {
    set(CURLOPT_CUSTOMREQUEST, "NOOP");
    set(CURLOPT_NOBODY, 1L);
  });
}

}  // namespace pasokh::outbox
