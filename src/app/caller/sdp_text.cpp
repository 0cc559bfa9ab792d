#include "app/caller/sdp_text.h"

#include <charconv>
#include <vector>

namespace pasokh::app::caller {

namespace {

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> out;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    if (end > 0) out.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return out;
}

int number(std::string_view text) {                     // -1: none
  int value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::string write_sdp(const SdpSide& side, std::uint64_t session, std::uint64_t version) {
  const std::string family = side.rtp.ip.find(':') == side.rtp.ip.npos ? "IP4 " : "IP6 ";
  std::string payloads = side.alaw && side.ulaw ? (side.alaw_first ? " 8 0" : " 0 8") : side.alaw ? " 8" : " 0";
  std::string maps;
  if (side.alaw) maps += "a=rtpmap:8 PCMA/8000\r\n";
  if (side.ulaw) maps += "a=rtpmap:0 PCMU/8000\r\n";
  if (side.digits_payload >= 0) {
    const auto payload = std::to_string(side.digits_payload);
    payloads += " " + payload;
    maps += "a=rtpmap:" + payload + " telephone-event/8000\r\na=fmtp:" + payload + " 0-16\r\n";
  }
  return "v=0\r\no=caller " + std::to_string(session) + " " + std::to_string(version) + " IN " + family + side.rtp.ip + "\r\ns=-\r\nc=IN " + family +
         side.rtp.ip + "\r\nt=0 0\r\nm=audio " + std::to_string(side.rtp.port) + " RTP/AVP" + payloads + "\r\n" + maps + "a=ptime:20\r\na=" + side.direction + "\r\n";
}

std::optional<SdpSide> read_sdp(std::string_view text) {
  SdpSide side{.alaw = false, .ulaw = false, .digits_payload = -1};
  std::string session_ip;
  bool in_audio = false, found = false;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() < 2 || line[1] != '=') continue;
    const auto value = line.substr(2);
    const auto parts = words(value);
    if (line[0] == 'm') {
      in_audio = !found && parts.size() > 3 && parts[0] == "audio" && parts[2] == "RTP/AVP";
      if (!in_audio) continue;
      found = true;
      side.rtp = {session_ip, static_cast<std::uint16_t>(std::max(0, number(parts[1])))};
      for (std::size_t i = 3; i < parts.size(); ++i) {
        if (number(parts[i]) == 8) { side.alaw = true; side.alaw_first = !side.ulaw; }
        if (number(parts[i]) == 0) { side.ulaw = true; side.alaw_first = side.alaw; }
      }
    } else if (line[0] == 'c' && parts.size() == 3) {
      const std::string ip(parts[2].substr(0, parts[2].find('/')));
      if (!found) session_ip = ip;
      else if (in_audio) side.rtp.ip = ip;
    } else if (line[0] == 'a') {
      if (value == "sendrecv" || value == "sendonly" || value == "recvonly" || value == "inactive") {
        if (!found || in_audio) side.direction = std::string(value);
      } else if (in_audio && value.starts_with("rtpmap:") && value.find(" telephone-event/8000") != value.npos) {
        side.digits_payload = number(value.substr(7));
      }
    }
  }
  if (!found || side.rtp.port == 0 || (!side.alaw && !side.ulaw)) return std::nullopt;
  return side;
}

}  // namespace pasokh::app::caller
