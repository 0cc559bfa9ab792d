// The office's tables in centre.db: contacts, reports of calls, which calls a number had.
#include <doctest/doctest.h>

#include "floor/events.h"
#include "scratch.h"
#include "storage/call_reports.h"
#include "storage/contacts.h"
#include "storage/number_calls.h"
#include "storage/office_database.h"
#include "writing.h"

using namespace pasokh;
using namespace pasokh::storage;
using office::call_reports::CallReport;
using office::contacts::Contact;

namespace {

const Instant now{1'795'000'000'000'000};

struct Office {
  Scratch scratch;
  std::unique_ptr<OfficeDatabase> database = open();
  std::unique_ptr<OfficeDatabase> open() {
    auto opened = OfficeDatabase::open(scratch.dir);
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().text));
    return std::move(*opened);
  }
  std::int64_t keep(Contact contact) {
    auto id = database->write([&](Database& db) { return Contacts(db).save(contact, now); });
    REQUIRE_MESSAGE(id.has_value(), (id ? "" : id.error().text));
    return *id;
  }
  std::vector<std::string> names(const Contacts::Asked& asked) {
    std::vector<std::string> out;
    auto found = database->read([&](Database& db) { return Contacts(db).list(asked); });
    REQUIRE_MESSAGE(found.has_value(), (found ? "" : found.error().text));
    for (const Contact& c : *found) out.push_back(c.name);
    return out;
  }
  void write(const CallReport& report) { REQUIRE(database->write([&](Database& db) { return CallReports(db).save(report); }).has_value()); }
  std::vector<CallReport> reports(const CallReports::Asked& asked) {
    auto found = database->read([&](Database& db) { return CallReports(db).list(asked); });
    REQUIRE_MESSAGE(found.has_value(), (found ? "" : found.error().text));
    return *found;
  }
};

Contact contact(std::string name, std::string number = {}) {
  Contact c{.name = std::move(name), .organisation = {}, .note = {}, .numbers = {}};
  if (!number.empty()) c.numbers.push_back({std::move(number), "همراه"});
  return c;
}
CallReport report(std::uint64_t call, std::string agent, std::string disposition, std::string note = {}) {
  return {.call = {call}, .agent = std::move(agent), .queue = "support", .number = "9121234567", .disposition = std::move(disposition), .note = std::move(note), .next_step = {},
          .done_by = {}, .written_at = now + Duration::seconds(static_cast<std::int64_t>(call))};
}

}  // namespace

TEST_CASE("search finds Persian whatever the spelling, short words too, and numbers by any part") {
  Office office;
  office.keep(contact("علی‌رضا کیانی", "0912 123 4567"));
  office.keep(contact("سارا رضایی", "۰۲۱۸۸۷۷۶۶۵۵"));
  office.keep(contact("John 100% O'Neil_x"));
  CHECK(office.names({.search = "عليرضا كياني", .number = {}}) == std::vector<std::string>{"علی‌رضا کیانی"});
  CHECK(office.names({.search = "رضا", .number = {}}).size() == 2);
  CHECK(office.names({.search = "سا", .number = {}}) == std::vector<std::string>{"سارا رضایی"});     // below three letters
  CHECK(office.names({.search = "سا 8877", .number = {}}) == std::vector<std::string>{"سارا رضایی"});
  CHECK(office.names({.search = "09121234567", .number = {}}) == std::vector<std::string>{"علی‌رضا کیانی"});
  CHECK(office.names({.search = "0%", .number = {}}) == std::vector<std::string>{"John 100% O'Neil_x"});
  CHECK(office.names({.search = "o'neil \" OR", .number = {}}).empty());
  CHECK(office.names({.search = "l_", .number = {}}) == std::vector<std::string>{"John 100% O'Neil_x"});
  CHECK(office.names({.search = {}, .number = "+989121234567"}) == std::vector<std::string>{"علی‌رضا کیانی"});
  CHECK(office.names({.search = {}, .number = "1234567"}).empty());   // a whole number, not a part
}

