// The archive: what was recorded, and the sound of it. Each listening is written into the audit log.
#include <charconv>

#include "api/report_filter.h"
#include "api/routes.h"
#include "api/services.h"
#include "base/log.h"

namespace pasokh::api {
namespace {

using access::Permission;

Result<std::vector<storage::ArchiveRow>> list(Call& call, const Nothing&) {
  TRY(reports, call.services.reports());
  TRY(filter, filter_from(call, *reports.operator->()));
  return reports->archive(filter);
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

// No sound leaves without a row in the audit log: when the row cannot be written, nothing is sent.
Result<Whole> listen(Call& call, const Nothing&) {
  TRY(id, call_id(call));
  storage::ArchiveRow row;
  TRY(recording, call.services.recording(id, row));
  TRY_DONE(call.services.access().audit({.at = call.now, .who = call.who().login, .from = call.request.address, .what = "recording_listen", .object = "call=" + text(id), .outcome = "done"}));
  Whole whole{{.type = "audio/ogg"}};
  whole.response.headers.emplace_back("Content-Disposition", "inline; filename=\"call-" + text(id) + ".opus\"");
  whole.response.content = std::make_shared<Content>(Content{recording->bytes(), [recording](std::int64_t from, std::int64_t to) { return recording->read(from, to); }});
  return whole;
}

}  // namespace

std::vector<Route> recording_routes() {
  std::vector<Route> rows;
  rows.push_back(route<Nothing, std::vector<storage::ArchiveRow>>({.operation = "recording_list", .method = "GET", .path = "/v1/recordings", .says = "Recordings, newest first",
      .permission = Permission::see_recordings, .faults = {"queue-unknown", "agent-unknown"}, .query = filter_parameters(), .lane = Lane::reading}, list));
  rows.push_back(route<Nothing, archive::Finished>({.operation = "recording_get", .method = "GET", .path = "/v1/recordings/{call}", .says = "One recording: length, peaks, marks, gaps",
      .permission = Permission::see_recordings, .faults = {"recording-unknown"}, .lane = Lane::reading}, details));
  rows.push_back(route<Nothing, Whole>({.operation = "recording_listen", .method = "GET", .path = "/v1/recordings/{call}/audio",
      .says = "The sound: stereo Opus in Ogg, customer left, agent right; answers ranges. Audited.", .permission = Permission::hear_recordings,
      .faults = {"recording-unknown", "range-wrong"}, .lane = Lane::reading, .audited_by_itself = true, .answer_type = "audio/ogg"}, listen));
  return rows;
}

}  // namespace pasokh::api
