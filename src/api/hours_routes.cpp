// Opening hours and holidays. Kept in centre.db as people say them; told to the centre as moments (timetables.h).
#include "api/office_bodies.h"
#include "api/routes.h"
#include "api/services.h"
#include "api/timetables.h"
#include "storage/opening_hours.h"

namespace pasokh::api {
namespace {

using access::Permission;
using office::hours::HolidayList;
using office::hours::Hours;
using office::hours::Weekday;
using storage::Database;
using storage::OpeningHours;

struct SlotBody {
  static constexpr auto schema_name = "OpeningSlot";
  Weekday day = Weekday::saturday;
  std::string from, to;              // "08:00"; "24:00" is midnight; to before from: past midnight
  PASOKH_FIELDS(day, from, to)
};
struct HoursBody {
  static constexpr auto schema_name = "OpeningHoursBody";
  std::vector<SlotBody> week;
  std::optional<std::string> holidays;
  PASOKH_FIELDS(week, holidays)
};
struct HoursView {
  static constexpr auto schema_name = "OpeningHours";
  std::string code;
  std::vector<SlotBody> week;
  std::string holidays;
  PASOKH_FIELDS(code, week, holidays)
};
struct DayBody {
  static constexpr auto schema_name = "Holiday";
  CalendarKind calendar = CalendarKind::jalali;
  std::string date;                  // "1405-01-01", or "--01-01": each year
  std::optional<std::string> name_fa, name_en;
  PASOKH_FIELDS(calendar, date, name_fa, name_en)
};
struct HolidaysBody {
  static constexpr auto schema_name = "HolidaysBody";
  std::vector<DayBody> days;
  PASOKH_FIELDS(days)
};
struct HolidaysView {
  static constexpr auto schema_name = "Holidays";
  std::string code;
  std::vector<DayBody> days;
  PASOKH_FIELDS(code, days)
};

HoursView view(const Hours& h) {
  HoursView out{h.code, {}, h.holidays};
  for (const auto& s : h.week) out.week.push_back({s.day, office::hours::clock_of(s.from), office::hours::clock_of(s.to)});
  return out;
}
HolidaysView view(const HolidayList& list) {
  HolidaysView out{list.code, {}};
  for (const auto& d : list.days) out.days.push_back({d.calendar, office::hours::date_of(d), d.name_fa, d.name_en});
  return out;
}

// The centre is told after the database: a server that ends between the two tells it at its next start.
Result<> tell(Call& call, const std::string& only) {
  TRY(reports, call.services.reports());
  TRY(zone, reports->time_zone());
  TRY(office, call.services.office());
  TRY(all, office->read([](Database& db) { return OpeningHours(db).hours(); }));
  TRY(lists, office->read([](Database& db) { return OpeningHours(db).holidays(); }));
  return tell_timetables(all, lists, zone, call.now, call.who().login, only, [&](switchboard::Commands commands) { return call.services.ask(std::move(commands)); });
}

Result<std::vector<HoursView>> list(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY(all, office->read([](Database& db) { return OpeningHours(db).hours(); }));
  std::vector<HoursView> views;
  for (const auto& h : all) views.push_back(view(h));
  return views;
}

Result<HoursView> put(Call& call, const HoursBody& body) {
  Hours hours{call.at("code"), {}, body.holidays.value_or("")};
  for (const auto& slot : body.week) {
    const auto from = office::hours::minute_of(slot.from), to = office::hours::minute_of(slot.to);
    if (!from || !to) return trouble("hours-bad", "\"" + slot.from + "-" + slot.to + "\": expected times like 08:00 and 16:30");
    hours.week.push_back({slot.day, *from, *to});
  }
  TRY_DONE(office::hours::check(hours));
  TRY(office, call.services.office());
  TRY_DONE(office->write([&](Database& db) { return OpeningHours(db).put(hours); }));
  TRY_DONE(tell(call, hours.code));
  return view(hours);
}

// Refused by the centre while a number uses them; only then are they forgotten here.
Result<Nothing> remove(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY(found, office->read([&](Database& db) { return OpeningHours(db).find(call.at("code")); }));
  if (!found) return trouble("hours-unknown", "");
  auto asked = call.services.ask_one({.noun = "hours", .verb = "remove", .target = call.at("code"), .settings = {}, .by = call.who().login});
  if (!asked && asked.error().code != "hours-unknown") return std::move(asked).error();
  TRY_DONE(office->write([&](Database& db) { return OpeningHours(db).remove(call.at("code")); }));
  return Nothing{};
}

Result<std::vector<HolidaysView>> list_holidays(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY(all, office->read([](Database& db) { return OpeningHours(db).holidays(); }));
  std::vector<HolidaysView> views;
  for (const auto& l : all) views.push_back(view(l));
  return views;
}

Result<std::vector<HolidaysView>> templates(Call&, const Nothing&) { return std::vector{view(HolidayList{"iran-solar", office::hours::iran_solar_holidays()})}; }

Result<HolidaysView> put_holidays(Call& call, const HolidaysBody& body) {
  HolidayList list{call.at("code"), {}};
  if (body.days.size() > office::hours::holidays_max) return trouble("holiday-bad", "at most 500 days in a list");
  for (const auto& day : body.days) {
    TRY(holiday, office::hours::holiday_from(day.calendar, day.date));
    holiday.name_fa = day.name_fa.value_or("");
    holiday.name_en = day.name_en.value_or("");
    list.days.push_back(holiday);
  }
  TRY(office, call.services.office());
  TRY_DONE(office->write([&](Database& db) { return OpeningHours(db).put(list); }));
  TRY_DONE(tell(call, ""));
  return view(list);
}

Result<Nothing> remove_holidays(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY_DONE(office->write([&](Database& db) { return OpeningHours(db).remove_holidays(call.at("code")); }));
  return Nothing{};
}

}  // namespace

std::vector<Route> hours_routes() {
  std::vector<Route> rows;
  rows.push_back(route<Nothing, std::vector<HoursView>>({.operation = "hours_list", .method = "GET", .path = "/v1/hours", .says = "Opening hours, for numbers to use", .permission = Permission::see_settings}, list));
  rows.push_back(route<HoursBody, HoursView>({.operation = "hours_put", .method = "PUT", .path = "/v1/hours/{code}", .says = "Set opening hours, whole: times of the week in the centre's zone, and a list of holidays. Who waits already keeps the place.",
      .permission = Permission::change_settings, .faults = {"hours-bad", "holidays-unknown"}, .asks_centre = true}, put));
  rows.push_back(route<Nothing, Nothing>({.operation = "hours_remove", .method = "DELETE", .path = "/v1/hours/{code}", .says = "Remove opening hours that no number uses",
      .permission = Permission::change_settings, .faults = {"hours-unknown"}, .asks_centre = true}, remove));
  rows.push_back(route<Nothing, std::vector<HolidaysView>>({.operation = "holidays_list", .method = "GET", .path = "/v1/holidays", .says = "Lists of holidays", .permission = Permission::see_settings}, list_holidays));
  rows.push_back(route<Nothing, std::vector<HolidaysView>>({.operation = "holidays_templates", .method = "GET", .path = "/v1/holiday-templates",
      .says = "Lists to begin with: Iran's official holidays of the solar year. Those of the lunar year are moved by sighting and are entered as dates", .permission = Permission::see_settings}, templates));
  rows.push_back(route<HolidaysBody, HolidaysView>({.operation = "holidays_put", .method = "PUT", .path = "/v1/holidays/{code}", .says = "Set a list of holidays, whole; in either calendar, single days or days of each year",
      .permission = Permission::change_settings, .faults = {"holiday-bad"}, .asks_centre = true}, put_holidays));
  rows.push_back(route<Nothing, Nothing>({.operation = "holidays_remove", .method = "DELETE", .path = "/v1/holidays/{code}", .says = "Remove a list that no opening hours use",
      .permission = Permission::change_settings, .faults = {"holidays-unknown", "holidays-in-use"}}, remove_holidays));
  return rows;
}

}  // namespace pasokh::api
