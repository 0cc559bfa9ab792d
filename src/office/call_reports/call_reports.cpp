#include "office/call_reports/call_reports.h"

#include <algorithm>

namespace pasokh::office::call_reports {

Result<> check(const Disposition& d) {
  const bool code = !d.code.empty() && d.code.size() <= 64 &&
                    std::all_of(d.code.begin(), d.code.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
  if (!code) return trouble("disposition-bad", "a code is 1 to 64 of a-z 0-9 - _");
  if (d.name_fa.empty() || d.name_en.empty() || d.name_fa.size() > 200 || d.name_en.size() > 200) return trouble("disposition-bad", "a name is needed in both languages, at most 200 bytes each");
  return Done{};
}

Result<> check(const CallReport& report, const std::optional<Disposition>& chosen, const std::optional<CallReport>& kept, Instant now) {
  if (report.note.size() > note_bytes_max || report.next_step.size() > next_step_bytes_max) return trouble("report-long", "note at most 20000 bytes, next step at most 1000");
  const bool same_disposition = kept && kept->disposition == report.disposition;
  if (!report.disposition.empty() && !same_disposition) {
    if (!chosen || !chosen->active) return trouble("disposition-wrong", "there is no disposition \"" + report.disposition + "\"");
    if (!chosen->queue.empty() && chosen->queue != report.queue) return trouble("disposition-wrong", "disposition \"" + report.disposition + "\" is for calls of queue \"" + chosen->queue + "\"");
  }
  const bool same_date = kept && kept->follow_up_at == report.follow_up_at;
  if (report.follow_up_at && !same_date && (*report.follow_up_at < now || *report.follow_up_at - now > follow_up_latest))
    return trouble("follow-up-time", "a follow-up lies ahead, at most two years");
  return Done{};
}

bool is_complete(const CallReport& report, const std::optional<Disposition>& chosen) {
  return !report.disposition.empty() && (!chosen || !chosen->follow_up || report.follow_up_at.has_value());
}

const std::vector<Disposition>& common_dispositions() {
  static const std::vector<Disposition> all{
      {"resolved", "حل شد", "Resolved", {}},
      {"referred", "ارجاع شد", "Referred", {}},
      {"call_back", "تماس مجدد", "Call back", {}, true},
      {"dropped", "ناقص یا قطع شد", "Cut off", {}},
      {"complaint", "شکایت ثبت شد", "Complaint filed", {}},
      {"wrong_number", "اشتباه", "Wrong number", {}},
      {"nuisance", "مزاحم", "Nuisance", {}}};
  return all;
}

}  // namespace pasokh::office::call_reports
