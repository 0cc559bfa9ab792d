#include "simulate/world.h"

#include <algorithm>
#include <set>

#include "base/codec.h"

namespace pasokh::simulate {
namespace {

using namespace floor;

constexpr Duration network = Duration::milliseconds(40);
constexpr std::size_t snapshot_every = 2'000;                 // events

std::string bytes_of(const std::vector<Event>& events) {
  Writer writer;
  encode(writer, events);
  return std::move(writer.bytes);
}

}  // namespace

World::World(Plan plan, Observer* observer, Tampering tampering)
    : plan_(std::move(plan)), observer_(observer), tampering_(std::move(tampering)), now_(plan_.start), chance_(plan_.seed, 2) {}
World::~World() = default;

void World::run() {
  settle_in();
  plan_people();
  for (;;) {
    Instant due = floor_.deadline();
    if (tampering_.deadline) due = tampering_.deadline(due);
    const Instant next = acts_.empty() ? Instant::never() : acts_.top().at;
    if (due == Instant::never() && next == Instant::never()) return;
    if (due <= next) {
      now_ = std::max(now_, due);
      tell(Tick{});
      continue;
    }
    const Act act = acts_.top();
    acts_.pop();
    now_ = act.at;
    live(act);
  }
}

// The house before anybody comes: settings, phones on the desks.
void World::settle_in() {
  for (const auto& configure : settings_of(plan_)) tell(configure);
  phones_.resize(plan_.agents.size());
  for (const AgentPlan& agent : plan_.agents) tell(DeviceReachable{floor_.device(agent.settings.device), true});
  snapshot_ = floor_.save();
  snapshot_at_ = journal_.size();
}

void World::plan_people() {
  const auto count = plan_.agents.size();
  people_.resize(count);
  at_desk_.assign(count, -1);
  for (std::size_t i = 0; i < count; ++i) {
    Person& person = people_[i];
    const AgentPlan& agent = plan_.agents[i];
    person.fate = Dice{plan_.seed, 1'000 + agent.stream.value_or(i)};
    person.desk = static_cast<int>(i);
    for (const Stay& shift : agent.shifts) {
      at(plan_.start + shift.from + Duration::milliseconds(person.fate.below(5'000)), What::starts, i);
      at(plan_.start + shift.to, What::leaves, i);
    }
    for (const Stay& stay : agent.breaks) {
      at(plan_.start + stay.from, What::breaks, i);
      at(plan_.start + stay.to, What::returns, i);
    }
    if (plan_.phone_dies_permille > 0)
      for (Duration t; t < plan_.length(); t += Duration::hours(1))
        if (person.fate.permille(plan_.phone_dies_permille)) at(plan_.start + t + person.fate.between({}, Duration::hours(1)), What::phone_dies, i);
  }
  if (!plan_.callers.empty()) {
    customers_.reserve(plan_.callers.size());
    for (const CallerPlan& caller : plan_.callers) {
      add_customer(caller.queue, caller.fate.value_or(Dice{plan_.seed, 1'000'000 + customers_.size()}), plan_.start + caller.at, customers_.size() + 1);
      Customer& c = customers_.back();
      if (caller.fate) { draw_manner(c); continue; }
      c.patience = caller.patience + (caller.waits_longer ? c.fate.exponential(plan_.patience) : Duration{});
      c.talk = caller.talk.us >= 0 ? caller.talk : c.fate.exponential(plan_.talk);
      c.hold = caller.hold;
      c.agent_hangs_up = caller.agent_hangs_up;
    }
    return;
  }
  next_drawn_arrival(plan_.start);
}

// A Poisson stream whose rate changes with the interval; callers draw from their own streams.
void World::next_drawn_arrival(Instant after) {
  Instant when = after;
  Dice dice{plan_.seed, 2'000'000 + customers_.size()};
  for (;;) {
    const auto interval = static_cast<std::size_t>((when - plan_.start).us / plan_.interval.us);
    if (interval >= plan_.calls.size()) return;
    const Instant ends = plan_.start + plan_.interval * static_cast<std::int64_t>(interval + 1);
    if (plan_.calls[interval] <= 0) { when = ends; continue; }
    const Instant then = when + dice.exponential(plan_.interval / plan_.calls[interval]);
    if (then >= ends) { when = ends; continue; }   // memoryless: drawn anew at the next interval's rate
    when = then;
    break;
  }
  int weights = 0;
  for (const QueuePlan& queue : plan_.queues) weights += queue.weight;
  auto roll = dice.below(weights);
  int queue = 0;
  while (roll >= plan_.queues[static_cast<std::size_t>(queue)].weight) roll -= plan_.queues[static_cast<std::size_t>(queue++)].weight;
  add_customer(queue, dice, when, customers_.size() + 1);
  CallerPlan caller;
  caller.at = when - plan_.start;
  caller.queue = queue;
  caller.fate = dice;
  drawn_.push_back(caller);
  draw_manner(customers_.back());
}

void World::draw_manner(Customer& customer) const {
  customer.patience = customer.fate.exponential(plan_.patience);
  customer.talk = customer.fate.erlang(plan_.talk_shape, plan_.talk);
  customer.agent_hangs_up = customer.fate.permille(plan_.agent_hangs_up_permille);
}

void World::add_customer(int queue, Dice fate, Instant when, std::uint64_t party) {
  Customer customer;
  customer.queue = queue;
  customer.fate = fate;
  customer.party = PartyId{party};
  customers_.push_back(std::move(customer));
  at(when, What::arrive, customers_.size() - 1);
}

void World::at(Instant when, What what, std::uint64_t who, LegId leg, LegId other) { acts_.push({when, ++order_, what, who, leg.value, other.value}); }

// --- between people and floor

void World::tell(const Stimulus& stimulus) {
  ++stimuli_;
  if (observer_) observer_->happened(stimulus, now_);
  if (tampering_.loses && tampering_.loses(stimulus)) {
    if (observer_) observer_->told({}, {}, now_, true);
    return;
  }
  const bool dies = plan_.crash_permyriad > 0 && arriving_ && chance_.below(10'000) < plan_.crash_permyriad;
  Turn turn = floor_.handle(stimulus, now_);
  if (tampering_.turn) tampering_.turn(turn, now_);
  if (dies) return restart_after(turn, stimulus);
  publish(turn, true);
  deliver(turn.effects);
}

void World::publish(Turn& turn, bool settled) {
  events_ += turn.events.size();
  if (observer_) observer_->told(turn.events, settled ? turn.effects : std::vector<Effect>{}, now_, settled);
  if (!keeps_journal_ && plan_.crash_permyriad == 0) return;
  for (Event& event : turn.events) journal_.push_back({now_, std::move(event)});
  if (plan_.crash_permyriad > 0 && journal_.size() - snapshot_at_ >= snapshot_every) {
    snapshot_ = floor_.save();
    if (!keeps_journal_) journal_.clear();
    snapshot_at_ = journal_.size();
  }
}

Floor World::recovered() const {
  auto floor = Floor::load(snapshot_);
  if (!floor) return {};
  for (std::size_t i = snapshot_at_; i < journal_.size(); ++i) floor->evolve(journal_[i].event, journal_[i].at);
  return std::move(*floor);
}

// Control dies while it takes a stimulus. Either nothing of it was durable: the other side tries again, and the same must be
// decided. Or the events were durable and no order has left: the start lays the world against what it wishes.
void World::restart_after(Turn& turn, const Stimulus& stimulus) {
  ++restarts_;
  const bool durable = chance_.permille(500);
  if (!durable) {
    floor_ = recovered();
    Turn again = floor_.handle(stimulus, now_);
    if (tampering_.turn) tampering_.turn(again, now_);
    if (observer_) observer_->restarted(bytes_of(again.events) == bytes_of(turn.events), now_);
    publish(again, true);
    return deliver(again.effects);
  }
  publish(turn, false);
  Floor after = recovered();
  if (observer_) observer_->restarted(after == floor_, now_);
  floor_ = std::move(after);
  lay_against_wishes();
  tell(Restarted{});
}

void World::lay_against_wishes() {
  std::vector<Effect> orders;
  std::vector<LegId> unknown;
  const std::vector<LegWish> wishes = floor_.leg_wishes();
  std::set<LegId> wished;
  for (const LegWish& wish : wishes) wished.insert(wish.leg);
  for (const auto& [leg, line] : lines_)  // first, so that a phone is free when it is to ring for the next
    if (!wished.contains(leg)) orders.push_back(EndLeg{leg, EndCause::ended_by_us});
  for (const LegWish& wish : wishes) {
    const auto line = lines_.find(wish.leg);
    if (line == lines_.end()) {
      if (wish.state == LegWish::State::dialling) orders.push_back(wish.dial);
      else unknown.push_back(wish.leg);
      continue;
    }
    if (wish.state != LegWish::State::up) continue;
    if (!line->second.up) orders.push_back(AcceptLeg{wish.leg});
    orders.push_back(Hear{wish.leg, wish.hearing});
  }
  if (observer_) observer_->told({}, orders, now_, true);
  deliver(orders);
  for (const LegId leg : unknown) tell(LegGone{leg, EndCause::lost});
}

// --- what people notice

void World::deliver(const std::vector<Effect>& effects) {
  for (const Effect& effect : effects) deliver(effect);
  if (plan_.picker != Picker::ours && arriving_) pick();
}

void World::deliver(const Effect& effect) {
  if (const auto* accept = std::get_if<AcceptLeg>(&effect)) {
    if (auto line = lines_.find(accept->leg); line != lines_.end()) line->second.up = true;
  } else if (const auto* refuse = std::get_if<RefuseLeg>(&effect)) {
    leg_ended(refuse->leg, refuse->cause);
  } else if (const auto* dial = std::get_if<DialLeg>(&effect)) {
    phone_rings(*dial);
  } else if (const auto* end = std::get_if<EndLeg>(&effect)) {
    leg_ended(end->leg, end->cause);
  } else if (const auto* hear = std::get_if<Hear>(&effect)) {
    hears(hear->leg, hear->hearing);
  }
}

void World::phone_rings(const DialLeg& dial) {
  if (lines_.contains(dial.leg)) return;  // told twice
  Line line;
  line.kind = dial.device ? Line::Kind::phone : Line::Kind::outside;
  line.who = dial.device ? static_cast<int>(dial.device.value) - 1 : 0;
  line.call = dial.call;
  if (plan_.picker != Picker::ours)
    for (std::size_t q = 0; q < plan_.queues.size(); ++q) if (plan_.queues[q].code == dial.queue) line.queue = static_cast<int>(q);
  const int agent = dial.device ? agent_at(line.who) : -1;
  lines_.emplace(dial.leg, line);
  if (dial.device && !phones_[static_cast<std::size_t>(line.who)].reachable) return at(now_ + network, What::declines, 1, dial.leg);  // nobody is there
  at(now_ + network, What::rings, 0, dial.leg);
  if (agent < 0) return;  // rings at an empty desk
  const AgentPlan& manner = plan_.agents[static_cast<std::size_t>(agent)];
  Dice& fate = people_[static_cast<std::size_t>(agent)].fate;
  if (fate.permille(manner.ignores_permille)) return;
  if (fate.permille(manner.declines_permille)) return at(now_ + fate.between(Duration::seconds(1), Duration::seconds(5)), What::declines, 0, dial.leg);
  at(now_ + network + fate.erlang(2, manner.answers_after), What::answers, 0, dial.leg);
}

void World::leg_ended(LegId leg, EndCause cause) {
  const auto found = lines_.find(leg);
  if (found == lines_.end()) return;
  const Line line = found->second;
  lines_.erase(found);
  if (line.kind == Line::Kind::customer) {
    Customer& customer = customers_[static_cast<std::size_t>(line.who)];
    customer.leg = {};
    if (plan_.picker != Picker::ours) std::erase(waiting_, leg);
    if (!customer.talked && customer.fate.permille(plan_.redials_permille)) at(now_ + customer.fate.between(Duration::seconds(10), Duration::seconds(90)), What::arrive, static_cast<std::uint64_t>(line.who));
    return;
  }
  if (line.kind != Line::Kind::phone) return;
  const int agent = agent_at(line.who);
  if (agent < 0) return;
  Person& person = people_[static_cast<std::size_t>(agent)];
  if (line.up) person.last_call_ended = person.ended_in_queue[line.queue] = now_;
  else if (cause == EndCause::no_answer || cause == EndCause::ended_by_us || cause == EndCause::declined) at(now_ + person.fate.between(Duration::seconds(20), Duration::seconds(180)), What::returns, static_cast<std::uint64_t>(agent));
}

void World::hears(LegId leg, const Hearing& hearing) {
  const auto found = lines_.find(leg);
  if (found == lines_.end()) return;
  Line& line = found->second;
  line.hears = hearing.leg;
  line.plays = hearing.programme.id;
  if (hearing.programme.id && !hearing.programme.repeat) at(now_ + Duration::seconds(4), What::played, 0, leg, LegId{hearing.programme.id.value});
  if (line.kind == Line::Kind::customer && hearing.leg) talk_begins(leg, hearing.leg);
}

void World::talk_begins(LegId customer_leg, LegId agent_leg) {
  const auto phone = lines_.find(agent_leg);
  if (phone == lines_.end()) return;
  Customer& customer = customers_[static_cast<std::size_t>(lines_.at(customer_leg).who)];
  if (phone->second.who < 0 || customer.leg != customer_leg) return;
  const int agent = phone->second.kind == Line::Kind::phone ? agent_at(phone->second.who) : -1;
  const int speed = agent < 0 ? 1'000 : plan_.agents[static_cast<std::size_t>(agent)].speed_permille;
  const bool again = customer.talked;  // after a hold, or after a transfer
  customer.talked = true;
  if (!again) {
    if (agent >= 0) ++people_[static_cast<std::size_t>(agent)].calls;
    const Duration talk = customer.talk * speed / 1'000;
    at(now_ + talk, What::talk_ends, 0, customer_leg);
    if (customer.hold.us > 0 || customer.fate.permille(plan_.holds_permille)) {
      if (customer.hold.us == 0) customer.hold = customer.fate.between(Duration::seconds(3), Duration::seconds(40));
      at(now_ + talk / 3, What::holds, static_cast<std::uint64_t>(customer.hold.ms()), customer_leg);
    }
    const auto roll = customer.fate.below(1'000);
    int reached = 0;
    std::uint64_t kind = 0;
    for (const int chance : {plan_.blind_to_queue_permille, plan_.blind_to_agent_permille, plan_.consults_permille}) {
      ++kind;
      if (roll >= reached && roll < reached + chance) at(now_ + talk / 2, What::transfers, kind, customer_leg);
      reached += chance;
    }
  }
}

// --- what people do

void World::live(const Act& act) {
  switch (act.what) {
    case What::arrive:
    case What::give_up:
    case What::talk_ends: return act_of_customer(act);
    case What::starts:
    case What::breaks:
    case What::returns:
    case What::leaves:
    case What::holds:
    case What::resumes:
    case What::transfers:
    case What::completes:
    case What::gives: return act_of_agent(act);
    case What::phone_dies:
    case What::phone_back:
    case What::rings:
    case What::answers:
    case What::declines:
    case What::played: return act_of_phone(act);
  }
}

void World::act_of_customer(const Act& act) {
  if (act.what == What::arrive) {
    arriving_ = true;
    const LegId leg{next_leg_};
    next_leg_ += 2;
    Customer& customer = customers_[act.who];
    const int queue = customer.queue;
    customer.leg = leg;
    Line line;
    line.who = static_cast<int>(act.who);
    lines_.emplace(leg, line);
    const PartyId party = customer.party;
    at(now_ + customer.patience, What::give_up, act.who, leg);
    const bool gives = customer.fate.permille(plan_.give_permille);
    const bool is_newest = act.who + 1 == customers_.size() && plan_.callers.empty();
    if (is_newest) next_drawn_arrival(now_);
    if (plan_.picker != Picker::ours) waiting_.push_back(leg);
    tell(LegArrived{leg, TrunkId{1}, {}, plan_.queues[static_cast<std::size_t>(queue)].number, party, {}});
    if (gives) at(now_ + Duration::seconds(5), What::gives, 0, leg);
    return;
  }
  const LegId leg{act.leg};
  const auto found = lines_.find(leg);
  if (found == lines_.end()) return;
  Customer& customer = customers_[static_cast<std::size_t>(found->second.who)];
  if (act.what == What::give_up) {
    if (customer.talked) return;
    leg_ended(leg, EndCause::hung_up);
    return tell(LegGone{leg, EndCause::hung_up});
  }
  const LegId partner = found->second.hears;
  const auto other = lines_.find(partner);
  if (other == lines_.end()) {  // on hold, or given back to the line: nobody waits for ever
    if (customer.fate.permille(300)) { leg_ended(leg, EndCause::hung_up); return tell(LegGone{leg, EndCause::hung_up}); }
    return at(now_ + Duration::seconds(10), What::talk_ends, 0, leg);
  }
  const LegId who = customer.agent_hangs_up ? partner : leg;
  leg_ended(who, EndCause::hung_up);
  tell(LegGone{who, EndCause::hung_up});
}

void World::act_of_agent(const Act& act) {
  if (act.what == What::gives) {
    const auto line = lines_.find(LegId{act.leg});
    if (line == lines_.end()) return;
    const CallId call = floor_.call_of(LegId{act.leg});
    for (std::size_t i = 0; i < people_.size(); ++i)
      if (floor_.state(floor_.agent(code(static_cast<int>(i)))) == AgentState::ready) return tell(GiveCall{call, code(static_cast<int>(i)), "boss"});
    return;
  }
  if (act.what == What::holds || act.what == What::resumes || act.what == What::transfers || act.what == What::completes) {
    const auto line = lines_.find(LegId{act.leg});
    const CallId call = line == lines_.end() ? CallId{} : floor_.call_of(LegId{act.leg});
    int agent = -1;  // who serves the customer now
    for (const auto& [leg, other] : lines_)
      if (other.kind == Line::Kind::phone && other.up && call && other.call == call) { agent = agent_at(other.who); break; }
    if (agent < 0) return;
    if (act.what == What::holds) {
      tell(Hold{code(agent), code(agent), true});
      return at(now_ + Duration::milliseconds(static_cast<std::int64_t>(act.who)), What::resumes, 0, LegId{act.leg});
    }
    if (act.what == What::resumes) return tell(Hold{code(agent), code(agent), false});
    Dice& fate = people_[static_cast<std::size_t>(agent)].fate;
    if (act.what == What::completes) {
      if (fate.permille(600)) return tell(CompleteTransfer{code(agent), code(agent)});
      return tell(CancelConsult{code(agent), code(agent)});
    }
    Transfer transfer;
    transfer.agent = transfer.by = code(agent);
    if (act.who == 1) transfer.to_queue = plan_.queues[static_cast<std::size_t>(fate.below(static_cast<std::int64_t>(plan_.queues.size())))].code;
    else transfer.to_agent = code(static_cast<int>(fate.below(static_cast<std::int64_t>(people_.size()))));
    if (act.who == 3) {
      transfer.how = TransferKind::consult;
      at(now_ + fate.between(Duration::seconds(3), Duration::seconds(25)), What::completes, 0, LegId{act.leg});
    }
    return tell(transfer);
  }
  const int agent = static_cast<int>(act.who);
  Person& person = people_[act.who];
  switch (act.what) {
    case What::starts: {
      if (person.fate.permille(plan_.hot_desk_permille)) {
        const int desk = static_cast<int>(person.fate.below(static_cast<std::int64_t>(people_.size())));
        if (agent_at(desk) < 0) person.desk = desk;
      }
      if (const int other = agent_at(person.desk); other >= 0) people_[static_cast<std::size_t>(other)].here = false;  // sent away from the desk
      person.here = true;
      at_desk_[static_cast<std::size_t>(person.desk)] = agent;
      return tell(SignIn{code(agent), plan_.agents[static_cast<std::size_t>(person.desk)].settings.device, code(agent)});
    }
    case What::breaks:
      if (!person.here) return;
      person.on_break = true;
      return tell(SetPaused{code(agent), "tea", code(agent)});
    case What::returns:
      if (!person.here) return;
      person.on_break = false;
      return tell(SetReady{code(agent), code(agent)});
    case What::leaves:
      if (!person.here) return;
      person.here = false;
      at_desk_[static_cast<std::size_t>(person.desk)] = -1;
      return tell(SignOut{code(agent), code(agent)});
    default: return;
  }
}

void World::act_of_phone(const Act& act) {
  const LegId leg{act.leg};
  if (act.what == What::phone_dies) {
    phones_[act.who].reachable = false;
    std::vector<LegId> dead;
    for (const auto& [id, line] : lines_)
      if (line.kind == Line::Kind::phone && line.who == static_cast<int>(act.who) && line.up) dead.push_back(id);
    for (const LegId id : dead) {
      leg_ended(id, EndCause::lost);
      tell(LegGone{id, EndCause::lost});
    }
    at(now_ + chance_.between(Duration::seconds(5), Duration::minutes(4)), What::phone_back, act.who);
    return tell(DeviceReachable{DeviceId{act.who + 1}, false});
  }
  if (act.what == What::phone_back) {
    phones_[act.who].reachable = true;
    return tell(DeviceReachable{DeviceId{act.who + 1}, true});
  }
  const auto found = lines_.find(leg);
  if (found == lines_.end()) {
    if (act.what == What::answers && chance_.permille(100)) tell(LegAnsweredByPeer{leg});  // crossed with our CANCEL
    return;
  }
  if (act.what == What::played) {
    if (found->second.plays.value == act.other) tell(ProgrammeFinished{leg, ProgrammeId{act.other}});
    return;
  }
  if (found->second.up) return;
  if (act.what == What::rings) return tell(LegRinging{leg});
  const bool dead = found->second.kind == Line::Kind::phone && !phones_[static_cast<std::size_t>(found->second.who)].reachable;
  if (act.what == What::answers && !dead) {
    found->second.up = true;
    if (plan_.picker != Picker::ours)
      for (const LegId customer : waiting_)
        if (floor_.call_of(customer) == found->second.call) { std::erase(waiting_, customer); break; }
    return tell(LegAnsweredByPeer{leg});
  }
  const EndCause cause = act.who == 1 || dead ? EndCause::unreachable : EndCause::declined;
  leg_ended(leg, cause);
  tell(LegGone{leg, cause});
}

// --- other switches' rules

void World::pick() {
  for (std::size_t i = 0; i < waiting_.size();) {
    const LegId leg = waiting_[i];
    bool rings = false;
    const CallId call = floor_.call_of(leg);
    for (const auto& [id, line] : lines_) rings = rings || (line.kind == Line::Kind::phone && line.call == call);
    if (rings || !lines_.at(leg).up) { ++i; continue; }
    std::vector<int> free;
    for (std::size_t a = 0; a < people_.size(); ++a)
      if (floor_.state(AgentId{a + 1}) == AgentState::ready && phones_[static_cast<std::size_t>(people_[a].desk)].reachable) free.push_back(static_cast<int>(a));
    if (free.empty()) return;
    const int agent = picked(free, customers_[static_cast<std::size_t>(lines_.at(leg).who)].queue);
    pointer_ = agent;
    const auto before = waiting_.size();
    tell(GiveCall{call, code(agent), "rule"});
    i = waiting_.size() == before ? i + 1 : 0;
    return;  // telling has picked on by itself
  }
}

int World::picked(const std::vector<int>& free, int queue) {
  auto least = [&](auto key) { return *std::min_element(free.begin(), free.end(), [&](int a, int b) { return key(people_[static_cast<std::size_t>(a)]) < key(people_[static_cast<std::size_t>(b)]); }); };
  switch (plan_.picker) {
    case Picker::ours:
    case Picker::random: return free[static_cast<std::size_t>(chance_.below(static_cast<std::int64_t>(free.size())))];
    case Picker::app_queue_leastrecent:           // longest since the last call of this queue that was completed; unanswered rings do not count
      return least([queue](const Person& p) { const auto found = p.ended_in_queue.find(queue); return found == p.ended_in_queue.end() ? Instant{} : found->second; });
    case Picker::mod_callcenter_longest_idle:     // last_bridge_end: a break counts as idleness
      return least([](const Person& p) { return p.last_call_ended; });
    case Picker::app_queue_rrmemory: {            // the one behind the last who was tried
      for (const int agent : free) if (agent > pointer_) return agent;
      return free.front();
    }
  }
  return free.front();
}

}  // namespace pasokh::simulate
