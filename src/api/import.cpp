#include "api/import.h"

#include <array>
#include <boost/json.hpp>
#include <set>

#include "base/nearest.h"
#include "floor/floor.h"
#include "storage/journal.h"

namespace pasokh::api {
namespace {

namespace json = boost::json;

struct List {
  std::string_view name, noun, key;  // what the file calls it, the noun of its commands, the field that holds the code
};
// In this order they are applied: what is referred to comes first.
constexpr std::array lists{List{"queues", "queue", "code"}, List{"agents", "agent", "code"}, List{"devices", "device", "user"},
                           List{"trunks", "trunk", "code"}, List{"numbers", "number", "number"}};

Trouble wrong(const std::string& place, const std::string& what) { return trouble("import", (place.empty() ? "/" : place) + ": " + what); }

// Settings are text to the centre: numbers and booleans as they are written, lists of texts joined by commas.
Result<std::string> setting_text(const json::value& value, const std::string& place) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return std::string(value.get_bool() ? "true" : "false");
  if (value.is_int64() || value.is_uint64()) return json::serialize(value);
  if (!value.is_array()) return wrong(place, "expected a text, a whole number, true, false or a list of texts");
  std::string joined;
  for (std::size_t i = 0; i < value.get_array().size(); ++i) {
    const auto& item = value.get_array()[i];
    if (!item.is_string()) return wrong(place + "/" + std::to_string(i), "expected a text");
    joined += (i ? "," : "") + std::string(item.get_string());
  }
  return joined;
}

Result<std::map<std::string, std::string>> settings_of(const json::object& object, std::string_view without, const std::string& place) {
  std::map<std::string, std::string> settings;
  for (const auto& [key, value] : object) {
    if (key == without) continue;
    TRY(text, setting_text(value, place + "/" + std::string(key)));
    settings[std::string(key)] = text;
  }
  return settings;
}

Result<std::string> code_of(const json::value& item, std::string_view key, const std::string& place) {
  if (!item.is_object()) return wrong(place, "expected an object");
  const auto* code = item.get_object().if_contains(key);
  if (!code || !code->is_string() || code->get_string().empty()) return wrong(place + "/" + std::string(key), "expected a text that is not empty");
  return std::string(code->get_string());
}

const json::array* array_at(const json::object& root, std::string_view name, Trouble& bad) {
  const auto* value = root.if_contains(name);
  if (!value) return nullptr;
  if (!value->is_array()) { bad = wrong("/" + std::string(name), "expected a list"); return nullptr; }
  return &value->get_array();
}

Result<> read_list(const json::object& root, const List& list, const std::string& by, Import& import) {
  Trouble bad;
  const auto* array = array_at(root, list.name, bad);
  if (!bad.code.empty()) return bad;
  if (!array) return Done{};
  std::set<std::string> seen;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const std::string place = "/" + std::string(list.name) + "/" + std::to_string(i);
    TRY(code, code_of((*array)[i], list.key, place));
    if (!seen.insert(code).second) return wrong(place, "\"" + code + "\" stands twice in this list");
    TRY(settings, settings_of((*array)[i].get_object(), list.key, place));
    import.commands.push_back({.noun = std::string(list.noun), .verb = "put", .target = code, .settings = settings, .by = by});
    import.places.push_back(place);
  }
  return Done{};
}

Result<> read_users(const json::object& root, Import& import) {
  Trouble bad;
  const auto* array = array_at(root, "users", bad);
  if (!bad.code.empty()) return bad;
  if (!array) return Done{};
  if (array->size() > import_users_max) return wrong("/users", "more than " + std::to_string(import_users_max) + " users");
  for (std::size_t i = 0; i < array->size(); ++i) {
    ImportUser user{.place = "/users/" + std::to_string(i)};
    TRY(login, code_of((*array)[i], "login", user.place));
    user.login = login;
    TRY(settings, settings_of((*array)[i].get_object(), "login", user.place));
    if (const auto password = settings.find("password"); password != settings.end()) {
      user.password = password->second;
      settings.erase(password);
    }
    user.settings = settings;
    import.users.push_back(std::move(user));
  }
  return Done{};
}

Result<> known_names(const json::object& root) {
  std::vector<std::string> known{"users", "centre"};
  for (const auto& list : lists) known.emplace_back(list.name);
  for (const auto& [key, value] : root) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string near = nearest(std::string_view(key.data(), key.size()), known);
    return wrong("/" + std::string(key), near.empty() ? "expected queues, agents, devices, numbers, trunks, users or centre" : "unknown; did you mean \"" + near + "\"?");
  }
  return Done{};
}

}  // namespace

