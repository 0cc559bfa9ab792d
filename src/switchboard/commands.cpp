// Commands from people and programs -> stimuli of the floor; secrets and names are taken out before the floor sees them.
#include "switchboard/commands.h"

#include "base/json_text.h"
#include "sip/digest.h"
#include "switchboard/switchboard.h"

namespace pasokh::switchboard {
namespace {

Reply refused(const Trouble& trouble) { return {false, trouble.code, trouble.text, {}}; }
Reply refused(std::string code, std::string text) { return {false, std::move(code), std::move(text), {}}; }

std::string setting(const Command& command, const std::string& key) {
  auto found = command.settings.find(key);
  return found == command.settings.end() ? std::string() : found->second;
}

// What a guesser tries first. Empty: not that.
std::string guessable(std::string_view user, std::string_view password) {
  if (password.size() < 8) return "shorter than 8 characters";
  if (password == user) return "the user's own name";
  if (password.find_first_not_of(password.front()) == password.npos) return "one character over and over";
  if (password.size() < 12 && password.find_first_not_of("0123456789") == password.npos) return "digits only";
  return {};
}

std::string with_warning(std::string json, const std::string& warning) {
  if (json.empty()) json = "{}";
  return json.substr(0, json.size() - 1) + (json.size() > 2 ? "," : "") + "\"warning\":" + json_text(warning) + "}";
}

CallId call_id(const std::string& text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || value > UINT64_MAX / 10 - 1) return {};
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return {value};
}

}  // namespace

void Switchboard::command(const Commands& commands, std::function<void(Reply)> done, Instant now) {
  Reply reply;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    reply = apply(commands[i], now);
    if (reply.ok) continue;
    if (commands.size() > 1) reply.json = "{\"index\":" + std::to_string(i) + "}";
    break;
  }
  settle(now);
  turn_.answers.push_back({std::move(done), std::move(reply)});
}

Reply Switchboard::apply(const Command& command, Instant now) {
  const auto& [noun, verb, target, settings, by] = command;
  auto run = [&](const floor::Stimulus& stimulus) -> Reply {
    auto turn = handle(stimulus, now);
    if (turn.refused) return refused(*turn.refused);
    return {true, {}, {}, turn.reply.empty() ? "{}" : turn.reply};
  };
  auto to_party = [&] { return new_party(setting(command, "number"), {}); };

  if (verb == "list") return {true, {}, {}, list(noun, now)};
  if (noun == "centre" && verb == "health") return {true, {}, {}, health(now)};
  if (noun == "centre" && verb == "metrics") return {true, {}, {}, metrics()};
  if (verb == "add" || verb == "set" || verb == "remove") return configure(command, now);
  if (noun == "agent") {
    if (verb == "ready" && settings.contains("device")) return run(floor::SignIn{target, setting(command, "device"), by});
    if (verb == "ready") return run(floor::SetReady{target, by});
    if (verb == "pause") return run(floor::SetPaused{target, setting(command, "reason"), by});
    if (verb == "out") return run(floor::SignOut{target, by});
    if (verb == "hold" || verb == "resume") return run(floor::Hold{target, by, verb == "hold"});
    if (verb == "transfer" || verb == "consult") {
      floor::Transfer transfer{target, setting(command, "agent"), setting(command, "queue"), setting(command, "number"),
                               verb == "consult" ? floor::TransferKind::consult : floor::TransferKind::blind, by};
      if (!transfer.to_number.empty()) transfer.party = to_party();
      return run(transfer);
    }
    if (verb == "complete") return run(floor::CompleteTransfer{target, by});
    if (verb == "cancel") return run(floor::CancelConsult{target, by});
    if (verb == "dial") {
      floor::PlaceCall place{target, setting(command, "number"), {}, by};
      place.party = to_party();
      return run(place);
    }
    if (verb == "hangup") return run(floor::HangUp{{}, target, by});
    if (verb == "report") return run(floor::CompleteReport{target, call_id(setting(command, "call")), by});
    if (verb == "release") return run(floor::ReleaseReport{target, by});
  }
  if (noun == "call") {
    const auto call = call_id(target);
    if (!call) return refused("call-unknown", "\"" + target + "\" is no call id; `pasokh call list` shows the live ones");
    if (verb == "give") return run(floor::GiveCall{call, setting(command, "agent"), by});
    if (verb == "hangup") return run(floor::HangUp{call, {}, by});
  }
  return refused("command-unknown", "there is no \"" + noun + " " + verb + "\"; see `pasokh " + noun + " --help`");
}

