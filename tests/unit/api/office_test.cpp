// The office's records over HTTP: who may see what, and what reaches the centre. The rules themselves are tested with their nouns.
#include <doctest/doctest.h>

#include "api/json_value.h"
#include "archive/wav.h"
#include "fake_centre.h"
#include "floor/events.h"

using namespace pasokh;
using namespace pasokh::api;

namespace {

// A call that agent a01 had with 09121234567, and one that a02 had, in the journal of the desk.
void two_calls(Desk& desk) {
  namespace f = floor;
  std::vector<f::Event> events;
  std::vector<storage::RowChange> rows;
  const auto tell = [&](f::Event event) { events.push_back(std::move(event)); };
  tell(f::QueueSet{{1}, "support", {}});
  tell(f::AgentSet{{1}, "a01", {}});
  tell(f::AgentSet{{2}, "a02", {}});
  for (const std::uint64_t n : {1, 2}) {
    f::CallArrived arrived;
    arrived.call = {n};
    arrived.leg = {n * 2 + 1};
    arrived.caller = {n};
    tell(arrived);
    tell(f::CallQueued{{n}, {1}, 0, desk.now, 1});
    tell(f::CallOffered{{n}, {1}, {n}, {}, {n * 2 + 2}, desk.now, {}});
    tell(f::OfferAnswered{{n}, {n}, {n * 2 + 2}});
    tell(f::CallLeftQueue{{n}, {1}, f::LeftQueue::answered});
    tell(f::AgentLeftCall{{n}, {n}});
    tell(f::CallEnded{{n}, f::Outcome::answered, f::EndCause::hung_up});
    rows.push_back({storage::LiveKind::party, text(PartyId{n}), n == 1 ? "09121234567\nعلی" : "02188776655"});
  }
  in_journal(desk, std::move(events), std::move(rows));
}

std::size_t router_limit_of(std::string_view operation) {
  for (const Route& route : all_routes()) if (route.operation == operation) return route.body_max;
  return 0;
}

bool holds(const Response& response, const std::string& text) { return response.body.find(text) != std::string::npos; }

}  // namespace

// B5
TEST_CASE("an agent writes the report of the own call; only a complete one is told to the centre") {
  Desk desk;
  two_calls(desk);
  const std::string agent = desk.token_of("agent"), supervisor = desk.token_of("supervisor");
  const auto before = desk.centre.commands.size();
  const Response draft = desk.send("PUT", "/v1/call-reports/1", agent, R"({"note":"می‌خواهد فردا زنگ بزنیم"})");
  CHECK(draft.status == 200);
  CHECK(holds(draft, R"("complete":false)"));
  CHECK(desk.centre.commands.size() == before);
  CHECK(fault_code(desk.send("PUT", "/v1/call-reports/1", agent, R"({"disposition":"nothing-such"})")) == "disposition-wrong");
  CHECK(fault_code(desk.send("PUT", "/v1/call-reports/1", agent, R"({"disposition":"resolved","follow_up_at":"1390-01-01"})")) == "follow-up-time");
  CHECK(holds(desk.send("PUT", "/v1/call-reports/1", agent, R"({"disposition":"call_back"})"), R"("complete":false)"));  // asks for a date
  CHECK(desk.centre.commands.size() == before);
  const Response whole = desk.send("PUT", "/v1/call-reports/1", agent, R"({"follow_up_at":"2026-12-20T10:00:00Z","next_step":"تماس"})");
  CHECK(holds(whole, R"("complete":true)"));
  CHECK(desk.centre.last().verb == "report");
  CHECK(desk.centre.last().target == "a01");
  CHECK(desk.centre.last().settings.at("call") == "1");
  CHECK(holds(desk.send("GET", "/v1/call-reports/1", agent), "فردا"));
  CHECK(holds(desk.send("GET", "/v1/follow-ups", agent), "\"call\":\"1\""));
  CHECK(desk.send("POST", "/v1/follow-ups/1/done", agent).status == 204);
  CHECK(desk.send("GET", "/v1/follow-ups", agent).body == "[]");
  CHECK(desk.undeclared.empty());
}

