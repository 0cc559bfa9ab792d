// What people and programs ask of the running centre: one form for command line (control socket, or offline), HTTP API and tests.
// Text in, JSON text out. Answered when durable.
//   noun queue|agent|device|number|trunk|centre   verb add|set|remove|list
//   noun agent    verb ready|pause|out|hold|resume|transfer|consult|complete|cancel|dial|hangup|report|release    target: agent's code
//        settings: device; reason; agent|queue|number (where to); call (whose report is complete); by
//   noun call     verb list|give|hangup           target: call id; settings: agent
//   noun centre   verb health|doctor|explain
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/describe.h"

namespace pasokh::switchboard {

struct Command {
  std::string noun, verb, target;
  std::map<std::string, std::string> settings;
  std::string by = "cli";            // who asks: login, token name, "cli"
  PASOKH_FIELDS(noun, verb, target, settings, by)
};

struct Reply {
  bool ok = true;
  std::string code, text;            // when not ok: Trouble's
  std::string json;                  // the answer: an object or an array
  PASOKH_FIELDS(ok, code, text, json)
};

// Many at once (import): all are applied in order; the first refusal stops and is returned with its index in `json`.
using Commands = std::vector<Command>;

// Implemented by the running switchboard (any thread may call; `done` runs on the switchboard's thread after the commit).
class Centre {
 public:
  virtual ~Centre() = default;
  virtual void ask(Commands commands, std::function<void(Reply)> done) = 0;
};

// Command line's way in: over DIR/control.sock when a server runs there, else by opening DIR itself.
Reply ask_centre(const std::string& dir, const Commands& commands);

}  // namespace pasokh::switchboard
