// Runs one .scenario file against the real floor; README.md beside this file tells the language. After every line the journal
// is replayed into a second floor and a snapshot is loaded: both must be equal to the first.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "floor/floor.h"
#include "floor/state.h"

using namespace pasokh;
using namespace pasokh::floor;

namespace {

using Words = std::vector<std::string>;

Words words_of(const std::string& line) {
  std::istringstream in(line);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.pop_back();
  text.erase(0, text.find_first_not_of(' '));
  return text;
}

bool starts(const Words& words, std::size_t from, std::initializer_list<const char*> with) {
  if (words.size() < from + with.size()) return false;
  for (const char* word : with) if (words[from++] != word) return false;
  return true;
}

class Scenario {
 public:
  explicit Scenario(std::string file) : file_(std::move(file)) {
    tell(Configure{"trunk", "add", "carrier", {}, "scenario"});
    replayed_ = Floor::load(floor_.save()).value();
  }

  int run() {
    std::ifstream in(file_);
    if (!in) { std::fprintf(stderr, "%s: cannot be read\n", file_.c_str()); return 2; }
    for (std::string line; std::getline(in, line);) {
      ++line_;
      if (const auto comment = line.find('#'); comment != line.npos) line.resize(comment);
      if (line = trimmed(line); !line.empty()) obey(line);
      check_journal();
    }
    if (checks_ == 0) fail("the scenario expects nothing");
    return failures_ == 0 ? 0 : 1;
  }

 private:
  // --- what a line says
  void obey(const std::string& line) {
    const auto arrow = line.find("->");
    const std::string left = trimmed(line.substr(0, arrow));
    Words words = words_of(left);
    if (!words.empty() && words[0].size() >= 8 && words[0][2] == ':' && words[0][5] == ':') {
      move_to(words[0]);
      const bool comment = words.size() > 1 && words[1].front() == '(';
      if (words.size() > 1 && !comment) act({words.begin() + 1, words.end()});
    } else {
      settle(words);
    }
    if (arrow == line.npos) return;
    std::istringstream rest(line.substr(arrow + 2));
    for (std::string expected; std::getline(rest, expected, ';');) expect(words_of(expected), trimmed(expected));
  }

  void settle(const Words& words) {
    std::map<std::string, std::string> settings;
    Words names;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const auto equals = words[i].find('=');
      if (equals == words[i].npos) names.push_back(words[i]);
      else settings[words[i].substr(0, equals)] = words[i].substr(equals + 1);
    }
    if (words[0] == "queue") {
      for (const auto& [key, value] : std::map<std::string, std::string>{{"notice", "no"}, {"announce_place", "no"}, {"record", "no"}, {"wrap_up", "0s"}}) settings.try_emplace(key, value);
      must({"queue", "add", names.at(0), settings, "scenario"});
      must({"number", "add", std::to_string(8000 + numbers_), {{"queue", names.at(0)}}, "scenario"});
      number_of_[names[0]] = std::to_string(8000 + numbers_++);
    } else if (words[0] == "agent" || words[0] == "agents") {
      for (const std::string& name : names) {
        must({"device", "add", name + ".phone", {}, "scenario"});
        settings["device"] = name + ".phone";
        if (names.size() > 1 || !settings.count("number")) settings["number"] = std::to_string(100 + ++agents_);
        must({"agent", "add", name, settings, "scenario"});
        tell(DeviceReachable{floor_.device(name + ".phone"), true});
      }
    } else if (words[0] == "hours") {  // of this day
      std::string openings;
      for (std::size_t i = 2; i < words.size(); ++i) openings += (i > 2 ? "," : "") + moment(words[i].substr(0, 5)) + "-" + moment(words[i].substr(6));
      must({"hours", "set", words.at(1), {{"openings", openings}, {"known_until", moment("24:00")}}, "scenario"});
    } else if (words[0] == "number") {
      must({"number", "set", number_of_.at(names.at(0)), settings, "scenario"});
    } else if (words[0] == "centre") {
      must({"centre", "set", "", settings, "scenario"});
    } else {
      fail("\"" + words[0] + "\" is not understood");
    }
  }

