#include "api/office_bodies.h"

#include <charconv>

#include "base/calendar.h"
#include "storage/zone.h"

namespace pasokh::api {

std::int64_t id_of(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value > 0 ? value : 0;
}

Result<CallId> call_of_path(const Call& call, std::string_view fault) {
  const std::int64_t id = id_of(call.at("call"));
  if (id == 0) return trouble(std::string(fault), "");
  return CallId{static_cast<std::uint64_t>(id)};
}

Result<std::int64_t> limit_of(const Call& call, std::int64_t usual, std::int64_t most) {
  const std::string text = call.asked("limit");
  if (text.empty()) return usual;
  const std::int64_t value = id_of(text);
  if (value == 0 || value > most) return trouble("bad-query", "limit: expected a number from 1 to " + std::to_string(most));
  return value;
}

Result<std::optional<Instant>> time_of(Services& services, const std::string& text, const std::string& name, std::string_view fault) {
  if (text.empty()) return std::optional<Instant>();
  const auto typed = parse_time(text);
  if (!typed) return trouble(std::string(fault), name + ": expected a time like 2026-11-24T07:06:09Z, or a date of either calendar like 1405-09-03 10:30");
  if (typed->absolute) return std::optional(Instant{typed->us});
  TRY(reports, services.reports());
  TRY(zone, reports->time_zone());
  return std::optional(storage::Zone(zone).instant(typed->us));
}

bool sees_everybodys(const Caller& caller) { return access::allows(caller.role, access::Permission::see_reports); }

}  // namespace pasokh::api
