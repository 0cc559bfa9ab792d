// Looks each second whether a queue is past a threshold or the house is in trouble, and tells: into the list (storage/alarms), in the same
// transaction to webhooks and mail, then to whoever follows the floor live. A thread of its own; the switchboard pays one short list
// a second, and nothing when no threshold is set. Killed anywhere: what stood is read again, and a change is told once or not yet.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "office/alarms/alarms.h"
#include "storage/alarms.h"
#include "storage/office_database.h"
#include "storage/report_queries.h"
#include "switchboard/commands.h"

namespace pasokh::app {

// What the log says that is an alarm, or the end of one. Any thread; kept until somebody looks.
class SystemSigns {
 public:
  struct Sign { std::string code, object, cause; bool over = false; };
  void heard(std::string_view text, const std::vector<std::pair<std::string, std::string>>& fields);
  std::vector<Sign> take();
  void again(Sign sign);                             // it could not be kept
  static constexpr std::size_t kept_max = 1'000;

 private:
  std::mutex guard_;
  std::vector<Sign> signs_;
};

struct AlarmKeeperOptions {
  std::string dir;
  std::vector<std::string> folders;                 // whose disks are looked at
  std::int64_t disk_low_bytes = 0;                  // less free than this is an alarm
  bool mail = false;                                // mail is sent at all
  std::function<Instant()> now;
  std::function<void(std::string row, bool over)> told;   // to live followers
  std::function<void()> nudge;                      // webhooks and mail wait
};

class AlarmKeeper {
 public:
  static Result<std::unique_ptr<AlarmKeeper>> start(AlarmKeeperOptions options, SystemSigns& signs, switchboard::Centre& centre);
  ~AlarmKeeper();

 private:
  struct Turned { storage::Alarm alarm; office::alarms::Turn turn = office::alarms::Turn::raised; };
  using Key = std::pair<std::string, std::string>;  // code; queue or object

  AlarmKeeper(AlarmKeeperOptions options, SystemSigns& signs, switchboard::Centre& centre, std::unique_ptr<storage::OfficeDatabase> office);
  void run();
  Result<> load();
  Result<> round(Instant now);
  Result<> look_at_queues(Instant now, std::vector<Turned>& turned);
  Result<> look_at_system(Instant now, std::vector<Turned>& turned);
  void look_at_disks(Instant now, std::vector<Turned>& turned);
  Result<> look_at_mail(Instant now, std::vector<Turned>& turned);
  void system_turn(const SystemSigns::Sign& sign, Instant now, std::vector<Turned>& turned);
  Result<> figures(Instant now);
  Result<> keep(std::vector<Turned>& turned, Instant now);
  Result<> keep_one(storage::Database& db, Turned& one, Instant now);
  switchboard::Reply ask(switchboard::Commands commands);

  AlarmKeeperOptions options_;
  SystemSigns& signs_;
  switchboard::Centre& centre_;
  std::unique_ptr<storage::OfficeDatabase> office_;
  office::alarms::Watch watch_;
  std::map<Key, storage::Alarm> open_;              // those that stand
  std::map<Key, Instant> last_sign_;
  bool loaded_ = false;
  struct Shares { std::optional<office::alarms::Share> service_level, service_level_30, abandoned; };
  std::map<std::string, Shares> shares_;
  Instant shares_next_, disks_next_, mail_next_;
  std::optional<storage::Reports> reports_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::string told_trouble_;
  std::thread thread_;
};

}  // namespace pasokh::app