  void act(const Words& w) {
    const std::string& who = w[0];
    if (who == "restart") return restart();
    if (who == "set") return configure("set", w);
    if (who == "remove") return configure("remove", w);
    if (who == "boss" && w.at(1) == "releases") return tell(ReleaseReport{w.at(2), "boss"}), void();
    if (who == "boss") return tell(GiveCall{call_of(w.at(2)), w.at(4), "boss"}), void();
    if (who == "outside") return outside(w);
    if (floor_.agent(who)) return agent_acts(who, w);
    if (w.size() > 2 && w[1] == "calls") return customer_calls(who, w[2]);
    if (starts(w, 1, {"hangs", "up"})) return tell(LegGone{customer(who), EndCause::hung_up}), void();
    if (starts(w, 1, {"has", "heard", "the"})) return tell(ProgrammeFinished{customer(who), hearing(customer(who)).programme.id}), void();
    if (starts(w, 1, {"presses"})) return tell(DigitPressed{customer(who), w.at(2)[0]}), void();
    fail("\"" + who + " " + w.at(1) + " …\" is not understood");
  }

  void agent_acts(const std::string& who, const Words& w) {
    const std::string what = w.size() > 1 ? w[1] : "";
    const DeviceId phone = floor_.device(who + ".phone");
    if (what == "signs" && w.at(2) == "in") tell(SignIn{who, w.size() > 4 ? w[4] + ".phone" : "", "scenario"});  // signs in at reza
    else if (what == "signs" && w.at(2) == "out") tell(SignOut{who, "scenario"});
    else if (starts(w, 1, {"is", "ready"})) tell(SetReady{who, "scenario"});
    else if (what == "pauses") tell(SetPaused{who, w.size() > 2 ? w[2] : "", "scenario"});
    else if (what == "answers") tell(LegAnsweredByPeer{ringing_of(who)});
    else if (what == "declines") tell(LegGone{ringing_of(who), EndCause::declined});
    else if (starts(w, 1, {"is", "busy"})) tell(LegGone{ringing_of(who), EndCause::busy});
    else if (starts(w, 1, {"hangs", "up"})) tell(LegGone{talking_of(who), EndCause::hung_up});
    else if (starts(w, 1, {"phone", "vanishes"})) { const LegId leg = talking_of(who) ? talking_of(who) : ringing_of(who); tell(DeviceReachable{phone, false}); if (leg) tell(LegGone{leg, EndCause::lost}); }
    else if (starts(w, 1, {"phone", "returns"})) tell(DeviceReachable{phone, true});
    else if (starts(w, 1, {"phone", "goes"})) tell(DeviceReachable{phone, false});
    else if (what == "rings") tell(LegRinging{ringing_of(who)});
    else if (starts(w, 1, {"is", "unreachable"})) tell(LegGone{ringing_of(who), EndCause::unreachable});
    else if (starts(w, 1, {"is", "cut"})) tell(LegGone{talking_of(who), EndCause::lost});
    else if (starts(w, 1, {"has", "heard", "it"})) tell(ProgrammeFinished{talking_of(who), hearing(talking_of(who)).programme.id});
    else if (what == "holds") tell(Hold{who, "scenario", true});
    else if (what == "resumes") tell(Hold{who, "scenario", false});
    else if (what == "transfers" || what == "consults") transfer(who, w.back(), what == "consults" ? TransferKind::consult : TransferKind::blind);
    else if (what == "refers") tell(TransferAsked{talking_of(who), digits_of(w.back()), {}, PartyId{1'000'000}});
    else if (what == "joins") tell(TransferAsked{talking_of(who), "", second_of(who), {}});
    else if (starts(w, 1, {"reports"})) tell(CompleteReport{who, call_of(w.at(2)), "scenario"});
    else if (what == "completes") tell(CompleteTransfer{who, "scenario"});
    else if (what == "cancels") tell(CancelConsult{who, "scenario"});
    else if (what == "dials") tell(LegArrived{own_leg(who), {}, phone, digits_of(w.at(2)), PartyId{900}, PartyId{901}});
    else if (what == "clicks") tell(PlaceCall{who, w.at(2), PartyId{902}, "scenario"});
    else fail("agents do not \"" + what + "\"");
  }

