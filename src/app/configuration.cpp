#include "app/configuration.h"

#include <arpa/inet.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <variant>

#include "base/nearest.h"
#include "outbox/mail_text.h"

namespace pasokh::app {
namespace {

using Value = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;

std::string kind_of(const Value& value) {
  constexpr std::array<const char*, 4> kinds{"a text", "a number", "true or false", "a list"};
  return kinds[value.index()];
}

bool is_address(const std::string& text) {
  in6_addr room{};
  return inet_pton(AF_INET, text.c_str(), &room) == 1 || inet_pton(AF_INET6, text.c_str(), &room) == 1;
}

bool is_network(const std::string& text) {
  const auto slash = text.find('/');
  const std::string address = text.substr(0, slash);
  if (!is_address(address)) return false;
  if (slash == text.npos) return true;
  int bits = -1;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data() + slash + 1, end, bits);
  return error == std::errc{} && at == end && bits >= 0 && bits <= (address.find(':') == address.npos ? 32 : 128);
}

// --- what may stand in the file. A setter returns what it expected when the value does not fit, else empty.
using Setter = std::function<std::string(Configuration&, const Value&)>;

Setter text_into(std::string Configuration::*field) {
  return [field](Configuration& c, const Value& v) -> std::string {
    const auto* text = std::get_if<std::string>(&v);
    if (!text || text->empty()) return "a text";
    c.*field = *text;
    return {};
  };
}

Setter address_into(std::string Configuration::*field) {
  return [field](Configuration& c, const Value& v) -> std::string {
    const auto* text = std::get_if<std::string>(&v);
    if (!text || (!text->empty() && !is_address(*text))) return "an IP address, or \"\"";
    c.*field = *text;
    return {};
  };
}

Setter listen_into(Listen Configuration::*field) {
  return [field](Configuration& c, const Value& v) -> std::string {
    const auto* text = std::get_if<std::string>(&v);
    auto parsed = text ? parse_listen(*text) : Result<Listen>(trouble("", ""));
    if (!parsed) return "\"ADDRESS:PORT\"";
    c.*field = *parsed;
    return {};
  };
}

template <class T>
Setter number_into(T Configuration::*field, std::int64_t low, std::int64_t high) {
  return [=](Configuration& c, const Value& v) -> std::string {
    const auto* number = std::get_if<std::int64_t>(&v);
    if (!number || *number < low || *number > high) return "a number from " + std::to_string(low) + " to " + std::to_string(high);
    c.*field = static_cast<T>(*number);
    return {};
  };
}

std::string networks(Configuration& c, const Value& v) {
  const std::string expected = "a list of networks, like [\"192.168.0.0/16\"]";
  const auto* list = std::get_if<std::vector<std::string>>(&v);
  if (!list) return expected;
  for (const auto& item : *list)
    if (!is_network(item)) return expected;
  c.local_networks = *list;
  return {};
}

std::string https(Configuration& c, const Value& v) {
  const auto* text = std::get_if<std::string>(&v);
  if (text && text->empty()) { c.https.reset(); return {}; }
  auto parsed = text ? parse_listen(*text) : Result<Listen>(trouble("", ""));
  if (!parsed) return "\"ADDRESS:PORT\", or \"\" for none";
  c.https = *parsed;
  return {};
}

Setter path_or_none(std::string Configuration::*field) {
  return [field](Configuration& c, const Value& v) -> std::string {
    const auto* text = std::get_if<std::string>(&v);
    if (!text) return "a file, or \"\"";
    c.*field = *text;
    return {};
  };
}

std::string host_names(Configuration& c, const Value& v) {
  const std::string expected = "a list of names, like [\"pasokh.example.ir\"]";
  const auto* list = std::get_if<std::vector<std::string>>(&v);
  if (!list) return expected;
  for (const auto& name : *list)
    if (name.empty() || name.size() > 253 || (!is_address(name) && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") != name.npos)) return expected;
  c.names = *list;
  return {};
}

std::string webhook_hosts(Configuration& c, const Value& v) {
  const auto* list = std::get_if<std::vector<std::string>>(&v);
  if (!list) return "a list of hosts, like [\"crm.example.ir\", \"private:10.0.0.5\"]";
  c.webhook_hosts = *list;
  return {};
}

std::string level(Configuration& c, const Value& v) {
  const auto* text = std::get_if<std::string>(&v);
  if (!text || (*text != "debug" && *text != "info" && *text != "warning" && *text != "error"))
    return "\"debug\", \"info\", \"warning\" or \"error\"";
  c.log_level = *text;
  return {};
}

Setter maybe_text_into(std::string Configuration::*field) {
  return [field](Configuration& c, const Value& v) -> std::string {
    const auto* text = std::get_if<std::string>(&v);
    if (!text) return "a text, or \"\"";
    c.*field = *text;
    return {};
  };
}

std::string browser_addresses(Configuration& c, const Value& v) {
  const std::string expected = "a list of IP addresses, like [\"203.0.113.7\"]";
  const auto* list = std::get_if<std::vector<std::string>>(&v);
  if (!list || list->size() > 4) return expected;
  for (const auto& item : *list)
    if (!is_address(item)) return expected;
  c.browser_addresses = *list;
  return {};
}

std::string mail_host(Configuration& c, const Value& v) {
  const auto* text = std::get_if<std::string>(&v);
  if (!text || text->size() > 253 || (!text->empty() && !is_address(*text) && text->find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") != text->npos))
    return "a host's name or address, or \"\" for no mail";
  c.mail.host = *text;
  return {};
}

std::string mail_port(Configuration& c, const Value& v) {
  const auto* number = std::get_if<std::int64_t>(&v);
  if (!number || *number < 1 || *number > 65'535) return "a number from 1 to 65535";
  c.mail.port = static_cast<std::uint16_t>(*number);
  return {};
}

std::string mail_security(Configuration& c, const Value& v) {
  const auto* text = std::get_if<std::string>(&v);
  return text && from_name(*text, c.mail.security) ? "" : "\"starttls\", \"tls\" or \"none\"";
}

std::string mail_from(Configuration& c, const Value& v) {
  const auto* text = std::get_if<std::string>(&v);
  if (!text || (!text->empty() && !outbox::is_mail_address(*text))) return "a mail address, like \"pasokh@example.ir\"";
  c.mail.from = *text;
  return {};
}

Setter mail_text_into(std::string outbox::MailServer::*field) {
  return [field](Configuration& c, const Value& v) -> std::string {
    const auto* text = std::get_if<std::string>(&v);
    if (!text) return "a text, or \"\"";
    c.mail.*field = *text;
    return {};
  };
}

const std::map<std::string, Setter>& known_keys() {
  using C = Configuration;
  static const std::map<std::string, Setter> keys{
      {"sip.listen", listen_into(&C::sip)},
      {"sip.advertise", address_into(&C::advertise)},
      {"sip.local_networks", networks},
      {"http.listen", listen_into(&C::http)},
      {"http.https", https},
      {"http.certificate", path_or_none(&C::certificate)},
      {"http.key", path_or_none(&C::key)},
      {"http.names", host_names},
      {"http.threads", number_into(&C::http_threads, 1, 64)},
      {"webhooks.hosts", webhook_hosts},
      {"mail.host", mail_host},
      {"mail.port", mail_port},
      {"mail.security", mail_security},
      {"mail.user", mail_text_into(&outbox::MailServer::user)},
      {"mail.password_file", mail_text_into(&outbox::MailServer::password_file)},
      {"mail.from", mail_from},
      {"mail.authority", mail_text_into(&outbox::MailServer::authority)},
      {"rtp.low", number_into(&C::rtp_low, 1024, 65534)},
      {"rtp.high", number_into(&C::rtp_high, 1025, 65535)},
      {"media.workers", number_into(&C::workers, 1, 256)},
      {"browser.port", number_into(&C::browser_port, 0, 65'000)},
      {"browser.addresses", browser_addresses},
      {"browser.turn", maybe_text_into(&C::browser_turn)},
      {"browser.turn_secret", maybe_text_into(&C::browser_turn_secret)},
      {"paths.captures", text_into(&C::captures)},
      {"paths.recordings", text_into(&C::recordings)},
      {"paths.prompts", text_into(&C::prompts)},
      {"limits.journal_reserve_mib", number_into(&C::journal_reserve_mib, 1, 1'000'000)},
      {"limits.recording_stop_mib", number_into(&C::recording_stop_mib, 1, 100'000'000)},
      {"limits.sip_requests_per_second", number_into(&C::sip_requests_per_second, 1, 1'000'000)},
      {"limits.new_calls_per_second", number_into(&C::new_calls_per_second, 0, 100'000)},
      {"limits.http_requests_per_second", number_into(&C::http_requests_per_second, 1, 1'000'000)},
      {"log.level", level},
  };
  return keys;
}

// --- reading
class Parser {
 public:
  Parser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  Result<Configuration> run() {
    while (at_ < text_.size()) {
      ++line_;
      TRY_DONE(one_line());
      if (at_ < text_.size()) ++at_;  // the newline
    }
    if (configuration_.rtp_low >= configuration_.rtp_high)
      return trouble("configuration", file_ + ": found rtp.low " + std::to_string(configuration_.rtp_low) + " and rtp.high " +
                                          std::to_string(configuration_.rtp_high) + ", expected low below high");
    if (configuration_.certificate.empty() != configuration_.key.empty())
      return trouble("configuration", file_ + ": found one of http.certificate and http.key, expected both or none");
    const outbox::MailServer& mail = configuration_.mail;
    if (mail.on() && mail.from.empty()) return trouble("configuration", file_ + ": found mail.host without mail.from, expected the sender's address");
    if (mail.user.empty() != mail.password_file.empty()) return trouble("configuration", file_ + ": found one of mail.user and mail.password_file, expected both or none");
    return std::move(configuration_);
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\n'; }
  void skip_blanks() { while (peek() == ' ' || peek() == '\t' || peek() == '\r') ++at_; }
  bool at_line_end() const { return peek() == '\n' || peek() == '#'; }

  std::string seen() const {  // what stands here, for a message
    const auto end = std::min(text_.find('\n', at_), text_.size());
    if (end == at_) return "the end of the line";
    return "\"" + std::string(text_.substr(at_, std::min<std::size_t>(end - at_, 40))) + "\"";
  }
  Trouble wrong(const std::string& found, const std::string& expected) const {
    return trouble("configuration", file_ + ":" + std::to_string(line_) + ": found " + found + ", expected " + expected);
  }

  Result<> one_line() {
    skip_blanks();
    if (peek() == '[') TRY_DONE(table());
    else if (!at_line_end()) TRY_DONE(pair());
    skip_blanks();
    if (!at_line_end()) return wrong(seen(), "the end of the line");
    at_ = std::min(text_.find('\n', at_), text_.size());
    return Done{};
  }

  std::string bare_word() {
    const auto begin = at_;
    while (std::isalnum(static_cast<unsigned char>(peek())) || peek() == '_' || peek() == '-') ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Result<> table() {
    ++at_;
    skip_blanks();
    const std::string name = bare_word();
    skip_blanks();
    if (name.empty() || peek() != ']') return wrong(seen(), "a table, like [sip]");
    ++at_;
    std::set<std::string> tables;
    for (const auto& [key, setter] : known_keys()) tables.insert(key.substr(0, key.find('.')));
    if (!tables.contains(name)) {
      std::string list;
      for (const auto& known : tables) list += (list.empty() ? "[" : ", [") + known + "]";
      return wrong("[" + name + "]", "one of " + list);
    }
    if (!seen_tables_.insert(name).second) return wrong("[" + name + "] a second time", "each table once");
    table_ = name;
    return Done{};
  }

  Result<> pair() {
    const std::string word = bare_word();
    if (word.empty()) return wrong(seen(), "a name, a [table] or a comment");
    const std::string key = table_.empty() ? word : table_ + "." + word;
    const auto known = known_keys().find(key);
    if (known == known_keys().end()) return wrong("the unknown setting " + key, expected_name(key));
    if (!seen_keys_.insert(key).second) return wrong(key + " a second time", "each setting once");
    skip_blanks();
    if (peek() != '=') return wrong(seen(), "= after " + word);
    ++at_;
    skip_blanks();
    const auto begin = at_;
    TRY(read, value());
    const std::string shown(text_.substr(begin, std::min<std::size_t>(at_ - begin, 60)));
    if (const std::string expected = known->second(configuration_, read); !expected.empty())
      return wrong(key + " = " + shown + " (" + kind_of(read) + ")", expected);
    return Done{};
  }

  std::string expected_name(const std::string& key) const {
    std::vector<std::string> all, here;
    for (const auto& [name, setter] : known_keys()) {
      all.push_back(name);
      if (name.rfind(table_ + ".", 0) == 0) here.push_back(name);
    }
    if (const std::string near = nearest(key, all); !near.empty()) return near;
    std::string list = "one of";
    for (const auto& name : here.empty() ? all : here) list += " " + name;
    return list;
  }

  Result<Value> value() {
    if (peek() == '"') { TRY(text, quoted()); return Value(text); }
    if (peek() == '[') return list();
    const auto begin = at_;
    while (!at_line_end() && peek() != ' ' && peek() != '\t' && peek() != '\r' && peek() != ',' && peek() != ']') ++at_;
    std::string word(text_.substr(begin, at_ - begin));
    if (word == "true" || word == "false") return Value(word == "true");
    std::erase(word, '_');  // TOML: 1_000
    std::int64_t number = 0;
    const char* end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, number);
    if (error == std::errc{} && stop == end && !word.empty()) return Value(number);
    at_ = begin;
    return wrong(seen(), "a text in \"quotes\", a number, true, false or a [list]");
  }

  Result<std::string> quoted() {
    std::string out;
    for (++at_; peek() != '"'; ++at_) {
      if (peek() == '\n') return wrong("the end of the line", "a closing quote");
      if (peek() != '\\') { out += peek(); continue; }
      ++at_;
      constexpr std::string_view from = "\"\\nt", to = "\"\\\n\t";
      const auto i = from.find(peek());
      if (i == from.npos) return wrong("\\" + std::string(1, peek()), R"(\" \\ \n or \t)");
      out += to[i];
    }
    ++at_;
    return out;
  }

  void skip_in_list() {  // lists may go over several lines
    for (;; ++at_) {
      if (at_ >= text_.size()) return;
      if (peek() == '#') at_ = std::min(text_.find('\n', at_), text_.size());
      if (at_ < text_.size() && text_[at_] == '\n') { ++line_; continue; }
      if (peek() != ' ' && peek() != '\t' && peek() != '\r') return;
    }
  }

  Result<Value> list() {
    std::vector<std::string> items;
    ++at_;
    for (;;) {
      skip_in_list();
      if (at_ < text_.size() && peek() == ']') { ++at_; return Value(items); }
      if (peek() != '"') return wrong(at_ < text_.size() ? seen() : "the end of the file", "a text in \"quotes\" or ]");
      TRY(item, quoted());
      items.push_back(item);
      skip_in_list();
      if (peek() == ',') ++at_;
      else if (peek() != ']') return wrong(at_ < text_.size() ? seen() : "the end of the file", ", or ]");
    }
  }

  std::string_view text_;
  std::string file_;
  std::size_t at_ = 0;
  int line_ = 0;
  std::string table_;
  std::set<std::string> seen_tables_, seen_keys_;
  Configuration configuration_;
};

std::string quote(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

Result<Configuration> parse_configuration(std::string_view text, const std::string& file) { return Parser(text, file).run(); }

Result<Configuration> read_configuration(const std::string& dir) {
  const std::string file = dir + "/pasokh.toml";
  std::ifstream in(file, std::ios::binary);
  if (!in) return trouble("configuration", file + " cannot be read; make a data folder with: pasokh init " + dir);
  std::ostringstream text;
  text << in.rdbuf();
  TRY(read, parse_configuration(text.str(), file));
  std::error_code ignored;
  const auto base = std::filesystem::absolute(dir, ignored);
  for (auto* path : {&read.certificate, &read.key, &read.mail.password_file, &read.mail.authority})
    if (!path->empty()) *path = (base / *path).lexically_normal().string();
  for (auto* path : {&read.captures, &read.recordings, &read.prompts}) *path = (base / *path).lexically_normal().string();
  return Configuration(std::move(read));
}

std::string configuration_text(const Configuration& c) {
  std::string list;
  for (const auto& network : c.local_networks) list += (list.empty() ? "" : ", ") + quote(network);
  std::string outside;
  for (const auto& address : c.browser_addresses) outside += (outside.empty() ? "" : ", ") + quote(address);
  std::string names, hosts;
  for (const auto& host : c.webhook_hosts) hosts += (hosts.empty() ? "" : ", ") + quote(host);
  for (const auto& name : c.names) names += (names.empty() ? "" : ", ") + quote(name);
  const auto n = [](auto number) { return std::to_string(number); };
  return "# Pasokh: this machine's addresses, ports, paths and limits. Read at start.\n"
         "# Queues, agents, devices, numbers and trunks are not set here: see `pasokh queue --help` and its sisters.\n\n"
         "[sip]\n"
         "listen = " + quote(listen_text(c.sip)) + "          # UDP and TCP\n"
         "advertise = " + quote(c.advertise) + "                     # address told to peers outside; \"\": learnt from the trunks\n"
         "local_networks = [" + list + "]                # [\"192.168.0.0/16\"]; empty: the networks of the interfaces\n\n"
         "[http]\n"
         "listen = " + quote(listen_text(c.http)) + "          # plain: serves this machine, sends others to https when that is set\n"
         "https = " + quote(c.https ? listen_text(*c.https) : "") + "           # \"\": none; browsers on other machines then give no microphone\n"
         "certificate = " + quote(c.certificate) + "                   # own ones, in PEM; \"\": made by the local authority and renewed by itself\n"
         "key = " + quote(c.key) + "\n"
         "names = [" + names + "]                         # further names of this machine, like [\"pasokh.example.ir\"]\n"
         "threads = " + n(c.http_threads) + "\n\n"
         "[webhooks]\n"
         "hosts = [" + hosts + "]                         # the only ones that may be told of calls, like [\"crm.example.ir\"];\n"
         "                                     # \"private:10.0.0.5\": one inside, also over plain HTTP\n\n"
         "[mail]                               # scheduled reports and alarms\n"
         "host = " + quote(c.mail.host) + "                           # \"\": no mail is sent\n"
         "port = " + n(c.mail.port) + "\n"
         "security = " + quote(std::string(name_of(c.mail.security))) + "                # starttls, tls, or none (only inside this house)\n"
         "user = " + quote(c.mail.user) + "\n"
         "password_file = " + quote(c.mail.password_file) + "                  # its first line; a relative one stands below this folder\n"
         "from = " + quote(c.mail.from) + "                           # the sender's address\n"
         "authority = " + quote(c.mail.authority) + "                      # PEM of who vouches for the server; \"\": the system's\n\n"
         "[rtp]\n"
         "low = " + n(c.rtp_low) + "\n"
         "high = " + n(c.rtp_high) + "\n\n"
         "[media]\n"
         "workers = " + n(c.workers) + "                          # processes that carry the audio; one per core, at least 2\n\n"
         "[browser]                            # the browser as a phone\n"
         "port = " + n(c.browser_port) + "                         # UDP, the first media worker's; each further one has the next; 0: no browser phones\n"
         "addresses = [" + outside + "]                       # where browsers outside find it: [\"203.0.113.7\"], the router's public address\n"
         "turn = " + quote(c.browser_turn) + "                           # for networks without UDP: \"turns:HOST:443?transport=tcp\"\n"
         "turn_secret = " + quote(c.browser_turn_secret) + "                    # static-auth-secret of that server\n\n"
         "[paths]                              # relative ones stand below this folder\n"
         "captures = " + quote(c.captures) + "\n"
         "recordings = " + quote(c.recordings) + "\n"
         "prompts = " + quote(c.prompts) + "\n\n"
         "[limits]\n"
         "journal_reserve_mib = " + n(c.journal_reserve_mib) + "             # disk kept free so that calls in progress can end\n"
         "recording_stop_mib = " + n(c.recording_stop_mib) + "             # less free than this: recording stops, calls go on\n"
         "sip_requests_per_second = " + n(c.sip_requests_per_second) + "         # per address, from strangers\n"
         "http_requests_per_second = " + n(c.http_requests_per_second) + "       # per address\n"
         "new_calls_per_second = " + n(c.new_calls_per_second) + "              # from trunks; more are refused with 503. 0: no limit. Measured by: pasokh load\n\n"
         "[log]\n"
         "level = " + quote(c.log_level) + "                       # debug, info, warning or error\n";
}

Result<Listen> parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  const Trouble bad = trouble("address", "found \"" + std::string(text) + "\", expected ADDRESS:PORT, like 0.0.0.0:5060 or [::]:5060");
  if (colon == text.npos) return bad;
  std::string host(text.substr(0, colon));
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  else if (host.find(':') != host.npos) return bad;
  int port = -1;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc{} || stop != end || port < 0 || port > 65535 || !is_address(host)) return bad;
  return Listen{host, static_cast<std::uint16_t>(port)};
}

std::string listen_text(const Listen& l) {
  return (l.host.find(':') == l.host.npos ? l.host : "[" + l.host + "]") + ":" + std::to_string(l.port);
}

}  // namespace pasokh::app
