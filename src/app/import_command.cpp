#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "api/import.h"
#include "api/secrets.h"
#include "app/args.h"
#include "app/user_command.h"
#include "base/json_text.h"
#include "storage/access_store.h"
#include "switchboard/commands.h"

namespace pasokh::app {
namespace {

constexpr std::size_t file_bytes_max = 256 << 20;

Instant wall_now() { return {std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()}; }

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return trouble("file", "cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  if (text.str().size() > file_bytes_max) return trouble("file", path + " is larger than 256 MiB");
  return text.str();
}

Result<> settle(const std::string& dir, api::Import& import) {
  for (const auto& noun : api::import_nouns(import)) {
    const auto reply = switchboard::ask_centre(dir, {{.noun = noun, .verb = "list"}});
    if (!reply.ok) return trouble(reply.code, reply.text);
    api::settle_import(import, noun, reply.json);
  }
  return Done{};
}

Result<> apply_commands(const std::string& dir, const api::Import& import) {
  if (import.commands.empty()) return Done{};
  const auto reply = switchboard::ask_centre(dir, import.commands);
  if (!reply.ok) return api::refused_import(import, reply);
  return Done{};
}

struct Prepared { storage::User user; std::string password; bool made = false; };

Result<std::vector<Prepared>> prepare_users(storage::AccessStore& store, const std::vector<api::ImportUser>& given) {
  const Instant now = wall_now();
  std::vector<Prepared> all;
  for (const auto& import : given) {
    if (!access::is_login(import.login)) return trouble("import", import.place + "/login: expected 1 to 64 of a-z 0-9 . _ -");
    TRY(found, store.find(import.login));
    Prepared p{.user = found.value_or(storage::User{.login = import.login, .created = now}), .password = import.password};
    if (auto applied = apply_user_settings(p.user, import.settings); !applied) return trouble("import", import.place + ": " + applied.error().text);
    if (const auto fault = p.password.empty() ? std::nullopt : access::password_fault(p.password, import.login))
      return trouble("import", import.place + "/password: " + std::string(*fault));
    if (p.password.empty() && !found) { p.password = api::random_password(); p.made = p.user.must_change = true; }
    if (!p.password.empty()) p.user.password_changed = now;
    all.push_back(std::move(p));
  }
  return all;
}

void hash_passwords(std::vector<Prepared>& users) {  // 0.1 s each: as many at once as there are cores
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::clamp(std::thread::hardware_concurrency(), 1u, 8u); ++i)
    threads.emplace_back([&] {
      for (std::size_t n = next++; n < users.size(); n = next++)
        if (!users[n].password.empty()) users[n].user.password_hash = api::hash_password(users[n].password);
    });
  for (auto& thread : threads) thread.join();
}

// All or none, after everything else was taken.
Result<> apply_users(storage::AccessStore& store, const std::vector<Prepared>& prepared) {
  if (prepared.empty()) return Done{};
  std::vector<storage::User> users;
  for (const auto& p : prepared) users.push_back(p.user);
  TRY_DONE(store.add_all(users));
  TRY_DONE(store.audit({.at = wall_now(), .who = "cli", .from = "local", .what = "import", .object = std::to_string(users.size()) + " users", .outcome = "done"}));
  for (const auto& p : prepared)
    if (p.made) std::printf("user %s password %s\n", p.user.login.c_str(), p.password.c_str());
  return Done{};
}

// Everything is looked at before anything is done: the file, the settings on a copy of the floor, the people.
Result<> import_all(const std::string& dir, api::Import& import) {
  TRY_DONE(settle(dir, import));
  TRY_DONE(api::rehearse_import(dir, import, wall_now()));
  TRY(store, storage::AccessStore::open(dir));
  TRY(prepared, prepare_users(*store, import.users));
  hash_passwords(prepared);
  for (const auto& p : prepared)
    if (p.user.password_hash.empty()) return trouble("memory", "not enough memory to hash a password (64 MiB are needed)");
  TRY_DONE(apply_commands(dir, import));
  return apply_users(*store, prepared);
}

}  // namespace

int import_command(const Args& args) {
  if (args.words.size() != 1) return wrong_usage("import", args.words.empty() ? "which file?" : "one file, please");
  const auto text = read_file(args.words[0]);
  if (!text) return fail(text.error().text);
  auto import = api::read_import(*text, "cli");
  if (!import) return fail(args.words[0] + ": " + import.error().text);
  const std::string dir = data_dir(args);
  if (auto centre = centre_stands_in(dir); !centre) return fail(centre.error().text);
  if (auto imported = import_all(dir, *import); !imported) return fail(args.words[0] + ": " + imported.error().text);
  std::fprintf(stderr, "imported: %zu settings, %zu users\n", import->commands.size(), import->users.size());
  return done;
}

}  // namespace pasokh::app
