// A mail as it goes over the wire (RFC 5322, MIME RFC 2045-2047, 2231): one recipient, a text in UTF-8, perhaps one file. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

namespace pasokh::outbox {

// LOCAL@HOST of plain letters, as people have it; nothing that a server could read as a second recipient or a header.
bool is_mail_address(std::string_view);

struct MailText {
  std::string from, to, subject, text;
  std::string file_name, file_type, file;            // file_name empty: nothing is attached
  std::string message_id;                            // without < >; the same over all tries
  Instant at;
};
std::string mail_text(const MailText&);              // lines end in CR LF, at most 78 long

}  // namespace pasokh::outbox
