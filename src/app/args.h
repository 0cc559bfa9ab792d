// Reading the command line: words, key=value words, --options; and the help that each command shows.
// The table of commands (main.cpp) says which options a command knows; any other is refused, with the nearest name.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/commands.h"
#include "base/result.h"

namespace pasokh::app {

struct Option {
  std::string name;    // without the dashes
  std::string value;   // what stands after it in the help ("DIR"); empty: a flag
  std::string says;
};

struct Subcommand {
  std::string name;
  int (*run)(const Args&);
  std::string says, says_fa;             // one line each, for `pasokh --help`
  std::vector<std::string> usage;        // lines, without "pasokh "
  std::vector<Option> options;
  std::vector<std::string> examples;     // lines, without "pasokh "
  std::string more = {};                 // closed lists and the like, printed below the options
};

// `arguments`: what follows the command's name. `--` ends the options.
Result<Args> parse_args(const Subcommand& command, const std::vector<std::string>& arguments);
std::string help_text(const Subcommand& command);

// --data DIR, or the environment's PASOKH_DATA, or ./data
std::string data_dir(const Args& args);
Result<> centre_stands_in(const std::string& dir);  // refused otherwise, so that a mistyped --data makes no folder
// the words that are key=value, from `first` on; anything else is refused
Result<std::map<std::string, std::string>> settings_from(const std::vector<std::string>& words, std::size_t first);

}  // namespace pasokh::app
