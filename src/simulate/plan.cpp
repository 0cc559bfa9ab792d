#include "simulate/plan.h"

#include "simulate/dice.h"

namespace pasokh::simulate {
namespace {

std::string text_of(Duration d) { return std::to_string(d.ms()) + "ms"; }
std::string text_of(bool yes) { return yes ? "yes" : "no"; }

std::string text_of(const std::vector<floor::SkillLevel>& skills, char between) {
  std::string out;
  for (const auto& skill : skills) out += (out.empty() ? "" : std::string(1, between)) + skill.skill + ":" + std::to_string(skill.level);
  return out;
}

std::string text_of(const std::vector<floor::SkillStep>& steps) {
  std::string out;
  for (const auto& step : steps) out += (out.empty() ? "" : ",") + text_of(step.after) + "=" + text_of(step.needs, '+');
  return out;
}

floor::Configure queue_settings(const QueuePlan& queue) {
  const floor::QueueSettings& s = queue.settings;
  return {"queue", "add", queue.code,
          {{"strategy", std::string(name_of(s.strategy))}, {"priority", std::to_string(s.priority)}, {"ring", text_of(s.ring)}, {"wrap_up", text_of(s.wrap_up)},
           {"capacity", std::to_string(s.capacity)}, {"max_wait", text_of(s.max_wait)}, {"skills", text_of(s.skills)},
           {"service_level", text_of(s.service_level)}, {"short_abandon", text_of(s.short_abandon)}, {"record", text_of(s.record)}, {"notice", text_of(s.notice)},
           {"music", s.music}, {"announce_place", text_of(s.announce_place)}, {"announce_every", text_of(s.announce_every)},
           {"report", std::string(name_of(s.report))}},
          "plan"};
}

floor::Configure agent_settings(const Plan& plan, const AgentPlan& agent) {
  std::string queues;
  if (plan.picker == Picker::ours)
    for (const auto& m : agent.settings.queues) queues += (queues.empty() ? "" : ",") + plan.queues[m.queue.value - 1].code + ":" + std::to_string(m.order);
  return {"agent", "add", agent.code, {{"queues", queues}, {"skills", text_of(agent.settings.skills, ',')}, {"device", agent.settings.device}, {"number", agent.settings.number}}, "plan"};
}

AgentPlan agent_named(int n) {
  AgentPlan agent;
  agent.code = "a" + std::to_string(n + 1);
  agent.settings.device = std::to_string(10'001 + n);
  agent.settings.number = std::to_string(501 + n);
  return agent;
}

}  // namespace

std::vector<floor::Configure> settings_of(const Plan& plan) {
  std::vector<floor::Configure> all{{"trunk", "add", "carrier", {}, "plan"}, {"centre", "set", "", {{"ledger_limit", std::to_string(plan.ledger_limit)}}, "plan"}};
  for (const QueuePlan& queue : plan.queues) {
    all.push_back(queue_settings(queue));
    all.push_back({"number", "add", queue.number, {{"queue", queue.code}}, "plan"});
  }
  for (const QueuePlan& queue : plan.queues)
    if (!queue.settings.overflow_queue.empty()) all.push_back({"queue", "set", queue.code, {{"overflow_queue", queue.settings.overflow_queue}}, "plan"});
  for (const AgentPlan& agent : plan.agents) {
    all.push_back({"device", "add", agent.settings.device, {}, "plan"});
    all.push_back(agent_settings(plan, agent));
  }
  return all;
}

Plan centre_day(std::uint64_t seed) { return big_day(seed, 50, 6'000); }

Plan big_day(std::uint64_t seed, int agents, int calls) {
  Plan plan;
  plan.seed = seed;
  QueuePlan queue{"support", "8000", {}, 1};
  queue.settings.notice = false;
  queue.settings.announce_place = false;
  queue.settings.capacity = 100'000;
  plan.queues.push_back(std::move(queue));
  // a quiet morning, two humps; of 100
  for (const int percent : {2, 3, 4, 5, 6, 7, 7, 6, 5, 4, 4, 5, 6, 7, 7, 6, 5, 4, 4, 3}) plan.calls.push_back(calls / 100 * percent);
  plan.talk = Duration::seconds(218) * (agents * 120) / calls;
  Dice dice{seed, 1};
  for (int n = 0; n < agents; ++n) {
    AgentPlan agent = agent_named(n);
    agent.settings.queues = {{QueueId{1}, 0}};
    agent.shifts = {{{}, plan.length() + Duration::minutes(30)}};
    const Duration at = Duration::minutes(90 + dice.below(300));
    agent.breaks = {{at, at + Duration::minutes(20)}};
    agent.speed_permille = static_cast<int>(800 + dice.below(401));
    agent.ignores_permille = 10;
    plan.agents.push_back(std::move(agent));
  }
  return plan;
}

Plan any_centre(std::uint64_t seed) {
  Plan plan;
  plan.seed = seed;
  Dice dice{seed, 1};
  const auto queues = 1 + dice.below(3);
  for (std::int64_t q = 0; q < queues; ++q) {
    QueuePlan queue{"q" + std::to_string(q + 1), std::to_string(8001 + q), {}, static_cast<int>(1 + dice.below(3))};
    floor::QueueSettings& s = queue.settings;
    constexpr floor::Strategy strategies[] = {floor::Strategy::fair_share, floor::Strategy::fair_share, floor::Strategy::fair_share, floor::Strategy::longest_idle,
                                              floor::Strategy::round_robin, floor::Strategy::fixed_order, floor::Strategy::ring_all};
    s.strategy = strategies[dice.below(7)];
    s.priority = static_cast<std::int32_t>(dice.below(2));
    s.ring = Duration::seconds(8 + dice.below(15));
    s.wrap_up = dice.permille(300) ? Duration{} : Duration::seconds(3 + dice.below(20));
    s.capacity = static_cast<std::int32_t>(dice.permille(250) ? 3 + dice.below(5) : 1'000);
    s.max_wait = dice.permille(300) ? Duration::seconds(60 + dice.below(120)) : Duration::seconds(3'600);
    if (queues > 1 && dice.permille(400)) s.overflow_queue = "q" + std::to_string((q + 1) % queues + 1);
    if (dice.permille(400)) s.skills = {{Duration{}, {{"tech", 4}}}, {Duration::seconds(15), {{"tech", 2}}}, {Duration::seconds(40), {}}};
    s.record = dice.permille(700);
    s.notice = dice.permille(400);
    s.announce_place = dice.permille(500);
    s.announce_every = Duration::seconds(20);
    plan.queues.push_back(std::move(queue));
  }
  const auto agents = 2 + dice.below(9);
  for (std::int64_t n = 0; n < agents; ++n) {
    AgentPlan agent = agent_named(static_cast<int>(n));
    for (std::int64_t q = 0; q < queues; ++q)
      if (q == n % queues || dice.permille(500)) agent.settings.queues.push_back({QueueId{static_cast<std::uint64_t>(q + 1)}, static_cast<std::int32_t>(dice.below(4))});
    if (dice.permille(700)) agent.settings.skills = {{"tech", static_cast<std::int32_t>(1 + dice.below(10))}};
    agent.speed_permille = static_cast<int>(600 + dice.below(900));
    agent.ignores_permille = static_cast<int>(dice.below(80));
    agent.declines_permille = static_cast<int>(dice.below(40));
    const Duration comes = dice.permille(600) ? Duration{} : dice.between({}, Duration::minutes(20));
    agent.shifts = {{comes, Duration::minutes(70) - dice.between({}, Duration::minutes(15))}};
    if (dice.permille(700)) {
      const Duration at = comes + dice.between(Duration::minutes(5), Duration::minutes(30));
      agent.breaks.push_back({at, at + dice.between(Duration::minutes(1), Duration::minutes(10))});
    }
    plan.agents.push_back(std::move(agent));
  }
  plan.interval = Duration::minutes(15);
  plan.talk = Duration::seconds(20 + dice.below(100));
  plan.patience = Duration::seconds(30 + dice.below(150));
  const auto busy = 400 + dice.below(900);  // offered work, per mille of what the agents can do
  for (int i = 0; i < 4; ++i)
    plan.calls.push_back(static_cast<int>(1 + plan.interval.us / 1'000'000 * agents * busy / 1'000 / (plan.talk.us / 1'000'000 + 10) * (700 + dice.below(600)) / 1'000));
  plan.redials_permille = 300;
  plan.holds_permille = 150;
  plan.blind_to_queue_permille = 40;
  plan.blind_to_agent_permille = 40;
  plan.consults_permille = 60;
  plan.phone_dies_permille = 700;
  plan.give_permille = 20;
  plan.hot_desk_permille = 100;
  plan.crash_permyriad = 20;
  plan.ledger_limit = 1 + dice.below(4);
  return plan;
}

}  // namespace pasokh::simulate
