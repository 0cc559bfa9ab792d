// pasokh load: real SIP and RTP against a running server, in steps, until calls are missed, messages are sent again or audio comes
// late; then what that means for a centre, and the admission limit to set.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "app/args.h"
#include "app/load/rig.h"
#include "app/load/set_limit.h"
#include "app/print.h"
#include "base/json_text.h"
#include "base/persian.h"
#include "switchboard/commands.h"

namespace pasokh::app {
namespace {

using load::Rig;
using load::Step;
using load::StepWish;

constexpr std::int64_t share_permille = 600;         // of the peak: the admission limit, and what the table promises
constexpr std::int64_t late_setup_ms = 500, late_audio_ms = 100, late_generator_ms = 100, full_generator_permille = 900, others_permille = 300;

struct Wish { std::size_t agents = 200; Duration step = Duration::seconds(4); double most = 2'000; bool audio = true; };

// Why a step did not go well; empty: it did.
std::string trouble_of(const Step& s) {
  if (s.generator_late_ms > late_generator_ms && s.others_busy_permille > others_permille) return "other programs keep this machine busy";
  if (s.generator_late_ms > late_generator_ms || s.generator_busy_permille > full_generator_permille) return "the generator's own ceiling (one thread); the server may carry more";
  if (s.refused > 0 && s.last_status == 503) return "the server refused calls (503): its admission limit, its ports or its disk";
  if (s.refused > 0) return "the server refused calls (" + std::to_string(s.last_status) + ")";
  if (s.missed > 0) return std::to_string(s.missed) + " of " + std::to_string(s.offered) + " calls reached no agent";
  if (s.repeats * 1'000 > s.offered) return std::to_string(s.repeats) + " messages had to be sent again";
  char others[64] = "";
  if (s.others_busy_permille > others_permille) std::snprintf(others, sizeof others, ", while other programs took %.1f cores", static_cast<double>(s.others_busy_permille) / 1e3);
  if (s.setup_ms_p99 > late_setup_ms) return "calls took " + std::to_string(s.setup_ms_p99) + " ms to reach an agent (p99)" + others;
  if (s.packets_lost * 1'000 > s.packets) return std::to_string(s.packets_lost) + " of " + std::to_string(s.packets) + " audio packets were lost" + others;
  if (s.gap_ms_p99 > late_audio_ms) return "audio had gaps of " + std::to_string(s.gap_ms_p99) + " ms (p99)" + others;
  return {};
}
bool is_generators(const Step& s) { return s.generator_late_ms > late_generator_ms || s.generator_busy_permille > full_generator_permille; }

struct Tried {
  std::string what;                    // signalling | audio
  Step step;
  std::string trouble;
  PASOKH_FIELDS(what, step, trouble)
};
struct Size {                          // of a centre on this machine, with 60 % of what was measured
  std::int64_t talk_s = 0, agents_talking = 0, calls_per_hour = 0;
  std::string bound_by;
  PASOKH_FIELDS(talk_s, agents_talking, calls_per_hour, bound_by)
};
struct Report {
  std::int64_t peak_calls_per_second_milli = 0, peak_live_calls = 0, admission_limit = 0;
  std::int64_t call_cpu_us = 0, live_call_cpu_permille = 0;   // of one core, of the server: a call; a live call's audio × 1,000
  std::string calls_stopped_by, live_stopped_by;
  bool generator_reached_first = false;
  std::int64_t others_busy_permille = 0;  // the most in any step: cores × 1,000 that other programs took
  std::vector<Size> sizes;
  std::vector<Tried> steps;
  PASOKH_FIELDS(peak_calls_per_second_milli, peak_live_calls, admission_limit, call_cpu_us, live_call_cpu_permille, calls_stopped_by, live_stopped_by, generator_reached_first, others_busy_permille, sizes, steps)
};

class Measuring {
 public:
  Measuring(Rig& rig, const Wish& wish, Report& report) : rig_(rig), wish_(wish), report_(report) {}

  void signalling() {
    constexpr Duration talk = Duration::milliseconds(200);
    // a phone is taken for the talk and the way there and back; half of them stay free, so that nobody waits for a phone
    const double most = std::min(wish_.most, static_cast<double>(wish_.agents) / 2 / 0.35);
    Step best;
    report_.calls_stopped_by = climb(20, most, [&](double rate) { return StepWish{rate, wish_.step, talk, false}; }, "signalling", best, "more needs more phones (--agents) or a higher --most");
    report_.peak_calls_per_second_milli = best.rate_milli;
    report_.admission_limit = std::max<std::int64_t>(1, best.rate_milli * share_permille / 1'000'000);
    if (best.connected > 0) report_.call_cpu_us = best.server_cpu_us / best.connected;
  }

  // n calls begin within two seconds and then talk together for a step
  void audio() {
    constexpr Duration begin = Duration::seconds(2);
    const Duration talk = wish_.step + begin;
    Step best;
    report_.live_stopped_by = climb(20, static_cast<double>(wish_.agents) * 0.95, [&](double live) { return StepWish{live / 2, begin, talk, true}; }, "audio", best, "more needs more phones (--agents)");
    report_.peak_live_calls = best.live_most;
    const std::int64_t talked_ms = best.connected * talk.ms(), setting_up_us = best.connected * report_.call_cpu_us;
    if (talked_ms > 0) report_.live_call_cpu_permille = std::max<std::int64_t>(0, best.server_cpu_us - setting_up_us) * 1'000 / (talked_ms * 1'000);
  }

 private:
  // Up by half each time until a step fails; then once halfway between. Why it stopped.
  template <class WishOf> std::string climb(double from, double most, WishOf wish_of, const char* kind, Step& best, const char* at_most) {
    double good = 0, bad = 0;
    std::string why;
    for (double at = std::min(from, most);;) {
      const Step step = rig_.run(wish_of(at));
      const std::string trouble = trouble_of(step);
      report_.steps.push_back({kind, step, trouble});
      report_.generator_reached_first = report_.generator_reached_first || is_generators(step);
      report_.others_busy_permille = std::max(report_.others_busy_permille, step.others_busy_permille);
      say(kind, step, trouble);
      if (trouble.empty()) { good = at; best = step; } else { bad = at; why = trouble; }
      if (bad == 0 && at >= most) return at_most;
      if (bad == 0) at = std::min(most, at * 1.5);
      else if (good == 0 || bad / good < 1.15) return why;
      else at = (good + bad) / 2;
    }
  }
  static void say(const char* kind, const Step& s, const std::string& trouble) {
    std::fprintf(stderr, "%-10s %7.1f calls/s, %4lld live: %lld of %lld connected, p99 %lld ms, %lld sent again, %lld of %lld packets lost, server %.2f cores, generator %.2f, others %.2f%s%s\n", kind, static_cast<double>(s.rate_milli) / 1e3,
                 static_cast<long long>(s.live_most), static_cast<long long>(s.connected), static_cast<long long>(s.offered), static_cast<long long>(s.setup_ms_p99), static_cast<long long>(s.repeats), static_cast<long long>(s.packets_lost),
                 static_cast<long long>(s.packets), static_cast<double>(s.server_cpu_us) / 1e3 / static_cast<double>(std::max<std::int64_t>(1, s.took_ms)), static_cast<double>(s.generator_busy_permille) / 1e3, static_cast<double>(s.others_busy_permille) / 1e3, trouble.empty() ? "" : "  <- ", trouble.c_str());
  }

  Rig& rig_;
  const Wish wish_;
  Report& report_;
};

void add_sizes(Report& report) {
  for (const std::int64_t talk_s : {60, 120, 180, 300, 600}) {
    const std::int64_t by_calls = report.peak_calls_per_second_milli * share_permille / 1'000 * talk_s / 1'000, by_audio = report.peak_live_calls * share_permille / 1'000;
    Size size{talk_s, by_calls, 0, "signalling"};
    if (by_audio > 0 && by_audio < by_calls) { size.agents_talking = by_audio; size.bound_by = "audio"; }
    size.calls_per_hour = size.agents_talking * 3'600 / talk_s;
    report.sizes.push_back(std::move(size));
  }
}

int print(const Report& r, Format format, bool limit_is_set) {
  if (format == Format::json) {
    std::printf("%s\n", json_text(r).c_str());
    return done;
  }
  std::printf("\nPeak: %.1f new calls a second (%s)", static_cast<double>(r.peak_calls_per_second_milli) / 1e3, r.calls_stopped_by.c_str());
  if (!r.live_stopped_by.empty()) std::printf("; %lld calls with audio at once (%s)", static_cast<long long>(r.peak_live_calls), r.live_stopped_by.c_str());
  std::printf(".\nA call costs the server %lld µs of CPU; the audio of 100 live calls %.2f cores.\n\nWith 60 %% of that, this machine serves:\n", static_cast<long long>(r.call_cpu_us), static_cast<double>(r.live_call_cpu_permille) / 10);
  auto text = print_list(json_text(r.sizes), format);
  if (!text) return fail(text.error().text);
  std::fputs(text->c_str(), stdout);
  std::printf("\nAdmission limit (60 %% of the peak): %lld new calls a second", static_cast<long long>(r.admission_limit));
  std::printf(limit_is_set ? ", set in pasokh.toml ([limits] new_calls_per_second). It holds from the next start on; a restart loses no call.\n"
                           : ". `pasokh load --set` writes it to pasokh.toml ([limits] new_calls_per_second).\n");
  if (r.others_busy_permille > others_permille) std::printf("\nOther programs took up to %.1f cores meanwhile: measure again when this machine is quiet.\n", static_cast<double>(r.others_busy_permille) / 1e3);
  if (r.generator_reached_first) std::printf("\nThe generator shares this machine and reached its own ceiling: these are lower bounds.\n");
  return done;
}

Result<Wish> read_wish(const Args& args) {
  Wish wish;
  auto number = [&](const char* name, double otherwise, double least, double most) -> Result<double> {
    const auto given = args.option(name);
    if (!given) return otherwise;
    const std::string digits = latin_digits(*given);
    char* end = nullptr;
    const double value = std::strtod(digits.c_str(), &end);
    if (digits.empty() || *end != 0 || !(value >= least) || value > most) return trouble("usage", std::string("--") + name + " " + *given + ": expected a number from " + std::to_string(static_cast<int>(least)) + " to " + std::to_string(static_cast<int>(most)));
    return value;
  };
  TRY(agents, number("agents", 200, 10, 5'000));
  TRY(step, number("step", 4, 1, 600));
  TRY(most, number("most", 2'000, 1, 100'000));
  wish.agents = static_cast<std::size_t>(agents);
  wish.step = Duration::milliseconds(static_cast<std::int64_t>(step * 1'000));
  wish.most = most;
  wish.audio = !args.option("no-audio");
  return wish;
}

void allow_many_sockets() {  // two a call, and those of calls that ended shortly before
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

// Nobody is disturbed without being asked.
Result<> nobody_works(const std::string& dir) {
  const auto health = switchboard::ask_centre(dir, {{"centre", "health", "", {}, "load"}});
  if (!health.ok) return trouble(health.code, health.text);
  const auto at = health.json.find("\"calls\":");
  const long calls = at == health.json.npos ? 0 : std::strtol(health.json.c_str() + at + 8, nullptr, 10);
  if (calls > 0) return trouble("busy", std::to_string(calls) + " calls are live; a load test disturbs them. With --yes it is run nevertheless");
  const auto agents = switchboard::ask_centre(dir, {{"agent", "list", "", {}, "load"}});
  for (const char* state : {"\"ready\"", "\"talking\"", "\"wrap_up\"", "\"wrap-up\"", "\"offered\""})
    if (agents.json.find(std::string("\"state\":") + state) != agents.json.npos) return trouble("busy", "agents are signed in; a load test disturbs their calls. With --yes it is run nevertheless");
  return Done{};
}

}  // namespace

int load_command(const Args& args) {
  if (!args.words.empty()) return wrong_usage("load", "\"" + args.words.front() + "\" is not understood here");
  const auto format = format_from(args.option("format").value_or("table"));
  if (!format || *format == Format::csv) return wrong_usage("load", "--format table or json");
  const auto wish = read_wish(args);
  if (!wish) return wrong_usage("load", wish.error().text);
  const std::string dir = data_dir(args);
  if (auto stands = centre_stands_in(dir); !stands) return fail(stands.error().text);
  if (!args.option("yes"))
    if (auto idle = nobody_works(dir); !idle) return fail(idle.error().text);
  allow_many_sockets();
  Rig rig(dir, wish->agents);
  if (auto built = rig.build(); !built) return fail(built.error().text);
  Report report;
  Measuring measuring(rig, *wish, report);
  measuring.signalling();
  if (report.peak_calls_per_second_milli > 0 && wish->audio) measuring.audio();
  if (report.peak_calls_per_second_milli == 0) return fail("not even the first step went well: " + report.calls_stopped_by);
  add_sizes(report);
  const bool sets = args.option("set").has_value();
  if (sets)
    if (auto written = load::set_limit(dir, report.admission_limit); !written) {
      print(report, *format, false);
      return fail(written.error().text);
    }
  return print(report, *format, sets);
}

}  // namespace pasokh::app
