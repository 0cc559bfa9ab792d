// `pasokh serve DIR`: wires the house together and runs it.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>

#include "api/server.h"
#include "api/webhooks.h"
#include "app/alarm_keeper.h"
#include "app/commands.h"
#include "app/configuration.h"
#include "app/office_keeper.h"
#include "app/recordings.h"
#include "archive/keys.h"
#include "archive/phrases.h"
#include "base/log.h"
#include "outbox/mailer.h"
#include "outbox/outbox.h"
#include "storage/reports_store.h"
#include "switchboard/loop.h"

namespace pasokh::app {
namespace {

std::string own_path() {
  char buffer[PATH_MAX];
  const auto n = readlink("/proc/self/exe", buffer, sizeof buffer);
  return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string("pasokh");
}

void write_log(std::string_view level, std::string_view text, const LogFields& fields) {
  LogLevel parsed = LogLevel::info;
  (void)log_level_from(level, parsed);
  log(parsed, text, fields);
}

// The switchboard's own figures, asked for on its thread; "" when it has not answered within two seconds.
std::string metrics(switchboard::Centre& centre) {
  auto answer = std::make_shared<std::promise<std::string>>();
  auto told = answer->get_future();
  centre.ask({{"centre", "metrics", {}, {}, "metrics"}}, [answer](switchboard::Reply reply) { answer->set_value(std::move(reply.json)); });
  return told.wait_for(std::chrono::seconds(2)) == std::future_status::ready ? told.get() : std::string();
}

void say_ready(const Configuration& configuration, const std::string& dir) {
  auto shown = [](const Listen& listen) { return listen_text({listen.host == "0.0.0.0" ? "127.0.0.1" : listen.host == "::" ? "::1" : listen.host, listen.port}); };
  const std::string https = configuration.https ? "  https://" + shown(*configuration.https) : "";
  std::printf("ready  web http://%s%s  sip %s  data %s\n", shown(configuration.http).c_str(), https.c_str(), shown(configuration.sip).c_str(), dir.c_str());
  std::fflush(stdout);
}

}  // namespace

int serve_command(const Args& args) {
  if (args.words.size() != 1) return wrong_usage("serve", "serve wants one data folder");
  const auto& dir = args.words[0];
  struct stat info{};
  if (stat((dir + "/pasokh.toml").c_str(), &info) != 0) return fail(dir + " is no data folder of Pasokh: make one with `pasokh init " + dir + "`");
  auto read = read_configuration(dir);
  if (!read) return fail(read.error().text);
  const Configuration configuration = *read;
  LogLevel level = LogLevel::info;
  if (log_level_from(configuration.log_level, level)) set_log_level(level);
  // threads made from here on leave the signals to the loop
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);

  auto recordings = Recordings::open(dir, configuration.captures, configuration.recordings);
  if (!recordings) return fail(recordings.error().text);

  switchboard::LoopOptions options;
  options.dir = dir;
  options.program = own_path();
  options.sip_listen = {{configuration.sip.host, configuration.sip.port}};
  options.rtp_low = configuration.rtp_low;
  options.rtp_high = configuration.rtp_high;
  options.media_workers = static_cast<std::size_t>(configuration.workers);
  options.advertise = configuration.advertise;
  options.local_networks = configuration.local_networks;
  options.browser_port = configuration.browser_port;
  options.browser_addresses = configuration.browser_addresses;
  options.turn = configuration.browser_turn;
  options.turn_secret = configuration.browser_turn_secret;
  options.captures = configuration.captures;
  options.reserve_bytes = configuration.journal_reserve_mib << 20;
  options.requests_per_second_per_source = static_cast<double>(configuration.sip_requests_per_second);
  options.new_calls_per_second = static_cast<double>(configuration.new_calls_per_second);
  SystemSigns signs;
  options.hooks.log = [&signs](std::string_view how, std::string_view text, const LogFields& fields) {
    write_log(how, text, fields);
    signs.heard(text, fields);
  };
  (*recordings)->add_hooks(options.hooks);
  archive::Phrases phrases(configuration.prompts);
  options.hooks.play_items = [&phrases](const floor::ProgrammeItem& item, floor::Language language) {
    return phrases.items(item.kind, item.name, item.n, name_of(language));
  };
  options.recordings_idle = [&] { return (*recordings)->idle(); };
  options.ready = [&] { say_ready(configuration, dir); };
  std::unique_ptr<storage::Projector> projector;
  std::unique_ptr<api::HttpServer> web;
  std::unique_ptr<outbox::Outbox> outbox;
  options.committed = [&projector, &web, &outbox] {
    if (projector) projector->nudge();
    if (web) web->journal_moved();
    if (outbox) outbox->nudge();
  };
  auto loop = switchboard::Loop::open(std::move(options));
  if (!loop) return fail(loop.error().text);
  auto projecting = storage::Projector::start(dir, [](const Trouble& trouble) { log(LogLevel::error, "reports-behind", {{"why", trouble.text}}); });
  if (!projecting) return fail(projecting.error().text);
  projector = std::move(*projecting);
  (*recordings)->start(**loop);

