#include "simulate/sip_world.h"

#include <algorithm>
#include <cstring>

namespace pasokh::simulate {
namespace {

using namespace floor;

constexpr std::size_t held_max = 80;                          // datagrams a clogged link keeps
constexpr Duration stays_open = Duration::minutes(12), rests = Duration::minutes(6);  // after the day; after everybody has gone
const std::string trunk_ip = "10.2.0.1";

template <class T> T take(std::vector<T>& pool, std::size_t i) { return std::move(pool[i]); }

}  // namespace

SipWorld::SipWorld(SipPlan plan, Witness* witness, ControlTampering tampering) : plan_(std::move(plan)), witness_(witness), now_(plan_.people.start), chance_(plan_.people.seed, 4) {
  loss_ = plan_.loss_permille;
  twice_ = plan_.twice_permille;
  workers_.resize(plan_.workers);
  control_ = std::make_unique<Control>(*this, plan_.people.seed, plan_.workers, std::move(tampering));
  control_->watch(witness_ != nullptr);
  control_->disk.commit = plan_.commit;
}
SipWorld::~SipWorld() = default;

void SipWorld::run() {
  ends_ = plan_.people.start + plan_.people.length() + stays_open + rests;
  due_.resize(plan_.people.agents.size());
  serves_.resize(plan_.people.agents.size());
  settle_in();
  plan_people();
  plan_faults();
  schedule(plan_.people.start + plan_.people.length() + stays_open, What::everybody_out);
  schedule(now_ + Duration::seconds(1), What::second);
  while (!acts_.empty() && acts_.top().at <= ends_ && !stopped_) {
    const Act act = acts_.top();
    acts_.pop();
    now_ = act.at;
    live(act);
  }
}

std::string SipWorld::number_of(int customer) const {
  std::string digits = std::to_string(10'000'000 + customer);
  return "0912" + digits.substr(1);
}
int SipWorld::customer_of(const std::string& shown) const {
  if (shown.size() != 11 || !shown.starts_with("0912")) return -1;
  const int n = std::atoi(shown.c_str() + 4);
  return n < static_cast<int>(customers_.size()) ? n : -1;
}
const PeerCall* SipWorld::line_of(int customer) const {
  const auto call = customers_[static_cast<std::size_t>(customer)].call;
  const auto& calls = peers_[0]->calls();
  const auto found = calls.find(call);
  return found == calls.end() || !found->second.alive() ? nullptr : &found->second;
}

// --- the house before anybody comes

void SipWorld::settle_in() {
  const Plan& people = plan_.people;
  Dice dice{people.seed, 6};
  auto manners = [&](std::string ip, std::string user) {
    PeerManners m;
    m.ip = std::move(ip);
    m.user = std::move(user);
    m.password = "secret" + m.user;
    m.seed = people.seed * 1'000 + peers_.size();
    m.takes_update = dice.permille(plan_.update_permille);
    m.rings_reliably = plan_.reliable_permille > 0 && dice.permille(plan_.reliable_permille);
    if (plan_.session_timers_permille > 0 && dice.permille(plan_.session_timers_permille)) { m.session_timer = 120; m.refresher_is_us = dice.permille(500); }
    return m;
  };
  peers_.push_back(std::make_unique<Peer>(0, *this, manners(trunk_ip, "")));
  for (std::size_t i = 0; i < people.agents.size(); ++i) {
    auto m = manners("10.1." + std::to_string(i / 200) + "." + std::to_string(i % 200 + 1), people.agents[i].settings.device);
    m.tcp = dice.permille(plan_.tcp_permille);
    m.register_for = 120 + dice.below(480);
    peers_.push_back(std::make_unique<Peer>(static_cast<int>(i) + 1, *this, std::move(m)));
  }
  links_.resize(peers_.size());
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    links_[i].tcp = peers_[i]->manners().tcp;
    links_[i].quiet_since = now_;
    by_ip_[peers_[i]->manners().ip] = static_cast<int>(i);
  }
  quiet_since_ = now_;
  control_->boot();
  const Duration commit = control_->disk.commit;
  control_->disk.commit = {};  // the settings are in before the day begins
  auto set = [&](const std::string& noun, const std::string& code, std::map<std::string, std::string> settings, const std::string& verb = "add") {
    control_->ask({noun, verb, code, std::move(settings), "plan"}, [](const switchboard::Reply&) {});
    now_ = now_ + Duration::milliseconds(20);
    control_->run();
  };
  set("trunk", "carrier", {{"networks", "10.2.0.0/16"}, {"host", trunk_ip}, {"options_every", plan_.loss_permille > 0 ? "30" : "0"}});
  if (plan_.own_calls_permille > 0) set("centre", "", {{"outbound", "021:carrier"}}, "set");
  for (const auto& configure : settings_of(people)) {
    auto settings = configure.settings;
    if (configure.noun == "device") settings["password"] = "secret" + configure.code;
    if (configure.noun == "queue") settings["music"] = settings.count("music") ? settings["music"] : "default";
    set(configure.noun, configure.code, std::move(settings), configure.verb);
  }
  if (plan_.closes.us) {
    const auto moment = [&](Duration of_day) { return std::to_string((people.start + of_day).us); };
    set("hours", "office", {{"openings", moment(Duration{} - Duration::hours(1)) + "-" + moment(plan_.closes)}, {"known_until", moment(Duration::hours(24))}}, "set");
    set("number", people.queues.front().number, {{"hours", "office"}}, "set");
  }
  control_->disk.commit = commit;
  now_ = people.start;
  quiet_since_ = now_;
  for (std::size_t i = 1; i < peers_.size(); ++i) schedule(now_ + Duration::milliseconds(10 + 20 * static_cast<std::int64_t>(i)), What::reconnects, static_cast<int>(i));
  if (witness_) witness_->settled_in();
}

