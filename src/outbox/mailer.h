// Sends the mail that waits in DIR/centre.db (storage/mails), one at a time: at least once, again after growing pauses, given up after a
// day or when the server says that it never will. A mail keeps its Message-ID over all tries, so that what came twice (we were killed
// between the server's word and our note of it) is known as one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "outbox/smtp.h"

namespace pasokh::outbox {

struct MailerOptions {
  std::string dir;
  MailServer server;
  std::function<Instant()> now;
};

class Mailer {
 public:
  static Result<std::unique_ptr<Mailer>> start(MailerOptions options);
  virtual ~Mailer() = default;
  virtual void nudge() = 0;                        // there is mail; any thread, cheap
  virtual Result<> test(const std::string& to) = 0;  // one mail at once, from the calling thread; "mail-off", "mail-refused", "mail-failed"
  virtual const MailServer& server() const = 0;
  virtual void stop() = 0;
};

}  // namespace pasokh::outbox
