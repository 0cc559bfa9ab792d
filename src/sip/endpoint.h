// The telephone side, sans-I/O: bytes, orders and `now` in; bytes, events, durable rows and one deadline out.
// Transactions (RFC 3261 §17, RFC 6026), dialogs, registrar, trunks, and one leg per INVITE dialog.
//
// Durability: whatever must survive a kill is written as a row (Out::save) in the same turn; the switchboard commits the
// turn's journal events and rows together and sends the bytes afterwards, save those marked `early` (they tell nothing that
// must be remembered: retransmissions, ACK to a failure, challenges, OPTIONS answers, stateless refusals). A 100 is not
// early: a caller that has had it stops asking, so the leg must be on disk by then.
// restore() takes the rows back; resume() then sends whatever was pending again (requests with the same branch, 2xx until ACK).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "sip/address.h"

namespace pasokh::sip {

enum class AudioCodec : std::uint8_t { pcma, pcmu };

// Our side of a leg's audio: a port of a media worker. The address written into SDP is chosen by the destination.
struct LocalMedia {
  std::uint16_t port = 0;           // even; RTCP on port + 1
  std::vector<AudioCodec> codecs{AudioCodec::pcma, AudioCodec::pcmu};  // order of preference
  bool telephone_event = true;
  bool operator==(const LocalMedia&) const = default;
  PASOKH_FIELDS(port, codecs, telephone_event)
};

// What offer and answer agreed on (RFC 3264).
struct MediaPlan {
  Address remote;                   // where the peer wants RTP; ip "" or port 0: nowhere
  Address remote_rtcp;
  AudioCodec codec = AudioCodec::pcma;
  std::uint8_t payload = 8;
  std::int16_t dtmf_payload = -1;   // RFC 4733; -1: none
  std::uint16_t ptime_ms = 20;
  bool send = true, receive = true; // ours, after direction attributes
  bool dtmf_in_band = false;        // detect tones: no telephone-event was agreed
  std::string signalling_ip;        // where the peer's signalling comes from: behind a NAT its audio comes from there, whatever its SDP says
  bool operator==(const MediaPlan&) const = default;
  PASOKH_FIELDS(remote, remote_rtcp, codec, payload, dtmf_payload, ptime_ms, send, receive, dtmf_in_band, signalling_ip)
};

// --- events
struct LegArrived {                 // a new INVITE that passed every check; 100 is out, no final answer yet
  LegId leg;
  TrunkId trunk;
  DeviceId device;
  std::string dialled;              // user part of the Request-URI after the trunk's inbound rewriting
  std::string caller, caller_name;  // PAI (trusted trunk) or From, rewritten to national form; "" when anonymous
  bool has_offer = true;            // false: delayed offer, we offer in the 200
};
struct LegRinging { LegId leg; };
struct LegAnswered { LegId leg; MediaPlan media; };          // outgoing leg: 2xx came, ACK is out
struct LegConfirmed { LegId leg; MediaPlan media; };         // incoming leg: ACK came (delayed offer: its answer)
struct LegEarlyMedia { LegId leg; MediaPlan media; };        // 183 with SDP on an outgoing leg
struct LegEnded { LegId leg; int status = 0; std::string cause; bool by_peer = true; };  // status: final refusal, 0 = BYE or lost; cause: "bye", "cancelled", "timeout", "lost", "ack-never-came", "session-expired", "refused", "connection"
struct LegMediaChanged { LegId leg; MediaPlan media; bool held = false; };  // after a re-INVITE or UPDATE of either side
struct LegDigit { LegId leg; char digit = 0; int duration_ms = 0; };       // SIP INFO
struct LegTransferAsked { LegId leg; std::string dialled; LegId replaces; };  // REFER; 202 is out
struct LegReplaced { LegId leg; LegId by; };                 // INVITE with Replaces: `by` took the place of `leg` (already answered)
struct DeviceReachability { DeviceId device; bool reachable = false; std::string contact; };
struct TrunkReachability { TrunkId trunk; bool reachable = false; std::string why; };
struct PublicAddressLearnt { TrunkId trunk; Address address; };
struct Log { std::string level, text; std::vector<std::pair<std::string, std::string>> fields; };  // level info|warning|error; no whole phone numbers, no secrets

using Event = std::variant<LegArrived, LegRinging, LegAnswered, LegConfirmed, LegEarlyMedia, LegEnded, LegMediaChanged, LegDigit,
                           LegTransferAsked, LegReplaced, DeviceReachability, TrunkReachability, PublicAddressLearnt, Log>;

// Durable rows: (kind, key) -> bytes, outside the journal's checksum chain, erased when the dialog or binding ends.
enum class RowKind : std::uint8_t { leg = 1, binding = 2, trunk = 3, other = 4 };

// The one place where output goes. Implemented by the switchboard, the simulator and the tests.
class Out {
 public:
  virtual ~Out() = default;
  virtual void send(const Flow& to, std::string bytes, bool early) = 0;
  virtual void event(Event event) = 0;
  virtual void save(RowKind kind, std::string key, std::string bytes) = 0;
  virtual void drop(RowKind kind, std::string key) = 0;
  // A host name in a dialog's route or target (RFC 3263): looked up outside, never waited for in a turn; the answer comes by
  // Endpoint::resolved(). False: nobody looks names up here, no answer will come.
  virtual bool resolve(const std::string& host, std::uint16_t port, Transport transport) { static_cast<void>(host), static_cast<void>(port), static_cast<void>(transport); return false; }
};

struct DeviceConfig {
  DeviceId device;
  std::string user;
  std::string ha1_md5, ha1_sha256;  // hex of H(user:realm:password); the realm is EndpointConfig::realm
};

struct RewriteRule { std::string prefix, replacement; };     // the first whose prefix fits; "^" anchors are implied

struct TrunkConfig {
  TrunkId trunk;
  std::string code;
  std::vector<std::string> networks;          // addresses that calls are believed from: "10.1.2.3", "10.0.0.0/24"
  std::vector<Flow> targets;                  // resolved by the switchboard (RFC 3263), in order of preference
  std::string host;                           // for Request-URI, To, and the Host of REGISTER
  bool registers = false;
  std::string user, password, realm;          // digest; realm "" = the first one asked by this trunk's own address
  std::vector<RewriteRule> in_called, in_caller, out_called, out_caller;
  bool national_numbers = true;               // 021…, 98…, 0098…, +98… and numbers without area code become one form
  std::string area_code;                      // for numbers that come without one
  std::vector<AudioCodec> codecs{AudioCodec::pcma, AudioCodec::pcmu};
  std::string dtmf = "rfc4733";               // rfc4733 | info | inband
  bool trust_identity = true;                 // P-Asserted-Identity believed
  Duration options_every = Duration::seconds(30);  // 0: no health check
  Duration register_for = Duration::seconds(600);
};

struct EndpointConfig {
  std::vector<Address> listen_udp, listen_tcp;  // as bound; for Via and Contact when the destination is local
  std::string advertise;                      // address towards peers outside local_networks; "" = learnt
  std::vector<std::string> local_networks;    // CIDR; filled with the interfaces' own and RFC 1918 by the switchboard
  std::string realm = "pasokh";
  std::string nonce_secret;                   // 32 random bytes, kept over restarts
  std::uint64_t epoch = 1;                    // grows at every start; makes tags, branches and leg ids unique without randomness
  std::size_t max_transactions = 20'000;      // unanswered ones (all: ten times as many); beyond: 503 with Retry-After to new calls
  double requests_per_second_per_source = 100;  // token bucket for unknown sources, before any state
  double new_calls_per_second = 0;            // admission limit for calls from trunks; 0: none. Beyond: 503 with Retry-After, no state
  std::function<bool(std::string_view digits)> is_number;  // a number of ours?
};

struct CallerIdentity {
  std::string user;                           // user part of From: the caller's number, "anonymous" when there is none
  std::string name;                           // display name, UTF-8
};

class Endpoint {
 public:
  explicit Endpoint(EndpointConfig config);
  ~Endpoint();