TEST_CASE("agents see and write their own reports, supervisors see all") {
  Desk desk;
  two_calls(desk);
  const std::string agent = desk.token_of("agent"), supervisor = desk.token_of("supervisor");
  CHECK(fault_code(desk.send("PUT", "/v1/call-reports/2", agent, R"({"disposition":"resolved"})")) == "not-yours");
  CHECK(fault_code(desk.send("GET", "/v1/call-reports/2", agent)) == "not-yours");
  CHECK(fault_code(desk.send("PUT", "/v1/call-reports/1", agent, R"({"disposition":"resolved","agent":"a02"})")) == "not-yours");
  CHECK(fault_code(desk.send("GET", "/v1/call-reports?agent=a02", agent)) == "not-yours");
  CHECK(desk.send("PUT", "/v1/call-reports/2", supervisor, R"({"disposition":"resolved","agent":"a02"})").status == 200);
  CHECK(desk.send("GET", "/v1/call-reports", agent).body == "[]");
  CHECK(holds(desk.send("GET", "/v1/call-reports", supervisor), "\"agent\":\"a02\""));
  CHECK(holds(desk.send("GET", "/v1/call-reports/2", supervisor), "resolved"));
  CHECK(fault_code(desk.send("PUT", "/v1/call-reports/9", supervisor, R"({"agent":"a02"})")) == "call-unknown");
}

// B1: who calls, and what was before
TEST_CASE("a contact's history holds the calls of its numbers with what was written, and a number's without a contact too") {
  Desk desk;
  two_calls(desk);
  const std::string agent = desk.token_of("agent"), supervisor = desk.token_of("supervisor");
  CHECK(desk.send("PUT", "/v1/call-reports/1", agent, R"({"disposition":"resolved","note":"کارت مسدود بود"})").status == 200);
  const Response added = desk.send("POST", "/v1/contacts", agent, R"({"name":"علی‌رضا کیانی","numbers":[{"number":"+98 912 123 45 67","label":"همراه"}]})");
  REQUIRE(added.status == 200);
  CHECK(holds(added, R"("id":"1")"));
  CHECK(holds(desk.send("GET", "/v1/contacts?search=%D8%B9%D9%84%D9%8A%D8%B1%D8%B6%D8%A7", agent), "کیانی"));   // عليرضا, Arabic ye, joined
  CHECK(holds(desk.send("GET", "/v1/contacts?number=09121234567", agent), "کیانی"));
  const Response history = desk.send("GET", "/v1/contacts/1/history", agent);
  CHECK(holds(history, R"("call":"1")"));
  CHECK(holds(history, "کارت مسدود بود"));
  CHECK_FALSE(holds(history, R"("call":"2")"));
  CHECK(holds(desk.send("GET", "/v1/number-history?number=021-88776655", agent), R"("call":"2")"));
  CHECK(fault_code(desk.send("DELETE", "/v1/contacts/1", agent)) == "not-allowed");
  CHECK(desk.send("PUT", "/v1/call-reports/1", agent, R"({"contact":"1"})").status == 200);
  CHECK(holds(desk.send("DELETE", "/v1/contacts/1?forget=true", supervisor), R"("reports_emptied":1)"));
  CHECK(holds(desk.send("GET", "/v1/call-reports?disposition=resolved", supervisor), R"("note":"")"));        // counted still
  CHECK(desk.send("GET", "/v1/number-history?number=09121234567", agent).body == "[]");
  CHECK(fault_code(desk.send("GET", "/v1/contacts/1", agent)) == "contact-unknown");
  CHECK(desk.undeclared.empty());
}

