#include "api/live_floor.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/log.h"

namespace pasokh::api {
namespace {

using floor::AgentState;
constexpr std::size_t rows_a_round = 500;

// One JSON object, its absent fields left out.
class Object {
 public:
  template <class T>
  Object& field(std::string_view name, const T& value) {
    head(name);
    append_json(out_, value);
    return *this;
  }
  Object& raw(std::string_view name, std::string_view json) {
    head(name);
    out_ += json;
    return *this;
  }
  Object& if_any(std::string_view name, std::string_view text) { return text.empty() ? *this : field(name, text); }
  std::string done() { return out_ + "}"; }

 private:
  void head(std::string_view name) {
    if (out_.size() > 1) out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
  }
  std::string out_ = "{";
};

std::string_view name_of_state(AgentState state) {
  switch (state) {
    case AgentState::signed_out: return "signed-out";
    case AgentState::ready: return "ready";
    case AgentState::paused: return "paused";
    case AgentState::offered: return "offered";
    case AgentState::talking: return "talking";
    case AgentState::wrap_up: return "wrap-up";
  }
  return "";
}
bool on_duty(AgentState state) { return state != AgentState::signed_out && state != AgentState::paused; }

// In calls, one digit behind the point: what a person can tell apart. -12 -> "-1.2"
std::string balance_text(std::int64_t balance) {
  const std::int64_t half = floor::balance_of_one_call / 2;
  const std::int64_t tenths = (balance * 10 + (balance < 0 ? -half : half)) / floor::balance_of_one_call;
  return std::string(tenths < 0 ? "-" : "") + std::to_string(std::abs(tenths) / 10) + "." + std::to_string(std::abs(tenths) % 10);
}

std::string permille(const office::reports::Share& share) { return share.permille < 0 ? "null" : std::to_string(share.permille); }

void add_row(std::string& list, std::string_view key, std::string_view json) {
  if (!list.empty()) list += ',';
  append_json_string(list, key);
  list += ':';
  list += json;
}
void add_key(std::string& list, std::string_view key) {
  if (!list.empty()) list += ',';
  append_json_string(list, key);
}

}  // namespace

// --- following the journal

Result<LiveFloor> LiveFloor::open(const std::string& dir) {
  TRY(journal, storage::JournalReader::open(dir));
  LiveFloor live(std::move(journal));
  TRY_DONE(live.load(dir, UINT64_MAX));
  return live;
}

Result<LiveFloor> LiveFloor::open_at(const std::string& dir, Instant at) {
  TRY(journal, storage::JournalReader::open(dir));
  LiveFloor live(std::move(journal));
  TRY_DONE(live.load(dir, live.journal_.first_at_or_after(at + Duration{1}) - 1));
  return live;
}

// From the newest state at or before that event: the journal's own, or a stop of the past.
Result<> LiveFloor::load(const std::string& dir, std::uint64_t up_to) {
  TRY(snapshot, journal_.snapshot(up_to));
  if (auto opened = storage::FloorStops::open(dir)) {  // without them it takes longer, no more
    stops_.emplace(std::move(*opened));
    if (auto stop = stops_->newest(up_to, journal_); stop && *stop && (!snapshot || (*stop)->first > snapshot->first)) snapshot = std::move(*stop);
  }
  if (snapshot) {
    TRY(loaded, floor::Floor::load(snapshot->second));
    floor_ = std::move(loaded);
    seq_ = stopped_at_ = snapshot->first;
  }
  TRY_DONE(journal_.each_live(storage::LiveKind::person_name, [&](std::string_view key, std::string_view value) { names_.emplace(key, value); }));
  TRY_DONE(follow(up_to));
  look_at_all();
  return Done{};
}

Result<> LiveFloor::follow(std::uint64_t up_to) {
  floor::Touched touched;
  std::set<std::string> named_anew;  // names stand beside the journal; they come with the setting
  std::vector<std::pair<std::uint64_t, std::string>> stops_wanted;
  auto read = journal_.read(seq_, up_to - seq_, [&](const storage::Recorded& recorded) {
    floor::touch(floor_, recorded.event, touched);
    floor_.evolve(recorded.event, recorded.at);
    floor::touch(floor_, recorded.event, touched);
    seq_ = recorded.seq;
    if (stops_ && seq_ - stopped_at_ >= storage::FloorStops::every) stops_wanted.emplace_back(stopped_at_ = seq_, floor_.save());
    if (const auto* set = std::get_if<floor::AgentSet>(&recorded.event)) named_anew.insert("agent:" + set->code);
    if (const auto* set = std::get_if<floor::QueueSet>(&recorded.event)) named_anew.insert("queue:" + set->code);
    return true;
  });
  for (const auto& [seq, body] : stops_wanted)
    if (auto saved = stops_->save(seq, journal_.sum_of(seq), body); !saved) log(LogLevel::warning, "a state of the floor for looking back cannot be kept", {{"cause", saved.error().text}});
  agents_dirty_.insert(touched.agents.begin(), touched.agents.end());
  queues_dirty_.insert(touched.queues.begin(), touched.queues.end());
  for (const auto& key : named_anew) names_[key] = journal_.live(storage::LiveKind::person_name, key).value_or("");
  return read;
}

Result<bool> LiveFloor::catch_up() {
  const auto before = seq_;
  TRY_DONE(follow(UINT64_MAX));
  return seq_ != before;
}

void LiveFloor::look_at_all() {
  for (std::size_t i = 1; i <= floor::agents_ever(floor_); ++i) agents_dirty_.insert(AgentId{i});
  for (std::size_t i = 1; i <= floor::queues_ever(floor_); ++i) queues_dirty_.insert(QueueId{i});
  update(nullptr);
  desks_.clear();
}

void LiveFloor::look_round() {
  const std::size_t all = floor::agents_ever(floor_);
  for (std::size_t n = 0; n < std::min(all, rows_a_round); ++n) agents_dirty_.insert(AgentId{round_++ % all + 1});
}

void LiveFloor::set_today(Today today) {
  today_ = std::move(today);
  for (std::size_t i = 1; i <= floor::agents_ever(floor_); ++i) agents_dirty_.insert(AgentId{i});
  for (std::size_t i = 1; i <= floor::queues_ever(floor_); ++i) queues_dirty_.insert(QueueId{i});
}

// --- rows

void LiveFloor::count(const std::optional<floor::AgentLook>& look, std::int64_t sign) {
  if (!look) return;
  by_state_[static_cast<std::size_t>(look->state)] += sign;
  const auto row_of = [&](QueueId id) -> QueueRow* {
    if (!id) return nullptr;
    if (queues_.size() < id.value) queues_.resize(id.value);
    queues_dirty_.insert(id);
    return &queues_[id.value - 1];
  };
  for (const QueueId id : look->queues) {
    QueueRow& row = *row_of(id);
    if (look->state == AgentState::ready) row.ready += sign;
    if (on_duty(look->state)) row.on_duty += sign;
  }
  if (look->state == AgentState::talking)
    if (QueueRow* row = row_of(look->call_queue)) row->talking += sign;
}

void LiveFloor::update(Pieces* pieces) {
  for (const AgentId id : agents_dirty_) update_agent(id, pieces);
  agents_dirty_.clear();
  for (const QueueId id : queues_dirty_) update_queue(id, pieces);
  queues_dirty_.clear();
}

void LiveFloor::update_agent(AgentId id, Pieces* pieces) {
  if (agents_.size() < id.value) agents_.resize(id.value);
  AgentRow& row = agents_[id.value - 1];
  auto look = floor::look(floor_, id);
  if (look) desks_.insert(look->code);
  const bool counted_anew = !row.look || !look || row.look->state != look->state || row.look->queues != look->queues || row.look->call_queue != look->call_queue;
  if (counted_anew) count(row.look, -1);
  const std::string code_before = row.look ? row.look->code : std::string();
  row.look = std::move(look);
  if (counted_anew) count(row.look, +1);
  std::string text = row.look ? agent_text(*row.look) : std::string();
  if (pieces && !code_before.empty() && (!row.look || row.look->code != code_before)) add_key(pieces->agents_gone, code_before);
  if (pieces && row.look && text != row.text) add_row(pieces->agents, row.look->code, text);
  row.text = std::move(text);
}

std::string LiveFloor::agent_text(const floor::AgentLook& look) const {
  std::string queues = "[";
  for (const QueueId id : look.queues) {
    if (queues.size() > 1) queues += ',';
    append_json_string(queues, queue_code(id));
  }
  Object row;
  row.field("code", look.code);
  row.field("name", name_of("agent:", look.code));
  row.field("state", name_of_state(look.state)).if_any("reason", look.reason).field("since", look.since);
  if (look.call) row.field("call", look.call);
  row.if_any("device", look.device).raw("queues", queues + "]");
  if (look.report_due) row.field("report_due", look.report_due);
  const auto figures = today_.agents.find(look.code);
  row.field("calls_today", figures == today_.agents.end() ? 0 : figures->second.handled).raw("balance", balance_text(look.balance));
  return row.done();
}

void LiveFloor::update_queue(QueueId id, Pieces* pieces) {
  if (queues_.size() < id.value) queues_.resize(id.value);
  QueueRow& row = queues_[id.value - 1];
  auto look = floor::look(floor_, id);
  const std::string code_before = row.look ? row.look->code : std::string();
  waiting_ += (look ? look->waiting : 0) - (row.look ? row.look->waiting : 0);
  row.look = std::move(look);
  std::string text = row.look ? queue_text(row) : std::string();
  if (pieces && !code_before.empty() && (!row.look || row.look->code != code_before)) add_key(pieces->queues_gone, code_before);
  if (pieces && row.look && text != row.text) add_row(pieces->queues, row.look->code, text);
  row.text = std::move(text);

  std::map<CallId, QueueRow::Waiting> waiting;
  for (const auto& caller : floor::line(floor_, id, line_shown_max)) {
    auto before = row.waiting.extract(caller.call);
    QueueRow::Waiting now;
    now.number = before ? std::move(before.mapped().number) : caller_number(caller.caller);
    now.text = waiting_text(caller, row.look ? row.look->code : "", now.number);
    if (pieces && (!before || before.mapped().text != now.text)) add_row(pieces->waiting, pasokh::text(caller.call), now.text);
    waiting.emplace(caller.call, std::move(now));
  }
  // who is left has gone from this queue; perhaps into another one, whose row of the same call then stands in the same delta
  if (pieces)
    for (const auto& [call, gone] : row.waiting)
      if (const QueueId now_in = floor_.queue_of(call); !now_in || now_in == id || !still_waits(call, now_in)) add_key(pieces->waiting_gone, pasokh::text(call));
  row.waiting = std::move(waiting);
}

// It stands among the shown callers of that queue.
bool LiveFloor::still_waits(CallId call, QueueId queue) const {
  const auto shown = floor::line(floor_, queue, line_shown_max);
  return std::any_of(shown.begin(), shown.end(), [&](const auto& w) { return w.call == call; });
}

std::string LiveFloor::queue_text(const QueueRow& row) const {
  Object out;
  out.field("code", row.look->code);
  out.field("name", name_of("queue:", row.look->code));
  out.field("waiting", row.look->waiting);
  if (row.look->longest_since) out.field("longest_since", *row.look->longest_since);
  out.field("ready", row.ready).field("on_duty", row.on_duty).field("talking", row.talking);
  static const office::reports::QueueFigures none;
  const auto found = today_.queues.find(row.look->code);
  const auto& figures = found == today_.queues.end() ? none : found->second;
  out.raw("service_level_today", permille(figures.service_level_strict)).field("offered_today", figures.offered);
  return out.field("answered_today", figures.answered).field("abandoned_today", figures.abandoned).done();
}

std::string LiveFloor::waiting_text(const floor::WaitingLook& look, const std::string& queue, const std::string& number) {
  return Object().field("call", look.call).field("caller", number).if_any("contact", contact_of(number)).field("queue", queue).field("since", look.since).field("position", look.position)
      .field("priority", look.priority).field("offered", look.offered).done();
}

std::string_view LiveFloor::name_of(const std::string& kind, const std::string& code) const {
  const auto name = names_.find(kind + code);
  return name == names_.end() || name->second.empty() ? std::string_view(code) : std::string_view(name->second);
}

const std::string& LiveFloor::contact_of(const std::string& number) {
  static const std::string nobody;
  if (!contact_name_ || number.empty()) return nobody;
  if (const auto known = contacts_.find(number); known != contacts_.end()) return known->second;
  if (contacts_.size() >= contacts_kept_max) contacts_.clear();
  return contacts_.emplace(number, contact_name_(number)).first->second;
}

void LiveFloor::contacts_changed() {
  contacts_.clear();
  for (std::size_t i = 1; i <= queues_.size(); ++i)
    if (!queues_[i - 1].waiting.empty()) queues_dirty_.insert(QueueId{i});
  for (const AgentRow& row : agents_)
    if (row.look && row.look->call) desks_.insert(row.look->code);
}

std::string LiveFloor::totals_text() const {
  const auto in = [&](AgentState state) { return by_state_[static_cast<std::size_t>(state)]; };
  std::int64_t offered = 0, answered = 0, abandoned = 0, part = 0, whole = 0;
  for (const auto& [code, f] : today_.queues) {
    offered += f.offered;
    answered += f.answered;
    abandoned += f.abandoned;
    part += f.service_level_strict.part;
    whole += f.service_level_strict.whole;
  }
  const std::int64_t signed_in = in(AgentState::ready) + in(AgentState::paused) + in(AgentState::offered) + in(AgentState::talking) + in(AgentState::wrap_up);
  Object out;
  out.field("waiting", waiting_).field("calls", static_cast<std::int64_t>(floor_.live_calls())).field("signed_in", signed_in).field("on_duty", signed_in - in(AgentState::paused));
  out.field("ready", in(AgentState::ready)).field("paused", in(AgentState::paused)).field("offered", in(AgentState::offered)).field("talking", in(AgentState::talking));
  out.field("wrap_up", in(AgentState::wrap_up)).field("offered_today", offered).field("answered_today", answered).field("abandoned_today", abandoned);
  out.raw("service_level_today", permille(office::reports::share(part, whole)));
  const auto& even = today_.evenness;
  return out.raw("evenness", Object().field("jain_calls_ppm", even.jain_calls_ppm).field("jain_work_ppm", even.jain_work_ppm).field("most_minus_least", even.most_minus_least)
                                 .raw("forced", permille(even.forced)).done()).done();
}

std::string LiveFloor::caller_number(PartyId party) {
  const auto text = party ? journal_.live(storage::LiveKind::party, pasokh::text(party)).value_or("") : std::string();
  return text.substr(0, text.find('\n'));
}

// --- frames

std::string LiveFloor::data() {
  update(nullptr);
  std::string agents, queues, waiting;
  for (const auto& row : agents_) if (row.look) add_row(agents, row.look->code, row.text);
  for (const auto& row : queues_) {
    if (row.look) add_row(queues, row.look->code, row.text);
    for (const auto& [call, caller] : row.waiting) add_row(waiting, pasokh::text(call), caller.text);
  }
  return "{\"agents\":{" + agents + "},\"queues\":{" + queues + "},\"waiting\":{" + waiting + "},\"totals\":" + totals_text() + "}";
}

// Everyone who holds version N holds the same rows: what is dirty goes out as a delta first.
std::string LiveFloor::snapshot() {
  return "{\"type\":\"snapshot\",\"topic\":\"floor\",\"version\":" + std::to_string(version_) + ",\"data\":" + data() + "}";
}

std::optional<std::string> LiveFloor::delta() {
  Pieces pieces;
  update(&pieces);
  std::string set, gone;
  const auto part = [](std::string& into, std::string_view name, const std::string& list, char open, char close) {
    if (list.empty()) return;
    if (!into.empty()) into += ',';
    append_json_string(into, name);
    into += ':';
    into += open;
    into += list;
    into += close;
  };
  part(set, "agents", pieces.agents, '{', '}');
  part(set, "queues", pieces.queues, '{', '}');
  part(set, "waiting", pieces.waiting, '{', '}');
  part(gone, "agents", pieces.agents_gone, '[', ']');
  part(gone, "queues", pieces.queues_gone, '[', ']');
  part(gone, "waiting", pieces.waiting_gone, '[', ']');
  if (std::string totals = totals_text(); totals != totals_sent_) {
    set += (set.empty() ? "" : ",") + ("\"totals\":" + totals);
    totals_sent_ = std::move(totals);
  }
  if (set.empty() && gone.empty()) return std::nullopt;
  ++version_;
  std::string out = "{\"type\":\"delta\",\"topic\":\"floor\",\"version\":" + std::to_string(version_);
  if (!set.empty()) out += ",\"set\":{" + set + "}";
  if (!gone.empty()) out += ",\"gone\":{" + gone + "}";
  return out + "}";
}

// --- desks

std::string LiveFloor::call_text(const floor::CallLook& look) {
  Object out;
  out.field("call", look.call).field("direction", look.direction).field("state", look.state);
  const std::string other = caller_number(look.direction == floor::Direction::outbound && look.called ? look.called : look.caller);
  out.if_any("caller", other).if_any("contact", contact_of(other));
  out.if_any("number", look.number).if_any("queue", look.queue);
  if (!look.queue.empty()) out.field("queue_name", name_of("queue:", look.queue));
  out.if_any("agent", look.agent).field("arrived", look.arrived).field("since", look.since);
  out.field("recording", look.recording).field("held", look.held);
  if (look.consulting) out.raw("consult", Object().if_any("agent", look.consult_agent).field("answered", look.consult_answered).done());
  return out.done();
}

std::string LiveFloor::today_text(const std::string& agent) const {
  const auto found = today_.agents.find(agent);
  const office::reports::AgentFigures figures = found == today_.agents.end() ? office::reports::AgentFigures{} : found->second;
  Object out;
  out.field("calls", figures.handled).field("talk_ms", figures.talk_ms).field("hold_ms", figures.hold_ms).field("wrap_up_ms", figures.wrap_up_ms);
  out.field("ready_ms", figures.ready_ms).field("paused_ms", figures.paused_ms).field("ringing_ms", figures.ringing_ms).field("on_duty_ms", figures.on_duty_ms);
  out.field("offers", figures.offers).field("lapsed", figures.lapsed).raw("occupancy", permille(figures.occupancy)).field("aht_ms", figures.aht_ms);
  return out.raw("evenness", Object().field("calls_per_hour_milli", figures.calls_per_hour_milli).field("most_calls", today_.evenness.most_calls)
                                 .field("least_calls", today_.evenness.least_calls).field("jain_calls_ppm", today_.evenness.jain_calls_ppm).done()).done();
}

std::string LiveFloor::desk_snapshot(Desk& desk) {
  const AgentId id = floor_.agent(desk.agent);
  const auto look = floor::look(floor_, id);
  desk.row = look ? agent_text(*look) : "null";
  desk.today = today_text(desk.agent);
  desk.calls.clear();
  std::string calls;
  for (const auto& call : floor::calls_of(floor_, id)) add_row(calls, pasokh::text(call.call), desk.calls[pasokh::text(call.call)] = call_text(call));
  return "{\"type\":\"snapshot\",\"topic\":\"desk\",\"version\":" + std::to_string(++desk.version) + ",\"data\":{\"agent\":" + desk.row + ",\"calls\":{" + calls + "},\"today\":" + desk.today + "}}";
}

std::optional<std::string> LiveFloor::desk_delta(Desk& desk) {
  const AgentId id = floor_.agent(desk.agent);
  const auto look = floor::look(floor_, id);
  std::string row = look ? agent_text(*look) : "null", today = today_text(desk.agent), calls, gone, set;
  std::map<std::string, std::string> now;
  for (const auto& call : floor::calls_of(floor_, id)) {
    auto [entry, fresh] = now.emplace(pasokh::text(call.call), call_text(call));
    const auto before = desk.calls.find(entry->first);
    if (before == desk.calls.end() || before->second != entry->second) add_row(calls, entry->first, entry->second);
  }
  for (const auto& [call, text] : desk.calls) if (!now.contains(call)) add_key(gone, call);
  if (row != desk.row) set += "\"agent\":" + row;
  if (!calls.empty()) set += (set.empty() ? "" : ",") + ("\"calls\":{" + calls + "}");
  if (today != desk.today) set += (set.empty() ? "" : ",") + ("\"today\":" + today);
  desk.row = std::move(row);
  desk.today = std::move(today);
  desk.calls = std::move(now);
  if (set.empty() && gone.empty()) return std::nullopt;
  std::string out = "{\"type\":\"delta\",\"topic\":\"desk\",\"version\":" + std::to_string(++desk.version);
  if (!set.empty()) out += ",\"set\":{" + set + "}";
  if (!gone.empty()) out += ",\"gone\":{\"calls\":[" + gone + "]}";
  return out + "}";
}

std::set<std::string> LiveFloor::take_desks() { return std::exchange(desks_, {}); }

}  // namespace pasokh::api
