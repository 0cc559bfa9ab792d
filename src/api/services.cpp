#include "api/services.h"

#include <chrono>
#include <condition_variable>
#include <optional>

#include "archive/finisher.h"
#include "archive/keys.h"
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

Result<storage::OfficeDatabase*> Services::office() {
  const std::scoped_lock lock(office_guard_);
  if (!office_) {
    TRY(opened, storage::OfficeDatabase::open(dir_));
    office_ = std::move(opened);
  }
  return office_.get();
}

void Services::give_back(storage::Reports reports) {
  const std::scoped_lock lock(reports_guard_);
  if (reports_.size() < idle_readers_max) reports_.push_back(std::move(reports));
}

Result<std::shared_ptr<archive::Recording>> Services::recording(CallId call, storage::ArchiveRow& row) {
  TRY(reading, reports());
  TRY(found, reading->recording(call));
  const auto none = [] { return trouble("recording-unknown", ""); };
  if (!found || found->state != "finished") return none();
  row = *found;
  const std::string file = archive::find_recording({{}, recordings_}, row.capture);
  if (file.empty()) return none();
  TRY(journal, storage::JournalReader::open(dir_));
  const auto wrapped = journal.live(storage::LiveKind::recording_key, text(row.capture));
  if (!wrapped) return none();  // erased: the sound is gone for ever
  TRY(master, archive::MasterKey::load_or_create(dir_));
  TRY(key, master.unwrap(*wrapped, row.capture));
  TRY(opened, archive::Recording::open(file, key));
  return std::make_shared<archive::Recording>(std::move(opened));
}

}  // namespace pasokh::api
