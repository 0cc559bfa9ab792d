// What control and a media worker say to each other over a Unix stream socket: frames of [u32 length, little endian][bytes of
// ToWorker or FromWorker in the form of base/codec.h]. Fields and alternatives are only appended, so control N speaks with
// worker N-1 and back; Hello tells the versions.
//
// Orders are declarative and idempotent: LegWanted is the whole wanted state of one leg. Control may send all of them again at
// any time (it does so after a restart): what is the same already is not disturbed (a programme under way plays on from
// where it is, latching and statistics stay). Legs that control does not want any more are removed by LegRemove, or by
// WantedIsComplete, which ends every leg and capture not wanted since the connection's Hello.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/describe.h"
#include "base/ids.h"
#include "base/time.h"

namespace pasokh::media {

inline constexpr std::uint32_t wire_version = 1;

enum class Codec : std::uint8_t { pcma, pcmu };

struct PlayItem {                    // one step of a programme
  std::string file;                  // WAV (PCM16, A-law, µ-law; any rate) or Opus in Ogg, absolute path; or empty:
  std::string tone;                  // "busy", "ringback", "beep", "confirm", "refuse"; or empty: silence of
  std::int64_t silence_ms = 0;
  bool operator==(const PlayItem&) const = default;
  PASOKH_FIELDS(file, tone, silence_ms)
};

// The peer of a leg is a browser: ICE-lite (RFC 8445 §2.5), DTLS-SRTP (RFC 5764) with us as the passive side, RTP and RTCP on
// one flow. Such a leg has no port of its own (port 0): all share the worker's one socket, BrowserSocketWanted.
struct BrowserPeer {
  std::string our_ufrag, our_password;   // what its checks must bear
  std::string peer_ufrag;
  std::string peer_fingerprint;          // SHA-256 of its certificate, 32 bytes
  std::int16_t opus_payload = -1;        // agreed on beside G.711: taken at any time; -1: not agreed on
  bool send_opus = false;                // and sent from now on, with forward error correction
  bool operator==(const BrowserPeer&) const = default;
  PASOKH_FIELDS(our_ufrag, our_password, peer_ufrag, peer_fingerprint, opus_payload, send_opus)
};

struct LegWanted {
  LegId leg;
  CallId call;
  std::uint16_t port = 0;            // the worker binds it (RTP) and port + 1 (RTCP)
  // where the peer said it wants RTP; port 0: not known yet
  std::string remote_ip;
  std::uint16_t remote_port = 0;
  std::string remote_rtcp_ip;
  std::uint16_t remote_rtcp_port = 0;
  std::string source_network;        // learning is bounded to remote_ip or this CIDR (NAT rule), "" = remote_ip only
  std::uint32_t media_version = 0;   // grows with each offer/answer; a change allows the address to be learnt anew
  Codec codec = Codec::pcma;
  std::uint8_t payload = 8;
  std::int16_t dtmf_payload = -1;
  std::uint16_t ptime_ms = 20;
  bool send = true, receive = true;
  bool detect_in_band = false;       // report in-band DTMF
  // what the leg hears: another leg of this worker…
  LegId hears;
  // …or a programme (id 0: silence)
  ProgrammeId programme;
  std::vector<PlayItem> items;
  bool repeat_last = false;
  // recording: the capture that this leg's received audio goes to; 0 = none
  CaptureId capture;
  bool capture_is_agent = false;     // which side: customer (left) or agent (right)
  std::optional<BrowserPeer> browser;
  bool operator==(const LegWanted&) const = default;
  PASOKH_FIELDS(leg, call, port, remote_ip, remote_port, remote_rtcp_ip, remote_rtcp_port, source_network, media_version, codec, payload,
                dtmf_payload, ptime_ms, send, receive, detect_in_band, hears, programme, items, repeat_last, capture, capture_is_agent, browser)
};
struct LegRemove { LegId leg; PASOKH_FIELDS(leg) };
struct CaptureWanted {               // before the first LegWanted that names it; key: 32 bytes, file: absolute path
  CaptureId capture;
  CallId call;
  std::string file, key;
  std::int64_t stop_below = 0;       // bytes free on its disk: with less it stops (CaptureStopped), or does not begin
  PASOKH_FIELDS(capture, call, file, key, stop_below)
};
struct CaptureMark { CaptureId capture; std::string mark; PASOKH_FIELDS(capture, mark) };  // hold, resume, gap…: written into the capture with its time
struct CaptureClose { CaptureId capture; PASOKH_FIELDS(capture) };
struct HelloControl { std::uint32_t version = wire_version; std::string program; PASOKH_FIELDS(version, program) };
struct WantedIsComplete { PASOKH_NO_FIELDS };
struct SendDigit { LegId leg; std::string digits; PASOKH_FIELDS(leg, digits) };
struct StatisticsAsked { PASOKH_NO_FIELDS };
struct Quit { PASOKH_NO_FIELDS };    // close captures and end

// One UDP port for all browsers of this worker. certificate: file with key and certificate (certificate.h), the same for every worker.
struct BrowserSocketWanted { std::uint16_t port = 0; std::string certificate; PASOKH_FIELDS(port, certificate) };

using ToWorker = std::variant<HelloControl, LegWanted, LegRemove, CaptureWanted, CaptureMark, CaptureClose, WantedIsComplete, SendDigit, StatisticsAsked, Quit, BrowserSocketWanted>;

struct LegStatistics {
  LegId leg;
  CallId call;
  std::int64_t packets_in = 0, packets_out = 0, bytes_in = 0, lost = 0, reordered = 0, dropped_foreign = 0, dropped_bad = 0;
  std::int64_t jitter_us_max = 0, round_trip_us = 0, lost_by_peer = 0;
  std::string latched;               // ip:port
  std::int64_t jitter_us = 0;        // now
  // lost_by_peer without what never came to us, and how many we had sent when that was reported: loss on the way alone
  std::int64_t lost_on_way = 0, sent_when_told = 0;
  bool speaks_opus = false;          // this worker can
  std::int64_t opus_in = 0, opus_out = 0, opus_recovered = 0, opus_concealed = 0;  // packets; missing frames: known from FEC, guessed
  PASOKH_FIELDS(leg, call, packets_in, packets_out, bytes_in, lost, reordered, dropped_foreign, dropped_bad, jitter_us_max, round_trip_us, lost_by_peer, latched, jitter_us,
                lost_on_way, sent_when_told, speaks_opus, opus_in, opus_out, opus_recovered, opus_concealed)
};
struct HelloWorker { std::uint32_t version = wire_version; std::string program; std::int64_t pid = 0; std::vector<LegId> legs; std::vector<CaptureId> captures; PASOKH_FIELDS(version, program, pid, legs, captures) };
struct LegRefused { LegId leg; std::string why; PASOKH_FIELDS(leg, why) };  // port taken…: control chooses another port
struct LegRemoved { LegStatistics statistics; PASOKH_FIELDS(statistics) };
struct LegHeard { LegId leg; PASOKH_FIELDS(leg) };                // the first packet was latched
struct LegSilent { LegId leg; std::int64_t for_ms = 0; PASOKH_FIELDS(leg, for_ms) };  // no RTP for 30 s on a leg that should receive, then every 30 s
struct DigitHeard { LegId leg; std::uint8_t digit = 0; std::int32_t duration_ms = 0; PASOKH_FIELDS(leg, digit, duration_ms) };
struct ProgrammeDone { LegId leg; ProgrammeId programme; PASOKH_FIELDS(leg, programme) };
// empty: no packet ever came, there is no file. known = false: this worker never had it and cannot tell (another worker may).
// Told again when asked again. Comes when everything is in the file, which may take as long as its disk does.
struct CaptureClosed { CaptureId capture; std::int64_t bytes = 0; bool empty = false; bool known = true; PASOKH_FIELDS(capture, bytes, empty, known) };
struct CaptureStopped { CaptureId capture; std::string why; PASOKH_FIELDS(capture, why) };  // disk full, write error: calls go on
struct WorkerStatistics { std::int64_t legs = 0, packets = 0, cpu_us = 0; std::vector<LegStatistics> each; PASOKH_FIELDS(legs, packets, cpu_us, each) };

struct BrowserSocketRefused { std::uint16_t port = 0; std::string why; PASOKH_FIELDS(port, why) };
// connected: DTLS is up, sound can flow. lost: no check has come for 30 s, told every 30 s. refused: the browser at the other end
// has another certificate than its offer said, or DTLS failed for good.
enum class BrowserState : std::uint8_t { connected, lost, refused };
struct BrowserLegChanged { LegId leg; BrowserState state = BrowserState::connected; std::string why, address; PASOKH_FIELDS(leg, state, why, address) };
struct BrowserLegMeasured { LegStatistics statistics; PASOKH_FIELDS(statistics) };  // each 2 s

using FromWorker = std::variant<HelloWorker, LegRefused, LegRemoved, LegHeard, LegSilent, DigitHeard, ProgrammeDone, CaptureClosed, CaptureStopped, WorkerStatistics,
                                BrowserSocketRefused, BrowserLegChanged, BrowserLegMeasured>;

}  // namespace pasokh::media

namespace pasokh {
template <> inline constexpr std::array enum_names<media::Codec>{"pcma", "pcmu"};
template <> inline constexpr std::array enum_names<media::BrowserState>{"connected", "lost", "refused"};
}
