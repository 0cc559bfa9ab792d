#include <doctest/doctest.h>

#include "app/args.h"
#include "app/configuration.h"
#include "app/print.h"

using namespace pasokh;
using namespace pasokh::app;

namespace {

const Subcommand& example() {
  static const Subcommand command{"agent", nullptr, "Agents", "کارشناسان", {"agent ready AGENT"}, {{"data", "DIR", "the folder"}, {"format", "F", "how"}, {"consult", "", "a flag"}}, {"agent ready a01"}};
  return command;
}

}  // namespace

TEST_CASE("words, options with values in both spellings, and flags are told apart; -- ends the options") {
  const auto args = parse_args(example(), {"ready", "a01", "--data", "/srv/x", "--format=json", "--consult", "--", "--not-an-option"});
  REQUIRE(args);
  CHECK(args->words == std::vector<std::string>{"ready", "a01", "--not-an-option"});
  CHECK(args->option("data") == "/srv/x");
  CHECK(args->option("format") == "json");
  CHECK(args->option("consult") == "true");
  CHECK_FALSE(args->option("nothing"));
}

TEST_CASE("an option that the command does not know is refused, with the nearest name") {
  CHECK(parse_args(example(), {"--formt", "json"}).error().text == "unknown option --formt; did you mean --format?");
  CHECK(parse_args(example(), {"--zzz"}).error().text == "unknown option --zzz");
  CHECK(parse_args(example(), {"--data"}).error().text == "--data needs a value: DIR");
  CHECK(parse_args(example(), {"--consult=yes"}).error().text == "--consult takes no value");
  CHECK(parse_args(example(), {"--data", "a", "--data", "b"}).error().text == "--data is given twice");
  CHECK(parse_args(example(), {"-f"}).error().text.find("two dashes") != std::string::npos);
}

TEST_CASE("help shows both languages, usage, options and an example") {
  const std::string help = help_text(example());
  for (const auto* part : {"Agents", "کارشناسان", "Usage: pasokh agent ready AGENT", "--data DIR", "Example:\n  pasokh agent ready a01", "2 wrong usage"})
    CHECK_MESSAGE(help.find(part) != std::string::npos, part);
}

TEST_CASE("settings are key=value words; values may hold anything, a key only once") {
  const auto settings = settings_from({"set", "support", "wrap_up=0s", "skills=0s=persian:5,30s="}, 2);
  REQUIRE(settings);
  CHECK(settings->at("wrap_up") == "0s");
  CHECK(settings->at("skills") == "0s=persian:5,30s=");
  CHECK_FALSE(settings_from({"x"}, 0));
  CHECK_FALSE(settings_from({"=x"}, 0));
  CHECK_FALSE(settings_from({"a=1", "a=2"}, 0));
}

