// One mail to one recipient over SMTP (RFC 5321), blocking, at most half a minute. By libcurl.
#pragma once

#include <cstdint>
#include <string>

#include "base/describe.h"
#include "base/result.h"

namespace pasokh::outbox {

enum class MailSecurity : std::uint8_t { starttls, tls, none };  // starttls: asked for, and nothing is sent without it (RFC 3207)

struct MailServer {                    // host empty: no mail is sent
  std::string host;
  std::uint16_t port = 587;
  MailSecurity security = MailSecurity::starttls;
  std::string user, password_file;     // user empty: no sign-in. The password is read anew for each mail, and from nowhere else
  std::string from;                    // the sender's address
  std::string authority;               // PEM file of who vouches for the server; empty: the system's
  bool on() const { return !host.empty(); }
};

// Trouble "mail-refused": for good, this recipient or this mail is not taken; "mail-failed": perhaps later. Text: the server's own words.
Result<> send_mail(const MailServer&, const std::string& to, const std::string& message);

// Says hello, with TLS and sign-in as they are set, and leaves; for whoever checks the settings.
Result<> greet(const MailServer&);

}  // namespace pasokh::outbox

namespace pasokh {
template <> inline constexpr std::array enum_names<outbox::MailSecurity>{"starttls", "tls", "none"};
}  // namespace pasokh
