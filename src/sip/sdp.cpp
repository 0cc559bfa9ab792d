#include "sip/sdp.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "sip/grammar.h"

namespace pasokh::sip {

using namespace grammar;

namespace {

constexpr std::size_t most_media = 16, most_formats = 64, longest_line = 1'024, longest_offered = 256;
constexpr int dynamic_event = 101;  // the payload that we offer telephone-event with
constexpr std::uint16_t usual_ptime = 20, least_ptime = 10, greatest_ptime = 60;

enum class Direction : std::uint8_t { sendrecv, sendonly, recvonly, inactive };

constexpr std::string_view direction_name(Direction direction) {
  switch (direction) {
    case Direction::sendrecv: return "sendrecv";
    case Direction::sendonly: return "sendonly";
    case Direction::recvonly: return "recvonly";
    case Direction::inactive: return "inactive";
  }
  return "inactive";
}
constexpr bool sends(Direction d) { return d == Direction::sendrecv || d == Direction::sendonly; }
constexpr bool receives(Direction d) { return d == Direction::sendrecv || d == Direction::recvonly; }
constexpr Direction direction_of(bool send, bool receive) { return send ? (receive ? Direction::sendrecv : Direction::sendonly) : receive ? Direction::recvonly : Direction::inactive; }

std::optional<Direction> read_direction(std::string_view text) {
  for (auto direction : {Direction::sendrecv, Direction::sendonly, Direction::recvonly, Direction::inactive})
    if (text == direction_name(direction)) return direction;
  return std::nullopt;
}

struct Mapping { int payload; std::string_view encoding; std::uint32_t clock; bool mono; };
struct Rtcp { std::uint16_t port = 0; std::string ip; };

struct Media {
  std::string_view type, protocol;
  std::uint16_t port = 0;
  std::vector<std::string_view> formats;
  std::vector<Mapping> mappings;
  std::optional<std::string> ip;
  std::optional<Direction> direction;
  std::optional<Rtcp> rtcp;
  int ptime = 0, maxptime = 0;  // 0: not said
};

}  // namespace

struct SdpDescription {  // views into the text it was read from
  std::optional<std::string> ip;
  std::optional<Direction> direction;
  std::vector<Media> media;
};

namespace {

SdpFault refusal(std::string reason, std::string offered = {}) { return {488, std::move(reason), std::move(offered)}; }

// --- reading

std::string_view next_word(std::string_view& text) {
  const auto end = text.find(' ');
  const auto first = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return first;
}

// IN IP4|IP6 address; "" for what cannot be used (a name, another network), so that the line that needs it is refused
std::string read_connection(std::string_view text) {
  if (next_word(text) != "IN") return {};
  const auto kind = next_word(text);
  auto address = next_word(text);
  address = address.substr(0, address.find('/'));  // multicast TTL and count
  const bool fits = kind == "IP4" ? is_ipv4(address) : kind == "IP6" && is_ipv6(address);
  return fits ? plain_ip(address) : std::string();
}

// audio 49170[/2] RTP/AVP 0 8 101
std::optional<SdpFault> read_media(std::string_view text, Media& media) {
  media.type = next_word(text);
  auto port = next_word(text);
  if (const auto slash = port.find('/'); slash != port.npos) {
    if (!number(port.substr(slash + 1), 65'535)) return refusal("malformed port count in m=");
    port = port.substr(0, slash);
  }
  media.protocol = next_word(text);
  const auto value = number(port, 65'535);
  const auto is_protocol = [](std::string_view name) {  // token *("/" token)
    for (char c : name)
      if (!is(c, token) && c != '/') return false;
    return !name.empty();
  };
  if (!value || !some_and_all(media.type, token) || !is_protocol(media.protocol)) return refusal("malformed m= line");
  media.port = static_cast<std::uint16_t>(*value);
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

// 97 PCMA/8000[/1]
void read_rtpmap(std::string_view text, Media& media) {
  const auto payload = number(next_word(text), 127);
  const auto slash = text.find('/');
  const auto encoding = text.substr(0, slash);
  if (!payload || slash == text.npos || !some_and_all(encoding, token) || media.mappings.size() == most_formats) return;
  auto rest = text.substr(slash + 1);
  const auto channels_at = rest.find('/');
  const auto clock = number(trim(rest.substr(0, channels_at)), 1'000'000'000);
  if (!clock) return;
  media.mappings.push_back({static_cast<int>(*payload), encoding, static_cast<std::uint32_t>(*clock), channels_at == rest.npos || trim(rest.substr(channels_at + 1)) == "1"});
}

// 53020 [IN IP4 126.16.64.4] (RFC 3605)
void read_rtcp(std::string_view text, Media& media) {
  const auto port = number(next_word(text), 65'535);
  if (!port || *port == 0) return;
  media.rtcp = Rtcp{static_cast<std::uint16_t>(*port), text.empty() ? std::string() : read_connection(text)};
}

int read_milliseconds(std::string_view text) {  // some write 20.0
  return static_cast<int>(number(trim(text.substr(0, text.find('.'))), 10'000).value_or(0));
}

void read_attribute(std::string_view text, SdpDescription& sdp) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  const auto value = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  Media* media = sdp.media.empty() ? nullptr : &sdp.media.back();
  if (const auto direction = read_direction(trim(name))) {
    (media ? media->direction : sdp.direction) = direction;
  } else if (media != nullptr) {
    if (name == "rtpmap") read_rtpmap(value, *media);
    else if (name == "rtcp") read_rtcp(value, *media);
    else if (name == "ptime") media->ptime = read_milliseconds(value);
    else if (name == "maxptime") media->maxptime = read_milliseconds(value);
  }
}

std::optional<SdpFault> read_line(std::string_view line, SdpDescription& sdp) {
  if (line.size() < 2 || line[1] != '=') return refusal("a line without its type");
  const auto value = line.substr(2);
  switch (line[0]) {
    case 'c': (sdp.media.empty() ? sdp.ip : sdp.media.back().ip) = read_connection(value); break;
    case 'm':
      if (sdp.media.size() == most_media) return refusal("more than 16 m= lines");
      return read_media(value, sdp.media.emplace_back());
    case 'a': read_attribute(value, sdp); break;
    default: break;  // RFC 8866 §5: nothing else changes what is sent where
  }
  return std::nullopt;
}

Result<SdpDescription, SdpFault> parse(std::string_view text) {
  SdpDescription sdp;
  bool first = true;
  if (text.find('\0') != text.npos) return refusal("NUL in the description");
  while (!text.empty()) {
    const auto end = text.find('\n');  // RFC 8866 §5: CRLF, and a lone LF is to be taken too
    auto line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.size() > longest_line) return refusal("a line longer than 1 KiB");
    if (line.empty()) continue;
    if (first && line != "v=0") return refusal("no v=0 line");
    first = false;
    if (auto fault = read_line(line, sdp)) return *std::move(fault);
  }
  if (first) return refusal("no description");
  if (sdp.media.empty()) return refusal("no m= line");
  return sdp;
}

// --- what a format means

struct StaticPayload { int payload; std::string_view encoding; std::uint32_t clock; };
constexpr StaticPayload static_payloads[] = {  // RFC 3551 table 4
    {0, "PCMU", 8000}, {3, "GSM", 8000}, {4, "G723", 8000}, {5, "DVI4", 8000}, {7, "LPC", 8000}, {8, "PCMA", 8000}, {9, "G722", 8000}, {12, "QCELP", 8000}, {13, "CN", 8000}, {15, "G728", 8000}, {18, "G729", 8000},
};

std::optional<Mapping> mapping_of(const Media& media, std::string_view format) {
  const auto payload = number(format, 127);
  if (!payload) return std::nullopt;
  for (const auto& mapping : media.mappings)
    if (mapping.payload == static_cast<int>(*payload)) return mapping;
  for (const auto& known : static_payloads)
    if (known.payload == static_cast<int>(*payload)) return Mapping{known.payload, known.encoding, known.clock, true};
  return std::nullopt;
}

bool is_codec(const Mapping& mapping, AudioCodec codec) { return same(mapping.encoding, codec == AudioCodec::pcma ? "PCMA" : "PCMU") && mapping.clock == 8000 && mapping.mono; }

std::optional<int> payload_of(const Media& media, AudioCodec codec) {
  for (auto format : media.formats)
    if (auto mapping = mapping_of(media, format); mapping && is_codec(*mapping, codec)) return mapping->payload;
  return std::nullopt;
}

int event_payload(const Media& media) {  // RFC 4733, at the clock of G.711; -1: none
  for (auto format : media.formats)
    if (auto mapping = mapping_of(media, format); mapping && same(mapping->encoding, "telephone-event") && mapping->clock == 8000) return mapping->payload;
  return -1;
}

bool is_plain_audio(const Media& media) { return media.type == "audio" && media.port != 0 && (media.protocol == "RTP/AVP" || media.protocol == "RTP/AVPF"); }

std::string names_of(const SdpDescription& sdp) {
  std::string names;
  auto add = [&names](std::string_view name) {
    if (names.size() + name.size() + 2 > longest_offered) return;
    if (!names.empty()) names += ", ";
    names += name;
  };
  for (const auto& media : sdp.media) {
    if (media.type != "audio") { add(media.type); continue; }
    if (!is_plain_audio(media)) add(media.port == 0 ? std::string_view("audio with port 0") : media.protocol);
    for (auto format : media.formats) {
      const auto mapping = mapping_of(media, format);
      if (mapping) add(std::string(mapping->encoding) + '/' + std::to_string(mapping->clock));
      else add("payload " + std::string(format));
    }
  }
  return names;
}

// --- what both sides agree on

Direction direction_of_peer(const SdpDescription& sdp, const Media& media) { return media.direction.value_or(sdp.direction.value_or(Direction::sendrecv)); }

std::uint16_t agreed_ptime(const Media& media, std::uint16_t ours) {
  int ptime = media.ptime >= least_ptime && media.ptime <= greatest_ptime ? media.ptime : media.ptime == 0 ? ours : usual_ptime;
  if (media.maxptime > 0) ptime = std::min(ptime, media.maxptime);
  ptime -= ptime % 10;  // the media clock counts in 10 ms
  return static_cast<std::uint16_t>(std::clamp<int>(ptime, least_ptime, greatest_ptime));
}

bool is_v6(std::string_view ip) { return ip.find(':') != ip.npos; }

bool is_unspecified(std::string_view ip) { return ip == "0.0.0.0" || in_network(ip, "::/128"); }

bool may_send_to(const Address& address, const SdpLocal& local) {
  const bool ours = std::find(local.own.begin(), local.own.end(), address) != local.own.end();
  return !ours && media_address_allowed(address.ip, local.peer_ip.empty() ? address.ip : local.peer_ip);
}

// Address, direction, pace and events; the codec is chosen by the caller.
std::optional<SdpFault> read_plan(const SdpDescription& sdp, const Media& media, const SdpLocal& local, MediaPlan& plan, bool& held) {
  const auto ip = media.ip ? media.ip : sdp.ip;
  if (!ip) return refusal("no c= line");
  if (ip->empty()) return refusal("the address in c= is none that we can send to");
  const bool hold_of_2543 = is_unspecified(*ip);
  if (!hold_of_2543 && is_v6(*ip) != is_v6(local.ip) && local.other_ip.empty())
    return refusal(is_v6(*ip) ? "audio is wanted over IPv6, and we listen on IPv4 alone" : "audio is wanted over IPv4, and we listen on IPv6 alone", names_of(sdp));
  if (!hold_of_2543 && !may_send_to({*ip, media.port}, local)) return refusal("the address in c= is none that we may send to");
  const auto peer = direction_of_peer(sdp, media);
  held = !receives(peer) || hold_of_2543;  // RFC 3264 §8.4
  plan.send = receives(peer) && !hold_of_2543;
  plan.receive = sends(peer) && !local.hold;
  if (!hold_of_2543) {
    plan.remote = {*ip, media.port};
    plan.remote_rtcp = {*ip, static_cast<std::uint16_t>(media.port + 1)};
    if (media.rtcp) {
      plan.remote_rtcp.port = media.rtcp->port;
      if (media_address_allowed(media.rtcp->ip, *ip)) plan.remote_rtcp.ip = media.rtcp->ip;
    }
    if (!may_send_to(plan.remote_rtcp, local)) plan.remote_rtcp = {};
  }
  plan.signalling_ip = local.peer_ip;
  plan.ptime_ms = agreed_ptime(media, local.ptime_ms);
  plan.dtmf_payload = static_cast<std::int16_t>(local.media.telephone_event ? event_payload(media) : -1);
  plan.dtmf_in_band = plan.dtmf_payload < 0;
  return std::nullopt;
}

// --- writing

void append_number(std::string& out, std::uint64_t value) { out += std::to_string(value); }

void append_session(std::string& out, const SdpLocal& local) {
  const auto family = local.ip.find(':') == local.ip.npos ? "IP4 " : "IP6 ";
  out += "v=0\r\no=pasokh ";
  append_number(out, local.session_id);
  out += ' ';
  append_number(out, local.version);
  out.append(" IN ").append(family).append(local.ip);
  out.append("\r\ns=-\r\nc=IN ").append(family).append(local.ip);
  out += "\r\nt=0 0\r\n";
}

struct Format { int payload; std::string_view encoding; };

void append_audio(std::string& out, const SdpLocal& local, std::string_view protocol, const std::vector<Format>& formats, Direction direction, std::uint16_t ptime) {
  out += "m=audio ";
  append_number(out, local.media.port);
  out.append(" ").append(protocol);
  for (const auto& format : formats) {
    out += ' ';
    append_number(out, static_cast<std::uint64_t>(format.payload));
  }
  out += "\r\n";
  for (const auto& format : formats) {
    out += "a=rtpmap:";
    append_number(out, static_cast<std::uint64_t>(format.payload));
    out.append(" ").append(format.encoding).append("/8000\r\n");
    if (format.encoding != "telephone-event") continue;
    out += "a=fmtp:";
    append_number(out, static_cast<std::uint64_t>(format.payload));
    out += " 0-15\r\n";
  }
  out += "a=ptime:";
  append_number(out, ptime);
  out.append("\r\na=").append(direction_name(direction)).append("\r\n");
}

void append_refused(std::string& out, const Media& media) {  // RFC 3264 §6: same place, port 0
  out.append("m=").append(media.type).append(" 0 ").append(media.protocol);
  for (auto format : media.formats) out.append(" ").append(format);
  out += "\r\n";
}

constexpr std::string_view encoding_name(AudioCodec codec) { return codec == AudioCodec::pcma ? "PCMA" : "PCMU"; }
constexpr int static_payload(AudioCodec codec) { return codec == AudioCodec::pcma ? 8 : 0; }

}  // namespace

std::string make_offer(const SdpLocal& local) {
  std::vector<Format> formats;
  for (auto codec : local.media.codecs) formats.push_back({static_payload(codec), encoding_name(codec)});
  if (local.media.telephone_event) formats.push_back({dynamic_event, "telephone-event"});
  std::string out;
  out.reserve(512);
  append_session(out, local);
  append_audio(out, local, "RTP/AVP", formats, local.hold ? Direction::sendonly : Direction::sendrecv, local.ptime_ms);
  return out;
}

Result<Answered, SdpFault> make_answer(std::string_view offer, const SdpLocal& local) {
  TRY(sdp, parse(offer));
  Answered answered;
  MediaPlan& plan = answered.plan;
  const Media* chosen = nullptr;
  for (const auto& media : sdp.media) {
    if (!is_plain_audio(media)) continue;
    for (auto codec : local.media.codecs) {
      const auto payload = payload_of(media, codec);
      if (!payload) continue;
      plan.codec = codec;
      plan.payload = static_cast<std::uint8_t>(*payload);
      chosen = &media;
      break;
    }
    if (chosen != nullptr) break;
  }
  if (chosen == nullptr) return refusal("no G.711 audio was offered", names_of(sdp));
  if (auto fault = read_plan(sdp, *chosen, local, plan, answered.held)) return *std::move(fault);
  // Our side of it: what the peer receives we send, unless it is inactive; what it sends we take, unless we hold.
  const auto peer = direction_of_peer(sdp, *chosen);
  std::vector<Format> formats{{plan.payload, encoding_name(plan.codec)}};
  if (plan.dtmf_payload >= 0) formats.push_back({plan.dtmf_payload, "telephone-event"});
  SdpLocal ours = local;
  if (!plan.remote.ip.empty() && is_v6(plan.remote.ip) != is_v6(local.ip)) ours.ip = local.other_ip;  // an address that the peer can reach
  append_session(answered.sdp, ours);
  for (const auto& media : sdp.media) {
    if (&media == chosen) append_audio(answered.sdp, local, media.protocol, formats, direction_of(receives(peer), plan.receive), plan.ptime_ms);
    else append_refused(answered.sdp, media);
  }
  return answered;
}

Result<Agreed, SdpFault> read_answer(std::string_view answer, const SdpLocal& offered) {
  TRY(sdp, parse(answer));
  const Media& media = sdp.media.front();  // we offered one line; RFC 3264 §6: the answer has it in the same place
  if (media.type != "audio" || media.protocol != "RTP/AVP") return refusal("the answer is to another offer", names_of(sdp));
  if (media.port == 0) return refusal("our audio was refused", names_of(sdp));
  Agreed agreed;
  bool found = false;
  for (auto format : media.formats) {  // §6.1: the answerer's order is its preference
    const auto mapping = mapping_of(media, format);
    if (!mapping) continue;
    for (auto codec : offered.media.codecs) {
      if (!is_codec(*mapping, codec)) continue;
      agreed.plan.codec = codec;
      agreed.plan.payload = static_cast<std::uint8_t>(mapping->payload);
      found = true;
    }
    if (found) break;
  }
  if (!found) return refusal("the answer has no codec of our offer", names_of(sdp));
  if (auto fault = read_plan(sdp, media, offered, agreed.plan, agreed.held)) return *std::move(fault);
  return agreed;
}

bool media_address_allowed(std::string_view ip, std::string_view source_ip) {
  if (!is_ipv4(ip) && !is_ipv6(ip)) return false;
  for (auto never : {"0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8"})  // this host, multicast, reserved and broadcast
    if (in_network(ip, never)) return false;
  for (auto near : {"127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10"})  // only for who is as near
    if (in_network(ip, near) && !in_network(source_ip, near)) return false;
  return true;
}

}  // namespace pasokh::sip
