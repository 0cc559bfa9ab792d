#include "app/retention.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <map>

#include "archive/finisher.h"
#include "base/log.h"
#include "storage/access_store.h"
#include "storage/recording_care.h"
#include "storage/report_queries.h"

namespace pasokh::app {
namespace {

// code of a queue -> days; queues that keep for ever are left out
Result<std::map<std::string, std::int64_t>> retention_of_queues(const Asking& ask) {
  const auto reply = ask({{.noun = "queue", .verb = "list", .target = {}, .settings = {}, .by = "retention"}});
  if (!reply.ok) return trouble(reply.code, reply.text);
  boost::system::error_code error;
  const auto list = boost::json::parse(reply.json, error);
  if (error || !list.is_array()) return trouble("centre-answer", "the list of queues is not understood");
  std::map<std::string, std::int64_t> days;
  for (const auto& queue : list.get_array()) {
    const auto* code = queue.is_object() ? queue.get_object().if_contains("queue") : nullptr;
    const auto* kept = queue.is_object() ? queue.get_object().if_contains("retention_days") : nullptr;
    if (code && code->is_string() && kept && kept->is_int64() && kept->get_int64() > 0) days[std::string(code->get_string())] = kept->get_int64();
  }
  return days;
}

// Under the database's write lock: a hold that comes at the same time either is seen, or finds no file any more and is refused.
Result<bool> erase_file(const std::string& recordings, storage::OfficeDatabase& office, const storage::KeptRecording& recording, bool dry) {
  return office.write([&](storage::Database& db) -> Result<bool> {
    TRY(hold, storage::RecordingCare(db).held(recording.call));
    if (hold) return false;
    const std::string file = dry ? std::string() : archive::find_recording({{}, recordings}, recording.capture);
    if (!file.empty() && ::unlink(file.c_str()) != 0 && errno != ENOENT) return trouble("disk", "deleting " + file + ": " + std::strerror(errno));
    return true;
  });
}

}  // namespace

Result<RetentionDone> apply_retention(const std::string& dir, const std::string& recordings, storage::OfficeDatabase& office, Instant now, bool dry, const Asking& ask) {
  TRY(queues, retention_of_queues(ask));
  RetentionDone done;
  TRY(reports, storage::Reports::open(dir));
  for (const auto& [queue, days] : queues) {
    auto old = reports.finished_before(queue, now - Duration::hours(24) * days);
    if (!old && old.error().code == "queue-unknown") continue;  // added in this moment: it has no recordings
    if (!old) return std::move(old).error();
    for (const auto& recording : *old) {
      TRY(gone, erase_file(recordings, office, recording, dry));
      if (!gone) { ++done.held; continue; }
      ++done.erased;
      if (dry) continue;
      const auto told = ask({{.noun = "recording", .verb = "erase", .target = text(recording.capture), .settings = {{"call", text(recording.call)}, {"why", "retention"}}, .by = "retention"}});
      if (!told.ok) return trouble(told.code, told.text);
    }
  }
  if (dry || done.erased + done.held == 0) return done;
  log(LogLevel::info, "retention", {{"erased", std::to_string(done.erased)}, {"held", std::to_string(done.held)}});
  TRY(access, storage::AccessStore::open(dir));
  TRY_DONE(access->audit({.at = now, .who = "retention", .from = {}, .what = "recordings_erased", .object = "erased=" + std::to_string(done.erased) + " held=" + std::to_string(done.held), .outcome = "done"}));
  return done;
}

}  // namespace pasokh::app
