// pasokh: one program, one table of what it can do.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "app/args.h"
#include "base/nearest.h"

namespace pasokh::app {
namespace {

const Option data{"data", "DIR", "the data folder (default: $PASOKH_DATA, else ./data)"};
const Option format{"format", "table|json|csv", "how to print (default: table)"};
const Option from{"from", "WHEN", "RFC 3339, or a date in either calendar (year below 1700: Jalali), in the centre's time zone"};
const Option to{"to", "WHEN", "as --from; not included"};
const Option lang{"lang", "fa|en", "language (default: the terminal's)"};

std::vector<Subcommand> table() {
  const std::vector<Option> listing{data, format};
  return {
      {"init", init_command, "Make a data folder and its first administrator", "ساختن پوشهٔ داده و نخستین مدیر سامانه",
       {"init DIR [--demo] [--sip HOST:PORT] [--http HOST:PORT] [--https HOST:PORT|off] [--rtp LOW-HIGH] [--advertise ADDRESS]"},
       {{"demo", "", "two queues, ten agents with a phone each, two numbers; writes DIR/demo.json"},
        {"sip", "HOST:PORT", "where phones and trunks reach us, UDP and TCP (default: 0.0.0.0:5060)"},
        {"http", "HOST:PORT", "where browsers and programs reach us (default: 0.0.0.0:8080)"},
        {"https", "HOST:PORT|off", "where browsers reach us with TLS (default: port 8443; off when --http is loopback)"},
        {"rtp", "LOW-HIGH", "ports for audio (default: 16384-32767)"},
        {"advertise", "ADDRESS", "our address as peers outside the local networks see it"}},
       {"init /srv/pasokh --advertise 203.0.113.7", "init data --demo"}},
      {"serve", serve_command, "Run the centre", "راه‌اندازی مرکز تماس", {"serve DIR"}, {}, {"serve /srv/pasokh"},
       "Prints one line \"ready …\" when calls are taken. Ctrl-C ends it cleanly: calls get BYE, recordings are finished."},
      {"media", media_command, "Carry audio and recordings (started by serve)", "پردازندهٔ صدا و ضبط (serve خودش اجرا می‌کند)",
       {"media --socket FILE [--bind IP] [--orphan-after TIME]"},
       {{"socket", "FILE", "where serve connects"}, {"bind", "IP", "address of the audio ports"}, {"orphan-after", "TIME", "end so long after serve has gone (default: 600s)"}},
       {"media --socket data/media/worker-1.sock"}},
      {"doctor", doctor_command, "Check this machine: ports, addresses, clock, disk, audio", "بررسی درگاه‌ها، نشانی‌ها، ساعت، دیسک و صدا",
       {"doctor DIR [--lang fa|en] [--format table|json] [--call NUMBER]"},
       {{"format", "table|json", "how to print (default: table); json has both languages"}, lang, {"call", "NUMBER", "the number of the audio test (default: the demo's first)"}}, {"doctor /srv/pasokh", "doctor /srv/pasokh --lang fa"}, "Each finding is ok, warning or problem, with what it means and what to do. Exit status 1 when there is a problem."},
      {"queue", noun_command, "Queues: add, set, remove, list", "صف‌ها",
       {"queue add|set CODE key=value …", "queue remove CODE", "queue list"}, listing,
       {"queue set support wrap_up=0s strategy=longest-idle --data /srv/pasokh", "queue set support greeting=welcome announcement=patience announce_every=45s", "queue list --format json"},
       "Settings: strategy (fair-share, longest-idle, round-robin, ring-all, fixed-order), priority, ring, wrap_up, capacity, max_wait, overflow_queue,\n"
       "overflow_number, skills, service_level, short_abandon, record, notice, music, greeting and announcement (prompts: on entering, and each announce_every between the music),\n"
       "announce_place, announce_every, language, report (none, optional, required: no next call before the report), guidance_fa,\n"
       "guidance_en, retention_days (0: recordings are kept for ever), and from when on somebody is told: alarm_longest_wait (90s), alarm_waiting (10), alarm_service_level and\n"
       "alarm_service_level_30 (per cent, today and the last half hour), alarm_free_agents (0), alarm_abandoned (per cent), alarm_after (must last so long: 10s); \"\": as the centre's, off: none. Times: 20s, 5m, 500ms."},
      {"agent", noun_command, "Agents: add, set, remove, list; their state and calls", "کارشناسان: تعریف، وضعیت و تماس‌هایشان",
       {"agent add|set CODE key=value …", "agent remove CODE", "agent list", "agent ready AGENT [--device USER]", "agent pause AGENT [--reason CODE]",
        "agent out|hold|resume|complete|cancel|hangup AGENT", "agent transfer AGENT --to-agent CODE|--to-queue CODE|--to-number NUMBER [--consult]",
        "agent dial AGENT NUMBER"},
       {data, format, {"device", "USER", "ready: the phone to sit at (default: the agent's usual one)"}, {"reason", "CODE", "pause: why"},
        {"to-agent", "CODE", "transfer: to this agent"}, {"to-queue", "CODE", "transfer: to this queue"}, {"to-number", "NUMBER", "transfer: to this number outside"},
        {"consult", "", "transfer: talk first; then `complete` or `cancel`"}},
       {"agent add a11 number=111 queues=support,sales device=211 name=\"سارا محمدی\"", "agent ready a11 --device 211", "agent pause a11 --reason lunch"},
       "Settings: number (typed at a phone to sign in there), queues, skills, device, name."},
      {"device", noun_command, "Phones: add, set, remove, list", "تلفن‌ها", {"device add|set USER key=value …", "device remove USER", "device list"}, listing,
       {"device add 211 password=… agent=a11"}, "Settings: password (kept apart from the journal), agent (whose usual phone it is), kind (phone or browser; it never changes)."},
      {"number", noun_command, "Numbers that are called: add, set, remove, list", "شماره‌های ورودی",
       {"number add|set DIGITS key=value …", "number remove DIGITS", "number list"}, listing, {"number add 02191000000 queue=support language=fa", "number set 02191000000 hours=office closed=queue:night"},
       "Settings: queue, language (fa, en), hours (code; outside them the number is closed), closed (a prompt's name, queue:CODE, number:DIGITS), emergency (yes: each new\n"
       "caller hears the emergency announcement, whatever the hours)."},
      {"hours", hours_command, "Opening hours for numbers: set, remove, list", "ساعت کاری شماره‌ها",
       {"hours set CODE week=… [holidays=CODE]", "hours remove CODE", "hours list"}, listing, {"hours set office week=\"saturday-wednesday 08:00-16:00, thursday 08:00-12:00\" holidays=iran"},
       "In the centre's time zone. A time that ends before it begins runs past midnight; 24:00 is midnight."},
      {"holidays", hours_command, "Lists of holidays, in either calendar: set, remove, list", "فهرست‌های تعطیلات، خورشیدی یا میلادی",
       {"holidays set CODE [template=iran-solar] [days=…]", "holidays remove CODE", "holidays list"}, listing,
       {"holidays set iran template=iran-solar days=\"jalali 1405-04-05,jalali 1405-04-06\"", "holidays set family days=\"gregorian --12-25\""},
       "--MM-DD: each year. set replaces the list. Days of the lunar year are moved by sighting: enter them as dates."},
      {"trunk", noun_command, "Lines to carriers: add, set, remove, list", "خطوط مخابراتی (ترانک)",
       {"trunk add|set CODE key=value …", "trunk remove CODE", "trunk list"}, listing, {"trunk add carrier host=sip.example.ir user=02191000000 password=… register=true", "trunk add pbx host=192.168.1.10 national_numbers=no"},
       "Settings: host, port, transport (udp, tcp), networks (addresses it calls from), max_channels, user, password, realm, register, register_for, options_every, codecs, dtmf,\n"
       "in_called, in_caller, out_called, out_caller (rules for numbers), national_numbers, area_code, trust_identity. See docs/connect-trunk.md."},
      {"centre", noun_command, "Settings of the whole centre", "تنظیمات کل مرکز", {"centre set key=value …", "centre list", "centre health"}, listing,
       {"centre set time_zone=Asia/Tehran"}, "Settings: ledger_limit, time_zone, outbound (the plan of numbers that may be called), max_calls, alarm_… (of the queues that have none of their own; see queue --help)."},
      {"user", noun_command, "People who sign in: add, set, remove, list, reset-password, reset-second-factor", "کاربران و گذرواژه‌ها",
       {"user add LOGIN role=ROLE [agent=CODE]", "user set LOGIN role=ROLE|agent=CODE", "user remove LOGIN", "user list", "user reset-password LOGIN", "user reset-second-factor LOGIN"}, listing,
       {"user add sara role=agent agent=a11", "user reset-password sara"}, "Roles: agent, supervisor, coach, planner, hiring, administrator. Passwords are made here and printed once."},
      {"token", token_command, "Programs' way in: add, list, remove", "توکن برنامه‌ها", {"token add NAME role=ROLE [agent=CODE] [days=N] [of=LOGIN]", "token list", "token remove NAME"}, listing,
       {"token add crm role=planner days=90", "token add dialler role=agent agent=a01"}, "The token is shown once. agent: it acts at that agent's desk (POST /v1/desk/dial). It goes with the person it is of (default: the first administrator)."},
      {"webhook", webhook_command, "What other systems are told: add, list, remove", "وب‌هوک‌ها: خبر به سامانه‌های دیگر", {"webhook add URL EVENT…", "webhook list", "webhook remove ID"}, listing,
       {"webhook add https://crm.example.ir/pasokh call.offered call.ended"}, "Events: call.arrived, call.offered, call.answered, call.ended, recording.finished, report.completed, alarm.raised, alarm.cleared. Only hosts named in pasokh.toml."},
      {"mail", mail_command, "Mail: send a test, list what waits and what became of the rest", "نامه: آزمایش، فهرست", {"mail test ADDRESS", "mail list"}, listing, {"mail test boss@example.ir"},
       "The server is set under [mail] in pasokh.toml."},
      {"import", import_command, "Many settings at once, from a JSON file", "ورود یکجای تنظیمات از پروندهٔ JSON", {"import FILE.json [--data DIR]"}, {data}, {"import centre.json --data /srv/pasokh"},
       "{\"queues\":[{\"code\":\"support\",\"wrap_up\":\"10s\"}], \"agents\":[{\"code\":\"a01\",\"queues\":[\"support\"],\"device\":\"201\"}],\n"
       " \"devices\":[{\"user\":\"201\",\"password\":\"…\"}], \"numbers\":[{\"number\":\"8000\",\"queue\":\"support\"}], \"trunks\":[…],\n"
       " \"users\":[{\"login\":\"sara\",\"role\":\"agent\",\"agent\":\"a01\"}], \"centre\":{…}}\n"
       "What is there already is changed, what is not is added, in this order: queues, agents, devices, trunks, numbers, centre, users. All of it is tried\non a copy first: a refusal names its place in the file, and nothing is done. Mend that and import again. Passwords that are made are printed."},
      {"call", call_command, "Place a test call; or list, give and end live calls", "تماس آزمایشی؛ یا فهرست و فرمان تماس‌های جاری",
       {"call NUMBER [--to HOST:PORT] [--play FILE.wav] [--record FILE.wav] [--seconds N] …", "call --answer --user USER [--password PASSWORD] …", "call list",
        "call give CALL --agent CODE", "call hangup CALL"},
       {data, format, {"to", "HOST:PORT", "the server (default: that of DIR/demo.json)"}, {"from", "NUMBER", "who calls"},
        {"user", "USER", "register as this device"}, {"password", "PASSWORD", "of that device (default: that in DIR/demo.json)"}, {"answer", "", "wait for calls and answer them"},
        {"play", "FILE.wav", "what the other side hears"}, {"record", "FILE.wav", "where to write what is heard"}, {"digits", "DIGITS", "keys to press once answered"},
        {"seconds", "N", "talk for so long"}, {"wait", "N", "give up after so long without an answer"}, {"count", "N", "so many calls, one after the other"},
        {"json", "", "print what happened as JSON"}, {"agent", "CODE", "give: to this agent"}},
       {"call 8000 --play hello.wav --record heard.wav --data data", "call --answer --user 201 --data data", "call list"}},
      {"demo", demo_command, "Customers and specialists that call and answer by themselves", "مشتریان و کارشناسان ساختگی", {"demo DIR [--calls-per-minute N] [--customers N] [--seed N]"},
       {data, {"calls-per-minute", "N", "how many customers call (default: 15)"}, {"customers", "N", "at most so many at once (default: 14)"}, {"seed", "N", "the same seed, the same day"}},
       {"demo data"}},
      {"report", report_command, "Reports: calls, queues, agents, intervals", "گزارش‌ها",
       {"report calls|queues|agents [--from WHEN --to WHEN] [--queue CODE] [--agent CODE] [--lang fa|en] [--format table|csv|json]",
        "report intervals --by 15min|hour|day|month …", "report call ID", "report calls|queues|agents|intervals … --format xlsx|pdf --out FILE"},
       {data, format, from, to, lang, {"by", "15min|hour|day|month", "intervals; day and month are Jalali, in the centre's time zone (default: hour)"},
        {"queue", "CODE", "only this queue"}, {"agent", "CODE", "only this agent"}, {"number", "NUMBER", "calling or dialled, a part is enough"},
        {"outcome", "OUTCOME", "only calls that ended so"}, {"direction", "inbound|outbound|internal", "only these"}, {"min-duration", "90s", "talk at least so long"},
        {"calls", "METRIC", "list the calls behind a figure (its name stands in brackets under the table)"}, {"limit", "N", "calls: only the newest N"},
        {"out", "FILE", "xlsx, pdf: where to write it"}},
       {"report calls --from 1405-09-01 --format csv", "report queues --calls abandoned --queue support"},
       "Outcomes: in_progress, answered, abandoned, queue_full, waited_out, refused, unknown_number, no_answer, busy, failed, closed.\n"
       "wait_ms: first INVITE to the agent's answer, or to the end; talk_ms: from there to the end, hold included."},
      {"explain", explain_command, "Why did this agent get this call?", "چرا این تماس به این کارشناس رسید؟", {"explain CALL [--all] [--lang fa|en]"},
       {data, {"all", "", "the whole ranking"}, lang}, {"explain 42 --all", "explain 42 --lang fa"}},
      {"archive", archive_command, "Recordings: list, export", "بایگانی ضبط‌ها",
       {"archive list [--from WHEN --to WHEN] [--number …] [--queue …] [--agent …] [--outcome …] [--min-duration …] [--format …]", "archive export CALL --to FILE.wav|.opus",
        "archive retention [--dry-run] [--as-of WHEN]"},
       {data, {"dry-run", "", "retention: only say what would be erased"}, {"as-of", "WHEN", "retention: as if it were then (default: now)"}, format, from, {"to", "WHEN|FILE", "list: as --from, not included; export: where, .wav or .opus"}, lang, {"number", "NUMBER", "calling or dialled, a part is enough"},
        {"queue", "CODE", "only this queue"}, {"agent", "CODE", "only this agent"}, {"outcome", "OUTCOME", "only calls that ended so"},
        {"min-duration", "90s", "recordings at least so long"}, {"limit", "N", "only the newest N"}},
       {"archive list --agent a01 --format json", "archive export 42 --to call-42.wav"}, "States: capturing, stopped, finished, failed, empty, erased. Retention runs each night by itself; what is held is never erased."},
      {"audit", audit_command, "The audit log: verify, list", "دفتر بازبینی: درستی‌سنجی، فهرست", {"audit verify", "audit list [--limit N]"},
       {data, format, {"limit", "N", "list: the newest N (default: 100)"}}, {"audit verify --data /srv/pasokh"},
       "Who signed in, changed people's rights, heard or took away a recording. Each row holds the sum of the one before it."},
      {"journal", journal_command, "The journal: verify, export, replay", "دفتر رویدادها",
       {"journal verify", "journal export [--from WHEN --to WHEN] [--redacted] [--format jsonl|file] [--out FILE]", "journal replay [FILE]"},
       {data, from, to, {"redacted", "", "export: without numbers and names of people"}, {"format", "jsonl|file", "export: a line of JSON each, or compact (default: jsonl)"},
        {"out", "FILE", "export: where (default: the terminal)"}},
       {"journal verify --data /srv/pasokh", "journal export --from \"1405-09-03 10:00\" --redacted --out incident.jsonl", "journal replay incident.jsonl"},
       "An export begins with the state before its first event, so that it replays elsewhere. Secrets and keys are never in it."},
      {"load", load_command, "How many calls this machine carries: a sizing table, and the admission limit", "این دستگاه چند تماس را می‌کشد: جدول اندازه و سقف پذیرش",
       {"load [--data DIR] [--agents N] [--step SECONDS] [--most RATE] [--set] [--yes] [--format table|json]"},
       {data, {"agents", "N", "built-in phones, as many calls at once (default: 200)"}, {"step", "SECONDS", "how long each step lasts (default: 4)"}, {"most", "RATE", "calls a second at which to stop (default: 2000)"},
        {"no-audio", "", "only signalling"}, {"set", "", "write the admission limit to DIR/pasokh.toml"}, {"yes", "", "also while agents are signed in or calls are live"}, {"format", "table|json", "(default: table)"}},
       {"load --data /srv/pasokh", "load --data /srv/pasokh --agents 500 --set"},
       "Run it when nobody works: it calls for real. It makes a queue, a number, a trunk and agents named load…, and removes them again."},
      {"simulate", simulate_command, "Simulated days; a real day under other rules or staffing", "شبیه‌سازی یک روز؛ یک روز واقعی با قواعد یا نیروی دیگر",
       {"simulate [--seed N] [--days D] [--agents N] [--calls N] [--change …]", "simulate --compare [--days D] [--calls N]", "simulate --into DIR [--seed N] …", "simulate --from DIR --day DAY [--change 'strategy=longest-idle,agents+2'] [--seeds N]"},
       {format, {"seed", "N", "the same seed, the same day (default: 1); N@VERSION as printed is refused by another version"}, {"days", "D", "so many days, a seed each (default: 1)"}, {"agents", "N", "of the drawn centre (default: 50)"},
        {"calls", "N", "a day (default: 6000; compare: 1600)"}, {"compare", "", "all rules of routing on the same callers, as a table"},
        {"into", "DIR", "write the drawn day's journal there, to try reports on"},
        {"from", "DIR", "a data folder: replay a real day of its journal"}, {"day", "DAY", "which, in either calendar"}, {"seeds", "N", "with --change: how often it is modelled (default: 20)"},
        {"change", "LIST", "strategy=…, wrap_up=…s, ring=…s, max_wait=…s, agents+N, agents-N; with commas"}},
       {"simulate --days 3", "simulate --from /srv/pasokh --day 1405-09-03", "simulate --from /srv/pasokh --day 1405-09-03 --change strategy=longest-idle,agents+2"},
       "With --from and no --change the day is decided once more, event by event, and must come out the same. With one: service level in its four usual variants, ASA, abandons, occupancy, evenness, who gained and who lost."},
  };
}

std::string overview(const std::vector<Subcommand>& commands) {
  std::string out = "Pasokh (پاسخ): an on-premise contact centre.\n\nUsage: pasokh COMMAND …      pasokh COMMAND --help\n\n";
  for (const auto& c : commands) out += "  " + c.name + std::string(10 - std::min<std::size_t>(9, c.name.size()), ' ') + c.says + "\n            " + c.says_fa + "\n";
  out += "\nFirst steps:\n  pasokh init data --demo\n  pasokh serve data\n";
  return out;
}

// `call list|give|hangup` are commands to the centre; any other `call` is the test caller.
bool is_call_noun(const Args& args) {
  return args.command == "call" && !args.words.empty() && (args.words[0] == "list" || args.words[0] == "give" || args.words[0] == "hangup");
}

int run(const std::vector<std::string>& arguments) {
  const auto commands = table();
  if (arguments.empty()) { std::fputs(overview(commands).c_str(), stderr); return usage; }
  std::string name = arguments[0];
  std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (name == "--version" || name == "version") { std::printf("pasokh %s\n", PASOKH_VERSION); return done; }
  if (name == "help" && !rest.empty()) { name = rest[0]; rest = {"--help"}; }
  if (name == "--help" || name == "-h" || name == "help") { std::fputs(overview(commands).c_str(), stdout); return done; }
  std::vector<std::string> names;
  for (const auto& command : commands) {
    names.push_back(command.name);
    if (command.name != name) continue;
    for (const auto& word : rest)
      if (word == "--") break;
      else if (word == "--help" || word == "-h") { std::fputs(help_text(command).c_str(), stdout); return done; }
    const auto args = parse_args(command, rest);
    if (!args) return wrong_usage(name, args.error().text);
    return is_call_noun(*args) ? noun_command(*args) : command.run(*args);
  }
  const std::string near = nearest(name, names);
  std::fprintf(stderr, "pasokh: unknown command \"%s\"%s\nSee: pasokh --help\n", name.c_str(), near.empty() ? "" : ("; did you mean " + near + "?").c_str());
  return usage;
}

}  // namespace
}  // namespace pasokh::app

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // `pasokh … | head` ends by a failed write, not by a signal
  return pasokh::app::run({argv + 1, argv + argc});
}
