// The switchboard's side of browser phones: devices, places in workers, what a page says that the floor must know.
#include <algorithm>

#include "base/codec.h"
#include "media/certificate.h"
#include "switchboard/switchboard.h"

namespace pasokh::switchboard {

void Switchboard::page_attached(BrowserDesk::Page page, const std::string& device, const std::string& agent) { browsers_.attach(page, device, agent); }

void Switchboard::page_message(BrowserDesk::Page page, std::string_view json, Instant now) {
  browsers_.message(page, json, now, *this);
  settle(now);
}

void Switchboard::page_detached(BrowserDesk::Page page, Instant now) { browsers_.detach(page, now); }

// --- BrowserDesk::Out

void Switchboard::to_page(BrowserDesk::Page page, std::string json) { turn_.pages.push_back({page, std::move(json)}); }
void Switchboard::save_browser_leg(const BrowserLegRow& row) { put_row(storage::LiveKind::browser_leg, text(row.leg), to_bytes(row)); }
void Switchboard::drop_browser_leg(LegId leg) { put_row(storage::LiveKind::browser_leg, text(leg), std::nullopt); }

Result<DeviceId> Switchboard::browser_device(const std::string& named, const std::string& agent, Instant now) {
  if (setup_.browser.port == 0) return trouble("browser-phones-off", "this server has no port for browser phones; set [browser] port in pasokh.toml");
  const auto whose = floor_.agent(agent);
  if (!whose) return trouble("agent-unknown", "there is no agent \"" + agent + "\"");
  const auto user = named.empty() ? agent + "-web" : named;
  auto device = floor_.device(user);
  if (device && floor_.kind(device) != floor::DeviceKind::browser) return trouble("device-not-browser", "device \"" + user + "\" is a SIP phone");
  if (device && floor_.usual(device) != whose) return trouble("device-not-yours", "device \"" + user + "\" belongs to another agent");
  if (!device) {
    const auto made = handle(floor::Configure{"device", "add", user, {{"kind", "browser"}, {"agent", agent}}, "browser"}, now);
    if (made.refused) return *made.refused;
    device = floor_.device(user);
  }
  if (floor_.usual_device(whose).empty()) (void)handle(floor::Configure{"agent", "set", agent, {{"device", user}}, "browser"}, now);
  return device;
}

std::optional<sip::BrowserLocal> Switchboard::browser_media(LegId leg) {
  const auto found = legs_.find(leg);
  if (found == legs_.end() || setup_.browser.port == 0 || setup_.browser.addresses.empty()) return std::nullopt;
  const Leg& state = found->second;
  sip::BrowserLocal local;
  local.fingerprint = media::fingerprint_text(setup_.browser.fingerprint);
  for (const auto& ip : setup_.browser.addresses) local.candidates.push_back({ip, static_cast<std::uint16_t>(setup_.browser.port + state.worker)});
  // what the others in the call speak needs no translation
  for (const auto& [other, its] : legs_)
    if (other != leg && its.call == state.call && its.plan && its.plan->codec == sip::AudioCodec::pcmu) local.codecs = {sip::AudioCodec::pcmu, sip::AudioCodec::pcma};
  return local;
}

void Switchboard::browser_agreed(const BrowserLegRow& row) {
  const auto found = legs_.find(row.leg);
  if (found == legs_.end()) return;
  const bool begins_opus = row.peer && row.peer->send_opus && !(found->second.browser && found->second.browser->send_opus);
  if (begins_opus) log("info", "browser-opus", {{"leg", text(row.leg)}, {"why", "loss was measured at this seat"}});
  found->second.plan = row.plan;
  found->second.browser = row.peer;
  ++found->second.media_version;
  hear(row.leg, found->second.hearing);
}

void Switchboard::digits_to_far_end(LegId from, const std::string& digits) {
  for (const auto& [leg, state] : legs_)
    if (state.hearing.leg == from && state.opened) turn_.orders.push_back({state.worker, media::SendDigit{leg, digits}});
}

// --- orders of the floor

void Switchboard::dial_browser(const floor::DialLeg& e, Leg& state, Instant now) {
  const auto caller = identity(e);
  BrowserLegRow row;
  row.leg = e.leg;
  row.call = e.call;
  row.device = e.device;
  row.answers_itself = e.answers_itself;
  row.caller = caller.user;
  row.name = caller.name;
  row.queue = e.queue;
  row.worker = static_cast<std::uint32_t>(state.worker);
  if (!browsers_.dial(std::move(row), now, *this)) sip_events_.push_back(sip::LegEnded{e.leg, 480, "refused", false});
}

void Switchboard::tell_held(const floor::Event& event) {
  if (const auto* held = std::get_if<floor::CallHeld>(&event)) browsers_.hold(floor_.agent_leg(held->call), true, *this);
  if (const auto* resumed = std::get_if<floor::CallResumed>(&event)) browsers_.hold(floor_.agent_leg(resumed->call), false, *this);
}

// --- workers

void Switchboard::want_browser_socket(std::size_t worker) {
  if (!browser_socket_wanted_ || setup_.browser.port == 0) return;
  turn_.orders.push_back({worker, media::BrowserSocketWanted{static_cast<std::uint16_t>(setup_.browser.port + worker), setup_.browser.certificate}});
}

// The association died with its worker: only the page can begin a new one, so it is asked to.
void Switchboard::move_browser_leg(LegId leg, Leg& state, std::size_t worker) {
  state.worker = worker;
  browsers_.moved(leg, static_cast<std::uint32_t>(worker), *this);
}

void Switchboard::browser_leg_changed(const media::BrowserLegChanged& m, Instant) {
  const std::string leg = text(m.leg);
  switch (m.state) {
    case media::BrowserState::connected:
      log("info", "browser-connected", {{"leg", leg}, {"address", m.address}});
      return;
    case media::BrowserState::lost:
      log("warning", "browser-silent", {{"leg", leg}, {"why", m.why}});
      if (browsers_.page_is_there(m.leg)) browsers_.ask_for_media(m.leg, *this);
      else browsers_.failed(m.leg, 0, "lost", *this);
      return;
    case media::BrowserState::refused:
      log("warning", "browser-refused", {{"leg", leg}, {"why", m.why}});
      browsers_.failed(m.leg, 488, "refused", *this);
      return;
  }
}

// --- restart

void Switchboard::take_up_browser_legs(std::unordered_set<LegId>& known, Instant now) {
  for (const auto device : floor_.devices())
    if (floor_.kind(device) == floor::DeviceKind::browser) browsers_.wait_for_page(device, now);
  for (const auto& row : browsers_.rows()) {
    known.insert(row.leg);
    const auto call = floor_.call_of(row.leg);
    if (!call) continue;                           // resume() forgets it
    Leg state;
    state.call = call;
    state.worker = std::min<std::size_t>(row.worker, setup_.workers.size() - 1);
    state.plan = row.plan;
    state.browser = row.peer;
    state.is_browser = true;
    state.media_version = row.generation + 1;
    state.opened = state.is_ready();
    auto& pinned = call_worker_[call];
    pinned.first = state.worker;
    ++pinned.second;
    legs_.emplace(row.leg, std::move(state));
  }
}

}  // namespace pasokh::switchboard
