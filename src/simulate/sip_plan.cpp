#include "simulate/sip_world.h"

namespace pasokh::simulate {

SipPlan sip_centre_day(std::uint64_t seed) {
  SipPlan plan;
  plan.people = centre_day(seed);
  plan.commit = {};
  plan.listens_every = 10;
  return plan;
}

SipPlan calm_sip_centre(std::uint64_t seed) {
  SipPlan plan;
  plan.people = any_centre(seed);
  plan.people.crash_permyriad = 0;
  plan.people.phone_dies_permille = 0;
  plan.people.give_permille = 0;
  plan.people.blind_to_agent_permille = plan.people.consults_permille = 40;
  plan.phone_holds_permille = 60;
  plan.refers_permille = 30;
  plan.digits_permille = 20;
  plan.own_calls_permille = 3'000;
  plan.attended_permille = 40;
  Dice dice{seed, 9};
  for (QueuePlan& queue : plan.people.queues)
    if (dice.permille(300)) queue.settings.report = floor::ReportRule::required;
  plan.tcp_permille = 300;
  return plan;
}

SipPlan any_sip_centre(std::uint64_t seed) {
  SipPlan plan = calm_sip_centre(seed);
  Dice dice{seed, 8};
  plan.people.phone_dies_permille = 400;
  plan.delay_max = Duration::milliseconds(5 + dice.below(120));
  plan.loss_permille = dice.permille(700) ? static_cast<int>(dice.below(60)) : 0;
  plan.twice_permille = dice.permille(600) ? static_cast<int>(dice.below(60)) : 0;
  plan.clogs_per_hour = static_cast<int>(dice.below(20));
  plan.breaks_per_hour = static_cast<int>(dice.below(20));
  plan.deaths_per_hour = static_cast<int>(dice.below(30));
  plan.worker_deaths_per_hour = static_cast<int>(dice.below(10));
  plan.slow_disks_per_hour = static_cast<int>(dice.below(6));
  plan.full_disks_per_hour = static_cast<int>(dice.below(4));
  plan.clock_steps = dice.permille(300);
  plan.commit = Duration::milliseconds(1 + dice.below(12));
  plan.update_permille = 500;
  plan.session_timers_permille = 300;
  plan.reliable_permille = 250;
  plan.star_permille = dice.permille(500) ? 400 : 0;
  if (dice.permille(250)) plan.closes = Duration::minutes(30 + dice.below(25));
  return plan;
}

}  // namespace pasokh::simulate