void SipWorld::plan_people() {
  const Plan& plan = plan_.people;
  const auto count = plan.agents.size();
  people_.resize(count);
  at_desk_.assign(count, -1);
  for (std::size_t i = 0; i < count; ++i) {
    Person& person = people_[i];
    const AgentPlan& agent = plan.agents[i];
    person.fate = Dice{plan.seed, 1'000 + i};
    person.desk = static_cast<int>(i);
    for (const Stay& shift : agent.shifts) {
      schedule(plan.start + shift.from + Duration::seconds(3) + Duration::milliseconds(person.fate.below(5'000)), What::starts, 0, i);
      schedule(plan.start + shift.to, What::leaves, 0, i);
    }
    for (const Stay& stay : agent.breaks) {
      schedule(plan.start + stay.from, What::breaks, 0, i);
      schedule(plan.start + stay.to, What::returns, 0, i);
    }
    if (plan_.own_calls_permille > 0)
      for (Duration t; t < plan.length(); t += Duration::minutes(15))
        if (person.fate.permille(plan_.own_calls_permille / 4)) schedule(plan.start + t + person.fate.between(Duration::minutes(1), Duration::minutes(15)), What::dials, 0, i);
    if (plan.phone_dies_permille > 0)
      for (Duration t; t < plan.length(); t += Duration::hours(1))
        if (person.fate.permille(plan.phone_dies_permille)) schedule(plan.start + t + person.fate.between({}, Duration::hours(1)), What::phone_dies, static_cast<int>(i) + 1);
  }
  next_drawn_arrival(plan.start + Duration::seconds(10));
}

void SipWorld::plan_faults() {
  const Duration length = plan_.people.length();
  auto spread = [&](int per_hour, auto how) {
    const auto times = static_cast<int>(static_cast<std::int64_t>(per_hour) * length.ms() / Duration::hours(1).ms());
    for (int i = 0; i < times; ++i) how(plan_.people.start + Duration::seconds(30) + chance_.between({}, length));
  };
  spread(plan_.clogs_per_hour, [&](Instant at) { schedule(at, What::clogs, static_cast<int>(chance_.below(static_cast<std::int64_t>(peers_.size())))); });
  spread(plan_.breaks_per_hour, [&](Instant at) { schedule(at, What::link_breaks, static_cast<int>(chance_.below(static_cast<std::int64_t>(peers_.size())))); });
  spread(plan_.deaths_per_hour, [&](Instant at) { schedule(at, What::control_dies); });
  spread(plan_.worker_deaths_per_hour, [&](Instant at) { schedule(at, What::worker_dies, 0, static_cast<std::uint64_t>(chance_.below(static_cast<std::int64_t>(workers_.size())))); });
  spread(plan_.slow_disks_per_hour, [&](Instant at) { schedule(at, What::disk_slow); });
  spread(plan_.full_disks_per_hour, [&](Instant at) { schedule(at, What::disk_full); });
}

// A Poisson stream whose rate changes with the interval; callers draw from their own streams (as in world.cpp).
void SipWorld::next_drawn_arrival(Instant after) {
  const Plan& plan = plan_.people;
  Instant when = after;
  Dice dice{plan.seed, 2'000'000 + customers_.size()};
  for (;;) {
    const auto interval = static_cast<std::size_t>((when - plan.start).us / plan.interval.us);
    if (interval >= plan.calls.size()) return;
    const Instant ends = plan.start + plan.interval * static_cast<std::int64_t>(interval + 1);
    if (plan.calls[interval] <= 0) { when = ends; continue; }
    const Instant then = when + dice.exponential(plan.interval / plan.calls[interval]);
    if (then >= ends) { when = ends; continue; }
    when = then;
    break;
  }
  int weights = 0;
  for (const QueuePlan& queue : plan.queues) weights += queue.weight;
  auto roll = dice.below(weights);
  int queue = 0;
  while (roll >= plan.queues[static_cast<std::size_t>(queue)].weight) roll -= plan.queues[static_cast<std::size_t>(queue++)].weight;
  add_customer(queue, dice, when);
  Customer& c = customers_.back();
  c.patience = c.fate.exponential(plan.patience);
  c.talk = c.fate.erlang(plan.talk_shape, plan.talk);
  c.agent_hangs_up = c.fate.permille(plan.agent_hangs_up_permille);
}

void SipWorld::add_customer(int queue, Dice fate, Instant when) {
  Customer customer;
  customer.queue = queue;
  customer.fate = fate;
  customers_.push_back(std::move(customer));
  schedule(when, What::arrive, 0, customers_.size() - 1);
}

// --- the network

std::uint64_t SipWorld::keep(Packet packet) {
  if (free_packets_.empty()) { packets_.push_back(std::move(packet)); return packets_.size() - 1; }
  const auto slot = free_packets_.back();
  free_packets_.pop_back();
  packets_[slot] = std::move(packet);
  return slot;
}

void SipWorld::transmit(int peer, std::string bytes) { carry(peer, std::move(bytes), true); }

void SipWorld::transmit(const switchboard::Datagram& datagram) {
  const auto found = by_ip_.find(datagram.to.remote.ip);
  if (found == by_ip_.end()) return;
  const int peer = found->second;
  std::uint64_t word = 0;
  for (std::size_t i = 0; i + 8 <= datagram.bytes.size(); i += 8) { std::memcpy(&word, datagram.bytes.data() + i, 8); print_ = (print_ ^ word) * 0x100000001b3ull; }
  print_ = (print_ ^ static_cast<std::uint64_t>(now_.us)) * 0x100000001b3ull;
  if (witness_) witness_->sent_by_us(peer, datagram.bytes);
  Link& link = links_[static_cast<std::size_t>(peer)];
  if (datagram.to.transport == sip::Transport::tcp && (link.connection == 0 || (datagram.to.connection != 0 && link.connection != datagram.to.connection))) {
    // the loop opens a connection; every other phone has nobody listening
    const sip::Flow to{sip::Transport::tcp, datagram.to.remote, 0};
    if (peers_[static_cast<std::size_t>(peer)]->dead() || peer % 2 == 0 || link.clogged) return schedule(now_ + Duration::milliseconds(5), What::resolves, peer, 1);
    if (link.connection) by_connection_.erase(link.connection);
    link.connection = next_connection_++;
    by_connection_[link.connection] = peer;
    schedule(now_ + Duration::milliseconds(2), What::resolves, peer, 2, link.connection);
  }
  carry(peer, datagram.bytes, false);
}

void SipWorld::carry(int peer, std::string bytes, bool to_control) {
  ++datagrams_;
  Link& link = links_[static_cast<std::size_t>(peer)];
  if (link.tcp && to_control && link.connection == 0) {
    if (!control_->is_up()) { ++lost_; return; }
    connect(peer);
  }
  if (link.clogged) {
    if (link.held.size() < held_max) link.held.emplace_back(to_control, std::move(bytes)); else ++lost_;
    return;
  }
  Duration delay = plan_.delay_min + chance_.between({}, plan_.delay_max - plan_.delay_min);
  const std::uint64_t connection = link.tcp ? link.connection : 0;
  const What what = to_control ? What::to_control : What::packet;
  if (link.tcp) {
    Instant& last = to_control ? link.last_in : link.last_out;
    last = std::max(last, now_ + delay);
    return schedule(last, what, peer, keep({std::move(bytes), connection}));
  }
  if (loss_ > 0 && chance_.permille(loss_)) { ++lost_; return; }
  if (twice_ > 0 && chance_.permille(twice_)) schedule(now_ + delay + chance_.between({}, Duration::milliseconds(40)), what, peer, keep({bytes, 0}));
  schedule(now_ + delay, what, peer, keep({std::move(bytes), 0}));
}

void SipWorld::deliver(int index, std::string bytes, std::uint64_t connection, bool to_control) {
  Peer& peer = *peers_[static_cast<std::size_t>(index)];
  if (connection && links_[static_cast<std::size_t>(index)].connection != connection) { ++lost_; return; }  // it broke on the way
  if (!to_control) return peer.receive(bytes);
  if (!control_->is_up()) { ++lost_; return; }
  if (witness_) witness_->reached_us(index, bytes);
  const sip::Flow from{connection ? sip::Transport::tcp : sip::Transport::udp, {peer.manners().ip, peer.manners().port}, connection};
  control_->receive(from, bytes);
}

void SipWorld::connect(int peer) {
  Link& link = links_[static_cast<std::size_t>(peer)];
  link.connection = next_connection_++;
  by_connection_[link.connection] = peer;
}

void SipWorld::break_connection(int peer, bool control_notices) {
  Link& link = links_[static_cast<std::size_t>(peer)];
  if (!link.tcp || link.connection == 0) return;
  const auto connection = link.connection;
  by_connection_.erase(connection);
  link.connection = 0;
  link.quiet_since = now_;
  link.was_away = true;
  if (control_notices) control_->broke(connection);
  peers_[static_cast<std::size_t>(peer)]->connection_broke();
}

// --- media workers

void SipWorld::tell(std::size_t worker, media::FromWorker message, Duration after) {
  const auto id = next_told_++;
  told_.emplace(id, std::pair(worker, std::move(message)));
  schedule(now_ + after, What::worker_message, static_cast<int>(workers_[worker].life), id);
}

void SipWorld::order(std::size_t index, const media::ToWorker& order) {
  Worker& worker = workers_[index];
  if (!worker.alive) return;
  constexpr Duration soon = Duration::milliseconds(1);
  if (const auto* wanted = std::get_if<media::LegWanted>(&order)) {
    worker.named.insert(wanted->leg);
    auto [leg, is_new] = worker.legs.try_emplace(wanted->leg, *wanted);
    if (!is_new && leg->second.port != wanted->port) worker.by_port.erase(leg->second.port);
    leg->second = *wanted;
    worker.by_port[wanted->port] = wanted->leg;
    if (!wanted->programme || wanted->repeat_last || wanted->items.empty() || wanted->hears) return;
    const auto done = worker.done.find(wanted->leg);
    if (done != worker.done.end() && done->second.first == wanted->programme) {
      if (done->second.second != control_->deaths()) tell(index, media::ProgrammeDone{wanted->leg, wanted->programme}, soon);  // perhaps the control before never heard it
      done->second.second = control_->deaths();
      return;
    }
    worker.done[wanted->leg] = {wanted->programme, control_->deaths()};
    tell(index, media::ProgrammeDone{wanted->leg, wanted->programme}, Duration::seconds(2) + Duration::milliseconds(500) * static_cast<std::int64_t>(wanted->items.size()));
  } else if (const auto* remove = std::get_if<media::LegRemove>(&order)) {
    const auto leg = worker.legs.find(remove->leg);
    if (leg == worker.legs.end()) return;
    media::LegStatistics statistics;
    statistics.leg = remove->leg;
    statistics.call = leg->second.call;
    statistics.packets_in = statistics.packets_out = 100;
    if (const auto port = worker.by_port.find(leg->second.port); port != worker.by_port.end() && port->second == remove->leg) worker.by_port.erase(port);
    worker.legs.erase(leg);
    worker.done.erase(remove->leg);
    worker.heard.erase(remove->leg);
    worker.silent_since.erase(remove->leg);
    worker.told_silent.erase(remove->leg);
    tell(index, media::LegRemoved{statistics}, soon);
  } else if (const auto* capture = std::get_if<media::CaptureWanted>(&order)) {
    worker.captures[capture->capture] = capture->call;
    worker.named_captures.insert(capture->capture);
  } else if (const auto* close = std::get_if<media::CaptureClose>(&order)) {
    const bool had = worker.captures.erase(close->capture) > 0 || worker.closed.contains(close->capture);
    worker.closed.insert(close->capture);
    tell(index, media::CaptureClosed{close->capture, 1'000, false, had}, soon);
  } else if (std::holds_alternative<media::WantedIsComplete>(order)) {
    for (auto leg = worker.legs.begin(); leg != worker.legs.end();) {
      if (worker.named.contains(leg->first)) { ++leg; continue; }
      if (const auto port = worker.by_port.find(leg->second.port); port != worker.by_port.end() && port->second == leg->first) worker.by_port.erase(port);
      leg = worker.legs.erase(leg);
    }
    std::erase_if(worker.captures, [&](const auto& c) { return !worker.named_captures.contains(c.first); });
  }
}

void SipWorld::worker_says(std::uint64_t what) {
  auto node = told_.extract(what);
  if (!node) return;
  auto& [index, message] = node.mapped();
  Worker& worker = workers_[index];
  if (!worker.alive) return;
  if (const auto* done = std::get_if<media::ProgrammeDone>(&message)) {
    const auto leg = worker.legs.find(done->leg);
    if (leg == worker.legs.end() || leg->second.programme != done->programme || leg->second.hears) return;
  }
  if (!control_->is_up()) {  // kept until there is one
    const auto id = next_told_++;
    told_.emplace(id, std::move(node.mapped()));
    return schedule(now_ + Duration::milliseconds(100), What::worker_message, static_cast<int>(worker.life), id);
  }
  control_->from_worker(index, message);
}

// No audio for 30 s where some should come: said, and again each 30 s.
void SipWorld::look_for_silence() {
  for (std::size_t index = 0; index < workers_.size(); ++index) {
    Worker& worker = workers_[index];
    if (!worker.alive) continue;
    std::vector<LegId> legs;
    for (const auto& [id, leg] : worker.legs) if (leg.remote_port && leg.receive) legs.push_back(id);
    std::sort(legs.begin(), legs.end());
    for (const LegId id : legs) {
      const media::LegWanted& leg = worker.legs.at(id);
      const auto peer = by_ip_.find(leg.remote_ip);
      const PeerCall* call = peer == by_ip_.end() ? nullptr : peers_[static_cast<std::size_t>(peer->second)]->speaking_from(leg.remote_port);
      const bool speaks = call && call->audio.port == leg.port && call->sends && (call->state == PeerCall::State::talking || call->state == PeerCall::State::answered) && !links_[static_cast<std::size_t>(peer->second)].clogged;
      if (speaks) {
        worker.silent_since.erase(id);
        worker.told_silent.erase(id);
        if (worker.heard.insert(id).second) tell(index, media::LegHeard{id}, Duration::milliseconds(1));
        continue;
      }
      const auto since = worker.silent_since.try_emplace(id, now_).first->second;
      const auto told = worker.told_silent.find(id);
      if (now_ - (told == worker.told_silent.end() ? since : told->second) < Duration::seconds(30)) continue;
      worker.told_silent[id] = now_;
      tell(index, media::LegSilent{id, (now_ - since).ms()}, Duration::milliseconds(1));
    }
  }
}

SipWorld::Voice SipWorld::voice_at(int index, const PeerCall& call) const {
  Voice voice;
  for (const Worker& worker : workers_) {
    const auto port = worker.by_port.find(call.audio.port);
    if (!worker.alive || port == worker.by_port.end()) continue;
    const auto mine = worker.legs.find(port->second);
    if (mine == worker.legs.end()) return voice;
    const media::LegWanted& leg = mine->second;
    if (leg.remote_ip != peers_[static_cast<std::size_t>(index)]->manners().ip || leg.remote_port != call.rtp) return voice;
    voice.music = !leg.hears && leg.programme;
    if (!leg.hears || !leg.send) return voice;
    const auto other = worker.legs.find(leg.hears);
    if (other == worker.legs.end() || !other->second.receive) return voice;
    const auto peer = by_ip_.find(other->second.remote_ip);
    if (peer == by_ip_.end()) return voice;
    const PeerCall* theirs = peers_[static_cast<std::size_t>(peer->second)]->speaking_from(other->second.remote_port);
    if (!theirs || theirs->audio.port != other->second.port || !theirs->sends || peers_[static_cast<std::size_t>(peer->second)]->dead()) return voice;
    voice.peer = peer->second;
    voice.call = theirs->id;
    return voice;
  }
  return voice;
}

bool SipWorld::recorded(const PeerCall& call) const {
  for (const Worker& worker : workers_) {
    const auto port = worker.by_port.find(call.audio.port);
    if (!worker.alive || port == worker.by_port.end()) continue;
    const auto leg = worker.legs.find(port->second);
    return leg != worker.legs.end() && leg->second.capture && worker.captures.contains(leg->second.capture);
  }
  return false;
}

std::size_t SipWorld::worker_legs() const {
  std::size_t n = 0;
  for (const Worker& worker : workers_) n += worker.legs.size();
  return n;
}
std::size_t SipWorld::worker_captures() const {
  std::size_t n = 0;
  for (const Worker& worker : workers_) n += worker.captures.size();
  return n;
}

// --- control, as the world sees it

void SipWorld::durable(std::vector<Handled> handled) {
  for (const Handled& one : handled)
    for (const Event& event : one.events) {  // what the desks of the specialists show
      if (const auto* due = std::get_if<CallReportDue>(&event)) due_[due->agent.value - 1].push_back(due->call);
      else if (const auto* done = std::get_if<CallReportCompleted>(&event)) std::erase(due_[done->agent.value - 1], done->call);
      else if (const auto* waived = std::get_if<CallReportWaived>(&event)) std::erase(due_[waived->agent.value - 1], waived->call);
      else if (const auto* answered = std::get_if<OfferAnswered>(&event)) serves_[answered->agent.value - 1] = answered->call;
      else if (const auto* left = std::get_if<AgentLeftCall>(&event); left && serves_[left->agent.value - 1] == left->call) serves_[left->agent.value - 1] = {};
    }
  if (witness_) witness_->durable(handled);
}

void SipWorld::died() {
  disturbed();
  for (Worker& worker : workers_) { worker.named.clear(); worker.named_captures.clear(); }
  for (std::size_t i = 0; i < peers_.size(); ++i) break_connection(static_cast<int>(i), false);
}

void SipWorld::started(bool same_floor, bool same_legs, bool compared) {
  disturbed();
  if (witness_ && compared) witness_->restarted(same_floor, same_legs);
}

// --- what people ask at the console

void SipWorld::ask(int agent, const std::string& verb, std::map<std::string, std::string> settings, bool again, const std::string& by) {
  Question question;
  question.command = {"agent", verb, code(agent), std::move(settings), by.empty() ? code(agent) : by};
  question.agent = agent;
  question.again = again;
  question.id = questions_.size();
  questions_.push_back(std::move(question));
  ask_now(questions_.size() - 1);
}

// Only at one's own desk: a star code speaks for whoever sits there, or for whose phone it is.
void SipWorld::say(int agent, const std::string& verb, std::map<std::string, std::string> settings) {
  const Person& person = people_[static_cast<std::size_t>(agent)];
  Peer& phone = *peers_[static_cast<std::size_t>(agent) + 1];
  const bool at_home = person.desk == agent && (agent_at(agent) == agent || verb == "out") && phone.is_registered() && !phone.dead() && phone.busy_with() == 0;
  if (plan_.star_permille == 0 || !at_home || !people_[static_cast<std::size_t>(agent)].fate.permille(plan_.star_permille)) return ask(agent, verb, std::move(settings));
  if (witness_) witness_->agent_did(agent, verb, false);
  const std::string code = verb == "ready" ? "*11" + plan_.people.agents[static_cast<std::size_t>(agent)].settings.number : verb == "pause" ? "*147" : "*12";
  phone.call(code, phone.manners().user, static_cast<std::uint64_t>(agent) + 1);
}

// The tone was heard and we have hung up: said. Anything else: at the console then.
void SipWorld::star_code_over(int peer, const PeerCall& call, Notice notice) {
  const std::string verb = call.dialled.starts_with("*11") ? "ready" : call.dialled == "*12" ? "out" : "pause";
  const int agent = peer - 1;
  if (notice == Notice::hung_up) { if (witness_) witness_->agent_did(agent, verb, true); return; }
  if (healed_ && verb != "out") return;
  ask(agent, verb, verb == "pause" ? std::map<std::string, std::string>{{"reason", "tea"}} : std::map<std::string, std::string>{});
}

void SipWorld::ask_now(std::uint64_t id) {
  Question& question = questions_[id];
  if (!question.open) return;
  if (question.agent >= 0 && question.command.verb == "ready" && !works(question.agent)) { question.open = false; return; }  // thought better of it meanwhile
  if (++question.tries > 60) { question.open = false; return; }
  if (witness_) witness_->agent_did(question.agent, question.command.verb, false);
  if (question.again) schedule(now_ + Duration::seconds(control_->is_up() ? 4 : 1), What::asks, 0, id);
  const bool asked = control_->ask(question.command, [this, id](const switchboard::Reply& reply) {
    Question& mine = questions_[id];
    if (!mine.open) return;
    mine.open = false;
    if (witness_ && reply.ok) witness_->agent_did(mine.agent, mine.command.verb, true);
  });
  if (!asked && !question.again) question.open = false;
}

// Specialists look at their console now and then: who has been set aside and works comes back.
void SipWorld::look_at_console() {
  for (std::size_t i = 0; i < people_.size(); ++i) {
    if (!control_->is_up()) return;
    if (!works(static_cast<int>(i)) || now_.us / 1'000'000 % 37 != static_cast<std::int64_t>(i) % 37) continue;
    const Peer& phone = *peers_[static_cast<std::size_t>(people_[i].desk) + 1];
    if (!due_[i].empty() && phone.busy_with() == 0) {  // forgotten: they see it, or the supervisor does
      const bool boss = now_.us / 1'000'000 / 37 % 2 == 0;
      write_reports(static_cast<int>(i), boss ? "release" : "report", boss ? "boss" : code(static_cast<int>(i)));
    }
    if (!control_->is_up()) return;  // it may have been killed by what they asked
    const Floor& floor = control_->board()->floor();
    if (phone.is_registered() && floor.state(floor.agent(code(static_cast<int>(i)))) == AgentState::paused && phone.busy_with() == 0) ask(static_cast<int>(i), "ready", {});
  }
}

// Somebody presses some button, whether it makes sense or not.
void SipWorld::anything() {
  const int agent = static_cast<int>(chance_.below(static_cast<std::int64_t>(people_.size())));
  const int colleague = static_cast<int>(chance_.below(static_cast<std::int64_t>(people_.size())));
  const std::string& queue = plan_.people.queues[static_cast<std::size_t>(chance_.below(static_cast<std::int64_t>(plan_.people.queues.size())))].code;
  Peer& phone = *peers_[static_cast<std::size_t>(chance_.below(static_cast<std::int64_t>(peers_.size())))];
  std::vector<std::uint64_t> live;
  for (const auto& [id, call] : phone.calls()) if (call.alive() && !call.dialled.starts_with("*")) live.push_back(id);  // a star code's call lasts for a tone
  const std::uint64_t call = live.empty() ? 0 : live[static_cast<std::size_t>(chance_.below(static_cast<std::int64_t>(live.size())))];
  switch (chance_.below(18)) {
    case 0: return ask(agent, "hold", {}, false);
    case 1: return ask(agent, "resume", {}, false);
    case 2: return ask(agent, "transfer", {{"agent", code(colleague)}}, false);
    case 3: return ask(agent, "transfer", {{"queue", queue}}, false);
    case 4: return ask(agent, "consult", {{"agent", code(colleague)}}, false);
    case 5: return ask(agent, "complete", {}, false);
    case 6: return ask(agent, "cancel", {}, false);
    case 7: return ask(agent, "pause", {{"reason", "tea"}}, false);
    case 8: return ask(agent, "ready", {}, false);
    case 9: return ask(agent, "ready", {{"device", plan_.people.agents[static_cast<std::size_t>(people_[static_cast<std::size_t>(agent)].desk)].settings.device}}, false);
    case 10: return phone.hang_up(call);
    case 11: return phone.hold(call, true);
    case 12: return phone.hold(call, false);
    case 13: return phone.digit(call, '7');
    case 14: return phone.refer(call, plan_.people.queues.front().number);
    case 15: return phone.poke(call, "UPDATE");
    case 16: return phone.poke(call, "OPTIONS");
    case 17: {
      if (!control_->is_up()) return;
      if (chance_.permille(300)) return ask(agent, "out", {}, false);
      const auto wishes = control_->board()->floor().leg_wishes();
      if (wishes.empty()) return;
      const CallId which = wishes[static_cast<std::size_t>(chance_.below(static_cast<std::int64_t>(wishes.size())))].call;
      control_->ask({"call", "give", std::to_string(which.value), {{"agent", code(agent)}}, "boss"}, [](const switchboard::Reply&) {});
      return;
    }
    default: return;
  }
}

// --- what people notice

// Whoever sees the phone come back presses "ready" once more: it may have been set aside meanwhile.
void SipWorld::registered(int peer, bool yes) {
  Link& link = links_[static_cast<std::size_t>(peer)];
  if (!yes) { link.was_away = true; link.quiet_since = now_; }
  else if (std::exchange(link.was_away, false)) { link.quiet_since = now_; press_ready(peer); }
}

void SipWorld::press_ready(int peer) {
  if (peer == 0 || agent_at(peer - 1) < 0 || !works(agent_at(peer - 1))) return;
  schedule(now_ + Duration::seconds(5), What::returns, 0, static_cast<std::uint64_t>(agent_at(peer - 1)));
}

void SipWorld::noticed(int peer, PeerCall& call, Notice notice, int status) {
  if (witness_) witness_->noticed(peer, call, notice, status);
  if (peer == 0) {
    if (!call.outgoing) return outside_noticed(call, notice);
    Customer& customer = customers_[call.person - 1];
    if (customer.call != call.id) return;
    switch (notice) {
      case Notice::refused: case Notice::timed_out: case Notice::hung_up: case Notice::gone: case Notice::hung_up_here:
        customer.call = 0;
        ++customer.talk_number;
        customer.moving = customer.held = customer.consulted = false;
        if (!customer.talked && customer.fate.permille(plan_.people.redials_permille) && !healed_) schedule(now_ + customer.fate.between(Duration::seconds(10), Duration::seconds(90)), What::arrive, 0, call.person - 1, 1);
        return;
      case Notice::rings: case Notice::stopped: case Notice::ringback: case Notice::answered: case Notice::connected: case Notice::held: case Notice::moved: case Notice::not_pracked: return;
    }
    return;
  }
  if (call.outgoing && !call.dialled.starts_with("*")) return own_noticed(peer, call, notice);
  if (call.outgoing) {
    if (!call.alive()) star_code_over(peer, call, notice);
    return;
  }
  const int desk = peer - 1;
  const int agent = agent_at(desk);
  switch (notice) {
    case Notice::rings: {
      if (agent < 0) return;  // at an empty desk
      const AgentPlan& manner = plan_.people.agents[static_cast<std::size_t>(agent)];
      Dice& fate = people_[static_cast<std::size_t>(agent)].fate;
      if (fate.permille(manner.ignores_permille)) return;
      if (fate.permille(manner.declines_permille)) return schedule(now_ + fate.between(Duration::seconds(1), Duration::seconds(5)), What::declines, peer, call.id);
      return schedule(now_ + Duration::milliseconds(200) + fate.erlang(2, manner.answers_after), What::answers, peer, call.id);
    }
    case Notice::connected:
      if (customer_of(call.shown) < 0) schedule(now_ + Duration::seconds(agent >= 0 && people_[static_cast<std::size_t>(agent)].fate.permille(300) ? 15 : 100), What::puts_down, peer, call.id);  // a colleague's call, or our own by command
      return talk_begins(customer_of(call.shown), desk);
    case Notice::hung_up:
      if (call.settled != Instant{}) report_of(agent);
      for (auto& own : own_calls_) if (own.line == call.id && own.desk == desk && own.referred) own_call_over(own);
      return;
    case Notice::stopped: case Notice::gone: case Notice::hung_up_here:
      if (call.settled != Instant{}) report_of(agent);
      if (agent >= 0 && call.settled == Instant{} && works(agent)) schedule(now_ + people_[static_cast<std::size_t>(agent)].fate.between(Duration::seconds(20), Duration::seconds(180)), What::returns, 0, static_cast<std::uint64_t>(agent));
      return;
    case Notice::ringback: case Notice::answered: case Notice::refused: case Notice::timed_out: case Notice::held: case Notice::moved: case Notice::not_pracked: return;
  }
}

void SipWorld::talk_begins(int index, int desk) {
  if (index < 0 || !line_of(index)) return;
  Customer& customer = customers_[static_cast<std::size_t>(index)];
  const int agent = agent_at(desk);
  const Plan& plan = plan_.people;
  const int speed = agent < 0 ? 1'000 : plan.agents[static_cast<std::size_t>(agent)].speed_permille;
  if (customer.talked && customer.moving) { if (!customer.consulted) customer.moving = false; return; }
  ++talks_;
  customer.talked = true;
  const auto who = static_cast<std::uint64_t>(index), which = ++customer.talk_number;
  const Duration talk = customer.talk * speed / 1'000;
  schedule(now_ + talk, What::talk_ends, 0, who, which << 1);
  if (customer.fate.permille(plan.holds_permille)) schedule(now_ + talk / 3, What::holds, 0, who, which << 1);
  else if (customer.fate.permille(plan_.phone_holds_permille)) schedule(now_ + talk / 3, What::holds, 0, who, which << 1 | 1);
  if (customer.fate.permille(plan_.digits_permille)) schedule(now_ + talk / 4, What::digits, 0, who, which << 1);
  const auto roll = customer.fate.below(1'000);
  int reached = 0;
  std::uint64_t kind = 0;
  if (agent >= 0 && plan.queues[static_cast<std::size_t>(customer.queue)].settings.report == ReportRule::required && people_[static_cast<std::size_t>(agent)].fate.permille(200)) schedule(now_ + talk * 2 / 3, What::writes, 1, static_cast<std::uint64_t>(agent));
  for (const int chance : {plan.blind_to_queue_permille, plan.blind_to_agent_permille, plan.consults_permille, plan_.refers_permille, plan_.attended_permille}) {
    ++kind;
    if (roll >= reached && roll < reached + chance) schedule(now_ + talk / 2, What::transfers, static_cast<int>(kind), who, which << 1);
    reached += chance;
  }
}

int SipWorld::serving(int customer, int* desk) const {
  const std::string number = number_of(customer);
  for (std::size_t i = 1; i < peers_.size(); ++i)
    for (const auto& [id, call] : peers_[i]->calls())
      if (call.state == PeerCall::State::talking && (call.shown == number || (!joined_.empty() && customer_at(static_cast<int>(i), call) == customer))) { *desk = static_cast<int>(i) - 1; return agent_at(*desk); }
  return -1;
}

// --- calls that specialists make, and reports that they owe

int SipWorld::customer_at(int peer, const PeerCall& call) const {
  const auto joined = joined_.find({peer, call.id});
  return joined == joined_.end() ? customer_of(call.shown) : joined->second;
}
bool SipWorld::is_joined(int customer) const {
  return std::any_of(joined_.begin(), joined_.end(), [&](const auto& joined) {
    if (joined.second != customer) return false;
    const auto& calls = peers_[static_cast<std::size_t>(joined.first.first)]->calls();
    const auto call = calls.find(joined.first.second);
    return call != calls.end() && call->second.alive();
  });
}
const PeerCall* SipWorld::mine_of(const OwnCall& own) const {
  if (!own.call) return nullptr;
  const auto& calls = peers_[static_cast<std::size_t>(own.desk) + 1]->calls();
  const auto found = calls.find(own.call);
  return found == calls.end() || !found->second.alive() ? nullptr : &found->second;
}
const PeerCall* SipWorld::other_of(const OwnCall& own) const {
  if (own.other_peer < 0) return nullptr;
  const auto& calls = peers_[static_cast<std::size_t>(own.other_peer)]->calls();
  const auto found = calls.find(own.other_call);
  return found == calls.end() || !found->second.alive() ? nullptr : &found->second;
}

void SipWorld::begin_own_call(int agent) {
  Person& person = people_[static_cast<std::size_t>(agent)];
  Dice& fate = person.fate;
  OwnCall own;
  own.desk = person.desk;
  const auto kind = fate.below(100);
  own.to = kind < 35 ? OwnCall::To::colleague : kind < 80 ? OwnCall::To::outside : kind < 90 ? OwnCall::To::queue : OwnCall::To::forbidden;
  own.by_command = own.to == OwnCall::To::outside && kind >= 60;
  own.talk = Duration::seconds(3) + fate.erlang(2, Duration::seconds(20));
  own.outside_answers = fate.permille(700);
  own.outside_declines = !own.outside_answers && fate.permille(400);
  own.outside_ends = fate.permille(400);
  const auto colleague = static_cast<std::size_t>(fate.below(static_cast<std::int64_t>(people_.size())));
  const auto queue = static_cast<std::size_t>(fate.below(static_cast<std::int64_t>(plan_.people.queues.size())));
  Peer& phone = *peers_[static_cast<std::size_t>(own.desk) + 1];
  const bool idle = std::none_of(phone.calls().begin(), phone.calls().end(), [](const auto& c) { return c.second.alive(); });
  if (healed_ || !person.here || agent_at(own.desk) != agent || phone.dead() || !phone.is_registered() || !idle) return;
  switch (own.to) {
    case OwnCall::To::colleague: own.number = plan_.people.agents[colleague].settings.number; break;
    case OwnCall::To::outside: own.number = "021" + std::to_string(30'000'000 + own_calls_.size()); break;
    case OwnCall::To::queue: own.number = plan_.people.queues[queue].number; break;
    case OwnCall::To::forbidden: own.number = "0044" + std::to_string(30'000'000 + own_calls_.size()); break;
  }
  if (own.to == OwnCall::To::outside) own_by_number_[own.number] = own_calls_.size();
  own_calls_.push_back(own);
  if (own.by_command) return ask(agent, "dial", {{"number", own.number}}, false);
  own_calls_.back().placed = true;
  const auto call = phone.call(own.number, phone.manners().user, own_calls_.size()).id;
  own_calls_.back().call = call;
  if (fate.permille(150) || !own.outside_answers) schedule(now_ + fate.between(Duration::seconds(6), Duration::seconds(80)), What::puts_down, own.desk + 1, call);  // enough of the ringing
}

// The caller waits on hold while the colleague is asked on the phone's second line.
void SipWorld::ask_colleague(int customer, int desk, std::uint64_t line, Dice& fate) {
  OwnCall own;
  own.desk = desk;
  own.customer = customer;
  own.line = line;
  own.number = plan_.people.agents[static_cast<std::size_t>(fate.below(static_cast<std::int64_t>(people_.size())))].settings.number;
  own.talk = Duration::seconds(3) + fate.erlang(2, Duration::seconds(6));
  own.outside_answers = fate.permille(700);       // here: the colleague shall have him
  own_calls_.push_back(own);
  peers_[static_cast<std::size_t>(desk) + 1]->hold(line, true);
  schedule(now_ + Duration::milliseconds(1'500), What::asks_colleague, desk + 1, own_calls_.size() - 1);
}

void SipWorld::act_of_own_call(const Act& act) {
  if (act.what == What::dials) return begin_own_call(static_cast<int>(act.a));
  Peer& phone = *peers_[act.peer];
  if (act.what == What::puts_down) return phone.hang_up(act.a);
  OwnCall& own = own_calls_[act.a];
  const PeerCall* line = phone.find(own.line);
  const bool talks = line && line->state == PeerCall::State::talking && customer_of(line->shown) == own.customer;
  if (act.what == What::asks_colleague) {
    if (!talks || phone.dead()) return take_back(own);
    own.placed = true;
    own.call = phone.call(own.number, phone.manners().user, act.a + 1).id;
    return schedule(now_ + Duration::seconds(30), What::puts_down, static_cast<int>(act.peer), own.call);  // also when nobody answers
  }
  // What::refers
  const PeerCall* mine = mine_of(own);
  if (act.b == 0 && talks && own.outside_answers && mine && mine->state == PeerCall::State::talking) {
    own.referred = true;
    phone.refer(own.line, own.number, own.call);
    return schedule(now_ + Duration::seconds(8), What::refers, static_cast<int>(act.peer), act.a, 1);
  }
  if (own.joined) return;
  if (mine) phone.hang_up(own.call);              // no, or it could not be: he comes back to us
  take_back(own);
}

void SipWorld::take_back(OwnCall& own) {
  if (own.customer < 0 || own.joined) return;
  peers_[static_cast<std::size_t>(own.desk) + 1]->hold(own.line, false);
  schedule(now_ + Duration::seconds(4), What::refreshes, 0, static_cast<std::uint64_t>(own.customer), customers_[static_cast<std::size_t>(own.customer)].talk_number << 1);
}

// The house has taken the line from us after our REFER: the caller is with the colleague now.
void SipWorld::own_call_over(OwnCall& own) {
  if (own.joined || !line_of(own.customer)) return;
  own.joined = true;
  own.referred = false;
  Customer& customer = customers_[static_cast<std::size_t>(own.customer)];
  const bool is_there = other_of(own);
  if (is_there) joined_[{own.other_peer, own.other_call}] = own.customer;
  customer.moving = customer.held = !is_there;  // a colleague whose phone has died meanwhile: found out by its silence
  ++customer.talk_number;
  if (!is_there) schedule(now_ + Duration::seconds(100), What::refreshes, 0, static_cast<std::uint64_t>(own.customer), customer.talk_number << 1);
  schedule(now_ + customer.fate.between(Duration::seconds(8), Duration::seconds(50)), What::talk_ends, 0, static_cast<std::uint64_t>(own.customer), customer.talk_number << 1);
}

void SipWorld::own_noticed(int peer, PeerCall& call, Notice notice) {
  OwnCall& own = own_calls_[call.person - 1];
  const int caller = agent_at(own.desk);
  const auto shown = [&](const PeerCall& theirs) {
    return theirs.shown == peers_[static_cast<std::size_t>(peer)]->manners().user || (caller >= 0 && theirs.shown == plan_.people.agents[static_cast<std::size_t>(caller)].settings.number);
  };
  if (notice == Notice::answered) {
    for (std::size_t p = 1; own.to == OwnCall::To::colleague && p < peers_.size(); ++p)
      for (const auto& [id, theirs] : peers_[p]->calls())
        if (theirs.alive() && !theirs.outgoing && shown(theirs) && theirs.began >= call.began) { own.other_peer = static_cast<int>(p); own.other_call = id; }
    if (own.customer >= 0) return schedule(now_ + own.talk, What::refers, peer, call.person - 1);
    return schedule(now_ + (own.to == OwnCall::To::queue ? Duration::seconds(60) : own.outside_ends ? Duration::seconds(100) : own.talk), What::puts_down, peer, call.id);
  }
  if (!call.alive() && !own.referred) take_back(own);
}

void SipWorld::outside_noticed(PeerCall& call, Notice notice) {
  const auto found = own_by_number_.find(call.dialled);
  OwnCall* own = found == own_by_number_.end() ? nullptr : &own_calls_[found->second];
  if (own && notice == Notice::rings) { own->other_peer = 0; own->other_call = call.id; }
  if (notice == Notice::rings && own && own->outside_declines) return schedule(now_ + Duration::seconds(3), What::declines, 0, call.id);
  if (notice == Notice::rings && (!own || own->outside_answers)) return schedule(now_ + Duration::seconds(4), What::answers, 0, call.id);
  if (notice != Notice::connected) return;
  if (own && own->by_command)                       // at our end it is the call that the console has made ring
    for (const auto& [id, mine] : peers_[static_cast<std::size_t>(own->desk) + 1]->calls())
      if (mine.state == PeerCall::State::talking && !mine.outgoing && customer_of(mine.shown) < 0) own->call = id;
  schedule(now_ + (own && own->outside_ends ? own->talk : Duration::seconds(100)), What::talk_ends, 0, call.id, 1);
}

// A talk is over, perhaps of a queue that wants reports: it is written soon, or forgotten until somebody looks.
void SipWorld::report_of(int agent) {
  if (agent < 0 || std::none_of(plan_.people.queues.begin(), plan_.people.queues.end(), [](const auto& q) { return q.settings.report == ReportRule::required; })) return;
  Dice& fate = people_[static_cast<std::size_t>(agent)].fate;
  if (fate.permille(150)) return;
  if (fate.permille(120)) return schedule(now_ + fate.between(Duration::seconds(2), Duration::seconds(90)), What::releases, 0, static_cast<std::uint64_t>(agent));
  schedule(now_ + Duration::seconds(1) + fate.erlang(2, Duration::seconds(15)), What::writes, 0, static_cast<std::uint64_t>(agent));
}

void SipWorld::write_reports(int agent, const std::string& verb, const std::string& by) {
  std::vector<CallId> calls = due_[static_cast<std::size_t>(agent)];
  if (calls.empty() && witness_) witness_->agent_did(agent, "owes_nothing", true);
  if (verb == "release" && !calls.empty()) return ask(agent, verb, {}, true, by);
  if (verb == "during") { if (const CallId now = serves_[static_cast<std::size_t>(agent)]) calls = {now}; else return; }
  if (verb != "release") for (const CallId call : calls) ask(agent, "report", {{"call", text(call)}}, true, by);
}

// --- what people do

void SipWorld::live(const Act& act) {
  switch (act.what) {
    case What::packet:
    case What::to_control: {
      Packet packet = take(packets_, act.a);
      free_packets_.push_back(act.a);
      return deliver(static_cast<int>(act.peer), std::move(packet.bytes), packet.connection, act.what == What::to_control);
    }
    case What::peer_timer: return peers_[act.peer]->woken(act.a);
    case What::control: return control_->woken();
    case What::worker_message:
      if (const auto found = told_.find(act.a); found != told_.end() && workers_[found->second.first].life != act.peer) { told_.erase(found); return; }
      return worker_says(act.a);
    case What::second:
      schedule(now_ + Duration::seconds(1), What::second);
      if (now_.us / 1'000'000 % plan_.listens_every == 0) look_for_silence();
      look_at_console();
      if (plan_.chaos_permille > 0 && !healed_ && chance_.permille(plan_.chaos_permille)) anything();
      if (witness_) witness_->second();
      return;
    case What::arrive: case What::give_up: case What::talk_ends: case What::refreshes: return act_of_customer(act);
    case What::starts: case What::breaks: case What::returns: case What::leaves: case What::holds: case What::resumes: case What::transfers: case What::completes: case What::gives: case What::digits: return act_of_agent(act);
    case What::phone_dies: case What::phone_back: case What::answers: case What::declines: case What::reconnects: return act_of_phone(act);
    case What::dials: case What::asks_colleague: case What::refers: case What::puts_down: return act_of_own_call(act);
    case What::writes: return write_reports(static_cast<int>(act.a), act.peer == 1 ? "during" : "report", code(static_cast<int>(act.a)));
    case What::releases: return write_reports(static_cast<int>(act.a), "release", "boss");
    case What::asks: return ask_now(act.a);
    case What::clogs: case What::unclogs: case What::link_breaks: case What::disk_slow: case What::disk_full: case What::disk_well: case What::control_dies: case What::worker_dies: case What::worker_back: case What::resolves: case What::everybody_out:
      return act_of_fate(act);
  }
}

void SipWorld::act_of_customer(const Act& act) {
  Peer& trunk = *peers_[0];
  if (act.what == What::talk_ends && act.b == 1) return trunk.hang_up(act.a);  // a party outside
  Customer& customer = customers_[act.a];
  const int index = static_cast<int>(act.a);
  if (act.what == What::arrive) {
    if (healed_) return;
    if (act.b == 0) next_drawn_arrival(now_);
    Customer& mine = customers_[act.a];
    ++calls_;
    PeerCall& call = trunk.call(plan_.people.queues[static_cast<std::size_t>(mine.queue)].number, number_of(index), act.a + 1);
    mine.call = call.id;
    mine.talked = false;
    schedule(now_ + mine.patience, What::give_up, 0, act.a, call.id);
    return;
  }
  if (act.what == What::give_up) {
    if (customer.call != act.b || customer.talked) return;
    return trunk.hang_up(act.b);
  }
  if (act.what == What::refreshes) {  // things have come to rest
    if (customer.call != 0 && customer.talk_number == act.b >> 1) customer.moving = customer.held = false;
    return;
  }
  if (customer.call == 0 || customer.talk_number != act.b >> 1) return;
  int desk = -1;
  serving(index, &desk);
  if (desk < 0 || customer.moving) {  // on hold, or given back to the line: nobody waits for ever
    if (customer.fate.permille(200)) return trunk.hang_up(customer.call);
    return schedule(now_ + Duration::seconds(10), What::talk_ends, 0, act.a, act.b);
  }
  if (!customer.agent_hangs_up) return trunk.hang_up(customer.call);
  Peer& phone = *peers_[static_cast<std::size_t>(desk) + 1];
  const std::string number = number_of(index);
  for (const auto& [id, call] : phone.calls())
    if (call.state == PeerCall::State::talking && (call.shown == number || customer_at(desk + 1, call) == index)) return phone.hang_up(id);
}

void SipWorld::act_of_agent(const Act& act) {
  if (act.what == What::holds || act.what == What::resumes || act.what == What::transfers || act.what == What::completes || act.what == What::digits) {
    Customer& customer = customers_[act.a];
    if (customer.call == 0 || customer.talk_number != act.b >> 1) return;
    int desk = -1;
    const int agent = serving(static_cast<int>(act.a), &desk);
    if (agent < 0) return;
    Peer& phone = *peers_[static_cast<std::size_t>(desk) + 1];
    const std::string number = number_of(static_cast<int>(act.a));
    std::uint64_t line = 0;
    for (const auto& [id, call] : phone.calls()) if (call.state == PeerCall::State::talking && call.shown == number) line = id;
    const bool by_phone = act.b & 1;
    Dice& fate = people_[static_cast<std::size_t>(agent)].fate;
    switch (act.what) {
      case What::holds:
        customer.held = true;
        if (by_phone) phone.hold(line, true); else ask(agent, "hold", {}, false);
        return schedule(now_ + fate.between(Duration::seconds(3), Duration::seconds(40)), What::resumes, 0, act.a, act.b);
      case What::resumes:
        if (by_phone) phone.hold(line, false); else ask(agent, "resume", {});
        return schedule(now_ + Duration::seconds(2), What::refreshes, 0, act.a, act.b);
      case What::digits: return phone.digit(line, '5');
      case What::completes:
        customer.consulted = false;
        schedule(now_ + Duration::seconds(75), What::refreshes, 0, act.a, act.b);  // a colleague's phone may ring that long
        return ask(customer.asks, fate.permille(600) ? "complete" : "cancel", {});
      default: break;
    }
    if (customer.held) return;
    customer.moving = true;
    ++customer.talk_number;  // what was planned for this talk is over, save its end
    schedule(now_ + Duration::seconds(60), What::talk_ends, 0, act.a, customer.talk_number << 1);
    const std::string queue = plan_.people.queues[static_cast<std::size_t>(fate.below(static_cast<std::int64_t>(plan_.people.queues.size())))].code;
    const int colleague = static_cast<int>(fate.below(static_cast<std::int64_t>(people_.size())));
    if (act.peer == 1) return ask(agent, "transfer", {{"queue", queue}}, false);
    if (act.peer == 2) return ask(agent, "transfer", {{"agent", code(colleague)}}, false);
    if (act.peer == 5) return ask_colleague(static_cast<int>(act.a), desk, line, fate);
    if (act.peer == 4) {
      for (const auto& q : plan_.people.queues) if (q.code == queue) return phone.refer(line, q.number);
      return;
    }
    customer.consulted = true;
    customer.asks = agent;
    ask(agent, "consult", {{"agent", code(colleague)}}, false);
    return schedule(now_ + fate.between(Duration::seconds(3), Duration::seconds(25)), What::completes, 0, act.a, customer.talk_number << 1);
  }
  const int agent = static_cast<int>(act.a);
  Person& person = people_[act.a];
  switch (act.what) {
    case What::starts:
      if (healed_) return;
      if (act.b == 0 && person.fate.permille(plan_.people.hot_desk_permille)) {
        const int desk = static_cast<int>(person.fate.below(static_cast<std::int64_t>(people_.size())));
        if (agent_at(desk) < 0) person.desk = desk;
      }
      // nobody is pushed off the chair in the middle of a talk: whoever holds a caller must be there to take the caller back
      if (agent_at(person.desk) >= 0 && peers_[static_cast<std::size_t>(person.desk) + 1]->busy_with() != 0) return schedule(now_ + Duration::seconds(3), What::starts, 0, act.a, 1);
      if (const int other = agent_at(person.desk); other >= 0) people_[static_cast<std::size_t>(other)].here = false;
      person.here = true;
      at_desk_[static_cast<std::size_t>(person.desk)] = agent;
      return say(agent, "ready", {{"device", plan_.people.agents[static_cast<std::size_t>(person.desk)].settings.device}});
    case What::breaks:
      if (!person.here) return;
      person.on_break = true;
      return say(agent, "pause", {{"reason", "tea"}});
    case What::returns:
      if (!person.here || healed_) return;
      if (act.b == 0) person.on_break = false;
      return say(agent, "ready", {});
    case What::leaves:
      if (!person.here) return;
      person.here = false;
      at_desk_[static_cast<std::size_t>(person.desk)] = -1;
      return say(agent, "out", {});
    default: return;
  }
}

void SipWorld::act_of_phone(const Act& act) {
  Peer& phone = *peers_[act.peer];
  switch (act.what) {
    case What::phone_dies:
      phone.vanish();
      links_[act.peer].was_away = true;
      break_connection(static_cast<int>(act.peer), true);
      links_[act.peer].quiet_since = now_;
      return schedule(now_ + chance_.between(Duration::seconds(5), Duration::minutes(4)), What::phone_back, static_cast<int>(act.peer));
    case What::phone_back: case What::reconnects:
      if (phone.manners().user.empty()) return;
      links_[act.peer].quiet_since = now_;
      return phone.enrol();
    case What::answers:
      if (act.peer != 0 && phone.busy_with() != 0) return;  // one talk at a time: it is let ring
      phone.answer(act.a);
      return;
    case What::declines: return phone.refuse(act.a, 486);
    default: return;
  }
}

void SipWorld::act_of_fate(const Act& act) {
  Link& link = links_[act.peer];
  switch (act.what) {
    case What::clogs:
      if (healed_ || link.clogged) return;
      link.clogged = true;
      return schedule(now_ + Duration::seconds(1) + chance_.exponential(Duration::seconds(12)), What::unclogs, static_cast<int>(act.peer));
    case What::unclogs: {
      if (!link.clogged) return;
      link.clogged = false;
      link.quiet_since = now_;
      press_ready(static_cast<int>(act.peer));
      auto held = std::exchange(link.held, {});
      while (!held.empty()) {  // datagrams come in any order, a stream in its own
        const auto i = link.tcp ? 0 : static_cast<std::size_t>(chance_.below(static_cast<std::int64_t>(held.size())));
        auto [to_control, bytes] = std::move(held[i]);
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
        if (!link.tcp || link.connection) carry(static_cast<int>(act.peer), std::move(bytes), to_control);
      }
      return;
    }
    case What::link_breaks:
      if (!healed_) break_connection(static_cast<int>(act.peer), chance_.permille(700));
      return;
    case What::disk_slow:
      control_->disk.commit = Duration::milliseconds(50 + chance_.below(1'500));
      disturbed();
      return schedule(now_ + Duration::seconds(2 + chance_.below(20)), What::disk_well);
    case What::disk_full:
      control_->disk.full = true;
      disturbed();
      return schedule(now_ + Duration::milliseconds(200 + chance_.below(15'000)), What::disk_well);
    case What::disk_well:
      control_->disk = {plan_.commit, false};
      return disturbed();
    case What::control_dies: {
      if (!control_->is_up() || healed_) return;
      control_->down_for = Duration::milliseconds(30 + chance_.below(chance_.permille(200) ? 12'000 : 2'000));
      if (chance_.permille(250)) control_->dies_again = static_cast<int>(1 + chance_.below(2));
      if (plan_.clock_steps && chance_.permille(300)) control_->clock_step = Duration::milliseconds(chance_.below(6'000) - 3'000);
      return control_->arm(static_cast<Death>(chance_.below(7)));
    }
    case What::worker_dies: {
      Worker& worker = workers_[act.a];
      if (!worker.alive) return;
      const auto life = worker.life + 1;
      worker = {};
      worker.alive = false;
      worker.life = life;
      disturbed();
      control_->worker_down(act.a);
      return schedule(now_ + Duration::milliseconds(30 + chance_.below(700)), What::worker_back, 0, act.a);
    }
    case What::worker_back: {
      workers_[act.a].alive = true;
      disturbed();
      return control_->worker_up(act.a);
    }
    case What::resolves:
      if (act.a == 0) return control_->resolved("carrier", {{sip::Transport::udp, {trunk_ip, 5060}, 0}});
      if (act.a == 1) return control_->unreachable({sip::Transport::tcp, {peers_[act.peer]->manners().ip, 5060}, 0});
      return control_->connected({sip::Transport::tcp, {peers_[act.peer]->manners().ip, 5060}, act.b});
    case What::everybody_out:
      if (act.a == 1) {
        for (std::size_t i = 1; i < peers_.size(); ++i) peers_[i]->withdraw();
        return;
      }
      healed_ = true;
      schedule(now_ + Duration::minutes(2), What::everybody_out, 0, 1);
      loss_ = twice_ = 0;
      control_->disk = {plan_.commit, false};
      disturbed();
      for (std::size_t i = 0; i < links_.size(); ++i)
        if (links_[i].clogged) schedule(now_, What::unclogs, static_cast<int>(i));
      for (std::size_t i = 0; i < peers_.size(); ++i) {
        std::vector<std::uint64_t> live;
        for (const auto& [id, call] : peers_[i]->calls()) if (call.alive()) live.push_back(id);
        for (const auto id : live) peers_[i]->hang_up(id);
      }
      for (std::size_t i = 0; i < people_.size(); ++i) schedule(now_ + Duration::seconds(1), What::leaves, 0, i);
      return;
    default: return;
  }
}

}  // namespace pasokh::simulate
