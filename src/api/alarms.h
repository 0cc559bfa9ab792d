// Alarms as they are told to people and programs, and who is sent mail about them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/describe.h"
#include "base/result.h"
#include "floor/types.h"
#include "storage/alarms.h"

namespace pasokh::api {

struct AlarmView {
  static constexpr auto schema_name = "Alarm";
  std::string id, code, sort;            // sort, told as `kind`: queue or system (`kind` itself names an event, base/json_text.h)
  std::optional<std::string> queue, object;
  std::string text, text_fa;
  Instant since;
  std::optional<Instant> until;
  std::optional<std::int64_t> threshold, value, worst;
  std::optional<std::string> seen_by;
  std::optional<Instant> seen_at;
  static constexpr std::string_view field_list = "id, code, kind, queue, object, text, text_fa, since, until, threshold, value, worst, seen_by, seen_at";
  auto tie() { return std::tie(id, code, sort, queue, object, text, text_fa, since, until, threshold, value, worst, seen_by, seen_at); }
  auto tie() const { return std::tie(id, code, sort, queue, object, text, text_fa, since, until, threshold, value, worst, seen_by, seen_at); }
};
AlarmView alarm_view(const storage::Alarm&);

struct AlarmMail {
  static constexpr auto schema_name = "AlarmMail";
  std::vector<std::string> recipients;
  std::optional<floor::Language> language;        // default fa
  std::optional<std::vector<std::string>> codes;  // empty: all
  PASOKH_FIELDS(recipients, language, codes)
  bool wants(std::string_view code) const;
};
Result<AlarmMail> alarm_mail(storage::Database&);

}  // namespace pasokh::api
