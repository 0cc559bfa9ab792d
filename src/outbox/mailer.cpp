#include "outbox/mailer.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "outbox/mail_text.h"
#include "outbox/store.h"
#include "storage/mails.h"
#include "storage/office_database.h"

namespace pasokh::outbox {
namespace {

using storage::Database;
using storage::Mail;
using storage::Mails;

constexpr auto look_at_least_every = std::chrono::seconds(20);

std::string message_id(const Mail& mail, const std::string& from) {
  return std::to_string(mail.id) + "." + std::to_string(mail.made.us) + ".pasokh" + from.substr(std::min(from.find('@'), from.size()));
}

class Running final : public Mailer {
 public:
  Running(MailerOptions options, std::unique_ptr<storage::OfficeDatabase> office)
      : options_(std::move(options)), office_(std::move(office)), thread_([this] { run(); }) {}
  ~Running() override { stop(); }

  void nudge() override {
    {
      const std::scoped_lock lock(guard_);
      woken_ = true;
    }
    wake_.notify_all();
  }

  const MailServer& server() const override { return options_.server; }

  Result<> test(const std::string& to) override {
    if (!server().on()) return trouble("mail-off", "");
    const Instant now = options_.now();
    return send_mail(server(), to, mail_text({.from = server().from, .to = to, .subject = "Pasokh: test / پاسخ: آزمایش", .text = "This mail shows that Pasokh can send mail.\n\nاین نامه نشان می‌دهد که پاسخ می‌تواند نامه بفرستد.\n",
                                              .file_name = {}, .file_type = {}, .file = {}, .message_id = "test." + std::to_string(now.us) + ".pasokh" + server().from.substr(std::min(server().from.find('@'), server().from.size())), .at = now}));
  }

  void stop() override {
    {
      const std::scoped_lock lock(guard_);
      if (stopping_) return;
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

 private:
  void run() {
    for (;;) {
      std::chrono::milliseconds rest = look_at_least_every;
      if (server().on()) {
        while (!stopping()) {
          const auto sent = send_next();
          if (!sent) log(LogLevel::error, "the mail that waits cannot be read", {{"cause", sent.error().text}});
          if (!sent || !*sent) break;
        }
        rest = until_due();
      }
      std::unique_lock lock(guard_);
      wake_.wait_for(lock, rest, [&] { return woken_ || stopping_; });
      woken_ = false;
      if (stopping_) return;
    }
  }
  bool stopping() const {
    const std::scoped_lock lock(guard_);
    return stopping_;
  }

  std::chrono::milliseconds until_due() {
    const auto due = office_->read([](Database& db) { return Mails(db).next_due(); });
    if (!due || !*due) return look_at_least_every;
    return std::min<std::chrono::milliseconds>(look_at_least_every, std::chrono::milliseconds(std::max<std::int64_t>(10, (**due - options_.now()).ms())));
  }

  // true: one was tried; there may be more
  Result<bool> send_next() {
    TRY(mail, office_->write([&](Database& db) -> Result<std::optional<Mail>> {
      TRY(next, Mails(db).next(options_.now()));
      if (next) TRY_DONE(Mails(db).tried(next->id));
      return next;
    }));
    if (!mail) return false;
    const auto sent = send_mail(server(), mail->recipient, mail_text({.from = server().from, .to = mail->recipient, .subject = mail->subject, .text = mail->text, .file_name = mail->file_name,
                                                                      .file_type = mail->file_type, .file = mail->file, .message_id = message_id(*mail, server().from), .at = mail->made}));
    TRY_DONE(office_->write([&](Database& db) { return note(db, *mail, sent); }));
    return true;
  }

  Result<> note(Database& db, const Mail& mail, const Result<>& sent) {
    const Instant now = options_.now();
    Mails mails(db);
    if (sent) return mails.sent(mail.id, now);
    const std::string& why = sent.error().text;
    if (sent.error().code == "mail-refused" || now - mail.made > given_up_after) {
      log(LogLevel::warning, "a mail was given up", {{"mail", std::to_string(mail.id)}, {"why", why}});
      return mails.given_up(mail.id, now, why);
    }
    if (mail.attempts == 0) log(LogLevel::warning, "a mail could not be sent; it is tried again", {{"mail", std::to_string(mail.id)}, {"why", why}});
    return mails.failed(mail.id, now + pause_after(mail.attempts + 1), why);
  }

  MailerOptions options_;
  std::unique_ptr<storage::OfficeDatabase> office_;  // a connection of its own
  mutable std::mutex guard_;
  std::condition_variable wake_;
  bool woken_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Mailer>> Mailer::start(MailerOptions options) {
  TRY(office, storage::OfficeDatabase::open(options.dir));
  return std::unique_ptr<Mailer>(std::make_unique<Running>(std::move(options), std::move(office)));
}

}  // namespace pasokh::outbox