  void transfer(const std::string& who, const std::string& to, TransferKind how) {
    Transfer t;
    t.agent = who;
    t.how = how;
    t.by = "scenario";
    t.party = PartyId{903};
    if (floor_.agent(to)) t.to_agent = to; else if (floor_.queue(to)) t.to_queue = to; else t.to_number = to;
    tell(t);
  }

  void configure(const std::string& verb, const Words& w) {
    std::map<std::string, std::string> settings;
    for (std::size_t i = 3; i < w.size(); ++i) settings[w[i].substr(0, w[i].find('='))] = w[i].substr(w[i].find('=') + 1);
    tell(Configure{w.at(1), verb, w[1] == "number" ? number_of_.at(w.at(2)) : w.at(2), settings, "scenario"});
  }

  void customer_calls(const std::string& who, const std::string& where) {
    const LegId leg{next_leg_};
    next_leg_ += 2;
    customers_[who] = leg;
    tell(LegArrived{leg, floor_.trunk("carrier"), {}, number_of_.count(where) ? number_of_[where] : where, PartyId{leg.value}, {}});
    for (const Event& event : turn_.events) if (const auto* arrived = std::get_if<CallArrived>(&event)) calls_[who] = arrived->call;
  }

  void outside(const Words& w) {
    LegId found;
    for (const auto& [id, leg] : state().legs) if (leg.trunk && id.value % 2 == 0) found = id;
    if (w.at(1) == "answers") tell(LegAnsweredByPeer{found});
    else if (starts(w, 1, {"hangs", "up"})) tell(LegGone{found, EndCause::hung_up});
    else if (starts(w, 1, {"is", "busy"})) tell(LegGone{found, EndCause::busy});
    else fail("outside parties answer, hang up, or are busy");
  }

  void restart() {
    floor_ = Floor::load(floor_.save()).value();
    tell(Restarted{});
  }

  // --- what a line expects
  void expect(const Words& w, const std::string& text) {
    ++checks_;
    if (!holds(w)) fail("expected: " + text + "\n" + told());
  }

  bool holds(const Words& w) {
    if (w.size() < 2) return fail("an expectation needs two words"), true;
    if (w[0] == "refused:") return turn_.refused && turn_.refused->code == w[1];
    if (w[0] == "nobody" && starts(w, 1, {"is", "offered"})) return call(w[3]) && call(w[3])->offers.empty();
    if (w[0] == "nothing") return turn_.events.empty();
    if (w[1] == "and") return talk(w[0], w[2]);
    if (floor_.agent(w[0])) return agent_is(w);
    if (w[1] == "waits") return waits(w);
    if (w[1] == "ended") return ended(w[0], w.at(2));
    if (w[1] == "hears") return hears(customer(w[0]), w);
    if (starts(w, 1, {"is", "recorded"})) return call(w[0]) && call(w[0])->recording;
    if (starts(w, 1, {"is", "not", "recorded"})) return call(w[0]) && !call(w[0])->recording;
    if (starts(w, 1, {"is", "refused"})) return refused(customer(w[0]));
    return fail("\"" + w[0] + " " + w[1] + "\" cannot be expected"), true;
  }

