// `pasokh hours …` and `pasokh holidays …`: kept in centre.db, told to the centre as moments; with or without a running server.
#include <chrono>
#include <cstdio>

#include "api/timetables.h"
#include "app/args.h"
#include "app/print.h"
#include "base/json_text.h"
#include "storage/office_database.h"
#include "storage/opening_hours.h"
#include "storage/report_queries.h"

namespace pasokh::app {
namespace {

using office::hours::HolidayList;
using office::hours::Hours;
using storage::Database;
using storage::OpeningHours;

Instant clock_now() { return {std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()}; }

struct HoursLine { std::string hours, week, holidays; PASOKH_FIELDS(hours, week, holidays) };
struct HolidayLine { std::string holidays, calendar, date, name_fa, name_en; PASOKH_FIELDS(holidays, calendar, date, name_fa, name_en) };

std::string week_text(const Hours& hours) {
  std::string out;
  for (const auto& s : hours.week) out += (out.empty() ? "" : ", ") + std::string(name_of(s.day)) + " " + office::hours::clock_of(s.from) + "-" + office::hours::clock_of(s.to);
  return out;
}

Result<std::string> listed(storage::OfficeDatabase& office, bool holidays) {
  if (holidays) {
    TRY(lists, office.read([](Database& db) { return OpeningHours(db).holidays(); }));
    std::vector<HolidayLine> lines;
    for (const auto& list : lists)
      for (const auto& d : list.days) lines.push_back({list.code, std::string(name_of(d.calendar)), office::hours::date_of(d), d.name_fa, d.name_en});
    return json_text(lines);
  }
  TRY(all, office.read([](Database& db) { return OpeningHours(db).hours(); }));
  std::vector<HoursLine> lines;
  for (const auto& h : all) lines.push_back({h.code, week_text(h), h.holidays});
  return json_text(lines);
}

Result<> tell(const std::string& dir, storage::OfficeDatabase& office, const std::string& only) {
  TRY(reports, storage::Reports::open(dir));
  TRY(zone, reports.time_zone());
  TRY(all, office.read([](Database& db) { return OpeningHours(db).hours(); }));
  TRY(lists, office.read([](Database& db) { return OpeningHours(db).holidays(); }));
  return api::tell_timetables(all, lists, zone, clock_now(), "cli", only, [&](const switchboard::Commands& commands) { return switchboard::ask_centre(dir, commands); });
}

Result<> set_hours(const std::string& dir, storage::OfficeDatabase& office, const std::string& code, std::map<std::string, std::string> given) {
  TRY(found, office.read([&](Database& db) { return OpeningHours(db).find(code); }));
  Hours hours = found.value_or(Hours{code, {}, ""});
  for (const auto& [key, value] : given) {
    if (key == "holidays") hours.holidays = value;
    else if (key == "week") {
      TRY(week, office::hours::week_from(value));
      hours.week = week;
    } else return trouble("usage", "there is no setting \"" + key + "\"; known are: week, holidays");
  }
  TRY_DONE(office::hours::check(hours));
  TRY_DONE(office.write([&](Database& db) { return OpeningHours(db).put(hours); }));
  return tell(dir, office, code);
}

// days=… replaces the list: "jalali --01-01,jalali 1405-04-05,gregorian 2026-12-25"; template=iran-solar begins with that one.
Result<> set_holidays(const std::string& dir, storage::OfficeDatabase& office, const std::string& code, std::map<std::string, std::string> given) {
  HolidayList list{code, {}};
  if (auto node = given.extract("template")) {
    if (node.mapped() != "iran-solar") return trouble("usage", "there is no template \"" + node.mapped() + "\"; known is: iran-solar");
    list.days = office::hours::iran_solar_holidays();
  }
  std::string days;
  if (auto node = given.extract("days")) days = node.mapped();
  if (!given.empty()) return trouble("usage", "there is no setting \"" + given.begin()->first + "\"; known are: template, days");
  while (!days.empty()) {
    const auto end = std::min(days.find(','), days.size());
    const std::string one = days.substr(0, end);
    days.erase(0, end + 1);
    const auto space = one.find(' ');
    CalendarKind calendar = CalendarKind::jalali;
    if (space != one.npos && !from_name(one.substr(0, space), calendar)) return trouble("usage", "\"" + one + "\": expected like jalali 1405-04-05 or gregorian --12-25");
    TRY(day, office::hours::holiday_from(calendar, space == one.npos ? one : one.substr(space + 1)));
    list.days.push_back(day);
  }
  TRY_DONE(office.write([&](Database& db) { return OpeningHours(db).put(list); }));
  return tell(dir, office, "");
}

Result<> remove(const std::string& dir, storage::OfficeDatabase& office, const std::string& code, bool holidays) {
  if (holidays) return office.write([&](Database& db) { return OpeningHours(db).remove_holidays(code); });
  TRY(found, office.read([&](Database& db) { return OpeningHours(db).find(code); }));
  if (!found) return trouble("hours-unknown", "there are no opening hours \"" + code + "\"");
  const auto reply = switchboard::ask_centre(dir, {{.noun = "hours", .verb = "remove", .target = code}});
  if (!reply.ok && reply.code != "hours-unknown") return trouble(reply.code, reply.text);
  return office.write([&](Database& db) { return OpeningHours(db).remove(code); });
}

Result<> change(const Args& args, storage::OfficeDatabase& office) {
  const bool holidays = args.command == "holidays";
  const std::string verb = args.words[0];
  if (args.words.size() < 2) return trouble("usage", "which? " + args.command + " " + verb + " CODE");
  if (verb == "remove") return remove(data_dir(args), office, args.words[1], holidays);
  TRY(settings, settings_from(args.words, 2));
  return holidays ? set_holidays(data_dir(args), office, args.words[1], settings) : set_hours(data_dir(args), office, args.words[1], settings);
}

}  // namespace

int hours_command(const Args& args) {
  const std::string verb = args.words.empty() ? "" : args.words[0];
  if (verb != "list" && verb != "set" && verb != "add" && verb != "remove") return wrong_usage(args.command, "expected " + args.command + " set CODE …, remove CODE or list");
  const auto format = format_from(args.option("format").value_or("table"));
  if (!format) return wrong_usage(args.command, format.error().text);
  if (auto centre = centre_stands_in(data_dir(args)); !centre) return fail(centre.error().text);
  auto office = storage::OfficeDatabase::open(data_dir(args));
  if (!office) return fail(office.error().text);
  if (verb == "list") {
    auto json = listed(**office, args.command == "holidays");
    if (!json) return fail(json.error().text);
    auto text = print_list(*json, *format);
    if (!text) return fail(text.error().text);
    std::fputs(text->c_str(), stdout);
    return done;
  }
  const auto changed = change(args, **office);
  if (!changed) return changed.error().code == "usage" || changed.error().code == "hours-bad" || changed.error().code == "holiday-bad" ? wrong_usage(args.command, changed.error().text) : fail(changed.error().text);
  return done;
}

}  // namespace pasokh::app
