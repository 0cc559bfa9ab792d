#include <doctest/doctest.h>

#include "office/call_reports/call_reports.h"

using namespace pasokh;
using namespace pasokh::office::call_reports;

namespace {
const Instant now{1'795'000'000'000'000};
const Disposition resolved{"resolved", "حل شد", "Resolved", {}};
const Disposition call_back{"call_back", "تماس مجدد", "Call back", {}, true};
CallReport report(std::string disposition) { return {.call = {7}, .agent = "sara", .queue = "support", .number = {}, .disposition = std::move(disposition), .note = {}, .next_step = {}, .done_by = {}, .written_at = now}; }
}  // namespace

// B5
TEST_CASE("a report is complete when how the call ended is said, and, where that asks for it, when to follow up") {
  CHECK_FALSE(is_complete(report(""), std::nullopt));
  CHECK(is_complete(report("resolved"), resolved));
  CallReport later = report("call_back");
  CHECK_FALSE(is_complete(later, call_back));
  later.follow_up_at = now + Duration::hours(24);
  CHECK(is_complete(later, call_back));
}

TEST_CASE("a disposition must be there, in use, and for this queue; what an old report has, it keeps") {
  CHECK(check(report("resolved"), resolved, {}, now).has_value());
  CHECK(check(report("nothing"), std::nullopt, {}, now).error().code == "disposition-wrong");
  Disposition retired = resolved;
  retired.active = false;
  CHECK(check(report("resolved"), retired, {}, now).error().code == "disposition-wrong");
  CHECK(check(report("resolved"), retired, report("resolved"), now).has_value());
  Disposition of_sales = resolved;
  of_sales.queue = "sales";
  CHECK(check(report("resolved"), of_sales, {}, now).error().code == "disposition-wrong");
}

// B6
TEST_CASE("a follow-up lies ahead and within two years; one that has passed since may stand") {
  CallReport r = report("call_back");
  r.follow_up_at = now - Duration::seconds(1);
  CHECK(check(r, call_back, {}, now).error().code == "follow-up-time");
  CHECK(check(r, call_back, r, now).has_value());
  r.follow_up_at = now + Duration::hours(24 * 800);
  CHECK(check(r, call_back, {}, now).error().code == "follow-up-time");
}

TEST_CASE("the dispositions that ship are well formed, in both languages") {
  for (const Disposition& d : common_dispositions()) CHECK(check(d).has_value());
  CHECK(check(Disposition{"With Space", "آ", "a", {}}).error().code == "disposition-bad");
  CHECK(check(Disposition{"x", "", "a", {}}).error().code == "disposition-bad");
}
