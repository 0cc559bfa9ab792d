// Contacts: who calls, found however the name or the number is typed; and what was before, newest first.
#include <algorithm>

#include "api/office_bodies.h"
#include "api/routes.h"
#include "api/services.h"
#include "storage/call_reports.h"
#include "storage/contacts.h"
#include "storage/number_calls.h"

namespace pasokh::api {
namespace {

using access::Permission;
using office::contacts::Contact;
using office::contacts::Number;
using storage::Database;

struct ContactBody {
  static constexpr auto schema_name = "ContactBody";
  std::optional<std::string> name;
  std::optional<std::vector<Number>> numbers;
  std::optional<std::string> organisation, note;
  PASOKH_FIELDS(name, numbers, organisation, note)
};
struct ContactView {
  static constexpr auto schema_name = "Contact";
  std::string id, name;
  std::vector<Number> numbers;
  std::string organisation, note;
  PASOKH_FIELDS(id, name, numbers, organisation, note)
};
struct Written {                             // of the call, by one agent
  static constexpr auto schema_name = "CallReportInHistory";
  std::string agent, disposition, note, next_step;
  std::optional<Instant> follow_up_at, done_at;
  Instant written_at;
  PASOKH_FIELDS(agent, disposition, note, next_step, follow_up_at, done_at, written_at)
};
struct HistoryRow {
  static constexpr auto schema_name = "ContactHistoryRow";
  CallId call;
  Instant arrived;
  floor::Direction direction = floor::Direction::inbound;
  std::string caller, number, queue;
  std::vector<std::string> agents;
  floor::Outcome outcome = floor::Outcome::in_progress;
  std::int64_t wait_ms = 0, talk_ms = 0;
  std::vector<Written> reports;
  PASOKH_FIELDS(call, arrived, direction, caller, number, queue, agents, outcome, wait_ms, talk_ms, reports)
};
struct Forgotten {
  static constexpr auto schema_name = "ContactRemoved";
  std::int64_t reports_emptied = 0;
  PASOKH_FIELDS(reports_emptied)
};

ContactView view(const Contact& c) { return {std::to_string(c.id), c.name, c.numbers, c.organisation, c.note}; }

void take(Contact& contact, const ContactBody& body) {
  if (body.name) contact.name = *body.name;
  if (body.numbers) contact.numbers = *body.numbers;
  if (body.organisation) contact.organisation = *body.organisation;
  if (body.note) contact.note = *body.note;
}

Result<Contact> found(Services& services, std::int64_t id) {
  TRY(office, services.office());
  TRY(contact, office->read([&](Database& db) { return storage::Contacts(db).find(id); }));
  if (!contact) return trouble("contact-unknown", "");
  return *contact;
}

Result<std::vector<ContactView>> list(Call& call, const Nothing&) {
  TRY(limit, limit_of(call, 50, 500));
  storage::Contacts::Asked asked{.search = call.asked("search"), .number = call.asked("number"), .after = id_of(call.asked("after")), .limit = limit};
  TRY(office, call.services.office());
  TRY(contacts, office->read([&](Database& db) { return storage::Contacts(db).list(asked); }));
  std::vector<ContactView> views;
  for (const Contact& contact : contacts) views.push_back(view(contact));
  return views;
}

Result<ContactView> keep(Call& call, Contact contact) {
  TRY_DONE(office::contacts::check(contact));
  TRY(office, call.services.office());
  TRY(id, office->write([&](Database& db) { return storage::Contacts(db).save(contact, call.now); }));
  contact.id = id;
  call.services.contacts_changed();
  return view(contact);
}

Result<ContactView> add(Call& call, const ContactBody& body) {
  Contact contact;
  take(contact, body);
  return keep(call, std::move(contact));
}

Result<ContactView> get(Call& call, const Nothing&) {
  TRY(contact, found(call.services, id_of(call.at("id"))));
  return view(contact);
}

Result<ContactView> put(Call& call, const ContactBody& body) {
  TRY(contact, found(call.services, id_of(call.at("id"))));
  take(contact, body);
  return keep(call, contact);
}

std::vector<std::string> keys_of(const Contact& contact) {
  std::vector<std::string> keys;
  for (const Number& n : contact.numbers) keys.push_back(office::contacts::number_key(n.number));
  return keys;
}

// The contact goes. With forget=true so does what was written about the person; how calls ended stays counted as it was.
Result<Forgotten> remove(Call& call, const Nothing&) {
  const bool forget = call.asked("forget") == "true";
  TRY(contact, found(call.services, id_of(call.at("id"))));
  TRY(office, call.services.office());
  TRY(emptied, office->write([&](Database& db) -> Result<std::int64_t> {
    storage::CallReports reports(db);
    std::int64_t many = 0;
    if (forget) {
      TRY(n, reports.forget(contact.id));
      many = n;
    } else {
      TRY_DONE(reports.detach(contact.id));
    }
    TRY_DONE(storage::Contacts(db).remove(contact.id));
    return many;
  }));
  call.services.contacts_changed();
  if (forget) TRY_DONE(storage::NumberCalls(*office).forget(keys_of(contact)));
  return Forgotten{emptied};
}

Result<HistoryRow> history_row(Services& services, CallId id, const std::vector<office::call_reports::CallReport>& written) {
  TRY(reports, services.reports());
  TRY(detail, reports->call_row(id));
  HistoryRow row{id, detail.arrived, detail.direction, detail.caller, detail.number, detail.queue, detail.agents, detail.outcome, detail.wait_ms, detail.talk_ms, {}};
  for (const auto& r : written)
    if (r.call == id) row.reports.push_back({r.agent, r.disposition, r.note, r.next_step, r.follow_up_at, r.done_at, r.written_at});
  return row;
}

// Calls of the contact's numbers, and calls whose report names the contact, whatever number they came from.
Result<std::vector<HistoryRow>> history_of(Call& call, const std::vector<std::string>& keys, std::int64_t contact) {
  TRY(limit, limit_of(call, 20, 200));
  TRY(office, call.services.office());
  storage::NumberCalls index(*office);
  TRY(journal, storage::JournalReader::open(call.services.dir()));
  TRY_DONE(index.catch_up(journal));
  TRY(ids, index.calls_of(keys, limit));
  std::vector<office::call_reports::CallReport> written;
  auto read = office->read([&](Database& db) -> Result<> {
    storage::CallReports reports(db);
    const auto take_all = [&](const storage::CallReports::Asked& asked) -> Result<> {
      TRY(some, reports.list(asked));
      for (auto& r : some)
        if (std::none_of(written.begin(), written.end(), [&](const auto& w) { return w.call == r.call && w.agent == r.agent; })) written.push_back(std::move(r));
      return Done{};
    };
    if (contact) TRY_DONE(take_all({.contact = contact, .from = {}, .to = {}, .limit = limit}));
    for (const std::string& key : keys)
      if (auto taken = take_all({.number_key = key, .from = {}, .to = {}, .limit = limit}); !taken) return taken;
    return Done{};
  });
  if (!read) return std::move(read).error();
  for (const auto& r : written) ids.push_back(r.call);
  std::sort(ids.begin(), ids.end(), [](CallId a, CallId b) { return b < a; });
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (static_cast<std::int64_t>(ids.size()) > limit) ids.resize(static_cast<std::size_t>(limit));
  std::vector<HistoryRow> rows;
  for (const CallId id : ids)
    if (auto row = history_row(call.services, id, written)) rows.push_back(std::move(*row));  // a call that the read models do not know (any more) is left out
  return rows;
}

Result<std::vector<HistoryRow>> history(Call& call, const Nothing&) {
  TRY(contact, found(call.services, id_of(call.at("id"))));
  return history_of(call, keys_of(contact), contact.id);
}

// Before anybody has made a contact of a caller: by the number alone.
Result<std::vector<HistoryRow>> number_history(Call& call, const Nothing&) {
  const std::string key = office::contacts::number_key(call.asked("number"));
  if (key.size() < 3) return trouble("bad-query", "number: expected a telephone number");
  return history_of(call, {key}, 0);
}

}  // namespace

std::vector<Route> contact_routes() {
  const std::vector<std::string_view> wrong{"contact-nameless", "contact-long", "contact-number"};
  auto with_unknown = wrong;
  with_unknown.push_back("contact-unknown");
  std::vector<Route> rows;
  rows.push_back(route<Nothing, std::vector<ContactView>>({.operation = "contact_list", .method = "GET", .path = "/v1/contacts", .says = "Contacts by name, or those that a search finds: every word must stand in name, organisation, note or a number, whatever the spelling",
      .permission = Permission::work_on_records, .query = {{"search", "words, parts of words, parts of numbers; Persian and Arabic letters, ZWNJ, spaces and digits do not matter"}, {"number", "a whole number, however it is written"}, {"after", "id of the last contact of the page before"}, {"limit", "at most 500; default 50"}}}, list));
  rows.push_back(route<ContactBody, ContactView>({.operation = "contact_add", .method = "POST", .path = "/v1/contacts", .says = "Keep a contact", .permission = Permission::work_on_records, .faults = wrong}, add));
  rows.push_back(route<Nothing, ContactView>({.operation = "contact_get", .method = "GET", .path = "/v1/contacts/{id}", .says = "One contact", .permission = Permission::work_on_records, .faults = {"contact-unknown"}}, get));
  rows.push_back(route<ContactBody, ContactView>({.operation = "contact_put", .method = "PUT", .path = "/v1/contacts/{id}", .says = "Change the fields given of a contact", .permission = Permission::work_on_records, .faults = with_unknown}, put));
  rows.push_back(route<Nothing, Forgotten>({.operation = "contact_remove", .method = "DELETE", .path = "/v1/contacts/{id}", .says = "Remove a contact; with forget=true also what was written about the person. Counts stay as they were.",
      .permission = Permission::remove_contacts, .faults = {"contact-unknown"}, .query = {{"forget", "true: notes and next steps of the person's reports are emptied"}}}, remove));
  rows.push_back(route<Nothing, std::vector<HistoryRow>>({.operation = "contact_history", .method = "GET", .path = "/v1/contacts/{id}/history", .says = "Calls of a contact with the reports that were written, newest first",
      .permission = Permission::work_on_records, .faults = {"contact-unknown"}, .query = {{"limit", "at most 200; default 20"}}, .lane = Lane::reading}, history));
  rows.push_back(route<Nothing, std::vector<HistoryRow>>({.operation = "number_history", .method = "GET", .path = "/v1/number-history", .says = "The same for a number that belongs to no contact yet",
      .permission = Permission::work_on_records, .query = {{"number", "however it is written"}, {"limit", "at most 200; default 20"}}, .lane = Lane::reading}, number_history));
  return rows;
}

}  // namespace pasokh::api
