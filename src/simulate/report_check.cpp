#include "simulate/report_check.h"

#include <condition_variable>
#include <mutex>

#include "storage/journal.h"

namespace pasokh::simulate {

Result<> write_journal(const std::string& dir, const std::vector<Recorded>& journal) {
  TRY(writer, storage::JournalWriter::open(dir, {.reserve_bytes = 1 << 20}));
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t done = 0;
  std::optional<Trouble> broken;
  writer->start([&](std::uint64_t ticket, const Trouble* trouble) {
    std::lock_guard lock(mutex);
    if (trouble) broken = *trouble; else done = ticket;
    changed.notify_one();
  });
  storage::Batch batch;
  std::uint64_t tickets = 0;
  for (std::size_t i = 0; i < journal.size(); ++i) {
    batch.events.push_back({i + 1, journal[i].at, journal[i].event});
    if (batch.events.size() < 5'000 && i + 1 < journal.size()) continue;
    batch.ticket = ++tickets;
    writer->submit(std::move(batch));
    batch = {};
  }
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return done == tickets || broken; });
  }
  writer->close();
  if (broken) return within("writing the simulated journal", *broken);
  return Done{};
}

Result<std::vector<Finding>> check_reports(const Plan& plan, const Books& books, std::vector<Recorded> journal, Instant now, const std::string& dir, const ReportTampering& tampering) {
  if (tampering.journal) for (Recorded& recorded : journal) tampering.journal(recorded);
  TRY_DONE(write_journal(dir, journal));
  TRY(reports, storage::Reports::open(dir));
  storage::ReportFilter filter;
  filter.from = plan.start;
  filter.to = filter.now = now;
  TRY(queues, reports.queues(filter));
  TRY(agents, reports.agents(filter));
  if (tampering.queues) tampering.queues(queues);
  if (tampering.agents) tampering.agents(agents);

  std::vector<Finding> findings;
  auto same = [&](const std::string& who, const char* what, std::int64_t told, std::int64_t lived) {
    if (told != lived) findings.push_back({"figure", now, who + ": " + what + " is told as " + std::to_string(told) + ", lived " + std::to_string(lived)});
  };
  auto mean = [](Duration sum, std::int64_t count) { return count == 0 ? 0 : sum.us / count / 1'000; };
  auto near = [&](const std::string& who, const char* what, std::int64_t told, std::int64_t lived) { if (std::abs(told - lived) > 1) same(who, what, told, lived); };  // a mean is rounded
  std::size_t seen = 0;
  for (const storage::QueueRow& row : queues)
    for (std::size_t q = 0; q < plan.queues.size(); ++q) {
      if (plan.queues[q].code != row.queue) continue;
      ++seen;
      const QueueSums lived = queue_sums(books, static_cast<int>(q), {plan.queues[q].settings.service_level, plan.queues[q].settings.short_abandon}, now);
      const auto& told = row.figures;
      const std::string who = "queue " + row.queue;
      same(who, "entered", told.entered, lived.entered);
      same(who, "offered", told.offered, lived.entered - lived.short_abandoned);
      same(who, "answered", told.answered, lived.answered);
      same(who, "answered in time", told.answered_in_time, lived.answered_in_time);
      same(who, "abandoned", told.abandoned, lived.abandoned);
      same(who, "short abandoned", told.short_abandoned, lived.short_abandoned);
      same(who, "flowed out", told.flowed_out, lived.moved);
      same(who, "service level (strict), whole", told.service_level_strict.whole, lived.answered + lived.abandoned + lived.moved);
      near(who, "mean wait", told.asa_ms, mean(lived.wait_answered, lived.answered));
      same(who, "longest wait", told.wait_longest_ms, lived.wait_longest.ms());
      same(who, "handled", told.handled, lived.handled);
      same(who, "talk", told.talk_ms, lived.talk.ms());
      same(who, "hold", told.hold_ms, lived.hold.ms());
      same(who, "wrap-up", told.wrap_up_ms, lived.wrap_up.ms());
      near(who, "mean handling", told.aht_ms, mean(lived.talk + lived.hold + lived.wrap_up, lived.handled));
    }
  same("centre", "queues", static_cast<std::int64_t>(seen), static_cast<std::int64_t>(plan.queues.size()));
  std::int64_t most = 0, least = 0, on_duty = 0;
  for (const storage::AgentRow& row : agents.agents)
    for (std::size_t a = 0; a < plan.agents.size(); ++a) {
      if (plan.agents[a].code != row.agent) continue;
      const AgentSums lived = agent_sums(books, static_cast<int>(a), now);
      const auto& told = row.figures;
      const std::string who = "agent " + row.agent;
      same(who, "offers", told.offers, lived.rung);
      same(who, "answered", told.answered, lived.answered);
      same(who, "lapsed", told.lapsed, lived.let_ring);
      same(who, "withdrawn", told.withdrawn, lived.taken_back);
      same(who, "forced", told.forced, lived.forced);
      same(who, "handled", told.handled, lived.handled);
      same(who, "talk", told.talk_ms, lived.talk.ms());
      same(who, "hold", told.hold_ms, lived.hold.ms());
      same(who, "wrap-up", told.wrap_up_ms, lived.wrap_up.ms());
      same(who, "ready", told.ready_ms, lived.ready.ms());
      same(who, "paused", told.paused_ms, lived.paused.ms());
      same(who, "ringing", told.ringing_ms, lived.ringing.ms());
      same(who, "on duty", told.on_duty_ms, lived.on_duty().ms());
      if (lived.on_duty().us <= 0) continue;
      most = on_duty == 0 ? lived.handled : std::max(most, lived.handled);
      least = on_duty == 0 ? lived.handled : std::min(least, lived.handled);
      ++on_duty;
    }
  same("centre", "agents on duty", agents.evenness.agents, on_duty);
  same("centre", "most minus least", agents.evenness.most_minus_least, most - least);
  return findings;
}

}  // namespace pasokh::simulate
