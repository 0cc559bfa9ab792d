#include "media/relay.h"

#include <array>

#include "media/captures.h"
#include "media/g711.h"

namespace pasokh::media {
namespace {

constexpr std::size_t longest_audio = 100 * samples_per_ms;   // no ptime of ours is longer than 60 ms
constexpr std::size_t event_size = 4;                         // RFC 4733 §2.3
constexpr std::int64_t tick_late_us = 60'000;                 // a programme that is later than this leaves frames out

const std::array<std::uint8_t, 256>& table(Codec from, Codec to) {
  static constexpr std::array<std::uint8_t, 256> none{};
  if (from == to) return none;
  return from == Codec::pcma ? alaw_to_ulaw() : ulaw_to_alaw();
}

void translate(std::uint8_t* octets, std::size_t count, Codec from, Codec to) {
  const auto& into = table(from, to);
  for (std::size_t i = 0; i < count; ++i) octets[i] = into[octets[i]];
}

enum class Content : std::uint8_t { audio, opus, event, other };

Content content_of(const Leg& leg, const RtpPacket& packet) {
  if (packet.payload_type == leg.wanted.payload && packet.size > 0 && packet.size <= longest_audio) return Content::audio;
  if (leg.wanted.browser && packet.payload_type == leg.wanted.browser->opus_payload && packet.size > 0) return Content::opus;
  if (leg.wanted.dtmf_payload >= 0 && packet.payload_type == leg.wanted.dtmf_payload && packet.size >= event_size) return Content::event;
  return Content::other;  // comfort noise and whatever was not agreed on
}

}  // namespace

void Relay::on_rtp(Leg& leg, std::uint8_t* bytes, std::size_t size, const Address& from, std::int64_t now_us) {
  ++packets_;
  RtpPacket packet;
  const bool is_peer = leg.browser || leg.latch.is_peer(from);  // SRTP has proved who it is
  if (!parse_rtp(bytes, size, packet)) { ++(is_peer ? leg.dropped_bad : leg.dropped_foreign); return; }
  const Content content = content_of(leg, packet);
  if (!is_peer) {
    if (content == Content::other) { ++(leg.latch.latched() ? leg.dropped_foreign : leg.dropped_bad); return; }
    switch (leg.latch.consider(from)) {
      case Latch::Verdict::foreign: ++leg.dropped_foreign; return;
      case Latch::Verdict::learnt: events_.heard_first(leg); break;
      case Latch::Verdict::known: break;
    }
  }

  if (leg.browser && leg.heard_us == 0) events_.heard_first(leg);
  const Reception::Place place = leg.reception.on_packet(packet.ssrc, packet.sequence);
  if (place == Reception::Place::duplicate) return;
  if (place == Reception::Place::restart) {
    ++leg.restarts;
    leg.events = {};
    if (leg.opus_in) leg.opus_in->stop();
  }
  const bool late = place == Reception::Place::late;
  leg.heard_us = now_us;
  leg.bytes_in += static_cast<std::int64_t>(packet.size);
  if (content == Content::other) { ++leg.dropped_bad; leave_out(leg); return; }
  if (!leg.wanted.receive) return;

  if (content == Content::opus) return take_opus(leg, packet, late, now_us);
  if (leg.opus_in && leg.opus_in->active()) {
    if (content == Content::event) packet.timestamp = leg.opus_in->at_8khz(packet.timestamp);
    else if (late) return;                       // from before the browser changed to Opus
    else { leg.opus_in->stop(); ++leg.restarts; }
  }
  if (content == Content::event) {
    if (leg.capture) captures_.packet(*leg.capture, leg, packet, true, now_us);
    leg.events_seen = true;
    if (const auto digit = leg.events.on_packet(packet.payload, packet.size, packet.timestamp, now_us)) events_.heard_digit(leg, *digit);
    for (Leg* listener : *leg.listeners) pass_event(leg, *listener, packet, late, now_us);
    return;
  }
  leg.reception.on_audio(packet.timestamp, now_us);
  take_sound(leg, packet, late, now_us);
}

// Opus has another clock (RFC 7160): what it becomes is another stream to those who hear it and to the capture.
void Relay::take_opus(Leg& leg, const RtpPacket& packet, bool late, std::int64_t now_us) {
  if (late) return;                              // its place was filled when it was missed
  if (!leg.opus_in) leg.opus_in = std::make_unique<OpusReceiver>();  // once in the life of a leg
  OpusReceiver& opus = *leg.opus_in;
  if (!opus.active()) {
    opus.start(packet);
    ++leg.restarts;
  }
  leg.reception.on_audio(opus.at_8khz(packet.timestamp), now_us);
  opus.take(packet, [&](const OpusReceiver::Frame& frame) {
    std::array<std::uint8_t, rtp_header_size + longest_audio> bytes;
    RtpPacket sound = packet;
    sound.sequence = frame.sequence;
    sound.timestamp = frame.timestamp;
    sound.ssrc = packet.ssrc + 1;
    sound.payload = bytes.data() + rtp_header_size;
    sound.size = frame.count;
    for (std::size_t i = 0; i < frame.count; ++i) sound.payload[i] = leg.wanted.codec == Codec::pcma ? linear_to_alaw(frame.samples[i]) : linear_to_ulaw(frame.samples[i]);
    take_sound(leg, sound, false, now_us);
  });
}

// G.711 in the leg's law, in a buffer that may be written over.
void Relay::take_sound(Leg& leg, RtpPacket& packet, bool late, std::int64_t now_us) {
  if (leg.capture) captures_.packet(*leg.capture, leg, packet, false, now_us);
  if (leg.in_band && !leg.events_seen)
    if (const auto digit = leg.in_band->on_audio(packet.payload, packet.size, leg.wanted.codec == Codec::pcma)) events_.heard_digit(leg, *digit);
  if (leg.listeners->size() == 1) return pass_audio(leg, *leg.listeners->front(), packet, late, now_us);
  for (Leg* listener : *leg.listeners) {  // each changes its copy
    std::array<std::uint8_t, rtp_header_size + longest_audio> copy;
    RtpPacket own = packet;
    own.payload = copy.data() + rtp_header_size;
    std::memcpy(own.payload, packet.payload, packet.size);
    pass_audio(leg, *listener, own, late, now_us);
  }
}

void Relay::pass_audio(Leg& from, Leg& to, RtpPacket& packet, bool late, std::int64_t now_us) {
  if (!to.wanted.send || to.event_sender.speaking()) return;
  if (late && to.opus_out) return;               // an encoder cannot go back
  if (from.wanted.codec != to.wanted.codec) translate(packet.payload, packet.size, from.wanted.codec, to.wanted.codec);
  const bool whole = packet.size == to.frame && (!to.reframer || to.reframer->empty());
  if (!whole) return pass_reframed(from, to, packet, now_us);
  to.reframed_feed = 0;
  to.out.follow(from.feed(), packet.sequence, packet.timestamp, now_us);
  if (late && to.out.is_before_feed(packet.sequence)) return;
  std::uint8_t* header = packet.payload - rtp_header_size;  // CSRCs and extensions, if any, are written over
  to.out.header_as_fed(header, packet, to.wanted.payload, static_cast<std::uint32_t>(packet.size), now_us);
  send_audio(to, header, packet.size);
}

void Relay::pass_reframed(Leg& from, Leg& to, const RtpPacket& packet, std::int64_t now_us) {
  const Outgoing::Feed feed = from.feed() | 1;  // numbered anew: not the same as passed on as fed
  if (!to.reframer) to.reframer = std::make_unique<Reframer>();  // once in the life of a leg
  if (to.reframed_feed != feed) {
    to.reframer->clear();
    to.reframed_feed = feed;
  }
  to.reframer->add(packet.payload, packet.size, packet.timestamp, to.frame, [&](const std::uint8_t* octets, std::size_t count, std::uint32_t timestamp) {
    std::array<std::uint8_t, rtp_header_size + 60 * samples_per_ms> frame;
    to.out.follow(feed, 0, timestamp, now_us);
    to.out.header_renumbered(frame.data(), timestamp, false, to.wanted.payload, static_cast<std::uint32_t>(count), now_us);
    std::memcpy(frame.data() + rtp_header_size, octets, count);
    send_audio(to, frame.data(), count);
  });
}

void Relay::pass_event(Leg& from, Leg& to, const RtpPacket& packet, bool late, std::int64_t now_us) {
  if (!to.wanted.send || to.event_sender.speaking()) return;
  if (to.wanted.dtmf_payload < 0) { to.out.leave_out(from.feed()); return; }
  const auto payload_type = static_cast<std::uint8_t>(to.wanted.dtmf_payload);
  std::array<std::uint8_t, rtp_header_size + event_size> event;
  std::memcpy(event.data() + rtp_header_size, packet.payload, event_size);
  if (to.reframed_feed == (from.feed() | 1)) {
    to.out.follow(from.feed() | 1, 0, packet.timestamp, now_us);
    to.out.header_renumbered(event.data(), packet.timestamp, packet.marker, payload_type, 0, now_us);
  } else {
    to.out.follow(from.feed(), packet.sequence, packet.timestamp, now_us);
    if (late && to.out.is_before_feed(packet.sequence)) return;
    to.out.header_as_fed(event.data(), packet, payload_type, 0, now_us);
  }
  send_event(to, event.data(), event.size());
}

void Relay::leave_out(Leg& from) {
  for (Leg* listener : *from.listeners) listener->out.leave_out(from.feed());
}

void Relay::on_tick(Leg& leg, std::int64_t now_us) {
  if (leg.event_sender.active()) send_digits(leg, now_us);
  if (leg.programme_active) play(leg, now_us);
}

void Relay::play(Leg& leg, std::int64_t now_us) {
  const auto frame_us = static_cast<std::int64_t>(leg.frame) * 1000 / samples_per_ms;
  if (leg.frame_due_us == 0) leg.frame_due_us = now_us;
  if (leg.frame_due_us < now_us - tick_late_us) leg.frame_due_us = now_us;
  while (leg.programme_active && leg.frame_due_us <= now_us) {
    std::array<std::uint8_t, rtp_header_size + 60 * samples_per_ms> packet;
    std::uint8_t* audio = packet.data() + rtp_header_size;
    switch (leg.programme.fill(audio, leg.frame)) {
      case Programme::Filled::waiting:
        leg.frame_due_us = 0;
        return;
      case Programme::Filled::done:
        leg.programme_active = false;
        leg.frame_due_us = 0;
        events_.programme_done(leg);
        return;
      case Programme::Filled::frame: break;
    }
    leg.frame_due_us += frame_us;
    if (!leg.wanted.send || leg.event_sender.speaking()) continue;  // on hold the programme goes on unheard
    if (leg.wanted.codec == Codec::pcmu) translate(audio, leg.frame, Codec::pcma, Codec::pcmu);
    leg.out.header_own(packet.data(), leg.wanted.payload, static_cast<std::uint32_t>(leg.frame), now_us);
    send_audio(leg, packet.data(), leg.frame);
  }
}

void Relay::send_digits(Leg& leg, std::int64_t now_us) {
  if (!leg.wanted.send || leg.wanted.dtmf_payload < 0) { leg.event_sender = {}; return; }
  std::array<std::uint8_t, rtp_header_size + event_size> packet;
  const std::size_t size = leg.event_sender.packet_due(packet.data(), leg.out, static_cast<std::uint8_t>(leg.wanted.dtmf_payload), now_us);
  if (size > 0) send_event(leg, packet.data(), size);
}

// packet: a header and `count` octets of G.711 in the leg's law
void Relay::send_audio(Leg& leg, const std::uint8_t* packet, std::size_t count) {
  if (!leg.opus_out) return send(leg, packet, rtp_header_size + count);
  std::array<std::uint8_t, rtp_header_size + OpusSender::largest> opus;
  const std::size_t size = leg.opus_out->encode(packet, count, leg.wanted.codec, static_cast<std::uint8_t>(leg.wanted.browser->opus_payload), opus.data());
  if (size > 0) send(leg, opus.data(), size);
}

void Relay::send_event(Leg& leg, std::uint8_t* packet, std::size_t size) {
  if (leg.opus_out) put32(packet + 4, leg.opus_out->at_48khz(get32(packet + 4)));
  send(leg, packet, size);
}

void Relay::send(Leg& leg, const std::uint8_t* packet, std::size_t size) {
  if (leg.browser) { leg.browser->send_rtp(packet, size); return; }
  const Address& to = leg.latch.destination();
  if (to.known()) transport_.send(static_cast<int>(leg.rtp.fd), packet, size, to);
}

}  // namespace pasokh::media
