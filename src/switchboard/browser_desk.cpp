#include "switchboard/browser_desk.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>

#include "base/codec.h"
#include "base/json_text.h"

namespace pasokh::switchboard {
namespace {

constexpr Duration page_away = Duration::seconds(10);        // a reload takes 1-3 s, a lost network as long as it takes
constexpr Duration lossy_for = Duration::minutes(10);        // a seat with loss begins its next calls with Opus
constexpr Duration turn_pass_for = Duration::hours(24);
constexpr std::size_t longest_message = 2 * sip::longest_browser_offer, longest_tab = 64, digits_at_once = 64;
constexpr std::size_t ufrag_size = 12, password_size = 32;   // 72 and 192 bits (RFC 8445 §5.3 wants 24 and 128)
constexpr std::size_t figures_kept = 10'000;                 // of legs whose last word from the worker never came

// {"type":"phone.x","leg":"4"…: further members are put in by the caller, already as JSON
std::string words(std::string_view type, LegId leg, std::string_view more = {}) {
  std::string out = "{\"type\":\"phone.";
  out.append(type).append("\"");
  if (leg) out.append(",\"leg\":\"").append(text(leg)).append("\"");
  return out.append(more).append("}");
}

std::string member(std::string_view name, std::string_view value) {
  std::string out = ",\"";
  out.append(name).append("\":");
  append_json_string(out, value);
  return out;
}

std::string error(std::string_view code, std::string_view what, LegId leg = {}) { return words("error", leg, member("code", code) + member("text", what)); }

std::string decimal(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.1f", value);
  return digits;
}

double number_in(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (!value || !value->is_number()) return 0;
  const double number = value->to_number<double>();
  return std::isfinite(number) ? std::clamp(number, 0.0, 1e6) : 0;
}

std::string text_in(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool is_true(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value && value->is_bool() && value->get_bool();
}

}  // namespace

std::optional<BrowserDesk::Said> BrowserDesk::read(std::string_view json) {
  if (json.size() > longest_message) return std::nullopt;
  boost::json::error_code wrong;
  boost::json::parse_options options;
  options.max_depth = 8;
  const auto value = boost::json::parse({json.data(), json.size()}, wrong, {}, options);
  if (wrong || !value.is_object()) return std::nullopt;
  const auto& object = value.get_object();
  Said said;
  said.type = text_in(object, "type");
  said.sdp = text_in(object, "sdp");
  said.digits = text_in(object, "digits");
  said.tab = text_in(object, "tab").substr(0, longest_tab);
  said.take = is_true(object, "take");
  said.loss = number_in(object, "loss");
  said.jitter_ms = number_in(object, "jitter_ms");
  said.rtt_ms = number_in(object, "rtt_ms");
  for (const char c : text_in(object, "leg")) {
    if (c < '0' || c > '9' || said.leg.value > UINT64_MAX / 10 - 1) return std::nullopt;
    said.leg.value = said.leg.value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return said;
}

// --- pages

void BrowserDesk::attach(Page page, std::string device, std::string agent) { pages_[page] = {std::move(device), std::move(agent), {}}; }

void BrowserDesk::detach(Page page, Instant now) {
  const auto found = pages_.find(page);
  if (found == pages_.end()) return;
  if (auto seat = seats_.find(found->second.seat); seat != seats_.end() && seat->second.page == page) {
    seat->second.page = 0;
    seat->second.away_until = now + page_away;
  }
  pages_.erase(found);
}

void BrowserDesk::message(Page page, std::string_view json, Instant now, Out& out) {
  const auto found = pages_.find(page);
  if (found == pages_.end()) return;             // crossed with its end
  const auto said = read(json);
  if (!said) return out.to_page(page, error("message-bad", "not a message of a browser phone"));
  Seated& seated = found->second;
  if (said->type == "phone.register") return enrol(page, seated, *said, now, out);
  const auto seat = seats_.find(seated.seat);
  if (seat == seats_.end() || seat->second.page != page) return out.to_page(page, error("not-registered", "another page has this phone, or none; register first", said->leg));
  const auto leg = legs_.find(said->leg);
  if (leg == legs_.end() || leg->second.device != seated.seat) return out.to_page(page, words("stop", said->leg, member("why", "gone")));  // crossed
  BrowserLegRow& row = leg->second;
  if (said->type == "phone.accept" || said->type == "phone.resume") agree(page, row, *said, now, out);
  else if (said->type == "phone.reject") hang_up(row, row.up ? 0 : 603, row.up ? "bye" : "refused", out);
  else if (said->type == "phone.hangup") hang_up(row, row.up ? 0 : 603, row.up ? "bye" : "refused", out);
  else if (said->type == "phone.digits") take_digits(row, *said, out);
  else if (said->type == "phone.stats") take_figures(row, *said);
  else out.to_page(page, error("message-unknown", "this server does not know " + said->type.substr(0, 40), said->leg));
}

void BrowserDesk::enrol(Page page, Seated& seated, const Said& said, Instant now, Out& out) {
  const auto device = out.browser_device(seated.device, seated.agent, now);
  if (!device) return out.to_page(page, error(device.error().code, device.error().text));
  Seat& seat = seats_[*device];
  const bool is_same_tab = !said.tab.empty() && said.tab == seat.tab;
  if (seat.page && seat.page != page) {
    if (!said.take && !is_same_tab) return out.to_page(page, words("taken", {}));
    out.to_page(seat.page, words("taken", {}));
  }
  seat.page = page;
  seat.tab = said.tab;
  seat.away_until = Instant::never();
  seated.seat = *device;
  out.event(sip::DeviceReachability{*device, true, "browser"});
  std::string list;
  for (const auto& [id, row] : legs_) {
    if (row.device != *device) continue;
    list.append(list.empty() ? "" : ",").append("{\"leg\":\"").append(text(id)).append("\",\"call\":\"").append(text(row.call)).append("\"");
    list += member("state", row.up ? (row.held ? "held" : "talking") : "ringing") + member("caller", row.caller) + member("name", row.name) + member("queue", row.queue);
    list += member("since", rfc3339(row.since)) + (row.answers_itself && !row.up ? ",\"answer\":true}" : "}");
  }
  out.to_page(page, words("registered", {}, member("device", seated.device.empty() ? seated.agent + "-web" : seated.device) + ",\"legs\":[" + list + "]" + ice_servers(seated.agent, now)));
  for (const auto& [id, row] : legs_)
    if (row.device == *device && !row.up) {
      ring(row, page, out);
      out.event(sip::LegRinging{id});
    }
}

// Accept and resume are one thing: an offer, our answer with new names. An accept that comes again (its answer was lost with the
// connection) finds the leg up and is answered anew.
void BrowserDesk::agree(Page page, BrowserLegRow& row, const Said& said, Instant now, Out& out) {
  auto local = out.browser_media(row.leg);
  if (!local) {
    out.to_page(page, error("no-media", "the server has no port for browsers; it is told in the server's log", row.leg));
    return hang_up(row, 503, "refused", out);
  }
  ++row.generation;
  local->ufrag = name_for(row, "ufrag", ufrag_size);
  local->password = name_for(row, "password", password_size);
  local->session_id = row.leg.value;
  local->version = row.generation;
  const auto seat = seats_.find(row.device);
  const bool was_lossy = !row.up && seat != seats_.end() && seat->second.lossy_until > now && has_room_for_opus(row.worker);
  local->opus_first = was_lossy || (row.peer && row.peer->send_opus);
  auto answered = sip::answer_browser(said.sdp, *local);
  if (!answered) return out.to_page(page, error("offer-unusable", answered.error().reason, row.leg));
  row.plan = answered->plan;
  row.peer = media::BrowserPeer{local->ufrag, local->password, answered->peer_ufrag, answered->peer_fingerprint, answered->opus_payload, local->opus_first && answered->opus_payload >= 0};
  const bool is_new = !row.up;
  if (is_new) row.since = now;
  row.up = true;
  out.save_browser_leg(row);
  out.browser_agreed(row);
  out.to_page(page, words("answer", row.leg, member("sdp", answered->sdp)));
  if (row.held) out.to_page(page, words("held", row.leg, ",\"held\":true"));
  if (is_new) out.event(sip::LegAnswered{row.leg, *row.plan});
}

void BrowserDesk::hang_up(BrowserLegRow& row, int status, const char* cause, Out& out) {
  const LegId leg = row.leg;
  if (const Page page = page_of(row)) out.to_page(page, row.up ? words("bye", leg) : words("stop", leg, member("why", cause)));
  forget(leg, out);
  out.event(sip::LegEnded{leg, status, cause, true});
}

void BrowserDesk::take_digits(const BrowserLegRow& row, const Said& said, Out& out) {
  std::string digits;
  for (const char c : said.digits)
    if (digits.size() < digits_at_once && ((c >= '0' && c <= '9') || c == '*' || c == '#' || (c >= 'A' && c <= 'D'))) digits += c;
  if (row.up && !digits.empty()) out.digits_to_far_end(row.leg, digits);
}

void BrowserDesk::take_figures(const BrowserLegRow& row, const Said& said) {
  BrowserFigures& worst = figures_[row.leg];
  worst.loss_permille = std::max(worst.loss_permille, static_cast<std::int64_t>(std::min(said.loss, 100.0) * 10));
  worst.jitter_us = std::max(worst.jitter_us, static_cast<std::int64_t>(said.jitter_ms * 1000));
  worst.round_trip_us = std::max(worst.round_trip_us, static_cast<std::int64_t>(said.rtt_ms * 1000));
}

BrowserFigures BrowserDesk::take_figures(LegId leg) {
  auto node = figures_.extract(leg);
  while (figures_.size() > figures_kept) figures_.erase(figures_.begin());
  return node ? node.mapped() : BrowserFigures{};
}

void BrowserDesk::ring(const BrowserLegRow& row, Page page, Out& out) const {
  const auto more = member("call", text(row.call)) + member("caller", row.caller) + member("name", row.name) + member("queue", row.queue);
  out.to_page(page, words("ring", row.leg, more + (row.answers_itself ? ",\"answer\":true" : "")));
}

// A user and password that the TURN server can check and nobody can make: good for a day, named after the agent.
std::string BrowserDesk::ice_servers(const std::string& agent, Instant now) const {
  if (turn_.uri.empty()) return {};
  const auto user = std::to_string((now + turn_pass_for).us / 1'000'000) + ":" + agent;
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha1(), turn_.secret.data(), static_cast<int>(turn_.secret.size()), reinterpret_cast<const unsigned char*>(user.data()), user.size(), mac, &size);
  unsigned char password[2 * EVP_MAX_MD_SIZE];
  const int length = EVP_EncodeBlock(password, mac, static_cast<int>(size));
  std::string uri;
  append_json_string(uri, turn_.uri);
  return ",\"ice\":[{\"urls\":[" + uri + "]" + member("username", user) + member("credential", {reinterpret_cast<const char*>(password), static_cast<std::size_t>(length)}) + "}]";
}

BrowserDesk::Page BrowserDesk::page_of(const BrowserLegRow& row) const {
  const auto seat = seats_.find(row.device);
  return seat == seats_.end() ? 0 : seat->second.page;
}
bool BrowserDesk::page_is_there(LegId leg) const {
  const auto found = legs_.find(leg);
  return found != legs_.end() && page_of(found->second) != 0;
}

// RFC 8445 §5.3: not to be guessed, not used twice. From the secret, so that nothing here draws random numbers.
std::string BrowserDesk::name_for(const BrowserLegRow& row, std::string_view what, std::size_t size) const {
  static constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto about = std::string(what) + "|" + text(row.leg) + "|" + std::to_string(row.generation) + "|" + std::to_string(epoch_);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned mac_size = 0;
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), reinterpret_cast<const unsigned char*>(about.data()), about.size(), mac, &mac_size);
  std::string name;
  for (std::size_t i = 0; i < size && i < mac_size; ++i) name += letters[mac[i] & 63];
  return name;
}

