#include "api/services.h"

#include <chrono>
#include <condition_variable>
#include <optional>

#include "archive/finisher.h"
#include "archive/keys.h"
#include "base/log.h"
#include "storage/journal.h"

namespace pasokh::api {

constexpr auto answer_within = std::chrono::seconds(10);
constexpr std::size_t idle_readers_max = 4;

Instant Services::now() const {
  if (hooks_.now) return hooks_.now();
  return {std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

switchboard::Reply Services::ask(switchboard::Commands commands) {
  struct Waiting {
    std::mutex guard;
    std::condition_variable came;
    std::optional<switchboard::Reply> reply;
  };
  const auto waiting = std::make_shared<Waiting>();  // outlives us when the answer comes too late
  centre_.ask(std::move(commands), [waiting](switchboard::Reply reply) {
    const std::scoped_lock lock(waiting->guard);
    waiting->reply = std::move(reply);
    waiting->came.notify_one();
  });
  std::unique_lock lock(waiting->guard);
  const auto deadline = std::chrono::steady_clock::now() + answer_within;
  while (!waiting->reply && !stopping_ && std::chrono::steady_clock::now() < deadline) waiting->came.wait_for(lock, std::chrono::milliseconds(100));
  if (!waiting->reply) return {false, "busy", "the centre did not answer in time; it may still carry the command out", {}};
  return std::move(*waiting->reply);
}

void Services::note_sign_in(const std::string& login, const std::string& address, bool succeeded, Instant now) {
  with_throttle([&](auto& throttle) { succeeded ? throttle.succeeded(login, address, now) : throttle.failed(login, address, now); return 0; });
  if (auto noted = access_->note_sign_in({login, address, now, succeeded}); !noted) log(LogLevel::error, "a sign-in cannot be remembered", {{"cause", noted.error().text}});
}

void Services::remember_sign_ins() {
  const auto all = access_->sign_ins(now());
  if (!all) return log(LogLevel::error, "earlier sign-ins cannot be read", {{"cause", all.error().text}});
  with_throttle([&](auto& throttle) {
    for (const auto& one : *all) one.succeeded ? throttle.succeeded(one.login, one.address, one.at) : throttle.failed(one.login, one.address, one.at);
    return 0;
  });
}

Result<std::string> Services::ask_one(switchboard::Command command) {
  auto reply = ask({std::move(command)});
  if (!reply.ok) return trouble(std::move(reply.code), std::move(reply.text));
  return std::move(reply.json);
}

Result<Services::Reading> Services::reports() {
  {
    const std::scoped_lock lock(reports_guard_);
    if (!reports_.empty()) {
      Reading reading(*this, std::move(reports_.back()));
      reports_.pop_back();
      return reading;
    }
  }
  TRY(opened, storage::Reports::open(dir_));
  return Reading(*this, std::move(opened));
}

namespace {
constexpr Duration heard_again_after = Duration::minutes(30);
constexpr std::size_t heard_max = 10'000;
}  // namespace

bool Services::heard_lately(const std::string& access, Instant now) {
  const std::scoped_lock lock(heard_guard_);
  const auto found = heard_.find(access);
  if (found == heard_.end() || now - found->second > heard_again_after) return false;
  found->second = now;
  return true;
}

void Services::note_heard(const std::string& access, Instant now) {
  const std::scoped_lock lock(heard_guard_);
  if (heard_.size() >= heard_max) std::erase_if(heard_, [&](const auto& one) { return now - one.second > heard_again_after; });
  if (heard_.size() >= heard_max) heard_.clear();  // noted twice rather than never
  heard_[access] = now;
}

Result<storage::OfficeDatabase*> Services::office() {
  const std::scoped_lock lock(office_guard_);
  if (!office_) {
    TRY(opened, storage::OfficeDatabase::open(dir_));
    office_ = std::move(opened);
  }
  return office_.get();
}

void Services::tell(const std::string& event, const std::string& data) {
  auto* const outbox = hooks_.outbox ? hooks_.outbox() : nullptr;
  if (!outbox) return;
  if (auto added = outbox->add(event, data); !added) log(LogLevel::error, "a webhook's message cannot be kept", {{"event", event}, {"cause", added.error().text}});
}

void Services::give_back(storage::Reports reports) {
  const std::scoped_lock lock(reports_guard_);
  if (reports_.size() < idle_readers_max) reports_.push_back(std::move(reports));
}

Result<std::string> Services::recording_file(CallId call, storage::ArchiveRow& row) {
  TRY(reading, reports());
  TRY(found, reading->recording(call));
  if (!found || found->state != "finished") return trouble("recording-unknown", "");
  row = *found;
  std::string file = archive::find_recording({{}, recordings_}, row.capture);
  if (file.empty()) return trouble("recording-unknown", "");
  return file;
}

Result<std::shared_ptr<archive::Recording>> Services::recording(CallId call, storage::ArchiveRow& row) {
  TRY(file, recording_file(call, row));
  TRY(journal, storage::JournalReader::open(dir_));
  const auto wrapped = journal.live(storage::LiveKind::recording_key, text(row.capture));
  if (!wrapped) return trouble("recording-unknown", "");  // erased: the sound is gone for ever
  TRY(master, archive::MasterKey::load_or_create(dir_));
  TRY(key, master.unwrap(*wrapped, row.capture));
  TRY(opened, archive::Recording::open(file, key));
  return std::make_shared<archive::Recording>(std::move(opened));
}

}  // namespace pasokh::api
