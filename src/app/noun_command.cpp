// `pasokh queue|agent|device|number|trunk|centre|call …`: words in, one Command to the centre, its answer out.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

#include "app/args.h"
#include "app/print.h"
#include "app/user_command.h"
#include "base/nearest.h"
#include "storage/report_queries.h"
#include "switchboard/commands.h"

namespace pasokh::app {
namespace {

using switchboard::Command;

struct Verb {
  std::string_view nouns;            // which nouns know it
  std::string_view name;
  std::string_view words;            // what must follow, for messages
  int target_words;                  // 0 or 1 (the code)
  bool takes_settings;
};

constexpr std::string_view records = "queue agent device number trunk";
const std::vector<Verb>& verbs() {
  static const std::vector<Verb> all{
      {records, "add", "CODE [key=value …]", 1, true},
      {records, "set", "CODE key=value …", 1, true},
      {records, "remove", "CODE", 1, false},
      {records, "list", "", 0, false},
      {"centre", "set", "key=value …", 0, true},
      {"centre", "list", "", 0, false},
      {"centre", "health", "", 0, false},
      {"agent", "ready", "AGENT [--device USER]", 1, false},
      {"agent", "pause", "AGENT [--reason CODE]", 1, false},
      {"agent", "out", "AGENT", 1, false},
      {"agent", "hold", "AGENT", 1, false},
      {"agent", "resume", "AGENT", 1, false},
      {"agent", "transfer", "AGENT --to-agent CODE | --to-queue CODE | --to-number NUMBER [--consult]", 1, false},
      {"agent", "complete", "AGENT", 1, false},
      {"agent", "cancel", "AGENT", 1, false},
      {"agent", "dial", "AGENT NUMBER", 2, false},
      {"agent", "hangup", "AGENT", 1, false},
      {"call", "list", "", 0, false},
      {"call", "give", "CALL --agent CODE", 1, false},
      {"call", "hangup", "CALL", 1, false},
  };
  return all;
}

bool holds_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto end = std::min(list.find(' '), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

Result<const Verb*> verb_of(const std::string& noun, const std::vector<std::string>& words) {
  std::vector<std::string> known;
  for (const auto& verb : verbs())
    if (holds_word(verb.nouns, noun)) known.emplace_back(verb.name);
  std::string list;
  for (const auto& name : known) list += (list.empty() ? "" : ", ") + name;
  if (words.empty()) return trouble("usage", "what shall be done? One of: " + list);
  for (const auto& verb : verbs())
    if (holds_word(verb.nouns, noun) && verb.name == words[0]) return &verb;
  const std::string near = nearest(words[0], known);
  return trouble("usage", "unknown verb \"" + words[0] + "\"; " + (near.empty() ? "expected one of: " + list : "did you mean " + near + "?"));
}

Result<> where_to(const Args& args, Command& command) {
  for (const auto* kind : {"agent", "queue", "number"})
    if (const auto given = args.option(std::string("to-") + kind)) {
      if (!command.settings.empty()) return trouble("usage", "one of --to-agent, --to-queue and --to-number, not more");
      command.settings[kind] = *given;
    }
  if (command.settings.empty()) return trouble("usage", "where to? --to-agent CODE, --to-queue CODE or --to-number NUMBER");
  if (args.option("consult")) command.verb = "consult";
  return Done{};
}

// options that belong to one verb are refused beside any other
Result<> options_into(const Args& args, Command& command) {
  const auto only_for = [&](const char* option, std::initializer_list<std::string_view> allowed) {
    return !args.option(option) || std::find(allowed.begin(), allowed.end(), command.noun + " " + command.verb) != allowed.end();
  };
  if (!only_for("device", {"agent ready"})) return trouble("usage", "--device belongs to: agent ready");
  if (!only_for("reason", {"agent pause"})) return trouble("usage", "--reason belongs to: agent pause");
  if (!only_for("agent", {"call give"})) return trouble("usage", "--agent belongs to: call give");
  for (const auto* option : {"to-agent", "to-queue", "to-number", "consult"})
    if (!only_for(option, {"agent transfer"})) return trouble("usage", std::string("--") + option + " belongs to: agent transfer");
  for (const auto* option : {"device", "reason", "agent"})
    if (const auto given = args.option(option)) command.settings[option] = *given;
  if (command.noun == "agent" && command.verb == "transfer") return where_to(args, command);
  if (command.noun == "call" && command.verb == "give" && !args.option("agent")) return trouble("usage", "to whom? --agent CODE");
  return Done{};
}

Result<Command> command_from(const Args& args) {
  TRY(verb, verb_of(args.command, args.words));
  const std::string expected = "expected: pasokh " + args.command + " " + std::string(verb->name) + " " + std::string(verb->words);
  Command command{.noun = args.command, .verb = std::string(verb->name)};
  const auto words_needed = static_cast<std::size_t>(1 + verb->target_words);
  if (args.words.size() < words_needed) return trouble("usage", expected);
  if (verb->target_words >= 1) command.target = args.words[1];
  if (command.target.find('=') != command.target.npos) return trouble("usage", "found \"" + command.target + "\" where the code must stand; " + expected);
  if (command.verb == "dial") command.settings["number"] = args.words[2];
  if (verb->takes_settings) {
    TRY(settings, settings_from(args.words, words_needed));
    if (settings.empty() && command.verb == "set") return trouble("usage", "nothing to set; " + expected);
    command.settings = settings;
  } else if (args.words.size() > words_needed) {
    return trouble("usage", "\"" + args.words[words_needed] + "\" is too much; " + expected);
  }
  TRY_DONE(options_into(args, command));
  return command;
}

// what the answer warns of, on stderr: the command was done all the same
void print_warning(const switchboard::Reply& reply) {
  boost::system::error_code error;
  const auto parsed = boost::json::parse(reply.json.empty() ? "{}" : reply.json, error);
  if (error || !parsed.is_object()) return;
  const auto* warning = parsed.get_object().if_contains("warning");
  if (warning && warning->is_string()) std::fprintf(stderr, "pasokh: %s\n", warning->get_string().c_str());
}

int print_answer(const std::string& dir, const Command& command, const switchboard::Reply& reply, Format format) {
  if (command.verb == "list") {
    // a list of one object (the centre's settings) is a list too
    const bool array = !reply.json.empty() && reply.json.front() == '[';
    auto reports = storage::Reports::open(dir);
    auto name = reports ? reports->time_zone() : Result<std::string>(std::string("UTC"));
    const storage::Zone zone(name ? *name : "UTC");
    const auto text = print_list(array ? reply.json : "[" + reply.json + "]", format, &zone);
    if (!text) return fail(text.error().text);
    std::fputs(text->c_str(), stdout);
  } else if (format == Format::json || command.verb == "health") {
    std::printf("%s\n", reply.json.empty() ? "{}" : reply.json.c_str());
  } else {
    std::printf("%s%s%s: done\n", command.noun.c_str(), command.target.empty() ? "" : " ", command.target.c_str());
    print_warning(reply);
  }
  return done;
}

}  // namespace

int noun_command(const Args& args) {
  const auto format = format_from(args.option("format").value_or("table"));
  if (!format) return wrong_usage(args.command, format.error().text);
  if (args.command == "user") return user_command(args, *format);
  const auto command = command_from(args);
  if (!command) return wrong_usage(args.command, command.error().text);
  if (auto centre = centre_stands_in(data_dir(args)); !centre) return fail(centre.error().text);
  const auto reply = switchboard::ask_centre(data_dir(args), {*command});
  if (!reply.ok) return fail(reply.text + (reply.code.empty() ? "" : " (" + reply.code + ")"));
  return print_answer(data_dir(args), *command, reply, *format);
}

}  // namespace pasokh::app
