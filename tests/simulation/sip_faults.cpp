// Does the auditor of the world with telephones bite? Each fault below is switched on between control and its world, one at a time, in
// centres in which nothing is found without it; each must be found. The second table of tests/simulation/faults.md is printed by --list.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "simulate/sip_auditor.h"

using namespace pasokh;
using namespace pasokh::simulate;

namespace {

constexpr std::uint64_t seeds[] = {41, 43, 46, 47};

struct Fault {
  const char* name;
  const char* says;
  std::function<ControlTampering()> make;
  bool rough = false;                     // on a bad network and machine; else on a good one
  bool attends = false;                   // phones make their own attended transfers
};

bool is(const std::string& bytes, std::string_view start, std::string_view method = {}) {
  if (!bytes.starts_with(start)) return false;
  return method.empty() || bytes.find(" " + std::string(method) + "\r\n", bytes.find("\r\nCSeq: ")) != std::string::npos;
}

// both ways out: held for the commit, and early
ControlTampering loses(std::string_view start, std::string_view method = {}) {
  ControlTampering t;
  t.turn = [=](switchboard::Turn& turn) { std::erase_if(turn.datagrams, [&](const auto& d) { return is(d.bytes, start, method); }); };
  t.loses_early = [=](const switchboard::Datagram& d) { return is(d.bytes, start, method); };
  return t;
}
ControlTampering loses_repeated(std::string_view start, std::string_view method = {}) {
  ControlTampering t;
  t.loses_early = [=](const switchboard::Datagram& d) { return is(d.bytes, start, method); };
  return t;
}
ControlTampering changes(std::function<void(switchboard::Turn&)> how) {
  ControlTampering t;
  t.turn = std::move(how);
  return t;
}
template <class Order> ControlTampering loses_order() {
  return changes([](switchboard::Turn& turn) { std::erase_if(turn.orders, [](const auto& o) { return std::holds_alternative<Order>(o.order); }); });
}
ControlTampering forgets(storage::LiveKind which) {
  ControlTampering t;
  t.forgets_row = [which](storage::LiveKind kind, const std::string&) { return kind == which; };
  return t;
}
ControlTampering flag(bool ControlTampering::*what) {
  ControlTampering t;
  t.*what = true;
  return t;
}

ControlTampering hears_wrong(std::function<void(switchboard::Command&)> how) {
  ControlTampering t;
  t.command = std::move(how);
  return t;
}
// In the turns in which such an event stands, the workers are not told who hears whom.
template <class Event> ControlTampering deaf_after() {
  return changes([](switchboard::Turn& turn) {
    const bool has = std::any_of(turn.events.begin(), turn.events.end(), [](const auto& e) { return std::holds_alternative<Event>(e.event); });
    if (has) std::erase_if(turn.orders, [](const auto& o) { return std::holds_alternative<media::LegWanted>(o.order); });
  });
}

std::vector<Fault> faults() {
  return {
      {"bye-lost", "our BYE never leaves", [] { return loses("BYE "); }, false},
      {"cancel-lost", "our CANCEL never leaves", [] { return loses("CANCEL "); }, false},
      {"ack-lost", "a phone's 200 is never acknowledged", [] { return loses("ACK "); }, false},
      {"answer-lost", "callers never get their 200", [] { return loses("SIP/2.0 200", "INVITE"); }, false},
      {"answer-not-repeated", "a 200 is sent once, whatever gets lost", [] { return loses_repeated("SIP/2.0 200", "INVITE"); }, true},
      {"invite-not-repeated", "an INVITE to a phone is sent once, whatever gets lost", [] { return loses_repeated("INVITE "); }, true},
      {"port-wrong", "our SDP names another port", [] { return changes([](switchboard::Turn& turn) {
         for (auto& d : turn.datagrams)
           if (const auto m = d.bytes.find("m=audio "); m != std::string::npos) d.bytes[m + 12] = d.bytes[m + 12] == '8' ? '0' : '8';
       }); }, false},
      {"caller-swapped", "the display shows the number of another caller", [] { return changes([](switchboard::Turn& turn) {
         for (auto& d : turn.datagrams)
           if (const auto from = d.bytes.find("sip:0912"); d.bytes.starts_with("INVITE ") && from != std::string::npos && from < d.bytes.find("\r\nTo:")) d.bytes[from + 14] = d.bytes[from + 14] == '1' ? '0' : '1';
       }); }, false},
      {"rung-twice", "two phones' worth of INVITE for one offer", [] { return changes([](switchboard::Turn& turn) {
         const auto n = turn.datagrams.size();
         for (std::size_t i = 0; i < n; ++i) {
           if (!turn.datagrams[i].bytes.starts_with("INVITE ") || turn.datagrams[i].to.transport == sip::Transport::tcp) continue;
           auto copy = turn.datagrams[i];
           copy.bytes.insert(copy.bytes.find("Call-ID: ") + 9, "x");
           copy.bytes.insert(copy.bytes.find("branch=z9hG4bK") + 14, "x");
           turn.datagrams.push_back(std::move(copy));
         }
       }); }, false},
      {"hears-another", "a worker is told to let people hear the wrong leg", [] { return changes([last = LegId{}](switchboard::Turn& turn) mutable {
         for (auto& o : turn.orders)
           if (auto* wanted = std::get_if<media::LegWanted>(&o.order); wanted && wanted->hears) { std::swap(last, wanted->hears); if (!wanted->hears) wanted->hears = last; }
       }); }, false},
      {"silence", "a waiting caller's programme is not ordered", [] { return changes([](switchboard::Turn& turn) {
         for (auto& o : turn.orders) if (auto* wanted = std::get_if<media::LegWanted>(&o.order)) wanted->programme = {};
       }); }, false},
      {"recording-not-ordered", "no capture is opened", [] { return loses_order<media::CaptureWanted>(); }, false},
      {"leg-not-removed", "a worker keeps the port of a leg that is over", [] { return loses_order<media::LegRemove>(); }, false},
      {"capture-not-closed", "a capture is never closed", [] { return loses_order<media::CaptureClose>(); }, false},
      {"row-kept", "the row of a leg that is over stays", [] { return changes([](switchboard::Turn& turn) {
         std::erase_if(turn.rows, [](const auto& row) { return row.kind == storage::LiveKind::sip_leg && !row.value; });
       }); }, false},
      {"timers-late", "every deadline is served twenty seconds late", [] {
         ControlTampering t;
         t.deadline = [](Instant due) { return due == Instant::never() ? due : due + Duration::seconds(20); };
         return t;
       }, false},
      {"effects-first", "outputs leave before the commit", [] { return flag(&ControlTampering::effects_first); }, true},
      {"legs-forgotten", "a start does not read the legs' rows", [] { return forgets(storage::LiveKind::sip_leg); }, true},
      {"phones-forgotten", "a start does not read the phones' bindings", [] { return forgets(storage::LiveKind::sip_binding); }, true},
      {"event-forgotten", "a start reads one event too few", [] { return flag(&ControlTampering::forgets_last_event); }, true},
      {"workers-not-told", "after a start the workers are told nothing", [] { return flag(&ControlTampering::workers_not_told); }, true},
      {"report-not-required", "a queue's wish for reports is not heard", [] { return hears_wrong([](auto& c) { if (c.noun == "queue" && c.settings.contains("report")) c.settings["report"] = "optional"; }); }, false},
      {"report-unheard", "a report is said to be kept, and the agent waits on", [] { return hears_wrong([](auto& c) { if (c.verb == "report" || c.verb == "release") c.verb = "list"; }); }, false},
      {"plan-open", "numbers abroad may be called against the outbound plan", [] { return hears_wrong([](auto& c) { if (c.noun == "centre" && c.settings.contains("outbound")) c.settings["outbound"] = "0:carrier"; }); }, false},
      {"plan-shut", "nothing may be called outside, against the outbound plan", [] { return hears_wrong([](auto& c) { if (c.noun == "centre") c.settings.erase("outbound"); }); }, false},
      {"called-shown", "whom an agent calls outside sees the own number as the caller's", [] { return changes([](switchboard::Turn& turn) {
         for (auto& d : turn.datagrams) {
           const auto from = d.bytes.find("\r\nFrom: <sip:");
           if (!d.bytes.starts_with("INVITE sip:021") || from == std::string::npos) continue;
           d.bytes.replace(from + 13, d.bytes.find('@', from) - from - 13, d.bytes.substr(11, d.bytes.find('@') - 11));
         }
       }); }, false},
      {"own-call-deaf", "an agent's own call is answered and the two do not hear each other", [] { return deaf_after<floor::LegAnswered>(); }, false},
      {"join-deaf", "a phone's attended transfer is made and nobody hears anybody", [] { return deaf_after<floor::CallsJoined>(); }, false, true},
      {"stays-refusing", "a disk that has space again is not noticed", [] { return flag(&ControlTampering::stays_refusing); }, true},
  };
}

std::vector<Finding> findings_of(std::uint64_t seed, bool rough, ControlTampering tampering, bool attends = false) {
  SipPlan plan = rough ? any_sip_centre(seed) : calm_sip_centre(seed);
  plan.people.blind_to_queue_permille = plan.people.blind_to_agent_permille = plan.people.consults_permille = plan.refers_permille = plan.attended_permille = 0;
  if (attends) plan.attended_permille = 300;
  if (rough) { plan.full_disks_per_hour = 4; plan.deaths_per_hour = 25; plan.loss_permille = std::max(plan.loss_permille, 20); }
  for (auto& queue : plan.people.queues) queue.settings.overflow_queue.clear();
  SipAuditor auditor(plan);
  SipWorld world(plan, &auditor, std::move(tampering));
  auditor.watch(world);
  auditor.stop_at_first();
  world.run();
  if (auditor.findings().empty()) auditor.day_over();
  return auditor.findings();
}

}  // namespace

int main(int argc, char** argv) {
  const auto all = faults();
  if (argc > 1 && std::strcmp(argv[1], "--list") == 0) {
    std::printf("| fault | what goes wrong |\n|---|---|\n");
    for (const Fault& fault : all) std::printf("| %s | %s |\n", fault.name, fault.says);
    return 0;
  }
  int missed = 0;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  for (const auto& [rough, attends] : {std::pair(false, false), std::pair(true, false), std::pair(false, true)})
    for (const auto seed : seeds)
      for (const Finding& finding : findings_of(seed, rough, {}, attends)) { ++missed; std::printf("seed %llu is not clean: %s: %s\n", static_cast<unsigned long long>(seed), finding.check.c_str(), finding.text.c_str()); }
  for (const Fault& fault : all) {
    std::vector<Finding> found;
    for (const auto seed : seeds)
      if (found = findings_of(seed, fault.rough, fault.make(), fault.attends); !found.empty()) break;
    if (found.empty()) ++missed;
    std::printf("%-22s %s\n", fault.name, found.empty() ? "NOT FOUND" : (found.front().check + ": " + found.front().text).c_str());
  }
  std::printf("%zu faults, %d missed\n", all.size(), missed);
  return missed == 0 ? 0 : 1;
}
