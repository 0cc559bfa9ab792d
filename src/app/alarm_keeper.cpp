#include "app/alarm_keeper.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>

#include "api/alarms.h"
#include "api/live_today.h"
#include "base/json_text.h"
#include "base/log.h"
#include "outbox/store.h"
#include "storage/mails.h"
#include "storage/zone.h"

namespace pasokh::app {
namespace {

namespace alarms = office::alarms;
namespace json = boost::json;
using alarms::Turn;

constexpr auto round_every = std::chrono::seconds(1);
constexpr Duration shares_every = Duration::seconds(5), disks_every = Duration::seconds(5), mail_every = Duration::seconds(20);
constexpr Duration recording_trouble_lasts = Duration::minutes(10);   // without another sign of it
constexpr Duration kept_for = Duration::hours(24 * 400);
constexpr std::int64_t mail_tries_before_alarm = 3;
constexpr std::int64_t half_hour_us = 1'800'000'000, day_us = 86'400'000'000;

std::optional<std::int64_t> number(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value && value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
}
std::string text(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

alarms::Limits limits_from(const json::object& o) {
  return {.longest_wait_ms = number(o, "longest_wait_ms"), .waiting = number(o, "waiting"), .service_level = number(o, "service_level"), .service_level_30 = number(o, "service_level_30"),
          .free_agents = number(o, "free_agents"), .abandoned = number(o, "abandoned"), .after_ms = number(o, "after_ms").value_or(10'000)};
}

// Waits for the answer, but not longer than `given_up` says.
switchboard::Reply wait_for(switchboard::Centre& centre, switchboard::Commands commands, const std::function<bool()>& given_up) {
  struct Waiting { std::mutex mutex; std::condition_variable came; std::optional<switchboard::Reply> reply; };
  auto waiting = std::make_shared<Waiting>();
  centre.ask(std::move(commands), [waiting](switchboard::Reply reply) {
    std::lock_guard lock(waiting->mutex);
    waiting->reply = std::move(reply);
    waiting->came.notify_all();
  });
  std::unique_lock lock(waiting->mutex);
  while (!waiting->came.wait_for(lock, std::chrono::milliseconds(200), [&] { return waiting->reply.has_value(); }))
    if (given_up()) return {false, "stopping", "the server is stopping", {}};
  return *waiting->reply;
}

// The sentence as mail: Persian or English, with the moment on the centre's clock left to the reader's mail program.
storage::Mail mail_about(const storage::Alarm& alarm, Turn turn, const std::string& to, bool persian, Instant now) {
  const std::string words = alarms::words({alarm.code, alarm.queue, alarm.object, alarm.cause, alarm.limit, alarm.worst}, persian);
  const std::string head = persian ? (turn == Turn::raised ? "هشدار: " : "پایان هشدار: ") : (turn == Turn::raised ? "Alarm: " : "Over: ");
  std::string body = head + words + "\n\n" + (persian ? "از " : "since ") + rfc3339(alarm.since) + "\n";
  if (alarm.until) body += (persian ? "تا " : "until ") + rfc3339(*alarm.until) + "\n";
  return {.kind = "alarm", .about = std::to_string(alarm.id) + (turn == Turn::raised ? " raised" : " over"), .recipient = to, .subject = head + words, .text = body,
          .file_name = {}, .file_type = {}, .file = {}, .made = now, .not_before = now, .sent_at = {}, .given_up_at = {}, .error = {}};
}

}  // namespace

// --- signs

void SystemSigns::heard(std::string_view said, const std::vector<std::pair<std::string, std::string>>& fields) {
  const auto field = [&](std::string_view name) { for (const auto& [key, value] : fields) if (key == name) return value; return std::string(); };
  std::optional<Sign> sign;
  if (said == "trunk-down" || said == "trunk-up") sign = {"trunk-down", field("trunk"), field("why"), said == "trunk-up"};
  else if (said == "media-worker-lost" || said == "media-worker") sign = {"media-worker-lost", field("worker"), {}, said == "media-worker"};
  else if (said == "recording-failed") sign = {"recording-failed", {}, field("text"), false};
  else if (said == "recording-stopped") sign = {"recording-stopped", {}, field("why"), false};
  else if (said == "disk-full" || said == "disk-free") sign = {"journal-trouble", {}, "disk full", said == "disk-free"};
  else if (said.starts_with("journal-") && said != "journal-damaged") sign = {"journal-trouble", {}, field("why"), false};
  if (sign) again(std::move(*sign));
}

void SystemSigns::again(Sign sign) {
  const std::scoped_lock lock(guard_);
  if (signs_.size() < kept_max) signs_.push_back(std::move(sign));
}

std::vector<SystemSigns::Sign> SystemSigns::take() {
  const std::scoped_lock lock(guard_);
  return std::exchange(signs_, {});
}

// --- the keeper

Result<std::unique_ptr<AlarmKeeper>> AlarmKeeper::start(AlarmKeeperOptions options, SystemSigns& signs, switchboard::Centre& centre) {
  TRY(office, storage::OfficeDatabase::open(options.dir));
  return std::unique_ptr<AlarmKeeper>(new AlarmKeeper(std::move(options), signs, centre, std::move(office)));
}

AlarmKeeper::AlarmKeeper(AlarmKeeperOptions options, SystemSigns& signs, switchboard::Centre& centre, std::unique_ptr<storage::OfficeDatabase> office)
    : options_(std::move(options)), signs_(signs), centre_(centre), office_(std::move(office)), thread_([this] { run(); }) {}

AlarmKeeper::~AlarmKeeper() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void AlarmKeeper::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_for(lock, round_every, [&] { return stopping_; });
    if (stopping_) return;
    lock.unlock();
    if (const auto done = round(options_.now()); !done && done.error().code != "stopping" && done.error().text != told_trouble_) {
      told_trouble_ = done.error().text;  // once, until it is another
      log(LogLevel::error, "alarm-keeper", {{"code", done.error().code}, {"why", done.error().text}, {"then", "tried again in a second"}});
    }
    lock.lock();
  }
}

switchboard::Reply AlarmKeeper::ask(switchboard::Commands commands) {
  return wait_for(centre_, std::move(commands), [this] { std::lock_guard lock(mutex_); return stopping_; });
}

// What stood when we were ended goes on standing, but for what a start mends by itself.
Result<> AlarmKeeper::load() {
  TRY(standing, office_->read([](storage::Database& db) { return storage::Alarms(db).open(); }));
  for (auto& alarm : standing) {
    if (const auto code = alarms::code_named(alarm.code)) watch_.stands(alarm.queue, *code, alarm.since, alarm.limit.value_or(0), alarm.worst.value_or(0));
    open_[{alarm.code, alarm.queue.empty() ? alarm.object : alarm.queue}] = std::move(alarm);
  }
  loaded_ = true;
  return Done{};
}

Result<> AlarmKeeper::round(Instant now) {
  std::vector<Turned> turned;
  if (!loaded_) {
    TRY_DONE(load());
    for (const auto& [key, alarm] : open_)
      if (key.first == "media-worker-lost" || key.first == "journal-trouble") system_turn({key.first, alarm.object, {}, true}, now, turned);
  }
  TRY_DONE(look_at_system(now, turned));
  TRY_DONE(look_at_queues(now, turned));
  return turned.empty() ? Result<>(Done{}) : keep(turned, now);
}

// --- queues

Result<> AlarmKeeper::look_at_queues(Instant now, std::vector<Turned>& turned) {
  const auto reply = ask({{.noun = "alarm", .verb = "list", .target = {}, .settings = {}, .by = "alarms"}});
  if (!reply.ok) return trouble(reply.code, reply.text);
  boost::system::error_code error;
  const auto list = json::parse(reply.json, error);
  if (error || !list.is_array()) return trouble("centre-answer", "the list of watched queues is not understood");
  std::map<std::string, alarms::Watched> queues;
  bool wants_shares = false;
  for (const auto& item : list.get_array()) {
    if (!item.is_object()) continue;
    const auto& row = item.get_object();
    const auto* limits = row.if_contains("limits");
    alarms::Watched watched{limits && limits->is_object() ? limits_from(limits->get_object()) : alarms::Limits{}, {}};
    watched.figures = {.waiting = number(row, "waiting").value_or(0), .longest_wait_ms = number(row, "longest_wait_ms").value_or(0), .ready = number(row, "ready").value_or(0),
                       .on_duty = number(row, "on_duty").value_or(0), .service_level = {}, .service_level_30 = {}, .abandoned = {}};
    wants_shares = wants_shares || watched.limits.service_level || watched.limits.service_level_30 || watched.limits.abandoned;
    queues.emplace(text(row, "queue"), std::move(watched));
  }
  if (wants_shares && now >= shares_next_) TRY_DONE(figures(now));
  for (auto& [queue, watched] : queues)
    if (const auto found = shares_.find(queue); found != shares_.end()) {
      watched.figures.service_level = found->second.service_level;
      watched.figures.service_level_30 = found->second.service_level_30;
      watched.figures.abandoned = found->second.abandoned;
    }
  for (const auto& change : watch_.look(queues, now)) {
    storage::Alarm alarm{.code = std::string(name_of(change.code)), .queue = change.queue, .object = {}, .cause = {}, .since = change.since, .until = {}, .limit = change.limit,
                         .value = change.value, .worst = change.worst, .seen_by = {}, .seen_at = {}};
    if (change.turn == Turn::over) alarm.until = change.until;
    turned.push_back({std::move(alarm), change.turn});
  }
  return Done{};
}

// The figures of everybody's reports (office/reports defines them); a centre whose day takes long to add up is asked less often.
Result<> AlarmKeeper::figures(Instant now) {
  const auto began = std::chrono::steady_clock::now();
  if (!reports_) {
    TRY(opened, storage::Reports::open(options_.dir));
    reports_.emplace(std::move(opened));
  }
  TRY(zone_name, reports_->time_zone());
  const storage::Zone zone(zone_name);
  const std::int64_t local = zone.local(now);
  const Instant to = now + Duration{1};
  TRY(today, reports_->queues({.from = zone.instant(local - local % day_us), .to = to, .now = now}));
  TRY(lately, reports_->queues({.from = now - Duration{half_hour_us}, .to = to, .now = now}));
  shares_.clear();
  for (const auto& row : today) {
    auto& shares = shares_[row.queue];
    shares.service_level = alarms::Share{row.figures.service_level_strict.part, row.figures.service_level_strict.whole};
    shares.abandoned = alarms::Share{row.figures.abandoned, row.figures.offered};
  }
  for (const auto& row : lately) shares_[row.queue].service_level_30 = alarms::Share{row.figures.service_level_strict.part, row.figures.service_level_strict.whole};
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began).count();
  shares_next_ = now + std::max(shares_every, Duration{10 * took});
  return Done{};
}

// --- the system

void AlarmKeeper::system_turn(const SystemSigns::Sign& sign, Instant now, std::vector<Turned>& turned) {
  const auto found = open_.find({sign.code, sign.object});
  const bool pending = std::any_of(turned.begin(), turned.end(), [&](const Turned& t) { return t.alarm.code == sign.code && t.alarm.object == sign.object && t.turn == Turn::raised; });
  if (sign.over) {
    if (found == open_.end() && !pending) return;
    storage::Alarm alarm = found != open_.end() ? found->second : storage::Alarm{};
    alarm.code = sign.code;
    alarm.object = sign.object;
    alarm.until = now;
    turned.push_back({std::move(alarm), Turn::over});
    return;
  }
  if (found != open_.end() || pending) return;
  turned.push_back({{.code = sign.code, .queue = {}, .object = sign.object, .cause = sign.cause.substr(0, 300), .since = now, .until = {}, .limit = {}, .value = {}, .worst = {}, .seen_by = {}, .seen_at = {}}, Turn::raised});
}

Result<> AlarmKeeper::look_at_system(Instant now, std::vector<Turned>& turned) {
  for (const auto& sign : signs_.take()) {
    last_sign_[{sign.code, sign.object}] = now;
    system_turn(sign, now, turned);
  }
  for (const auto& [key, alarm] : open_) {
    const bool of_recording = key.first == "recording-failed" || key.first == "recording-stopped";
    if (of_recording && now - std::max(alarm.since, last_sign_[key]) > recording_trouble_lasts) system_turn({key.first, alarm.object, {}, true}, now, turned);
  }
  if (now >= disks_next_) {
    disks_next_ = now + disks_every;
    look_at_disks(now, turned);
  }
  if (now >= mail_next_) {
    mail_next_ = now + mail_every;
    TRY_DONE(look_at_mail(now, turned));
    if (std::any_of(open_.begin(), open_.end(), [](const auto& one) { return one.first.first == "trunk-down"; })) {  // a trunk that was removed says no more
      const auto reply = ask({{.noun = "trunk", .verb = "list", .target = {}, .settings = {}, .by = "alarms"}});
      for (const auto& [key, alarm] : open_)
        if (reply.ok && key.first == "trunk-down" && reply.json.find("{\"trunk\":" + json_text(key.second) + ",") == std::string::npos) system_turn({key.first, key.second, {}, true}, now, turned);
    }
  }
  return Done{};
}

void AlarmKeeper::look_at_disks(Instant now, std::vector<Turned>& turned) {
  std::int64_t least = INT64_MAX;
  for (const auto& folder : options_.folders) {
    struct statvfs room{};
    if (::statvfs(folder.c_str(), &room) == 0) least = std::min(least, static_cast<std::int64_t>(room.f_bavail) * static_cast<std::int64_t>(room.f_frsize));
  }
  if (least == INT64_MAX) return;
  const bool stands = open_.contains({"disk-low", ""});
  if (!stands && least < options_.disk_low_bytes) system_turn({"disk-low", {}, std::to_string(least >> 20) + " MiB", false}, now, turned);
  if (stands && least > options_.disk_low_bytes + options_.disk_low_bytes / 10) system_turn({"disk-low", {}, {}, true}, now, turned);
}

Result<> AlarmKeeper::look_at_mail(Instant now, std::vector<Turned>& turned) {
  if (!options_.mail) return Done{};
  TRY(health, office_->read([](storage::Database& db) { return storage::Mails(db).health(); }));
  const bool ill = health.attempts >= mail_tries_before_alarm;
  if (ill != open_.contains({"mail-failed", ""})) system_turn({"mail-failed", {}, health.error, !ill}, now, turned);
  return Done{};
}

// --- telling

Result<> AlarmKeeper::keep(std::vector<Turned>& turned, Instant now) {
  auto kept = office_->write([&](storage::Database& db) -> Result<> {
    for (auto& one : turned) TRY_DONE(keep_one(db, one, now));
    return storage::Alarms(db).forget(now - kept_for);
  });
  if (!kept) {  // begun anew from what is kept; what the system said is said again
    for (const auto& one : turned)
      if (!alarms::code_named(one.alarm.code)) signs_.again({one.alarm.code, one.alarm.object, one.alarm.cause, one.turn == Turn::over});
    watch_ = {};
    open_.clear();
    loaded_ = false;
    return kept;
  }
  for (const auto& one : turned) {
    log(one.turn == Turn::raised ? LogLevel::warning : LogLevel::info, one.turn == Turn::over ? "alarm-over" : one.turn == Turn::raised ? "alarm" : "alarm-worse",
        {{"code", one.alarm.code}, {"of", one.alarm.queue.empty() ? one.alarm.object : one.alarm.queue}, {"text", alarms::words({one.alarm.code, one.alarm.queue, one.alarm.object, one.alarm.cause, one.alarm.limit, one.alarm.worst}, false)}});
    options_.told(json_text(api::alarm_view(one.alarm)), one.turn == Turn::over);
  }
  options_.nudge();
  return Done{};
}

Result<> AlarmKeeper::keep_one(storage::Database& db, Turned& one, Instant now) {
  storage::Alarms list(db);
  storage::Alarm& alarm = one.alarm;
  const Key key{alarm.code, alarm.queue.empty() ? alarm.object : alarm.queue};
  if (one.turn == Turn::raised) {
    TRY(id, list.raise(alarm));
    alarm.id = id;
    open_[key] = alarm;
  } else {
    const auto found = open_.find(key);
    if (found == open_.end()) return Done{};
    TRY(row, list.find(found->second.id));  // with who has seen it
    const auto until = alarm.until;
    const auto value = alarm.value, worst = alarm.worst;
    if (row) alarm = *row;
    if (value) alarm.value = value;
    if (worst) alarm.worst = worst;
    if (alarm.value) TRY_DONE(list.worsen(alarm.id, *alarm.value, alarm.worst.value_or(*alarm.value)));
    alarm.until = until;
    if (one.turn == Turn::over) {
      TRY_DONE(list.over(alarm.id, until.value_or(now)));
      open_.erase(found);
    } else {
      found->second = alarm;
      return Done{};
    }
  }
  TRY_DONE(outbox::put_event(db, one.turn == Turn::raised ? "alarm.raised" : "alarm.cleared", now, json_text(api::alarm_view(alarm))));
  if (!options_.mail || alarm.code == "mail-failed") return Done{};
  TRY(mail, api::alarm_mail(db));
  if (!mail.wants(alarm.code)) return Done{};
  for (const auto& to : mail.recipients) TRY_DONE(storage::Mails(db).put(mail_about(alarm, one.turn, to, mail.language.value_or(floor::Language::fa) == floor::Language::fa, now)));
  return Done{};
}

}  // namespace pasokh::app