// --- orders

bool BrowserDesk::dial(BrowserLegRow row, Instant now, Out& out) {
  const auto seat = seats_.find(row.device);
  if (seat == seats_.end() || (seat->second.page == 0 && seat->second.away_until <= now)) return false;
  if (row.generation == 0) row.since = now;
  const LegId leg = row.leg;
  const auto& kept = legs_.insert_or_assign(leg, std::move(row)).first->second;
  out.save_browser_leg(kept);
  if (!seat->second.page) return true;           // its page is on the way back: it will ring then
  ring(kept, seat->second.page, out);
  out.event(sip::LegRinging{leg});
  return true;
}

void BrowserDesk::end(LegId leg, std::string_view why, Out& out) {
  const auto found = legs_.find(leg);
  if (found == legs_.end()) return;
  if (const Page page = page_of(found->second)) out.to_page(page, found->second.up ? words("bye", leg) : words("stop", leg, member("why", why)));
  forget(leg, out);
}

void BrowserDesk::forget(LegId leg, Out& out) {
  legs_.erase(leg);
  before_.erase(leg);
  watches_.erase(leg);
  out.drop_browser_leg(leg);
}

void BrowserDesk::hold(LegId leg, bool held, Out& out) {
  const auto found = legs_.find(leg);
  if (found == legs_.end() || found->second.held == held) return;
  found->second.held = held;
  out.save_browser_leg(found->second);
  if (const Page page = page_of(found->second)) out.to_page(page, words("held", leg, held ? ",\"held\":true" : ",\"held\":false"));
}

