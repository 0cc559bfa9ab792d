// Coming back after a stop of any kind: settings from the floor, dialogs and bindings from their rows, then both sides are
// laid against each other. What only one side knows is ended, and said.
#include <algorithm>

#include "base/json_text.h"
#include "switchboard/switchboard.h"

namespace pasokh::switchboard {
namespace {

constexpr std::string_view closing_mark = "closing-capture:";

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    auto end = text.find(',');
    auto word = text.substr(0, end);
    while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
    while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
    if (!word.empty()) out.emplace_back(word);
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

// "021:98021,0:" : PREFIX:REPLACEMENT, the first that fits ('>' between them is taken too)
std::vector<sip::RewriteRule> rules(std::string_view text) {
  std::vector<sip::RewriteRule> out;
  for (const auto& word : words(text)) {
    const auto between = word.find_first_of(":>");
    if (between != word.npos) out.push_back({word.substr(0, between), word.substr(between + 1)});
  }
  return out;
}

std::vector<sip::AudioCodec> codecs(std::string_view text) {
  std::vector<sip::AudioCodec> out;
  for (const auto& word : words(text))
    if (sip::AudioCodec codec{}; from_name(word, codec)) out.push_back(codec);
  if (out.empty()) out = {sip::AudioCodec::pcma, sip::AudioCodec::pcmu};
  return out;
}

bool is_yes(std::string_view text) { return text == "yes" || text == "true" || text == "on" || text == "1"; }
bool is_no(std::string_view text) { return text == "no" || text == "false" || text == "off" || text == "0"; }

std::int64_t seconds(const std::string& text, std::int64_t otherwise) {
  if (text.empty()) return otherwise;
  return std::strtoll(text.c_str(), nullptr, 10);
}

}  // namespace

void Switchboard::restore_row(storage::LiveKind kind, std::string_view key, std::string_view value, Instant now) {
  switch (kind) {
    case storage::LiveKind::sip_leg: case storage::LiveKind::sip_binding: case storage::LiveKind::sip_trunk: case storage::LiveKind::sip_other:
      endpoint_.restore(static_cast<sip::RowKind>(kind), key, value, now);
      return;
    case storage::LiveKind::device_secret: case storage::LiveKind::trunk_secret:
      secrets_[{kind, std::string(key)}] = std::string(value);
      return;
    case storage::LiveKind::media_leg:
      media_versions_[{std::strtoull(std::string(key).c_str(), nullptr, 10)}] = static_cast<std::uint32_t>(std::strtoul(std::string(value).c_str(), nullptr, 10));
      return;
    case storage::LiveKind::setting:
      if (key.starts_with(closing_mark)) {
        char* rest = nullptr;
        const std::string capture(key.substr(closing_mark.size())), told(value);
        Closing closing;
        closing.call = {std::strtoull(told.c_str(), &rest, 10)};
        closing.worker = std::strtoull(rest, nullptr, 10);
        captures_closing_.emplace(CaptureId{std::strtoull(capture.c_str(), nullptr, 10)}, std::move(closing));
      }
      return;
    case storage::LiveKind::person_name:
      names_[std::string(key)] = std::string(value);
      return;
    case storage::LiveKind::browser_leg: browsers_.restore(value); return;
    case storage::LiveKind::party: case storage::LiveKind::recording_key:
      return;  // read when needed
  }
}

void Switchboard::load_device(std::string_view user) {
  const auto device = floor_.device(user);
  if (!device) {  // removed
    if (auto known = known_devices_.find(user); known != known_devices_.end()) { endpoint_.remove_device(known->second); known_devices_.erase(known); }
    return;
  }
  known_devices_[std::string(user)] = device;
  if (floor_.kind(device) == floor::DeviceKind::browser) {  // nobody registers it by SIP
    if (std::exchange(browser_socket_wanted_, true)) return;
    for (std::size_t i = 0; i < worker_alive_.size(); ++i)
      if (worker_alive_[i]) want_browser_socket(i);
    return;
  }
  sip::DeviceConfig config{device, std::string(user), {}, {}};
  if (auto found = secrets_.find({storage::LiveKind::device_secret, std::string(user)}); found != secrets_.end()) {
    const auto space = found->second.find(' ');
    config.ha1_md5 = found->second.substr(0, space);
    if (space != std::string::npos) config.ha1_sha256 = found->second.substr(space + 1);
  }
  endpoint_.set_device(config);
}

void Switchboard::load_trunk(std::string_view code, Instant now) {
  const auto trunk = floor_.trunk(code);
  const auto* settings = trunk ? floor_.settings(trunk) : nullptr;
  if (!settings) {  // removed
    if (auto known = known_trunks_.find(code); known != known_trunks_.end()) { endpoint_.remove_trunk(known->second, now, *this); known_trunks_.erase(known); }
    return;
  }
  known_trunks_[std::string(code)] = trunk;
  auto get = [&](const char* key) {
    auto found = settings->other.find(key);
    return found == settings->other.end() ? std::string() : found->second;
  };
  sip::TrunkConfig config;
  config.trunk = trunk;
  config.code = std::string(code);
  config.networks = words(get("networks"));
  config.host = get("host");
  config.registers = is_yes(get("register"));
  config.user = get("user");
  config.realm = get("realm");
  if (auto found = secrets_.find({storage::LiveKind::trunk_secret, std::string(code)}); found != secrets_.end()) config.password = found->second;
  config.in_called = rules(get("in_called"));
  config.in_caller = rules(get("in_caller"));
  config.out_called = rules(get("out_called"));
  config.out_caller = rules(get("out_caller"));
  config.national_numbers = !is_no(get("national_numbers"));
  config.area_code = get("area_code");
  config.codecs = codecs(get("codecs"));
  if (!get("dtmf").empty()) config.dtmf = get("dtmf");
  config.trust_identity = !is_no(get("trust_identity"));
  config.options_every = Duration::seconds(seconds(get("options_every"), 30));
  config.register_for = Duration::seconds(seconds(get("register_for"), 600));
  if (config.host.empty()) {
    config.options_every = {};  // known by its networks alone: there is nobody to ask
  } else {
    const auto transport = get("transport") == "tcp" ? sip::Transport::tcp : sip::Transport::udp;
    const auto port = static_cast<std::uint16_t>(seconds(get("port"), 0));
    if (auto found = resolved_.find(code); found != resolved_.end()) config.targets = found->second;
    else if (setup_.hooks.resolve) setup_.hooks.resolve(std::string(code), config.host, port, transport);
  }
  for (const auto& target : config.targets) config.networks.push_back(target.remote.ip);
  endpoint_.set_trunk(config, now, *this);
}

void Switchboard::resolved(const std::string& trunk_code, std::vector<sip::Flow> targets, Instant now) {
  auto& known = resolved_[trunk_code];
  if (known == targets) return;
  known = std::move(targets);
  if (known.empty()) log("warning", "trunk-unresolved", {{"trunk", trunk_code}, {"do", "check the trunk's host name and the name servers"}});
  load_trunk(trunk_code, now);
  settle(now);
}

void Switchboard::load_settings(Instant now) {
  for (const auto device : floor_.devices()) load_device(floor_.code(device));
  for (const auto trunk : floor_.trunks()) load_trunk(std::string(floor_.code(trunk)), now);
}

void Switchboard::resume(Instant now) {
  load_settings(now);
  // legs that the telephone side still has: their ports are in use, their media goes on
  std::unordered_set<LegId> at_sip;
  for (const auto& info : endpoint_.legs()) {
    at_sip.insert(info.leg);
    const auto call = floor_.call_of(info.leg);
    if (!call || info.local.port == 0) continue;
    Leg state;
    state.call = call;
    state.port = info.local.port;
    state.plan = info.media;
    state.opened = true;
    state.heard = true;  // a worker tells that once, perhaps to the control before: better one question too many than a dead phone's call for ever
    state.worker = 0;
    for (std::size_t i = 0; i < setup_.workers.size(); ++i)
      if (setup_.workers[i].owns(state.port)) state.worker = i;
    setup_.workers[state.worker].keep(state.port);
    if (auto found = media_versions_.find(info.leg); found != media_versions_.end()) state.media_version = found->second;
    auto& pinned = call_worker_[call];
    pinned.first = state.worker;
    ++pinned.second;
    legs_.emplace(info.leg, std::move(state));
  }
  media_versions_.clear();
  take_up_browser_legs(at_sip, now);

  std::vector<LegId> lost;
  std::vector<floor::DialLeg> redial;
  std::unordered_set<LegId> at_floor;
  for (const auto& wish : floor_.leg_wishes()) {
    at_floor.insert(wish.leg);
    if (auto found = legs_.find(wish.leg); found != legs_.end()) found->second.hearing = wish.hearing;
    if (at_sip.contains(wish.leg)) continue;
    if (wish.state == floor::LegWish::State::dialling) redial.push_back(wish.dial);
    else lost.push_back(wish.leg);
  }
  std::vector<LegId> unknown;
  for (const auto leg : at_sip)
    if (!at_floor.contains(leg)) unknown.push_back(leg);
  std::sort(unknown.begin(), unknown.end());

  for (const auto& wish : floor_.record_wishes()) {
    Capture capture;
    capture.call = wish.call;
    capture.customer = wish.customer;
    capture.agent = wish.agent;
    capture.wrapped_key = setup_.hooks.live_row(storage::LiveKind::recording_key, text(wish.capture));
    capture.key = setup_.hooks.unwrap_recording_key(wish.capture, capture.wrapped_key);
    if (auto pinned = call_worker_.find(wish.call); pinned != call_worker_.end()) capture.worker = pinned->second.first;
    captures_.emplace(wish.capture, std::move(capture));
    for (const auto& [leg, is_agent] : {std::pair(wish.customer, false), std::pair(wish.agent, true)})
      if (auto found = legs_.find(leg); found != legs_.end()) { found->second.capture = wish.capture; found->second.capture_is_agent = is_agent; }
  }
  // captures whose end was decided, but whose worker may not have heard it
  for (auto& [capture, closing] : captures_closing_) {
    closing.again = true;
    closing.worker = std::min(closing.worker, setup_.workers.size() - 1);
    closing.wrapped_key = setup_.hooks.live_row(storage::LiveKind::recording_key, text(capture));  // worker_up sends the order again
  }

  endpoint_.resume(now, *this);
  settle(now);
  for (const auto leg : unknown) {
    if (browsers_.has(leg)) browsers_.forget(leg, *this);
    else endpoint_.end(leg, now, *this);
  }
  settle(now);
  for (const auto& order : redial)
    if (!legs_.contains(order.leg)) dial(order, now);
  settle(now);
  for (const auto leg : lost) stimulate(floor::LegGone{leg, floor::EndCause::lost}, now);
  stimulate(floor::Restarted{}, now);
  settle(now);
  if (!at_floor.empty() || !unknown.empty())
    log("info", "calls-taken-up", {{"legs", std::to_string(legs_.size())}, {"lost", std::to_string(lost.size())}, {"dialled_again", std::to_string(redial.size())}, {"ended_unknown", std::to_string(unknown.size())}});
}

void Switchboard::hang_up_all(Instant now) {
  endpoint_.set_overload(true, "stopping");
  std::vector<CallId> calls;
  for (const auto& [leg, state] : legs_)
    if (std::find(calls.begin(), calls.end(), state.call) == calls.end()) calls.push_back(state.call);
  std::sort(calls.begin(), calls.end());
  for (const auto call : calls) stimulate(floor::HangUp{call, {}, "stop"}, now);
  settle(now);
}

}  // namespace pasokh::switchboard
