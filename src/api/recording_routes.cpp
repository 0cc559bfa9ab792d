// The archive: what was recorded, and the sound of it. Each listening is written into the audit log.
#include <algorithm>
#include <charconv>

#include "api/office_bodies.h"
#include "api/report_filter.h"
#include "api/routes.h"
#include "api/services.h"
#include "base/persian.h"
#include "storage/call_reports.h"
#include "storage/recording_care.h"

namespace pasokh::api {
namespace {

using access::Permission;

struct ArchiveView {                         // a row of the archive, with what the office keeps beside it
  static constexpr auto schema_name = "ArchiveRow";
  CaptureId capture;
  CallId call;
  std::string state;
  std::int64_t duration_ms = 0;
  std::string caller, number, queue, agent;
  floor::Outcome outcome = floor::Outcome::in_progress;
  Instant started;
  std::string sha256;
  std::int64_t bytes = 0;
  std::string why;
  std::vector<std::string> marks;
  bool held = false;                         // kept whatever the retention
  std::string disposition;                   // of the last report written of the call, if it has one
  PASOKH_FIELDS(capture, call, state, duration_ms, caller, number, queue, agent, outcome, started, sha256, bytes, why, marks, held, disposition)
};
struct HoldBody {
  static constexpr auto schema_name = "HoldBody";
  std::string reason;
  PASOKH_FIELDS(reason)
};
struct CommentBody {
  static constexpr auto schema_name = "CommentBody";
  std::int64_t at_ms = 0;
  std::string text;
  PASOKH_FIELDS(at_ms, text)
};

// A search by what was written of a call is answered by the reports first; the archive then looks among those calls only.
Result<std::optional<std::vector<CallId>>> among(Call& call) {
  std::optional<std::vector<CallId>> calls;
  const std::string disposition = call.asked("disposition"), words = call.asked("text");
  if (disposition.empty() && words.empty()) return calls;
  TRY(office, call.services.office());
  TRY(found, office->read([&](storage::Database& db) { return storage::CallReports(db).calls_with(disposition, words); }));
  std::sort(found.begin(), found.end());
  calls = std::move(found);
  return calls;
}

Result<std::vector<ArchiveView>> list(Call& call, const Nothing&) {
  TRY(reports, call.services.reports());
  TRY(filter, filter_from(call, *reports.operator->()));
  TRY(calls, among(call));
  filter.among = calls;
  if (const std::string most = call.asked("max_seconds"); !most.empty()) {
    const std::int64_t seconds = id_of(most);
    if (seconds == 0 || seconds > 1'000'000) return trouble("bad-query", "max_seconds: expected a number from 1 to 1000000");
    filter.max_duration = Duration::seconds(seconds);
  }
  TRY(rows, reports->archive(filter));
  TRY(office, call.services.office());
  std::vector<ArchiveView> views;
  TRY_DONE(office->read([&](storage::Database& db) -> Result<> {
    storage::RecordingCare care(db);
    storage::CallReports written(db);
    for (const auto& r : rows) {
      TRY(hold, care.held(r.call));
      TRY(report, written.find(r.call, ""));
      views.push_back({r.capture, r.call, r.state, r.duration_ms, r.caller, r.number, r.queue, r.agent, r.outcome, r.started, r.sha256, r.bytes, r.why, r.marks, hold.has_value(),
                       report ? report->disposition : std::string()});
    }
    return Done{};
  }));
  return views;
}

Result<CallId> call_id(const Call& call) {
  const std::string text = call.at("call");
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) return trouble("recording-unknown", "");
  return CallId{value};
}

Result<archive::Finished> details(Call& call, const Nothing&) {
  TRY(id, call_id(call));
  storage::ArchiveRow row;
  TRY(recording, call.services.recording(id, row));
  return recording->details();
}

// No sound leaves without a row in the audit log: when the row cannot be written, nothing is sent. A player asks for the same recording
// piece by piece; that is one listening and one row.
Result<> audit_once(Call& call, CallId id, const std::string& what, const std::string& why) {
  const std::string object = "call=" + text(id) + (why.empty() ? "" : " reason=" + why);
  const std::string access = call.who().session + call.who().login + "|" + what + "|" + object;
  if (call.services.heard_lately(access, call.now)) return Done{};
  TRY_DONE(call.services.access().audit({.at = call.now, .who = call.who().login, .from = call.request.address, .what = what, .object = object, .outcome = "done"}));
  call.services.note_heard(access, call.now);
  return Done{};
}

Result<Whole> sound(Call& call, const std::string& what, const std::string& why, const char* disposition) {
  TRY(id, call_id(call));
  storage::ArchiveRow row;
  TRY(recording, call.services.recording(id, row));
  TRY_DONE(audit_once(call, id, what, why));
  Whole whole{{.type = "audio/ogg"}};
  whole.response.headers.emplace_back("Content-Disposition", std::string(disposition) + "; filename=\"call-" + text(id) + ".opus\"");
  whole.response.content = std::make_shared<Content>(Content{recording->bytes(), [recording](std::int64_t from, std::int64_t to) { return recording->read(from, to); }});
  return whole;
}

Result<Whole> listen(Call& call, const Nothing&) { return sound(call, "recording_listen", "", "inline"); }

Result<Whole> download(Call& call, const Nothing&) {
  const std::string reason = call.asked("reason");
  if (search_fold(reason).size() < 3 || reason.size() > 300) return trouble("reason-missing", "reason: expected why it is taken away, 3 to 300 bytes");
  return sound(call, "recording_download", reason, "attachment");
}

// --- hold and comments

Result<storage::Hold> get_hold(Call& call, const Nothing&) {
  TRY(id, call_id(call));
  TRY(office, call.services.office());
  TRY(hold, office->read([&](storage::Database& db) { return storage::RecordingCare(db).held(id); }));
  if (!hold) return trouble("hold-unknown", "");
  return *hold;
}

// Inside the write lock that retention takes too: what it has just erased cannot be held any more.
Result<storage::Hold> put_hold(Call& call, const HoldBody& body) {
  TRY(id, call_id(call));
  if (search_fold(body.reason).size() < 3 || body.reason.size() > 1'000) return trouble("reason-missing", "/reason: expected why it is held, 3 to 1000 bytes");
  const storage::Hold hold{id, body.reason, call.who().login, call.now};
  TRY(office, call.services.office());
  TRY_DONE(office->write([&](storage::Database& db) -> Result<> {
    storage::ArchiveRow row;
    TRY(file, call.services.recording_file(id, row));
    (void)file;
    return storage::RecordingCare(db).hold(hold);
  }));
  return hold;
}

Result<Nothing> remove_hold(Call& call, const Nothing&) {
  TRY(id, call_id(call));
  TRY(office, call.services.office());
  TRY_DONE(office->write([&](storage::Database& db) { return storage::RecordingCare(db).release(id); }));
  return Nothing{};
}

Result<std::vector<storage::RecordingComment>> comments(Call& call, const Nothing&) {
  TRY(id, call_id(call));
  TRY(office, call.services.office());
  TRY(all, office->read([&](storage::Database& db) { return storage::RecordingCare(db).comments(id); }));
  return std::move(all);
}

Result<storage::RecordingComment> add_comment(Call& call, const CommentBody& body) {
  TRY(id, call_id(call));
  storage::ArchiveRow row;
  TRY_DONE(call.services.recording_file(id, row));
  if (body.at_ms < 0 || body.at_ms > row.duration_ms) return trouble("bad-body", "/at_ms: expected a moment of the recording, 0 to " + std::to_string(row.duration_ms));
  if (search_fold(body.text).empty() || body.text.size() > 2'000) return trouble("bad-body", "/text: expected 1 to 2000 bytes");
  const storage::RecordingComment comment{body.at_ms, body.text, call.who().login, call.now};
  TRY(office, call.services.office());
  TRY_DONE(office->write([&](storage::Database& db) { return storage::RecordingCare(db).comment(id, comment); }));
  return comment;
}

}  // namespace

std::vector<Route> recording_routes() {
  std::vector<Route> rows;
  std::vector<Parameter> search = filter_parameters();
  search.push_back({"max_seconds", "recording at most so long"});
  search.push_back({"disposition", "calls with a report that says this"});
  search.push_back({"text", "words of the notes of the call's reports, whatever the spelling"});
  rows.push_back(route<Nothing, std::vector<ArchiveView>>({.operation = "recording_list", .method = "GET", .path = "/v1/recordings", .says = "Recordings, newest first",
      .permission = Permission::see_recordings, .faults = {"queue-unknown", "agent-unknown"}, .query = search, .lane = Lane::reading}, list));
  rows.push_back(route<Nothing, archive::Finished>({.operation = "recording_get", .method = "GET", .path = "/v1/recordings/{call}", .says = "One recording: length, peaks, marks, gaps",
      .permission = Permission::see_recordings, .faults = {"recording-unknown"}, .lane = Lane::reading}, details));
  rows.push_back(route<Nothing, Whole>({.operation = "recording_listen", .method = "GET", .path = "/v1/recordings/{call}/audio",
      .says = "The sound: stereo Opus in Ogg, customer left, agent right; answers ranges. Audited.", .permission = Permission::hear_recordings,
      .faults = {"recording-unknown", "range-wrong"}, .lane = Lane::reading, .audited_by_itself = true, .answer_type = "audio/ogg"}, listen));
  rows.push_back(route<Nothing, Whole>({.operation = "recording_download", .method = "GET", .path = "/v1/recordings/{call}/download",
      .says = "The sound, to be taken away: a reason is needed and stands in the audit log, once however many ranges are asked for", .permission = Permission::hear_recordings,
      .faults = {"recording-unknown", "range-wrong", "reason-missing"}, .query = {{"reason", "why, 3 to 300 bytes"}}, .lane = Lane::reading, .audited_by_itself = true, .answer_type = "audio/ogg"}, download));
  rows.push_back(route<Nothing, storage::Hold>({.operation = "recording_hold_get", .method = "GET", .path = "/v1/recordings/{call}/hold", .says = "Why a recording is held, by whom",
      .permission = Permission::see_recordings, .faults = {"recording-unknown", "hold-unknown"}}, get_hold));
  rows.push_back(route<HoldBody, storage::Hold>({.operation = "recording_hold", .method = "PUT", .path = "/v1/recordings/{call}/hold", .says = "Hold a recording: it is not erased, whatever its queue's retention",
      .permission = Permission::hold_recordings, .faults = {"recording-unknown", "reason-missing"}}, put_hold));
  rows.push_back(route<Nothing, Nothing>({.operation = "recording_release", .method = "DELETE", .path = "/v1/recordings/{call}/hold", .says = "Let a held recording go: retention applies again",
      .permission = Permission::hold_recordings, .faults = {"recording-unknown", "hold-unknown"}}, remove_hold));
  rows.push_back(route<Nothing, std::vector<storage::RecordingComment>>({.operation = "recording_comments", .method = "GET", .path = "/v1/recordings/{call}/comments", .says = "Comments at moments of a recording",
      .permission = Permission::see_recordings, .faults = {"recording-unknown"}}, comments));
  rows.push_back(route<CommentBody, storage::RecordingComment>({.operation = "recording_comment", .method = "POST", .path = "/v1/recordings/{call}/comments", .says = "Comment on a moment of a recording",
      .permission = Permission::hear_recordings, .faults = {"recording-unknown", "comments-full"}}, add_comment));
  return rows;
}

}  // namespace pasokh::api
