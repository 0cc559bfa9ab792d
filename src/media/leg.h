// One leg in the worker: its sockets, its peer, what comes in, what goes out. Budget: 3 KB without re-framing, no allocation
// after set-up. Touched by the worker's one thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "media/browsers.h"
#include "media/digits.h"
#include "media/latch.h"
#include "media/opus_stream.h"
#include "media/outgoing.h"
#include "media/programme.h"
#include "media/reception.h"
#include "media/reframer.h"
#include "media/rtcp.h"
#include "media/transport.h"
#include "media/wire.h"

namespace pasokh::media {

struct Capture;

struct Leg {
  LegWanted wanted;
  std::uint32_t serial = 0;          // of this worker, never used twice
  Token rtp, rtcp;

  std::unique_ptr<BrowserLink> browser;  // instead of sockets of its own and a latch

  // in
  Latch latch;
  Reception reception;
  std::uint32_t restarts = 0;        // streams that came one after the other
  std::int64_t heard_us = 0;         // last valid packet
  std::int64_t silent_since_us = 0, silence_told_us = 0;
  std::int64_t dropped_foreign = 0, dropped_bad = 0, bytes_in = 0;
  EventReceiver events;
  std::unique_ptr<InBandDetector> in_band;
  bool events_seen = false;          // the peer sends events: its tones are not digits a second time
  std::unique_ptr<OpusReceiver> opus_in;  // from the first Opus packet on
  const std::vector<Leg*>* listeners = nullptr;  // of this leg; the worker keeps the list
  Capture* capture = nullptr;

  // out
  Outgoing out;
  std::size_t frame = 160;           // octets a packet
  std::unique_ptr<Reframer> reframer;
  Outgoing::Feed reframed_feed = 0;
  EventSender event_sender;
  std::unique_ptr<OpusSender> opus_out;  // while Opus is wanted
  Programme programme;
  bool programme_active = false;
  std::uint32_t programme_done_told = 0;  // the connection it was told in
  std::int64_t frame_due_us = 0;     // 0: the next tick is the first

  // RTCP (RFC 3550 §6)
  Address rtcp_told, rtcp_peer;
  std::int64_t report_due_us = 0;
  std::uint32_t last_sr = 0;         // middle 32 bits of the peer's last NTP timestamp
  std::int64_t last_sr_us = 0, packets_at_report = 0;
  std::int64_t round_trip_us = 0, lost_by_peer = 0;
  std::int64_t lost_on_way = 0, sent_when_told = 0, gaps_when_told = 0;

  std::uint32_t confirmed_in = 0;    // the connection in which control last wanted it

  Outgoing::Feed feed() const { return static_cast<Outgoing::Feed>(serial) << 32 | static_cast<std::uint64_t>(restarts) << 1; }
  void fetch() const {               // what a packet touches, into the cache
    const auto* at = reinterpret_cast<const char*>(&latch);
    for (std::size_t line = 0; line < 8; ++line) __builtin_prefetch(at + 64 * line, 1);
    __builtin_prefetch(&capture);
  }
  LegStatistics statistics() const;
  void speak_opus(bool wanted_now, std::int64_t now_us);
  void take_peer_report(const RtcpRead::Block&);   // loss, of what we sent
};

// The addresses of a wanted leg, or why they cannot be used.
struct LegAddresses {
  Address told, rtcp_told;
  std::optional<Network> network;
};
Result<LegAddresses> addresses_of(const LegWanted&, int family);

}  // namespace pasokh::media
