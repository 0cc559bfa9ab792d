// Reports as files: the same figures as the JSON, in a form that opens. The spreadsheet is opened by another program in tests/interop.
#include <doctest/doctest.h>

#include "api/export.h"
#include "fake_centre.h"

using namespace pasokh;
using namespace pasokh::api;

namespace {

constexpr auto json = R"([{"queue":"پشتیبانی","figures":{"offered":12,"service_level_strict":{"part":10,"whole":12,"permille":833},"asa_ms":61500}},)"
                      R"({"queue":"=cmd|' /C calc'!A0","figures":{"offered":0,"service_level_strict":{"part":0,"whole":0,"permille":-1},"asa_ms":0},"at":"2026-11-24T07:06:09.000Z"}])";

Table table(floor::Language language) {
  auto made = table_from(json, language, "Asia/Tehran");
  REQUIRE(made.has_value());
  made->title = "صف‌ها";
  made->subtitle = "۱۴۰۵-۰۹-۰۳";
  return std::move(*made);
}

}  // namespace

TEST_CASE("nested figures become columns, titled from the catalogue of figures; a share is a percentage, nothing is nothing") {
  const Table t = table(floor::Language::fa);
  REQUIRE(t.columns.size() == 5);
  CHECK(t.columns[1].key == "figures.offered");
  CHECK(t.columns[1].title != "offered");
  CHECK(shown(t, t.columns[1], t.rows[0][1]) == "۱۲");
  CHECK(shown(t, t.columns[2], t.rows[0][2]) == "۸۳٫۳٪");
  CHECK(shown(t, t.columns[2], t.rows[1][2]).empty());
  CHECK(shown(t, t.columns[3], t.rows[0][3]) == "۰:۰۱:۰۱");
  CHECK(shown(t, t.columns[4], t.rows[1][4]) == "۱۴۰۵-۰۹-۰۳ ۱۰:۳۶:۰۹");
  const Table en = table(floor::Language::en);
  CHECK(shown(en, en.columns[2], en.rows[0][2]) == "83.3 %");
  CHECK(shown(en, en.columns[4], en.rows[1][4]) == "2026-11-24 10:36:09");
  CHECK(table_from("7", floor::Language::en, "UTC").error().code == "not-a-list");
}

// threats: CSV injection
TEST_CASE("CSV holds raw figures; what a spreadsheet would run is made harmless") {
  const std::string csv = csv_from(table(floor::Language::en));
  CHECK(csv.find("queue,figures.offered,figures.service_level_strict,figures.asa_ms,at\r\n") != csv.npos);
  CHECK(csv.find("پشتیبانی,12,833,61500,\r\n") != csv.npos);
  CHECK(csv.find("'=cmd|") != csv.npos);
}

TEST_CASE("a spreadsheet and a PDF are what they say they are, with many pages too") {
  const auto xlsx = xlsx_from(table(floor::Language::fa));
  REQUIRE(xlsx.has_value());
  CHECK(xlsx->starts_with("PK"));
  Table long_one = table(floor::Language::fa);
  while (long_one.rows.size() < 200) long_one.rows.push_back(long_one.rows.front());
  const auto pdf = pdf_from(long_one);
  REQUIRE(pdf.has_value());
  CHECK(pdf->starts_with("%PDF"));
  CHECK(pdf->size() > 5'000);
}

TEST_CASE("every list of the reports can be taken away as a file and compared with the period before") {
  Desk desk;
  const std::string supervisor = desk.token_of("supervisor");
  for (const char* report : {"calls", "queues", "agents", "intervals"}) {
    CAPTURE(report);
    const std::string at = std::string("/v1/reports/") + report + "?from=2026-11-01&to=2026-11-02";
    CHECK(desk.send("GET", at + "&format=csv", supervisor).type == "text/csv; charset=utf-8");
    CHECK(desk.send("GET", at + "&format=xlsx", supervisor).body.starts_with("PK"));
    CHECK(desk.send("GET", at + "&format=pdf&lang=en", supervisor).body.starts_with("%PDF"));
    const Response both = desk.send("GET", at + "&compare=previous", supervisor);
    CHECK(both.body.find(R"("previous":{"from":"2026-10-30T20:30:00.000Z","to":"2026-10-31T20:30:00.000Z")") != std::string::npos);
    CHECK(fault_code(desk.send("GET", at + "&format=doc", supervisor)) == "bad-query");
  }
  CHECK(fault_code(desk.send("GET", "/v1/reports/queues?compare=previous", supervisor)) == "bad-query");
  CHECK(desk.undeclared.empty());
}
