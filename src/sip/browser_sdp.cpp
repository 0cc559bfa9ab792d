#include "sip/browser_sdp.h"

#include <algorithm>
#include <optional>

#include "sip/grammar.h"

namespace pasokh::sip {

using namespace grammar;

namespace {

constexpr std::size_t most_media = 16, most_formats = 64, longest_line = 4'096, longest_mid = 64;
constexpr std::size_t fingerprint_bytes = 32;

struct Mapping { int payload = 0; std::string_view encoding; std::uint32_t clock = 0; };

// What stands at session level holds for every media line that does not say otherwise (RFC 8839 §4.4, RFC 8842 §5.1).
struct Transport {
  std::string_view ufrag, password, setup;
  std::string fingerprint;
};

struct Media {
  std::string_view type, protocol, mid;
  std::vector<std::string_view> formats;
  std::vector<Mapping> mappings;
  std::string_view direction;
  Transport transport;
  bool rtcp_mux = false, refused = false, bundle_only = false;
};

struct Offer {
  std::string_view direction;
  Transport transport;
  std::vector<Media> media;
};

SdpFault refusal(std::string reason, std::string offered = {}) { return {488, std::move(reason), std::move(offered)}; }

// --- reading

std::string_view next_word(std::string_view& text) {
  const auto end = text.find(' ');
  const auto first = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return first;
}

bool is_ice_text(std::string_view text, std::size_t least) {  // RFC 8839 §5.4: ice-char
  return text.size() >= least && text.size() <= 256 &&
         std::all_of(text.begin(), text.end(), [](char c) { return is(c, alpha | digit) || c == '+' || c == '/'; });
}

int hex_value(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

// sha-256 AB:CD:… ; "" for another hash, or what is none
std::string read_fingerprint(std::string_view text) {
  if (!same(next_word(text), "sha-256") || text.size() != 3 * fingerprint_bytes - 1) return {};
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const int high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high < 0 || low < 0 || (i + 2 < text.size() && text[i + 2] != ':')) return {};
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::optional<SdpFault> read_media(std::string_view text, Media& media) {
  media.type = next_word(text);
  const auto port = number(next_word(text), 65'535);
  media.protocol = next_word(text);
  if (!port || !some_and_all(media.type, token) || media.protocol.empty()) return refusal("malformed m= line");
  for (const char c : media.protocol)
    if (!is(c, token) && c != '/') return refusal("malformed m= line");
  media.refused = *port == 0;
  while (!text.empty()) {
    const auto format = next_word(text);
    if (format.empty()) continue;
    if (!all(format, token)) return refusal("malformed format in m=");
    if (media.formats.size() == most_formats) return refusal("more than 64 formats in m=");
    media.formats.push_back(format);
  }
  if (media.formats.empty()) return refusal("m= line without a format");
  return std::nullopt;
}

void read_rtpmap(std::string_view text, Media& media) {
  const auto payload = number(next_word(text), 127);
  const auto slash = text.find('/');
  if (!payload || slash == text.npos || media.mappings.size() == most_formats) return;
  const auto rest = text.substr(slash + 1);
  const auto clock = number(rest.substr(0, rest.find('/')), 1'000'000'000);
  if (clock) media.mappings.push_back({static_cast<int>(*payload), text.substr(0, slash), static_cast<std::uint32_t>(*clock)});
}

void read_attribute(std::string_view text, Offer& offer) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  const auto value = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  Media* media = offer.media.empty() ? nullptr : &offer.media.back();
  Transport& transport = media ? media->transport : offer.transport;
  if (name == "sendrecv" || name == "sendonly" || name == "recvonly" || name == "inactive") (media ? media->direction : offer.direction) = name;
  else if (name == "ice-ufrag") transport.ufrag = value;
  else if (name == "ice-pwd") transport.password = value;
  else if (name == "setup") transport.setup = value;
  else if (name == "fingerprint") { if (auto bytes = read_fingerprint(value); !bytes.empty()) transport.fingerprint = std::move(bytes); }
  else if (media && name == "mid") media->mid = value;
  else if (media && name == "rtcp-mux") media->rtcp_mux = true;
  else if (media && name == "bundle-only") media->bundle_only = true;
  else if (media && name == "rtpmap") read_rtpmap(value, *media);
}

Result<Offer, SdpFault> parse(std::string_view text) {
  if (text.size() > longest_browser_offer) return refusal("a description longer than 64 KiB");
  if (text.find('\0') != text.npos) return refusal("NUL in the description");
  Offer offer;
  bool first = true;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    if (line.size() > longest_line) return refusal("a line longer than 4 KiB");
    if (first && line != "v=0") return refusal("no v=0 line");
    first = false;
    if (line.size() < 2 || line[1] != '=') return refusal("a line without its type");
    if (line[0] == 'a') read_attribute(line.substr(2), offer);
    if (line[0] != 'm') continue;
    if (offer.media.size() == most_media) return refusal("more than 16 m= lines");
    if (auto fault = read_media(line.substr(2), offer.media.emplace_back())) return *std::move(fault);
  }
  if (offer.media.empty()) return refusal("no m= line");
  return offer;
}

// --- what both sides agree on

std::optional<Mapping> mapping_of(const Media& media, std::string_view format) {
  const auto payload = number(format, 127);
  if (!payload) return std::nullopt;
  for (const auto& mapping : media.mappings)
    if (mapping.payload == static_cast<int>(*payload)) return mapping;
  if (*payload == 0) return Mapping{0, "PCMU", 8000};
  if (*payload == 8) return Mapping{8, "PCMA", 8000};
  return std::nullopt;
}

std::optional<int> payload_of(const Media& media, std::string_view encoding, std::uint32_t clock = 8000) {
  for (const auto format : media.formats)
    if (const auto mapping = mapping_of(media, format); mapping && same(mapping->encoding, encoding) && mapping->clock == clock) return mapping->payload;
  return std::nullopt;
}

std::string names_of(const Media& media) {
  std::string names;
  for (const auto format : media.formats) {
    const auto mapping = mapping_of(media, format);
    if (!mapping || names.size() > 200) continue;
    names.append(names.empty() ? "" : ", ").append(mapping->encoding).append("/").append(std::to_string(mapping->clock));
  }
  return names;
}

bool is_wanted(const Media& media) { return media.type == "audio" && (!media.refused || media.bundle_only) && media.protocol.ends_with("TLS/RTP/SAVPF"); }

void inherit(Transport& transport, const Transport& session) {
  if (transport.ufrag.empty()) transport.ufrag = session.ufrag;
  if (transport.password.empty()) transport.password = session.password;
  if (transport.setup.empty()) transport.setup = session.setup;
  if (transport.fingerprint.empty()) transport.fingerprint = session.fingerprint;
}

std::optional<SdpFault> check(const Media& media) {
  const Transport& transport = media.transport;
  if (!is_ice_text(transport.ufrag, 4) || !is_ice_text(transport.password, 22)) return refusal("no ICE user fragment and password");
  if (transport.fingerprint.empty()) return refusal("no SHA-256 fingerprint of the browser's certificate");
  if (!transport.setup.empty() && transport.setup != "actpass" && transport.setup != "active") return refusal("the browser wants us to begin DTLS");  // RFC 8842 §5.3
  if (!media.rtcp_mux) return refusal("no rtcp-mux");
  if (media.mid.size() > longest_mid || !all(media.mid, token)) return refusal("malformed mid");
  return std::nullopt;
}

// --- writing

constexpr const char* line_end = "\r\n";
// RFC 7587 §6.1. Narrow band, since the other side of the call has no more; the rate leaves room for FEC at 25 % loss.
constexpr const char* opus_parameters = "useinbandfec=1;maxplaybackrate=8000;sprop-maxcapturerate=8000;maxaveragebitrate=24000";

std::string_view direction_back(bool send, bool receive) { return send ? (receive ? "sendrecv" : "sendonly") : receive ? "recvonly" : "inactive"; }
std::string_view family_of(std::string_view ip) { return ip.find(':') == ip.npos ? "IP4" : "IP6"; }

void append_connection(std::string& out, const Address& at) { out.append("c=IN ").append(family_of(at.ip)).append(" ").append(at.ip).append(line_end); }

void append_audio(std::string& out, const Media& media, const BrowserLocal& local, const MediaPlan& plan, int opus_payload) {
  const Address& first = local.candidates.front();
  const auto opus = std::to_string(opus_payload);
  const auto codec = std::to_string(plan.payload), name = std::string(plan.codec == AudioCodec::pcma ? "PCMA" : "PCMU"), events = std::to_string(plan.dtmf_payload);
  out.append("m=audio ").append(std::to_string(first.port)).append(" ").append(media.protocol);
  if (opus_payload >= 0 && local.opus_first) out.append(" ").append(opus);
  out.append(" ").append(codec);
  if (opus_payload >= 0 && !local.opus_first) out.append(" ").append(opus);
  if (plan.dtmf_payload >= 0) out.append(" ").append(events);
  out += line_end;
  append_connection(out, first);
  if (!media.mid.empty()) out.append("a=mid:").append(media.mid).append(line_end);
  out.append("a=").append(direction_back(plan.send, plan.receive)).append(line_end);
  out.append("a=rtpmap:").append(codec).append(" ").append(name).append("/8000").append(line_end);
  if (opus_payload >= 0) out.append("a=rtpmap:").append(opus).append(" opus/48000/2\r\na=fmtp:").append(opus).append(" ").append(opus_parameters).append(line_end);
  if (plan.dtmf_payload >= 0) out.append("a=rtpmap:").append(events).append(" telephone-event/8000\r\na=fmtp:").append(events).append(" 0-15\r\n");
  out.append("a=ptime:20\r\na=rtcp-mux\r\na=setup:passive\r\n");
  out.append("a=ice-ufrag:").append(local.ufrag).append("\r\na=ice-pwd:").append(local.password).append(line_end);
  out.append("a=fingerprint:sha-256 ").append(local.fingerprint).append(line_end);
  std::uint32_t place = 0;
  for (const auto& candidate : local.candidates) {  // RFC 8445 §5.1.2.1: host candidates, the first is the best
    const std::uint32_t priority = (126u << 24) | ((65'535u - place) << 8) | 255u;
    out.append("a=candidate:").append(std::to_string(++place)).append(" 1 udp ").append(std::to_string(priority)).append(" ").append(candidate.ip);
    out.append(" ").append(std::to_string(candidate.port)).append(" typ host\r\n");
  }
  out += "a=end-of-candidates\r\n";
}

void append_refused(std::string& out, const Media& media, const Address& at) {
  out.append("m=").append(media.type).append(" 0 ").append(media.protocol).append(" ").append(media.formats.front()).append(line_end);
  append_connection(out, at);
  if (!media.mid.empty() && media.mid.size() <= longest_mid && all(media.mid, token)) out.append("a=mid:").append(media.mid).append(line_end);
  out += "a=inactive\r\n";
}

}  // namespace

Result<BrowserAnswered, SdpFault> answer_browser(std::string_view text, const BrowserLocal& local) {
  TRY(offer, parse(text));
  const auto chosen = std::find_if(offer.media.begin(), offer.media.end(), is_wanted);
  if (chosen == offer.media.end()) return refusal("no audio over DTLS-SRTP was offered");
  inherit(chosen->transport, offer.transport);
  if (auto fault = check(*chosen)) return *std::move(fault);
  BrowserAnswered answered;
  MediaPlan& plan = answered.plan;
  bool found = false;
  for (const auto codec : local.codecs) {
    const auto payload = payload_of(*chosen, codec == AudioCodec::pcma ? "PCMA" : "PCMU");
    if (!payload || found) continue;
    plan.codec = codec;
    plan.payload = static_cast<std::uint8_t>(*payload);
    found = true;
  }
  if (!found) return refusal("no G.711 audio was offered", names_of(*chosen));
  plan.dtmf_payload = static_cast<std::int16_t>(payload_of(*chosen, "telephone-event").value_or(-1));
  plan.dtmf_in_band = plan.dtmf_payload < 0;
  answered.opus_payload = static_cast<std::int16_t>(payload_of(*chosen, "opus", 48'000).value_or(-1));
  const auto direction = chosen->direction.empty() ? offer.direction : chosen->direction;
  plan.send = direction.empty() || direction == "sendrecv" || direction == "recvonly";
  plan.receive = direction.empty() || direction == "sendrecv" || direction == "sendonly";
  answered.peer_ufrag = chosen->transport.ufrag;
  answered.peer_fingerprint = chosen->transport.fingerprint;

  const Address& first = local.candidates.front();
  std::string& out = answered.sdp;
  out.append("v=0\r\no=pasokh ").append(std::to_string(local.session_id)).append(" ").append(std::to_string(local.version));
  out.append(" IN ").append(family_of(first.ip)).append(" ").append(first.ip).append("\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n");
  if (!chosen->mid.empty()) out.append("a=group:BUNDLE ").append(chosen->mid).append(line_end);
  for (const auto& media : offer.media) {
    if (&media == &*chosen) append_audio(out, media, local, plan, answered.opus_payload);
    else append_refused(out, media, first);
  }
  return answered;
}

}  // namespace pasokh::sip
