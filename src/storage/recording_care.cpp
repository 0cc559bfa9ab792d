#include "storage/recording_care.h"

namespace pasokh::storage {
namespace {

constexpr std::string_view put_hold_sql =
    "insert into recording_hold(call, reason, by_whom, at) values ($1, $2, $3, $4) on conflict(call) do update set reason = excluded.reason, by_whom = excluded.by_whom, at = excluded.at";
constexpr std::string_view delete_hold_sql = "delete from recording_hold where call = $1";
constexpr std::string_view hold_sql = "select reason, by_whom, at from recording_hold where call = $1";
constexpr std::string_view count_sql = "select count(*) from recording_comment where call = $1";
constexpr std::string_view put_comment_sql = "insert into recording_comment(call, at_ms, text, by_whom, at) values ($1, $2, $3, $4, $5)";
constexpr std::string_view comments_sql = "select at_ms, text, by_whom, at from recording_comment where call = $1 order by at_ms, id";  // recording_comment_by_call

std::int64_t number(CallId call) { return static_cast<std::int64_t>(call.value); }

}  // namespace

Result<> RecordingCare::hold(const Hold& h) {
  TRY(put, database_.prepare(put_hold_sql));
  return put.run(number(h.call), h.reason, h.by, h.at.us);
}

Result<> RecordingCare::release(CallId call) {
  TRY(remove, database_.prepare(delete_hold_sql));
  TRY_DONE(remove.run(number(call)));
  if (database_.changes() == 0) return trouble("hold-unknown", "the recording of call " + text(call) + " is not held");
  return Done{};
}

Result<std::optional<Hold>> RecordingCare::held(CallId call) {
  std::optional<Hold> found;
  TRY(select, database_.prepare(hold_sql));
  TRY_DONE(select.each([&](Statement& row) { found = Hold{call, std::string(row.text(0)), std::string(row.text(1)), {row.integer(2)}}; }, number(call)));
  return found;
}

Result<> RecordingCare::comment(CallId call, const RecordingComment& c) {
  TRY(count, database_.prepare(count_sql));
  TRY(many, count.number(number(call)));
  if (many.value_or(0) >= comments_max) return trouble("comments-full", "a recording takes at most 500 comments");
  TRY(put, database_.prepare(put_comment_sql));
  return put.run(number(call), c.at_ms, c.text, c.by, c.at.us);
}

Result<std::vector<RecordingComment>> RecordingCare::comments(CallId call) {
  std::vector<RecordingComment> all;
  TRY(select, database_.prepare(comments_sql));
  TRY_DONE(select.each([&](Statement& row) { all.push_back({row.integer(0), std::string(row.text(1)), std::string(row.text(2)), {row.integer(3)}}); }, number(call)));
  return all;
}

}  // namespace pasokh::storage