// --- configuration
TEST_CASE("the configuration that init writes reads back as it was, comments and all") {
  Configuration c;
  c.sip = {"::", 5070};
  c.advertise = "203.0.113.7";
  c.local_networks = {"10.0.0.0/8", "fd00::/8"};
  c.recordings = "/mnt/big \"disk\"";
  c.log_level = "debug";
  c.rtp_low = 20'000;
  const auto read = parse_configuration(configuration_text(c), "pasokh.toml");
  REQUIRE_MESSAGE(read, read.error().text);
  CHECK(read->sip == c.sip);
  CHECK(read->advertise == c.advertise);
  CHECK(read->local_networks == c.local_networks);
  CHECK(read->recordings == c.recordings);
  CHECK(read->log_level == "debug");
  CHECK(read->rtp_low == 20'000);
}

TEST_CASE("what the file leaves out keeps its default; lists may go over lines") {
  const auto read = parse_configuration("# nothing\n\n[sip]\nlocal_networks = [\n  \"10.0.0.0/8\", # office\n  \"192.168.0.0/16\",\n]\r\n[limits]\nsip_requests_per_second = 1_000\n", "f");
  REQUIRE_MESSAGE(read, read.error().text);
  CHECK(read->http == Listen{"0.0.0.0", 8080});
  CHECK(read->local_networks.size() == 2);
  CHECK(read->sip_requests_per_second == 1'000);
}

// "unreadable configuration (file, line, what was expected)"
TEST_CASE("a mistake in the configuration is told by file, line, what was found and what was expected") {
  const auto wrong = [](const std::string& text) {
    auto read = parse_configuration(text, "data/pasokh.toml");
    return read ? std::string("it was accepted") : read.error().text;
  };
  CHECK(wrong("[sip]\nlisten = 5060\n") == "data/pasokh.toml:2: found sip.listen = 5060 (a number), expected \"ADDRESS:PORT\"");
  CHECK(wrong("[sip]\nlisten = \"localhost:5060\"\n").find("expected \"ADDRESS:PORT\"") != std::string::npos);
  CHECK(wrong("\n[spi]\n").find("data/pasokh.toml:2: found [spi], expected one of [") == 0);
  CHECK(wrong("\n[spi]\n").find("[sip]") != std::string::npos);
  CHECK(wrong("[sip]\nlistn = \"0.0.0.0:1\"\n") == "data/pasokh.toml:2: found the unknown setting sip.listn, expected sip.listen");
  CHECK(wrong("[rtp]\nlow = 99999\n").find("expected a number from 1024 to 65534") != std::string::npos);
  CHECK(wrong("[rtp]\nlow = 30000\nhigh = 20000\n").find("expected low below high") != std::string::npos);
  CHECK(wrong("[sip]\nadvertise = \"203.0.113.7\n").find(":2: found the end of the line, expected a closing quote") != std::string::npos);
  CHECK(wrong("[log]\nlevel = \"loud\"\n").find("expected \"debug\", \"info\", \"warning\" or \"error\"") != std::string::npos);
  CHECK(wrong("[sip]\nadvertise = \"1.2.3.4\" x\n").find(":2: found \"x\", expected the end of the line") != std::string::npos);
  CHECK(wrong("[sip]\nadvertise = \"\"\nadvertise = \"\"\n").find(":3: found sip.advertise a second time") != std::string::npos);
  CHECK(wrong("[sip]\nlocal_networks = [\"10.0.0.0/8\"\n").find("expected , or ]") != std::string::npos);
  CHECK(wrong("[sip]\nlocal_networks = [\"10.0.0.0/99\"]\n").find("expected a list of networks") != std::string::npos);
  CHECK(wrong("[media]\nworkers = two\n").find("expected a text in \"quotes\", a number") != std::string::npos);
}

TEST_CASE("any bytes in the configuration give an answer, never a crash") {
  std::string text = configuration_text({});
  for (std::size_t cut = 0; cut < text.size(); ++cut) (void)parse_configuration(text.substr(0, cut), "f");
  std::uint32_t seed = 1;
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = text;
    for (int n = 0; n < 3; ++n) { seed = seed * 1664525 + 1013904223; changed[(seed >> 8) % changed.size()] = static_cast<char>(seed >> 24); }
    (void)parse_configuration(changed, "f");
  }
}

TEST_CASE("addresses to listen on are numbers, IPv6 in brackets") {
  CHECK(*parse_listen("0.0.0.0:5060") == Listen{"0.0.0.0", 5060});
  CHECK(*parse_listen("[::1]:80") == Listen{"::1", 80});
  for (const auto* bad : {"", ":", "5060", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "::1:80", "host:80", "1.2.3.4:80x", "[::1:80"}) CHECK_FALSE_MESSAGE(parse_listen(bad), bad);
}

// --- printing
TEST_CASE("a table is aligned by what the terminal shows, Persian marks and joiners included") {
  CHECK(shown_width("سارا") == 4);
  CHECK(shown_width("می‌خواهم") == 7);   // the joiner takes no cell
  CHECK(shown_width("مُحَمَّد") == 4);      // nor do vowel marks
  CHECK(shown_width("呼") == 2);
  CHECK(*print_list(R"([{"code":"a01","name":"سارا"},{"code":"b","name":"رضا کریمی","queues":["x","y"]}])", Format::table) ==
        "code  name       queues\na01   سارا\nb     رضا کریمی  x,y\n");
  CHECK(*print_list("[]", Format::table) == "(none)\n");
}

TEST_CASE("a value cannot move the terminal's cursor") {
  CHECK(print_list(R"([{"name":"a\u001b[2Jb"}])", Format::table)->find('\x1b') == std::string::npos);
}

// RFC 4180; OWASP ASVS 1.2.10
TEST_CASE("CSV quotes what must be quoted, and a spreadsheet runs nothing of it") {
  CHECK(*print_list(R"j([{"a":"x,y","b":"say \"no\"","c":-5},{"a":"=1+1","b":"@SUM(A1)","c":"+98912"}])j", Format::csv) ==
        "a,b,c\r\n\"x,y\",\"say \"\"no\"\"\",-5\r\n'=1+1,'@SUM(A1),'+98912\r\n");
}

TEST_CASE("JSON stays as the centre gave it; what is no list is an error") {
  CHECK(*print_list(R"([{"a":1}])", Format::json) == "[{\"a\":1}]\n");
  CHECK_FALSE(print_list("{}", Format::table));
  CHECK_FALSE(print_list("[1]", Format::table));
  CHECK_FALSE(print_list("", Format::csv));
}
