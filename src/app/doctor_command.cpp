// `pasokh doctor DIR`: looks at this machine with the eyes of one who must make calls work on it.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "app/args.h"
#include "app/doctor/checks.h"
#include "app/report_print.h"
#include "base/json_text.h"

namespace pasokh::app {
namespace {

using doctor::Finding;
using doctor::Findings;
using doctor::Say;
using doctor::Verdict;

// the number to call: the one asked for, else the demo's first
std::string number_to_call(const Args& args, const std::string& dir) {
  if (const auto given = args.option("call")) return *given;
  std::ifstream in(dir + "/demo.json");
  std::ostringstream text;
  text << in.rdbuf();
  boost::system::error_code error;
  const auto demo = boost::json::parse(text.str(), error);
  if (error) return {};
  const auto* number = demo.find_pointer("/numbers/0/number", error);
  return number && number->is_string() ? std::string(number->get_string()) : std::string();
}

Findings examine(const std::string& dir, bool with_call, const std::string& number) {
  Findings findings;
  const auto configuration = read_configuration(dir);
  if (!configuration) {
    findings.push_back({"configuration", Verdict::problem, doctor::say(Say::configuration_broken, {configuration.error().text}), doctor::say(Say::cannot_start), doctor::say(Say::mend_the_file)});
    return findings;
  }
  findings.push_back({"configuration", Verdict::ok, doctor::say(Say::configuration_understood, {dir + "/pasokh.toml"})});
  const bool running = doctor::server_runs(dir);
  doctor::check_ports(*configuration, running, findings);
  doctor::check_certificate(dir, *configuration, findings);
  doctor::check_browser_phones(*configuration, running, findings);
  doctor::check_addresses(*configuration, findings);
  doctor::check_mail(*configuration, findings);
  doctor::check_clock(findings);
  doctor::check_disk(dir, *configuration, findings);
  doctor::check_limits(findings);
  doctor::check_prompts(*configuration, findings);
  if (with_call) doctor::check_audio(*configuration, running, number, findings);
  return findings;
}

std::string padded(std::string text, std::size_t width) {
  const auto letters = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  if (letters < width) text.append(width - letters, ' ');
  return text;
}

void print(const Findings& findings, floor::Language language) {
  const bool persian = language == floor::Language::fa;
  const auto in = [&](const doctor::Text& text) { return persian ? text.fa : text.en; };
  const std::string so = in(doctor::say(Say::so)), then = in(doctor::say(Say::then)), space(25, ' ');
  for (const auto& f : findings) {
    const Say verdict = f.verdict == Verdict::ok ? Say::verdict_ok : f.verdict == Verdict::warning ? Say::verdict_warning : Say::verdict_problem;
    const std::string &found = persian ? f.found_fa : f.found, &means = persian ? f.means_fa : f.means, &advice = persian ? f.advice_fa : f.advice;
    std::printf("%s %s %s\n", padded(in(doctor::say(verdict)), 8).c_str(), padded(in(doctor::check_name(f.check)), 17).c_str(), found.c_str());
    if (!means.empty()) std::printf("%s%s %s\n", space.c_str(), so.c_str(), means.c_str());
    if (!advice.empty()) std::printf("%s%s %s\n", space.c_str(), then.c_str(), advice.c_str());
  }
}

}  // namespace

std::string doctor_findings(const std::string& dir) { return json_text(examine(dir, false, {})); }

int doctor_command(const Args& args) {
  if (args.words.size() != 1) return wrong_usage("doctor", args.words.empty() ? "which folder?" : "one folder, please");
  const std::string format = args.option("format").value_or("table");
  if (format != "table" && format != "json") return wrong_usage("doctor", "unknown format \"" + format + "\"; expected table or json");
  const auto language = language_from(args);
  if (!language) return wrong_usage("doctor", language.error().text);
  const Findings findings = examine(args.words[0], true, number_to_call(args, args.words[0]));
  if (format == "json") std::printf("%s\n", json_text(findings).c_str()); else print(findings, *language);
  for (const auto& finding : findings)
    if (finding.verdict == Verdict::problem) return failed;
  return done;
}

}  // namespace pasokh::app