void BrowserDesk::moved(LegId leg, std::uint32_t worker, Out& out) {
  const auto found = legs_.find(leg);
  if (found == legs_.end()) return;
  found->second.worker = worker;
  out.save_browser_leg(found->second);
  ask_for_media(leg, out);
}

void BrowserDesk::ask_for_media(LegId leg, Out& out) {
  const auto found = legs_.find(leg);
  if (found == legs_.end() || !found->second.up) return;
  if (const Page page = page_of(found->second)) out.to_page(page, words("restart", leg));
}

void BrowserDesk::failed(LegId leg, int status, std::string cause, Out& out) {
  const auto found = legs_.find(leg);
  if (found == legs_.end()) return;
  if (const Page page = page_of(found->second)) out.to_page(page, found->second.up ? words("bye", leg) : words("stop", leg, member("why", cause)));
  forget(leg, out);
  out.event(sip::LegEnded{leg, status, std::move(cause), true});
}

// What the network does to the voice, both ways, since the last look: up is what we miss of the browser's, down what it misses of ours.
void BrowserDesk::measured(const media::LegStatistics& now, Instant at, Out& out) {
  const auto found = legs_.find(now.leg);
  if (found == legs_.end()) return;
  BrowserLegRow& row = found->second;
  const auto before = std::exchange(before_[now.leg], now);
  if (watches_[now.leg].look(now) && row.peer) {
    if (auto seat = seats_.find(row.device); seat != seats_.end()) seat->second.lossy_until = at + lossy_for;
    const bool can = now.speaks_opus && row.peer->opus_payload >= 0 && !row.peer->send_opus;
    if (can && has_room_for_opus(row.worker)) speak_opus(row, out);
  }
  const auto percent = [](std::int64_t lost, std::int64_t of) { return lost <= 0 || of <= 0 ? 0.0 : std::min(100.0, 100.0 * static_cast<double>(lost) / static_cast<double>(of)); };
  const auto lost = now.lost - before.lost, lost_down = now.lost_on_way - before.lost_on_way;
  const Page page = page_of(row);
  if (!page) return;
  out.to_page(page, words("stats", now.leg, ",\"loss\":" + decimal(percent(lost, now.packets_in - before.packets_in + lost)) +
                                                ",\"loss_down\":" + decimal(percent(lost_down, now.sent_when_told - before.sent_when_told)) +
                                                ",\"jitter_ms\":" + decimal(static_cast<double>(now.jitter_us) / 1000) +
                                                ",\"rtt_ms\":" + decimal(static_cast<double>(now.round_trip_us) / 1000) +
                                                (row.peer && row.peer->send_opus ? ",\"codec\":\"opus\"" : ",\"codec\":\"g711\"")));
}