TEST_CASE("contacts come by name, page by page, and a change is found at once under its new name only") {
  Office office;
  for (const char* name : {"ت", "ب", "آ", "ب"}) office.keep(contact(name));
  const auto first = office.names({.search = {}, .number = {}, .limit = 2});
  REQUIRE(first.size() == 2);
  const std::int64_t second = office.keep(contact("مریم", "0935"));
  office.keep({.id = second, .name = "نسرین", .organisation = {}, .note = {}, .numbers = {}});
  CHECK(office.names({.search = "مریم", .number = {}}).empty());
  CHECK(office.names({.search = {}, .number = "0935"}).empty());
  CHECK(office.names({.search = "نسرین", .number = {}}).size() == 1);
  std::vector<std::string> all;
  for (std::int64_t after = 0;;) {
    auto page = office.database->read([&](Database& db) { return Contacts(db).list({.search = {}, .number = {}, .after = after, .limit = 2}); });
    REQUIRE(page.has_value());
    if (page->empty()) break;
    for (const auto& c : *page) all.push_back(c.name);
    after = page->back().id;
  }
  CHECK(all.size() == 5);
  CHECK(std::is_sorted(all.begin(), all.end()));
  CHECK(office.database->write([](Database& db) { return Contacts(db).remove(99); }).error().code == "contact-unknown");
}

TEST_CASE("a report is one per agent and call; lists narrow by agent, disposition, text, time") {
  Office office;
  office.write(report(1, "sara", "resolved", "کارت مسدود بود"));
  office.write(report(1, "reza", "call_back"));
  office.write(report(2, "sara", "call_back", "می‌خواهد دوباره زنگ بزنیم"));
  office.write(report(2, "sara", "resolved", "می‌خواهد فردا زنگ بزنیم"));   // written again
  CHECK(office.reports({.agent = {}, .disposition = {}, .text = {}, .number_key = {}, .from = {}, .to = {}}).size() == 3);
  CHECK(office.reports({.agent = "sara", .disposition = {}, .text = {}, .number_key = {}, .from = {}, .to = {}}).front().call == CallId{2});
  CHECK(office.reports({.agent = {}, .disposition = "call_back", .text = {}, .number_key = {}, .from = {}, .to = {}}).size() == 1);
  CHECK(office.reports({.agent = {}, .disposition = {}, .text = "میخواهد فردا", .number_key = {}, .from = {}, .to = {}}).size() == 1);
  CHECK(office.reports({.agent = {}, .disposition = {}, .text = "دوباره", .number_key = {}, .from = {}, .to = {}}).empty());
  CHECK(office.reports({.agent = {}, .disposition = {}, .text = {}, .number_key = {}, .from = now + Duration::seconds(2), .to = {}}).size() == 1);
  const auto calls = office.database->read([](Database& db) { return CallReports(db).calls_with("", "کارت"); });
  REQUIRE(calls.has_value());
  CHECK(*calls == std::vector<CallId>{{1}});
}

// B6
TEST_CASE("follow-ups come soonest first until they are done; each is done once") {
  Office office;
  for (std::uint64_t call : {1, 2}) {
    CallReport r = report(call, "sara", "call_back");
    r.follow_up_at = now + Duration::hours(static_cast<std::int64_t>(10 - call));
    office.write(r);
  }
  const auto open = [&](Instant until) {
    auto found = office.database->read([&](Database& db) { return CallReports(db).follow_ups("sara", until, 10); });
    REQUIRE(found.has_value());
    return *found;
  };
  REQUIRE(open(Instant::never()).size() == 2);
  CHECK(open(Instant::never()).front().call == CallId{2});
  CHECK(open(now + Duration::hours(8)).empty());
  const auto done = [&] { return office.database->write([](Database& db) { return CallReports(db).follow_up_done({2}, "sara", "sara", now); }); };
  CHECK(done().has_value());
  CHECK(done().error().code == "follow-up-unknown");
  CHECK(open(Instant::never()).size() == 1);
}

// "Erasing a person leaves counts as they were."
TEST_CASE("a forgotten person leaves no words and no number, and every count as it was") {
  Office office;
  const std::int64_t id = office.keep(contact("مینا", "0912 123 4567"));
  CallReport r = report(1, "sara", "complaint", "مینا شکایت دارد");
  r.contact = id;
  office.write(r);
  office.write(report(2, "sara", "complaint", "دیگری"));
  REQUIRE(office.database->write([&](Database& db) -> Result<> {
    TRY(many, CallReports(db).forget(id));
    CHECK(many == 1);
    return Contacts(db).remove(id);
  }).has_value());
  const auto left = office.reports({.agent = {}, .disposition = "complaint", .text = {}, .number_key = {}, .from = {}, .to = {}});
  REQUIRE(left.size() == 2);
  CHECK(left.back().note.empty());
  CHECK(left.back().number.empty());
  CHECK(office.reports({.agent = {}, .disposition = {}, .text = "شکایت", .number_key = {}, .from = {}, .to = {}}).empty());
  CHECK(office.names({.search = "مینا", .number = {}}).empty());
}

