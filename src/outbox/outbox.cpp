#include "outbox/outbox.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/json_text.h"
#include "base/log.h"
#include "outbox/post.h"
#include "outbox/store.h"
#include "storage/agent_codes.h"
#include "storage/contacts.h"
#include "storage/journal.h"
#include "storage/office_database.h"
#include "storage/report_queries.h"

namespace pasokh::outbox {
namespace {

constexpr std::uint64_t events_at_once = 2'000;
constexpr auto look_at_least_every = std::chrono::seconds(1);

// The name under which the event is told, and its call; nothing for all others.
struct Told { std::string_view name; CallId call; AgentId agent = {}; };
std::optional<Told> told_as(const floor::Event& event) {
  if (const auto* e = std::get_if<floor::CallArrived>(&event)) return Told{"call.arrived", e->call};
  if (const auto* e = std::get_if<floor::CallOffered>(&event)) return Told{"call.offered", e->call, e->agent};
  if (const auto* e = std::get_if<floor::OfferAnswered>(&event)) return Told{"call.answered", e->call};
  if (const auto* e = std::get_if<floor::CallEnded>(&event)) return Told{"call.ended", e->call};
  if (const auto* e = std::get_if<floor::RecordingFinished>(&event)) return Told{"recording.finished", e->call};
  return std::nullopt;
}

class Running final : public Outbox {
 public:
  Running(OutboxOptions options, Store reading, Store delivering, Store adding)
      : options_(std::move(options)), reading_(std::move(reading)), delivering_(std::move(delivering)), adding_(std::move(adding)),
        reader_([this] { work(reader_wake_, [this] { return read_journal(); }); }), sender_([this] { work(sender_wake_, [this] { return deliver(); }); }) {}
  ~Running() override { stop(); }

  void nudge() override {
    {
      const std::scoped_lock lock(guard_);
      reader_wake_ = sender_wake_ = true;
    }
    wake_.notify_all();
  }

  Result<> add(const std::string& event, const std::string& data) override {
    const std::scoped_lock lock(adding_guard_);
    TRY(hooks, adding_.webhooks());
    const Instant now = options_.now();
    for (const auto& hook : hooks)
      if (wants(hook, event)) TRY_DONE(adding_.put({0, hook.id, event, message_body(event, now, "", data), now, 0}));
    nudge();
    return Done{};
  }

  void stop() override {
    {
      const std::scoped_lock lock(guard_);
      if (stopping_) return;
      stopping_ = true;
    }
    wake_.notify_all();
    reader_.join();
    sender_.join();
  }

 private:
  static bool wants(const Webhook& hook, std::string_view event) { return std::find(hook.events.begin(), hook.events.end(), event) != hook.events.end(); }

  // Calls `once` until it has nothing to do, then waits to be woken; once: what to wait at most.
  template <class Once>
  void work(bool& woken, Once once) {
    for (;;) {
      const auto rest = once();
      std::unique_lock lock(guard_);
      wake_.wait_for(lock, rest, [&] { return woken || stopping_; });
      woken = false;
      if (stopping_) return;
    }
  }
  bool stopping() const {
    const std::scoped_lock lock(guard_);
    return stopping_;
  }
  void trouble_once(const std::string& doing, const Trouble& trouble) { log(LogLevel::error, "webhooks are behind", {{"doing", doing}, {"cause", trouble.text}}); }

  // --- the journal's reader

  std::chrono::milliseconds read_journal() {
    for (;;) {
      auto more = read_some();
      if (!more) trouble_once("reading the journal", more.error());
      if (!more || !*more || stopping()) return look_at_least_every;
    }
  }

