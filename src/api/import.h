// `pasokh import` and POST /v1/import read the same file: lists of queues, agents, devices, numbers, trunks and users, and the
// centre's settings. What it says is turned into commands and users; an error names its place ("/agents/12/queues").
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "switchboard/commands.h"

namespace pasokh::api {

struct ImportUser {
  std::string login, password;                   // password empty: one is made
  std::map<std::string, std::string> settings;   // role, agent
  std::string place;
};
struct Import {
  switchboard::Commands commands;
  std::vector<std::string> places;               // of each command, in the file
  std::vector<ImportUser> users;
};

inline constexpr std::size_t import_users_max = 20'000;

// Every record's command says "put": add what is missing, change what is there.
Result<Import> read_import(std::string_view json, const std::string& by);

// What must be asked (`list` of each noun) before "put" can become "add" or "set"; and the turning itself.
std::vector<std::string> import_nouns(const Import& import);
void settle_import(Import& import, const std::string& noun, std::string_view list_json);
// All of it, on a copy of the floor as it stands: what would be refused is refused here, with its place, before anything is done.
// After settle_import.
Result<> rehearse_import(const std::string& dir, const Import& import, Instant now);
// The centre's refusal (the floor has moved on since the rehearsal), with the place in the file that it speaks of.
Trouble refused_import(const Import& import, const switchboard::Reply& reply);

}  // namespace pasokh::api