  // --- settings; may change at any time
  void set_device(const DeviceConfig&);
  void remove_device(DeviceId);
  void set_trunk(const TrunkConfig&, Instant now, Out&);
  void remove_trunk(TrunkId, Instant now, Out&);
  void set_overload(bool refuse_new_calls, std::string_view why);  // new INVITEs: 503 + Retry-After

  // --- bytes in
  void datagram(const Flow& from, std::string_view bytes, Instant now, Out&);
  bool stream(const Flow& from, std::string_view bytes, Instant now, Out&);   // TCP, any split; RFC 5626 keep-alive answered; false: not SIP, close it
  void connected(const Flow& flow, Instant now, Out&);
  void connection_lost(std::uint64_t connection, Instant now, Out&);
  void on_timeout(Instant now, Out&);
  Instant deadline() const;
  // a connection to `to` could not be opened, or the system says that nobody listens there (ICMP, §18.4): what was to go there looks
  // for another way; inside a dialog it waits for the phone to come back, up to 32 s, and over UDP all but a first INVITE does
  void unreachable(const Flow& to, Instant now, Out&);
  // the answer to Out::resolve: in order of preference, none when the name is unknown
  void resolved(const std::string& host, std::uint16_t port, Transport transport, std::vector<Flow> addresses, Instant now, Out&);

  // --- orders for legs; on a leg that is not in a fitting state they do nothing (messages cross)
  void ring(LegId, Instant now, Out&);                                        // 180
  void accept(LegId, const LocalMedia&, Instant now, Out&);                   // 200; LegMediaChanged follows at once when there was an offer
  void refuse(LegId, int status, std::string_view reason, Instant now, Out&);
  void dial_device(LegId, DeviceId, const CallerIdentity&, const LocalMedia&, Instant now, Out&);  // all its bindings, forked; LegEnded at once when it has none
  void dial_trunk(LegId, TrunkId, std::string_view number, const CallerIdentity&, const LocalMedia&, Instant now, Out&);
  void end(LegId, Instant now, Out&);                                         // CANCEL, BYE or 487/480, whatever fits
  void renegotiate(LegId, const LocalMedia&, Instant now, Out&);              // re-INVITE with a new port (worker moved) or codecs; 491 handled
  void ask_alive(LegId, Instant now, Out&);                                   // re-INVITE that changes nothing; LegEnded "timeout" or "lost" if nobody is there
  void transfer_progress(LegId, bool done, bool succeeded, Instant now, Out&);  // NOTIFY sipfrag

  // --- restart
  void restore(RowKind, std::string_view key, std::string_view bytes, Instant now);  // before the first byte
  void resume(Instant now, Out&);                                             // once, after every row
  struct LegInfo { LegId leg; bool outgoing = false; bool confirmed = false; LocalMedia local; std::optional<MediaPlan> media; };
  std::vector<LegInfo> legs() const;
  bool device_reachable(DeviceId) const;

  struct Counters { std::uint64_t received = 0, malformed = 0, refused_rate = 0, not_admitted = 0, retransmissions_in = 0, retransmissions_out = 0, auth_failures = 0, transactions = 0, legs = 0, bindings = 0; };
  Counters counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pasokh::sip

namespace pasokh {
template <> inline constexpr std::array enum_names<sip::AudioCodec>{"pcma", "pcmu"};
}