  Result<bool> read_some() {
    if (!journal_) {
      TRY(opened, storage::JournalReader::open(options_.dir));
      journal_.emplace(std::move(opened));
    }
    TRY(hooks, reading_.webhooks());
    if (hooks.empty()) return false;
    const std::uint64_t last = journal_->last_seq();
    if (!at_ || *at_ > last) TRY_DONE(find_place(hooks));
    if (*at_ >= last) return false;
    std::vector<Message> messages;
    std::uint64_t seq = *at_;
    auto read = journal_->read(*at_, events_at_once, [&](const storage::Recorded& recorded) {
      seq = recorded.seq;
      if (const auto told = told_as(recorded.event))
        for (const auto& hook : hooks)
          if (wants(hook, told->name) && recorded.at >= hook.made) messages.push_back({0, hook.id, std::string(told->name), message_body(told->name, recorded.at, std::to_string(seq), told->agent ? offer_of(told->call, told->agent) : row_of(told->call)), recorded.at, 0});
      return true;
    });
    if (!read && read.error().code != "damaged") return std::move(read).error();
    if (!read) {  // stepped over, as the reports do
      TRY(sound, journal_->next_sound(seq));
      seq = sound - 1;
    }
    // a place without messages is written now and then only: whoever reads it again finds no message there
    if (!messages.empty() || seq - written_ >= events_at_once) {
      TRY_DONE(reading_.put(messages, seq, journal_->sum_of(seq)));
      written_ = seq;
    }
    at_ = seq;
    if (!messages.empty()) nudge_sender();
    return seq < last;
  }

  // Where the last run left off; what was before the first webhook, or in another journal, is not told.
  Result<> find_place(const std::vector<Webhook>& hooks) {
    TRY(position, reading_.position());
    const Instant oldest = std::min_element(hooks.begin(), hooks.end(), [](const auto& a, const auto& b) { return a.made < b.made; })->made;
    const std::uint64_t begin = journal_->first_at_or_after(oldest) - 1;
    const bool ours = position && (position->first == 0 || journal_->sum_of(position->first) == position->second);
    at_ = written_ = ours ? std::max(position->first, begin) : begin;
    return Done{};
  }