  bool agent_is(const Words& w) {
    const Agent& agent = state().agent(floor_.agent(w[0]));
    if (starts(w, 1, {"is", "offered"})) return agent.state == AgentState::offered && agent.call == call_of(w.at(3));
    if (starts(w, 1, {"is", "ready"})) return agent.state == AgentState::ready;
    if (starts(w, 1, {"is", "paused"})) return agent.state == AgentState::paused && (w.size() < 4 || w[3] == "(" + agent.pause_reason + ")");
    if (starts(w, 1, {"is", "talking"})) return agent.state == AgentState::talking;
    if (starts(w, 1, {"is", "signed", "out"})) return agent.state == AgentState::signed_out;
    if (starts(w, 1, {"owes", "nothing"})) return agent.reports_due.empty();
    if (w[1] == "owes") return std::find(agent.reports_due.begin(), agent.reports_due.end(), call_of(w.at(2))) != agent.reports_due.end();
    if (starts(w, 1, {"wraps", "up"})) return agent.state == AgentState::wrap_up;
    if (w[1] == "was" && w.at(2) == "offered") return count<CallOffered>(agent.id) == std::stoi(w.at(3));
    if (w[1] == "hears") return hears(talking_of(w[0]), w);
    return fail("agents cannot be expected to \"" + w[1] + "\""), true;
  }

  bool waits(const Words& w) {  // c1 waits first | c1 waits in sales
    const Call* c = call(w[0]);
    if (!c || !c->waiting) return false;
    if (w.size() > 3 && w[2] == "in") return state().queue(c->queue).code == w[3];
    static const Words places{"first", "second", "third", "fourth", "fifth"};
    if (w.size() < 3) return true;
    int before = 0;
    for (const WaitKey& key : state().queue(c->queue).line) { if (key.call == c->id) break; ++before; }
    return before < 5 && places[static_cast<std::size_t>(before)] == w[2];
  }

  bool talk(const std::string& one, const std::string& other) {
    const LegId a = customers_.count(one) ? customer(one) : talking_of(one);
    const LegId b = other == "outside" ? hearing(a).leg : customers_.count(other) ? customer(other) : talking_of(other);
    if (other == "outside" && b && state().find(b) && !state().find(b)->trunk) return false;
    return a && b && hearing(a).leg == b && hearing(b).leg == a;
  }

  bool hears(LegId leg, const Words& w) {
    const Hearing& now = hearing(leg);
    const std::string& what = w.back();
    if (what == "nothing") return !now.leg && now.programme.items.empty();
    if (floor_.agent(what)) return now.leg && now.leg == talking_of(what);
    if (customers_.count(what)) return now.leg == customer(what);
    return std::any_of(now.programme.items.begin(), now.programme.items.end(), [&](const ProgrammeItem& i) { return i.kind == what || i.name == what || i.kind + std::to_string(i.n) == what; });
  }

  bool ended(const std::string& who, const std::string& outcome) {
    int times = 0;
    bool as_expected = false;
    for (const Event& event : journal_)
      if (const auto* e = std::get_if<CallEnded>(&event); e && e->call == calls_[who]) { ++times; as_expected = name_of(e->outcome) == outcome; }
    return times == 1 && as_expected;
  }

  bool refused(LegId leg) {
    return std::any_of(turn_.effects.begin(), turn_.effects.end(), [&](const Effect& e) { const auto* r = std::get_if<RefuseLeg>(&e); return r && r->leg == leg; });
  }

  template <class E>
  int count(AgentId agent) {
    return static_cast<int>(std::count_if(journal_.begin(), journal_.end(), [&](const Event& event) { const auto* e = std::get_if<E>(&event); return e && e->agent == agent; }));
  }

