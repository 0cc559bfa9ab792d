#include "simulate/sip_auditor.h"

#include <algorithm>

namespace pasokh::simulate {
namespace {

std::string_view line_of(std::string_view message, std::string_view name) {
  const std::string wanted = "\r\n" + std::string(name) + ": ";
  const auto at = message.find(wanted);
  return at == message.npos ? std::string_view{} : message.substr(at + wanted.size(), message.find("\r\n", at + 2) - at - wanted.size());
}
bool has_to_tag(std::string_view message) { return line_of(message, "To").find(";tag=") != std::string_view::npos; }
std::size_t at(int i) { return static_cast<std::size_t>(i); }

enum Kind : std::uint64_t { hears_not, heard_not, waits_silent, talks_alone, rings_long, rings_for_nobody, rung_by_two, waits_shut, idle, recorded_not, own_unheard, own_alone };
std::uint64_t key(Kind kind, std::uint64_t a, std::uint64_t b) { return (static_cast<std::uint64_t>(kind) << 60) ^ (a << 32) ^ b; }

}  // namespace

SipAuditor::SipAuditor(const SipPlan& plan) : plan_(plan), books_(plan.people, Duration::seconds(20)) {
  // unanswered requests go again after 0.5, 1, 2, 4, 4… s: with losses seven tries are let pass, without only the way and the disk
  grace_ = plan.loss_permille > 0 ? Duration::seconds(24) : Duration::seconds(7);
  for (const auto& q : plan.people.queues) longest_ring_ = std::max(longest_ring_, q.settings.ring);
  desks_.resize(plan.people.agents.size());
  lived_talk_.resize(plan.people.agents.size());
  agents_.resize(plan.people.agents.size());
}

void SipAuditor::find(const char* check, std::string text) {
  if (stops_at_first_) world_->stop();
  if (findings_.size() < 20 && told_.insert(std::string(check) + text).second) findings_.push_back({check, world_->now(), std::move(text)});
}

SipAuditor::Customer& SipAuditor::customer(int index) {
  if (at(index) >= customers_.size()) customers_.resize(at(index) + 1);
  return customers_[at(index)];
}
// The clock of the machine may have been stepped by seconds, again and again: a minute around the hour is left to it.
bool SipAuditor::comes_to_a_shut_door(int index) const {
  return world_->queue_of(index) == 0 && world_->closes_at() != Instant::never() && customers_[at(index)].called_first > world_->closes_at() + Duration::seconds(60);
}

// How long a caller may at least wait before we end the call: sent on because there was no room, the other queue's time counts.
// Whom no queue has room for is refused with 486 and never answered.
Duration SipAuditor::shortest_wait(int index) const {
  const floor::QueueSettings& mine = queue_of(index);
  Duration shortest = mine.max_wait;
  if (!mine.overflow_queue.empty()) for (const auto& q : plan_.people.queues) shortest = std::min(shortest, q.settings.max_wait);
  return shortest;
}
const floor::QueueSettings& SipAuditor::queue_of(int index) const { return plan_.people.queues[at(world_->queue_of(index))].settings; }

bool SipAuditor::may_take(int agent, int index, Duration waited) const {
  const floor::AgentSettings& a = plan_.people.agents[at(agent)].settings;
  const auto queue = static_cast<std::uint64_t>(world_->queue_of(index)) + 1;
  if (std::none_of(a.queues.begin(), a.queues.end(), [&](const auto& m) { return m.queue.value == queue; })) return false;
  const std::vector<floor::SkillLevel>* needs = nullptr;
  for (const auto& step : queue_of(index).skills) if (step.after <= waited) needs = &step.needs;
  if (!needs) return true;
  return std::all_of(needs->begin(), needs->end(), [&](const auto& need) {
    return std::any_of(a.skills.begin(), a.skills.end(), [&](const auto& has) { return has.skill == need.skill && has.level >= need.level; });
  });
}

Instant SipAuditor::calm_since(int peer) const { return std::max({world_->quiet_since(), world_->link_quiet_since(peer), world_->link_quiet_since(0)}); }

// --- the wire, at our door

void SipAuditor::sent_by_us(int peer, std::string_view bytes) {
  if (bytes.starts_with("INVITE ") && !has_to_tag(bytes)) {
    if (peer != 0) unfinished_.try_emplace(std::string(line_of(bytes, "Call-ID")), Unfinished{peer - 1, world_->now()});
    invites_.try_emplace(std::string(line_of(bytes, "Call-ID")), Sent{world_->now(), world_->decided_after()});
    const auto from = line_of(bytes, "From");
    const auto sip = from.find("sip:");
    if (const int index = sip == from.npos ? -1 : world_->customer_of(std::string(from.substr(sip + 4, from.find('@') - sip - 4))); index >= 0) customer(index).asked_until = world_->now() + longest_ring_;
  }
  if (peer == 0 && bytes.starts_with("SIP/2.0 200") && line_of(bytes, "CSeq").ends_with(" INVITE")) taken_.insert(std::string(line_of(bytes, "Call-ID")));
  if (bytes.starts_with("BYE ") || bytes.starts_with("CANCEL ")) ended_by_us_.try_emplace(std::string(line_of(bytes, "Call-ID")), world_->now());
}

void SipAuditor::reached_us(int peer, std::string_view bytes) {
  auto caller = [&] {
    const auto from = line_of(bytes, "From");
    const auto sip = from.find("sip:");
    return sip == from.npos ? -1 : world_->customer_of(std::string(from.substr(sip + 4, from.find('@') - sip - 4)));
  };
  if (peer != 0 && bytes.starts_with("SIP/2.0 ")) {
    if (bytes[8] != '1' && line_of(bytes, "CSeq").find("INVITE") != std::string_view::npos) unfinished_.erase(std::string(line_of(bytes, "Call-ID")));
    // a refusal sets its agent aside when it comes to our door, also when they have said "ready" meanwhile
    if (bytes[8] >= '4' && line_of(bytes, "CSeq").ends_with(" INVITE") && !ended_by_us_.contains(std::string(line_of(bytes, "Call-ID"))))
      if (const int agent = world_->agent_at(peer - 1); agent >= 0) set_aside(agent);
    if (line_of(bytes, "CSeq").find("INVITE") != std::string_view::npos) heard_.try_emplace(std::string(line_of(bytes, "Call-ID")), world_->now());
    return;
  }
  if (bytes.starts_with("CANCEL ") && taken_.contains(std::string(line_of(bytes, "Call-ID")))) return;  // §9.2: crossed; their BYE will come
  if (bytes.starts_with("BYE ") || bytes.starts_with("CANCEL ")) {
    ended_by_peer_.insert(std::string(line_of(bytes, "Call-ID")));
    if (peer != 0) { desks_[at(peer - 1)].bye_reached = world_->now(); return; }  // the last: a kill may have lost what came before
    if (const int index = caller(); index >= 0 && !world_->line_of(index)) customer(index).end_reached = std::min(customer(index).end_reached, world_->now());
    return;
  }
  if (peer != 0 || !bytes.starts_with("INVITE ") || has_to_tag(bytes)) return;
  const int index = caller();
  if (index < 0) return;
  Customer& c = customer(index);
  const PeerCall* line = world_->line_of(index);
  if (!line || line->call_id != line_of(bytes, "Call-ID")) { c.end_reached = Instant::never(); c.ghost_until = world_->now() + Duration::seconds(110); return; }  // an old one, late: up to 64·T1 without its ACK, and as long to ring
  if (!c.alive) { c = {}; c.alive = true; }
  if (c.answered != Instant{}) return;
  if (!c.reached) c.called_first = world_->now();
  c.called_last = world_->now();  // a kill may have lost what came before
  c.reached = true;
}

void SipAuditor::restarted(bool same_floor, bool same_legs) {
  ++restarts_;
  if (!same_floor) find("restart-differs", "the floor after the restart is not the floor before");
  if (!same_legs) find("restart-legs-differ", "the legs after the restart are not the legs before");
}

void SipAuditor::durable(const std::vector<Handled>& all) {
  for (const Handled& handled : all) {
    books_.happened(handled.stimulus, handled.now);
    books_.told(handled.events, handled.effects, handled.now, true);
  }
}

// Whose talk with a queue that wants reports was over, and known to be over, before this phone was chosen.
bool SipAuditor::agent_owes(int desk, const Sent& sent) const {
  const int agent = world_->agent_at(desk);
  return agent >= 0 && agents_[at(agent)].owes && world_->desk_of(agent) == desk && agents_[at(agent)].owes_since + grace_ < sent.decided_after;
}

void SipAuditor::set_aside(int agent) {
  agents_[at(agent)].ready_since = Instant::never();
  agents_[at(agent)].set_aside = world_->now();
}

void SipAuditor::agent_did(int agent, const std::string& verb, bool done) {
  Agent& a = agents_[at(agent)];
  if (verb == "ready" && done) a.signed_in = true;
  if (verb == "out") a.signed_in = false;
  if (verb == "ready") {
    if (!done) a.asked = world_->now();
    // said while the phone rang, and then let ring: set aside after it was said, though the tone comes later (a slow disk, a lost BYE)
    // who owes a report hears a tone as well: the one that refuses
    else if (world_->works(agent) && a.ready_since == Instant::never() && a.set_aside < a.asked && !a.may_owe) a.ready_since = world_->now();
  }
  else if (verb == "pause" || verb == "out") a.ready_since = Instant::never();
  else if (verb == "report" || verb == "release" || verb == "owes_nothing") {
    a.owes = false;                              // asked for, whether it is confirmed or not
    a.spoke_of_it = world_->now();
    const Desk& d = desks_[at(world_->desk_of(agent))];
    const bool told = d.hung_up.empty() || ended_by_peer_.contains(d.hung_up) || ended_by_us_.contains(d.hung_up);  // its BYE may still be on its way
    if (done && told && a.owes_since + grace_ < world_->now()) { a.may_owe = false; a.wrote = world_->now(); }
  }
}

// --- what people notice

void SipAuditor::noticed(int peer, const PeerCall& call, Notice notice, int status) {
  const Instant now = world_->now();
  const bool over = !call.alive();
  if (notice == Notice::not_pracked) {
    if (now - calm_since(peer) > Duration::seconds(40)) find("prack-missing", "phone " + std::to_string(peer - 1) + " rings and nobody acknowledges it (RFC 3262)");
    return;
  }
  if ((peer != 0 && call.outgoing && !call.dialled.starts_with("*")) || (peer == 0 && !call.outgoing)) return own_noticed(peer, call, notice, status);
  if (peer != 0 && call.outgoing) {             // a star code
    if (over && notice == Notice::hung_up && now - call.began > Duration::seconds(20) + grace_ && now - calm_since(peer) > Duration::seconds(70)) find("star-code", "phone " + std::to_string(peer - 1) + " waits long for the tone of " + call.dialled);
    return;
  }
  if (peer == 0) {
    const int index = static_cast<int>(call.person) - 1;
    Customer& c = customer(index);
    const PeerCall* line = world_->line_of(index);
    if (line && line->id != call.id) return;
    if (notice == Notice::answered) {
      c.answered = c.unoffered_since = now;
      return;
    }
    if (!over) return;
    const bool calm = now - world_->link_quiet_since(0) > Duration::seconds(70);
    const bool told_late = notice == Notice::gone && ended_by_us_.contains(call.call_id);  // a refresh of theirs was faster than our BYE
    if ((notice == Notice::hung_up || told_late) && c.alive) {
      // the wait counts from the INVITE: on a full disk the answer comes later by as much
      const bool waited_out = c.answered != Instant{} && now - std::min(c.answered, c.called_first) + Duration::seconds(8) >= shortest_wait(index);
      const bool agent_ended = c.service_ended != Instant{};
      const bool shut = !c.served && world_->queue_of(index) == 0 && now + Duration::seconds(40) > world_->closes_at();
      if (calm && !waited_out && !agent_ended && !shut && !world_->asked_to_move(index)) find("cut-off", name(index) + (c.served ? " talks" : " waits") + " and we hang up");
    }
    if (notice == Notice::gone && !told_late && c.alive && calm) find("cut-off", name(index) + " is told that the call does not exist");
    // its seven tries lie within 32 s: where control was down for some of them, the few that are left may all be lost on the way
    const bool had_its_tries = world_->quiet_since() < call.began || plan_.loss_permille == 0;
    if (notice == Notice::timed_out && calm && had_its_tries) find("call-unanswered", name(index) + " gets no answer");
    if (notice == Notice::refused && status != 487) {
      const bool small = std::any_of(plan_.people.queues.begin(), plan_.people.queues.end(), [](const auto& q) { return q.settings.capacity < 1'000; });
      const bool trouble = now - world_->quiet_since() < Duration::seconds(40) || world_->control().disk.full;
      if (status == 503 ? !trouble : !small) find("refused-wrongly", name(index) + " is refused with " + std::to_string(status));
    }
    c.alive = false;
    c.ended = now;
    return;
  }
  const int desk = peer - 1;
  const int agent = world_->agent_at(desk);
  const int index = world_->customer_at(peer, call);
  if (notice == Notice::rings) {
    ++desks_[at(desk)].calls;
    rings(desk, call);
    if (index >= 0) ++customer(index).phones;
    return;
  }
  if (notice == Notice::connected) {
    ++talks_;
    if (index >= 0) customer(index).served = true;
    return;
  }
  if (!over) return;
  Desk& d = desks_[at(desk)];
  // a phone that lost its power is found out by its silence (30 s) and a question (32 s)
  if (--d.calls <= 0) { d.calls = 0; d.free_since = notice == Notice::gone ? now + Duration::seconds(70) : now; }
  // perhaps set aside: it never answered, or its answer crossed the end of its ring and we hung up at once while the caller waits on
  const bool crossed = notice == Notice::hung_up && now - call.settled < Duration::seconds(2) && index >= 0 && world_->line_of(index);
  if ((call.settled == Instant{} || crossed) && agent >= 0) set_aside(agent);
  if (notice == Notice::hung_up_here) { d.hung_up = call.call_id; d.hung_up_at = now; }
  if (call.settled != Instant{} && (index >= 0 || call.shown.starts_with("1"))) lived_talk_[at(desk)] += now - call.settled;  // by command the talk begins when the other side answers
  talk_over(desk, agent, index, call, notice);
  if (notice == Notice::gone && agent >= 0) set_aside(agent);
  if (index < 0) return;
  Customer& c = customer(index);
  if (--c.phones <= 0) { c.phones = 0; c.unoffered_since = now; }
  if (call.settled != Instant{} && notice != Notice::hung_up) c.service_ended = now;
  if (notice == Notice::gone) c.service_ended = now;
}

void SipAuditor::talk_over(int desk, int agent, int index, const PeerCall& call, Notice notice) {
  const bool offered = offered_.erase(call.call_id) > 0;
  const bool any = std::any_of(plan_.people.queues.begin(), plan_.people.queues.end(), [](const auto& q) { return q.settings.report == floor::ReportRule::required; });
  if (agent < 0 || call.settled == Instant{} || !any) return;
  Agent& a = agents_[at(agent)];
  a.may_owe = true;
  a.owes_since = world_->now();
  // sure: this phone alone served the caller, from its ring to this end, and nothing was written meanwhile
  const bool moves = std::any_of(plan_.people.queues.begin(), plan_.people.queues.end(), [](const auto& q) { return !q.settings.overflow_queue.empty(); });
  a.owes = !moves && index >= 0 && queue_of(index).report == floor::ReportRule::required && offered && a.spoke_of_it < call.began && calm_since(desk + 1) < call.began && world_->now() - call.settled > Duration::seconds(2) /* else it may have crossed our taking it back */ && world_->desk_of(agent) == desk && notice != Notice::gone && world_->desk_of(agent) == agent;
}

// --- calls that specialists make

void SipAuditor::own_noticed(int peer, const PeerCall& call, Notice notice, int status) {
  const Instant now = world_->now();
  if (peer == 0) {                              // a party outside
    if (notice == Notice::rings && !world_->may_be_called(call.dialled)) find("outbound-plan", call.dialled + " outside is rung, which the plan forbids");
    for (const auto& own : world_->own_calls()) {
      if (own.number != call.dialled) continue;
      const int agent = world_->agent_at(own.desk);
      if (notice == Notice::rings && agent >= 0 && agents_[at(agent)].signed_in && call.shown != plan_.people.agents[at(agent)].settings.number) find("caller-shown", call.dialled + " outside sees \"" + call.shown + "\"");
      if (own.by_command && call.settled != Instant{} && !call.alive()) lived_talk_[at(own.desk)] += now - call.settled;
    }
    return;
  }
  Desk& d = desks_[at(peer - 1)];
  const SipWorld::OwnCall& own = world_->own_calls()[at(static_cast<int>(call.person)) - 1];
  const bool calm = call.began > calm_since(peer) + Duration::seconds(1);
  if (notice == Notice::answered && own.to == SipWorld::OwnCall::To::forbidden) find("outbound-plan", call.dialled + " is connected, which the plan forbids");
  // 403 is for the plan alone; a carrier or colleague that is not there has words of its own
  if (notice == Notice::refused && status == 403 && calm && own.to != SipWorld::OwnCall::To::forbidden) find("refused-wrongly", "phone " + std::to_string(peer - 1) + " is refused " + call.dialled + ", which the plan allows");
  if (notice == Notice::timed_out && now - calm_since(peer) > Duration::seconds(70)) find("call-unanswered", "phone " + std::to_string(peer - 1) + " dials " + call.dialled + " and gets no answer");
  if (call.alive()) return;
  d.free_since = notice == Notice::gone ? now + Duration::seconds(70) : now;
  if (notice == Notice::hung_up_here) { d.hung_up = call.call_id; d.hung_up_at = now; }
  const int agent = world_->agent_at(peer - 1);
  const bool signed_in = agent >= 0 && agents_[at(agent)].signed_in;  // else nobody has books of it
  if (call.settled != Instant{} && signed_in && own.to != SipWorld::OwnCall::To::queue) lived_talk_[at(peer - 1)] += now - call.settled;
}

// Both ends of an own call hear each other, and when one has put the receiver down the other is let go.
void SipAuditor::look_at_own_calls() {
  const Instant now = world_->now();
  const auto& all = world_->own_calls();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& own = all[i];
    if (own.other_peer < 0 || own.joined || own.call == 0) continue;
    const PeerCall *mine = world_->mine_of(own), *other = world_->other_of(own);
    if (!mine && !other) continue;
    const int here = own.desk + 1, there = own.other_peer;
    const Instant calm_from = std::max(calm_since(here), calm_since(there));
    const bool calm = calm_from + grace_ < now;
    const auto talks = [](const PeerCall* c) { return c && c->state == PeerCall::State::talking && c->sends; };
    const bool both = calm && talks(mine) && talks(other) && !is_over_for_us(*mine) && !is_over_for_us(*other);
    bool heard = true;
    if (both) {
      const auto a = world_->voice_at(here, *mine), b = world_->voice_at(there, *other);
      heard = a.peer == there && a.call == other->id && b.peer == here && b.call == mine->id;
    }
    const std::string who = "the call of phone " + std::to_string(own.desk) + " to " + own.number;
    if (lasts(key(own_unheard, 0, i), both && !heard, grace_)) find("hearing", who + ": the two do not hear each other");
    // the end of either is told at once; a BYE that met a link which was down for 32 s is let pass
    const PeerCall* left = mine ? mine : other;
    const bool alone = calm && (mine == nullptr) != (other == nullptr) && left->state == PeerCall::State::talking && calm_from < left->settled && !own.referred;
    if (lasts(key(own_alone, 0, i), alone, grace_ + Duration::seconds(2))) find("left-talking", who + ": one end is up and the other has gone");
  }
}

void SipAuditor::rings(int desk, const PeerCall& call) {
  ++rings_;
  const Instant now = world_->now();
  const auto sent = invites_.find(call.call_id);
  if (sent == invites_.end()) return find("rings-unasked", "a phone rings for an INVITE that nobody sent");
  if (now - sent->second.at > Duration::seconds(2) || ended_by_us_.contains(call.call_id)) return;  // it was on its way long: another world
  const int peer = desk + 1;
  // One INVITE at a time: the next leaves when the one before has its end, also when that was taken back (its CANCEL may have to wait,
  // §9.1, or gets lost). A talk that our BYE or theirs ends may still be up when the next INVITE overtakes it on the way.
  for (const auto& [id, other] : world_->peer(peer).calls())
    if (other.outgoing && other.state == PeerCall::State::talking && !other.dialled.starts_with("*") && other.settled < sent->second.decided_after && calm_since(peer) < other.began && !is_over_for_us(other))
      find("agent-two-calls", "phone " + std::to_string(desk) + " rings while its agent talks in an own call");
    else if (id != call.id && !other.outgoing && other.alive() && (other.state == PeerCall::State::ringing || !is_over_for_us(other)))
      if (const auto first = invites_.find(other.call_id); first == invites_.end() || calm_since(peer) < first->second.at) find("agent-two-calls", "phone " + std::to_string(desk) + " rings while it has a call");
  const int index = world_->customer_of(call.shown);
  if (index < 0) {
    if (!call.shown.starts_with("1") && !call.shown.starts_with("5") && !call.shown.starts_with("p") && !call.shown.starts_with("a")) find("unknown-caller-shown", "phone " + std::to_string(desk) + " shows \"" + call.shown + "\"");
    return;
  }
  const Customer& c = customer(index);
  const PeerCall* line = world_->line_of(index);
  if (!line && c.ghost_until < sent->second.at && c.end_reached < sent->second.decided_after && world_->quiet_since() < c.end_reached) return find("rings-for-nobody", "phone " + std::to_string(desk) + " rings for " + name(index) + ", who has hung up");
  if (c.served || !line) return;  // a transfer or a consult: another order
  if (comes_to_a_shut_door(index)) return find("closed-rings", "phone " + std::to_string(desk) + " rings for " + name(index) + ", who has called out of hours");
  offered_.insert(call.call_id);
  if (agent_owes(desk, sent->second)) return find("report-before-next", "agent " + std::to_string(world_->agent_at(desk)) + " owes a report and is rung for " + name(index));
  const floor::QueueSettings& mine = queue_of(index);
  // the other phone's first sign of life was here when this one was chosen: until then a CANCEL waits (§9.1)
  auto was_heard = [&](const PeerCall& other) { const auto heard = heard_.find(other.call_id); return heard != heard_.end() && heard->second < sent->second.decided_after; };
  if (mine.strategy != floor::Strategy::ring_all && c.ghost_until < sent->second.at)
    for (std::size_t p = 1; p <= desks_.size(); ++p)
      for (const auto& [id, other] : world_->peer(static_cast<int>(p)).calls())
        if (other.shown == call.shown && other.id != call.id && other.began >= c.called_first && other.alive() && was_heard(other) && !is_over_for_us(other) && invites_.contains(other.call_id) &&
            invites_.at(other.call_id).at < sent->second.at &&  // both left together (a slow disk): this one may be the one taken back, and its CANCEL waits (§9.1)
            other.began < invites_.at(other.call_id).at + Duration::seconds(2) && calm_since(static_cast<int>(p)) < invites_.at(other.call_id).at)
          find("rung-twice", "two phones ring for " + name(index));
  const int agent = world_->agent_at(desk);
  if (agent < 0 || c.answered == Instant{}) return;
  for (int other = 0; other < static_cast<int>(agents_.size()); ++other)
    if (other != agent && world_->desk_of(other) == desk) return;  // two share the desk: who of them sits there is the console's word
  const bool moves = std::any_of(plan_.people.queues.begin(), plan_.people.queues.end(), [](const auto& q) { return !q.settings.overflow_queue.empty(); });
  if (moves) return;
  if (!may_take(agent, index, now - c.called_first + Duration::seconds(plan_.clock_steps ? 40 : 1))) find("not-eligible", "agent " + std::to_string(agent) + " may not take " + name(index));
  for (std::size_t i = 0; i < customers_.size(); ++i) {
    const int other = static_cast<int>(i);
    const Customer& o = customers_[i];
    if (other == index || !o.alive || o.served || o.phones > 0 || o.answered == Instant{} || std::max(o.unoffered_since, o.asked_until) >= sent->second.decided_after) continue;
    const PeerCall* theirs = world_->line_of(other);
    if (!theirs || ended_by_peer_.contains(theirs->call_id)) continue;
    const bool before = queue_of(other).priority > mine.priority || (queue_of(other).priority == mine.priority && o.called_last < c.called_first);
    // a phone that has been rung for the other one and has not shown it yet: the INVITE may have been lost
    const bool may_be_on_its_way = plan_.loss_permille > 0 || now - world_->quiet_since() < grace_;
    if (!before || may_be_on_its_way || !may_take(agent, other, sent->second.decided_after - o.called_last)) continue;
    if (std::any_of(invites_.begin(), invites_.end(), [&](const auto& i2) { return i2.second.at + Duration::seconds(1) > now && i2.first != call.call_id; })) continue;  // another phone is being rung this very moment
    if (may_be_held_back(other, now - o.called_last)) continue;
    find("order-of-service", name(other) + " waits longer than " + name(index) + " and agent " + std::to_string(agent) + " may take both");
  }
}

// One INVITE at a time: a phone whose INVITE was taken back (or that has not said a word yet) gets its next one up to 3 s later, and
// for that long the wire does not tell for whom.
bool SipAuditor::may_be_held_back(int index, Duration waited) const {
  return std::any_of(unfinished_.begin(), unfinished_.end(), [&](const auto& invite) {
    const int agent = world_->agent_at(invite.second.desk);
    const bool rings_as_usual = heard_.contains(invite.first) && !ended_by_us_.contains(invite.first);
    return !rings_as_usual && world_->now() - invite.second.sent < Duration::seconds(100) && agent >= 0 && may_take(agent, index, waited);
  });
}

bool SipAuditor::is_over_for_us(const PeerCall& call) const { return ended_by_us_.contains(call.call_id) || ended_by_peer_.contains(call.call_id); }

// --- once a second

bool SipAuditor::lasts(std::uint64_t which, bool bad, Duration grace) {
  if (!bad) { bad_since_.erase(which); return false; }
  const auto [since, is_new] = bad_since_.try_emplace(which, world_->now());
  return !is_new && world_->now() - since->second >= grace;
}

void SipAuditor::second() {
  ++looks_;
  look_at_hearing();
  look_at_rings();
  look_at_own_calls();
  look_for_idle_pair();
}

void SipAuditor::look_at_hearing() {
  const Instant now = world_->now();
  for (std::size_t i = 0; i < desks_.size(); ++i) {
    const int peer = static_cast<int>(i) + 1;
    if (desks_[i].calls == 0) continue;
    const bool calm = calm_since(peer) + grace_ < now;
    for (const auto& [id, call] : world_->peer(peer).calls()) {
      if (call.state != PeerCall::State::talking || call.outgoing) continue;
      const int index = world_->customer_at(peer, call);
      if (index < 0) continue;
      const PeerCall* line = world_->line_of(index);
      const bool hold = world_->asked_to_move(index) || (line && line->state != PeerCall::State::talking) || !call.sends;
      const std::uint64_t p = static_cast<std::uint64_t>(peer);
      // The caller may have gone on to another phone before (a transfer), so it is our BYE to this one that counts. It is repeated for
      // 32 s (§17.1.2.2, timer F), then the call is over for us: a link that was down meanwhile keeps it up until somebody hangs up.
      const auto bye = ended_by_us_.find(call.call_id);
      const Instant bye_left = bye == ended_by_us_.end() ? Instant::never() : bye->second;
      if (lasts(key(talks_alone, p, id), calm && !line && customer(index).end_reached < now && calm_since(peer) < std::min(customer(index).ended, bye_left), grace_ + Duration::seconds(2))) find("left-talking", "phone " + std::to_string(i) + " is up and " + name(index) + " has hung up long ago");
      if (!line) continue;
      const bool watch = calm && !hold && !(bye != ended_by_us_.end() && calm_since(peer) >= bye_left);
      const auto mine = watch ? world_->voice_at(peer, call) : SipWorld::Voice{};
      if (lasts(key(hears_not, p, id), watch && (mine.peer != 0 || mine.call != line->id), grace_)) find("hearing", "the agent at phone " + std::to_string(i) + " does not hear " + name(index));
      const auto theirs = watch ? world_->voice_at(0, *line) : SipWorld::Voice{};
      if (lasts(key(heard_not, p, id), watch && (theirs.peer != peer || theirs.call != id), grace_)) find("hearing", name(index) + " does not hear the agent at phone " + std::to_string(i));
      const bool moves = std::any_of(plan_.people.queues.begin(), plan_.people.queues.end(), [](const auto& q) { return !q.settings.overflow_queue.empty(); });
      if (!moves && lasts(key(recorded_not, p, id), watch && customer(index).served && plan_.people.blind_to_queue_permille + plan_.people.blind_to_agent_permille + plan_.people.consults_permille + plan_.refers_permille + plan_.attended_permille == 0 &&
                                                       queue_of(index).record && !(world_->recorded(call) && world_->recorded(*line)), grace_)) find("recording", "the talk of " + name(index) + " is not recorded");
    }
  }
  const bool calm = calm_since(0) + grace_ < now;
  for (std::size_t i = 0; i < customers_.size(); ++i) {
    const int index = static_cast<int>(i);
    if (!customers_[i].alive) continue;
    const PeerCall* line = world_->line_of(index);
    if (!line || line->state != PeerCall::State::talking) continue;
    if (lasts(key(waits_shut, line->id & 0xffffff, i), calm && comes_to_a_shut_door(index) && !customers_[i].served, grace_ + Duration::seconds(15))) find("closed-waits", name(index) + " has called out of hours and is not let go");
    const auto bye = ended_by_us_.find(line->call_id);
    const bool given_up = bye != ended_by_us_.end() && calm_since(0) >= bye->second;  // as above: our BYE met a link that was down for 32 s
    const auto voice = calm ? world_->voice_at(0, *line) : SipWorld::Voice{};
    if (lasts(key(waits_silent, 0, i), calm && !given_up && voice.peer < 0 && !voice.music && !world_->asked_to_move(index) && customers_[i].phones == 0 && !world_->is_joined(index) && std::max(customers_[i].service_ended, customers_[i].service_ended != Instant{} ? world_->quiet_since() : Instant{}) + Duration::seconds(100) < now, grace_)) find("silence", name(index) + " hears nothing");
  }
}

void SipAuditor::look_at_rings() {
  const Instant now = world_->now();
  std::map<std::string, std::pair<int, bool>> rung;   // by caller: how many phones, all of them on calm links
  for (std::size_t i = 0; i < desks_.size(); ++i) {
    const int peer = static_cast<int>(i) + 1;
    if (desks_[i].calls == 0) continue;
    const bool calm = calm_since(peer) + grace_ < now;
    for (const auto& [id, call] : world_->peer(peer).calls()) {
      if (call.state != PeerCall::State::ringing) continue;
      auto& [phones, all_calm] = rung.try_emplace(call.shown, 0, true).first->second;
      ++phones;
      all_calm = all_calm && calm && calm_since(peer) < call.began;  // a lost connection takes our CANCEL with it (§17.1.4)
      const auto sent = invites_.find(call.call_id);
      if (sent == invites_.end() || call.began - sent->second.at > Duration::seconds(4)) continue;  // so long on its way that we had given it up
      const int index = world_->customer_of(call.shown);
      Duration ring = Duration::seconds(60);
      if (index >= 0 && !customer(index).served) {
        ring = {};
        for (const auto& q : plan_.people.queues) ring = std::max(ring, q.settings.ring);
      }
      if (calm && calm_since(peer) < call.began && now - call.began > ring + grace_) find("rings-on", "phone " + std::to_string(i) + " rings longer than it may");
      if (lasts(key(rings_for_nobody, static_cast<std::uint64_t>(peer), id), calm && index >= 0 && !world_->line_of(index) && !world_->asked_to_move(index) && customer(index).ghost_until < now && customer(index).end_reached < now && calm_since(peer) < std::min(sent->second.at, customer(index).ended), grace_)) find("rings-on", "phone " + std::to_string(i) + " rings on for " + name(index) + ", who has hung up");
    }
  }
  std::erase_if(bad_since_, [&](const auto& since) {    // a caller for whom nothing rings any more
    return since.first >> 60 == rung_by_two && std::none_of(rung.begin(), rung.end(), [&](const auto& r) { return key(rung_by_two, 0, static_cast<std::uint64_t>(world_->customer_of(r.first))) == since.first; });
  });
  for (const auto& [shown, phones] : rung) {
    const int index = world_->customer_of(shown);
    const bool one = index >= 0 && !customer(index).served && customer(index).ghost_until < now && std::none_of(plan_.people.queues.begin(), plan_.people.queues.end(), [](const auto& q) { return q.settings.strategy == floor::Strategy::ring_all; });
    if (index >= 0 && lasts(key(rung_by_two, 0, static_cast<std::uint64_t>(index)), one && phones.first > 1 && phones.second, grace_)) find("rung-twice", std::to_string(phones.first) + " phones go on ringing for " + name(index));
  }
}

// No caller waits while somebody who may take the call sits idle.
void SipAuditor::look_for_idle_pair() {
  const Instant now = world_->now();
  const Duration long_enough = grace_ + Duration::seconds(3);
  if (world_->quiet_since() + long_enough > now || !world_->control().is_up()) return;
  Duration wrap_up;
  for (const auto& q : plan_.people.queues) {
    wrap_up = std::max(wrap_up, q.settings.wrap_up);
    if (!q.settings.overflow_queue.empty()) return;  // who has been sent to another line is not seen from here
  }
  std::vector<int> free;
  for (int a = 0; a < static_cast<int>(agents_.size()); ++a) {
    if (agents_[at(a)].ready_since == Instant::never() || agents_[at(a)].ready_since + long_enough > now || !world_->works(a)) continue;
    const int desk = world_->desk_of(a);
    const Peer& phone = world_->peer(desk + 1);
    if (world_->agent_at(desk) != a || phone.dead() || phone.busy_with() != 0 || !phone.is_registered() || desks_[at(desk)].calls > 0 || std::max(desks_[at(desk)].free_since, desks_[at(desk)].bye_reached) + wrap_up + long_enough > now) continue;
    if (const Desk& d = desks_[at(desk)]; !d.hung_up.empty() && !ended_by_peer_.contains(d.hung_up) && !ended_by_us_.contains(d.hung_up) && now - d.hung_up_at < Duration::seconds(32)) continue;  // timer F
    if (calm_since(desk + 1) + long_enough > now) continue;
    if (agents_[at(a)].may_owe || agents_[at(a)].wrote + wrap_up + long_enough > now) continue;
    free.push_back(a);
  }
  if (free.empty()) return;
  for (std::size_t i = 0; i < customers_.size(); ++i) {
    const Customer& c = customers_[i];
    const int index = static_cast<int>(i);
    if (!c.alive || c.served || comes_to_a_shut_door(index) || c.phones > 0 || c.answered == Instant{} || std::max(c.unoffered_since, c.asked_until) + long_enough > now) continue;
    const PeerCall* line = world_->line_of(index);
    if (!line || ended_by_peer_.contains(line->call_id)) continue;
    for (const int a : free)
      if (may_take(a, index, now - c.called_last - long_enough)) return find("idle-pair", name(index) + " waits and agent " + std::to_string(a) + " sits idle");
  }
}

// --- the day is over

void SipAuditor::day_over() {
  const Instant now = world_->now();
  for (std::size_t p = 0; p <= desks_.size(); ++p)
    for (const auto& [id, call] : world_->peer(static_cast<int>(p)).calls())
      if (call.alive()) find("left-over", "a call is up at " + (p == 0 ? std::string("the carrier") : "phone " + std::to_string(p - 1)) + " at night");
  const auto* board = world_->control().board();
  if (!board) return find("left-over", "control is down at night");
  const auto counters = board->endpoint().counters();
  auto none = [&](const char* what, std::size_t n, std::size_t most = 0) { if (n > most) find("left-over", std::to_string(n) + " " + what + " at night"); };
  none("SIP legs", counters.legs);
  none("transactions", counters.transactions, 1);  // the carrier is asked for its health
  none("legs of the switchboard", board->live_legs());
  none("calls of the floor", board->floor().live_calls());
  none("legs of media workers", world_->worker_legs());
  none("captures", board->captures_closing() + world_->worker_captures());
  for (const auto& [row, value] : world_->control().rows()) {
    if (row.first == storage::LiveKind::sip_leg || row.first == storage::LiveKind::media_leg) find("left-over", "a row of a leg at night: " + row.second);
    if (row.first == storage::LiveKind::setting && row.second.starts_with("closing-capture")) find("left-over", "a capture was never finished");
  }
  books_.day_over(now);
  for (const Finding& finding : books_.findings()) findings_.push_back(finding);
  if (plan_.loss_permille > 0 || plan_.deaths_per_hour > 0 || plan_.people.phone_dies_permille > 0 || plan_.full_disks_per_hour > 0) return;
  // the books against the talks as the telephones lived them: a second for each that was on its way
  Duration lived, written;
  std::size_t talks = 0;
  for (const Duration talk : lived_talk_) lived += talk;
  for (const Talked& talk : books_.books().talks) { written += talk.to.value_or(now) - talk.from; ++talks; }
  const Duration apart = lived > written ? lived - written : written - lived;
  if (apart > Duration::seconds(1) * static_cast<std::int64_t>(talks + 5)) find("lived-figure", "the telephones talked " + std::to_string(lived.ms()) + " ms, the books say " + std::to_string(written.ms()));
}

}  // namespace pasokh::simulate
