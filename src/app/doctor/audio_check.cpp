#include <memory>

#include "app/caller/loop.h"
#include "app/caller/user_agent.h"
#include "app/doctor/checks.h"

namespace pasokh::app::doctor {
namespace {

constexpr std::int64_t packets_expected = 100;  // of 150 in three seconds: the first may come late

sip::Address reached_at(const Listen& listen) {
  sip::Address address;
  address.ip = listen.host == "0.0.0.0" ? "127.0.0.1" : listen.host == "::" ? "::1" : listen.host;
  address.port = listen.port;
  return address;
}

}  // namespace

void check_audio(const Configuration& c, bool server_running, const std::string& number, Findings& findings) {
  if (!server_running || number.empty()) {
    findings.push_back({"audio", Verdict::warning, server_running ? "not tried: no number is known" : "not tried: the server does not run", "whether audio gets through is not known",
                        server_running ? "pasokh doctor DIR --call NUMBER, with a number that leads to a queue" : "start it with: pasokh serve DIR ; then ask again"});
    return;
  }
  caller::Loop loop;
  caller::UserAgent agent(loop, {.server = reached_at(c.sip), .user = {}, .password = {}, .domain = {}, .bind = {}});
  if (auto opened = agent.open(); !opened) {
    findings.push_back({"audio", Verdict::problem, opened.error().text, "no call can be placed from this machine", "look at the firewall"});
    return;
  }
  const auto call = agent.call(number, "doctor");
  call->on_answered = [&] { loop.after(Duration::seconds(3), [call] { call->hang_up(); }); };
  call->on_ended = [&] { loop.after(Duration::milliseconds(200), [&loop] { loop.stop(); }); };
  loop.after(Duration::seconds(15), [&] { call->hang_up(); loop.stop(); });
  loop.run();
  const auto& heard = call->audio().figures();
  const std::string figures = std::to_string(heard.received) + " packets heard, " + std::to_string(heard.lost) + " lost, largest gap " + std::to_string(heard.largest_gap_ms) + " ms";
  if (!call->answered())
    findings.push_back({"audio", Verdict::problem, "a call to " + number + " was not answered: " + std::to_string(call->status()) + " " + call->reason(), "customers may meet the same",
                        "is the number set (pasokh number list) and does a trunk take calls from 127.0.0.1 (pasokh trunk list)?"});
  else if (heard.received < packets_expected)
    findings.push_back({"audio", Verdict::problem, "a call to " + number + ": " + figures, "callers hear nothing", "do the media workers run (pasokh centre health)? does a firewall drop UDP on the rtp ports?"});
  else if (heard.lost > 0 || heard.largest_gap_ms > 100)
    findings.push_back({"audio", Verdict::warning, "a call to " + number + ": " + figures, "callers may hear clicks", "is the machine overloaded? see `top`"});
  else
    findings.push_back({"audio", Verdict::ok, "a call to " + number + ": " + figures});
}

}  // namespace pasokh::app::doctor