Result<Import> read_import(std::string_view text, const std::string& by) {
  boost::system::error_code error;
  json::stream_parser parser;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error && !parser.done()) parser.finish(error);
  if (error || text.find_first_not_of(" \t\r\n", read) != text.npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(read), '\n');
    return trouble("import", "line " + std::to_string(line) + ": this is not JSON" + (error ? " (" + error.message() + ")" : ""));
  }
  const json::value root = parser.release();
  if (!root.is_object()) return wrong("", "expected an object");
  TRY_DONE(known_names(root.get_object()));
  Import import;
  for (const auto& list : lists) TRY_DONE(read_list(root.get_object(), list, by, import));
  TRY_DONE(read_users(root.get_object(), import));
  if (const auto* centre = root.get_object().if_contains("centre")) {
    if (!centre->is_object()) return wrong("/centre", "expected an object");
    TRY(settings, settings_of(centre->get_object(), "", "/centre"));
    import.commands.push_back({.noun = "centre", .verb = "set", .settings = settings, .by = by});
    import.places.push_back("/centre");
  }
  return import;
}

std::vector<std::string> import_nouns(const Import& import) {
  std::vector<std::string> nouns;
  for (const auto& list : lists)
    if (std::any_of(import.commands.begin(), import.commands.end(), [&](const auto& c) { return c.noun == list.noun; })) nouns.emplace_back(list.noun);
  return nouns;
}

void settle_import(Import& import, const std::string& noun, std::string_view list_json) {
  std::set<std::string, std::less<>> there;
  const auto list = std::find_if(lists.begin(), lists.end(), [&](const List& l) { return l.noun == noun; });
  boost::system::error_code error;
  const auto parsed = json::parse(json::string_view(list_json.data(), list_json.size()), error);
  if (!error && parsed.is_array() && list != lists.end())
    for (const auto& item : parsed.get_array())
      if (item.is_object())
        if (const auto* code = item.get_object().if_contains(list->noun); code && code->is_string()) there.emplace(code->get_string());
  for (auto& command : import.commands)
    if (command.noun == noun && command.verb == "put") command.verb = there.contains(command.target) ? "set" : "add";
}

namespace {

Result<floor::Floor> floor_as_it_stands(const std::string& dir) {
  TRY(journal, storage::JournalReader::open(dir));
  TRY(snapshot, journal.snapshot(UINT64_MAX));
  floor::Floor floor;
  std::uint64_t seq = 0;
  if (snapshot) {
    TRY(loaded, floor::Floor::load(snapshot->second));
    floor = std::move(loaded);
    seq = snapshot->first;
  }
  TRY_DONE(journal.read(seq, UINT64_MAX - seq, [&](const storage::Recorded& recorded) {
    floor.evolve(recorded.event, recorded.at);
    return true;
  }));
  return floor;
}

}  // namespace

Result<> rehearse_import(const std::string& dir, const Import& import, Instant now) {
  if (import.commands.empty()) return Done{};
  TRY(floor, floor_as_it_stands(dir));
  for (std::size_t i = 0; i < import.commands.size(); ++i) {
    const auto& command = import.commands[i];
    auto settings = command.settings;  // names and passwords never reach the floor (switchboard/commands.cpp)
    if (const auto password = settings.extract("password"); password && password.mapped().find_first_of("\r\n") != std::string::npos)
      return wrong(import.places[i] + "/password", "a password cannot hold line breaks");
    else if (password && command.noun != "device" && command.noun != "trunk") settings["password"] = password.mapped();
    if (command.noun != "trunk" && command.noun != "centre") settings.erase("name");
    const auto turn = floor.handle(floor::Configure{command.noun, command.verb, command.target, settings, command.by}, now);
    if (turn.refused) return trouble(turn.refused->code, import.places[i] + ": " + turn.refused->text);
  }
  return Done{};
}

Trouble refused_import(const Import& import, const switchboard::Reply& reply) {
  boost::system::error_code error;
  const auto parsed = json::parse(reply.json, error);  // {"index":12}
  if (!error && parsed.is_object())
    if (const auto* index = parsed.get_object().if_contains("index"); index && index->is_int64()) {
      const auto i = static_cast<std::size_t>(index->get_int64());
      if (i < import.places.size())
        return trouble(reply.code, import.places[i] + ": " + reply.text + (i > 0 ? " (something was changed meanwhile; the " + std::to_string(i) + " settings before it are done: mend it and import again)" : ""));
    }
  return trouble(reply.code, reply.text);
}

}  // namespace pasokh::api
