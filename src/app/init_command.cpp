#include "app/init_command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "api/secrets.h"
#include "api/tls_authority.h"
#include "app/args.h"
#include "archive/prompts.h"
#include "base/json_text.h"

namespace pasokh::app {
namespace {

namespace fs = std::filesystem;

Instant wall_now() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

Result<Configuration> configuration_from(const Args& args) {
  Configuration c;
  if (const auto sip = args.option("sip")) { TRY(listen, parse_listen(*sip)); c.sip = listen; }
  if (const auto http = args.option("http")) { TRY(listen, parse_listen(*http)); c.http = listen; }
  // a centre that listens on loopback alone needs no HTTPS: browsers trust http://localhost with the microphone
  const bool loopback_only = c.http.host == "::1" || c.http.host.rfind("127.", 0) == 0;
  if (const auto https = args.option("https"); https && *https != "off") { TRY(listen, parse_listen(*https)); c.https = listen; }
  else if (!https && !loopback_only) c.https = Listen{c.http.host, 8443};
  if (const auto rtp = args.option("rtp")) {
    unsigned low = 0, high = 0;
    char rest = 0;
    if (std::sscanf(rtp->c_str(), "%u-%u%c", &low, &high, &rest) != 2 || low < 1024 || high > 65535 || low >= high)
      return trouble("usage", "found --rtp " + *rtp + ", expected LOW-HIGH between 1024 and 65535, like 16384-32767");
    c.rtp_low = static_cast<std::uint16_t>(low);
    c.rtp_high = static_cast<std::uint16_t>(high);
  }
  if (const auto advertise = args.option("advertise")) {
    if (!parse_listen(advertise->find(':') == advertise->npos ? *advertise + ":1" : "[" + *advertise + "]:1"))
      return trouble("usage", "found --advertise " + *advertise + ", expected an IP address");
    c.advertise = *advertise;
  }
  const long cores = ::sysconf(_SC_NPROCESSORS_ONLN);
  c.workers = std::max(2L, cores);
  return c;
}

Result<> write_file(const std::string& path, const std::string& text, mode_t mode) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return trouble("disk", "cannot write " + path + ": " + std::strerror(errno));
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto n = ::write(file, rest.data(), rest.size());
    if (n <= 0) {
      const int why = errno;
      ::close(file);
      return trouble("disk", "cannot write " + path + ": " + std::strerror(why));
    }
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  ::fsync(file);
  ::close(file);
  return Done{};
}

Result<> make_folder(const std::string& dir) {
  std::error_code error;
  if (fs::exists(dir, error)) {
    if (!fs::is_directory(dir, error)) return trouble("exists", dir + " is there already and is not a folder");
    for (const auto* name : {"pasokh.toml", "journal.db", "centre.db"})
      if (fs::exists(dir + "/" + name, error))
        return trouble("exists", dir + " holds a centre already; nothing was changed. Start it with: pasokh serve " + dir);
    if (!fs::is_empty(dir, error)) return trouble("exists", dir + " is not empty; choose a new folder");
  } else if (!fs::create_directories(dir, error)) {
    return trouble("disk", "cannot make " + dir + ": " + error.message());
  }
  if (::chmod(dir.c_str(), 0700) != 0) return trouble("disk", "cannot make " + dir + " private: " + std::strerror(errno));
  for (const auto* name : {"captures", "recordings", "media", "prompts", "keys"})
    if (::mkdir((dir + "/" + name).c_str(), 0700) != 0) return trouble("disk", "cannot make " + dir + "/" + name + ": " + std::strerror(errno));
  return Done{};
}

Result<> add_users(const std::string& dir, const std::vector<DemoUser>& given, bool must_change) {
  TRY(store, storage::AccessStore::open(dir));
  std::vector<storage::User> users;
  const Instant now = wall_now();
  for (const auto& user : given) {
    storage::User u{.login = user.login, .password_hash = api::hash_password(user.password), .must_change = must_change, .created = now, .password_changed = now};
    if (!from_name(user.role, u.role)) return trouble("usage", "unknown role " + user.role);
    if (u.role == access::Role::agent) u.agent = user.login;
    if (u.password_hash.empty()) return trouble("memory", "not enough memory to hash a password (64 MiB are needed)");
    users.push_back(std::move(u));
  }
  TRY_DONE(store->add_all(users));
  return store->audit({.at = now, .who = "cli", .from = "local", .what = "init", .object = std::to_string(users.size()) + " users", .outcome = "done"});
}

// What a client on this machine connects to when we listen everywhere.
std::string reachable_here(const Listen& listen) {
  Listen l = listen;
  if (l.host == "0.0.0.0") l.host = "127.0.0.1";
  if (l.host == "::") l.host = "::1";
  return listen_text(l);
}

Result<> demo_centre(const std::string& dir, const Demo& demo) {
  const auto reply = switchboard::ask_centre(dir, demo_commands(demo));
  if (!reply.ok) return trouble(reply.code, "making the demo centre: " + reply.text);
  TRY_DONE(add_users(dir, demo.users, false));
  return write_file(dir + "/demo.json", json_text(demo) + "\n", 0600);
}

Result<> plain_centre(const std::string& dir, std::string& password) {
  password = api::random_password();
  return add_users(dir, {{"admin", password, "administrator"}}, true);
}

// The folder is ours and was empty: a centre that could not be made whole leaves nothing behind.
void clear_folder(const std::string& dir) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(dir, ignored)) fs::remove_all(entry.path(), ignored);
}

