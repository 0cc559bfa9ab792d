// Settings, as people and programs give them: checked here, kept as events.
#include <algorithm>

#include "floor/desk.h"
#include "floor/settings/parse.h"

namespace pasokh::floor {
namespace {

template <std::int32_t QueueSettings::*field, std::int64_t low, std::int64_t high>
bool take_count(QueueSettings& s, std::string_view v) {
  std::int64_t n = 0;
  if (!parse_int(v, low, high, n)) return false;
  s.*field = static_cast<std::int32_t>(n);
  return true;
}
template <Duration QueueSettings::*field, std::int64_t low_ms>
bool take_duration(QueueSettings& s, std::string_view v) {
  Duration d;
  if (!parse_duration(v, d) || d.ms() < low_ms) return false;
  s.*field = d;
  return true;
}
template <bool QueueSettings::*field>
bool take_yes_no(QueueSettings& s, std::string_view v) { return parse_yes_no(v, s.*field); }

template <std::string QueueSettings::*field>
bool take_guidance(QueueSettings& s, std::string_view v) { if (v.size() > 8'000) return false; s.*field = v; return true; }
bool take_overflow_queue(QueueSettings& s, std::string_view v) { if (!v.empty() && !is_code(v)) return false; s.overflow_queue = v; return true; }
bool take_overflow_number(QueueSettings& s, std::string_view v) { if (!v.empty() && !is_digits(v)) return false; s.overflow_number = v; return true; }
template <std::string QueueSettings::*field>
bool take_prompt(QueueSettings& s, std::string_view v) { if (!v.empty() && !is_code(v)) return false; s.*field = v; return true; }
bool take_music(QueueSettings& s, std::string_view v) { if (!is_code(v)) return false; s.music = v; return true; }

// Thresholds are kept as they are written: "" as the centre's, "off", or the value.
template <class Settings, std::string AlarmSettings::*field, std::int64_t low, std::int64_t high>
bool take_alarm_count(Settings& s, std::string_view v) {
  std::int64_t n = 0;
  if (!v.empty() && v != "off" && !parse_int(v, low, high, n)) return false;
  s.alarms.*field = v;
  return true;
}
template <class Settings, std::string AlarmSettings::*field, std::int64_t low_ms>
bool take_alarm_duration(Settings& s, std::string_view v) {
  Duration d;
  if (!v.empty() && v != "off" && (!parse_duration(v, d) || d.ms() < low_ms)) return false;
  s.alarms.*field = v;
  return true;
}

template <class Settings>
std::vector<Setting<Settings>> with_alarms(std::vector<Setting<Settings>> table) {
  using A = AlarmSettings;
  constexpr std::string_view per_cent = "per cent from 1 to 100, off, or nothing (the centre's)";
  for (const Setting<Settings>& row : std::initializer_list<Setting<Settings>>{
           {"alarm_longest_wait", "a duration from 1s to 24h, off, or nothing (the centre's)", take_alarm_duration<Settings, &A::longest_wait, 1'000>},
           {"alarm_waiting", "a number from 1 to 1000000, off, or nothing (the centre's)", take_alarm_count<Settings, &A::waiting, 1, 1'000'000>},
           {"alarm_service_level", per_cent, take_alarm_count<Settings, &A::service_level, 1, 100>},
           {"alarm_service_level_30", per_cent, take_alarm_count<Settings, &A::service_level_30, 1, 100>},
           {"alarm_free_agents", "a number from 0 to 100000, off, or nothing (the centre's)", take_alarm_count<Settings, &A::free_agents, 0, 100'000>},
           {"alarm_abandoned", per_cent, take_alarm_count<Settings, &A::abandoned, 1, 100>},
           {"alarm_after", "a duration from 0s to 24h, or nothing (the centre's)", take_alarm_duration<Settings, &A::after, 0>}})
    table.push_back(row);
  return table;
}

const std::vector<Setting<QueueSettings>> queue_table = with_alarms<QueueSettings>({
    {"strategy", "fair-share, longest-idle, round-robin, ring-all or fixed-order", [](QueueSettings& s, std::string_view v) { return from_name(v, s.strategy); }},
    {"priority", "a number from -100 to 100", take_count<&QueueSettings::priority, -100, 100>},
    {"ring", "a duration from 1s to 24h", take_duration<&QueueSettings::ring, 1000>},
    {"wrap_up", "a duration from 0s to 24h", take_duration<&QueueSettings::wrap_up, 0>},
    {"capacity", "a number from 0 to 1000000", take_count<&QueueSettings::capacity, 0, 1'000'000>},
    {"max_wait", "a duration from 1s to 24h", take_duration<&QueueSettings::max_wait, 1000>},
    {"overflow_queue", "the code of a queue, or nothing", take_overflow_queue},
    {"overflow_number", "digits that the outbound plan allows, or nothing", take_overflow_number},
    {"skills", "steps like 0s=persian:5+tech:2,30s=persian:1,60s= (rising times, at most 20)", [](QueueSettings& s, std::string_view v) { return parse_skill_steps(v, s.skills); }},
    {"service_level", "a duration from 1s to 24h", take_duration<&QueueSettings::service_level, 1000>},
    {"short_abandon", "a duration from 0s to 24h", take_duration<&QueueSettings::short_abandon, 0>},
    {"record", "yes or no", take_yes_no<&QueueSettings::record>},
    {"notice", "yes or no", take_yes_no<&QueueSettings::notice>},
    {"music", "a file name in prompts, default or none", take_music},
    {"greeting", "a prompt's name, or nothing", take_prompt<&QueueSettings::greeting>},
    {"announcement", "a prompt's name, or nothing", take_prompt<&QueueSettings::announcement>},
    {"announce_place", "yes or no", take_yes_no<&QueueSettings::announce_place>},
    {"announce_every", "a duration from 0s (only once) to 24h", take_duration<&QueueSettings::announce_every, 0>},
    {"language", "fa or en", [](QueueSettings& s, std::string_view v) { return from_name(v, s.language); }},
    {"report", "none, optional or required", [](QueueSettings& s, std::string_view v) { return from_name(v, s.report); }},
    {"guidance_fa", "a text of at most 8000 bytes", take_guidance<&QueueSettings::guidance_fa>},
    {"guidance_en", "a text of at most 8000 bytes", take_guidance<&QueueSettings::guidance_en>},
    {"retention_days", "a number from 0 (for ever) to 36500", take_count<&QueueSettings::retention_days, 0, 36'500>},
});

struct AgentText {                         // queues by code, until they are looked up
  AgentSettings settings;
  std::vector<std::pair<std::string, std::int32_t>> queues;
  bool queues_given = false;
};
bool take_queues(AgentText& a, std::string_view v) {  // support,sales or support:1,sales:2 (the order of fixed-order)
  a.queues.clear();
  a.queues_given = true;
  for (const auto part : split(v, ',')) {
    const auto colon = part.find(':');
    std::int64_t order = 0;
    if (colon != part.npos && !parse_int(part.substr(colon + 1), 0, 1'000'000, order)) return false;
    a.queues.emplace_back(part.substr(0, colon), static_cast<std::int32_t>(order));
  }
  return a.queues.size() <= 100;
}
const std::vector<Setting<AgentText>> agent_table{
    {"queues", "codes of at most 100 queues, like support,sales or support:1,sales:2 (fixed order)", take_queues},
    {"skills", "skills with levels 1-10, like persian:5,tech:3 (at most 20)", [](AgentText& a, std::string_view v) { return parse_skills(v, a.settings.skills); }},
    {"device", "the user of a device, or nothing", [](AgentText& a, std::string_view v) { if (!v.empty() && !is_code(v)) return false; a.settings.device = v; return true; }},
    {"number", "digits, or nothing", [](AgentText& a, std::string_view v) { if (!v.empty() && !is_digits(v)) return false; a.settings.number = v; return true; }},
};

bool take_closed(NumberSettings& s, std::string_view v) {
  const auto colon = v.find(':');
  const std::string_view what = v.substr(0, colon), to = colon == v.npos ? std::string_view() : v.substr(colon + 1);
  const bool allowed = colon == v.npos ? v.empty() || is_code(v) : what == "queue" ? is_code(to) : what == "number" && is_digits(to);
  if (allowed) s.closed = v;
  return allowed;
}

const std::vector<Setting<NumberSettings>> number_table{
    {"queue", "the code of a queue", [](NumberSettings& s, std::string_view v) { if (!is_code(v)) return false; s.queue = v; return true; }},
    {"language", "fa or en", [](NumberSettings& s, std::string_view v) { return from_name(v, s.language); }},
    {"hours", "the code of opening hours, or nothing", [](NumberSettings& s, std::string_view v) { if (!v.empty() && !is_code(v)) return false; s.hours = v; return true; }},
    {"closed", "a prompt's name, queue:CODE, number:DIGITS, or nothing", take_closed},
    {"emergency", "yes or no", [](NumberSettings& s, std::string_view v) { return parse_yes_no(v, s.emergency); }},
};

const std::vector<Setting<CentreSettings>> centre_table = with_alarms<CentreSettings>({
    {"ledger_limit", "a number from 1 to 1000 (calls)", [](CentreSettings& s, std::string_view v) { return parse_int(v, 1, 1000, s.ledger_limit); }},
    {"time_zone", "a time zone's name like Asia/Tehran", [](CentreSettings& s, std::string_view v) { if (v.empty() || v.size() > 64) return false; s.time_zone = v; return true; }},
    {"outbound", "rules like 021:trunk1,0:trunk2 (prefix:trunk, at most 200), or nothing", [](CentreSettings& s, std::string_view v) { return parse_outbound(v, s.outbound); }},
    {"max_calls", "a number from 0 (no limit) to 1000000", [](CentreSettings& s, std::string_view v) { std::int64_t n = 0; if (!parse_int(v, 0, 1'000'000, n)) return false; s.max_calls = static_cast<std::int32_t>(n); return true; }},
});

// What concerns the telephone side is carried to it as text; here it is only seen that it can be meant.
template <class Fits>
bool carry(TrunkSettings& s, const char* key, std::string_view value, Fits fits) {
  if (!value.empty() && !fits(value)) return false;
  s.other[key] = value;
  return true;
}

bool is_printable(std::string_view text) { return text.size() <= 255 && std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '"' || c == '<' || c == '>'; }); }
bool is_yes_or_no(std::string_view text) { bool ignored; return parse_yes_no(text, ignored); }
bool is_seconds(std::string_view text, std::int64_t low) {  // 30 or 30s
  if (!text.empty() && text.back() == 's') text.remove_suffix(1);
  std::int64_t n = 0;
  return parse_int(text, low, 86'400, n);
}

template <class Fits>
bool each_part(std::string_view text, Fits fits) {
  const auto parts = split(text, ',');
  return parts.size() <= 100 && std::all_of(parts.begin(), parts.end(), fits);
}

// 10.20.30.40, 10.20.30.0/24, 2001:db8::/32. Whether it is an address in full, the telephone side knows; a name is seen here.
bool is_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto ip = text.substr(0, slash);
  std::int64_t bits = 0, octet = 0;
  const bool v6 = ip.find(':') != ip.npos;
  if (slash != text.npos && !parse_int(text.substr(slash + 1), 0, v6 ? 128 : 32, bits)) return false;
  if (v6) return ip.find_first_not_of("0123456789abcdefABCDEF:.") == ip.npos;
  const auto octets = split(ip, '.');
  return octets.size() == 4 && ip.back() != '.' && std::all_of(octets.begin(), octets.end(), [&](std::string_view o) { return parse_int(o, 0, 255, octet); });
}

bool is_rewriting(std::string_view text) {
  const auto between = text.find_first_of(":>");
  auto prefix = text.substr(0, between);
  if (prefix.starts_with('^')) prefix.remove_prefix(1);
  const auto may_be_dialled = [](std::string_view part) { return part.empty() || part == "+" || is_code(part.front() == '+' ? part.substr(1) : part) || part.find_first_not_of("0123456789*#") == part.npos; };
  return between != text.npos && may_be_dialled(prefix) && may_be_dialled(text.substr(between + 1));
}

bool is_codec(std::string_view text) { return text == "pcma" || text == "pcmu"; }

template <const char* key> bool take_rewriting(TrunkSettings& s, std::string_view v) { return carry(s, key, v, [](std::string_view text) { return each_part(text, is_rewriting); }); }
template <const char* key> bool take_yes_no(TrunkSettings& s, std::string_view v) { return carry(s, key, v, is_yes_or_no); }
template <const char* key> bool take_word(TrunkSettings& s, std::string_view v) { return carry(s, key, v, is_printable); }
constexpr char in_called[] = "in_called", in_caller[] = "in_caller", out_called[] = "out_called", out_caller[] = "out_caller";
constexpr char registers[] = "register", national_numbers[] = "national_numbers", trust_identity[] = "trust_identity";
constexpr char host[] = "host", user[] = "user", realm[] = "realm";
constexpr std::string_view rewriting = "rules like 021:98021,0: (PREFIX:REPLACEMENT, the first that fits), or nothing";

const std::vector<Setting<TrunkSettings>> trunk_table{
    {"name", "a name", [](TrunkSettings& s, std::string_view v) { return carry(s, "name", v, [](std::string_view text) { return text.size() <= 255; }); }},
    {"host", "the carrier's address or host name", take_word<host>},
    {"port", "a port from 1 to 65535, or nothing", [](TrunkSettings& s, std::string_view v) { return carry(s, "port", v, [](std::string_view text) { std::int64_t n = 0; return parse_int(text, 1, 65'535, n); }); }},
    {"transport", "udp or tcp", [](TrunkSettings& s, std::string_view v) { return carry(s, "transport", v, [](std::string_view text) { return text == "udp" || text == "tcp"; }); }},
    {"networks", "addresses and networks like 10.20.30.40,10.20.31.0/24, or nothing", [](TrunkSettings& s, std::string_view v) { return carry(s, "networks", v, [](std::string_view text) { return each_part(text, is_network); }); }},
    {"max_channels", "a number from 0 (no limit) to 100000", [](TrunkSettings& s, std::string_view v) { std::int64_t n = 0; if (!parse_int(v, 0, 100'000, n)) return false; s.max_channels = static_cast<std::int32_t>(n); return true; }},
    {"user", "the name to register and authenticate with, or nothing", take_word<user>},
    {"realm", "the realm of the carrier's challenges, or nothing", take_word<realm>},
    {"register", "yes or no", take_yes_no<registers>},
    {"register_for", "seconds from 60 to 86400", [](TrunkSettings& s, std::string_view v) { return carry(s, "register_for", v, [](std::string_view text) { return is_seconds(text, 60); }); }},
    {"options_every", "seconds from 0 (no health check) to 86400", [](TrunkSettings& s, std::string_view v) { return carry(s, "options_every", v, [](std::string_view text) { return is_seconds(text, 0); }); }},
    {"codecs", "pcma,pcmu in the order of preference, or one of them", [](TrunkSettings& s, std::string_view v) { return carry(s, "codecs", v, [](std::string_view text) { return each_part(text, is_codec); }); }},
    {"dtmf", "rfc4733, info or inband", [](TrunkSettings& s, std::string_view v) { return carry(s, "dtmf", v, [](std::string_view text) { return text == "rfc4733" || text == "info" || text == "inband"; }); }},
    {"in_called", rewriting, take_rewriting<in_called>},
    {"in_caller", rewriting, take_rewriting<in_caller>},
    {"out_called", rewriting, take_rewriting<out_called>},
    {"out_caller", rewriting, take_rewriting<out_caller>},
    {"national_numbers", "yes or no", take_yes_no<national_numbers>},
    {"area_code", "digits like 021, or nothing", [](TrunkSettings& s, std::string_view v) { return carry(s, "area_code", v, is_digits); }},
    {"trust_identity", "yes or no", take_yes_no<trust_identity>},
};

// Whether a verb fits what is there; refuses when not.
bool verb_fits(Desk& desk, const Configure& c, bool exists) {
  if (c.verb != "add" && c.verb != "set" && c.verb != "remove") { desk.refuse("verb-unknown", "\"" + c.verb + "\" is not known; add, set and remove are."); return false; }
  if (c.verb == "add" && exists) { desk.refuse(c.noun + "-exists", std::string("There is ") + (c.noun == "agent" ? "an " : "a ") + c.noun + " \"" + c.code + "\" already; use set."); return false; }
  if (c.verb != "add" && !exists) { desk.refuse(c.noun + "-unknown", "There is no " + c.noun + " \"" + c.code + "\"."); return false; }
  return true;
}

template <class Settings>
bool take(Desk& desk, Settings& into, const std::vector<Setting<Settings>>& table, const Configure& c) {
  auto taken = take_settings(into, table, c.settings);
  if (!taken) desk.refuse(taken.error().code, taken.error().text);
  return taken.has_value();
}

bool valid_code(Desk& desk, const Configure& c) {
  if (is_code(c.code)) return true;
  desk.refuse("code-wrong", "\"" + c.code + "\" cannot be a " + c.noun + "'s code; 1-64 letters, digits, '-', '_' or '.' can.");
  return false;
}

void remove_queue(Desk& desk, QueueId id) {
  std::vector<CallId> waiting;
  for (const WaitKey& key : desk.state.queue(id).line) waiting.push_back(key.call);
  for (const CallId call : waiting) overflow_or_end(desk, call, Outcome::refused);  // never silently: each moves or ends by an event
  std::string numbers;
  for (const Number& n : desk.state.numbers)
    if (n.exists && n.settings.queue == desk.state.queue(id).code) numbers += (numbers.empty() ? "" : ", ") + n.digits;
  if (!numbers.empty()) desk.turn.reply = "{\"warning\":\"calls to " + numbers + " are refused from now on: the queue is gone; give the number another one\"}";
  desk.put(QueueRemoved{id});
}

void configure_queue(Desk& desk, const Configure& c) {
  const QueueId id{find_code(desk.state.queue_codes, c.code)};
  if (!verb_fits(desk, c, bool(id)) || !valid_code(desk, c)) return;
  if (c.verb == "remove") return remove_queue(desk, id);
  QueueSettings settings = id ? desk.state.queue(id).settings : QueueSettings{};
  if (!take(desk, settings, queue_table, c)) return;
  if (settings.overflow_queue == c.code) return desk.refuse("setting-wrong", "\"overflow_queue=" + c.code + "\" is the queue itself; name another queue.");
  if (!settings.overflow_queue.empty() && c.settings.contains("overflow_queue") && !find_code(desk.state.queue_codes, settings.overflow_queue))  // an import may name it before it comes
    desk.turn.reply = "{\"warning\":\"there is no queue " + settings.overflow_queue + " yet: until then nobody overflows to it\"}";
  desk.put(QueueSet{id ? id : QueueId{desk.state.last.queue + 1}, c.code, settings});
}

void remove_agent(Desk& desk, AgentId id) {
  const Agent& agent = desk.state.agent(id);
  if (agent.in_call()) return desk.refuse("agent-in-call", "Agent " + agent.code + " is in a call.");
  sign_out_now(desk, id, "");
  desk.put(AgentRemoved{id});
}

void configure_agent(Desk& desk, const Configure& c) {
  State& state = desk.state;
  const AgentId id{find_code(state.agent_codes, c.code)};
  if (!verb_fits(desk, c, bool(id)) || !valid_code(desk, c)) return;
  if (c.verb == "remove") return remove_agent(desk, id);
  AgentText given;
  if (id) given.settings = state.agent(id).settings;
  if (!take(desk, given, agent_table, c)) return;
  if (given.queues_given) {
    given.settings.queues.clear();
    for (const auto& [code, order] : given.queues) {
      const QueueId queue{find_code(state.queue_codes, code)};
      if (!queue) return desk.refuse("queue-unknown", "There is no queue \"" + code + "\" (setting queues).");
      const bool twice = std::any_of(given.settings.queues.begin(), given.settings.queues.end(), [&](const Membership& m) { return m.queue == queue; });
      if (twice) return desk.refuse("setting-wrong", "Queue \"" + code + "\" is named twice.");
      given.settings.queues.push_back({queue, order});
    }
  }
  const std::string& number = given.settings.number;
  if (const AgentId other{find_code(state.agent_numbers, number)}; other && other != id && !number.empty())
    return desk.refuse("number-taken", "Number " + number + " belongs to agent \"" + state.agent(other).code + "\".");
  desk.put(AgentSet{id ? id : AgentId{state.last.agent + 1}, c.code, given.settings});
}

struct DeviceText { std::string agent; bool given = false; DeviceKind kind = DeviceKind::phone; };
const std::vector<Setting<DeviceText>> device_table{
    {"agent", "the code of the agent who usually sits there, or nothing", [](DeviceText& d, std::string_view v) { d.agent = v; d.given = true; return true; }},
    {"kind", "phone (SIP) or browser", [](DeviceText& d, std::string_view v) { return from_name(v, d.kind); }},
};

void configure_device(Desk& desk, const Configure& c) {
  State& state = desk.state;
  const DeviceId id{find_code(state.device_codes, c.code)};
  if (!verb_fits(desk, c, bool(id)) || !valid_code(desk, c)) return;
  if (c.verb == "remove") {
    const Device& device = state.device(id);
    if (device.legs > 0) return desk.refuse("device-in-use", "Device " + c.code + " is in a call.");
    if (device.seated) sign_out_now(desk, AgentId(device.seated), "");
    return desk.put(DeviceRemoved{id});
  }
  DeviceText given;
  if (id) given.kind = state.device(id).kind;
  if (!take(desk, given, device_table, c)) return;
  if (id && given.kind != state.device(id).kind) return desk.refuse("setting-wrong", "A device keeps its kind; remove " + c.code + " and add it again.");
  AgentId usual = id ? state.device(id).usual : AgentId{};
  if (given.given) usual = AgentId{find_code(state.agent_codes, given.agent)};
  if (given.given && !given.agent.empty() && !usual) return desk.refuse("agent-unknown", "There is no agent \"" + given.agent + "\" (setting agent).");
  desk.put(DeviceSet{id ? id : DeviceId{state.last.device + 1}, c.code, usual, given.kind});
}

void configure_number(Desk& desk, const Configure& c) {
  State& state = desk.state;
  const NumberId id{find_code(state.number_codes, c.code)};
  if (!verb_fits(desk, c, bool(id))) return;
  if (!is_digits(c.code)) return desk.refuse("code-wrong", "\"" + c.code + "\" is not a number; 1-20 digits are.");
  if (c.verb == "remove") return desk.put(NumberRemoved{id});
  NumberSettings settings = id ? state.numbers[id.value - 1].settings : NumberSettings{};
  if (!take(desk, settings, number_table, c)) return;
  if (!find_code(state.queue_codes, settings.queue)) return desk.refuse("queue-unknown", "There is no queue \"" + settings.queue + "\" (setting queue).");
  if (!settings.hours.empty() && !state.hours.contains(settings.hours)) return desk.refuse("hours-unknown", "There are no opening hours \"" + settings.hours + "\" (setting hours).");
  if (settings.closed.starts_with("queue:") && !find_code(state.queue_codes, settings.closed.substr(6))) return desk.refuse("queue-unknown", "There is no queue \"" + settings.closed.substr(6) + "\" (setting closed).");
  desk.put(NumberSet{id ? id : NumberId{state.last.number + 1}, c.code, settings});
}

void configure_trunk(Desk& desk, const Configure& c) {
  State& state = desk.state;
  const TrunkId id{find_code(state.trunk_codes, c.code)};
  if (!verb_fits(desk, c, bool(id)) || !valid_code(desk, c)) return;
  if (c.verb == "remove") {
    const bool used = std::any_of(state.centre.outbound.begin(), state.centre.outbound.end(), [&](const OutboundRule& r) { return r.trunk == c.code; });
    if (used) return desk.refuse("trunk-in-use", "The outbound plan uses trunk \"" + c.code + "\"; change the plan first.");
    return desk.put(TrunkRemoved{id});
  }
  TrunkSettings settings = id ? state.trunks[id.value - 1].settings : TrunkSettings{};
  if (!take(desk, settings, trunk_table, c)) return;
  desk.put(TrunkSet{id ? id : TrunkId{state.last.trunk + 1}, c.code, settings});
}

void configure_centre(Desk& desk, const Configure& c) {
  if (c.verb != "set") return desk.refuse("verb-unknown", "The centre can only be set.");
  CentreSettings settings = desk.state.centre;
  if (!take(desk, settings, centre_table, c)) return;
  for (const OutboundRule& rule : settings.outbound)
    if (!find_code(desk.state.trunk_codes, rule.trunk)) return desk.refuse("trunk-unknown", "There is no trunk \"" + rule.trunk + "\" (setting outbound).");
  desk.put(CentreSet{settings});
}

struct HoursText { Timetable timetable; };
const std::vector<Setting<HoursText>> hours_table{
    {"openings", "times like 1774051200000000-1774080000000000,… (µs UTC, in order, at most 5000)", [](HoursText& h, std::string_view v) { return parse_openings(v, h.timetable.openings); }},
    {"known_until", "a time in µs UTC", [](HoursText& h, std::string_view v) { return parse_instant(v, h.timetable.known_until); }},
};

// Worked out by office/hours and handed in whole, by whoever keeps the hours; nobody types this.
void configure_hours(Desk& desk, const Configure& c) {
  const auto found = desk.state.hours.find(c.code);
  const bool exists = found != desk.state.hours.end();
  if (!valid_code(desk, c)) return;
  if (c.verb == "remove") {
    if (!exists) return desk.refuse("hours-unknown", "There are no opening hours \"" + c.code + "\".");
    for (const Number& number : desk.state.numbers)
      if (number.exists && number.settings.hours == c.code) return desk.refuse("hours-in-use", "Number " + number.digits + " uses these hours; change the number first.");
    return desk.put(HoursRemoved{c.code});
  }
  if (c.verb != "set") return desk.refuse("verb-unknown", "Opening hours are set or removed.");
  HoursText given;
  if (!take(desk, given, hours_table, c)) return;
  if (exists && found->second == given.timetable) return;
  desk.put(HoursSet{c.code, std::move(given.timetable)});
}

}  // namespace

void configure(Desk& desk, const Configure& stimulus) {
  if (stimulus.noun == "queue") configure_queue(desk, stimulus);
  else if (stimulus.noun == "agent") configure_agent(desk, stimulus);
  else if (stimulus.noun == "device") configure_device(desk, stimulus);
  else if (stimulus.noun == "number") configure_number(desk, stimulus);
  else if (stimulus.noun == "trunk") configure_trunk(desk, stimulus);
  else if (stimulus.noun == "centre") configure_centre(desk, stimulus);
  else if (stimulus.noun == "hours") configure_hours(desk, stimulus);
  else desk.refuse("noun-unknown", "\"" + stimulus.noun + "\" is not known; queue, agent, device, number, trunk, hours and centre are.");
}

}  // namespace pasokh::floor