TEST_CASE("a disposition that reports name is retired, one that none names is removed") {
  Office office;
  office.write(report(1, "sara", "resolved"));
  const auto remove = [&](const char* code) { return office.database->write([&](Database& db) { return CallReports(db).remove_disposition(code); }); };
  CHECK(remove("resolved").has_value());
  CHECK(remove("nuisance").has_value());
  CHECK(remove("nuisance").error().code == "disposition-unknown");
  auto kept = office.database->read([](Database& db) { return CallReports(db).disposition("resolved"); });
  REQUIRE(kept.has_value());
  REQUIRE(kept->has_value());
  CHECK_FALSE((*kept)->active);
}

TEST_CASE("which calls a number had follows the journal, is found in any spelling, and is forgotten when asked") {
  Office office;
  namespace f = floor;
  Writing writing(office.scratch.dir);
  const auto call = [&](std::uint64_t n, const std::string& number) {
    Batch batch;
    f::CallArrived arrived;
    arrived.call = {n};
    arrived.caller = {100 + n};
    batch.events.push_back({0, now, arrived});
    batch.rows.push_back({LiveKind::party, text(PartyId{100 + n}), number + "\nname"});
    REQUIRE(writing.wait(writing.submit(std::move(batch))));
  };
  call(1, "09121234567");
  call(2, "02188776655");
  call(3, "+989121234567");
  auto journal = JournalReader::open(office.scratch.dir);
  REQUIRE(journal.has_value());
  NumberCalls index(*office.database);
  REQUIRE(index.catch_up(*journal).has_value());
  CHECK(*index.calls_of({"9121234567"}, 10) == std::vector<CallId>{{3}, {1}});
  call(4, "9121234567");
  REQUIRE(index.catch_up(*journal).has_value());
  CHECK(*index.calls_of({"9121234567"}, 2) == std::vector<CallId>{{4}, {3}});
  REQUIRE(index.forget({"9121234567"}).has_value());
  CHECK(index.calls_of({"9121234567"}, 10)->empty());
}

TEST_CASE("a file of an older program opens with this one and keeps what is in it; a newer one is refused") {
  Office office;
  office.database.reset();
  std::filesystem::remove(office.scratch.dir + "/centre.db");
  {  // as the first version left it: only its own migration
    auto file = Database::open(office.scratch.dir + "/centre.db", Database::Mode::read_write);
    REQUIRE(file.has_value());
    REQUIRE(file->run("create table office_migration(number integer primary key)").has_value());
    REQUIRE(file->run(office_migrations().front().sql).has_value());
    REQUIRE(file->run("insert into office_migration(number) values (1)").has_value());
    REQUIRE(Contacts(*file).save(contact("سارا"), now).has_value());
    REQUIRE(CallReports(*file).save(report(1, "sara", "resolved")).has_value());
  }
  office.database = office.open();
  CHECK(office.names({.search = "سارا", .number = {}}).size() == 1);
  CHECK(office.reports({.agent = "sara", .disposition = {}, .text = {}, .number_key = {}, .from = {}, .to = {}}).size() == 1);
  office.database.reset();
  {
    auto file = Database::open(office.scratch.dir + "/centre.db", Database::Mode::read_write);
    REQUIRE(file.has_value());
    REQUIRE(file->run("insert into office_migration(number) values (999)").has_value());
  }
  auto refused = OfficeDatabase::open(office.scratch.dir);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == "newer-file");
}

TEST_CASE("no list of the office scans a table that grows with the calls") {
  Office office;
  REQUIRE(office.database->read([](Database& db) -> Result<> {
    for (const char* sql : {"select id from call_report where written_at < 9 and written_at >= 1 and agent = 'a' order by written_at desc, id desc limit 5",
                            "select id from call_report where written_at < 9 and written_at >= 1 order by written_at desc, id desc limit 5",
                            "select id from call_report where follow_up_at is not null and done_at is null and follow_up_at < 9 order by follow_up_at, id limit 5",
                            "select id from contact where (sort_key, id) > (select sort_key, id from contact where id = 3) order by sort_key, id limit 5",
                            "select contact from contact_number where key = '912'", "select call from number_call where key = '912' order by call desc limit 5"}) {
      TRY(plan, db.prepare(std::string("explain query plan ") + sql));
      TRY_DONE(plan.each([&](Statement& row) {
        CAPTURE(sql);
        CAPTURE(std::string(row.text(3)));
        CHECK(row.text(3).find("SCAN") == std::string_view::npos);
      }));
    }
    return Done{};
  }).has_value());
}