Result<> fill_folder(const std::string& dir, const Configuration& configuration, bool with_demo) {
  TRY_DONE(write_file(dir + "/pasokh.toml", configuration_text(configuration), 0600));
  TRY_DONE(api::keep_certificate(dir, api::own_names(configuration.names), wall_now()));
  const auto prompts = archive::prepare_prompts(dir + "/prompts");
  if (!prompts) std::fprintf(stderr, "pasokh: announcements could not be made (%s); calls work without them\n", prompts.error().text.c_str());
  else if (!prompts->warning.empty()) std::fprintf(stderr, "pasokh: %s\n", prompts->warning.c_str());
  std::string password;
  if (with_demo) {
    const Demo demo = make_demo(configuration);
    TRY_DONE(demo_centre(dir, demo));
    for (const auto& user : demo.users)
      if (user.role == "administrator") password = user.password;
  } else {
    TRY_DONE(plain_centre(dir, password));
  }
  std::printf("Made %s.\n  sign in: admin\n  password: %s\n", dir.c_str(), password.c_str());
  std::printf(with_demo ? "  The demo's devices and passwords stand in %s/demo.json.\n" : "  It is shown only now, and must be changed at the first sign-in.\n",
              dir.c_str());
  if (configuration.https)
    std::printf("  HTTPS: other machines' browsers must be told once to trust this centre: http://THIS-MACHINE:%d/authority tells how.\n", configuration.http.port);
  std::printf("Next: pasokh serve %s\n", dir.c_str());
  return Done{};
}

}  // namespace

Demo make_demo(const Configuration& configuration) {
  Demo demo{.sip = reachable_here(configuration.sip), .http = "http://" + reachable_here(configuration.http)};
  demo.numbers = {{"8000", "support"}, {"8001", "sales"}};
  for (int i = 1; i <= 10; ++i) {
    const std::string agent = (i < 10 ? "a0" : "a") + std::to_string(i);
    demo.devices.push_back({std::to_string(200 + i), api::random_password(), agent});
    demo.users.push_back({agent, api::random_password(), "agent"});
  }
  demo.users.push_back({"supervisor", api::random_password(), "supervisor"});
  demo.users.push_back({"admin", api::random_password(), "administrator"});
  return demo;
}

switchboard::Commands demo_commands(const Demo& demo) {
  switchboard::Commands commands;
  const auto add = [&](std::string noun, std::string code, std::map<std::string, std::string> settings) {
    commands.push_back({.noun = std::move(noun), .verb = "add", .target = std::move(code), .settings = std::move(settings), .by = "init"});
  };
  static const std::vector<std::string> names{"سارا محمدی", "رضا کریمی", "مریم احمدی", "علی حسینی", "زهرا رضایی",
                                              "حسین مرادی", "فاطمه جعفری", "مهدی صادقی", "نرگس کاظمی", "امیر نوری"};
  add("queue", "support", {{"name", "پشتیبانی"}, {"guidance_fa", "سلام کنید، **نام و شمارهٔ سفارش** را بپرسید، مشکل را با کلمات خود تکرار کنید."},
                           {"guidance_en", "Greet, ask for **name and order number**, say the problem again in your own words."}});
  add("queue", "sales", {{"name", "فروش"}});
  for (std::size_t i = 0; i < demo.devices.size(); ++i) {
    const auto& device = demo.devices[i];
    add("agent", device.agent, {{"number", std::to_string(101 + i)}, {"queues", "support,sales"}, {"device", device.user}, {"name", names[i % names.size()]}});
    add("device", device.user, {{"password", device.password}, {"agent", device.agent}});
  }
  for (const auto& number : demo.numbers) add("number", number.number, {{"queue", number.queue}});
  add("trunk", "local", {{"networks", "127.0.0.0/8,::1"}});  // calls from this machine arrive as from a carrier
  return commands;
}

int init_command(const Args& args) {
  if (args.words.size() != 1) return wrong_usage("init", args.words.empty() ? "which folder?" : "one folder, please: " + args.words[1] + " is too much");
  const auto configuration = configuration_from(args);
  if (!configuration) return wrong_usage("init", configuration.error().text);
  const std::string& dir = args.words[0];
  if (auto made = make_folder(dir); !made) return fail(made.error().text);
  if (auto filled = fill_folder(dir, *configuration, args.option("demo").has_value()); !filled) {
    clear_folder(dir);
    return fail(filled.error().text);
  }
  return done;
}

}  // namespace pasokh::app
