// `pasokh doctor DIR`: looks at this machine with the eyes of one who must make calls work on it.
#include <boost/json.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "app/args.h"
#include "app/doctor/checks.h"
#include "base/json_text.h"

namespace pasokh::app {
namespace {

using doctor::Finding;
using doctor::Findings;
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
    findings.push_back({"configuration", Verdict::problem, configuration.error().text, "the server cannot start", "mend the file; what may stand in it is told by the message"});
    return findings;
  }
  findings.push_back({"configuration", Verdict::ok, dir + "/pasokh.toml is understood"});
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

void print(const Findings& findings) {
  for (const auto& f : findings) {
    std::printf("%-8s %-14s %s\n", std::string(name_of(f.verdict)).c_str(), f.check.c_str(), f.found.c_str());
    if (!f.means.empty()) std::printf("%24s so:  %s\n", "", f.means.c_str());
    if (!f.advice.empty()) std::printf("%24s do:  %s\n", "", f.advice.c_str());
  }
}

}  // namespace

std::string doctor_findings(const std::string& dir) { return json_text(examine(dir, false, {})); }

int doctor_command(const Args& args) {
  if (args.words.size() != 1) return wrong_usage("doctor", args.words.empty() ? "which folder?" : "one folder, please");
  const std::string format = args.option("format").value_or("table");
  if (format != "table" && format != "json") return wrong_usage("doctor", "unknown format \"" + format + "\"; expected table or json");
  const Findings findings = examine(args.words[0], true, number_to_call(args, args.words[0]));
  if (format == "json") std::printf("%s\n", json_text(findings).c_str()); else print(findings);
  for (const auto& finding : findings)
    if (finding.verdict == Verdict::problem) return failed;
  return done;
}

}  // namespace pasokh::app