// B1: hours are kept as people say them and told to the centre as moments.
TEST_CASE("opening hours and holidays reach the centre as moments; what is wrong or in use is refused") {
  Desk desk;
  desk.centre.lists["hours"] = R"([{"hours":"office"}])";
  const std::string admin = desk.token_of("administrator");
  CHECK(fault_code(desk.send("PUT", "/v1/hours/office", admin, R"({"week":[],"holidays":"none"})")) == "holidays-unknown");
  CHECK(fault_code(desk.send("PUT", "/v1/hours/office", admin, R"({"week":[{"day":"saturday","from":"8","to":"16:00"}]})")) == "hours-bad");
  CHECK(desk.send("PUT", "/v1/hours/office", admin, R"({"week":[{"day":"saturday","from":"08:00","to":"16:00"}]})").status == 200);
  CHECK(desk.centre.last().noun == "hours");
  const std::string before = desk.centre.last().settings.at("openings");
  CHECK(std::count(before.begin(), before.end(), '-') == 13);                                   // Saturdays of 91 days
  CHECK(fault_code(desk.send("PUT", "/v1/holidays/iran", admin, R"({"days":[{"calendar":"jalali","date":"1404-12-30"}]})")) == "holiday-bad");
  CHECK(desk.send("PUT", "/v1/holidays/iran", admin, R"({"days":[{"calendar":"gregorian","date":"2026-11-28","name_fa":"تعطیل"}]})").status == 200);  // a Saturday
  CHECK(desk.send("PUT", "/v1/hours/office", admin, R"({"week":[{"day":"saturday","from":"08:00","to":"16:00"}],"holidays":"iran"})").status == 200);
  const std::string after = desk.centre.last().settings.at("openings");
  CHECK(std::count(after.begin(), after.end(), '-') == 12);
  CHECK(holds(desk.send("GET", "/v1/hours", admin), R"({"code":"office","week":[{"day":"saturday","from":"08:00","to":"16:00"}],"holidays":"iran"})"));
  CHECK(holds(desk.send("GET", "/v1/holidays", admin), R"("date":"2026-11-28")"));
  CHECK(holds(desk.send("GET", "/v1/holiday-templates", admin), "--01-13"));
  CHECK(fault_code(desk.send("DELETE", "/v1/holidays/iran", admin)) == "holidays-in-use");
  CHECK(desk.send("DELETE", "/v1/hours/office", admin).status == 204);
  CHECK(desk.send("DELETE", "/v1/holidays/iran", admin).status == 204);
  CHECK(desk.undeclared.empty());
}

// Bad input of the console: an upload that is no audio; one that is; a text that is spoken.
TEST_CASE("a prompt is uploaded as WAV and kept as mono 8 kHz; what is no audio is refused by name, and leaves nothing behind") {
  Desk desk;
  const std::string admin = desk.token_of("administrator");
  const auto upload = [&](const std::string& name, const std::string& body) { return desk.send("PUT", "/v1/prompts/" + name + "?language=fa", admin, body, {{"content-type", "audio/wav"}}); };
  CHECK(fault_code(upload("greeting", std::string(5'000, 'x'))) == "not-audio");
  CHECK(fault_code(upload("greeting", "RIFF" + std::string(5'000, '\0'))) == "not-audio");
  CHECK(fault_code(upload("greeting", "OggS" + std::string(5'000, '\1'))) == "not-audio");
  CHECK(fault_code(upload("Bad%2fname", "RIFF")) == "prompt-bad");
  CHECK(desk.send("GET", "/v1/prompts", admin).body == "[]");
  std::string stereo = archive::wav_header(16'000, 2, 16'000 * 4);
  for (int i = 0; i < 16'000 * 2; ++i) { const auto sample = static_cast<std::int16_t>((i * 37) % 8'000); stereo.append(reinterpret_cast<const char*>(&sample), 2); }
  CHECK(holds(upload("greeting", stereo), R"("duration_ms":1000)"));
  CHECK(holds(desk.send("GET", "/v1/prompts", admin), R"("name":"greeting","language":"fa")"));
  const Response sound = desk.send("GET", "/v1/prompts/greeting/audio?language=fa", admin);
  CHECK(sound.body.size() == 44 + 8'000 * 2);
  CHECK(desk.send("DELETE", "/v1/prompts/greeting?language=fa", admin).status == 204);
  CHECK(fault_code(desk.send("GET", "/v1/prompts/greeting/audio?language=fa", admin)) == "prompt-unknown");
  std::size_t left = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(desk.folder.path + "/prompts")) left += entry.is_regular_file();
  CHECK(left == 0);
  CHECK(router_limit_of("prompt_put") < (200u << 20));   // a 200 MB upload is refused by its Content-Length, before a byte is read (server_test)
  CHECK(desk.undeclared.empty());
}

TEST_CASE("saved views belong to one person and hold any object") {
  Desk desk;
  const std::string agent = desk.token_of("agent"), supervisor = desk.token_of("supervisor");
  CHECK(desk.send("PUT", "/v1/views/today", agent, R"({"columns":["call","wait_ms"]})").status == 200);
  CHECK(desk.send("GET", "/v1/views/today", agent).body == R"({"columns":["call","wait_ms"]})");
  CHECK(desk.send("GET", "/v1/views", agent).body == R"({"today":{"columns":["call","wait_ms"]}})");
  CHECK(fault_code(desk.send("GET", "/v1/views/today", supervisor)) == "view-unknown");
  CHECK(fault_code(desk.send("PUT", "/v1/views/today", agent, "[1]")) == "bad-body");
  CHECK(desk.send("DELETE", "/v1/views/today", agent).status == 204);
  CHECK(desk.send("GET", "/v1/views", agent).body == "{}");
}
