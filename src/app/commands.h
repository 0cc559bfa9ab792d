// The subcommands of `pasokh`, one file each (<name>_command.cpp). main.cpp holds the table that --help prints.
// Exit status of all: 0 done, 1 refused or failed (reason on stderr), 2 wrong usage.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pasokh::app {

struct Args {
  std::string command;                          // "report"
  std::vector<std::string> words;               // positional, after the command
  std::map<std::string, std::string> options;   // "--data DIR" -> {"data", "DIR"}; flags have "true"
  std::optional<std::string> option(const std::string& name) const;
};

inline constexpr int done = 0, failed = 1, usage = 2;
int fail(const std::string& reason);            // prints to stderr, returns `failed`
int wrong_usage(const std::string& command, const std::string& reason);  // prints reason and where to look, returns `usage`

int init_command(const Args&);
int serve_command(const Args&);
int media_command(const Args&);
int doctor_command(const Args&);
std::string doctor_findings(const std::string& dir);  // as JSON, without the test call
int call_command(const Args&);                  // test caller
int load_command(const Args&);                  // how much this machine carries
int demo_command(const Args&);                  // built-in customers and specialists against a running server
int noun_command(const Args&);                  // queue|agent|device|number|trunk|user|centre
int hours_command(const Args&);                 // hours|holidays
int import_command(const Args&);
int report_command(const Args&);
int explain_command(const Args&);
int archive_command(const Args&);
int audit_command(const Args&);
int token_command(const Args&);                 // programs' way in
int webhook_command(const Args&);               // what other systems are told
int mail_command(const Args&);                  // what goes out by mail
int journal_command(const Args&);
int simulate_command(const Args&);              // drawn days; a real day under other rules

}  // namespace pasokh::app