  // What a screen needs when a phone rings: who is rung, who calls, and whom we know under that number.
  std::string offer_of(CallId call, AgentId agent) {
    if (!codes_) {
      auto opened = storage::AgentCodes::open(options_.dir);
      if (opened) codes_.emplace(std::move(*opened));
    }
    const auto code = codes_ ? codes_->find(agent) : Result<std::string>(std::string());
    std::string row = row_of(call);  // the read models follow the same journal: a moment later, at times
    for (int i = 0; i < 25 && row.find("\"caller\":") == row.npos && !stopping(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      row = row_of(call);
    }
    return row.substr(0, row.size() - 1) + ",\"offered_to\":" + json_text(code.value_or("")) + ",\"contact\":" + contact_of(row) + "}";
  }

  std::string contact_of(const std::string& row) {
    constexpr std::string_view mark = "\"caller\":\"";
    const auto from = row.find(mark);
    if (from == row.npos) return "null";
    const std::string number = row.substr(from + mark.size(), row.find('"', from + mark.size()) - from - mark.size());
    if (number.empty()) return "null";
    if (!office_) {
      auto opened = storage::OfficeDatabase::open(options_.dir);
      if (opened) office_ = std::move(*opened);
    }
    if (!office_) return "null";
    const auto found = office_->read([&](storage::Database& db) { return storage::Contacts(db).list({.search = {}, .number = number, .limit = 1}); });
    if (!found || found->empty()) return "null";
    const auto& contact = found->front();
    return "{\"id\":" + json_text(std::to_string(contact.id)) + ",\"name\":" + json_text(contact.name) + ",\"organisation\":" + json_text(contact.organisation) + "}";
  }

  // The call as the reports show it now: {"call":"42","caller":…,"outcome":…}
  std::string row_of(CallId call) {
    if (!reports_) {
      auto opened = storage::Reports::open(options_.dir);
      if (opened) reports_.emplace(std::move(*opened));
    }
    if (reports_) {
      storage::ReportFilter filter;
      filter.before = CallId{call.value + 1};
      filter.limit = 1;
      filter.now = options_.now();
      if (auto rows = reports_->calls(filter); rows && !rows->empty() && rows->front().call == call) return json_text(rows->front());
    }
    return "{\"call\":" + json_text(call) + "}";
  }

  void nudge_sender() {
    {
      const std::scoped_lock lock(guard_);
      sender_wake_ = true;
    }
    wake_.notify_all();
  }

  // --- the sender

  std::chrono::milliseconds deliver() {
    auto rest = std::chrono::milliseconds(look_at_least_every);
    bool again = true;
    while (again && !stopping()) {
      again = false;
      auto hooks = delivering_.webhooks();
      if (!hooks) { trouble_once("reading the outbox", hooks.error()); return rest; }
      for (const auto& hook : *hooks) {
        if (stopping()) return rest;
        const Instant now = options_.now();
        if (hook.not_before > now) {
          rest = std::min(rest, std::chrono::milliseconds(std::max<std::int64_t>(10, (hook.not_before - now).ms())));
          continue;
        }
        auto sent = deliver_one(hook, now);
        if (!sent) trouble_once("delivering", sent.error());
        else again = again || *sent;
      }
    }
    return rest;
  }

  // true: delivered; there may be more
  Result<bool> deliver_one(const Webhook& hook, Instant now) {
    TRY(message, delivering_.next(hook.id));
    if (!message) return false;
    if (now - message->made > given_up_after) {
      log(LogLevel::warning, "a webhook's message was given up after a day", {{"webhook", std::to_string(hook.id)}, {"message", std::to_string(message->id)}});
      TRY_DONE(delivering_.dropped(*message, "given up after a day: " + hook.last_error));
      return true;
    }
    auto status = send(hook, *message, now);
    if (status && *status < 300) {
      TRY_DONE(delivering_.told(*message));
      return true;
    }
    const std::string why = status ? "the receiver answered " + std::to_string(*status) : status.error().text;
    if (hook.failures == 0) log(LogLevel::warning, "a webhook fails; it is tried again", {{"webhook", std::to_string(hook.id)}, {"why", why}});
    TRY_DONE(delivering_.failed(*message, now, why));
    return false;
  }

  Result<int> send(const Webhook& hook, const Message& message, Instant now) {
    TRY(to, parse_url(hook.url));
    TRY(secret, options_.open_secret(hook.made.us, hook.sealed_secret));
    return post(to, options_.hosts, {{"Pasokh-Event", message.event}, {"Pasokh-Delivery", std::to_string(message.id)}, {"Pasokh-Attempt", std::to_string(message.attempts + 1)},
                                     {"Pasokh-Signature", signature(secret, now.us / 1'000'000, message.body)}}, message.body);
  }

  OutboxOptions options_;
  Store reading_, delivering_, adding_;
  std::optional<storage::JournalReader> journal_;   // the reader's
  std::optional<storage::Reports> reports_;
  std::optional<storage::AgentCodes> codes_;
  std::unique_ptr<storage::OfficeDatabase> office_;
  std::optional<std::uint64_t> at_;
  std::uint64_t written_ = 0;
  std::mutex adding_guard_;
  mutable std::mutex guard_;
  std::condition_variable wake_;
  bool reader_wake_ = false, sender_wake_ = false, stopping_ = false;
  std::thread reader_, sender_;
};

}  // namespace

Result<std::unique_ptr<Outbox>> Outbox::start(OutboxOptions options) {
  TRY(reading, Store::open(options.dir));
  TRY(delivering, Store::open(options.dir));
  TRY(adding, Store::open(options.dir));
  return std::unique_ptr<Outbox>(std::make_unique<Running>(std::move(options), std::move(reading), std::move(delivering), std::move(adding)));
}

}  // namespace pasokh::outbox