  auto telling = outbox::Outbox::start({.dir = dir, .hosts = {configuration.webhook_hosts}, .open_secret = [dir](std::int64_t made, const std::string& sealed) -> Result<std::string> {
    TRY(master, archive::MasterKey::load_or_create(dir));
    return master.open_secret(api::webhook_purpose(made), sealed);
  }, .now = [&loop] { return (*loop)->now(); }});
  if (!telling) return fail(telling.error().text);
  outbox = std::move(*telling);

  auto mailing = outbox::Mailer::start({.dir = dir, .server = configuration.mail, .now = [&loop] { return (*loop)->now(); }});
  if (!mailing) return fail(mailing.error().text);
  const std::unique_ptr<outbox::Mailer> mailer = std::move(*mailing);

  api::ServerOptions http;
  http.dir = dir;
  http.host = configuration.http.host;
  http.port = configuration.http.port;
  if (configuration.https) {
    http.https_host = configuration.https->host;
    http.https_port = configuration.https->port;
  }
  http.certificate = configuration.certificate;
  http.key = configuration.key;
  http.names = configuration.names;
  http.threads = static_cast<int>(configuration.http_threads);
  const std::string program = own_path();
  http.console = program.substr(0, program.rfind('/') + 1) + "console";
  http.recordings = configuration.recordings;
  http.limits.per_address = static_cast<decltype(http.limits.per_address)>(configuration.http_requests_per_second);
  auto server = api::HttpServer::start(http, **loop,
                                       {.metrics = [&loop] { return metrics(**loop); }, .now = [&loop] { return (*loop)->now(); }, .outbox = [&outbox] { return outbox.get(); },
                                        .mailer = [&mailer] { return mailer.get(); },
                                        .webhook_hosts = {configuration.webhook_hosts}, .phones = loop->get(), .prompts = configuration.prompts,
                                        .prompts_changed = [&phrases] { phrases.rescan(); }, .sip_port = configuration.sip.port,
                                        .https_port = configuration.https ? configuration.https->port : std::uint16_t{0}, .doctor = [dir] { return doctor_findings(dir); }});
  if (!server) return fail(server.error().text);
  web = std::move(*server);

  auto keeper = OfficeKeeper::start(dir, configuration.recordings, **loop, [&loop] { return (*loop)->now(); });
  if (!keeper) return fail(keeper.error().text);

  auto alarms = AlarmKeeper::start({.dir = dir, .folders = {dir, configuration.captures, configuration.recordings}, .disk_low_bytes = 2 * (configuration.recording_stop_mib << 20),
                                    .mail = configuration.mail.on(), .now = [&loop] { return (*loop)->now(); },
                                    .told = [&web](std::string row, bool over) { web->alarm(std::move(row), over); },
                                    .nudge = [&outbox, &mailer] { outbox->nudge(); mailer->nudge(); }}, signs, **loop);
  if (!alarms) return fail(alarms.error().text);

  const int status = (*loop)->run();
  keeper->reset();
  alarms->reset();
  web->stop();
  mailer->stop();
  outbox->stop();
  (*recordings)->stop();
  projector->stop();
  web.reset();
  return status;
}

}  // namespace pasokh::app
