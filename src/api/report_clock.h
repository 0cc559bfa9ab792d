// Reports that are sent by mail by themselves: a thread that wakes at each slot, makes the file, and in one transaction writes the mail
// of every recipient and that the slot is dealt with. So each slot gives one mail to each, whenever we are killed; of slots that passed
// while we were down the newest is made up for. What cannot be read just now (disk, load) is tried again each minute.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/services.h"
#include "office/schedules/schedules.h"
#include "storage/schedules.h"
#include "storage/zone.h"

namespace pasokh::api {

enum class ReportKind : std::uint8_t { calls, queues, agents, intervals };
enum class FileFormat : std::uint8_t { xlsx, pdf, csv };

// As people write it and as it is kept.
struct ScheduleBody {
  static constexpr auto schema_name = "ReportScheduleBody";
  std::string name;
  std::optional<std::string> report;               // calls, queues, agents or intervals; absent: the view tells
  std::optional<std::map<std::string, std::string>> query;  // as in GET /v1/reports/…, without from, to and limit
  std::optional<std::string> view;                 // an own saved view: its `report` or `kind`, and `query`
  office::schedules::Every every = office::schedules::Every::day;
  std::optional<office::hours::Weekday> weekday;
  std::optional<std::int32_t> day;
  std::string at;                                  // "07:30"
  std::vector<std::string> recipients;
  FileFormat format = FileFormat::xlsx;
  floor::Language language = floor::Language::fa;
  std::optional<bool> active;                      // default true
  PASOKH_FIELDS(name, report, query, view, every, weekday, day, at, recipients, format, language, active)
};
Result<office::schedules::When> check(const ScheduleBody&);  // "schedule-bad"
Result<ScheduleBody> schedule_body(std::string_view json);

class ReportClock {
 public:
  explicit ReportClock(Services& services);
  ~ReportClock() { stop(); }
  void nudge();                                    // schedules have changed
  void stop();

  // Writes the mail of a slot. `slot`: local; besides: asked for by hand, in addition to those of the clock.
  static Result<> make(Services&, const storage::Schedule&, const ScheduleBody&, const storage::Zone&, std::int64_t slot, bool besides);
  static std::string about(std::int64_t schedule, Instant slot);  // of its mail

 private:
  void run();
  std::optional<Instant> round(Instant now);       // when there is something to do next
  void tend(const storage::Schedule&, const storage::Zone&, Instant now, std::optional<Instant>& next);

  Services& services_;
  std::mutex guard_;
  std::condition_variable changed_;
  bool nudged_ = false, stopping_ = false;
  std::string told_trouble_;
  std::thread thread_;
};

}  // namespace pasokh::api

namespace pasokh {
template <> inline constexpr std::array enum_names<api::ReportKind>{"calls", "queues", "agents", "intervals"};
template <> inline constexpr std::array enum_names<api::FileFormat>{"xlsx", "pdf", "csv"};
}  // namespace pasokh