// Transcoding costs the worker's one thread: more than that many seats with loss, and the others stay with G.711.
bool BrowserDesk::has_room_for_opus(std::uint32_t worker) const {
  std::size_t legs = 0;
  for (const auto& [id, row] : legs_) legs += row.worker == worker && row.peer && row.peer->send_opus ? 1 : 0;
  return legs < LossWatch::most_opus_legs;
}

// The worker sends Opus from now on. The page puts it first in the answer that it has and takes that again: browsers send what stands
// first there, and take either at any time.
void BrowserDesk::speak_opus(BrowserLegRow& row, Out& out) {
  row.peer->send_opus = true;
  out.save_browser_leg(row);
  out.browser_agreed(row);
  if (const Page page = page_of(row)) out.to_page(page, words("codec", row.leg, ",\"codec\":\"opus\",\"payload\":" + std::to_string(row.peer->opus_payload)));
}

// --- restart and time

void BrowserDesk::restore(std::string_view bytes) {
  if (auto row = from_bytes<BrowserLegRow>(bytes)) legs_.insert_or_assign(row->leg, std::move(*row));
}

std::vector<BrowserLegRow> BrowserDesk::rows() const {
  std::vector<BrowserLegRow> out;
  for (const auto& [id, row] : legs_) out.push_back(row);
  return out;
}

void BrowserDesk::wait_for_page(DeviceId device, Instant now) {
  Seat& seat = seats_[device];
  if (!seat.page) seat.away_until = now + page_away;
}

// The seat of a page that does not come back is no place to ring. A leg that talks goes on as long as its sound does: the worker
// tells when that ends.
void BrowserDesk::on_timeout(Instant now, Out& out) {
  for (auto& [device, seat] : seats_) {
    if (seat.page || seat.away_until > now) continue;
    seat.away_until = Instant::never();
    out.event(sip::DeviceReachability{device, false, "browser"});
  }
  std::erase_if(seats_, [&](const auto& entry) { return !entry.second.page && entry.second.away_until == Instant::never(); });
}

Instant BrowserDesk::deadline() const {
  Instant first = Instant::never();
  for (const auto& [device, seat] : seats_)
    if (!seat.page) first = std::min(first, seat.away_until);
  return first;
}

}  // namespace pasokh::switchboard
