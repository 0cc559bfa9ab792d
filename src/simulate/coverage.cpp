#include "simulate/coverage.h"

#include <algorithm>

#include "base/codec.h"
#include "floor/state.h"
#include "sip/rows.h"

namespace pasokh::simulate {
namespace {

using namespace floor;

// What an agent can meet…
enum AgentStimulus : std::size_t { sign_in, set_ready, set_paused, sign_out, hold_asked, transfer_asked, complete_asked, cancel_asked, phone_rings, phone_answers, phone_leg_gone, phone_holds, phone_refers, phone_digit, device_lost, device_back, clock_ticks };
// …and a call.
enum CallPhase : std::size_t { waiting, offered, talking, held, consulting, transferring, nobody };
enum CallStimulus : std::size_t { customer_leaves, offer_rings, offer_answers, offer_gone, agent_leg_gone, side_rings, side_answers, side_gone, held_by_phone, programme_ends, digit, asked_to_hold, asked_to_transfer, asked_to_complete, asked_to_cancel, given, tick };
// A leg of SIP, and what its peer says.
enum LegSaid : std::size_t { ack, bye, cancel, reinvite, update, info, refer, options, provisional, success, failure, other_success, other_failure };

// Pairs that cannot be, each with its reason.
struct Impossible { const char* table; const char* state; const char* stimulus; const char* why; };
constexpr Impossible impossible[] = {
    {"agent", "signed_out", "phone holds", "a phone without an agent has no call of ours to hold, save one it answered at an empty desk, which is no agent's"},
    {"agent", "signed_out", "phone refers", "as above"},
    {"agent", "signed_out", "phone digit", "as above"},
    {"agent", "signed_out", "phone rings", "who is signed out sits at no phone"}, {"agent", "signed_out", "phone answers", "as above"}, {"agent", "signed_out", "phone leg gone", "as above"},
    {"agent", "signed_out", "device lost", "as above"}, {"agent", "signed_out", "device back", "as above"},
    {"agent", "ready", "phone holds", "whoever is ready has no call; what rings becomes `offered` or stands beside as a consult, unanswered"},
    {"agent", "ready", "phone refers", "as above"},
    {"agent", "ready", "phone digit", "as above"},
    {"agent", "offered", "phone holds", "a phone holds what it has answered; who has answered is talking"},
    {"agent", "offered", "phone refers", "as above"},
    {"agent", "offered", "phone digit", "as above"},
    {"agent", "paused", "phone holds", "whoever answers a consult or a transfer in a pause is talking then"},
    {"agent", "paused", "phone refers", "as above"},
    {"agent", "paused", "phone digit", "as above"},
    {"agent", "wrap_up", "phone holds", "the leg is over before the wrap-up begins"},
    {"agent", "wrap_up", "phone refers", "as above"},
    {"agent", "wrap_up", "phone digit", "as above"},
    {"call", "waiting", "offer rings", "an offer makes the call `offered`"},
    {"call", "waiting", "offer answers", "as above"},
    {"call", "waiting", "offer gone", "as above"},
    {"call", "waiting", "agent leg gone", "a waiting call has no agent's leg: it was ended when the call was given back"},
    {"call", "offered", "agent leg gone", "as above"},
    {"call", "waiting", "held by phone", "the customer's carrier may hold; what the agent's phone holds is a talk"},
    {"call", "offered", "held by phone", "a phone holds what it has answered"}, {"call", "transferring", "held by phone", "as above; the agent has left"},
    {"call", "talking", "offer rings", "offers are withdrawn when one is answered"},
    {"call", "talking", "offer answers", "as above"},
    {"call", "talking", "offer gone", "as above"},
    {"call", "held", "offer rings", "as above"}, {"call", "held", "offer answers", "as above"}, {"call", "held", "offer gone", "as above"},
    {"call", "consulting", "offer rings", "as above"}, {"call", "consulting", "offer answers", "as above"}, {"call", "consulting", "offer gone", "as above"},
    {"call", "transferring", "offer rings", "a blind transfer to an agent rings beside the line"}, {"call", "transferring", "offer answers", "as above"}, {"call", "transferring", "offer gone", "as above"},
    {"call", "transferring", "agent leg gone", "the agent has left with the transfer"},
    {"call", "waiting", "side rings", "a side party stands only beside a talk or in its place"}, {"call", "waiting", "side answers", "as above"}, {"call", "waiting", "side gone", "as above"},
    {"call", "offered", "side rings", "as above"}, {"call", "offered", "side answers", "as above"}, {"call", "offered", "side gone", "as above"},
    {"call", "talking", "side rings", "with a side party it is `consulting` or `transferring`"}, {"call", "talking", "side answers", "as above"}, {"call", "talking", "side gone", "as above"},
    {"call", "held", "side rings", "as above"}, {"call", "held", "side answers", "as above"}, {"call", "held", "side gone", "as above"},
    {"leg", "calling", "ACK", "we are the caller: the ACK is ours to send"}, {"leg", "calling", "CANCEL", "as above"},
    {"leg", "calling", "BYE", "there is no dialog before the answer"}, {"leg", "calling", "re-INVITE", "as above"}, {"leg", "calling", "INFO", "as above"}, {"leg", "calling", "REFER", "as above"},
    {"leg", "answered", "provisional", "§15: no request of ours before the ACK"}, {"leg", "answered", "success", "as above"}, {"leg", "answered", "failure", "as above"}, {"leg", "answered", "other success", "as above"}, {"leg", "answered", "other failure", "as above"},
    {"leg", "arrived", "provisional", "we have asked nothing of that peer yet"}, {"leg", "arrived", "success", "as above"}, {"leg", "arrived", "failure", "as above"}, {"leg", "arrived", "other success", "as above"}, {"leg", "arrived", "other failure", "as above"},
    {"leg", "arrived", "UPDATE", "no dialog before a reliable provisional answer"}, {"leg", "arrived", "INFO", "as above"}, {"leg", "arrived", "REFER", "as above"}, {"leg", "arrived", "re-INVITE", "a repetition belongs to the transaction"},
};

}  // namespace

Coverage::Table Coverage::agents() {
  return {{"signed_out", "ready", "paused", "offered", "talking", "wrap_up"},
          {"sign in", "ready", "pause", "sign out", "hold", "transfer", "complete", "cancel", "phone rings", "phone answers", "phone leg gone", "phone holds", "phone refers", "phone digit", "device lost", "device back", "tick"}, {}};
}
Coverage::Table Coverage::calls() {
  return {{"waiting", "offered", "talking", "held", "consulting", "transferring"},
          {"customer leaves", "offer rings", "offer answers", "offer gone", "agent leg gone", "side rings", "side answers", "side gone", "held by phone", "programme ends", "digit", "hold", "transfer", "complete", "cancel", "given", "tick"}, {}};
}
Coverage::Table Coverage::legs() {
  return {{"arrived", "answered", "calling", "confirmed", "ending"},
          {"ACK", "BYE", "CANCEL", "re-INVITE", "UPDATE", "INFO", "REFER", "OPTIONS", "provisional", "success", "failure", "other success", "other failure"}, {}};
}

void Coverage::floor(const Stimulus& stimulus, const Floor& before) {
  const Floor::State& state = before.inspect();
  auto agent_meets = [&](AgentId id, AgentStimulus what) { if (id && id.value <= state.agents.size()) meet(0, static_cast<std::size_t>(state.agent(id).state), what); };
  auto named = [&](const std::string& code, AgentStimulus what) { agent_meets(before.agent(code), what); };
  auto phase = [](const Call& call) -> CallPhase {
    if (call.waiting) return call.offers.empty() ? waiting : offered;
    if (call.consult.leg) return consulting;
    if (call.transfer.leg) return transferring;
    if (call.held) return held;
    return call.agent_leg ? talking : nobody;
  };
  auto call_meets = [&](const Call* call, CallStimulus what) { if (call && phase(*call) != nobody) meet(1, phase(*call), what); };
  auto call_of_agent = [&](const std::string& code) -> const Call* {
    const AgentId id = before.agent(code);
    return id ? state.find(state.agent(id).call) : nullptr;
  };
  auto leg_meets = [&](LegId id, AgentStimulus what) {
    const Leg* leg = state.find(id);
    if (!leg || !leg->device || leg->device.value > state.devices.size()) return;
    agent_meets(state.device(leg->device).seated, what);
  };
  auto by_role = [&](LegId id, CallStimulus of_offer, CallStimulus of_side) {
    const Leg* leg = state.find(id);
    if (!leg) return;
    if (leg->role == LegRole::offer) call_meets(state.find(leg->call), of_offer);
    if (leg->role == LegRole::consult || leg->role == LegRole::transfer) call_meets(state.find(leg->call), of_side);
  };
  struct Reader {
    decltype(agent_meets)& agent; decltype(named)& code; decltype(call_meets)& call; decltype(call_of_agent)& of; decltype(leg_meets)& phone; decltype(by_role)& role; const Floor::State& state; const Floor& floor;
    void operator()(const floor::LegRinging& s) const { phone(s.leg, phone_rings); role(s.leg, offer_rings, side_rings); }
    void operator()(const LegAnsweredByPeer& s) const { phone(s.leg, phone_answers); role(s.leg, offer_answers, side_answers); }
    void operator()(const LegGone& s) const {
      phone(s.leg, phone_leg_gone);
      role(s.leg, offer_gone, side_gone);
      const Leg* leg = state.find(s.leg);
      if (!leg) return;
      if (leg->role == LegRole::customer) call(state.find(leg->call), customer_leaves);
      if (leg->role == LegRole::agent) call(state.find(leg->call), agent_leg_gone);
    }
    void operator()(const LegHeldByPeer& s) const {
      if (!s.held) return;
      phone(s.leg, phone_holds);
      if (const Leg* leg = state.find(s.leg); leg && leg->role != LegRole::customer) call(state.find(leg->call), held_by_phone);
    }
    void operator()(const DigitPressed& s) const { phone(s.leg, phone_digit); call(state.find(floor.call_of(s.leg)), digit); }
    void operator()(const ProgrammeFinished& s) const { call(state.find(floor.call_of(s.leg)), programme_ends); }
    void operator()(const TransferAsked& s) const { phone(s.leg, phone_refers); call(state.find(floor.call_of(s.leg)), asked_to_transfer); }
    void operator()(const DeviceReachable& s) const { if (s.device && s.device.value <= state.devices.size()) agent(state.device(s.device).seated, s.reachable ? device_back : device_lost); }
    void operator()(const SignIn& s) const { code(s.agent, sign_in); }
    void operator()(const SetReady& s) const { code(s.agent, set_ready); }
    void operator()(const SetPaused& s) const { code(s.agent, set_paused); }
    void operator()(const SignOut& s) const { code(s.agent, sign_out); }
    void operator()(const Hold& s) const { code(s.agent, hold_asked); call(of(s.agent), asked_to_hold); }
    void operator()(const Transfer& s) const { code(s.agent, transfer_asked); call(of(s.agent), asked_to_transfer); }
    void operator()(const CompleteTransfer& s) const { code(s.agent, complete_asked); call(of(s.agent), asked_to_complete); }
    void operator()(const CancelConsult& s) const { code(s.agent, cancel_asked); call(of(s.agent), asked_to_cancel); }
    void operator()(const GiveCall& s) const { call(state.find(s.call), given); }
    void operator()(const Tick&) const {
      for (const Agent& a : state.agents) agent(a.id, clock_ticks);
      for (const auto& [id, c] : state.calls) call(&c, tick);
    }
    void operator()(const floor::LegArrived&) const {}
    void operator()(const CaptureFailed&) const {}
    void operator()(const HangUp&) const {}
    void operator()(const PlaceCall&) const {}
    void operator()(const Configure&) const {}
    void operator()(const Restarted&) const {}
    void operator()(const LegReplacedByPeer&) const {}
    void operator()(const floor::CompleteReport&) const {}
    void operator()(const floor::ReleaseReport&) const {}
  };
  std::visit(Reader{agent_meets, named, call_meets, call_of_agent, leg_meets, by_role, state, before}, stimulus);
}

void Coverage::message(const Control& control, std::string_view bytes) {
  auto value = [&](std::string_view name) {
    const auto at = bytes.find(name);
    return at == bytes.npos ? std::string_view{} : bytes.substr(at + name.size(), bytes.find("\r\n", at + 2) - at - name.size());
  };
  const auto call_id = value("\r\nCall-ID: "), cseq = value("\r\nCSeq: ");
  const auto method = cseq.substr(std::min(cseq.size(), cseq.find(' ') + 1));
  if (call_id.empty() || method == "REGISTER") return;
  const bool to_tag = value("\r\nTo: ").find(";tag=") != std::string_view::npos;
  LegSaid said = options;
  if (bytes.starts_with("SIP/2.0 ")) {
    const bool invite = method == "INVITE", good = bytes[8] == '2';
    if (method == "CANCEL" || method == "OPTIONS") return;
    said = bytes[8] == '1' ? provisional : invite ? (good ? success : failure) : (good ? other_success : other_failure);
  } else if (method == "INVITE") {
    if (!to_tag) return;  // it makes the leg
    said = reinvite;
  } else if (method == "ACK") said = ack;
  else if (method == "BYE") said = bye;
  else if (method == "CANCEL") said = cancel;
  else if (method == "UPDATE") said = update;
  else if (method == "INFO") said = info;
  else if (method == "REFER") said = refer;
  else if (method != "OPTIONS") return;
  const auto first = control.rows().lower_bound({storage::LiveKind::sip_leg, {}});
  for (auto row = first; row != control.rows().end() && row->first.first == storage::LiveKind::sip_leg; ++row) {
    if (row->second.find(call_id) == std::string::npos) continue;
    if (const auto leg = from_bytes<sip::LegRow>(row->second); leg && leg->call_id == call_id) meet(2, static_cast<std::size_t>(leg->state), said);
    return;
  }
}

void Coverage::add(const Coverage& other) {
  for (std::size_t t = 0; t < tables_.size(); ++t)
    for (const auto& [pair, count] : other.tables_[t].met) tables_[t].met[pair] += count;
}

namespace {
const char* ruled_out(const char* table, const std::string& state, const std::string& stimulus) {
  for (const Impossible& pair : impossible)
    if (std::string_view(pair.table) == table && state == pair.state && stimulus == pair.stimulus) return pair.why;
  return nullptr;
}
}  // namespace

Coverage::Sum Coverage::sum() const {
  Sum sum;
  for (std::size_t t = 0; t < tables_.size(); ++t)
    for (std::size_t i = 0; i < tables_[t].states.size(); ++i)
      for (std::size_t j = 0; j < tables_[t].stimuli.size(); ++j) {
        ++sum.pairs;
        if (tables_[t].met.contains({i, j})) ++sum.met;
        else if (ruled_out(names[t], tables_[t].states[i], tables_[t].stimuli[j])) ++sum.ruled_out;
      }
  return sum;
}

std::vector<std::string> Coverage::missing() const {
  std::vector<std::string> out;
  for (std::size_t t = 0; t < tables_.size(); ++t)
    for (std::size_t i = 0; i < tables_[t].states.size(); ++i)
      for (std::size_t j = 0; j < tables_[t].stimuli.size(); ++j)
        if (!tables_[t].met.contains({i, j}) && !ruled_out(names[t], tables_[t].states[i], tables_[t].stimuli[j])) out.push_back(std::string(names[t]) + " " + tables_[t].states[i] + " / " + tables_[t].stimuli[j]);
  return out;
}

std::vector<std::string> Coverage::wrong() const {
  std::vector<std::string> out;
  for (std::size_t t = 0; t < tables_.size(); ++t)
    for (const auto& [pair, count] : tables_[t].met)
      if (const char* why = ruled_out(names[t], tables_[t].states[pair.first], tables_[t].stimuli[pair.second])) out.push_back(std::string(names[t]) + " " + tables_[t].states[pair.first] + " / " + tables_[t].stimuli[pair.second] + " was ruled out (" + why + ") and met " + std::to_string(count) + " times");
  return out;
}

std::string Coverage::table() const {
  std::string out;
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    out += std::string("\n") + names[t] + "\n";
    for (std::size_t j = 0; j < tables_[t].stimuli.size(); ++j) {
      std::string line = "  " + tables_[t].stimuli[j];
      line.resize(20, ' ');
      for (std::size_t i = 0; i < tables_[t].states.size(); ++i) {
        const auto met = tables_[t].met.find({i, j});
        std::string cell = met != tables_[t].met.end() ? std::to_string(met->second) : ruled_out(names[t], tables_[t].states[i], tables_[t].stimuli[j]) ? "-" : "?";
        cell.insert(0, cell.size() < 13 ? 13 - cell.size() : 1, ' ');
        line += cell;
      }
      out += line + "\n";
    }
    std::string heads(20, ' ');
    for (const auto& state : tables_[t].states) { std::string cell = state; cell.insert(0, cell.size() < 13 ? 13 - cell.size() : 1, ' '); heads += cell; }
    out.insert(out.rfind(std::string("\n") + names[t] + "\n") + 2 + std::string_view(names[t]).size(), heads + "\n");
  }
  return out;
}

}  // namespace pasokh::simulate
