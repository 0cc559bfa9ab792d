// `pasokh demo DIR`: life for the demo centre, run beside `pasokh serve DIR`.
#include <csignal>
#include <cstdio>

#include <charconv>
#include <cstdlib>

#include "app/caller/demo_life.h"
#include "app/commands.h"
#include "switchboard/commands.h"

namespace pasokh::app {

namespace {

using namespace caller;

Loop* interrupted_loop = nullptr;
void interrupt(int) { if (interrupted_loop) interrupted_loop->stop(); }

Result<double> number_option(const Args& args, const std::string& name, double otherwise, double most) {
  const auto given = args.option(name);
  if (!given) return otherwise;
  char* end = nullptr;
  const double value = std::strtod(given->c_str(), &end);
  if (given->empty() || *end != '\0' || !(value >= 0) || value > most) return trouble("usage", "--" + name + " " + *given + ": expected a number up to " + std::to_string(static_cast<int>(most)));
  return value;
}

Result<LifeSettings> read_settings(const Args& args) {
  LifeSettings settings;
  TRY(customers, number_option(args, "customers", 14, 500));
  TRY(rate, number_option(args, "calls-per-minute", 15, 6'000));
  TRY(seed, number_option(args, "seed", 1, 1e9));
  settings.customers = static_cast<std::size_t>(customers);
  settings.calls_per_minute = rate;
  settings.seed = static_cast<std::uint64_t>(seed);
  return settings;
}

void print_counts(const char* head, const LifeCounts& counts) {
  std::printf("%s: %lld called, %lld talked, %lld left while waiting, %lld were not taken, %lld are on the line; %lld seats are taken by other phones\n", head,
              static_cast<long long>(counts.called), static_cast<long long>(counts.talked), static_cast<long long>(counts.left_waiting),
              static_cast<long long>(counts.not_taken), static_cast<long long>(counts.live), static_cast<long long>(counts.seats_taken));
  std::fflush(stdout);
}

void print_counts_every(Loop& loop, const DemoLife& life, Duration every) {
  loop.after(every, [&loop, &life, every] {
    print_counts("so far", life.counts());
    print_counts_every(loop, life, every);
  });
}

// One agent after the other, by the same way as `pasokh agent ready`.
void sign_in(const std::string& dir, const std::string& agent, const std::string& device) {
  const auto reply = switchboard::ask_centre(dir, {{"agent", "ready", agent, {{"device", device}}, "demo"}});
  if (!reply.ok) std::fprintf(stderr, "pasokh demo: %s could not be signed in: %s\n", agent.c_str(), reply.text.c_str());
}

}  // namespace

int demo_command(const Args& args) {
  if (args.words.size() > 1) return wrong_usage("demo", "expected one data folder");
  const auto dir = args.words.empty() ? args.option("data").value_or("data") : args.words[0];
  const auto settings = read_settings(args);
  if (!settings) return wrong_usage("demo", settings.error().text);
  auto file = read_demo_file(dir + "/demo.json");
  if (!file) return fail(file.error().text + ". Make a demo centre with: pasokh init " + dir + " --demo");
  std::string warning;
  auto dialogues = prepare_dialogues(dir + "/demo", warning);
  if (!dialogues) return fail("preparing the voices: " + dialogues.error().text);
  if (!warning.empty()) std::fprintf(stderr, "pasokh demo: %s\n", warning.c_str());

  Loop loop;
  interrupted_loop = &loop;
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  const auto start = loop.now();
  const auto say = [&](const std::string& line) {
    std::printf("%7.1f  %s\n", static_cast<double>((loop.now() - start).us) / 1e6, line.c_str());
    std::fflush(stdout);
  };
  const auto count = file->devices.size();
  DemoLife life(loop, *std::move(file), *std::move(dialogues), *settings, [&](const std::string& agent, const std::string& device) { sign_in(dir, agent, device); }, say);
  if (auto begun = life.begin(); !begun) return fail(begun.error().text);
  std::printf("demo: %zu built-in specialists, up to %zu customers, %.3g calls a minute. Register your own phone for one of the devices in %s/demo.json to take its seat.\n",
              count, settings->customers, settings->calls_per_minute, dir.c_str());
  std::fflush(stdout);
  print_counts_every(loop, life, Duration::seconds(60));
  loop.run();
  life.end();
  loop.after(Duration::milliseconds(800), [&] { loop.stop(); });   // BYE and REGISTER get their answers
  loop.run();
  interrupted_loop = nullptr;
  print_counts("in all", life.counts());
  return done;
}

}  // namespace pasokh::app
