#include "app/args.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/nearest.h"

namespace pasokh::app {
namespace {

std::string unknown_option(const Subcommand& command, const std::string& name) {
  std::vector<std::string> known{"help"};
  for (const auto& option : command.options) known.push_back(option.name);
  const std::string near = nearest(name, known);
  return "unknown option --" + name + (near.empty() ? "" : "; did you mean --" + near + "?");
}

}  // namespace

std::optional<std::string> Args::option(const std::string& name) const {
  const auto found = options.find(name);
  if (found == options.end()) return std::nullopt;
  return found->second;
}

int fail(const std::string& reason) {
  std::fprintf(stderr, "pasokh: %s\n", reason.c_str());
  return failed;
}

int wrong_usage(const std::string& command, const std::string& reason) {
  std::fprintf(stderr, "pasokh %s: %s\nSee: pasokh %s --help\n", command.c_str(), reason.c_str(), command.c_str());
  return usage;
}

Result<Args> parse_args(const Subcommand& command, const std::vector<std::string>& arguments) {
  Args args{.command = command.name};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--") {
      args.words.insert(args.words.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
    if (word.rfind("--", 0) != 0) {
      if (word.size() > 1 && word[0] == '-' && std::isalpha(static_cast<unsigned char>(word[1])))
        return trouble("usage", "unknown option " + word + "; options begin with two dashes");
      args.words.push_back(word);
      continue;
    }
    const auto equals = word.find('=');
    const std::string name = word.substr(2, equals == word.npos ? word.npos : equals - 2);
    const auto known = std::find_if(command.options.begin(), command.options.end(), [&](const Option& o) { return o.name == name; });
    if (known == command.options.end()) return trouble("usage", unknown_option(command, name));
    if (args.options.contains(name)) return trouble("usage", "--" + name + " is given twice");
    if (known->value.empty()) {
      if (equals != word.npos) return trouble("usage", "--" + name + " takes no value");
      args.options[name] = "true";
    } else if (equals != word.npos) {
      args.options[name] = word.substr(equals + 1);
    } else if (i + 1 < arguments.size()) {
      args.options[name] = arguments[++i];
    } else {
      return trouble("usage", "--" + name + " needs a value: " + known->value);
    }
  }
  return args;
}

std::string help_text(const Subcommand& command) {
  std::string out = command.says + "\n" + command.says_fa + "\n\n";
  for (std::size_t i = 0; i < command.usage.size(); ++i) out += (i == 0 ? "Usage: pasokh " : "       pasokh ") + command.usage[i] + "\n";
  std::size_t width = 0;
  auto left = [](const Option& o) { return "--" + o.name + (o.value.empty() ? "" : " " + o.value); };
  for (const auto& option : command.options) width = std::max(width, left(option).size());
  if (!command.options.empty()) out += "\nOptions:\n";
  for (const auto& option : command.options) {
    const std::string text = left(option);
    out += "  " + text + std::string(width - text.size() + 2, ' ') + option.says + "\n";
  }
  if (!command.more.empty()) out += "\n" + command.more + "\n";
  if (!command.examples.empty()) out += command.examples.size() == 1 ? "\nExample:\n" : "\nExamples:\n";
  for (const auto& example : command.examples) out += "  pasokh " + example + "\n";
  return out + "\nExit status: 0 done, 1 refused or failed (the reason on standard error), 2 wrong usage.\n";
}

std::string data_dir(const Args& args) {
  if (const auto given = args.option("data")) return *given;
  if (const char* from_environment = std::getenv("PASOKH_DATA"); from_environment && *from_environment) return from_environment;
  return "data";
}

Result<> centre_stands_in(const std::string& dir) {
  if (::access((dir + "/pasokh.toml").c_str(), F_OK) == 0) return Done{};
  return trouble("no-centre", dir + " is no data folder of Pasokh; say which with --data DIR, or make one with: pasokh init " + dir);
}

Result<std::map<std::string, std::string>> settings_from(const std::vector<std::string>& words, std::size_t first) {
  std::map<std::string, std::string> settings;
  for (std::size_t i = first; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    if (equals == words[i].npos || equals == 0) return trouble("usage", "found \"" + words[i] + "\", expected key=value");
    const std::string key = words[i].substr(0, equals);
    if (!settings.emplace(key, words[i].substr(equals + 1)).second) return trouble("usage", key + " is given twice");
  }
  return settings;
}

}  // namespace pasokh::app