  // --- helpers
  const State& state() const { return floor_.inspect(); }
  LegId customer(const std::string& who) { return customers_[who]; }
  CallId call_of(const std::string& who) { return calls_[who]; }
  const Call* call(const std::string& who) { return state().find(call_of(who)); }
  Hearing hearing(LegId id) { const Leg* leg = state().find(id); return leg && leg->state == LegState::up ? leg->hearing : Hearing{}; }
  LegId ringing_of(const std::string& who) { return leg_of(who, LegState::dialling, 0); }
  LegId talking_of(const std::string& who) { return leg_of(who, LegState::up, 0); }
  LegId second_of(const std::string& who) { return leg_of(who, LegState::up, 1); }
  LegId leg_of(const std::string& who, LegState in, int skip) {  // by their first arrival in a call
    const AgentId agent = floor_.agent(who);
    std::vector<std::pair<CallId, LegId>> found;
    for (const auto& [id, leg] : state().legs) if (leg.agent == agent && leg.state == in && leg.role != LegRole::code) found.emplace_back(leg.call, id);
    std::sort(found.begin(), found.end());
    return static_cast<int>(found.size()) > skip ? found[static_cast<std::size_t>(skip)].second : LegId{};
  }
  LegId own_leg(const std::string& who) { (void)who; next_leg_ += 2; return LegId{next_leg_ - 2}; }
  std::string digits_of(const std::string& to) {
    if (const AgentId agent = floor_.agent(to)) return state().agent(agent).settings.number;
    return number_of_.count(to) ? number_of_[to] : to;
  }

  std::string moment(const std::string& clock) { return std::to_string(day_ + (std::stoll(clock.substr(0, 2)) * 60 + std::stoll(clock.substr(3, 2))) * 60'000'000); }

  static std::int64_t microseconds(const std::string& clock) {  // 09:00:15.040
    std::string digits = clock.size() > 9 ? clock.substr(9) : "";
    digits.resize(6, '0');
    return std::stoll(digits);
  }
  void move_to(const std::string& clock) {
    const Instant until{day_ + ((std::stoll(clock.substr(0, 2)) * 60 + std::stoll(clock.substr(3, 2))) * 60 + std::stoll(clock.substr(6, 2))) * 1'000'000 + microseconds(clock)};
    if (until < now_) fail("time runs backwards");
    while (floor_.deadline() <= until) { now_ = std::max(now_, floor_.deadline()); tell(Tick{}); }
    now_ = until;
  }

  const Turn& tell(const Stimulus& stimulus) {
    turn_ = floor_.handle(stimulus, now_);
    for (const Event& event : turn_.events) { journal_.push_back(event); replayed_.evolve(event, now_); }
    return turn_;
  }
  void must(const Configure& configure) {
    tell(configure);
    if (turn_.refused) fail(turn_.refused->text);
  }

  void check_journal() {
    if (!(replayed_ == floor_)) fail("the replayed journal gives another state");
    auto loaded = Floor::load(floor_.save());
    if (!loaded || !(*loaded == floor_) || loaded->deadline() != floor_.deadline()) fail("the loaded snapshot is another state");
  }

  std::string told() {
    std::string out;
    for (const Event& event : turn_.events) std::visit([&](const auto& e) { out += std::string("      ") + e.kind + "\n"; }, event);
    for (const Agent& a : state().agents) out += "      " + a.code + " is " + std::string(name_of(a.state)) + " " + a.pause_reason + "\n";
    if (turn_.refused) out += "      refused: " + turn_.refused->code + " " + turn_.refused->text + "\n";
    return out;
  }
  void fail(const std::string& why) {
    std::fprintf(stderr, "%s:%d: %s\n", file_.c_str(), line_, why.c_str());
    ++failures_;
  }

  std::string file_;
  int line_ = 0, checks_ = 0, failures_ = 0, numbers_ = 0, agents_ = 0;
  std::int64_t day_ = 1'774'051'200'000'000;
  Instant now_{day_};
  Floor floor_, replayed_;
  std::vector<Event> journal_;
  Turn turn_;
  std::uint64_t next_leg_ = 1;
  std::map<std::string, LegId> customers_;
  std::map<std::string, CallId> calls_;
  std::map<std::string, std::string> number_of_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) { std::fprintf(stderr, "usage: scenario_runner FILE.scenario\n"); return 2; }
  return Scenario(arguments[1]).run();
}
