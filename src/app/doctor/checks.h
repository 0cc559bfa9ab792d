// What `pasokh doctor` looks at. Each check says what it found, what that means for calls, and what to do.
#pragma once

#include <string>
#include <vector>

#include "app/configuration.h"
#include "app/doctor/texts.h"
#include "base/describe.h"

namespace pasokh::app::doctor {

enum class Verdict : std::uint8_t { ok, warning, problem };

struct Finding {
  std::string check;
  Verdict verdict = Verdict::ok;
  std::string found, means, advice;      // means and advice: empty when ok
  std::string found_fa, means_fa, advice_fa;
  Finding(std::string what, Verdict how, const Text& seen, const Text& so = {}, const Text& then = {})
      : check(std::move(what)), verdict(how), found(seen.en), means(so.en), advice(then.en), found_fa(seen.fa), means_fa(so.fa), advice_fa(then.fa) {}
  PASOKH_FIELDS(check, verdict, found, means, advice, found_fa, means_fa, advice_fa)
};
using Findings = std::vector<Finding>;

bool server_runs(const std::string& dir);                               // something answers on DIR/control.sock
void check_ports(const Configuration&, bool server_running, Findings&);
void check_certificate(const std::string& dir, const Configuration&, Findings&);
void check_browser_phones(const Configuration&, bool server_running, Findings&);  // their UDP ports
void check_mail(const Configuration&, Findings&);                       // whether the mail server greets us; none is sent
void check_addresses(const Configuration&, Findings&);
void check_clock(Findings&);
void check_disk(const std::string& dir, const Configuration&, Findings&);
void check_limits(Findings&);
void check_prompts(const Configuration&, Findings&);
// A call to ourselves: over SIP to `number`, three seconds of audio both ways. number empty: says that it was not tried.
void check_audio(const Configuration&, bool server_running, const std::string& number, Findings&);

}  // namespace pasokh::app::doctor

namespace pasokh {
template <> inline constexpr std::array enum_names<app::doctor::Verdict>{"ok", "warning", "problem"};
}  // namespace pasokh