// Passwords and names of people never reach the floor or the journal: they stand in rows that can be erased.
Reply Switchboard::configure(const Command& command, Instant now) {
  auto settings = command.settings;
  auto take = [&](const std::string& key) -> std::optional<std::string> {
    auto node = settings.extract(key);
    return node ? std::optional(node.mapped()) : std::nullopt;
  };
  const bool has_secret = command.noun == "device" || command.noun == "trunk";
  const auto password = has_secret ? take("password") : std::nullopt;
  const auto name = command.noun != "trunk" && command.noun != "centre" ? take("name") : std::nullopt;

  if (password && password->find_first_of("\r\n") != std::string::npos) return refused("password-bad", "a password cannot hold line breaks");
  // the secret goes first: SettingsChanged makes sip read it
  const auto secret_kind = command.noun == "device" ? storage::LiveKind::device_secret : storage::LiveKind::trunk_secret;
  const auto secret_key = std::pair(secret_kind, command.target);
  std::optional<std::string> before;
  if (auto found = secrets_.find(secret_key); found != secrets_.end()) before = found->second;
  if (password) {
    secrets_[secret_key] = command.noun == "trunk" ? *password
        : sip::ha1(sip::DigestAlgorithm::md5, command.target, setup_.sip.realm, *password) + " " + sip::ha1(sip::DigestAlgorithm::sha256, command.target, setup_.sip.realm, *password);
  }
  const auto turn = handle(floor::Configure{command.noun, command.verb, command.target, settings, command.by}, now);
  if (turn.refused) {
    if (password) { if (before) secrets_[secret_key] = *before; else secrets_.erase(secret_key); }
    return refused(*turn.refused);
  }
  if (password) put_row(secret_kind, command.target, secrets_[secret_key]);
  if (name) put_name(command.noun + ":" + command.target, *name);
  if (command.verb == "remove") {
    if (has_secret) { secrets_.erase(secret_key); put_row(secret_kind, command.target, std::nullopt); }
    put_name(command.noun + ":" + command.target, std::nullopt);
  }
  auto json = turn.reply.empty() ? "{}" : turn.reply;
  if (const auto why = password && command.noun == "device" ? guessable(command.target, *password) : ""; !why.empty())
    json = with_warning(std::move(json), "the password of " + command.target + " is " + why + ": whoever guesses it calls at your cost; `openssl rand -base64 12` makes a good one");
  return {true, {}, {}, std::move(json)};
}

void Switchboard::put_name(std::string key, std::optional<std::string> name) {
  if (name) names_[key] = *name;
  else names_.erase(key);
  put_row(storage::LiveKind::person_name, std::move(key), std::move(name));
}

// Names stand outside the floor and the journal, so that they can be forgotten; lists show them.
std::string Switchboard::with_names(std::string json, const std::string& noun) const {
  if (names_.empty() || json.empty() || json.front() != '[') return json;
  const std::string mark = "{\"" + noun + "\":\"";
  std::string out;
  std::size_t done = 0;
  for (auto at = json.find(mark); at != json.npos; at = json.find(mark, at + 1)) {
    const auto from = at + mark.size(), to = json.find('"', from);
    const auto name = names_.find(noun + ":" + json.substr(from, to - from));
    out.append(json, done, to + 1 - done).append(",\"name\":").append(json_text(name == names_.end() ? std::string() : name->second));
    done = to + 1;
  }
  return out.append(json, done);
}

// Live calls name their caller by party id; whoever may list calls may see the number.
std::string Switchboard::list(const std::string& noun, Instant now) const {
  auto json = floor_.list(noun, now);
  if (noun != "call") return with_names(std::move(json), noun);
  constexpr std::string_view mark = "\"caller_party\":\"";
  for (auto at = json.find(mark); at != json.npos; at = json.find(mark, at + 1)) {
    const auto from = at + mark.size(), to = json.find('"', from);
    const auto party = party_text({call_id(json.substr(from, to - from)).value});
    const auto caller = "\"caller\":" + json_text(party.substr(0, party.find('\n'))) + ",";
    json.insert(at, caller);
    at += caller.size();
  }
  return json;
}

std::string Switchboard::health(Instant now) const {
  const auto counters = endpoint_.counters();
  std::string out = "{\"status\":\"ok\",\"at\":" + json_text(now) + ",\"calls\":" + std::to_string(floor_.live_calls()) + ",\"legs\":" + std::to_string(legs_.size()) +
                    ",\"registered\":" + std::to_string(counters.bindings) + ",\"journal\":\"" + std::to_string(last_seq_) + "\",\"media_workers\":[";
  for (std::size_t i = 0; i < worker_alive_.size(); ++i)
    out += std::string(i ? "," : "") + "{\"up\":" + (worker_alive_[i] ? "true" : "false") + ",\"ports_in_use\":" + std::to_string(setup_.workers[i].in_use()) + "}";
  return out + "]}";
}

std::string Switchboard::metrics() const {
  const auto c = endpoint_.counters();
  std::string out;
  auto add = [&](std::string_view name, std::string_view type, std::uint64_t value) {
    out += "# TYPE pasokh_" + std::string(name) + " " + std::string(type) + "\npasokh_" + std::string(name) + " " + std::to_string(value) + "\n";
  };
  add("live_calls", "gauge", floor_.live_calls());
  add("live_legs", "gauge", legs_.size());
  add("captures_open", "gauge", captures_.size());
  add("journal_events_total", "counter", events_total_);
  add("journal_sequence", "counter", last_seq_);
  add("turns_total", "counter", turns_total_);
  add("sip_messages_received_total", "counter", c.received);
  add("sip_messages_malformed_total", "counter", c.malformed);
  add("sip_refused_by_rate_total", "counter", c.refused_rate);
  add("sip_not_admitted_total", "counter", c.not_admitted);
  add("sip_retransmissions_received_total", "counter", c.retransmissions_in);
  add("sip_retransmissions_sent_total", "counter", c.retransmissions_out);
  add("sip_authentication_failures_total", "counter", c.auth_failures);
  add("sip_transactions", "gauge", c.transactions);
  add("sip_bindings", "gauge", c.bindings);
  return out;
}

}  // namespace pasokh::switchboard
