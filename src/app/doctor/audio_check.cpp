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
    findings.push_back({"audio", Verdict::warning, say(server_running ? Say::not_tried_no_number : Say::not_tried_no_server), say(Say::audio_unknown), say(server_running ? Say::give_number : Say::start_server)});
    return;
  }
  caller::Loop loop;
  caller::UserAgent agent(loop, {.server = reached_at(c.sip), .user = {}, .password = {}, .domain = {}, .bind = {}});
  if (auto opened = agent.open(); !opened) {
    findings.push_back({"audio", Verdict::problem, say(Say::no_call_possible, {opened.error().text}), say(Say::cannot_place_call), say(Say::look_at_firewall)});
    return;
  }
  const auto call = agent.call(number, "doctor");
  call->on_answered = [&] { loop.after(Duration::seconds(3), [call] { call->hang_up(); }); };
  call->on_ended = [&] { loop.after(Duration::milliseconds(200), [&loop] { loop.stop(); }); };
  loop.after(Duration::seconds(15), [&] { call->hang_up(); loop.stop(); });
  loop.run();
  const auto& heard = call->audio().figures();
  const Text found = say(Say::call_heard, {number, doctor::number(heard.received), doctor::number(heard.lost), doctor::number(heard.largest_gap_ms)});
  if (!call->answered())
    findings.push_back({"audio", Verdict::problem, say(Say::not_answered, {number, std::to_string(call->status()) + " " + call->reason()}), say(Say::customers_may_too), say(Say::is_number_set)});
  else if (heard.received < packets_expected) findings.push_back({"audio", Verdict::problem, found, say(Say::hear_nothing), say(Say::do_workers_run)});
  else if (heard.lost > 0 || heard.largest_gap_ms > 100) findings.push_back({"audio", Verdict::warning, found, say(Say::may_hear_clicks), say(Say::overloaded)});
  else findings.push_back({"audio", Verdict::ok, found});
}

}  // namespace pasokh::app::doctor
